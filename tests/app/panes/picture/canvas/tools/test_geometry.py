"""The arithmetic of tools, without a canvas."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QTransform

from studio.app.panes.picture.canvas.tools.box_handles import Handle, cursor_of, handle_at
from studio.app.panes.picture.canvas.tools.brush_options import BrushOptions
from studio.app.panes.picture.canvas.tools.brush_tool import stepped_size
from studio.app.panes.picture.canvas.tools.drag_geometry import (
    dragged_line,
    dragged_rect,
    whole_pixels,
)
from studio.app.panes.picture.canvas.tools.frame_geometry import FrameDrag, drawn_frame
from studio.app.panes.picture.canvas.tools.placement import Placement
from studio.app.panes.picture.canvas.tools.symmetry_axes import axes, symmetry_of
from studio.documents.picture.brush import Brush
from studio.documents.picture.geometry import Rect
from studio.documents.picture.symmetry import Mirror, Radial

places = st.builds(QPointF, st.floats(-900, 900), st.floats(-900, 900))
handles = st.sampled_from(list(Handle))
FRAME = Rect(16, 24, 512, 384)


def test_a_drag_makes_a_rectangle_whichever_way_it_goes():
    there = dragged_rect(QPointF(10, 20), QPointF(40, 60))
    back = dragged_rect(QPointF(40, 60), QPointF(10, 20))
    assert there == back == QRectF(10, 20, 30, 40)


def test_shift_makes_it_square_and_ctrl_centred():
    assert dragged_rect(QPointF(0, 0), QPointF(-30, 10), square=True) == QRectF(-30, 0, 30, 30)
    assert dragged_rect(QPointF(50, 50), QPointF(60, 70), centred=True) == QRectF(40, 30, 20, 40)


@given(start=places, end=places)
def test_stepped_lines_keep_their_length(start: QPointF, end: QPointF):
    free, stepped = end - start, dragged_line(start, end, stepped=True) - start
    assert math.hypot(free.x(), free.y()) == pytest.approx(math.hypot(stepped.x(), stepped.y()))
    turned = math.degrees(math.atan2(stepped.y(), stepped.x())) / 15
    assert turned == pytest.approx(round(turned), abs=1e-3)


def test_edges_of_pixels():
    assert whole_pixels(QRectF(0.4, 0.6, 9.9, 9.9)) == QRectF(0, 1, 10, 9)


@pytest.mark.parametrize("handle", list(Handle), ids=lambda handle: handle.name.lower())
def test_a_handle_is_caught_where_it_is_drawn(handle: Handle):
    box = QRectF(100, 100, 200, 120)
    view = QTransform().translate(30, 40).rotate(20).scale(1.5, 1.5)
    at = view.map(handle.of(box))
    assert handle_at(at + QPointF(4, -4), box, view, 1.0) is handle
    assert handle_at(at + QPointF(60, 60), box, view, 1.0) is not handle


def test_the_arrow_turns_with_the_view():
    shapes = Qt.CursorShape
    assert cursor_of(Handle.RIGHT, QTransform()) == shapes.SizeHorCursor
    assert cursor_of(Handle.RIGHT, QTransform().rotate(90)) == shapes.SizeVerCursor
    assert cursor_of(Handle.TOP_LEFT, QTransform()) == shapes.SizeFDiagCursor
    assert cursor_of(Handle.TOP_LEFT, QTransform().scale(-1, 1)) == shapes.SizeBDiagCursor


@given(handle=handles, by=places, keep=st.booleans())
def test_a_frame_keeps_to_multiples_of_eight_and_its_other_side(
    handle: Handle, by: QPointF, keep: bool
):
    after = FrameDrag(FRAME, handle).dragged(by, keep_ratio=keep)
    assert after.width % 8 == 0 and after.height % 8 == 0
    assert after.width >= 64 and after.height >= 64
    column, row = handle.value
    assert (after.right == FRAME.right) if column < 0 else (after.x == FRAME.x)
    assert (after.bottom == FRAME.bottom) if row < 0 else (after.y == FRAME.y)
    if not keep:
        assert column or after.width == FRAME.width
        assert row or after.height == FRAME.height


def test_a_frame_can_keep_its_shape():
    after = FrameDrag(FRAME, Handle.BOTTOM_RIGHT).dragged(QPointF(512, 10), keep_ratio=True)
    assert (after.width, after.height) == (1024, 768)


@given(by=places)
def test_a_moved_frame_snaps_to_eight_or_with_ctrl_to_one(by: QPointF):
    snapped = FrameDrag(FRAME, None).dragged(by)
    assert snapped.x % 8 == 0 and snapped.y % 8 == 0
    assert (snapped.width, snapped.height) == (FRAME.width, FRAME.height)
    exact = FrameDrag(FRAME, None).dragged(by, exact=True)
    assert abs(exact.x - FRAME.x - by.x()) <= 0.5 and abs(exact.y - FRAME.y - by.y()) <= 0.5


def test_a_drawn_frame_is_never_too_small():
    assert drawn_frame(QRectF(3, 5, 0, 1000)) == Rect(0, 8, 64, 1000)


BOX = QRectF(100, 50, 200, 100)


@given(handle=handles, to=places, angle=st.floats(-170, 170), centred=st.booleans())
def test_a_dragged_handle_goes_where_the_pointer_is(
    handle: Handle, to: QPointF, angle: float, centred: bool
):
    before = Placement(BOX, QPointF(13, -7), 1.5, 0.8, angle)
    after = before.scaled(handle, to, centred=centred)
    stays = BOX.center() if centred else handle.opposite.of(BOX)
    kept = after.matrix().map(stays) - before.matrix().map(stays)
    assert math.hypot(kept.x(), kept.y()) < 1e-6
    if handle.is_corner and abs(after.scale_x) > 0.01 and abs(after.scale_y) > 0.01:
        away = after.matrix().map(handle.of(BOX)) - to
        assert math.hypot(away.x(), away.y()) < 1e-6


@given(to=places)
def test_shift_keeps_the_shape_of_what_is_scaled(to: QPointF):
    after = Placement(BOX, scale_x=2.0, scale_y=1.0).scaled(
        Handle.BOTTOM_RIGHT, to, keep_ratio=True
    )
    if min(abs(after.scale_x), abs(after.scale_y)) > 0.01:
        assert abs(after.scale_x / after.scale_y) == pytest.approx(2.0)


def test_turning_is_about_the_middle_and_shift_steps_it():
    start = BOX.center() + QPointF(50, 0)
    after = Placement(BOX).turned(start, BOX.center() + QPointF(0, 80))
    assert after.angle == pytest.approx(90)
    assert after.matrix().map(BOX.center()) == BOX.center()
    stepped = Placement(BOX).turned(start, BOX.center() + QPointF(50, 10), stepped=True)
    assert stepped.angle == pytest.approx(15)


def test_plain_moves_are_of_whole_pixels():
    after = Placement(BOX).moved(QPointF(10.4, -3.6))
    assert after.shift == QPointF(10, -4)
    assert Placement(BOX).moved(QPointF(10, -3), straight=True).shift == QPointF(10, 0)
    assert Placement(BOX).is_identity and not after.is_identity


@pytest.mark.parametrize(
    ("name", "symmetry", "lines"),
    [
        ("none", (), 0),
        ("vertical", (Mirror(x=272),), 1),
        ("horizontal", (Mirror(y=216),), 1),
        ("both", (Mirror(x=272, y=216),), 2),
        ("radial", (Radial(272, 216, 5),), 5),
    ],
)
def test_symmetry_is_about_the_middle_of_the_frame(name, symmetry, lines):
    options = BrushOptions(symmetry=name, radial_count=5)
    assert symmetry_of(options, FRAME) == symmetry
    found = axes(options, FRAME)
    assert len(found) == lines
    for line in found:
        mid = line.p1() if name == "radial" else line.center()
        assert mid == QPointF(272, 216)


def test_a_brush_goes_there_and_back():
    options = BrushOptions(
        size_px=77,
        hardness=35,
        opacity=60,
        flow=25,
        smoothing=45,
        pressure_size=False,
        pressure_opacity=True,
        tilt_shape=True,
        symmetry="both",
    )
    brush = options.to_brush()
    assert isinstance(brush, Brush) and brush.size_px == 77 and brush.flow == 0.25
    assert options.with_brush(brush) == options


def test_sizes_step_by_one_and_then_by_a_tenth():
    assert stepped_size(5, 1) == 6 and stepped_size(1, -1) == 1
    assert stepped_size(100, 1) == 110 and stepped_size(110, -1) == 100
    assert stepped_size(2000, 1) == 2000
    sizes = [1]
    while sizes[-1] < 2000:
        sizes.append(stepped_size(sizes[-1], 1))
    assert len(sizes) < 80
