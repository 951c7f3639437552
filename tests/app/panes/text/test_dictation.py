"""Speaking instead of typing, and sound files as texts and subtitles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import QFileDialog, QPushButton

from studio.app.model_fetches import ModelFetches
from studio.app.panes.text.dictation import RECORDINGS, Dictation, spaced
from studio.core.errors import OfflineError
from studio.core.requests import TranscribeRequest
from studio.documents.soundtrack.inputs import SignalInput
from studio.documents.soundtrack.outputs import SoundDeviceError
from studio.documents.soundtrack.recorder import recoverable
from studio.documents.spans import Span
from tests.app.panes.text.conftest import CTRL, Desk
from tests.fakes.fake_engine import CHAT_MODEL, LISTENER_MODEL, Fail, FakeEngine, Finish, Steps
from tests.fakes.slow_fetch import SlowFetch

SAID = "The lamp went out at nine."


def hum(start: int, frames: int) -> np.ndarray:
    at = np.arange(start, start + frames) / 16_000
    return (np.sin(at * 300 * 2 * np.pi) * 0.3).astype(np.float32)[:, None]


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine(models=(CHAT_MODEL, LISTENER_MODEL))


@pytest.fixture
def microphone(monkeypatch: pytest.MonkeyPatch) -> SignalInput:
    found = SignalInput(hum)
    monkeypatch.setattr(Dictation, "source", staticmethod(lambda: found))
    return found


@pytest.fixture
def dictation(microphone: SignalInput, desk: Desk) -> Dictation:
    return desk.pane.dictation


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "interview.wav"
    soundfile.write(path, hum(0, 16_000), 16_000)
    return path


def record(desk: Desk) -> None:
    """Begin, and wait until something was recorded."""
    desk.pane.dictation.toggle()
    desk.until(lambda: desk.pane.dictation.state == "recording")


def asked(desk: Desk) -> list[TranscribeRequest]:
    return [each for each in desk.engine.submitted if isinstance(each, TranscribeRequest)]


def say(desk: Desk, text: str) -> None:
    """Dictate a text, from the first press to its place in the manuscript."""
    count = len(asked(desk))
    desk.engine.script(Steps(1, 2), Finish(text))
    record(desk)
    desk.pane.dictation.toggle()
    desk.until(lambda: len(asked(desk)) > count)
    desk.engine.play()
    desk.until(lambda: desk.pane.dictation.state in ("idle", "said"))


def recordings(desk: Desk) -> list[Path]:
    return sorted((desk.context.folders.state / RECORDINGS).glob("*.wav"))


def choices(bar) -> list[str]:
    return [button.text() for button in bar.buttons]


def press(bar, words: str) -> None:
    next(button for button in bar.buttons if button.text().startswith(words)).click()


# -- dictation ---------------------------------------------------------------------------------


def test_what_is_said_comes_to_the_cursor_as_one_undo_step(desk, dictation):
    desk.type("It was dark.")
    say(desk, SAID)
    assert desk.text == f"It was dark. {SAID}"
    assert dictation.bar.isHidden()
    desk.undo()
    assert desk.text == "It was dark."
    desk.redo()
    assert desk.text == f"It was dark. {SAID}"


def test_its_origin_is_kept_with_the_request_but_no_model_is_said_to_have_written_it(
    desk, dictation
):
    say(desk, SAID)
    (span,) = desk.view.manuscript.spans
    assert (span.start, span.end, span.origin) == (0, len(SAID), "imported")
    assert desk.kept() == SAID
    document = desk.pane.document
    request = document.project.request(span.request_id)
    assert isinstance(request, TranscribeRequest) and request.label == "Dictation"
    assert document.project.artifact_summary(span.request_id)["model"] == "fake-listener"


def test_the_recording_is_deleted_once_its_words_are_kept(desk, dictation):
    say(desk, SAID)
    desk.until(lambda: recordings(desk) == [])


def test_while_it_listens_the_bar_says_so_and_esc_drops_it(desk, dictation):
    record(desk)
    desk.until(lambda: dictation.bar.meter.value() > 100)
    assert "Listening" in dictation.bar.words.text() and dictation.bar.isVisible()
    assert recordings(desk)
    desk.press(Qt.Key.Key_Escape)
    desk.until(lambda: dictation.state == "idle")
    desk.until(lambda: recordings(desk) == [])
    assert dictation.bar.isHidden() and asked(desk) == [] and desk.text == ""


def test_no_microphone_is_a_sentence(desk, dictation, microphone):
    microphone.unplug(SoundDeviceError("There is no microphone.", hint="Plug one in."))
    dictation.toggle()
    desk.until(lambda: dictation.state == "said")
    assert dictation.bar.words.text() == "There is no microphone. Plug one in."
    assert recordings(desk) == []


def test_a_microphone_that_goes_away_leaves_what_was_said(desk, dictation, microphone):
    desk.engine.script(Finish(SAID))
    record(desk)
    microphone.unplug(SoundDeviceError("The microphone is gone."))
    desk.until(lambda: bool(asked(desk)))
    desk.engine.play()
    desk.until(lambda: desk.text == SAID)
    assert desk.context.notify.messages[-1].text == "The microphone is gone."


def test_nothing_heard_is_a_sentence_and_the_text_stays(desk, dictation):
    desk.type("Before")
    say(desk, "")
    assert "No words were heard" in dictation.bar.words.text()
    assert desk.text == "Before"
    dictation.bar.cross.click()
    desk.until(lambda: recordings(desk) == [] and dictation.state == "idle")


def test_a_failure_keeps_the_recording_for_another_try(desk, dictation):
    desk.engine.script(Fail("There is not enough memory.", "Close something."))
    record(desk)
    dictation.toggle()
    desk.until(lambda: bool(asked(desk)))
    desk.engine.play()
    desk.until(lambda: dictation.state == "said")
    assert dictation.bar.words.text() == "There is not enough memory. Close something."
    desk.engine.script(Finish(SAID))
    press(dictation.bar, "Try again")
    desk.until(lambda: len(asked(desk)) == 2)
    desk.engine.play()
    desk.until(lambda: desk.text == SAID)


def test_stopping_the_model_leaves_the_recording_where_the_sound_pane_finds_it(desk, dictation):
    record(desk)
    dictation.toggle()
    desk.until(lambda: bool(asked(desk)))
    desk.press(Qt.Key.Key_Escape)
    desk.until(lambda: dictation.state == "said")
    assert "Try again" in choices(dictation.bar)
    dictation.bar.cross.click()
    (found,) = recoverable(desk.context.folders.state / RECORDINGS)
    assert found.frames > 0 and found.sampling_rate == 16_000


def test_a_tab_closed_meanwhile_gets_its_words_a_manuscript(desk, dictation):
    desk.engine.script(Finish(SAID))
    record(desk)
    dictation.toggle()
    desk.until(lambda: bool(asked(desk)))
    desk.pane.close_tab(0)
    desk.engine.play()
    desk.until(lambda: desk.text == SAID)


def test_the_button_and_the_keys_dictate(desk, dictation):
    button = next(b for b in desk.view.findChildren(QPushButton) if b.text() == "Dictate")
    button.click()
    desk.until(lambda: dictation.state == "recording")
    assert desk.context.actions.shortcut("text.dictate") == "Ctrl+Shift+D"
    assert desk.context.actions.run("text.dictate")
    desk.until(lambda: dictation.state == "writing")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("", "", "so"),
        ("Yes.", "", " so"),
        ("Yes. ", "and", "so "),
        ("(", ")", "so"),
        ("a\n", "\nb", "so"),
    ],
)
def test_spaces_stand_where_they_belong(before, after, said):
    assert spaced("so", before, after) == said


# -- no model ----------------------------------------------------------------------------------


@pytest.fixture
def fetch(app_context) -> SlowFetch:
    made = SlowFetch()
    app_context.__dict__["fetches"] = ModelFetches(
        app_context.bridge, app_context.notify, app_context.folders, made
    )
    return made


@pytest.fixture
def english():
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.English))
    yield
    QLocale.setDefault(before)


def test_without_a_model_one_click_gets_it(english, fetch, desk, dictation, network_guard):
    desk.engine.set_models((CHAT_MODEL,))
    dictation.toggle()
    desk.until(lambda: "Get it (71 MB)" in choices(dictation.bar))
    assert "needs a listening model" in dictation.bar.words.text()
    assert fetch.asked == [] and network_guard.tries == [] and dictation.state != "recording"
    press(dictation.bar, "Get it")
    fetch.tell("Fetching: 35 of 71 MB", 0.5)
    desk.until(lambda: dictation.bar.meter.value() == 500)
    fetch.finish()
    desk.until(lambda: desk.engine.looked_again > 0)
    desk.engine.set_models((CHAT_MODEL, LISTENER_MODEL))
    desk.until(lambda: "can listen now" in dictation.bar.words.text())
    say(desk, SAID)
    assert desk.text == SAID and fetch.asked == ["whisper-tiny.en"]


def test_a_fetch_that_fails_says_why_and_can_be_tried_again(english, fetch, desk, dictation):
    desk.engine.set_models((CHAT_MODEL,))
    dictation.toggle()
    desk.until(lambda: "Get it (71 MB)" in choices(dictation.bar))
    press(dictation.bar, "Get it")
    fetch.fail(OfflineError("There is no network connection.", hint="Connect and try again."))
    desk.until(lambda: "no network connection" in dictation.bar.words.text())
    assert "Get it (71 MB)" in choices(dictation.bar)


def test_a_file_goes_on_by_itself_once_a_model_is_there(fetch, desk, sound):
    desk.engine.set_models((CHAT_MODEL,))
    desk.pane.transcribing.begin(sound)
    assert not desk.pane.transcribing.busy
    desk.engine.set_models((CHAT_MODEL, LISTENER_MODEL))
    desk.until(lambda: bool(asked(desk)))


# -- files -------------------------------------------------------------------------------------


def test_a_sound_file_becomes_a_manuscript(desk, sound):
    desk.engine.script(Steps(1, 4, 12.0), Finish(f"{SAID}\nNobody came."))
    transcribing = desk.pane.transcribing
    transcribing.begin(sound)
    desk.until(lambda: bool(asked(desk)))
    desk.engine.step(count=1)
    desk.until(lambda: "12 s left" in transcribing.bar.words.text())
    assert transcribing.bar.meter.value() == 250
    assert "being written down" in desk.context.actions.why_not("text.transcribe")
    desk.engine.play()
    desk.until(lambda: desk.text == f"{SAID} Nobody came.")
    assert desk.pane.document.title == "interview"
    (span,) = desk.view.manuscript.spans
    assert isinstance(span, Span) and span.origin == "imported" and span.request_id
    assert "interview.wav is written down." in transcribing.bar.words.text()


@pytest.mark.parametrize(
    ("suffix", "start"), [("srt", "1\n00:00:00,000 --> "), ("vtt", "WEBVTT\n")]
)
def test_subtitles_are_saved_where_one_says(desk, sound, tmp_path, monkeypatch, suffix, start):
    target = tmp_path / f"subtitles.{suffix}"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_: (str(target), f"Subtitles (*.{suffix})")
    )
    desk.engine.script(Finish(f"{SAID}\nNobody came."))
    desk.pane.transcribing.begin(sound, subtitles=True)
    desk.until(lambda: bool(asked(desk)))
    assert asked(desk)[0].word_times
    desk.engine.play()
    desk.until(target.exists)
    text = target.read_text(encoding="utf-8")
    assert text.startswith(start) and SAID in text
    desk.until(lambda: bool(desk.context.notify.messages))
    assert desk.context.notify.messages[-1].text == f"subtitles.{suffix} was saved."
    assert desk.text == ""


def test_a_file_that_is_gone_is_a_sentence(desk, tmp_path):
    bar = desk.pane.transcribing.bar
    desk.pane.transcribing.begin(tmp_path / "gone.wav")
    desk.until(lambda: "Try again" in choices(bar))
    assert bar.words.text() and asked(desk) == [] and not desk.pane.transcribing.busy


def test_a_file_can_be_stopped_and_begun_again(desk, sound):
    transcribing = desk.pane.transcribing
    transcribing.begin(sound)
    desk.until(lambda: bool(asked(desk)))
    press(transcribing.bar, "Stop")
    desk.until(lambda: "was not written down" in transcribing.bar.words.text())
    press(transcribing.bar, "Try again")
    desk.until(lambda: len(asked(desk)) == 2)


def test_the_keys_of_the_pane_still_write(desk, dictation):
    desk.type("Once")
    desk.engine.script(Finish(" more"))
    desk.press(Qt.Key.Key_Return, CTRL)
    assert dictation.state == "idle" and desk.engine.submitted
