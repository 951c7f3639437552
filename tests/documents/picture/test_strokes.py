from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.documents.picture.brush import Brush
from studio.documents.picture.document import Change, PictureDocument
from studio.documents.picture.geometry import Rect, bounds_of
from studio.documents.picture.symmetry import Mirror, Radial
from tests.documents.picture.reference import flat, noise

AREA = Rect(-64, -64, 512, 512)
RED = (200, 30, 10)


def picture(pixels=None, at=(0, 0)) -> tuple[PictureDocument, str]:
    document = PictureDocument()
    return document, document.add_layer(pixels=pixels, at=at)


def draw(document, layer, brush, points, colour=RED, **more) -> Rect:
    stroke = document.begin_stroke(layer, brush, colour, **more)
    rect = bounds_of(stroke.add(*point) for point in points)
    return rect.united(stroke.finish())


def test_a_click_is_one_dab_of_the_colour() -> None:
    document, layer = picture()
    rect = draw(document, layer, Brush(40, hardness=1.0), [(100, 100)])
    shown = document.composite(AREA)
    assert tuple(shown[164, 164]) == (*RED, 255)
    assert (shown[shown[..., 3] > 0][:, :3] == RED).all()
    assert shown[..., 3].sum() / 255 == pytest.approx(math.pi * 400, rel=0.02)
    assert rect.covers(document.extent())


def test_a_stroke_never_covers_more_than_its_opacity() -> None:
    document, layer = picture(flat(300, 300, 255, 255, 255))
    points = [(50 + (n * 37) % 200, 50 + (n * 53) % 200) for n in range(80)]
    draw(document, layer, Brush(60, opacity=0.5, flow=0.3), points, (0, 0, 0))
    shown = document.composite(Rect(0, 0, 300, 300))
    assert shown[..., 0].min() in (127, 128)
    draw(document, layer, Brush(60, opacity=0.5), points, (0, 0, 0))
    assert document.composite(Rect(0, 0, 300, 300))[..., 0].min() in (63, 64)


def test_flow_builds_up_where_a_stroke_passes_again() -> None:
    def alpha(times: int) -> int:
        document, layer = picture()
        stroke = document.begin_stroke(layer, Brush(40, hardness=1.0, flow=0.2, spacing=10.0), RED)
        for n in range(times):
            stroke.add(0 if n % 2 else 400, 100)  # one dab at each end
        stroke.finish()
        return int(document.composite(Rect(0, 100, 1, 1))[0, 0, 3])

    got = [alpha(times) for times in (2, 4, 6)]
    assert got == [round(255 * (1 - 0.8**n)) for n in (1, 2, 3)]


def test_pressure_changes_opacity_within_a_stroke() -> None:
    document, layer = picture()
    brush = Brush(40, hardness=1.0, spacing=5.0, pressure_opacity=1.0)
    draw(document, layer, brush, [(0, 0, 0.2), (300, 0, 0.9)])
    shown = document.composite(Rect(0, 0, 301, 1))[0, :, 3]
    assert shown[0] == 51 and abs(int(shown[200]) - 255 * (0.2 + 0.7 * 200 / 300)) <= 1


def test_erasing_takes_away_and_leaves_no_colour_behind() -> None:
    document, layer = picture(flat(200, 200, 9, 9, 9))
    draw(document, layer, Brush(50, hardness=1.0), [(100, 100)], (1, 2, 3, 10), erase=True)
    shown = document.composite(Rect(0, 0, 200, 200))
    assert not shown[100, 100].any() and shown[5, 5, 3] == 255
    assert (shown[shown[..., 3] > 0][:, :3] == 9).all()
    assert document.undo_label == "Eraser stroke"


def test_a_colours_alpha_lowers_the_ceiling() -> None:
    document, layer = picture()
    draw(document, layer, Brush(40, hardness=1.0), [(0, 0), (50, 0)], (*RED, 128))
    assert document.composite(Rect(20, 0, 1, 1))[0, 0].tolist() == [*RED, 128]


