"""Sound documents: an hour taken in and drawn, mixing, and playing while everything else works.

    python -m tests.benchmarks soundtrack

What needs a fresh process runs in one: memory is measured there, and libraries can be imported
only once. ``TRIPTYCH_BENCH_SOUND_S`` shortens the hour and the minute of playing; rows then say so.
"""

from __future__ import annotations

import functools
import importlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.rows import Row

RATE = 48_000
COLUMNS = 1920
LOOKS = 600
SPECTRA = 100
HELD_S = 4.0
"""Twice the longest stall that was ever seen."""
_LIBRARIES = (("transformers", "CLIPTextModel"), ("diffusers", "StableDiffusionPipeline"))
TRACKS = 8


def run() -> list[Row]:
    """Return all rows."""
    wanted = float(os.environ.get("TRIPTYCH_BENCH_SOUND_S", "3600"))
    played = min(60.0, wanted)
    with tempfile.TemporaryDirectory(prefix="bench-sound-") as folder:
        wav = Path(folder) / "long.wav"
        size = write_long(wav, wanted)
        rows = hour_rows(_child("hour", str(wav), folder), size, wanted)
        rows += _mixing_rows()
        rows += _reaction_rows()
        rows += drop_out_rows(_child("drop-outs", str(played)), played)
        if os.name != "nt":
            found = _child("held", str(HELD_S))
            words = f"drop-outs while Python is held for {HELD_S:g} s in one piece"
            rows.append(Row(words, found["underflows"], "times", 0))
    return rows


def write_long(path: Path, seconds: float) -> int:
    """Write stereo of 16 bits piece by piece; returns the file's size in bytes."""
    import numpy as np
    import soundfile

    dice = np.random.default_rng(1)
    piece = dice.normal(0, 300, (10 * RATE, 2))
    wave = np.sin(2 * np.pi * 220 * np.arange(10 * RATE) / RATE)[:, np.newaxis] * 6000
    whole = (piece + wave).astype(np.int16)
    left = int(seconds * RATE)
    with soundfile.SoundFile(path, "w", RATE, 2, "PCM_16") as file:
        while left > 0:
            file.write(whole[:left])
            left -= len(whole)
    return path.stat().st_size


def hour_rows(found: dict[str, Any], size: int, seconds: float) -> list[Row]:
    """Return what taking in and drawing one long sound costs."""
    length = "one hour" if seconds == 3600 else f"{seconds:g} s"
    return [
        Row(f"taking in {length} of 48 kHz stereo", found["seconds"], "s"),
        Row("  of processor time", found["processor_s"], "s"),
        Row("memory then, as a share of the WAV's size", found["rss"] / size, "times", 1.3),
        Row("most memory meanwhile, the same", found["peak_rss"] / size, "times", 1.3),
        Row("what the project grew by, the same", found["project"] / size, "times", 1.0),
        Row(f"waveform of it at {COLUMNS} px, any zoom: median", found["median_ms"], "ms"),
        Row(f"waveform of it at {COLUMNS} px, any zoom: p99", found["p99_ms"], "ms", 16.0),
        Row(f"spectrogram of it at {COLUMNS} px, painted: median", found["paint_median"], "ms"),
        Row(f"spectrogram of it at {COLUMNS} px, painted: p99", found["paint_p99"], "ms", 16.0),
        Row("  the same while its tiles are still to come: p99", found["sparse_p99"], "ms", 16.0),
        Row("  from the first look at a place until all is there: median", found["whole_ms"], "ms"),
        Row("a tile of it", found["tile_ms"], "ms"),
    ]


def drop_out_rows(found: dict[str, Any], seconds: float) -> list[Row]:
    """Return how often playing into nowhere ran dry while the interpreter was busy."""
    return [
        Row(f"drop-outs in {seconds:g} s of playing", found["underflows"], "times", 0),
        Row("  of them while torch, transformers and diffusers came", found["importing"], "times"),
        Row("  words written by a model meanwhile", found["tokens"], "tokens"),
        Row("  longest stall of a Python thread meanwhile", found["stall_ms"], "ms"),
        Row("  sound that was played, of what time passed", found["played"], "times"),
    ]


