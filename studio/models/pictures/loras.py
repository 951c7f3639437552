"""Tells LoRAs and what they go with: kohya's, diffusers' and PEFT's names, LyCORIS.

The family shows in the names of the layers and in how wide they are. A note in the file
(``ss_base_model_version``, ``modelspec.architecture``) fills in what the names leave open.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from studio.models.pictures.checkpoints import Shapes
from studio.models.pictures.kinds import family_of_width

_LORA = r"lora_(?:up|down|mid)|lora\.(?:up|down|mid)|lora_linear_layer\.(?:up|down)"
_PEFT = r"lora_[AB]|lora_(?:magnitude_vector|embedding_[AB])|dora_scale"
_ENDINGS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("LoKr", re.compile(r"\.lokr_(?:w[12](?:_[ab])?|t2)$")),
    ("LoHa", re.compile(r"\.hada_(?:w[12]_[ab]|t[12])$")),
    ("OFT", re.compile(r"\.oft_(?:blocks|diag)$")),
    ("IA3", re.compile(r"\.ia3_w$|\.on_input$")),
    ("GLoRA", re.compile(r"\.[ab][12]\.weight$")),
    ("LoRA", re.compile(rf"[._](?:{_LORA})(?:\.\w+)?(?:\.weight)?$")),
    ("LoRA", re.compile(rf"[._](?:{_PEFT})(?:\.\w+)?(?:\.weight)?$")),
)
#: A quick look first: whole models have thousands of names, and none of these signs.
_PERHAPS = re.compile(r"lora|hada_|lokr_|\.oft_|ia3_w|on_input|\.[ab][12]\.weight$", re.MULTILINE)
_BESIDE = re.compile(r"\.(?:alpha|diff|diff_b|scale|dora_scale|reshape_weight)$|^lora_te.*alpha$")

#: A family and a sign of it in the names, dots written as underscores; the first that is found.
_SIGNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("chroma", re.compile(r"distilled_guidance_layer")),
    ("krea-2", re.compile(r"text_fusion|txtfusion|time_mod_proj")),
    ("hidream", re.compile(r"double_stream_blocks_\d")),
    ("hunyuan-video", re.compile(r"individual_token_refiner|img_mod_linear|img_mlp_fc1")),
    ("auraflow", re.compile(r"double_layers_\d|joint_transformer_blocks_\d")),
    ("sd-3", re.compile(r"joint_blocks_\d|(?<!single_)transformer_blocks_\d+_norm1_context")),
    ("qwen-image", re.compile(r"(?<!single_)transformer_blocks_\d+_(?:img|txt)_(?:mlp|mod)_")),
    ("flux-2", re.compile(r"to_qkv_mlp_proj|_stream_modulation_")),
    ("flux", re.compile(r"double_blocks_\d|single_blocks_\d|single_transformer_blocks_\d")),
    ("wan", re.compile(r"(?:^|_)blocks_\d+_(?:cross|self)_attn_[kqvo](?:_|$)")),
    ("mochi-1", re.compile(r"(?:^|_)blocks_\d+_attn_(?:qkv_x|to_q|add_q_proj)")),
    ("z-image", re.compile(r"(?:^|_)layers_\d+_(?:attention|feed_forward|adaLN)")),
    ("sdxl", re.compile(r"lora_unet_(?:input|output|middle)_block|lora_te2_")),
)
_FLUX_2_WIDTHS = frozenset({6144, 4096})
_CROSS = re.compile(r"attn2[._](?:to_[kv]|processor\.to_[kv]_lora)")
_ATTENTIONS = re.compile(
    r"(?:down|up)_blocks[._]\d+[._]attentions|mid_block[._]attentions|lora_unet"
)
_TEXT = re.compile(r"^(?:lora_te_|lora_te1_|text_encoder\.|base_model\.model\.text_model)")

_NOTES = (
    ("sdxl", re.compile(r"sdxl|stable-diffusion-xl|sd_?xl|illustrious|pony")),
    ("sd-3", re.compile(r"sd3|stable-diffusion-3|sd_3")),
    ("sd-2", re.compile(r"sd_?v?2|stable-diffusion-v?2|sd_2")),
    ("sd-1", re.compile(r"sd_?v?1|stable-diffusion-v?1|sd_1")),
    ("flux-2", re.compile(r"flux[-_.]?2")),
    ("flux", re.compile(r"flux")),
    ("chroma", re.compile(r"chroma")),
    ("z-image", re.compile(r"z[-_]?image")),
    ("qwen-image-2", re.compile(r"qwen[-_]?image[-_]?2")),
    ("qwen-image", re.compile(r"qwen")),
    ("lumina-2", re.compile(r"lumina[-_]?2")),
    ("hunyuan-video", re.compile(r"hunyuan")),
    ("wan", re.compile(r"^wan")),
)


@dataclass(frozen=True)
class LoraSigns:
    """What a LoRA's header says.

    Attributes:
        sort: "LoRA", "LoHa", "LoKr", "OFT", "IA3" or "GLoRA".
        family: What it goes with, "" when the names leave it open.
        told: How the family was told, in words; "" likewise.
    """

    sort: str
    family: str
    told: str


def family_of_note(note: str) -> str:
    """Return the family a note in a file names, such as "sdxl_base_v1-0"; "" when none."""
    lowered = note.lower()
    return next((family for family, sign in _NOTES if sign.search(lowered)), "")


def find_lora(shapes: Shapes) -> LoraSigns | None:
    """Return what kind of LoRA a file with these shapes is, ``None`` when it is none.

    A whole model into which a careless tool left a few LoRA tensors is none: at least half of
    the names must be those of a LoRA.
    """
    if not _PERHAPS.search("\n".join(shapes)):
        return None
    sorts: dict[str, int] = {}
    beside = 0
    for name in shapes:
        sort = next((sort for sort, ending in _ENDINGS if ending.search(name)), "")
        if sort:
            sorts[sort] = sorts.get(sort, 0) + 1
        elif _BESIDE.search(name):
            beside += 1
    if not sorts or sum(sorts.values()) + beside < len(shapes) / 2:
        return None
    family, told = _family(shapes)
    return LoraSigns(max(sorts, key=lambda sort: sorts[sort]), family, told)


def _family(shapes: Shapes) -> tuple[str, str]:
    names = [name.replace(".", "_") for name in shapes]
    for family, sign in _SIGNS:
        if any(sign.search(name) for name in names):
            return _narrowed(family, shapes)
    for name in shapes:
        if _CROSS.search(name) and _ATTENTIONS.search(name):
            family = family_of_width(input_width(name, shapes))
            if family:
                width = input_width(name, shapes)
                return family, f"layers that read {width}-d text states"
    for name in shapes:
        if _TEXT.search(name) and "q_proj" in name:
            family = {768: "sd-1", 1024: "sd-2"}.get(input_width(name, shapes) or 0, "")
            if family:
                return family, f"a text encoder {input_width(name, shapes)} wide"
    return "", ""


def _narrowed(family: str, shapes: Shapes) -> tuple[str, str]:
    """Tell apart the families that share their names by how wide their layers are."""
    told = "the names of its layers"
    if family == "flux":
        for name in shapes:
            wide = input_width(name, shapes)
            if re.search(r"(?:img_attn[._]proj|img_attn[._]qkv|attn[._]to_q)[._]", name):
                if wide in _FLUX_2_WIDTHS:
                    return "flux-2", f"{told}, {wide} wide"
                break
        # FLUX.2 klein 4B is as wide as FLUX.1, but its inner layers are six times that.
        inner = [output_width(n, shapes) for n in shapes if re.search(r"img_mlp[._]0[._]", n)]
        if any(width == 18432 for width in inner):
            return "flux-2", f"{told}, with inner layers 18432 wide"
    if family == "z-image":
        for name in shapes:
            if re.search(r"attention[._](?:qkv|to_q|to_k)[._]", name):
                wide = input_width(name, shapes)
                return ("lumina-2" if wide == 2304 else "z-image"), f"{told}, {wide} wide"
    return family, told


def input_width(name: str, shapes: Shapes) -> int | None:
    """Return how wide the input of the layer is that ``name`` belongs to, ``None`` unknown."""
    shape = shapes[name]
    if re.search(r"lora[._](?:down|A)|lora_linear_layer\.down|hada_w[12]_b", name):
        return shape[1] if len(shape) > 1 else None
    found = re.search(r"^(.*)\.lokr_w[12](?:_[ab])?$", name)
    return _lokr(found[1], shapes, 1) if found else None


def output_width(name: str, shapes: Shapes) -> int | None:
    """Return how wide the output of the layer is that ``name`` belongs to, ``None`` unknown."""
    shape = shapes[name]
    if re.search(r"lora[._](?:up|B)|lora_linear_layer\.up|hada_w[12]_a", name):
        return shape[0] if shape else None
    found = re.search(r"^(.*)\.lokr_w[12](?:_[ab])?$", name)
    return _lokr(found[1], shapes, 0) if found else None


def _lokr(layer: str, shapes: Shapes, side: int) -> int | None:
    """Return the product of both Kronecker factors' lengths: side 0 output, 1 input."""
    product = 1
    for factor in ("lokr_w1", "lokr_w2"):
        part = factor + ("_b" if side else "_a")
        shape = shapes.get(f"{layer}.{factor}") or shapes.get(f"{layer}.{part}")
        if shape is None or len(shape) < 2:
            return None
        product *= shape[side]
    return product
