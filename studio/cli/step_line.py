"""Progress of one long step on the command line."""

from __future__ import annotations

from typing import TextIO


class StepLine:
    """One line on stderr: on a terminal it changes, else it is written when the step does."""

    def __init__(self, err: TextIO, *, quiet: bool) -> None:
        self._err, self._quiet = err, quiet
        self._step = ""
        self._open = False

    def __call__(self, text: str, fraction: float | None) -> None:
        """Show what happens now, and which share of it is done where that is known."""
        if self._quiet:
            return
        share = "" if fraction is None else f" ({fraction:.0%})"
        if self._err.isatty():
            self._err.write(f"\r\x1b[K{text}{share}"[:200])
            self._err.flush()
            self._open = True
        elif text.partition(":")[0] != self._step:
            self._step = text.partition(":")[0]
            self._err.write(self._step + "\n")

    def end(self) -> None:
        """Leave the changing line."""
        if self._open:
            self._err.write("\n")
            self._open = False
