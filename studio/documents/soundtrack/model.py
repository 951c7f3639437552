"""What a sound document is: frozen data that any thread may read.

All positions and lengths are in samples of the arrangement's sampling rate. A clip never holds
sound: each of its takes names a source by its SHA-256 and says which stretch of it is heard.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_args

from studio.core.artifacts import SpokenMark
from studio.core.errors import BadInputError

FadeCurve = Literal["linear", "equal_power", "smooth", "steep"]
TrackKind = Literal["audio", "speech"]
TakeOrigin = Literal["imported", "generated", "recorded"]
FADE_CURVES: tuple[FadeCurve, ...] = get_args(FadeCurve)
TRACK_KINDS: tuple[TrackKind, ...] = get_args(TrackKind)

DEFAULT_SAMPLING_RATE = 48_000
MIN_GAIN_DB, MAX_GAIN_DB = -60.0, 24.0
"""At the smallest gain nothing is heard at all."""
MAX_POSITION = 2**40
"""About eight months at 48 kHz; keeps every sum of positions a small whole number."""


def new_id() -> str:
    """Return an id nothing else in any arrangement has."""
    return secrets.token_hex(8)


def _check_gain(gain_db: float) -> None:
    if not MIN_GAIN_DB <= gain_db <= MAX_GAIN_DB:  # false for NaN as well
        raise BadInputError(
            f"Gain can be from {MIN_GAIN_DB:g} to {MAX_GAIN_DB:g} dB.", gain_db=str(gain_db)
        )


def _check_position(title: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_POSITION:
        raise BadInputError(f"{title} does not lie on the time line.", value=str(value)[:40])


@dataclass(frozen=True)
class Fade:
    """How a clip comes in or goes out.

    Attributes:
        duration: In samples; 0 for none.
        curve: "linear", "equal_power" (two crossed ones keep the loudness), "smooth" (no corner
            at either end) or "steep" (quiet for long).
    """

    duration: int = 0
    curve: FadeCurve = "linear"

    def __post_init__(self) -> None:
        _check_position("A fade's length", self.duration)
        if self.curve not in FADE_CURVES:
            raise BadInputError("There is no such fade.", curve=self.curve)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A sound that clips are made from, kept in the project.

    Attributes:
        sha256: Of its kept bytes; its name everywhere.
        title: What the user calls it, such as the name of the imported file.
        media_type: What the kept bytes are: "audio/flac", "audio/wav", "audio/ogg", "audio/mpeg".
        size_bytes: How many kept bytes there are.
        sampling_rate: Of the file itself, in Hz.
        channels: Of the file itself.
        duration: In samples of the arrangement's rate.
        parts: Names of the pieces in the project, in order.
        notices: What the user should know about it, in sentences.
        source_type: IPTC source type the imported file was marked with; "" when it had no mark.
        consent: What the imported file says of the voices cloned in it, see ``ProvenanceRecord``.
    """

    sha256: str
    title: str
    media_type: str
    size_bytes: int
    sampling_rate: int
    channels: int
    duration: int
    parts: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    source_type: str = ""
    consent: str = ""


