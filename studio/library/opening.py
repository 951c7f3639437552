"""Open the library where the user's settings say it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from studio.core.paths import Folders
from studio.core.provenance.keys import installation_key
from studio.core.settings import Settings
from studio.library.library import Library, ModelLabel
from studio.library.names import DEFAULT_TEMPLATE


def open_library(
    folders: Folders,
    settings: Settings,
    *,
    model_label: Callable[[str], ModelLabel] = lambda model: ModelLabel(),
) -> Library:
    """Return the user's library; ``start()`` it for the work in the background.

    Raises:
        StorageError: Neither folder nor index can be opened.
        BadInputError: The template for file names cannot be used.
    """
    chosen = settings.files.library_folder
    folder = Path(chosen).expanduser().absolute() if chosen else folders.library
    return Library(
        folder,
        index_file(folders, folder),
        template=settings.files.library_template or DEFAULT_TEMPLATE,
        model_label=model_label,
        key=cache(partial(installation_key, folders.credentials)),
    )


def index_file(folders: Folders, folder: Path) -> Path:
    """Return where the index of a library folder lies: not in it, so that it can be shared."""
    name = hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return folders.state / "library" / f"{name}.sqlite"
