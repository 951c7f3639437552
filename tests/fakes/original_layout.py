"""Writes Stable Diffusion pipelines as their authors' programs did: one file, LDM's names.

The inverse of what diffusers does in ``loaders/single_file_utils.py``; used to make toy
checkpoints like those people have. Knows UNets, autoencoders and text encoders of Stable
Diffusion 1, 2 and XL and the transformer of Stable Diffusion 3.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

Tensors = dict[str, Any]

_RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0", "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
_UNET_ENDS = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
    "add_embedding.linear_1": "label_emb.0.0", "add_embedding.linear_2": "label_emb.0.2",
}  # fmt: skip
_VAE_ATTENTION = {
    "group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out",
}  # fmt: skip


def save_original(pipeline: Any, path: Path, **notes: str) -> Path:
    """Write a pipeline as one safetensors file with the names of its original program."""
    from safetensors.torch import save_file

    tensors = {name: tensor.contiguous().clone() for name, tensor in original(pipeline).items()}
    save_file(tensors, path, metadata={"format": "pt", **notes})
    return path


def original(pipeline: Any) -> Tensors:
    """Return a pipeline's tensors by their original names."""
    found = {f"first_stage_model.{k}": v for k, v in autoencoder(pipeline.vae).items()}
    if hasattr(pipeline, "text_encoder_3"):
        found |= {f"model.diffusion_model.{k}": v for k, v in sd3(pipeline.transformer).items()}
        encoders = (("clip_l", pipeline.text_encoder), ("clip_g", pipeline.text_encoder_2),
                    ("t5xxl", pipeline.text_encoder_3))  # fmt: skip
        for name, encoder in encoders:
            if encoder is not None:
                found |= _prefixed(encoder, f"text_encoders.{name}.transformer.")
        return found
    found |= {f"model.diffusion_model.{k}": v for k, v in unet(pipeline.unet).items()}
    if not hasattr(pipeline, "text_encoder_2"):
        wide = pipeline.text_encoder.config.hidden_act == "gelu"
        if wide:  # Stable Diffusion 2
            return found | open_clip(pipeline.text_encoder, "cond_stage_model.model.")
        return found | _prefixed(pipeline.text_encoder, "cond_stage_model.transformer.")
    second = 0
    if pipeline.text_encoder is not None:
        found |= _prefixed(pipeline.text_encoder, "conditioner.embedders.0.transformer.")
        second = 1
    return found | open_clip(pipeline.text_encoder_2, f"conditioner.embedders.{second}.model.")


def unet(model: Any) -> Tensors:
    """Return a UNet's tensors by LDM's names."""
    layers = model.config.layers_per_block
    levels = len(model.config.block_out_channels)
    crossed = [hasattr(block, "attentions") for block in model.up_blocks]
    return {
        _unet_name(name, layers, levels, crossed): tensor
        for name, tensor in model.state_dict().items()
    }


def _unet_name(name: str, layers: int, levels: int, crossed: list[bool]) -> str:
    stem, _, end = name.rpartition(".")
    if stem in _UNET_ENDS:
        return f"{_UNET_ENDS[stem]}.{end}"
    place, *rest = name.split(".")
    if place == "mid_block":
        kind, at, *inner = rest
        number = 1 if kind == "attentions" else 2 * int(at)
        return f"middle_block.{number}.{_inner(kind, inner)}"
    level, kind, at = int(rest[0]), rest[1], int(rest[2])
    inner = rest[3:]
    if place == "down_blocks":
        block = 1 + level * (layers + 1) + (layers if kind == "downsamplers" else at)
        if kind == "downsamplers":
            return f"input_blocks.{block}.0.op.{inner[-1]}"
        return f"input_blocks.{block}.{int(kind == 'attentions')}.{_inner(kind, inner)}"
    block = level * (layers + 1) + (layers if kind == "upsamplers" else at)
    if kind == "upsamplers":
        return f"output_blocks.{block}.{1 + crossed[level]}.conv.{inner[-1]}"
    return f"output_blocks.{block}.{int(kind == 'attentions')}.{_inner(kind, inner)}"


def _inner(kind: str, names: list[str]) -> str:
    if kind == "attentions":
        return ".".join(names)
    return ".".join([_RESNET[names[0]], *names[1:]])


def autoencoder(model: Any) -> Tensors:
    """Return an autoencoder's tensors by LDM's names."""
    levels = len(model.config.block_out_channels)
    found: Tensors = {}
    for name, tensor in model.state_dict().items():
        new = _vae_name(name, levels)
        is_matrix = "mid.attn_1" in new and new.endswith("weight") and tensor.ndim == 2
        found[new] = tensor[:, :, None, None] if is_matrix else tensor
    return found


