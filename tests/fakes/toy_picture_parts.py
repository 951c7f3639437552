"""What is laid over toy picture models: LoRAs, textual inversions, ControlNets and the like."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from studio.models.info import ModelInfo
from tests.fakes.toy_models import toy_folder
from tests.fakes.toy_pictures import (
    clip_encoder,
    kl_autoencoder,
    picture_folder,
    seeded,
    unet,
    xl_unet,
)


def part(role: str, path: Path, family: str = "", **more: Any) -> ModelInfo:
    """Return what the store would know about a part."""
    name = path.stem if path.is_file() else path.name
    kind = "diffusers" if path.is_dir() else "checkpoint"
    return ModelInfo(
        id=f"{role}-{name}", title=name, path=path, format=kind, role=role, family=family, **more
    )


def _folder() -> Path:
    path = toy_folder() / "picture-parts"
    path.mkdir(exist_ok=True)
    return path


@functools.cache
def toy_lora(name: str = "ink", *, seed: int = 1, rank: int = 4, text: bool = True) -> ModelInfo:
    """Return a LoRA for the toy of Stable Diffusion 1, of its UNet and its text encoder."""
    import torch
    from diffusers import StableDiffusionPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    networks = {"unet": unet(), "text_encoder": clip_encoder()}
    targets = {"unet": ["to_q", "to_k", "to_v"], "text_encoder": ["q_proj", "v_proj"]}
    layers: dict[str, Any] = {}
    chance = torch.Generator().manual_seed(seed)
    for which, network in networks.items():
        if which == "text_encoder" and not text:
            continue
        config = LoraConfig(r=rank, lora_alpha=rank, target_modules=targets[which])
        network.add_adapter(config)
        state = get_peft_model_state_dict(network)
        layers[f"{which}_lora_layers"] = {
            key: torch.randn(value.shape, generator=chance) * 0.5 for key, value in state.items()
        }
    file = f"{name}.safetensors"
    StableDiffusionPipeline.save_lora_weights(_folder(), weight_name=file, **layers)
    return part("lora", _folder() / file, "sd-1")


@functools.cache
def toy_embedding(name: str = "easyfox", vectors: int = 2) -> ModelInfo:
    """Return a textual inversion of some vectors."""
    import torch
    from safetensors.torch import save_file

    path = _folder() / f"{name}.safetensors"
    chance = torch.Generator().manual_seed(3)
    save_file({"emb_params": torch.randn(vectors, 32, generator=chance)}, path)
    return part("embedding", path, "sd-1")


@functools.cache
def toy_controlnet(
    name: str = "edges", *, xl: bool = False, single_file: bool = False
) -> ModelInfo:
    """Return a ControlNet whose influence is felt."""
    import torch
    from diffusers import ControlNetModel
    from safetensors.torch import save_file

    network = seeded(lambda: ControlNetModel.from_unet(xl_unet() if xl else unet()))
    chance = torch.Generator().manual_seed(len(name))
    for parameter in network.parameters():  # new ones begin with nothing to say
        if not bool(parameter.any()):
            parameter.data = torch.randn(parameter.shape, generator=chance) * 0.2
    family = "sdxl" if xl else "sd-1"
    if single_file:
        path = _folder() / f"{name}.safetensors"
        save_file(network.state_dict(), path)
    else:
        path = _folder() / name
        network.save_pretrained(path)
    return part("controlnet", path, family)


@functools.cache
def toy_vae(
    name: str = "soft", latent_channels: int = 4, *, single_file: bool = False
) -> ModelInfo:
    """Return another autoencoder."""
    import torch
    from safetensors.torch import save_file

    network = kl_autoencoder(latent_channels)
    chance = torch.Generator().manual_seed(8)
    last = network.decoder.conv_out
    last.weight.data = torch.randn(last.weight.shape, generator=chance) * 0.3
    if single_file:
        path = _folder() / f"{name}.safetensors"
        save_file(network.state_dict(), path)
    else:
        path = _folder() / name
        network.save_pretrained(path)
    return part("vae", path, "sd-1")


@functools.cache
def toy_tiny_vae() -> ModelInfo:
    """Return a small autoencoder for previews, as TAESD is."""
    from diffusers import AutoencoderTiny

    network = seeded(
        lambda: AutoencoderTiny(
            latent_channels=4, encoder_block_out_channels=(8,) * 4,
            decoder_block_out_channels=(8,) * 4,
        )
    )  # fmt: skip
    path = _folder() / "taesd-toy"
    network.save_pretrained(path)
    return part("vae", path, "sd-1", architecture="AutoencoderTiny")


@functools.cache
def toy_ip_adapter(*, with_encoder: bool = True) -> ModelInfo:
    """Return an IP-Adapter, with its image encoder in a folder beside it."""
    import torch
    from safetensors.torch import save_file
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    folder = _folder() / ("ip-adapter" if with_encoder else "ip-adapter-alone")
    folder.mkdir(exist_ok=True)
    chance = torch.Generator().manual_seed(5)

    def random(*shape: int) -> Any:
        return torch.randn(shape, generator=chance) * 0.3

    network = unet()
    state = {
        "image_proj.proj.weight": random(4 * 32, 32),
        "image_proj.proj.bias": random(4 * 32),
        "image_proj.norm.weight": random(32),
        "image_proj.norm.bias": random(32),
    }
    for number, name in enumerate(network.attn_processors):
        if name.endswith("attn1.processor"):
            continue
        width = network.get_submodule(name.removesuffix(".processor")).to_k.weight.shape[0]
        state[f"ip_adapter.{number}.to_k_ip.weight"] = random(width, 32)
        state[f"ip_adapter.{number}.to_v_ip.weight"] = random(width, 32)
    path = folder / "ip-adapter_toy.safetensors"
    save_file(state, path)
    if with_encoder:
        config = CLIPVisionConfig(
            hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
            image_size=32, patch_size=8, projection_dim=32,
        )  # fmt: skip
        torch.manual_seed(0)
        CLIPVisionModelWithProjection(config).save_pretrained(folder / "image_encoder")
    return part("ip-adapter", path, "sd-1")


def wrong(what: ModelInfo) -> ModelInfo:
    """Return the same part, said to be of another family."""
    import dataclasses

    return dataclasses.replace(what, family="sdxl", id=f"{what.id}-wrong")


def unet_weights() -> Path:
    """Return the weights file of a toy's UNet, which is no LoRA."""
    return picture_folder("sd-1") / "unet" / "diffusion_pytorch_model.safetensors"
