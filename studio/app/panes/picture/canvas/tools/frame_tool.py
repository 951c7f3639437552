"""Dragging and resizing the generation frame."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QPainter

from studio.app.panes.picture.canvas.frame_outline import draw_label
from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.tile_painter import qrectf
from studio.app.panes.picture.canvas.tools.base import Host, Tool
from studio.app.panes.picture.canvas.tools.box_handles import (
    Handle,
    cursor_of,
    draw_handles,
    handle_at,
)
from studio.app.panes.picture.canvas.tools.drag_geometry import dragged_rect
from studio.app.panes.picture.canvas.tools.frame_geometry import (
    STEP_PX,
    FrameDrag,
    drawn_frame,
)
from studio.app.widgets.words import fill_in
from studio.documents.picture.geometry import Rect

ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class FrameTool(Tool):
    """Moves, resizes and draws the frame; its sides stay multiples of 8."""

    name = "frame"
    icon_name = "frame"
    keys = "C"
    title_text = QT_TRANSLATE_NOOP("tools", "Frame")
    hint_text = QT_TRANSLATE_NOOP(
        "tools", "Drag it, its handles, or a new one beside it. Shift keeps its shape."
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self._drag: FrameDrag | None = None
        self._start: PenPoint | None = None

    @property
    def busy(self) -> bool:
        """Whether the frame is dragged."""
        return self._start is not None

    @property
    def frame(self) -> Rect:
        """The frame as it is."""
        document = self.host.document
        return Rect() if document is None else document.frame

    def press(self, point: PenPoint) -> None:
        """Catch a handle or the frame, or begin to draw another one."""
        frame, handle = self.frame, self._handle_at(point)
        at = point.document
        self._start = point
        inside = handle is not None or frame.contains(at.x(), at.y())
        self._drag = FrameDrag(frame, handle) if inside else None

    def move(self, point: PenPoint) -> None:
        """Drag."""
        if self._start is None:
            return
        if self._drag is None:
            self._put(
                drawn_frame(
                    dragged_rect(
                        self._start.document,
                        point.document,
                        square=point.shift,
                        centred=point.control,
                    )
                )
            )
        else:
            by = point.document - self._start.document
            self._put(self._drag.dragged(by, keep_ratio=point.shift, exact=point.control))

    def release(self, point: PenPoint) -> None:
        """Keep the frame where it is."""
        changed = self._start is not None and point.screen != self._start.screen
        self._drag = self._start = None
        if changed:
            self.host.frame_dragged()
        self.host.refresh()

    def cancel(self) -> None:
        """Put the frame back where it was."""
        if self._drag is not None:
            self._put(self._drag.frame)
        self._drag = self._start = None

    def wants_key(self, event: QKeyEvent) -> bool:
        """Return whether it is an arrow, or Esc while something is dragged."""
        return event.key() in ARROWS or (self.busy and event.key() == Qt.Key.Key_Escape)

    def key(self, event: QKeyEvent) -> bool:
        """Move the frame with the arrows, resize it with Shift and the arrows."""
        if not self.wants_key(event):
            return False
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
            return True
        column, row = ARROWS[Qt.Key(event.key())]
        resize = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        drag = FrameDrag(self.frame, Handle.BOTTOM_RIGHT if resize else None)
        self._put(drag.dragged(QPointF(column * STEP_PX, row * STEP_PX)))
        self.host.frame_dragged()
        return True

    def paint(self, painter: QPainter) -> None:
        """Draw the handles and the size."""
        host, frame = self.host, self.frame
        if frame.is_empty:
            return
        transform = host.view.transform()
        draw_handles(painter, qrectf(frame), transform, host.colours, host.scale)
        corner = transform.map(QPointF(frame.x, frame.y))
        words = fill_in(QCoreApplication.translate("tools", "%1 × %2"), frame.width, frame.height)
        draw_label(
            painter,
            corner - QPointF(0, 4 * host.scale),
            words,
            host.font(),
            host.colours,
            host.scale,
        )

    def cursor(self, point: PenPoint | None) -> Qt.CursorShape:
        """Return arrows at handles, a cross of arrows inside."""
        if point is None:
            return Qt.CursorShape.ArrowCursor
        handle = self._drag.handle if self._drag is not None else self._handle_at(point)
        if handle is not None:
            return cursor_of(handle, self.host.view.transform())
        at = point.document
        inside = self._drag is not None or self.frame.contains(at.x(), at.y())
        return Qt.CursorShape.SizeAllCursor if inside else Qt.CursorShape.CrossCursor

    def _handle_at(self, point: PenPoint) -> Handle | None:
        transform = self.host.view.transform()
        return handle_at(point.screen, qrectf(self.frame), transform, self.host.scale)

    def _put(self, frame: Rect) -> None:
        document = self.host.document
        if document is not None:
            document.frame = frame
