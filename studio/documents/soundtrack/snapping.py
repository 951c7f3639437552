"""Where a dragged edge falls: the nearest of grid, markers, edges of clips and the play head."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from studio.documents.soundtrack.model import Arrangement

#: Lengths of one step of the grid in seconds; the finest that is wide enough is shown.
GRID_STEPS_S = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0)


@dataclass(frozen=True)
class Snap:
    """Where a position was drawn to.

    Attributes:
        position: In samples.
        target: What drew it: "grid", "marker", "clip", "loop", "cursor", or "" for nothing.
    """

    position: int
    target: str = ""


def grid_step(sampling_rate: int, samples_per_px: float, least_px: float = 12.0) -> int:
    """Return the step of the grid, in samples, whose lines are at least ``least_px`` apart."""
    for step_s in GRID_STEPS_S:
        step = max(1, round(step_s * sampling_rate))
        if step >= samples_per_px * least_px:
            return step
    return max(1, round(GRID_STEPS_S[-1] * sampling_rate))


def snap_targets(
    arrangement: Arrangement, *, without: Collection[str] = (), cursor: int | None = None
) -> list[tuple[int, str]]:
    """Return (position, what) of everything but the grid that can draw an edge, by position.

    Args:
        arrangement: What is there.
        without: Ids of clips that are being moved.
        cursor: The play head.
    """
    found = [(0, "start")]
    for clip in arrangement.clips():
        if clip.id not in without:
            found += [(clip.start, "clip"), (clip.end, "clip")]
    found += [(marker.position, "marker") for marker in arrangement.markers]
    if arrangement.loop is not None:
        found += [(position, "loop") for position in arrangement.loop]
    if cursor is not None:
        found.append((cursor, "cursor"))
    return sorted(set(found))


def snap(
    position: int,
    targets: Sequence[tuple[int, str]],
    *,
    within: int,
    grid: int = 0,
) -> Snap:
    """Return where ``position`` falls.

    Named targets win over the grid where both are in reach; of two as near, the earlier one.

    Args:
        position: Where the pointer is, in samples.
        targets: From :func:`snap_targets`, by position.
        within: How far a target reaches, in samples; 0 draws nothing.
        grid: Step of the grid in samples; 0 for none. The grid reaches everywhere it is nearer
            than ``within``.
    """
    position = max(0, position)
    at = bisect_left(targets, (position, ""))
    near = [each for each in targets[max(0, at - 1) : at + 1] if abs(each[0] - position) <= within]
    if near and within > 0:
        place, what = min(near, key=lambda each: (abs(each[0] - position), each[0]))
        return Snap(place, what)
    if grid > 0:
        place = (position + grid // 2) // grid * grid
        if abs(place - position) <= within:
            return Snap(place, "grid")
    return Snap(position)


def snap_clip(
    start: int, duration: int, targets: Sequence[tuple[int, str]], *, within: int, grid: int = 0
) -> Snap:
    """Return where a moved clip begins when either of its ends is drawn; the nearer one wins."""
    begin = snap(start, targets, within=within, grid=grid)
    end = snap(start + duration, targets, within=within)
    if not end.target or end.position < duration:
        return begin
    by_end = Snap(end.position - duration, end.target)
    if begin.target in ("", "grid"):
        return by_end
    return min((begin, by_end), key=lambda each: abs(each.position - start))
