"""A sound document: tracks with clips, edited without touching any sound, with undo.

All methods may be called from any thread; whoever subscribed is called on the thread that made
the change. What is there now is one frozen :class:`Arrangement`, which other threads may keep
and read for as long as they like.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from studio.core.errors import BadInputError
from studio.documents.soundtrack import edits
from studio.documents.soundtrack.changes import (
    ORIGIN_OF_TAKE,
    Change,
    Origin,
    counted,
    difference,
    label_of,
    small,
)
from studio.documents.soundtrack.model import (
    Arrangement,
    Clip,
    Marker,
    Source,
    Take,
    Track,
    TrackKind,
    new_id,
)

MAX_UNDO = 1000


@dataclass(frozen=True)
class _Step:
    label: str
    before: Arrangement
    after: Arrangement
    merge: str


class Soundtrack:
    """The document of the sound pane.

    Args:
        arrangement: What is there at first; an empty one when left out.
        sources: Sounds that are known at first.
    """

    def __init__(
        self, arrangement: Arrangement | None = None, sources: Sequence[Source] = ()
    ) -> None:
        self._lock = threading.RLock()
        self._now = arrangement or Arrangement()
        self._sources = {source.sha256: source for source in sources}
        self._revision = 0
        self._undo: list[_Step] = []
        self._redo: list[_Step] = []
        self._group_start: Arrangement | None = None
        self._group_take: Take | None = None
        self._listeners: list[Callable[[Change], None]] = []

    # --- reading ----------------------------------------------------------------------------

    @property
    def arrangement(self) -> Arrangement:
        """What is there now; frozen, for any thread."""
        return self._now

    @property
    def revision(self) -> int:
        """Grows with each change; cheap from any thread."""
        return self._revision

    @property
    def sampling_rate(self) -> int:
        """Unit of every position, in Hz."""
        return self._now.sampling_rate

    @property
    def tracks(self) -> tuple[Track, ...]:
        """Tracks from the top."""
        return self._now.tracks

    @property
    def markers(self) -> tuple[Marker, ...]:
        """Markers by their position."""
        return self._now.markers

    @property
    def loop(self) -> tuple[int, int] | None:
        """(start, end) of the region that loops."""
        return self._now.loop

    @property
    def end(self) -> int:
        """Where the last clip ends."""
        return self._now.end

    def track(self, track_id: str) -> Track:
        """Return a track; BadInputError when it is not there."""
        return self._now.track(track_id)

    def clip(self, clip_id: str) -> Clip:
        """Return a clip; BadInputError when it is not there."""
        return self._now.clip(clip_id)

    def track_of(self, clip_id: str) -> Track:
        """Return the track a clip lies on; BadInputError when there is no such clip."""
        return self._now.find(clip_id)[0]

    def source(self, sha256: str) -> Source | None:
        """Return what is known of a sound."""
        return self._sources.get(sha256)

    def sources(self) -> tuple[Source, ...]:
        """Return every sound that is known, also those no clip uses now."""
        with self._lock:
            return tuple(self._sources.values())

    def subscribe(self, listener: Callable[[Change], None]) -> Callable[[], None]:
        """Be told of each change, on the thread that makes it. Returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    # --- sounds -----------------------------------------------------------------------------

    def add_source(self, source: Source) -> None:
        """Make a sound known, so that clips may use it; no step of undo."""
        with self._lock:
            if self._sources.get(source.sha256) == source:
                return
            self._sources[source.sha256] = source
            self._revision += 1
            change = Change(revision=self._revision, label="Sound", kind="source")
        self._tell(change)

    # --- tracks -----------------------------------------------------------------------------

    def add_track(
        self, name: str = "", kind: TrackKind = "audio", *, index: int | None = None
    ) -> str:
        """Add a track at the bottom or at ``index`` and return its id."""
        with self._lock:
            track = Track(name=name or self._free_name(kind), kind=kind)
            self._apply(edits.with_track(self._now, track, index), "Add track")
            return track.id

    def remove_track(self, track_id: str) -> None:
        """Take a track with its clips away."""
        self._edit(edits.without_track, track_id, label="Delete track")

    def move_track(self, track_id: str, index: int) -> None:
        """Put a track at another place, 0 being the top."""
        self._edit(edits.with_track_at, track_id, index, label="Move track")

    def set_track(self, track_id: str, *, merge: str = "", **values: Any) -> None:
        """Set name, kind, gain_db, pan, mute or solo of a track."""
        label = label_of(values, "track")
        self._edit(edits.with_track_values, track_id, values, label=label, merge=merge)

    # --- clips ------------------------------------------------------------------------------

    def add_clip(
        self,
        track_id: str,
        source: str,
        start: int,
        *,
        offset: int = 0,
        duration: int | None = None,
        name: str = "",
        take: Take | None = None,
        meta: Mapping[str, Any] | None = None,
        label: str = "",
    ) -> str:
        """Lay a sound on a track and return the clip's id.

        Args:
            track_id: Which track.
            source: SHA-256 of a known sound.
            start: Where on the time line.
            offset: Where in the sound it begins.
            duration: How much of it; all when left out.
            name: For people; the sound's title when left out.
            take: The take itself, instead of ``source``, ``offset`` and ``duration``.
            meta: Small plain values to keep with the clip.
            label: For undo and history.

        Raises:
            BadInputError: The sound is not known, or has nothing at that place.
        """
        with self._lock:
            take = take or self.take(source, offset=offset, duration=duration)
            known = self._known(take.source)
            clip = Clip(start=start, takes=(take,), name=name or known.title, meta=meta or {})
            label = label or {"generated": "Generate", "recorded": "Record"}.get(
                take.origin, "Add clip"
            )
            self._apply(edits.with_clips(self._now, track_id, [clip]), label, take=take)
            return clip.id

    def take(
        self, source: str, *, offset: int = 0, duration: int | None = None, **values: Any
    ) -> Take:
        """Return a new take of a known sound; it is not in the document yet.

        Args:
            source: SHA-256 of a known sound.
            offset: Where in the sound it begins.
            duration: How much of it; all that follows when left out.
            values: Other attributes of :class:`Take`.
        """
        known = self._known(source)
        left = known.duration - offset
        if offset < 0 or left < 1:
            raise BadInputError("The sound has nothing at this place.", sound=known.title)
        duration = left if duration is None else max(1, min(duration, left))
        if known.consent:  # of a file that was made with a lent voice elsewhere
            values["facts"] = {"consent": known.consent, **values.get("facts", {})}
        return Take(source=source, offset=offset, duration=duration, **values)

    def add_clips(self, track_id: str, clips: Sequence[Clip], *, label: str = "Paste") -> None:
        """Lay clips on a track; their sounds must be known and their ids new."""
        with self._lock:
            for clip in clips:
                for take in clip.takes:
                    self._known(take.source)
            ids = [clip.id for clip in (*self._now.clips(), *clips)]
            if len(set(ids)) < len(ids):
                raise BadInputError("A clip of this id is there already.")
            self._apply(edits.with_clips(self._now, track_id, clips), label)

    def move_clip(self, clip_id: str, start: int, track_id: str | None = None) -> None:
        """Put a clip at another place, and onto another track when one is named."""
        with self._lock:
            by = max(0, start) - self.clip(clip_id).start
            self.move_clips([clip_id], by, track_id)

    def move_clips(
        self,
        clip_ids: Collection[str],
        by: int,
        track_id: str | None = None,
        *,
        merge: str = "",
    ) -> None:
        """Move clips along the time line; they keep their distances."""
        label = counted("Move", clip_ids)
        self._edit(edits.with_clips_moved, clip_ids, by, track_id, label=label, merge=merge)

    def trim_clip(
        self, clip_id: str, *, start: int | None = None, end: int | None = None, merge: str = ""
    ) -> None:
        """Move a clip's ends over its sound, as far as there is sound."""
        with self._lock:
            lengths = {sha: source.duration for sha, source in self._sources.items()}
            after = edits.with_clip_trimmed(self._now, clip_id, lengths, start, end)
            self._apply(after, "Trim clip", merge=merge)

    def split_clip(self, clip_id: str, at: int) -> str:
        """Cut a clip in two; returns the id of the second.

        Raises:
            BadInputError: ``at`` is not inside the clip.
        """
        second = new_id()
        self._edit(edits.with_clip_split, clip_id, at, second, label="Split clip")
        return second

    def duplicate_clips(
        self, clip_ids: Collection[str], start: int | None = None
    ) -> tuple[str, ...]:
        """Copy clips behind the last of them, or to ``start``; returns the copies' ids."""
        with self._lock:
            copies = edits.copies_of(self._now, clip_ids, start)
            after = self._now
            for track_id, clips in copies.items():
                after = edits.with_clips(after, track_id, clips)
            self._apply(after, counted("Duplicate", clip_ids))
            return tuple(clip.id for clips in copies.values() for clip in clips)

    def remove_clips(self, clip_ids: Collection[str]) -> None:
        """Take clips away; their sounds stay in the project."""
        self._edit(edits.without_clips, clip_ids, label=counted("Delete", clip_ids))

    def set_clip(self, clip_id: str, *, merge: str = "", **values: Any) -> None:
        """Set name, gain_db, fade_in, fade_out, mute or meta of a clip."""
        label = label_of(values, "clip")
        self._edit(edits.with_clip_values, clip_id, values, label=label, merge=merge)

    # --- takes ------------------------------------------------------------------------------

    def add_take(self, clip_id: str, take: Take, *, choose: bool = True) -> str:
        """Add a take to a clip and return its id; see :meth:`take`."""
        with self._lock:
            self._known(take.source)
            after = edits.with_take(self._now, clip_id, take, choose)
            self._apply(after, "Add take", take=take)
            return take.id

    def choose_take(self, clip_id: str, take_id: str) -> None:
        """Hear another take of a clip."""
        self._edit(edits.with_take_chosen, clip_id, take_id, label="Choose take")

    def remove_take(self, clip_id: str, take_id: str) -> None:
        """Take a take away; not the last one."""
        self._edit(edits.without_take, clip_id, take_id, label="Delete take")

    # --- markers and loop -------------------------------------------------------------------

    def add_marker(self, position: int, name: str = "", *, chapter: bool = False) -> str:
        """Put a marker in and return its id."""
        marker = Marker(position=position, name=name, chapter=chapter)
        self._edit(edits.with_marker, marker, label="Add marker")
        return marker.id

    def set_marker(self, marker_id: str, *, merge: str = "", **values: Any) -> None:
        """Set position, name or chapter of a marker."""
        self._edit(edits.with_marker_values, marker_id, values, label="Change marker", merge=merge)

    def remove_marker(self, marker_id: str) -> None:
        """Take a marker out."""
        self._edit(edits.without_marker, marker_id, label="Delete marker")

    def set_loop(self, loop: tuple[int, int] | None, *, merge: str = "") -> None:
        """Set the region that loops, or none."""
        with self._lock:
            self._apply(replace(self._now, loop=loop), "Set loop", merge=merge)

    # --- several changes, undo --------------------------------------------------------------

    @contextmanager
    def group(self, label: str, *, merge: str = "") -> Iterator[None]:
        """Make several changes one: one step of undo, told of and kept once, at the end.

        When the block fails, none of them stays. A group inside another belongs to it.
        """
        with self._lock:
            outermost = self._group_start is None
            if outermost:
                self._group_start, self._group_take = self._now, None
            try:
                yield
            except BaseException:
                if outermost and self._group_start is not None:
                    self._now, self._group_start = self._group_start, None
                raise
            if not outermost or self._group_start is None:
                return
            before, self._group_start = self._group_start, None
            after, self._now = self._now, before
            self._apply(after, label, merge=merge, take=self._group_take)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to take again."""
        return bool(self._redo)

    @property
    def undo_label(self) -> str:
        """What would be taken back."""
        return self._undo[-1].label if self._undo else ""

    @property
    def redo_label(self) -> str:
        """What would be done again."""
        return self._redo[-1].label if self._redo else ""

    def undo(self) -> None:
        """Take the last step back; does nothing without one, or inside a group."""
        with self._lock:
            if not self._undo or self._group_start is not None:
                return
            step = self._undo.pop()
            self._redo.append(step)
            change = self._set(step.before, f"Undo {small(step.label)}", "undo", "typed", "")
        self._tell(change)

    def redo(self) -> None:
        """Take the last step again; does nothing without one, or inside a group."""
        with self._lock:
            if not self._redo or self._group_start is not None:
                return
            step = self._redo.pop()
            self._undo.append(step)
            change = self._set(step.after, f"Redo {small(step.label)}", "redo", "typed", "")
        self._tell(change)

    def replace_arrangement(
        self, arrangement: Arrangement, label: str, *, merge: str = "", take: Take | None = None
    ) -> None:
        """Put another arrangement in place as one step, such as one from the history.

        Args:
            arrangement: Of the same sampling rate, made of known sounds.
            label: For undo and history.
            merge: As everywhere.
            take: A take among those it brings, to say where the change came from.
        """
        with self._lock:
            for sha256 in arrangement.sources():
                self._known(sha256)
            if arrangement.sampling_rate != self._now.sampling_rate:
                raise BadInputError("The sampling rate of a sound document never changes.")
            self._apply(arrangement, label, merge=merge, take=take)

    # --- inside -----------------------------------------------------------------------------

    def _edit(
        self, edit: Callable[..., Arrangement], *values: Any, label: str, merge: str = ""
    ) -> None:
        with self._lock:
            self._apply(edit(self._now, *values), label, merge=merge)

    def _apply(
        self, after: Arrangement, label: str, *, merge: str = "", take: Take | None = None
    ) -> None:
        with self._lock:
            before = self._now
            if after == before:
                return
            if self._group_start is not None:
                self._now = after
                self._group_take = take or self._group_take
                return
            origin: Origin = "typed" if take is None else ORIGIN_OF_TAKE[take.origin]
            self._remember(_Step(label, before, after, merge))
            change = self._set(after, label, "edit", origin, merge, take)
        self._tell(change)

    def _remember(self, step: _Step) -> None:
        self._redo.clear()
        last = self._undo[-1] if self._undo else None
        if last is not None and step.merge and last.merge == step.merge:
            self._undo[-1] = replace(last, after=step.after)
            return
        self._undo.append(step)
        del self._undo[:-MAX_UNDO]

    def _set(
        self,
        after: Arrangement,
        label: str,
        kind: Literal["edit", "undo", "redo"],
        origin: Origin,
        merge: str,
        take: Take | None = None,
    ) -> Change:
        before, self._now = self._now, after
        self._revision += 1
        return difference(before, after, self._revision, label, kind, origin, merge, take)

    def _tell(self, change: Change) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(change)

    def _known(self, sha256: str) -> Source:
        source = self._sources.get(sha256)
        if source is None:
            raise BadInputError("This sound is not in the project.", sha256=sha256)
        return source

    def _free_name(self, kind: TrackKind) -> str:
        word = "Speech" if kind == "speech" else "Track"
        taken = {track.name for track in self._now.tracks}
        number = 1
        while f"{word} {number}" in taken:
            number += 1
        return f"{word} {number}"
