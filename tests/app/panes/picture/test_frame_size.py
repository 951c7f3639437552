"""Where a model works, and at which size."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.app.panes.picture.frame_size import (
    ASPECT_MAX,
    DEFAULT_SIDE,
    SIDE_MAX,
    STEP,
    Resolution,
    resolution_for,
    taught_side,
    work_area,
)
from studio.documents.picture.geometry import Rect
from studio.models.info import ModelInfo


@pytest.mark.parametrize(
    ("area", "side", "expected"),
    [
        (Rect(0, 0, 512, 512), 512, Resolution(512, 512)),
        (Rect(0, 0, 4096, 4096), 512, Resolution(512, 512)),
        (Rect(0, 0, 100, 100), 1024, Resolution(1024, 1024)),
        (Rect(0, 0, 1920, 1080), 1024, Resolution(1360, 768)),
        (Rect(5, 5, 1, 1000), 512, Resolution(288, 880)),
        (Rect(0, 0, 64, 64), 4, Resolution(16, 16)),
    ],
)
def test_resolution(area: Rect, side: int, expected: Resolution) -> None:
    assert resolution_for(area, side) == expected


@given(st.integers(1, 16_384), st.integers(1, 16_384), st.sampled_from([64, 256, 512, 1024, 1328]))
def test_a_resolution_is_near_what_the_model_was_taught(width: int, height: int, side: int) -> None:
    found = resolution_for(Rect(0, 0, width, height), side)
    assert found.width % STEP == found.height % STEP == 0
    assert STEP <= found.width <= SIDE_MAX and STEP <= found.height <= SIDE_MAX
    assert 0.7 <= found.width * found.height / side**2 <= 1.35
    if 1 / ASPECT_MAX <= width / height <= ASPECT_MAX:
        assert found.width / found.height == pytest.approx(width / height, rel=0.45)


FRAME = Rect(0, 0, 512, 512)
LARGE = Rect(0, 0, 4096, 4096)


@pytest.mark.parametrize(
    ("frame", "selected", "expected"),
    [
        (FRAME, Rect(), FRAME),
        (LARGE, Rect(), LARGE),
        (FRAME, Rect(10, 10, 50, 50), FRAME),
        (LARGE, Rect(1000, 1000, 100, 100), Rect(794, 794, 512, 512)),
        (LARGE, Rect(0, 0, 100, 100), Rect(0, 0, 512, 512)),
        (LARGE, Rect(2000, 2000, 1000, 1000), Rect(1500, 1500, 2000, 2000)),
        (FRAME, Rect(600, 0, 100, 100), Rect(394, -206, 512, 512)),
        (FRAME, Rect(500, 0, 100, 100), Rect(294, -206, 512, 512)),
        (LARGE, LARGE, LARGE),
    ],
)
def test_a_small_selection_in_a_large_frame_keeps_its_details(
    frame: Rect, selected: Rect, expected: Rect
) -> None:
    assert work_area(frame, selected, 512) == expected


@given(
    st.integers(1, 5000),
    st.integers(1, 5000),
    st.integers(-3000, 6000),
    st.integers(-3000, 6000),
    st.integers(1, 5000),
    st.integers(1, 5000),
)
def test_the_area_always_holds_the_selection(
    width: int, height: int, x: int, y: int, selected_width: int, selected_height: int
) -> None:
    frame, selected = Rect(0, 0, width, height), Rect(x, y, selected_width, selected_height)
    area = work_area(frame, selected, 512)
    assert area.covers(selected)
    if frame.covers(selected):
        assert frame.covers(area)


def model(path: Path | None = None, family: str = "") -> ModelInfo:
    return ModelInfo(id="m", title="M", path=path, family=family)


def test_the_side_a_model_was_taught_at(tmp_path: Path) -> None:
    assert taught_side(None) == DEFAULT_SIDE
    assert taught_side(model(family="sd-1")) == 512
    assert taught_side(model(family="sd-2-base")) == 512
    assert taught_side(model(family="sd-2")) == 768
    assert taught_side(model(family="nobody knows")) == DEFAULT_SIDE
    assert taught_side(model(tmp_path / "file.safetensors", "sdxl")) == 1024
    unet, vae = tmp_path / "unet", tmp_path / "vae"
    unet.mkdir()
    vae.mkdir()
    (unet / "config.json").write_text(json.dumps({"sample_size": 32}), "utf-8")
    assert taught_side(model(tmp_path, "sd-1")) == 256, "its own folder knows better"
    (vae / "config.json").write_text(json.dumps({"block_out_channels": [4, 8]}), "utf-8")
    assert taught_side(model(tmp_path)) == 64


@pytest.mark.parametrize("content", ["", "[]", '{"sample_size": [8, 8]}', '{"sample_size": -3}'])
def test_a_folder_that_says_nonsense_is_not_believed(tmp_path: Path, content: str) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text(content, "utf-8")
    assert taught_side(model(tmp_path, "sd-1")) == 512
