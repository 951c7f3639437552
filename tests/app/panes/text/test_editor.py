"""The editor and its manuscript stay one text, whatever is typed, pasted, dropped or undone."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.panes.text.manuscript_editor import ManuscriptEditor
from studio.app.theme.tokens import Type
from studio.documents.manuscript.fragment import Fragment
from studio.documents.manuscript.manuscript import Manuscript
from studio.documents.manuscript.text_units import from_editor
from studio.documents.spans import TextState, apply_edits

PIECES = ["a", "bc ", "\n", "😀", "é", "x\n\ny", "日本", "“q”", "\u00a0", "👩‍👩‍👧"]


@pytest.fixture
def editor(qtbot: QtBot, app_context: AppContext) -> ManuscriptEditor:
    editor = ManuscriptEditor(app_context.theme, 17)
    qtbot.addWidget(editor)
    editor.resize(900, 600)
    with qtbot.waitExposed(editor):
        editor.show()
    return editor


def held(editor: ManuscriptEditor) -> str:
    """What the editor holds, no-break spaces included."""
    return from_editor(editor.document().toRawText())


def without_pending(editor: ManuscriptEditor) -> str:
    pending = editor.pending
    units = held(editor).encode("utf-16-le")
    if pending is None:
        return units.decode("utf-16-le")
    return (units[: 2 * pending.start] + units[2 * pending.end :]).decode("utf-16-le")


def journalled(state: TextState, manuscript: Manuscript) -> TextState:
    """What the project has after the commits that are owed."""
    for commit in manuscript.take_commits():
        state = apply_edits(state, commit.edits, origin=commit.origin, request_id=commit.request_id)
    return state


def some_place(editor: ManuscriptEditor, chance: random.Random) -> int:
    """A place a caret can stand at: never inside a pair."""
    place = chance.randint(0, editor.document().characterCount() - 1)
    after = editor.document().characterAt(place)
    return place - 1 if "\udc00" <= after <= "\udfff" else place


@pytest.mark.parametrize("seed", range(12))
def test_random_work_keeps_editor_manuscript_and_journal_equal(
    editor: ManuscriptEditor, seed: int
) -> None:
    chance = random.Random(seed)
    manuscript = Manuscript()
    editor.set_manuscript(manuscript)
    state = TextState()
    for _ in range(120):
        cursor = QTextCursor(editor.document())
        cursor.setPosition(some_place(editor, chance))
        if chance.random() < 0.4:
            cursor.setPosition(some_place(editor, chance), QTextCursor.MoveMode.KeepAnchor)
        editor.setTextCursor(cursor)
        match chance.randrange(11):
            case 0 | 1 | 2:
                editor.insertPlainText(chance.choice(PIECES))
            case 3:
                data = QMimeData()
                data.setText("".join(chance.choices(PIECES, k=4)))
                editor.insertFromMimeData(data)
            case 4:
                QTest.keyClick(editor, Qt.Key.Key_Backspace)
            case 5:
                QTest.keyClick(editor, Qt.Key.Key_Delete, Qt.KeyboardModifier.ControlModifier)
            case 6:
                editor.undo_step() if editor.pending is None else editor.clear_pending()
            case 7:
                editor.redo_step()
            case 8:
                start, stop = editor.selection()
                editor.begin_pending(start, stop)
                editor.add_pending(chance.choice(PIECES))
            case 9:
                editor.add_pending(chance.choice(PIECES))
            case 10:
                if chance.random() < 0.5:
                    editor.accept_pending(label="Continue", request_id="r")
                else:
                    editor.clear_pending()
        assert without_pending(editor) == manuscript.text
        state = journalled(state, manuscript)
        assert (state.text, state.spans) == (manuscript.text, manuscript.spans)
    editor.clear_pending()
    while manuscript.undo_label is not None:
        editor.undo_step()
    assert held(editor) == manuscript.text == ""
    while manuscript.redo_label is not None:
        editor.redo_step()
    state = journalled(state, manuscript)
    assert held(editor) == manuscript.text == state.text
    assert state.spans == manuscript.spans


def test_lone_surrogates_and_marks_do_no_harm(editor: ManuscriptEditor) -> None:
    data = QMimeData()
    data.setText("a\u2029b\u2028c\r\nd\x00e")
    editor.insertFromMimeData(data)
    assert editor.manuscript.text == "a\nb\nc\nd\ufffde"
    assert held(editor) == editor.manuscript.text


def test_no_break_spaces_are_kept(editor: ManuscriptEditor) -> None:
    editor.insertPlainText("Quoi\u00a0?")
    assert editor.manuscript.text == "Quoi\u00a0?"


def test_shift_enter_is_a_line_end_like_any_other(editor: ManuscriptEditor) -> None:
    QTest.keyClicks(editor, "a")
    QTest.keyClick(editor, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClicks(editor, "b")
    assert editor.manuscript.text == "a\nb"


def test_rich_text_is_pasted_and_copied_as_plain_text(editor: ManuscriptEditor) -> None:
    data = QMimeData()
    data.setHtml('<h1>Big</h1><img src="file:///etc/passwd">')
    data.setText("<h1>Big</h1>")
    editor.insertFromMimeData(data)
    assert editor.manuscript.text == "<h1>Big</h1>"
    editor.selectAll()
    editor.copy()
    assert not QApplication.clipboard().mimeData().hasHtml()
    assert QApplication.clipboard().text() == "<h1>Big</h1>"


@pytest.mark.parametrize("kind", [2, 3])
def test_no_resource_is_ever_loaded(editor: ManuscriptEditor, kind: int) -> None:
    assert kind in (
        QTextDocument.ResourceType.ImageResource.value,
        QTextDocument.ResourceType.StyleSheetResource.value,
    )
    assert editor.loadResource(kind, QUrl("file:///etc/passwd")) is None


def test_pasted_text_is_marked_as_pasted_and_one_step(editor: ManuscriptEditor) -> None:
    QTest.keyClicks(editor, "ab")
    data = QMimeData()
    data.setText("pasted")
    editor.insertFromMimeData(data)
    QTest.keyClicks(editor, "cd")
    assert editor.manuscript.fragment(2, 8) == Fragment.of("pasted", "pasted")
    editor.undo_step()
    assert editor.manuscript.text == "abpasted"
    editor.undo_step()
    assert editor.manuscript.text == "ab"


def test_dropped_files_are_opened_not_inserted(
    qtbot: QtBot, editor: ManuscriptEditor, tmp_path: Path
) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.txt"))])
    with qtbot.waitSignal(editor.files_dropped) as dropped:
        editor.insertFromMimeData(data)
    assert dropped.args == [[tmp_path / "a.txt"]]
    assert editor.manuscript.text == ""


def test_the_column_is_at_most_68_characters_wide_and_centred(editor: ManuscriptEditor) -> None:
    editor.insertPlainText("The quick brown fox jumps over the lazy dog and rests. " * 12)
    block = editor.document().firstBlock().layout()
    lengths = [block.lineAt(i).textLength() for i in range(block.lineCount())]
    assert 50 <= max(lengths) <= Type.MANUSCRIPT_CHARACTERS + 4
    viewport = editor.viewport().geometry()
    assert abs(viewport.left() - (editor.width() - viewport.right())) <= 20
    assert block.lineAt(1).y() - block.lineAt(0).y() == Type.MANUSCRIPT_LINE


def test_a_megabyte_is_pasted_and_typed_into_without_stalling(editor: ManuscriptEditor) -> None:
    line = "The lighthouse keeper lit the lamp at dusk, and the sea answered. " * 6
    data = QMimeData()
    data.setText("\n".join([line] * 2600))
    editor.insertFromMimeData(data)
    assert len(editor.manuscript.text) > 1_000_000
    editor.select(500_000, 500_000)
    longest = 0.0
    for _ in range(30):
        before = time.perf_counter()
        QTest.keyClicks(editor, "x")
        longest = max(longest, time.perf_counter() - before)
    assert longest < 0.5, "a letter must not wait for the whole text"
    assert editor.manuscript.text[500_000:500_030] == "x" * 30
    assert held(editor) == editor.manuscript.text


def test_waiting_text_of_several_paragraphs(editor: ManuscriptEditor) -> None:
    QTest.keyClicks(editor, "start")
    editor.begin_pending(5, 5)
    editor.add_pending(" one\n\ntwo")
    editor.add_pending("\nthree")
    assert editor.pending_text() == " one\n\ntwo\nthree"
    editor.accept_pending(label="Continue")
    assert editor.manuscript.text == held(editor) == "start one\n\ntwo\nthree"
    editor.undo_step()
    assert held(editor) == "start"


def test_deleting_all_of_the_waiting_text_rejects_it(
    qtbot: QtBot, editor: ManuscriptEditor
) -> None:
    QTest.keyClicks(editor, "start")
    editor.begin_pending(5, 5)
    editor.add_pending(" more")
    cursor = editor.textCursor()
    cursor.setPosition(5)
    cursor.setPosition(10, QTextCursor.MoveMode.KeepAnchor)
    editor.setTextCursor(cursor)
    with qtbot.waitSignal(editor.reject_wanted):
        QTest.keyClick(editor, Qt.Key.Key_Delete)
    assert editor.manuscript.text == "start"
