"""Picture models of the user's own: chosen or dropped, used where they are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.widgets.words import fill_in
from studio.core.errors import StudioError

if TYPE_CHECKING:
    from studio.models.info import ModelInfo


class PictureModels(QObject):
    """Adds models; what is said against one is said in the window."""

    def __init__(self, context: AppContext, work: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._work = work
        self._parent = parent

    def ask(self) -> None:
        """Ask for a model file and use it."""
        name, _ = QFileDialog.getOpenFileName(
            self._parent,
            self.tr("Choose a picture model"),
            str(Path.home()),
            self.tr("Models") + " (*.safetensors *.ckpt model_index.json);;"
            + self.tr("All files") + " (*)",
        )  # fmt: skip
        if name:
            path = Path(name)
            self.use(path.parent if path.name == "model_index.json" else path)

    def use(self, path: Path) -> None:
        """Use a model file or folder where it is, now and at the next start."""

        def look() -> tuple[ModelInfo, ...]:
            from studio.models.store import ModelStore

            store = ModelStore((path,))
            if path.is_file():
                return (store.add(path),)
            found = tuple(store.models())
            if not found:
                from studio.models.identify import identify

                return (identify(path),)  # says why it is none
            return found

        self._work.run(look, lambda found: self._found(path, found), self._say)

    def show_folder(self) -> None:
        """Open the folder where models are put, in the file manager."""
        folder = self._context.folders.models
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._context.notify.error(
                fill_in(self.tr("The folder %1 cannot be made."), folder), str(error)
            )
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._context.notify.info(
                self.tr("No file manager could be opened."),
                hint=fill_in(self.tr("Put models into %1."), folder),
            )

    def _found(self, path: Path, found: tuple[ModelInfo, ...]) -> None:
        self._remember(path)
        for info in found:
            if info.path is not None:
                self._context.bridge.use_model(info.path)
        title = found[0].title if len(found) == 1 else str(len(found))
        words = self.tr("%1 is used from where it is.")
        if len(found) > 1:
            words = self.tr("%1 models are used from where they are.")
        self._context.notify.success(fill_in(words, title))

    def _remember(self, path: Path) -> None:
        """Look there at the next start, too."""
        folder = path if path.is_dir() else path.parent
        known = self._context.settings.value.files.model_folders
        inside = [self._context.folders.models, *map(Path, known)]
        if any(folder.is_relative_to(each) for each in inside):
            return
        self._context.settings.set("files", "model_folders", (*known, str(folder)))

    def _say(self, error: StudioError) -> None:
        self._context.notify.error(error)
