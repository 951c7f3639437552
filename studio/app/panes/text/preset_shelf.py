"""The presets in use: those that come with Triptych and the user's own, kept in one file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StorageError
from studio.core.options import OptionValue
from studio.documents.manuscript.presets import Preset, load_presets, save_own


class PresetShelf(QObject):
    """Holds the presets and writes the user's own when they change."""

    changed = Signal()

    def __init__(self, own_file: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._own_file = own_file
        self.problem: StorageError | None = None
        try:
            self.presets = load_presets(own_file)
        except StorageError as error:
            self.problem = error
            self.presets = load_presets()

    def keep(self, title: str, values: Mapping[str, OptionValue]) -> Preset:
        """Keep options under a name; an own preset of that name is replaced.

        Raises:
            StorageError: It could not be written; nothing changed.
        """
        kept = {name: value for name, value in values.items() if name != "max_new_tokens"}
        preset = Preset(id=f"own-{title.casefold()}", title=title, options=kept, own=True)
        others = tuple(p for p in self.presets if p.id != preset.id)
        save_own(self._own_file, (*others, preset))
        self.presets = (*others, preset)
        self.changed.emit()
        return preset

    def forget(self, preset_id: str) -> None:
        """Remove an own preset.

        Raises:
            StorageError: It could not be written; nothing changed.
        """
        others = tuple(p for p in self.presets if p.id != preset_id or not p.own)
        save_own(self._own_file, others)
        self.presets = others
        self.changed.emit()
