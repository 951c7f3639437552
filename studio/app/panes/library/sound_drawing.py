"""What the library shows of a sound: its drawing, made on the thread for thumbnails, in colours."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from studio.core.errors import StudioError
from studio.library.thumbnails import DURATION, SoundDrawing

log = logging.getLogger(__name__)

COLUMNS = 640
HEIGHT = 192


def draw_sound(path: Path, cancelled: Callable[[], bool]) -> SoundDrawing | None:
    """Draw a sound file; slow for a long one, and called on a thread.

    Returns:
        ``None`` where it is no sound that can be read, or it was cancelled.
    """
    from studio.documents.soundtrack.overview import overview
    from studio.documents.soundtrack.work import WorkCancelled

    try:
        found = overview(path, COLUMNS, cancelled)
    except StudioError as error:
        log.debug("no drawing of a sound: %s", type(error).__name__)
        return None
    except WorkCancelled:
        return None
    return SoundDrawing(found.mask(HEIGHT).tobytes(), COLUMNS, HEIGHT, found.duration_s)


def as_mask(image: QImage) -> QImage:
    """Return a drawing that was read from its file as a mask; nothing of it is lost."""
    mask = image.convertToFormat(QImage.Format.Format_Grayscale8)
    mask.reinterpretAsFormat(QImage.Format.Format_Alpha8)
    mask.setText(DURATION, image.text(DURATION))
    return mask


def duration_of(image: QImage | None) -> float | None:
    """Return the length of the sound in seconds; ``None`` for anything else than a drawing."""
    words = image.text(DURATION) if image is not None else ""
    try:
        return float(words)
    except ValueError:
        return None


def tinted(mask: QImage, width: int, height: int, colour: str) -> QImage:
    """Return a drawing in one colour and another size, in device pixels."""
    whole = QRect(0, 0, max(1, width), max(1, height))
    drawn = QImage(whole.size(), QImage.Format.Format_ARGB32_Premultiplied)
    drawn.fill(QColor(colour))
    painter = QPainter(drawn)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
    smooth = Qt.TransformationMode.SmoothTransformation
    scaled = mask.scaled(whole.size(), Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
    painter.drawImage(0, 0, scaled)
    painter.end()
    return drawn
