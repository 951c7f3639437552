"""Several takes side by side: written together, one is taken in one step, or none."""

from __future__ import annotations

from PySide6.QtCore import Qt

from studio.core.requests import TextRequest
from tests.app.panes.text.conftest import Desk
from tests.fakes.fake_engine import Fail, Finish, Say, Steps, Text

STORY = "The door opened."


def ask(desk: Desk, *texts: str) -> None:
    for text in texts:
        desk.engine.script(Steps(1, 9), Text(text), Finish())
    desk.view.ask_alternatives()
    desk.engine.play()
    desk.until(lambda: not desk.view.alternatives.running)


def test_three_takes_with_seeds_of_their_own(desk: Desk) -> None:
    desk.type(STORY)
    ask(desk, " One.", " Two.", " Three.")
    panel = desk.view.panel
    assert panel.isVisible()
    assert [card.body.toPlainText() for card in panel.cards] == ["One.", "Two.", "Three."]
    assert len({request.seed for request in desk.engine.submitted}) == 3
    assert desk.shown == desk.text == STORY


def test_arrows_choose_and_tab_takes_in_one_step(desk: Desk) -> None:
    desk.type(STORY)
    ask(desk, " One.", " Two.", " Three.")
    panel = desk.view.panel
    desk.press(Qt.Key.Key_Right, widget=panel)
    assert [bool(card.property("chosen")) for card in panel.cards] == [False, True, False]
    desk.press(Qt.Key.Key_Tab, widget=panel)
    assert not panel.isVisible()
    assert desk.text == desk.shown == f"{STORY} Two."
    assert desk.kept() == desk.text
    desk.undo()
    assert desk.text == STORY


def test_enter_takes_the_first_and_left_goes_round(desk: Desk) -> None:
    desk.type(STORY)
    ask(desk, " One.", " Two.", " Three.")
    desk.press(Qt.Key.Key_Left, widget=desk.view.panel)
    desk.press(Qt.Key.Key_Return, widget=desk.view.panel)
    assert desk.text == f"{STORY} Three."


def test_escape_drops_all_and_stops_what_runs(desk: Desk) -> None:
    desk.type(STORY)
    before = desk.view.manuscript.undo_depth()
    desk.view.ask_alternatives()
    desk.engine.step(count=2)
    desk.press(Qt.Key.Key_Escape, widget=desk.view.panel)
    assert len(desk.engine.cancelled) == 3
    assert desk.shown == desk.text == STORY
    assert desk.view.manuscript.undo_depth() == before
    assert not desk.view.panel.isVisible() and not desk.view.alternatives.active


def test_another_adds_one_and_chooses_it(desk: Desk) -> None:
    desk.type(STORY)
    ask(desk, " One.", " Two.", " Three.")
    desk.engine.script(Text(" Four."), Finish())
    desk.view.alternatives.another()
    desk.engine.play()
    desk.until(lambda: not desk.view.alternatives.running)
    desk.view.take_alternative()
    assert desk.text == f"{STORY} Four."


def test_more_like_this_begins_as_the_chosen_one_does(desk: Desk) -> None:
    desk.type(STORY)
    ask(desk, " A cat came in. It sat.", " Two.", " Three.")
    desk.engine.script(Text(" It purred."), Finish())
    desk.engine.script(Text(" It slept."), Finish())
    desk.view.alternatives.more_like_chosen()
    desk.engine.play()
    desk.until(lambda: not desk.view.alternatives.running)
    request = desk.engine.submitted[-1]
    assert isinstance(request, TextRequest)
    assert request.prompt == f"{STORY} A cat came in."
    texts = [card.body.toPlainText() for card in desk.view.panel.cards]
    assert texts == [
        "A cat came in. It sat.",
        "A cat came in. It purred.",
        "A cat came in. It slept.",
    ]
    desk.view.alternatives.choose(1)
    desk.view.take_alternative()
    assert desk.text == f"{STORY} A cat came in. It purred."


def test_a_take_that_fails_says_so_and_the_others_stay(desk: Desk) -> None:
    desk.type(STORY)
    desk.engine.script(Fail("Out of memory.", "Close something."))
    ask(desk, " Two.", " Three.")
    cards = desk.view.panel.cards
    assert "Out of memory." in cards[0]._title.text()
    desk.press(Qt.Key.Key_Tab, widget=desk.view.panel)
    assert desk.text == STORY and desk.view.panel.isVisible(), "there is nothing to take in it"
    desk.press(Qt.Key.Key_2, widget=desk.view.panel)
    desk.press(Qt.Key.Key_Tab, widget=desk.view.panel)
    assert desk.text == f"{STORY} Two."


def test_how_many_is_a_setting(desk: Desk) -> None:
    desk.context.settings.set("writing", "alternatives", 5)
    desk.type(STORY)
    ask(desk)
    assert len(desk.view.panel.cards) == 5
    desk.view.drop_alternatives()


def test_takes_of_a_rewrite_replace_the_selection(desk: Desk) -> None:
    desk.type(STORY)
    desk.view.editor.select(4, 8)
    desk.view.prompt.set_text("Another noun")
    ask(desk, "gate", "window", "lid")
    desk.view.alternatives.choose(1)
    desk.view.take_alternative()
    assert desk.text == desk.shown == "The window opened."
    desk.undo()
    assert desk.text == STORY


def test_what_is_to_be_known_about_the_takes_stands_below_them(desk: Desk) -> None:
    desk.type(STORY)
    assert not desk.view.panel.note.isVisible()
    for _ in range(3):
        desk.engine.script(Say("The beginning was left out.", "context_cut"), Text(" x"), Finish())
    desk.view.ask_alternatives()
    desk.engine.play()
    desk.until(lambda: not desk.view.alternatives.running)
    assert desk.view.panel._notice.text() == "The beginning was left out."
    assert desk.view.panel._notice.isVisible() and desk.view.panel.note.isVisible()
    desk.view.drop_alternatives()
