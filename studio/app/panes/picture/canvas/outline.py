"""The outline of a mask as lines between its pixels. No Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    import numpy.typing as npt

Point = tuple[int, int]
Segment = tuple[Point, Point]


def segments_of(mask: npt.NDArray[numpy.uint8], most: int) -> list[Segment] | None:
    """Return the edges between selected and other pixels, straight runs as one.

    What is selected lies to the right of each segment's way. Edges of the array itself are none.

    Args:
        mask: uint8 (height, width); from 128 on a pixel is selected.
        most: How many segments are worth drawing.

    Returns:
        Pairs of corners (x, y), in pixels of the array; ``None`` when there are more.
    """
    import numpy as np

    inside = (mask >= 128).astype(np.int8)
    level = np.diff(inside, axis=0)  # 1 where what is selected begins below a corner line
    upright = np.diff(inside, axis=1)
    found: list[Segment] = []
    for steps, turned in ((level, False), (upright.T, True)):
        starts, ends, signs = _runs(steps)
        if len(found) + len(signs) > most:
            return None
        for (row, first), last, sign in zip(starts, ends, signs, strict=True):
            one, other = (first, row + 1), (last, row + 1)
            if turned:
                one, other = (one[1], one[0]), (other[1], other[0])
            found.append((one, other) if (sign > 0) is not turned else (other, one))
    return found


def _runs(
    steps: npt.NDArray[numpy.int8],
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Return runs of equal values but 0 along rows: (row, start), end, value."""
    import numpy as np

    padded = np.pad(steps, ((0, 0), (1, 1)))
    change = np.diff(padded, axis=1) != 0
    begins = change & (padded[:, 1:] != 0)
    ends = change & (padded[:, :-1] != 0)
    rows, firsts = np.nonzero(begins)
    _, lasts = np.nonzero(ends)
    signs = padded[rows, firsts + 1]
    return list(zip(rows.tolist(), firsts.tolist(), strict=True)), lasts.tolist(), signs.tolist()


def linked(segments: list[Segment]) -> list[list[Point]]:
    """Return the segments as lines: closed ones end where they begin."""
    leaving: dict[Point, list[Segment]] = {}
    arriving: dict[Point, int] = {}
    for segment in segments:
        leaving.setdefault(segment[0], []).append(segment)
        arriving[segment[1]] = arriving.get(segment[1], 0) + 1
    open_ends = [start for start, parts in leaving.items() if len(parts) > arriving.get(start, 0)]
    found = []
    for start in (*open_ends, *list(leaving)):
        while leaving.get(start):
            found.append(_follow(leaving, start))
    return found


def _follow(leaving: dict[Point, list[Segment]], start: Point) -> list[Point]:
    line, at = [start], start
    while leaving.get(at):
        at = leaving[at].pop()[1]
        line.append(at)
        if at == start:
            break
    return line
