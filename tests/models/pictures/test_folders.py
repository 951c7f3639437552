"""Folders in diffusers' format: whole pipelines, single parts, and adapters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio.core.requests import Capability
from studio.models.identify import identify
from studio.models.pictures.folders import encoder_role, tell_component, tell_pipeline
from tests.models.test_identify import safetensors, written

ALL = (Capability.IMAGE_TXT2IMG, Capability.IMAGE_IMG2IMG, Capability.IMAGE_INPAINT)
INPAINT = (Capability.IMAGE_INPAINT,)


@pytest.mark.parametrize(
    ("name", "unet", "vae", "family", "capabilities"),
    [
        ("StableDiffusionPipeline", {"cross_attention_dim": 768}, {}, "sd-1", ALL),
        ("StableDiffusionPipeline", {"cross_attention_dim": 1024}, {}, "sd-2", ALL),
        ("StableDiffusionPipeline", {"cross_attention_dim": 384}, {}, "", ALL),
        ("StableDiffusionPipeline", {"cross_attention_dim": 384}, {"in_channels": 4}, "",
         (Capability.IMAGE_TXT2IMG,)),
        ("StableDiffusionPipeline", {"cross_attention_dim": 768, "in_channels": 9}, {}, "sd-1",
         INPAINT),
        ("StableDiffusionInpaintPipeline", {"cross_attention_dim": 768, "in_channels": 9}, {},
         "sd-1", INPAINT),
        ("StableDiffusionXLPipeline", {"cross_attention_dim": 2048}, {}, "sdxl", ALL),
        ("StableDiffusionXLImg2ImgPipeline", {"cross_attention_dim": 1280}, {}, "sdxl-refiner",
         (Capability.IMAGE_IMG2IMG,)),
        ("StableDiffusion3Pipeline", {}, {}, "sd-3", ALL),
        ("FluxPipeline", {}, {}, "flux", ALL),
        ("FluxFillPipeline", {}, {}, "flux", INPAINT),
        ("Flux2KleinPipeline", {}, {}, "flux-2", (Capability.IMAGE_TXT2IMG,)),
        ("ZImagePipeline", {}, {}, "z-image", ALL),
        ("QwenImagePipeline", {}, {}, "qwen-image", ALL),
        ("WanPipeline", {}, {}, "wan", (Capability.VIDEO_TXT2VID,)),
        ("StableDiffusionUpscalePipeline", {"cross_attention_dim": 1024}, {}, "sd-2",
         (Capability.IMAGE_UPSCALE,)),
        ("SomethingNewPipeline", {}, {}, "", ()),
        ("", {}, {}, "", ()),
    ],
)  # fmt: skip
def test_pipelines_are_told_by_class_and_width(
    name: str, unet: Any, vae: Any, family: str, capabilities: tuple[Capability, ...]
) -> None:
    told = tell_pipeline(name, {"unet": unet, "vae": vae})
    assert (told.family, told.capabilities, told.architecture) == (family, capabilities, name)
    assert bool(told.told_by) == bool(name)


@pytest.mark.parametrize(
    ("config", "role", "family"),
    [
        ({"_class_name": "ControlNetModel", "cross_attention_dim": 768}, "controlnet", "sd-1"),
        ({"_class_name": "ControlNetModel", "cross_attention_dim": 2048}, "controlnet", "sdxl"),
        ({"_class_name": "FluxControlNetModel"}, "controlnet", "flux"),
        ({"_class_name": "SD3ControlNetModel"}, "controlnet", "sd-3"),
        ({"_class_name": "QwenImageControlNetModel"}, "controlnet", "qwen-image"),
        ({"_class_name": "AutoencoderKL", "scaling_factor": 0.18215}, "vae", "sd-1"),
        ({"_class_name": "AutoencoderKL", "scaling_factor": 0.13025}, "vae", "sdxl"),
        ({"_class_name": "AutoencoderKL", "scaling_factor": 0.3611}, "vae", "flux"),
        ({"_class_name": "AutoencoderTiny", "scaling_factor": 1}, "vae", ""),
        ({"_class_name": "AutoencoderKLWan"}, "vae", "wan"),
        ({"_class_name": "T2IAdapter", "adapter_type": "full_adapter_xl"}, "t2i-adapter", "sdxl"),
        ({"_class_name": "MotionAdapter"}, "motion-adapter", ""),
        ({"_class_name": "UNet2DConditionModel", "cross_attention_dim": 768}, "diffusion-model",
         "sd-1"),
        ({"_class_name": "FluxTransformer2DModel"}, "diffusion-model", "flux"),
        ({"_class_name": 3}, "part", ""),
    ],
)  # fmt: skip
def test_parts_in_folders_are_told_by_their_config(config: Any, role: str, family: str) -> None:
    told = tell_component(config)
    assert (told.role, told.family) == (role, family)


def pipeline(path: Path) -> Path:
    index = {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "U"],
             "vae": ["diffusers", "V"], "text_encoder": ["transformers", "C"]}  # fmt: skip
    written(path / "model_index.json", index)
    written(path / "unet" / "config.json", {"cross_attention_dim": 768})
    for part in ("unet", "vae"):
        file = path / part / "diffusion_pytorch_model.safetensors"
        written(file, safetensors({"a": (5,)}))
    written(path / "text_encoder" / "model.safetensors", safetensors({"a": (7,)}))
    return path


def test_a_whole_pipeline_in_a_folder(tmp_path: Path) -> None:
    info = identify(pipeline(tmp_path / "dream"))
    assert (info.format, info.family, info.role) == ("diffusers", "sd-1", "")
    assert info.capabilities == ALL
    assert info.parameters == 17
    assert info.told_by == (
        "Stable Diffusion 1: its folder names the class StableDiffusionPipeline, its UNet has "
        "768-d text states."
    )


def test_a_part_in_a_folder(tmp_path: Path) -> None:
    config = {"_class_name": "ControlNetModel", "cross_attention_dim": 768}
    written(tmp_path / "canny" / "config.json", config)
    weights = tmp_path / "canny" / "diffusion_pytorch_model.safetensors"
    written(weights, safetensors({"a": (5,)}))
    half = tmp_path / "canny" / "diffusion_pytorch_model.fp16.safetensors"
    written(half, safetensors({"a": (2,)}))
    info = identify(tmp_path / "canny")
    assert (info.format, info.role, info.family) == ("diffusers", "controlnet", "sd-1")
    assert (info.parameters, info.architecture) == (5, "ControlNetModel")


def test_an_adapter_as_peft_saves_it(tmp_path: Path) -> None:
    written(tmp_path / "style" / "adapter_config.json", {"peft_type": "LORA"})
    name = "base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k"
    shapes = {f"{name}.lora_A.weight": (4, 768), f"{name}.lora_B.weight": (320, 4)}
    written(tmp_path / "style" / "adapter_model.safetensors", safetensors(shapes))
    info = identify(tmp_path / "style")
    assert (info.id, info.title, info.role, info.family) == ("style", "style", "lora", "sd-1")
    assert info.path == tmp_path / "style"


@pytest.mark.parametrize(
    ("architecture", "role"),
    [
        ("CLIPTextModel", "text-encoder"),
        ("T5EncoderModel", "text-encoder"),
        ("CLIPVisionModelWithProjection", "image-encoder"),
        ("LlamaForCausalLM", ""),
        ("BertModel", ""),
    ],
)
def test_encoders_of_transformers(architecture: str, role: str, tmp_path: Path) -> None:
    assert encoder_role(architecture) == role
    written(tmp_path / "config.json", json.dumps({"architectures": [architecture]}))
    written(tmp_path / "model.safetensors", safetensors({"a": (5,)}))
    assert identify(tmp_path).role == role
