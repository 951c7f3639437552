"""What every sound architecture offers to the model around it; see ``_transformers_audio_impl``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.requests import AudioRequest
from studio.core.sentences import Sentence, sentences, split_long
from studio.engine.api import Voice
from studio.engine.backends._sound_architectures import ARCHITECTURES
from studio.engine.backends._sound_parts_impl import Parts

Samples = NDArray[np.float32]

#: Speech is no slower than this; what goes on longer has lost its way.
_LEAST_BYTES_PER_S = 8.0
_USUAL_BYTES_PER_S = 15.0
_BREATH_S = 2.0


@dataclass(frozen=True, eq=False)
class Example:
    """Somebody speaking: a model goes on in that voice.

    Attributes:
        samples: float32 (samples,) at the sounder's sampling rate, -1..1.
        text: What is said.
        key: The same for the same sound in another job; "" for what the model said itself.
    """

    samples: Samples
    text: str
    key: str = ""


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a piece of sound shall be like, beside its words.

    Attributes:
        request: What the user asked for.
        options: Its options, and the model's defaults for what it does not say.
        voice: One of the model's voices; ``None`` where it has none, or somebody lent one.
        example: Who shall speak; ``None``: the voice, or whoever comes.
        melody: What music shall follow, float32 (samples,) at the sounder's sampling rate.
    """

    request: AudioRequest
    options: Mapping[str, Any]
    voice: Voice | None = None
    example: Example | None = None
    melody: Samples | None = None


class Sounder(ABC):
    """One architecture: turns a piece of text into samples.

    Args:
        parts: Loads what lies in the model's folder.
    """

    #: In Hz.
    sampling_rate: int
    #: Whether it draws a new voice each time, unless it is shown how it spoke before.
    wanders: bool = False
    #: What to do where it cannot speak without a voice or an example, and there is none.
    needs_voice: str = ""
    #: What a silent sentence, and a text of nothing else, means.
    unsaid = "{count} sentences were passed over in silence."
    all_unsaid = ("“{title}” said nothing to this text.", "Try another seed, or another model.")

    def __init__(self, parts: Parts) -> None:
        self.info = parts.model
        self.network: Any = parts.network()

    @property
    def stepping(self) -> Sequence[Any]:
        """The networks whose every call is a step at which a job can be stopped."""
        return (self.network,)

    def steps(self, text: str, request: AudioRequest) -> int:
        """Return about how many steps a piece takes; 0 when nobody knows."""
        return 0

    def plan(self, prompt: str) -> list[Sentence]:
        """Return what is spoken one after the other."""
        return list(sentences(prompt))

    def pieces(self, text: str, example: Example | None) -> list[str]:
        """Return a sentence in pieces that can be spoken at once."""
        return split_long(text, ARCHITECTURES[self.info.architecture].most_characters)

    @abstractmethod
    def samples(self, text: str, wanted: Wanted) -> Any:
        """Return the sound of ``text``, floats (samples,) or (channels, samples).

        An empty array: there is nothing in the text that it can say.
        """

    def others(self) -> tuple[Any, ...]:
        """Return networks besides its own."""
        return ()


def longest_s(text: str) -> float:
    """Return how long a text takes at most to be said, in seconds.

    Counted in bytes of UTF-8: a letter that says a syllable has three of them.
    """
    return _BREATH_S + len(text.encode()) / _LEAST_BYTES_PER_S


def usual_s(text: str) -> float:
    """Return about how long a text takes to be said, in seconds."""
    return len(text.encode()) / _USUAL_BYTES_PER_S


def nothing() -> Samples:
    """Return the sound of a text in which there is nothing to say."""
    return np.zeros(0, np.float32)
