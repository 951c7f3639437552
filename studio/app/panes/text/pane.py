"""The text pane: a tab for each manuscript and chat, and everything that can be done with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from studio.app.context import AppContext
from studio.app.documents_pane import Heard
from studio.app.option_memory import OptionMemory
from studio.app.panes.text.chat_model import ChatModel
from studio.app.panes.text.chat_view import ChatView
from studio.app.panes.text.dictation import Dictation
from studio.app.panes.text.file_link import FileLink
from studio.app.panes.text.file_tabs import FileTabs
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
from studio.app.tabbed_pane import TabbedPane
from studio.app.widgets.document_tabs import DocumentTabs, NewKind, TabLook
from studio.app.widgets.notice_strip import NoticeStrip
from studio.core.errors import BadInputError, StudioError
from studio.core.requests import Request, TextRequest
from studio.core.settings import Appearance
from studio.documents.chat.tree import ChatTree
from studio.documents.manuscript.manuscript import Manuscript
from studio.documents.manuscript.rewrites import Rewrite, load_catalogue
from studio.documents.manuscript.text_units import for_editor
from studio.documents.spans import Origin, TextState

if TYPE_CHECKING:
    from studio.documents.project import Project

FIRST_PRESET = "balanced"

View = ManuscriptView | ChatView


class TextPane(TabbedPane[OpenDocument, View]):
    """Holds the open documents of the text kind."""

    icon_name = "feather"
    projects: TextProjectTabs

    reading_wanted = Signal(object)
    reading_stopped = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, "text", parent)
        self.title = self.tr("Text")
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
        self._last_manuscript: ManuscriptView | None = None
        self.projects = TextProjectTabs(self, context)
        self.files = FileTabs(self, context)
        self.dictation = Dictation(self, context)
        self.transcribing = Transcribing(self, context)
        self.reading = ReadingAlong(self, context)
        self.reading.wanted.connect(self.reading_wanted)
        self.reading.stopped.connect(self.reading_stopped)
        bars = (self.dictation.bar, self.transcribing.bar, self.reading.bar)
        self._lay_out(self.strip, *bars, work=self._stack)
        context.theme.changed.connect(self._dress)
        self._dress()
        if presets.problem is not None:
            context.notify.error(presets.problem)
        self._follow_tabs(self.files.recent_entries)
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
        super().activated()
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
        return self._wait_for_projects()

    def _open_path(self, path: Path) -> None:
        for index, document in enumerate(self.documents):
            if document.link is not None and document.link.path == path.absolute():
                self.show_tab(index)
                return
        self.files.open(path)

    # -- documents ----------------------------------------------------------------------------

    @property
    def view(self) -> View | None:
        """The view in front."""
        front = self._in_front()
        return front[1] if front is not None else None

    @property
    def manuscript_view(self) -> ManuscriptView | None:
        """The manuscript in front, or the one that was in front last."""
        view = self.view
        return view if isinstance(view, ManuscriptView) else self._last_manuscript

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
        document = OpenDocument(
            TEXT, title, self.projects.ensure, self, manuscript=manuscript, link=link
        )
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
        document = OpenDocument(TEXT, title, self.projects.ensure, self, manuscript=manuscript)
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
        return self._add_chat(OpenDocument(CHAT, title, self.projects.ensure, self), ChatTree())

    def _read(self, project: Project, document_id: str) -> None:
        info = project.document(document_id)
        try:
            if info.kind == CHAT:
                payload = project.state(document_id)
                tree = ChatTree.from_payload(payload) if payload else ChatTree()
                document = OpenDocument(CHAT, info.title, self.projects.ensure, self)
                document.adopt(project, document_id)
                self._add_chat(document, tree)
            elif info.kind == TEXT:
                state = project.text(document_id)
                manuscript = Manuscript(state.text, state.spans)
                document = OpenDocument(
                    TEXT, info.title, self.projects.ensure, self, manuscript=manuscript
                )
                document.adopt(project, document_id)
                view = self._add_manuscript(document)
                if project.read_only:
                    view.set_read_only()
        except StudioError as error:
            self._context.notify.error(error)
            return
        document.set_open(True)

    def _to_front(self, view: View) -> None:
        self._stack.setCurrentWidget(view)
        if isinstance(view, ManuscriptView):
            self._last_manuscript = view
        view.setFocus()

    def _let_go(self, document: OpenDocument, view: View, *, forget: bool) -> None:
        view.close_view()
        if isinstance(view, ManuscriptView):
            view.counts.close_counting()
            self.reading.leave(view)
        if forget:
            document.set_open(False)
        if view is self._last_manuscript:
            self._last_manuscript = None
        self._stack.removeWidget(view)
        view.deleteLater()

    def _look(self, document: OpenDocument) -> TabLook:
        return TabLook(
            document.title,
            "messages-square" if document.kind == CHAT else self.icon_name,
            tip=str(document.link.path) if document.link is not None else "",
            modified=document.modified,
        )

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

    def keep_now(self) -> None:
        """Hand everything typed so far to the project; the disk is not waited for."""
        for _, view in self._open:
            if isinstance(view, ManuscriptView):
                view.journal.commit()

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
        self._begin(document, view)
        return view

    def _add_chat(self, document: OpenDocument, tree: ChatTree) -> ChatView:
        model = ChatModel(self._context.bridge, self.options, document.target, tree)
        view = ChatView(self._context, self.options, model)
        model.setParent(view)
        view.send_to_cursor.connect(
            lambda text, request: self.insert_at_cursor(text, request, document)
        )
        view.changed.connect(lambda: self._on_view_changed(document))
        self._begin(document, view)
        return view

    def _begin(self, document: OpenDocument, view: View) -> None:
        self._stack.addWidget(view)
        self._add(document, view, from_file=document.link is not None)

    def _on_view_changed(self, document: OpenDocument) -> None:
        self._refresh_tab(document)
        self._refresh_actions_soon()

    def _open_files(self, paths: list[Path]) -> None:
        for path in paths:
            self.open_file(path)

    def _dress(self) -> None:
        self.setStyleSheet(pane_style(self._context.theme.palette))
        self.inspector.setStyleSheet(pane_style(self._context.theme.palette))
