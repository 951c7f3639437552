"""Tells what goes beside a picture model: ControlNets, adapters, embeddings, autoencoders, …

Each test looks for names no other kind of file has; shapes tell what the part goes with. The
names are facts about published files, gathered from diffusers, ComfyUI and InvokeAI.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from studio.models.pictures.checkpoints import Shapes
from studio.models.pictures.kinds import family_of_width


@dataclass(frozen=True)
class Part:
    """A part that was recognised.

    Attributes:
        role: As :attr:`studio.models.info.ModelInfo.role`.
        family: What it goes with, "" when its shapes leave that open.
        architecture: What sort it is, as diffusers or the field calls it.
        told: How it was told, in words.
    """

    role: str
    family: str
    architecture: str
    told: str


def find_part(shapes: Shapes) -> Part | None:
    """Return what part a file with these shapes is, ``None`` when it is none we know."""
    return next((part for test in _EARLY if (part := test(shapes)) is not None), None)


def find_bare_part(shapes: Shapes) -> Part | None:
    """Return likewise what a file is whose names a whole model may have as well.

    To be asked after whole models were ruled out.
    """
    return next((part for test in _LATE if (part := test(shapes)) is not None), None)


def _width(shapes: Shapes, pattern: str, at: int = -1) -> int:
    """Return a length of the first tensor whose name ends in a match; 0 when there is none."""
    sought = re.compile(rf"(?:{pattern})$")
    for name, shape in shapes.items():
        if sought.search(name) and -len(shape) <= at < len(shape):
            return shape[at]
    return 0


def _any(shapes: Iterable[str], *starts: str) -> bool:
    return any(name.startswith(starts) for name in shapes)


def _controlnet(shapes: Shapes) -> Part | None:
    if "lora_controlnet" in shapes:
        return Part("controlnet", "sdxl", "ControlLora", "the mark of a Control-LoRA")
    if _any(shapes, "lllite_"):
        wide = _width(shapes, r"lllite_unet_.*attn2_to_k.*down\.0\.weight") or 2048
        return Part("controlnet", family_of_width(wide), "ControlNetLLLite", "LLLite layers")
    if _any(shapes, "control_layers.", "control_all_x_embedder."):
        return Part("controlnet", "z-image", "ZImageControlNetModel", "control layers of Z-Image")
    if _any(shapes, "controlnet_blocks.", "input_hint_block.") and _any(
        shapes, "double_blocks.", "transformer_blocks.", "single_transformer_blocks."
    ):
        return _transformer_controlnet(shapes)
    ldm = _any(shapes, "control_model.", "input_hint_block.", "zero_convs.")
    if not ldm and not _any(shapes, "controlnet_cond_embedding.", "controlnet_down_blocks."):
        return None
    wide = _width(shapes, r"attn2\.to_k\.weight")
    union = _any(shapes, "task_embedding", "control_model.task_embedding", "control_add_embedding.")
    sort = "ControlNetUnionModel" if union else "ControlNetModel"
    family = family_of_width(wide) or ("sdxl" if _any(shapes, "add_embedding.") else "")
    states = f"with {wide}-d text states" if wide else "without text states"
    return Part("controlnet", family, sort, f"the hint layers of a ControlNet {states}")


def _transformer_controlnet(shapes: Shapes) -> Part:
    wide = _width(shapes, r"(?:controlnet_blocks\.0|controlnet_blocks\.0\.\d)\.weight")
    told = f"control blocks {wide} wide beside transformer blocks"
    if any(re.search(r"^transformer_blocks\.\d+\.norm1_context", name) for name in shapes):
        flux = wide == 3072 and _any(shapes, "x_embedder.") and not _any(shapes, "pos_embed")
        sort = "FluxControlNetModel" if flux else "SD3ControlNetModel"
        return Part("controlnet", "flux" if flux else "sd-3", sort, told)
    if any("img_mod" in name for name in shapes if name.startswith("transformer_blocks.")):
        return Part("controlnet", "qwen-image", "QwenImageControlNetModel", told)
    sort = "FluxControlNetModel"
    if _any(shapes, "controlnet_mode_embedder."):
        sort = "FluxControlNetUnionModel"
    return Part("controlnet", "flux", sort, told)


def _ip_adapter(shapes: Shapes) -> Part | None:
    if not _any(shapes, "image_proj.", "ip_adapter.", "ip_adapter_proj_model."):
        return None
    if any("ip_adapter_double_stream" in name for name in shapes):
        return Part("ip-adapter", "flux", "IP-Adapter", "image layers in double blocks")
    wide = _width(shapes, r"ip_adapter\.\d+\.to_k_ip\.weight")
    sort = "IP-Adapter"
    if _any(shapes, "image_proj.latents", "image_proj.perceiver_resampler."):
        sort = "IP-Adapter Plus"
    if any("lora" in name for name in shapes) or "image_proj.proj.2.weight" in shapes:
        sort = "IP-Adapter FaceID"
    family = {768: "sd-1", 1024: "sd-2", 2048: "sdxl"}.get(wide, "")
    return Part("ip-adapter", family, sort, f"image layers that lead to {wide}-d text states")


def _t2i_adapter(shapes: Shapes) -> Part | None:
    found = _any(shapes, "adapter.body.", "body.0.block1.", "body.0.resnets.")
    if not found:
        return None
    wide = _width(shapes, r"(?:adapter\.)?conv_in\.weight", 1)
    family = {64: "sd-1", 192: "sd-1", 256: "sdxl", 768: "sdxl"}.get(wide, "")
    return Part("t2i-adapter", family, "T2IAdapter", f"adapter bodies on {wide} input channels")


def _motion(shapes: Shapes) -> Part | None:
    if not any("motion_modules." in name for name in shapes):
        return None
    if _any(shapes, "model.diffusion_model.", "conv_in.", "input_blocks."):
        return None
    wide = _width(
        shapes, r"down_blocks\.\d\.motion_modules\.\d.*\.attention_blocks\.0\.to_q\.weight"
    )
    has_mid = any(name.startswith("mid_block.") for name in shapes)
    family = "sd-1" if has_mid or _any(shapes, "down_blocks.3.") else "sdxl"
    return Part("motion-adapter", family, "MotionAdapter", f"motion modules {wide} wide")


_MAX_VECTORS = 256


def _embedding(shapes: Shapes) -> Part | None:
    """Textual inversions: a handful of vectors as wide as a text encoder's tokens."""
    names = set(shapes)
    if {"clip_l", "clip_g"} <= names:
        told = "vectors for both of SDXL's text encoders"
        return Part("embedding", "sdxl", "textual inversion", told)
    if len(shapes) > 4 or not shapes:
        return None
    named = names & {"emb_params", "clip_l", "clip_g", "t5xxl"}
    flat = all(len(shape) <= 2 and (len(shape) < 2 or shape[0] <= _MAX_VECTORS)
               for shape in shapes.values())  # fmt: skip
    wide = next(iter(shapes.values()))[-1:] or (0,)
    family = {768: "sd-1", 1024: "sd-2", 1280: "sdxl"}.get(wide[0], "")
    if not flat or not (named or (len(shapes) == 1 and family)):
        return None
    return Part(
        "embedding", family, "textual inversion", f"vectors {wide[0]} wide and nothing else"
    )


