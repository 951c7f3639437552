"""The settings as the window sees them: a value, a signal, and a file written off this thread."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StorageError
from studio.core.options import Problem
from studio.core.settings import Settings, SettingsFile


class SettingsModel(QObject):
    """Holds the settings. Changed on the GUI thread only; saved by a thread of its own.

    Attributes:
        problems: What was wrong with the stored settings; the defaults stand in.
    """

    changed = Signal(str, str)
    """Group and name of a value that changed; the groups of the maps are "shortcuts" and
    "enabled_plugins"."""
    save_failed = Signal(object)
    """A :class:`StorageError`; the value holds until the window closes."""

    def __init__(self, file: SettingsFile, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = file
        self.problems: list[Problem] = []
        self._value = Settings()
        try:
            self._value, self.problems = file.load()
        except StorageError as error:
            self.problems = [Problem("settings.json", error.sentence())]
        self._saver = _Saver(file, self.save_failed.emit)

    @property
    def value(self) -> Settings:
        """The settings now; frozen."""
        return self._value

    def set(self, group: str, name: str, value: object) -> None:
        """Change one value, tell everyone, and save.

        Raises:
            BadInputError: The value is refused by its option.
        """
        self._replace(self._value.with_value(group, name, value), group, name)

    def set_shortcut(self, action_id: str, keys: str | None) -> None:
        """Remember the keys of an action; ``None`` forgets them, so the default holds."""
        self._set_in_map("shortcuts", action_id, keys)

    def set_plugin(self, plugin_id: str, tree_hash: str | None) -> None:
        """Remember that the user agreed to a plugin as it is now; ``None`` turns it off."""
        self._set_in_map("enabled_plugins", plugin_id, tree_hash)

    def _set_in_map(self, group: str, name: str, value: str | None) -> None:
        entries = dict(getattr(self._value, group))
        if value is None:
            entries.pop(name, None)
        else:
            entries[name] = value
        changes: dict[str, Any] = {group: entries}
        self._replace(dataclasses.replace(self._value, **changes), group, name)

    def close(self, timeout_s: float = 5.0) -> None:
        """Wait until the last change is on disk."""
        self._saver.close(timeout_s)

    def _replace(self, value: Settings, group: str, name: str) -> None:
        if value == self._value:
            return
        self._value = value
        self._saver.save(value)
        self.changed.emit(group, name)


class _Saver:
    """Writes the newest settings on a thread that lives only while something is to be written."""

    def __init__(self, file: SettingsFile, failed: Callable[[StorageError], None]) -> None:
        self._file = file
        self._failed = failed
        self._lock = threading.Lock()
        self._newest: Settings | None = None
        self._thread: threading.Thread | None = None

    def save(self, settings: Settings) -> None:
        with self._lock:
            self._newest = settings
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="settings")
                self._thread.start()

    def close(self, timeout_s: float) -> None:
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._lock:
                settings, self._newest = self._newest, None
                if settings is None:
                    self._thread = None
                    return
            try:
                self._file.save(settings)
            except StorageError as error:
                self._failed(error)
