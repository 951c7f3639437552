"""What comes out of a job, with the request it came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from studio.core.requests import Request


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
