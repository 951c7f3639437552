from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDrag, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog

from studio.app.panes.sound.narrate_dialog import NarrateDialog
from studio.app.panes.sound.pane import SoundPane
from studio.app.panes.sound.sound_options import SoundOptions
from studio.app.voices.voices_dialog import VoicesDialog
from studio.core.paths import Folders
from studio.core.provenance import read
from studio.core.requests import AudioRequest, from_json
from studio.documents.soundtrack.formats import ExportOptions
from studio.documents.spans import TextEdit
from studio.engine.api import Voice
from studio.voices.records import VoiceRecord
from tests.app.panes.sound.conftest import Studio, wav
from tests.fakes.fake_engine import VOICE_MODEL, Fail, Finish, Sing, Steps
from tests.fakes.readings import checked, voice_store


def drag(studio: Studio, start: QPointF, end: QPointF) -> None:
    """Press at one point of the time line, go to the other in steps, and let go."""
    port = studio.pane.view.timeline.viewport()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=start.toPoint())
    for share in (0.3, 0.6, 1.0):
        at = start + (end - start) * share
        QTest.mouseMove(port, at.toPoint())
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=end.toPoint())


def middle(studio: Studio, clip_id: str) -> QPointF:
    layout = studio.pane.view.timeline.layout_now()
    for top, track in layout.visible_tracks():
        for clip in track.clips:
            if clip.id == clip_id:
                return layout.clip_rect(clip, top).center()
    raise AssertionError("the clip is not in view")


def test_a_sentence_becomes_a_clip_with_its_request(studio: Studio) -> None:
    assert studio.pane.view._stack.currentIndex() == 1
    clip = studio.speak("The lamp is lit.")
    assert studio.pane.view._stack.currentIndex() == 0
    assert clip.take.origin == "generated"
    request = from_json(clip.take.request)
    assert isinstance(request, AudioRequest) and request.prompt == "The lamp is lit."
    assert clip.take.facts["voice"] == "First"
    assert studio.track.track_of(clip.id).kind == "speech"
    assert studio.pane.view.timeline.selected == {clip.id}


def test_the_next_sentence_goes_behind_the_first(studio: Studio) -> None:
    first = studio.speak("The lamp is lit.")
    second = studio.speak("So is the sea.")
    assert second.start > first.end
    assert len(studio.track.tracks) == 1


def test_another_take_is_a_choice_in_the_same_clip(studio: Studio) -> None:
    clip = studio.speak("The lamp is lit.")
    studio.pane.inspector.clip.another.click()
    studio.engine.play()
    studio.until(lambda: len(studio.track.clip(clip.id).takes) == 2)
    takes = studio.track.clip(clip.id).takes
    seeds = {from_json(take.request).seed for take in takes}
    assert len(seeds) == 2
    box = studio.pane.inspector.clip.takes
    assert box.count() == 2 and box.currentIndex() == 1
    box.setCurrentIndex(0)
    box.activated.emit(0)
    assert studio.track.clip(clip.id).chosen == takes[0].id


def test_what_is_made_is_one_step_of_undo(studio: Studio) -> None:
    studio.speak("The lamp is lit.")
    studio.pane.undo()
    assert not studio.clips
    studio.pane.redo()
    assert len(studio.clips) == 1


def test_a_failure_says_what_happened_and_the_text_stays(studio: Studio) -> None:
    studio.engine.script(Fail("The voice is gone.", hint="Repair it."))
    studio.pane.view.prompt.set_text("Hello there.")
    studio.pane.view.prompt.submit()
    studio.engine.play()
    studio.until(studio.pane.view.error.isVisible)
    assert studio.pane.view.prompt.text() == "Hello there."
    assert not studio.clips


def test_stopping_stops(studio: Studio) -> None:
    studio.engine.script(Sing(), Steps(1, 4), Finish())
    studio.pane.view.prompt.set_text("Hello there.")
    studio.pane.view.prompt.submit()
    studio.engine.step(count=2)
    studio.pane.view.prompt.stop_requested.emit()
    assert studio.engine.cancelled
    studio.until(lambda: not studio.session.busy)
    assert not studio.clips


