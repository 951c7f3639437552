"""Say what a result was made from: the files that went in, with the marks they bore."""

from __future__ import annotations

import hashlib
from pathlib import Path

from studio.core.errors import storage_errors
from studio.core.provenance.credentials import credentials_in, says_model
from studio.core.provenance.embedding import look
from studio.core.provenance.media_types import media_type_of, sniff
from studio.core.provenance.record import Ingredient


def ingredient_of(path: Path) -> Ingredient:
    """Return the ingredient a file is, with the strongest mark found in it.

    Raises:
        StorageError: The file cannot be read.
    """
    with storage_errors(path, "reading what the result was made from"):
        data = path.read_bytes()
    media_type = sniff(data) or media_type_of(path.name)
    return Ingredient(
        title=path.name,
        media_type=media_type,
        sha256=hashlib.sha256(data).hexdigest(),
        source_type=look(data, path.name).source_type or _signed_source(path, media_type),
    )


def _signed_source(path: Path, media_type: str) -> str:
    with storage_errors(path, "reading what the result was made from"), path.open("rb") as file:
        found = credentials_in(file, media_type, "")
    return next((kind for kind in (found.source_types if found else ()) if says_model(kind)), "")
