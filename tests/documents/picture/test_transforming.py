from __future__ import annotations

import math

import numpy as np
import pytest

from studio.core.errors import BadInputError
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from tests.documents.picture.reference import flat, noise

WIDE = Rect(-600, -600, 1200, 1200)


def picture(pixels, at=(0, 0)) -> tuple[PictureDocument, str]:
    document = PictureDocument()
    return document, document.add_layer(pixels=pixels, at=at)


def shown(document: PictureDocument, rect: Rect = WIDE) -> np.ndarray:
    return document.composite(rect)


@pytest.mark.parametrize("by", [(0, 0), (1, -1), (256, 512), (-77, 300)], ids=str)
def test_moving_by_whole_pixels_changes_none(by) -> None:
    pixels = noise(1, 300, 200)
    document, layer = picture(pixels)
    document.transform_layer(layer, ((1, 0, by[0]), (0, 1, by[1])))
    assert document.extent() == Rect(*by, 300, 200)
    assert (shown(document, Rect(*by, 300, 200)) == pixels).all()


EXACT = {
    "mirror": (((-1, 0, 0), (0, 1, 0)), lambda p: p[:, ::-1]),
    "flip": (((1, 0, 0), (0, -1, 0)), lambda p: p[::-1]),
    "half turn": (((-1, 0, 0), (0, -1, 0)), lambda p: p[::-1, ::-1]),
    "quarter turn": (((0, -1, 0), (1, 0, 0)), lambda p: np.rot90(p, -1)),
    "quarter back": (((0, 1, 0), (-1, 0, 0)), np.rot90),
}


@pytest.mark.parametrize("name", EXACT)
def test_mirrors_and_quarter_turns_change_no_pixel(name: str) -> None:
    matrix, expected = EXACT[name]
    pixels = noise(2, 270, 190)
    document, layer = picture(pixels, (20, 30))
    document.transform_layer(layer, matrix)
    extent = document.extent()
    assert (shown(document, extent) == expected(pixels)).all()
    corner = (matrix[0][0] * 20 + matrix[0][1] * 30, matrix[1][0] * 20 + matrix[1][1] * 30)
    assert extent.x - 1 <= corner[0] <= extent.right + 1


def test_turning_there_and_back_gives_about_the_same() -> None:
    y, x = np.mgrid[:200, :200]
    pixels = np.stack(
        [128 + 100 * np.sin(x / 20), 128 + 100 * np.cos(y / 25), x, np.full_like(x, 255)], -1
    ).astype(np.uint8)
    document, layer = picture(pixels, (100, 100))
    for angle in (0.4, -0.4):
        c, s = math.cos(angle), math.sin(angle)
        e, f = 200 - 200 * c + 200 * s, 200 - 200 * s - 200 * c
        document.transform_layer(layer, ((c, -s, e), (s, c, f)))
    middle = shown(document, Rect(110, 110, 180, 180)).astype(int)
    assert np.abs(middle - pixels[10:190, 10:190]).max() <= 3


@pytest.mark.parametrize("resample", ["nearest", "bilinear", "bicubic"])
def test_scaling_keeps_place_colour_and_amount(resample: str) -> None:
    document, layer = picture(flat(100, 60, 10, 200, 30), (40, 20))
    document.transform_layer(layer, ((2.5, 0, -10), (0, 2.5, 5)), resample)  # type: ignore[arg-type]
    got = shown(document)
    assert got[..., 3].sum() / 255 == pytest.approx(250 * 150, rel=0.01)
    assert (got[got[..., 3] > 0][:, :3] == (10, 200, 30)).all()
    assert Rect(90, 55, 250, 150).grown(4).covers(document.extent())


def test_what_resampling_adds_around_is_not_cut_off_at_tiles() -> None:
    document, layer = picture(flat(20, 20, 9, 9, 9))
    document.transform_layer(layer, ((16, 0, -64), (0, 16, -64)))  # its edges lie on tiles' edges
    row = shown(document, Rect(-64 - 40, 100, 400, 1))[0, :, 3].astype(int)
    assert row[40 - 5] > 0 and row[360 + 4] > 0
    assert np.abs(row - row[::-1]).max() <= 1


