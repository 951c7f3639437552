"""Stars, tags and boards, kept beside the files so that they outlive the index.

They are the user's own work, and the files must not change when a star is given: a rewritten
file would lose its content credentials and its date. So they lie in the library folder, in
``.triptych/marks/00.json`` to ``ff.json``: 256 small files, so that a star among 200,000 items
rewrites a few kilobytes, whole or not at all. An entry is found again by path, and when a file
was renamed in between, by the file's SHA-256.
See packaging/docs/decisions/0060-the-library-is-its-files.md.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.core.atomic_write import atomic_write
from studio.core.errors import StorageError, storage_errors
from studio.library.items import STARS_MAX

log = logging.getLogger(__name__)

FORMAT = 1
SHARDS = 256
_DOING = "keeping stars, tags and boards"


@dataclass(frozen=True, kw_only=True)
class Marks:
    """What a user said about one file.

    Attributes:
        sha256: The file's hash when this was said, hexadecimal.
        stars: 0..5.
        tags: In alphabetical order.
        board: "" none.
    """

    sha256: str = ""
    stars: int = 0
    tags: tuple[str, ...] = ()
    board: str = ""

    @property
    def empty(self) -> bool:
        """Nothing was said, so nothing needs to be kept."""
        return not (self.stars or self.tags or self.board)


class MarksFolder:
    """Reads and writes the 256 files; callers hold the library's lock while they write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self) -> dict[str, Marks]:
        """Return everything by relative path; a damaged file is kept aside and left out."""
        found: dict[str, Marks] = {}
        for shard in range(SHARDS):
            found |= self._read(shard)
        return found

    def write(self, changes: Mapping[str, Marks | None]) -> Iterable[list[str]]:
        """Keep or remove entries, one file after the other.

        Args:
            changes: By relative path; ``None`` or an empty entry removes.

        Yields:
            The paths whose entries are durable now, file by file.

        Raises:
            StorageError: The paths not yet yielded are as they were.
        """
        by_shard: dict[int, dict[str, Marks | None]] = {}
        for path, marks in changes.items():
            by_shard.setdefault(_shard(path), {})[path] = marks
        for shard, changed in sorted(by_shard.items()):
            entries = self._read(shard)
            for path, marks in changed.items():
                if marks is None or marks.empty:
                    entries.pop(path, None)
                else:
                    entries[path] = marks
            self._store(shard, entries)
            yield list(changed)

    def _file(self, shard: int) -> Path:
        return self.folder / f"{shard:02x}.json"

    def _read(self, shard: int) -> dict[str, Marks]:
        file = self._file(shard)
        with storage_errors(file, "reading stars, tags and boards"):
            try:
                data = file.read_bytes()
            except FileNotFoundError:
                return {}
        try:
            plain = json.loads(data)
            return {path: _marks(entry) for path, entry in plain["items"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._keep_aside(file, data)
            return {}

    def _keep_aside(self, file: Path, data: bytes) -> None:
        log.warning("a file of stars, tags and boards is damaged and was kept aside: %s", file.name)
        try:
            atomic_write(file.with_suffix(".damaged"), data)
        except StorageError as error:
            log.warning("the damaged file stays where it is: %s", error.user_message)

    def _store(self, shard: int, entries: Mapping[str, Marks]) -> None:
        file = self._file(shard)
        plain = {
            "format": FORMAT,
            "items": {path: _plain(marks) for path, marks in sorted(entries.items())},
        }
        atomic_write(file, json.dumps(plain, ensure_ascii=False, indent=1) + "\n", doing=_DOING)


def clean_label(text: str) -> str:
    """Return a tag or board name as it is kept: one line, no quotes, at most 80 characters."""
    return " ".join(text.replace('"', " ").split())[:80]


def _shard(path: str) -> int:
    return hashlib.sha256(path.encode("utf-8", "surrogateescape")).digest()[0]


def _marks(entry: Any) -> Marks:
    tags = [clean_label(str(tag)) for tag in entry.get("tags", ())]
    return Marks(
        sha256=str(entry.get("sha256", "")),
        stars=max(0, min(STARS_MAX, int(entry.get("stars", 0)))),
        tags=tuple(sorted({tag for tag in tags if tag}, key=str.casefold)),
        board=clean_label(str(entry.get("board", ""))),
    )


def _plain(marks: Marks) -> dict[str, Any]:
    plain: dict[str, Any] = {"sha256": marks.sha256}
    if marks.stars:
        plain["stars"] = marks.stars
    if marks.tags:
        plain["tags"] = list(marks.tags)
    if marks.board:
        plain["board"] = marks.board
    return plain