def test_files_come_in_one_after_the_other(studio: Studio, tmp_path: Path) -> None:
    files = [wav(tmp_path / "one.wav"), wav(tmp_path / "two.wav", 2.0)]
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    event = QDropEvent(
        QPointF(200, 200),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    studio.pane.view.dropEvent(event)
    studio.until(lambda: len(studio.clips) == 2)
    one, two = sorted(studio.clips, key=lambda clip: clip.start)
    assert (one.name, two.name) == ("one.wav", "two.wav") or one.name.startswith("one")
    assert two.start == one.end


def test_no_sound_file_is_told_and_nothing_else_happens(studio: Studio, tmp_path: Path) -> None:
    text = tmp_path / "not.wav"
    text.write_text("This is no sound.")
    studio.pane.open_file(text)
    studio.until(lambda: studio.pane.view.error.isVisible())
    assert not studio.clips and not studio.session.busy


def test_a_clip_is_dragged_trimmed_and_put_back(studio: Studio) -> None:
    clip = studio.speak("The lamp is lit, and the sea is calm tonight.")
    timeline = studio.pane.view.timeline
    timeline.snapping = False
    timeline.fit()
    at = middle(studio, clip.id)
    drag(studio, at, at + QPointF(120, 0))
    moved = studio.track.clip(clip.id)
    assert moved.start > clip.start and moved.duration == clip.duration
    studio.pane.undo()
    assert studio.track.clip(clip.id).start == clip.start
    layout = timeline.layout_now()
    top = next(layout.visible_tracks())[0]
    right = layout.clip_rect(clip, top).right() - 2
    drag(studio, QPointF(right, at.y()), QPointF(right - 60, at.y()))
    assert studio.track.clip(clip.id).duration < clip.duration
    assert studio.track.clip(clip.id).start == clip.start


def test_escape_leaves_a_drag(studio: Studio) -> None:
    clip = studio.speak("The lamp is lit.")
    timeline = studio.pane.view.timeline
    timeline.snapping = False
    port, at = timeline.viewport(), middle(studio, clip.id).toPoint()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(port, at + QPoint(90, 0))
    assert studio.track.clip(clip.id).start != clip.start
    QTest.keyClick(timeline, Qt.Key.Key_Escape)
    assert studio.track.clip(clip.id).start == clip.start
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=at)


