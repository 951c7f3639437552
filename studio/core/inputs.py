"""Pictures and sounds that go into a request, kept beside it and named by their content.

A request stays a line of JSON: what is too big for that lies in an :class:`InputStore`, and the
request holds an :class:`InputRef`. The same content has the same name everywhere, so a request
that was kept with a result can be made again wherever its inputs still lie.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError, InputMissingError, storage_errors

_NAME_LENGTH = 64
_HELD_BYTES = 96_000_000
_KEPT_S = 30 * 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class InputRef:
    """A picture or sound of a request.

    Attributes:
        sha256: Of its bytes, in hex; its name in every store.
        media_type: What the bytes are, such as "image/png", "audio/flac" or "audio/wav".
        size_bytes: How many bytes there are.
    """

    sha256: str
    media_type: str
    size_bytes: int = 0

    def __post_init__(self) -> None:
        if len(self.sha256) != _NAME_LENGTH or set(self.sha256) - set("0123456789abcdef"):
            raise BadInputError("A request names a picture or sound in a way that means nothing.")


class InputStore:
    """Contents by their SHA-256, in a folder and in memory; safe from any thread.

    Args:
        folder: Where they are kept; ``None``: in memory only.
        held_bytes: How much is held in memory at most, least recently used leaving first.
    """

    def __init__(self, folder: Path | None = None, held_bytes: int = _HELD_BYTES) -> None:
        self._folder = folder
        self._held_bytes = held_bytes
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, data: bytes, media_type: str, *, keep: bool = True) -> InputRef:
        """Take ``data`` in and return what a request may name it by.

        Args:
            data: An encoded picture or sound.
            media_type: What it is.
            keep: Write it to the folder, so that it outlives the program. Without, it is in
                memory until newer contents push it out: for live painting.

        Raises:
            StorageError: It could not be written.
        """
        name = hashlib.sha256(data).hexdigest()
        self._hold(name, data)
        if keep and self._folder is not None:
            self._keep(self._file(name), data)
        return InputRef(sha256=name, media_type=media_type, size_bytes=len(data))

    def get(self, ref: InputRef) -> bytes:
        """Return the content.

        Raises:
            InputMissingError: It is neither in memory nor in the folder, or damaged there.
            StorageError: The system does not let us read it.
        """
        with self._lock:
            held = self._held.get(ref.sha256)
            if held is not None:
                self._held.move_to_end(ref.sha256)
                return held
        data = self._read(ref.sha256)
        if data is None or hashlib.sha256(data).hexdigest() != ref.sha256:
            raise InputMissingError(
                "A picture or sound this was made from is not here any more.",
                hint="Put it in again, then try once more.",
                sha256=ref.sha256,
            )
        self._hold(ref.sha256, data)
        return data

    def drop(self, ref: InputRef) -> None:
        """Forget a content that is not to stay; one that is not here is no error.

        Raises:
            StorageError: It could not be deleted.
        """
        with self._lock:
            self._held.pop(ref.sha256, None)
        if self._folder is not None:
            file = self._file(ref.sha256)
            with storage_errors(file, "deleting a picture or sound of a request"):
                file.unlink(missing_ok=True)

    def sweep(self, keep: Collection[str], older_than_s: float = _KEPT_S) -> int:
        """Delete what the folder holds and nobody asked for in a while; return how many.

        Args:
            keep: SHA-256 in hex of what stays in any case.
            older_than_s: How long ago it was last put in, in seconds.
        """
        if self._folder is None or not self._folder.is_dir():
            return 0
        gone, before = 0, time.time() - older_than_s
        with storage_errors(self._folder, "clearing up inputs of requests"):
            for file in self._folder.glob("??/*"):
                if file.name not in keep and file.stat().st_mtime < before:
                    file.unlink(missing_ok=True)
                    gone += 1
        return gone

    def _keep(self, file: Path, data: bytes) -> None:
        doing = "keeping a picture or sound of a request"
        with storage_errors(file, doing):
            if file.exists():
                os.utime(file)
                return
            file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(file, data, doing=doing)

    def _file(self, name: str) -> Path:
        assert self._folder is not None
        return self._folder / name[:2] / name

    def _read(self, name: str) -> bytes | None:
        if self._folder is None:
            return None
        with storage_errors(self._folder, "reading a picture or sound of a request"):
            try:
                return self._file(name).read_bytes()
            except FileNotFoundError:
                return None

    def _hold(self, name: str, data: bytes) -> None:
        with self._lock:
            self._held[name] = data
            self._held.move_to_end(name)
            held = sum(len(each) for each in self._held.values())
            while held > self._held_bytes and len(self._held) > 1:
                held -= len(self._held.popitem(last=False)[1])
