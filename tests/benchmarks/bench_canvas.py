"""The canvas: how soon a dab is on the screen, and how smoothly a large picture moves under it.

A picture of 4096 by 4096 pixels in ten layers, all of them painted everywhere and nine of them
translucent, on a canvas of 1920 by 1080, drawn by the offscreen platform. Times go from the event
to the end of painting. What the processor spent is printed beside the time that went by, since
the first does not grow with whatever else the computer does.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable

import numpy as np

from tests.benchmarks.rows import Row

SIDE = 4096
LAYERS = 10
SCREEN = (1920, 1080)
BRUSH_PX = 200
MOVES = 400
REPAINTS = 150
DAB_MS = 8.0
REPAINT_MS = 16.0

Step = Callable[[int], object]


def run() -> list[Row]:
    """Measure everything about the canvas."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import Qt
    from PySide6.QtWidgets import QApplication

    from studio.app.panes.picture.canvas import CanvasView
    from studio.app.theme import Theme

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    canvas = CanvasView(Theme(app, "dark", reduce_motion=True))
    canvas.resize(*SCREEN)
    canvas.set_document(_picture())
    canvas.show()
    canvas.setFocus(Qt.FocusReason.OtherFocusReason)
    _settle(app, canvas)
    rows = [*_strokes(app, canvas), *_views(app, canvas)]
    canvas.set_document(None)
    canvas.close()
    return rows


def _picture():
    from studio.documents.picture.document import PictureDocument
    from studio.documents.picture.geometry import Rect

    document = PictureDocument()
    document.frame = Rect(0, 0, 1024, 1024)
    down, across = np.mgrid[0:SIDE, 0:SIDE].astype(np.uint16)
    for n in range(LAYERS):
        pixels = np.empty((SIDE, SIDE, 4), np.uint8)
        pixels[..., 0] = (across >> 4) + 20 * n
        pixels[..., 1] = (down >> 4) + 11 * n
        pixels[..., 2] = (across + down) >> (3 + n % 3)
        pixels[..., 3] = 255 if n == 0 else 90 + 10 * n
        document.add_layer(pixels=pixels)
    return document


def _settle(app, canvas) -> None:
    while canvas.work.busy or not canvas.up_to_date:
        app.processEvents()


def _timed(app, step: Step, times: int) -> tuple[list[float], list[float]]:
    """Do something and let it be painted; return ms that went by and ms of the processor."""
    passed, spent = [], []
    for n in range(times):
        begin, used = time.perf_counter(), time.thread_time()
        step(n)
        app.processEvents()
        passed.append((time.perf_counter() - begin) * 1000)
        spent.append((time.thread_time() - used) * 1000)
    return passed, spent


def _rows(name: str, times: tuple[list[float], list[float]], limit: float | None) -> list[Row]:
    passed, spent = (sorted(one) for one in times)
    return [
        Row(f"{name}, p50", _at(passed, 0.5), "ms"),
        Row(f"{name}, p99", _at(passed, 0.99), "ms", limit),
        Row(f"{name}, p99 of the processor", _at(spent, 0.99), "ms"),
    ]


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _strokes(app, canvas) -> list[Row]:
    canvas.set_zoom(1.0)
    _settle(app, canvas)
    quiet = _stroke(app, canvas)
    busy, done = threading.Event(), threading.Event()
    worker = threading.Thread(target=_compute, args=(busy, done), daemon=True)
    worker.start()
    busy.wait()
    beside = _stroke(app, canvas)
    done.set()
    worker.join()
    undo = _timed(
        app, lambda n: canvas.document.undo() if n % 2 == 0 else canvas.document.redo(), 40
    )
    return [
        *_rows("dab of 200 px to the screen", quiet, DAB_MS),
        *_rows("dab of 200 px while a thread computes", beside, None),
        *_rows("undo or redo of that stroke, painted", undo, None),
    ]


def _stroke(app, canvas) -> tuple[list[float], list[float]]:
    """Draw one stroke with a soft brush."""
    from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
    from PySide6.QtGui import QMouseEvent

    from studio.documents.picture.brush import Brush

    canvas.set_tool("brush")
    canvas.set_brush(Brush(size_px=BRUSH_PX, hardness=0.5))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton

    def send(kind: QEvent.Type, n: int, button: Qt.MouseButton, buttons: Qt.MouseButton) -> None:
        place = QPointF(960 + 500 * math.cos(n / 23), 540 + 330 * math.sin(n / 17))
        where = QPointF(canvas.mapToGlobal(place))
        keys = Qt.KeyboardModifier.NoModifier
        QCoreApplication.sendEvent(canvas, QMouseEvent(kind, place, where, button, buttons, keys))

    send(QEvent.Type.MouseButtonPress, 0, left, left)
    app.processEvents()
    times = _timed(app, lambda n: send(QEvent.Type.MouseMove, n, none, left), MOVES)
    send(QEvent.Type.MouseButtonRelease, MOVES, left, none)
    app.processEvents()
    return times


def _compute(busy: threading.Event, done: threading.Event) -> None:
    """Multiply matrices, as an engine's thread does, until told to stop."""
    one = np.random.default_rng(0).random((768, 768), np.float32)
    busy.set()
    while not done.is_set():
        one @ one


def _views(app, canvas) -> list[Row]:
    from PySide6.QtCore import QPointF

    def pan(n: int) -> None:
        canvas.show_view(canvas.view.moved(QPointF(31 * math.cos(n / 11), 23 * math.sin(n / 7))))

    def zoom(n: int) -> None:
        canvas.set_zoom(0.3 * 2 ** (2.2 + 2.2 * math.sin(n / 12)), QPointF(700, 400))

    def turn(n: int) -> None:
        canvas.rotate_view(1.7)

    rows = []
    for title, angle in (("", 0.0), (", turned", 20.0)):
        canvas.rotate_view(None)
        canvas.rotate_view(angle)
        for shown in (1.0, 0.7):
            canvas.set_zoom(shown)
            _settle(app, canvas)
            name = f"pan at {shown:.0%}{title}"
            rows += _rows(name, _timed(app, pan, REPAINTS), REPAINT_MS)
        _settle(app, canvas)
        rows += _rows(f"zoom from 30 to 600 %{title}", _timed(app, zoom, REPAINTS), REPAINT_MS)
    rows += _rows("turning the view", _timed(app, turn, REPAINTS), REPAINT_MS)
    return rows
