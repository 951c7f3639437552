"""Files that go beside a picture model told by their headers."""

from __future__ import annotations

import pytest

from studio.models.pictures.checkpoints import Shapes
from studio.models.pictures.telling import tell
from tests.fakes.picture_headers import component_shapes

CROSS = "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
RESBLOCKS = "decoder.conv_in.weight"


def vae(channels: int, prefix: str = "") -> Shapes:
    return {
        f"{prefix}encoder.conv_in.weight": (128, 3, 3, 3),
        f"{prefix}decoder.conv_in.weight": (512, channels, 3, 3),
        f"{prefix}decoder.conv_out.weight": (3, 128, 3, 3),
    }


CASES: list[tuple[str, str, Shapes, tuple[str, str, str]]] = [
    (
        "controlnet of its makers",
        "",
        {
            f"control_model.{CROSS}": (320, 768),
            "control_model.input_hint_block.0.weight": (16, 3, 3, 3),
        },
        ("controlnet", "sd-1", "ControlNetModel"),
    ),
    (
        "controlnet sd-2",
        "",
        {f"control_model.{CROSS}": (320, 1024)},
        ("controlnet", "sd-2", "ControlNetModel"),
    ),
    (
        "controlnet, diffusers",
        "",
        {
            "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
            "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": (640, 2048),
        },
        ("controlnet", "sdxl", "ControlNetModel"),
    ),
    (
        "small controlnet sdxl",
        "",
        {
            "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
            "add_embedding.linear_1.weight": (1280, 2816),
        },
        ("controlnet", "sdxl", "ControlNetModel"),
    ),
    (
        "controlnet union",
        "",
        {
            "controlnet_cond_embedding.conv_in.weight": (16, 3, 3, 3),
            "task_embedding": (6, 320),
            "down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight": (640, 2048),
        },
        ("controlnet", "sdxl", "ControlNetUnionModel"),
    ),
    (
        "control-lora",
        "",
        {"lora_controlnet": (), "input_hint_block.0.weight": (16, 3, 3, 3)},
        ("controlnet", "sdxl", "ControlLora"),
    ),
    (
        "controlnet lllite",
        "",
        {"lllite_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.down.0.weight": (32, 2048)},
        ("controlnet", "sdxl", "ControlNetLLLite"),
    ),
    (
        "controlnet flux",
        "",
        {
            "controlnet_blocks.0.weight": (3072, 3072),
            "x_embedder.weight": (3072, 64),
            "transformer_blocks.0.norm1_context.linear.weight": (18432, 3072),
        },
        ("controlnet", "flux", "FluxControlNetModel"),
    ),
    (
        "controlnet flux xlabs",
        "",
        {
            "controlnet_blocks.0.weight": (3072, 3072),
            "double_blocks.0.img_mod.lin.weight": (1, 3072),
            "input_hint_block.0.weight": (16, 3, 3, 3),
        },
        ("controlnet", "flux", "FluxControlNetModel"),
    ),
    (
        "controlnet sd-3",
        "",
        {
            "controlnet_blocks.0.weight": (1536, 1536),
            "pos_embed.pos_embed": (1, 36864, 1536),
            "transformer_blocks.0.norm1_context.linear.weight": (9216, 1536),
        },
        ("controlnet", "sd-3", "SD3ControlNetModel"),
    ),
    (
        "controlnet qwen",
        "",
        {
            "controlnet_blocks.0.weight": (3072, 3072),
            "transformer_blocks.0.img_mod.1.weight": (18432, 3072),
        },
        ("controlnet", "qwen-image", "QwenImageControlNetModel"),
    ),
    (
        "controlnet z-image",
        "",
        {"control_layers.0.adaLN_modulation.0.weight": (15360, 256)},
        ("controlnet", "z-image", "ZImageControlNetModel"),
    ),
    (
        "ip-adapter",
        "",
        {"image_proj.proj.weight": (3072, 1024), "ip_adapter.1.to_k_ip.weight": (320, 768)},
        ("ip-adapter", "sd-1", "IP-Adapter"),
    ),
    (
        "ip-adapter plus sdxl",
        "",
        {"image_proj.latents": (1, 16, 1280), "ip_adapter.1.to_k_ip.weight": (640, 2048)},
        ("ip-adapter", "sdxl", "IP-Adapter Plus"),
    ),
    (
        "ip-adapter faceid",
        "",
        {
            "image_proj.proj.0.weight": (1024, 512),
            "image_proj.proj.2.weight": (3072, 1024),
            "ip_adapter.1.to_k_ip.weight": (320, 768),
        },
        ("ip-adapter", "sd-1", "IP-Adapter FaceID"),
    ),
    (
        "ip-adapter flux",
        "",
        {
            "ip_adapter_proj_model.proj.weight": (16384, 768),
            "double_blocks.0.processor.ip_adapter_double_stream_k_proj.weight": (3072, 4096),
        },
        ("ip-adapter", "flux", "IP-Adapter"),
    ),
    (
        "t2i-adapter",
        "",
        {
            "adapter.body.0.resnets.0.block1.weight": (320, 320, 3, 3),
            "adapter.conv_in.weight": (320, 192, 3, 3),
        },
        ("t2i-adapter", "sd-1", "T2IAdapter"),
    ),
    (
        "t2i-adapter sdxl",
        "",
        {
            "adapter.body.0.resnets.0.block1.weight": (320, 320, 3, 3),
            "adapter.conv_in.weight": (320, 768, 3, 3),
        },
        ("t2i-adapter", "sdxl", "T2IAdapter"),
    ),
    (
        "motion module",
        "",
        {"down_blocks.3.motion_modules.0.temporal_transformer.norm.weight": (1280,)},
        ("motion-adapter", "sd-1", "MotionAdapter"),
    ),
    (
        "motion module sdxl",
        "",
        {"down_blocks.0.motion_modules.0.temporal_transformer.norm.weight": (320,)},
        ("motion-adapter", "sdxl", "MotionAdapter"),
    ),
    ("embedding a1111", "", {"emb_params": (8, 768)}, ("embedding", "sd-1", "textual inversion")),
    ("embedding sd-2", "", {"emb_params": (1, 1024)}, ("embedding", "sd-2", "textual inversion")),
    (
        "embedding sdxl",
        "",
        {"clip_l": (8, 768), "clip_g": (8, 1280)},
        ("embedding", "sdxl", "textual inversion"),
    ),
    ("embedding diffusers", "", {"<my-cat>": (768,)}, ("embedding", "sd-1", "textual inversion")),
    ("vae", "", vae(4), ("vae", "", "AutoencoderKL")),
    (
        "vae with a prefix",
        "vae-ft-mse-840000-ema-pruned",
        vae(4, "first_stage_model."),
        ("vae", "sd-1", "AutoencoderKL"),
    ),
    ("vae sdxl", "sdxl_vae", vae(4), ("vae", "sdxl", "AutoencoderKL")),
    ("vae flux", "ae", vae(16), ("vae", "flux", "AutoencoderKL")),
    ("vae sd-3", "sd3_vae", vae(16), ("vae", "sd-3", "AutoencoderKL")),
    ("vae of sixteen channels", "my vae", vae(16), ("vae", "", "AutoencoderKL")),
    ("vae flux-2", "", vae(32), ("vae", "flux-2", "AutoencoderKL")),
    (
        "vae qwen",
        "",
        {"decoder.middle.0.residual.0.gamma": (384, 1, 1, 1)},
        ("vae", "wan", "AutoencoderKLWan"),
    ),
    (
        "taesd",
        "taesd_decoder",
        {"decoder.layers.0.weight": (64, 4, 3, 3)},
        ("vae", "sd-1", "AutoencoderTiny"),
    ),
    (
        "taesdxl of its maker",
        "taesdxl",
        {"taesd_decoder.1.weight": (64, 4, 3, 3)},
        ("vae", "sdxl", "AutoencoderTiny"),
    ),
    (
        "esrgan",
        "",
        {"model.1.sub.0.RDB1.conv1.0.weight": (32, 64, 3, 3)},
        ("upscaler", "", "ESRGAN"),
    ),
    ("real-esrgan", "", {"body.0.rdb1.conv1.weight": (32, 64, 3, 3)}, ("upscaler", "", "ESRGAN")),
    (
        "compact",
        "",
        {"body.0.weight": (64, 3, 3, 3), "body.1.weight": (64,), "body.2.weight": (64, 64, 3, 3)},
        ("upscaler", "", "Compact"),
    ),
    (
        "clip vision",
        "",
        {"vision_model.encoder.layers.0.mlp.fc1.weight": (5120, 1280)},
        ("image-encoder", "clip-vision-h", "CLIPVisionModelWithProjection"),
    ),
    (
        "siglip",
        "",
        {"vision_model.encoder.layers.0.mlp.fc1.weight": (4304, 1152)},
        ("image-encoder", "siglip", "SiglipVisionModel"),
    ),
]


