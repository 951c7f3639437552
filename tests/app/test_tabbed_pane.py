"""What the panes with documents share, held on a pane that does nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QInputDialog, QWidget
from pytestqt.qtbot import QtBot

from studio.app.actions import ActionSpec, pane_action
from studio.app.context import AppContext
from studio.app.documents_pane import DocumentsPane
from studio.app.project_document import ProjectDocument
from studio.app.project_tabs import ProjectTabs
from studio.app.tabbed_pane import FLUSH_S, PROJECT_SUFFIX, TabbedPane
from studio.app.widgets.document_tabs import DocumentTabs, NewKind, TabLook
from studio.app.widgets.notice_strip import NoticeStrip
from studio.core.errors import StorageError
from studio.documents.project import SUFFIX, Project

KIND = "note"


class Note(ProjectDocument):
    """A document, of a file or not; what works at it is only its name."""

    from_file = False

    @property
    def untouched(self) -> bool:
        return super().untouched and not self.from_file


class NotePane(TabbedPane[Note, str]):
    title = "Notes"
    icon_name = "feather"

    def __init__(self, context: AppContext) -> None:
        super().__init__(context, "note")
        self.shown: list[str] = []
        self.ended: list[tuple[str, bool]] = []
        self.files: list[Path] = []
        self.made = 0
        kinds = (NewKind("New note", "feather", self.new_document),)
        self.tabs = self.header = DocumentTabs(kinds, "New note", parent=self)
        self.strip = NoticeStrip(self)
        self.projects = ProjectTabs(self, context, (KIND,))
        self._lay_out(self.strip, work=QWidget())
        self._follow_tabs()
        self.new_document()

    def new_document(self, title: str = "Untitled", *, from_file: bool = False) -> Note:
        self.made += 1
        note = Note(KIND, title, self.projects.ensure, self)
        note.from_file = from_file
        self._add(note, f"{title} {self.made}", from_file=from_file)
        return note

    def kept_document(self, title: str) -> Note:
        note = self.new_document(title)
        note.target()
        return note

    def _to_front(self, work: str) -> None:
        self.shown.append(work)

    def _let_go(self, document: Note, work: str, *, forget: bool) -> None:
        assert document not in self.documents
        self.ended.append((work, forget))
        if forget:
            document.set_open(False)

    def _read(self, project: Project, document_id: str) -> None:
        note = Note(KIND, "", self.projects.ensure, self)
        note.adopt(project, document_id)
        self._add(note, f"{note.title} again")
        note.set_open(True)
        self._close_untouched()

    def _open_path(self, path: Path) -> None:
        self.files.append(path)

    def _look(self, document: Note) -> TabLook:
        return TabLook(document.title, "feather")

    def keep_now(self) -> None:
        for document in self.documents:
            document.target()

    def go_back(self, *_: object) -> None:
        raise AssertionError("notes have no history")

    @property
    def titles(self) -> list[str]:
        """What the row of tabs says; the documents stand in the same order."""
        shown = [self.tabs.bar.tabText(index) for index in range(self.tabs.bar.count())]
        assert shown == [document.title for document in self.documents]
        return shown

    @property
    def front_title(self) -> str:
        assert self.document is not None
        assert self.tabs.current() == self.documents.index(self.document)
        return self.document.title


@pytest.fixture
def pane(qtbot: QtBot, app_context: AppContext) -> Iterator[NotePane]:
    made = NotePane(app_context)
    qtbot.addWidget(made)
    yield made
    app_context.projects.close_all()


def test_closing_a_tab_behind_keeps_the_one_in_front(pane: NotePane) -> None:
    for title in ("two", "three"):
        pane.new_document(title)
    pane.show_tab(1)
    front = pane.document
    pane.close_tab(0)
    assert pane.document is front and pane.tabs.current() == 0
    pane.close_tab(1)
    assert pane.document is front and pane.tabs.current() == 0
    assert len(pane.documents) == 1


def test_it_is_a_pane_with_documents(pane: NotePane) -> None:
    assert isinstance(pane, DocumentsPane)
    assert (pane.front.project, pane.front.title, pane.front.kind) == (None, "Untitled", KIND)


def test_a_new_tab_comes_to_the_front(pane: NotePane, qtbot: QtBot) -> None:
    with qtbot.waitSignal(pane.front_changed):
        pane.new_document("Two")
    assert pane.titles == ["Untitled", "Two"] and pane.front_title == "Two"
    assert pane.shown == ["Untitled 1", "Two 2"]


@pytest.mark.parametrize("index", [-1, 2])
def test_a_tab_that_is_not_there_changes_nothing(pane: NotePane, index: int) -> None:
    pane.new_document("Two")
    before = list(pane.shown)
    pane.show_tab(index)
    pane.close_tab(index)
    assert pane.shown == before and pane.ended == [] and pane.front_title == "Two"


def test_closing_shows_what_follows_and_never_leaves_nothing(pane: NotePane) -> None:
    pane.new_document("Two")
    pane.new_document("Three")
    pane.close_tab(1)
    assert pane.front_title == "Three"
    pane.close_tab(1)
    assert pane.front_title == "Untitled"
    pane.close_tab(0)
    assert pane.titles == ["Untitled"] and pane.shown[-1] == "Untitled 4"
    assert pane.ended == [("Two 2", True), ("Three 3", True), ("Untitled 1", True)]


def test_a_file_takes_the_place_of_an_only_empty_tab(pane: NotePane) -> None:
    pane.new_document("file.txt", from_file=True)
    assert pane.titles == ["file.txt"] and pane.front_title == "file.txt"
    pane.new_document("other.txt", from_file=True)
    assert pane.titles == ["file.txt", "other.txt"]


def test_a_file_leaves_what_was_begun(pane: NotePane) -> None:
    assert pane.document is not None
    pane.document.target()
    pane.new_document("file.txt", from_file=True)
    assert pane.titles == ["Untitled", "file.txt"]


def test_moving_a_tab_keeps_the_front_and_is_kept(pane: NotePane) -> None:
    for title in ("One", "Two", "Three"):
        pane.kept_document(title)
    pane.close_tab(0)
    pane.show_tab(1)
    pane.tabs.bar.moveTab(0, 2)
    assert pane.titles == ["Two", "Three", "One"] and pane.front_title == "Two"
    project = pane.front.project
    assert project is not None
    assert [info.title for info in project.documents()] == ["Two", "Three", "One"]


def test_a_title_is_asked_for(pane: NotePane, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([(" Lamp ", True), ("Sea", False), ("  ", True)])
    asked: list[str] = []

    def answer(*_: object, text: str) -> tuple[str, bool]:
        asked.append(text)
        return next(answers)

    monkeypatch.setattr(QInputDialog, "getText", answer)
    pane.new_document("Two")
    pane.tabs.rename_wanted.emit(0)
    pane.rename()
    pane.rename(1)
    assert asked == ["Untitled", "Two", "Two"]
    assert pane.titles == ["Lamp", "Two"]


def test_what_has_no_tab_is_listed_and_opened_from_there(pane: NotePane) -> None:
    assert pane.projects.closed_entries() == [], "nothing made a project yet"
    kept = pane.kept_document("Kept")
    assert pane.projects.closed_entries() == []
    pane.close_tab(1)
    ((title, again),) = pane.projects.closed_entries()
    assert title == "Kept" and kept.project is not None
    assert kept.project.document(kept.document_id).meta.get("closed") is True
    again()
    assert pane.titles == ["Kept"], "the empty tab gave way"
    assert kept.project.document(kept.document_id).meta.get("closed") is None


def test_a_document_has_one_tab(pane: NotePane) -> None:
    kept = pane.kept_document("Kept")
    pane.new_document("Other")
    assert kept.project is not None
    pane.open_document(kept.project, kept.document_id)
    assert pane.front_title == "Kept" and len(pane.documents) == 3


def test_the_deleted_comes_back_from_the_message(pane: NotePane, app_context: AppContext) -> None:
    kept = pane.kept_document("Kept")
    assert kept.project is not None
    pane.delete_document()
    assert pane.titles == ["Untitled"]
    assert [info.id for info in kept.project.documents()] == []
    message = app_context.notify.messages[-1]
    assert message.text == "“Kept” was deleted."
    message.actions[0][1]()
    assert pane.titles == ["Kept"]


def test_what_is_in_no_project_is_only_closed(pane: NotePane, app_context: AppContext) -> None:
    pane.new_document("Two")
    pane.delete_document()
    assert pane.titles == ["Untitled"] and not app_context.notify.messages


def test_a_project_that_is_left_has_its_tabs_again(pane: NotePane) -> None:
    kept = pane.kept_document("Kept")
    project = kept.project
    assert project is not None
    pane.leave_project(project)
    assert pane.titles == ["Untitled"] and pane.ended == [("Kept 2", False)]
    pane.show_project(project)
    assert pane.titles == ["Kept"]


def test_the_front_has_its_project_once_there_is_one(pane: NotePane, qtbot: QtBot) -> None:
    seen: list[str] = []
    pane.front_changed.connect(lambda: seen.append(pane.front.document_id))
    note = pane.documents[0]
    note.target()
    qtbot.waitUntil(lambda: seen == [note.document_id])


def test_files_and_projects_are_told_apart(
    pane: NotePane, app_context: AppContext, tmp_path: Path
) -> None:
    assert PROJECT_SUFFIX == SUFFIX
    pane.open_file(tmp_path / "words.txt")
    assert pane.files == [tmp_path / "words.txt"]
    kept = pane.kept_document("Kept")
    assert kept.project is not None
    path = kept.project.path
    pane.leave_project(kept.project)
    app_context.projects.close(kept.project)
    pane.open_file(path)
    assert pane.titles == ["Kept"] and len(pane.files) == 1
    pane.open_file(tmp_path / f"gone{SUFFIX}")
    assert app_context.notify.messages[-1].kind == "error"


def test_actions_are_asked_again_soon_and_only_the_panes_own(
    pane: NotePane, app_context: AppContext, qtbot: QtBot
) -> None:
    asked: list[str] = []

    def asks(name: str) -> bool:
        asked.append(name)
        return True

    actions = app_context.actions
    actions.add(pane_action("note", "one", "One", list, enabled=lambda: asks("one")))
    actions.add(ActionSpec(id="noted.two", title="Two", callback=list, enabled=lambda: asks("two")))
    asked.clear()
    pane._refresh_actions_soon()
    pane._refresh_actions_soon()
    assert asked == []
    qtbot.waitUntil(lambda: not pane._actions_timer.isActive())
    assert asked == ["one"]


class Disk:
    """Something that is written, or not."""

    def __init__(self, error: StorageError | None = None) -> None:
        self.error = error

    def flush(self, timeout_s: float) -> None:
        assert timeout_s > 0
        if self.error is not None:
            raise self.error


def test_what_cannot_be_written_is_said(pane: NotePane, app_context: AppContext) -> None:
    assert pane._wait_for(Disk()) and not app_context.notify.messages
    assert not pane._wait_for(Disk(StorageError("The disk is full.")))
    assert app_context.notify.messages[-1].text == "The disk is full."


def test_all_projects_of_the_tabs_are_waited_for(
    pane: NotePane, app_context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = pane.kept_document("One").project
    second = app_context.projects.new_untitled()
    assert pane.kept_document("Two").project is second
    waited: list[Project] = []
    really = Project.flush

    def flush(project: Project, timeout_s: float = 10.0) -> None:
        if timeout_s == FLUSH_S:  # a backup in the background waits, too
            waited.append(project)
        really(project, timeout_s)

    monkeypatch.setattr(Project, "flush", flush)
    assert pane._wait_for_projects()
    assert set(waited) == {first, second} and len(waited) == 2
