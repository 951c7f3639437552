"""Real sound models of toy size, made from configurations when a test first asks for them.

Nothing is fetched: the weights are random from a fixed seed. What they make is noise, in exactly
the way a large model speaks and plays.
"""

from __future__ import annotations

import functools
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from studio.models.identify import identify
from studio.models.info import ModelInfo
from tests.fakes import toy_speakers
from tests.fakes.toy_models import toy_folder
from tests.fakes.toy_pictures import seeded, t5_parts

_LETTERS = "abcdefghijklmnopqrstuvwxyz' -"
_HIFIGAN = {
    "model_in_dim": 8,
    "sampling_rate": 16_000,
    "upsample_initial_channel": 16,
    "upsample_rates": [2, 2],
    "upsample_kernel_sizes": [4, 4],
    "resblock_kernel_sizes": [3, 7],
    "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5]],
    "normalize_before": False,
}


def sound_folder(kind: str) -> Path:
    """Return the folder of a toy of this kind, making it the first time."""
    path = toy_folder() / "sounds" / f"toy-{kind}"
    if not path.exists():
        _MAKERS[kind](path)
    return path


@functools.cache
def sound_model(kind: str) -> ModelInfo:
    """Return what the store would know about a toy of this kind."""
    return identify(sound_folder(kind))


def _vits(path: Path, speakers: int = 1) -> None:
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    sizes = {"speaker_embedding_size": 16} if speakers > 1 else {}
    config = VitsConfig(
        vocab_size=len(_LETTERS) + 2,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=32,
        flow_size=16,
        spectrogram_bins=9,
        upsample_initial_channel=16,
        upsample_rates=[8, 4],
        upsample_kernel_sizes=[16, 8],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
        prior_encoder_num_flows=2,
        prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1,
        duration_predictor_num_flows=2,
        duration_predictor_filter_channels=16,
        depth_separable_num_layers=1,
        num_speakers=speakers,
        sampling_rate=16_000,
        **sizes,
    )
    seeded(lambda: VitsModel(config)).save_pretrained(path)
    words = path / "words.json"
    vocabulary = {letter: number for number, letter in enumerate(_LETTERS)}
    words.write_text(json.dumps({**vocabulary, "<pad>": len(_LETTERS), "<unk>": len(_LETTERS) + 1}))
    VitsTokenizer(str(words), phonemize=False, language="eng").save_pretrained(path)
    words.unlink()


def _musicgen(path: Path, melody: bool = False) -> None:
    import transformers
    from transformers import EncodecConfig, EncodecFeatureExtractor, MusicgenProcessor, T5Config

    kind = "MusicgenMelody" if melody else "Musicgen"
    tokenizer = t5_parts()["tokenizer"]
    text = T5Config(
        vocab_size=len(tokenizer), d_model=16, d_kv=4, d_ff=16, num_layers=1, num_heads=2
    )
    codec = EncodecConfig(
        hidden_size=8,
        num_filters=4,
        codebook_size=64,
        codebook_dim=8,
        upsampling_ratios=[4, 2],
        num_lstm_layers=1,
        sampling_rate=400,
        target_bandwidths=[1.2],
    )
    codebooks = 4
    decoder = getattr(transformers, f"{kind}DecoderConfig")(
        vocab_size=64,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=32,
        num_codebooks=codebooks,
        pad_token_id=64,
        bos_token_id=64,
        # One layer of weights says something else only then when something else stands before.
        **({"initializer_factor": 0.5} if melody else {}),
    )
    tune = {"num_chroma": 12, "chroma_length": 20} if melody else {}
    config = getattr(transformers, f"{kind}Config")(
        text_encoder=text, audio_encoder=codec, decoder=decoder, **tune
    )
    network = seeded(lambda: getattr(transformers, f"{kind}ForConditionalGeneration")(config))
    _fill_codebooks(network.audio_encoder)
    network.generation_config.decoder_start_token_id = 64
    network.generation_config.pad_token_id = 64
    network.generation_config.bos_token_id = 64
    network.save_pretrained(path)
    if melody:
        # What its processor saves, which itself needs torchaudio.
        tokenizer.save_pretrained(path)
        told = {"feature_extractor_type": "MusicgenMelodyFeatureExtractor", "n_fft": 128}
        (path / "preprocessor_config.json").write_text(json.dumps({**told, "hop_length": 32}))
        return
    MusicgenProcessor(
        EncodecFeatureExtractor(sampling_rate=400, feature_size=1), tokenizer
    ).save_pretrained(path)


