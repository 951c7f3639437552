"""From a name to a kept voice, with everything that can come in between."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.voices import lending as module
from studio.app.voices.lending import Lending, Step
from studio.app.voices.own_voices import OwnVoices
from studio.core.errors import BadInputError, DiskFullError, InputMissingError
from studio.core.paths import Folders
from studio.core.requests import TranscribeRequest
from studio.documents.soundtrack.outputs import SoundDeviceError
from studio.documents.soundtrack.recording_files import Recording, RecordingFile
from studio.voices.checking import sound_in
from studio.voices.reading import new_reading
from studio.voices.store import VoiceStore
from tests.app.voices.conftest import LONG_MS, Microphone, readings
from tests.fakes.fake_engine import Fail, FakeEngine, Finish, Steps
from tests.fakes.sounds import babble


class Studio:
    """One voice on its way."""

    def __init__(self, qtbot: QtBot, context: AppContext, engine: FakeEngine) -> None:
        self.qtbot = qtbot
        self.engine = engine
        self.lending = Lending(context.bridge, context.voices)
        self.lending.begin("Ada Byron")

    def until(self, *steps: Step) -> None:
        self.qtbot.waitUntil(lambda: self.lending.step in steps, timeout=LONG_MS)

    def read(self, microphone: Microphone) -> None:
        """Record until everything the microphone has was read."""
        microphone.read = 0
        self.lending.record_reading()
        self.until(Step.RECORDING)
        long = len(microphone.samples)
        self.qtbot.waitUntil(lambda: microphone.read >= long, timeout=LONG_MS)
        self.lending.stop()

    def hear(self, text: str) -> None:
        """Let the listening model hear something."""
        count = len(self.asked)
        self.engine.script(Steps(1, 2), Finish(text))
        self.qtbot.waitUntil(lambda: len(self.asked) > count or self.over, timeout=LONG_MS)
        if not self.over:
            self.engine.play()

    @property
    def over(self) -> bool:
        return self.lending.step in (Step.REFUSED, Step.DONE)

    @property
    def asked(self) -> list[TranscribeRequest]:
        return [each for each in self.engine.submitted if isinstance(each, TranscribeRequest)]

    @property
    def text(self) -> str:
        assert self.lending.reading is not None
        return self.lending.reading.text


@pytest.fixture
def studio(
    qtbot: QtBot,
    app_context: AppContext,
    voices: OwnVoices,
    engine: FakeEngine,
    microphone: Microphone,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "LONGEST_S", 60.0)
    made = Studio(qtbot, app_context, engine)
    yield made
    made.lending.close()


def kept(qtbot: QtBot, voices: OwnVoices) -> list[str]:
    voices.refresh()
    qtbot.waitUntil(lambda: voices._worker.pending == 0)
    return [voice.title for voice in voices.voices]


def test_what_was_read_and_heard_is_kept(studio, microphone, voices, folders, store) -> None:
    studio.read(microphone)
    studio.hear(studio.text)
    studio.until(Step.DONE)
    record = studio.lending.record
    assert record is not None and record.listener == "fake-listener"
    sound = sound_in(store.sound(record.id))
    assert (sound.sampling_rate, sound.channels) == (48_000, 1)
    recorded = sound.array()[: len(microphone.samples), 0]
    assert np.allclose(recorded, microphone.samples, atol=2**-22)
    studio.qtbot.waitUntil(lambda: [v.title for v in voices.voices] == ["Ada Byron"])
    assert readings(folders) == []
    (request,) = studio.asked
    assert (request.language, request.transient, request.prompt) == ("en", True, "")
    assert "Ada" not in request.label


def test_the_listener_is_not_told_what_to_hear(studio, microphone) -> None:
    """A model that is told words hears them; nothing of the text goes into the request."""
    from studio.core.requests import to_json

    studio.read(microphone)
    studio.hear("")
    studio.until(Step.REFUSED)
    asked = to_json(studio.asked[0]).lower()
    assert not [word for word in (*studio.lending.reading.words, "byron") if word in asked]


def test_the_engine_keeps_no_copy_of_a_reading(studio, microphone, engine) -> None:
    studio.read(microphone)
    studio.hear("mumble")
    studio.until(Step.REFUSED)
    ref = studio.asked[0].audio

    def gone() -> bool:
        try:
            engine.inputs.get(ref)
        except InputMissingError:
            return True
        return False

    studio.qtbot.waitUntil(gone, timeout=LONG_MS)


@pytest.mark.parametrize("word", [0, 3])
def test_a_drawn_word_that_was_not_heard_is_named(studio, microphone, voices, word: int) -> None:
    wanted = studio.lending.reading.words[word]
    studio.read(microphone)
    studio.hear(studio.text.replace(wanted, "something"))
    studio.until(Step.REFUSED)
    assert studio.lending.problems == (f"Not heard: “{wanted}”.",)
    assert studio.lending.missing == (wanted,)
    assert wanted not in studio.lending.transcript
    assert kept(studio.qtbot, voices) == []


def test_the_text_of_another_day_and_of_another_reading_are_not_taken(
    studio, microphone, voices
) -> None:
    for other in (
        new_reading("Ada Byron", date(2020, 2, 29)).text,
        new_reading("Ada Byron", date.today()).text,
        "Good evening, this is the news.",
    ):
        studio.read(microphone)
        studio.hear(other)
        studio.until(Step.REFUSED)
        assert studio.lending.missing
    assert kept(studio.qtbot, voices) == []


def test_one_reads_again_and_then_it_is_taken(studio, microphone) -> None:
    text = studio.text
    studio.read(microphone)
    studio.hear("mumble")
    studio.until(Step.REFUSED)
    studio.read(microphone)
    assert studio.text == text
    studio.hear(text)
    studio.until(Step.DONE)
    assert studio.lending.problems == () and studio.lending.missing == ()


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (babble(14, 48_000) * 0.01, "too quiet"),
        (np.clip(babble(14, 48_000) * 9, -1, 1), "too loud"),
        (babble(14, 48_000) + np.random.default_rng(1).normal(0, 0.1, 14 * 48_000), "noise"),
    ],
)
def test_a_sound_that_is_no_good_is_told_before_anybody_listens(
    studio, microphone, folders, samples, words
) -> None:
    microphone.samples = samples.astype(np.float32)
    studio.read(microphone)
    studio.until(Step.REFUSED)
    assert words in studio.lending.problems[0]
    assert studio.asked == [] and readings(folders) == []


def test_a_reading_that_is_too_short(studio, microphone) -> None:
    microphone.samples = babble(0.5, 48_000)
    studio.lending.record_reading()
    studio.until(Step.RECORDING)
    studio.lending.stop()
    studio.until(Step.REFUSED)
    assert "too short" in studio.lending.problems[0]


def test_recording_ends_by_itself(studio, microphone, monkeypatch) -> None:
    monkeypatch.setattr(module, "LONGEST_S", 16.0)
    studio.lending.record_reading()
    studio.until(Step.CHECKING, Step.REFUSED, Step.DONE)


def test_no_microphone_is_a_sentence(studio, microphone) -> None:
    microphone.unplug(SoundDeviceError("There is no microphone.", hint="Plug one in."))
    studio.lending.record_reading()
    studio.until(Step.REFUSED)
    assert studio.lending.problems == ("There is no microphone.", "Plug one in.")


def test_a_microphone_that_goes_away_ends_the_reading(studio, microphone, folders) -> None:
    studio.lending.record_reading()
    studio.until(Step.RECORDING)
    microphone.unplug(SoundDeviceError("The microphone is gone."))
    studio.until(Step.REFUSED)
    assert studio.lending.problems == ("The microphone is gone.",)
    studio.qtbot.waitUntil(lambda: readings(folders) == [], timeout=LONG_MS)


def test_a_listener_that_fails_says_why(studio, microphone, voices) -> None:
    studio.engine.script(Fail("The listener is damaged.", "Get it again."))
    studio.read(microphone)
    studio.qtbot.waitUntil(lambda: bool(studio.asked), timeout=LONG_MS)
    studio.engine.play()
    studio.until(Step.REFUSED)
    assert studio.lending.problems == ("The listener is damaged. Get it again.",)
    assert kept(studio.qtbot, voices) == []


def test_a_full_disk_while_keeping_is_told(studio, microphone, store, monkeypatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise DiskFullError("The disk is full.", hint="Free some space.")

    monkeypatch.setattr("studio.voices.store.atomic_write", full)
    studio.read(microphone)
    studio.hear(studio.text)
    studio.until(Step.REFUSED)
    assert studio.lending.problems == ("The disk is full.", "Free some space.")
    assert store.voices() == ()


def test_cancelling_drops_the_recording(studio, microphone, folders) -> None:
    studio.lending.record_reading()
    studio.until(Step.RECORDING)
    assert len(readings(folders)) == 1
    studio.lending.cancel()
    studio.until(Step.READY)
    studio.qtbot.waitUntil(lambda: readings(folders) == [], timeout=LONG_MS)
    assert studio.asked == []


def test_cancelling_the_check_drops_it_too(studio, microphone, voices, folders) -> None:
    studio.engine.script(Steps(1, 2))
    studio.read(microphone)
    studio.qtbot.waitUntil(lambda: bool(studio.asked), timeout=LONG_MS)
    studio.lending.cancel()
    studio.until(Step.READY)
    assert readings(folders) == [] and kept(studio.qtbot, voices) == []


def test_closing_while_recording_leaves_nothing(studio, microphone, folders) -> None:
    studio.lending.record_reading()
    studio.until(Step.RECORDING)
    studio.lending.close()
    studio.qtbot.waitUntil(lambda: readings(folders) == [], timeout=LONG_MS)


def test_what_a_crash_left_of_a_reading_is_deleted(
    qtbot: QtBot, voices: OwnVoices, folders: Folders
) -> None:
    path = voices.readings / "2026-11-22 10-00-00 abcd.recording.wav"
    left = RecordingFile(Recording(path=path, sampling_rate=48_000, channels=1))
    left.write(babble(3, 48_000)[:, None])
    left.close()
    assert readings(folders) == [path]
    voices.look()
    qtbot.waitUntil(lambda: readings(folders) == [], timeout=LONG_MS)
    assert voices.voices == ()


def test_past_midnight_there_is_another_text(studio, microphone) -> None:
    lending = studio.lending
    lending.reading = dataclasses.replace(lending.reading, day="2020-02-29")
    lending.record_reading()
    assert lending.step is Step.READY and lending.reading.day == date.today().isoformat()
    assert lending._recorder is None


def test_other_words_can_be_drawn_and_another_name_given(studio) -> None:
    lending, before = studio.lending, studio.text
    lending.another_text()
    assert studio.text != before and lending.reading.name == "Ada Byron"
    lending.back()
    assert lending.step is Step.NAME
    with pytest.raises(BadInputError):
        lending.begin("!")
    assert lending.step is Step.NAME


def test_the_folder_of_readings_cannot_be_made(studio, folders: Folders, tmp_path: Path) -> None:
    folders.state.parent.mkdir(parents=True, exist_ok=True)
    if not folders.state.exists():
        folders.state.mkdir()
    (folders.state / "voice-readings").write_text("in the way")
    studio.lending.record_reading()
    studio.until(Step.REFUSED)
    assert studio.lending.problems
    (folders.state / "voice-readings").unlink()


def test_the_voices_of_the_store_are_told(
    qtbot: QtBot, voices: OwnVoices, store: VoiceStore
) -> None:
    from tests.fakes.readings import checked

    record = store.keep(checked())
    voices.look()
    qtbot.waitUntil(lambda: voices.loaded)
    assert [voice.id for voice in voices.usable()] == [record.id]
    assert voices.find(record.id) == record.kept_voice() and voices.find("x") is None
    voices.revoke(record.id, pytest.fail)
    qtbot.waitUntil(lambda: voices.voices == ())
    assert [line.id for line in store.revoked()] == [record.id]
