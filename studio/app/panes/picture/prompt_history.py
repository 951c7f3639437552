"""Prompts that were used, newest last, in a small file of their own. No Qt."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import NamedTuple

from studio.core.atomic_write import atomic_write
from studio.core.errors import StorageError

MOST = 200
_log = logging.getLogger(__name__)


class Prompt(NamedTuple):
    """A prompt as it was used."""

    prompt: str
    negative_prompt: str = ""


class PromptHistory:
    """Goes back and forth through prompts, as a shell does; what is being written is kept too."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._items: list[Prompt] | None = None
        self._at: int | None = None
        self._written = Prompt("")

    def add(self, prompt: Prompt) -> None:
        """Put a prompt at the end. That this cannot be kept is no reason to trouble anybody."""
        self._at = None
        if not prompt.prompt.strip():
            return
        items = [item for item in self._all() if item != prompt][-MOST + 1 :]
        self._items = [*items, prompt]
        try:
            atomic_write(self._file, json.dumps(self._items, ensure_ascii=False, indent=0))
        except StorageError as error:
            _log.warning("prompts not kept: %s", error.user_message)

    def back(self, now: Prompt) -> Prompt:
        """Return the prompt before; ``now`` is what stands there."""
        items = self._all()
        if not items:
            return now
        if self._at is None or self._shown() != now:
            self._written, self._at = now, len(items)
            if items[-1] == now:
                self._at -= 1
        self._at = max(0, self._at - 1)
        return items[self._at]

    def forth(self, now: Prompt) -> Prompt:
        """Return the prompt after; past the newest comes what was being written."""
        if self._at is None or self._shown() != now:
            return now
        self._at += 1
        if self._at < len(self._all()):
            return self._all()[self._at]
        self._at = None
        return self._written

    def _shown(self) -> Prompt | None:
        items = self._all()
        return items[self._at] if self._at is not None and self._at < len(items) else None

    def _all(self) -> list[Prompt]:
        if self._items is None:
            self._items = _read(self._file)
        return self._items


def _read(file: Path) -> list[Prompt]:
    try:
        plain = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [
        Prompt(*item)
        for item in (plain if isinstance(plain, list) else [])
        if isinstance(item, list)
        and 1 <= len(item) <= 2
        and all(isinstance(part, str) for part in item)
    ]