def test_locked_transparency_lets_colour_change_but_nothing_else() -> None:
    pixels = noise(1, 300, 300)
    document, layer = picture(pixels)
    document.set_layer(layer, alpha_locked=True)
    draw(document, layer, Brush(80), [(10, 10), (290, 290)])
    shown = document.composite(Rect(0, 0, 300, 300))
    assert (shown[..., 3] == pixels[..., 3]).all()
    inside = shown[145:155, 145:155]
    assert (inside[inside[..., 3] > 0][:, :3] == RED).all()
    with pytest.raises(BadInputError, match="transparency of “Layer 1” is locked"):
        document.begin_stroke(layer, Brush(), RED, erase=True)


def test_only_what_is_selected_is_painted_and_half_of_it_by_half() -> None:
    document, layer = picture()
    mask = np.zeros((100, 100), np.uint8)
    mask[:, 50:] = 255
    mask[:, 40:50] = 51
    document.select_mask(mask, (0, 0))
    draw(document, layer, Brush(300, hardness=1.0), [(50, 50)])
    alpha = document.composite(AREA)[..., 3][64:164, 64:164]
    assert (alpha == mask).all()
    assert document.extent() == Rect(40, 0, 60, 100)


def test_dabs_that_miss_the_selection_touch_no_tile() -> None:
    document, layer = picture()
    document.select_rect(Rect(0, 0, 10, 10))
    before = document.undo_label
    assert draw(document, layer, Brush(20), [(5000, 5000), (6000, 5000)]).is_empty
    assert document.undo_label == before and not document.snapshot().tiles[layer]


def test_symmetry_paints_mirror_images() -> None:
    document, layer = picture()
    points = [(30, 20), (90, 70), (60, 110)]
    draw(document, layer, Brush(20, roundness=0.4), points, symmetry=[Mirror(x=128, y=128)])
    shown = document.composite(Rect(0, 0, 256, 256)).astype(int)
    assert shown[..., 3].any()
    assert np.abs(shown - shown[:, ::-1]).max() <= 1
    assert np.abs(shown - shown[::-1]).max() <= 1


def test_turning_symmetry_paints_around_the_centre() -> None:
    document, layer = picture()
    brush = Brush(20, roundness=0.4, angle_deg=30)
    draw(document, layer, brush, [(30, 20), (90, 70)], symmetry=[Radial(128, 128, 4)])
    shown = document.composite(Rect(0, 0, 256, 256)).astype(int)
    assert np.abs(shown - np.rot90(shown)).max() <= 1


def test_images_too_far_out_are_left_out() -> None:
    document, layer = picture()
    rect = draw(document, layer, Brush(20), [(10, 10)], symmetry=[Mirror(x=900_000)])
    assert rect.right < 100 and not rect.is_empty


@pytest.mark.parametrize(
    "point",
    [(float("nan"), 0), (0, float("inf")), (1e9, 0), (0, -2e6), (0, 0, float("nan"))],
    ids=str,
)
def test_points_that_are_no_places_paint_nothing(point) -> None:
    document, layer = picture()
    stroke = document.begin_stroke(layer, Brush(10), RED)
    stroke.add(20, 20)
    assert stroke.add(*point).is_empty
    assert not stroke.add(25, 20).is_empty
    stroke.finish()
    assert document.extent().width < 40


def test_a_cancelled_stroke_leaves_no_trace() -> None:
    pixels = noise(2, 300, 300)
    document, layer = picture(pixels)
    document.add_layer(pixels=noise(3, 300, 300))
    before, tiles = document.composite(AREA), document.snapshot().tiles[layer]
    steps = document.undo_label
    seen: list[Change] = []
    document.subscribe(seen.append)
    stroke = document.begin_stroke(layer, Brush(90), RED)
    painted = stroke.add(10, 10).united(stroke.add(200, 150))
    assert (document.composite(AREA) != before).any()
    stroke.cancel()
    assert (document.composite(AREA) == before).all()
    after = document.snapshot().tiles[layer]
    assert {key: id(tile) for key, tile in after.items()} == {
        key: id(tile) for key, tile in tiles.items()
    }
    assert document.undo_label == steps and not document.can_redo
    assert bounds_of(change.rect for change in seen if change.rect).covers(painted)
    assert stroke.add(5, 5).is_empty and stroke.finish().is_empty
    stroke.cancel()
    assert document.undo_label == steps


