"""Painting and erasing: a stroke from press to release, its ring, and the keys of its size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen

from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.tools.base import Host, Tool
from studio.app.panes.picture.canvas.tools.brush_options import SIZE_MAX_PX, BrushOptions
from studio.app.panes.picture.canvas.tools.colours import rgba
from studio.app.panes.picture.canvas.tools.symmetry_axes import axes, symmetry_of
from studio.app.theme.tokens import OVER_PICTURE_DARK, OVER_PICTURE_LIGHT
from studio.core.errors import StudioError
from studio.core.options import OptionValue

if TYPE_CHECKING:
    from studio.documents.picture.brush import Brush
    from studio.documents.picture.strokes import Stroke

RING_MARGIN_PX = 4
SMALLEST_RING_PX = 6
SIZE_KEYS = {Qt.Key.Key_BracketLeft: -1, Qt.Key.Key_BracketRight: 1}


class BrushTool(Tool):
    """Paints with the foreground colour.

    Attributes:
        erases: It takes away instead.
    """

    name = "brush"
    icon_name = "brush"
    keys = "B"
    title_text = QT_TRANSLATE_NOOP("tools", "Brush")
    hint_text = QT_TRANSLATE_NOOP(
        "tools", "Shift-drag sizes the brush, Alt picks a colour, [ and ] step the size."
    )
    picks_colour = True
    erases: ClassVar[bool] = False

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.options = BrushOptions()
        self._stroke: Stroke | None = None
        self._at: PenPoint | None = None
        self._sizing: tuple[QPointF, BrushOptions] | None = None

    def unused(self) -> Mapping[str, str]:
        """Return the options that mean nothing with this symmetry."""
        if self.options.symmetry == "radial":
            return {}
        reason = QCoreApplication.translate("tools", "Only radial symmetry has copies.")
        return {"radial_count": reason}

    @property
    def busy(self) -> bool:
        """Whether a stroke is being drawn."""
        return self._stroke is not None

    @property
    def brush(self) -> Brush:
        """The brush as the document knows it."""
        brush: Brush = self.options.to_brush()
        return brush

    def set_brush(self, brush: Brush) -> None:
        """Take the settings of a document's brush."""
        self._change(self.options.with_brush(brush))

    def set_options(self, **values: OptionValue) -> None:
        """Change options by name."""
        self._change(replace(self.options, **values))

    # the pointer

    def press(self, point: PenPoint) -> None:
        """Begin a stroke, or sizing with Shift."""
        self._follow(point)
        if point.shift:
            self._sizing = (point.screen, self.options)
            return
        document = self.host.document
        if document is None:
            return
        layer_id = document.active_id or document.add_layer()
        try:
            self._stroke = document.begin_stroke(
                layer_id,
                self.brush,
                rgba(self.host.colour),
                erase=self.erases or point.eraser,
                symmetry=symmetry_of(self.options, document.frame),
            )
            self._add(point)
        except StudioError as error:
            self._stroke = None
            self.host.say(error.user_message)

    def move(self, point: PenPoint) -> None:
        """Draw on, or size."""
        if self._sizing is not None:
            self._size_by(point)
            return
        self._follow(point)
        if self._stroke is not None:
            self._add(point)

    def release(self, point: PenPoint) -> None:
        """End the stroke."""
        self._sizing = None
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            stroke.finish()

    def hover(self, point: PenPoint) -> None:
        """Move the ring."""
        self._follow(point)

    def leave(self) -> None:
        """Take the ring away."""
        before, self._at = self._ring(), None
        self.host.refresh(before)

    def apply(self) -> None:
        """End the stroke where it is."""
        stroke, self._stroke = self._stroke, None
        if stroke is not None:
            stroke.finish()
        self.leave()

    def cancel(self) -> None:
        """Take the stroke back."""
        stroke, self._stroke = self._stroke, None
        self._sizing = None
        if stroke is not None:
            stroke.cancel()

    def wants_key(self, event: QKeyEvent) -> bool:
        """Return whether it is a bracket."""
        return Qt.Key(event.key()) in SIZE_KEYS

    def key(self, event: QKeyEvent) -> bool:
        """Step the size with the brackets."""
        step = SIZE_KEYS.get(Qt.Key(event.key()))
        if step is None:
            return False
        self.set_options(size_px=stepped_size(self.options.size_px, step))
        return True

    def _add(self, point: PenPoint) -> None:
        if self._stroke is not None:
            at = point.document
            self._stroke.add(at.x(), at.y(), point.pressure, point.tilt_x, point.tilt_y)

    def _size_by(self, point: PenPoint) -> None:
        """Left and right size the brush, up and down soften it."""
        if self._sizing is None:
            return
        start, options = self._sizing
        by = (point.screen - start) / self.host.scale
        size = options.size_px + 2 * by.x() / max(self.host.view.zoom, 1e-6) * self.host.scale
        self.set_options(
            size_px=round(min(SIZE_MAX_PX, max(1, size))),
            hardness=round(min(100, max(0, options.hardness - by.y() / 2))),
        )

    # what is drawn over the picture

    def _change(self, options: BrushOptions) -> None:
        before, self.options = self._ring(), options
        self.host.refresh(before)
        self.host.refresh(self._ring())

    def _follow(self, point: PenPoint) -> None:
        before, self._at = self._ring(), point
        self.host.refresh(before)
        self.host.refresh(self._ring())

    def _radius(self) -> float:
        return float(self.options.size_px) * self.host.view.zoom / 2

    def _ring(self) -> QRect:
        """Return the device pixels of the ring; empty while there is none."""
        if self._at is None:
            return QRect()
        reach = max(self._radius(), SMALLEST_RING_PX * self.host.scale)
        reach += RING_MARGIN_PX * self.host.scale
        at = self._at.screen
        return QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach).toAlignedRect()

    def paint(self, painter: QPainter) -> None:
        """Draw the ring of the brush, and the axes of its symmetry."""
        self._paint_axes(painter)
        if self._at is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        at, radius, thin = self._at.screen, self._radius(), self.host.scale
        if radius < SMALLEST_RING_PX / 2 * thin:
            radius = SMALLEST_RING_PX / 2 * thin
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(_pen(OVER_PICTURE_DARK, thin))
        painter.drawEllipse(at, radius + thin / 2, radius + thin / 2)
        painter.setPen(_pen(OVER_PICTURE_LIGHT, thin))
        painter.drawEllipse(at, radius - thin / 2, radius - thin / 2)
        if self._sizing is not None and self.options.hardness < 100:
            painter.setPen(_pen(OVER_PICTURE_LIGHT, thin))
            inner = radius * self.options.hardness / 100
            painter.drawEllipse(at, inner, inner)

    def _paint_axes(self, painter: QPainter) -> None:
        document = self.host.document
        if document is None or self.options.symmetry == "none":
            return
        painter.setPen(_pen(self.host.colours.gold, self.host.scale))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        transform = self.host.view.transform()
        for line in axes(self.options, document.frame):
            painter.drawLine(transform.map(line))

    def cursor(self, point: PenPoint | None) -> Qt.CursorShape:
        """Only the ring shows, but for the smallest brushes."""
        if self._radius() < SMALLEST_RING_PX * self.host.scale:
            return Qt.CursorShape.CrossCursor
        return Qt.CursorShape.BlankCursor


class EraserTool(BrushTool):
    """Takes away what a layer has; it keeps a size of its own."""

    name = "eraser"
    icon_name = "eraser"
    keys = "E"
    title_text = QT_TRANSLATE_NOOP("tools", "Eraser")
    erases = True


def stepped_size(size_px: int, step: int) -> int:
    """Return the next size: steps of 1 up to 10 px, then of about a tenth."""
    by = max(1, round(size_px / 10) if step > 0 else round(size_px / 11))
    return min(SIZE_MAX_PX, max(1, size_px + step * by))


def _pen(colour: str, width: float) -> QPen:
    return QPen(QColor(colour), width)
