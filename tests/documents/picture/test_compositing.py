from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.documents.picture.blending import BLEND_MODES
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from tests.documents.picture.reference import assert_shows, composite, flat, noise

VIEW = Rect(-20, 230, 60, 50)  # over four tiles

SMOOTH = [mode for mode in BLEND_MODES if mode not in ("color-dodge", "color-burn")]
LAYER = st.fixed_dictionaries(
    {
        "blend_mode": st.sampled_from(SMOOTH),
        "opacity": st.sampled_from([1.0, 1.0, 0.5, 0.013, 0.0]),
        "visible": st.sampled_from([True, True, True, False]),
    }
)
PLACE = st.tuples(st.integers(-50, 20), st.integers(200, 260))


@st.composite
def documents(draw) -> PictureDocument:
    """Draw a picture of some layers in some groups around a corner of four tiles."""
    document = PictureDocument()
    groups: list[str | None] = [None]
    for number in range(draw(st.integers(1, 6))):
        parent = draw(st.sampled_from(groups))
        properties = draw(LAYER)
        if draw(st.integers(0, 3)) == 0:
            made = document.add_layer("group", parent=parent)
            groups.append(made)
            if draw(st.booleans()):
                properties["blend_mode"] = "pass-through"
        else:
            pixels = noise(
                number + 10 * draw(st.integers(0, 3)), 40, 40, opaque=draw(st.booleans())
            )
            made = document.add_layer(pixels=pixels, at=draw(PLACE), parent=parent)
        document.set_layer(made, **properties)
    return document


@settings(max_examples=60, deadline=None)
@given(documents())
def test_the_composite_is_what_the_standard_says(document: PictureDocument) -> None:
    snapshot = document.snapshot()
    # Luminosity of translucent layers divides by small alphas: a float's error grows there.
    assert_shows(document.composite(VIEW), composite(snapshot, VIEW), slack=0.1)


@settings(max_examples=40, deadline=None)
@given(documents(), st.integers(0, 5))
def test_parts_snapshots_and_whole_agree_to_the_byte(document, shrink) -> None:
    area = Rect(-64, 192, 128, 128)
    part = Rect(-32, 224, 64, 64)
    snapshot = document.snapshot()
    first = document.composite(part, shrink=shrink)
    whole = document.composite(area, shrink=shrink)
    inset = 32 >> shrink
    side = 64 >> shrink
    assert (whole[inset : inset + side, inset : inset + side] == first).all()
    assert (snapshot.composite(area, shrink=shrink) == whole).all()
    assert (document.composite(area, shrink=shrink, without=["nobody"]) == whole).all()


def test_one_layer_is_shown_exactly_as_it_was_put_there() -> None:
    document = PictureDocument()
    pixels = noise(3, 400, 300)
    document.add_layer(pixels=pixels, at=(-130, -77))
    assert (document.composite(Rect(-130, -77, 400, 300)) == pixels).all()
    assert document.extent() == Rect(-130, -77, 400, 300)


def test_colour_under_full_transparency_is_dropped() -> None:
    document = PictureDocument()
    pixels = flat(10, 10, 200, 100, 50, 0)
    document.add_layer(pixels=pixels)
    assert not document.composite(Rect(0, 0, 10, 10)).any()
    assert document.extent().is_empty


def test_masks_controls_and_regions_are_no_part_of_the_picture_but_can_be_shown() -> None:
    document = PictureDocument()
    document.add_layer(pixels=flat(8, 8, 255, 255, 255))
    area = Rect(0, 0, 8, 8)
    for kind in ("mask", "control", "region"):
        made = document.add_layer(kind, pixels=flat(4, 4, 255, 0, 0))
        assert (document.composite(area)[..., :3] == 255).all()
        assert document.extent() == area
        assert (document.composite(area, overlays=True)[:4, :4, 1] == 0).all()
        alone = document.composite(area, only=[made])
        assert (alone[:4, :4] == (255, 0, 0, 255)).all() and not alone[4:].any()
        mask = document.mask(made, Rect(-2, 0, 8, 3))
        assert mask.shape == (3, 8) and (mask[:, 2:6] == 255).all() and not mask[:, :2].any()
        assert (document.snapshot().mask(made, Rect(-2, 0, 8, 3)) == mask).all()
        document.remove_layer(made)


