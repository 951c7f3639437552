from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.documents.picture.symmetry import Mirror, Radial, images

NEAR = st.floats(-500, 500)


def points(symmetry, x: float, y: float) -> set[tuple[float, float]]:
    return {
        (round(a, 6) + 0.0, round(b, 6) + 0.0) for a, b in (i.point(x, y) for i in images(symmetry))
    }


def test_without_symmetry_a_point_is_itself() -> None:
    assert points([], 3, 4) == {(3, 4)}


def test_mirrors_exchange_the_sides_of_their_axes() -> None:
    assert points([Mirror(x=10)], 3, 4) == {(3, 4), (17, 4)}
    assert points([Mirror(y=-1)], 3, 4) == {(3, 4), (3, -6)}
    assert points([Mirror(x=10, y=-1)], 3, 4) == {(3, 4), (17, 4), (3, -6), (17, -6)}


def test_turning_is_even_around_the_centre() -> None:
    assert points([Radial(0, 0, 4)], 1, 0) == {(1, 0), (0, 1), (-1, 0), (0, -1)}
    assert len(images([Radial(5, 5, 6), Mirror(x=5)])) == 12


@given(NEAR, NEAR, NEAR, NEAR, st.integers(1, 12))
def test_every_image_keeps_distances(x, y, cx, cy, count) -> None:
    for image in images([Radial(cx, cy, count), Mirror(x=cx)]):
        a, b = image.point(x, y), image.point(x + 3, y + 4)
        assert math.dist(a, b) == pytest.approx(5, abs=1e-6)
        assert math.dist(a, (cx, cy)) == pytest.approx(math.dist((x, y), (cx, cy)), abs=1e-6)


def test_directions_turn_along() -> None:
    _, mirrored = images([Mirror(x=0)])
    assert mirrored.angle(0.25) == pytest.approx(math.pi - 0.25)
    _, turned, *_ = images([Radial(0, 0, 4)])
    assert turned.angle(0.25) == pytest.approx(math.pi / 2 + 0.25)
    assert images([Mirror(x=3)])[0].angle(7.5) == 7.5


@pytest.mark.parametrize("count", [0, -3, 65, 10**9])
def test_too_few_or_too_many_directions_are_refused(count: int) -> None:
    with pytest.raises(BadInputError):
        images([Radial(0, 0, count)])
    with pytest.raises(BadInputError):
        images([Radial(0, 0, 40), Mirror(x=1)])
