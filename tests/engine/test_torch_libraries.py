"""torch's libraries are loaded ahead without holding the interpreter's lock."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading, time
from studio.engine.torch_libraries import load_ahead
sys.setswitchinterval(0.001)
ticks, done = [], threading.Event()
def load():
    load_ahead()
    done.set()
worker = threading.Thread(target=load)
started = last = time.perf_counter()
worker.start()
worst = 0.0
while not done.wait(0.002):
    now = time.perf_counter()
    worst, last = max(worst, now - last), now
took = time.perf_counter() - started
assert "torch" not in sys.modules
with open("/proc/self/maps") as maps:
    assert "libtorch_cpu" in maps.read()
import torch
assert float(torch.ones(3).sum()) == 3.0
print(worst / took)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_interpreter_goes_on_while_they_load_and_torch_works_after() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    # Held, the whole time of the load would be one gap.
    assert float(done.stdout) < 0.9
