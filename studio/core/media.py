"""The conventions every part keeps for text, pictures and sound.

Pictures: uint8 (height, width, 4) RGBA, straight alpha, sRGB unless tagged.
Masks: uint8 (height, width), 255 = repaint.
Sound: float32 (samples, channels) in -1..1, with ``sampling_rate`` in Hz.
Text: str, Unicode NFC, lines end with ``\\n``, no lone surrogates, no NUL.
Seeds: whole numbers 0..SEED_MAX, so that they fit what every library accepts.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEED_MAX = 2**32 - 1
#: The longest side of a picture that a model is asked for, in px.
MAX_SIDE_PX = 16_384


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture as plain data that crosses threads and processes.

    Attributes:
        width: In px, at least 1.
        height: In px, at least 1.
        rgba: ``height * width * 4`` bytes, rows from the top, RGBA, straight alpha, sRGB.
    """

    width: int
    height: int
    rgba: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1 or len(self.rgba) != self.width * self.height * 4:
            raise BadInputError(
                "This picture's size does not fit its content.",
                width=self.width,
                height=self.height,
                size_bytes=len(self.rgba),
            )

    @classmethod
    def of(cls, pixels: NDArray[np.uint8]) -> Picture:
        """Return ``pixels`` (uint8, (height, width, 4 or 3), RGBA or RGB) as a picture."""
        import numpy as np

        height, width, channels = pixels.shape
        if channels == 3:
            alpha = np.full((height, width, 1), 255, np.uint8)
            pixels = np.concatenate((pixels, alpha), axis=2)
        whole = np.ascontiguousarray(pixels, dtype=np.uint8)
        return cls(width=width, height=height, rgba=whole.tobytes())

    def pixels(self) -> NDArray[np.uint8]:
        """Return the pixels, uint8 (height, width, 4), read-only and not copied."""
        import numpy as np

        return np.frombuffer(self.rgba, np.uint8).reshape(self.height, self.width, 4)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A sound as plain data that crosses threads and processes.

    Attributes:
        sampling_rate: In Hz.
        channels: How many, at least 1.
        samples: Little-endian float32 in -1..1, channel by channel within each sample. Of hours
            of sound it may be a read-only view of a file, which reads and slices like bytes.
    """

    sampling_rate: int
    channels: int = 1
    samples: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.sampling_rate < 1 or self.channels < 1 or len(self.samples) % (4 * self.channels):
            raise BadInputError(
                "This sound's format does not fit its content.",
                sampling_rate=self.sampling_rate,
                channels=self.channels,
                size_bytes=len(self.samples),
            )

    @classmethod
    def of(cls, samples: NDArray[Any], sampling_rate: int) -> Sound:
        """Return ``samples`` (float, (samples,) or (samples, channels), -1..1) as a sound."""
        import numpy as np

        channels = 1 if samples.ndim == 1 else samples.shape[1]
        whole = np.ascontiguousarray(samples, dtype="<f4")
        return cls(sampling_rate=int(sampling_rate), channels=channels, samples=whole.tobytes())

    @property
    def duration_s(self) -> float:
        """How long it is in seconds."""
        return len(self.samples) / (4 * self.channels * self.sampling_rate)

    def array(self) -> NDArray[np.float32]:
        """Return the samples, float32 (samples, channels), read-only and not copied."""
        import numpy as np

        return np.frombuffer(self.samples, "<f4").reshape(-1, self.channels)


def clean_text(text: str) -> str:
    """Return ``text`` as the conventions want it.

    Lone surrogates (half of an emoji, from a broken clipboard) become U+FFFD, NUL goes, line
    ends become ``\\n``, and the rest is NFC.
    """
    # NUL first: what it kept apart may compose into one character once it is gone.
    text = text.replace("\x00", "")
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = unicodedata.normalize("NFC", text)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def random_seed() -> int:
    """Return a fresh seed; made when a request is made, so the request can be repeated."""
    return secrets.randbelow(SEED_MAX + 1)


def check_seed(seed: int) -> int:
    """Return ``seed`` when it lies in range.

    Raises:
        BadInputError: Not a whole number from 0 to ``SEED_MAX``.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= SEED_MAX:
        raise BadInputError(f"The seed must be a whole number from 0 to {SEED_MAX}.", seed=seed)
    return seed
