from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.documents.picture.brush import Brush

NEAR = st.floats(-300, 300)


def mask(brush: Brush, x: float = 0.0, y: float = 0.0):
    return brush.dab(1.0, 0, 0).mask(x, y)


@given(st.floats(1, 120), st.floats(0, 1), NEAR, NEAR)
def test_a_dab_lies_inside_its_rectangle_and_covers_from_0_to_1(size, hardness, x, y) -> None:
    rect, values = mask(Brush(size, hardness=hardness), x, y)
    assert values.shape == (rect.height, rect.width) and values.dtype == np.float32
    assert values.min() >= 0 and values.max() <= 1
    edge = np.concatenate([values[0], values[-1], values[:, 0], values[:, -1]])
    assert edge.max() <= 1e-3 or size < 2
    assert rect.x <= x - size / 2 and rect.right >= x + size / 2


@pytest.mark.parametrize("size", [8, 20, 51.5, 200])
@pytest.mark.parametrize(("x", "y"), [(0, 0), (0.5, 0.5), (10.3, -7.9)])
def test_a_hard_dab_covers_the_area_of_its_disc(size: float, x: float, y: float) -> None:
    _, values = mask(Brush(size, hardness=1.0), x, y)
    assert values.sum() == pytest.approx(math.pi * size**2 / 4, rel=0.02)


@given(NEAR, NEAR)
def test_moving_by_whole_pixels_moves_the_mask(x: float, y: float) -> None:
    x, y = round(x * 16) / 16, round(y * 16) / 16  # exact in a float
    rect, values = mask(Brush(30, hardness=0.3), x, y)
    moved_rect, moved = mask(Brush(30, hardness=0.3), x + 5, y - 3)
    assert moved_rect == rect.moved(5, -3)
    assert np.abs(values - moved).max() < 1e-4


def test_hardness_fades_from_the_edge_inwards() -> None:
    sums = [mask(Brush(100, hardness=h))[1].sum() for h in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert sums == sorted(sums) and sums[0] < 0.5 * sums[-1]
    _, soft = mask(Brush(100, hardness=0.5))
    middle = soft[soft.shape[0] // 2]
    half = len(middle) // 2
    assert (middle[half - 20 : half + 20] == 1).all()
    assert (np.diff(middle[:half]) >= -1e-6).all()


def test_below_a_pixel_a_dab_pales() -> None:
    sums = [mask(Brush(size, hardness=1.0), 0.5, 0.5)[1].sum() for size in (0.1, 0.3, 0.6, 1.0)]
    assert sums == sorted(sums) and sums[0] > 0


def test_pressure_changes_what_it_is_asked_to_change() -> None:
    brush = Brush(100, opacity=0.8, flow=0.5, pressure_size=1.0)
    assert brush.dab(0.5, 0, 0).radius == 25 and brush.dab(0.5, 0, 0).opacity == 0.8
    assert brush.dab(1.0, 0, 0).radius == 50
    brush = Brush(100, opacity=0.8, flow=0.5, pressure_opacity=0.5, pressure_flow=1.0)
    assert brush.dab(0.0, 0, 0).opacity == pytest.approx(0.4)
    assert brush.dab(0.25, 0, 0).flow == pytest.approx(0.125)
    assert brush.dab(0.0, 0, 0).radius == 50


def test_flat_brushes_turn() -> None:
    _, lying = mask(Brush(80, hardness=1.0, roundness=0.25))
    _, standing = mask(Brush(80, hardness=1.0, roundness=0.25, angle_deg=90))
    assert np.abs(lying - standing.T).max() < 1e-3
    assert lying.sum() == pytest.approx(math.pi * 40 * 10, rel=0.03)
    rows, columns = np.nonzero(lying > 0.5)
    assert np.ptp(columns) > 3 * np.ptp(rows)


def test_tilt_makes_dabs_long_the_way_the_pen_leans() -> None:
    brush = Brush(80, hardness=1.0, tilt_shape=1.0)
    upright, leaning = brush.dab(1, 0, 0), brush.dab(1, 0, 60)
    assert upright.roundness == 1.0 and leaning.roundness == pytest.approx(0.25)
    _, values = leaning.mask(0, 0)
    rows, columns = np.nonzero(values > 0.5)
    assert np.ptp(rows) > 3 * np.ptp(columns)
    assert Brush(80).dab(1, 60, 60).roundness == 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        {"size_px": 0.0},
        {"size_px": 5000},
        {"size_px": float("nan")},
        {"hardness": 1.1},
        {"opacity": -0.1},
        {"spacing": 0.0},
        {"roundness": 0.0},
        {"smoothing": 2},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_a_brush_that_cannot_be_is_refused(wrong) -> None:
    with pytest.raises(BadInputError, match="brush"):
        Brush(**wrong)
