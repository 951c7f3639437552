from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from tests.documents.picture.reference import flat, noise

AREA = Rect(200, 200, 120, 120)  # a corner of four tiles lies in it


def blotches(seed: int) -> np.ndarray:
    dice = np.random.default_rng(seed)
    small = dice.integers(0, 4, (24, 24)) * 60
    grey = np.kron(small, np.ones((5, 5), int)) + dice.integers(0, 12, (120, 120))
    pixels = np.full((120, 120, 4), 255, np.uint8)
    pixels[..., :3] = grey[..., None]
    pixels[..., 3] = np.where(
        np.kron(dice.integers(0, 3, (12, 12)), np.ones((10, 10))) == 0, 90, 255
    )
    return pixels


def expected(pixels: np.ndarray, x: int, y: int, tolerance: int, contiguous: bool) -> np.ndarray:
    """Walk from pixel to pixel."""
    alpha = pixels[..., 3:].astype(int)
    premultiplied = np.concatenate([(pixels[..., :3] * alpha + 127) // 255, alpha], axis=-1)
    apart = np.abs(premultiplied - premultiplied[y, x]).max(axis=-1)
    if tolerance == 0:
        amount = np.where(apart == 0, 255, 0)
    else:
        amount = np.floor(np.clip(3 - apart * 2 / tolerance, 0, 1) * 255 + 0.5).astype(int)
    if not contiguous:
        return amount
    seen = np.zeros(apart.shape, bool)
    waiting = deque([(x, y)])
    seen[y, x] = True
    while waiting:
        x, y = waiting.popleft()
        for a, b in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
            if 0 <= a < 120 and 0 <= b < 120 and not seen[b, a] and amount[b, a]:
                seen[b, a] = True
                waiting.append((a, b))
    return amount * seen


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 50),
    st.integers(0, 119),
    st.integers(0, 119),
    st.sampled_from([0, 5, 20, 80, 255]),
    st.booleans(),
)
def test_the_wand_selects_what_a_walk_from_pixel_to_pixel_reaches(seed, x, y, tolerance, near):
    document = PictureDocument()
    document.frame = AREA
    pixels = blotches(seed)
    document.add_layer(pixels=pixels, at=(AREA.x, AREA.y))
    document.select_wand(AREA.x + x, AREA.y + y, tolerance=tolerance, contiguous=near)
    got = document.selection.mask(AREA).astype(int)
    assert np.abs(got - expected(pixels, x, y, tolerance, near)).max() <= 1


def test_a_region_that_winds_through_many_tiles_is_found_whole() -> None:
    document = PictureDocument()
    wall = np.zeros((1200, 1200, 4), np.uint8)
    for n in range(1, 12):  # a maze of one long way
        wall[n * 100 - 3 : n * 100 + 3, 50 if n % 2 else 0 : 1200 if n % 2 else 1150] = 255
    document.frame = Rect(0, 0, 1200, 1200)
    layer = document.add_layer(pixels=wall)
    document.select_wand(5, 5, tolerance=10)
    mask = document.selection.mask(document.frame)
    assert (mask == 255 - wall[..., 3]).all()
    document.clear_selection()
    document.fill(layer, 5, 5, (10, 20, 30), sample_merged=True)
    shown = document.composite(document.frame)
    assert (shown[wall[..., 3] == 0] == (10, 20, 30, 255)).all()


def test_outside_picture_and_frame_there_is_nothing_to_fill() -> None:
    document = PictureDocument()
    layer = document.add_layer()
    for tried in (
        lambda: document.select_wand(10_000, 0),
        lambda: document.fill(layer, -1, 0, (1, 2, 3)),
    ):
        with pytest.raises(BadInputError, match="no picture at this place"):
            tried()
    document.fill(layer, 0, 0, (1, 2, 3))
    assert document.extent() == document.frame


@pytest.mark.parametrize("tolerance", [-1, 256])
def test_a_tolerance_out_of_range_is_refused(tolerance: int) -> None:
    document = PictureDocument()
    layer = document.add_layer()
    with pytest.raises(BadInputError, match="Tolerance"):
        document.fill(layer, 0, 0, (1, 2, 3), tolerance=tolerance)


def test_filling_looks_at_the_layer_or_at_the_whole_picture() -> None:
    def filled(merged: bool) -> np.ndarray:
        document = PictureDocument()
        document.frame = Rect(0, 0, 20, 20)
        below = flat(20, 20, 255, 255, 255)
        below[:, 10:] = (0, 0, 0, 255)
        document.add_layer(pixels=below)
        layer = document.add_layer()
        document.fill(layer, 2, 2, (255, 0, 0), sample_merged=merged)
        return document.composite(document.frame)

    assert (filled(True)[:, :10] == (255, 0, 0, 255)).all() and not filled(True)[:, 10:, 0].any()
    assert (filled(False) == (255, 0, 0, 255)).all()


def test_filling_keeps_to_the_selection_and_to_locked_transparency() -> None:
    document = PictureDocument()
    document.frame = Rect(0, 0, 40, 40)
    pixels = noise(6, 40, 40)
    layer = document.add_layer(pixels=pixels)
    document.set_layer(layer, alpha_locked=True)
    document.select_rect(Rect(0, 0, 20, 40))
    document.fill(layer, 0, 0, (1, 2, 3), tolerance=255)
    shown = document.composite(document.frame)
    assert (shown[..., 3] == pixels[..., 3]).all()
    assert (shown[:, 20:] == pixels[:, 20:]).all()
    assert (shown[:, :20][pixels[:, :20, 3] > 0][:, :3] == (1, 2, 3)).all()


def test_filling_and_clearing_a_selection() -> None:
    document = PictureDocument()
    document.frame = Rect(0, 0, 64, 64)
    layer = document.add_layer()
    document.fill_selection(layer, (9, 8, 7))
    assert document.extent() == document.frame
    document.select_ellipse(Rect(10, 10, 30, 30))
    document.clear(layer)
    alpha = document.composite(document.frame)[..., 3]
    assert (alpha == 255 - document.selection.mask(document.frame)).all()
    document.fill_selection(layer, (1, 1, 1, 128))
    assert tuple(document.composite(Rect(25, 25, 1, 1))[0, 0]) == (1, 1, 1, 128)
    document.clear_selection()
    document.clear(layer)
    assert document.extent().is_empty and not document.snapshot().tiles[layer]
