"""Strokes: from pen points to changed tiles.

A stroke is gathered in a coverage of its own and laid on the tiles as they were before it. So it
never covers more than its opacity, however often it crosses itself, and the flow decides how fast
it gets there. Coverage grows as c += (ceiling - c) mask flow while it is below the dab's ceiling,
which lets pressure change the opacity within one stroke.

Follows packaging/docs/decisions/0121-strokes.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from studio.documents.picture.brush import Brush, Dab
from studio.documents.picture.geometry import (
    FAR_PX,
    TILE_PX,
    Key,
    Rect,
    bounds_of,
    windows,
)
from studio.documents.picture.painting import Colour, Effect, lay_colour
from studio.documents.picture.paths import PenPoint, Smoother, Spacer
from studio.documents.picture.symmetry import Symmetry, images
from studio.documents.picture.tiles import Floats

if TYPE_CHECKING:
    from studio.documents.picture.document import PictureDocument
    from studio.documents.picture.editing import Edit, State


class Stroke:
    """A stroke being drawn; made by ``PictureDocument.begin_stroke``.

    It is one undo step once :meth:`finish` was called. All methods are for the thread that began
    it. When something else needs the layer, the stroke is finished for it; points added after
    that paint nothing.
    """

    def __init__(
        self,
        document: PictureDocument,
        edit: Edit,
        layer_id: str,
        brush: Brush,
        colour: Colour,
        effect: Effect,
        symmetry: Sequence[Symmetry],
        share: float,
    ) -> None:
        """Use ``PictureDocument.begin_stroke``."""
        self.layer_id = layer_id
        self.is_open = True
        self._document = document
        self._edit = edit
        self._brush = brush
        self._colour = colour
        self._effect: Effect = effect
        self._images = images(symmetry)
        self._share = share
        self._smoother = Smoother(brush.smoothing)
        self._spacer = Spacer(lambda place: brush.distance(self._dab(place).radius))
        self._coverage: dict[Key, Floats] = {}
        self._selection = document.selection

    @property
    def edit(self) -> Edit:
        """What it changed so far."""
        return self._edit

    def add(
        self, x: float, y: float, pressure: float = 1.0, tilt_x: float = 0.0, tilt_y: float = 0.0
    ) -> Rect:
        """Go on to another point.

        Args:
            x: In pixels of the picture.
            y: In pixels of the picture.
            pressure: 0 to 1.
            tilt_x: Degrees the pen leans to the right, -90 to 90.
            tilt_y: Degrees it leans towards the user, -90 to 90.

        Returns:
            What was painted; empty when nothing was. Points that are no numbers or lie too far
            out are left out.
        """
        values = (x, y, pressure, tilt_x, tilt_y)
        if not self.is_open or not all(math.isfinite(value) for value in values):
            return Rect()
        if max(abs(x), abs(y)) > FAR_PX:
            return Rect()
        pen = PenPoint(x, y, min(max(pressure, 0.0), 1.0), tilt_x, tilt_y)
        return self._paint(self._smoother.add(pen))

    def finish(self) -> Rect:
        """Draw what smoothing held back and make it an undo step; returns what was painted."""
        if not self.is_open:
            return Rect()
        rect = self._paint(self._smoother.end())
        self.is_open = False
        self._coverage.clear()
        self._document.end_stroke(self, keep=True)
        return rect

    def cancel(self) -> None:
        """Take everything back as if the stroke had never begun."""
        if self.is_open:
            self.is_open = False
            self._coverage.clear()
            self._document.end_stroke(self, keep=False)

    def _dab(self, place: PenPoint) -> Dab:
        return self._brush.dab(place.pressure, place.tilt_x, place.tilt_y)

    def _paint(self, line: Iterable[PenPoint]) -> Rect:
        """Gather the coverage of all dabs on a line, then lay every tile they touch once."""
        touched: dict[Key, Rect] = {}
        for point in line:
            for place in self._spacer.add(point):
                dab = self._dab(place)
                for image in self._images:
                    x, y = image.point(place.x, place.y)
                    if max(abs(x), abs(y)) <= FAR_PX:
                        turned = replace(dab, angle=image.angle(dab.angle))
                        self._gather(*turned.mask(x, y), dab, touched)
        if not touched:
            return Rect()
        with self._document.writing() as state:
            for key, part in touched.items():
                window = (slice(part.y, part.bottom), slice(part.x, part.right))
                self._lay(state, key, window)
        rects = [part.moved(key[0] * TILE_PX, key[1] * TILE_PX) for key, part in touched.items()]
        self._document.painted(rects)
        return bounds_of(rects)

    def _gather(self, rect: Rect, mask: Floats, dab: Dab, touched: dict[Key, Rect]) -> None:
        ceiling = np.float32(dab.opacity * self._share)
        for key, inside, there in windows(rect):
            if self._selection is not None and not self._selection.touches(key):
                continue
            coverage = self._coverage.get(key)
            if coverage is None:
                coverage = self._coverage[key] = np.zeros((TILE_PX, TILE_PX), np.float32)
            target = coverage[inside]
            more = np.subtract(ceiling, target)
            np.maximum(more, np.float32(0), out=more)
            np.multiply(more, mask[there], out=more)
            if dab.flow != 1.0:
                np.multiply(more, np.float32(dab.flow), out=more)
            np.add(target, more, out=target)
            rows, columns = inside
            part = Rect.between(columns.start, rows.start, columns.stop, rows.stop)
            touched[key] = touched.get(key, Rect()).united(part)

    def _lay(self, state: State, key: Key, window: tuple[slice, slice]) -> None:
        before = self._edit.before(self.layer_id, key, state.tile(self.layer_id, key))
        tile = state.writable(self._edit, self.layer_id, key)
        coverage = self._coverage[key][window]
        if self._selection is not None:
            part = self._selection.part(key, window)
            if part is not None:
                coverage = coverage * (part * np.float32(1 / 255))
        rows, columns = window
        base = None if before is None else before.pixels[:, rows, columns]
        lay_colour(base, tile.pixels[:, rows, columns], coverage, self._colour, self._effect)
        tile.written()
