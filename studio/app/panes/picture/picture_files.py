"""Files of the picture pane: opened, saved, and whatever is dropped on the canvas."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QObject, QPointF
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog

from studio.app.context import AppContext
from studio.app.documents_pane import NewFile
from studio.app.panes.picture.picture_session import layer_name
from studio.app.qt_pictures import pixels_of
from studio.app.recent_files import RecentFiles
from studio.app.reveal import reveal
from studio.app.tabbed_pane import PROJECT_SUFFIX
from studio.app.widgets.document_tabs import Entry
from studio.app.widgets.words import fill_in
from studio.core.errors import StudioError

if TYPE_CHECKING:
    from studio.app.panes.picture.pane import PicturePane
    from studio.app.panes.picture.picture_place import PicturePlace
    from studio.app.panes.picture.picture_session import PictureSession
    from studio.documents.picture.document import PictureDocument

MODEL_SUFFIXES = (".safetensors", ".ckpt", ".gguf")
SAVE_SUFFIX = ".png"
LAYERED = (".ora", ".psd")


class PictureFiles(QObject):
    """Reads and writes pictures off the GUI thread."""

    def __init__(self, pane: PicturePane, context: AppContext) -> None:
        super().__init__(pane)
        self._pane = pane
        self._context = context
        self.recent = RecentFiles(context.folders.state / "recent-pictures.json")

    # -- opening ------------------------------------------------------------------------------

    def ask_open(self) -> None:
        """Ask for pictures and open each in a tab."""
        from studio.documents.picture.files import READABLE

        names = " ".join(f"*{suffix}" for suffix in sorted(READABLE))
        kinds = ";;".join(
            (
                fill_in(self.tr("Pictures and projects (%1)"), f"{names} *{PROJECT_SUFFIX}"),
                self.tr("All files") + " (*)",
            )
        )
        paths, _ = QFileDialog.getOpenFileNames(self._pane, self.tr("Open"), self._folder(), kinds)
        for path in paths:
            self._pane.open_file(Path(path))

    def open(self, path: Path) -> None:
        """Read a picture and give it a tab."""
        self._pane.workers.making.run(
            partial(_read, path), lambda found: self._show(path, *found), self._say
        )

    def _show(self, path: Path, picture: PictureDocument, notices: tuple[str, ...]) -> None:
        self._pane.add_picture(path.stem, picture, file=path)
        self.recent.add(path)
        self._pane.recalling.offer(path)
        for notice in notices:
            self._context.notify.warn(notice)

    def open_as_new(self, new: NewFile) -> None:
        """Read a picture from elsewhere and give it a tab; its file is not written to."""
        self._pane.workers.making.run(
            partial(_read_made, new), lambda found: self._show_made(new, *found), self._say
        )

    def _show_made(self, new: NewFile, picture: PictureDocument, notices: tuple[str, ...]) -> None:
        from studio.documents.picture.document import Action

        pane = self._pane
        session = pane.add_picture(new.title, picture)
        place = session.place
        place.named = True
        request_id = place.keep_request(new.request, new.facts or {}) if new.request else ""
        place.keep(Action(self.tr("From library"), new.origin, request_id))
        if len(pane.documents) > 1 and pane.documents[0].untouched:
            pane.close_tab(0)
        pane.recalling.offer(new.path)
        for notice in notices:
            self._context.notify.warn(notice)

    def recent_entries(self) -> list[Entry]:
        """Return the files opened last that have no tab, for a menu."""
        opened = {place.file for place in self._pane.documents}
        return [
            (path.name, partial(self._pane.open_file, path))
            for path in self.recent.paths()
            if path not in opened
        ]

    # -- dropping -----------------------------------------------------------------------------

    def take(self, mime: QMimeData, at: QPointF) -> None:
        """Take what was dropped or pasted on the canvas: pictures, models, projects."""
        paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        for path in paths:
            if path.is_dir() or path.suffix.lower() in MODEL_SUFFIXES:
                self._pane.models.use(path)
            elif path.suffix == PROJECT_SUFFIX:
                self._pane.open_file(path)
            else:
                self.add_as_layer(path, at)
        if not paths and mime.hasImage():
            image = QImage(mime.imageData())
            if not image.isNull():
                self._add_image(image, at)

    def add_as_layer(self, path: Path, at: QPointF | None = None) -> None:
        """Lay a picture on the canvas as a layer of its own, around a point."""
        session = self._pane.session
        if session is None:
            self.open(path)
            return

        def work() -> str:
            picture, _ = _read(path)
            pixels = picture.composite(picture.frame)
            return _lay(session, pixels, path.stem, at)

        self._pane.workers.making.run(work, lambda _: self._added(session, path), self._say)

    def _added(self, session: PictureSession, path: Path) -> None:
        self.recent.add(path)
        session.look_soon()
        self._pane.recalling.offer(path)

    def _add_image(self, image: QImage, at: QPointF) -> None:
        session = self._pane.session
        if session is None:
            return

        def work() -> str:
            return _lay(session, pixels_of(image), "", at)

        self._pane.workers.making.run(work, lambda _: session.look_soon(), self._say)

    # -- saving -------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the picture in front into its file; ask for one when it has none."""
        place = self._pane.document
        if place is None:
            return
        from studio.documents.picture.files import WRITABLE

        if place.file is None or place.file.suffix.lower() not in WRITABLE:
            self.save_as()
        else:
            self.save_to(place, place.file)

    def save_as(self) -> None:
        """Ask for a file and write the picture in front into it."""
        place = self._pane.document
        if place is None:
            return
        from studio.app.project_actions import file_name

        kinds = {
            ".png": self.tr("PNG"),
            ".jpg": self.tr("JPEG, without transparency"),
            ".webp": self.tr("WebP"),
            ".avif": self.tr("AVIF"),
            ".tiff": self.tr("TIFF"),
            ".ora": self.tr("OpenRaster, with layers"),
            ".psd": self.tr("Photoshop, with layers"),
        }
        filters = {f"{words} (*{suffix})": suffix for suffix, words in kinds.items()}
        name = file_name(place.title) if place.file is None else place.file.stem
        start = (place.file.parent if place.file else Path(self._folder())) / f"{name}.png"
        chosen, kind = QFileDialog.getSaveFileName(
            self._pane, self.tr("Save picture as"), str(start), ";;".join(filters)
        )
        if not chosen:
            return
        path = Path(chosen)
        if path.suffix.lower() not in kinds and path.suffix.lower() not in (".jpeg", ".tif"):
            path = path.with_name(path.name + filters.get(kind, SAVE_SUFFIX))
        self.save_to(place, path)

    def save_to(self, place: PicturePlace, path: Path) -> None:
        """Write a picture into ``path``, as a whole or not at all."""
        snapshot, revision = place.picture.snapshot(), place.picture.revision
        context, title = self._context, place.title

        def work() -> tuple[str, ...]:
            from studio.app.panes.picture.picture_export import write

            return write(snapshot, path, title, context.bridge, context.folders.credentials)

        def written(notices: tuple[str, ...]) -> None:
            place.saved(path, revision)
            self.recent.add(path)
            show = (self.tr("Show in folder"), lambda: reveal(path, context.notify))
            context.notify.success(fill_in(self.tr("Saved: %1"), path.name), actions=[show])
            for notice in notices:
                context.notify.warn(notice)

        self._pane.workers.making.run(work, written, self._say)

    def _folder(self) -> str:
        recent = self.recent.paths()
        return str(recent[0].parent if recent else Path.home())

    def _say(self, error: StudioError) -> None:
        self._context.notify.error(error)


