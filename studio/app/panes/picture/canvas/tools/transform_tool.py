"""Scaling, turning and moving a layer by handles before it is applied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPainterPath, QPolygonF, QTransform

from studio.app.panes.picture.canvas.frame_outline import draw_label
from studio.app.panes.picture.canvas.layer_bounds import layer_bounds
from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.tile_painter import qrectf
from studio.app.panes.picture.canvas.tools.base import Host, Tool, ToolAction
from studio.app.panes.picture.canvas.tools.box_handles import (
    Handle,
    cursor_of,
    draw_handles,
    handle_at,
)
from studio.app.panes.picture.canvas.tools.guides import draw_guide
from studio.app.panes.picture.canvas.tools.placement import Placement
from studio.app.widgets.words import fill_in
from studio.core.options import option

if TYPE_CHECKING:
    from studio.documents.picture.document import Change
    from studio.documents.picture.transforming import Resample


@dataclass(frozen=True, kw_only=True)
class TransformOptions:
    """How pixels are made anew."""

    resample: str = option(
        "bicubic",
        title="Pixels",
        help="Bicubic is sharpest, bilinear softest, nearest keeps hard pixels.",
        choices=("bicubic", "bilinear", "nearest"),
    )


@dataclass(frozen=True)
class _Drag:
    start: PenPoint
    placement: Placement
    handle: Handle | None
    turns: bool


class TransformTool(Tool):
    """Shows the layer as it would be; Enter applies, Esc puts it back.

    Attributes:
        placement: Where the layer is; ``None`` while there is nothing to transform.
    """

    name = "transform"
    icon_name = "vector-square"
    keys = "Ctrl+T"
    title_text = QT_TRANSLATE_NOOP("tools", "Transform")
    hint_text = QT_TRANSLATE_NOOP(
        "tools", "Enter applies, Esc puts back. Shift keeps the shape, Ctrl the middle."
    )

    def __init__(self, host: Host) -> None:
        super().__init__(host)
        self.options = TransformOptions()
        self.placement: Placement | None = None
        self._layer_id = ""
        self._drag: _Drag | None = None

    @property
    def busy(self) -> bool:
        """Whether something would be lost by going on without applying."""
        return self.placement is not None and not self.placement.is_identity

    def actions(self) -> tuple[ToolAction, ...]:
        """Return what the strip offers as buttons."""

        def tr(text: str) -> str:
            return QCoreApplication.translate("tools", text)

        return (
            ToolAction("flip-vertical-2", tr("Flip left to right"), lambda: self.flip(-1, 1)),
            ToolAction("flip-horizontal-2", tr("Flip top to bottom"), lambda: self.flip(1, -1)),
            ToolAction("check", tr("Apply (Enter)"), self.apply),
            ToolAction("x", tr("Put back (Esc)"), self.cancel),
        )

    def activate(self) -> None:
        """Put handles around the active layer."""
        self._begin()

    def deactivate(self) -> None:
        """Apply what was done."""
        self.apply()
        self._forget()

    def _begin(self) -> None:
        layer_id, document = self.host.active_layer(), self.host.document
        self.placement = None
        if layer_id is None or document is None:
            return
        box = layer_bounds(document, layer_id)
        if not box.is_empty:
            self._layer_id = layer_id
            self.placement = Placement(qrectf(box))
        self.host.refresh()

    def _forget(self) -> None:
        self.placement = self._drag = None
        self.host.refresh()

    def press(self, point: PenPoint) -> None:
        """Catch a handle, the layer, or, outside of it, its angle."""
        if self.placement is None:
            self._begin()
        if self.placement is None:
            return
        handle = self._handle_at(point)
        turns = handle is None and not self._inside(point)
        self._drag = _Drag(point, self.placement, handle, turns)
        if self.placement.is_identity:
            self.host.lift(self._layer_id)

    def move(self, point: PenPoint) -> None:
        """Drag what was caught."""
        drag = self._drag
        if drag is None:
            return
        start, to = drag.start.document, point.document
        if drag.handle is not None:
            reach = drag.placement.matrix().map(drag.handle.of(drag.placement.box))
            placed = drag.placement.scaled(
                drag.handle, reach + to - start, keep_ratio=point.shift, centred=point.control
            )
        elif drag.turns:
            placed = drag.placement.turned(start, to, stepped=point.shift)
        else:
            placed = drag.placement.moved(to - start, straight=point.shift)
        self._place(placed)

    def release(self, point: PenPoint) -> None:
        """Let go; it is applied by Enter, or by taking another tool."""
        self._drag = None
        self.host.refresh()

    def flip(self, across: int, down: int) -> None:
        """Mirror the layer about its middle."""
        if self.placement is None:
            return
        if self.placement.is_identity:
            self.host.lift(self._layer_id)
        placed = self.placement
        self._place(replace(placed, scale_x=placed.scale_x * across, scale_y=placed.scale_y * down))

    def apply(self) -> None:
        """Make it part of the document."""
        document, placed = self.host.document, self.placement
        if document is None or placed is None or placed.is_identity:
            return
        matrix, layer_id = placed.matrix(), self._layer_id
        rows = (
            (matrix.m11(), matrix.m21(), matrix.dx()),
            (matrix.m12(), matrix.m22(), matrix.dy()),
        )
        resample = cast("Resample", self.options.resample)
        self.placement = self._drag = None
        self.host.do(lambda: document.transform_layer(layer_id, rows, resample))
        self.host.drop_lifted()

    def cancel(self) -> None:
        """Put it back where it was."""
        if self.placement is not None:
            self.placement = Placement(self.placement.box)
        self._drag = None
        self.host.drop_lifted()
        self.host.refresh()

    def document_changed(self, change: Change) -> None:
        """Begin anew with what the layer is now; a change from elsewhere ends what was begun."""
        if change.rect is not None or change.layers or change.selection:
            if self.busy:
                self.host.drop_lifted()
            self._drag = None
            self._begin()

    def wants_key(self, event: QKeyEvent) -> bool:
        """Return whether it is Enter or Esc."""
        keys = (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        return self.busy and event.key() in keys

    def key(self, event: QKeyEvent) -> bool:
        """Apply with Enter, put back with Esc."""
        if not self.wants_key(event):
            return False
        if event.key() == Qt.Key.Key_Escape:
            self.cancel()
        else:
            self.apply()
        return True

    def paint(self, painter: QPainter) -> None:
        """Draw the box, its handles and what is being changed."""
        placed = self.placement
        if placed is None:
            return
        host, to_screen = self.host, self._to_screen()
        path = QPainterPath()
        path.addPolygon(to_screen.map(QPolygonF(placed.box)))
        path.closeSubpath()
        draw_guide(painter, path, host.scale)
        draw_handles(painter, placed.box, to_screen, host.colours, host.scale)
        if self._drag is not None:
            at = host.view.to_screen(placed.centre)
            draw_label(painter, at, self._words(placed), host.font(), host.colours, host.scale)

    def cursor(self, point: PenPoint | None) -> Qt.CursorShape:
        """Return arrows at handles and inside, and a cross where a drag turns."""
        if self.placement is None or point is None:
            return Qt.CursorShape.ArrowCursor
        handle = self._drag.handle if self._drag is not None else self._handle_at(point)
        if handle is not None:
            return cursor_of(handle, self._to_screen())
        if self._inside(point):
            return Qt.CursorShape.SizeAllCursor
        return Qt.CursorShape.CrossCursor

    def _words(self, placed: Placement) -> str:
        width = round(placed.box.width() * abs(placed.scale_x))
        height = round(placed.box.height() * abs(placed.scale_y))
        angle = round(placed.angle, 1)
        if angle:
            words = QCoreApplication.translate("tools", "%1 × %2, %3°")
            return fill_in(words, width, height, f"{angle:g}")
        return fill_in(QCoreApplication.translate("tools", "%1 × %2"), width, height)

    def _place(self, placed: Placement) -> None:
        self.placement = placed
        self.host.place_lifted(placed.matrix())
        self.host.refresh()

    def _to_screen(self) -> QTransform:
        placed = self.placement
        matrix = QTransform() if placed is None else placed.matrix()
        return matrix * self.host.view.transform()

    def _handle_at(self, point: PenPoint) -> Handle | None:
        if self.placement is None:
            return None
        return handle_at(point.screen, self.placement.box, self._to_screen(), self.host.scale)

    def _inside(self, point: PenPoint) -> bool:
        if self.placement is None:
            return False
        back: QPointF = self.placement.matrix().inverted()[0].map(point.document)
        return self.placement.box.contains(back)
