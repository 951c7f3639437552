"""The packed files that documents are (DOCX, ODT, EPUB): read within limits, written unpacked.

Members are read by name into memory and never extracted, so no name in them leads anywhere.
They are written *stored*, because only then can content credentials be signed into them.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from studio.core.errors import BadInputError, storage_errors

MAX_FILE_BYTES = 200 * 2**20
MAX_MEMBERS = 10_000
MAX_UNPACKED_BYTES = 200 * 2**20
MAX_RATIO = 200
MAX_MEMBER_BYTES = 64 * 2**20
"""No text is longer; a member of this size is data of another kind."""

_RATIO_COUNTS_FROM_BYTES = 2**20  # short members of blanks pack better than any bomb
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # a password, as zipfile says it
    NotImplementedError,  # a packing method that zipfile does not know
    ValueError,
    OSError,
    LookupError,
    AttributeError,  # zipfile trips over some forged extra fields
    TypeError,
    MemoryError,
)


class Container:
    """A packed document whose directory was looked through before anything is unpacked."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            BadInputError: Not a packed file, damaged, locked, or unpacks to too much.
            StorageError: The system does not let us read it.
        """
        self.path = path
        with storage_errors(path, "opening the document"), path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise self.refused("it is larger than any text")
        if data.startswith(b"\xd0\xcf\x11\xe0"):
            raise self.refused("it is locked with a password, or in an old Office format")
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _UNREADABLE as error:
            raise self.refused("it is damaged or not whole") from error
        self._check(self._zip.infolist())

    def __contains__(self, name: str) -> bool:
        return name in self._zip.NameToInfo

    def read(self, name: str) -> bytes:
        """Return a member's content.

        Raises:
            BadInputError: There is no such member, or it is damaged.
        """
        if name not in self:
            raise self.refused("a part of it is missing")
        try:
            with self._zip.open(name) as member:
                data = member.read(MAX_MEMBER_BYTES + 1)
        except _UNREADABLE as error:
            raise self.refused("a part of it is damaged") from error
        if len(data) > MAX_MEMBER_BYTES:
            raise self.refused("a part of it is larger than any text")
        return data

    def refused(self, why: str) -> BadInputError:
        """Return the error for a file that cannot be used; ``why`` is the end of a sentence."""
        return BadInputError(
            f"{self.path.name} cannot be read: {why}.",
            hint="Open it in the program that made it and save it again, then import that file.",
            path=str(self.path),
        )

    def _check(self, members: list[zipfile.ZipInfo]) -> None:
        total = sum(member.file_size for member in members)
        if len(members) > MAX_MEMBERS:
            raise self.refused("it has more parts than any text")
        if total > MAX_UNPACKED_BYTES:
            raise self.refused("unpacked it would be larger than any text")
        for member in members:
            large = member.file_size > _RATIO_COUNTS_FROM_BYTES
            if large and member.file_size > member.compress_size * MAX_RATIO:
                raise self.refused("it unpacks to far more than it is")
            if member.flag_bits & 1:
                raise self.refused("it is locked with a password")


def stored(members: Iterable[tuple[str, bytes | str]]) -> bytes:
    """Return a packed file of (name, content) in this order, none of them compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as packed:
        for name, content in members:
            member = zipfile.ZipInfo(name, _EPOCH)
            member.external_attr = 0o644 << 16
            packed.writestr(member, content)
    return out.getvalue()


def restored(data: bytes) -> bytes:
    """Return a packed file that we made with every member stored, in the same order."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return stored((name, packed.read(name)) for name in packed.namelist())
