"""Real speaking models of toy size that go on in a voice: Pocket TTS, CSM and Dia with codecs.

As ``toy_sounds``: nothing is fetched, the weights are random from a fixed seed. Their codecs run
at rates of their own, so that a sound that reaches one at a wrong rate is noticed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fakes.toy_models import toy_tokenizer
from tests.fakes.toy_pictures import seeded

POCKET_RATE, CSM_RATE, DIA_RATE, VIBE_RATE = 4800, 12_000, 3200, 1600
_POCKET_MARKS = ("<|audio_prompt_bos|>", "<|audio_prompt|>", "<|audio_latent|>", "<|audio_bos|>")
POCKET_TEMPLATE = (
    "{% for m in messages %}{% for c in m['content'] %}{% if c['type'] == 'audio' %}"
    "<|audio_prompt_bos|><|audio_prompt|>{% else %}{{ c['text'] }}{% endif %}{% endfor %}"
    "{% endfor %}<|audio_bos|>"
)
_VIBE_MARKS = ("<|vision_pad|>", "<|vision_start|>", "<|vision_end|>", "<|vibe_end|>")
VIBE_TEMPLATE = (
    "{% for m in messages %}{% for c in m['content'] %}{% if c['type'] == 'audio' %} Voice: "
    "<|vision_start|><|vision_pad|><|vision_end|>\n{% endif %}{% endfor %}"
    "{% for c in m['content'] %}{% if c['type'] == 'text' %} Speaker {{ m['role'] }}: "
    "{{ c['text'] }}\n{% endif %}{% endfor %}{% endfor %} Speech output:\n<|vision_start|>"
)
_CSM_MARKS = ("<|begin_of_text|>", "<|end_of_text|>", "<|AUDIO|>", "<|audio_eos|>")
CSM_TEMPLATE = (
    "{% for m in messages %}{% for c in m['content'] %}{% if c['type'] == 'text' %}"
    "<|begin_of_text|>[{{ m['role'] }}]{{ c['text'] }}<|end_of_text|>{% else %}"
    "<|AUDIO|><|audio_eos|>{% endif %}{% endfor %}{% endfor %}"
)
_LLAMA = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
}
POCKET_LATENTS = 6
_DIA_CHANNELS = 9
#: Spread of weights with which one layer says something else when something else stands before.
_STRONG = 0.5


def pocket_tts(path: Path) -> None:
    """Write a Pocket TTS with two voices, without its codec."""
    import torch
    from safetensors.torch import save_file
    from transformers import (
        PocketTTSConfig,
        PocketTTSFeatureExtractor,
        PocketTTSFlowHeadConfig,
        PocketTTSForConditionalGeneration,
    )

    tokenizer = toy_tokenizer(chat=False, extra_marks=_POCKET_MARKS)
    numbers = dict(
        zip(_POCKET_MARKS, tokenizer.convert_tokens_to_ids(list(_POCKET_MARKS)), strict=True)
    )
    config = PocketTTSConfig(
        **{**_LLAMA, "hidden_size": 16},
        num_hidden_layers=1,
        vocab_size=len(tokenizer),
        latent_dim=POCKET_LATENTS,
        frame_rate=12.5,
        pad_token_id=0,
        audio_prompt_bos_token_id=numbers["<|audio_prompt_bos|>"],
        audio_prompt_token_id=numbers["<|audio_prompt|>"],
        audio_latent_token_id=numbers["<|audio_latent|>"],
        audio_bos_token_id=numbers["<|audio_bos|>"],
        flow_head_config=PocketTTSFlowHeadConfig(
            hidden_size=8,
            num_hidden_layers=1,
            latent_dim=POCKET_LATENTS,
            condition_dim=16,
            frequency_embedding_size=8,
        ),
    )
    network = seeded(lambda: PocketTTSForConditionalGeneration(config))
    network.generation_config.update(do_sample=True, temperature=0.8)
    network.generation_config.num_flow_steps = 2
    network.save_pretrained(path)
    PocketTTSFeatureExtractor(
        sampling_rate=POCKET_RATE, frame_size=384, pad_to_multiple_of=384
    ).save_pretrained(path)
    _save_tokenizer(
        path,
        tokenizer,
        POCKET_TEMPLATE,
        {
            "audio_prompt_bos_token": "<|audio_prompt_bos|>",
            "audio_prompt_token": "<|audio_prompt|>",
            "audio_latent_token": "<|audio_latent|>",
            "audio_bos_token": "<|audio_bos|>",
        },
    )
    (path / "processor_config.json").write_text(
        json.dumps(
            {
                "processor_class": "PocketTTSProcessor",
                "frames_after_eos": 3,
                "audio_tokenizer": {
                    "audio_tokenizer_class": "PocketTTSAudioTokenizerModel",
                    "audio_tokenizer_name_or_path": "somebody/somewhere-else",
                },
            }
        )
    )
    (path / "voices").mkdir()
    for name, seed in (("alba", 1), ("marius_k", 2)):
        latents = torch.randn(9, POCKET_LATENTS, generator=torch.Generator().manual_seed(seed))
        save_file({"latents": latents}, path / "voices" / f"{name}.safetensors")


def pocket_whole(path: Path) -> None:
    """Write a Pocket TTS with its codec in a folder inside of its own."""
    pocket_tts(path)
    pocket_codec(path / "audio_tokenizer")


def pocket_codec(path: Path) -> None:
    """Write the codec of a Pocket TTS."""
    from transformers import PocketTTSAudioTokenizerConfig, PocketTTSAudioTokenizerModel

    config = PocketTTSAudioTokenizerConfig(
        sampling_rate=POCKET_RATE,
        hidden_size=8,
        num_filters=4,
        upsampling_ratios=[4, 3, 2],
        upsample_groups=8,
        num_hidden_layers=1,
        intermediate_size=16,
        num_attention_heads=2,
        num_key_value_heads=2,
        latent_stride=16,
        latent_dim=POCKET_LATENTS,
    )
    seeded(lambda: PocketTTSAudioTokenizerModel(config)).save_pretrained(path)


def csm(path: Path) -> None:
    """Write a CSM with Mimi in it."""
    from transformers import (
        CsmConfig,
        CsmDepthDecoderConfig,
        CsmForConditionalGeneration,
        EncodecFeatureExtractor,
        MimiConfig,
    )

    tokenizer = toy_tokenizer(chat=False, extra_marks=_CSM_MARKS)
    numbers = dict(zip(_CSM_MARKS, tokenizer.convert_tokens_to_ids(list(_CSM_MARKS)), strict=True))
    codebooks = 4
    mimi = MimiConfig(
        sampling_rate=CSM_RATE,
        hidden_size=8,
        num_filters=4,
        codebook_size=32,
        codebook_dim=8,
        vector_quantization_hidden_dimension=8,
        num_quantizers=codebooks,
        num_semantic_quantizers=1,
        upsample_groups=8,
        num_hidden_layers=1,
        intermediate_size=16,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=4,
        sliding_window=50,
    )
    config = CsmConfig(
        **_LLAMA,
        num_codebooks=codebooks,
        num_hidden_layers=1,
        initializer_range=_STRONG,
        vocab_size=35,
        text_vocab_size=len(tokenizer),
        max_position_embeddings=2048,
        codebook_pad_token_id=34,
        codebook_eos_token_id=0,
        pad_token_id=0,
        bos_token_id=numbers["<|begin_of_text|>"],
        audio_token_id=numbers["<|AUDIO|>"],
        audio_eos_token_id=numbers["<|audio_eos|>"],
        depth_decoder_config=CsmDepthDecoderConfig(
            **_LLAMA,
            num_codebooks=codebooks,
            backbone_hidden_size=16,
            vocab_size=35,
            num_hidden_layers=1,
            max_position_embeddings=codebooks + 1,
        ),
        codec_config=mimi,
    )
    network = seeded(lambda: CsmForConditionalGeneration(config))
    _fill_codebooks(network.codec_model)
    network.generation_config.update(do_sample=True, temperature=0.85)
    network.save_pretrained(path)
    EncodecFeatureExtractor(sampling_rate=CSM_RATE, feature_size=1).save_pretrained(path)
    _save_tokenizer(path, tokenizer, CSM_TEMPLATE, {})


def _fill_codebooks(codec: Any) -> None:
    """Give codes a sound: fresh codebooks hold nothing but zeros."""
    import torch

    chance = torch.Generator().manual_seed(0)
    quantizer = codec.quantizer
    for part in ("semantic_residual_vector_quantizer", "acoustic_residual_vector_quantizer"):
        for layer in getattr(quantizer, part).layers:
            layer.codebook.embed_sum.copy_(
                torch.randn(layer.codebook.embed_sum.shape, generator=chance)
            )


def vibevoice(path: Path) -> None:
    """Write a VibeVoice with both of its codecs in it."""
    from transformers import (
        Qwen2Config,
        VibeVoiceAcousticTokenizerConfig,
        VibeVoiceAcousticTokenizerEncoderConfig,
        VibeVoiceAcousticTokenizerFeatureExtractor,
        VibeVoiceConfig,
        VibeVoiceForConditionalGeneration,
    )
    from transformers.models.vibevoice.configuration_vibevoice import VibeVoiceDiffusionHeadConfig

    tokenizer = toy_tokenizer(chat=False, extra_marks=_VIBE_MARKS)
    numbers = tokenizer.convert_tokens_to_ids(list(_VIBE_MARKS))
    codec: dict[str, Any] = {
        "num_filters": 4,
        "downsampling_ratios": [4, 5, 8],
        "depths": [1, 1, 1, 1],
        "ffn_expansion": 2,
        "layer_scale_init_value": 0.5,
        "initializer_range": _STRONG,
    }
    config = VibeVoiceConfig(
        audio_config=VibeVoiceAcousticTokenizerConfig(**codec, hidden_size=6),
        semantic_model_config=VibeVoiceAcousticTokenizerEncoderConfig(**codec, hidden_size=8),
        text_config=Qwen2Config(
            **_LLAMA, num_hidden_layers=1, vocab_size=len(tokenizer), initializer_range=_STRONG
        ),
        diffusion_head_config=VibeVoiceDiffusionHeadConfig(
            num_hidden_layers=1, intermediate_size=32, frequency_embedding_size=8
        ),
        pad_token_id=0,
        eos_token_id=numbers[3],
        audio_bos_token_id=numbers[1],
        audio_eos_token_id=numbers[2],
        audio_token_id=numbers[0],
    )
    network = seeded(lambda: VibeVoiceForConditionalGeneration(config))
    # All words are alike to it, and of equals the first is taken: it speaks until it must stop.
    network.lm_head.weight.data.zero_()
    network.generation_config.guidance_scale = 1.4
    network.generation_config.num_diffusion_steps = 3
    network.save_pretrained(path)
    VibeVoiceAcousticTokenizerFeatureExtractor(
        sampling_rate=VIBE_RATE, normalize_audio=False, pad_to_multiple_of=160
    ).save_pretrained(path)
    _save_tokenizer(path, tokenizer, VIBE_TEMPLATE, {})


def dia(path: Path) -> None:
    """Write a Dia without its codec."""
    from transformers import (
        DiaConfig,
        DiaDecoderConfig,
        DiaEncoderConfig,
        DiaFeatureExtractor,
        DiaForConditionalGeneration,
        DiaTokenizer,
    )

    config = DiaConfig(
        encoder_config=DiaEncoderConfig(
            num_hidden_layers=1,
            hidden_size=16,
            num_attention_heads=2,
            num_key_value_heads=2,
            head_dim=8,
            intermediate_size=32,
        ),
        decoder_config=DiaDecoderConfig(
            num_hidden_layers=1,
            hidden_size=16,
            intermediate_size=32,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
            cross_num_attention_heads=2,
            cross_head_dim=8,
            cross_num_key_value_heads=2,
            cross_hidden_size=16,
            max_position_embeddings=1200,
            num_channels=_DIA_CHANNELS,
        ),
    )
    network = seeded(lambda: DiaForConditionalGeneration(config))
    network.generation_config.update(do_sample=True, temperature=1.3, guidance_scale=3.0, top_k=40)
    network.save_pretrained(path)
    DiaFeatureExtractor(sampling_rate=DIA_RATE, hop_length=256).save_pretrained(path)
    DiaTokenizer().save_pretrained(path)


def dac(path: Path, sampling_rate: int = DIA_RATE) -> None:
    """Write the codec of a Dia."""
    from transformers import DacConfig, DacModel

    config = DacConfig(
        encoder_hidden_size=4,
        decoder_hidden_size=16,
        downsampling_ratios=[4, 8, 8],
        n_codebooks=_DIA_CHANNELS,
        codebook_dim=4,
        sampling_rate=sampling_rate,
    )
    seeded(lambda: DacModel(config)).save_pretrained(path)


def _save_tokenizer(path: Path, tokenizer: Any, template: str, special: dict[str, str]) -> None:
    from transformers import PreTrainedTokenizerFast

    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer.backend_tokenizer,
        eos_token="<|end|>",
        pad_token="<|end|>",
        padding_side="left",
        extra_special_tokens=special,
    )
    wrapped.chat_template = template
    wrapped.save_pretrained(path)
