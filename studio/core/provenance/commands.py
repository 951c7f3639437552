"""What ``triptych origin FILE [--json]`` asks for; printing is the command line's."""

from __future__ import annotations

from pathlib import Path

from studio.core.paths import user_folders
from studio.core.provenance.keys import authority_of
from studio.core.provenance.origin import check_origin


def origin(path: Path, *, keys: Path | None = None) -> dict[str, object]:
    """Return what a file says about its origin, as JSON-ready values.

    ``sentences`` holds the answer for people; the other names are those of
    :class:`studio.core.provenance.origin.OriginReport`.

    Args:
        path: Any file.
        keys: The folder of this installation's key; the usual one when left out.

    Raises:
        StorageError: There is no such file, or it cannot be read.
        BadInputError: It is a folder.
    """
    return check_origin(path, authority=authority_of(keys or keys_folder())).to_dict()


def keys_folder() -> Path:
    """Return the folder where this installation keeps its certificates."""
    return user_folders().credentials
