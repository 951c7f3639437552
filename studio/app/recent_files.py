"""Files opened or saved last, in a small file of their own."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from studio.core.atomic_write import atomic_write
from studio.core.errors import StorageError

MOST = 12
_log = logging.getLogger(__name__)


class RecentFiles:
    """The paths, newest first."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._paths: list[Path] | None = None

    def paths(self) -> tuple[Path, ...]:
        """Return the files that are still there, newest first."""
        return tuple(path for path in self._all() if path.exists())

    def add(self, path: Path) -> None:
        """Put a file first. That this cannot be kept is no reason to trouble anybody."""
        path = path.absolute()
        paths = [path, *(other for other in self._all() if other != path)][:MOST]
        self._paths = paths
        try:
            atomic_write(self._file, json.dumps([str(p) for p in paths], ensure_ascii=False))
        except StorageError as error:
            _log.warning("recent files not kept: %s", error.user_message)

    def _all(self) -> list[Path]:
        if self._paths is None:
            try:
                plain = json.loads(self._file.read_text("utf-8"))
            except (OSError, ValueError):
                plain = []
            texts = plain if isinstance(plain, list) else []
            self._paths = [Path(item) for item in texts if isinstance(item, str)]
        return self._paths
