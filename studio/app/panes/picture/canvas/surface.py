"""The picture as it lies on the canvas: checked ground, tiles, and tiles composited ahead.

What is exposed is composited at once as long as that takes a few milliseconds; the rest follows in
slices between the events of the window, so that neither pen nor window waits. GUI thread only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QTransform

from studio.app.panes.picture.canvas.display_tiles import LEVEL_MAX, DisplayTiles, Key
from studio.app.panes.picture.canvas.lifted import Lifted
from studio.app.panes.picture.canvas.tile_painter import (
    TilePainter,
    enclosing,
    level_of,
    qrectf,
)
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.theme.tokens import Palette, Size
from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    from studio.documents.picture.document import Change, PictureDocument

PAINT_S = 0.005
"""How long one painting may composite before it shows what it has."""
SLICE_S = 0.004
"""How long one slice between events may composite."""
AHEAD_S = 0.002
AHEAD_MS = 16
"""Tiles nobody sees yet: a short slice, then a pause."""
KEEP_TILES = 512
"""Never forgotten: more than show at once on a large screen."""

Plane = tuple[DisplayTiles, QTransform]


class PictureSurface(QObject):
    """Draws one document through a view and keeps what it draws up to date.

    Attributes:
        lifted: The layer that a tool moves, if one does.
    """

    def __init__(self, show: Callable[[QRect], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._show = show
        self._document: PictureDocument | None = None
        self._tiles: DisplayTiles | None = None
        self._view = ViewTransform()
        self._screen = QRect()
        self._checker: tuple[Palette, float, QBrush] | None = None
        self.lifted: Lifted | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._work)

    @property
    def up_to_date(self) -> bool:
        """Whether everything that shows is as the document is."""
        return not any(self._missing(plane, self._screen) for plane in self._planes())

    def set_document(self, document: PictureDocument | None) -> None:
        """Show another document."""
        self._document = document
        self.lifted = None
        self._tiles = None
        if document is not None:
            self._tiles = DisplayTiles(
                lambda rect, shrink: document.composite(rect, shrink=shrink, overlays=True),
                document.extent(),
                keeps=True,
            )

    def look(self, view: ViewTransform, screen: QRect) -> None:
        """Show through another view, on a canvas of so many device pixels."""
        self._view, self._screen = view, screen
        self._timer.start(0)

    def document_changed(self, change: Change) -> None:
        """The document is no longer as it was."""
        if self._tiles is None or self._document is None or change.rect is None:
            return
        self._tiles.invalidate(change.rect)
        grown = self._tiles.extent.united(change.rect)
        if change.layers or change.history:
            grown = self._document.extent()  # looks at every layer, so not for every dab
        if grown != self._tiles.extent:
            self._tiles.extent = grown
            self._show(self._screen)
        else:
            self._show(self._view.rect_to_screen(qrectf(change.rect)).adjusted(-2, -2, 2, 2))

    def lift(self, layer_id: str | None) -> None:
        """Draw a layer apart from the others, or all together again."""
        self.lifted = None
        if layer_id is not None and self._document is not None:
            self.lifted = Lifted(self._document, layer_id)
        self._timer.start(0)
        self._show(self._screen)

    # drawing

    def paint(
        self, painter: QPainter, exposed: QRect, ratio: float, frame: Rect, colours: Palette
    ) -> None:
        """Draw what shows in ``exposed``, in device pixels, on the canvas's own colour."""
        if self._tiles is None:
            return
        to_screen = self._view.transform()
        self._composite_now(exposed)
        main = TilePainter(painter, to_screen, ratio)
        if self.lifted is not None or not main.hides(self._tiles, exposed):
            self._paint_checker(painter, exposed, ratio, frame, colours)
        if self.lifted is not None:
            self.lifted.draw(painter, to_screen, ratio, exposed)
        else:
            main.draw(self._tiles, exposed)

    def _composite_now(self, exposed: QRect) -> None:
        until = time.perf_counter() + PAINT_S
        for plane in self._planes():
            left = until - time.perf_counter()
            missing = self._missing(plane, exposed)
            if missing and (left <= 0 or not plane[0].refresh(missing, left)[1]):
                self._timer.start(0)
                return

    def _paint_checker(
        self, painter: QPainter, exposed: QRect, ratio: float, frame: Rect, colours: Palette
    ) -> None:
        """Lay the checked ground under the picture and under the frame."""
        if self._tiles is None:
            return
        view = self._view
        painter.save()
        painter.setTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
        origin = view.to_screen(QPointF())
        painter.setBrushOrigin(QPointF(round(origin.x()), round(origin.y())))
        painter.setPen(Qt.PenStyle.NoPen)
        for area in (self._tiles.extent, frame):
            if area.is_empty:
                continue
            if view.upright:
                painter.fillRect(
                    view.rect_to_screen(qrectf(area)) & exposed, self._squares(colours, ratio)
                )
            else:
                painter.setBrush(self._squares(colours, ratio))
                painter.drawPolygon(view.polygon_to_screen(qrectf(area)))
        painter.restore()

    def _squares(self, colours: Palette, ratio: float) -> QBrush:
        if self._checker is not None and self._checker[:2] == (colours, ratio):
            return self._checker[2]
        side = round(Size.CHECKER * ratio)
        image = QImage(2 * side, 2 * side, QImage.Format.Format_RGB32)
        image.fill(QColor(colours.checker))
        painter = QPainter(image)
        for corner in (0, side):
            painter.fillRect(corner, side - corner, side, side, QColor(colours.checker_other))
        painter.end()
        self._checker = (colours, ratio, QBrush(image))
        return self._checker[2]

    # compositing

    def _planes(self) -> tuple[Plane, ...]:
        to_screen = self._view.transform()
        if self.lifted is not None:
            return self.lifted.planes(to_screen)
        return () if self._tiles is None else ((self._tiles, to_screen),)

    def _missing(self, plane: Plane, exposed: QRect) -> list[Key]:
        tiles, to_screen = plane
        back, possible = to_screen.inverted()
        if not possible or exposed.isEmpty():
            return []
        shown = enclosing(back.mapRect(QRectF(exposed)))
        return tiles.wanted(shown, level_of(to_screen))

    def _work(self) -> None:
        """Composite one slice: what shows first, then what may show soon."""
        until = time.perf_counter() + SLICE_S
        for plane in self._planes():
            missing = self._missing(plane, self._screen)
            if not missing:
                continue
            shown, done = plane[0].refresh(missing, max(0.0, until - time.perf_counter()))
            for rect in shown:
                area = plane[1].mapRect(qrectf(rect)).toAlignedRect()
                self._show(area.adjusted(-2, -2, 2, 2))
            if not done:
                self._timer.start(0)
                return
        if self._tiles is not None and self.lifted is None:
            self._work_ahead(self._tiles)

    def _work_ahead(self, tiles: DisplayTiles) -> None:
        """Composite around what shows, and the next level out, then rest."""
        tiles.trim(KEEP_TILES)
        around = QRectF(self._screen)
        around.adjust(
            -around.width() / 3, -around.height() / 3, around.width() / 3, around.height() / 3
        )
        shown, level = enclosing(self._view.visible(around)), level_of(self._view.transform())
        for ahead in (level, min(LEVEL_MAX, level + 1)):
            missing = tiles.wanted(shown, ahead)
            if missing and len(missing) <= KEEP_TILES:
                tiles.refresh(missing, AHEAD_S)
                self._timer.start(AHEAD_MS)
                return
