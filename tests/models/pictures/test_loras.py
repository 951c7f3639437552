"""LoRAs of every program told by their headers."""

from __future__ import annotations

import pytest

from studio.models.pictures.checkpoints import Shapes
from studio.models.pictures.loras import family_of_note, find_lora
from studio.models.pictures.telling import tell

ATTENTION = "down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k"


def kohya(layer: str, inner: int, outer: int = 320, rank: int = 4) -> Shapes:
    return {
        f"{layer}.lora_down.weight": (rank, inner),
        f"{layer}.lora_up.weight": (outer, rank),
        f"{layer}.alpha": (),
    }


def peft(layer: str, inner: int, outer: int = 320, rank: int = 4) -> Shapes:
    return {
        f"{layer}.lora_A.weight": (rank, inner),
        f"{layer}.lora_B.weight": (outer, rank),
    }


def loha(layer: str, inner: int, outer: int = 320, rank: int = 4) -> Shapes:
    return {
        f"{layer}.hada_w1_a": (outer, rank), f"{layer}.hada_w1_b": (rank, inner),
        f"{layer}.hada_w2_a": (outer, rank), f"{layer}.hada_w2_b": (rank, inner),
        f"{layer}.alpha": (),
    }  # fmt: skip


def lokr(layer: str, inner: int, outer: int = 320) -> Shapes:
    return {
        f"{layer}.lokr_w1": (8, 8), f"{layer}.lokr_w2_a": (outer // 8, 4),
        f"{layer}.lokr_w2_b": (4, inner // 8), f"{layer}.alpha": (),
    }  # fmt: skip


UNET = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2"

CASES: list[tuple[str, Shapes, str, str]] = [
    ("kohya sd-1", kohya(f"lora_unet_{ATTENTION}", 768), "LoRA", "sd-1"),
    ("kohya sd-2", kohya(f"lora_unet_{ATTENTION}", 1024), "LoRA", "sd-2"),
    ("kohya sdxl, diffusers' blocks", kohya(f"lora_unet_{ATTENTION}", 2048), "LoRA", "sdxl"),
    (
        "kohya sdxl",
        kohya("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k", 2048),
        "LoRA",
        "sdxl",
    ),
    (
        "kohya sdxl without cross attention",
        kohya("lora_unet_output_blocks_3_1_proj_in", 640),
        "LoRA",
        "sdxl",
    ),
    (
        "kohya sdxl, only its text encoders",
        kohya("lora_te2_text_model_encoder_layers_0_mlp_fc1", 1280),
        "LoRA",
        "sdxl",
    ),
    (
        "kohya sd-1, only its text encoder",
        kohya("lora_te_text_model_encoder_layers_0_self_attn_q_proj", 768),
        "LoRA",
        "sd-1",
    ),
    (
        "kohya sd-2, only its text encoder",
        kohya("lora_te_text_model_encoder_layers_0_self_attn_q_proj", 1024),
        "LoRA",
        "sd-2",
    ),
    ("refiner", kohya(f"lora_unet_{ATTENTION}", 1280), "LoRA", "sdxl-refiner"),
    (
        "diffusers sd-1",
        {
            f"{UNET}.processor.to_k_lora.down.weight": (4, 768),
            f"{UNET}.processor.to_k_lora.up.weight": (320, 4),
        },
        "LoRA",
        "sd-1",
    ),
    ("peft sdxl", peft(f"{UNET}.to_k", 2048), "LoRA", "sdxl"),
    (
        "peft with a name of its adapter",
        {
            f"{UNET}.to_k.lora_A.default.weight": (4, 768),
            f"{UNET}.to_k.lora_B.default.weight": (320, 4),
        },
        "LoRA",
        "sd-1",
    ),
    (
        "peft with a base model",
        peft("base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k", 768),
        "LoRA",
        "sd-1",
    ),
    ("loha", loha(f"lora_unet_{ATTENTION}", 768), "LoHa", "sd-1"),
    ("lokr", lokr(f"lora_unet_{ATTENTION}", 2048), "LoKr", "sdxl"),
    ("oft", {f"lora_unet_{ATTENTION}.oft_blocks": (4, 80, 80)}, "OFT", ""),
    ("flux kohya", kohya("lora_unet_double_blocks_0_img_attn_qkv", 3072, 9216), "LoRA", "flux"),
    (
        "flux diffusers",
        peft("transformer.single_transformer_blocks.0.attn.to_q", 3072, 3072),
        "LoRA",
        "flux",
    ),
    ("flux of its makers", peft("double_blocks.0.img_attn.qkv", 3072, 9216), "LoRA", "flux"),
    (
        "flux-2 dev",
        peft("diffusion_model.double_blocks.0.img_attn.proj", 6144, 6144),
        "LoRA",
        "flux-2",
    ),
    (
        "flux-2 klein 9b",
        kohya("lora_unet_double_blocks_0_img_attn_proj", 4096, 4096),
        "LoRA",
        "flux-2",
    ),
    ("flux-2 klein 4b", peft("double_blocks.0.img_mlp.0", 3072, 18432), "LoRA", "flux-2"),
    (
        "flux-2 diffusers",
        peft("transformer.single_transformer_blocks.0.attn.to_qkv_mlp_proj", 3072, 27648),
        "LoRA",
        "flux-2",
    ),
    ("flux, inner layers", peft("double_blocks.0.img_mlp.0", 3072, 12288), "LoRA", "flux"),
    (
        "chroma",
        peft("diffusion_model.distilled_guidance_layer.layers.0.in_layer", 5120)
        | peft("diffusion_model.double_blocks.0.img_attn.qkv", 3072),
        "LoRA",
        "chroma",
    ),
    ("sd-3", peft("transformer.transformer_blocks.0.norm1_context.linear", 1536), "LoRA", "sd-3"),
    ("sd-3 kohya", kohya("lora_unet_joint_blocks_0_x_block_attn_qkv", 1536), "LoRA", "sd-3"),
    (
        "qwen-image",
        peft("transformer.transformer_blocks.0.img_mlp.net.0.proj", 3072),
        "LoRA",
        "qwen-image",
    ),
    ("z-image", peft("diffusion_model.layers.0.attention.to_q", 3840, 3840), "LoRA", "z-image"),
    ("lumina-2", peft("diffusion_model.layers.0.attention.qkv", 2304, 3840), "LoRA", "lumina-2"),
    ("wan", peft("diffusion_model.blocks.0.cross_attn.k", 5120, 5120), "LoRA", "wan"),
    (
        "hunyuan-video",
        kohya("lora_unet_double_blocks_0_img_mlp_fc1", 3072),
        "LoRA",
        "hunyuan-video",
    ),
    ("krea-2", peft("transformer.text_fusion.projector", 2560), "LoRA", "krea-2"),
    (
        "hidream",
        peft("diffusion_model.double_stream_blocks.0.block.attn1.to_q", 2560),
        "LoRA",
        "hidream",
    ),
    ("unknown layers", kohya("lora_unet_something_new", 777), "LoRA", ""),
]


@pytest.mark.parametrize(
    ("shapes", "sort", "family"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_loras_are_told(shapes: Shapes, sort: str, family: str) -> None:
    found = find_lora(shapes)
    assert found is not None
    assert (found.sort, found.family) == (sort, family)
    told = tell(shapes, {})
    assert (told.role, told.family, told.architecture) == ("lora", family, sort)
    assert told.told_by.startswith(("A Lo", "A OFT", "An OFT"))


def test_a_whole_model_with_a_few_leftovers_is_no_lora() -> None:
    whole = {f"model.diffusion_model.x.{number}.weight": (4, 4) for number in range(50)}
    assert find_lora(whole | kohya(f"lora_unet_{ATTENTION}", 768)) is None
    assert find_lora({}) is None
    assert find_lora({"a.weight": (2, 2), "alpha": ()}) is None


@pytest.mark.parametrize(
    ("note", "family"),
    [
        ("sdxl_base_v1-0", "sdxl"), ("sd_v1", "sd-1"), ("sd_1.5", "sd-1"), ("sd_v2", "sd-2"),
        ("stable-diffusion-v1/lora", "sd-1"), ("stable-diffusion-xl-v1-base/lora", "sdxl"),
        ("stable-diffusion-v2-768-v", "sd-2"), ("stable-diffusion-3-medium", "sd-3"),
        ("flux-1-dev/lora", "flux"), ("flux1", "flux"), ("flux2_klein", "flux-2"), ("sd3m", "sd-3"),
        ("lumina2", "lumina-2"), ("qwen-image", "qwen-image"), ("z_image", "z-image"),
        ("wan2.1", "wan"), ("hunyuan-video", "hunyuan-video"), ("", ""), ("something", ""),
    ],
)  # fmt: skip
def test_notes_in_files_name_families(note: str, family: str) -> None:
    assert family_of_note(note) == family


def test_a_note_fills_in_what_the_names_leave_open() -> None:
    shapes = kohya("lora_unet_something_new", 777)
    told = tell(shapes, {"ss_base_model_version": "sdxl_base_v1-0"})
    assert told.family == "sdxl"
    assert told.told_by == (
        "A LoRA for Stable Diffusion XL: told by its own note ss_base_model_version."
    )


def test_a_note_does_not_overrule_the_shapes() -> None:
    told = tell(kohya(f"lora_unet_{ATTENTION}", 768), {"ss_base_model_version": "sdxl_base_v1-0"})
    assert told.family == "sd-1"
    assert "although the file's own note says Stable Diffusion XL" in told.told_by


def test_chroma_is_taken_from_the_note_where_its_layers_are_those_of_flux() -> None:
    shapes = peft("diffusion_model.double_blocks.0.img_attn.qkv", 3072, 9216)
    assert tell(shapes, {"modelspec.architecture": "Chroma/lora"}).family == "chroma"
