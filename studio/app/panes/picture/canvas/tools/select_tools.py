"""Selecting rectangles, ellipses, by hand, by corners and by colour.

Shift adds, Alt takes away, both together keep what was selected before and now.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QT_TRANSLATE_NOOP, QPointF, QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPainterPath

from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.tools.base import Host, Tool
from studio.app.panes.picture.canvas.tools.drag_geometry import dragged_rect, whole_pixels
from studio.app.panes.picture.canvas.tools.drag_tool import DragTool
from studio.app.panes.picture.canvas.tools.guides import draw_guide
from studio.core.options import option
from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    from studio.documents.picture.selection import SelectMode

MODES = ("replace", "add", "subtract", "intersect")
CLOSE_PX = 10
HINT = QT_TRANSLATE_NOOP("tools", "Shift adds, Alt takes away, both keep the overlap.")


@dataclass(frozen=True, kw_only=True)
class SelectOptions:
    """What becomes of what was selected before."""

    mode: str = option(
        "replace", title="Mode", help="What becomes of what is selected already.", choices=MODES
    )


@dataclass(frozen=True, kw_only=True)
class WandOptions(SelectOptions):
    """How far the magic wand goes."""

    tolerance: int = option(
        32,
        title="Tolerance",
        help="How different a colour may be and still be selected.",
        ge=0,
        le=255,
        step=4,
    )
    contiguous: bool = option(
        True,
        title="Connected only",
        help="Stop where the colour ends; otherwise take it everywhere.",
    )
    sample_merged: bool = option(
        True, title="All layers", help="Look at the whole picture, not only at this layer."
    )


def mode_of(point: PenPoint, chosen: str) -> SelectMode:
    """Return what a press does with the selection: keys go before the chosen mode."""
    if point.shift and point.alt:
        return "intersect"
    if point.alt:
        return "subtract"
    return "add" if point.shift else cast("SelectMode", chosen)


class _BoxSelect(DragTool, ABC):
    """Selects something that fills the rectangle of a drag."""

    hint_text = HINT

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.options = SelectOptions()
        self._mode: SelectMode = "replace"
        self._shift_added = False

    def press(self, point: PenPoint) -> None:
        """Begin; keys say now what becomes of the selection."""
        self._mode = mode_of(point, self.options.mode)
        self._shift_added = point.shift
        super().press(point)

    def move(self, point: PenPoint) -> None:
        """Go on; Shift pressed again makes both sides equal."""
        self._shift_added = self._shift_added and point.shift
        super().move(point)

    def rect(self) -> Rect:
        """Return the rectangle of the drag in whole pixels."""
        box = whole_pixels(self._box())
        return Rect(int(box.x()), int(box.y()), int(box.width()), int(box.height()))

    def dragged(self) -> None:
        """Select, or with a click nothing."""
        document, rect, mode = self.host.document, self.rect(), self._mode
        if document is None:
            return
        if self.is_click or rect.is_empty:
            if mode == "replace":
                self.host.do(document.clear_selection)
            return
        self.select(rect, mode)

    @abstractmethod
    def select(self, rect: Rect, mode: SelectMode) -> None:
        """Select what fills a rectangle."""

    @abstractmethod
    def shape(self) -> QPainterPath:
        """Return the outline of what will be selected, in the document."""

    def _box(self) -> QRectF:
        if self.start is None or self.end is None:
            return QRectF()
        even = self.end.shift and not self._shift_added
        return dragged_rect(
            self.start.document, self.end.document, square=even, centred=self.end.control
        )

    def shown_area(self) -> QRectF:
        """Return what the outline covers."""
        return whole_pixels(self._box())

    def paint(self, painter: QPainter) -> None:
        """Draw the outline."""
        if self.start is not None:
            outline = self.host.view.transform().map(self.shape())
            draw_guide(painter, outline, self.host.scale)


class SelectRectangle(_BoxSelect):
    """Selects a rectangle."""

    name = "select_rectangle"
    icon_name = "square-dashed"
    keys = "M"
    title_text = QT_TRANSLATE_NOOP("tools", "Select rectangle")

    def select(self, rect: Rect, mode: SelectMode) -> None:
        """Select the rectangle."""
        document = self.host.document
        if document is not None:
            self.host.do(lambda: document.select_rect(rect, mode))

    def shape(self) -> QPainterPath:
        """Return the rectangle."""
        path = QPainterPath()
        path.addRect(whole_pixels(self._box()))
        return path


class SelectEllipse(_BoxSelect):
    """Selects an ellipse."""

    name = "select_ellipse"
    icon_name = "circle-dashed"
    keys = "Shift+M"
    title_text = QT_TRANSLATE_NOOP("tools", "Select ellipse")

    def select(self, rect: Rect, mode: SelectMode) -> None:
        """Select the ellipse."""
        document = self.host.document
        if document is not None:
            self.host.do(lambda: document.select_ellipse(rect, mode))

    def shape(self) -> QPainterPath:
        """Return the ellipse."""
        path = QPainterPath()
        path.addEllipse(whole_pixels(self._box()))
        return path


class _OutlineSelect(Tool):
    """Selects what an outline of points goes around."""

    hint_text = HINT

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.options = SelectOptions()
        self.points: list[QPointF] = []
        self._pointer: QPointF | None = None
        self._mode: SelectMode = "replace"

    @property
    def busy(self) -> bool:
        """Whether an outline is begun."""
        return bool(self.points)

    def wants_key(self, event: QKeyEvent) -> bool:
        """Return whether Esc, Enter or Backspace mean something now."""
        return self.busy and event.key() in (
            Qt.Key.Key_Escape,
            Qt.Key.Key_Return,
            Qt.Key.Key_Enter,
            Qt.Key.Key_Backspace,
        )

    def key(self, event: QKeyEvent) -> bool:
        """Give up with Esc, close with Enter, take a point back with Backspace."""
        if not self.wants_key(event):
            return False
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
        elif event.key() == Qt.Key.Key_Backspace:
            self.points.pop()
            self.host.refresh()
        else:
            self.close()
        return True

    def close(self) -> None:
        """Select what the outline goes around."""
        document, points, mode = self.host.document, self._numbers(), self._mode
        self.cancel()
        if document is None:
            return
        if len(points) >= 3:
            self.host.do(lambda: document.select_polygon(points, mode))
        elif mode == "replace":
            self.host.do(document.clear_selection)

    def cancel(self) -> None:
        """Give the outline up."""
        self.points.clear()
        self.host.refresh()

    def apply(self) -> None:
        """An outline that was not closed is given up."""
        if self.busy:
            self.cancel()

    def _numbers(self) -> Sequence[tuple[float, float]]:
        return [(point.x(), point.y()) for point in self.points]

    def paint(self, painter: QPainter) -> None:
        """Draw the outline so far."""
        if not self.points:
            return
        path = QPainterPath(self.points[0])
        for point in self.points[1:]:
            path.lineTo(point)
        if self._pointer is not None:
            path.lineTo(self._pointer)
        draw_guide(painter, self.host.view.transform().map(path), self.host.scale)


class SelectLasso(_OutlineSelect):
    """Selects what the pointer goes around while it is down."""

    name = "select_lasso"
    icon_name = "lasso"
    keys = "L"
    title_text = QT_TRANSLATE_NOOP("tools", "Lasso")

    def press(self, point: PenPoint) -> None:
        """Begin the outline."""
        self._mode = mode_of(point, self.options.mode)
        self.points = [point.document]

    def move(self, point: PenPoint) -> None:
        """Draw the outline on."""
        if self.points:
            last = self.points[-1]
            self.points.append(point.document)
            strip = QRectF(last, point.document).normalized()
            shown = self.host.view.rect_to_screen(strip)
            by = round(4 * self.host.scale)
            self.host.refresh(shown.adjusted(-by, -by, by, by))

    def release(self, point: PenPoint) -> None:
        """Close the outline."""
        if self.points:
            self.close()


class SelectPolygon(_OutlineSelect):
    """Selects what corners, set one after the other, go around."""

    name = "select_polygon"
    icon_name = "vector-polygon"
    keys = "Shift+L"
    title_text = QT_TRANSLATE_NOOP("tools", "Select polygon")
    hint_text = QT_TRANSLATE_NOOP(
        "tools", "Click corner by corner; Enter, a double click or the first corner closes."
    )

    def press(self, point: PenPoint) -> None:
        """Set a corner, or close at the first one."""
        if not self.points:
            self._mode = mode_of(point, self.options.mode)
        elif len(self.points) >= 3 and self._is_first(point):
            self.close()
            return
        self.points.append(point.document)
        self._pointer = point.document
        self.host.refresh()

    def hover(self, point: PenPoint) -> None:
        """Draw the next side to the pointer."""
        if self.points:
            self._pointer = point.document
            self.host.refresh()

    def move(self, point: PenPoint) -> None:
        """Draw the next side to the pointer."""
        self.hover(point)

    def double_press(self, point: PenPoint) -> None:
        """Close the outline."""
        if self.points:
            self.close()
        else:
            self.press(point)

    def _is_first(self, point: PenPoint) -> bool:
        first = self.host.view.to_screen(self.points[0])
        away = first - point.screen
        return math.hypot(away.x(), away.y()) <= CLOSE_PX * self.host.scale


class SelectWand(Tool):
    """Selects what has the colour under the pointer."""

    name = "select_wand"
    icon_name = "wand"
    keys = "W"
    title_text = QT_TRANSLATE_NOOP("tools", "Magic wand")
    hint_text = HINT

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.options = WandOptions()

    def press(self, point: PenPoint) -> None:
        """Select."""
        document, options = self.host.document, self.options
        if document is None:
            return
        mode = mode_of(point, options.mode)
        x, y = math.floor(point.document.x()), math.floor(point.document.y())
        self.host.do(
            lambda: document.select_wand(
                x,
                y,
                tolerance=options.tolerance,
                contiguous=options.contiguous,
                sample_merged=options.sample_merged,
                mode=mode,
            )
        )
