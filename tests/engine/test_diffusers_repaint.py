"""Sizes, masks and blending: numpy and Pillow only, no model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.engine.backends import _diffusers_repaint as repaint
from studio.engine.backends._diffusers_frames import Frame, resized
from tests.fakes.toy_pictures import encoded

CHANCE = np.random.default_rng(3)


def picture(width: int, height: int) -> Any:
    return CHANCE.integers(0, 256, (height, width, 4), dtype=np.uint8)


# Frames


@settings(max_examples=80, deadline=None)
@given(st.integers(8, 400), st.integers(8, 400), st.sampled_from([8, 16, 32, 64]), st.booleans())
def test_what_goes_into_a_frame_comes_out_of_it(
    width: int, height: int, multiple: int, centred: bool
) -> None:
    frame = Frame.of(width, height, multiple, centred=centred)
    assert frame.model_width % multiple == 0
    assert frame.model_height % multiple == 0
    assert min(frame.model_width, frame.model_height) >= 64
    source = picture(width, height)
    inside = frame.enter(source)
    assert inside.shape == (frame.model_height, frame.model_width, 4)
    out = frame.leave(inside)
    assert out.shape == source.shape
    if min(width, height) >= 64:
        assert np.array_equal(out, source), "nothing is scaled that need not be"


def test_a_mask_enters_a_frame_like_a_picture() -> None:
    frame = Frame.of(70, 70, 16, centred=False)
    mask = np.zeros((70, 70), np.uint8)
    mask[69, 69] = 255
    inside = frame.enter(mask)
    assert inside.shape == (80, 80)
    assert inside[69:, 69:].min() == 255, "the edge is continued"
    assert inside[:69, :69].max() == 0


def test_a_thread_is_too_narrow_to_be_drawn() -> None:
    with pytest.raises(BadInputError, match="too narrow"):
        Frame.of(1, 16_384, 8, centred=True)


def test_colours_of_transparent_pixels_do_not_bleed_when_scaled() -> None:
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:, :4] = (200, 10, 10, 255)
    pixels[:, 4:] = (0, 255, 0, 0)
    small = resized(pixels, 4, 4)
    seen = small[small[..., 3] > 8]
    assert seen[:, 1].max() < 40


# Reading


def test_pictures_are_read_with_their_transparency() -> None:
    source = picture(9, 7)
    assert np.array_equal(repaint.read_picture(encoded(source)), source)


@pytest.mark.parametrize("data", [b"", b"not a picture", encoded(picture(64, 64))[:300]])
def test_what_is_not_a_picture_gets_a_sentence(data: bytes) -> None:
    with pytest.raises(BadInputError, match="not a picture"):
        repaint.read_picture(data)


def test_a_picture_of_impossible_size_is_not_decoded() -> None:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.new("1", (16_385, 4)).save(file, "PNG")
    with pytest.raises(BadInputError, match="16385 x 4"):
        repaint.read_picture(file.getvalue())


def test_a_mask_of_the_same_shape_is_scaled_and_any_other_refused() -> None:
    mask = np.zeros((20, 30), np.uint8)
    mask[5:15, 5:25] = 255
    assert repaint.read_mask(encoded(mask), 60, 40).shape == (40, 60)
    with pytest.raises(BadInputError, match="30 x 20 px and the picture 60 x 60"):
        repaint.read_mask(encoded(mask), 60, 60)


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(BadInputError, match="empty"):
        repaint.read_mask(encoded(np.zeros((8, 8), np.uint8)), 8, 8)


# Filling


def test_transparent_parts_are_continued_from_what_is_around() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :32] = (220, 30, 30, 255)
    filled = repaint.filled(pixels, seed=1)
    assert filled.shape == (64, 64, 3)
    assert np.array_equal(filled[:, :32], pixels[:, :32, :3])
    far = filled[:, 40:].astype(float)
    assert far[..., 0].mean() > 180
    assert far[..., 1].mean() < 70
    assert far.std() > 5, "some noise lies on it"
    assert np.array_equal(filled, repaint.filled(pixels, seed=1))
    assert not np.array_equal(filled, repaint.filled(pixels, seed=2))


def test_two_sides_flow_into_each_other() -> None:
    pixels = np.zeros((32, 96, 4), np.uint8)
    pixels[:, :24] = (255, 255, 255, 255)
    pixels[:, 72:] = (0, 0, 0, 255)
    filled = repaint.filled(pixels, seed=1).astype(float).mean(axis=(0, 2))
    assert filled[28] > filled[48] > filled[68]


def test_a_wholly_transparent_picture_is_grey() -> None:
    filled = repaint.filled(np.zeros((40, 40, 4), np.uint8), seed=1)
    assert 120 < filled.mean() < 136


def test_an_opaque_picture_is_filled_with_itself() -> None:
    pixels = picture(12, 9)
    pixels[..., 3] = 255
    assert np.array_equal(repaint.filled(pixels, seed=1), pixels[..., :3])


def test_paper_is_white() -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = (10, 20, 30, 255)
    white = repaint.on_white(pixels)
    assert tuple(white[0, 0]) == (10, 20, 30)
    assert white[1].min() == 255


# Masks and blending


def square(side: int = 64, inner: int = 32) -> Any:
    mask = np.zeros((side, side), np.uint8)
    start = (side - inner) // 2
    mask[start : start + inner, start : start + inner] = 255
    return mask


@pytest.mark.parametrize("blur", [0, 1, 8, 40])
def test_nothing_outside_the_mask_changes(blur: int) -> None:
    old, new, mask = picture(64, 64), picture(64, 64), square()
    out = repaint.blended(old, new, repaint.fading(mask, blur))
    assert np.array_equal(out[mask == 0], old[mask == 0])
    if not blur:
        assert np.array_equal(out[mask > 0], new[mask > 0])


def test_the_middle_of_a_mask_is_all_new_and_its_edge_fades() -> None:
    share = repaint.fading(square(96, 64), 8)
    assert share[48, 48] == pytest.approx(1.0, abs=0.01)
    row = share[48, 16:48]
    assert row[0] < 0.35
    assert np.all(np.diff(row) >= -1e-6)


def test_a_mask_that_reaches_the_edge_of_the_picture_does_not_fade_there() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[:, :32] = 255
    share = repaint.fading(mask, 8)
    assert share[32, 0] == pytest.approx(1.0, abs=0.01)
    assert share[0, 0] == pytest.approx(1.0, abs=0.01)


def test_a_soft_mask_stays_as_soft_as_it_was_made() -> None:
    mask = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (64, 1))
    share = repaint.fading(mask, 0)
    assert np.allclose(share, mask / 255, atol=1e-6)


def test_a_thin_line_is_still_painted() -> None:
    mask = np.zeros((64, 64), np.uint8)
    mask[30:38] = 255
    assert repaint.fading(mask, 8)[34, 32] > 0.5


def test_the_model_repaints_a_little_more_than_is_taken() -> None:
    mask = square()
    wanted = repaint.for_model(mask, 8)
    assert set(np.unique(wanted)) == {0, 255}
    assert (wanted >= mask).all()
    assert wanted.sum() > mask.astype(int).sum()
    assert np.array_equal(repaint.for_model(mask, 0), mask)


def test_new_paint_on_nothing_is_as_bright_as_it_is() -> None:
    old = np.zeros((1, 1, 4), np.uint8)
    new = np.array([[[200, 100, 50, 255]]], np.uint8)
    out = repaint.blended(old, new, np.array([[0.5]], np.float32))
    assert out[0, 0].tolist() == [200, 100, 50, 128]
