"""Pictures between Qt and numpy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QImage

if TYPE_CHECKING:
    import numpy
    import numpy.typing as npt

STRAIGHT = QImage.Format.Format_RGBA8888


def pixels_of(image: QImage) -> npt.NDArray[numpy.uint8]:
    """Return an image as uint8 (height, width, 4), straight alpha; a copy."""
    import numpy as np

    straight = image.convertToFormat(STRAIGHT)
    width, height = straight.width(), straight.height()
    rows = np.frombuffer(straight.constBits(), np.uint8).reshape(height, straight.bytesPerLine())
    return rows[:, : width * 4].reshape(height, width, 4).copy()


def image_of(pixels: npt.NDArray[numpy.uint8]) -> QImage:
    """Return uint8 (height, width, 4), straight alpha, as an image; a copy."""
    import numpy as np

    packed = np.ascontiguousarray(pixels)
    height, width = packed.shape[:2]
    return QImage(packed.data, width, height, width * 4, STRAIGHT).copy()


def mean_colour(pixels: npt.NDArray[numpy.uint8]) -> QColor | None:
    """Return the mean colour of uint8 (height, width, 4), opaque; ``None`` where nothing is."""
    import numpy as np

    flat = pixels.reshape(-1, 4).astype(np.float64)
    weight = flat[:, 3].sum()
    if weight == 0:
        return None
    red, green, blue = (round(float((flat[:, n] * flat[:, 3]).sum() / weight)) for n in range(3))
    return QColor(red, green, blue)
