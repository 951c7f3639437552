"""From pen points to places of dabs: smoothing and even distances. Deterministic, no pixels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

SMOOTHING_PX = 80.0
"""How far a fully smoothed line lags behind the pen."""
MAX_PLACES = 20_000
"""How many places one straight piece of a line has at most; a longer one has wider gaps."""
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
    """Takes tremor out of a line and bends it where the pen was asked too seldom.

    Between the middles of the way from point to point the line follows quadratic curves. What is
    drawn follows that line with a lag that depends on the way, not on time: after a way of
    ``SMOOTHING_PX * smoothing`` it has made up for all but 1/e. So the line is the same however
    often the pen was asked where it is, up to the fineness of its steps. Without smoothing, it goes
    straight from point to point.
    """

    def __init__(self, smoothing: float) -> None:
        """Take how much to smooth, 0 to 1."""
        self._lag = smoothing * SMOOTHING_PX
        self._pen: PenPoint | None = None
        self._middle: PenPoint | None = None
        self._drawn: PenPoint | None = None

    def add(self, pen: PenPoint) -> Iterator[PenPoint]:
        """Yield the points of the smoothed line that follow from another pen point."""
        last, self._pen = self._pen, pen
        if last is None or self._middle is None or self._lag <= 0.0:
            self._middle = self._drawn = pen
            yield pen
            return
        start, end = self._middle, last.between(pen, 0.5)
        yield from self._follow(start, last, end)
        self._middle = end

    def end(self) -> Iterator[PenPoint]:
        """Yield what is missing to where the pen was lifted."""
        if self._pen is None or self._middle is None or self._drawn == self._pen:
            return
        yield from self._follow(self._middle, self._middle.between(self._pen, 0.5), self._pen)
        self._drawn = self._pen
        yield self._pen

    def _follow(self, start: PenPoint, bend: PenPoint, end: PenPoint) -> Iterator[PenPoint]:
        """Follow a quadratic curve in small steps, and yield what is drawn."""
        way = start.distance(bend) + bend.distance(end)
        steps = max(1, min(math.ceil(way / _STEP_PX), MAX_PLACES))
        share = 1.0 - math.exp(-way / steps / self._lag)
        for step in range(1, steps + 1):
            at = step / steps
            target = start.between(bend, at).between(bend.between(end, at), at)
            self._drawn = target if self._drawn is None else self._drawn.between(target, share)
            yield self._drawn


class Spacer:
    """Places points on a line, each at the distance the one before asks for."""

    def __init__(self, distance: Callable[[PenPoint], float]) -> None:
        """Take what says how far the next place is after one, in pixels, above 0."""
        self._distance = distance
        self._last: PenPoint | None = None
        self._left = 0.0

    def add(self, point: PenPoint) -> Iterator[PenPoint]:
        """Yield the places on the way to ``point``; the first point is always one."""
        start, self._last = self._last or point, point
        way, done = start.distance(point), 0.0
        least = way / MAX_PLACES
        while done + self._left <= way:
            done += self._left
            place = start.between(point, done / way if way else 1.0)
            self._left = max(self._distance(place), least)
            yield place
        self._left -= way - done
