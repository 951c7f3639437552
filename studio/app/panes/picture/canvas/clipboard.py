"""Cutting, copying and pasting pixels of a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtGui import QGuiApplication, QImage

from studio.app.panes.picture.canvas.images import image_of
from studio.app.panes.picture.canvas.layer_bounds import layer_bounds
from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    from studio.app.panes.picture.canvas.canvas_view import CanvasView


class Clipboard:
    """What the canvas gives to other programs and takes from them."""

    def __init__(self, canvas: CanvasView) -> None:
        self._canvas = canvas

    def copy(self) -> None:
        """Copy what is selected of the active layer, or all of it."""
        document, layer_id = self._canvas.document, self._canvas.active_layer()
        if document is not None and layer_id is not None:
            self._put(layer_bounds(document, layer_id), layer_id)

    def copy_merged(self) -> None:
        """Copy what is selected of the whole picture, or all of it."""
        document = self._canvas.document
        if document is None:
            return
        area, selection = document.extent(), document.selection
        if selection is not None:
            area = area.intersected(selection.bounds)
        self._put(area, None)

    def cut(self) -> None:
        """Copy, then erase."""
        document, layer_id = self._canvas.document, self._canvas.active_layer()
        if document is not None and layer_id is not None:
            self.copy()
            self._canvas.do(lambda: document.clear(layer_id))

    def can_paste(self) -> bool:
        """Return whether there is a picture, or a file that may be one."""
        mime = QGuiApplication.clipboard().mimeData()
        document = self._canvas.document
        return document is not None and mime is not None and (mime.hasImage() or mime.hasUrls())

    def paste(self) -> None:
        """Hand what is on the clipboard on, as if it were dropped in the middle."""
        mime = QGuiApplication.clipboard().mimeData()
        if mime is not None and self.can_paste():
            middle = self._canvas.view.to_document(self._canvas.view.middle)
            self._canvas.picture_dropped.emit(mime, QPointF(middle))

    def _put(self, area: Rect, layer_id: str | None) -> None:
        if area.is_empty:
            self._canvas.say(self._canvas.tr("There is nothing to copy here."))
        else:
            QGuiApplication.clipboard().setImage(self.image(area, layer_id))

    def image(self, area: Rect, layer_id: str | None = None) -> QImage:
        """Return what is selected of a rectangle of a layer, or of the picture."""
        import numpy as np

        document = self._canvas.document
        assert document is not None
        only = None if layer_id is None else (layer_id,)
        pixels = document.composite(area, only=only)
        if document.selection is not None:
            alpha = pixels[:, :, 3].astype(np.uint16) * document.selection.mask(area)
            pixels[:, :, 3] = (alpha + 127) // 255
        return image_of(pixels)
