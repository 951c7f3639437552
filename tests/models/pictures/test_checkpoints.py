"""Whole picture models told by their headers, at real size, and beside diffusers' own table."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from studio.core.requests import Capability
from studio.models.identify import identify
from studio.models.pictures.checkpoints import PREFIX, SIGNATURES, Signature, find_signature
from studio.models.pictures.kinds import KINDS
from studio.models.pictures.telling import tell
from tests.fakes.picture_headers import component_shapes, original_shapes, sparse_file

ORIGINALS = {
    "sd-1": ("sd-1", "v1"),
    "sd-1-inpaint": ("sd-1", "inpainting"),
    "sd-1-pix2pix": ("sd-1", "instruct-pix2pix"),
    "sd-2": ("sd-2", "v2"),
    "sd-2-inpaint": ("sd-2", "inpainting_v2"),
    "sdxl": ("sdxl", "xl_base"),
    "sdxl-inpaint": ("sdxl", "xl_inpaint"),
    "sdxl-refiner": ("sdxl-refiner", "xl_refiner"),
    "sd-3-medium": ("sd-3", "sd3"),
}


def diffusers_type(shapes: dict[str, tuple[int, ...]]) -> str:
    from diffusers.loaders.single_file_utils import infer_diffusers_model_type

    stubs = {name: SimpleNamespace(shape=shape) for name, shape in shapes.items()}
    return str(infer_diffusers_model_type(stubs))


@pytest.mark.parametrize("kind", ORIGINALS)
def test_checkpoints_of_real_size_are_told_as_diffusers_does(kind: str) -> None:
    family, theirs = ORIGINALS[kind]
    shapes = original_shapes(kind)
    told = tell(shapes, {})
    assert (told.kind, told.family, told.role) == (kind, family, "")
    assert diffusers_type(shapes) == theirs
    assert told.architecture == KINDS[kind].pipeline
    assert told.told_by.endswith(".")
    # The diffusion model alone, as ComfyUI keeps it, with and without its prefix.
    unet = {name: shape for name, shape in shapes.items() if name.startswith(PREFIX)}
    assert tell(unet, {}).kind == kind
    bare = {name.removeprefix(PREFIX): shape for name, shape in unet.items()}
    assert tell(bare, {}).kind == kind


@pytest.mark.parametrize(
    ("kind", "component"),
    [
        ("sd-1", "unet"), ("sd-2", "unet"), ("sdxl", "unet"), ("flux-dev", "transformer"),
        ("flux-schnell", "transformer"), ("flux-2-klein-4b", "transformer"),
        ("flux-2-klein-9b", "transformer"), ("chroma", "transformer"), ("z-image", "transformer"),
        ("qwen-image", "transformer"),
    ],
)  # fmt: skip
def test_one_file_in_the_layout_of_diffusers(kind: str, component: str) -> None:
    assert tell(component_shapes(kind, component), {}).kind == kind


def example(signature: Signature) -> dict[str, tuple[int, ...]]:
    """Make the smallest header that fits a signature."""
    shapes: dict[str, list[int]] = {name.split("|")[0]: [8, 8] for name in signature.names}
    for name, at, length in signature.shapes:
        shape = shapes.setdefault(name, [1, 1])
        shape[at] = length
    return {name: tuple(shape) for name, shape in shapes.items()}


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda each: f"{each.kind}-{each.diffusers}")
def test_every_signature_is_reached_and_its_kind_known(signature: Signature) -> None:
    found = find_signature(example(signature))
    assert found is not None
    assert found.kind == signature.kind
    assert signature.kind in KINDS


#: Types of diffusers that are no whole picture model here: parts, and variants of one kind.
NOT_WHOLE = {
    "controlnet", "controlnet_xl_large", "controlnet_xl_mid", "controlnet_xl_small",
    "animatediff_v1", "animatediff_v2", "animatediff_v3", "animatediff_sdxl_beta",
    "animatediff_scribble", "animatediff_rgb", "autoencoder-dc-f128c512", "autoencoder-dc-f64c128",
    "autoencoder-dc-f32c32", "autoencoder-dc-f32c32-sana", "z-image-turbo-controlnet",
    "z-image-turbo-controlnet-2.0", "z-image-turbo-controlnet-2.1",
}  # fmt: skip
SAME_KIND = {
    "flux-3-image-distilled", "stable_cascade_stage_b_lite", "stable_cascade_stage_c_lite",
    "ltx-video-0.9.1", "ltx-video-0.9.5", "ltx-video-0.9.7", "wan-t2v-1.3B", "wan-i2v-14B",
    "wan-animate-14B", "wan-vace-1.3B", "wan-vace-14B", "cosmos-1.0-t2w-14B", "cosmos-1.0-v2w-7B",
    "cosmos-1.0-v2w-14B", "cosmos-2.0-t2i-14B", "cosmos-2.0-v2w-2B", "cosmos-2.0-v2w-14B",
}  # fmt: skip


def test_every_type_diffusers_knows_is_known_here() -> None:
    from diffusers.loaders.single_file_utils import DIFFUSERS_DEFAULT_PIPELINE_PATHS

    ours = {signature.diffusers for signature in SIGNATURES} - {""}
    assert ours | NOT_WHOLE | SAME_KIND == set(DIFFUSERS_DEFAULT_PIPELINE_PATHS)


def test_every_pipeline_named_here_is_in_diffusers() -> None:
    import diffusers

    for kind in KINDS.values():
        assert not kind.pipeline or hasattr(diffusers, kind.pipeline), kind.id


@pytest.mark.parametrize(
    "shapes",
    [
        {},
        {"foo.bar": (2,)},
        {f"{PREFIX}input_blocks.0.0.weight": (320, 4, 3, 3)},
        {f"{PREFIX}output_blocks.11.0.skip_connection.weight": (320, 640, 1, 1)},
        {"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight": (320, 999)},
    ],
)
def test_what_diffusers_takes_for_the_first_one_is_unknown_here(
    shapes: dict[str, tuple[int, ...]],
) -> None:
    assert diffusers_type(shapes) == "v1"
    told = tell(shapes, {})
    assert (told.kind, told.family, told.told_by) == ("", "", "")


@pytest.mark.parametrize(
    ("notes", "name", "kind"),
    [
        ({}, "v2-1_768-ema-pruned", "sd-2"),
        ({}, "512-base-ema", "sd-2-base"),
        ({}, "my dream", "sd-2"),
        ({"modelspec.architecture": "stable-diffusion-v2-512"}, "my dream", "sd-2-base"),
        ({"modelspec.architecture": "stable-diffusion-v2-768-v"}, "database", "sd-2"),
    ],
)
def test_the_two_sizes_of_the_second_one(notes: dict[str, str], name: str, kind: str) -> None:
    assert tell(original_shapes("sd-2"), notes, name).kind == kind


def test_a_note_that_contradicts_the_shapes_is_not_believed() -> None:
    notes = {"modelspec.architecture": "stable-diffusion-xl-v1-base"}
    told = tell(original_shapes("sd-1"), notes)
    assert told.family == "sd-1"
    assert "although the file's own note says Stable Diffusion XL" in told.told_by
    agreeing = tell(original_shapes("sdxl"), notes)
    assert "although" not in agreeing.told_by


def test_a_file_of_real_size_is_told_in_milliseconds(tmp_path: Path) -> None:
    shapes = original_shapes("sdxl")
    path = sparse_file(tmp_path / "dream.safetensors", shapes, {"modelspec.license": "CreativeML"})
    assert path.stat().st_size > 6_900_000_000
    assert path.stat().st_blocks * 512 < 10_000_000
    info = identify(path)
    assert (info.family, info.format, info.licence) == ("sdxl", "checkpoint", "CreativeML")
    assert info.architecture == "StableDiffusionXLPipeline"
    assert info.capabilities == (
        Capability.IMAGE_TXT2IMG, Capability.IMAGE_IMG2IMG, Capability.IMAGE_INPAINT,
    )  # fmt: skip
    assert info.told_by == (
        "Stable Diffusion XL: the file's header has a diffusion UNet with 2048-d text states."
    )
    best = min(_seconds(path) for _ in range(5))
    assert best < 0.25  # 20 ms where nothing else runs


def _seconds(path: Path) -> float:
    start = time.perf_counter()
    identify(path)
    return time.perf_counter() - start
