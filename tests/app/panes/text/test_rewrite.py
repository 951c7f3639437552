"""Rewriting a selection: old beside new, one step, and never half of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor

from studio.app.panes.text.generation import Phase
from studio.app.panes.text.rewrite_menu import ordered, rewrite_menu
from studio.core.requests import Capability, TextRequest
from tests.app.panes.text.conftest import CTRL, Desk
from tests.fakes.fake_engine import Finish, Steps, Text

STORY = "He walked. He walked on and on and on. He slept."
START, END = 11, 38


def ready(desk: Desk, *pieces: str, rewrite: str = "shorten", choice: str = "") -> None:
    desk.engine.script(Steps(1, 9), *(Text(piece) for piece in pieces), Finish())
    desk.view.rewrite_ready(desk.pane.catalogue.get(rewrite), choice)
    desk.engine.play()
    desk.wait_for(Phase.PENDING)


def select(desk: Desk) -> None:
    desk.type(STORY)
    desk.view.editor.select(START, END)


def test_the_result_stands_after_the_old_text_until_accepted(desk: Desk) -> None:
    select(desk)
    ready(desk, "He walked", " far.")
    assert desk.text == STORY
    assert desk.shown == f"{STORY[:END]}He walked far.{STORY[END:]}"
    assert desk.kept() == STORY
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == desk.shown == "He walked. He walked far. He slept."
    assert desk.view.editor.selection() == (25, 25)
    desk.undo()
    assert desk.text == desk.shown == STORY
    assert desk.kept() == STORY


def test_rejecting_leaves_everything(desk: Desk) -> None:
    select(desk)
    before = desk.view.manuscript.undo_depth()
    ready(desk, "Short.")
    desk.press(Qt.Key.Key_Escape)
    assert desk.shown == desk.text == STORY
    assert desk.view.manuscript.undo_depth() == before


def test_the_model_is_asked_as_an_editor(desk: Desk) -> None:
    select(desk)
    ready(desk, "x", rewrite="translate", choice="Finnish")
    request = desk.engine.submitted[-1]
    assert isinstance(request, TextRequest)
    assert request.capability is Capability.TEXT_GENERATE
    assert "Finnish" in request.instruction
    assert request.prompt == STORY[START:END]
    assert request.label == "Translate to Finnish"
    assert request.options["temperature"] == 0.2


def test_own_words_are_an_instruction_too(desk: Desk) -> None:
    select(desk)
    desk.view.prompt.set_text("Make him run")
    assert desk.view.prompt.button.text() == "Rewrite selection"
    desk.engine.script(Text("He ran."), Finish())
    desk.press(Qt.Key.Key_Return, CTRL)
    desk.engine.play()
    desk.wait_for(Phase.PENDING)
    request = desk.engine.submitted[-1]
    assert isinstance(request, TextRequest)
    assert request.instruction == "Make him run"
    desk.view.accept()
    assert desk.text == "He walked. He ran. He slept."


def test_quotes_and_introductions_go_when_it_is_done(desk: Desk) -> None:
    select(desk)
    ready(desk, "Here is the shortened text:\n", "“He walked far.”")
    assert desk.view.editor.pending_text() == "He walked far."


def test_takes_of_a_rewrite_switch_in_place(desk: Desk) -> None:
    select(desk)
    ready(desk, "One.")
    desk.engine.script(Text("Two."), Finish())
    desk.view.another()
    desk.engine.play()
    desk.wait_for(Phase.PENDING)
    desk.press(Qt.Key.Key_Left)
    assert desk.view.editor.pending_text() == "One."
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == "He walked. One. He slept."
    desk.undo()
    assert desk.text == STORY


def test_a_long_selection_has_its_new_text_below(desk: Desk) -> None:
    text = "First line of many words.\nSecond line of many words.\n\nLast."
    desk.view.editor.insertPlainText(text)
    desk.view.editor.select(0, 52)
    ready(desk, "New.")
    assert desk.shown == f"{text[:52]}\nNew.{text[52:]}"
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == desk.shown == f"New.{text[52:]}"
    desk.undo()
    assert desk.text == desk.shown == text


def test_writing_in_the_old_text_meanwhile_is_replaced_with_it(desk: Desk) -> None:
    select(desk)
    ready(desk, "New.")
    cursor = desk.view.editor.textCursor()
    cursor.setPosition(START + 2)
    desk.view.editor.setTextCursor(cursor)
    desk.type("XY")
    desk.view.editor.moveCursor(QTextCursor.MoveOperation.Start)
    desk.type("> ")
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == desk.shown == "> He walked. New. He slept."


def test_the_menu_has_every_instruction_and_the_users_language_first(desk: Desk) -> None:
    chosen: list[tuple[str, str]] = []
    catalogue = desk.pane.catalogue
    menu = rewrite_menu(
        catalogue,
        "Welsh",
        lambda r, c: chosen.append((r.id, c)),
        lambda: chosen.append(("in words", "")),
        desk.view,
    )
    titles = [action.text() for action in menu.actions()]
    assert titles[:2] == ["Say it in words…", ""]
    assert titles[2:] == [rewrite.title for rewrite in catalogue.rewrites]
    translate = next(a.menu() for a in menu.actions() if a.text() == "Translate to")
    assert translate.actions()[0].text() == "Welsh"
    translate.actions()[0].trigger()
    menu.actions()[2].trigger()
    menu.actions()[0].trigger()
    assert chosen == [("translate", "Welsh"), ("shorten", ""), ("in words", "")]
    assert ordered(catalogue.get("tone"), "Welsh")[0] == "warmer"
    menu.deleteLater()


def test_without_a_selection_rewriting_says_so(desk: Desk) -> None:
    desk.type(STORY)
    desk.view.rewrite("Shorten")
    assert "Nothing is selected" in desk.view.error_card.accessibleName()
    desk.qtbot.waitUntil(
        lambda: desk.context.actions.why_not("text.rewrite") == "Select some text first."
    )