@dataclass(frozen=True, kw_only=True)
class Take:
    """One of the sounds a clip can be.

    Attributes:
        id: Its name within the clip.
        source: SHA-256 of a :class:`Source`.
        offset: Where in the source it begins, in samples.
        duration: How much of the source is heard, in samples, at least 1.
        name: For people.
        origin: How the sound came to be.
        request: What was asked, as JSON of :func:`studio.core.requests.to_json`; "" for none.
        facts: What came of the request, by name: "model", "backend", "voice", …
        marks: Where in the *source* each spoken sentence lies.
    """

    id: str = field(default_factory=new_id)
    source: str
    offset: int = 0
    duration: int
    name: str = ""
    origin: TakeOrigin = "imported"
    request: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    marks: tuple[SpokenMark, ...] = ()

    def __post_init__(self) -> None:
        _check_position("The beginning within a sound", self.offset)
        _check_position("The length of a take", self.duration)
        if self.duration < 1:
            raise BadInputError("A clip must have some length.")
        object.__setattr__(self, "facts", MappingProxyType(dict(self.facts)))
        object.__setattr__(self, "marks", tuple(self.marks))

    @property
    def end(self) -> int:
        """Where in the source it ends."""
        return self.offset + self.duration


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A sound on the time line.

    Attributes:
        id: Its name within the arrangement.
        start: Where it begins on the time line.
        takes: At least one; those not chosen are kept.
        chosen: Id of the take that is heard.
        name: For people.
        gain_db: From ``MIN_GAIN_DB`` (silent) to ``MAX_GAIN_DB``.
        fade_in: At the beginning.
        fade_out: At the end.
        mute: Not heard.
        meta: Small plain values of whoever placed it, such as the sentence it speaks.
    """

    id: str = field(default_factory=new_id)
    start: int
    takes: tuple[Take, ...]
    chosen: str = ""
    name: str = ""
    gain_db: float = 0.0
    fade_in: Fade = Fade()
    fade_out: Fade = Fade()
    mute: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_position("The place of a clip", self.start)
        _check_gain(self.gain_db)
        object.__setattr__(self, "takes", tuple(self.takes))
        object.__setattr__(self, "meta", MappingProxyType(dict(self.meta)))
        if not self.takes:
            raise BadInputError("A clip needs a sound.")
        if not self.chosen:
            object.__setattr__(self, "chosen", self.takes[-1].id)
        self.take_of(self.chosen)

    @property
    def take(self) -> Take:
        """The take that is heard."""
        return self.take_of(self.chosen)

    @property
    def source(self) -> str:
        """SHA-256 of the source that is heard."""
        return self.take.source

    @property
    def offset(self) -> int:
        """Where in its source it begins."""
        return self.take.offset

    @property
    def duration(self) -> int:
        """Its length."""
        return self.take.duration

    @property
    def end(self) -> int:
        """Where it ends on the time line; that sample is no longer heard."""
        return self.start + self.take.duration

    def take_of(self, take_id: str) -> Take:
        """Return a take by its id.

        Raises:
            BadInputError: The clip has none of this id.
        """
        for take in self.takes:
            if take.id == take_id:
                return take
        raise BadInputError("This take is not there any more.", id=take_id)


@dataclass(frozen=True, kw_only=True)
class Track:
    """A row of clips.

    Attributes:
        id: Its name within the arrangement.
        name: For people.
        kind: "audio", or "speech" for narration.
        gain_db: From ``MIN_GAIN_DB`` (silent) to ``MAX_GAIN_DB``.
        pan: -1 (left) to 1 (right).
        mute: Not heard.
        solo: While any track has it, only those that have it are heard.
        clips: By their beginning.
    """

    id: str = field(default_factory=new_id)
    name: str = ""
    kind: TrackKind = "audio"
    gain_db: float = 0.0
    pan: float = 0.0
    mute: bool = False
    solo: bool = False
    clips: tuple[Clip, ...] = ()

    def __post_init__(self) -> None:
        _check_gain(self.gain_db)
        if not -1 <= self.pan <= 1:  # false for NaN as well
            raise BadInputError("Panning goes from -1 (left) to 1 (right).", pan=str(self.pan))
        if self.kind not in TRACK_KINDS:
            raise BadInputError("There is no such kind of track.", kind=self.kind)
        ordered = sorted(self.clips, key=lambda clip: (clip.start, clip.id))
        object.__setattr__(self, "clips", tuple(ordered))

    @property
    def end(self) -> int:
        """Where its last clip ends."""
        return max((clip.end for clip in self.clips), default=0)


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A named place on the time line.

    Attributes:
        id: Its name within the arrangement.
        position: In samples.
        name: For people.
        chapter: Begins a chapter: exporting chapters cuts here.
    """

    id: str = field(default_factory=new_id)
    position: int
    name: str = ""
    chapter: bool = False

    def __post_init__(self) -> None:
        _check_position("The place of a marker", self.position)


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """Everything that is heard, at one moment of the work on it.

    Attributes:
        sampling_rate: In Hz; unit of every position.
        tracks: From the top.
        markers: By their position.
        loop: (start, end) of the region that loops; ``None`` for none.
    """

    sampling_rate: int = DEFAULT_SAMPLING_RATE
    tracks: tuple[Track, ...] = ()
    markers: tuple[Marker, ...] = ()
    loop: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not 8_000 <= self.sampling_rate <= 384_000:
            raise BadInputError(
                "A sound document has from 8,000 to 384,000 samples a second.",
                sampling_rate=self.sampling_rate,
            )
        ordered = sorted(self.markers, key=lambda marker: (marker.position, marker.id))
        object.__setattr__(self, "markers", tuple(ordered))
        if self.loop is not None:
            start, end = self.loop
            _check_position("The loop's beginning", start)
            _check_position("The loop's end", end)
            if end <= start:
                raise BadInputError("A loop must end after it begins.", loop=self.loop)

    @property
    def end(self) -> int:
        """Where the last clip ends."""
        return max((track.end for track in self.tracks), default=0)

    def clips(self) -> Iterator[Clip]:
        """Yield every clip, track by track."""
        for track in self.tracks:
            yield from track.clips

    def track(self, track_id: str) -> Track:
        """Return a track by its id.

        Raises:
            BadInputError: There is none of this id.
        """
        for track in self.tracks:
            if track.id == track_id:
                return track
        raise BadInputError("This track is not there any more.", id=track_id)

    def clip(self, clip_id: str) -> Clip:
        """Return a clip by its id.

        Raises:
            BadInputError: There is none of this id.
        """
        return self.find(clip_id)[1]

    def find(self, clip_id: str) -> tuple[Track, Clip]:
        """Return a clip and its track.

        Raises:
            BadInputError: There is no clip of this id.
        """
        for track in self.tracks:
            for clip in track.clips:
                if clip.id == clip_id:
                    return track, clip
        raise BadInputError("This clip is not there any more.", id=clip_id)

    def marker(self, marker_id: str) -> Marker:
        """Return a marker by its id.

        Raises:
            BadInputError: There is none of this id.
        """
        for marker in self.markers:
            if marker.id == marker_id:
                return marker
        raise BadInputError("This marker is not there any more.", id=marker_id)

    def audible_tracks(self) -> tuple[Track, ...]:
        """Return the tracks that are heard, by mute and solo."""
        any_solo = any(track.solo for track in self.tracks)
        return tuple(t for t in self.tracks if not t.mute and (t.solo or not any_solo))

    def sources(self) -> frozenset[str]:
        """Return the SHA-256 of every source any take needs, heard or not."""
        return frozenset(take.source for clip in self.clips() for take in clip.takes)


