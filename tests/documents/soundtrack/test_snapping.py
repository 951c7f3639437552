from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.documents.soundtrack import (
    Arrangement,
    Clip,
    Marker,
    Snap,
    Take,
    Track,
    grid_step,
    snap,
    snap_clip,
    snap_targets,
)


def arrangement() -> Arrangement:
    take = Take(source="a" * 64, duration=100)
    clips = (Clip(id="c", start=1000, takes=(take,)), Clip(id="d", start=3000, takes=(take,)))
    return Arrangement(
        tracks=(Track(clips=clips),), markers=(Marker(position=2000),), loop=(500, 2500)
    )


def test_edges_markers_loop_and_cursor_draw_but_not_what_is_moved() -> None:
    targets = snap_targets(arrangement(), without=["d"], cursor=4000)
    places = {place for place, _ in targets}
    assert places == {0, 500, 1000, 1100, 2000, 2500, 4000}
    assert snap(1990, targets, within=20) == Snap(2000, "marker")
    assert snap(1105, targets, within=20) == Snap(1100, "clip")
    assert snap(1050, targets, within=20) == Snap(1050)
    assert snap(4010, targets, within=20) == Snap(4000, "cursor")


def test_the_grid_gives_way_to_names_and_reaches_only_so_far() -> None:
    targets = snap_targets(arrangement())
    assert snap(1040, targets, within=45, grid=250) == Snap(1000, "clip")
    assert snap(1240, targets, within=45, grid=250) == Snap(1250, "grid")
    assert snap(1130, [], within=45, grid=250) == Snap(1130)
    assert snap(1240, targets, within=0, grid=250) == Snap(1240)


def test_a_clip_is_drawn_by_its_nearer_end() -> None:
    targets = snap_targets(arrangement(), without=["c", "d"])
    assert snap_clip(1895, 100, targets, within=20) == Snap(1900, "marker")
    assert snap_clip(2003, 100, targets, within=20) == Snap(2000, "marker")
    assert snap_clip(5, 100, targets, within=20) == Snap(0, "start")


def test_the_grid_is_never_finer_than_it_can_be_seen() -> None:
    assert grid_step(48_000, 1.0) == 48
    assert grid_step(48_000, 480.0) == 24_000
    assert grid_step(48_000, 1e9) == 600 * 48_000


@given(
    st.integers(-1000, 10**9),
    st.lists(st.integers(0, 10**9), max_size=30),
    st.integers(0, 1000),
    st.integers(0, 5000),
)
def test_nothing_is_drawn_further_than_asked(
    position: int, places: list[int], within: int, grid: int
) -> None:
    targets = sorted((place, "clip") for place in places)
    found = snap(position, targets, within=within, grid=grid)
    assert abs(found.position - max(0, position)) <= within
    near = [place for place in places if abs(place - max(0, position)) <= within]
    if near and within:
        best = min(abs(place - max(0, position)) for place in near)
        assert abs(found.position - max(0, position)) == best
