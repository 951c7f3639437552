"""``triptych-model.json``: what is known about a model's origin, kept beside its weights.

Written by the set-up and by conversions, read by :mod:`studio.models.identify`. A folder without
one is a model like any other.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from studio.core.atomic_write import atomic_write

RECORD_NAME = "triptych-model.json"
RECORD_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """Where a model came from.

    Attributes:
        id: The id it has in the store; "" lets the store choose.
        title: What people call it.
        licence: SPDX identifier or the licence's name.
        source: Where it came from, in words or as an address.
        attribution: The credit line.
        built_in: It came with the set-up.
        source_file: Name of the file it was converted from.
        source_path: Full path of that file at the time.
        source_bytes: Its size.
        source_sha256: Its SHA-256, lower-case hexadecimal.
        dtype: What the converted weights are stored in.
    """

    id: str = ""
    title: str = ""
    licence: str = ""
    source: str = ""
    attribution: str = ""
    built_in: bool = False
    source_file: str = ""
    source_path: str = ""
    source_bytes: int = 0
    source_sha256: str = ""
    dtype: str = ""


def read_record(folder: Path) -> ModelRecord:
    """Return the folder's record; an empty one when there is none that can be read."""
    try:
        raw = json.loads((folder / RECORD_NAME).read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return ModelRecord()
    if not isinstance(raw, dict):
        return ModelRecord()
    empty = ModelRecord()
    known = {field.name: getattr(empty, field.name) for field in dataclasses.fields(ModelRecord)}
    good = {k: raw[k] for k, v in known.items() if k in raw and type(raw[k]) is type(v)}
    return ModelRecord(**good)


def write_record(folder: Path, record: ModelRecord) -> None:
    """Write the record into the folder.

    Raises:
        StorageError: The system refused.
    """
    plain = {"format": RECORD_FORMAT, **dataclasses.asdict(record)}
    text = json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
    atomic_write(folder / RECORD_NAME, text, doing="saving where the model came from")


def sha256_of(path: Path) -> str:
    """Return a file's SHA-256 as lower-case hexadecimal.

    Raises:
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