def _speech_t5(path: Path) -> None:
    from transformers import SpeechT5Config, SpeechT5ForTextToSpeech, SpeechT5Tokenizer

    config = SpeechT5Config(
        vocab_size=81,
        hidden_size=16,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=16,
        num_mel_bins=8,
        speech_decoder_prenet_units=16,
        speech_decoder_postnet_units=16,
        speaker_embedding_dim=4,
    )
    seeded(lambda: SpeechT5ForTextToSpeech(config)).save_pretrained(path)
    _characters(path / "spm_char.model")
    SpeechT5Tokenizer(str(path / "spm_char.model")).save_pretrained(path)
    (path / "speakers").mkdir()
    np.save(path / "speakers" / "anna_b.npy", np.ones(4, np.float32))
    np.save(path / "speakers" / "carl.npy", -np.ones(4, np.float32))


def _fill_codebooks(codec: Any) -> None:
    """Give codes a sound: fresh codebooks hold nothing but zeros."""
    import torch

    chance = torch.Generator().manual_seed(0)
    for layer in codec.quantizer.layers:
        embed = layer.codebook.embed
        embed.copy_(torch.randn(embed.shape, generator=chance))


def _characters(file: Path) -> None:
    """Write a SentencePiece model of single letters."""
    import io

    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([_LETTERS.upper() + _LETTERS + ".,?!"] * 20),
        model_writer=model,
        vocab_size=40,
        model_type="char",
        hard_vocab_limit=False,
        minloglevel=2,
    )
    file.write_bytes(model.getvalue())


def _bark(path: Path) -> None:
    from transformers import (
        BarkCoarseConfig,
        BarkConfig,
        BarkFineConfig,
        BarkModel,
        BarkProcessor,
        BarkSemanticConfig,
        BertTokenizer,
        EncodecConfig,
    )
    from transformers.models.bark.generation_configuration_bark import (
        BarkCoarseGenerationConfig,
        BarkFineGenerationConfig,
        BarkGenerationConfig,
        BarkSemanticGenerationConfig,
    )

    small = {"hidden_size": 8, "num_layers": 1, "num_heads": 2, "block_size": 1024}
    codec = EncodecConfig(
        hidden_size=8,
        num_filters=4,
        codebook_size=1024,
        codebook_dim=8,
        upsampling_ratios=[4, 2],
        num_lstm_layers=1,
        target_bandwidths=[6.0],
        sampling_rate=600,
    )
    config = BarkConfig(
        semantic_config=BarkSemanticConfig(
            **small, input_vocab_size=129_600, output_vocab_size=10_048
        ).to_dict(),
        coarse_acoustics_config=BarkCoarseConfig(
            **small, input_vocab_size=12_096, output_vocab_size=12_096
        ).to_dict(),
        fine_acoustics_config=BarkFineConfig(
            **small, n_codes_total=8, n_codes_given=1, input_vocab_size=1056, output_vocab_size=1056
        ).to_dict(),
        codec_config=codec.to_dict(),
    )
    network = seeded(lambda: BarkModel(config))
    _fill_codebooks(network.codec_model)
    network.save_pretrained(path)
    generation = BarkGenerationConfig.from_sub_model_configs(
        BarkSemanticGenerationConfig(max_new_tokens=12, eos_token_id=10_000),
        BarkCoarseGenerationConfig(),
        BarkFineGenerationConfig(max_fine_history_length=128, max_fine_input_length=256),
    )
    told = generation.to_dict()
    (path / "generation_config.json").write_text(json.dumps(told, default=str))
    words = path / "vocab.txt"
    words.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "lamp", "."]))
    BarkProcessor(BertTokenizer(str(words))).save_pretrained(path)


def _hifigan(path: Path) -> None:
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    seeded(lambda: SpeechT5HifiGan(SpeechT5HifiGanConfig(**_HIFIGAN))).save_pretrained(path)


def _stable_audio(path: Path) -> None:
    import diffusers
    from transformers import T5Config, T5EncoderModel

    tokenizer = t5_parts()["tokenizer"]

    def make() -> Any:
        return diffusers.StableAudioPipeline(
            vae=diffusers.AutoencoderOobleck(
                encoder_hidden_size=6,
                downsampling_ratios=[1, 2],
                decoder_channels=3,
                decoder_input_channels=3,
                audio_channels=2,
                channel_multiples=[2, 4],
                sampling_rate=400,
            ),
            text_encoder=T5EncoderModel(
                T5Config(
                    vocab_size=len(tokenizer), d_model=4, d_kv=4, d_ff=8, num_layers=1, num_heads=2
                )
            ),
            projection_model=diffusers.pipelines.stable_audio.StableAudioProjectionModel(
                text_encoder_dim=4, conditioning_dim=4, min_value=0, max_value=32
            ),
            tokenizer=tokenizer,
            transformer=diffusers.StableAudioDiTModel(
                sample_size=220,
                in_channels=3,
                num_layers=2,
                attention_head_dim=4,
                num_key_value_attention_heads=2,
                out_channels=3,
                cross_attention_dim=4,
                time_proj_dim=8,
                global_states_input_dim=8,
                cross_attention_input_dim=4,
            ),
            scheduler=diffusers.EDMDPMSolverMultistepScheduler(
                solver_order=2,
                prediction_type="v_prediction",
                sigma_data=1.0,
                sigma_schedule="exponential",
            ),
        )

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # its codec uses what torch has renamed
        seeded(make).save_pretrained(path)


