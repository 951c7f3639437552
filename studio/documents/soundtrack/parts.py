"""Sounds in pieces: where their kept bytes lie, and how they are read as one file again."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

from studio.core.errors import DamagedFileError, StudioError
from studio.documents.soundtrack.work import Work

PART_BYTES = 4 * 1024 * 1024


class PartStore(Protocol):
    """Keeps pieces by their SHA-256; safe from any thread."""

    def put(self, content: bytes) -> str:
        """Keep a piece and return its name, once it is durable; raises StorageError."""

    def get(self, name: str) -> bytes:
        """Return a piece; raises BadInputError when it is gone, DamagedFileError when altered."""


def store_file(file: BinaryIO, size: int, store: PartStore, work: Work) -> tuple[str, list[str]]:
    """Keep all of ``file`` in pieces; returns its SHA-256 and their names.

    Raises:
        StorageError: It could not be kept.
        WorkCancelled: It was stopped; pieces that were kept are of no use and do no harm.
    """
    digest = hashlib.sha256()
    names: list[str] = []
    done = 0
    while piece := file.read(PART_BYTES):
        work.step(done / max(1, size))
        digest.update(piece)
        names.append(store.put(piece))
        done += len(piece)
    return digest.hexdigest(), names


class PartsFile(io.RawIOBase):
    """Pieces as one file to read from; one piece is in memory at a time.

    What a reading library does with an error raised in its callbacks is to go on with silence,
    so an error ends the file here and stands in ``error``.
    """

    def __init__(self, store: PartStore, names: Sequence[str], size: int) -> None:
        self._store = store
        self._names = names
        self._size = size
        self._place = 0
        self._index = -1
        self._piece = b""
        self.error: StudioError | None = None

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be sought in."""
        return True

    def tell(self) -> int:
        """Return the place in the file."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Read the next bytes."""
        view = memoryview(buffer).cast("B")
        done = 0
        while done < len(view) and self._place < self._size and self.error is None:
            index, inside = divmod(self._place, PART_BYTES)
            piece = self._load(index)[inside : inside + len(view) - done]
            if not piece:
                break
            view[done : done + len(piece)] = piece
            done += len(piece)
            self._place += len(piece)
        return done

    def _load(self, index: int) -> bytes:
        if index != self._index:
            try:
                self._piece = self._store.get(self._names[index])
            except StudioError as error:
                self.error = error
                return b""
            except IndexError:
                self.error = DamagedFileError("A part of the sound is missing.")
                return b""
            self._index = index
        return self._piece
