"""Between samples and pixels of the time line; no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

FINEST = 1 / 16
"""Samples a pixel when zoomed in as far as it goes."""
COARSEST = 2_000_000.0
_STEPS_S = (
    *(step * 10.0**-power for power in (3, 2, 1) for step in (1, 2, 5)),
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0),
)


@dataclass(frozen=True)
class Scale:
    """What of the time line is seen, and how large.

    Attributes:
        sampling_rate: In Hz.
        samples_per_px: How far it is zoomed out.
        start: The sample at the left edge; may lie between two.
    """

    sampling_rate: int
    samples_per_px: float = 480.0
    start: float = 0.0

    def x(self, position: float) -> float:
        """Return where a position is drawn, in px from the left edge."""
        return (position - self.start) / self.samples_per_px

    def position(self, x: float) -> int:
        """Return the position at ``x``, never before the beginning."""
        return max(0, round(self.start + x * self.samples_per_px))

    def zoomed(self, factor: float, around_x: float) -> Scale:
        """Return the scale zoomed in by ``factor``, what is at ``around_x`` staying there."""
        fixed = self.start + around_x * self.samples_per_px
        finer = min(COARSEST, max(FINEST, self.samples_per_px / factor))
        return replace(self, samples_per_px=finer, start=max(0.0, fixed - around_x * finer))

    def moved(self, pixels: float) -> Scale:
        """Return the scale moved to the right by some pixels."""
        return replace(self, start=max(0.0, self.start + pixels * self.samples_per_px))

    def fitted(self, end: int, width: int, share: float = 0.92) -> Scale:
        """Return the scale at which everything up to ``end`` fills most of ``width`` px."""
        seconds = max(end, self.sampling_rate * 10)
        finer = min(COARSEST, max(FINEST, seconds / max(1.0, width * share)))
        return replace(self, samples_per_px=finer, start=0.0)

    def tick_s(self, least_px: float = 72.0) -> float:
        """Return the step between numbers of the ruler, in seconds."""
        wanted = least_px * self.samples_per_px / self.sampling_rate
        return next((step for step in _STEPS_S if step >= wanted), _STEPS_S[-1])

    def ticks(self, width: int) -> list[float]:
        """Return the seconds that have a number on a ruler ``width`` px wide."""
        step = self.tick_s()
        first = math.floor(self.start / self.sampling_rate / step)
        last = math.ceil((self.start + width * self.samples_per_px) / self.sampling_rate / step)
        return [number * step for number in range(max(0, first), last + 1)]


def clock(seconds: float, step_s: float = 1.0) -> str:
    """Return a time as people read it: 1:02:03, 2:03, 2:03.450."""
    places = 0 if step_s >= 1 else min(3, math.ceil(-math.log10(step_s) - 1e-9))
    units = round(seconds * 10**places)
    whole, fraction = divmod(units, 10**places)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{text}.{fraction:0{places}}" if places else text
