"""A reading of the consent, checked: the sound, what was heard in it, and what is wrong with it.

soundfile is imported when the first recording is taken.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from studio.core.artifacts import TranscriptArtifact
from studio.core.errors import BadInputError, DamagedFileError, storage_errors
from studio.core.media import Sound
from studio.core.requests import TranscribeRequest
from studio.voices import sound_check
from studio.voices.hearing import Hearing, compared
from studio.voices.reading import Reading
from studio.voices.sound_check import MAX_S, SoundCheck


@dataclass(frozen=True, kw_only=True)
class CheckedReading:
    """A reading with everything that speaks for and against it; see :func:`checked_reading`.

    Attributes:
        reading: What was shown.
        flac: The recording, as the file that will be kept.
        transcript: What was heard in exactly that file.
        listener: Id of the model that heard it.
        sound: What the recording is like.
        hearing: How well what was heard fits what was shown.
    """

    reading: Reading
    flac: bytes
    transcript: str
    listener: str
    sound: SoundCheck
    hearing: Hearing

    @property
    def problems(self) -> tuple[str, ...]:
        """Return why it cannot be taken, in sentences; empty when it can.

        A sound that is no good is told alone: what was not heard in it follows from that.
        """
        return self.sound.problems or self.hearing.problems


def taken_in(recording: Path) -> bytes:
    """Return a recording as the file that will be kept: FLAC, one channel, its own rate.

    What is longer than a reading can be is cut off well after the limit, so that it is still
    seen to be too long.

    Raises:
        DamagedFileError: It is no sound.
        StorageError: It cannot be read.
    """
    import numpy as np
    import soundfile

    with storage_errors(recording, "reading the recording"), recording.open("rb") as file:
        try:
            with soundfile.SoundFile(file) as source:
                rate = source.samplerate
                frames = round((MAX_S + 1.0) * rate)
                samples = source.read(frames, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise _no_sound(str(error)) from error
    mono = np.clip(np.nan_to_num(samples.mean(axis=1)), -1.0, 1.0)
    out = io.BytesIO()
    soundfile.write(out, mono, rate, format="FLAC", subtype="PCM_24")
    return out.getvalue()


def sound_in(flac: bytes) -> Sound:
    """Return the sound of a reading.

    Raises:
        DamagedFileError: It is no sound.
    """
    import soundfile

    try:
        samples, rate = soundfile.read(io.BytesIO(flac), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise _no_sound(str(error)) from error
    return Sound.of(samples, rate)


def sound_problems(flac: bytes) -> tuple[str, ...]:
    """Return what is wrong with a recording before anybody listens to it."""
    return sound_check.checked(sound_in(flac)).problems


def checked_reading(reading: Reading, flac: bytes, heard: TranscriptArtifact) -> CheckedReading:
    """Check a recording against what was shown.

    Args:
        reading: What was shown.
        flac: What :func:`taken_in` returned.
        heard: What a listening model made of exactly these bytes.

    Raises:
        BadInputError: The transcript is of another sound.
        DamagedFileError: It is no sound.
    """
    request = heard.request
    audio = request.audio if isinstance(request, TranscribeRequest) else None
    if audio is None or audio.sha256 != hashlib.sha256(flac).hexdigest():
        raise BadInputError("What was heard is not this recording.", hint="Read it again.")
    return CheckedReading(
        reading=reading,
        flac=flac,
        transcript=heard.text.strip(),
        listener=heard.model,
        sound=sound_check.checked(sound_in(flac)),
        hearing=compared(reading, heard.text),
    )


def _no_sound(reason: str) -> DamagedFileError:
    return DamagedFileError(
        "The recording cannot be read.", hint="Read the text once more.", reason=reason
    )
