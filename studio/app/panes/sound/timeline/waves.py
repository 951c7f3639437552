"""Pictures of waveforms: made of peaks with numpy, kept while they fit what is seen.

On the GUI thread; peaks of an hour are looked up, not computed, see
:mod:`studio.documents.soundtrack.peaks`.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QColor, QImage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from studio.documents.soundtrack.peaks import Waveform
    from studio.documents.soundtrack.pool import SourcePool

_KEPT = 96


@dataclass(frozen=True)
class WaveKey:
    """What a picture shows.

    Attributes:
        sha256: The sound.
        start: The first sample that is shown.
        end: The sample after the last one.
        columns: Width in device pixels.
        rows: Height in device pixels.
        colours: Of body and peaks, as "#rrggbb".
        gain: Factor of the samples.
    """

    sha256: str
    start: int
    end: int
    columns: int
    rows: int
    colours: tuple[str, str]
    gain: float = 1.0


class Waves:
    """Draws waveforms of a pool's sounds and keeps the pictures."""

    def __init__(self, pool: SourcePool) -> None:
        self._pool = pool
        self._kept: OrderedDict[WaveKey, QImage] = OrderedDict()

    def image(self, key: WaveKey) -> QImage | None:
        """Return a waveform; ``None`` while its sound is being prepared."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
            return found
        peaks = self._pool.waveform(key.sha256, key.start, key.end, key.columns)
        if peaks is None:
            return None
        made = wave_image(peaks, key)
        self._kept[key] = made
        if len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return made

    def forget(self) -> None:
        """Drop every picture, after a change of colours or sounds."""
        self._kept.clear()


def wave_image(peaks: Waveform, key: WaveKey) -> QImage:
    """Return a picture of peaks: the range in the second colour, the loudness in the first."""
    low = peaks.low.min(axis=1) * key.gain
    high = peaks.high.max(axis=1) * key.gain
    rms = np.sqrt((peaks.rms.astype(np.float32) ** 2).mean(axis=1)) * key.gain
    rows = np.arange(key.rows, dtype=np.int16)[:, None]
    whole = _between(rows, key.rows, low, high)
    body = _between(rows, key.rows, np.maximum(-rms, low), np.minimum(rms, high))
    inner, outer = np.uint32(_packed(key.colours[0])), np.uint32(_packed(key.colours[1]))
    image = QImage(len(low), key.rows, QImage.Format.Format_ARGB32_Premultiplied)
    target = np.frombuffer(image.bits(), np.uint32).reshape(key.rows, image.bytesPerLine() // 4)
    target[:, : len(low)] = np.where(body, inner, np.where(whole, outer, np.uint32(0)))
    return image


def _between(
    rows: NDArray[np.int16], count: int, low: NDArray[np.float32], high: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """Return which rows of each column lie from ``low`` to ``high``; silence is one row."""
    middle = (count - 1) / 2
    top = np.rint(middle - np.clip(high, -1, 1) * middle).astype(np.int16)
    bottom = np.rint(middle - np.clip(low, -1, 1) * middle).astype(np.int16)
    inside: NDArray[np.bool_] = (rows >= top[None, :]) & (rows <= bottom[None, :])
    return inside


def _packed(colour: str) -> int:
    return int(QColor(colour).rgba())
