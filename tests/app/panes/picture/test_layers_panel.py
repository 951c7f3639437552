from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studio.app.background import Background
from studio.app.panes.picture.layers_panel import LayersPanel
from studio.core.errors import StudioError
from studio.documents.picture.document import PictureDocument


@pytest.fixture
def document() -> PictureDocument:
    made = PictureDocument()
    for name, colour in (("sky", (40, 90, 200, 255)), ("fox", (210, 90, 20, 255))):
        pixels = np.full((40, 60, 4), colour, np.uint8)
        made.add_layer(name=name, pixels=pixels)
    group = made.add_layer("group", "trees")
    made.add_layer(name="oak", parent=group)
    return made


@pytest.fixture
def panel(qtbot: QtBot, document: PictureDocument) -> Iterator[LayersPanel]:
    worker = Background("thumbs")
    made = LayersPanel(worker)
    qtbot.addWidget(made)
    made.set_document(document)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.set_document(None)
    worker.close()


def names(panel: LayersPanel) -> list[str]:
    tree = panel.tree
    found = []
    for row in range(tree.topLevelItemCount()):
        item = tree.topLevelItem(row)
        assert item is not None
        found.append(item.text(1))
        found += [f"  {item.child(i).text(1)}" for i in range(item.childCount())]
    return found


def layer_id(document: PictureDocument, name: str) -> str:
    from studio.documents.picture.layers import walk

    return next(layer.id for layer in walk(document.layers) if layer.name == name)


def test_the_topmost_layer_stands_first(panel: LayersPanel) -> None:
    assert names(panel) == ["trees", "  oak", "fox", "sky"]


def test_the_list_follows_the_document(panel: LayersPanel, document: PictureDocument) -> None:
    document.remove_layer(layer_id(document, "fox"))
    assert names(panel) == ["trees", "  oak", "sky"]
    document.undo()
    assert "fox" in names(panel)


def test_choosing_a_layer_makes_it_the_active_one(
    panel: LayersPanel, document: PictureDocument
) -> None:
    wanted = layer_id(document, "sky")
    item = panel._item(wanted)
    panel.tree.setCurrentItem(item)
    assert document.active_id == wanted


def test_the_eye_and_the_lock(panel: LayersPanel, document: PictureDocument) -> None:
    sky = layer_id(document, "sky")
    for column, attribute, after in ((0, "visible", False), (2, "locked", True)):
        item = panel._item(sky)
        assert item is not None
        panel._clicked(item, column)
        assert getattr(document.layer(sky), attribute) is after


def test_opacity_is_one_step_of_undo_however_long_it_is_dragged(
    panel: LayersPanel, document: PictureDocument
) -> None:
    sky = layer_id(document, "sky")
    document.active_id = sky
    panel.refresh()
    panel.opacity.sliderPressed.emit()
    for value in range(99, 40, -1):
        panel.opacity.setValue(value)
    assert document.layer(sky).opacity == 1.0
    panel.opacity.sliderReleased.emit()
    assert document.layer(sky).opacity == pytest.approx(0.41)
    document.undo()
    assert document.layer(sky).opacity == 1.0
    assert panel.opacity.value() == 100


def test_blend_modes_and_names(panel: LayersPanel, document: PictureDocument) -> None:
    fox = layer_id(document, "fox")
    document.active_id = fox
    panel.refresh()
    index = panel.blend.findData("multiply")
    panel.blend.setCurrentIndex(index)
    panel.blend.activated.emit(index)
    assert document.layer(fox).blend_mode == "multiply"
    item = panel._item(fox)
    assert item is not None
    item.setText(1, "vixen")
    assert document.layer(fox).name == "vixen"
    assert panel.blend.findData("pass-through") == -1


def test_moving_in_the_list_moves_in_the_document(
    panel: LayersPanel, document: PictureDocument
) -> None:
    panel.tree.moved.emit(layer_id(document, "fox"), None, 0)
    assert [layer.name for layer in document.layers] == ["fox", "sky", "trees"]
    panel.tree.moved.emit(layer_id(document, "sky"), layer_id(document, "trees"), 1 << 30)
    assert names(panel) == ["trees", "  sky", "  oak", "fox"]


def test_what_cannot_be_done_is_told_and_the_list_stays_true(
    panel: LayersPanel, document: PictureDocument, qtbot: QtBot
) -> None:
    bottom = layer_id(document, "sky")
    document.active_id = bottom
    panel.refresh()
    told: list[StudioError] = []
    panel.failed.connect(told.append)
    panel.buttons["merge"].click()
    assert told and told[0].user_message
    assert names(panel) == ["trees", "  oak", "fox", "sky"]


def test_small_pictures_come_in_the_background(panel: LayersPanel, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: len(panel._icons) == 2, timeout=5000)
    image = next(iter(panel._icons.values())).pixmap(32, 32).toImage()
    assert not image.isNull() and image.pixelColor(8, 8).alpha() == 255


def test_buttons_are_named(panel: LayersPanel) -> None:
    assert all(button.accessibleName() for button in panel.buttons.values())
    assert panel.tree.focusPolicy() != Qt.FocusPolicy.NoFocus
