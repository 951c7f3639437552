"""Draws the time line: ruler, tracks, clips with waveforms and fades, markers, loop, play head."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPen

from studio.app.panes.sound.timeline.layout import (
    HANDLE_PX,
    NAME_PX,
    RULER_PX,
    Layout,
)
from studio.app.panes.sound.timeline.scale import clock
from studio.app.panes.sound.timeline.spectra import Spectra, SpectrumKey
from studio.app.panes.sound.timeline.waves import WaveKey, Waves
from studio.app.theme.tokens import Palette, Size, Space, Type
from studio.documents.soundtrack import Clip, Track, gain_factor
from studio.documents.soundtrack.spectrogram import height_of

_QUIET = 0.45
_WASH = 0.35
_TICK_PX = 5
_LABEL_GROUND = 0.72
_PITCHES = ((100.0, "100 Hz"), (1000.0, "1 kHz"), (10_000.0, "10 kHz"))


@dataclass(frozen=True)
class Shown:
    """What is drawn besides the arrangement.

    Attributes:
        selected: Ids of the selected clips.
        cursor: The play head, in samples.
        span: A stretch of time that is selected, in samples; ``None`` for none.
        snapped: Where a dragged edge was drawn to, in samples; ``None`` for nowhere.
        hovered: Id of the clip under the pointer.
        speaking: Id of the clip that is heard now.
    """

    selected: Collection[str] = frozenset()
    cursor: int = 0
    span: tuple[int, int] | None = None
    snapped: int | None = None
    hovered: str = ""
    speaking: str = ""


class TimelinePainter:
    """Draws one frame.

    Args:
        painter: An open painter of the view.
        layout: Where everything lies.
        shown: What is drawn besides.
        waves: Pictures of waveforms.
        spectra: Pictures of spectrograms.
        palette: The colours.
        font: The window's font.
        ratio: Device pixels a pixel.
    """

    def __init__(
        self,
        painter: QPainter,
        layout: Layout,
        shown: Shown,
        waves: Waves,
        spectra: Spectra,
        palette: Palette,
        font: QFont,
        ratio: float,
    ) -> None:
        self._painter = painter
        self._layout = layout
        self._shown = shown
        self._waves = waves
        self._spectra = spectra
        self._palette = palette
        self._ratio = ratio
        self._caption = QFont(font)
        self._caption.setPixelSize(Type.CAPTION)
        self._metrics = QFontMetrics(self._caption)

    def draw(self, dirty: QRect) -> None:
        """Draw what lies in ``dirty``."""
        palette, painter = self._palette, self._painter
        painter.fillRect(dirty, QColor(palette.ground))
        painter.setFont(self._caption)
        seconds = self._layout.scale.ticks(self._layout.width)
        for top, track in self._layout.visible_tracks():
            self._track(top, track, seconds, dirty)
        self._span()
        if dirty.top() < RULER_PX:
            self._ruler(seconds)
        self._markers()
        self._cursor()

    # --- tracks -----------------------------------------------------------------------------

    def _track(self, top: int, track: Track, seconds: list[float], dirty: QRect) -> None:
        row = QRect(0, top, self._layout.width, self._layout.track_px)
        if not row.intersects(dirty):
            return
        self._painter.fillRect(row, QColor(self._palette.surface))
        self._painter.setPen(QColor(self._palette.line))
        rate = self._layout.scale.sampling_rate
        for second in seconds:
            x = round(self._layout.scale.x(second * rate))
            self._painter.drawLine(x, top, x, top + self._layout.track_px)
        for clip in track.clips:
            rect = self._layout.clip_rect(clip, top)
            if rect.right() >= dirty.left() and rect.left() <= dirty.right():
                self._clip(clip, rect, quiet=track.mute or clip.mute)
        if track.clips and self._layout.look != "waveform":
            self._pitches(top)

    def _pitches(self, top: int) -> None:
        """Say at the left edge how high the pitches of a track are."""
        painter, rate = self._painter, self._layout.scale.sampling_rate
        height = self._layout.track_px - NAME_PX - 2
        area = self._layout.spectrum_area(QRectF(0, top + NAME_PX, self._layout.width, height))
        for hz, words in _PITCHES:
            share = height_of(hz, rate)
            if share > 0.96:
                continue
            y = area.bottom() - share * area.height()
            width = self._metrics.horizontalAdvance(words) + Space.S
            box = QRectF(_TICK_PX, y - self._metrics.height() / 2, width, self._metrics.height())
            ground = QColor(self._palette.ground)
            ground.setAlphaF(_LABEL_GROUND)
            painter.fillRect(box, ground)
            painter.setPen(QColor(self._palette.text))
            painter.drawLine(QPointF(0, y), QPointF(_TICK_PX, y))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)

    def _clip(self, clip: Clip, rect: QRectF, *, quiet: bool) -> None:
        painter, palette = self._painter, self._palette
        chosen = clip.id in self._shown.selected or clip.id == self._shown.speaking
        seen = rect.intersected(QRectF(-8, 0, self._layout.width + 16, self._layout.height))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setOpacity(_QUIET if quiet else 1.0)
        body = QPainterPath()
        body.addRoundedRect(
            rect.adjusted(0.5, 0.5, -0.5, -0.5), Size.FIELD_RADIUS, Size.FIELD_RADIUS
        )
        made = clip.take.origin == "generated"
        hovered = clip.id == self._shown.hovered
        painter.fillPath(body, QColor(palette.hover if hovered else palette.raised))
        painter.setClipPath(body)
        if made:
            head = QRectF(seen.left(), rect.top(), seen.width(), NAME_PX)
            painter.fillRect(head, QColor(palette.gold_wash))
        self._sound(clip, rect, seen)
        self._fades(clip, rect)
        self._name(clip, rect, seen)
        painter.setClipping(False)
        edge = palette.gold if chosen else palette.line
        painter.setPen(QPen(QColor(edge), 2.0 if chosen else 1.0))
        painter.drawPath(body)
        if hovered or chosen:
            self._handles(clip, rect)
        painter.restore()

    def _sound(self, clip: Clip, rect: QRectF, seen: QRectF) -> None:
        """Draw what a clip sounds like, as far as it is seen."""
        height = self._layout.track_px - NAME_PX - 2
        area = QRectF(seen.left(), rect.top() + NAME_PX, seen.width(), height)
        if area.width() < 1:
            return
        per_px = self._layout.scale.samples_per_px
        first = clip.offset + max(0, round((area.left() - rect.left()) * per_px))
        last = min(clip.take.end, first + max(1, round(area.width() * per_px)))
        if last <= first:
            return
        wave, spectrum = self._layout.wave_area(area), self._layout.spectrum_area(area)
        there = True
        if not wave.isEmpty():
            there = self._wave(clip, wave, first, last)
        if not spectrum.isEmpty():
            there = self._spectrum(clip, spectrum, first, last)
        if not there:
            self._painter.setPen(QColor(self._palette.quiet))
            text = _tr("Preparing the sound…")
            self._painter.drawText(area, Qt.AlignmentFlag.AlignCenter, text)

    def _wave(self, clip: Clip, area: QRectF, first: int, last: int) -> bool:
        """Draw how loud samples ``first`` to ``last`` are; return whether that is known."""
        key = WaveKey(
            sha256=clip.source,
            start=first,
            end=last,
            columns=max(1, round(area.width() * self._ratio)),
            rows=max(2, round(area.height() * self._ratio)),
            colours=(self._palette.text, self._palette.quiet),
            gain=gain_factor(clip.gain_db),
        )
        image = self._waves.image(key)
        if image is not None:
            self._painter.drawImage(area, image)
        return image is not None

    def _spectrum(self, clip: Clip, area: QRectF, first: int, last: int) -> bool:
        """Draw which pitches sound; return whether the sound is there."""
        palette = self._palette
        key = SpectrumKey(
            sha256=clip.source,
            start=first,
            end=last,
            columns=max(1, round(area.width() * self._ratio)),
            rows=max(2, round(area.height() * self._ratio)),
            colours=(
                palette.raised,
                palette.spectrum_quiet,
                palette.spectrum_middle,
                palette.spectrum_loud,
            ),
            gain_db=clip.gain_db,
        )
        found = self._spectra.image(key)
        if found is None:
            return False
        self._painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._painter.drawImage(area, found.image, found.part)
        if self._layout.look == "both":
            self._painter.setPen(QColor(palette.line))
            self._painter.drawLine(area.topLeft(), area.topRight())
        return True

    def _fades(self, clip: Clip, rect: QRectF) -> None:
        per_px = self._layout.scale.samples_per_px
        shade = QColor(self._palette.ground)
        shade.setAlphaF(0.6)
        for fade, left in ((clip.fade_in, True), (clip.fade_out, False)):
            width = fade.duration / per_px
            if width < 1:
                continue
            edge = rect.left() if left else rect.right()
            inner = edge + width if left else edge - width
            top, bottom = rect.top() + NAME_PX, rect.bottom()
            path = QPainterPath(QPointF(edge, bottom))
            path.lineTo(edge, top)
            path.lineTo(inner, top)
            path.closeSubpath()
            self._painter.fillPath(path, shade)
            self._painter.setPen(QPen(QColor(self._palette.gold), 1.0))
            self._painter.drawLine(QPointF(edge, bottom), QPointF(inner, top))

    def _name(self, clip: Clip, rect: QRectF, seen: QRectF) -> None:
        left = max(rect.left(), 0.0) + Space.S
        room = seen.right() - left - Space.XS
        if room < 24:
            return
        name = clip.name or clip.take.name
        if len(clip.takes) > 1:
            place = [take.id for take in clip.takes].index(clip.chosen) + 1
            name = _tr("%s   take %d of %d") % (name, place, len(clip.takes))
        if clip.mute:
            name = _tr("%s   muted") % name
        text = self._metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(room))
        self._painter.setPen(QColor(self._palette.text))
        self._painter.drawText(
            QRectF(left, rect.top(), room, NAME_PX),
            Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft,
            text,
        )

    def _handles(self, clip: Clip, rect: QRectF) -> None:
        if rect.width() < 4 * HANDLE_PX:
            return
        per_px = self._layout.scale.samples_per_px
        self._painter.setPen(QPen(QColor(self._palette.gold), 1.5))
        self._painter.setBrush(QColor(self._palette.raised))
        y = rect.top() + NAME_PX + HANDLE_PX / 2
        for x in (
            rect.left() + clip.fade_in.duration / per_px,
            rect.right() - clip.fade_out.duration / per_px,
        ):
            self._painter.drawEllipse(QPointF(x, y), HANDLE_PX / 2 - 1, HANDLE_PX / 2 - 1)

    # --- over and above ---------------------------------------------------------------------

    def _span(self) -> None:
        if self._shown.span is None:
            return
        left, right = (self._layout.scale.x(each) for each in self._shown.span)
        wash = QColor(self._palette.gold)
        wash.setAlphaF(_WASH / 2)
        self._painter.fillRect(
            QRectF(left, RULER_PX, right - left, self._layout.height - RULER_PX), wash
        )

    def _ruler(self, seconds: list[float]) -> None:
        painter, palette = self._painter, self._palette
        band = QRect(0, 0, self._layout.width, RULER_PX)
        painter.fillRect(band, QColor(palette.ground))
        self._loop()
        painter.setPen(QColor(palette.line))
        painter.drawLine(0, RULER_PX - 1, self._layout.width, RULER_PX - 1)
        step, rate = self._layout.scale.tick_s(), self._layout.scale.sampling_rate
        for second in seconds:
            x = round(self._layout.scale.x(second * rate))
            painter.setPen(QColor(palette.line))
            painter.drawLine(x, RULER_PX - 8, x, RULER_PX - 2)
            painter.setPen(QColor(palette.quiet))
            painter.drawText(x + Space.XS, RULER_PX - 8, clock(second, step))

    def _loop(self) -> None:
        loop = self._layout.arrangement.loop
        if loop is None:
            return
        left, right = (self._layout.scale.x(each) for each in loop)
        wash = QColor(self._palette.gold)
        wash.setAlphaF(_WASH)
        self._painter.fillRect(QRectF(left, 0, right - left, 8), wash)

    def _markers(self) -> None:
        painter, palette = self._painter, self._palette
        for marker in self._layout.arrangement.markers:
            x = self._layout.scale.x(marker.position)
            if not -200 < x < self._layout.width:
                continue
            colour = QColor(palette.gold if marker.chapter else palette.quiet)
            painter.setPen(QPen(colour, 1.0, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x, 8), QPointF(x, self._layout.height))
            text = self._metrics.elidedText(marker.name, Qt.TextElideMode.ElideRight, 160)
            if text:
                box = QRectF(x + 2, 1, self._metrics.horizontalAdvance(text) + Space.S, 14)
                painter.fillRect(box, QColor(palette.raised))
                painter.setPen(colour)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _cursor(self) -> None:
        painter, palette = self._painter, self._palette
        if self._shown.snapped is not None:
            x = self._layout.scale.x(self._shown.snapped)
            painter.setPen(QPen(QColor(palette.good), 1.0, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, RULER_PX), QPointF(x, self._layout.height))
        x = self._layout.scale.x(self._shown.cursor)
        if not -10 < x < self._layout.width + 10:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(palette.gold), 1.5))
        painter.drawLine(QPointF(x, RULER_PX - 6), QPointF(x, self._layout.height))
        head = QPainterPath(QPointF(x - 6, RULER_PX - 12))
        head.lineTo(x + 6, RULER_PX - 12)
        head.lineTo(x, RULER_PX - 3)
        head.closeSubpath()
        painter.fillPath(head, QColor(palette.gold))


def _tr(text: str) -> str:
    from PySide6.QtCore import QCoreApplication

    return QCoreApplication.translate("Timeline", text)
