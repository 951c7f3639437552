"""From the button to a layer: what is asked, what is seen, what is kept."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QObject, QPointF, Qt, QUrl
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from studio.app.panes.picture.intents import Intent
from studio.app.panes.picture.part_rows import ControlRow, LoraRow
from studio.core.errors import DiskFullError, StorageError
from studio.core.inputs import InputRef
from studio.core.requests import Capability, ImageRequest, from_json
from studio.documents.picture import storage
from studio.documents.picture.geometry import Rect
from tests.app.panes.picture.conftest import CTRL, Studio
from tests.fakes.fake_engine import CHAT_MODEL, IMAGE_MODEL, Fail, Finish, Show, Steps

ALT = Qt.KeyboardModifier.AltModifier


def pixels_of(studio: Studio, ref: InputRef | None) -> np.ndarray:
    assert ref is not None
    return np.array(Image.open(io.BytesIO(studio.engine.inputs.get(ref))))


# -- the button --------------------------------------------------------------------------------


def test_an_empty_frame_is_generated_into_and_the_result_becomes_a_layer(studio: Studio) -> None:
    assert studio.view.prompt.button.text() == "Generate"
    assert not studio.view.prompt.button.isEnabled(), "nothing was said yet"
    studio.type("a red fox")
    assert studio.view.prompt.button.isEnabled()
    request = studio.generate()
    assert request.capability is Capability.IMAGE_TXT2IMG
    assert (request.width, request.height) == (512, 512)
    assert request.prompt == "a red fox" and request.image is None
    candidate = studio.tray.current
    assert candidate is not None and candidate.ready
    assert not studio.picture.layers, "nothing is there before it is accepted"
    studio.accept()
    (layer,) = studio.picture.layers
    assert layer.name == "a red fox" and layer.meta["seed"] == request.seed
    kept = from_json(json.dumps(layer.meta["request"]))
    assert isinstance(kept, ImageRequest) and kept.prompt == "a red fox"
    assert studio.picture.extent() == Rect(0, 0, 512, 512)
    assert studio.picture.undo_label == "Generate"
    studio.picture.undo()
    assert not studio.picture.layers, "one step of undo takes it back"


def test_what_is_in_the_frame_is_refined_with_its_strength(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 512, 512))
    studio.view.prompt.strength.setValue(40)
    assert studio.view.prompt.button.text() == "Refine 40%"
    assert studio.view.prompt.strength.isVisible()
    studio.type("a wall")
    request = studio.generate()
    assert request.capability is Capability.IMAGE_IMG2IMG
    assert request.strength == pytest.approx(0.4)
    assert pixels_of(studio, request.image)[256, 256][:3].tolist() == [200, 30, 30]
    assert request.mask_image is None


def test_a_selection_is_filled_and_only_there_the_picture_changes(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 512, 512))
    studio.picture.select_rect(Rect(100, 100, 200, 200))
    studio.looked()
    assert studio.view.prompt.button.text() == "Fill selection"
    request = studio.generate()
    assert request.capability is Capability.IMAGE_INPAINT and request.strength == 1.0
    mask = pixels_of(studio, request.mask_image)
    assert mask.shape == (512, 512) and set(np.unique(mask)) == {0, 255}
    assert (mask[100:300, 100:300] == 255).all(), "everything selected is repainted"
    assert mask[92, 200] == 255 and mask[60, 200] == 0, "with a rim around it"
    studio.accept()
    before = studio.picture.composite(Rect(0, 0, 512, 512), without=[studio.picture.layers[-1].id])
    after = studio.picture.composite(Rect(0, 0, 512, 512))
    same = (before == after).all(axis=2)
    assert not same[100:300, 100:300].any()
    assert same[:60].all() and same[:, :60].all()
    edge = studio.picture.composite(Rect(0, 200, 110, 1), only=[studio.picture.layers[-1].id])
    alpha = edge[0, :, 3]
    assert 0 < alpha[94] < 255, "the edges fade"
    assert (np.diff(alpha.astype(int)) >= 0).all()


def test_a_selection_over_empty_canvas_expands_the_picture(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 256, 512))
    studio.picture.select_rect(Rect(256, 0, 256, 512))
    studio.looked()
    assert studio.view.prompt.button.text() == "Expand"
    request = studio.generate()
    mask = pixels_of(studio, request.mask_image)
    assert (mask[:, 256:] == 255).all() and (mask[:, :200] == 0).all()


def test_a_frame_half_beside_the_picture_expands_it_without_a_selection(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 512, 512))
    studio.picture.frame = Rect(256, 0, 512, 512)
    studio.looked()
    assert studio.session.offer.intent is Intent.EXPAND
    request = studio.generate()
    assert (pixels_of(studio, request.mask_image)[:, 256:] == 255).all()
    studio.accept()
    assert studio.picture.extent().right == 768


def test_a_mask_layer_says_what_is_repainted(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 512, 512))
    pixels = np.full((100, 100, 4), 255, np.uint8)
    studio.picture.add_layer("mask", pixels=pixels, at=(50, 50))
    studio.looked()
    assert studio.session.offer.intent is Intent.FILL
    mask = pixels_of(studio, studio.generate().mask_image)
    assert mask[100, 100] == 255 and mask[300, 300] == 0


def test_the_menu_chooses_what_the_button_does_until_the_situation_is_another(
    studio: Studio,
) -> None:
    studio.paint(Rect(0, 0, 512, 512))
    studio.picture.select_rect(Rect(100, 100, 200, 200))
    studio.looked()
    prompt = studio.view.prompt
    prompt.menu.aboutToShow.emit()
    words = [action.text() for action in prompt.menu.actions()]
    assert words == [
        "Fill selection",
        "Expand",
        "Add to selection",
        "Remove",
        "Replace background",
        "Refine selection",
    ]
    add = prompt.menu.actions()[2]
    assert not add.isEnabled() and "Say what" in add.toolTip(), "adding needs words"
    prompt.menu.actions()[3].trigger()
    assert prompt.button.text() == "Remove"
    studio.type("the car")
    request = studio.generate()
    assert "the car" in request.negative_prompt and "the car" not in request.prompt
    studio.picture.clear_selection()
    studio.looked()
    assert prompt.button.text().startswith("Refine")
    prompt.menu.aboutToShow.emit()
    prompt.menu.actions()[-1].trigger()
    assert studio.session.wanted is None


def test_a_model_that_cannot_do_it_says_so(studio: Studio) -> None:
    import dataclasses

    plain = dataclasses.replace(IMAGE_MODEL, capabilities=(Capability.IMAGE_TXT2IMG,))
    studio.engine.set_models((plain,))
    studio.paint(Rect(0, 0, 512, 512))
    studio.until(lambda: not studio.view.prompt.button.isEnabled())
    assert "cannot do that" in studio.view.prompt.button.toolTip()
    assert not studio.session.generate()
    assert not studio.asked


def test_a_large_frame_is_painted_at_the_models_size_and_scaled_to_it(studio: Studio) -> None:
    studio.picture.frame = Rect(-100, -50, 1536, 1024)
    studio.looked()
    studio.type("a wide land")
    request = studio.generate()
    assert (request.width, request.height) == (624, 416)
    assert "624 × 416" in studio.pane.inspector.frame_section.note.text()
    studio.accept()
    assert studio.picture.extent() == Rect(-100, -50, 1536, 1024)


# -- results -----------------------------------------------------------------------------------


def test_results_are_seen_while_they_form_and_chosen_with_the_arrows(studio: Studio) -> None:
    studio.type("a fox")
    studio.pane.options.set(count=3)
    assert studio.view.prompt.button.text() == "Generate × 3"
    studio.ask(Steps(1, 8, 7.0), Show((9, 9, 9, 255)), Show((90, 0, 0, 255), 1), Finish())
    studio.engine.step(count=3)
    studio.until(lambda: len(studio.tray.items) == 3 and studio.tray.items[1].picture is not None)
    panel = studio.view.tray
    assert panel.isVisible() and len(panel.thumbs) == 3
    assert "Step 1 of 8" in panel.status.text() and "7 s left" in panel.status.text()
    assert not panel.accept.isEnabled()
    studio.engine.play()
    studio.until(lambda: not studio.tray.running)
    studio.press(Qt.Key.Key_Right)
    studio.press(Qt.Key.Key_Right)
    assert studio.tray.chosen == 2
    studio.press(Qt.Key.Key_Right)
    assert studio.tray.chosen == 0
    studio.press(Qt.Key.Key_Left)
    candidate = studio.tray.current
    assert candidate is not None and candidate.seed == studio.asked[0].seed + 2
    studio.press(Qt.Key.Key_Return)
    studio.until(lambda: studio.picture.layers and not studio.session.accepting)
    assert studio.picture.layers[0].meta["seed"] == candidate.seed
    assert len(studio.tray.items) == 2 and studio.tray.current is None
    assert studio.view.prompt.tray_chip.text() == "2 results"


@pytest.mark.parametrize("key", [Qt.Key.Key_Tab, Qt.Key.Key_Enter, Qt.Key.Key_Return])
def test_each_key_of_yes_accepts(studio: Studio, key: Qt.Key) -> None:
    studio.type("a fox")
    studio.generate()
    studio.press(key)
    studio.until(lambda: studio.picture.layers)


def test_tab_in_the_prompt_accepts_and_enter_there_is_a_new_line(studio: Studio) -> None:
    studio.type("a fox")
    studio.generate()
    edit = studio.view.prompt.edit
    studio.press(Qt.Key.Key_Return, widget=edit)
    assert edit.toPlainText() == "a fox\n" and not studio.picture.layers
    studio.press(Qt.Key.Key_Tab, widget=edit)
    studio.until(lambda: studio.picture.layers)


def test_escape_stops_then_puts_aside_and_nothing_is_lost_until_discarded(studio: Studio) -> None:
    studio.type("a fox")
    studio.generate()
    studio.ask()
    assert studio.tray.running and len(studio.tray.items) == 2
    studio.press(Qt.Key.Key_Escape)
    studio.until(lambda: not studio.tray.running)
    assert len(studio.engine.cancelled) == 1 and len(studio.tray.items) == 1
    studio.press(Qt.Key.Key_Escape)
    assert studio.tray.current is None and not studio.view.tray.isVisible()
    chip = studio.view.prompt.tray_chip
    assert chip.isVisible() and chip.text() == "1 result"
    chip.click()
    assert studio.tray.current is not None
    studio.press(Qt.Key.Key_Delete)
    assert not studio.tray.items and not chip.isVisible()


def test_several_wishes_wait_for_each_other(studio: Studio) -> None:
    studio.type("a fox")
    studio.ask()
    studio.ask()
    studio.ask()
    assert len(studio.tray.jobs) == 3
    assert "2 more wait" in studio.view.tray.status.text()
    studio.engine.play()
    studio.until(lambda: not studio.tray.running)
    assert len(studio.tray.items) == 3


def test_the_seed_is_held_when_locked_and_taken_from_a_result(studio: Studio) -> None:
    studio.type("a fox")
    first, second = studio.generate(), studio.generate()
    assert first.seed != second.seed
    studio.view.tray.seed_wanted.emit(first.seed)
    assert studio.pane.options.seed_locked
    assert studio.generate().seed == first.seed


def test_an_error_stands_above_the_prompt_and_the_tray_is_as_before(studio: Studio) -> None:
    studio.type("a fox")
    studio.generate(Fail("There is not enough memory.", "Make the frame smaller."))
    card = studio.view.error_card
    assert card.isVisible() and card._message.text() == "There is not enough memory."
    assert not studio.tray.items
    studio.generate()
    assert not card.isVisible() and len(studio.tray.items) == 1


def test_a_control_without_its_file_is_said_before_the_engine_is_asked(studio: Studio) -> None:
    from studio.app.panes.picture.wish import Control, Source

    studio.pane.options.set(controls=(Control("canny", Source("file", file="/no/such.png")),))
    studio.type("a fox")
    studio.view.generate()
    studio.until(lambda: studio.view.error_card.isVisible())
    assert not studio.asked and not studio.tray.items


def test_a_result_that_cannot_be_laid_down_stays_in_the_tray(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.type("a fox")
    studio.generate()

    def refuse(*_: object, **__: object) -> str:
        raise StorageError("It is full.")

    with monkeypatch.context() as patch:
        patch.setattr(studio.picture, "add_layer", refuse)
        studio.view.accept()
        studio.until(lambda: studio.view.error_card.isVisible())
    assert studio.tray.current is not None and not studio.picture.layers
    studio.accept()
    assert studio.picture.layers


def test_what_is_there_and_a_result_are_compared(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 512, 512))
    studio.type("a fox")
    studio.generate()
    studio.press(Qt.Key.Key_C)
    assert studio.view.tray.compare.isChecked()
    overlays = studio.view.canvas.overlays
    studio.until(lambda: overlays.comparison is not None)
    studio.press(Qt.Key.Key_C)
    assert overlays.comparison is None


# -- the prompt --------------------------------------------------------------------------------


def test_control_and_arrows_weigh_the_selection(studio: Studio) -> None:
    edit = studio.view.prompt.edit
    studio.type("a 🦊 red fox")
    cursor = edit.textCursor()
    cursor.setPosition(5)
    cursor.setPosition(8, cursor.MoveMode.KeepAnchor)
    edit.setTextCursor(cursor)
    assert cursor.selectedText() == "red"
    studio.press(Qt.Key.Key_Up, CTRL, edit)
    studio.press(Qt.Key.Key_Up, CTRL, edit)
    assert edit.toPlainText() == "a 🦊 (red:1.2) fox"
    studio.press(Qt.Key.Key_Down, CTRL, edit)
    assert edit.toPlainText() == "a 🦊 (red:1.1) fox"
    edit.undo()
    assert "1.2" in edit.toPlainText()


def test_alt_and_arrows_go_through_prompts(studio: Studio) -> None:
    edit = studio.view.prompt.edit
    for words in ("a fox", "a cat"):
        studio.type(words)
        studio.generate()
    studio.type("a do")
    studio.press(Qt.Key.Key_Up, ALT, edit)
    assert edit.toPlainText() == "a cat"
    studio.press(Qt.Key.Key_Up, ALT, edit)
    assert edit.toPlainText() == "a fox"
    studio.press(Qt.Key.Key_Down, ALT, edit)
    studio.press(Qt.Key.Key_Down, ALT, edit)
    assert edit.toPlainText() == "a do"


def test_the_negative_prompt_is_there_only_where_the_model_is_guided(studio: Studio) -> None:
    prompt = studio.view.prompt
    studio.type("a fox", "blur")
    assert prompt.negative.isVisible()
    assert studio.generate().negative_prompt == "blur"
    studio.engine.unused = {"guidance_scale": "A model of so few steps is not guided."}
    studio.pane.options.changed.emit()
    assert not prompt.negative.isVisible() and not prompt.negative_chip.isVisible()
    assert studio.generate().negative_prompt == ""
    assert not studio.pane.inspector.form.field("guidance_scale").isEnabled()


def test_tokens_are_counted_against_what_the_encoder_reads(studio: Studio) -> None:
    studio.type("a red fox")
    studio.until(lambda: studio.view.prompt.tokens.text() == "3 of 75 tokens")


def test_the_example_runs(studio: Studio) -> None:
    assert studio.view.card.isVisible()
    studio.engine.script(Finish())
    studio.view.card.buttons[0].click()
    studio.until(lambda: studio.asked)
    assert "red fox" in studio.asked[0].prompt
    assert not studio.view.card.isVisible()


# -- models ------------------------------------------------------------------------------------


def test_without_a_model_it_is_said_plainly_and_the_canvas_works(studio: Studio) -> None:
    studio.engine.set_models((CHAT_MODEL,))
    studio.until(lambda: "No picture model" in studio.view.card.title.text())
    assert studio.view.card.isVisible()
    assert not studio.view.prompt.button.isEnabled()
    studio.type("a fox")
    assert not studio.session.generate() and not studio.engine.submitted
    assert studio.pane.inspector.add_model.isVisible()
    studio.paint(Rect(0, 0, 100, 100))
    assert not studio.view.card.isVisible(), "it is not in the way of painting"
    studio.engine.set_models((CHAT_MODEL, IMAGE_MODEL))
    studio.until(lambda: studio.view.prompt.button.isEnabled())


def test_a_dropped_model_is_used_where_it_is_or_refused_with_a_sentence(
    studio: Studio, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(bad))])
    studio.pane.files.take(mime, QPointF(0, 0))
    studio.until(lambda: studio.context.notify.messages)
    assert not studio.engine.used_models
    assert studio.context.settings.value.files.model_folders == ()


def test_options_are_kept_for_each_model_and_for_the_next_start(studio: Studio) -> None:
    import dataclasses

    other = dataclasses.replace(
        IMAGE_MODEL, info=dataclasses.replace(IMAGE_MODEL.info, id="other", title="Other")
    )
    studio.engine.set_models((IMAGE_MODEL, other))
    studio.until(lambda: len(studio.pane.options.models()) == 2)
    options = studio.pane.options
    options.set_values({"num_inference_steps": 30})
    options.choose_model("other")
    assert options.values == {}
    form = studio.pane.inspector.form
    assert form.values()["num_inference_steps"] == 8, "the model's own default"
    options.set_values({"num_inference_steps": 4})
    options.choose_model("fake-image")
    assert form.values()["num_inference_steps"] == 30
    options.set(strength=0.3, count=2)
    options.set_seed(7, locked=True)
    from studio.app.panes.picture.picture_options import PictureOptions

    again = PictureOptions(studio.context.bridge)
    again.take_plain(json.loads(json.dumps(options.to_plain())))
    assert again.to_plain() == options.to_plain()
    studio.type("a fox")
    request = studio.generate()
    assert request.options == {"num_inference_steps": 30} and request.seed == 7


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"by_model": 3, "loras": "x", "controls": [{"model": "a"}], "strength": "much"},
        {"loras": [{"model": "a", "weight": 1.0, "who": 1}], "count": 900, "strength": -3},
        {"references": [{"model": "a", "source": {"kind": "moon"}}], "sections": []},
    ],
)
def test_choices_that_make_no_sense_are_left_out(studio: Studio, plain: dict[str, object]) -> None:
    options = studio.pane.options
    options.take_plain(plain)
    assert 0 <= options.strength <= 1 and 1 <= options.count <= 16
    assert not options.loras and not options.controls and not options.references


def test_loras_and_controls_go_into_the_request(studio: Studio) -> None:
    from studio.models.info import ModelInfo

    studio.engine.parts = (
        ModelInfo(id="ink", title="Ink", role="lora", family="sd-1"),
        ModelInfo(id="xl", title="Crayons", role="lora", family="sdxl"),
        ModelInfo(id="canny", title="Canny", role="controlnet", family="sd-1"),
    )
    studio.engine.set_models((IMAGE_MODEL,))
    studio.paint(Rect(100, 100, 300, 300))
    inspector = studio.pane.inspector
    studio.until(lambda: inspector._adders["lora"].isEnabled())
    inspector.add_part("lora", "ink")
    inspector.add_part("lora", "xl")
    inspector.add_part("controlnet", "canny")
    rows = inspector.rows("lora")
    assert not rows[0].note.text() and "Made for sdxl" in rows[1].note.text()
    assert isinstance(rows[0], LoraRow)
    rows[0].weight.setValue(0.5)
    rows[1].switch.setChecked(False)
    (control,) = inspector.rows("controlnet")
    assert isinstance(control, ControlRow)
    control.kind.setCurrentIndex(1)
    control.kind.activated.emit(1)
    assert inspector.rows("lora") == rows, "a row that is being set stays"
    studio.type("a fox")
    request = studio.generate()
    assert [(lora.model, lora.weight) for lora in request.loras] == [("ink", 0.5)]
    edges = pixels_of(studio, request.controls[0].image)
    assert edges.shape[:2] == (512, 512) and 0 < (edges[:, :, 0] > 0).mean() < 0.1


# -- files, tabs, projects ---------------------------------------------------------------------


def picture_file(tmp_path: Path, name: str = "red.png", size: int = 64) -> Path:
    path = tmp_path / name
    Image.new("RGBA", (size, size), (255, 0, 0, 255)).save(path)
    return path


def test_a_file_is_opened_in_the_empty_tab_and_once(studio: Studio, tmp_path: Path) -> None:
    path = picture_file(tmp_path)
    studio.pane.open_file(path)
    studio.until(lambda: studio.pane.documents[0].file == path)
    assert len(studio.pane.documents) == 1 and studio.pane.documents[0].title == "red"
    assert studio.picture.frame == Rect(0, 0, 64, 64)
    assert not studio.picture.can_undo, "opening is no step to undo"
    studio.pane.open_file(path)
    assert len(studio.pane.documents) == 1


def test_a_dropped_picture_becomes_a_layer_where_it_was_dropped(
    studio: Studio, tmp_path: Path
) -> None:
    studio.paint(Rect(0, 0, 512, 512))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(picture_file(tmp_path)))])
    studio.pane.files.take(mime, QPointF(200, 100))
    studio.until(lambda: len(studio.picture.layers) == 2)
    layer = studio.picture.layers[-1]
    assert layer.name == "red"
    shown = studio.picture.composite(Rect(168, 68, 64, 64), only=[layer.id])
    assert (shown == (255, 0, 0, 255)).all()


def test_a_pasted_picture_becomes_a_layer(studio: Studio) -> None:
    from PySide6.QtGui import QColor, QImage

    image = QImage(30, 20, QImage.Format.Format_ARGB32)
    image.fill(QColor(0, 128, 255, 255))
    mime = QMimeData()
    mime.setImageData(image)
    studio.pane.files.take(mime, QPointF(15, 10))
    studio.until(lambda: studio.picture.layers)
    assert studio.picture.extent() == Rect(0, 0, 30, 20)
    assert (studio.picture.composite(Rect(0, 0, 30, 20)) == (0, 128, 255, 255)).all()


def test_what_is_no_picture_is_said(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "not.png"
    path.write_bytes(b"\x89PNG nothing")
    studio.pane.open_file(path)
    studio.until(lambda: studio.context.notify.messages)
    assert "not.png" in studio.context.notify.messages[-1].text
    assert len(studio.pane.documents) == 1


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".ora", ".psd", ".tiff"])
def test_a_picture_is_saved_with_where_it_came_from(
    studio: Studio, tmp_path: Path, suffix: str
) -> None:
    from studio.core.provenance import read

    studio.type("a fox")
    request = studio.generate()
    studio.accept()
    path = tmp_path / f"fox{suffix}"
    place = studio.pane.document
    assert place is not None
    studio.pane.files.save_to(place, path)
    studio.until(lambda: place.file == path)
    assert not place.modified
    with path.open("rb") as file:
        assert file.read(4)
    if suffix in (".png", ".jpg", ".webp"):
        record = read(path)
        assert record is not None and record.model == "fake-image"
        kept = from_json(record.request)
        assert isinstance(kept, ImageRequest)
        assert (kept.prompt, kept.seed) == ("a fox", request.seed)
    studio.paint(Rect(0, 0, 10, 10))
    assert place.modified
    assert "•" in studio.pane.tabs.bar.tabText(0)


def test_a_picture_no_model_touched_says_nothing(studio: Studio, tmp_path: Path) -> None:
    from studio.core.provenance import read

    studio.paint(Rect(0, 0, 64, 64))
    path, place = tmp_path / "own.png", studio.pane.document
    assert place is not None
    studio.pane.files.save_to(place, path)
    studio.until(lambda: place.file == path)
    assert read(path) is None


def test_every_action_is_in_the_project(studio: Studio) -> None:
    studio.type("a fox")
    request = studio.generate()
    studio.accept()
    place = studio.pane.document
    assert place is not None and place.project is not None
    place.flush(10)
    history = place.project.history(place.document_id)
    generated = [entry for entry in history if entry.label == "Generate"]
    assert generated and generated[0].origin == "generated"
    kept = place.project.request(generated[0].request_id)
    assert isinstance(kept, ImageRequest) and kept.seed == request.seed
    again = storage.load(place.project, place.document_id)
    assert again.layers == studio.picture.layers
    assert place.title == "a fox", "a picture is called by what made it"
    project = place.project
    studio.until(lambda: project.document(place.document_id).meta.get("prompt") == "a fox")


def test_tabs_keep_prompt_results_and_view_of_their_own(studio: Studio) -> None:
    studio.type("a fox")
    studio.generate()
    studio.view.canvas.set_zoom(3.0)
    studio.pane.new_picture()
    assert studio.view.prompt.edit.toPlainText() == "" and not studio.view.tray.isVisible()
    studio.type("a cat")
    studio.pane.show_tab(0)
    assert studio.view.prompt.edit.toPlainText() == "a fox"
    assert studio.view.tray.isVisible()
    assert studio.view.canvas.zoom_factor == pytest.approx(3.0)


def test_a_closed_picture_is_opened_again_as_it_was(studio: Studio) -> None:
    studio.type("a fox")
    studio.generate()
    studio.accept()
    place = studio.pane.document
    assert place is not None and place.project is not None
    project, document_id, layers = place.project, place.document_id, studio.picture.layers
    studio.session._keep_prompt()
    studio.pane.close_tab(0)
    assert not studio.picture.layers
    (title, again) = studio.pane.projects.closed_entries()[0]
    assert title == "a fox"
    again()
    studio.until(lambda: studio.picture.layers)
    assert studio.picture.layers == layers
    assert studio.view.prompt.edit.toPlainText() == "a fox"
    studio.pane.open_document(project, document_id)
    assert [p.document_id for p in studio.pane.documents] == [document_id]


def test_going_back_in_time_is_one_step_of_undo(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 100, 100))
    place = studio.pane.document
    assert place is not None and place.project is not None
    place.flush(10)
    project, document_id = place.project, place.document_id
    first = project.history(document_id)[-1].sequence
    studio.paint(Rect(200, 200, 50, 50), (0, 0, 255, 255))
    state = project.state_at(document_id, first)
    assert state is not None
    studio.pane.go_back(project, document_id, state, "Back to before")
    studio.until(lambda: len(studio.picture.layers) == 1)
    assert studio.picture.undo_label == "Back to before"
    studio.picture.undo()
    assert len(studio.picture.layers) == 2
    studio.pane.close_tab(0)
    studio.pane.go_back(project, document_id, state, "Back again")
    studio.until(lambda: not studio.pane.workers.making.pending)
    assert len(storage.load(project, document_id).layers) == 1


def test_a_full_disk_is_said_once_and_the_picture_goes_on(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects = studio.context.projects

    def full() -> object:
        raise DiskFullError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(projects, "ensure", full)
        studio.paint(Rect(0, 0, 10, 10))
        studio.paint(Rect(20, 0, 10, 10))
        studio.until(lambda: studio.context.notify.messages)
        assert len(studio.context.notify.messages) == 1
        place = studio.pane.document
        assert place is not None and not place.kept
    place._retry.timeout.emit()
    assert place.kept and place.project is not None
    place.flush(10)
    assert len(storage.load(place.project, place.document_id).layers) == 2


def test_deleting_has_a_way_back(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 10, 10))
    studio.until(lambda: studio.pane.document is not None and studio.pane.document.kept)
    studio.pane.delete_document()
    assert not studio.picture.layers
    message = studio.context.notify.messages[-1]
    assert "deleted" in message.text
    message.actions[0][1]()
    studio.until(lambda: len(studio.picture.layers) == 1)


def test_the_frame_is_set_in_numbers_and_shapes(studio: Studio) -> None:
    section = studio.pane.inspector.frame_section
    section.width_field.setValue(768)
    assert studio.picture.frame == Rect(-128, 0, 768, 512)
    section.shapes[3].click()
    assert studio.picture.frame.width / studio.picture.frame.height == pytest.approx(16 / 9, 0.02)
    studio.picture.select_rect(Rect(10, 20, 300, 200))
    section.fit_wanted.emit()
    assert studio.picture.frame == Rect(10, 20, 300, 200)


def test_an_empty_pictures_frame_follows_the_model(studio: Studio) -> None:
    import dataclasses

    large = dataclasses.replace(
        IMAGE_MODEL, info=dataclasses.replace(IMAGE_MODEL.info, id="xl", family="sdxl")
    )
    studio.engine.set_models((IMAGE_MODEL, large))
    studio.until(lambda: len(studio.pane.options.models()) == 2)
    studio.pane.options.choose_model("xl")
    assert studio.picture.frame == Rect(0, 0, 1024, 1024)
    studio.paint(Rect(0, 0, 10, 10))
    studio.pane.options.choose_model("fake-image")
    assert studio.picture.frame == Rect(0, 0, 1024, 1024), "a picture that was begun stays"


def test_results_that_wait_cost_nothing(studio: Studio, qtbot: QtBot) -> None:
    studio.type("a red fox")
    studio.generate(Show(), Finish())
    assert studio.view.tray.isVisible()
    qtbot.wait(1)
    counted = Counted(studio.view.canvas)
    for _ in range(100):
        QApplication.processEvents()
    assert counted.requests <= 2, "each placing asked for the next one"


class Counted(QObject):
    """Counts how often a widget is asked to lay out anew."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.requests = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.requests += event.type() == QEvent.Type.LayoutRequest
        return False


def test_another_picture_is_not_dimmed_for_the_one_that_is_drawn(studio: Studio) -> None:
    studio.type("a red fox")
    studio.ask(Steps(3, 8, 7.0))
    studio.engine.play()
    studio.until(lambda: studio.view.canvas.overlays.generating)
    studio.pane.new_picture()
    assert not studio.view.canvas.overlays.generating
    studio.pane.show_tab(0)
    assert studio.view.canvas.overlays.generating
