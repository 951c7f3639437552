"""Playing into a clock: what is heard, where the cursor stands, what happens without a device."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from studio.core.errors import StudioError
from studio.core.media import Sound
from studio.documents.soundtrack import Soundtrack
from studio.documents.soundtrack.feeding import SILENT, Feeder
from studio.documents.soundtrack.outputs import (
    BUFFER_S,
    MAX_BUFFER_S,
    NullOutput,
    NullStream,
    SoundDeviceError,
)
from studio.documents.soundtrack.player import Player, PlayerEvent
from studio.documents.soundtrack.ring import Ring
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.stream_player import StreamPlayer
from tests.documents.soundtrack.conftest import RATE, known, noise

SOUND = noise(3 * RATE, seed=4)
PATIENCE_S = 20.0


def read(_: str, start: int, frames: int) -> Samples:
    out = np.zeros((frames, 2), np.float32)
    first, last = max(0, start), min(len(SOUND), start + frames)
    if first < last:
        out[first - start : last - start] = SOUND[first:last]
    return out


def without_padding(heard: Samples) -> Samples:
    """Return what was heard less the silence that makes a device begin."""
    loud = np.nonzero(np.abs(heard).max(axis=1))[0]
    return heard[: int(loud[-1]) + 1] if len(loud) else heard[:0]


class Listening:
    """A player into nowhere that remembers everything."""

    def __init__(self, read_source: Callable[[str, int, int], Samples] = read) -> None:
        self.soundtrack = Soundtrack()
        source = known(len(SOUND))
        self.soundtrack.add_source(source)
        self.track = self.soundtrack.add_track()
        self.clip = self.soundtrack.add_clip(self.track, source.sha256, 0)
        self.output = NullOutput()
        self.blocks: list[Samples] = []
        self.output.heard = self.blocks.append
        self.player = Player(self.soundtrack, read_source, self.output)
        self.events: list[PlayerEvent] = []
        self.changed = threading.Condition()
        self.player.subscribe(self._event)

    def _event(self, event: PlayerEvent) -> None:
        with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def wait(self, wanted: Callable[[PlayerEvent], bool]) -> PlayerEvent:
        with self.changed:
            assert self.changed.wait_for(lambda: any(map(wanted, self.events)), PATIENCE_S), (
                self.events
            )
            return next(event for event in self.events if wanted(event))

    def heard(self) -> Samples:
        return np.concatenate(self.blocks) if self.blocks else np.zeros((0, 2), np.float32)

    def silent(self) -> bool:
        """Whether every output has dropped what it had."""
        return all(stream.delay == 0 for stream in self.output.streams)

    def heard_to_the_end(self) -> Samples:
        return without_padding(self.heard())

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that comes with time; nothing tells of it."""
        deadline = time.monotonic() + PATIENCE_S
        pause = threading.Event()
        while True:
            for stream in self.output.streams:
                _ = stream.delay  # so that it tells what was heard by now
            if condition():
                return
            assert time.monotonic() < deadline
            pause.wait(0.005)


@pytest.fixture
def listening() -> Iterator[Listening]:
    made = Listening()
    yield made
    made.player.close()


def test_everything_is_heard_once_and_in_order(listening: Listening) -> None:
    start = 2 * RATE + 123
    listening.player.play(start)
    end = listening.wait(lambda event: event.at_end)
    assert (end.state, end.position, end.error) == ("stopped", len(SOUND), None)
    assert np.array_equal(listening.heard_to_the_end(), SOUND[start:])
    assert [event.state for event in listening.events] == ["playing", "stopped"]