def test_another_change_finishes_a_stroke_first() -> None:
    document, layer = picture()
    other = document.add_layer()
    stroke = document.begin_stroke(layer, Brush(30), RED)
    stroke.add(20, 20)
    document.set_layer(other, visible=False)
    assert not stroke.is_open and stroke.add(100, 100).is_empty
    assert document.undo() == "Hide “Layer 2”"
    assert document.undo() == "Brush stroke"
    assert document.extent().is_empty


def test_undo_in_the_middle_of_a_stroke_takes_that_stroke_back() -> None:
    document, layer = picture()
    stroke = document.begin_stroke(layer, Brush(30), RED)
    stroke.add(20, 20)
    assert document.can_undo
    assert document.undo() == "Brush stroke" and document.extent().is_empty
    assert not stroke.is_open


def test_a_stroke_that_changes_nothing_is_no_step() -> None:
    document, layer = picture(flat(300, 300, *RED))
    label = document.undo_label
    draw(document, layer, Brush(30), [(100, 100), (150, 100)])
    assert document.undo_label == label


@pytest.mark.parametrize("what", ["locked", "hidden", "group", "gone", "in locked", "in hidden"])
def test_layers_that_cannot_be_painted_refuse_with_a_sentence(what: str) -> None:
    document = PictureDocument()
    group = document.add_layer("group", "Animals")
    layer = document.add_layer(name="Fox", parent=group)
    words = {
        "locked": "“Fox” is locked",
        "hidden": "“Fox” is hidden",
        "group": "“Animals” is a group",
        "gone": "no longer there",
        "in locked": "“Animals” is locked",
        "in hidden": "“Animals” is hidden",
    }[what]
    if what in ("locked", "hidden"):
        document.set_layer(layer, **({"locked": True} if what == "locked" else {"visible": False}))
    elif what == "gone":
        document.remove_layer(layer)
    elif what.startswith("in"):
        document.set_layer(group, locked=what == "in locked", visible=what != "in hidden")
    chosen = group if what == "group" else layer
    before = document.undo_label
    for refused in (
        lambda: document.begin_stroke(chosen, Brush(), RED),
        lambda: document.paste(chosen, flat(2, 2, 1, 1, 1), 0, 0),
        lambda: document.fill(chosen, 0, 0, RED),
        lambda: document.fill_selection(chosen, RED),
        lambda: document.clear(chosen),
        lambda: document.gradient(chosen, (0, 0), (9, 9), [(0, RED), (1, RED)]),
    ):
        with pytest.raises(BadInputError, match=words):
            refused()
    assert document.undo_label == before


@pytest.mark.parametrize("colour", [(1, 2), (1, 2, 3, 4, 5), (0, 0, 256), (-1, 0, 0)], ids=str)
def test_what_is_no_colour_is_refused(colour) -> None:
    document, layer = picture()
    with pytest.raises(BadInputError, match="colour"):
        document.begin_stroke(layer, Brush(), colour)


POINT = st.tuples(st.floats(-60, 330), st.floats(-60, 330), st.floats(0, 1))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(POINT, min_size=1, max_size=6),
    st.sampled_from([0.0, 0.3]),
    st.booleans(),
    st.sampled_from([(), (Mirror(x=100),), (Radial(90, 90, 3),)]),
)
def test_strokes_repeat_to_the_byte_and_undo_exactly(points, smoothing, erase, symmetry) -> None:
    results = []
    for _ in range(2):
        document, layer = picture(noise(5, 200, 200), (20, 20))
        before = document.composite(AREA)
        brush = Brush(33, hardness=0.4, flow=0.7, smoothing=smoothing, pressure_size=0.5)
        draw(document, layer, brush, points, erase=erase, symmetry=symmetry)
        after = document.composite(AREA)
        assert (document.snapshot().composite(AREA) == after).all()
        while document.undo_label != "New raster layer":
            document.undo()
        assert (document.composite(AREA) == before).all()
        while document.redo():
            pass
        assert (document.composite(AREA) == after).all()
        results.append(after)
    assert (results[0] == results[1]).all()


def test_how_points_are_bundled_makes_no_difference() -> None:
    def painted(share: int) -> np.ndarray:
        document, layer = picture()
        stroke = document.begin_stroke(layer, Brush(30, hardness=0.5), RED)
        for n in range(0, 61, share):
            stroke.add(n * 4, 30)
        stroke.finish()
        return document.composite(AREA).astype(int)

    assert np.abs(painted(1) - painted(60)).max() <= 1