def _autoencoder(shapes: Shapes) -> Part | None:
    bare = {_without(name, "first_stage_model.", "vae."): shape for name, shape in shapes.items()}
    if {"decoder.middle.0.residual.0.gamma", "decoder.mid_block.resnets.0.norm1.gamma"} & set(bare):
        return Part("vae", "wan", "AutoencoderKLWan", "the decoder of Wan's and Qwen's autoencoder")
    if "decoder.stages.1.op_list.0.main.conv.conv.bias" in bare:
        return Part("vae", "sana", "AutoencoderDC", "the stages of a deep-compression autoencoder")
    tiny = _tiny_autoencoder(bare)
    if tiny is not None:
        return tiny
    channels = bare.get("decoder.conv_in.weight", ())
    known = {"encoder.conv_in.weight", "decoder.conv_out.weight"} & set(bare)
    if len(channels) != 4 or not known:
        return None
    told = f"an encoder and decoder with {channels[1]} latent channels"
    # Stable Diffusion 1, 2 and XL share their shapes; so do Stable Diffusion 3 and FLUX.
    family = {32: "flux-2"}.get(channels[1], "")
    return Part("vae", family, "AutoencoderKL", told)


def _tiny_autoencoder(bare: Shapes) -> Part | None:
    first = bare.get("decoder.layers.0.weight", bare.get("taesd_decoder.1.weight", ()))
    first = first or (bare.get("decoder.1.weight", ()) if "decoder.3.conv.0.weight" in bare else ())
    if len(first) != 4:
        return None
    told = f"a tiny decoder of {first[1]} latent channels"
    return Part("vae", "", "AutoencoderTiny", told)


