"""The picture model's training scripts: what they promise about data, captions and latents."""

from __future__ import annotations

import importlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "packaging" / "training" / "picture"
NAMES = ("autoencoder", "captions", "heldout", "palette", "sources")


@pytest.fixture(scope="module")
def training() -> Iterator[dict[str, ModuleType]]:
    """The scripts as modules; they import one another by their plain names."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        for name in NAMES:
            patch.delitem(importlib.sys.modules, name, raising=False)  # type: ignore[attr-defined]
        yield {name: importlib.import_module(name) for name in NAMES}
        for name in NAMES:
            patch.delitem(importlib.sys.modules, name, raising=False)  # type: ignore[attr-defined]


@pytest.fixture
def disc() -> np.ndarray:
    """A yellow disc with a darker lower half and a green leaf, transparent around."""
    rows, columns = np.mgrid[:64, :64]
    picture = np.zeros((64, 64, 4), np.uint8)
    inside = (rows - 32) ** 2 + (columns - 32) ** 2 < 26**2
    picture[inside] = (250, 206, 40, 255)
    picture[inside & (rows > 40)] = (200, 150, 20, 255)
    picture[2:10, 30:38] = (40, 160, 60, 255)
    return picture


@pytest.mark.parametrize("colour", ["red", "green", "blue", "purple", "pink", "black", "white"])
def test_repainting_gives_the_colour_that_is_then_named(
    training: dict[str, ModuleType], disc: np.ndarray, colour: str
) -> None:
    painted = training["palette"].repaint(disc, colour)
    assert training["palette"].name_colour(painted) == colour
    assert np.array_equal(painted[..., 3], disc[..., 3])


def test_repainting_leaves_other_colours_alone(
    training: dict[str, ModuleType], disc: np.ndarray
) -> None:
    painted = training["palette"].repaint(disc, "purple")
    assert np.array_equal(painted[3:6, 31:37], disc[3:6, 31:37])


def test_held_out_lists_are_what_their_seed_gives(training: dict[str, ModuleType]) -> None:
    heldout = training["heldout"]
    kept = json.loads(heldout.FILE.read_text(encoding="utf-8"))
    drawn = json.loads(json.dumps(heldout.draw_lists(kept["seed"])))
    assert kept == drawn


def test_held_out_pictures_are_in_no_training_part(training: dict[str, ModuleType]) -> None:
    held_out = training["heldout"].read_held_out()
    for noun in held_out.unseen:
        assert held_out.split(noun, "flat", None) == "unseen"
    for noun, style in held_out.styles:
        assert held_out.split(noun, style, None) == "style"
        assert held_out.split(noun, style, "red") == "style"
    free = [pair for pair in held_out.colours if not any(pair[0] == s[0] for s in held_out.styles)]
    for noun, colour in free:
        assert held_out.split(noun, "flat", colour) == "colour"
        assert held_out.split(noun, "flat", None) == "train"


def test_the_sheets_nouns_can_be_drawn(training: dict[str, ModuleType]) -> None:
    nouns = {concept.nouns[0] for concept in training["heldout"].read_concepts()}
    held_out = training["heldout"].read_held_out()
    assert set(training["captions"].SHEET_NOUNS) <= nouns - held_out.unseen
    assert len(training["captions"].SHEET_NOUNS) == 40


def test_captions_say_colour_style_and_background(training: dict[str, ModuleType]) -> None:
    captions = training["captions"].captions
    assert captions("cat", "3d", "purple")[0] == "a purple cat, 3d"
    assert captions("owl", "flat", background="orange")[0] == "an owl on an orange background, flat"
    assert captions("jeans", "noto")[3] == "jeans"
    assert all("3d" in words for words in captions("cat", "3d")[:3])


def _archive(folder: Path, package: Any, members: dict[str, bytes]) -> str:
    path = folder / package.file_name
    with tarfile.open(path, "w:gz") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return str(path)


def test_a_package_that_is_not_the_pinned_one_is_refused(
    training: dict[str, ModuleType], tmp_path: Path
) -> None:
    sources = training["sources"]
    _archive(tmp_path, sources.EMOJIBASE, {"package/en/data.json": b"[]"})
    with pytest.raises(sources.PackageError, match="SHA-256"):
        sources.Archive(sources.EMOJIBASE, tmp_path)
    with pytest.raises(sources.PackageError, match="npm pack @iconify/json"):
        sources.Archive(sources.ICONIFY, tmp_path)


@pytest.mark.parametrize("licence", ["CC-BY-4.0", "CC-BY-SA-4.0", "GPL-3.0"])
def test_pictures_under_other_licences_are_refused(
    training: dict[str, ModuleType],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    licence: str,
) -> None:
    sources = training["sources"]
    icons = {"prefix": "x", "info": {"license": {"spdx": licence}}, "icons": {}}
    members = {f"package/json/{n}.json": json.dumps(icons).encode() for n in _icon_sets(sources)}
    for name, content in (
        ("FLUENT_3D", {"package/assets/1f600.webp": b""}),
        ("ICONIFY", members),
        ("EMOJIBASE", {"package/en/data.json": b"[]"}),
    ):
        package = getattr(sources, name)
        path = Path(_archive(tmp_path, package, content))
        digest = sources.hashlib.sha256(path.read_bytes()).hexdigest()
        pinned = sources.Package(package.name, package.version, digest)
        monkeypatch.setattr(sources, name, pinned)
    with pytest.raises(sources.LicenceError, match=licence):
        sources.Sources(tmp_path)


def _icon_sets(sources: ModuleType) -> list[str]:
    return list(sources.VECTOR_STYLES.values())


def test_the_computed_encoder_keeps_most_of_a_picture(training: dict[str, ModuleType]) -> None:
    import torch

    autoencoder = training["autoencoder"]
    torch.manual_seed(0)
    coarse = torch.rand(24, 4, 8, 8)
    smooth = torch.nn.functional.interpolate(coarse, size=256, mode="bicubic") * 2 - 1
    model = autoencoder.build()
    autoencoder.compute_encoder(model, smooth)
    with torch.no_grad():
        latents = model.encode(smooth).latents * autoencoder.SCALING
    assert latents.shape == (24, autoencoder.LATENT_CHANNELS, 16, 16)
    assert float(latents.pow(2).mean().sqrt()) == pytest.approx(1, rel=0.02)
    # Linear: a picture can be told back from its latents by one matrix per 16 x 16 px.
    flat = latents.permute(0, 2, 3, 1).reshape(-1, autoencoder.LATENT_CHANNELS)
    patches = (
        torch.nn.functional.unfold(smooth, 16, stride=16).transpose(1, 2).reshape(len(flat), -1)
    )
    ones = torch.ones(len(flat), 1)
    inputs = torch.cat([flat, ones], 1)
    back = inputs @ torch.linalg.lstsq(inputs, patches).solution
    assert float((back - patches).pow(2).mean() / patches.var()) < 0.01


def test_latents_of_one_place_depend_on_that_place_alone(training: dict[str, ModuleType]) -> None:
    import torch

    autoencoder = training["autoencoder"]
    torch.manual_seed(1)
    model = autoencoder.build()
    pictures = torch.rand(8, 4, 256, 256) * 2 - 1
    autoencoder.compute_encoder(model, pictures)
    changed = pictures[:1].clone()
    changed[..., 32:48, 64:80] = 1
    with torch.no_grad():
        moved = (model.encode(changed).latents - model.encode(pictures[:1]).latents).abs().sum(1)[0]
    places = (moved > 1e-4).nonzero().tolist()
    assert places == [[2, 4]]


def test_psnr_is_of_what_is_seen(training: dict[str, ModuleType]) -> None:
    import torch

    autoencoder = training["autoencoder"]
    hidden = torch.zeros(1, 4, 8, 8)
    hidden[:, :3] = 1  # white, but wholly transparent
    hidden = hidden * 2 - 1
    shown = autoencoder.visible(hidden)
    assert float(autoencoder.psnr(torch.zeros(1, 4, 8, 8), shown)) == pytest.approx(100)
    half = torch.full((1, 4, 8, 8), 0.1)
    assert float(autoencoder.psnr(torch.zeros(1, 4, 8, 8), half)) == pytest.approx(20, abs=0.01)
