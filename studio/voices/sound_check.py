"""Whether a recording is good enough to clone a voice from, told in words the speaker can use.

Levels are those of 30 ms frames, in dB below full scale: speech is as loud as the loudest tenth
of the frames, the room as loud as the quietest tenth, which between sentences is what is heard
when nobody speaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio.core.media import Sound

FRAME_S = 0.03
MIN_S = 8.0
MAX_S = 60.0
MIN_SPEECH_DB = -42.0
MIN_ABOVE_ROOM_DB = 15.0
MAX_CLIPPED = 0.001
_FULL = 0.999
_SILENCE_DB = -120.0


@dataclass(frozen=True, kw_only=True)
class SoundCheck:
    """What a recording is like.

    Attributes:
        duration_s: How long it is.
        speech_db: How loud speech is, in dB below full scale.
        room_db: How loud it is between the words.
        clipped: Share of the samples that stand at full scale, 0..1.
    """

    duration_s: float
    speech_db: float
    room_db: float
    clipped: float

    @property
    def problems(self) -> tuple[str, ...]:
        """Return what is wrong and what helps, in sentences; empty when nothing is."""
        if self.duration_s < MIN_S:
            return ("The recording is too short. Read the whole text at an easy pace.",)
        if self.duration_s > MAX_S:
            return (f"The recording is longer than {MAX_S:.0f} s. Read the text only once.",)
        if self.speech_db < MIN_SPEECH_DB:
            return ("The recording is too quiet. Go closer to the microphone, or turn it up.",)
        if self.clipped > MAX_CLIPPED:
            return ("The recording is too loud and distorts. Turn the microphone down.",)
        if self.speech_db - self.room_db < MIN_ABOVE_ROOM_DB:
            words = "There is too much noise around the voice. Find a quieter place, or go closer"
            return (f"{words} to the microphone.",)
        return ()


def checked(sound: Sound) -> SoundCheck:
    """Return what a recording is like; all of it is looked at, a channel's mean of several."""
    import numpy as np

    samples = np.nan_to_num(sound.array(), nan=0.0, posinf=1.0, neginf=-1.0)
    clipped = float(np.mean(np.abs(samples) >= _FULL)) if samples.size else 0.0
    mono = samples.mean(axis=1, dtype=np.float64)
    length = max(1, round(FRAME_S * sound.sampling_rate))
    frames = mono[: len(mono) // length * length].reshape(-1, length)
    if not len(frames):
        return SoundCheck(
            duration_s=sound.duration_s,
            speech_db=_SILENCE_DB,
            room_db=_SILENCE_DB,
            clipped=clipped,
        )
    power = np.mean(frames * frames, axis=1)
    levels = 10.0 * np.log10(np.maximum(power, 10.0 ** (_SILENCE_DB / 10.0)))
    return SoundCheck(
        duration_s=sound.duration_s,
        speech_db=float(np.percentile(levels, 90)),
        room_db=float(np.percentile(levels, 10)),
        clipped=clipped,
    )
