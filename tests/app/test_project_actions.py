"""Projects in the window: new, open, save elsewhere, close, damaged, refused, full."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from studio.app.main import Options, pane_sources
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.pane import TextPane
from studio.app.project_actions import ProjectActions
from studio.core.errors import DiskFullError
from studio.documents.project import Project, ProjectSession
from tests.app.conftest import MakeWindow, OpenWindow
from tests.app.pictures_projects import novel

LONG_MS = 10_000


class Studio:
    """A window with the real text pane."""

    def __init__(self, qtbot: QtBot, opened: OpenWindow) -> None:
        self.qtbot = qtbot
        self.app = opened.app
        assert self.app.project_actions is not None
        self.actions: ProjectActions = self.app.project_actions

    @property
    def pane(self) -> TextPane:
        pane = self.app.window.panes["text"]
        assert isinstance(pane, TextPane)
        return pane

    @property
    def session(self) -> ProjectSession:
        return self.app.context.projects

    @property
    def project(self) -> Project:
        assert self.session.current is not None
        return self.session.current

    @property
    def title(self) -> str:
        return self.app.window.windowTitle()

    @property
    def bar_words(self) -> str:
        bar = self.actions.watch.bar
        return f"{bar.words.text()} {bar.hint.text()}" if not bar.isHidden() else ""

    def bar_buttons(self) -> list[str]:
        return [button.text() for button in self.actions.watch.bar.buttons]

    def press_bar(self, words: str) -> None:
        bar = self.actions.watch.bar
        next(button for button in bar.buttons if words in button.text()).click()
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.actions.work.pending == 0, timeout=LONG_MS)

    def open(self, path: Path) -> None:
        self.actions.open_project(path)
        self.settle()

    def type(self, text: str) -> None:
        view = self.pane.view
        assert isinstance(view, ManuscriptView)
        QTest.keyClicks(view.editor, text)

    def text(self) -> str:
        view = self.pane.view
        assert isinstance(view, ManuscriptView)
        return view.manuscript.text

    def message(self) -> str:
        message = self.app.notify.messages[-1]
        return f"{message.text} {message.hint}".strip()


@pytest.fixture
def studio(qtbot: QtBot, make_window: MakeWindow) -> Iterator[Studio]:
    opened = make_window(panes=pane_sources())
    qtbot.waitUntil(lambda: opened.app.project_actions is not None, timeout=LONG_MS)
    yield Studio(qtbot, opened)


@pytest.fixture
def keeper(tmp_path: Path) -> Path:
    path = tmp_path / "The Keeper.triptych"
    novel(path)[0].close()
    return path


def damage(path: Path) -> bytes:
    """Overwrite a page in the middle; what was in the log is in the file before."""
    data = bytearray(path.read_bytes())
    data[20_000:24_000] = bytes(4000)
    path.write_bytes(data)
    return bytes(data)


def kept_aside(path: Path) -> Path:
    """Return where a damaged project is kept."""
    found = [p for p in path.parent.glob("*.damaged-*") if not p.name.endswith(("-wal", "-shm"))]
    assert len(found) == 1
    return found[0]


def test_the_title_follows_the_project(studio: Studio, keeper: Path, tmp_path: Path) -> None:
    assert studio.title == "Triptych"
    studio.type("A first line that is long enough to be a title.")
    studio.pane.keep_now()
    studio.qtbot.waitUntil(lambda: studio.title == "Untitled project – Triptych")
    studio.open(keeper)
    assert studio.title == "The Keeper – Triptych"
    studio.pane.show_tab(0)
    assert studio.title == "Untitled project – Triptych"
    studio.actions.save_as(tmp_path / "Named.triptych")
    studio.settle()
    assert studio.title == "Named – Triptych"
    assert "is now Named.triptych" in studio.message()


def test_a_new_project_begins_empty_and_is_written_to(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "New.triptych"
    studio.actions.new_project(path)
    studio.settle()
    studio.type("Words")
    studio.pane.keep_now()
    studio.project.flush()
    assert studio.project.path == path
    (document,) = studio.project.documents()
    assert studio.project.text(document.id).text == "Words"


def test_saving_as_keeps_what_was_typed_last_and_goes_on_there(
    studio: Studio, keeper: Path, tmp_path: Path
) -> None:
    studio.open(keeper)
    studio.type("Prologue. ")
    other = tmp_path / "Other.triptych"
    studio.actions.save_as(other)
    studio.settle()
    studio.type("More. ")
    studio.pane.keep_now()
    studio.project.flush()
    assert studio.project.path == other
    document = studio.pane.front.document_id
    assert studio.project.text(document).text.startswith("Prologue. More. ")
    with Project.open(keeper, read_only=True) as before:
        assert "More. " not in before.text(document).text


def test_a_copy_leaves_the_project_where_it_is(
    studio: Studio, keeper: Path, tmp_path: Path
) -> None:
    studio.open(keeper)
    studio.type("Last words. ")
    studio.actions.save_copy(tmp_path / "Copy.triptych")
    studio.settle()
    assert studio.project.path == keeper
    with Project.open(tmp_path / "Copy.triptych", read_only=True) as copy:
        assert copy.text(studio.pane.front.document_id).text.startswith("Last words. ")


def test_closing_leaves_the_tabs_and_comes_back_as_it_was(studio: Studio, keeper: Path) -> None:
    studio.open(keeper)
    studio.type("Kept. ")
    studio.actions.close_project()
    studio.settle()
    assert studio.session.current is None and studio.title == "Triptych"
    assert [document.title for document in studio.pane.documents] == ["Untitled"]
    studio.app.notify.messages[-1].actions[0][1]()
    studio.settle()
    assert studio.text().startswith("Kept. ")


def test_recent_projects_are_listed(studio: Studio, keeper: Path) -> None:
    studio.open(keeper)
    studio.actions.close_project()
    studio.settle()
    menu = studio.app.actions.get("project.recent").menu()
    assert menu is not None
    studio.actions.fill_recent()
    (action,) = menu.actions()  # type: ignore[attr-defined]
    assert action.text() == "The Keeper"
    action.trigger()
    studio.settle()
    assert studio.project.path == keeper


def test_a_sound_project_is_said_to_be_sound(studio: Studio, keeper: Path) -> None:
    studio.open(keeper)
    studio.actions.check()
    studio.settle()
    assert "is sound: 1 documents and" in studio.message()


def test_checking_finds_one_changed_letter(studio: Studio, keeper: Path) -> None:
    connection = sqlite3.connect(keeper)
    row = connection.execute("SELECT rowid, delta FROM journal WHERE action = 'text'").fetchone()
    changed = bytes([*row[1][:-1], row[1][-1] ^ 1])
    connection.execute("UPDATE journal SET delta = ? WHERE rowid = ?", (changed, row[0]))
    connection.commit()
    connection.close()
    studio.open(keeper)
    studio.actions.check()
    studio.settle()
    assert "is damaged" in studio.message()


def test_a_damaged_project_is_shown_with_its_ways_out(studio: Studio, keeper: Path) -> None:
    studio.open(keeper)
    studio.session.wait_for_care()
    whole = studio.text()
    studio.actions.close_project()
    studio.settle()
    bad = damage(keeper)
    studio.open(keeper)
    assert "The Keeper.triptych is damaged." in studio.bar_words
    assert studio.title == "The Keeper (read only) – Triptych"
    assert studio.bar_buttons()[0].startswith("Go on with the backup of ")
    assert studio.bar_buttons()[1:] == ["Go on with what could be read", "Save as…"]
    studio.press_bar("backup")
    assert studio.text() == whole and not studio.project.read_only
    assert studio.bar_words == ""
    assert kept_aside(keeper).read_bytes() == bad


def test_going_on_with_what_could_be_read(studio: Studio, keeper: Path) -> None:
    bad = damage(keeper)
    studio.open(keeper)
    assert "There is no backup of it." in studio.bar_words
    studio.press_bar("what could be read")
    assert not studio.project.read_only and studio.project.path == keeper
    assert kept_aside(keeper).read_bytes() == bad


def test_what_is_no_project_is_said_in_place(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "letter.triptych"
    path.write_text("Dear all, this is no project.", "utf-8")
    studio.open(path)
    assert "letter.triptych" in studio.bar_words
    assert studio.bar_buttons() == ["Open another…"]
    assert path.read_text("utf-8").startswith("Dear all")


def test_a_newer_project_is_refused_in_place(studio: Studio, keeper: Path) -> None:
    connection = sqlite3.connect(keeper)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    studio.open(keeper)
    assert "newer" in studio.bar_words
    assert studio.session.current is None


def test_a_full_disk_is_said_in_place_until_all_is_written(studio: Studio, keeper: Path) -> None:
    studio.open(keeper)
    error = DiskFullError("The disk is full.", hint="Free some space.")
    studio.actions.watch._failed.emit(studio.project, error)
    assert "The disk is full." in studio.bar_words
    assert studio.bar_buttons() == ["Save as…"]
    studio.actions.watch._failed.emit(studio.project, None)
    assert studio.bar_words == ""
    assert studio.message() == "Everything is saved again."


def test_what_cannot_be_done_says_why(studio: Studio) -> None:
    actions = studio.app.actions
    for name in ("save_as", "copy", "check", "close"):
        assert actions.why_not(f"project.{name}") == "There is no project yet: write first."
    studio.type("Some words to begin with.")
    studio.pane.keep_now()
    assert actions.why_not("project.reveal") == "Save the project first."


def test_history_opens_from_the_keyboard_and_closes(studio: Studio, keeper: Path) -> None:
    studio.open(keeper)
    studio.app.actions.run("project.history")
    panel = studio.actions.panel
    assert panel is not None and panel.isVisible()
    studio.qtbot.waitUntil(lambda: panel.reading.pending == 0, timeout=LONG_MS)
    assert panel.past.entries
    studio.app.actions.run("project.history")
    assert not panel.isVisible()


def test_a_project_named_at_the_start_is_opened(
    qtbot: QtBot, make_window: MakeWindow, keeper: Path
) -> None:
    opened = make_window(panes=pane_sources(), options=Options(files=(keeper,)))
    qtbot.waitUntil(lambda: opened.app.project_actions is not None, timeout=LONG_MS)
    started = Studio(qtbot, opened)
    started.settle()
    assert started.title == "The Keeper – Triptych"


def test_the_budget_of_history_follows_the_settings(studio: Studio) -> None:
    studio.app.settings.set("files", "history_budget_mb", 64)
    assert studio.session.history_budget_bytes == 64 * 2**20
