"""The files behind the tabs: asked for, read, shown, written, and those of last time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from studio.app.context import AppContext
from studio.app.panes.text.file_link import FileLink
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.open_document import OpenDocument
from studio.app.panes.text.text_files import FileChangedError, TextFiles
from studio.app.recent_files import RecentFiles
from studio.app.tabbed_pane import PROJECT_SUFFIX
from studio.app.widgets.document_tabs import Entry
from studio.core.errors import StudioError
from studio.documents.manuscript.manuscript import Manuscript
from studio.documents.manuscript.text_units import for_editor
from studio.documents.textfile import TextFile

if TYPE_CHECKING:
    from studio.app.panes.text.pane import TextPane

TEXT_SUFFIXES = (".txt", ".md", ".markdown", ".text")


class FileTabs(QObject):
    """Brings text files into the tabs of a text pane and out of them again."""

    def __init__(self, pane: TextPane, context: AppContext) -> None:
        super().__init__(pane)
        self._pane = pane
        self._context = context
        self._disk = TextFiles(self)
        self.recent = RecentFiles(context.folders.state / "recent-texts.json")

    @property
    def pending(self) -> int:
        """How many files are being read or written."""
        return self._disk.pending

    def close(self) -> None:
        """Wait for what is being written."""
        self._disk.close()

    def open(self, path: Path) -> None:
        """Read a text file and give it a tab."""
        self._disk.read(path, lambda file: self._show_file(path, file), self._context.notify.error)

    def ask_open(self) -> None:
        """Ask for text files and open them."""
        names = " ".join(f"*{suffix}" for suffix in TEXT_SUFFIXES)
        kinds = ";;".join(
            (
                self.tr("Texts and projects") + f" ({names} *{PROJECT_SUFFIX})",
                self.tr("All files") + " (*)",
            )
        )
        paths, _ = QFileDialog.getOpenFileNames(self._pane, self.tr("Open"), self._folder(), kinds)
        for path in paths:
            self._pane.open_file(Path(path))

    def save(self) -> None:
        """Write the manuscript in front into its file; ask for one when it has none."""
        document = self._pane.document
        if document is None or document.manuscript is None:
            return
        if document.link is None:
            self.save_as()
        else:
            self._write(document, document.link)

    def save_as(self) -> None:
        """Ask for a file and write the manuscript in front into it."""
        document = self._pane.document
        if document is None or document.manuscript is None:
            return
        start = document.link.path if document.link else Path(self._folder()) / _name(document)
        kinds = self.tr("Text") + " (*.txt);;" + self.tr("Markdown") + " (*.md)"
        name, kind = QFileDialog.getSaveFileName(self._pane, self.tr("Save as"), str(start), kinds)
        if name:
            self.save_to(Path(name) if Path(name).suffix else Path(f"{name}.{_suffix(kind)}"))

    def save_to(self, path: Path) -> None:
        """Write the manuscript in front into ``path``, in the way its file was written before."""
        document = self._pane.document
        if document is None or document.manuscript is None:
            return
        old = document.link
        link = FileLink(path=path.absolute())
        if old is not None:
            link = FileLink(
                path=path.absolute(),
                encoding=old.encoding,
                newline=old.newline,
                had_bom=old.had_bom,
            )
        self._write(document, link, force=True)

    def _write(self, document: OpenDocument, link: FileLink, *, force: bool = False) -> None:
        manuscript = document.manuscript
        assert manuscript is not None
        revision = manuscript.revision

        def written(result: tuple[FileLink, str]) -> None:
            document.linked(result[0], revision)
            self.recent.add(result[0].path)
            if result[1]:
                self._context.notify.warn(result[1])

        def refused(error: StudioError) -> None:
            if isinstance(error, FileChangedError):
                self._pane.strip.say(
                    error.sentence(),
                    (
                        (self.tr("Overwrite"), lambda: self._write(document, link, force=True)),
                        (self.tr("Save as…"), self.save_as),
                        (self.tr("Read anew"), lambda: self._read_anew(document)),
                    ),
                )
            else:
                self._context.notify.error(error)

        self._disk.write(link, manuscript.text, written, refused, force=force)

    def _read_anew(self, document: OpenDocument) -> None:
        link = document.link
        if link is None:
            return

        def show(file: TextFile) -> None:
            view = self._pane.view_of(document)
            if isinstance(view, ManuscriptView):
                words = self.tr("Read anew")
                view.editor.replace(
                    0, len(view.manuscript.text), file.text, label=words, origin="imported"
                )
                document.linked(FileLink.of(link.path, file), view.manuscript.revision)

        self._disk.read(link.path, show, self._context.notify.error)

    def _show_file(self, path: Path, file: TextFile) -> None:
        manuscript = Manuscript()
        text = for_editor(file.text)
        manuscript.edit(0, 0, text, label=self.tr("Open"), origin="imported")
        manuscript.forget_undo()
        document, view = self._pane.add_manuscript(path.name, manuscript, FileLink.of(path, file))
        document.linked(FileLink.of(path, file), manuscript.revision)
        view.journal.commit()
        self.recent.add(path)
        if file.notice:
            self._context.notify.warn(file.notice)

    def recent_entries(self) -> list[Entry]:
        """Return the files opened last that have no tab, for a menu."""
        opened = {d.link.path for d in self._pane.documents if d.link is not None}
        return [
            (path.name, partial(self._pane.open_file, path))
            for path in self.recent.paths()
            if path not in opened
        ]

    def _folder(self) -> str:
        recent = self.recent.paths()
        return str(recent[0].parent if recent else Path.home())


def _name(document: OpenDocument) -> str:
    words = "".join(c if c.isalnum() or c in " -_" else "" for c in document.title).strip()
    return f"{words or 'text'}.txt"


def _suffix(kind: str) -> str:
    return "md" if "*.md" in kind else "txt"