def test_making_it_much_smaller_leaves_no_pixel_out() -> None:
    pixels = flat(512, 512, 0, 0, 0)
    pixels[::2, ::2] = pixels[1::2, 1::2] = (255, 255, 255, 255)
    document, layer = picture(pixels)
    document.transform_layer(layer, ((0.1, 0, 0), (0, 0.1, 0)))
    inner = shown(document, Rect(3, 3, 44, 44))
    assert np.abs(inner[..., 0].astype(int) - 127).max() <= 4 and (inner[..., 3] == 255).all()


def test_no_colour_bleeds_from_transparent_pixels() -> None:
    pixels = flat(60, 60, 255, 0, 0)
    pixels[:, 30:] = 0
    document, layer = picture(pixels)
    document.transform_layer(layer, ((1.37, 0.2, 3), (-0.3, 0.9, 40)))
    got = shown(document)
    assert (got[got[..., 3] > 0][:, 0] >= 254).all() and not got[..., 1:3].any()


def test_only_what_is_selected_moves_and_the_selection_with_it() -> None:
    document, layer = picture(flat(100, 100, 50, 60, 70))
    document.select_rect(Rect(0, 0, 40, 100))
    document.transform_layer(layer, ((1, 0, 300), (0, 1, 10)))
    assert document.selection.bounds == Rect(300, 10, 40, 100)
    alpha = shown(document, Rect(0, 0, 400, 120))[..., 3]
    assert not alpha[:100, :40].any() and (alpha[:100, 40:100] == 255).all()
    assert (alpha[10:110, 300:340] == 255).all() and alpha.sum() / 255 == 10_000
    assert document.undo() == "Move"
    assert document.selection.bounds == Rect(0, 0, 40, 100)
    assert (shown(document, Rect(0, 0, 100, 100)) == (50, 60, 70, 255)).all()


def test_what_moves_lies_over_what_stays() -> None:
    pixels = flat(100, 10, 255, 0, 0)
    pixels[:, 50:] = (0, 0, 255, 255)
    document, layer = picture(pixels)
    document.select_rect(Rect(0, 0, 50, 10))
    document.transform_layer(layer, ((1, 0, 25), (0, 1, 0)))
    row = shown(document, Rect(0, 0, 100, 1))[0]
    assert not row[:25].any() and (row[25:75, 0] == 255).all() and (row[75:, 2] == 255).all()


def test_a_group_moves_with_everything_in_it_as_one_step() -> None:
    document = PictureDocument()
    group = document.add_layer("group")
    document.add_layer(pixels=flat(10, 10, 1, 1, 1), parent=group)
    document.add_layer("mask", pixels=flat(10, 10, 2, 2, 2), at=(50, 0), parent=group)
    document.transform_layer(group, ((1, 0, 100), (0, 1, 0)))
    alpha = document.composite(Rect(100, 0, 100, 1), overlays=True)[0, :, 3]
    assert alpha.nonzero()[0].tolist() == [*range(10), *range(50, 60)]
    assert document.undo() == "Move"
    assert document.extent() == Rect(0, 0, 10, 10)


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (((0, 0, 0), (0, 0, 0)), "Nothing would be left"),
        (((1, 2, 0), (2, 4, 0)), "Nothing would be left"),
        (((float("nan"), 0, 0), (0, 1, 0)), "two rows"),
        (((1, 0), (0, 1)), "two rows"),
        (((1, 0, 0),), "two rows"),
        (((1, 0, 0), (0, 1, 0), (1, 0, 1)), "two rows"),
        (((5000, 0, 0), (0, 5000, 0)), "too large|too far"),
        (((1, 0, 5e6), (0, 1, 0)), "too far"),
    ],
    ids=["zero", "flat", "nan", "short", "one row", "perspective", "huge", "far"],
)
def test_transforms_that_cannot_be_are_refused(matrix, words) -> None:
    document, layer = picture(flat(200, 200, 1, 2, 3))
    before = shown(document)
    with pytest.raises(BadInputError, match=words):
        document.transform_layer(layer, matrix)
    assert (shown(document) == before).all() and document.undo_label == "New raster layer"


def test_a_way_to_resample_that_is_not_there_is_refused() -> None:
    document, layer = picture(flat(20, 20, 1, 2, 3))
    with pytest.raises(BadInputError, match="resample"):
        document.transform_layer(layer, ((2, 0, 0), (0, 2, 0)), "magic")  # type: ignore[arg-type]


def test_an_empty_layer_can_be_moved() -> None:
    document, layer = picture(None)
    document.transform_layer(layer, ((1, 0, 5), (0, 1, 5)))
    assert document.undo_label == "New raster layer"
