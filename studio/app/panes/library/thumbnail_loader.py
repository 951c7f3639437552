"""Thumbnails for the grid: made and read on threads, newest wish first, kept while needed.

Sounds have a thread of their own: a long one is read for seconds, and pictures need not wait.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QImage

from studio.app.panes.library.sound_drawing import as_mask
from studio.library.items import Item, Kind
from studio.library.thumbnails import Thumbnails

KEPT_IMAGES = 400
WISHES = 200
DRAWN: tuple[Kind, ...] = ("image", "audio")


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
        self._lines = {kind: _Line(f"library-thumbnails-{kind}", self._make) for kind in DRAWN}
        self._closed = False
        self._loaded.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def set_source(self, file: Callable[[Item], Path]) -> None:
        """Take the function that says where an item's file is."""
        self._file = file

    def get(self, item: Item) -> QImage | None:
        """Return the thumbnail of a picture, or of a sound, which is a mask (Format_Alpha8).

        ``None``: there is none, or it has to be made first.
        """
        if item.kind not in DRAWN or item.missing:
            return None
        key = _key(item)
        found = self._images.get(key)
        if found is not None:
            self._images.move_to_end(key)
            return None if found.isNull() else found
        if self._file is not None and not self._closed:
            self._lines[item.kind].wish(key, item)
        return None

    def close(self) -> None:
        """Stop after the picture at hand; a sound is left as it is."""
        self._closed = True
        for line in self._lines.values():
            line.end()
        for line in self._lines.values():
            line.join()

    def _make(self, key: str, item: Item) -> None:
        assert self._file is not None
        made = self._thumbnails.make(item, self._file(item), lambda: self._closed)
        image = QImage() if made is None else QImage(str(made))
        if not image.isNull() and item.kind == "audio":
            image = as_mask(image)
        elif not image.isNull():  # in the form that is drawn fastest
            image.convertTo(QImage.Format.Format_ARGB32_Premultiplied)
        if not self._closed:
            self._loaded.emit(key, image)

    @Slot(str, QImage)
    def _take(self, key: str, image: QImage) -> None:
        self._images[key] = image
        while len(self._images) > KEPT_IMAGES:
            self._images.popitem(last=False)
        self.ready.emit()


class _Line:
    """Wishes of one kind and the thread that fulfils them, made with the first."""

    def __init__(self, name: str, fulfil: Callable[[str, Item], object]) -> None:
        self._name = name
        self._fulfil = fulfil
        self._wishes: OrderedDict[str, Item] = OrderedDict()
        self._condition = threading.Condition()
        self._ended = False
        self._thread: threading.Thread | None = None

    def wish(self, key: str, item: Item) -> None:
        """Ask for something; what was asked for long before is forgotten."""
        with self._condition:
            if self._ended:
                return
            self._wishes[key] = item
            self._wishes.move_to_end(key)
            while len(self._wishes) > WISHES:
                self._wishes.popitem(last=False)
            self._condition.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Begin nothing more."""
        with self._condition:
            self._ended = True
            self._wishes.clear()
            self._condition.notify()

    def join(self) -> None:
        """Wait for what was begun."""
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while True:
            with self._condition:
                while not self._wishes and not self._ended:
                    self._condition.wait()
                if self._ended:
                    return
                key, item = self._wishes.popitem(last=True)
            self._fulfil(key, item)


def _key(item: Item) -> str:
    return f"{item.kind}/{item.content_hash or item.id}"
