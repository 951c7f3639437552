"""Sets of writing options with a name: those that come with Triptych and the user's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.core.atomic_write import atomic_write
from studio.core.errors import storage_errors
from studio.core.options import OptionValue
from studio.core.paths import assets


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Options by name; what is absent is left to the backend's default.

    Attributes:
        id: Stable name.
        title: What people call it.
        help: One sentence: what for.
        options: The values.
        own: The user made it.
    """

    id: str
    title: str
    help: str = ""
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    own: bool = False

    def matches(self, values: Mapping[str, OptionValue]) -> bool:
        """Return whether ``values`` are those of this preset, as far as they know its names."""
        shared = [name for name in self.options if name in values]
        return bool(shared) and all(values[name] == self.options[name] for name in shared)


def load_presets(own_file: Path | None = None) -> tuple[Preset, ...]:
    """Return the presets that come with Triptych, then the user's own.

    Raises:
        StorageError: The user's file is there and cannot be read.
    """
    built_in = json.loads((assets() / "text" / "presets.json").read_text("utf-8"))
    presets = [Preset(**item) for item in built_in]
    if own_file is not None and own_file.exists():
        with storage_errors(own_file, "reading your presets"):
            text = own_file.read_text("utf-8", "replace")
        presets += _read(text)
    return tuple(presets)


def save_own(own_file: Path, presets: tuple[Preset, ...]) -> None:
    """Write the user's own presets among ``presets``.

    Raises:
        StorageError: The old file is untouched.
    """
    plain = [
        {"id": p.id, "title": p.title, "help": p.help, "options": dict(p.options)}
        for p in presets
        if p.own
    ]
    text = json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
    atomic_write(own_file, text, doing="saving your presets")


def _read(text: str) -> list[Preset]:
    """Return the presets in a file that people may have edited; what is broken is left out."""
    try:
        plain: Any = json.loads(text)
    except ValueError:
        return []
    found = []
    for item in plain if isinstance(plain, list) else []:
        if isinstance(item, dict) and isinstance(item.get("title"), str):
            options = item.get("options")
            found.append(
                Preset(
                    id=str(item.get("id") or item["title"]),
                    title=item["title"],
                    help=str(item.get("help") or ""),
                    options=options if isinstance(options, dict) else {},
                    own=True,
                )
            )
    return found
