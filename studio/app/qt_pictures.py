"""Pictures as plain data and as Qt draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap

from studio.core.media import Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def image_of(picture: Picture) -> QImage:
    """Return a picture as Qt's; a copy, since Qt does not keep foreign bytes alive."""
    stride, straight = picture.width * 4, QImage.Format.Format_RGBA8888
    return QImage(picture.rgba, picture.width, picture.height, stride, straight).copy()


def pixels_of(image: QImage) -> NDArray[np.uint8]:
    """Return Qt's image as pixels (height, width, 4), straight alpha; their own copy."""
    import numpy as np

    straight = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(straight.constBits(), np.uint8)
    rows = rows.reshape(straight.height(), straight.bytesPerLine())[:, : straight.width() * 4]
    return rows.reshape(straight.height(), straight.width(), 4).copy()


def mask_image(mask: NDArray[np.uint8]) -> QImage:
    """Return a mask (height, width) as an image whose alpha it is; its own copy."""
    height, width = mask.shape
    alpha = QImage(mask.tobytes(), width, height, width, QImage.Format.Format_Alpha8)
    return alpha.copy()


def masked(image: QImage, mask: QImage) -> QImage:
    """Return an image of which only what the mask covers is left."""
    kept = image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(kept)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QRect(0, 0, kept.width(), kept.height()), mask)
    painter.end()
    return kept


def thumbnail(image: QImage, side_px: int) -> QPixmap:
    """Return an image at most ``side_px`` long."""
    size = QSize(side_px, side_px)
    scaled = image.scaled(
        size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    return QPixmap.fromImage(scaled)
