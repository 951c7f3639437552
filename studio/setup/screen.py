"""Words on the screen: lines that stay and, on a terminal, one that keeps changing.

Plain ASCII, so that old consoles show it.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator
from typing import TextIO


def megabytes(count: float) -> str:
    """Return a number of bytes as megabytes, such as "92.9"."""
    return f"{count / 1e6:.1f}"


def duration(seconds: float) -> str:
    """Return a time in words, such as "8 s" or "2 min 5 s"."""
    whole = max(0, round(seconds))
    return f"{whole // 60} min {whole % 60} s" if whole >= 60 else f"{whole} s"


class Screen:
    """Writes whole lines, and on a terminal one line that keeps changing."""

    def __init__(self, stream: TextIO | None = None, verbose: bool = False) -> None:
        self._stream = stream or sys.stdout
        self.verbose = verbose
        self.live = self._stream.isatty() and not verbose
        self._drawn = 0

    def say(self, text: str) -> None:
        """Write one line that stays."""
        self._wipe()
        self._write(text + "\n")

    def draw(self, text: str) -> None:
        """Replace the changing line."""
        width = shutil.get_terminal_size().columns - 1
        text = text[:width]
        self._write("\r" + text.ljust(self._drawn))
        self._drawn = len(text)

    def _wipe(self) -> None:
        if self._drawn:
            self._write("\r" + " " * self._drawn + "\r")
            self._drawn = 0

    def _write(self, text: str) -> None:
        encoding = self._stream.encoding or "ascii"
        self._stream.write(text.encode(encoding, "replace").decode(encoding))
        self._stream.flush()

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show that something is being done for as long as the block runs."""
        step = Step(self, title)
        try:
            yield step
        except BaseException:
            self.say(f"  {title}: stopped after {step.elapsed}")
            raise
        self.say(f"  {title}: done in {step.elapsed}")


class Step:
    """One thing being done, with what is known about how far it is."""

    def __init__(self, screen: Screen, title: str) -> None:
        self._screen = screen
        self._title = title
        self._start = time.monotonic()
        self._drawn = 0.0
        self._detail = ""
        self._fraction: float | None = None
        self._bytes_start: tuple[float, int] | None = None
        self._told = self._start
        if not screen.live:
            screen.say(f"  {title} ...")

    @property
    def elapsed(self) -> str:
        """How long it has been going on, in words."""
        return duration(time.monotonic() - self._start)

    def detail(self, text: str, fraction: float | None = None) -> None:
        """Say what is being done right now and, where known, how far it is (0..1)."""
        self._detail = text
        self._fraction = fraction
        self.tick()

    def activity(self, text: str) -> None:
        """Say what is being done right now, unless the text is empty."""
        if text:
            self._detail = text
        self.tick()

    def transferred(self, done: int, total: int) -> None:
        """Show bytes, speed and the time left."""
        now = time.monotonic()
        if self._bytes_start is None or done < self._bytes_start[1]:
            self._bytes_start = (now, done)
        seconds, gained = now - self._bytes_start[0], done - self._bytes_start[1]
        text = f"{megabytes(done)} of {megabytes(total)} MB"
        if gained and seconds > 0.2:
            speed = gained / seconds
            text += f", {megabytes(speed)} MB/s, {duration((total - done) / speed)} left"
        self.detail(text, done / total if total else None)

    def tick(self) -> None:
        """Redraw, at most ten times a second; without a terminal, one line now and then."""
        now = time.monotonic()
        if self._screen.live:
            if now - self._drawn >= 0.1:
                self._drawn = now
                self._screen.draw(self._line(now))
        elif now - self._told >= 15:
            self._told = now
            self._screen.say(f"  {self._title}: {self._detail or self.elapsed}")

    def _line(self, now: float) -> str:
        if self._fraction is None:
            sign = "|/-\\"[int(now * 5) % 4]
            return f"{sign} {self._title} ({self.elapsed}) {self._detail}"
        full = round(20 * min(1.0, max(0.0, self._fraction)))
        return f"  {self._title} [{'#' * full}{'.' * (20 - full)}] {self._detail}"
