"""A sound in the library's preview: its drawing, a button to listen, and how far one has come."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from studio.app.panes.library.sound_drawing import duration_of, tinted
from studio.app.panes.library.wording import length
from studio.app.theme.icons import current_palette, icon, pixmap
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.error_card import ErrorCard
from studio.app.widgets.words import fill_in
from studio.core.errors import StudioError

WAVE_HEIGHT = 96


class SoundWave(QWidget):
    """The drawing; what was heard already stands out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mask: QImage | None = None
        self._share = 0.0
        self._drawn: dict[tuple[object, ...], QImage] = {}
        self.setFixedHeight(WAVE_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Waveform"))

    def show_drawing(self, mask: QImage | None) -> None:
        """Show a sound; ``None`` while its drawing is made, or where it cannot be."""
        self._mask, self._share = mask, 0.0
        self._drawn.clear()
        self.update()

    def show_share(self, share: float) -> None:
        """Show how much of it was heard, 0..1."""
        if share != self._share:
            self._share = share
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(Size.INSPECTOR_MIN - 2 * Space.L, WAVE_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the plate, the sound and the line where it is heard."""
        painter, palette = QPainter(self), current_palette()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(palette.line)))
        painter.setBrush(QColor(palette.raised))
        plate = self.rect().adjusted(0, 0, -1, -1)
        painter.drawRoundedRect(plate, Size.RADIUS, Size.RADIUS)
        inside = self.rect().adjusted(Space.S, Space.S, -Space.S, -Space.S)
        if self._mask is None:
            self._draw_icon(painter, inside, palette.quiet)
            return
        at = inside.left() + round(inside.width() * self._share)
        painter.drawImage(inside, self._in_colour(inside.size(), palette.quiet))
        if self._share > 0:
            painter.setClipRect(QRect(inside.left(), 0, at - inside.left(), self.height()))
            painter.drawImage(inside, self._in_colour(inside.size(), palette.text))
            painter.setClipping(False)
            painter.fillRect(QRect(at, inside.top(), 1, inside.height()), QColor(palette.gold))

    def _draw_icon(self, painter: QPainter, rect: QRect, colour: str) -> None:
        place = QRect(0, 0, Space.XXL, Space.XXL)
        place.moveCenter(rect.center())
        drawn = pixmap("audio-lines", round(Space.XXL * self.devicePixelRatioF()), colour)
        painter.drawPixmap(place, drawn)

    def _in_colour(self, size: QSize, colour: str) -> QImage:
        ratio = self.devicePixelRatioF()
        key = (size.width(), size.height(), ratio, colour)
        if key not in self._drawn:
            assert self._mask is not None
            wide, high = round(size.width() * ratio), round(size.height() * ratio)
            self._drawn[key] = tinted(self._mask, wide, high, colour)
        return self._drawn[key]


class SoundStrip(QWidget):
    """Shows one sound and whether it is heard; asks for nothing by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item_id: int | None = None
        self._duration_s: float | None = None
        self._playing = False
        self.wave = SoundWave()
        self.button = QPushButton()
        self.button.setIconSize(QSize(*Size.ICON_AND_GAP))
        self.time = QLabel()
        self.time.setFont(tabular(self.time.font()))
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        set_role(self.time, "quiet")
        self.error = ErrorCard()
        self.error.hide()
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(self.button, 1)
        row.addWidget(self.time, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self.wave)
        column.addLayout(row)
        column.addWidget(self.error)
        self._show_button()

    def show_item(self, item_id: int) -> None:
        """Show a sound of which nothing is known yet; the one shown already stays."""
        if item_id != self._item_id:
            self._item_id, self._duration_s = item_id, None
            self.wave.show_drawing(None)
            self.error.hide()
            self.show_position(None)

    def show_drawing(self, mask: QImage) -> None:
        """Show its drawing and length."""
        self._duration_s = duration_of(mask)
        self.wave.show_drawing(mask)
        self._show_time(0.0)

    def show_position(self, position_s: float | None) -> None:
        """Show how far one has listened, in seconds; ``None`` in silence."""
        playing = position_s is not None
        if playing != self._playing:
            self._playing = playing
            self._show_button()
        self._show_time(position_s or 0.0)

    def show_error(self, error: StudioError) -> None:
        """Say why it cannot be heard."""
        details = "\n".join(f"{name}: {value}" for name, value in error.facts.items())
        self.error.show_error(error.user_message, error.hint, details)

    def _show_button(self) -> None:
        tip = self.tr("Stop (Space)") if self._playing else self.tr("Play the sound (Space)")
        self.button.setIcon(icon("square" if self._playing else "play"))
        self.button.setText(self.tr("Stop") if self._playing else self.tr("Play"))
        self.button.setProperty("tip", tip)
        if self.button.isEnabled():
            self.button.setToolTip(tip)

    def _show_time(self, position_s: float) -> None:
        whole = self._duration_s
        self.wave.show_share(min(1.0, position_s / whole) if whole else 0.0)
        if whole is None:
            words = length(position_s) if self._playing else ""
        else:
            at = min(int(position_s), whole)  # a second counts when it was heard
            words = fill_in(self.tr("%1 / %2"), length(at), length(whole))
        self.time.setText(words)
        self.time.setAccessibleName(fill_in(self.tr("Time %1"), words) if words else "")
