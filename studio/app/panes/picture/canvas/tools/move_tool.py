"""Moving a layer, or what is selected of it."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QTransform

from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.tools.base import Host, Tool

NUDGE_PX = 1
FAR_NUDGE_PX = 10
ARROWS = {
    Qt.Key.Key_Left: QPointF(-1, 0),
    Qt.Key.Key_Right: QPointF(1, 0),
    Qt.Key.Key_Up: QPointF(0, -1),
    Qt.Key.Key_Down: QPointF(0, 1),
}


class MoveTool(Tool):
    """Drags the active layer by whole pixels."""

    name = "move"
    icon_name = "move"
    keys = "V"
    title_text = QT_TRANSLATE_NOOP("tools", "Move")
    hint_text = QT_TRANSLATE_NOOP(
        "tools", "Arrows move by a pixel, with Shift by ten; Shift keeps a drag straight."
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._start: PenPoint | None = None
        self._layer_id = ""
        self._by = QPointF()

    @property
    def busy(self) -> bool:
        """Whether a layer is dragged."""
        return self._start is not None

    def press(self, point: PenPoint) -> None:
        """Catch the active layer."""
        layer_id = self.host.active_layer()
        if layer_id is not None:
            self._start, self._layer_id, self._by = point, layer_id, QPointF()
            self.host.lift(layer_id)

    def move(self, point: PenPoint) -> None:
        """Drag it."""
        if self._start is None:
            return
        by = point.document - self._start.document
        if point.shift:
            by = QPointF(by.x(), 0) if abs(by.x()) >= abs(by.y()) else QPointF(0, by.y())
        self._by = QPointF(round(by.x()), round(by.y()))
        self.host.place_lifted(QTransform.fromTranslate(self._by.x(), self._by.y()))

    def release(self, point: PenPoint) -> None:
        """Put it down."""
        if self._start is None:
            return
        self._start = None
        if not self._by.isNull():
            self._move_by(self._layer_id, self._by)
        self.host.drop_lifted()

    def apply(self) -> None:
        """Put it down where it is."""
        if self._start is not None:
            self.release(self._start)

    def cancel(self) -> None:
        """Put it back."""
        self._start = None
        self.host.drop_lifted()

    def wants_key(self, event: QKeyEvent) -> bool:
        """Return whether it is an arrow, or Esc while something is dragged."""
        return event.key() in ARROWS or (self.busy and event.key() == Qt.Key.Key_Escape)

    def key(self, event: QKeyEvent) -> bool:
        """Move by pixels with the arrows."""
        if not self.wants_key(event):
            return False
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
            return True
        layer_id = self.host.active_layer()
        far = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if layer_id is not None:
            by = ARROWS[Qt.Key(event.key())] * (FAR_NUDGE_PX if far else NUDGE_PX)
            self._move_by(layer_id, by)
        return True

    def cursor(self, point: PenPoint | None) -> Qt.CursorShape:
        """Return a cross of arrows."""
        return Qt.CursorShape.SizeAllCursor

    def _move_by(self, layer_id: str, by: QPointF) -> None:
        document = self.host.document
        if document is not None:
            rows = ((1, 0, by.x()), (0, 1, by.y()))
            self.host.do(lambda: document.transform_layer(layer_id, rows))
