from __future__ import annotations

import builtins
import threading

import numpy as np
import pytest

from studio.documents.soundtrack import Soundtrack, devices
from studio.documents.soundtrack.devices import (
    DeviceInput,
    DeviceOutput,
    SoundDevice,
    input_devices,
    output_devices,
)
from studio.documents.soundtrack.outputs import SoundDeviceError
from studio.documents.soundtrack.player import Player, PlayerEvent
from tests.documents.soundtrack.conftest import RATE, known, noise
from tests.documents.soundtrack.fake_portaudio import FakePortAudio


@pytest.fixture
def portaudio(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    fake = FakePortAudio()
    monkeypatch.setattr(devices, "portaudio", lambda: fake)
    return fake


def test_devices_are_listed_the_default_first_and_looked_for_anew(portaudio) -> None:
    assert output_devices() == (
        SoundDevice("Speakers", 2, 44_100, True),
        SoundDevice("Headset", 1, 44_100),
    )
    assert input_devices() == (SoundDevice("Headset", 1, 44_100, True),)
    portaudio.devices.append(FakePortAudio.device("New", outputs=8))
    assert [device.name for device in output_devices()] == ["Speakers", "Headset", "New"]
    assert portaudio.scans == 3
    stream = DeviceOutput().open(RATE)
    scans = portaudio.scans
    output_devices()
    assert portaudio.scans == scans, "not while something is open: it would end"
    stream.close()


def test_what_is_written_is_played_after_a_delay(portaudio) -> None:
    stream = DeviceOutput("Speakers").open(RATE, 0.5)
    assert portaudio.streams[0].values.latency == 0.5
    room = stream.room()
    assert room == RATE // 2
    sound = noise(4000)
    assert stream.write(sound) is False
    assert np.array_equal(portaudio.played[0], sound)
    assert 0 < stream.delay <= 4000
    stream.drop()
    assert stream.delay == 0
    assert stream.room() == RATE // 2
    stream.close()


def test_a_device_with_one_channel_gets_the_mean(portaudio) -> None:
    stream = DeviceOutput("Headset").open(RATE)
    stream.room()
    sound = noise(100)
    stream.write(sound)
    assert np.allclose(portaudio.played[0], sound.mean(axis=1, keepdims=True))
    stream.close()


def test_a_device_with_a_rate_of_its_own_is_resampled_to(portaudio) -> None:
    portaudio.rates = (44_100,)
    stream = DeviceOutput().open(RATE)
    assert portaudio.streams[-1].samplerate == 44_100
    total = 0
    for _ in range(10):
        assert stream.room() > 0
        stream.write(noise(1000))
        total += 1000
    played = sum(map(len, portaudio.played))
    assert played == pytest.approx(total * 44_100 / RATE, abs=1500)
    stream.drop()
    stream.close()


@pytest.mark.parametrize("doing", ["room", "write", "drop", "open"])
def test_every_failure_of_a_device_is_a_sentence(portaudio, doing: str) -> None:
    output = DeviceOutput("Headset")
    stream = output.open(RATE)
    stream.room()
    portaudio.dead = True
    calls = {
        "room": stream.room,
        "write": lambda: stream.write(noise(10)),
        "drop": stream.drop,
        "open": lambda: DeviceOutput("Gone").open(RATE),
    }
    with pytest.raises(SoundDeviceError) as caught:
        calls[doing]()
    name = "Gone" if doing == "open" else "Headset"
    assert caught.value.user_message.startswith(name) and caught.value.hint
    assert stream.delay == 0
    stream.close()


def test_no_device_and_no_portaudio_say_so(portaudio, monkeypatch) -> None:
    portaudio.devices.clear()
    assert output_devices() == () and input_devices() == ()
    with pytest.raises(SoundDeviceError, match="no sound device to play"):
        DeviceOutput().open(RATE)
    with pytest.raises(SoundDeviceError, match="record from"):
        DeviceInput().open(RATE, 1)
    monkeypatch.undo()
    real = builtins.__import__

    def without(name: str, *args: object, **more: object) -> object:
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    for look in (output_devices, input_devices, lambda: DeviceOutput().open(RATE)):
        with pytest.raises(SoundDeviceError, match="no sound system") as caught:
            look()
        assert "libportaudio2" in caught.value.hint


def test_a_microphone_gives_what_came_and_is_missed_when_it_is_gone(portaudio, monkeypatch) -> None:
    stream = DeviceInput("Headset").open(16_000, 2)
    assert (stream.sampling_rate, stream.channels) == (16_000, 1)
    samples, lost = stream.read(5.0)
    assert len(samples) > 0 and samples.shape[1] == 1 and not lost
    portaudio.dead = True
    with pytest.raises(SoundDeviceError, match="Headset"):
        stream.read(0.1)
    stream.close()
    portaudio.dead = False
    portaudio.rates = (44_100,)
    other = DeviceInput().open(48_000, 1)
    assert other.sampling_rate == 44_100
    monkeypatch.setattr(type(portaudio.streams[-1]), "read_available", 0)
    monkeypatch.setattr(devices, "STUCK_S", 0.05)
    with pytest.raises(SoundDeviceError, match="does not answer"):
        other.read(5.0)
    other.close()


def test_a_player_on_a_device_that_is_pulled_out_and_plugged_in_again(portaudio) -> None:
    sound = noise(3 * RATE)
    soundtrack = Soundtrack()
    soundtrack.add_source(known(len(sound)))
    clip_source = soundtrack.sources()[0].sha256
    soundtrack.add_clip(soundtrack.add_track(), clip_source, 0)
    player = Player(soundtrack, lambda _, start, count: sound[start : start + count])
    events: list[PlayerEvent] = []
    failed, ended = threading.Event(), threading.Event()

    def listen(event: PlayerEvent) -> None:
        events.append(event)
        if event.error is not None:
            failed.set()
        if event.at_end:
            ended.set()

    player.subscribe(listen)
    player.set_output(DeviceOutput("Headset"))
    player.play(0)
    pause = threading.Event()
    while not portaudio.played:
        pause.wait(0.005)
    portaudio.dead = True
    assert failed.wait(20)
    stood = player.position
    assert player.state == "paused"
    portaudio.dead = False
    del portaudio.devices[1]
    portaudio.played.clear()
    player.play(2 * RATE)
    assert ended.wait(20)
    assert portaudio.streams[-1].channels == 2, "the speakers, since the headset is gone"
    played = np.concatenate(portaudio.played)
    assert np.array_equal(played[:RATE], sound[2 * RATE :]) and not played[RATE:].any()
    assert 0 <= stood < RATE
    player.close()
    assert all(stream.closed for stream in portaudio.streams)
