"""What an arrangement sounds like: any stretch of it, exact to the sample.

Every sample depends only on its own place: gains, fades and sums are worked out with operations
that give the same bits wherever a block begins, so the result is the same for any block size.
Far sides of a panned track fall along a quarter of a cosine, near sides stay as they are: in the
middle a clip sounds exactly as its source, and panning never makes anything louder.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

import numpy as np

from studio.documents.soundtrack.model import (
    Arrangement,
    Clip,
    Fade,
    Track,
    effective_fades,
    gain_factor,
)
from studio.documents.soundtrack.sound_files import Samples

ReadSource = Callable[[str, int, int], Samples]
"""(SHA-256, start, samples) to float32 (samples, 1 or 2), as :meth:`SourcePool.read`."""


@dataclass(frozen=True)
class _Voice:
    """A clip as it is heard."""

    start: int
    end: int
    source: str
    offset: int
    left: float
    right: float
    fade_in: Fade
    fade_out: Fade


class Mix:
    """An arrangement made ready for rendering; frozen, for any thread.

    Args:
        arrangement: What is to be heard.
        only: Ids of the tracks to hear, whatever is muted or solo; ``None`` for all that are
            heard.
    """

    def __init__(self, arrangement: Arrangement, *, only: Collection[str] | None = None) -> None:
        self.arrangement = arrangement
        self.end = arrangement.end
        tracks = arrangement.audible_tracks()
        if only is not None:
            tracks = tuple(track for track in arrangement.tracks if track.id in only)
        self._tracks = [_TrackVoices(track) for track in tracks]

    @classmethod
    def of_clip(cls, arrangement: Arrangement, clip_id: str) -> Mix:
        """Return what one clip sounds like by itself, at its place, with its own gain and fades."""
        track, clip = arrangement.find(clip_id)
        alone = replace(track, clips=(replace(clip, mute=False),), gain_db=0.0, pan=0.0)
        return cls(replace(arrangement, tracks=(replace(alone, mute=False, solo=False),)))

    def sources(self, start: int, end: int) -> frozenset[str]:
        """Return the SHA-256 of what is heard between two places."""
        return frozenset(v.source for track in self._tracks for v in track.between(start, end))

    def render(self, read: ReadSource, start: int, frames: int) -> Samples:
        """Return float32 (frames, 2) from ``start`` on; sums may exceed full scale.

        Args:
            read: Where samples come from.
            start: On the time line.
            frames: How many samples.
        """
        out = np.zeros((frames, 2), np.float32)
        for track in self._tracks:
            for voice in track.between(start, start + frames):
                _add(out, voice, read, start)
        return out


class _TrackVoices:
    """The clips of one track by their beginning, found quickly."""

    def __init__(self, track: Track) -> None:
        gain = gain_factor(track.gain_db)
        sides = (gain * _side(track.pan), gain * _side(-track.pan))
        fades = effective_fades(track)
        self._voices = [
            _voice(clip, sides, fades[clip.id])
            for clip in track.clips
            if not clip.mute and (sides[0] or sides[1])
        ]
        self._starts = [voice.start for voice in self._voices]
        self._longest = max((voice.end - voice.start for voice in self._voices), default=0)

    def between(self, start: int, end: int) -> list[_Voice]:
        first = bisect_left(self._starts, start - self._longest)
        last = bisect_left(self._starts, end)
        return [voice for voice in self._voices[first:last] if voice.end > start]


def _side(pan: float) -> float:
    """Return the gain of the left side."""
    return 1.0 if pan <= 0 else math.cos(min(1.0, pan) * math.pi / 2) if pan < 1 else 0.0


def _voice(clip: Clip, sides: tuple[float, float], fades: tuple[Fade, Fade]) -> _Voice:
    gain = gain_factor(clip.gain_db)
    return _Voice(
        start=clip.start,
        end=clip.end,
        source=clip.source,
        offset=clip.offset,
        left=gain * sides[0],
        right=gain * sides[1],
        fade_in=fades[0],
        fade_out=fades[1],
    )


def _add(out: Samples, voice: _Voice, read: ReadSource, start: int) -> None:
    first, last = max(voice.start, start), min(voice.end, start + len(out))
    count = last - first
    sound = read(voice.source, voice.offset + first - voice.start, count)
    gain = _fade_gain(voice, first, count)
    if gain is not None:
        sound = sound * gain[:, np.newaxis]
    part = out[first - start : last - start]
    if voice.left == 1.0 and voice.right == 1.0:
        part += sound
        return
    part[:, 0] += sound[:, 0] * np.float32(voice.left)
    part[:, 1] += sound[:, -1] * np.float32(voice.right)


def fade_gains(duration: int, fade_in: Fade, fade_out: Fade) -> Samples:
    """Return the gain of each sample of a clip by its fades, for drawing them too."""
    voice = _Voice(0, duration, "", 0, 1.0, 1.0, fade_in, fade_out)
    gain = _fade_gain(voice, 0, duration)
    return np.ones(duration, np.float32) if gain is None else gain


def _fade_gain(voice: _Voice, first: int, count: int) -> Samples | None:
    """Return the gain of each sample by both fades; ``None`` where neither reaches."""
    gain: Samples | None = None
    into = first - voice.start
    if into < voice.fade_in.duration:
        gain = _curve(voice.fade_in, np.arange(into, into + count))
    left = voice.end - first
    if left - count < voice.fade_out.duration:
        other = _curve(voice.fade_out, np.arange(left - 1, left - 1 - count, -1))
        gain = other if gain is None else gain * other
    return gain


def _curve(fade: Fade, steps: np.ndarray) -> Samples:
    """Return the gain ``steps`` samples into a fade.

    Only arithmetic and square roots, which IEEE 754 rounds correctly: sines of the standard
    library may differ in the last bit with the length of the block.
    """
    place = np.minimum((steps + 0.5) / fade.duration, 1.0)
    if fade.curve == "equal_power":
        place = np.sqrt(place)
    elif fade.curve == "smooth":
        place = place * place * (3.0 - 2.0 * place)
    elif fade.curve == "steep":
        place = place * place * place
    place[steps >= fade.duration] = 1.0
    return place.astype(np.float32)
