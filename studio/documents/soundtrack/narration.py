"""Narration: a manuscript's lines as clips of a speech track, made anew only where they changed.

    lines = lines_of(text, cast)
    todo = plan(lines, soundtrack.arrangement, track_id, seed=cast.seed)
    … run todo.requests; as results come: place(soundtrack, track_id, lines, {key: take}) …
    line_at(soundtrack.arrangement, track_id, lines, player.position)

A clip knows its line by the line's id, and what it was made of by its key (``clip.meta``). It
also says its words and whose text they are of, so that the text can show what is heard
(:func:`spoken_line`) and be heard from a place on (:func:`clip_for`).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from studio.core.requests import AudioRequest
from studio.documents.reading import NEIGHBOURS, SpokenLine, lines_from, place_of
from studio.documents.soundtrack.manuscript_lines import (
    NARRATOR,
    Cast,
    Line,
    SpeakerVoice,
    lines_of,
    speakers_in,
)
from studio.documents.soundtrack.model import Arrangement, Clip, Marker, Take, Track
from studio.documents.soundtrack.soundtrack import Soundtrack

__all__ = [
    "NARRATOR",
    "Cast",
    "Line",
    "NarrationPlan",
    "SpeakerVoice",
    "clip_for",
    "line_at",
    "line_in_text",
    "lines_of",
    "place",
    "placed",
    "plan",
    "position_of",
    "speakers_in",
    "spoken_line",
]

LINE, KEY, WORDS, TEXT = "line", "key", "words", "text"
"""Names in a clip's meta: which line, what decides its sound, what it says, id of the document."""
_MARKER = "narration-"


@dataclass(frozen=True)
class NarrationPlan:
    """What is there and what is to be made.

    Attributes:
        requests: (key, request) of each line without sound, in the order of the text; lines that
            sound alike once.
        kept: How many lines have their sound already.
        gone: How many clips belong to no line any more.
    """

    requests: tuple[tuple[str, AudioRequest], ...]
    kept: int
    gone: int

    @property
    def characters(self) -> int:
        """How much text is to be spoken, for telling how long it takes."""
        return sum(len(request.prompt) for _, request in self.requests)


def plan(
    lines: Sequence[Line], arrangement: Arrangement, track_id: str, *, seed: int = 0
) -> NarrationPlan:
    """Return which lines are to be spoken.

    Args:
        lines: Of the manuscript as it is now.
        arrangement: What is there.
        track_id: The track of the narration.
        seed: The cast's.
    """
    clips = _narrated(arrangement.track(track_id))
    there = {str(clip.meta[KEY]) for clip in clips}
    wanted = [line for line in lines if line.spoken]
    missing = {line.key: line for line in reversed(wanted) if line.key not in there}
    ordered = [line for line in wanted if missing.get(line.key) is line]
    keys = {line.key for line in wanted}
    return NarrationPlan(
        tuple((line.key, line.request(seed)) for line in ordered),
        kept=sum(line.key in there for line in wanted),
        gone=sum(clip.meta[KEY] not in keys for clip in clips),
    )


def place(
    soundtrack: Soundtrack,
    track_id: str,
    lines: Sequence[Line],
    takes: Mapping[str, Take],
    *,
    text_id: str = "",
    merge: str = "",
) -> None:
    """Lay the narration out as one step of undo; see :func:`placed`.

    Args:
        soundtrack: Where; the takes' sounds must be known.
        track_id: The track of the narration.
        lines: Of the manuscript as it is now.
        takes: New sounds by the lines' keys.
        text_id: Of the document that is narrated, to find clips and sentences for each other.
        merge: The same for every step of one run, so that the run is one step.
    """
    after = placed(soundtrack.arrangement, track_id, lines, takes, text_id)
    newest = list(takes.values())[-1] if takes else None
    soundtrack.replace_arrangement(after, "Narrate", merge=merge, take=newest)


def placed(
    arrangement: Arrangement,
    track_id: str,
    lines: Sequence[Line],
    takes: Mapping[str, Take],
    text_id: str = "",
) -> Arrangement:
    """Return the arrangement with the narration laid out in the order of the lines.

    A line keeps its clip, with every take, gain and fade it was given, and neighbours keep the
    distance they had. Lines without sound yet are left out; clips of lines that are gone go.
    Other clips of the track stay where they are. Headings become chapter markers.
    """
    track = arrangement.track(track_id)
    old = _narrated(track)
    by_line = {str(clip.meta[LINE]): clip for clip in old}
    by_key: dict[str, list[Clip]] = {}
    for clip in old:
        by_key.setdefault(str(clip.meta[KEY]), []).append(clip)
    gaps = {(a.id, b.id): b.start - a.end for a, b in itertools.pairwise(old)}
    rate = arrangement.sampling_rate
    clips: list[Clip] = []
    markers: list[Marker] = []
    at = min((clip.start for clip in old), default=0)
    pause_s = 0.0
    chapter = ""
    for line in lines:
        chapter = line.chapter or chapter
        clip_there = by_line.get(line.id) or _spare(by_key, line.key)
        found = _clip_of(line, clip_there, takes, text_id)
        if found is None:
            continue
        if clips:
            gap = gaps.get((clips[-1].id, found.id))
            at = clips[-1].end + (round(pause_s * rate) if gap is None else gap)
        found = replace(found, start=max(0, at))
        clips.append(found)
        if chapter:
            markers.append(_chapter(chapter, found.start, len(markers)))
            chapter = ""
        pause_s = line.pause_s
    others = [clip for clip in track.clips if KEY not in clip.meta]
    changed = replace(track, clips=(*others, *clips))
    kept = [marker for marker in arrangement.markers if not marker.id.startswith(_MARKER)]
    return replace(
        arrangement,
        tracks=tuple(changed if each.id == track_id else each for each in arrangement.tracks),
        markers=(*kept, *markers),
    )