def test_the_cursor_moves_as_time_does_and_levels_follow(listening: Listening) -> None:
    listening.player.play(1000)
    listening.until(lambda: listening.player.position > 1000)
    began, place = time.monotonic(), listening.player.position
    listening.until(lambda: listening.player.position > place + RATE // 2)
    passed = (time.monotonic() - began) * RATE
    assert listening.player.position - place == pytest.approx(passed, abs=RATE / 4)
    places = [listening.player.position for _ in range(2000)]
    assert places == sorted(places), "it never goes back"
    levels = listening.player.levels()
    assert levels.peak[0] == pytest.approx(0.2, abs=0.02)
    assert levels.rms[1] == pytest.approx(0.2 / np.sqrt(3), abs=0.02)
    listening.player.pause()
    assert listening.player.state == "paused"
    stood = listening.player.position
    assert stood > place
    assert listening.player.levels() == SILENT
    listening.player.stop()
    assert (listening.player.state, listening.player.position) == ("stopped", 1000)


def test_pausing_and_playing_on_loses_nothing_but_what_was_not_heard(listening) -> None:
    listening.player.play(0)
    listening.until(lambda: listening.player.position > RATE // 4)
    listening.player.pause()
    stood = listening.player.position
    listening.until(listening.silent)
    listening.blocks.clear()
    listening.player.play()
    listening.until(lambda: sum(map(len, listening.blocks)) > 5000)
    listening.player.pause()
    assert np.array_equal(listening.heard()[:5000], SOUND[stood : stood + 5000])


def test_seeking_goes_there_at_once(listening: Listening) -> None:
    listening.player.play(0)
    listening.until(lambda: len(listening.blocks) > 2)
    listening.player.seek(2 * RATE)
    assert listening.player.position >= 2 * RATE
    listening.wait(lambda event: event.at_end)
    heard = listening.heard_to_the_end()
    assert np.array_equal(heard[-RATE:], SOUND[2 * RATE :])
    assert len(heard) < 2 * RATE


def test_an_edit_is_heard_soon(listening: Listening) -> None:
    listening.player.play(0)
    listening.until(lambda: len(listening.blocks) > 2)
    before = sum(map(len, listening.blocks))
    listening.soundtrack.set_track(listening.track, mute=True)
    listening.until(lambda: sum(map(len, listening.blocks)) > before + RATE)
    listening.player.pause()
    heard = listening.heard()
    loud = np.nonzero(np.abs(heard).max(axis=1))[0][-1]
    assert loud - before < 0.2 * RATE
    assert np.array_equal(heard[: loud + 1], SOUND[: loud + 1])


def test_the_loop_is_played_over_and_over_without_a_seam(listening: Listening) -> None:
    listening.soundtrack.set_loop((RATE, RATE + 7000))
    listening.player.looping = True
    listening.player.play(RATE - 1000)
    listening.until(lambda: sum(map(len, listening.blocks)) > 1000 + 4 * 7000)
    assert RATE - 1000 <= listening.player.position < RATE + 7000
    listening.player.pause()
    listening.until(listening.silent)
    heard = listening.heard()[: 1000 + 4 * 7000]
    loop = SOUND[RATE : RATE + 7000]
    expected = np.concatenate((SOUND[RATE - 1000 : RATE], loop, loop, loop, loop))
    assert np.array_equal(heard, expected)


def test_ending_the_loop_goes_on_behind_it(listening: Listening) -> None:
    listening.soundtrack.set_loop((2 * RATE, 2 * RATE + RATE // 2))
    listening.player.looping = True
    listening.player.play(2 * RATE)
    listening.until(lambda: sum(map(len, listening.blocks)) > RATE)
    listening.player.looping = False
    assert listening.wait(lambda event: event.at_end).position == len(SOUND)


def test_scrubbing_lets_a_moment_be_heard(listening: Listening) -> None:
    listening.player.play(0)
    listening.until(lambda: len(listening.blocks) > 2)
    listening.player.pause()
    listening.until(listening.silent)
    listening.blocks.clear()
    listening.player.scrub(RATE)
    listening.until(lambda: sum(map(len, listening.blocks)) >= round(0.08 * RATE))
    listening.until(listening.silent)
    heard = listening.heard()
    assert np.array_equal(heard[1000:2000], SOUND[RATE + 1000 : RATE + 2000])
    assert abs(heard[0]).max() < 0.01, "without a click"
    assert len(without_padding(heard)) <= round(0.08 * RATE)
    assert listening.player.position == RATE
    for place in range(0, RATE, 4000):
        listening.player.scrub(place)
    listening.player.play(0)
    listening.until(lambda: listening.player.position > 1000)
    assert listening.player.state == "playing"


def test_playing_at_the_end_begins_anew_and_behind_it_only_for_recording(listening) -> None:
    listening.player.seek(len(SOUND) + 5)
    listening.player.play()
    listening.until(lambda: len(listening.blocks) > 0)
    assert np.array_equal(listening.blocks[0], SOUND[: len(listening.blocks[0])])
    listening.player.stop()
    listening.blocks.clear()
    listening.player.endless = True
    listening.player.play(len(SOUND) - 100)
    listening.until(lambda: listening.player.position > len(SOUND) + 5000)
    assert listening.player.state == "playing"


def test_an_empty_document_ends_at_once() -> None:
    player = Player(Soundtrack(), read, NullOutput())
    ended = threading.Event()
    player.subscribe(lambda event: ended.set() if event.at_end else None)
    player.play()
    assert ended.wait(PATIENCE_S)
    assert player.position == 0
    player.close()


def test_a_device_that_is_pulled_out_stops_keeps_the_place_and_is_told_once(listening) -> None:
    other = NullOutput()
    listening.player.set_output(other)
    listening.player.play(0)
    listening.until(lambda: listening.player.position > RATE // 2)
    other.unplug(SoundDeviceError("The headphones are gone.", hint="Connect them."))
    event = listening.wait(lambda each: each.error is not None)
    assert event.state == "paused" and RATE // 2 < event.position < 2 * RATE
    assert event.error is not None and event.error.user_message == "The headphones are gone."
    assert listening.player.position == event.position
    assert sum(each.error is not None for each in listening.events) == 1
    assert listening.player.output is listening.output, "the default one from now on"
    listening.player.play()
    listening.until(lambda: listening.player.position > event.position + 1000)
    assert np.array_equal(
        listening.blocks[0], SOUND[event.position : event.position + len(listening.blocks[0])]
    )


def test_without_a_device_it_says_so_and_everything_else_works(listening: Listening) -> None:
    listening.output.unplug(SoundDeviceError("There is no sound device to play on."))
    listening.player.play(500)
    event = listening.wait(lambda each: each.error is not None)
    assert (event.state, event.position) == ("paused", 500)
    listening.soundtrack.split_clip(listening.clip, RATE)
    listening.player.seek(700)
    assert listening.player.position == 700
    listening.output.plug_in()
    listening.player.play()
    listening.until(lambda: listening.player.position > 1000)


def test_changing_the_output_goes_on_where_it_was(listening: Listening) -> None:
    listening.player.play(0)
    listening.until(lambda: listening.player.position > 5000)
    other = NullOutput()
    blocks: list[Samples] = []
    other.heard = blocks.append
    listening.player.set_output(other)
    listening.until(
        lambda: other.streams and other.streams[0].delay and sum(map(len, blocks)) > 2000
    )
    listening.player.pause()
    first = np.concatenate(blocks)[:2000]
    places = [p for p in range(5000, 2 * RATE) if np.array_equal(SOUND[p : p + 10], first[:10])]
    assert len(places) == 1 and np.array_equal(SOUND[places[0] : places[0] + 2000], first)


def test_volume_is_of_the_listening_only(listening: Listening) -> None:
    listening.player.volume = 0.5
    listening.player.play(0)
    listening.until(lambda: len(listening.blocks) > 1)
    assert np.allclose(listening.blocks[0], SOUND[: len(listening.blocks[0])] * 0.5)
    listening.player.volume = 7.0
    assert listening.player.volume == 1.0


def test_slow_reading_is_an_underflow_that_is_counted_and_the_buffer_deepens() -> None:
    gate = threading.Event()

    def stalling(name: str, start: int, frames: int) -> Samples:
        if start >= RATE // 2:
            gate.wait(PATIENCE_S)
        return read(name, start, frames)

    slow = Listening(stalling)
    slow.player.play(0)
    slow.until(lambda: sum(map(len, slow.blocks)) >= RATE // 2 - 10_000)
    stream = slow.output.streams[-1]
    slow.until(lambda: stream.delay == 0)
    gate.set()
    slow.wait(lambda event: event.at_end)
    assert slow.player.underflows == 1
    assert slow.output.streams[-1].capacity > BUFFER_S * RATE
    slow.player.close()


def test_no_drop_out_while_python_is_busy() -> None:
    """Three tries: a computer that is itself too busy to wake a thread proves nothing."""
    stop = threading.Event()

    def busy() -> None:
        while not stop.is_set():
            sum(number * number for number in range(2000))

    hogs = [threading.Thread(target=busy) for _ in range(2)]
    for hog in hogs:
        hog.start()
    counts = []
    for _ in range(3):
        made = Listening()
        made.player.play(RATE)
        made.wait(lambda event: event.at_end)
        counts.append(made.player.underflows)
        assert np.array_equal(made.heard_to_the_end(), SOUND[RATE:])
        made.player.close()
        if not counts[-1]:
            break
    stop.set()
    for hog in hogs:
        hog.join()
    assert min(counts) == 0


def test_closing_while_playing_ends_all_threads(listening: Listening) -> None:
    listening.player.play(0)
    listening.until(lambda: len(listening.blocks) > 1)
    listening.player.close()
    names = {thread.name for thread in threading.enumerate()}
    assert not {"sound-mixing", "sound-feeding"} & names


def test_nothing_that_is_pressed_in_any_order_gets_stuck(listening: Listening) -> None:
    dice = np.random.default_rng(3)
    player = listening.player
    presses: list[Callable[[], None]] = [
        player.play,
        player.pause,
        player.stop,
        player.refresh,
        lambda: player.seek(int(dice.integers(0, 3 * RATE))),
        lambda: player.scrub(int(dice.integers(0, 3 * RATE))),
        lambda: listening.soundtrack.set_track(listening.track, pan=float(dice.uniform(-1, 1))),
        lambda: player.set_output(NullOutput()),
    ]
    for _ in range(300):
        presses[int(dice.integers(len(presses)))]()
        assert player.position >= 0
        player.levels()
    player.set_output(listening.output)
    listening.blocks.clear()
    player.play(2 * RATE)
    listening.until(lambda: player.position > 2 * RATE + 5000)


def test_a_null_stream_is_a_device_with_a_clock() -> None:
    now = 100.0
    output = NullOutput(clock=lambda: now)
    stream = output.open(1000, 0.5)
    assert stream.room() == 500 and stream.delay == 0
    assert not stream.write(np.zeros((500, 2), np.float32))
    assert stream.room() == 0 and stream.delay == 500
    now += 0.2
    assert stream.room() == 200 and stream.delay == 300
    now += 0.31
    assert stream.write(np.zeros((10, 2), np.float32)), "it ran dry"
    assert output.underflows == 1
    stream.drop()
    now += 5
    assert not stream.write(np.zeros((10, 2), np.float32)), "what was dropped is no drop-out"
    output.unplug()
    with pytest.raises(SoundDeviceError):
        stream.write(np.zeros((1, 2), np.float32))
    with pytest.raises(SoundDeviceError):
        output.open(1000, 0.5)


def test_a_device_that_begins_when_its_buffer_is_full_is_filled_to_the_brim() -> None:
    output = NullOutput(begins_full=True)
    ended = threading.Event()
    feeder = Feeder(output, RATE, 2.0, lambda _: ended.set(), buffer_s=0.2501)
    feeder.start()
    feeder.write(noise(RATE // 2))
    feeder.finish()
    assert ended.wait(PATIENCE_S)
    assert output.begun == 1 and output.underflows == 0
    feeder.close()


def test_what_is_ready_goes_to_the_device_in_one_piece_first() -> None:
    """A stall just after the beginning must not find a device with a few hundredths of a second."""
    output = NullOutput(clock=lambda: 5.0)
    first: list[int] = []

    class Watched(NullOutput):
        def open(self, sampling_rate: int, buffer_s: float = BUFFER_S) -> NullStream:
            stream = output.open(sampling_rate, buffer_s)
            write = stream.write
            stream.write = lambda samples: (first.append(len(samples)), write(samples))[1]  # type: ignore[method-assign]
            return stream

    feeder = Feeder(Watched(), RATE, 4.0, lambda _: None)
    feeder.write(np.zeros((2 * RATE, 2), np.float32))
    feeder.start()
    deadline = time.monotonic() + PATIENCE_S
    while not first and time.monotonic() < deadline:
        feeder.wait_for_room(4 * RATE, 0.01)
    feeder.close()
    assert first[0] == 2 * RATE


def test_a_change_of_volume_is_heard_at_once(listening: Listening) -> None:
    listening.player.play(0)
    listening.until(lambda: listening.player.position > RATE // 10)
    listening.player.volume = 0.0
    listening.until(lambda: bool(listening.blocks) and not listening.blocks[-1].any())
    assert sum(map(len, listening.blocks)) < RATE


def test_the_ring_gives_what_was_written_across_its_end() -> None:
    ring = Ring(100)
    numbers = np.arange(1000, dtype=np.float32)[:, np.newaxis].repeat(2, axis=1)
    out: list[Samples] = []
    dice = np.random.default_rng(1)
    while ring.read < 900:
        count = min(int(dice.integers(0, 60)), ring.room(), 1000 - ring.written)
        ring.write(numbers[ring.written : ring.written + count])
        out.append(ring.take(int(dice.integers(0, 60))))
    got = np.concatenate(out)
    assert np.array_equal(got, numbers[: len(got)])
    ring.clear()
    assert ring.filled() == 0 and ring.room() == 100


def test_taking_back_what_was_mixed_ahead() -> None:
    ring = Ring(100)
    ring.write(np.ones((80, 2), np.float32))
    ring.take(10)
    assert ring.forget_after(20) == 30
    assert ring.filled() == 20
    assert ring.forget_after(50) == 30


def test_a_device_that_does_not_answer_any_more_is_gone(monkeypatch) -> None:
    monkeypatch.setattr("studio.documents.soundtrack.feeding.STUCK_S", 0.1)
    output = NullOutput(clock=lambda: 5.0)  # time stands still for it
    told: list[StudioError | None] = []
    ended = threading.Event()
    ahead_s = BUFFER_S + 1.0
    feeder = Feeder(output, RATE, ahead_s, lambda error: (told.append(error), ended.set())[1])
    feeder.start()
    feeder.write(np.zeros((round(ahead_s * RATE), 2), np.float32))
    assert ended.wait(PATIENCE_S)
    assert isinstance(told[0], SoundDeviceError) and "does not answer" in str(told[0])
    feeder.close()


class Streamed:
    """A stream player into nowhere."""

    def __init__(self) -> None:
        self.output = NullOutput()
        self.blocks: list[Samples] = []
        self.output.heard = self.blocks.append
        self.told: list[StudioError | None] = []
        self.ended = threading.Event()
        self.player = StreamPlayer(self.output, self._ended)

    def _ended(self, error: StudioError | None) -> None:
        self.told.append(error)
        self.ended.set()

    def heard(self) -> Samples:
        return without_padding(np.concatenate(self.blocks))


def test_chunks_are_heard_as_they_come() -> None:
    streamed = Streamed()
    for at in range(0, RATE, 3000):
        streamed.player.put(Sound.of(SOUND[at : at + 3000], RATE))
    streamed.player.finish()
    assert streamed.ended.wait(PATIENCE_S)
    assert np.array_equal(streamed.heard(), SOUND[:RATE])
    assert streamed.player.position_s == pytest.approx(1.0)
    assert streamed.player.gaps == 0 and streamed.told == [None]
    streamed.player.stop()


def test_mono_speech_of_another_rate_and_odd_numbers_are_played() -> None:
    streamed = Streamed()
    chunk = SOUND[:2400, :1].copy()
    chunk[5] = np.nan
    streamed.player.put(Sound.of(chunk, 24_000))
    streamed.player.put(Sound.of(np.zeros((0, 1), np.float32), 24_000))
    streamed.player.put(Sound.of(SOUND[:4800], 48_000))
    streamed.player.finish()
    assert streamed.ended.wait(PATIENCE_S)
    heard = streamed.heard()
    assert 4790 <= len(heard) <= 4800 and np.isfinite(heard).all()
    assert np.array_equal(heard[:2400, 0], heard[:2400, 1])
    streamed.player.stop()


def test_a_stream_without_sound_ends_and_a_stopped_one_is_silent() -> None:
    streamed = Streamed()
    streamed.player.finish()
    assert streamed.ended.wait(PATIENCE_S) and streamed.told == [None]
    streamed.player.stop()
    streamed = Streamed()
    streamed.player.put(Sound.of(SOUND, RATE))
    streamed.player.stop()
    streamed.player.put(Sound.of(SOUND, RATE))
    assert sum(map(len, streamed.blocks)) < len(SOUND)


def test_a_stream_without_a_device_says_so_once() -> None:
    streamed = Streamed()
    streamed.output.unplug()
    for _ in range(20):
        streamed.player.put(Sound.of(SOUND, RATE))
    assert streamed.ended.wait(PATIENCE_S)
    assert isinstance(streamed.told[0], SoundDeviceError) and len(streamed.told) == 1
    streamed.player.finish()
    streamed.player.stop()


def test_the_buffer_has_an_end() -> None:
    assert BUFFER_S >= 0.2
    assert MAX_BUFFER_S >= 2 * BUFFER_S
