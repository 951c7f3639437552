from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from studio.core.errors import BadInputError, StorageError
from studio.documents.picture.files import flat, layered
from tests.documents.picture.files.samples import noise


def saved(image: Image.Image, suffix: str, tmp_path: Path, **values: Any) -> Path:
    path = tmp_path / f"picture{suffix}"
    image.save(path, **values)
    return path


def only(path: Path) -> np.ndarray:
    (layer,) = flat.read(path).layers
    assert layer.pixels is not None
    return layer.pixels


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".tga"])
def test_lossless_pictures_come_in_pixel_by_pixel(suffix: str, tmp_path: Path) -> None:
    pixels = noise(13, 7)
    pixels[..., 3] |= 1  # WebP forgets colours that are wholly clear
    values = {"lossless": True} if suffix == ".webp" else {}
    path = saved(Image.fromarray(pixels), suffix, tmp_path, **values)
    assert np.array_equal(only(path), pixels)


@pytest.mark.parametrize("suffix", [".jpg", ".avif", ".bmp"])
def test_other_pictures_come_in_about_as_they_are(suffix: str, tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (16, 12), (200, 100, 50)), suffix, tmp_path)
    pixels = only(path)
    assert pixels.shape == (12, 16, 4)
    assert np.abs(pixels[..., :3].astype(int) - (200, 100, 50)).max() < 8


def test_pictures_come_in_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.new("RGB", (20, 10))
    image.paste((255, 255, 255), (0, 0, 20, 2))
    pixels = only(saved(image, ".png", tmp_path, exif=exif))
    assert pixels.shape[:2] == (20, 10)
    assert pixels[:, -1, 0].min() == 255


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16", "RGB"])
def test_every_mode_becomes_rgba(mode: str, tmp_path: Path) -> None:
    suffix = ".tiff" if mode == "CMYK" else ".png"
    pixels = only(saved(Image.new(mode, (5, 4)), suffix, tmp_path))
    assert pixels.shape == (4, 5, 4) and pixels.dtype == np.uint8


def test_sixteen_bits_of_grey_keep_their_range(tmp_path: Path) -> None:
    grey = np.linspace(0, 65535, 256, dtype=np.uint16).reshape(16, 16)
    pixels = only(saved(Image.fromarray(grey), ".png", tmp_path))
    assert (pixels[0, 0, 0], pixels[15, 15, 0]) == (0, 255)
    assert np.abs(pixels[..., 0].astype(int).ravel() - np.arange(256)).max() <= 1


def profile(name: str) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()  # type: ignore[arg-type]


def swapped_profile() -> bytes:
    """Return an RGB profile that differs from sRGB: its red and green primaries change places."""
    data = bytearray(profile("sRGB"))
    count = int.from_bytes(data[128:132], "big")
    places = {}
    for index in range(count):
        at = 132 + 12 * index
        places[bytes(data[at : at + 4])] = at
    red, green = places[b"rXYZ"], places[b"gXYZ"]
    data[red : red + 4], data[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(data)


def test_a_profile_is_followed_and_kept(tmp_path: Path) -> None:
    source = swapped_profile()
    path = saved(Image.new("RGB", (4, 4), (255, 0, 0)), ".png", tmp_path, icc_profile=source)
    picture = flat.read(path)
    assert picture.icc_profile == source
    pixels = only(path)
    assert pixels[0, 0, 1] > 200 and pixels[0, 0, 0] < 60
    back = flat.from_srgb(pixels, source)
    assert back[0, 0, 0] > 230 and back[0, 0, 1] < 40
    assert np.array_equal(back[..., 3], pixels[..., 3])


def test_a_broken_profile_is_left_aside_on_reading_and_told_on_writing(tmp_path: Path) -> None:
    path = saved(Image.new("RGB", (4, 4), (10, 20, 30)), ".png", tmp_path, icc_profile=b"junk" * 40)
    assert tuple(only(path)[0, 0]) == (10, 20, 30, 255)
    with pytest.raises(BadInputError, match="profile"):
        flat.from_srgb(noise(2, 2), b"junk" * 40)


def test_of_an_animation_the_first_picture_is_opened_and_told(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (4, 4), c) for c in ("red", "blue")]
    path = tmp_path / "x.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert "2 pictures" in flat.read(path).notices[0]


@pytest.mark.parametrize(
    "content",
    [b"", b"text, not a picture", b"\x89PNG\r\n\x1a\n", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox"],
    ids=["empty", "text", "png-head", "postscript"],
)
def test_no_picture_is_told_in_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"x\.png"):
        flat.read(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".avif", ".tiff"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_picture_is_told_in_a_sentence(suffix: str, share: float, tmp_path: Path) -> None:
    path = saved(Image.fromarray(noise(90, 90)).convert("RGB"), suffix, tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BadInputError):
        flat.read(path)


def test_a_decompression_bomb_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(Image.new("1", (3000, 3000)), ".png", tmp_path)
    monkeypatch.setattr(layered, "MAX_PIXELS", 1_000_000)
    with pytest.raises(BadInputError, match="3000 by 3000 px"):
        flat.read(path)


def test_a_missing_file_is_a_matter_of_storage(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        flat.read(tmp_path / "gone.png")


def test_a_picture_in_memory_is_read_too() -> None:
    file = io.BytesIO()
    Image.new("RGBA", (3, 2)).save(file, format="PNG")
    assert flat.decode(file.getvalue(), "clipboard").width == 3
