from __future__ import annotations

import itertools
import math
import random

import pytest

from studio.documents.picture.paths import MAX_PLACES, PenPoint, Smoother, Spacer


def smoothed(points: list[PenPoint], smoothing: float) -> list[PenPoint]:
    smoother = Smoother(smoothing)
    line = [place for point in points for place in smoother.add(point)]
    return [*line, *smoother.end()]


def places(points: list[PenPoint], distance: float) -> list[PenPoint]:
    spacer = Spacer(lambda _: distance)
    return [place for point in points for place in spacer.add(point)]


def wobble(points: list[PenPoint]) -> float:
    """Return how much a line turns altogether, in radians."""
    way = [
        math.atan2(b.y - a.y, b.x - a.x)
        for a, b in itertools.pairwise(points)
        if a.distance(b) > 1e-9
    ]
    return sum(abs(math.remainder(b - a, math.tau)) for a, b in itertools.pairwise(way))


def test_without_smoothing_the_line_is_what_the_pen_said() -> None:
    points = [PenPoint(x, x * x % 7, x / 9) for x in range(9)]
    assert smoothed(points, 0.0) == points


@pytest.mark.parametrize("smoothing", [0.05, 0.4, 1.0])
def test_a_smoothed_line_begins_and_ends_where_the_pen_did(smoothing: float) -> None:
    points = [PenPoint(x * 10.0, math.sin(x) * 30, 0.5) for x in range(30)]
    line = smoothed(points, smoothing)
    assert line[0] == points[0] and line[-1] == points[-1]


def test_smoothing_takes_tremor_out() -> None:
    dice = random.Random(4)
    points = [PenPoint(x * 5.0, dice.uniform(-2, 2)) for x in range(100)]
    turns = [wobble(smoothed(points, smoothing)) for smoothing in (0.0, 0.1, 0.5)]
    assert turns[1] < turns[0] / 3
    assert turns[2] < turns[1] / 2


def test_a_straight_line_stays_straight() -> None:
    points = [PenPoint(x * 7.0, x * 14.0) for x in range(20)]
    for place in smoothed(points, 0.7):
        assert abs(place.y - 2 * place.x) < 1e-6


def test_the_line_does_not_depend_on_how_often_the_pen_was_asked() -> None:
    def circle(count: int) -> list[PenPoint]:
        turns = [n / count * math.tau for n in range(count + 1)]
        return [PenPoint(100 * math.cos(t), 100 * math.sin(t)) for t in turns]

    coarse, fine = smoothed(circle(40), 0.3), smoothed(circle(400), 0.3)
    for place in coarse:
        assert min(place.distance(other) for other in fine) < 2.0


def test_the_same_points_give_the_same_line() -> None:
    points = [PenPoint(x * 3.7, math.cos(x) * 9, x % 2) for x in range(50)]
    assert smoothed(points, 0.6) == smoothed(points, 0.6)


def test_places_lie_at_even_distances_across_points() -> None:
    points = [PenPoint(0, 0), PenPoint(7, 0), PenPoint(7.5, 0), PenPoint(40, 0)]
    found = places(points, 3.0)
    assert [round(place.x, 9) for place in found] == [3.0 * n for n in range(14)]


def test_pressure_and_tilt_go_evenly_from_point_to_point() -> None:
    found = places([PenPoint(0, 0, 0.0, -30, 0), PenPoint(10, 0, 1.0, 30, 60)], 5.0)
    assert [place.pressure for place in found] == [0.0, 0.5, 1.0]
    assert [place.tilt_x for place in found] == [-30, 0, 30]
    assert [place.tilt_y for place in found] == [0, 30, 60]


def test_a_pen_that_stands_still_is_one_place() -> None:
    assert len(places([PenPoint(5, 5)] * 10, 3.0)) == 1
    assert len(smoothed([PenPoint(5, 5)] * 10, 0.5)) >= 1


def test_distances_may_change_on_the_way() -> None:
    spacer = Spacer(lambda place: 1.0 + place.x)
    found = [p.x for point in (PenPoint(0, 0), PenPoint(40, 0)) for p in spacer.add(point)]
    assert found == [0.0, 1.0, 3.0, 7.0, 15.0, 31.0]


def test_a_jump_across_the_canvas_has_wider_gaps_instead_of_no_end() -> None:
    found = places([PenPoint(0, 0), PenPoint(900_000, 0)], 0.5)
    assert len(found) <= MAX_PLACES + 1
    assert found[-1].x > 899_000
