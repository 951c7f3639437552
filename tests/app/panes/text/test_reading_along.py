"""The sentence that is heard is marked in the manuscript, and nothing else happens to it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu

from studio.app.documents_pane import NARRATES, SOUNDTRACK, Heard, ReadAloud
from studio.app.panes.text.reading_along import ACTION
from studio.documents.reading import SpokenLine
from studio.documents.soundtrack.storage import KIND
from tests.app.panes.text.conftest import CTRL, Desk

LONG = " ".join(f"This is sentence number {number} of the story." for number in range(400))


def told(desk: Desk, words: str) -> None:
    document = desk.pane.document
    assert document is not None and document.project is not None
    desk.pane.show_heard(Heard(document.project, document.document_id, SpokenLine(words)))


def write(desk: Desk, text: str) -> None:
    desk.view.editor.replace(0, len(desk.text), text, label="Typing")
    desk.kept()
    desk.view.editor.moveCursor(desk.view.editor.textCursor().MoveOperation.Start)


def marked(desk: Desk) -> str:
    """What is marked as heard, by the colour it has."""
    wash = desk.context.theme.palette.heard_wash.lower()
    found = [
        each.cursor.selectedText()
        for each in desk.view.editor.extraSelections()
        if each.format.background().color().name() == wash
    ]
    assert len(found) <= 1
    return found[0] if found else ""


def narrated(desk: Desk) -> None:
    document = desk.pane.document
    assert document is not None and document.project is not None
    project = document.project
    project.create_document(KIND, "Voice", meta={NARRATES: [document.document_id]})


def test_the_sentence_is_marked_and_the_manuscript_is_not_touched(desk: Desk) -> None:
    write(desk, "One came. Two came. Three came.")
    revision, undo = desk.view.manuscript.revision, desk.view.manuscript.undo_label
    told(desk, "Two came.")
    assert marked(desk) == "Two came."
    told(desk, "Three came.")
    assert marked(desk) == "Three came."
    assert desk.pane.reading.bar.isVisible()
    desk.pane.show_heard(None)
    assert marked(desk) == "" and not desk.pane.reading.bar.isVisible()
    assert desk.view.manuscript.revision == revision
    assert desk.view.manuscript.undo_label == undo and desk.text.startswith("One came.")


def test_it_follows_edits_and_goes_when_its_words_do(desk: Desk) -> None:
    write(desk, "One came. Two came. Three came.")
    told(desk, "Two came.")
    desk.type("Well. ")
    assert marked(desk) == "Two came." and desk.text.startswith("Well. One")
    at = desk.text.index("Two") + 3
    desk.view.editor.select(at, at)
    desk.type(" men")
    assert marked(desk) == ""
    assert "changed" in desk.pane.reading.bar.words.text()
    desk.undo()
    assert marked(desk) == "Two came."
    assert "changed" not in desk.pane.reading.bar.words.text()
    told(desk, "Nobody wrote this.")
    assert marked(desk) == ""


def test_letters_beyond_the_first_plane_and_waiting_text_move_it(desk: Desk) -> None:
    write(desk, "😀 One came. Two came. Three came.")
    told(desk, "Three came.")
    desk.view.editor.select(2, 2)
    desk.generate("And more. ")
    told(desk, "Two came.")
    assert marked(desk) == "Two came."
    desk.press(Qt.Key.Key_Escape)
    assert marked(desk) == "Two came."


def test_the_view_follows_until_the_reader_looks_elsewhere(desk: Desk) -> None:
    write(desk, LONG)
    bar = desk.view.editor.verticalScrollBar()
    bar.setValue(0)
    told(desk, "This is sentence number 1 of the story.")
    assert bar.value() == 0
    for number in range(2, 60):
        told(desk, f"This is sentence number {number} of the story.")
    assert bar.value() > 200, "it went along"
    editor, heard = desk.view.editor, desk.view.editor.marks.heard
    assert heard is not None
    assert editor.rect_at(heard.selectionStart()).top() >= 0
    assert editor.rect_at(heard.selectionEnd()).bottom() <= editor.viewport().height()
    bar.setValue(bar.maximum())
    told(desk, "This is sentence number 60 of the story.")
    told(desk, "This is sentence number 61 of the story.")
    assert bar.value() == bar.maximum(), "the reader is elsewhere"
    bar.setValue(0)
    for number in range(62, 64):
        told(desk, f"This is sentence number {number} of the story.")
    assert bar.value() == 0
    told(desk, "This is sentence number 2 of the story.")
    told(desk, "This is sentence number 90 of the story.")
    assert bar.value() > 0, "it was in sight again"


def test_a_reading_that_begins_elsewhere_does_not_move_the_text(desk: Desk) -> None:
    write(desk, LONG)

    def first_line() -> int:
        editor = desk.view.editor
        return editor.viewport().mapToGlobal(editor.rect_at(0).topLeft()).y()

    before = first_line()
    told(desk, "This is sentence number 300 of the story.")
    assert marked(desk) == "This is sentence number 300 of the story."
    assert abs(first_line() - before) <= desk.pane.reading.bar.height()


def test_another_document_shows_nothing_and_a_closed_one_neither(desk: Desk) -> None:
    write(desk, "One came. Two came.")
    told(desk, "One came.")
    heard = desk.pane.reading._heard
    first = desk.view
    desk.pane.new_text()
    desk.pane.show_heard(heard)
    assert marked(desk) == "" and first.editor.marks.heard is not None
    desk.pane.close_tab(0)
    desk.pane.show_heard(heard)
    assert desk.pane.reading._view is None and not desk.pane.reading.bar.isVisible()
    desk.pane.show_heard(None)


def test_reading_aloud_is_asked_for_from_the_caret_on_and_stopped(desk: Desk) -> None:
    assert SOUNDTRACK == KIND
    actions = desk.context.actions
    write(desk, "One came. Two came. Three came.")
    assert not actions.run(ACTION) and "Narrate" in actions.why_not(ACTION)
    narrated(desk)
    wishes: list[ReadAloud] = []
    stops: list[bool] = []
    desk.pane.reading_wanted.connect(wishes.append)
    desk.pane.reading_stopped.connect(lambda: stops.append(True))
    desk.view.editor.select(12, 12)
    assert actions.run(ACTION)
    assert (wishes[0].text, wishes[0].offset) == (desk.text, 12)
    assert wishes[0].document_id == desk.pane.document.document_id  # type: ignore[union-attr]
    told(desk, "Two came.")
    assert actions.run(ACTION)
    assert stops == [True] and len(wishes) == 1
    (stop,) = desk.pane.reading.bar.buttons
    stop.click()
    assert stops == [True, True]


def test_the_menu_reads_from_where_it_was_asked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(desk, "One came. Two came. Three came.")
    narrated(desk)
    shown: list[QMenu] = []
    monkeypatch.setattr(QMenu, "popup", lambda menu, at: shown.append(menu))
    wishes: list[ReadAloud] = []
    desk.pane.reading_wanted.connect(wishes.append)
    editor = desk.view.editor
    at = editor.rect_at(desk.text.index("Three") + 2).center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, editor.viewport().mapToGlobal(at))
    desk.context.actions.get(ACTION).setEnabled(False)
    QApplication.sendEvent(editor.viewport(), event)
    (menu,) = shown
    entry = next(a for a in menu.actions() if a is desk.context.actions.get(ACTION))
    assert entry.isEnabled()
    entry.trigger()
    assert abs(wishes[-1].offset - desk.text.index("Three") - 2) <= 1
    desk.press(Qt.Key.Key_Home, CTRL)
    desk.context.actions.run(ACTION)
    assert wishes[-1].offset == 0, "keys mean the caret"
    menu.deleteLater()