def _mixing_rows() -> list[Row]:
    from studio.documents.soundtrack.mixer import Mix

    arrangement, read = _eight_tracks()
    mix = Mix(arrangement)
    times = []
    for second in range(30):
        started = time.process_time()
        for block in range(5):
            mix.render(read, second * RATE + block * RATE // 5, RATE // 5)
        times.append(time.process_time() - started)
    each = statistics.median(times)
    return [
        Row(f"mixing a second of {TRACKS} stereo tracks with fades", each * 1000, "ms", 20.0),
        Row("  times as fast as it is played", 1 / each, "times"),
    ]


def _reaction_rows() -> list[Row]:
    """How soon what the user does is heard, with everything that was written ahead thrown away."""
    from studio.documents.soundtrack.outputs import BUFFER_S

    rows = []
    for begins_full, words in ((False, "at once"), (True, "when its buffer is full")):
        jump, gain = _reactions(begins_full=begins_full)
        which = f"({BUFFER_S:g} s ahead, a device that begins {words})"
        rows.append(Row(f"seek while {TRACKS} tracks play, until heard {which}", jump, "ms", 250.0))
        rows.append(Row("  a track's gain changed, until heard, settling included", gain, "ms"))
    return rows


def _reactions(*, begins_full: bool) -> tuple[float, float]:
    """Return how many ms pass until a seek and until a change of gain is heard: medians."""
    from studio.documents.soundtrack.outputs import NullOutput

    output = NullOutput(begins_full=begins_full)
    player, soundtrack = _player(output)
    _until_heard(output, lambda: player.play(0))
    track, jumps, gains = soundtrack.tracks[0].id, [], []
    for number in range(12):
        jumps.append(_until_heard(output, functools.partial(player.seek, (5 + 4 * number) * RATE)))
        louder = functools.partial(soundtrack.set_track, track, gain_db=-float(number + 1))
        gains.append(_until_heard(output, louder))
    player.close()
    return statistics.median(jumps), statistics.median(gains)


def _until_heard(output: Any, act: Callable[[], object]) -> float:
    """Act, and wait until what lay ready is thrown away and something new is heard; ms."""
    before, began = output.begun, time.perf_counter()
    act()
    while output.begun == before:
        if time.perf_counter() - began > 10:
            raise RuntimeError("nothing was heard")
        time.sleep(0.0005)
    return (time.perf_counter() - began) * 1000


def _eight_tracks() -> tuple[Any, Any]:
    import numpy as np

    from studio.documents.soundtrack import Arrangement, Clip, Fade, Take, Track

    sound = np.random.default_rng(2).uniform(-0.1, 0.1, (70 * RATE, 2)).astype(np.float32)

    def clip(number: int) -> Clip:
        return Clip(
            start=number * 5 * RATE,
            takes=(Take(source="0" * 64, duration=6 * RATE),),
            gain_db=-3.0,
            fade_in=Fade(RATE, "smooth"),
            fade_out=Fade(RATE, "smooth"),
        )

    tracks = tuple(
        Track(pan=(n - 4) / 4, gain_db=-6.0, clips=tuple(clip(k) for k in range(12)))
        for n in range(TRACKS)
    )
    return Arrangement(tracks=tracks), lambda _, start, frames: sound[start : start + frames]


def _child(what: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_soundtrack", what, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _hour(wav: Path, folder: Path) -> dict[str, Any]:
    import resource

    import psutil

    from studio.documents.project import Project
    from studio.documents.soundtrack import storage
    from studio.documents.soundtrack.pool import SourcePool
    from studio.documents.soundtrack.spectrogram import SpectrogramTiles

    me = psutil.Process()
    with Project.open(folder / "long.triptych", create=True) as project:
        document = storage.create(project, "Long")
        pool = SourcePool(folder / "cache", storage.ProjectParts(project, document), RATE)
        started, worked = time.perf_counter(), time.process_time()
        source = pool.add_file(wav)
        seconds, worked = time.perf_counter() - started, time.process_time() - worked
        project.flush()
        rss = me.memory_info().rss
        dice = random.Random(1)
        times = []
        for number in range(LOOKS):
            length = source.duration if number % 4 == 0 else dice.randrange(5000, source.duration)
            start = dice.randrange(source.duration - length + 1)
            tries = []
            for _ in range(3):  # the least disturbed: other programs are none of ours
                began = time.perf_counter()
                assert pool.waveform(source.sha256, start, start + length, COLUMNS) is not None
                tries.append((time.perf_counter() - began) * 1000)
            times.append(min(tries))
        tiles = SpectrogramTiles(pool.read, RATE)
        began = time.perf_counter()
        for index in range(8):
            tiles.tile(source.sha256, 4, index)
        tile_ms = (time.perf_counter() - began) * 1000 / 8
        painted = _painted(pool, source)
        pool.close()
    return {
        **painted,
        "seconds": seconds,
        "processor_s": worked,
        "rss": rss,
        "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "project": (folder / "long.triptych").stat().st_size,
        "median_ms": statistics.median(times),
        "p99_ms": _p99(times),
        "tile_ms": tile_ms,
    }


def _painted(pool: Any, source: Any) -> dict[str, float]:
    """Paint the time line with the spectrogram of a sound at many places and zooms; ms."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QApplication

    from studio.app.panes.sound.timeline.scale import Scale
    from studio.app.panes.sound.timeline.timeline_view import TimelineView
    from studio.app.theme import Theme
    from studio.documents.soundtrack import Soundtrack

    app = QApplication.instance() or QApplication([])
    soundtrack = Soundtrack(sources=[source])
    soundtrack.add_clip(soundtrack.add_track(), source.sha256, 0)
    view = TimelineView(Theme(app, "dark"))  # type: ignore[arg-type]
    view.resize(COLUMNS, 400)
    view.set_soundtrack(soundtrack, pool)
    view.set_look("spectrogram")
    target = QImage(COLUMNS, 400, QImage.Format.Format_ARGB32_Premultiplied)
    view.render(target)

    def paint() -> float:
        began = time.perf_counter()
        view.viewport().render(target)
        return (time.perf_counter() - began) * 1000

    dice = random.Random(2)
    sparse, whole, waits = [], [], []
    for _ in range(SPECTRA):
        length = round(COLUMNS * (source.duration / COLUMNS) ** dice.random())  # any zoom alike
        start = dice.randrange(source.duration - length + 1)
        view._scale = Scale(RATE, length / COLUMNS, float(start))
        began = time.perf_counter()
        view.spectra.forget()
        sparse.append(paint())
        while view.spectra.busy:
            app.processEvents()
            sparse.append(paint())
        waits.append((time.perf_counter() - began) * 1000)
        tries = []
        for _ in range(3):
            view.spectra.forget()
            tries.append(paint())
            assert not view.spectra.busy
        whole.append(min(tries))
    view.set_soundtrack(None, None)
    return {
        "paint_median": statistics.median(whole),
        "paint_p99": _p99(whole),
        "sparse_p99": _p99(sparse),
        "whole_ms": statistics.median(waits),
    }


def _held(seconds: float) -> dict[str, Any]:
    """Play, and let one call into the system keep the interpreter's lock for so long."""
    import ctypes

    from studio.documents.soundtrack.outputs import NullOutput

    player, _ = _player(NullOutput())
    player.play(0)
    time.sleep(1.0)
    ctypes.PyDLL(None).usleep(round(seconds * 1e6))
    time.sleep(1.0)
    found = {"underflows": player.underflows}
    player.close()
    return found


def _player(output: Any) -> tuple[Any, Any]:
    """Return a player of eight tracks that goes on for ever, and its document."""
    from studio.documents.soundtrack import Soundtrack, Source
    from studio.documents.soundtrack.player import Player

    arrangement, read = _eight_tracks()
    source = Source(
        sha256="0" * 64,
        title="Noise",
        media_type="audio/wav",
        size_bytes=1,
        sampling_rate=RATE,
        channels=2,
        duration=70 * RATE,
    )
    soundtrack = Soundtrack(arrangement, [source])
    player = Player(soundtrack, read, output)
    player.endless = True
    return player, soundtrack


def _drop_outs(seconds: float) -> dict[str, Any]:
    from studio.documents.soundtrack.outputs import NullOutput

    player, _ = _player(NullOutput())
    watch = _StallWatch()
    player.play(0)
    began = time.monotonic()
    importing, tokens = _busy(seconds, player)
    stall = watch.stop()
    passed = time.monotonic() - began
    heard = player.position / RATE
    underflows = player.underflows
    player.close()
    return {
        "underflows": underflows,
        "importing": importing,
        "tokens": tokens,
        "stall_ms": stall * 1000,
        "played": heard / passed,
    }


def _busy(seconds: float, player: Any) -> tuple[int, int]:
    """Import everything and write text until the time is over; returns drop-outs and tokens."""
    from studio.core.events import TERMINAL, Failed
    from studio.core.requests import Capability, TextRequest
    from studio.core.settings import Computing
    from studio.engine.backends.transformers_text import TransformersTextBackend
    from studio.engine.engine import Engine
    from studio.engine.registry import Registry
    from studio.engine.torch_libraries import load_ahead
    from tests.engine.backend_contract import OneModel
    from tests.fakes.built_in_model import built_in_text_model

    deadline = time.monotonic() + seconds
    load_ahead()
    model = built_in_text_model()
    engine = Engine(
        registry=Registry.of(TransformersTextBackend()),
        store=OneModel(model),
        settings=Computing(memory_budget_gb=8.0),
        queue_file=None,
    )
    changed = threading.Event()
    state = {"tokens": 0}
    failed: list[str] = []

    def listen(event: Any) -> None:
        name = type(event).__name__
        state["tokens"] += name == "TextDelta"
        if isinstance(event, Failed):
            failed.append(f"{event.message} {event.details}")
        if isinstance(event, TERMINAL):
            changed.set()

    engine.subscribe(listen)
    engine.start()
    request = TextRequest(
        capability=Capability.TEXT_GENERATE,
        seed=1,
        model=model.id,
        prompt="Once upon a time",
        options={"max_new_tokens": 64},
    )
    # Before the engine does: two threads that import transformers at once get half a module.
    for module, name in _LIBRARIES:
        assert getattr(importlib.import_module(module), name)
    importing = player.underflows
    while time.monotonic() < deadline and not failed:
        changed.clear()
        engine.submit(request)
        changed.wait(120)
    engine.close()
    if failed:
        raise SystemExit(f"No text was written: {failed[0]}")
    return importing, state["tokens"]


class _StallWatch:
    """The longest time a thread that wants to run every 4 ms could not."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._worst = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self._worst

    def _run(self) -> None:
        last = time.monotonic()
        while not self._over.wait(0.004):
            now = time.monotonic()
            self._worst = max(self._worst, now - last - 0.004)
            last = now


def _p99(values: Sequence[float]) -> float:
    return sorted(values)[int(0.99 * (len(values) - 1))]


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "hour":
        done = _hour(Path(rest[0]), Path(rest[1]))
    else:
        done = {"drop-outs": _drop_outs, "held": _held}[what](float(rest[0]))
    print(json.dumps(done))
