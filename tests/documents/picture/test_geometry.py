from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.documents.picture.geometry import (
    FAR_PX,
    Rect,
    bounds_of,
    require_near,
    tile_rect,
    tiles_over,
    windows,
)

RECTS = st.builds(
    Rect,
    st.integers(-600, 600),
    st.integers(-600, 600),
    st.integers(0, 700),
    st.integers(0, 700),
)


def cells(rect: Rect) -> set[tuple[int, int]]:
    return {(x, y) for x in range(rect.x, rect.right, 50) for y in range(rect.y, rect.bottom, 50)}


@given(RECTS, RECTS)
def test_intersection_holds_what_both_hold(one: Rect, other: Rect) -> None:
    both = one.intersected(other)
    for x, y in cells(one) | cells(other):
        assert both.contains(x, y) == (one.contains(x, y) and other.contains(x, y))
    assert both == other.intersected(one)
    assert one.covers(both) and other.covers(both)


@given(RECTS, RECTS)
def test_union_holds_both_and_is_as_small_as_that_allows(one: Rect, other: Rect) -> None:
    union = one.united(other)
    assert union.covers(one) and union.covers(other)
    if not one.is_empty and not other.is_empty:
        assert union.x == min(one.x, other.x) and union.bottom == max(one.bottom, other.bottom)
        assert union == bounds_of([one, other])


@given(RECTS)
def test_windows_cut_a_rectangle_without_gap_or_overlap(rect: Rect) -> None:
    seen = 0
    for key, (rows, columns), (there_rows, there_columns) in windows(rect):
        tile = tile_rect(key)
        part = Rect.between(
            tile.x + columns.start, tile.y + rows.start, tile.x + columns.stop, tile.y + rows.stop
        )
        assert rect.covers(part) and tile.covers(part)
        assert (part.x - rect.x, part.y - rect.y) == (there_columns.start, there_rows.start)
        assert (there_columns.stop - there_columns.start) == part.width
        assert (there_rows.stop - there_rows.start) == part.height
        seen += part.area
    assert seen == rect.area
    assert len(list(tiles_over(rect))) == len(set(tiles_over(rect)))


@given(RECTS, st.integers(0, 8))
def test_aligned_grows_outwards_by_less_than_a_step(rect: Rect, level: int) -> None:
    step = 1 << level
    grown = rect.aligned(step)
    assert grown.covers(rect)
    if not rect.is_empty:
        assert not any(v % step for v in (grown.x, grown.y, grown.right, grown.bottom))
        assert rect.x - grown.x < step and grown.bottom - rect.bottom < step


def test_empty_rectangles_stay_empty() -> None:
    for empty in (Rect(), Rect(5, 5, 0, 9), Rect(5, 5, 9, -1)):
        assert empty.is_empty and empty.area == 0
        assert empty.grown(10).is_empty and empty.aligned(8).is_empty
        assert not list(tiles_over(empty))
        assert empty.united(Rect(1, 2, 3, 4)) == Rect(1, 2, 3, 4)


@pytest.mark.parametrize("far", [float("nan"), float("inf"), 1e300, -3.0 * FAR_PX], ids=str)
def test_places_no_picture_reaches_are_refused(far: float) -> None:
    with pytest.raises(BadInputError, match="too far out"):
        Rect.around(0, 0, far, 10)


def test_only_what_lies_near_enough_passes() -> None:
    edge = Rect(FAR_PX - 10, -FAR_PX, 10, 10)
    assert require_near(edge) == edge
    with pytest.raises(BadInputError, match="too far out"):
        require_near(edge.moved(1, 0))
