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

from studio.core.errors import BadInputError, StudioError
from studio.documents.soundtrack.file_player import FilePlayer
from studio.documents.soundtrack.outputs import NullOutput, SoundDeviceError
from studio.documents.soundtrack.sound_files import Samples
from tests.documents.soundtrack.conftest import noise, write_wav

RATE = 8000
WAIT_S = 10.0


class Ear:
    """A player of one file to nowhere, what is heard of it, and how it ended."""

    def __init__(self, path: Path) -> None:
        self.output = NullOutput()
        self.heard: list[Samples] = []
        self.output.heard = self.heard.append
        self.ends: list[StudioError | None] = []
        self.over = threading.Event()
        self.player = FilePlayer(path, self.output, self._ended)

    def _ended(self, error: StudioError | None) -> None:
        self.ends.append(error)
        self.over.set()

    def sound(self) -> Samples:
        whole = np.concatenate(self.heard)
        return whole[: int(np.flatnonzero(np.abs(whole).max(axis=1))[-1]) + 1]

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < end
            threading.Event().wait(0.005)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_a_file_is_heard_once_whole_and_in_order(tmp_path: Path, kind: str, channels: int) -> None:
    samples = noise(RATE, channels) + np.float32(1e-3)
    path = tmp_path / f"sound.{kind}"
    soundfile.write(path, samples, RATE, subtype="PCM_24")
    ear = Ear(path)
    ear.player.start()
    assert ear.over.wait(WAIT_S)
    assert ear.ends == [None]
    expected = samples if channels == 2 else np.repeat(samples, 2, axis=1)
    assert ear.sound() == pytest.approx(expected, abs=1e-5)
    assert ear.player.position_s == pytest.approx(1.0, abs=0.01)
    ear.player.wait(WAIT_S)


def test_a_long_file_is_read_only_as_far_as_it_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.documents.soundtrack.sound_files import SoundFileReader

    read: list[int] = []
    blocks = SoundFileReader.blocks

    def counted(reader: SoundFileReader):
        for block in blocks(reader):
            read.append(len(block))
            yield block

    monkeypatch.setattr(SoundFileReader, "blocks", counted)
    ear = Ear(write_wav(tmp_path / "long.wav", noise(RATE * 120), RATE))
    ear.player.start()
    ear.until(lambda: ear.player.position_s > 0.2)
    assert sum(read) < RATE * 20
    ear.player.stop()
    ear.player.wait(WAIT_S)
    assert ear.ends == []


def test_stopping_is_silence_at_once_and_gives_the_device_back(tmp_path: Path) -> None:
    ear = Ear(write_wav(tmp_path / "long.wav", noise(RATE * 60), RATE))
    ear.player.start()
    ear.until(lambda: ear.player.position_s > 0.05)
    began = time.monotonic()
    ear.player.stop()
    assert time.monotonic() - began < 0.2
    ear.player.wait(WAIT_S)
    (stream,) = ear.output.streams
    assert stream.delay == 0
    ear.player.stop()  # twice is nothing more
    assert ear.ends == []


def test_stopping_before_it_began_is_no_error(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "sound.wav", noise(RATE), RATE)
    never = Ear(path)
    never.player.stop()
    never.player.wait()
    at_once = Ear(path)
    at_once.player.start()
    at_once.player.stop()
    at_once.player.wait(WAIT_S)
    assert never.ends == at_once.ends == []


def test_what_cannot_be_heard_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("Dear sister, the lamp is out.", "utf-8")
    empty = write_wav(tmp_path / "empty.wav", noise(0), RATE)
    for path in (tmp_path / "text.wav", empty):
        ear = Ear(path)
        ear.player.start()
        assert ear.over.wait(WAIT_S)
        (error,) = ear.ends
        assert isinstance(error, BadInputError)
        ear.player.wait(WAIT_S)
    unplugged = Ear(write_wav(tmp_path / "sound.wav", noise(RATE), RATE))
    unplugged.output.unplug(SoundDeviceError("There is no sound device."))
    unplugged.player.start()
    assert unplugged.over.wait(WAIT_S)
    (error,) = unplugged.ends
    assert error is not None and error.user_message == "There is no sound device."


def test_a_device_that_is_pulled_out_ends_it(tmp_path: Path) -> None:
    ear = Ear(write_wav(tmp_path / "long.wav", noise(RATE * 60), RATE))
    ear.player.start()
    ear.until(lambda: ear.player.position_s > 0.05)
    ear.output.unplug()
    assert ear.over.wait(WAIT_S)
    assert isinstance(ear.ends[0], SoundDeviceError)
    ear.player.wait(WAIT_S)


def test_a_rate_at_which_no_piece_fits_is_played_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "slow.wav"
    soundfile.write(path, noise(300, 1), 500)
    ear = Ear(path)
    ear.player.start()
    assert ear.over.wait(WAIT_S)
    assert ear.ends == [None]
    assert len(ear.sound()) == 300


def test_importing_it_brings_nothing_heavy() -> None:
    code = (
        "import sys; import studio.documents.soundtrack.file_player\n"
        "print([name for name in ('numpy', 'soundfile', 'sounddevice') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