@pytest.mark.parametrize(
    ("name", "shapes", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_parts_are_told(name: str, shapes: Shapes, wanted: tuple[str, str, str]) -> None:
    told = tell(shapes, {}, name)
    assert (told.role, told.family, told.architecture) == wanted
    assert told.told_by.endswith(".")
    assert told.capabilities == ()
    assert told.kind == ""


@pytest.mark.parametrize(
    ("kind", "component", "family"),
    [
        ("sd-1", "text_encoder", "clip-l"),
        ("sd-2", "text_encoder", "clip-h"),
        ("sdxl", "text_encoder_2", "clip-g"),
        ("flux-dev", "text_encoder_2", "t5-xxl"),
        ("z-image", "text_encoder", "qwen3-4b"),
        ("flux-2-klein-9b", "text_encoder", "qwen3-8b"),
        ("qwen-image", "text_encoder", "qwen2.5-vl-7b"),
    ],
)
def test_text_encoders_of_real_size_are_told(kind: str, component: str, family: str) -> None:
    shapes = component_shapes(kind, component)
    old = {
        name if name.startswith(("text_model.", "text_projection")) or "clip" not in family
        else f"text_model.{name}": shape
        for name, shape in shapes.items()
    }  # fmt: skip
    told = tell(old, {})
    assert (told.role, told.family) == ("text-encoder", family)


@pytest.mark.parametrize("kind", ["sd-1", "sdxl", "flux-dev", "flux-2-klein-4b", "qwen-image"])
def test_autoencoders_of_real_size_are_told(kind: str) -> None:
    assert tell(component_shapes(kind, "vae"), {}).role == "vae"


@pytest.mark.parametrize(
    "shapes",
    [
        {"a": (2,)},
        {"a": (768, 768)},
        {"emb": (999,)},
        {"decoder.conv_in.weight": (4,)},
        {"body.0.weight": (1,)},
        {"image": (5, 768, 3)},
    ],
)
def test_what_only_looks_alike_is_unknown(shapes: Shapes) -> None:
    assert tell(shapes, {}).told_by == ""
