"""Thumbnails for the grid: made and read on a thread, newest wish first, kept while needed."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from studio.library.items import Item
from studio.library.thumbnails import Thumbnails

KEPT_IMAGES = 400
WISHES = 200


class ThumbnailLoader(QObject):
    """Asked by the grid while it paints; answers later with :attr:`ready`."""

    ready = Signal()
    """Some thumbnail that was asked for is there."""
    _loaded = Signal(str, QImage)

    def __init__(self, thumbnails: Thumbnails, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thumbnails = thumbnails
        self._file: Callable[[Item], Path] | None = None
        self._images: OrderedDict[str, QImage] = OrderedDict()
        self._wishes: OrderedDict[str, Item] = OrderedDict()
        self._condition = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._loaded.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def set_source(self, file: Callable[[Item], Path]) -> None:
        """Take the function that says where an item's file is."""
        self._file = file

    def get(self, item: Item) -> QImage | None:
        """Return a picture's thumbnail; ``None`` for now when it has to be made first."""
        if item.kind != "image" or item.missing:
            return None
        key = item.content_hash
        found = self._images.get(key)
        if found is not None:
            self._images.move_to_end(key)
            return None if found.isNull() else found
        if self._file is not None:
            self._wish(key, item)
        return None

    def close(self) -> None:
        """Stop after the picture at hand."""
        with self._condition:
            self._closed = True
            self._wishes.clear()
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()

    def _wish(self, key: str, item: Item) -> None:
        with self._condition:
            if self._closed:
                return
            self._wishes[key] = item
            self._wishes.move_to_end(key)
            while len(self._wishes) > WISHES:
                self._wishes.popitem(last=False)
            self._condition.notify()
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._work, name="library-thumbnails", daemon=True
            )
            self._thread.start()

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._wishes and not self._closed:
                    self._condition.wait()
                if self._closed:
                    return
                key, item = self._wishes.popitem(last=True)
            assert self._file is not None
            made = self._thumbnails.make(item, self._file(item))
            image = QImage() if made is None else QImage(str(made))
            if not image.isNull():  # in the form that is drawn fastest
                image.convertTo(QImage.Format.Format_ARGB32_Premultiplied)
            if not self._closed:
                self._loaded.emit(key, image)

    @Slot(str, QImage)
    def _take(self, key: str, image: QImage) -> None:
        self._images[key] = image
        while len(self._images) > KEPT_IMAGES:
            self._images.popitem(last=False)
        self.ready.emit()
