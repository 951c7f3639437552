"""A tool that is dragged from one point to another and shows meanwhile what will come of it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QKeyEvent

from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.tools.base import Host, Tool

CLICK_PX = 3
"""A drag shorter than this is a click, in pixels of the window's measure."""


class DragTool(Tool):
    """Knows where a drag began and where it is.

    Attributes:
        start: Where the pointer went down.
        end: Where it is; both are ``None`` while nothing is dragged.
    """

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.start: PenPoint | None = None
        self.end: PenPoint | None = None
        self._shown = QRect()

    @property
    def busy(self) -> bool:
        """Whether something is dragged."""
        return self.start is not None

    @property
    def is_click(self) -> bool:
        """Whether the pointer hardly moved."""
        if self.start is None or self.end is None:
            return True
        by = (self.end.screen - self.start.screen) / self.host.scale
        return max(abs(by.x()), abs(by.y())) < CLICK_PX

    def press(self, point: PenPoint) -> None:
        """Begin."""
        if self.host.document is not None:
            self.start = self.end = point
            self._refresh()

    def move(self, point: PenPoint) -> None:
        """Go on."""
        if self.start is not None:
            self.end = point
            self._refresh()

    def release(self, point: PenPoint) -> None:
        """Do it."""
        if self.start is None:
            return
        self.end = point
        self.dragged()
        self._forget()

    def apply(self) -> None:
        """A drag that was not ended is given up: nothing was made yet."""
        self.cancel()

    def cancel(self) -> None:
        """Give the drag up."""
        self._forget()

    def wants_key(self, event: QKeyEvent) -> bool:
        """Return whether Esc would give something up."""
        return self.busy and event.key() == Qt.Key.Key_Escape

    def key(self, event: QKeyEvent) -> bool:
        """Give up with Esc."""
        if not self.wants_key(event):
            return False
        self.cancel()
        return True

    def dragged(self) -> None:
        """Do what the drag from ``start`` to ``end`` says."""

    def shown_area(self) -> QRectF:
        """Return what the preview covers, in the document."""
        if self.start is None or self.end is None:
            return QRectF()
        return QRectF(self.start.document, self.end.document).normalized()

    def margin(self) -> float:
        """Return how far the preview reaches past its area, in device pixels."""
        return 4 * self.host.scale

    def _refresh(self) -> None:
        before, area = self._shown, self.shown_area()
        self._shown = QRect()
        if self.start is not None:
            by = round(self.margin())
            mapped = self.host.view.transform().mapRect(area).toAlignedRect()
            self._shown = mapped.adjusted(-by, -by, by, by)
        self.host.refresh(before.united(self._shown))

    def _forget(self) -> None:
        self.start = self.end = None
        self._refresh()
