"""Continue at the cursor: type, Ctrl+Enter, stream, Tab, undo; and every way not to."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor

from studio.app.panes.text.generation import Phase
from studio.app.panes.text.wishes import LABEL_WORDS, _ending
from studio.core.requests import Capability, TextRequest
from studio.documents.spans import Span
from tests.app.panes.text.conftest import CTRL, Desk
from tests.fakes.fake_engine import Fail, Finish, Loading, Say, Steps, Text

STORY = "The lamp was lit."


def test_the_full_path_from_typing_to_undo(desk: Desk) -> None:
    desk.type(STORY)
    desk.generate(" Nobody", " came.")
    assert desk.text == STORY
    assert desk.shown == f"{STORY} Nobody came."
    assert desk.kept() == STORY, "waiting text must not be saved"
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == desk.shown == f"{STORY} Nobody came."
    assert desk.view.generation.phase is Phase.IDLE
    assert desk.kept() == desk.text
    assert [(s.start, s.end) for s in desk.view.manuscript.spans] == [(17, 30)]
    desk.undo()
    assert desk.text == desk.shown == STORY
    assert desk.kept() == STORY
    desk.redo()
    assert desk.text == f"{STORY} Nobody came."
    assert desk.view.manuscript.spans[0].origin == "generated"


def test_the_accepted_text_names_its_request_in_the_project(desk: Desk) -> None:
    desk.type(STORY)
    desk.generate(" More.")
    desk.press(Qt.Key.Key_Tab)
    desk.kept()
    document = desk.pane.document
    assert document is not None and document.project is not None
    state = document.project.text(document.document_id)
    request = document.project.request(state.spans[0].request_id)
    assert isinstance(request, TextRequest)
    assert request.prompt == STORY
    assert request.model == "fake-chat"
    labels = [(entry.label, entry.origin) for entry in document.project.history()]
    assert ("Continue", "generated") in labels and ("Typing", "typed") in labels


def test_the_middle_of_a_text_is_given_from_both_sides(desk: Desk) -> None:
    desk.type("Start. End.")
    desk.view.editor.select(6, 6)
    desk.generate(" Middle.")
    request = desk.engine.submitted[-1]
    assert isinstance(request, TextRequest)
    assert (request.prompt, request.suffix) == ("Start.", " End.")
    assert request.capability is Capability.TEXT_GENERATE
    assert desk.shown == "Start. Middle. End."
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == "Start. Middle. End."
    assert desk.view.editor.selection() == (14, 14), "the caret goes after what was accepted"


def test_caret_and_selection_stay_while_it_streams(desk: Desk) -> None:
    desk.type(STORY)
    desk.engine.script(Steps(1, 9), Text(" One"), Text(" two"), Finish())
    desk.press(Qt.Key.Key_Return, CTRL)
    desk.engine.step(count=2)
    desk.until(lambda: desk.shown.endswith("One"))
    assert desk.view.editor.textCursor().position() == len(STORY)
    desk.view.editor.select(4, 8)
    desk.engine.play()
    desk.wait_for(Phase.PENDING)
    assert desk.view.editor.selection() == (4, 8)


def test_typing_elsewhere_while_it_streams_goes_into_the_manuscript(desk: Desk) -> None:
    desk.type(STORY)
    desk.engine.script(Steps(1, 9), Text(" One"), Text(" two."), Finish())
    desk.press(Qt.Key.Key_Return, CTRL)
    desk.engine.step(count=2)
    desk.until(lambda: desk.shown.endswith("One"))
    desk.view.editor.select(0, 0)
    desk.type("Look: ")
    desk.engine.play()
    desk.wait_for(Phase.PENDING)
    assert desk.text == f"Look: {STORY}"
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == desk.shown == f"Look: {STORY} One two."
    assert desk.view.editor.selection() == (6, 6), "a caret elsewhere stays there"
    desk.undo()
    assert desk.text == f"Look: {STORY}"


def test_changing_the_waiting_text_is_part_of_what_is_accepted(desk: Desk) -> None:
    desk.type(STORY)
    desk.generate(" Nobody came.")
    cursor = desk.view.editor.textCursor()
    cursor.setPosition(len(desk.shown) - 1)
    desk.view.editor.setTextCursor(cursor)
    desk.type(" home")
    assert desk.text == STORY
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == desk.shown == f"{STORY} Nobody came home."
    desk.undo()
    assert desk.text == STORY


def test_escape_stops_and_keeps_then_rejects(desk: Desk) -> None:
    desk.type(STORY)
    desk.engine.script(Steps(1, 64), Text(" One"), Text(" two"), Finish())
    desk.press(Qt.Key.Key_Return, CTRL)
    desk.engine.step(count=2)
    desk.until(lambda: desk.shown.endswith("One"))
    desk.press(Qt.Key.Key_Escape)
    desk.wait_for(Phase.PENDING)
    assert desk.engine.cancelled
    assert desk.shown == f"{STORY} One"
    desk.press(Qt.Key.Key_Escape)
    assert desk.view.generation.phase is Phase.IDLE
    assert desk.shown == desk.text == STORY


def test_reject_leaves_text_undo_and_redo_as_they_were(desk: Desk) -> None:
    desk.type(STORY)
    desk.press(Qt.Key.Key_Return)
    desk.type("Second line")
    desk.undo()
    before = (desk.text, desk.view.manuscript.undo_depth(), desk.kept())
    assert before[1][1] >= 1, "there must be something to redo"
    desk.generate(" A text\nof two lines.")
    desk.press(Qt.Key.Key_Escape)
    assert (desk.text, desk.view.manuscript.undo_depth(), desk.kept()) == before
    assert desk.shown == desk.text
    desk.redo()
    assert desk.text == f"{STORY}\nSecond line"


def test_undo_takes_waiting_text_away_first(desk: Desk) -> None:
    desk.type(STORY)
    desk.generate(" More.")
    desk.undo()
    assert desk.shown == desk.text == STORY


def test_another_take_is_kept_beside_the_first_and_arrows_switch(desk: Desk) -> None:
    desk.type(STORY)
    desk.generate(" First.")
    desk.generate(" Second.")
    assert desk.shown.endswith("Second.")
    desk.press(Qt.Key.Key_Left)
    assert desk.shown == f"{STORY} First."
    desk.press(Qt.Key.Key_Left)
    assert desk.shown == f"{STORY} Second."
    seeds = [request.seed for request in desk.engine.submitted]
    assert len(set(seeds)) == 2
    desk.press(Qt.Key.Key_Right)
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == f"{STORY} First."


def test_enter_on_the_bar_accepts(desk: Desk) -> None:
    desk.type(STORY)
    desk.generate(" More.")
    desk.press(Qt.Key.Key_Return, widget=desk.view.float_bar)
    assert desk.text == f"{STORY} More."


def test_an_empty_page_is_written_from_the_prompt(desk: Desk) -> None:
    assert not desk.view.prompt.can_submit()
    desk.view.prompt.set_text("A story about a lamp")
    assert desk.view.prompt.button.text() == "Write from prompt"
    desk.engine.script(Steps(1, 9), Text("  Once upon a time."), Finish())
    desk.view.prompt.submit()
    desk.engine.play()
    desk.wait_for(Phase.PENDING)
    request = desk.engine.submitted[-1]
    assert isinstance(request, TextRequest)
    assert (request.prompt, request.instruction) == ("", "A story about a lamp")
    assert desk.shown == "Once upon a time."
    desk.view.accept()
    assert desk.view.prompt.text() == ""
    assert desk.view.prompt.button.text() == "Continue"


def test_a_direction_at_the_end_of_a_text_is_asked_as_a_chat(desk: Desk) -> None:
    desk.type(STORY)
    desk.view.prompt.set_text("A stranger comes")
    desk.generate("A knock.")
    request = desk.engine.submitted[-1]
    assert isinstance(request, TextRequest)
    assert request.capability is Capability.TEXT_CHAT
    assert STORY in request.messages[-1].content
    assert "A stranger comes" in request.messages[-1].content
    assert desk.shown == f"{STORY} A knock.", "a sentence does not touch the one before"


def test_a_direction_in_the_middle_keeps_both_sides(desk: Desk) -> None:
    desk.type("Start. End.")
    desk.view.editor.select(6, 6)
    desk.view.prompt.set_text("A stranger comes")
    desk.generate(" A knock.")
    request = desk.engine.submitted[-1]
    assert isinstance(request, TextRequest)
    assert (request.prompt, request.suffix) == ("Start.", " End.")
    assert request.instruction == "A stranger comes"


def test_nothing_to_go_on_is_said_beside_the_prompt(desk: Desk) -> None:
    desk.press(Qt.Key.Key_Return, CTRL)
    assert desk.view.error_card.isVisible()
    assert "nothing to go on" in desk.view.error_card.accessibleName()
    assert not desk.engine.submitted


def test_a_failure_stands_beside_the_text_and_nothing_is_lost(desk: Desk) -> None:
    desk.type(STORY)
    desk.engine.script(Loading(), Fail("The model is damaged.", "Choose another."))
    desk.press(Qt.Key.Key_Return, CTRL)
    desk.engine.play()
    desk.until(lambda: desk.view.error_card.isVisible())
    assert desk.view.error_card.accessibleName() == "The model is damaged. Choose another."
    assert desk.view.generation.phase is Phase.IDLE
    assert desk.shown == desk.text == STORY
    desk.generate(" And on.")
    assert not desk.view.error_card.isVisible()


def test_what_came_before_a_failure_waits_for_a_yes(desk: Desk) -> None:
    desk.type(STORY)
    desk.generate(" Half a", end=Fail("Out of memory.", "Close something."))
    assert desk.view.error_card.isVisible()
    assert desk.shown == f"{STORY} Half a"
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == f"{STORY} Half a"


def test_a_notice_is_shown_at_the_text(desk: Desk) -> None:
    desk.type(STORY)
    desk.engine.script(
        Say("The beginning of the text was left out.", "context_cut"), Text(" x"), Finish()
    )
    desk.press(Qt.Key.Key_Return, CTRL)
    desk.engine.play()
    desk.wait_for(Phase.PENDING)
    shown = [
        label.text()
        for label in desk.view.float_bar.findChildren(type(desk.view.counts.words))
        if label.isVisible()
    ]
    assert any("left out" in text for text in shown)


def test_the_note_about_facts_can_be_hidden_for_good(desk: Desk) -> None:
    desk.type(STORY)
    desk.generate(" It was 1843.")
    note = desk.view.float_bar.note
    assert note.isVisible()
    note.hide_button.click()
    assert not note.isVisible()
    assert desk.context.settings.value.writing.show_fact_note is False


def test_the_example_runs_when_clicked(desk: Desk) -> None:
    button = desk.view._empty.example_button
    assert button is not None and button.isVisible()
    button.click()
    desk.engine.play()
    desk.wait_for(Phase.PENDING)
    assert desk.shown == "A fake answer."
    assert not desk.view._empty.isVisible()


def test_the_caret_stands_before_text_that_is_written_at_the_very_start(desk: Desk) -> None:
    desk.view.prompt.set_text("Begin")
    desk.generate("One", " two")
    assert desk.view.editor.textCursor().position() == 0
    desk.press(Qt.Key.Key_Tab)
    assert desk.view.editor.textCursor().position() == 7


@pytest.mark.parametrize("emoji", ["😀", "👩‍👩‍👧", "é", "日本"])
def test_positions_hold_after_characters_of_two_units(desk: Desk, emoji: str) -> None:
    desk.view.editor.insertPlainText(f"{emoji}Start. End.")
    place = len(emoji) + len("Start.")
    desk.view.editor.select(place, place)
    desk.generate(f" {emoji}Middle.")
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == desk.shown == f"{emoji}Start. {emoji}Middle. End."
    assert desk.kept() == desk.text
    size = len(f" {emoji}Middle.")
    assert desk.view.manuscript.spans == (
        Span(place, place + size, "generated", desk.view.manuscript.spans[0].request_id),
    )
    desk.undo()
    assert desk.text == f"{emoji}Start. End."


def test_the_seed_is_locked_or_new(desk: Desk) -> None:
    desk.type(STORY)
    desk.pane.options.set_seed(7, locked=True)
    desk.generate(" a")
    desk.generate(" b")
    assert [request.seed for request in desk.engine.submitted] == [7, 8]
    desk.press(Qt.Key.Key_Escape)
    desk.pane.options.set_seed(7, locked=False)
    desk.generate(" c")
    assert desk.engine.submitted[-1].seed not in (7, 8)


def test_moving_the_caret_by_mouse_or_code_does_not_lose_the_waiting_text(desk: Desk) -> None:
    desk.type(STORY)
    desk.generate(" More.")
    desk.view.editor.moveCursor(QTextCursor.MoveOperation.Start)
    desk.press(Qt.Key.Key_Tab)
    assert desk.text == f"{STORY} More."


def test_of_a_text_longer_than_the_model_sees_the_number_left_out_is_not_made_up(
    desk: Desk,
) -> None:
    desk.view.editor.replace(0, 0, "Many words. " * 20_000, label="Paste", origin="pasted")
    desk.engine.script(Say("Its first 12 words were left out.", "context_cut"), Text("x"), Finish())
    desk.press(Qt.Key.Key_Return, CTRL)
    desk.engine.play()
    desk.wait_for(Phase.PENDING)
    words = desk.view.float_bar._notice.text()
    assert "the part around the cursor" in words
    assert "12" not in words, "the model was given less than the whole text to begin with"
    desk.press(Qt.Key.Key_Escape)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("", "Continue"),
        (" \n ", "Continue"),
        ("Short  text.\n", "Short text."),
        ("The train left the harbour at midnight, and Ines was the only passenger.", None),
        ("x" * 200, None),
    ],
)
def test_a_job_is_called_by_the_last_whole_words(text: str, label: str | None) -> None:
    called = _ending(text, "Continue")
    assert len(called) <= LABEL_WORDS
    if label is not None:
        assert called == label
    elif " " in text:
        assert called.startswith("…") and text.endswith(" " + called[1:])
