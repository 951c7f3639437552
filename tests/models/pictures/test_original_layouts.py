"""Our configurations against the tensors of published transformers, through diffusers' converters.

Everything is on torch's meta device: real names and real shapes, no weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch  # noqa: TID253 - these tests are about tensors' shapes

from studio.models.pictures.checkpoints import PREFIX
from studio.models.pictures.telling import tell
from tests.fakes.picture_headers import Shapes, component_shapes, network
from tests.models.pictures.test_checkpoints import diffusers_type


def linear(name: str, outer: int, inner: int) -> Shapes:
    return {f"{name}.weight": (outer, inner), f"{name}.bias": (outer,)}


def flux_block(name: str, wide: int) -> Shapes:
    return {
        **linear(f"{name}_attn.qkv", 3 * wide, wide),
        f"{name}_attn.norm.query_norm.scale": (128,),
        f"{name}_attn.norm.key_norm.scale": (128,),
        **linear(f"{name}_attn.proj", wide, wide),
        **linear(f"{name}_mlp.0", 4 * wide, wide),
        **linear(f"{name}_mlp.2", wide, 4 * wide),
    }


def flux_single(name: str, wide: int) -> Shapes:
    return {
        **linear(f"{name}.linear1", 7 * wide, wide),
        **linear(f"{name}.linear2", wide, 5 * wide),
        f"{name}.norm.query_norm.scale": (128,),
        f"{name}.norm.key_norm.scale": (128,),
    }


def chroma(channels: int = 64, wide: int = 3072) -> Shapes:
    """FLUX.1's blocks without modulation, and Chroma's own layers."""
    shapes = linear("img_in", wide, channels) | linear("txt_in", wide, 4096)
    shapes |= linear("final_layer.linear", 64, wide)
    for block in range(19):
        for side in ("img", "txt"):
            shapes |= flux_block(f"double_blocks.{block}.{side}", wide)
    for block in range(38):
        shapes |= flux_single(f"single_blocks.{block}", wide)
    shapes |= linear("distilled_guidance_layer.in_proj", 5120, 64)
    shapes |= linear("distilled_guidance_layer.out_proj", wide, 5120)
    for layer in range(5):
        name = f"distilled_guidance_layer.layers.{layer}"
        shapes |= linear(f"{name}.in_layer", 5120, 5120) | linear(f"{name}.out_layer", 5120, 5120)
        shapes[f"distilled_guidance_layer.norms.{layer}.scale"] = (5120,)
    return shapes


def flux(channels: int = 64, guided: bool = True, wide: int = 3072) -> Shapes:
    shapes = {name: shape for name, shape in chroma(channels).items() if "distilled" not in name}
    for block in range(19):
        for side in ("img", "txt"):
            shapes |= linear(f"double_blocks.{block}.{side}_mod.lin", 6 * wide, wide)
    for block in range(38):
        shapes |= linear(f"single_blocks.{block}.modulation.lin", 3 * wide, wide)
    shapes |= linear("final_layer.adaLN_modulation.1", 2 * wide, wide)
    inputs = {"time_in": 256, "vector_in": 768} | ({"guidance_in": 256} if guided else {})
    for name, inner in inputs.items():
        shapes |= linear(f"{name}.in_layer", wide, inner) | linear(f"{name}.out_layer", wide, wide)
    return shapes


def flux_2(double: int, single: int, wide: int, texts: int) -> Shapes:
    """FLUX.2 has no biases, shared modulations, and inner layers in two halves."""
    shapes: Shapes = {
        "img_in.weight": (wide, 128),
        "txt_in.weight": (wide, texts),
        "time_in.in_layer.weight": (wide, 256),
        "time_in.out_layer.weight": (wide, wide),
        "double_stream_modulation_img.lin.weight": (6 * wide, wide),
        "double_stream_modulation_txt.lin.weight": (6 * wide, wide),
        "single_stream_modulation.lin.weight": (3 * wide, wide),
        "final_layer.linear.weight": (128, wide),
        "final_layer.adaLN_modulation.1.weight": (2 * wide, wide),
    }
    for block in range(double):
        for side in ("img", "txt"):
            name = f"double_blocks.{block}.{side}"
            shapes |= {
                f"{name}_attn.qkv.weight": (3 * wide, wide),
                f"{name}_attn.norm.query_norm.scale": (128,),
                f"{name}_attn.norm.key_norm.scale": (128,),
                f"{name}_attn.proj.weight": (wide, wide),
                f"{name}_mlp.0.weight": (6 * wide, wide),
                f"{name}_mlp.2.weight": (wide, 3 * wide),
            }
    for block in range(single):
        name = f"single_blocks.{block}"
        shapes |= {
            f"{name}.linear1.weight": (9 * wide, wide),
            f"{name}.linear2.weight": (wide, 4 * wide),
            f"{name}.norm.query_norm.scale": (128,),
            f"{name}.norm.key_norm.scale": (128,),
        }
    return shapes


def z_image() -> Shapes:
    """The names diffusers renames, renamed back; three projections are one."""
    back = {
        "all_final_layer.2-1.": "final_layer.", "all_x_embedder.2-1.": "x_embedder.",
        ".attention.to_out.0.": ".attention.out.", ".attention.norm_k.": ".attention.k_norm.",
        ".attention.norm_q.": ".attention.q_norm.",
    }  # fmt: skip
    shapes: Shapes = {"norm_final.weight": (3840,)}
    for name, shape in component_shapes("z-image", "transformer").items():
        for new, old in back.items():
            name = name.replace(new, old)
        if ".attention.to_q." in name:
            shapes[name.replace("to_q", "qkv")] = (3 * shape[0], shape[1])
        elif ".attention.to_" not in name:
            shapes[name] = shape
    return shapes


CASES: dict[str, tuple[Callable[[], Shapes], str, str]] = {
    "flux-dev": (flux, "convert_flux_transformer_checkpoint_to_diffusers", "flux-dev"),
    "flux-schnell": (
        lambda: flux(guided=False), "convert_flux_transformer_checkpoint_to_diffusers",
        "flux-schnell",
    ),
    "flux-fill": (
        lambda: flux(384), "convert_flux_transformer_checkpoint_to_diffusers", "flux-fill",
    ),
    "flux-depth": (
        lambda: flux(128), "convert_flux_transformer_checkpoint_to_diffusers", "flux-depth",
    ),
    "chroma": (chroma, "convert_chroma_transformer_checkpoint_to_diffusers", "chroma"),
    "flux-2-klein-4b": (
        lambda: flux_2(5, 20, 3072, 7680), "convert_flux2_transformer_checkpoint_to_diffusers",
        "flux-2-dev",
    ),
    "flux-2-klein-9b": (
        lambda: flux_2(8, 24, 4096, 12288), "convert_flux2_transformer_checkpoint_to_diffusers",
        "flux-2-dev",
    ),
    "z-image": (z_image, "convert_z_image_transformer_checkpoint_to_diffusers", "z-image-turbo"),
}  # fmt: skip


def converted(shapes: Shapes, converter: str) -> Shapes:
    from diffusers.loaders import single_file_utils

    tensors: dict[str, Any] = {
        name: torch.empty(shape, device="meta") for name, shape in shapes.items()
    }
    made = getattr(single_file_utils, converter)(tensors)
    return {name: tuple(tensor.shape) for name, tensor in made.items()}


#: diffusers' converter for FLUX.2 knows no prefix; its files are published without one.
LAYOUTS = [(kind, "") for kind in CASES]
LAYOUTS += [(kind, PREFIX) for kind in CASES if not kind.startswith("flux-2")]


@pytest.mark.parametrize(("kind", "prefix"), LAYOUTS)
def test_every_tensor_of_the_original_finds_its_place(kind: str, prefix: str) -> None:
    make, converter, theirs = CASES[kind]
    shapes = {f"{prefix}{name}": shape for name, shape in make().items()}
    assert tell(shapes, {}).kind == kind
    assert diffusers_type(shapes) == theirs
    wanted = {
        name: tuple(tensor.shape)
        for name, tensor in network(kind, "transformer").named_parameters()
    }
    assert converted(shapes, converter) == wanted
