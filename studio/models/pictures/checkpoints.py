"""Signatures of whole picture models in one file: which names and shapes give a kind away.

The names are those of ``CHECKPOINT_KEY_NAMES`` and the order of ``infer_diffusers_model_type`` in
diffusers 0.42.1, ``loaders/single_file_utils.py`` (Apache-2.0); ``tests/models/pictures`` compares
both. Unlike diffusers, what fits no signature is unknown here, not Stable Diffusion 1, and a
model alone, without its ``model.diffusion_model.`` in front, is known as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Shapes = Mapping[str, tuple[int, ...]]

PREFIX = "model.diffusion_model."
_IN = "input_blocks.0.0.weight"
_TEXT_SD = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
_TEXT_SD2 = "input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight"
_TEXT_XL = "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
_XL_CLIP = "conditioner.embedders.1.model.transformer.resblocks.9.mlp.c_proj.bias"
_REFINER_CLIP = "conditioner.embedders.0.model.transformer.resblocks.9.mlp.c_proj.bias"
_UNET_SD = "down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"
_UNET_XL = "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"


@dataclass(frozen=True)
class Signature:
    """What gives a kind away.

    Attributes:
        kind: The kind's id.
        diffusers: What diffusers calls it; "" when diffusers does not know it.
        told: How it was told, in words.
        names: Tensors that must all be there; several joined by "|" are alternatives.
        shapes: ``(name, dimension, length)`` that must all hold; names may be alternatives.
        absent: Tensors that must not be there.
    """

    kind: str
    diffusers: str
    told: str
    names: tuple[str, ...] = ()
    shapes: tuple[tuple[str, int, int], ...] = ()
    absent: tuple[str, ...] = ()

    def fits(self, shapes: Shapes) -> bool:
        """Return whether a file with these shapes, without the common prefix, is this kind."""
        return (
            all(_find(shapes, name) is not None for name in self.names)
            and all(_length(shapes, name, at) == want for name, at, want in self.shapes)
            and not any(name in shapes for name in self.absent)
        )


_UNET = "a diffusion UNet with {} text states"

SIGNATURES = (
    Signature(
        "sd-2-inpaint",
        "inpainting_v2",
        _UNET.format("1024-d") + " and nine input channels",
        shapes=((_IN, 1, 9), (_TEXT_SD2, -1, 1024)),
    ),
    Signature(
        "sdxl-inpaint",
        "xl_inpaint",
        _UNET.format("2048-d") + " and nine input channels",
        names=(f"{_XL_CLIP}|{_TEXT_XL}",),
        shapes=((_IN, 1, 9), (_TEXT_XL, -1, 2048)),
    ),
    Signature(
        "sd-1-inpaint",
        "inpainting",
        _UNET.format("768-d") + " and nine input channels",
        shapes=((_IN, 1, 9), (_TEXT_SD, -1, 768)),
    ),
    Signature(
        "sd-2-depth",
        "v2",
        _UNET.format("1024-d") + " and five input channels",
        shapes=((_IN, 1, 5), (_TEXT_SD2, -1, 1024)),
    ),
    Signature("sd-2", "v2", _UNET.format("1024-d"), shapes=((_TEXT_SD2, -1, 1024), (_IN, 1, 4))),
    Signature(
        "playground-2.5",
        "playground-v2-5",
        _UNET.format("2048-d") + " and noise levels of its own",
        names=("edm_mean",),
    ),
    Signature("sdxl", "xl_base", _UNET.format("2048-d"), shapes=((_TEXT_XL, -1, 2048),)),
    Signature("sdxl", "xl_base", "the two text encoders of SDXL", names=(_XL_CLIP,)),
    Signature(
        "sdxl-refiner", "xl_refiner", _UNET.format("1280-d"), shapes=((_TEXT_XL, -1, 1280),)
    ),
    Signature(
        "sdxl-refiner", "xl_refiner", "the text encoder of SDXL's refiner", names=(_REFINER_CLIP,)
    ),
    Signature(
        "sd-2-upscaler",
        "upscale",
        "a diffusion UNet that takes a small picture in",
        names=("input_blocks.10.0.skip_connection.bias",),
        shapes=((_IN, 1, 7),),
    ),
    Signature(
        "stable-cascade-c",
        "stable_cascade_stage_c",
        "the layers that read texts in Stable Cascade",
        names=("clip_txt_mapper.weight",),
    ),
    Signature(
        "stable-cascade-b",
        "stable_cascade_stage_b",
        "the layers of Stable Cascade's second stage",
        names=("down_blocks.1.0.channelwise.0.weight",),
    ),
    Signature(
        "sd-3-medium",
        "sd3",
        "joint blocks 1536 wide and 36864 places",
        shapes=(("joint_blocks.0.context_block.adaLN_modulation.1.bias", -1, 9216),
                ("pos_embed", 1, 36864)),
    ),
    Signature(
        "sd-3.5-medium",
        "sd35_medium",
        "joint blocks 1536 wide and 147456 places",
        shapes=(("joint_blocks.0.context_block.adaLN_modulation.1.bias", -1, 9216),
                ("pos_embed", 1, 147456)),
    ),
    Signature(
        "sd-3.5-large",
        "sd35_large",
        "38 joint blocks",
        names=("joint_blocks.37.x_block.mlp.fc1.weight",),
    ),
    Signature(
        "flux-2-klein-4b",
        "flux-2-dev",
        "shared modulations and a stream 3072 wide",
        names=("single_stream_modulation.lin.weight",),
        shapes=(("img_in.weight", 0, 3072),),
    ),
    Signature(
        "flux-2-klein-9b",
        "flux-2-dev",
        "shared modulations and a stream 4096 wide",
        names=("single_stream_modulation.lin.weight",),
        shapes=(("img_in.weight", 0, 4096),),
    ),
    Signature(
        "flux-2-dev",
        "flux-2-dev",
        "shared modulations and a stream 6144 wide",
        names=("single_stream_modulation.lin.weight",),
        shapes=(("img_in.weight", 0, 6144),),
    ),
    Signature(
        "flux-3",
        "flux-3-image",
        "the modulations of FLUX.3",
        names=("early_stream_modulations.image.lin.weight",),
    ),
    Signature(
        "chroma",
        "chroma",
        "double and single blocks with a distilled guidance layer",
        names=("distilled_guidance_layer.in_proj.bias",),
    ),
    Signature(
        "flux-fill",
        "flux-fill",
        "double blocks with guidance and 384 input channels",
        names=("double_blocks.0.img_attn.norm.key_norm.scale", "guidance_in.in_layer.bias"),
        shapes=(("img_in.weight", 1, 384),),
    ),
    Signature(
        "flux-depth",
        "flux-depth",
        "double blocks with guidance and 128 input channels",
        names=("double_blocks.0.img_attn.norm.key_norm.scale", "guidance_in.in_layer.bias"),
        shapes=(("img_in.weight", 1, 128),),
    ),
    Signature(
        "flux-dev",
        "flux-dev",
        "double blocks with guidance",
        names=("double_blocks.0.img_attn.norm.key_norm.scale", "guidance_in.in_layer.bias"),
    ),
    Signature(
        "flux-schnell",
        "flux-schnell",
        "double blocks without guidance",
        names=("double_blocks.0.img_attn.norm.key_norm.scale",),
    ),
    Signature(
        "ltx-2",
        "ltx2-dev",
        "the layers that join film and sound in LTX-2",
        names=("av_ca_a2v_gate_adaln_single.emb.timestep_embedder.linear_1.weight",),
    ),
    Signature(
        "ltx-video",
        "ltx-video",
        "the layers of LTX-Video",
        names=("patchify_proj.weight", "transformer_blocks.27.scale_shift_table"),
    ),
    Signature(
        "mochi-1",
        "mochi-1-preview",
        "the layers of Mochi",
        names=("blocks.0.attn.qkv_x.weight",),
    ),
    Signature(
        "hunyuan-video",
        "hunyuan-video",
        "the token refiner of HunyuanVideo",
        names=("txt_in.individual_token_refiner.blocks.0.adaLN_modulation.1.bias",),
    ),
    Signature(
        "auraflow",
        "auraflow",
        "the double layers of AuraFlow",
        names=("double_layers.0.attn.w2q.weight", "double_layers.0.attn.w1q.weight",
               "cond_seq_linear.weight", "t_embedder.mlp.0.weight"),
    ),
    Signature(
        "sd-1-pix2pix",
        "instruct-pix2pix",
        _UNET.format("768-d") + " and eight input channels",
        shapes=((_IN, 1, 8), (_TEXT_SD, -1, 768)),
    ),
    Signature(
        "z-image",
        "z-image-turbo",
        "layers with modulation and a caption embedder",
        names=("layers.0.adaLN_modulation.0.weight",),
    ),
    Signature("lumina-2", "lumina2", "a caption embedder", names=("cap_embedder.0.weight",)),
    Signature(
        "sana", "sana", "linear cross attention", names=("blocks.0.cross_attn.q_linear.weight",)
    ),
    Signature("wan", "wan-t2v-14B", "the head of Wan", names=("head.modulation",)),
    Signature(
        "qwen-image-2.1",
        "qwen-image-2.1",
        "the text norm of Qwen-Image 2.1",
        names=("txt_in.text_norm.weight",),
    ),
    Signature(
        "krea-2", "krea2", "the text fusion of Krea 2", names=("txtfusion.projector.weight",)
    ),
    Signature(
        "hidream",
        "hidream",
        "the double stream blocks of HiDream",
        names=("double_stream_blocks.0.block.adaLN_modulation.1.bias",),
    ),
    Signature(
        "cosmos-2",
        "cosmos-2.0-t2i-2B",
        "the blocks of Cosmos Predict 2",
        names=("net.x_embedder.proj.1.weight", "net.blocks.0.self_attn.q_proj.weight",
               "net.pos_embedder.dim_spatial_range"),
    ),
    Signature(
        "cosmos-1",
        "cosmos-1.0-t2w-7B",
        "the blocks of Cosmos 1",
        names=("net.x_embedder.proj.1.weight", "net.extra_pos_embedder.pos_emb_h",
               "net.blocks.block1.blocks.0.block.attn.to_q.0.weight"),
    ),
    Signature(
        "minimax-h3",
        "minimax-h3",
        "the token refiner of MiniMax H3",
        names=("token_refiner.blocks.0.attn.qkv_proj.weight",),
    ),
    Signature(
        "sd-1",
        "v1",
        _UNET.format("768-d"),
        names=("output_blocks.11.0.skip_connection.weight",),
        shapes=((_TEXT_SD, -1, 768),),
    ),
    # What diffusers does not tell: its own layout in one file, and the first Qwen-Image.
    Signature(
        "qwen-image",
        "",
        "joint blocks with a norm for texts 3584 wide",
        names=("transformer_blocks.0.attn.add_q_proj.weight",),
        shapes=(("txt_norm.weight", 0, 3584),),
    ),
    Signature(
        "flux-dev",
        "",
        "single blocks with guidance in diffusers' layout",
        names=(
            "single_transformer_blocks.0.proj_mlp.weight",
            "time_text_embed.guidance_embedder.linear_1.weight",
        ),
        shapes=(("x_embedder.weight", 1, 64),),
    ),
    Signature(
        "flux-schnell",
        "",
        "single blocks without guidance in diffusers' layout",
        names=("single_transformer_blocks.0.proj_mlp.weight",),
        shapes=(("x_embedder.weight", 1, 64),),
        absent=("time_text_embed.guidance_embedder.linear_1.weight",),
    ),
    Signature(
        "flux-2-klein-4b",
        "",
        "shared modulations and a stream 3072 wide",
        shapes=(("single_stream_modulation.linear.weight", 1, 3072),),
    ),
    Signature(
        "flux-2-klein-9b",
        "",
        "shared modulations and a stream 4096 wide",
        shapes=(("single_stream_modulation.linear.weight", 1, 4096),),
    ),
    Signature(
        "flux-2-dev",
        "",
        "shared modulations and a stream 6144 wide",
        shapes=(("single_stream_modulation.linear.weight", 1, 6144),),
    ),
    Signature("sdxl", "", _UNET.format("2048-d"), shapes=((_UNET_XL, -1, 2048),),
              names=("conv_in.weight",)),
    Signature("sd-1", "", _UNET.format("768-d"), shapes=((_UNET_SD, -1, 768),
              ("conv_in.weight", 1, 4))),
    Signature("sd-2", "", _UNET.format("1024-d"), shapes=((_UNET_SD, -1, 1024),
              ("conv_in.weight", 1, 4))),
)  # fmt: skip
"""In the order in which they are tried."""


def find_signature(shapes: Shapes) -> Signature | None:
    """Return the first signature that fits a file's shapes, ``None`` when it is none we know."""
    bare = without_prefix(shapes)
    return next((each for each in SIGNATURES if each.fits(bare)), None)


def without_prefix(shapes: Shapes) -> Shapes:
    """Return the shapes with the diffusion model's names as they are without a prefix."""
    if not any(name.startswith(PREFIX) for name in shapes):
        return shapes
    return {name.removeprefix(PREFIX): shape for name, shape in shapes.items()}


def _find(shapes: Shapes, names: str) -> tuple[int, ...] | None:
    return next((shapes[name] for name in names.split("|") if name in shapes), None)


def _length(shapes: Shapes, names: str, at: int) -> int:
    shape = _find(shapes, names)
    if shape is None or not -len(shape) <= at < len(shape):
        return -1
    return shape[at]
