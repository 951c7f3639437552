from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.documents.picture.blending import BLEND_MODES, lay
from tests.documents.picture import reference

MIXED = [name for name, mode in BLEND_MODES.items() if mode.mix is not None]
BYTES = st.integers(0, 255)
PIXEL = st.tuples(BYTES, BYTES, BYTES, BYTES)


def laid(below: np.ndarray, source: np.ndarray, mode: str) -> np.ndarray:
    """Lay straight bytes over others with the package's arithmetic; premultiplied 0 to 1."""
    planes = []
    for pixels in (below, source):
        floats = pixels.astype(np.float32)
        floats[:, :3] *= floats[:, 3:] / 255
        planes.append(np.ascontiguousarray(floats.T[:, None, :]))
    lay(planes[0], planes[1], mode, np.empty(planes[0].shape[1:], np.float32))
    return planes[0][:, 0, :].T / 255


def premultiplied(pixels: np.ndarray) -> np.ndarray:
    floats = pixels / 255
    floats[:, :3] *= floats[:, 3:]
    return floats


@pytest.mark.parametrize("mode", list(BLEND_MODES))
@given(st.lists(st.tuples(PIXEL, PIXEL), min_size=1, max_size=40))
def test_formulas_are_those_of_the_standard(mode: str, pairs) -> None:
    below = np.array([below for below, _ in pairs], np.uint8)
    source = np.array([source for _, source in pairs], np.uint8)
    expected = reference.over(premultiplied(below), premultiplied(source), mode)
    assert np.abs(laid(below, source, mode) - expected).max() < 1e-4


CORNERS = [
    ("multiply", 128, 255, 128),
    ("screen", 100, 0, 100),
    ("color-dodge", 0, 255, 0),
    ("color-dodge", 10, 255, 255),
    ("color-burn", 255, 0, 255),
    ("color-burn", 250, 0, 0),
    ("difference", 30, 200, 170),
    ("exclusion", 255, 255, 0),
    ("plus", 200, 100, 255),
    ("hard-light", 77, 0, 0),
    ("soft-light", 77, 128, 77),
]


@pytest.mark.parametrize(("mode", "below", "source", "result"), CORNERS, ids=str)
def test_known_values(mode: str, below: int, source: int, result: int) -> None:
    got = laid(
        np.array([[below] * 3 + [255]], np.uint8), np.array([[source] * 3 + [255]], np.uint8), mode
    )
    assert np.abs(got[0, :3] * 255 - result).max() < 1


@pytest.mark.parametrize("mode", list(BLEND_MODES))
def test_over_nothing_every_mode_shows_the_source(mode: str) -> None:
    source = np.array([[12, 200, 3, 77]], np.uint8)
    got = laid(np.zeros((1, 4), np.uint8), source, mode)
    assert np.abs(got - premultiplied(source)).max() < 1e-6


@pytest.mark.parametrize("mode", list(BLEND_MODES))
def test_a_transparent_source_changes_nothing(mode: str) -> None:
    below = np.array([[12, 200, 3, 77]], np.uint8)
    got = laid(below, np.zeros((1, 4), np.uint8), mode)
    assert np.abs(got - premultiplied(below)).max() < 1e-6


def test_every_mode_has_openrasters_name_once() -> None:
    names = [mode.composite_op for mode in BLEND_MODES.values()]
    assert len(set(names)) == len(names) and all(name.startswith("svg:") for name in names)
    assert BLEND_MODES["normal"].composite_op == "svg:src-over"
    assert {"multiply", "screen", "overlay", "darken", "lighten", "plus", "soft-light", "color",
            "luminosity"} <= set(BLEND_MODES)  # fmt: skip
