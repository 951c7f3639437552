"""What a model is given, pixel by pixel."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from studio.app.panes.picture.composing import (
    Composed,
    Shown,
    Survey,
    compose,
    faded,
    picture_of,
    resized,
    result_pixels,
    survey,
)
from studio.app.panes.picture.control_maps import control_map, edges
from studio.app.panes.picture.frame_size import Resolution
from studio.app.panes.picture.intents import Intent, Situation, offer
from studio.core.errors import BadInputError
from studio.core.media import Picture
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect

FRAME = Rect(0, 0, 256, 256)
RED = (200, 30, 30, 255)


def painted(*rects: Rect, frame: Rect = FRAME) -> PictureDocument:
    picture = PictureDocument()
    picture.frame = frame
    for rect in rects:
        pixels = np.zeros((rect.height, rect.width, 4), np.uint8)
        pixels[:] = RED
        picture.add_layer(pixels=pixels, at=(rect.x, rect.y))
    return picture


def mask_of(composed: Composed) -> np.ndarray:
    assert composed.mask is not None
    return np.array(Image.open(io.BytesIO(composed.mask)))


# -- surveying ---------------------------------------------------------------------------------


def test_what_there_is_is_seen() -> None:
    empty = survey(painted().snapshot(), 256).situation
    assert empty.is_empty and not empty.has_selection
    full = survey(painted(FRAME).snapshot(), 256).situation
    assert full.is_full and full.solidity == 1.0
    half = survey(painted(Rect(0, 0, 128, 256)).snapshot(), 256).situation
    assert half.ends_inside and half.covered == pytest.approx(0.5)


def test_a_shape_is_told_from_a_photo_that_ends() -> None:
    picture = painted()
    y, x = np.mgrid[:200, :200]
    disc = np.zeros((200, 200, 4), np.uint8)
    disc[(x - 100) ** 2 + (y - 100) ** 2 < 90**2] = RED
    picture.add_layer(pixels=disc, at=(20, 20))
    found = survey(picture.snapshot(), 256).situation
    assert not found.ends_inside and offer(found).intent is Intent.REFINE


def test_hidden_layers_and_layers_that_are_no_picture_do_not_count() -> None:
    picture = painted(FRAME)
    picture.set_layer(picture.layers[0].id, visible=False)
    picture.add_layer("control", pixels=np.full((256, 256, 4), 255, np.uint8))
    assert survey(picture.snapshot(), 256).situation.is_empty


def test_the_thinnest_selection_is_a_selection() -> None:
    picture = painted(Rect(0, 0, 4096, 4096), frame=Rect(0, 0, 4096, 4096))
    picture.select_rect(Rect(1001, 1001, 1, 1))
    found = survey(picture.snapshot(), 512)
    assert found.situation.has_selection
    assert found.area.width == 512 and found.area.covers(Rect(1001, 1001, 1, 1))


def test_what_surrounds_something_is_its_background() -> None:
    picture = painted(FRAME)
    picture.select_rect(Rect(80, 80, 100, 100))
    picture.invert_selection()
    found = survey(picture.snapshot(), 256).situation
    assert offer(found).intent is Intent.REPLACE_BACKGROUND


def test_a_huge_frame_is_looked_at_in_small() -> None:
    picture = painted(Rect(0, 0, 100, 100), frame=Rect(-8000, -8000, 16000, 16000))
    found = survey(picture.snapshot(), 1024).situation
    assert 0 <= found.covered < 0.001


# -- composing ---------------------------------------------------------------------------------


def test_from_nothing_there_is_neither_picture_nor_mask() -> None:
    snapshot = painted().snapshot()
    made = compose(snapshot, survey(snapshot, 256), Intent.GENERATE, Resolution(256, 256))
    assert (made.image, made.mask, made.blend) == (None, None, None)


def test_generating_into_a_selection_leaves_the_rest_alone() -> None:
    picture = painted()
    picture.select_rect(Rect(50, 50, 100, 100))
    snapshot = picture.snapshot()
    made = compose(snapshot, survey(snapshot, 256), Intent.GENERATE, Resolution(256, 256))
    assert made.image is None and made.blend is not None
    assert made.blend[100, 100] == 255 and made.blend[5, 5] == 0


def test_a_selection_with_nothing_left_to_repaint_is_refused_with_a_hint() -> None:
    snapshot = painted(FRAME).snapshot()
    found = Survey(FRAME, Situation(covered=1.0))
    with pytest.raises(BadInputError) as caught:
        compose(snapshot, found, Intent.EXPAND, Resolution(256, 256))
    assert caught.value.hint


def test_the_mask_is_scaled_with_the_picture() -> None:
    frame = Rect(0, 0, 1024, 512)
    picture = painted(frame, frame=frame)
    picture.select_rect(Rect(256, 128, 512, 256))
    snapshot = picture.snapshot()
    made = compose(snapshot, survey(snapshot, 1024), Intent.FILL, Resolution(256, 128))
    mask = mask_of(made)
    assert mask.shape == (128, 256) and made.blend is not None and made.blend.shape == (512, 1024)
    assert (mask[32:96, 64:192] == 255).all(), "everything selected is repainted at that size too"
    assert mask[0, 0] == 0


@given(
    st.integers(0, 60), st.integers(0, 60), st.integers(1, 40), st.integers(1, 40), st.floats(0, 20)
)
def test_the_rim_lies_around_what_was_selected(
    x: int, y: int, width: int, height: int, rim: float
) -> None:
    hard = np.zeros((100, 100), np.uint8)
    hard[y : y + height, x : x + width] = 255
    blend, wide = faded(hard, rim)
    assert (blend[hard == 255] == 255).all() and (wide[hard == 255] == 255).all()
    assert set(np.unique(wide)) <= {0, 255}
    assert not blend[wide == 0].any(), "nothing is taken where nothing was repainted"
    far = np.zeros_like(hard)
    reach = round(rim * 2) + 3
    far[max(0, y - reach) : y + height + reach, max(0, x - reach) : x + width + reach] = 255
    assert not wide[far == 0].any()


def test_a_soft_selection_stays_soft() -> None:
    hard = np.zeros((10, 10), np.uint8)
    hard[5] = 100
    blend, wide = faded(hard, 0)
    assert (blend == hard).all() and (wide[5] == 255).all()


def test_colours_behind_transparency_do_not_bleed_when_scaled() -> None:
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:, :, 1] = 255
    pixels[:, 32:] = RED
    small = resized(pixels, 16, 16)
    seen = small[:, :, 3] > 20
    assert seen.any()
    off = np.abs(small[seen][:, :3].astype(int) - RED[:3])
    assert off.max() <= 8, "no green, as lies behind the transparency, but for rounding"


def test_a_layer_alone_can_be_seen() -> None:
    picture = painted(FRAME, Rect(0, 0, 10, 10))
    snapshot = picture.snapshot()
    upper = picture.layers[-1].id
    seen = picture_of(snapshot, FRAME, Resolution(256, 256), only=upper)
    assert seen[5, 5, 3] == 255 and seen[50, 50, 3] == 0


def test_a_result_is_scaled_to_its_area_and_fades_at_its_edges() -> None:
    blend = np.zeros((20, 40), np.uint8)
    blend[:, :20], blend[:, 20] = 255, 100
    made = Composed(Rect(0, 0, 40, 20), Resolution(16, 8), blend=blend)
    result = Picture(width=16, height=8, rgba=bytes(RED) * 128)
    pixels = result_pixels(result, made)
    assert pixels.shape == (20, 40, 4)
    assert (pixels[:, :20] == RED).all()
    assert pixels[5, 20, 3] == 100 and not pixels[:, 21:, 3].any()
    assert result.pixels()[0, 0].tolist() == list(RED), "the result itself is as before"


def test_what_the_document_keeps_composed_is_the_same_as_the_snapshot() -> None:
    picture = painted(Rect(0, 0, 700, 500), Rect(-40, 30, 300, 900), frame=Rect(-50, 0, 800, 900))
    snapshot = picture.snapshot()
    shown = Shown(picture, snapshot, exact=True)
    for shrink in (0, 1, 3):
        rect = Rect(-37, 11, 633, 777)
        assert (
            shown.composite(rect, shrink=shrink) == snapshot.composite(rect, shrink=shrink)
        ).all()
    picture.add_layer(pixels=np.full((900, 800, 4), 255, np.uint8))
    assert (shown.composite(rect) == snapshot.composite(rect)).all(), "the state that was wanted"
    newest = Shown(picture, snapshot, exact=False).composite(rect)
    assert (newest == picture.composite(rect)).all()


# -- maps --------------------------------------------------------------------------------------


def test_edges_are_thin_white_lines_where_something_ends() -> None:
    flat = np.zeros((100, 100, 3), np.uint8)
    flat[30:70, 30:70] = 255
    lines = edges(flat)
    assert set(np.unique(lines)) == {0, 255}
    assert lines[50, 27:33].any() and not lines[40:60, 40:60].any() and not lines[:20].any()
    assert (lines[50] > 0).sum() <= 4


def test_a_plain_picture_has_no_edges_and_a_transparent_one_is_white() -> None:
    assert not edges(np.full((20, 20, 3), 90, np.uint8)).any()
    clear = np.zeros((20, 20, 4), np.uint8)
    assert (control_map(clear, "as it is") == 255).all()
    assert (control_map(clear, "inverted")[:, :, :3] == 0).all()
