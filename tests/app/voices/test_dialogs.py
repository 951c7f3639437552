"""The list of lent voices and the steps of lending one, as a user sees them."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QWidget
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.voices.lend_dialog import LendDialog
from studio.app.voices.lending import Step
from studio.app.voices.own_voices import OwnVoices
from studio.app.voices.voices_dialog import VoicesDialog
from studio.core.paths import Folders
from studio.documents.soundtrack.outputs import SoundDeviceError
from studio.voices.store import RECORD, SOUND, VoiceStore
from tests.app.voices.conftest import LONG_MS, Microphone, readings
from tests.fakes.fake_engine import CHAT_MODEL, LISTENER_MODEL, VOICE_MODEL, FakeEngine, Finish
from tests.fakes.readings import checked


@pytest.fixture
def listed(qtbot: QtBot, app_context: AppContext, voices: OwnVoices) -> VoicesDialog:
    dialog = VoicesDialog(app_context)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.open()
    qtbot.waitUntil(lambda: voices.loaded)
    return dialog


@pytest.fixture
def lend(qtbot: QtBot, app_context: AppContext, voices: OwnVoices, microphone: Microphone):
    dialog = LendDialog(app_context)
    qtbot.addWidget(dialog)
    with qtbot.waitExposed(dialog):
        dialog.open()
    yield dialog
    dialog.lending.close()


def keep(dialog: VoicesDialog, store: VoiceStore, qtbot: QtBot, *names: str) -> None:
    for name in names:
        store.keep(checked(name))
    dialog._voices.refresh()
    qtbot.waitUntil(lambda: len(dialog.rows) >= len(names))


def press(widget: QWidget, qtbot: QtBot, key: Qt.Key) -> None:
    qtbot.keyClick(widget, key)


def to_the_end_of(dialog: LendDialog, microphone: Microphone, qtbot: QtBot) -> None:
    microphone.read = 0
    dialog.go_on()
    qtbot.waitUntil(lambda: dialog.lending.step is Step.RECORDING, timeout=LONG_MS)
    qtbot.waitUntil(lambda: microphone.read >= len(microphone.samples), timeout=LONG_MS)


# The list


def test_an_empty_list_teaches(listed: VoicesDialog) -> None:
    assert listed.empty.isVisible() and listed.rows == []
    assert "Pocket TTS, CSM, Dia and VibeVoice" in listed.note.text()
    assert listed.lend_button.isEnabled(), "a voice can be lent before a model clones"


def test_models_that_clone_are_named(listed: VoicesDialog, engine: FakeEngine, qtbot) -> None:
    engine.cloning.add(VOICE_MODEL.info.id)
    engine.refresh_models()
    qtbot.waitUntil(lambda: VOICE_MODEL.info.title in listed.note.text())


def test_a_voice_is_listened_to(listed: VoicesDialog, store: VoiceStore, qtbot: QtBot) -> None:
    keep(listed, store, qtbot, "Ada", "Bob")
    first, second = listed.rows
    assert [row.title.text() for row in listed.rows] == ["Ada", "Bob"]
    first.listen.click()
    qtbot.waitUntil(lambda: listed.player._player is not None, timeout=LONG_MS)
    assert (first.listen.text(), second.listen.text()) == ("Stop", "Listen")
    second.listen.click()
    assert listed.player.voice == second.voice.id
    qtbot.waitUntil(lambda: listed.player._player is not None, timeout=LONG_MS)
    second.listen.click()
    assert listed.player.voice == "" and second.listen.text() == "Listen"


def test_a_sound_that_is_gone_is_said(listed: VoicesDialog, store: VoiceStore, qtbot) -> None:
    keep(listed, store, qtbot, "Ada")
    (row,) = listed.rows
    (store.folder / row.voice.id / SOUND).unlink()
    row.listen.click()
    qtbot.waitUntil(lambda: listed.error.isVisible(), timeout=LONG_MS)
    assert row.listen.text() == "Listen"


def test_taking_back_asks_in_the_row_and_then_deletes(
    listed: VoicesDialog, store: VoiceStore, qtbot: QtBot
) -> None:
    keep(listed, store, qtbot, "Ada", "Bob")
    row = listed.rows[0]
    assert not row.sure.isVisible()
    row.revoke.setFocus()
    row.revoke.click()
    assert row.sure.isVisible() and not row.revoke.isVisible() and row.keep.hasFocus()
    assert "deleted for good" in row.about.text()
    row.keep.click()
    assert row.revoke.isVisible() and len(store.voices()) == 2
    row.revoke.click()
    row.sure.click()
    qtbot.waitUntil(lambda: [r.title.text() for r in listed.rows] == ["Bob"], timeout=LONG_MS)
    assert [line.id for line in store.revoked()] == [row.voice.id]
    assert listed.lend_button.hasFocus()


def test_a_voice_that_does_not_check_out_says_why_and_can_be_deleted(
    listed: VoicesDialog, store: VoiceStore, qtbot: QtBot
) -> None:
    kept = store.keep(checked("Ada"))
    path = store.folder / kept.id / RECORD
    plain = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**plain, "name": "Somebody Famous"}), "utf-8")
    listed._voices.refresh()
    qtbot.waitUntil(lambda: len(listed.rows) == 1)
    (row,) = listed.rows
    assert row.title.text() == "Somebody Famous"
    assert row.about.text().startswith("Cannot be used: The record of the consent does not check")
    assert listed._voices.usable() == ()
    path.write_text("{}", "utf-8")
    listed._voices.refresh()
    qtbot.waitUntil(lambda: listed.rows[0].title.text() == kept.id)
    listed.rows[0].revoke.click()
    listed.rows[0].sure.click()
    qtbot.waitUntil(lambda: listed.rows == [], timeout=LONG_MS)
    assert listed.empty.isVisible()


def test_a_folder_that_cannot_be_read_is_said(
    qtbot: QtBot, app_context: AppContext, voices: OwnVoices, folders: Folders
) -> None:
    folders.voices.mkdir(parents=True)
    (folders.voices / "revoked.json").mkdir()
    dialog = VoicesDialog(app_context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.error.isVisible(), timeout=LONG_MS)


# Lending


def test_lending_from_beginning_to_end(
    listed: VoicesDialog, microphone: Microphone, engine: FakeEngine, qtbot: QtBot
) -> None:
    listed.lend_button.click()
    dialog = listed.lending
    assert dialog is not None and not dialog.primary.isEnabled()
    qtbot.waitUntil(lambda: dialog.name.hasFocus())
    qtbot.keyClicks(dialog.name, "Ada Byron")
    press(dialog.name, qtbot, Qt.Key.Key_Return)
    assert dialog.lending.step is Step.READY and dialog.primary.text() == "Record"
    assert dialog.primary.hasFocus()
    text = dialog.lending.reading.text
    assert "Ada Byron" in dialog.text.text() and dialog.text.accessibleName()
    to_the_end_of(dialog, microphone, qtbot)
    assert dialog.primary.text() == "I have read it"
    assert dialog.bar.isVisible() and "Recording" in dialog.bar.words.text()
    engine.script(Finish(text))
    dialog.primary.click()
    qtbot.waitUntil(lambda: bool(engine.submitted), timeout=LONG_MS)
    assert not dialog.primary.isEnabled()
    engine.play()
    qtbot.waitUntil(lambda: dialog.lending.step is Step.DONE, timeout=LONG_MS)
    assert "Voice of Ada Byron, cloned with the consent" in dialog._done_words.text()
    dialog.primary.click()
    qtbot.waitUntil(lambda: [row.title.text() for row in listed.rows] == ["Ada Byron"])
    qtbot.waitUntil(lambda: listed.lending is None)


def test_words_that_were_not_heard_are_marked_in_the_text(
    lend: LendDialog, microphone: Microphone, engine: FakeEngine, qtbot: QtBot
) -> None:
    lend.name.setText("Ada Byron")
    lend.go_on()
    word = lend.lending.reading.words[1]
    heard = lend.lending.reading.text.replace(word, "")
    to_the_end_of(lend, microphone, qtbot)
    engine.script(Finish(heard))
    lend.go_on()
    qtbot.waitUntil(lambda: bool(engine.submitted), timeout=LONG_MS)
    engine.play()
    qtbot.waitUntil(lambda: lend.lending.step is Step.REFUSED, timeout=LONG_MS)
    assert lend.error.isVisible() and f"“{word}”" in lend.error.accessibleName()
    assert f">{word}</b></u>" in lend.text.text()
    assert lend.text.text().count("<u>") == 1
    assert lend.primary.text() == "Read again" and lend.primary.hasFocus()
    lend.other_button.click()
    assert lend.error.isHidden() and "<u>" not in lend.text.text()


def test_a_name_that_is_none_is_told_beside_it(lend: LendDialog) -> None:
    lend.name.setText("1234")
    lend.go_on()
    assert lend.lending.step is Step.NAME
    assert lend.error.isVisible() and "cannot be part of a name" in lend.error.accessibleName()
    lend.name.setText("<b>Ada</b>")
    lend.go_on()
    assert lend.lending.step is Step.NAME
    lend.name.setText("Ada O'Brien")
    lend.go_on()
    assert lend.lending.step is Step.READY and lend.error.isHidden()
    assert "O&#x27;Brien" in lend.text.text()


def test_no_microphone_is_told_and_one_can_try_again(
    lend: LendDialog, microphone: Microphone, qtbot: QtBot
) -> None:
    lend.name.setText("Ada Byron")
    lend.go_on()
    microphone.unplug(SoundDeviceError("There is no microphone.", hint="Plug one in."))
    lend.go_on()
    qtbot.waitUntil(lambda: lend.lending.step is Step.REFUSED, timeout=LONG_MS)
    assert lend.error.accessibleName() == "There is no microphone. Plug one in."
    assert lend.primary.isEnabled() and lend.primary.text() == "Read again"


def test_esc_drops_the_recording_and_then_closes(
    lend: LendDialog, microphone: Microphone, qtbot: QtBot, folders: Folders
) -> None:
    lend.name.setText("Ada Byron")
    lend.go_on()
    lend.go_on()
    qtbot.waitUntil(lambda: lend.lending.step is Step.RECORDING, timeout=LONG_MS)
    press(lend, qtbot, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: lend.lending.step is Step.READY, timeout=LONG_MS)
    assert lend.isVisible()
    press(lend, qtbot, Qt.Key.Key_Escape)
    assert not lend.isVisible()
    qtbot.waitUntil(lambda: readings(folders) == [], timeout=LONG_MS)


def test_closing_the_window_while_recording_leaves_nothing(
    lend: LendDialog, qtbot: QtBot, folders: Folders
) -> None:
    lend.name.setText("Ada Byron")
    lend.go_on()
    lend.go_on()
    qtbot.waitUntil(lambda: lend.lending.step is Step.RECORDING, timeout=LONG_MS)
    lend.close()
    assert not lend.isVisible()
    qtbot.waitUntil(lambda: readings(folders) == [], timeout=LONG_MS)


class TestWithoutAListener:
    @pytest.fixture
    def engine(self) -> FakeEngine:
        return FakeEngine(models=(CHAT_MODEL, VOICE_MODEL))

    def test_it_is_said_and_one_is_offered(
        self, lend: LendDialog, engine: FakeEngine, qtbot: QtBot
    ) -> None:
        lend.name.setText("Ada Byron")
        assert not lend.primary.isEnabled() and "listening model" in lend.primary.toolTip()
        qtbot.waitUntil(lambda: bool(lend.bar.buttons), timeout=LONG_MS)
        assert lend.bar.isVisible()
        assert lend.bar.words.text() == "To listen, Triptych needs a listening model."
        assert lend.bar.buttons[0].text().startswith("Get it (")
        engine._models = (*engine._models, LISTENER_MODEL)
        engine.refresh_models()
        qtbot.waitUntil(lambda: lend.primary.isEnabled(), timeout=LONG_MS)
        assert lend.bar.isHidden()


# For everybody


def test_every_control_has_a_name_and_can_be_reached(
    listed: VoicesDialog, lend: LendDialog, store: VoiceStore, qtbot: QtBot
) -> None:
    keep(listed, store, qtbot, "Ada")
    lend.name.setText("Ada")
    lend.go_on()
    for dialog in (listed, lend):
        for button in dialog.findChildren(QAbstractButton):
            assert button.text() or button.accessibleName()
            if button.isVisible() and button.isEnabled():
                assert button.focusPolicy() & Qt.FocusPolicy.TabFocus, button.text()
    assert listed.rows[0].listen.accessibleName() == "Listen · Ada"
