from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF

from studio.app.panes.picture.canvas.view_transform import (
    ZOOM_MAX,
    ZOOM_MIN,
    ViewTransform,
    next_stop,
    normal_angle,
)

places = st.builds(QPointF, st.floats(-5000, 5000), st.floats(-5000, 5000))
views = st.builds(
    ViewTransform,
    zoom=st.floats(ZOOM_MIN, ZOOM_MAX),
    angle=st.floats(-179, 180),
    centre=places,
    middle=st.builds(QPointF, st.floats(0, 2000), st.floats(0, 2000)),
    mirrored=st.booleans(),
)


def near(one: QPointF, other: QPointF, within: float) -> bool:
    away = one - other
    return abs(away.x()) <= within and abs(away.y()) <= within


@given(view=views, point=places)
def test_there_and_back_again(view: ViewTransform, point: QPointF):
    assert near(view.to_document(view.to_screen(point)), point, 0.01)


@given(view=views, at=places, zoom=st.floats(ZOOM_MIN, ZOOM_MAX))
def test_zooming_keeps_what_is_under_the_pointer(view: ViewTransform, at: QPointF, zoom: float):
    point = view.to_document(at)
    after = view.zoomed(zoom, at)
    assert near(after.to_screen(point), at, 1.01)  # upright views begin at a whole pixel


@given(view=views, at=places, angle=st.floats(-720, 720))
def test_turning_keeps_what_is_under_the_pointer(view: ViewTransform, at: QPointF, angle: float):
    point = view.to_document(at)
    assert near(view.rotated(angle, at).to_screen(point), at, 1.01)


@given(view=views, by=st.builds(QPointF, st.integers(-500, 500), st.integers(-500, 500)))
def test_dragging_moves_by_as_much(view: ViewTransform, by: QPointF):
    before, after = view.transform(), view.moved(by).transform()
    moved = QPointF(after.dx() - before.dx(), after.dy() - before.dy())
    assert near(moved, by, 1e-3)


@given(
    view=views,
    rect=st.builds(
        QRectF, st.floats(-999, 999), st.floats(-999, 999), st.floats(1, 4000), st.floats(1, 4000)
    ),
)
def test_what_is_fitted_shows_whole(view: ViewTransform, rect: QRectF):
    view = view.resized(QSizeF(800, 600)).fitted(rect)
    shown = view.polygon_to_screen(rect).boundingRect()
    if view.zoom > ZOOM_MIN:
        assert QRectF(-1, -1, 802, 602).contains(shown)


def test_an_upright_view_puts_pixels_on_pixels():
    view = ViewTransform(zoom=3.0, centre=QPointF(1.234, 5.678), middle=QPointF(100.5, 77.25))
    corner = view.to_screen(QPointF(10, 20))
    assert corner.x() == int(corner.x()) and corner.y() == int(corner.y())


def test_the_zoom_has_bounds_and_stops_double_in_two_steps():
    view = ViewTransform()
    assert view.zoomed(1e9).zoom == ZOOM_MAX == 64 and view.zoomed(0).zoom == ZOOM_MIN
    assert view.stepped(2).zoom == pytest.approx(2) and view.stepped(-2).zoom == pytest.approx(0.5)
    assert next_stop(ZOOM_MAX, nearer=True) == ZOOM_MAX
    assert next_stop(0.9, nearer=True) == 1.0 and next_stop(1.1, nearer=False) == 1.0


@pytest.mark.parametrize(
    ("angle", "normal"), [(0, 0), (190, -170), (-190, 170), (360, 0), (180, 180), (-180, 180)]
)
def test_angles_have_one_name(angle: float, normal: float):
    assert normal_angle(angle) == normal


def test_flipping_twice_is_nothing_and_once_is_a_mirror():
    view = ViewTransform(angle=30, centre=QPointF(50, 50), middle=QPointF(200, 150))
    assert view.flipped().flipped() == view
    assert view.flipped().transform().determinant() < 0 < view.transform().determinant()
