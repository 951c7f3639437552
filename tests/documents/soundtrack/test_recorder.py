from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.core.errors import DiskFullError
from studio.documents.soundtrack import Soundtrack
from studio.documents.soundtrack.feeding import SILENT
from studio.documents.soundtrack.inputs import SignalInput
from studio.documents.soundtrack.outputs import SoundDeviceError
from studio.documents.soundtrack.recorder import (
    Recorder,
    RecorderEvent,
    discard,
    place,
    recoverable,
)
from studio.documents.soundtrack.recording_files import (
    Recording,
    RecordingFile,
    mended,
    read_recording,
)
from tests.documents.soundtrack.conftest import RATE, noise
from tests.documents.soundtrack.record_child import signal

PATIENCE_S = 20.0


class Session:
    def __init__(self, folder: Path, source: SignalInput | None = None, channels: int = 1) -> None:
        self.source = source or SignalInput(signal)
        self.recorder = Recorder(folder, self.source, channels=channels)
        self.events: list[RecorderEvent] = []
        self.changed = threading.Condition()
        self.recorder.subscribe(self._event)

    def _event(self, event: RecorderEvent) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        pause = threading.Event()
        while not condition():
            assert time.monotonic() < deadline
            pause.wait(0.005)

    def stop(self) -> RecorderEvent:
        self.recorder.stop()
        assert self.recorder.wait(PATIENCE_S)
        return self.events[-1]


def test_what_comes_in_stands_in_an_ordinary_file(tmp_path: Path) -> None:
    session = Session(tmp_path / "new")
    session.recorder.start(position=99, track_id="t", clip_id="c")
    session.until(lambda: session.recorder.seconds > 0.7)
    assert session.recorder.recording
    session.until(lambda: session.recorder.levels().peak[0] > 0.1)
    assert recoverable(tmp_path / "new") == (), "what is being made is not left over"
    event = session.stop()
    assert [each.state for each in session.events] == ["recording", "stopped"]
    made = event.recording
    assert made is not None and event.error is None
    assert (made.position, made.track_id, made.clip_id) == (99, "t", "c")
    samples, rate = soundfile.read(made.path, dtype="float32", always_2d=True)
    assert rate == RATE and len(samples) == made.frames > 0.7 * RATE
    assert np.abs(samples - signal(0, made.frames)).max() < 2.0**-23
    assert session.recorder.levels() == SILENT
    assert recoverable(tmp_path / "new") == (made,)
    discard(made)
    assert list((tmp_path / "new").iterdir()) == []


