"""Draws one card of the grid, and keeps what it drew, so that scrolling only copies pixels."""

from __future__ import annotations

from collections import OrderedDict

from PySide6.QtCore import QDate, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QImage,
    QLinearGradient,
    QPainter,
    QPainterPath,
    QPen,
    QPixmap,
    QTextLayout,
    QTextOption,
)

from studio.app.panes.library.sound_drawing import duration_of, tinted
from studio.app.panes.library.wording import (
    KIND_ICONS,
    STAR,
    caption,
    count,
    length,
    translate,
)
from studio.app.theme.icons import pixmap
from studio.app.theme.tokens import Palette, Size, Space, Type
from studio.library.items import Item

CARD = QSize(184, 192)
"""Smallest size of a card, without the space around it."""
PICTURE_HEIGHT = 152
KEPT_CARDS = 400
DRAGGED = 0.6
"""How large a card is while it is dragged."""
EXCERPT_LINE = 16
EXCERPT_CHARACTERS = 320


class Cards:
    """Card pictures of one grid. GUI thread only."""

    def __init__(self, palette: Palette, font: QFont) -> None:
        self._cards: OrderedDict[tuple[object, ...], QPixmap] = OrderedDict()
        self.set_look(palette, font)

    def set_look(self, palette: Palette, font: QFont) -> None:
        """Take other colours or another font; everything is drawn anew."""
        self._palette = palette
        self._title = QFont(font)
        self._caption = QFont(font)
        self._caption.setPixelSize(Type.CAPTION)
        self._excerpt = QFont(font)
        self._excerpt.setPixelSize(Type.CAPTION)
        self._cards.clear()

    def forget(self) -> None:
        """Draw everything anew when it is next shown."""
        self._cards.clear()

    def card(self, item: Item, size: QSize, ratio: float, thumbnail: QImage | None) -> QPixmap:
        """Return an item's card.

        Args:
            item: What is on it.
            size: In pixels of the window.
            ratio: Device pixels for each of these.
            thumbnail: The picture, or a sound's drawing; ``None`` when there is none yet.
        """
        drawn_before = self.ready(item, size, ratio, thumbnail)
        if drawn_before is not None:
            return drawn_before
        drawn = QPixmap(size * ratio)
        drawn.setDevicePixelRatio(ratio)
        drawn.fill(Qt.GlobalColor.transparent)
        painter = QPainter(drawn)
        painter.setRenderHints(
            QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform
        )
        self._draw(painter, item, QRect(QPoint(0, 0), size), thumbnail)
        painter.end()
        self._cards[_key(item, size, ratio, thumbnail)] = drawn
        while len(self._cards) > KEPT_CARDS:
            self._cards.popitem(last=False)
        return drawn

    def ready(
        self, item: Item, size: QSize, ratio: float, thumbnail: QImage | None
    ) -> QPixmap | None:
        """Return an item's card if it is drawn already."""
        key = _key(item, size, ratio, thumbnail)
        found = self._cards.get(key)
        if found is not None:
            self._cards.move_to_end(key)
        return found

    def dragged(
        self, item: Item, size: QSize, ratio: float, thumbnail: QImage | None, number: int
    ) -> QPixmap:
        """Return what hangs at the pointer while items are dragged, the first of them on top."""
        card = self.card(item, size, ratio, thumbnail)
        smooth = Qt.TransformationMode.SmoothTransformation
        small = card.scaledToWidth(round(card.width() * DRAGGED), smooth)
        if number > 1:
            painter = QPainter(small)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            whole = QRect(QPoint(0, 0), small.deviceIndependentSize().toSize())
            self._draw_badge(painter, whole, count(number), self._palette.gold)
            painter.end()
        return small

    def placeholder(self, painter: QPainter, rect: QRect) -> None:
        """Draw the empty card of an item that is still being read."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._palette.raised))
        top = QRect(rect.topLeft(), QSize(rect.width(), PICTURE_HEIGHT))
        painter.drawRoundedRect(top, Size.RADIUS, Size.RADIUS)

    def frame(self, painter: QPainter, rect: QRect, *, selected: bool, current: bool) -> None:
        """Draw what tells that a card is selected or has the keyboard."""
        if not (selected or current):
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        colour = self._palette.gold if selected else self._palette.text
        painter.setPen(QPen(QColor(colour), 2, Qt.PenStyle.SolidLine if selected else _DOTS))
        edge = QRectF(rect).adjusted(-3, -3, 3, 3)
        painter.drawRoundedRect(edge, Size.RADIUS + 2, Size.RADIUS + 2)

    # ---- drawing -----------------------------------------------------------------------------

    def _draw(self, painter: QPainter, item: Item, rect: QRect, thumbnail: QImage | None) -> None:
        top = QRect(rect.topLeft(), QSize(rect.width(), PICTURE_HEIGHT))
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(top).adjusted(0.5, 0.5, -0.5, -0.5), Size.RADIUS, Size.RADIUS)
        painter.save()
        painter.setClipPath(shape)
        if item.kind == "text":
            self._draw_page(painter, item, top)
        elif thumbnail is not None and item.kind == "audio":
            self._draw_sound(painter, thumbnail, top)
        elif thumbnail is not None:
            painter.fillRect(top, QColor(self._palette.canvas))
            _draw_covering(painter, thumbnail, top)
        else:
            painter.fillRect(top, QColor(self._palette.raised))
            self._draw_icon(painter, KIND_ICONS[item.kind], top)
        painter.restore()
        painter.setPen(QColor(self._palette.line))
        painter.drawPath(shape)
        if item.missing:
            words = translate("library", "File missing")
            self._draw_badge(painter, top, words, self._palette.bad)
        elif item.kind == "audio" and (seconds := duration_of(thumbnail)) is not None:
            self._draw_badge(painter, top, length(seconds), self._palette.text, low=True)
        self._draw_words(painter, item, rect, top.bottom() + Space.XS)

    def _draw_page(self, painter: QPainter, item: Item, rect: QRect) -> None:
        painter.fillRect(rect, QColor(self._palette.raised))
        inside = rect.adjusted(Space.M, Space.S, -Space.M, 0)
        text = " ".join(item.excerpt[:EXCERPT_CHARACTERS].split()) or item.title
        layout = QTextLayout(text, self._excerpt)
        layout.setTextOption(QTextOption(Qt.AlignmentFlag.AlignLeft))
        layout.beginLayout()
        y = 0.0
        while y < inside.height():
            line = layout.createLine()
            if not line.isValid():
                break
            line.setLineWidth(inside.width())
            line.setPosition(_point(0, y))
            y += EXCERPT_LINE
        layout.endLayout()
        painter.setPen(QColor(self._palette.text))
        layout.draw(painter, _point(inside.x(), inside.y()))
        fade = QLinearGradient(0, rect.bottom() - Space.XXL, 0, rect.bottom())
        clear = QColor(self._palette.raised)
        clear.setAlpha(0)
        fade.setColorAt(0, clear)
        fade.setColorAt(1, QColor(self._palette.raised))
        painter.fillRect(rect.adjusted(0, rect.height() - Space.XXL, 0, 0), fade)

    def _draw_icon(self, painter: QPainter, name: str, rect: QRect) -> None:
        side = Space.XXL
        ratio = painter.device().devicePixelRatio()
        drawn = pixmap(name, round(side * ratio), self._palette.quiet)
        place = QRect(0, 0, side, side)
        place.moveCenter(rect.center())
        painter.drawPixmap(place, drawn)

    def _draw_sound(self, painter: QPainter, mask: QImage, rect: QRect) -> None:
        painter.fillRect(rect, QColor(self._palette.raised))
        inside = rect.adjusted(Space.M, Space.XL, -Space.M, -Space.XL)
        ratio = painter.device().devicePixelRatio()
        width, height = round(inside.width() * ratio), round(inside.height() * ratio)
        painter.drawImage(inside, tinted(mask, width, height, self._palette.quiet))

    def _draw_badge(
        self, painter: QPainter, rect: QRect, words: str, colour: str, *, low: bool = False
    ) -> None:
        """Draw words on a small plate at the upper left, or at the lower right."""
        metrics = QFontMetrics(self._caption)
        badge = QRect(0, 0, metrics.horizontalAdvance(words) + 2 * Space.S, metrics.height() + 4)
        if low:
            badge.moveBottomRight(rect.bottomRight() - QPoint(Space.S, Space.S))
        else:
            badge.moveTopLeft(rect.topLeft() + QPoint(Space.S, Space.S))
        painter.setPen(QColor(colour if not low else self._palette.line))
        painter.setBrush(QColor(self._palette.surface))
        painter.drawRoundedRect(badge, Size.FIELD_RADIUS, Size.FIELD_RADIUS)
        painter.setFont(self._caption)
        painter.setPen(QColor(colour))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, words)

    def _draw_words(self, painter: QPainter, item: Item, rect: QRect, top: int) -> None:
        self._draw_line(painter, self._title, self._palette.text, item.title, rect, top)
        line = QFontMetrics(self._title).height()
        below = top + line + 1
        stars = STAR * item.stars
        room = QRect(rect)
        if stars:
            metrics = QFontMetrics(self._caption)
            width = metrics.horizontalAdvance(stars)
            painter.setFont(self._caption)
            painter.setPen(QColor(self._palette.gold))
            painter.drawText(rect.right() - width, below + metrics.ascent(), stars)
            room.setRight(rect.right() - width - Space.XS)
        self._draw_line(painter, self._caption, self._palette.quiet, caption(item), room, below)

    def _draw_line(
        self, painter: QPainter, font: QFont, colour: str, words: str, rect: QRect, top: int
    ) -> None:
        metrics = QFontMetrics(font)
        shown = metrics.elidedText(words, Qt.TextElideMode.ElideRight, rect.width())
        painter.setFont(font)
        painter.setPen(QColor(colour))
        painter.drawText(rect.left(), top + metrics.ascent(), shown)


_DOTS = Qt.PenStyle.DotLine


def _key(item: Item, size: QSize, ratio: float, thumbnail: QImage | None) -> tuple[object, ...]:
    today = QDate.currentDate().toJulianDay()  # the caption says "Today"
    return (item, today, size.width(), size.height(), ratio, thumbnail is not None)


def _point(x: float, y: float) -> QPoint:
    return QPoint(round(x), round(y))


def _draw_covering(painter: QPainter, image: QImage, rect: QRect) -> None:
    """Draw the picture whole, in the middle, as large as fits."""
    size = image.size().scaled(rect.size(), Qt.AspectRatioMode.KeepAspectRatio)
    place = QRect(QPoint(0, 0), size)
    place.moveCenter(rect.center())
    painter.drawImage(place, image)