def test_split_duplicate_mute_and_delete(studio: Studio) -> None:
    clip = studio.speak("The lamp is lit, and the sea is calm.")
    studio.pane.view.timeline.set_cursor_position(clip.start + clip.duration // 2)
    studio.pane.split()
    assert len(studio.clips) == 2
    studio.pane.select_all()
    studio.pane.mute_clips()
    assert all(each.mute for each in studio.clips)
    studio.pane.duplicate()
    assert len(studio.clips) == 4
    studio.pane.select_all()
    studio.pane.delete_clips()
    assert not studio.clips


def test_playing_moves_the_play_head_and_space_pauses(studio: Studio) -> None:
    studio.speak("The lamp is lit, and the sea is calm tonight, as it was before.")
    view = studio.pane.view
    view.play()
    studio.until(lambda: view.timeline.cursor_position > 4_000)
    view.play()
    studio.until(lambda: not studio.session.playing)


def test_recording_becomes_a_clip(studio: Studio) -> None:
    studio.pane.view.record()
    studio.until(lambda: studio.session.recorder.seconds > 0.2)
    studio.pane.view.record()
    studio.until(lambda: studio.clips and not studio.session.busy)
    assert studio.clips[0].take.origin == "recorded"


def test_a_text_is_narrated_and_only_what_changed_is_spoken_again(studio: Studio) -> None:
    pane = studio.pane

    def narrate(text: str) -> None:
        pane.narrating.speak(text)
        run = pane.narrating.run
        assert run is not None
        while run.running:
            count = len(studio.asked)
            if any(job.state in ("queued", "running") for job in studio.engine.jobs()):
                studio.engine.play()
            studio.until(lambda c=count: not run.running or len(studio.asked) > c)

    narrate("# Dusk\n\nThe lamp is lit. The sea is calm.")
    spoken = [request.prompt for request in studio.asked]
    assert "The lamp is lit." in spoken and "The sea is calm." in spoken
    assert any(marker.chapter for marker in studio.track.markers)
    narrate("# Dusk\n\nThe lamp is lit. The sea is rough.")
    assert [request.prompt for request in studio.asked][len(spoken) :] == ["The sea is rough."]


def test_the_export_is_marked_as_made_by_a_model(studio: Studio, tmp_path: Path) -> None:
    studio.speak("The lamp is lit.")
    target = tmp_path / "out.wav"
    options = ExportOptions(format="wav")
    studio.pane.export(studio.session, target, options, "whole", None)
    studio.until(lambda: target.exists() and studio.pane._exporting.pending == 0)
    samples, rate = soundfile.read(target)
    assert rate == 48_000 and np.abs(samples).max() > 0.05
    assert read(target) is not None


def test_a_clip_is_saved_as_a_file_of_its_own(studio: Studio, tmp_path: Path) -> None:
    clip = studio.speak("The lamp is lit.")
    studio.speak("So is the sea.")
    target = tmp_path / "clip.flac"
    studio.pane.clip_files.save(studio.session, clip.id, target)
    studio.until(lambda: target.exists() and studio.pane._exporting.pending == 0)
    samples, rate = soundfile.read(target)
    assert abs(len(samples) / rate - clip.duration / 48_000) < 0.01
    assert read(target) is not None


def test_a_clip_dragged_out_of_the_window_is_a_file(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    dragged: list[Path] = []

    def take(drag: QDrag, _action: Qt.DropAction) -> None:
        dragged.extend(Path(url.toLocalFile()) for url in drag.mimeData().urls())

    monkeypatch.setattr(QDrag, "exec", take)
    monkeypatch.setattr(QApplication, "mouseButtons", lambda: Qt.MouseButton.LeftButton)
    clip = studio.speak("Is the lamp lit?")
    port, at = studio.pane.view.timeline.viewport(), middle(studio, clip.id).toPoint()
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(port, at + QPoint(90, 0))
    QTest.mouseMove(port, QPoint(at.x(), port.mapFrom(studio.pane, QPoint(0, -200)).y()))
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=at)
    studio.until(lambda: dragged)
    assert studio.track.clip(clip.id).start == clip.start
    samples, rate = soundfile.read(dragged[0])
    assert abs(len(samples) / rate - clip.duration / 48_000) < 0.01
    assert "?" not in dragged[0].name and dragged[0].suffix == ".flac"
    assert read(dragged[0]) is not None
    assert studio.pane.close_requested() and not dragged[0].exists()


def test_a_drag_that_was_let_go_begins_no_other(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDrag, "exec", lambda *_: pytest.fail("nothing is held any more"))
    clip = studio.speak("The lamp is lit.")
    studio.pane.clip_files.drag_out(studio.session, clip.id)
    studio.until(lambda: studio.pane._exporting.pending == 0)


def test_the_chosen_clip_is_handed_over_to_be_written_down(studio: Studio) -> None:
    studio.speak("The lamp is lit.")
    with studio.qtbot.waitSignal(studio.pane.words_wanted) as handed:
        studio.pane.transcribe_clip()
    samples, _ = soundfile.read(handed.args[0])
    assert len(samples) and "lamp" in handed.args[0].name


def test_the_sentence_that_is_heard_is_shown(studio: Studio) -> None:
    clip = studio.speak("The lamp is lit, and the sea is calm tonight.")
    studio.pane.view.play()
    timeline = studio.pane.view.timeline
    studio.until(lambda: timeline._shown.speaking == clip.id)
    studio.pane.view.play()
    studio.until(lambda: timeline._shown.speaking == "")


def test_everything_is_there_again_in_the_next_window(studio: Studio) -> None:
    clip = studio.speak("The lamp is lit.")
    place = studio.session.place
    project, document_id = place.project, place.document_id
    assert project is not None
    place.flush(5.0)
    studio.pane.close_tab(0)
    assert not studio.clips
    studio.pane.open_document(project, document_id)
    (back,) = studio.clips
    assert (back.id, back.start, back.duration) == (clip.id, clip.start, clip.duration)
    pool = studio.session.place.pool
    assert pool is not None and pool.wait_ready(back.source, 5.0)
    assert np.abs(pool.read(back.source, 0, 4800)).max() > 0.05


def test_going_back_is_one_step(studio: Studio) -> None:
    studio.speak("The lamp is lit.")
    place = studio.session.place
    assert place.project is not None
    place.flush(5.0)
    state = place.project.state(place.document_id)
    studio.speak("So is the sea.")
    assert state is not None
    studio.pane.go_back(place.project, place.document_id, state, "Back")
    assert len(studio.clips) == 1
    studio.pane.undo()
    assert len(studio.clips) == 2


def test_without_a_model_it_says_so_and_the_rest_works(studio: Studio, tmp_path: Path) -> None:
    studio.pane.options.set_kind("music")
    assert "MusicGen" in studio.pane.options.why_not()
    studio.pane.view.prompt.set_text("slow piano")
    assert not studio.pane.view.prompt.can_submit()
    studio.pane.open_file(wav(tmp_path / "one.wav"))
    studio.until(lambda: len(studio.clips) == 1)


def test_options_come_back_at_the_next_start(studio: Studio) -> None:
    options = studio.pane.options
    options.set(speed=1.25, voice="x")
    other = SoundOptions(studio.context.bridge, studio.context.voices)
    other.take_plain(options.to_plain())
    assert (other.speed, other.voice, other.kind) == (1.25, "x", "speech")


@pytest.fixture
def lent(studio: Studio, folders: Folders) -> VoiceRecord:
    """A lent voice that the pane knows."""
    store = voice_store(folders.data)
    voices = studio.context.voices
    voices._made = store  # else the system's keyring would be asked
    record = store.keep(checked())
    voices.refresh()
    studio.until(lambda: voices.usable())
    return record


def test_a_lent_voice_is_chosen_and_spoken_with(studio: Studio, lent: VoiceRecord) -> None:
    chooser, options = studio.pane.inspector.voice_row, studio.pane.options
    at = chooser.box.findText("Ada Byron")
    assert not chooser.box.model().item(at).isEnabled(), "the model does not clone"
    assert "cannot speak in a voice" in chooser.box.itemData(at, Qt.ItemDataRole.ToolTipRole)
    studio.engine.cloning.add(VOICE_MODEL.info.id)
    studio.pane.inspector.refresh()
    assert chooser.box.model().item(at).isEnabled()
    chooser.box.setCurrentIndex(at)
    chooser.box.activated.emit(at)
    studio.speak("The lamp is lit.")
    request = studio.asked[-1]
    assert (request.kept_voice, request.voice) == (lent.kept_voice(), "")
    other = SoundOptions(studio.context.bridge, studio.context.voices)
    other.take_plain(options.to_plain())
    assert other.lent_voice == lent.kept_voice()
    chooser.box.setCurrentIndex(0)
    chooser.box.activated.emit(0)
    studio.speak("So is the sea.")
    assert studio.asked[-1].kept_voice is None


def test_without_the_voice_or_a_model_that_clones_it_is_not_asked_for(
    studio: Studio, lent: VoiceRecord
) -> None:
    options = studio.pane.options
    studio.engine.cloning.add(VOICE_MODEL.info.id)
    options.set(lent=lent.id)
    assert options.lent_voice == lent.kept_voice()
    studio.engine.cloning.clear()
    assert options.lent_voice is None
    studio.engine.cloning.add(VOICE_MODEL.info.id)
    studio.context.voices.revoke(lent.id, pytest.fail)
    studio.until(lambda: options.lent_voice is None)
    studio.speak("The lamp is lit.")
    assert studio.asked[-1].kept_voice is None
    options.set_kind("music")
    assert options.lent_voice is None and studio.pane.inspector.voice_row.isHidden()


def test_a_narration_speaks_in_the_lent_voice(studio: Studio, lent: VoiceRecord) -> None:
    studio.engine.cloning.add(VOICE_MODEL.info.id)
    studio.pane.options.set(lent=lent.id)
    studio.engine.autoplay = True
    studio.pane.narrating.speak("The lamp is lit. So is the sea.")
    studio.until(lambda: len(studio.clips) == 2)
    assert {request.kept_voice for request in studio.asked} == {lent.kept_voice()}


SCENE = "Ada: Come in.\n\nThe door opens.\n\nBob: Good evening.\n\nAda: Sit down.\n\nBob: Thanks."


def test_each_speaker_of_a_narration_has_a_voice(
    studio: Studio, lent: VoiceRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio.engine.cloning.add(VOICE_MODEL.info.id)
    studio.engine.voices = (Voice(id="heart", title="Heart"), Voice(id="sky", title="Sky"))
    studio.engine.autoplay = True
    project = studio.context.projects.ensure()
    for title, text in (("Monologue", "The lamp is lit."), ("Scene", SCENE)):
        made = project.create_document("text", title)
        project.commit_text(made, [TextEdit(0, "", text)], label="Type")
    shown: list[NarrateDialog] = []

    def choose(dialog: NarrateDialog) -> QDialog.DialogCode:
        shown.append(dialog)
        assert dialog.choosers == {} and "a colon" in dialog.note.text()
        dialog.box.setCurrentIndex(1)
        assert list(dialog.choosers) == ["Ada", "Bob"]
        for name, title in (("Ada", "Ada Byron"), ("Bob", "Sky")):
            box = dialog.choosers[name].box
            box.setCurrentIndex(box.findText(title))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(NarrateDialog, "exec", choose)
    studio.pane.narrating.ask()
    studio.until(lambda: len(studio.clips) == 5)
    spoken = {r.prompt: (r.voice, r.kept_voice and r.kept_voice.title) for r in studio.asked}
    assert spoken == {
        "Come in.": ("", "Ada Byron"),
        "The door opens.": ("", None),
        "Good evening.": ("sky", None),
        "Sit down.": ("", "Ada Byron"),
        "Thanks.": ("sky", None),
    }

    def again(dialog: NarrateDialog) -> QDialog.DialogCode:
        dialog.box.setCurrentIndex(1)
        assert dialog.choosers["Ada"].choice == ("", lent.id), "what was chosen is known again"
        return QDialog.DialogCode.Rejected

    studio.until(lambda: not studio.pane.narrating.run.running)
    monkeypatch.setattr(NarrateDialog, "exec", again)
    studio.pane.narrating.ask()


def test_voices_are_shown(studio: Studio) -> None:
    studio.pane.inspector.voice_row.button.click()
    (dialog,) = studio.pane.findChildren(VoicesDialog)
    assert dialog.isVisible()
    dialog.accept()


def test_every_control_can_be_named_by_a_screen_reader(studio: Studio) -> None:
    studio.speak("The lamp is lit.")
    for button in studio.pane.findChildren(QAbstractButton):
        assert button.text() or button.accessibleName(), button


def test_a_hundred_quick_presses_end_well(studio: Studio) -> None:
    view = studio.pane.view
    view.prompt.set_text("The lamp is lit.")
    for _ in range(50):
        view.make()
        view._stop_making()
    studio.until(lambda: not studio.session.busy)
    studio.speak("So is the sea.")
    assert len(studio.clips) == 1


def test_closing_while_something_is_made(studio: Studio) -> None:
    studio.engine.script(Sing(), Steps(1, 4), Finish())
    studio.pane.view.prompt.set_text("Hello there.")
    studio.pane.view.prompt.submit()
    studio.engine.step(count=1)
    assert isinstance(studio.pane, SoundPane)
    assert studio.pane.close_requested()
