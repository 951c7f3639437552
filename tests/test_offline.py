"""Triptych works without any network, and never asks for one."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.fakes.network_guard import NetworkGuard
from tests.fakes.toy_models import toy_model

ROOT = Path(__file__).parents[1]
NO_NETWORK = ("unshare", "--map-root-user", "--net")
TRACE = ("strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "--trace=connect,sendto")


def works(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run([*command, "true"], capture_output=True).returncode == 0


def test_the_guard_stops_and_remembers_whoever_reaches_out(network_guard: NetworkGuard) -> None:
    with pytest.raises(OSError, match=r"192\.0\.2\.1"), socket.socket() as reaching:
        reaching.connect(("192.0.2.1", 80))
    with pytest.raises(OSError, match=r"2001:db8"), socket.socket(socket.AF_INET6) as reaching:
        reaching.connect(("2001:db8::1", 80))
    with pytest.raises(OSError, match=r"models\.example"):
        urllib.request.urlopen("http://models.example/model.safetensors")
    assert len(network_guard.tries) == 3
    network_guard.tries.clear()


def test_the_guard_lets_this_computer_talk_to_itself(network_guard: NetworkGuard) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    assert network_guard.tries == []


def test_a_whole_session_runs_in_a_computer_without_network(tmp_path: Path) -> None:
    trace = tmp_path / "trace.txt"
    command = [sys.executable, "-m", "tests.fakes.offline_session"]
    command += [str(tmp_path / "session"), str(toy_model("llama").path)]
    if works(*TRACE, f"--output={os.devnull}"):
        command = [*TRACE, f"--output={trace}", *command]
    if works(*NO_NETWORK):
        command = [*NO_NETWORK, *command]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.stdout.strip() == "done", done.stderr[-4000:]
    if trace.exists():
        asked = [line for line in trace.read_text().splitlines() if "AF_INET" in line]
        assert asked == [], "asked the system, past Python"