_TEXT_ENCODERS: tuple[tuple[str, str, tuple[tuple[str, int], ...]], ...] = (
    ("clip-l", "CLIPTextModel", ((r"^text_model\.encoder\.layers\.11\.mlp\.fc1\.weight", 768),)),
    ("clip-g", "CLIPTextModelWithProjection",
     ((r"^text_model\.encoder\.layers\.31\.mlp\.fc1\.weight", 1280),)),
    ("clip-h", "CLIPTextModel", ((r"^text_model\.encoder\.layers\.22\.mlp\.fc1\.weight", 1024),)),
    ("t5-xxl", "T5EncoderModel",
     ((r"encoder\.block\.23\.layer\.1\.DenseReluDense\.wi_1\.weight", 4096),)),
    ("umt5-xxl", "UMT5EncoderModel",
     ((r"^(?:encoder\.)?blocks\.23\.attn\.q\.weight", 4096),)),
    ("qwen2.5-vl-7b", "Qwen2_5_VLForConditionalGeneration",
     ((r"visual\.blocks\.0\.attn\.qkv\.weight", 1280), (r"embed_tokens\.weight", 3584))),
    ("qwen3-4b", "Qwen3ForCausalLM",
     ((r"layers\.0\.self_attn\.q_norm\.weight", 128), (r"embed_tokens\.weight", 2560))),
    ("qwen3-8b", "Qwen3ForCausalLM",
     ((r"layers\.0\.self_attn\.q_norm\.weight", 128), (r"embed_tokens\.weight", 4096))),
    ("gemma-2-2b", "Gemma2Model",
     ((r"layers\.0\.pre_feedforward_layernorm\.weight", 2304), (r"embed_tokens\.weight", 2304))),
    ("mistral-small-24b", "Mistral3ForConditionalGeneration",
     ((r"layers\.39\.self_attn\.q_proj\.weight", 5120), (r"embed_tokens\.weight", 5120))),
)  # fmt: skip
"""Family, class, and names with the widths their last dimension has; all must fit."""

_IMAGE_ENCODERS = {1280: "clip-vision-h", 1664: "clip-vision-g", 1024: "clip-vision-l",
                   1152: "siglip"}  # fmt: skip


def _text_encoder(shapes: Shapes) -> Part | None:
    for family, architecture, wanted in _TEXT_ENCODERS:
        if all(_width(shapes, pattern) == width for pattern, width in wanted):
            told = f"the layers of a text encoder, {wanted[-1][1]} wide"
            return Part("text-encoder", family, architecture, told)
    return None


def _image_encoder(shapes: Shapes) -> Part | None:
    wide = _width(shapes, r"vision_model\.encoder\.layers\.0\.mlp\.fc1\.weight")
    wide = wide or _width(shapes, r"^visual\.transformer\.resblocks\.0\.mlp\.c_fc\.weight")
    if wide not in _IMAGE_ENCODERS or any("text_model." in name for name in shapes):
        return None
    sort = "SiglipVisionModel" if wide == 1152 else "CLIPVisionModelWithProjection"
    told = f"the layers of an image encoder, {wide} wide"
    return Part("image-encoder", _IMAGE_ENCODERS[wide], sort, told)


_UPSCALERS = (
    ("ESRGAN", r"^model\.1\.sub\.0\.RDB1\.conv1\.0\.weight"),
    ("ESRGAN", r"^(?:body\.0\.rdb1|RRDB_trunk\.0\.RDB1)\.conv1\.weight"),
    ("SwinIR", r"^layers\.0\.residual_group\.blocks\.0\.attn\.relative_position_bias_table"),
    ("HAT", r"^layers\.0\.residual_group\.overlap_attn\."),
    ("DAT", r"^layers\.0\.blocks\.0\.attn\.attns\.0\.pos\."),
    ("OmniSR", r"^residual_layer\.0\.residual_layer\.0\.layer\."),
    ("SPAN", r"^block_1\.c1_r\.sk\.weight"),
)  # fmt: skip


def _upscaler(shapes: Shapes) -> Part | None:
    for sort, sign in _UPSCALERS:
        if any(re.search(sign, name.removeprefix("params_ema.")) for name in shapes):
            return Part("upscaler", "", sort, f"the layers of the upscaler {sort}")
    prelu = {"body.0.weight", "body.1.weight", "body.2.weight"} <= set(shapes)
    if prelu and len(shapes["body.0.weight"]) == 4 and len(shapes["body.1.weight"]) == 1:
        return Part("upscaler", "", "Compact", "the layers of a compact upscaler")
    return None


def _without(name: str, *prefixes: str) -> str:
    for prefix in prefixes:
        name = name.removeprefix(prefix)
    return name


_Test = Callable[[Shapes], Part | None]
_EARLY: tuple[_Test, ...] = (_controlnet, _ip_adapter, _t2i_adapter, _motion, _embedding)
_LATE: tuple[_Test, ...] = (_autoencoder, _text_encoder, _image_encoder, _upscaler)
