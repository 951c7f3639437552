"""Where the log goes: a rotating file, and another for crashes of the interpreter itself.

No prompt text, file contents or tokens are logged above DEBUG, anywhere.
"""

from __future__ import annotations

import faulthandler
import logging
import os
from pathlib import Path
from typing import IO

LOG_FILE = "triptych.log"
CRASH_FILE = "crash.log"
MOST_BYTES = 1_000_000
KEPT_FILES = 3
FORMAT = "%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s"


class Logs:
    """The open log files of this run; :meth:`close` gives them back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._root = logging.getLogger()
        self._handlers: list[logging.Handler] = []
        self._crashes: IO[str] | None = None
        self._level_before = self._root.level
        self._root.setLevel(os.environ.get("TRIPTYCH_LOG", "INFO").upper())
        self._remember()

    def open(self) -> str:
        """Open the files and write down what was said before.

        Returns:
            "" or a sentence saying why nothing can be logged.
        """
        from logging.handlers import RotatingFileHandler

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            file = RotatingFileHandler(
                self.folder / LOG_FILE,
                maxBytes=MOST_BYTES,
                backupCount=KEPT_FILES,
                encoding="utf-8",
                errors="replace",
            )
            self._crashes = (self.folder / CRASH_FILE).open("a", encoding="utf-8")
        except OSError as error:
            return f"No log can be kept in {self.folder}: {error.strerror or error}."
        file.setFormatter(logging.Formatter(FORMAT))
        self._replay(file)
        self._root.addHandler(file)
        self._handlers.append(file)
        faulthandler.enable(self._crashes)
        return ""

    def close(self) -> None:
        """Close the files."""
        if self._crashes is not None:
            faulthandler.disable()
            self._crashes.close()
        for handler in self._handlers:
            self._root.removeHandler(handler)
            handler.close()
        self._handlers.clear()
        self._root.setLevel(self._level_before)

    def _remember(self) -> None:
        """Keep records in memory until the file is open, so that the window opens first."""
        self._early = _Early()
        self._root.addHandler(self._early)
        self._handlers.append(self._early)

    def _replay(self, file: logging.Handler) -> None:
        self._root.removeHandler(self._early)
        self._handlers.remove(self._early)
        for record in self._early.records:
            file.handle(record)


class _Early(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
