"""Remembers which plugins ended badly, so that the third time turns one off by name.

Two kinds count: *errors* (it raised something that is no :class:`StudioError`; a success forgets
them) and *deaths* (the program ended while the plugin's code ran, found by a mark that is written
before and taken away after; only turning it on again forgets those). Kept in one small file.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from studio.core.atomic_write import atomic_write
from studio.core.errors import StorageError
from studio.engine.memory import psutil

_log = logging.getLogger(__name__)

#: As often as this, and it is off.
LIMIT = 3


class CrashRecord:
    """The counts of every plugin, by id and tree hash. Thread-safe."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}
        self._counts: dict[str, dict[str, Any]] = {}
        self._is_read = False

    def is_off(self, plugin_id: str, digest: str) -> bool:
        """Say whether these bytes of the plugin crashed too often."""
        with self._lock:
            counts = self._of(plugin_id, digest)
            return bool(counts["errors"] >= LIMIT or counts["deaths"] >= LIMIT)

    @contextmanager
    def watching(self, plugin_id: str, digest: str) -> Iterator[None]:
        """Mark that the plugin's code runs, for as long as the block takes."""
        with self._lock:
            self._running[plugin_id] = self._running.get(plugin_id, 0) + 1
            if self._running[plugin_id] == 1:
                self._of(plugin_id, digest)["running"] = os.getpid()
                self._write()
        try:
            yield
        finally:
            with self._lock:
                self._running[plugin_id] -= 1
                if not self._running[plugin_id]:
                    self._of(plugin_id, digest).pop("running", None)
                    self._write()

    def failed(self, plugin_id: str, digest: str) -> bool:
        """Count an error; say whether the plugin is off now."""
        with self._lock:
            counts = self._of(plugin_id, digest)
            counts["errors"] += 1
            self._write()
            return bool(counts["errors"] >= LIMIT)

    def succeeded(self, plugin_id: str, digest: str) -> None:
        """Forget the errors so far."""
        with self._lock:
            counts = self._of(plugin_id, digest)
            if counts["errors"]:
                counts["errors"] = 0
                self._write()

    def forget(self, plugin_id: str) -> None:
        """Forget everything about the plugin: the user turned it on again."""
        with self._lock:
            self._read()
            if self._counts.pop(plugin_id, None) is not None:
                self._write()

    def _of(self, plugin_id: str, digest: str) -> dict[str, Any]:
        self._read()
        counts = self._counts.get(plugin_id)
        if counts is None or counts["hash"] != digest:
            counts = self._counts[plugin_id] = {"hash": digest, "errors": 0, "deaths": 0}
        return counts

    def _read(self) -> None:
        if self._is_read:
            return
        self._is_read = True
        if self._path is None or not self._path.exists():
            return
        try:
            stored = json.loads(self._path.read_text("utf-8"))
            for plugin_id, counts in stored.items():
                self._counts[str(plugin_id)] = {
                    "hash": str(counts["hash"]),
                    "errors": int(counts["errors"]),
                    # A mark still there, and nobody left who made it.
                    "deaths": int(counts["deaths"]) + _is_gone(counts.get("running")),
                }
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            _log.warning("the record of plugin crashes cannot be read: %s", error)
            self._counts = {}

    def _write(self) -> None:
        if self._path is None:
            return
        kept = {
            name: counts
            for name, counts in self._counts.items()
            if counts["errors"] or counts["deaths"] or counts.get("running")
        }
        try:
            atomic_write(self._path, json.dumps(kept, indent=1))
        except StorageError as error:
            _log.warning("plugin crashes are not counted: %s", error)


def _is_gone(process: object) -> bool:
    """Say whether the process that left this mark, if any, has ended."""
    return isinstance(process, int) and not psutil().pid_exists(process)
