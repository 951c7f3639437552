"""The picture as it lies on the canvas: checked ground, tiles, and tiles composited ahead.

What is exposed is composited at once as long as that takes a few milliseconds; the rest follows in
slices between the events of the window, so that neither pen nor window waits. GUI thread only.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QTransform

from studio.app.panes.picture.canvas.checker import checker
from studio.app.panes.picture.canvas.display_tiles import LEVEL_MAX, DisplayTiles, Key
from studio.app.panes.picture.canvas.lifted import Lifted
from studio.app.panes.picture.canvas.screen_buffer import ScreenBuffer
from studio.app.panes.picture.canvas.tile_painter import (
    TilePainter,
    enclosing,
    level_of,
    qrectf,
    snapped,
)
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.theme.tokens import Palette
from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    from studio.documents.picture.document import Change, PictureDocument

PAINT_S = 0.005
"""How long one painting may composite before it shows what it has."""
VIEW_S = 0.001
"""The same where much of the screen is painted, since tiles of other sizes stand in meanwhile."""
MUCH = 4
"""What is larger than this part of the screen is much."""
SLICE_S = 0.004
"""How long one slice between events may composite."""
AHEAD_S = 0.002
AHEAD_MS = 16
"""Tiles nobody sees yet: a short slice, then a pause."""
REST_MS = 120
"""A turned view that is zoomed or turned on is drawn coarsely until it rests for so long."""
SAME_PX = 1e-3
KEEP_TILES = 512
"""Never forgotten: more than show at once on a large screen."""

Plane = tuple[DisplayTiles, QTransform]


class SurfaceHost(Protocol):
    """What the surface knows of the canvas."""

    @property
    def colours(self) -> Palette:
        """The tokens of the moment."""

    @property
    def scale(self) -> float:
        """Device pixels per pixel of the window's own measure."""

    def refresh(self, area: QRect | None = None) -> None:
        """Paint a part of the screen again, in device pixels; ``None`` for all of it."""