def _vae_name(name: str, levels: int) -> str:
    name = name.replace("conv_shortcut", "nin_shortcut").replace("conv_norm_out", "norm_out")
    parts = name.split(".")
    if len(parts) < 3:
        return name
    side, place = parts[:2]
    if place == "mid_block":
        if parts[2] == "attentions":
            stem, end = ".".join(parts[4:-1]), parts[-1]
            return f"{side}.mid.attn_1.{_VAE_ATTENTION[stem]}.{end}"
        return ".".join([side, "mid", f"block_{int(parts[3]) + 1}", *parts[4:]])
    if place not in ("down_blocks", "up_blocks"):
        return name
    level = int(parts[2]) if place == "down_blocks" else levels - 1 - int(parts[2])
    way = place.removesuffix("_blocks")
    if parts[3] == "resnets":
        return ".".join([side, way, str(level), "block", *parts[4:]])
    return f"{side}.{way}.{level}.{way}sample.conv.{parts[-1]}"


def _prefixed(encoder: Any, prefix: str) -> Tensors:
    """Return a text encoder's tensors as transformers named them before version 5."""
    is_clip = "CLIP" in type(encoder).__name__
    found: Tensors = {}
    for name, tensor in encoder.state_dict().items():
        flat = is_clip and not name.startswith(("text_model.", "text_projection"))
        if name == "encoder.embed_tokens.weight" or (name == "text_projection.weight" and flat):
            continue
        found[f"{prefix}{'text_model.' if flat else ''}{name}"] = tensor
    return found


def open_clip(encoder: Any, prefix: str) -> Tensors:
    """Return a CLIP text encoder's tensors by OpenCLIP's names."""
    import torch

    state = {k.removeprefix("text_model."): v for k, v in encoder.state_dict().items()}
    found: Tensors = {
        "positional_embedding": state["embeddings.position_embedding.weight"],
        "token_embedding.weight": state["embeddings.token_embedding.weight"],
        "ln_final.weight": state["final_layer_norm.weight"],
        "ln_final.bias": state["final_layer_norm.bias"],
    }
    if "text_projection.weight" in state:
        found["text_projection"] = state["text_projection.weight"].T
    for layer in range(encoder.config.num_hidden_layers):
        old, new = f"encoder.layers.{layer}", f"transformer.resblocks.{layer}"
        for end in ("weight", "bias"):
            parts = [state[f"{old}.self_attn.{each}_proj.{end}"] for each in "qkv"]
            found[f"{new}.attn.in_proj_{end}"] = torch.cat(parts)
            for ours, theirs in (("layer_norm1", "ln_1"), ("layer_norm2", "ln_2"),
                                 ("mlp.fc1", "mlp.c_fc"), ("mlp.fc2", "mlp.c_proj"),
                                 ("self_attn.out_proj", "attn.out_proj")):  # fmt: skip
                found[f"{new}.{theirs}.{end}"] = state[f"{old}.{ours}.{end}"]
    return {prefix + name: tensor for name, tensor in found.items()}


_SD3_ENDS = {
    "pos_embed.proj": "x_embedder.proj", "context_embedder": "context_embedder",
    "time_text_embed.timestep_embedder.linear_1": "t_embedder.mlp.0",
    "time_text_embed.timestep_embedder.linear_2": "t_embedder.mlp.2",
    "time_text_embed.text_embedder.linear_1": "y_embedder.mlp.0",
    "time_text_embed.text_embedder.linear_2": "y_embedder.mlp.2",
    "proj_out": "final_layer.linear",
}  # fmt: skip
_SD3_BLOCK = {
    "norm1.linear": "x_block.adaLN_modulation.1",
    "norm1_context.linear": "context_block.adaLN_modulation.1",
    "attn.to_out.0": "x_block.attn.proj", "attn.to_add_out": "context_block.attn.proj",
    "ff.net.0.proj": "x_block.mlp.fc1", "ff.net.2": "x_block.mlp.fc2",
    "ff_context.net.0.proj": "context_block.mlp.fc1", "ff_context.net.2": "context_block.mlp.fc2",
}  # fmt: skip


_SD3_SIDES = {
    "x_block": ("to_q", "to_k", "to_v"),
    "context_block": ("add_q_proj", "add_k_proj", "add_v_proj"),
}


def sd3(model: Any) -> Tensors:
    """Return the tensors of Stable Diffusion 3's transformer by their original names."""
    import torch

    state = model.state_dict()
    found: Tensors = {"pos_embed": state["pos_embed.pos_embed"]}
    for end in ("weight", "bias"):
        found |= {f"{new}.{end}": state[f"{old}.{end}"] for old, new in _SD3_ENDS.items()}
        found[f"final_layer.adaLN_modulation.1.{end}"] = _swapped(state[f"norm_out.linear.{end}"])
        for layer in range(model.config.num_layers):
            old, new = f"transformer_blocks.{layer}", f"joint_blocks.{layer}"
            for ours, theirs in _SD3_BLOCK.items():
                tensor = state.get(f"{old}.{ours}.{end}")
                if tensor is None:
                    continue
                last = layer == model.config.num_layers - 1 and ours.startswith("norm1_context")
                found[f"{new}.{theirs}.{end}"] = _swapped(tensor) if last else tensor
            for side, names in _SD3_SIDES.items():
                parts = [state[f"{old}.attn.{name}.{end}"] for name in names]
                found[f"{new}.{side}.attn.qkv.{end}"] = torch.cat(parts)
    return found


def _swapped(tensor: Any) -> Any:
    import torch

    scale, shift = tensor.chunk(2, dim=0)
    return torch.cat([shift, scale], dim=0)
