"""Make the n-th system call of SQLite in this process fail, through its own test interface.

``sqlite3_vfs.xSetSystemCall`` exists for this (https://www.sqlite.org/c3ref/vfs.html).
"""

from __future__ import annotations

import _sqlite3
import ctypes
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

VERSION_WITH_SYSTEM_CALLS = 3


class _Vfs(ctypes.Structure):
    pass


_Find = ctypes.CFUNCTYPE
_Vfs._fields_ = [
    ("iVersion", ctypes.c_int),
    ("szOsFile", ctypes.c_int),
    ("mxPathname", ctypes.c_int),
    ("pNext", ctypes.c_void_p),
    ("zName", ctypes.c_char_p),
    ("pAppData", ctypes.c_void_p),
    *[(name, ctypes.c_void_p) for name in (
        "xOpen", "xDelete", "xAccess", "xFullPathname", "xDlOpen", "xDlError", "xDlSym",
        "xDlClose", "xRandomness", "xSleep", "xCurrentTime", "xGetLastError", "xCurrentTimeInt64",
        "xSetSystemCall", "xGetSystemCall", "xNextSystemCall",
    )],
]  # fmt: skip

LONG, INT, PTR = ctypes.c_ssize_t, ctypes.c_int, ctypes.c_void_p
CALLS: dict[str, Any] = {
    "open": (INT, [ctypes.c_char_p, INT, INT]),
    "pwrite": (LONG, [INT, PTR, ctypes.c_size_t, ctypes.c_int64]),
    "pwrite64": (LONG, [INT, PTR, ctypes.c_size_t, ctypes.c_int64]),
    "write": (LONG, [INT, PTR, ctypes.c_size_t]),
    "pread": (LONG, [INT, PTR, ctypes.c_size_t, ctypes.c_int64]),
    "pread64": (LONG, [INT, PTR, ctypes.c_size_t, ctypes.c_int64]),
    "read": (LONG, [INT, PTR, ctypes.c_size_t]),
    "ftruncate": (INT, [INT, ctypes.c_int64]),
    "fallocate": (INT, [INT, ctypes.c_int64, ctypes.c_int64]),
}
WRITING = ("open", "pwrite", "pwrite64", "write", "ftruncate", "fallocate")


class FailingDisk:
    """Counts SQLite's system calls and fails some.

    Attributes:
        count: Calls so far.
        failed: How many of them failed.
    """

    def __init__(self, nth: int, code: int, names: tuple[str, ...], forever: bool) -> None:
        self.nth, self.code, self.names, self.forever = nth, code, names, forever
        self.count = self.failed = 0

    def wants(self) -> bool:
        self.count += 1
        fails = self.count == self.nth or (self.forever and self.count > self.nth)
        self.failed += fails
        return fails


def _unix_vfs() -> _Vfs | None:
    library = ctypes.CDLL(_sqlite3.__file__)
    try:
        find = library.sqlite3_vfs_find
    except AttributeError:  # linked into the interpreter without its symbols
        return None
    find.restype = ctypes.POINTER(_Vfs)
    found = find(b"unix")
    if not found or found.contents.iVersion < VERSION_WITH_SYSTEM_CALLS:
        return None
    return found.contents


VFS = _unix_vfs()


@contextmanager
def failing_disk(
    nth: int, code: int, names: tuple[str, ...] = WRITING, *, forever: bool = False
) -> Iterator[FailingDisk]:
    """Fail the ``nth`` of SQLite's calls (with ``forever``, all from there) with errno ``code``."""
    assert VFS is not None
    disk = FailingDisk(nth, code, names, forever)
    setter = ctypes.CFUNCTYPE(INT, PTR, ctypes.c_char_p, PTR)(VFS.xSetSystemCall)
    getter = ctypes.CFUNCTYPE(PTR, PTR, ctypes.c_char_p)(VFS.xGetSystemCall)
    here = ctypes.addressof(VFS)
    kept = []
    for name in names:
        original = getter(here, name.encode())
        if not original:
            continue
        result, arguments = CALLS[name]
        kind = ctypes.CFUNCTYPE(result, *arguments, use_errno=True)
        kept.append((name, _replacement(kind, kind(original), disk)))
        setter(here, name.encode(), ctypes.cast(kept[-1][1], PTR))
    try:
        yield disk
    finally:
        for name, _ in kept:
            setter(here, name.encode(), None)


def _replacement(kind: Any, original: Any, disk: FailingDisk) -> Any:
    def call(*arguments: Any) -> int:
        if disk.wants():
            ctypes.set_errno(disk.code)
            return -1
        return int(original(*arguments))

    return kind(call)


def full(project: Any, spare_pages: int = 0) -> None:
    """Let the project's file grow by ``spare_pages`` pages and no more: a full disk."""

    def limit(connection: sqlite3.Connection) -> None:
        now = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {now + spare_pages}").fetchone()

    project._writer.run_task(limit).result(20)


def roomy(project: Any) -> None:
    """Take the limit away again."""
    project._writer.run_task(
        lambda connection: connection.execute("PRAGMA max_page_count = 1000000000").fetchone()
    ).result(20)
