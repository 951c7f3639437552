"""Texts in and out of the program, and what is said about who wrote them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from studio.app.actions import ActionSpec
from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.documents_pane import DocumentsPane, Front, TakesTexts
from studio.app.main_window import MainWindow
from studio.app.reveal import reveal
from studio.app.widgets.words import fill_in
from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError, StudioError
from studio.models.info import ModelInfo

if TYPE_CHECKING:
    from studio.app.authorship_view import AuthorshipDialog
    from studio.app.export_dialog import ExportDialog
    from studio.app.exporting import Exported
    from studio.app.origin_dialog import OriginDialog
    from studio.documents.authorship import AuthorshipReport
    from studio.documents.project import Project
    from studio.documents.spans import Origin


class Around(Protocol):
    """What is asked of the project actions."""

    work: Background

    def documents(self) -> DocumentsPane:
        """Return the pane with documents."""

    def texts(self) -> TakesTexts:
        """Return the pane where texts are opened, in front."""

    def folder(self) -> Path:
        """Return where a file dialog begins."""


class ExchangeActions(QObject):
    """Import, export, authorship report and “Check origin…”; files on a thread of their own."""

    def __init__(self, window: MainWindow, context: AppContext, around: Around) -> None:
        super().__init__(window)
        self._window = window
        self._context = context
        self._around = around
        self._reported: Project | None = None
        self.export_dialog: ExportDialog | None = None
        self.authorship_dialog: AuthorshipDialog | None = None
        self.origin_dialog: OriginDialog | None = None
        for spec in self._specs():
            context.actions.add(spec)

    def _specs(self) -> tuple[ActionSpec, ...]:
        return (
            _spec(
                "import",
                self.tr("Import…"),
                self.ask_import,
                "download",
                tooltip=self.tr("Open a text of another program: Word, OpenDocument, EPUB, HTML"),
            ),
            _spec(
                "export",
                self.tr("Export…"),
                self.open_export,
                "upload",
                "Ctrl+Shift+E",
                self._can,
            ),
            _spec(
                "authorship",
                self.tr("Authorship report…"),
                self.open_authorship,
                "scroll-text",
                enabled=self._has_project,
                tooltip=self.tr("What was typed by hand and what models wrote, in the project"),
            ),
            _spec(
                "check_origin",
                self.tr("Check origin…"),
                self.open_origin,
                "scan-text",
                tooltip=self.tr("Read where any file came from, and whether it was changed"),
            ),
        )

    @property
    def keys(self) -> Path:
        """The folder with this installation's certificates."""
        return self._context.folders.credentials

    def _front(self) -> Front | None:
        pane = self._window.panes.get(self._window.current_pane)
        return pane.front if isinstance(pane, DocumentsPane) else None

    def _can(self) -> bool | str:
        front = self._front()
        if front is None or front.kind != "text":
            return self.tr("Open a manuscript first.")
        return front.project is not None or self.tr("Write something first.")

    def _has_project(self) -> bool | str:
        current = self._context.projects.current
        return current is not None or self.tr("There is no project yet: write first.")

    # -- import -------------------------------------------------------------------------------

    def ask_import(self) -> None:
        """Ask for files of other programs and open them as new documents."""
        from studio.documents.export import FORMATS

        names = " ".join(f"*{known.suffix}" for known in FORMATS if known.can_import)
        kinds = fill_in(self.tr("Texts (%1)"), names)
        folder = str(self._around.folder())
        paths, _ = QFileDialog.getOpenFileNames(self._window, self.tr("Import"), folder, kinds)
        for path in paths:
            self.import_file(Path(path))

    def import_file(self, path: Path) -> None:
        """Open a text of another program as a new document; its mark stays with it."""

        def read() -> tuple[str, str, str, Origin]:
            from studio.core.provenance import Origin as Marked
            from studio.core.provenance import read as read_record
            from studio.documents.export import import_text

            found = import_text(path)
            record = read_record(path)
            made = record is not None and record.origin is Marked.GENERATED
            origin: Origin = "generated" if made else "imported"
            return found.title, found.text, " ".join(found.notices), origin

        def show(found: tuple[str, str, str, Origin]) -> None:
            title, text, notice, origin = found
            self._around.texts().add_text(title, text, origin)
            if notice:
                self._context.notify.info(fill_in(self.tr("%1 was imported."), path.name), notice)

        self._around.work.run(read, show, self._say)

    # -- export -------------------------------------------------------------------------------

    def open_export(self) -> None:
        """Ask which kind of file the manuscript in front becomes."""
        from studio.app.export_dialog import ExportDialog
        from studio.app.exporting import generated_share

        pane = self._around.documents()
        pane.keep_now()
        front = pane.front
        if front.project is None or front.kind != "text":
            return
        share = generated_share(front.project.text(front.document_id))
        dialog = ExportDialog(front.title, share, self._window)
        dialog.chosen.connect(lambda suffix, prompts: self._ask_place(front, suffix, prompts))
        dialog.finished.connect(dialog.deleteLater)
        self.export_dialog = dialog
        dialog.open()

    def _ask_place(self, front: Front, suffix: str, with_prompts: bool) -> None:
        from studio.app.project_actions import file_name

        name = file_name(Path(front.title).stem if "." in front.title[-6:] else front.title)
        start = str(self._around.folder() / f"{name}{suffix}")
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Export"), start, f"(*{suffix})"
        )
        if chosen:
            path = Path(chosen)
            path = path if path.suffix.lower() == suffix else path.with_name(path.name + suffix)
            self.export_to(front, path, with_prompts=with_prompts)

    def export_to(self, front: Front, path: Path, *, with_prompts: bool) -> None:
        """Write a manuscript as a file, and say what was written."""
        project, document_id, models = front.project, front.document_id, self._models()
        if project is None:
            return

        def write() -> Exported:
            from studio.app.exporting import ExportOrder, export_manuscript

            order = ExportOrder(
                path=path,
                state=project.text(document_id),
                title=front.title,
                project=project,
                models=models,
                with_prompts=with_prompts,
                keys=self.keys,
            )
            return export_manuscript(order)

        self._around.work.run(write, self._say_written, self._say)

    def _say_written(self, done: Exported) -> None:
        words = fill_in(self.tr("%1 was written."), done.path.name)
        if done.signed:
            words += " " + self.tr("It says that a model wrote in it, and is signed.")
        elif done.marked:
            words += " " + self.tr("It says that a model wrote in it.")
        show = (self.tr("Show in folder"), lambda: reveal(done.path, self._context.notify))
        if done.notice:
            self._context.notify.info(words, done.notice, actions=[show])
        else:
            self._context.notify.success(words, actions=[show])

    # -- who wrote it -------------------------------------------------------------------------

    def open_authorship(self) -> None:
        """Count who wrote the project in front, and show it."""
        from studio.app.authorship_view import AuthorshipDialog

        self._around.documents().keep_now()
        project, models = self._context.projects.current, self._models()
        if project is None:
            return
        if self.authorship_dialog is None:
            self.authorship_dialog = AuthorshipDialog(self._context.theme, self._window)
            self.authorship_dialog.save_wanted.connect(self._ask_report_place)
        dialog = self.authorship_dialog
        dialog.show()
        dialog.raise_()

        def count() -> AuthorshipReport:
            from studio.documents.authorship import authorship

            if not project.read_only:
                project.flush()
            return authorship(project, models=models)

        self._around.work.run(count, dialog.show_report, self._say)

    def _ask_report_place(self, suffix: str) -> None:
        dialog = self.authorship_dialog
        assert dialog is not None
        start = str(self._around.folder() / dialog.file_name(suffix))
        name, _ = QFileDialog.getSaveFileName(dialog, self.tr("Save"), start, f"(*{suffix})")
        if name:
            path = Path(name)
            self.save_report(path if path.suffix else path.with_name(path.name + suffix))

    def save_report(self, path: Path) -> None:
        """Write the report that is shown, as Markdown or PDF."""
        dialog = self.authorship_dialog
        if dialog is None or dialog.report is None:
            return
        text, title = dialog.markdown, dialog.windowTitle()

        def write() -> None:
            from studio.app.report_look import report_pdf

            makers = {".md": lambda: text.encode(), ".pdf": lambda: report_pdf(text, title)}
            if path.suffix.lower() not in makers:
                raise BadInputError(
                    f"A report cannot be saved as “{path.suffix}”.", hint="Choose .md or .pdf."
                )
            atomic_write(path, makers[path.suffix.lower()](), doing="saving the report")

        def written(_: object) -> None:
            show = (self.tr("Show in folder"), lambda: reveal(path, self._context.notify))
            words = fill_in(self.tr("%1 was written."), path.name)
            self._context.notify.success(words, actions=[show])

        self._around.work.run(write, written, self._say)

    def open_origin(self) -> None:
        """Open “Check origin…”."""
        if self.origin_dialog is None:
            from studio.app.origin_dialog import OriginDialog

            self.origin_dialog = OriginDialog(self.keys, self._window)
        self.origin_dialog.show()
        self.origin_dialog.raise_()
        self.origin_dialog.activateWindow()

    # -- inside -------------------------------------------------------------------------------

    def _models(self) -> dict[str, ModelInfo]:
        return {model.info.id: model.info for model in self._context.bridge.models()}

    def _say(self, error: StudioError) -> None:
        self._context.notify.error(error)


def _spec(
    name: str,
    title: str,
    then: Callable[[], object],
    icon_name: str,
    keys: str = "",
    enabled: Callable[[], bool | str] | None = None,
    *,
    tooltip: str = "",
) -> ActionSpec:
    return ActionSpec(
        id=f"file.{name}",
        title=title,
        callback=then,
        shortcut=keys,
        icon=icon_name,
        enabled=enabled,
        category="File",
        tooltip=tooltip,
    )
