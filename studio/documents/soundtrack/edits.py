"""Edits of an arrangement as pure functions: each returns a new one and touches no sound.

What did not change is the same object as before, so keeping every earlier arrangement for undo
costs little.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from studio.core.errors import BadInputError
from studio.documents.soundtrack.model import (
    Arrangement,
    Clip,
    Fade,
    Marker,
    Take,
    Track,
    new_id,
)

_CLIP_FIELDS = frozenset({"name", "gain_db", "fade_in", "fade_out", "mute", "meta"})
_TRACK_FIELDS = frozenset({"name", "kind", "gain_db", "pan", "mute", "solo"})
_MARKER_FIELDS = frozenset({"position", "name", "chapter"})


def with_track(arrangement: Arrangement, track: Track, index: int | None = None) -> Arrangement:
    """Put a track in, at the end or at ``index``."""
    tracks = list(arrangement.tracks)
    tracks.insert(len(tracks) if index is None else max(0, index), track)
    return replace(arrangement, tracks=tuple(tracks))


def without_track(arrangement: Arrangement, track_id: str) -> Arrangement:
    """Take a track with its clips out."""
    arrangement.track(track_id)
    return replace(arrangement, tracks=tuple(t for t in arrangement.tracks if t.id != track_id))


def with_track_at(arrangement: Arrangement, track_id: str, index: int) -> Arrangement:
    """Move a track to another place, 0 being the top."""
    track = arrangement.track(track_id)
    return with_track(without_track(arrangement, track_id), track, index)


def with_track_values(
    arrangement: Arrangement, track_id: str, values: Mapping[str, Any]
) -> Arrangement:
    """Change what is set on a track (name, kind, gain_db, pan, mute, solo)."""
    _only(values, _TRACK_FIELDS)
    return _with_track(arrangement, track_id, lambda track: replace(track, **values))


def with_clips(arrangement: Arrangement, track_id: str, clips: Iterable[Clip]) -> Arrangement:
    """Lay clips on a track."""
    new = tuple(clips)
    return _with_track(arrangement, track_id, lambda t: replace(t, clips=(*t.clips, *new)))


def without_clips(arrangement: Arrangement, clip_ids: Collection[str]) -> Arrangement:
    """Take clips out.

    Raises:
        BadInputError: One is not there.
    """
    gone = set(clip_ids)
    missing = gone - {clip.id for clip in arrangement.clips()}
    if missing:
        raise BadInputError("This clip is not there any more.", id=min(missing))
    tracks = tuple(
        replace(track, clips=tuple(clip for clip in track.clips if clip.id not in gone))
        if any(clip.id in gone for clip in track.clips)
        else track
        for track in arrangement.tracks
    )
    return replace(arrangement, tracks=tracks)


def with_clip_values(
    arrangement: Arrangement, clip_id: str, values: Mapping[str, Any]
) -> Arrangement:
    """Change what is set on a clip (name, gain_db, fade_in, fade_out, mute, meta)."""
    _only(values, _CLIP_FIELDS)
    return with_clip(arrangement, replace(arrangement.clip(clip_id), **values))


def with_clip(arrangement: Arrangement, clip: Clip) -> Arrangement:
    """Put ``clip`` where the clip of the same id is, on the same track."""
    track, _ = arrangement.find(clip.id)
    clips = tuple(clip if each.id == clip.id else each for each in track.clips)
    return _with_track(arrangement, track.id, lambda found: replace(found, clips=clips))


def with_clips_moved(
    arrangement: Arrangement, clip_ids: Collection[str], by: int, track_id: str | None = None
) -> Arrangement:
    """Move clips along the time line, and onto another track when one is named.

    Several keep their distances: none goes before the beginning.
    """
    found = [arrangement.find(clip_id) for clip_id in dict.fromkeys(clip_ids)]
    by = max(by, -min((clip.start for _, clip in found), default=0))
    moved = {clip.id: replace(clip, start=clip.start + by) for _, clip in found}
    if track_id is None:
        tracks = tuple(_with_replaced(track, moved) for track in arrangement.tracks)
        return replace(arrangement, tracks=tracks)
    return with_clips(without_clips(arrangement, moved.keys()), track_id, moved.values())


def with_clip_trimmed(
    arrangement: Arrangement,
    clip_id: str,
    lengths: Mapping[str, int],
    start: int | None,
    end: int | None,
) -> Arrangement:
    """Move a clip's ends over its sound, as far as there is sound.

    Moving the beginning cuts every take; moving the end only the one that is heard, since
    takes differ in length.

    Args:
        arrangement: What is there.
        clip_id: Which clip.
        lengths: Samples of each source, by SHA-256.
        start: Where it shall begin on the time line; ``None`` leaves it.
        end: Where it shall end; ``None`` leaves it.
    """
    clip = arrangement.clip(clip_id)
    take = clip.take
    first = clip.start if start is None else start
    first = max(first, clip.start - take.offset, 0)
    first = min(first, clip.end - 1)
    shift = first - clip.start
    takes = tuple(_begun_later(each, shift) for each in clip.takes)
    take = next(each for each in takes if each.id == clip.chosen)
    last = first + take.duration if end is None else end
    most = lengths.get(take.source, take.end) - take.offset
    take = replace(take, duration=max(1, min(last - first, max(most, 1))))
    takes = tuple(take if each.id == take.id else each for each in takes)
    return with_clip(arrangement, _fades_fitted(replace(clip, start=first, takes=takes)))


def with_clip_split(arrangement: Arrangement, clip_id: str, at: int, second_id: str) -> Arrangement:
    """Cut a clip in two at a place on the time line; both keep the takes that reach there.

    Raises:
        BadInputError: ``at`` is not inside the clip.
    """
    track, clip = arrangement.find(clip_id)
    if not clip.start < at < clip.end:
        raise BadInputError(
            "A clip can only be split inside.", hint="Put the cursor over the clip.", at=at
        )
    length = at - clip.start
    first = tuple(replace(take, duration=min(take.duration, length)) for take in clip.takes)
    second = tuple(
        replace(take, offset=take.offset + length, duration=take.duration - length)
        for take in clip.takes
        if take.duration > length
    )
    left = replace(clip, takes=first, fade_out=Fade())
    right = replace(clip, id=second_id, start=at, takes=second, fade_in=Fade())
    changed = with_clip(arrangement, _fades_fitted(left))
    return with_clips(changed, track.id, [_fades_fitted(right)])


def copies_of(
    arrangement: Arrangement, clip_ids: Collection[str], start: int | None
) -> dict[str, list[Clip]]:
    """Return copies of clips under new ids by track, after the last of them or at ``start``."""
    found = [arrangement.find(clip_id) for clip_id in dict.fromkeys(clip_ids)]
    if not found:
        return {}
    first = min(clip.start for _, clip in found)
    by = (max(clip.end for _, clip in found) if start is None else start) - first
    copies: dict[str, list[Clip]] = {}
    for track, clip in found:
        copy = replace(clip, id=new_id(), start=clip.start + by)
        copies.setdefault(track.id, []).append(copy)
    return copies


def with_take(arrangement: Arrangement, clip_id: str, take: Take, choose: bool) -> Arrangement:
    """Add a take to a clip, and hear it when ``choose``."""
    clip = arrangement.clip(clip_id)
    chosen = take.id if choose else clip.chosen
    return with_clip(
        arrangement, _fades_fitted(replace(clip, takes=(*clip.takes, take), chosen=chosen))
    )


def with_take_chosen(arrangement: Arrangement, clip_id: str, take_id: str) -> Arrangement:
    """Hear another take of a clip."""
    clip = arrangement.clip(clip_id)
    clip.take_of(take_id)
    return with_clip(arrangement, _fades_fitted(replace(clip, chosen=take_id)))


def without_take(arrangement: Arrangement, clip_id: str, take_id: str) -> Arrangement:
    """Take a take away; the one before it is heard when it was the one.

    Raises:
        BadInputError: It is the last one.
    """
    clip = arrangement.clip(clip_id)
    place = clip.takes.index(clip.take_of(take_id))
    takes = clip.takes[:place] + clip.takes[place + 1 :]
    if not takes:
        raise BadInputError("This is the clip's only take.", hint="Delete the clip instead.")
    chosen = takes[max(0, place - 1)].id if clip.chosen == take_id else clip.chosen
    return with_clip(arrangement, _fades_fitted(replace(clip, takes=takes, chosen=chosen)))


def with_marker(arrangement: Arrangement, marker: Marker) -> Arrangement:
    """Put a marker in."""
    return replace(arrangement, markers=(*arrangement.markers, marker))


def with_marker_values(
    arrangement: Arrangement, marker_id: str, values: Mapping[str, Any]
) -> Arrangement:
    """Change a marker (position, name, chapter)."""
    _only(values, _MARKER_FIELDS)
    changed = replace(arrangement.marker(marker_id), **values)
    markers = tuple(changed if m.id == marker_id else m for m in arrangement.markers)
    return replace(arrangement, markers=markers)


def without_marker(arrangement: Arrangement, marker_id: str) -> Arrangement:
    """Take a marker out."""
    arrangement.marker(marker_id)
    return replace(arrangement, markers=tuple(m for m in arrangement.markers if m.id != marker_id))


def _with_track(
    arrangement: Arrangement, track_id: str, change: Callable[[Track], Track]
) -> Arrangement:
    changed = change(arrangement.track(track_id))
    tracks = tuple(changed if track.id == track_id else track for track in arrangement.tracks)
    return replace(arrangement, tracks=tracks)


def _with_replaced(track: Track, clips: Mapping[str, Clip]) -> Track:
    if not any(clip.id in clips for clip in track.clips):
        return track
    return replace(track, clips=tuple(clips.get(clip.id, clip) for clip in track.clips))


def _begun_later(take: Take, shift: int) -> Take:
    """Return a take that begins ``shift`` samples later in its source, as far as it has any."""
    shift = max(-take.offset, min(shift, take.duration - 1))
    if not shift:
        return take
    return replace(take, offset=take.offset + shift, duration=take.duration - shift)


def _fades_fitted(clip: Clip) -> Clip:
    """Return the clip with fades no longer than itself."""
    fade_in = min(clip.fade_in.duration, clip.duration)
    fade_out = min(clip.fade_out.duration, clip.duration)
    if (fade_in, fade_out) == (clip.fade_in.duration, clip.fade_out.duration):
        return clip
    return replace(
        clip,
        fade_in=Fade(fade_in, clip.fade_in.curve),
        fade_out=Fade(fade_out, clip.fade_out.curve),
    )


def _only(values: Mapping[str, Any], allowed: frozenset[str]) -> None:
    unknown = sorted(set(values) - allowed)
    if unknown:
        raise BadInputError(f"There is nothing called {unknown[0]} here.", name=unknown[0])
