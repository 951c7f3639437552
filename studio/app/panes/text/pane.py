"""The text pane: a tab for each manuscript and chat, and everything that can be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QInputDialog, QStackedWidget, QVBoxLayout, QWidget

from studio.app.context import AppContext
from studio.app.documents_pane import Front, Heard
from studio.app.option_memory import OptionMemory
from studio.app.panes.text.chat_model import ChatModel
from studio.app.panes.text.chat_view import ChatView
from studio.app.panes.text.dictation import Dictation
from studio.app.panes.text.file_link import FileLink
from studio.app.panes.text.file_tabs import PROJECT_SUFFIX, FileTabs
from studio.app.panes.text.inspector import TextInspector
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.open_document import CHAT, TEXT, OpenDocument
from studio.app.panes.text.preset_shelf import PresetShelf
from studio.app.panes.text.project_tabs import TextProjectTabs
from studio.app.panes.text.reading_along import ReadingAlong
from studio.app.panes.text.rewrite_menu import ordered
from studio.app.panes.text.style import pane_style
from studio.app.panes.text.text_actions import text_actions
from studio.app.panes.text.transcribing import Transcribing
from studio.app.panes.text.writing_options import WritingOptions
from studio.app.widgets.document_tabs import DocumentTabs, Entry, NewKind, TabLook
from studio.app.widgets.notice_strip import NoticeStrip
from studio.core.errors import BadInputError, StorageError, StudioError
from studio.core.requests import Request, TextRequest
from studio.core.settings import Appearance
from studio.documents.chat.tree import ChatTree
from studio.documents.manuscript.manuscript import Manuscript
from studio.documents.manuscript.rewrites import Rewrite, load_catalogue
from studio.documents.manuscript.text_units import for_editor
from studio.documents.spans import Origin, TextState

if TYPE_CHECKING:
    from studio.documents.project import Project

FLUSH_S = 5.0
#: What can be done now is looked at this long after something changed.
ACTIONS_MS = 60
FIRST_PRESET = "balanced"

View = ManuscriptView | ChatView


class TextPane(QWidget):
    """Holds the open documents of the text kind."""

    icon_name = "feather"

    front_changed = Signal()
    """Another document is in front, or its title or project is another."""
    reading_wanted = Signal(object)
    reading_stopped = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = self.tr("Text")
        self._context = context
        self.options = WritingOptions(context.bridge, context.settings, self)
        presets = PresetShelf(context.folders.config / "text-presets.json", self)
        balanced = next(dict(p.options) for p in presets.presets if p.id == FIRST_PRESET)
        self._memory = OptionMemory(
            self.options, context.folders.state / "text-options.json", balanced, self
        )
        self.catalogue = load_catalogue()
        self.inspector = TextInspector(context, self.options, presets)
        self.tabs = self.header = self._make_tabs()
        self.strip = NoticeStrip(self)
        self._stack = QStackedWidget(self)
        self._open: list[tuple[OpenDocument, View]] = []
        self._started = False
        self._actions_timer = QTimer(self)
        self._actions_timer.setSingleShot(True)
        self._actions_timer.timeout.connect(self._refresh_actions)
        self._last_manuscript: ManuscriptView | None = None
        self.projects = TextProjectTabs(self, context)
        self.files = FileTabs(self, context)
        self.dictation = Dictation(self, context)
        self.transcribing = Transcribing(self, context)
        self.reading = ReadingAlong(self, context)
        self.reading.wanted.connect(self.reading_wanted)
        self.reading.stopped.connect(self.reading_stopped)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for bar in (self.strip, self.dictation.bar, self.transcribing.bar, self.reading.bar):
            layout.addWidget(bar)
        layout.addWidget(self._stack, 1)
        context.theme.changed.connect(self._dress)
        self._dress()
        if presets.problem is not None:
            context.notify.error(presets.problem)
        self.tabs.chosen.connect(self.show_tab)
        self.tabs.close_wanted.connect(self.close_tab)
        self.tabs.moved.connect(self._move_tab)
        self.tabs.rename_wanted.connect(self.rename)
        self.tabs.set_sources(self._closed_documents, self.files.recent_entries)
        for spec in text_actions(self):
            context.actions.add(spec)
        self.new_text()

    def _make_tabs(self) -> DocumentTabs:
        kinds = (
            NewKind(self.tr("New manuscript"), "feather", self.new_text),
            NewKind(self.tr("New chat"), "messages-square", self.new_chat),
        )
        return DocumentTabs(kinds, self.tr("New manuscript or chat"), parent=self)

    # -- what the window asks -----------------------------------------------------------------

    def activated(self) -> None:
        """Bring back what was open, the first time; then let the writer write."""
        if not self._started:
            self._started = True
            QTimer.singleShot(0, self, self.projects.restore)
        if (view := self.view) is not None:
            view.setFocus()

    def close_requested(self) -> bool:
        """Keep everything; say whether the window may close now."""
        self.projects.end()
        for document, view in self._open:
            view.close_view()
            if isinstance(view, ManuscriptView):
                view.counts.close_counting()
            document.set_open(True)
        self.dictation.close()
        self.transcribing.close()
        self.files.close()
        self._memory.keep()
        for project in {d.project for d, _ in self._open if d.project is not None}:
            if project.read_only:
                continue
            try:
                project.flush(FLUSH_S)
            except StorageError as error:
                self._context.notify.error(error)
                return False
        return True

    def open_file(self, path: Path) -> None:
        """Open a text file, or a project with its documents."""
        if path.suffix == PROJECT_SUFFIX:
            try:
                self.show_project(self._context.projects.open(path))
            except StudioError as error:
                self._say_error(error)
            return
        for index, (document, _) in enumerate(self._open):
            if document.link is not None and document.link.path == path.absolute():
                self.show_tab(index)
                return
        self.files.open(path)

    # -- documents ----------------------------------------------------------------------------

    @property
    def view(self) -> View | None:
        """The view in front."""
        index = self._stack.currentIndex()
        return self._open[index][1] if 0 <= index < len(self._open) else None

    @property
    def document(self) -> OpenDocument | None:
        """The document in front."""
        index = self._stack.currentIndex()
        return self._open[index][0] if 0 <= index < len(self._open) else None

    @property
    def manuscript_view(self) -> ManuscriptView | None:
        """The manuscript in front, or the one that was in front last."""
        view = self.view
        return view if isinstance(view, ManuscriptView) else self._last_manuscript

    @property
    def documents(self) -> tuple[OpenDocument, ...]:
        """Every document that has a tab."""
        return tuple(document for document, _ in self._open)

    def new_document(self) -> ManuscriptView:
        """Open an empty document of the usual kind."""
        return self.new_text()

    def new_text(self) -> ManuscriptView:
        """Open an empty manuscript."""
        return self.add_manuscript(self.tr("Untitled"), Manuscript())[1]

    def add_manuscript(
        self, title: str, manuscript: Manuscript, link: FileLink | None = None
    ) -> tuple[OpenDocument, ManuscriptView]:
        """Give a manuscript that is in no project yet a tab."""
        document = OpenDocument(TEXT, title, self._project, self, manuscript=manuscript, link=link)
        return document, self._add_manuscript(document)

    def add_text(
        self,
        title: str,
        text: str,
        origin: Origin = "generated",
        request: Request | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """Open a new document that holds a text from elsewhere, with what made it."""
        manuscript = Manuscript()
        document = OpenDocument(TEXT, title, self._project, self, manuscript=manuscript)
        request_id = document.keep_request(request, facts or {}) if request is not None else ""
        label = self.tr("Import") if origin == "imported" else self.tr("From library")
        manuscript.edit(0, 0, for_editor(text), label=label, origin=origin, request_id=request_id)
        manuscript.forget_undo()
        self._add_manuscript(document).journal.commit()

    def write_down(self, sound: Path) -> None:
        """Open what is said in a sound file as a new document, when it has been listened to."""
        if self.transcribing.busy:
            words = self.tr("Another sound is being written down. Try again when it is done.")
            self._context.notify.info(words)
        self.transcribing.begin(sound)

    def show_heard(self, heard: Heard | None) -> None:
        """Show the sentence that is heard, where its text is open; ``None`` shows none."""
        self.reading.show(heard)

    def new_chat(self) -> ChatView:
        """Open an empty chat."""
        count = sum(document.kind == CHAT for document in self.documents)
        title = self.tr("Chat") if not count else self.tr("Chat %1").replace("%1", str(count + 1))
        return self._add_chat(OpenDocument(CHAT, title, self._project, self), ChatTree())

    def open_document(self, project: Project, document_id: str) -> None:
        """Give a document of a project a tab, or show the one it has."""
        for index, (document, _) in enumerate(self._open):
            if document.project is project and document.document_id == document_id:
                self.show_tab(index)
                return
        info = project.document(document_id)
        try:
            if info.kind == CHAT:
                payload = project.state(document_id)
                tree = ChatTree.from_payload(payload) if payload else ChatTree()
                document = OpenDocument(CHAT, info.title, self._project, self)
                document.adopt(project, document_id)
                self._add_chat(document, tree)
            elif info.kind == TEXT:
                state = project.text(document_id)
                manuscript = Manuscript(state.text, state.spans)
                document = OpenDocument(
                    TEXT, info.title, self._project, self, manuscript=manuscript
                )
                document.adopt(project, document_id)
                view = self._add_manuscript(document)
                if project.read_only:
                    view.set_read_only()
        except StudioError as error:
            self._say_error(error)
            return
        document.set_open(True)

    def show_tab(self, index: int) -> None:
        """Bring a document to the front."""
        if not 0 <= index < len(self._open):
            return
        self._stack.setCurrentIndex(index)
        self.tabs.set_current(index)
        view = self._open[index][1]
        if isinstance(view, ManuscriptView):
            self._last_manuscript = view
        view.setFocus()
        self.front_changed.emit()

    def close_tab(self, index: int, *, forget: bool = True) -> None:
        """Close a tab; the document stays in the project, and is closed there unless not told."""
        if not 0 <= index < len(self._open):
            return
        document, view = self._open.pop(index)
        view.close_view()
        if isinstance(view, ManuscriptView):
            view.counts.close_counting()
            self.reading.leave(view)
        if document.document_id and forget:
            document.set_open(False)
        if view is self._last_manuscript:
            self._last_manuscript = None
        self._stack.removeWidget(view)
        self.tabs.remove(index)
        view.deleteLater()
        if not self._open:
            self.new_text()
        self.show_tab(min(index, len(self._open) - 1))

    def rename(self, index: int = -1) -> None:
        """Ask for another title."""
        index = index if index >= 0 else self._stack.currentIndex()
        document = self._open[index][0]
        title, agreed = QInputDialog.getText(
            self, self.tr("Rename"), self.tr("Title"), text=document.title
        )
        if agreed and title.strip():
            document.rename(title.strip())

    def delete_document(self) -> None:
        """Put the document in front away, with a way back."""
        index, document = self._stack.currentIndex(), self.document
        if document is None or document.project is None or not document.document_id:
            self.close_tab(index)
            return
        project, document_id, title = document.project, document.document_id, document.title
        self.close_tab(index)
        project.delete_document(document_id)

        def bring_back() -> None:
            project.restore_document(document_id)
            self.open_document(project, document_id)

        words = self.tr("“%1” was deleted.").replace("%1", title)
        self._context.notify.info(words, actions=[(self.tr("Undo"), bring_back)])

    # -- generating ---------------------------------------------------------------------------

    def insert_at_cursor(self, text: str, request_id: str, source: OpenDocument) -> None:
        """Insert an answer of a chat into the manuscript that was in front last."""
        view = self.manuscript_view or self.new_text()
        request: TextRequest | None = None
        if request_id and source.project is not None:
            try:
                found = source.project.request(request_id)
                request = found if isinstance(found, TextRequest) else None
            except BadInputError:
                request = None
        view.insert_generated(text, request, self.tr("Insert answer"), (source.project, request_id))
        index = next(i for i, (_, v) in enumerate(self._open) if v is view)
        self.show_tab(index)

    def first_choice(self, rewrite: Rewrite) -> str:
        """Return what a ready instruction is done with when nothing is chosen."""
        language = self._context.settings.value.writing.translate_to
        return next(iter(ordered(rewrite, language)), "")

    def zoom(self, by: int) -> None:
        """Make the manuscript's text larger, smaller, or (0) as it usually is."""
        usual = Appearance().manuscript_font_px
        size = self._context.settings.value.appearance.manuscript_font_px + by if by else usual
        try:
            self._context.settings.set("appearance", "manuscript_font_px", size)
        except BadInputError:
            return  # the smallest or the largest size already

    # -- projects -----------------------------------------------------------------------------

    @property
    def front(self) -> Front:
        """The document in front."""
        return self.projects.front

    def keep_now(self) -> None:
        """Hand everything typed so far to the project; the disk is not waited for."""
        for _, view in self._open:
            if isinstance(view, ManuscriptView):
                view.journal.commit()

    def show_project(self, project: Project) -> None:
        """Give every document of a project that was open last a tab."""
        self.projects.show(project)

    def leave_project(self, project: Project) -> None:
        """Close the tabs of a project's documents; they stay in the project."""
        self.projects.leave(project)

    def go_back(
        self, project: Project, document_id: str, state: TextState | bytes, label: str
    ) -> None:
        """Make a document what it was, as one action of journal and undo."""
        self.projects.go_back(project, document_id, state, label)

    def view_of(self, document: OpenDocument) -> View | None:
        """Return the view of a document; ``None`` when its tab was closed."""
        return next((view for other, view in self._open if other is document), None)

    def view_at(self, index: int) -> View:
        """Return the view of a tab."""
        return self._open[index][1]

    def reopen(self, index: int) -> None:
        """Show a document of a project anew, in the same place, as the project has it."""
        document = self._open[index][0]
        project, document_id = document.project, document.document_id
        assert project is not None
        self.close_tab(index, forget=False)
        self.open_document(project, document_id)
        last = len(self._open) - 1
        if index != last:
            self.tabs.bar.moveTab(last, index)

    # -- inside -------------------------------------------------------------------------------

    def _project(self) -> Project:
        project = self._context.projects.ensure()
        QTimer.singleShot(0, self, self.front_changed.emit)  # once the document has its place
        return project

    def _closed_documents(self) -> list[Entry]:
        if "projects" not in self._context.__dict__ or self._context.projects.current is None:
            return []
        project = self._context.projects.current
        opened = {(d.project, d.document_id) for d in self.documents}
        return [
            (info.title, partial(self.open_document, project, info.id))
            for info in project.documents()
            if info.kind in (TEXT, CHAT) and (project, info.id) not in opened
        ]

    def _add_manuscript(self, document: OpenDocument) -> ManuscriptView:
        assert document.manuscript is not None
        view = ManuscriptView(
            self._context, self.options, self.catalogue, document.manuscript, document.target
        )
        view.files_dropped.connect(self._open_files)
        view.open_wanted.connect(self.files.ask_open)
        self.dictation.attach(view)
        self.reading.attach(view)
        view.changed.connect(document.name_from_text)
        view.changed.connect(lambda: self._on_view_changed(document))
        self._add(document, view)
        return view

    def _add_chat(self, document: OpenDocument, tree: ChatTree) -> ChatView:
        model = ChatModel(self._context.bridge, self.options, document.target, tree)
        view = ChatView(self._context, self.options, model)
        model.setParent(view)
        view.send_to_cursor.connect(
            lambda text, request: self.insert_at_cursor(text, request, document)
        )
        view.changed.connect(lambda: self._on_view_changed(document))
        self._add(document, view)
        return view

    def _add(self, document: OpenDocument, view: View) -> None:
        self._open.append((document, view))
        self._stack.addWidget(view)
        self.tabs.add(_look(document))
        document.changed.connect(lambda: self._refresh_tab(document))
        document.changed.connect(self.front_changed)
        first = self._open[0][0]
        if len(self._open) == 2 and first.untouched and document.link is not None:
            self.close_tab(0)
        self.show_tab(len(self._open) - 1)

    def _on_view_changed(self, document: OpenDocument) -> None:
        self._refresh_tab(document)
        if not self._actions_timer.isActive():
            self._actions_timer.start(ACTIONS_MS)

    def _refresh_actions(self) -> None:
        actions = self._context.actions
        actions.refresh(*(spec.id for spec in actions.all() if spec.id.startswith("text.")))

    def _refresh_tab(self, document: OpenDocument) -> None:
        for index, (other, _) in enumerate(self._open):
            if other is document:
                self.tabs.refresh(index, _look(document))

    def _move_tab(self, source: int, target: int) -> None:
        self._open.insert(target, self._open.pop(source))
        view = self._open[target][1]
        self._stack.removeWidget(view)
        self._stack.insertWidget(target, view)
        document = self._open[target][0]
        if document.project is not None and document.document_id:
            document.project.move_document(document.document_id, target)
        self._stack.setCurrentIndex(self.tabs.current())

    def _open_files(self, paths: list[Path]) -> None:
        for path in paths:
            self.open_file(path)

    def _say_error(self, error: StudioError) -> None:
        self._context.notify.error(error)

    def _dress(self) -> None:
        self.setStyleSheet(pane_style(self._context.theme.palette))
        self.inspector.setStyleSheet(pane_style(self._context.theme.palette))


def _look(document: OpenDocument) -> TabLook:
    return TabLook(
        document.title,
        "messages-square" if document.kind == CHAT else "feather",
        tip=str(document.link.path) if document.link is not None else "",
        modified=document.modified,
    )
