"""MusicGen: music from a description, and with MusicGen Melody also from a melody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded
from transformers import audio_utils  # noqa: TID253

from studio.core.requests import AudioRequest
from studio.engine.backends._sound_architectures import read_config
from studio.engine.backends._sound_parts_impl import Parts
from studio.engine.backends._sounder_impl import Samples, Sounder, Wanted

MUSIC_S = 8.0
LONGEST_MUSIC_S = 30.0


class Musicgen(Sounder):
    """MusicGen: music from a description, up to half a minute."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        # Words are all it is given: the part of its processor that reads sounds is not needed,
        # and that of MusicGen Melody asks for a package that is not part of Triptych.
        self._tokenizer = parts.tokenizer()
        self.sampling_rate = int(self.network.config.audio_encoder.sampling_rate)

    @property
    def stepping(self) -> Sequence[Any]:
        """See :meth:`Sounder.stepping`."""
        return (self.network.decoder,)

    def steps(self, text: str, request: AudioRequest) -> int:
        """See :meth:`Sounder.steps`."""
        seconds = min(request.audio_end_in_s or MUSIC_S, LONGEST_MUSIC_S)
        rate = self.network.config.audio_encoder.frame_rate
        # The codebooks stand one step apart from each other.
        return int(seconds * rate) + int(self.network.decoder.config.num_codebooks)

    def samples(self, text: str, wanted: Wanted) -> Any:
        """See :meth:`Sounder.samples`."""
        inputs = self._tokenizer([text], padding=True, return_tensors="pt")
        made = self.network.generate(
            **inputs.to(self.network.device),
            **self._melody(wanted),
            do_sample=True,
            max_new_tokens=self.steps(text, wanted.request),
            **wanted.options,
        )
        return made[0]

    def _melody(self, wanted: Wanted) -> Mapping[str, Any]:
        """Return what the music follows beside the words."""
        return {}


class MusicgenMelody(Musicgen):
    """MusicGen Melody: follows the tune of a sound, not its instruments."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        told = read_config(parts.folder, "processor_config.json").get("feature_extractor")
        if not isinstance(told, dict):
            told = read_config(parts.folder, "preprocessor_config.json")
        self._n_fft = int(told.get("n_fft", 16_384))
        self._hop_length = int(told.get("hop_length", 4096))

    def _melody(self, wanted: Wanted) -> Mapping[str, Any]:
        if wanted.melody is None:
            return {}
        tune = chroma(
            wanted.melody,
            sampling_rate=self.sampling_rate,
            bins=int(self.network.config.num_chroma),
            n_fft=self._n_fft,
            hop_length=self._hop_length,
        )
        return {"input_features": tune[None].to(self.network.device)}


def chroma(
    samples: Samples, *, sampling_rate: int, bins: int, n_fft: int, hop_length: int
) -> torch.Tensor:
    """Return which note of the octave is the loudest at each moment: float32 (moments, bins).

    One in each row is 1, the others are 0, as ``MusicgenMelodyFeatureExtractor`` of transformers
    says it, which cannot be used without torchaudio.

    Args:
        samples: float32 (samples,).
        sampling_rate: In Hz.
        bins: Notes of an octave.
        n_fft: Samples that are listened to at once.
        hop_length: Samples from one moment to the next.
    """
    sound = torch.from_numpy(samples)
    lacking = n_fft - len(sound)
    if lacking > 0:
        sound = torch.nn.functional.pad(sound, (lacking // 2, lacking - lacking // 2))
    window = torch.hann_window(n_fft)
    spectrum = torch.stft(sound, n_fft, hop_length, window=window, return_complex=True)
    power = (spectrum / window.square().sum().sqrt()).abs().square()
    filters = audio_utils.chroma_filter_bank(
        sampling_rate=sampling_rate, num_frequency_bins=n_fft, tuning=0, num_chroma=bins
    )
    loudness = torch.from_numpy(filters).float() @ power
    # Near silence counts as silence, whose note is the first.
    loudness = torch.nn.functional.normalize(loudness, p=float("inf"), dim=0, eps=1e-6)
    return torch.nn.functional.one_hot(loudness.argmax(dim=0), bins).float()
