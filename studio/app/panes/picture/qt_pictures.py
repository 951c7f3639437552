"""Pictures as plain data and as Qt draws them. No pixels are copied where that can be helped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap

from studio.core.media import Picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def image_of(picture: Picture) -> QImage:
    """Return a picture as Qt's, sharing its bytes, which the image keeps alive."""
    stride = picture.width * 4
    return QImage(
        picture.rgba, picture.width, picture.height, stride, QImage.Format.Format_RGBA8888
    )


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
