"""Where tracks, clips, markers and handles lie on the time line, and what is at a point.

No painting and no events: what is drawn and what can be caught come from the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from PySide6.QtCore import QPointF, QRectF

from studio.app.panes.sound.timeline.scale import Scale
from studio.documents.soundtrack import Arrangement, Clip, Track

RULER_PX = 34
TRACK_PX = 88
GAP_PX = 4
NAME_PX = 18
SoundLook = Literal["waveform", "spectrogram", "both"]
LOOKS: tuple[SoundLook, ...] = get_args(SoundLook)
TRACK_HEIGHTS: dict[SoundLook, int] = {"waveform": TRACK_PX, "spectrogram": 132, "both": 176}
"""Pitches need more room than loudness."""
_WAVE_SHARE = 0.36
"""Of a clip that shows both."""
EDGE_PX = 7
"""How near an edge must be to be caught."""
HANDLE_PX = 9

Part = Literal["ruler", "marker", "loop", "clip", "left", "right", "fade_in", "fade_out", "empty"]


@dataclass(frozen=True)
class Hit:
    """What is at a point.

    Attributes:
        part: Which part of what.
        track: Id of the track, "" outside.
        clip: Id of the clip, "" none.
        marker: Id of the marker, "" none.
    """

    part: Part
    track: str = ""
    clip: str = ""
    marker: str = ""


@dataclass(frozen=True)
class Layout:
    """Places of an arrangement on a view.

    Attributes:
        arrangement: What is there.
        scale: What of it is seen.
        scroll_y: How far it is scrolled down, in px.
        width: Of the view, in px.
        height: Of the view, in px.
        look: What clips show.
    """

    arrangement: Arrangement
    scale: Scale
    scroll_y: int
    width: int
    height: int
    look: SoundLook = "waveform"

    @property
    def track_px(self) -> int:
        """Height of a track, in px."""
        return TRACK_HEIGHTS[self.look]

    def wave_area(self, area: QRectF) -> QRectF:
        """Return the part of a clip below its name that shows loudness; empty for none."""
        share = {"waveform": 1.0, "spectrogram": 0.0, "both": _WAVE_SHARE}[self.look]
        return QRectF(area.left(), area.top(), area.width(), round(area.height() * share))

    def spectrum_area(self, area: QRectF) -> QRectF:
        """Return the part of a clip below its name that shows pitches; empty for none."""
        return area.adjusted(0, self.wave_area(area).height(), 0, 0)

    @property
    def content_height(self) -> int:
        """Height of all tracks and the ruler, in px."""
        return RULER_PX + len(self.arrangement.tracks) * (self.track_px + GAP_PX) + GAP_PX

    def track_top(self, index: int) -> int:
        """Return where a track begins, in px from the top of the view."""
        return RULER_PX + GAP_PX + index * (self.track_px + GAP_PX) - self.scroll_y

    def track_at(self, y: float) -> Track | None:
        """Return the track at a height; ``None`` between and below them."""
        for index, track in enumerate(self.arrangement.tracks):
            top = self.track_top(index)
            if top <= y < top + self.track_px:
                return track
        return None

    def nearest_track(self, y: float) -> Track | None:
        """Return the track at a height or the nearest one; ``None`` where there are none."""
        tracks = self.arrangement.tracks
        if not tracks:
            return None
        row = int((y + self.scroll_y - RULER_PX - GAP_PX) // (self.track_px + GAP_PX))
        return tracks[min(len(tracks) - 1, max(0, row))]

    def visible_tracks(self) -> Iterator[tuple[int, Track]]:
        """Yield the tracks in view with their tops, from above."""
        for index, track in enumerate(self.arrangement.tracks):
            top = self.track_top(index)
            if top + self.track_px > RULER_PX and top < self.height:
                yield top, track

    def clip_rect(self, clip: Clip, top: int) -> QRectF:
        """Return where a clip of a track that begins at ``top`` is drawn."""
        left = self.scale.x(clip.start)
        width = max(2.0, clip.duration / self.scale.samples_per_px)
        return QRectF(left, top, width, self.track_px)

    def hit(self, point: QPointF) -> Hit:
        """Return what is at a point."""
        if point.y() < RULER_PX:
            return self._on_ruler(point.x())
        for top, track in self.visible_tracks():
            if not top <= point.y() < top + self.track_px:
                continue
            for clip in reversed(track.clips):
                part = self._part_of(clip, top, point)
                if part is not None:
                    return Hit(part, track.id, clip.id)
            return Hit("empty", track.id)
        return Hit("empty")

    def _on_ruler(self, x: float) -> Hit:
        for marker in self.arrangement.markers:
            if abs(self.scale.x(marker.position) - x) <= EDGE_PX:
                return Hit("marker", marker=marker.id)
        loop = self.arrangement.loop
        if loop is not None and self.scale.x(loop[0]) <= x <= self.scale.x(loop[1]):
            return Hit("loop")
        return Hit("ruler")

    def _part_of(self, clip: Clip, top: int, point: QPointF) -> Part | None:
        rect = self.clip_rect(clip, top)
        # A clip of a few pixels can still be caught, and is then moved as a whole.
        if not rect.left() - 2 <= point.x() <= rect.right() + 2:
            return None
        if rect.width() < 4 * EDGE_PX:
            return "clip"
        if point.y() < top + NAME_PX + HANDLE_PX:
            for part, x in self._fade_handles(clip, rect):
                if abs(point.x() - x) <= HANDLE_PX and point.y() >= top + NAME_PX:
                    return part
        if point.x() - rect.left() <= EDGE_PX:
            return "left"
        if rect.right() - point.x() <= EDGE_PX:
            return "right"
        return "clip"

    def _fade_handles(self, clip: Clip, rect: QRectF) -> Iterator[tuple[Part, float]]:
        per_px = self.scale.samples_per_px
        yield "fade_in", rect.left() + clip.fade_in.duration / per_px
        yield "fade_out", rect.right() - clip.fade_out.duration / per_px
