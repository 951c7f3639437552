from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sd_parsers import ParserManager

from studio.core.errors import BadInputError
from studio.core.media import Picture
from studio.core.picture_files import encode_picture
from studio.core.provenance import ProvenanceRecord, embed, read_bytes, strip_prompt
from studio.core.provenance.a1111 import settings_text
from studio.core.provenance.embedding import look
from studio.core.requests import Capability, ImageRequest

LOSSLESS = (".png", ".tiff")
WITH_SETTINGS = (".png", ".jpg", ".webp", ".avif")


def half_clear() -> Picture:
    pixels = np.full((6, 10, 4), (200, 40, 10, 255), np.uint8)
    pixels[:, 5:, 3] = 0
    return Picture.of(pixels)


def asked(prompt: str = "a red fox", **values: Any) -> ImageRequest:
    return ImageRequest(
        capability=values.pop("capability", Capability.IMAGE_TXT2IMG),
        seed=7,
        prompt=prompt,
        **values,
    )


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("suffix", LOSSLESS)
def test_lossless_formats_give_every_pixel_back(suffix: str) -> None:
    data = encode_picture(half_clear(), suffix)
    assert np.array_equal(np.asarray(opened(data).convert("RGBA")), half_clear().pixels())


def test_jpeg_lays_what_is_clear_on_white() -> None:
    image = opened(encode_picture(half_clear(), ".jpg")).convert("RGB")
    assert min(image.getpixel((9, 1))) > 235  # type: ignore[arg-type,type-var]


def test_an_opaque_picture_has_no_alpha_channel() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    assert opened(encode_picture(Picture.of(pixels), ".png")).mode == "RGB"


def test_a_profile_goes_along() -> None:
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = encode_picture(half_clear(), ".png", icc_profile=profile)
    assert opened(data).info["icc_profile"] == profile


def test_an_unknown_format_is_refused_in_words() -> None:
    with pytest.raises(BadInputError, match="xcf"):
        encode_picture(half_clear(), ".xcf")


@pytest.mark.parametrize("suffix", WITH_SETTINGS)
@pytest.mark.parametrize("prompt", ["a red fox", "ein Fuchs, grün: 狐\nsecond line"])
def test_record_and_settings_stand_side_by_side_and_go_together(suffix: str, prompt: str) -> None:
    text = settings_text(asked(prompt), seed=7, width=10, height=6)
    data = encode_picture(half_clear(), suffix, settings=text)
    data = embed(data, suffix, ProvenanceRecord(request='{"kind":"image","prompt":"x"}'))
    record = read_bytes(data, suffix)
    assert record is not None and "prompt" in record.request
    assert look(data, suffix).settings == text
    shared = strip_prompt(data, suffix)
    assert "fox" not in look(shared, suffix).settings
    assert "Fuchs" not in look(shared, suffix).settings
    assert opened(shared).size == (10, 6)


@pytest.mark.parametrize("suffix", (".png", ".jpg", ".webp"))
def test_another_program_understands_the_settings(suffix: str, tmp_path: Path) -> None:
    request = asked(
        "a red fox, (bushy tail:1.2)",
        negative_prompt="blurry",
        options={"num_inference_steps": 12, "guidance_scale": 6.5, "scheduler": "euler_a"},
    )
    text = settings_text(request, seed=99, width=10, height=6, model_title="Sticker: small, one")
    file = tmp_path / f"x{suffix}"
    file.write_bytes(encode_picture(half_clear(), suffix, settings=text))
    info = ParserManager().parse(file)
    assert info is not None
    assert info.full_prompt == "a red fox, (bushy tail:1.2)"
    assert info.full_negative_prompt == "blurry"
    (sampler,) = info.samplers
    assert sampler.name == "euler_a"
    assert sampler.parameters["seed"] == "99"
    assert sampler.parameters["cfg_scale"] == "6.5"


@given(st.text(max_size=60), st.text(max_size=60))
def test_settings_are_one_line_after_the_prompts(prompt: str, title: str) -> None:
    text = settings_text(asked(prompt), seed=1, width=8, height=8, model_title=title)
    last = text.rpartition("\n")[2]
    assert last.startswith("Seed: 1, Size: 8x8")
    assert "Version: Triptych" in last


def test_the_strength_of_a_remake_is_told() -> None:
    from studio.core.inputs import InputRef

    source = InputRef(sha256="a" * 64, media_type="image/png")
    request = asked(capability=Capability.IMAGE_IMG2IMG, image=source, strength=0.35)
    assert "Denoising strength: 0.35" in settings_text(request, seed=1, width=8, height=8)
