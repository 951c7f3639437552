"""Sounds for tests of listening: made up ones, and speech of the built-in voice."""

from __future__ import annotations

import functools
import io
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float32]

#: What the built-in voice says for a listener to understand.
SENTENCES = (
    "The lighthouse keeper lit the lamp at dusk.",
    "Do you hear the song of the sea?",
    "Tomorrow we will paint the old boat blue.",
    "My sister bought three apples and a loaf of bread.",
    "The train leaves from platform seven in ten minutes.",
    "Nobody had seen the cat since Thursday morning.",
    "She opened the window and let the cold air in.",
    "There is a letter for you on the kitchen table.",
    "The children built a castle out of sand and stones.",
    "He could not remember where he had left his keys.",
    "A storm is coming from the north, said the captain.",
    "We walked through the forest until it was dark.",
    "Please write down everything you remember.",
    "The old clock on the wall had stopped at midnight.",
    "I would like a cup of tea without any sugar.",
    "Music was playing somewhere behind the closed door.",
    "They had lived in the same house for forty years.",
    "The snow fell so quietly that nobody noticed it.",
    "Her grandfather taught her how to mend a fishing net.",
    "When the sun came up, the island had disappeared.",
)


def babble(seconds: float, sampling_rate: int = 16_000) -> Samples:
    """Return what is loud as speech is, syllable by syllable, without being any."""
    at = np.arange(round(seconds * sampling_rate)) / sampling_rate
    voice = sum(np.sin(2 * np.pi * pitch * at) / n for n, pitch in enumerate((150, 300, 450), 1))
    return np.asarray(0.2 * voice * (np.sin(2 * np.pi * 3 * at) > 0), np.float32)


def encoded(
    samples: NDArray[Any], format: str = "WAV", sampling_rate: int = 16_000, subtype: str = ""
) -> bytes:
    """Return samples, (samples,) or (samples, channels), as a file's content."""
    file = io.BytesIO()
    soundfile.write(file, samples, sampling_rate, format=format, subtype=subtype or None)
    return file.getvalue()


@functools.cache
def spoken(text: str, sampling_rate: int = 24_000) -> Samples:
    """Return ``text`` in the built-in voice, float32 (samples,)."""
    from studio.core.requests import AudioRequest, Capability
    from tests.fakes.job_context import RecordingContext

    request = AudioRequest(capability=Capability.AUDIO_SPEECH, seed=1, prompt=text)
    samples = _voice().generate(request, RecordingContext()).sound.array()[:, 0]
    if sampling_rate == 24_000:
        return np.array(samples)
    import soxr

    return np.asarray(soxr.resample(samples, 24_000, sampling_rate), np.float32)


@functools.cache
def _voice() -> Any:
    from studio.engine.api import Device
    from studio.engine.backends.hibari_voice import HibariVoiceBackend
    from tests.fakes.job_context import RecordingContext

    backend = HibariVoiceBackend()
    return backend.load(next(iter(backend.models())), Device(kind="cpu"), RecordingContext())