def _read(path: Path) -> tuple[PictureDocument, tuple[str, ...]]:
    from studio.documents.picture.files import read_picture

    return read_picture(path)


def _read_made(new: NewFile) -> tuple[PictureDocument, tuple[str, ...]]:
    """Read a picture whose layer says what made it, where that is known."""
    from studio.core.requests import ImageRequest, to_json

    picture, notices = _read(new.path)
    request = new.request
    if isinstance(request, ImageRequest):
        facts = dict(new.facts or {})
        meta = {
            "request": json.loads(to_json(request)),
            "seed": request.seed,
            "index": 0,
            "model": facts.get("model", ""),
            "prompt": request.prompt,
            "negative_prompt": request.negative_prompt,
        }
        name = layer_name(request.prompt) or new.title
        picture.set_layer(picture.layers[-1].id, name=name, meta=meta)
        picture.forget_undo()
    return picture, notices


def _lay(session: PictureSession, pixels: object, name: str, at: QPointF | None) -> str:
    """Lay pixels on the canvas around a point, or in the middle of the frame."""
    import numpy as np

    picture = session.picture
    assert isinstance(pixels, np.ndarray)
    frame = picture.frame
    x = at.x() if at is not None else frame.x + frame.width / 2
    y = at.y() if at is not None else frame.y + frame.height / 2
    height, width = pixels.shape[:2]
    corner = (round(x - width / 2), round(y - height / 2))
    empty = not picture.layers
    with picture.group("Add picture", origin="imported"):
        layer = picture.add_layer(name=name, pixels=pixels, at=corner)
    if empty:
        from studio.documents.picture.geometry import Rect

        picture.frame = Rect(corner[0], corner[1], width, height)
    return layer
