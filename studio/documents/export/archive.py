"""The packed files that documents are (DOCX, ODT, EPUB): read with limits, written unpacked.

Written *stored*, not deflated, because only then can content credentials be added to them.
Members are read by name into memory and never extracted, so no name leads anywhere.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from studio.core.errors import BadInputError, storage_errors

MAX_FILE_BYTES = 100 * 1024 * 1024
MAX_MEMBERS = 10_000
MAX_TOTAL_BYTES = 500 * 1024 * 1024
MAX_MEMBER_BYTES = 64 * 1024 * 1024
MAX_RATIO = 200
RATIO_COUNTS_FROM_BYTES = 4 * 1024 * 1024

EPOCH = (1980, 1, 1, 0, 0, 0)


class Archive:
    """A packed document, looked through before anything is unpacked."""

    def __init__(self, path: Path) -> None:
        """Read the file and refuse what no document is.

        Raises:
            BadInputError: No packed file, damaged, or a bomb.
            StorageError: The system does not let us read it.
        """
        self.path = path
        with storage_errors(path, "opening the document"):
            size = path.stat().st_size
            self._refuse_if(size > MAX_FILE_BYTES, "it is too large")
            self.data = path.read_bytes()
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(self.data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise self._refused("it is damaged or something else") from error
        self._check()

    def names(self) -> tuple[str, ...]:
        """Return the names of the members."""
        return tuple(self._zip.namelist())

    def read(self, name: str) -> bytes:
        """Return a member's content.

        Raises:
            BadInputError: There is none, or it is not what the file says it is.
        """
        try:
            with self._zip.open(name) as member:
                data = member.read(MAX_MEMBER_BYTES + 1)
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
            raise self._refused("a part of it is missing or damaged") from error
        except (NotImplementedError, ValueError) as error:
            raise self._refused("it is packed in an unusual way") from error
        self._refuse_if(len(data) > MAX_MEMBER_BYTES, "a part of it is too large")
        return data

    def _check(self) -> None:
        members = self._zip.infolist()
        self._refuse_if(len(members) > MAX_MEMBERS, "it has too many parts")
        total = sum(member.file_size for member in members)
        packed = sum(member.compress_size for member in members)
        self._refuse_if(total > MAX_TOTAL_BYTES, "unpacked it would be too large")
        bomb = total > RATIO_COUNTS_FROM_BYTES and total > MAX_RATIO * max(1, packed)
        self._refuse_if(bomb, "unpacked it would be too large")
        for member in members:
            parts = member.filename.replace("\\", "/").split("/")
            odd = member.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]
            self._refuse_if(odd, "it has a part with a forbidden name")
            self._refuse_if(bool(member.flag_bits & 1), "it is locked with a password")

    def _refuse_if(self, wrong: bool, why: str) -> None:
        if wrong:
            raise self._refused(why)

    def _refused(self, why: str) -> BadInputError:
        return BadInputError(
            f"{self.path.name} cannot be opened: {why}.",
            hint="Open it in the program that made it and save it again.",
            path=str(self.path),
        )


def stored(members: Iterable[tuple[str, bytes | str]]) -> bytes:
    """Return a packed file of (name, content), in this order, none of them compressed."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as packed:
        for name, content in members:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, content)
    return target.getvalue()


def restored(data: bytes, first: str = "") -> bytes:
    """Return a packed file of ours with every member stored, ``first`` at its head."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        names = sorted(packed.namelist(), key=lambda name: name != first)
        return stored((name, packed.read(name)) for name in names)
