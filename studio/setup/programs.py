"""Running pip and other programs with their output in a log and a readable line on the screen."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.setup.failures import DiskFullError, NoNetworkError, SetupError
from studio.setup.screen import Screen, Step

# Keeps libraries from asking the network for models, which takes half a minute to give up.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}


class Log:
    """The full output of everything the set-up runs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._begun = False

    def write(self, line: str) -> None:
        """Append one line; the first one replaces the last run's log."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        mode = "a" if self._begun else "w"
        self._begun = True
        with self.path.open(mode, encoding="utf-8", errors="replace") as file:
            file.write(line + "\n")


@dataclass(frozen=True)
class Outcome:
    """How a program ended and what it said."""

    code: int
    output: str


@dataclass(frozen=True)
class Setup:
    """What every part of the set-up needs: where to write words and where things lie."""

    screen: Screen
    log: Log
    root: Path
    data: Path

    @property
    def store(self) -> Path:
        """The model store."""
        return self.data / "models"

    def execute(
        self,
        command: Sequence[str | Path],
        step: Step,
        *,
        on_line: Callable[[str], None] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run a program with its output in the log and the step kept moving."""
        words = [str(word) for word in command]
        self.log.write("$ " + " ".join(words))
        lines: list[str] = []
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=setup_environ() if env is None else dict(env),
            cwd=self.root,
            encoding="utf-8",
            errors="replace",
        )
        try:
            for line in lines_while_ticking(process, step):
                lines.append(line)
                self.log.write(line)
                if self.screen.verbose:
                    self.screen.say("    " + line)
                if on_line:
                    on_line(line)
            return Outcome(process.wait(), "\n".join(lines))
        except BaseException:
            process.kill()
            process.wait()
            raise

    def failed(self, what: str, outcome: Outcome) -> SetupError:
        """Return the sentence for a program that failed."""
        if says_disk_full(outcome.output):
            return DiskFullError(self.root)
        if says_no_network(outcome.output):
            return NoNetworkError()
        errors = [line for line in outcome.output.splitlines() if "error" in line.lower()]
        reason = f": {errors[-1].strip()[:200]}" if errors else ""
        return SetupError(f"{what} failed{reason} (the full output is in {self.log.path})")


def lines_while_ticking(process: subprocess.Popen[str], step: Step) -> Iterator[str]:
    """Yield a program's lines as they come and keep the step's line moving meanwhile."""
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                lines.put(line.rstrip("\r\n"))
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = lines.get(timeout=0.2)
        except queue.Empty:
            step.tick()
            continue
        if line is None:
            return
        yield line


def setup_environ() -> dict[str, str]:
    """Return the environment for pip and friends: the user's, less what breaks a private one."""
    unwanted = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"}
    env = {name: value for name, value in os.environ.items() if name not in unwanted}
    env.update(
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PIP_NO_INPUT="1",
        PIP_PROGRESS_BAR="off",
        PYTHONUTF8="1",
        PYTHONUNBUFFERED="1",
    )
    return env


_NO_NETWORK = re.compile(
    r"name resolution|Name or service not known|nodename nor servname|getaddrinfo failed"
    r"|Failed to establish a new connection|Network is unreachable|No route to host"
    r"|ConnectTimeoutError|NewConnectionError|ReadTimeoutError|Read timed out"
    r"|Cannot connect to proxy|Temporary failure resolving"
)
_DISK_FULL = re.compile(r"No space left on device|not enough space on the disk|Errno 28")


def says_no_network(output: str) -> bool:
    """Tell whether a program's output means that the network is not there."""
    return bool(_NO_NETWORK.search(output))


def says_disk_full(output: str) -> bool:
    """Tell whether a program's output means that the disk is full."""
    return bool(_DISK_FULL.search(output))
