"""Keeps the choices of an inspector for the next start, in a small file of their own."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, SignalInstance

from studio.core.atomic_write import atomic_write
from studio.core.errors import StorageError

PAUSE_MS = 1500
_log = logging.getLogger(__name__)


class Remembered(Protocol):
    """Choices that can be kept as plain data."""

    @property
    def changed(self) -> SignalInstance:
        """A choice is another one."""

    def to_plain(self) -> dict[str, object]:
        """Return the choices as plain data."""

    def take_plain(self, plain: Mapping[str, object]) -> None:
        """Take over what :meth:`to_plain` returned; what does not fit is left out."""


class OptionMemory(QObject):
    """Reads the choices once, or takes those given; writes them when they rest."""

    def __init__(
        self, options: Remembered, file: Path, first: Mapping[str, object], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._options = options
        self._file = file
        try:
            plain = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            plain = None
        options.take_plain(plain if isinstance(plain, dict) else {"options": first})
        self._kept = options.to_plain()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self.keep)
        options.changed.connect(self._timer.start)

    def keep(self) -> None:
        """Write the choices when they are others. Losing them is no reason to trouble anybody."""
        self._timer.stop()
        plain = self._options.to_plain()
        if not plain["seed_locked"]:
            plain["seed"] = 0
        if plain == self._kept:
            return
        try:
            atomic_write(self._file, json.dumps(plain, ensure_ascii=False, indent=1))
            self._kept = plain
        except StorageError as error:
            _log.warning("options not kept: %s", error.user_message)