def effective_fades(track: Track) -> dict[str, tuple[Fade, Fade]]:
    """Return (fade in, fade out) of each clip as they are heard.

    Where a clip begins before an earlier one ends, and ends after it, both are crossfaded over
    the stretch they share; otherwise a clip has the fades it was given. Overlaps are never
    stored: clips that are moved apart again are as they were. A clip that lies wholly over
    another is added to it.
    """
    fades = {clip.id: (clip.fade_in, clip.fade_out) for clip in track.clips}
    waiting: list[Clip] = []
    for clip in track.clips:
        waiting = [earlier for earlier in waiting if earlier.end > clip.start]
        for earlier in waiting:
            shared = earlier.end - clip.start
            if clip.end <= earlier.end or earlier.start == clip.start:
                continue
            before, after = fades[earlier.id], fades[clip.id]
            fades[earlier.id] = (before[0], _longer(before[1], shared))
            fades[clip.id] = (_longer(after[0], shared), after[1])
        waiting.append(clip)
    return {clip.id: _fitting(fades[clip.id], clip.duration) for clip in track.clips}


def _longer(fade: Fade, shared: int) -> Fade:
    return fade if fade.duration > shared else Fade(shared, "equal_power")


def _fitting(fades: tuple[Fade, Fade], duration: int) -> tuple[Fade, Fade]:
    """Return fades no longer than the clip; they may cross inside it."""
    fade_in, fade_out = fades
    return (
        fade_in if fade_in.duration <= duration else Fade(duration, fade_in.curve),
        fade_out if fade_out.duration <= duration else Fade(duration, fade_out.curve),
    )


def gain_factor(gain_db: float) -> float:
    """Return the factor of a gain; 0 at ``MIN_GAIN_DB``."""
    return 0.0 if gain_db <= MIN_GAIN_DB else math.pow(10.0, gain_db / 20.0)
