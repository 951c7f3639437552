"""What a press and a drag do on the time line: one small object a gesture, made at the press.

Each drag is one step of undo: every edit of it goes with the same ``merge`` word.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Protocol

from PySide6.QtCore import QPointF, Qt

from studio.app.panes.sound.timeline.layout import Layout
from studio.documents.soundtrack import Fade, Soundtrack, grid_step, snap, snap_clip, snap_targets

SNAP_PX = 8


class Gesture(Protocol):
    """A press that goes on until it is let go."""

    cursor: Qt.CursorShape

    def move(self, point: QPointF, layout: Layout, *, snapping: bool) -> int | None:
        """Follow the pointer; return the position an edge was drawn to, if one was."""

    def finish(self) -> None:
        """The button was let go."""

    def cancel(self) -> None:
        """Leave everything as it was before the press."""


class _Edit:
    """What the gestures that change the document share."""

    cursor = Qt.CursorShape.ArrowCursor

    def __init__(self, soundtrack: Soundtrack) -> None:
        self.soundtrack = soundtrack
        self.merge = secrets.token_hex(4)
        self.changed = False

    def finish(self) -> None:
        """Nothing more to do: each move was an edit already."""

    def cancel(self) -> None:
        """Take the drag back."""
        if self.changed:
            self.soundtrack.undo()


class MoveClips(_Edit):
    """Moves the selected clips, along the time line and between tracks."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def __init__(
        self,
        soundtrack: Soundtrack,
        clip_id: str,
        moved: Collection[str],
        at: QPointF,
        layout: Layout,
    ) -> None:
        super().__init__(soundtrack)
        self.clip, self._ids = clip_id, tuple(moved)
        self._grabbed = layout.scale.position(at.x()) - soundtrack.clip(clip_id).start
        self._begun = False
        self._from = at

    def move(self, point: QPointF, layout: Layout, *, snapping: bool) -> int | None:
        """See :class:`Gesture`."""
        if not self._begun and (point - self._from).manhattanLength() < 4:
            return None
        self._begun = True
        clip = self.soundtrack.clip(self.clip)
        wanted = layout.scale.position(point.x()) - self._grabbed
        drawn = None
        if snapping:
            targets = snap_targets(layout.arrangement, without=self._ids)
            reach = round(SNAP_PX * layout.scale.samples_per_px)
            found = snap_clip(wanted, clip.duration, targets, within=reach)
            wanted = found.position
            drawn = _drawn(found.target, wanted, clip.duration, layout)
        earliest = min(self.soundtrack.clip(each).start for each in self._ids)
        by = max(wanted - clip.start, -earliest)
        target = layout.nearest_track(point.y())
        here = self.soundtrack.track_of(self.clip)
        elsewhere = None
        if target is not None and target.id != here.id and len(self._ids) == 1:
            elsewhere = target.id
        if by or elsewhere:
            self.soundtrack.move_clips(self._ids, by, track_id=elsewhere, merge=self.merge)
            self.changed = True
        return drawn


def _drawn(target: str, start: int, duration: int, layout: Layout) -> int | None:
    """Return where the line of a snapped clip is shown: at the edge that met something."""
    if not target:
        return None
    places = {position for position, _ in snap_targets(layout.arrangement)}
    return start + duration if start not in places and start + duration in places else start


class TrimClip(_Edit):
    """Moves one end of a clip; its sound stays where it is."""

    cursor = Qt.CursorShape.SizeHorCursor

    def __init__(self, soundtrack: Soundtrack, clip_id: str, *, left: bool) -> None:
        super().__init__(soundtrack)
        self._clip, self._left = clip_id, left

    def move(self, point: QPointF, layout: Layout, *, snapping: bool) -> int | None:
        """See :class:`Gesture`."""
        wanted, drawn = _snapped(point, layout, snapping, without=(self._clip,))
        clip = self.soundtrack.clip(self._clip)
        if self._left:
            wanted = min(wanted, clip.end - 1)
            if wanted != clip.start:
                self.soundtrack.trim_clip(self._clip, start=wanted, merge=self.merge)
                self.changed = True
        else:
            wanted = max(wanted, clip.start + 1)
            if wanted != clip.end:
                self.soundtrack.trim_clip(self._clip, end=wanted, merge=self.merge)
                self.changed = True
        return drawn


class DragFade(_Edit):
    """Makes a fade longer or shorter."""

    cursor = Qt.CursorShape.SizeHorCursor

    def __init__(self, soundtrack: Soundtrack, clip_id: str, *, fade_in: bool) -> None:
        super().__init__(soundtrack)
        self._clip, self._in = clip_id, fade_in

    def move(self, point: QPointF, layout: Layout, *, snapping: bool) -> int | None:
        """See :class:`Gesture`."""
        clip = self.soundtrack.clip(self._clip)
        at = layout.scale.position(point.x())
        length = at - clip.start if self._in else clip.end - at
        length = min(clip.duration, max(0, length))
        old = clip.fade_in if self._in else clip.fade_out
        if length != old.duration:
            name = "fade_in" if self._in else "fade_out"
            fade = Fade(length, old.curve)
            self.soundtrack.set_clip(self._clip, merge=self.merge, **{name: fade})
            self.changed = True
        return None


class MoveMarker(_Edit):
    """Moves a marker along the ruler."""

    cursor = Qt.CursorShape.SizeHorCursor

    def __init__(self, soundtrack: Soundtrack, marker_id: str) -> None:
        super().__init__(soundtrack)
        self._marker = marker_id

    def move(self, point: QPointF, layout: Layout, *, snapping: bool) -> int | None:
        """See :class:`Gesture`."""
        wanted, drawn = _snapped(point, layout, snapping)
        self.soundtrack.set_marker(self._marker, merge=self.merge, position=wanted)
        self.changed = True
        return drawn


class DragLoop(_Edit):
    """Draws a loop region on the ruler."""

    cursor = Qt.CursorShape.SizeHorCursor

    def __init__(self, soundtrack: Soundtrack, start: int) -> None:
        super().__init__(soundtrack)
        self._start = start

    def move(self, point: QPointF, layout: Layout, *, snapping: bool) -> int | None:
        """See :class:`Gesture`."""
        wanted, drawn = _snapped(point, layout, snapping)
        low, high = sorted((self._start, wanted))
        if high > low:
            self.soundtrack.set_loop((low, high), merge=self.merge)
            self.changed = True
        return drawn


def _snapped(
    point: QPointF, layout: Layout, snapping: bool, *, without: Collection[str] = ()
) -> tuple[int, int | None]:
    at = layout.scale.position(point.x())
    if not snapping:
        return at, None
    found = snap(
        at,
        snap_targets(layout.arrangement, without=without),
        within=round(SNAP_PX * layout.scale.samples_per_px),
        grid=grid_step(layout.scale.sampling_rate, layout.scale.samples_per_px),
    )
    return found.position, found.position if found.target not in ("", "grid") else None
