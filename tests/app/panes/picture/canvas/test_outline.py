from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from studio.app.panes.picture.canvas.outline import linked, segments_of

masks = st_numpy.arrays(
    np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.sampled_from([0, 255])
)


def area_inside(lines: list[list[tuple[int, int]]]) -> float:
    """The area of closed outlines by the shoelace formula; holes count negative."""
    return sum(
        sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(line)) / 2
        for line in lines
    )


@given(mask=masks)
def test_outlines_go_once_around_what_is_selected(mask: np.ndarray):
    framed = np.pad(mask, 1)
    segments = segments_of(framed, 10_000)
    assert segments is not None
    lines = linked(segments)
    assert all(line[0] == line[-1] for line in lines)
    assert area_inside(lines) == (mask > 127).sum()
    edges = sum(abs(x1 - x2) + abs(y1 - y2) for (x1, y1), (x2, y2) in segments)
    inside = (framed > 127).astype(int)
    assert edges == np.abs(np.diff(inside, axis=0)).sum() + np.abs(np.diff(inside, axis=1)).sum()


@given(mask=masks)
def test_every_segment_is_drawn_once_also_where_the_mask_is_cut_off(mask: np.ndarray):
    segments = segments_of(mask, 10_000)
    assert segments is not None
    drawn = [pair for line in linked(segments) for pair in itertools.pairwise(line)]
    assert sorted(drawn) == sorted(segments)


def test_straight_runs_are_one_segment():
    mask = np.zeros((50, 80), np.uint8)
    mask[10:40, 20:60] = 255
    segments = segments_of(mask, 10)
    assert segments is not None and len(segments) == 4
    (line,) = linked(segments)
    assert set(line) == {(20, 10), (60, 10), (60, 40), (20, 40)} and len(line) == 5


def test_soft_edges_are_outlined_in_their_middle():
    mask = np.tile(np.linspace(0, 255, 11).astype(np.uint8), (4, 1))
    (segment,) = segments_of(mask, 10) or []
    assert {place[0] for place in segment} == {6}


def test_what_is_too_ragged_is_not_traced():
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert segments_of(board, 500) is None