def _clap(projection: int) -> Any:
    from transformers import ClapAudioConfig, ClapConfig, ClapModel, ClapTextConfig

    tokenizer = _roberta_tokenizer()
    text = ClapTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_attention_heads=2,
        num_hidden_layers=1,
        projection_dim=projection,
    )
    sound = ClapAudioConfig(
        spec_size=64,
        window_size=4,
        num_mel_bins=64,
        depths=[1, 1],
        num_attention_heads=[2, 2],
        hidden_size=192,
        patch_size=2,
        patch_stride=2,
        patch_embed_input_channels=4,
        projection_dim=projection,
    )
    return ClapModel(ClapConfig(text_config=text, audio_config=sound, projection_dim=projection))


def _roberta_tokenizer() -> Any:
    from transformers import RobertaTokenizer

    letters = [*_LETTERS, *_LETTERS.upper(), ".", "\u0120"]
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys([*special, *letters]))}
    return RobertaTokenizer(vocab=vocabulary, merges=[], model_max_length=77)


def _spectrum_parts() -> dict[str, Any]:
    """Return what pipelines that paint spectra have in common."""
    import diffusers
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    return {
        "vae": diffusers.AutoencoderKL(
            block_out_channels=[8, 16],
            in_channels=1,
            out_channels=1,
            down_block_types=["DownEncoderBlock2D", "DownEncoderBlock2D"],
            up_block_types=["UpDecoderBlock2D", "UpDecoderBlock2D"],
            latent_channels=4,
            norm_num_groups=4,
        ),
        "tokenizer": _roberta_tokenizer(),
        "feature_extractor": None,
        "scheduler": diffusers.DDIMScheduler(
            beta_schedule="scaled_linear", clip_sample=False, set_alpha_to_one=False
        ),
        "vocoder": SpeechT5HifiGan(SpeechT5HifiGanConfig(**_HIFIGAN)),
    }


_UNET = {
    "block_out_channels": (8, 16),
    "layers_per_block": 1,
    "sample_size": 32,
    "in_channels": 4,
    "out_channels": 4,
    "norm_num_groups": 4,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "attention_head_dim": 4,
}


def _music_ldm(path: Path) -> None:
    import diffusers

    def make() -> Any:
        return diffusers.MusicLDMPipeline(
            **_spectrum_parts(),
            text_encoder=_clap(32),
            unet=diffusers.UNet2DConditionModel(
                **_UNET,
                cross_attention_dim=(8, 16),
                class_embed_type="simple_projection",
                projection_class_embeddings_input_dim=32,
                class_embeddings_concat=True,
            ),
        )

    seeded(make).save_pretrained(path)


def _audio_ldm_2(path: Path) -> None:
    import diffusers
    from transformers import GPT2Config, GPT2LMHeadModel

    t5 = t5_parts()

    def make() -> Any:
        language = GPT2LMHeadModel(
            GPT2Config(n_embd=16, n_head=2, n_layer=1, vocab_size=50, n_positions=99)
        )
        language.config.max_new_tokens = 8
        return diffusers.AudioLDM2Pipeline(
            **_spectrum_parts(),
            text_encoder=_clap(16),
            text_encoder_2=t5["encoder"],
            tokenizer_2=t5["tokenizer"],
            projection_model=diffusers.AudioLDM2ProjectionModel(
                text_encoder_dim=16,
                text_encoder_1_dim=t5["encoder"].config.d_model,
                langauge_model_dim=16,
            ),
            language_model=language,
            unet=diffusers.AudioLDM2UNet2DConditionModel(
                **_UNET,
                cross_attention_dim=(
                    [None, 16, t5["encoder"].config.d_model],
                    [None, 16, t5["encoder"].config.d_model],
                ),
            ),
        )

    seeded(make).save_pretrained(path)


_MAKERS: dict[str, Callable[[Path], None]] = {
    "vits": _vits,
    "vits-many": functools.partial(_vits, speakers=3),
    "musicgen": _musicgen,
    "musicgen-melody": functools.partial(_musicgen, melody=True),
    "pocket-tts": toy_speakers.pocket_tts,
    "pocket-whole": toy_speakers.pocket_whole,
    "pocket-codec": toy_speakers.pocket_codec,
    "csm": toy_speakers.csm,
    "vibevoice": toy_speakers.vibevoice,
    "dia": toy_speakers.dia,
    "dac": toy_speakers.dac,
    "dac-other": functools.partial(toy_speakers.dac, sampling_rate=1600),
    "speech-t5": _speech_t5,
    "bark": _bark,
    "hifigan": _hifigan,
    "stable-audio": _stable_audio,
    "music-ldm": _music_ldm,
    "audio-ldm-2": _audio_ldm_2,
}
