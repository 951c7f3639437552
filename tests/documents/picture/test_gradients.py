from __future__ import annotations

import numpy as np
import pytest

from studio.core.errors import BadInputError
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from tests.documents.picture.reference import flat

BLACK, WHITE = (0, 0, 0), (255, 255, 255)


WIDE = Rect(0, 0, 300, 40)


def laid(kind: str, start, end, stops, frame=WIDE) -> np.ndarray:
    document = PictureDocument()
    document.frame = frame
    layer = document.add_layer()
    document.gradient(layer, start, end, stops, kind)  # type: ignore[arg-type]
    return document.composite(frame)


def test_a_linear_gradient_goes_evenly_and_stays_at_its_ends() -> None:
    shown = laid("linear", (50, 0), (250, 0), [(0, BLACK), (1, WHITE)])
    row = shown[7, :, 0].astype(int)
    assert (shown[..., 3] == 255).all() and (shown == shown[:1]).all()
    assert row[0] == 0 and row[299] == 255
    assert np.abs(row[50:250] - (np.arange(200) + 0.5) / 200 * 255).max() <= 1


def test_a_slanted_gradient_is_even_across_its_direction() -> None:
    shown = laid("linear", (0, 0), (100, 100), [(0, BLACK), (1, WHITE)], Rect(0, 0, 100, 100))
    assert (shown[:, :, 0] == shown[:, :, 0].T).all()
    across = np.diagonal(np.fliplr(shown[:, :, 0]))
    assert set(across.tolist()) <= {127, 128}


def test_a_radial_gradient_is_round() -> None:
    shown = laid("radial", (128, 128), (128, 228), [(0, WHITE), (1, BLACK)], Rect(0, 0, 256, 256))
    grey = shown[..., 0].astype(int)
    assert (grey == np.rot90(grey)).all() and grey[128, 128] >= 253 and grey[0, 0] == 0
    assert abs(grey[128, 178] - 127) <= 2


def test_a_conical_gradient_turns_once() -> None:
    shown = laid("conical", (128, 128), (228, 128), [(0, BLACK), (1, WHITE)], Rect(0, 0, 256, 256))
    grey = shown[..., 0].astype(int)
    quarters = [grey[200, 128], grey[128, 50], grey[50, 128]]
    assert [abs(q - want) <= 2 for q, want in zip(quarters, (64, 128, 191), strict=True)] == [
        True
    ] * 3


def test_transparent_stops_leave_no_dark_fringe() -> None:
    shown = laid("linear", (0, 0), (300, 0), [(0, (255, 0, 0, 0)), (1, (255, 0, 0, 255))])
    assert (shown[shown[..., 3] > 0][:, 0] == 255).all()
    assert np.abs(shown[0, :, 3].astype(int) - (np.arange(300) + 0.5) / 300 * 255).max() <= 1
    other = laid("linear", (0, 0), (300, 0), [(0, (0, 0, 0, 0)), (1, (255, 0, 0, 255))])
    assert (other[other[..., 3] > 8][:, 0] > 245).all()


def test_several_stops_and_hard_changes() -> None:
    stops = [(0, BLACK), (0.5, BLACK), (0.5, WHITE), (1, WHITE)]
    row = laid("linear", (0, 0), (300, 0), stops)[0, :, 0]
    assert not row[:149].any() and (row[151:] == 255).all()


def test_it_lies_over_what_is_there_within_the_selection() -> None:
    document = PictureDocument()
    document.frame = Rect(0, 0, 50, 50)
    layer = document.add_layer(pixels=flat(50, 50, 0, 0, 255))
    document.select_rect(Rect(10, 0, 20, 50))
    document.gradient(layer, (0, 0), (50, 0), [(0, (255, 0, 0, 128)), (1, (255, 0, 0, 128))])
    shown = document.composite(document.frame)
    assert (shown[:, :10] == (0, 0, 255, 255)).all() and (shown[:, 30:] == (0, 0, 255, 255)).all()
    assert np.abs(shown[:, 10:30].astype(int) - (128, 0, 127, 255)).max() <= 1


def test_locked_transparency_is_kept() -> None:
    document = PictureDocument()
    document.frame = Rect(0, 0, 50, 50)
    layer = document.add_layer(pixels=flat(20, 20, 0, 0, 255, 77))
    document.set_layer(layer, alpha_locked=True)
    document.gradient(layer, (0, 0), (50, 0), [(0, WHITE), (1, WHITE)])
    shown = document.composite(document.frame)
    assert (shown[:20, :20] == (255, 255, 255, 77)).all() and not shown[20:].any()


@pytest.mark.parametrize(
    ("start", "end", "stops", "kind"),
    [
        ((0, 0), (0, 0), [(0, BLACK), (1, WHITE)], "linear"),
        ((0, 0), (float("nan"), 0), [(0, BLACK), (1, WHITE)], "linear"),
        ((0, 0), (9, 9), [(0, BLACK)], "linear"),
        ((0, 0), (9, 9), [(1, BLACK), (0, WHITE)], "linear"),
        ((0, 0), (9, 9), [(0, BLACK), (1, (300, 0, 0))], "linear"),
        ((0, 0), (9, 9), [(0, BLACK), (1, WHITE)], "spiral"),
    ],
    ids=["no length", "no number", "one stop", "out of order", "no colour", "no kind"],
)
def test_gradients_that_cannot_be_are_refused(start, end, stops, kind) -> None:
    document = PictureDocument()
    layer = document.add_layer()
    with pytest.raises(BadInputError):
        document.gradient(layer, start, end, stops, kind)
    assert document.extent().is_empty
