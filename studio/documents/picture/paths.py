"""From pen points to places of dabs: smoothing and even distances. Deterministic, no pixels."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

SMOOTHING_PX = 80.0
"""How far a fully smoothed line lags behind the pen."""
_STEP_PX = 2.0


@dataclass(frozen=True)
class PenPoint:
    """Where a pen is and how it is held.

    Attributes:
        x: In pixels of the picture.
        y: In pixels of the picture.
        pressure: 0 to 1.
        tilt_x: Degrees to the right.
        tilt_y: Degrees towards the user.
    """

    x: float
    y: float
    pressure: float = 1.0
    tilt_x: float = 0.0
    tilt_y: float = 0.0

    def between(self, other: PenPoint, share: float) -> PenPoint:
        """Return the point at ``share`` of the way to another."""
        return PenPoint(
            self.x + (other.x - self.x) * share,
            self.y + (other.y - self.y) * share,
            self.pressure + (other.pressure - self.pressure) * share,
            self.tilt_x + (other.tilt_x - self.tilt_x) * share,
            self.tilt_y + (other.tilt_y - self.tilt_y) * share,
        )

    def distance(self, other: PenPoint) -> float:
        """Return how far another point is, in pixels."""
        return math.hypot(other.x - self.x, other.y - self.y)


class Smoother:
    """Takes tremor out of a line.

    The drawn point follows the pen with a lag that depends on the way, not on time: after a way of
    ``SMOOTHING_PX * smoothing`` it has made up for all but 1/e. So the line is the same however
    often the pen was asked where it is, up to the fineness of its steps.
    """

    def __init__(self, smoothing: float) -> None:
        """Take how much to smooth, 0 to 1."""
        self._lag = smoothing * SMOOTHING_PX
        self._pen: PenPoint | None = None
        self._drawn: PenPoint | None = None

    def add(self, pen: PenPoint) -> Iterator[PenPoint]:
        """Yield the points of the smoothed line that follow from another pen point."""
        last, self._pen = self._pen, pen
        if last is None or self._drawn is None or self._lag <= 0.0:
            self._drawn = pen
            yield pen
            return
        way = last.distance(pen)
        steps = max(1, math.ceil(way / _STEP_PX))
        share = 1.0 - math.exp(-way / steps / self._lag)
        for step in range(1, steps + 1):
            self._drawn = self._drawn.between(last.between(pen, step / steps), share)
            yield self._drawn

    def end(self) -> Iterator[PenPoint]:
        """Yield what is missing to where the pen was lifted."""
        if self._pen is not None and self._drawn != self._pen:
            self._drawn = self._pen
            yield self._pen


class Spacer:
    """Places points at even distances on a line."""

    def __init__(self) -> None:
        self._last: PenPoint | None = None
        self._left = 0.0

    def add(self, point: PenPoint) -> Iterator[tuple[PenPoint, Spacer]]:
        """Yield the places on the way to ``point``.

        After each, the caller says with :meth:`next_in` how far the next one is.
        """
        if self._last is None:
            self._last, self._left = point, 0.0
            yield point, self
            return
        start, way, done = self._last, self._last.distance(point), 0.0
        while self._left <= way - done:
            done += self._left
            self._left = 0.0
            yield start.between(point, done / way if way else 1.0), self
            if self._left <= 0.0:
                break
        self._left -= way - done
        self._last = point

    def next_in(self, distance: float) -> None:
        """Say how far the next place is, in pixels, above 0."""
        self._left = distance
