"""Tabs, files, coming back, and everything a disk can do to a writer."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from studio.app.actions import ActionRegistry
from studio.app.context import AppContext
from studio.app.panes.text.chat_view import ChatView
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.pane import TextPane
from studio.core.errors import DiskFullError
from studio.documents.textfile import FileToken
from tests.app.panes.text.conftest import Desk


def open_file(desk: Desk, path: Path) -> None:
    desk.pane.open_file(path)
    desk.until(lambda: desk.pane.files.pending == 0)


def save_to(desk: Desk, path: Path) -> None:
    desk.pane.files.save_to(path)
    desk.until(lambda: desk.pane.files.pending == 0)


def last_message(desk: Desk) -> str:
    message = desk.context.notify.messages[-1]
    return f"{message.text} {message.hint}"


# -- files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        "Grüße\nan alle\n".encode(),
        b"\xef\xbb\xbf" + "Grüße\r\nan alle".encode(),
        "Grüße\r\n".encode("utf-16"),
        b"Gr\xfc\xdfe\r\nan alle\r\n",
    ],
)
def test_a_file_is_opened_and_saved_in_its_own_way(desk: Desk, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "gruss.txt"
    path.write_bytes(data)
    open_file(desk, path)
    assert desk.text.startswith("Grüße\n")
    assert desk.pane.tabs.bar.tabText(0) == "gruss.txt"
    assert desk.view.manuscript.undo_label is None, "opening is no step to undo"
    document = desk.pane.document
    assert document is not None and not document.modified
    desk.pane.files.save()
    desk.until(lambda: desk.pane.files.pending == 0)
    assert path.read_bytes() == data
    desk.view.editor.select(0, 0)
    desk.type("O ")
    assert document.modified and "•" in desk.pane.tabs.bar.tabText(0)
    desk.pane.files.save()
    desk.until(lambda: not document.modified)
    assert "•" not in desk.pane.tabs.bar.tabText(0)
    assert len(path.read_bytes()) > len(data)


def test_an_opened_file_takes_the_empty_tab_and_is_opened_once(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("# A", "utf-8")
    open_file(desk, path)
    open_file(desk, path)
    assert [document.title for document in desk.pane.documents] == ["a.md"]
    assert desk.pane.files.recent.paths() == (path,)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("picture.txt", b"\x89PNG\r\n\x1a\n" + bytes(64), "cannot be opened as text"),
        ("zeros.txt", bytes(100), "cannot be opened as text"),
    ],
)
def test_what_is_no_text_is_refused_in_a_sentence(
    desk: Desk, tmp_path: Path, name: str, data: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    open_file(desk, path)
    assert words in last_message(desk)
    assert len(desk.pane.documents) == 1


def test_a_missing_file_is_said(desk: Desk, tmp_path: Path) -> None:
    open_file(desk, tmp_path / "gone.txt")
    assert "gone.txt" in last_message(desk)


def test_save_as_writes_whole_and_names_the_tab(desk: Desk, tmp_path: Path) -> None:
    desk.type("Some text")
    path = tmp_path / "new" / "text.md"
    save_to(desk, path)
    assert path.read_text("utf-8") == "Some text"
    assert desk.pane.tabs.bar.tabText(0) == "text.md"
    assert [p.name for p in path.parent.iterdir()] == ["text.md"]


def test_a_file_changed_outside_is_not_overwritten_unasked(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "shared.txt"
    path.write_text("mine", "utf-8")
    open_file(desk, path)
    desk.type("I say: ")
    path.write_text("theirs, longer", "utf-8")
    desk.pane.files.save()
    desk.until(lambda: desk.pane.strip.isVisible())
    assert "changed by another program" in desk.pane.strip.words.text()
    assert path.read_text("utf-8") == "theirs, longer"
    _overwrite, _, read_anew = desk.pane.strip.buttons
    read_anew.click()
    desk.until(lambda: desk.text == "theirs, longer")
    desk.undo()
    assert desk.text == "I say: mine", "reading anew can be undone"
    path.write_text("theirs again", "utf-8")
    os.utime(path, ns=(1, 1))
    desk.pane.files.save()
    desk.until(lambda: desk.pane.strip.isVisible())
    desk.pane.strip.buttons[0].click()
    desk.until(lambda: path.read_text("utf-8") == "I say: mine")


def test_a_full_disk_on_save_is_said_and_nothing_is_lost(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "full.txt"
    path.write_text("old", "utf-8")
    open_file(desk, path)
    desk.type("new ")
    real = os.fsync

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    desk.pane.files.save()
    desk.until(lambda: bool(desk.context.notify.messages))
    monkeypatch.setattr(os, "fsync", real)
    assert "disk is full" in last_message(desk)
    assert path.read_text("utf-8") == "old"
    assert desk.text == "new old"
    desk.pane.files.save()
    desk.until(lambda: path.read_text("utf-8") == "new old")


def test_no_room_for_a_project_is_said_once_and_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = desk.context.projects
    real = session.ensure

    def full() -> object:
        raise DiskFullError("The disk is full.", hint="Free some space.")

    monkeypatch.setattr(session, "ensure", full)
    desk.type("Kept in memory")
    assert desk.view.journal.commit() is False
    assert desk.view.journal.commit() is False
    assert [m.text for m in desk.context.notify.messages] == ["The disk is full."]
    assert desk.text == "Kept in memory"
    monkeypatch.setattr(session, "ensure", real)
    assert desk.kept() == "Kept in memory"


def test_text_and_generation_work_without_any_project(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> object:
        raise DiskFullError("The disk is full.", hint="Free some space.")

    monkeypatch.setattr(desk.context.projects, "ensure", full)
    desk.type("Once.")
    desk.generate(" Twice.")
    desk.view.accept()
    assert desk.text == "Once. Twice."
    monkeypatch.undo()
    assert desk.kept() == "Once. Twice."


# -- documents -----------------------------------------------------------------------------------


def test_an_untitled_text_is_called_by_its_first_line(desk: Desk) -> None:
    assert desk.pane.tabs.bar.tabText(0) == "Untitled"
    desk.view.editor.insertPlainText("# The Lamp & the Sea\nIt was dusk.")
    assert desk.pane.documents[0].title == "The Lamp & the Sea"
    assert desk.pane.tabs.bar.tabText(0) == "The Lamp && the Sea"


def test_closing_a_tab_keeps_the_document_and_lists_it(desk: Desk) -> None:
    desk.type("One")
    desk.kept()
    desk.pane.new_text()
    desk.type("Two")
    desk.kept()
    desk.pane.close_tab(0)
    assert len(desk.pane.documents) == 1
    (entry,) = desk.pane.projects.closed_entries()
    entry[1]()
    assert desk.text == "One"
    assert len(desk.pane.documents) == 2


def test_closing_the_last_tab_leaves_an_empty_one(desk: Desk) -> None:
    desk.type("One")
    desk.pane.close_tab(0)
    assert desk.text == "" and len(desk.pane.documents) == 1


def test_a_deleted_document_comes_back_from_the_message(desk: Desk) -> None:
    desk.type("Precious")
    desk.kept()
    desk.pane.delete_document()
    assert desk.text == ""
    desk.context.notify.messages[-1].actions[0][1]()
    assert desk.text == "Precious"


def test_tabs_are_moved_with_their_views(desk: Desk) -> None:
    desk.type("One")
    desk.pane.new_text()
    desk.type("Two")
    desk.pane.tabs.bar.moveTab(1, 0)
    desk.pane.show_tab(0)
    assert desk.text == "Two"
    desk.pane.show_tab(1)
    assert desk.text == "One"


def test_the_next_start_goes_on_where_the_last_one_ended(
    desk: Desk, qtbot: QtBot, app_context: AppContext
) -> None:
    desk.type("Begun. ")
    desk.pane.new_chat()
    assert isinstance(desk.pane.view, ChatView)
    desk.pane.view.model.set_system("Be brief.")
    assert desk.pane.close_requested()
    app_context.projects.close_all()
    app_context = dataclasses.replace(app_context, actions=ActionRegistry(app_context.settings))
    again = TextPane(app_context)
    qtbot.addWidget(again)
    qtbot.addWidget(again.inspector)
    again.show()
    again.activated()
    qtbot.waitUntil(lambda: len(again.documents) == 2, timeout=5000)
    assert not again.strip.isVisible(), "nothing crashed, so nothing is said"
    kinds = {document.kind for document in again.documents}
    assert kinds == {"text", "chat"}
    again.show_tab(next(i for i, d in enumerate(again.documents) if d.kind == "text"))
    view = again.view
    assert isinstance(view, ManuscriptView)
    assert view.manuscript.text == "Begun. "
    assert again.close_requested()
    app_context.projects.close_all()
    desk.pane._open.clear()


def test_spans_survive_the_next_start(desk: Desk, qtbot: QtBot) -> None:
    desk.type("Once.")
    desk.generate(" Twice.")
    desk.view.accept()
    desk.kept()
    document = desk.pane.document
    assert document is not None and document.project is not None
    project, document_id = document.project, document.document_id
    desk.pane.close_tab(0)
    desk.pane.open_document(project, document_id)
    assert [(s.start, s.end, s.origin) for s in desk.view.manuscript.spans] == [
        (5, 12, "generated")
    ]


# -- the rest ------------------------------------------------------------------------------------


def test_every_control_has_a_name(desk: Desk) -> None:
    from PySide6.QtWidgets import QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit

    desk.pane.new_chat()
    kinds = (QAbstractButton, QComboBox, QLineEdit, QPlainTextEdit, QTextEdit)
    nameless = [
        widget
        for root in (desk.pane, desk.pane.inspector, desk.pane.header)
        for widget in root.findChildren(kinds[0])
        + [w for kind in kinds[1:] for w in root.findChildren(kind)]
        if not (widget.accessibleName() or getattr(widget, "text", str)() or widget.toolTip())
        and widget.objectName()
        not in ("qt_spinbox_lineedit", "ScrollLeftButton", "ScrollRightButton")
        and widget.metaObject().className() not in ("CloseButton", "TakeCard")
        and widget is not getattr(widget, "body", None)
    ]
    assert nameless == []


def test_presets_set_the_options_that_are_sent(desk: Desk) -> None:
    inspector = desk.pane.inspector
    chips = {chip.text(): chip for chip, _ in inspector._chip_buttons}
    assert chips["Balanced"].isChecked(), "what is chosen first"
    chips["Wild"].click()
    assert chips["Wild"].isChecked() and not chips["Balanced"].isChecked()
    desk.type("Once.")
    desk.generate(" x")
    assert desk.engine.submitted[-1].options["temperature"] == 1.2
    desk.view.reject()
    inspector.form.set_values({"temperature": 0.5})
    inspector._on_edited("temperature")
    inspector.keep_preset("Mine")
    assert "Mine" in [chip.text() for chip, _ in inspector._chip_buttons]
    assert (desk.context.folders.config / "text-presets.json").exists()


def test_without_a_model_the_button_says_what_is_missing(desk: Desk) -> None:
    desk.type("Once.")
    desk.engine.set_models([])
    desk.until(lambda: not desk.view.prompt.can_submit())
    assert "No language model is installed" in desk.view.prompt.button.toolTip()
    assert "No language model" in desk.pane.inspector.model.note.text()


def test_counts_follow_text_and_selection(desk: Desk) -> None:
    desk.type("One two three.")
    desk.until(lambda: desk.view.counts.words.text().startswith("3 words · 14 characters"))
    desk.until(lambda: "3 tokens" in desk.view.counts.words.text())
    desk.view.editor.select(0, 7)
    desk.until(lambda: desk.view.counts.words.text().startswith("2 of 3 words selected"))


def test_find_and_replace(desk: Desk) -> None:
    desk.view.editor.insertPlainText("One fish, two fish, red Fish.\nLast line")
    bar = desk.view.find_bar
    bar.open()
    bar.find_field.setText("fish")
    assert bar._count.text() in ("3 found", "1 of 3")
    bar.go(1)
    bar.go(1)
    assert desk.view.editor.selection()[0] in (4, 14)
    bar.case.setChecked(True)
    assert "2" in bar._count.text()
    bar.replace_field.setText("cat")
    bar.replace_all()
    assert desk.text == "One cat, two cat, red Fish.\nLast line"
    desk.undo()
    assert desk.text == "One fish, two fish, red Fish.\nLast line", "one step"
    bar.open_go_to()
    bar.find_field.setText(":2")
    bar.go(1)
    assert desk.view.editor.selection() == (30, 30)
    bar.close_bar()
    assert not bar.isVisible()


def test_zoom_changes_the_setting_and_every_editor(desk: Desk) -> None:
    desk.pane.zoom(1)
    assert desk.context.settings.value.appearance.manuscript_font_px == 18
    assert desk.view.editor.font().pixelSize() == 18
    for _ in range(40):
        desk.pane.zoom(1)
    assert desk.view.editor.font().pixelSize() == 40
    desk.pane.zoom(0)
    assert desk.view.editor.font().pixelSize() == 17


def test_actions_say_why_they_cannot_be_done(desk: Desk) -> None:
    actions = desk.context.actions
    desk.pane._refresh_actions()
    assert actions.why_not("text.rewrite.shorten") == "Select some text first."
    desk.pane.new_chat()
    desk.pane._refresh_actions()
    assert actions.why_not("text.find") == "Open a manuscript first."
    shortcuts = [actions.shortcut(s.id) for s in actions.all() if actions.shortcut(s.id)]
    assert len(shortcuts) == len(set(shortcuts))


def test_a_token_of_a_file_survives_in_the_project(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("text", "utf-8")
    open_file(desk, path)
    document = desk.pane.document
    assert document is not None and document.project is not None
    project, document_id = document.project, document.document_id
    desk.pane.close_tab(0)
    desk.pane.open_document(project, document_id)
    link = desk.pane.documents[-1].link
    assert link is not None and isinstance(link.token, FileToken)
    assert link.path == path and not link.changed_outside()


@pytest.mark.parametrize("typed", ["4294967296", "-1", "seven", "", "9" * 5000])
def test_a_seed_out_of_range_is_said_and_the_one_before_stays(desk: Desk, typed: str) -> None:
    inspector = desk.pane.inspector
    before = inspector.seed.text()
    inspector.seed.setFocus()
    inspector.seed.setText(typed)
    desk.press(Qt.Key.Key_Return, widget=inspector.seed)
    assert inspector.seed.text() == before
    assert inspector.seed_note.isVisible()
    assert "from 0 to 4294967295" in inspector.seed_note.text()
    inspector.seed.setText("4294967295")
    desk.press(Qt.Key.Key_Return, widget=inspector.seed)
    assert not inspector.seed_note.isVisible()
    desk.type("Once ")
    desk.generate("upon")
    assert desk.engine.submitted[-1].seed == 4294967295
