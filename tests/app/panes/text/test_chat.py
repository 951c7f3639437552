"""A chat: streamed, edited, answered again, branched, undone, kept, and sent to the cursor."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from studio.app.panes.text.chat_view import ChatView
from studio.app.panes.text.message_card import MessageCard
from studio.core.requests import Role, TextRequest
from studio.documents.chat.tree import ChatTree
from tests.app.panes.text.conftest import CTRL, Desk
from tests.fakes.fake_engine import Fail, Finish, Say, Steps, Text


def say(desk: Desk, words: str, *answer: str) -> None:
    desk.engine.script(Steps(1, 9), *(Text(piece) for piece in answer), Finish())
    desk.chat.prompt.set_text(words)
    QTest.keyClick(desk.chat.prompt.edit, Qt.Key.Key_Return, CTRL)
    desk.engine.play()
    desk.until(lambda: desk.chat.model.take is None)


def contents(chat: ChatView) -> list[str]:
    return [card.text.toPlainText() for card in chat._cards]


def tool(card: MessageCard, name: str) -> QToolButton:
    return next(b for b in card.findChildren(QToolButton) if b.accessibleName().startswith(name))


@pytest.fixture
def chat(desk: Desk) -> Desk:
    desk.pane.new_chat()
    return desk


def test_a_message_is_answered_token_by_token(chat: Desk) -> None:
    view = chat.chat
    assert view.empty.isVisible()
    chat.engine.script(Steps(1, 9), Text("Hello"), Text(" there."), Finish())
    view.send("Hi")
    assert view._writing is not None
    chat.engine.step(count=2)
    chat.until(lambda: view._writing.text.toPlainText() == "Hello")
    assert view.prompt.busy
    chat.engine.play()
    chat.until(lambda: contents(view) == ["Hi", "Hello there."])
    assert not view.empty.isVisible() and not view.prompt.busy
    assert [n.role for n in view.model.tree.path()] == [Role.USER, Role.ASSISTANT]
    request = chat.engine.submitted[-1]
    assert isinstance(request, TextRequest)
    assert [m.content for m in request.messages] == ["Hi"]


def test_the_system_prompt_comes_first(chat: Desk) -> None:
    chat.chat.system.setPlainText("Answer in rhyme.")
    chat.chat._keep_system()
    say(chat, "Hi", "Oh my.")
    request = chat.engine.submitted[-1]
    assert isinstance(request, TextRequest)
    assert [m.role for m in request.messages] == [Role.SYSTEM, Role.USER]


def test_stop_keeps_what_came(chat: Desk) -> None:
    view = chat.chat
    chat.engine.script(Steps(1, 9), Text("Half an"), Text(" answer"), Finish())
    view.send("Hi")
    chat.engine.step(count=2)
    chat.until(lambda: view._writing is not None and view._writing.text.toPlainText() == "Half an")
    view.prompt.button.click()
    chat.until(lambda: contents(view) == ["Hi", "Half an"])


def test_answering_again_makes_versions_to_step_through(chat: Desk) -> None:
    view = chat.chat
    say(chat, "Hi", "One.")
    chat.engine.script(Text("Two."), Finish())
    tool(view._cards[1], "Answer again").click()
    chat.engine.play()
    chat.until(lambda: contents(view) == ["Hi", "Two."])
    labels = [w.text() for w in view._cards[1].findChildren(type(view._cards[1].note))]
    assert "2/2" in labels
    assert len({request.seed for request in chat.engine.submitted}) == 2
    tool(view._cards[1], "Version before").click()
    assert contents(view) == ["Hi", "One."]
    assert not tool(view._cards[1], "Version before").isEnabled()


def test_editing_in_place_and_leaving(chat: Desk) -> None:
    view = chat.chat
    say(chat, "Hi", "One.")
    tool(view._cards[1], "Edit").click()
    text = view._cards[1].text
    assert text.editing
    text.setPlainText("Won.")
    QTest.keyClick(text, Qt.Key.Key_Escape)
    assert contents(view) == ["Hi", "One."]
    tool(view._cards[1], "Edit").click()
    view._cards[1].text.setPlainText("Won.")
    QTest.keyClick(view._cards[1].text, Qt.Key.Key_Return, CTRL)
    assert view.model.tree.path()[1].content == "Won."
    assert view._cards[1].note.text() == "edited by you"
    say(chat, "And?", "So.")
    request = chat.engine.submitted[-1]
    assert isinstance(request, TextRequest)
    assert [m.content for m in request.messages] == ["Hi", "Won.", "And?"]


def test_asking_differently_branches(chat: Desk) -> None:
    view = chat.chat
    say(chat, "Hi", "One.")
    say(chat, "More", "Lots.")
    chat.engine.script(Text("Hello yourself."), Finish())
    view._cards[0].start_editing()
    view._cards[0].text.setPlainText("Hello")
    view._cards[0].ask_again()
    chat.engine.play()
    chat.until(lambda: contents(view) == ["Hello", "Hello yourself."])
    tool(view._cards[0], "Version before").click()
    assert contents(view) == ["Hi", "One.", "More", "Lots."]


def test_deleting_can_be_undone_from_the_message_and_by_key(chat: Desk) -> None:
    view = chat.chat
    say(chat, "Hi", "One.")
    say(chat, "More", "Lots.")
    tool(view._cards[2], "Delete").click()
    assert contents(view) == ["Hi", "One."]
    message = chat.context.notify.messages[-1]
    assert message.text == "2 messages deleted."
    message.actions[0][1]()
    assert contents(view) == ["Hi", "One.", "More", "Lots."]
    tool(view._cards[0], "Delete").click()
    assert contents(view) == []
    QTest.keyClick(view, Qt.Key.Key_Z, CTRL)
    assert contents(view) == ["Hi", "One.", "More", "Lots."]
    QTest.keyClick(view, Qt.Key.Key_Z, CTRL | Qt.KeyboardModifier.ShiftModifier)
    assert contents(view) == []


def test_copy_puts_plain_text_on_the_clipboard(chat: Desk) -> None:
    say(chat, "Hi", "<b>One</b>")
    tool(chat.chat._cards[1], "Copy").click()
    assert QApplication.clipboard().text() == "<b>One</b>"
    assert not QApplication.clipboard().mimeData().hasHtml()


def test_an_answer_goes_to_the_cursor_as_generated_and_undoes(desk: Desk) -> None:
    desk.type("Once. ")
    writer = desk.view
    desk.pane.new_chat()
    say(desk, "Hi", "An answer.")
    tool(desk.chat._cards[1], "Send to the cursor").click()
    assert desk.pane.view is writer, "the manuscript comes to the front"
    assert desk.text == desk.shown == "Once. An answer."
    assert [(s.start, s.origin) for s in writer.manuscript.spans] == [(6, "generated")]
    desk.kept()
    document = desk.pane.document
    assert document is not None and document.project is not None
    request = document.project.request(writer.manuscript.spans[0].request_id)
    assert isinstance(request, TextRequest) and request.messages[0].content == "Hi"
    desk.undo()
    assert desk.text == "Once. "


def test_a_chat_is_kept_in_the_project_and_comes_back(chat: Desk) -> None:
    say(chat, "Hi", "One.")
    document = chat.pane.document
    assert document is not None and document.project is not None
    document.project.flush(5)
    payload = document.project.state(document.document_id)
    assert payload is not None
    assert [n.content for n in ChatTree.from_payload(payload).path()] == ["Hi", "One."]
    labels = [(e.label, e.origin) for e in document.project.history(document.document_id)]
    assert ("Answer", "generated") in labels
    chat.pane.close_tab(chat.pane.tabs.current())
    chat.pane.open_document(document.project, document.document_id)
    assert contents(chat.chat) == ["Hi", "One."]


def test_a_failure_stands_above_the_prompt_and_the_question_stays(chat: Desk) -> None:
    view = chat.chat
    chat.engine.script(Fail("The model is damaged.", "Choose another."))
    view.send("Hi")
    chat.engine.play()
    chat.until(lambda: view.error_card.isVisible())
    assert contents(view) == ["Hi"]
    chat.engine.script(Text("Now."), Finish())
    tool(view._cards[0], "Answer again").click()
    chat.engine.play()
    chat.until(lambda: contents(view) == ["Hi", "Now."])
    assert not view.error_card.isVisible()


def test_nothing_foreign_is_rendered(chat: Desk) -> None:
    payload = '<img src="file:///etc/passwd"><h1>Big</h1> ![x](http://example.org/x.png)'
    say(chat, payload, payload)
    assert contents(chat.chat) == [payload, payload]


def test_an_empty_message_is_not_sent(chat: Desk) -> None:
    chat.chat.send("   ")
    assert len(chat.chat.model.tree) == 0 and not chat.engine.submitted


def test_closing_while_an_answer_is_written_keeps_what_came(chat: Desk) -> None:
    view = chat.chat
    chat.engine.script(Steps(1, 9), Text("Half"), Text(" more"), Finish())
    view.send("Hi")
    chat.engine.step(count=2)
    chat.until(lambda: view._writing is not None and view._writing.text.toPlainText() == "Half")
    document = chat.pane.document
    assert document is not None and document.project is not None
    chat.pane.close_tab(chat.pane.tabs.current())
    payload = document.project.state(document.document_id)
    assert payload is not None
    assert [n.content for n in ChatTree.from_payload(payload).path()] == ["Hi", "Half"]


def test_what_was_left_out_of_a_chat_stays_to_be_read(chat: Desk) -> None:
    left_out = Say("Its first 3 messages were left out.", "context_cut")
    chat.engine.script(left_out, Text("Yes."), Finish())
    chat.chat.send("And?")
    chat.engine.play()
    chat.until(lambda: chat.chat.model.take is None)
    assert "left out" in chat.chat._cards[-1].note.text()
    say(chat, "More?", "No.")
    assert [card.note.text() for card in chat.chat._cards[2:]] == ["", ""]


def test_the_note_about_facts_stands_at_answers_too(chat: Desk) -> None:
    assert not chat.chat.note.isVisible()
    say(chat, "When was that?", "In 1843.")
    assert chat.chat.note.isVisible()
    chat.chat.note.hide_button.click()
    assert not chat.chat.note.isVisible()


def test_a_card_with_nothing_to_be_said_beside_the_name_is_low(chat: Desk) -> None:
    say(chat, "One line.", "Another.")
    card = chat.chat._cards[0]
    low = card.sizeHint().height()
    assert not card.note.isVisible()
    card.tell("edited by you")
    assert card.note.isVisible()
    assert card.height() <= low + card.fontMetrics().lineSpacing()
