from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.app.panes.picture.canvas import CanvasView
from studio.app.theme import Theme
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from tests.app.panes.picture.canvas.driving import Driver, plain

RED = (200, 40, 40, 255)


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    theme = Theme(qapp, "dark", reduce_motion=True)
    yield theme
    theme.deleteLater()


@pytest.fixture
def document() -> PictureDocument:
    """A red ground of 300 by 200 pixels and an empty layer over it, which is worked on."""
    document = PictureDocument()
    document.frame = Rect(0, 0, 256, 192)
    document.add_layer(name="Ground", pixels=plain(300, 200, RED))
    document.add_layer(name="Ink")
    document.forget_undo()
    return document


@pytest.fixture
def driver(qtbot: QtBot, theme: Theme, document: PictureDocument) -> Iterator[Driver]:
    """A canvas that shows it at its actual size, with the focus."""
    canvas = CanvasView(theme)
    qtbot.addWidget(canvas)
    canvas.resize(420, 320)
    canvas.set_document(document)
    with qtbot.waitExposed(canvas):
        canvas.show()
    canvas.activateWindow()
    canvas.setFocus(Qt.FocusReason.OtherFocusReason)
    qtbot.waitUntil(canvas.hasFocus)
    canvas.set_zoom(1.0)
    driver = Driver(qtbot, canvas)
    driver.settle()
    yield driver
    qtbot.waitUntil(lambda: not canvas.work.busy)
    canvas.set_document(None)