def test_it_is_safe_on_disk_every_second_while_it_grows(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.recorder.start()
    session.until(lambda: session.recorder.seconds > 1.6)
    (path,) = tmp_path.glob("*.wav")
    assert session.recorder.seconds - soundfile.info(path).duration < 1.0, "by its header"
    session.stop()


def test_what_was_recorded_becomes_a_clip_where_it_belongs(tmp_path: Path, pool) -> None:
    soundtrack = Soundtrack()
    track = soundtrack.add_track("Voice")
    session = Session(tmp_path / "new")
    session.recorder.start(position=4000, track_id=track)
    session.until(lambda: session.recorder.seconds > 0.2)
    made = session.stop().recording
    assert made is not None
    clip = soundtrack.clip(place(soundtrack, pool, made))
    assert (clip.start, clip.duration, clip.take.origin) == (4000, made.frames, "recorded")
    assert soundtrack.track_of(clip.id).id == track
    read = pool.read(clip.source, 0, made.frames)
    assert np.abs(read - signal(0, made.frames)).max() < 2.0**-22
    assert soundtrack.undo_label == "Record"
    session.recorder.start(position=4000, track_id=track, clip_id=clip.id)
    session.until(lambda: session.recorder.seconds > 0.2)
    again = session.stop().recording
    assert again is not None and place(soundtrack, pool, again) == clip.id
    assert len(soundtrack.clip(clip.id).takes) == 2
    soundtrack.remove_track(track)
    other = soundtrack.track_of(place(soundtrack, pool, again))
    assert other.name == "Recovered"


def test_a_microphone_that_is_pulled_out_keeps_what_was_said(tmp_path: Path) -> None:
    session = Session(tmp_path)
    session.recorder.start()
    session.until(lambda: session.recorder.seconds > 0.2)
    session.source.unplug(SoundDeviceError("The microphone is gone."))
    session.until(lambda: not session.recorder.recording)
    event = session.events[-1]
    assert event.state == "stopped" and str(event.error) == "The microphone is gone."
    assert event.recording is not None and event.recording.duration_s > 0.2
    session.recorder.start()
    assert session.recorder.wait(PATIENCE_S)
    assert session.events[-1].recording is None and session.events[-1].error is not None
    assert len(recoverable(tmp_path)) == 1


def test_a_full_disk_keeps_what_is_on_it(tmp_path: Path, monkeypatch) -> None:
    session = Session(tmp_path)
    session.recorder.start()
    session.until(lambda: session.recorder.seconds > 0.7)

    def full(*_: object) -> None:
        raise DiskFullError("The disk is full.")

    monkeypatch.setattr(RecordingFile, "write", full)
    session.until(lambda: not session.recorder.recording)
    event = session.events[-1]
    assert isinstance(event.error, DiskFullError)
    assert event.recording is not None and event.recording.duration_s > 0.5


def test_stereo_and_levels_left_and_right(tmp_path: Path) -> None:
    def both(start: int, frames: int):
        one = signal(start, frames)
        return np.concatenate((one, one * 0.1), axis=1)

    session = Session(tmp_path, SignalInput(both), channels=2)
    session.recorder.start()
    session.until(lambda: session.recorder.seconds > 0.2)
    levels = session.recorder.levels()
    assert levels.peak[1] == pytest.approx(levels.peak[0] * 0.1, rel=0.01)
    made = session.stop().recording
    assert made is not None and soundfile.info(made.path).channels == 2


def test_nothing_recorded_leaves_no_file(tmp_path: Path) -> None:
    silent = SignalInput(signal, clock=lambda: 0.0)
    session = Session(tmp_path, silent)
    session.recorder.start()
    assert session.stop().recording is None
    assert list(tmp_path.iterdir()) == []


def test_killed_while_recording_at_most_two_seconds_are_lost(tmp_path: Path, pool) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.documents.soundtrack.record_child", str(tmp_path / "r")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "recording\n"
    began = time.monotonic()
    assert recoverable(tmp_path / "r") == (), "another process records it"
    (path,) = (tmp_path / "r").glob("*.wav")
    pause = threading.Event()
    while path.stat().st_size < 2 * 3 * RATE:
        pause.wait(0.01)
    child.kill()
    length = time.monotonic() - began
    child.wait()
    child.stdout.close()
    (found,) = recoverable(tmp_path / "r")
    assert length - 2.0 <= found.duration_s <= length + 1.0 and found.duration_s > 1.9
    assert (found.position, found.track_id) == (4711, "track")
    assert (found.project_id, found.document_id) == ("p", "d")
    samples, _ = soundfile.read(found.path, dtype="float32", always_2d=True)
    assert len(samples) == found.frames
    assert np.abs(samples - signal(0, found.frames)).max() < 2.0**-23
    soundtrack = Soundtrack()
    clip = soundtrack.clip(place(soundtrack, pool, found))
    assert clip.start == 4711 and clip.duration == found.frames


@pytest.mark.parametrize("cut", [1, 100, 2_000])
def test_a_recording_cut_off_anywhere_is_what_its_length_says(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.recording.wav"
    file = RecordingFile(Recording(path=path, sampling_rate=RATE, channels=2))
    sound = noise(5000)
    file.write(sound)
    file._file.flush()  # killed before the header was brought up to date
    data = path.read_bytes()
    file.close()
    path.write_bytes(data[:-cut])
    (found,) = recoverable(tmp_path)
    assert found.frames == 5000 - -(-cut // 6)
    samples, _ = soundfile.read(path, dtype="float32")
    assert np.abs(samples - sound[: found.frames]).max() < 2.0**-22


def test_what_is_no_recording_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x.recording.wav").write_bytes(b"RF64 nothing")
    (tmp_path / "y.recording.wav").write_bytes(bytes(5000))
    (tmp_path / "other.wav").write_bytes(b"mine")
    assert recoverable(tmp_path) == ()
    assert len(list(tmp_path.iterdir())) == 3
    assert recoverable(tmp_path / "nowhere") == ()


def test_a_recording_beyond_4_gb_is_one_file(tmp_path: Path) -> None:
    path = tmp_path / "long.recording.wav"
    frames = 1_600_000_000  # nine hours
    file = RecordingFile(Recording(path=path, sampling_rate=RATE, channels=1))
    file.close()
    with path.open("r+b") as grown:
        grown.truncate(path.stat().st_size + 3 * frames)  # a hole: it takes no room
    found = mended(read_recording(path))
    assert found.frames == frames
    info = soundfile.info(path)
    assert info.frames == frames and info.format == "RF64"


def test_samples_beyond_full_scale_are_cut_off_not_wrapped(tmp_path: Path) -> None:
    path = tmp_path / "a.recording.wav"
    file = RecordingFile(Recording(path=path, sampling_rate=RATE, channels=1))
    file.write(np.array([[2.0], [-2.0], [1.0], [-1.0]], np.float32))
    file.close()
    samples, _ = soundfile.read(path, dtype="float32")
    assert samples == pytest.approx([1.0, -1.0, 1.0, -1.0], abs=1e-6)