class PictureSurface(QObject):
    """Draws one document through a view and keeps what it draws up to date.

    Attributes:
        lifted: The layer that a tool moves, if one does.
    """

    def __init__(self, host: SurfaceHost, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._host = host
        self._document: PictureDocument | None = None
        self._tiles: DisplayTiles | None = None
        self._view = ViewTransform()
        self._buffer = ScreenBuffer(self._draw)
        self.lifted: Lifted | None = None
        self._landing = False
        self._paused = False
        self._moving = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._rested)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._work)

    @property
    def up_to_date(self) -> bool:
        """Whether everything that shows is as the document is."""
        if self._landing or self._moving:
            return False
        screen = self._buffer.rect
        return not any(self._missing(plane, screen) for plane in self._planes())

    @property
    def extent(self) -> Rect:
        """Where the picture has pixels, as far as it is known; free to ask."""
        return Rect() if self._tiles is None else self._tiles.extent

    def set_document(self, document: PictureDocument | None) -> None:
        """Show another document."""
        self._document = document
        self.lifted = None
        self._landing = False
        self._tiles = None
        if document is not None:
            self._tiles = DisplayTiles(
                lambda rect, shrink: document.composite(rect, shrink=shrink, overlays=True),
                document.extent(overlays=True),
                keeps=True,
            )
        self.invalidate()

    def look(self, view: ViewTransform, size: QSize) -> None:
        """Show through another view, on a canvas of so many device pixels."""
        before, after = self._view.transform(), view.transform()
        by = _scrolled(before, after)
        self._view = view
        self._buffer.resize(size)
        if by is not None:
            self._buffer.scroll(by)
            self._host.refresh()
        else:
            self._moving = not view.upright
            if self._moving:
                self._rest.start()
            self.invalidate()
        self._timer.start(0)

    def _rested(self) -> None:
        """Draw a turned view finely again, now that it stands still."""
        self._moving = False
        self.invalidate()

    def invalidate(self, area: QRect | None = None) -> None:
        """Draw a part again, in device pixels; ``None`` for all of it."""
        self._buffer.invalidate(area)
        self._host.refresh(area)

    def document_changed(self, change: Change) -> None:
        """The document is no longer as it was."""
        if change.frame:
            self.invalidate()
        if self._tiles is None or self._document is None or change.rect is None:
            return
        self._tiles.invalidate(change.rect)
        grown = self._tiles.extent.united(change.rect)
        if change.layers or change.history:
            grown = self._document.extent(
                overlays=True
            )  # looks at every layer, so not for every dab
        if grown != self._tiles.extent:
            self._tiles.extent = grown
            self.invalidate()
        else:
            self._invalidate(qrectf(change.rect), self._view.transform())

    def lift(self, layer_id: str) -> None:
        """Draw a layer, or what is selected of it, apart from the others."""
        if self._document is not None:
            self.lifted = Lifted(self._document, layer_id)
            self._landing = False
            self._timer.start(0)
            self.invalidate()

    def place_lifted(self, transform: QTransform | None) -> None:
        """Draw what was lifted elsewhere; ``None`` hides it."""
        if self.lifted is not None and transform != self.lifted.transform:
            self.lifted.transform = transform
            self.invalidate()
            self._timer.start(0)

    def drop_lifted(self) -> None:
        """Draw all layers together again, as soon as that is composited."""
        if self.lifted is not None:
            self._landing = True
            self._timer.start(0)

    def pause(self, paused: bool) -> None:
        """Composite nothing while the document is held by somebody else."""
        self._paused = paused
        if not paused:
            self._timer.start(0)

    def paint(self, painter: QPainter, exposed: QRect) -> None:
        """Show ``exposed``; everything is in device pixels."""
        self._buffer.paint(painter, exposed)

    # drawing

    def _draw(self, painter: QPainter, area: QRect) -> None:
        """Draw a part of the screen from the tiles."""
        painter.fillRect(area, QColor(self._host.colours.canvas))
        if self._tiles is None:
            return
        self._composite_now(area)
        to_screen = self._view.transform()
        main = TilePainter(painter, to_screen, draft=self._moving)
        if self.lifted is not None or not main.hides(self._tiles, area):
            self._draw_checker(painter, area)
        if self.lifted is not None:
            self.lifted.draw(painter, to_screen, area, draft=self._moving)
        else:
            main.draw(self._tiles, area)

    def _composite_now(self, area: QRect) -> None:
        """Composite what shows in ``area``; what does not fit into the time follows in slices."""
        if self._paused:
            return
        screen = self._buffer.rect
        much = area.width() * area.height() * MUCH > screen.width() * screen.height()
        until = time.perf_counter() + (VIEW_S if much else PAINT_S)
        for plane in self._planes():
            missing = self._missing(plane, area)
            if not missing:
                continue
            shown, done = plane[0].refresh(missing, until - time.perf_counter())
            for rect in shown:  # a tile reaches further than what is being drawn
                whole = plane[1].mapRect(qrectf(rect)).toAlignedRect() & self._buffer.rect
                if not area.contains(whole):
                    self.invalidate(whole)
            if not done:
                self._timer.start(0)
                return

    def _draw_checker(self, painter: QPainter, area: QRect) -> None:
        """Lay the checked ground under the picture and under the frame."""
        if self._tiles is None or self._document is None:
            return
        painter.save()
        ground = checker(self._host.colours, self._host.scale)
        origin = self._view.to_screen(QPointF())
        painter.setBrushOrigin(QPointF(round(origin.x()), round(origin.y())))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        for part in (self._tiles.extent, self._document.frame):
            if part.is_empty:
                continue
            if self._view.upright:
                painter.fillRect(snapped(self._view.transform(), part) & area, ground)
            else:
                painter.drawPolygon(self._view.polygon_to_screen(qrectf(part)))
        painter.restore()

    # compositing

    def _planes(self) -> tuple[Plane, ...]:
        """Return what has to be composited, each with how it lies on the screen."""
        to_screen = self._view.transform()
        if self.lifted is not None and not self._landing:
            return self.lifted.planes(to_screen)
        return () if self._tiles is None else ((self._tiles, to_screen),)

    def _missing(self, plane: Plane, exposed: QRect) -> list[Key]:
        tiles, to_screen = plane
        back, possible = to_screen.inverted()
        if not possible or exposed.isEmpty():
            return []
        shown = enclosing(back.mapRect(QRectF(exposed)))
        return tiles.wanted(shown, level_of(to_screen))

    def _invalidate(self, part: QRectF, to_screen: QTransform) -> None:
        """Draw a part of the document again, and what smoothing lets it touch."""
        area = to_screen.mapRect(part).toAlignedRect().adjusted(-2, -2, 2, 2)
        self.invalidate(area & self._buffer.rect)

    def _work(self) -> None:
        """Composite one slice: what shows first, then what may show soon."""
        if self._paused:
            return
        until = time.perf_counter() + SLICE_S
        for plane in self._planes():
            missing = self._missing(plane, self._buffer.rect)
            if not missing:
                continue
            shown, done = plane[0].refresh(missing, until - time.perf_counter())
            for rect in shown:
                self._invalidate(qrectf(rect), plane[1])
            if not done:
                self._timer.start(0)
                return
        if self._landing:
            self.lifted, self._landing = None, False
            self.invalidate()
        if self._tiles is not None and self.lifted is None:
            self._work_ahead(self._tiles)

    def _work_ahead(self, tiles: DisplayTiles) -> None:
        """Composite around what shows, and the next level out, then rest."""
        tiles.trim(KEEP_TILES)
        around = QRectF(self._buffer.rect)
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


def _scrolled(before: QTransform, after: QTransform) -> QPoint | None:
    """Return by how many whole device pixels a view was moved; ``None`` when it changed more."""
    parts = ("m11", "m12", "m21", "m22")
    if any(getattr(before, part)() != getattr(after, part)() for part in parts):
        return None
    x, y = after.dx() - before.dx(), after.dy() - before.dy()
    if abs(x - round(x)) > SAME_PX or abs(y - round(y)) > SAME_PX:
        return None
    return QPoint(round(x), round(y))
