"""What ``triptych library …`` does; plain data in and out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.core.errors import BadInputError
from studio.core.paths import Folders, user_folders
from studio.core.settings import Settings, SettingsFile
from studio.library.items import SORTS, Item
from studio.library.library import Library
from studio.library.opening import open_library

DEFAULT_LIMIT = 50


def search(
    query: str,
    *,
    sort: str = "newest",
    limit: int = DEFAULT_LIMIT,
    folders: Folders | None = None,
    settings: Settings | None = None,
) -> dict[str, Any]:
    """Search the library.

    Args:
        query: See :mod:`studio.library.query`.
        sort: "newest", "oldest", "relevance" or "stars".
        limit: How many items at most.
        folders: The user's, when left out.
        settings: The stored ones, when left out.

    Returns:
        ``items`` (each a dict), ``total`` and ``problems``.

    Raises:
        BadInputError: No such order.
        StorageError: The library cannot be opened.
    """
    if sort not in SORTS:
        raise BadInputError(f"There is no order “{sort}”.", hint=f"Choose: {', '.join(SORTS)}.")
    library = _open(folders, settings)
    try:
        library.scan()
        page = library.search(query, sort=sort)
        items = library.items(page.ids[: max(0, limit)])
        return {
            "items": [_plain(library, item) for item in items],
            "total": page.total,
            "problems": list(page.problems),
        }
    finally:
        library.close()


def rebuild(
    *,
    folders: Folders | None = None,
    settings: Settings | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Throw the index away and read every file again; returns what was found.

    Raises:
        StorageError: The folder cannot be reached.
    """
    library = _open(folders, settings)
    try:
        report = library.rebuild(progress)
        return {"folder": str(library.folder), **dataclasses.asdict(report)}
    finally:
        library.close()


def _open(folders: Folders | None, settings: Settings | None) -> Library:
    folders = folders or user_folders()
    if settings is None:
        settings, _ = SettingsFile(folders.settings_file).load()
    return open_library(folders, settings)


def _plain(library: Library, item: Item) -> dict[str, Any]:
    plain = dataclasses.asdict(item)
    plain["tags"] = list(item.tags)
    plain["file"] = str(Path(library.path(item)))
    plain["made"] = item.made.isoformat(timespec="seconds")
    return plain