def test_only_shows_hidden_layers_and_what_lies_in_groups() -> None:
    document = PictureDocument()
    group = document.add_layer("group")
    inner = document.add_layer(pixels=flat(4, 4, 9, 8, 7), parent=group)
    other = document.add_layer(pixels=flat(4, 4, 1, 1, 1), parent=group)
    document.set_layer(group, visible=False)
    area = Rect(0, 0, 4, 4)
    assert not document.composite(area).any()
    assert (document.composite(area, only=[inner]) == (9, 8, 7, 255)).all()
    assert (document.composite(area, only=[group]) == (1, 1, 1, 255)).all()
    assert (document.composite(area, only=[group], without=[other]) == (9, 8, 7, 255)).all()


def test_opaque_tiles_hide_what_is_below_without_it_being_looked_at() -> None:
    document = PictureDocument()
    document.add_layer(pixels=noise(1, 256, 256))
    document.add_layer(pixels=noise(2, 256, 256, opaque=True))
    top = document.add_layer(pixels=noise(3, 256, 256))
    area = Rect(0, 0, 256, 256)
    assert_shows(document.composite(area), composite(document.snapshot(), area))
    document.set_layer(top, opacity=0.25)
    assert_shows(document.composite(area), composite(document.snapshot(), area))


def test_halving_means_pixels_by_their_alpha() -> None:
    document = PictureDocument()
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = (200, 100, 0, 255)
    pixels[0, 1] = (100, 0, 0, 85)
    document.add_layer(pixels=pixels)
    got = document.composite(Rect(0, 0, 2, 2), shrink=1)
    assert got.shape == (1, 1, 4)
    assert tuple(got[0, 0]) == (175, 75, 0, 85)


def test_smaller_views_follow_the_smallest_change() -> None:
    document = PictureDocument()
    layer = document.add_layer(pixels=noise(1, 600, 600, opaque=True))
    area = Rect(0, 0, 1024, 1024)
    levels = range(9)
    for level in levels:
        document.composite(area, shrink=level)
    document.paste(layer, flat(1, 1, 255, 0, 255), 517, 301)
    for level in levels:
        fresh = document.snapshot().composite(area, shrink=level)
        assert (document.composite(area, shrink=level) == fresh).all()


@pytest.mark.parametrize(
    "rect", [Rect(), Rect(3, 3, 0, 5), Rect(2_000_000, 0, 0, 1)], ids=["none", "flat", "far"]
)
def test_an_empty_rectangle_shows_nothing(rect: Rect) -> None:
    document = PictureDocument()
    document.add_layer(pixels=flat(4, 4, 1, 2, 3))
    assert document.composite(rect).size == 0
    assert document.snapshot().composite(rect, shrink=3).size == 0


@pytest.mark.parametrize(
    ("rect", "shrink", "words"),
    [
        (Rect(0, 0, 20_000, 20_000), 0, "too many in one piece"),
        (Rect(990_000, 0, 20_000, 10), 0, "too far out"),
        (Rect(0, 0, 10, 10), 9, "halved"),
        (Rect(0, 0, 10, 10), -1, "halved"),
    ],
    ids=["huge", "far", "too small", "larger"],
)
def test_what_cannot_be_shown_is_refused_with_a_sentence(rect, shrink, words) -> None:
    document = PictureDocument()
    for shown in (document, document.snapshot()):
        with pytest.raises(BadInputError, match=words):
            shown.composite(rect, shrink=shrink)


def test_memory_of_the_composite_stays_in_its_budget() -> None:
    from studio.documents.picture.projection import Projection

    asked: list[tuple[int, int]] = []

    def compose(key, window):
        asked.append(key)
        rows, columns = window
        return np.full((4, rows.stop - rows.start, columns.stop - columns.start), 255, np.uint8)

    shown = Projection(compose, budget_bytes=4 * 256 * 1024)
    for column in range(10):
        out = np.zeros((256, 256, 4), np.uint8)
        shown.copy_into(out, Rect(column * 256, 0, 256, 256), 0)
        assert (out == 255).all()
    shown.copy_into(out, Rect(9 * 256, 0, 256, 256), 0)
    assert len(asked) == 10  # the newest is still there
    shown.copy_into(out, Rect(0, 0, 256, 256), 0)
    assert len(asked) == 11  # the oldest had gone
