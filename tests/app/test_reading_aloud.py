"""A narrated text is read aloud across the panes of a real window, and followed in the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from pytestqt.qtbot import QtBot

from studio.app.main import pane_sources
from studio.app.panes.sound.pane import SoundPane
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.pane import TextPane
from studio.app.panes.text.reading_along import ACTION
from studio.documents.soundtrack.outputs import NullOutput
from tests.app.conftest import MakeWindow, OpenWindow
from tests.fakes.fake_engine import CHAT_MODEL, VOICE_MODEL, FakeEngine, Finish

LONG_MS = 15_000
TEXT = "The lamp is lit. The sea is calm. Nobody comes tonight."


@pytest.fixture
def engine() -> FakeEngine:
    made = FakeEngine(models=(CHAT_MODEL, VOICE_MODEL))
    made.default_script = (Finish(),)
    return made


@dataclass
class Reading:
    qtbot: QtBot
    window: OpenWindow
    clocks: list[float]

    @property
    def text(self) -> TextPane:
        pane = self.window.view.panes["text"]
        assert isinstance(pane, TextPane)
        return pane

    @property
    def sound(self) -> SoundPane:
        pane = self.window.view.panes["sound"]
        assert isinstance(pane, SoundPane)
        return pane

    @property
    def view(self) -> ManuscriptView:
        view = self.text.view
        assert isinstance(view, ManuscriptView)
        return view

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=LONG_MS)

    def marked(self) -> str:
        cursor = self.view.editor.marks.heard
        return cursor.selectedText() if cursor is not None else ""

    def go_to(self, clip: int, share: float = 0.5) -> None:
        """Move the clock into a clip."""
        session = self.sound.session
        assert session is not None
        found = session.soundtrack.tracks[0].clips[clip]
        player = session.player
        assert player is not None
        player.seek(found.start + round(found.duration * share))


@pytest.fixture
def reading(
    qtbot: QtBot, make_window: MakeWindow, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Reading]:
    clocks = [0.0]
    # A clock that stands still: what is heard changes only where a test says so.
    monkeypatch.setattr(
        SoundPane, "output", staticmethod(lambda: NullOutput(clock=lambda: clocks[0]))
    )
    monkeypatch.setattr("studio.documents.soundtrack.feeding.time.monotonic", lambda: clocks[0])
    window = make_window(panes=pane_sources())
    qtbot.waitUntil(lambda: "text" in window.view.panes)
    made = Reading(qtbot, window, clocks)
    made.view.editor.replace(0, 0, TEXT, label="Typing")
    made.view.journal.commit()
    yield made


def narrate(reading: Reading) -> None:
    document = reading.text.document
    assert document is not None
    reading.window.view.show_pane("sound")
    pane = reading.sound
    pane.narrating.speak(TEXT, document_id=document.document_id)
    run = pane.narrating.run
    assert run is not None
    while run.running:
        done = run.done
        if any(job.state in ("queued", "running") for job in reading.window.engine.jobs()):
            reading.window.engine.play()
        reading.until(lambda d=done: not run.running or run.done > d)
    assert pane.session is not None and not pane.session.busy


def test_while_a_narration_plays_its_sentence_is_marked_and_gone_when_it_stops(
    reading: Reading,
) -> None:
    narrate(reading)
    session = reading.sound.session
    assert session is not None
    reading.sound.view.timeline.set_cursor_position(0)
    reading.sound.view.play()
    reading.until(lambda: reading.marked() == "The lamp is lit.")
    reading.go_to(1)
    reading.until(lambda: reading.marked() == "The sea is calm.")
    reading.window.view.show_pane("text")
    assert reading.view.manuscript.text == TEXT
    assert not session.soundtrack.can_redo
    reading.go_to(2)
    reading.until(lambda: reading.marked() == "Nobody comes tonight.")
    reading.sound.stop_reading()
    reading.until(lambda: reading.marked() == "")
    assert not reading.text.reading.bar.isVisible()


def test_reading_begins_in_the_text_without_leaving_it(reading: Reading) -> None:
    narrate(reading)
    reading.window.view.show_pane("text")
    at = TEXT.index("sea")
    reading.view.editor.select(at, at)
    assert reading.window.app.actions.run(ACTION)
    reading.until(lambda: reading.marked() == "The sea is calm.")
    assert reading.window.view.current_pane == "text"
    assert reading.text.reading.bar.isVisible()
    assert reading.window.app.actions.run(ACTION)
    reading.until(lambda: reading.marked() == "")
    session = reading.sound.session
    assert session is not None and session.player is not None
    assert session.player.state == "paused"


def test_what_is_not_spoken_is_said_to_be_so(reading: Reading) -> None:
    narrate(reading)
    reading.window.view.show_pane("text")
    reading.view.editor.replace(0, len(TEXT), "All of it is new.", label="Typing")
    told: list[str] = []
    reading.window.app.notify.posted.connect(lambda note: told.append(note.text))
    assert reading.window.app.actions.run(ACTION)
    assert any("not spoken yet" in each for each in told)
    assert reading.marked() == ""


def test_after_a_start_the_sounds_are_brought_in_for_it_without_showing_them(
    reading: Reading, make_window: MakeWindow
) -> None:
    narrate(reading)
    reading.window.view.show_pane("text")
    reading.window.view.close()
    reading.window.app.close()
    later = Reading(reading.qtbot, make_window(panes=pane_sources()), reading.clocks)
    later.until(lambda: "text" in later.window.view.panes and later.view.manuscript.text == TEXT)
    later.window.view.show_pane("text")
    assert "sound" not in later.window.view.panes
    at = TEXT.index("Nobody")
    later.view.editor.select(at, at)
    assert later.window.app.actions.run(ACTION)
    later.until(lambda: later.marked() == "Nobody comes tonight.")
    assert later.window.view.current_pane == "text"
    later.sound.stop_reading()
    later.until(lambda: later.marked() == "")