def line_at(
    arrangement: Arrangement, track_id: str, lines: Sequence[Line], position: int
) -> Line | None:
    """Return the line that is spoken at a place on the time line; ``None`` in a pause."""
    for clip in arrangement.track(track_id).clips:
        if KEY in clip.meta and clip.start <= position < clip.end:
            wanted = clip.meta[LINE]
            return next((line for line in lines if line.id == wanted), None)
    return None


def line_in_text(lines: Sequence[Line], offset: int) -> Line | None:
    """Return the line at a place in the text, or the one before it."""
    found = [line for line in lines if line.start <= offset]
    return found[-1] if found else None


def position_of(arrangement: Arrangement, track_id: str, line: Line) -> int | None:
    """Return where a line is spoken on the time line; ``None`` while it is not."""
    for clip in arrangement.track(track_id).clips:
        if clip.meta.get(LINE) == line.id:
            return clip.start
    return None


def spoken_line(track: Track, clip: Clip) -> tuple[str, SpokenLine] | None:
    """Return (id of the document, what is said) of a clip; ``None`` where it narrates nothing."""
    text_id = str(clip.meta.get(TEXT) or "")
    if not text_id or WORDS not in clip.meta:
        return None
    clips = _of_text(track, text_id)
    at = next(n for n, each in enumerate(clips) if each.meta.get(LINE) == clip.meta.get(LINE))
    return text_id, _line_at(clips, at)


def clip_for(arrangement: Arrangement, text_id: str, text: str, offset: int) -> Clip | None:
    """Return the clip in which a text is heard from a place on; ``None`` where it is not spoken.

    Args:
        arrangement: Where it may be narrated.
        text_id: Of the document.
        text: As it is now.
        offset: In code points; the line there, or the next one that was spoken.
    """
    tracks = [_of_text(track, text_id) for track in arrangement.audible_tracks()]
    spoken = {str(clip.meta[WORDS]) for clips in tracks for clip in clips}
    for start, words in lines_from(text, offset):
        if words not in spoken:
            continue
        for clips in tracks:
            for at, clip in enumerate(clips):
                if clip.meta[WORDS] == words and not clip.mute:
                    found = place_of(_line_at(clips, at), text)
                    if found is not None and found[0] == start:
                        return clip
    return None


def _of_text(track: Track, text_id: str) -> list[Clip]:
    """Return the clips that narrate a document, the halves of a split one once."""
    found: dict[str, Clip] = {}
    for clip in track.clips:
        if WORDS in clip.meta and clip.meta.get(TEXT) == text_id:
            found.setdefault(str(clip.meta.get(LINE)), clip)
    return list(found.values())


def _line_at(clips: Sequence[Clip], at: int) -> SpokenLine:
    words = str(clips[at].meta[WORDS])
    return SpokenLine(
        words,
        tuple(str(clip.meta[WORDS]) for clip in clips[max(0, at - NEIGHBOURS) : at]),
        tuple(str(clip.meta[WORDS]) for clip in clips[at + 1 : at + 1 + NEIGHBOURS]),
        sum(clip.meta[WORDS] == words for clip in clips[:at]),
    )


def _narrated(track: Track) -> list[Clip]:
    return [clip for clip in track.clips if KEY in clip.meta and LINE in clip.meta]


def _spare(by_key: dict[str, list[Clip]], key: str) -> Clip | None:
    """Return a clip that sounds the same and is copied; its takes are shared, not its id."""
    found = by_key.get(key)
    if not found:
        return None
    return replace(found[0], id=_copy_id(found[0].id, found))


def _copy_id(first: str, found: list[Clip]) -> str:
    number = len(found)
    copy = hashlib.sha256(f"{first}-{number}".encode()).hexdigest()[:16]
    found.append(replace(found[0], id=copy))
    return copy


def _clip_of(
    line: Line, there: Clip | None, takes: Mapping[str, Take], text_id: str
) -> Clip | None:
    if not line.spoken:
        return None
    new = takes.get(line.key)
    meta = {LINE: line.id, KEY: line.key, WORDS: line.text, TEXT: text_id}
    if there is not None:
        there = replace(there, meta={**there.meta, **meta})
        if new is not None and all(take.id != new.id for take in there.takes):
            return replace(there, takes=(*there.takes, new), chosen=new.id)
        return there
    if new is None:
        return None
    return Clip(start=0, takes=(new,), name=line.text[:80], meta=meta)


def _chapter(title: str, position: int, number: int) -> Marker:
    digest = hashlib.sha256(f"{number} {title}".encode("utf-8", "surrogatepass")).hexdigest()
    return Marker(id=_MARKER + digest[:16], position=position, name=title, chapter=True)
