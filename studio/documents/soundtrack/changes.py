"""What an edit of a sound document changed, and what it is called."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from studio.documents.soundtrack.model import Arrangement, Take

Origin = Literal["typed", "generated", "pasted", "imported"]
ORIGIN_OF_TAKE: Mapping[str, Origin] = {
    "imported": "imported",
    "generated": "generated",
    "recorded": "typed",
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """What changed.

    Attributes:
        revision: Of the document afterwards.
        label: What the user did, such as "Split clip".
        kind: "edit", "undo", "redo" or "source" (a sound became known; nothing else changed).
        origin: Where the change came from, for the project's history.
        tracks: Ids of tracks with another setting or other clips, and of new and gone ones.
        clips: Ids of changed, new and gone clips.
        order: Tracks were added, removed or moved.
        markers: Some marker changed.
        loop: The loop changed.
        span: (start, end) of what may sound different; ``None`` for nothing or for all of it.
        merge: Changes in a row with the same one, not empty, are one step of undo.
        take: The take that was added, when one was.
    """

    revision: int
    label: str
    kind: Literal["edit", "undo", "redo", "source"] = "edit"
    origin: Origin = "typed"
    tracks: frozenset[str] = frozenset()
    clips: frozenset[str] = frozenset()
    order: bool = False
    markers: bool = False
    loop: bool = False
    span: tuple[int, int] | None = None
    merge: str = ""
    take: Take | None = None


def difference(
    before: Arrangement,
    after: Arrangement,
    revision: int,
    label: str,
    kind: Literal["edit", "undo", "redo"],
    origin: Origin,
    merge: str,
    take: Take | None,
) -> Change:
    """Return what became different between two arrangements."""
    old = {track.id: track for track in before.tracks}
    new = {track.id: track for track in after.tracks}
    tracks = {key for key in old.keys() | new.keys() if old.get(key) is not new.get(key)}
    clips: set[str] = set()
    places: list[tuple[int, int]] = []
    settings = [t.id for t in before.tracks] != [t.id for t in after.tracks]
    for key in tracks:
        one, other = old.get(key), new.get(key)
        earlier = {clip.id: clip for clip in one.clips} if one else {}
        later = {clip.id: clip for clip in other.clips} if other else {}
        for clip_id in earlier.keys() | later.keys():
            if earlier.get(clip_id) is not later.get(clip_id):
                clips.add(clip_id)
                both = (earlier.get(clip_id), later.get(clip_id))
                places += [(clip.start, clip.end) for clip in both if clip is not None]
        if one and other and replace(one, clips=()) != replace(other, clips=()):
            settings = True
    span = None
    if places and not settings:
        span = (min(start for start, _ in places), max(end for _, end in places))
    return Change(
        revision=revision,
        label=label,
        kind=kind,
        origin=origin,
        tracks=frozenset(tracks),
        clips=frozenset(clips),
        order=[t.id for t in before.tracks] != [t.id for t in after.tracks],
        markers=before.markers != after.markers,
        loop=before.loop != after.loop,
        span=span,
        merge=merge,
        take=take,
    )


def label_of(values: Mapping[str, Any], what: str) -> str:
    """Return what a change of values of a track or clip is called."""
    names = {
        "name": f"Rename {what}",
        "gain_db": f"Change {what} volume",
        "pan": "Pan track",
        "fade_in": "Fade in",
        "fade_out": "Fade out",
    }
    if len(values) == 1:
        ((name, value),) = values.items()
        if name == "mute":
            return f"Mute {what}" if value else f"Unmute {what}"
        if name == "solo":
            return "Solo track" if value else "Unsolo track"
        return names.get(name, f"Change {what}")
    return f"Change {what}"


def counted(verb: str, clip_ids: Collection[str]) -> str:
    """Return what is done to how many clips, in words."""
    count = len(set(clip_ids))
    return f"{verb} clip" if count == 1 else f"{verb} {count} clips"


def small(label: str) -> str:
    """Return a label for the middle of a sentence."""
    return label[:1].lower() + label[1:]
