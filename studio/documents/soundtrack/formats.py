"""Kinds of sound files that are written, and the numbers each of them takes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import BadInputError
from studio.core.options import option

_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
MAX_WAV_BYTES = 4_000_000_000


@dataclass(frozen=True)
class SoundFormat:
    """A kind of file.

    Attributes:
        id: "wav", "flac", "ogg", "opus" or "mp3".
        title: For people.
        suffix: With the dot.
        bit_depths: Which it can have; empty where it is compressed with loss.
        rates: Sampling rates it takes; empty for any.
        container: libsndfile's name of the file's kind.
        subtype: libsndfile's name of the coding; "" where the bit depth decides.
        bytes_per_s: About how large a second of stereo at 48 kHz is.
    """

    id: str
    title: str
    suffix: str
    bit_depths: tuple[str, ...]
    rates: tuple[int, ...]
    container: str
    subtype: str
    bytes_per_s: int

    def rate_for(self, wanted: int) -> int:
        """Return the rate to write: the wanted one, or the next better it takes."""
        if not self.rates or wanted in self.rates:
            return wanted
        return min((rate for rate in self.rates if rate >= wanted), default=self.rates[-1])


FORMATS: tuple[SoundFormat, ...] = (
    SoundFormat("wav", "WAV", ".wav", ("16", "24", "float"), (), "WAV", "", 288_000),
    SoundFormat("flac", "FLAC", ".flac", ("16", "24"), (), "FLAC", "", 150_000),
    SoundFormat("ogg", "Ogg Vorbis", ".ogg", (), (), "OGG", "VORBIS", 20_000),
    SoundFormat("opus", "Opus", ".opus", (), _OPUS_RATES, "OGG", "OPUS", 16_000),
    SoundFormat("mp3", "MP3", ".mp3", (), _MP3_RATES, "MP3", "MPEG_LAYER_III", 24_000),
)


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """How sound is written; controls are built from the fields.

    The text fields and ``with_prompt`` are no options of the sound itself.
    """

    format: str = option(
        "flac",
        title="Format",
        help="FLAC and WAV keep every detail; MP3, Ogg and Opus are small.",
        choices=tuple(each.id for each in FORMATS),
    )
    bit_depth: str = option(
        "24",
        title="Bit depth",
        help="16 is what a CD has, 24 leaves room for further work; float is for WAV only.",
        choices=("16", "24", "float"),
    )
    quality: float = option(
        0.7,
        title="Quality",
        help="Of MP3, Ogg and Opus: higher sounds better and takes more room.",
        ge=0,
        le=1,
        step=0.05,
    )
    sampling_rate: int | None = option(
        None,
        title="Sampling rate",
        help="Samples a second; the document's own when left empty.",
        ge=8_000,
        le=192_000,
        unit="Hz",
        advanced=True,
    )
    mono: bool = option(False, title="Mono", help="Mix both sides to one channel.")
    loudness_lufs: float | None = option(
        None,
        title="Loudness",
        help="Bring the whole to this loudness: about -16 for speech, -14 for music on the web, "
        "-23 for broadcast. As it is when left empty.",
        ge=-40,
        le=-5,
        step=1,
        unit="LUFS",
    )
    ceiling_db: float = option(
        -1.0,
        title="Highest peak",
        help="With a loudness: what would be louder than this is turned down smoothly.",
        ge=-12,
        le=0,
        step=0.5,
        unit="dB",
        advanced=True,
    )
    dither: bool = option(
        True,
        title="Dither",
        help="Of 16 bits: a faint noise that hides the steps of quiet places.",
        advanced=True,
    )
    with_prompt: bool = option(
        True,
        title="Keep the prompt in the file",
        help="Without it, the file still says that a model made it.",
        advanced=True,
    )
    title: str = ""
    artist: str = ""
    comment: str = ""

    @property
    def sound_format(self) -> SoundFormat:
        """The kind of file."""
        return format_of(self.format)


def format_of(name: str | Path) -> SoundFormat:
    """Return the format of an id, a suffix or a file's name.

    Raises:
        BadInputError: There is none of this name.
    """
    text = name.suffix if isinstance(name, Path) else name
    wanted = text.lower().lstrip(".")
    wanted = {"oga": "ogg", "wave": "wav"}.get(wanted, wanted)
    for each in FORMATS:
        if each.id == wanted:
            return each
    raise BadInputError(
        f"Sound cannot be written as {text or 'a file without an ending'}.",
        hint="Choose WAV, FLAC, Ogg, Opus or MP3.",
    )
