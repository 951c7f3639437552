"""Pictures of spectrograms: tiles are computed on a thread and appear as they come.

On the GUI thread, but for the tiles themselves: putting a picture together of tiles that are
there takes a few milliseconds, and it is kept while it fits what is seen.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QRectF, QTimer, Signal
from PySide6.QtGui import QColor, QImage

from studio.app.background import Background
from studio.app.theme.tokens import ramp
from studio.core.errors import StudioError
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.spectrogram import ROWS, SpectrogramTiles, Strip, TileKey

LOWEST_DB, HIGHEST_DB = -90.0, -15.0
"""What is as quiet has the colour of silence, and what is as loud the last one. A tone at full
scale is at 0; music and speech spread over many pitches and stay well below."""
_SHADES = 255
_KEPT = 24
_WANTED = 64
_AT_ONCE = 4
"""Tiles between two looks at which are wanted most."""
_SHOW_MS = 40
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SpectrumKey:
    """What a picture shows.

    Attributes:
        sha256: The sound.
        start: The first sample that is shown.
        end: The sample after the last one.
        columns: Width in device pixels.
        rows: Height in device pixels.
        colours: From silence to the loudest, as "#rrggbb".
        gain_db: Of the samples.
    """

    sha256: str
    start: int
    end: int
    columns: int
    rows: int
    colours: tuple[str, ...]
    gain_db: float = 0.0


@dataclass(frozen=True)
class Spectrum:
    """A picture and which part of it shows what was asked for.

    Attributes:
        image: See-through where nothing is known yet.
        part: In pixels of the image.
        whole: Nothing is missing.
    """

    image: QImage
    part: QRectF
    whole: bool


class Spectra(QObject):
    """Draws spectrograms of a pool's sounds, keeps the pictures, and has tiles made."""

    #: Tiles came: what was painted without them can be painted anew.
    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool: SourcePool | None = None
        self._tiles: SpectrogramTiles | None = None
        self._worker = Background("sound-spectrogram", self)
        self._wanted: OrderedDict[TileKey, None] = OrderedDict()
        self._working = False
        self._kept: OrderedDict[SpectrumKey, Spectrum] = OrderedDict()
        self._begin = QTimer(self)
        self._begin.setSingleShot(True)
        self._begin.timeout.connect(self._work)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SHOW_MS)
        self._soon.timeout.connect(self.ready)

    def set_pool(self, pool: SourcePool | None) -> None:
        """Draw another document's sounds; ``None`` ends the thread."""
        self._worker.close()  # for at most a few tiles; no answer of the old pool comes any more
        self._working = False
        self._begin.stop()
        self._soon.stop()
        self._wanted.clear()
        self._kept.clear()
        self._pool = pool
        self._tiles = SpectrogramTiles(pool.read, pool.sampling_rate) if pool is not None else None

    def image(self, key: SpectrumKey) -> Spectrum | None:
        """Return a spectrogram as far as it is known; ``None`` while its sound is prepared."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        pool, tiles = self._pool, self._tiles
        if pool is None or tiles is None or pool.status(key.sha256).state != "ready":
            return None
        strip = tiles.strip(key.sha256, key.start, key.end, key.columns)
        self._want(strip.missing)
        made = spectrum_image(strip, key)
        self._kept[key] = made
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return made

    def forget(self, sha256: str = "") -> None:
        """Drop the pictures, and the tiles of a sound that is another now."""
        self._kept.clear()
        if sha256 and self._tiles is not None:
            self._tiles.forget(sha256)

    @property
    def busy(self) -> bool:
        """Whether tiles are still to come."""
        return self._working or self._begin.isActive()

    def _want(self, missing: tuple[TileKey, ...]) -> None:
        """Have tiles made, what was asked for last first; what nobody looks at is dropped."""
        for key in reversed(missing):
            self._wanted[key] = None
            self._wanted.move_to_end(key)
        while len(self._wanted) > _WANTED:
            self._wanted.popitem(last=False)
        if missing:
            self._begin.start()  # after the painting, which the thread would only hold up

    def _work(self) -> None:
        if self._working or not self._wanted or self._pool is None or self._tiles is None:
            return
        self._working = True
        keys = [self._wanted.popitem()[0] for _ in range(min(_AT_ONCE, len(self._wanted)))]
        self._worker.run(partial(_make, self._pool, self._tiles, keys), self._came, self._failed)

    def _came(self, _result: object) -> None:
        self._working = False
        for key in [key for key, spectrum in self._kept.items() if not spectrum.whole]:
            del self._kept[key]
        if not self._soon.isActive():
            self._soon.start()
        self._work()

    def _failed(self, error: StudioError) -> None:
        self._working = False
        _log.warning("a spectrogram was not made: %s", error.user_message)
        self._work()


def _make(pool: SourcePool, tiles: SpectrogramTiles, keys: list[TileKey]) -> None:
    """Make tiles; on the thread. A sound that is no longer there would only seem silent."""
    for sha256, level, index in keys:
        if pool.status(sha256).state == "ready":
            tiles.tile(sha256, level, index)
        if pool.status(sha256).state != "ready":
            tiles.forget(sha256)


def spectrum_image(strip: Strip, key: SpectrumKey) -> Spectrum:
    """Return a picture of a strip in the colours of ``key``."""
    levels = strip.decibels
    rows = min(key.rows, ROWS)
    if rows < len(levels):
        levels = _loudest(levels, rows)
    scale = (_SHADES - 1) / (HIGHEST_DB - LOWEST_DB)
    shades = (levels + (key.gain_db - LOWEST_DB)) * scale
    np.clip(shades, 0, _SHADES - 1, out=shades)
    shades += 1.0  # the first place of the table is for what is not known
    if strip.missing:
        np.nan_to_num(shades, copy=False, nan=0.0)
    image = QImage(levels.shape[1], rows, QImage.Format.Format_ARGB32_Premultiplied)
    target = np.frombuffer(image.bits(), np.uint32).reshape(rows, image.bytesPerLine() // 4)
    # "clip" changes nothing here; "raise" would fill a second array first.
    np.take(
        _table(key.colours),
        shades.astype(np.intp),
        out=target[:, : levels.shape[1]],
        mode="clip",
    )
    part = QRectF(strip.left, 0, strip.right - strip.left, rows)
    return Spectrum(image, part, not strip.missing)


def _loudest(levels: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    """Return the levels in fewer rows, each the loudest of those it stands for.

    Whole rows at a time: ``maximum.reduceat`` along this axis takes ten times as long.
    """
    edges = np.arange(rows + 1) * len(levels) // rows
    first, last = edges[:-1], edges[1:] - 1
    found: NDArray[np.float32] = levels[first]
    for step in range(1, int((last - first).max()) + 1):
        np.maximum(found, levels[np.minimum(first + step, last)], out=found)
    return found


@lru_cache(maxsize=4)
def _table(colours: tuple[str, ...]) -> NDArray[np.uint32]:
    shades = [QColor(colour).rgba() for colour in ramp(colours, _SHADES)]
    return np.array([0, *shades], np.uint32)
