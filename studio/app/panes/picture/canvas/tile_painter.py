"""Draws display tiles through any transform, without seams between them."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QTransform

from studio.app.panes.picture.canvas.display_tiles import (
    LEVEL_MAX,
    DisplayTiles,
    Key,
    Tile,
    document_rect,
    level_for,
)
from studio.documents.picture.geometry import Rect

Mode = QPainter.CompositionMode
PLAIN = Mode.CompositionMode_SourceOver
BAND_PX = 90
"""Turned tiles are drawn in bands as low as this: for higher ones Qt asks other threads for help,
and waits for them while an engine keeps every core busy."""
OVERLAP_PX = 0.25
OVERLAP_THROUGH_PX = 1 / 32
SMOOTH_BELOW = 2.0
"""Up to this zoom a picture is smoothed unless its pixels fall on whole pixels of the screen;
further in, they are shown as they are."""


class TilePainter:
    """Draws what there is of the right level; where a tile is missing, another stands in.

    Tiles meet without seams because their edges are put between device pixels while rows stay
    rows, and because turned edges that are shared are computed from the same corners.
    """

    def __init__(self, painter: QPainter, to_screen: QTransform, *, draft: bool = False) -> None:
        """Prepare drawing.

        Args:
            painter: Draws in device pixels.
            to_screen: From the document to device pixels.
            draft: Draw a turned picture from the next level out, in half the time.
        """
        self._painter = painter
        self._to_screen = to_screen
        self._to_document, self._possible = to_screen.inverted()
        self._zoom = zoom_of(to_screen)
        self._upright = is_upright(to_screen)
        self.level = level_of(to_screen)
        if draft and not self._upright and self._zoom < SMOOTH_BELOW:
            self.level = min(LEVEL_MAX, self.level + 1)

    def shown(self, exposed: QRect) -> Rect:
        """Return what of the document shows in ``exposed``, in device pixels."""
        return enclosing(self._to_document.mapRect(QRectF(exposed)))

    def draw(self, tiles: DisplayTiles, exposed: QRect, mode: Mode = PLAIN) -> None:
        """Draw the tiles that show in ``exposed``, in device pixels."""
        if not self._possible:
            return
        if self._upright:
            self._draw_area(tiles, exposed, mode)
            return
        bottom = exposed.y() + exposed.height()
        for top in range(exposed.y(), bottom, BAND_PX):
            height = min(BAND_PX, bottom - top)
            self._draw_area(tiles, QRect(exposed.x(), top, exposed.width(), height), mode)

    def _draw_area(self, tiles: DisplayTiles, area: QRect, mode: Mode) -> None:
        painter = self._painter
        painter.save()
        whole = self._upright and self._zoom == round(self._zoom)
        smooth = self._zoom < SMOOTH_BELOW and not whole
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        if not self._upright:
            painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
            painter.setTransform(self._to_screen)
        for key in tiles.keys(self.shown(area), self.level):
            self._draw_best(tiles, key, mode)
        painter.restore()

    def hides(self, tiles: DisplayTiles, exposed: QRect) -> bool:
        """Return whether nothing behind the tiles can be seen in ``exposed``."""
        shown = self.shown(exposed)
        if not tiles.extent.covers(shown):
            return False
        found = (tiles.tile(key) for key in tiles.keys(shown, self.level))
        return all(tile is not None and tile.opaque for tile in found)

    def _draw_best(self, tiles: DisplayTiles, key: Key, mode: Mode) -> None:
        tile = tiles.tile(key)
        if tile is not None:
            self._draw(key, tile, document_rect(key), mode)
        elif not self._draw_finer(tiles, key, mode):
            self._draw_coarser(tiles, key, mode)

    def _draw_finer(self, tiles: DisplayTiles, key: Key, mode: Mode) -> bool:
        level, column, row = key
        if level == 0:
            return False
        found = False
        for down in (0, 1):
            for right in (0, 1):
                part = (level - 1, column * 2 + right, row * 2 + down)
                tile = tiles.tile(part)
                if tile is not None:
                    found = True
                    self._draw(part, tile, document_rect(part), mode)
        return found

    def _draw_coarser(self, tiles: DisplayTiles, key: Key, mode: Mode) -> None:
        area = document_rect(key)
        level, column, row = key
        while level < LEVEL_MAX:
            level, column, row = level + 1, column >> 1, row >> 1
            tile = tiles.tile((level, column, row))
            if tile is not None:
                self._draw((level, column, row), tile, area, mode)
                return

    def _draw(self, key: Key, tile: Tile, area: Rect, mode: Mode) -> None:
        """Draw the part of a tile that covers ``area`` of the document."""
        if tile.image is None:
            return
        whole, scale = document_rect(key), 1.0 / (1 << key[0])
        source = QRectF(
            (area.x - whole.x) * scale,
            (area.y - whole.y) * scale,
            area.width * scale,
            area.height * scale,
        )
        if tile.opaque and self._upright and mode is PLAIN and self._painter.opacity() == 1.0:
            self._painter.setCompositionMode(Mode.CompositionMode_Source)
        else:
            self._painter.setCompositionMode(mode)
        self._painter.drawImage(self._target(area, tile), tile.image, source)

    def _target(self, area: Rect, tile: Tile) -> QRectF:
        """Return where ``area`` is drawn, in what the painter draws in.

        Turned edges are drawn a little further out: Qt's rasteriser rounds them, and would leave
        a hole of a pixel here and there. What shows through cannot overlap as much.
        """
        if self._upright:
            return QRectF(snapped(self._to_screen, area))
        by = (OVERLAP_PX if tile.opaque else OVERLAP_THROUGH_PX) / self._zoom
        return qrectf(area).adjusted(-by, -by, by, by)


def zoom_of(transform: QTransform) -> float:
    """Return how many device pixels wide a pixel of the document is, on average."""
    return math.sqrt(abs(transform.determinant()))


def level_of(transform: QTransform) -> int:
    """Return the level of tiles that suits a transform; 0 where nothing can be seen of it."""
    zoom = zoom_of(transform)
    return level_for(zoom) if zoom > 0 else 0


def is_upright(transform: QTransform) -> bool:
    """Return whether rows of the picture are rows of the screen, unflipped."""
    straight = transform.m12() == 0 and transform.m21() == 0
    return straight and transform.m11() > 0 and transform.m11() == transform.m22()


def snapped(to_screen: QTransform, area: Rect) -> QRect:
    """Return the device pixels of a rectangle in an upright view, each edge rounded."""
    zoom, left, top = to_screen.m11(), to_screen.dx(), to_screen.dy()
    x, y = math.floor(left + area.x * zoom + 0.5), math.floor(top + area.y * zoom + 0.5)
    right = math.floor(left + area.right * zoom + 0.5)
    bottom = math.floor(top + area.bottom * zoom + 0.5)
    return QRect(x, y, right - x, bottom - y)


def enclosing(rect: QRectF) -> Rect:
    """Return the whole pixels of the document that a rectangle touches."""
    return Rect.around(rect.left(), rect.top(), rect.right(), rect.bottom())


def qrectf(rect: Rect) -> QRectF:
    """Return a document's rectangle as Qt knows it."""
    return QRectF(rect.x, rect.y, rect.width, rect.height)
