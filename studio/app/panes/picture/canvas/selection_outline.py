"""Marching ants: the outline of what is selected, walking only while that costs next to nothing.

Only the part that shows is traced, at the size it is shown. A very ragged outline stands still.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF, QRegion, QTransform

from studio.app.panes.picture.canvas.outline import linked, segments_of
from studio.app.panes.picture.canvas.tile_painter import enclosing, level_of
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.theme.tokens import OVER_PICTURE_DARK, OVER_PICTURE_LIGHT

if TYPE_CHECKING:
    from studio.documents.picture.selection import Selection

WALKING_MOST = 4000
"""Segments up to which the outline walks."""
DRAWN_MOST = 60_000
STEP_MS = 120
TRACE_MS = 40
DASH = 4.0
STRIPS_MOST = 200
MARGIN = 128
"""How much more than what shows is traced, in device pixels."""


class SelectionOutline(QObject):
    """Draws the outline of a selection.

    Attributes:
        walking: Whether the dashes move now.
    """

    def __init__(
        self,
        refresh: Callable[[QRect | None], None],
        may_walk: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        """Begin without a selection.

        Args:
            refresh: Draws a part of the screen again, in device pixels.
            may_walk: Says whether somebody looks and motion is wanted.
            parent: Its owner.
        """
        super().__init__(parent)
        self._refresh = refresh
        self._may_walk = may_walk
        self._selection: Selection | None = None
        self._view = ViewTransform()
        self._screen = QRect()
        self._path = QPainterPath()
        self._region = QRegion()
        self._count = 0
        self._offset = 0.0
        self._moved = QTransform()
        self._walk = QTimer(self)
        self._walk.setInterval(STEP_MS)
        self._walk.timeout.connect(self._step)
        self._trace_soon = QTimer(self)
        self._trace_soon.setSingleShot(True)
        self._trace_soon.setInterval(TRACE_MS)
        self._trace_soon.timeout.connect(self._trace)

    @property
    def walking(self) -> bool:
        """Whether the dashes move now."""
        return self._walk.isActive()

    @property
    def path(self) -> QPainterPath:
        """The outline, in the document."""
        return self._path

    def set_selection(self, selection: Selection | None) -> None:
        """Show another selection; ``None`` for none."""
        self._selection = selection
        self._moved = QTransform()
        self._trace()

    def place(self, transform: QTransform) -> None:
        """Draw the outline elsewhere while what is selected is moved."""
        self._refresh(self._region.boundingRect())
        self._moved = transform
        self._place()
        self._refresh(self._region.boundingRect())

    def look(self, view: ViewTransform, screen: QRect) -> None:
        """The view changed; the outline is traced anew when it rests."""
        self._view, self._screen = view, screen
        if self._selection is not None:
            self._place()
            self._trace_soon.start()

    def resume(self) -> None:
        """Walk if it may, and stand otherwise."""
        walks = 0 < self._count <= WALKING_MOST and self._may_walk()
        if walks and not self._walk.isActive():
            self._walk.start()
        elif not walks:
            self._walk.stop()

    def paint(self, painter: QPainter, scale: float) -> None:
        """Draw the outline; the painter draws in device pixels."""
        if self._path.isEmpty():
            return
        path = (self._moved * self._view.transform()).map(self._path)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        width = max(1, round(scale))
        painter.setPen(QPen(QColor(OVER_PICTURE_LIGHT), width))
        painter.drawPath(path)
        pen = QPen(QColor(OVER_PICTURE_DARK), width)
        pen.setDashPattern([DASH, DASH])
        pen.setDashOffset(self._offset)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawPath(path)
        painter.restore()

    def _step(self) -> None:
        if not self._may_walk():
            self._walk.stop()
            return
        self._offset = (self._offset + 1) % (2 * DASH)
        for rect in self._region:  # type: ignore[attr-defined]  # Qt's stubs forget it
            self._refresh(rect)

    def _trace(self) -> None:
        """Find the outline of what shows."""
        self._trace_soon.stop()
        self._refresh(self._region.boundingRect())
        self._path, self._count = QPainterPath(), 0
        if self._selection is not None and not self._screen.isEmpty():
            self._fill_path(self._selection)
        self._place()
        self._refresh(self._region.boundingRect())
        self.resume()

    def _fill_path(self, selection: Selection) -> None:
        transform = self._view.transform()
        step = 1 << level_of(transform)
        shown = QRectF(self._screen).adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
        area = enclosing(self._view.visible(shown)).intersected(selection.bounds.grown(1))
        area = area.aligned(step).grown(step)
        if area.is_empty:
            return
        found = segments_of(selection.mask(area)[step // 2 :: step, step // 2 :: step], DRAWN_MOST)
        if found is None:
            bounds = selection.bounds
            self._path.addRect(bounds.x, bounds.y, bounds.width, bounds.height)
            self._count = DRAWN_MOST
            return
        self._count = len(found)
        lines = linked(found) if len(found) <= WALKING_MOST else [list(part) for part in found]
        place = QTransform.fromTranslate(area.x, area.y).scale(step, step)
        for line in lines:
            self._path.addPolygon(place.map(QPolygonF([QPointF(*point) for point in line])))

    def _place(self) -> None:
        """Find out which parts of the screen the outline touches."""
        transform = self._moved * self._view.transform()
        bounds = transform.mapRect(self._path.boundingRect()).toAlignedRect()
        self._region = QRegion(bounds.adjusted(-2, -2, 2, 2)) & self._screen
        if self._path.isEmpty() or self._path.elementCount() > STRIPS_MOST:
            return
        strips = QRegion()
        for polygon in self._path.toSubpathPolygons(transform):
            for n in range(polygon.size() - 1):
                line = QRectF(polygon.at(n), polygon.at(n + 1)).normalized().toAlignedRect()
                strips += line.adjusted(-2, -2, 2, 2)
        self._region = strips & self._screen
