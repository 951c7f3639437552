"""Real picture models of toy size, made from configurations when a test first asks for them.

Nothing is fetched: the weights are random from a fixed seed, vocabularies are made here. What
they draw is noise, in exactly the way a large model draws a picture.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.models.identify import identify
from studio.models.info import ModelInfo
from tests.fakes.original_layout import save_original
from tests.fakes.toy_models import toy_folder

_WORDS = ["<|startoftext|>", "<|endoftext|>", "a</w>", "red</w>", "fox</w>", "cat</w>", "in</w>",
          "snow</w>", "blue</w>", "tree</w>"]  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789,.:;!?-()[]{}<>'\"_/\\+*=&%$#@^~|`"


def picture_folder(family: str) -> Path:
    """Return the folder of a toy of this family, making it the first time."""
    path = toy_folder() / "pictures" / f"toy-{family}"
    if not (path / "model_index.json").exists():
        _MAKERS[family]().save_pretrained(path)
    return path


def picture_model(family: str = "sd-1") -> ModelInfo:
    """Return what the store would know about a toy of this family."""
    return identify(picture_folder(family))


def picture_file(family: str) -> ModelInfo:
    """Return a toy as one file with the names of its original program, its configuration beside.

    Its numbers are those of :func:`picture_model`.
    """
    import diffusers

    folder = picture_folder(family)
    path = folder.with_name(f"toy-file-{family}.safetensors")
    if not path.exists():
        pipeline = diffusers.DiffusionPipeline.from_pretrained(str(folder), local_files_only=True)
        beside = path.with_suffix("")
        shutil.copytree(folder, beside, ignore=shutil.ignore_patterns("*.safetensors"))
        save_original(pipeline, path)
    whole = picture_model(family)
    return dataclasses.replace(
        identify(path), architecture=whole.architecture, family=whole.family, role=""
    )


def encoded(pixels: Any) -> bytes:
    """Return pixels (height, width[, 3 or 4]) as a PNG."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def seeded(make: Callable[[], Any]) -> Any:
    """Return what ``make`` makes, with the same chance each time."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make()


@functools.cache
def _clip_tokenizer_folder() -> Path:
    path = toy_folder() / "clip-tokenizer"
    path.mkdir(parents=True, exist_ok=True)
    entries = [*_WORDS, "re", "fo", "ca", *_LETTERS, *(f"{letter}</w>" for letter in _LETTERS)]
    words = list(dict.fromkeys(entries))
    (path / "vocab.json").write_text(json.dumps({word: at for at, word in enumerate(words)}))
    merges = ["#version: 0.2", "r e", "re d</w>", "f o", "fo x</w>", "c a", "ca t</w>", "i n</w>"]
    (path / "merges.txt").write_text("\n".join(merges) + "\n")
    return path


def clip_tokenizer() -> Any:
    """Return a CLIP tokenizer of some 150 entries."""
    from transformers import CLIPTokenizer

    folder = _clip_tokenizer_folder()
    return CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77
    )


def clip_encoder(projection: int = 0, **changes: Any) -> Any:
    """Return a CLIP text encoder of two layers; with ``projection`` one that projects."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    tokenizer = clip_tokenizer()
    values = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 37,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "projection_dim": projection or 32,
        "max_position_embeddings": 77,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "hidden_act": "quick_gelu",
        **changes,
    }
    kind = CLIPTextModelWithProjection if projection else CLIPTextModel
    return seeded(lambda: kind(CLIPTextConfig(**values))).eval()


def wide_clip_encoder() -> Any:
    """Return a CLIP text encoder that is wider than the other and projects, as second ones do."""
    return clip_encoder(projection=64, hidden_size=64, hidden_act="gelu")


