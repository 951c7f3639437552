"""Laying what QPainter draws on a layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from studio.app.panes.picture.canvas.images import pixels_of
from studio.core.errors import BadInputError
from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    from studio.documents.picture.document import PictureDocument

MOST_PIXELS = 64_000_000
Draw = Callable[[QPainter], None]


def lay_drawing(
    document: PictureDocument, layer_id: str, area: QRectF, draw: Draw, label: str
) -> None:
    """Draw into a rectangle of the document and lay that on a layer, as far as it is selected.

    Args:
        document: The picture.
        layer_id: The layer.
        area: What is drawn at most, in the document.
        draw: Draws; its painter has the measure of the document.
        label: What undo calls it.

    Raises:
        BadInputError: The layer refuses, or the area is too large.
    """
    whole = area.toAlignedRect()
    if whole.width() * whole.height() > MOST_PIXELS:
        raise BadInputError(
            f"{whole.width()} by {whole.height()} pixels are too many to draw at once.",
            hint="Draw it smaller, or in parts.",
        )
    pixels = pixels_of(drawn(area, draw))
    selection = document.selection
    mask = None
    if selection is not None:
        mask = selection.mask(Rect(whole.x(), whole.y(), whole.width(), whole.height()))
    document.paste(layer_id, pixels, whole.x(), whole.y(), mask, label=label)


def drawn(area: QRectF, draw: Draw) -> QImage:
    """Return what ``draw`` draws into the whole pixels around an area of the document."""
    whole = area.toAlignedRect()
    image = QImage(whole.size(), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.translate(-whole.x(), -whole.y())
    draw(painter)
    painter.end()
    return image
