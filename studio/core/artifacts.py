"""What comes out of a job, with the request it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from studio.core.media import Picture, Sound
from studio.core.requests import Request, replaced


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """What every result has.

    Attributes:
        request: What was asked, with model and seed resolved.
        model: Id of the model that made it.
        backend: Id of the backend that ran the model.
        duration_s: Time of computing in seconds, without waiting or loading.
        energy_j: Energy of the computing in joules; ``None`` where the machine cannot measure it.
    """

    request: Request
    model: str
    backend: str
    duration_s: float = 0.0
    energy_j: float | None = None


@dataclass(frozen=True, kw_only=True)
class TextArtifact(Artifact):
    """Written text.

    Attributes:
        text: What the model wrote, NFC.
        finish_reason: "stop" (the model ended), "stop_string" or "length" (``max_new_tokens``).
        prompt_tokens: Tokens the model read, those kept from before included.
        reused_tokens: How many of them were kept from the turn before.
        new_tokens: Tokens the model wrote.
    """

    text: str
    finish_reason: Literal["stop", "stop_string", "length"] = "stop"
    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0

    @property
    def tokens_per_s(self) -> float:
        """Written tokens per second of computing; 0 when nothing was measured."""
        return self.new_tokens / self.duration_s if self.duration_s > 0 else 0.0


@dataclass(frozen=True, kw_only=True)
class VectorArtifact(Artifact):
    """Vectors of texts, in the order of the request's texts.

    Attributes:
        vectors: Little-endian float32, each vector of length 1, one after the other.
        dimensions: Numbers in one vector.
    """

    vectors: bytes
    dimensions: int


@dataclass(frozen=True, kw_only=True)
class ImageArtifact(Artifact):
    """Pictures, in the order they were asked for.

    Attributes:
        pictures: At least one.
        seeds: The seed of each: the same request with ``num_images_per_prompt=1`` and this seed
            makes the same picture.
        facts: What was used besides the request, by name, for people and for recalling:
            "scheduler", "num_inference_steps", "guidance_scale", "prompt" after wildcards, …
    """

    pictures: tuple[Picture, ...]
    seeds: tuple[int, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)

    def single(self, index: int) -> ImageArtifact:
        """Return one of the pictures as the result of the request that makes just this one."""
        seed = self.seeds[index] if self.seeds else self.request.seed
        request = replaced(self.request, seed=seed, num_images_per_prompt=1)
        return replace(self, request=request, pictures=(self.pictures[index],), seeds=(seed,))


@dataclass(frozen=True, kw_only=True)
class SpokenMark:
    """A sentence in a sound.

    Attributes:
        start_s: Where it begins, in seconds.
        end_s: Where it ends, in seconds.
        text: The sentence as it stands in the request's prompt.
    """

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, kw_only=True)
class AudioArtifact(Artifact):
    """A sound.

    Attributes:
        sound: All of it.
        marks: Where each spoken sentence begins and ends, in order; empty where that means
            nothing.
        facts: What was used besides the request, by name: "voice", "consent", …
    """

    sound: Sound
    marks: tuple[SpokenMark, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Word:
    """A heard word.

    Attributes:
        start_s: Where it begins, in seconds.
        end_s: Where it ends, in seconds.
        text: The word, with the signs that belong to it.
        probability: How sure the model is, 0..1.
    """

    start_s: float
    end_s: float
    text: str
    probability: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A stretch of heard speech, about a sentence.

    Attributes:
        start_s: Where it begins, in seconds.
        end_s: Where it ends, in seconds.
        text: What was said.
        words: Its words; empty where the model gives no times for them.
    """

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, kw_only=True)
class TranscriptArtifact(TextArtifact):
    """Heard speech; ``text`` is all of it.

    Attributes:
        segments: In order of time.
        language: ISO 639-1 code of the language that was heard or asked for.
    """

    segments: tuple[Segment, ...] = ()
    language: str = ""