def t5_parts(d_model: int = 32) -> dict[str, Any]:
    """Return a T5 encoder and a tokenizer for it."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import T5Config, T5EncoderModel, T5TokenizerFast

    words = ["<pad>", "</s>", "<unk>", *(f"▁{word.removesuffix('</w>')}" for word in _WORDS[2:])]
    scores = [(word, -float(at)) for at, word in enumerate([*words, "▁", *_LETTERS])]
    inner = Tokenizer(models.Unigram(scores, unk_id=2))
    inner.pre_tokenizer = pre_tokenizers.Metaspace()
    inner.decoder = decoders.Metaspace()
    tokenizer = T5TokenizerFast(
        tokenizer_object=inner, extra_ids=0, eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
        model_max_length=512,
    )  # fmt: skip
    config = T5Config(
        vocab_size=len(tokenizer), d_model=d_model, d_ff=37, d_kv=8, num_heads=4, num_layers=2,
        is_encoder_decoder=False, tie_word_embeddings=False,
    )  # fmt: skip
    return {"encoder": seeded(lambda: T5EncoderModel(config)).eval(), "tokenizer": tokenizer}


def kl_autoencoder(latent_channels: int = 4, **changes: Any) -> Any:
    """Return an autoencoder that halves the sides three times, as large ones do."""
    from diffusers import AutoencoderKL

    values = {
        "in_channels": 3,
        "out_channels": 3,
        "block_out_channels": (8, 8, 16, 16),
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "latent_channels": latent_channels,
        "sample_size": 64,
        **changes,
    }
    return seeded(lambda: AutoencoderKL(**values)).eval()


def unet(**changes: Any) -> Any:
    """Return a UNet of two levels."""
    from diffusers import UNet2DConditionModel

    values = {
        "block_out_channels": (16, 32),
        "layers_per_block": 1,
        "sample_size": 8,
        "in_channels": 4,
        "out_channels": 4,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "cross_attention_dim": 32,
        "attention_head_dim": 8,
        "norm_num_groups": 4,
        **changes,
    }
    return seeded(lambda: UNet2DConditionModel(**values)).eval()


def _noise_schedule(**changes: Any) -> Any:
    from diffusers import PNDMScheduler

    values = {
        "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
        "skip_prk_steps": True, "steps_offset": 1, "set_alpha_to_one": False, **changes,
    }  # fmt: skip
    return PNDMScheduler(**values)


def _sd(
    kind: str = "StableDiffusionPipeline",
    scheduler: Any = None,
    hidden_act: str = "quick_gelu",
    **unet_changes: Any,
) -> Any:
    import diffusers

    return getattr(diffusers, kind)(
        vae=kl_autoencoder(),
        text_encoder=clip_encoder(hidden_act=hidden_act),
        tokenizer=clip_tokenizer(),
        unet=unet(**unet_changes),
        scheduler=scheduler or _noise_schedule(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _sd_2_v() -> Any:
    from diffusers import DDIMScheduler

    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
        set_alpha_to_one=False, steps_offset=1, prediction_type="v_prediction",
    )  # fmt: skip
    return _sd(scheduler=scheduler, hidden_act="gelu", use_linear_projection=True)


def xl_unet(**changes: Any) -> Any:
    """Return a UNet that also takes a pooled prompt and sizes."""
    values = {
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "transformer_layers_per_block": (1, 2),
        "projection_class_embeddings_input_dim": 112,
        "cross_attention_dim": 96,
        "use_linear_projection": True,
        **changes,
    }
    return unet(**values)


def _sdxl() -> Any:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1,
        timestep_spacing="leading",
    )  # fmt: skip
    return StableDiffusionXLPipeline(
        vae=kl_autoencoder(),
        text_encoder=clip_encoder(),
        text_encoder_2=wide_clip_encoder(),
        tokenizer=clip_tokenizer(),
        tokenizer_2=clip_tokenizer(),
        unet=xl_unet(),
        scheduler=scheduler,
        add_watermarker=False,
    )


def _sd_3() -> Any:
    import torch
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        SD3Transformer2DModel,
        StableDiffusion3Pipeline,
    )

    transformer = seeded(
        lambda: SD3Transformer2DModel(
            sample_size=32, patch_size=2, in_channels=16, num_layers=2, attention_head_dim=8,
            num_attention_heads=4, joint_attention_dim=96, caption_projection_dim=32,
            pooled_projection_dim=96, out_channels=16,
        )
    ).eval()  # fmt: skip
    t5 = t5_parts(96)
    first = clip_encoder(projection=32)
    first.text_projection.weight.data = torch.eye(32)  # single files do not hold it
    return StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        vae=kl_autoencoder(16, shift_factor=0.06, scaling_factor=1.5, use_quant_conv=False,
                           use_post_quant_conv=False),
        text_encoder=first,
        tokenizer=clip_tokenizer(),
        text_encoder_2=wide_clip_encoder(),
        tokenizer_2=clip_tokenizer(),
        text_encoder_3=t5["encoder"],
        tokenizer_3=t5["tokenizer"],
    )  # fmt: skip


def _flux() -> Any:
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    transformer = seeded(
        lambda: FluxTransformer2DModel(
            patch_size=1, in_channels=64, num_layers=1, num_single_layers=1, attention_head_dim=16,
            num_attention_heads=2, joint_attention_dim=32, pooled_projection_dim=32,
            axes_dims_rope=(4, 4, 8), guidance_embeds=True,
        )
    ).eval()  # fmt: skip
    t5 = t5_parts()
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True)
    return FluxPipeline(
        scheduler=scheduler,
        vae=kl_autoencoder(16, shift_factor=0.1, scaling_factor=0.36, use_quant_conv=False,
                           use_post_quant_conv=False),
        text_encoder=clip_encoder(),
        tokenizer=clip_tokenizer(),
        text_encoder_2=t5["encoder"],
        tokenizer_2=t5["tokenizer"],
        transformer=transformer,
    )  # fmt: skip


def _with_alpha() -> Any:
    """Return a model like the built-in one: it draws transparency and reads with BERT."""
    import diffusers
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "fox", "cat", "in", "snow"]
    tokenizer = BertTokenizerFast(
        vocab={word: at for at, word in enumerate(words)}, model_max_length=16
    )
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=4,
        intermediate_size=37, max_position_embeddings=16,
    )  # fmt: skip
    config.use_attention_mask = True
    vae = seeded(
        lambda: diffusers.AutoencoderTiny(
            in_channels=4, out_channels=4, latent_channels=8, scaling_factor=2.0,
            encoder_block_out_channels=(8,) * 5, decoder_block_out_channels=(8,) * 5,
            num_encoder_blocks=(1,) * 5, num_decoder_blocks=(1,) * 5,
        )
    )  # fmt: skip
    last = vae.decoder.layers[-1]  # random weights alone would draw nothing at all
    last.weight.data *= 8
    last.bias.data = torch.full_like(last.bias, 0.5)
    return diffusers.StableDiffusionPipeline(
        vae=vae.eval(),
        unet=unet(
            in_channels=8,
            out_channels=8,
            sample_size=4,
            addition_embed_type="text",
            addition_embed_type_num_heads=4,
        ),
        text_encoder=seeded(lambda: BertModel(config)).eval(),
        tokenizer=tokenizer,
        scheduler=diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, steps_offset=1
        ),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


_MAKERS: Mapping[str, Callable[[], Any]] = {
    "sd-1": _sd,
    "sd-1-inpaint": lambda: _sd("StableDiffusionInpaintPipeline", in_channels=9),
    "sd-2": _sd_2_v,
    "sdxl": _sdxl,
    "sd-3": _sd_3,
    "flux": _flux,
    "alpha": _with_alpha,
}


@functools.cache
def loaded(family: str) -> Any:
    """Return a toy in memory, shared by all tests; it runs on a CPU with one thread."""
    from studio.engine.api import Device
    from studio.engine.backends.diffusers_image import DiffusersImageBackend
    from tests.fakes.job_context import RecordingContext

    device = Device(kind="cpu", dtype="float32", threads=1)
    return DiffusersImageBackend().load(picture_model(family), device, RecordingContext())
