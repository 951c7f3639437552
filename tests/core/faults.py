"""Let the n-th call to the operating system fail, for any n."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EDQUOT, errno.EROFS, errno.EMFILE)
CALLS = ("open", "write", "fsync", "mkdir", "stat", "chmod", "link", "rename", "replace", "close")


@dataclass
class Faults:
    """What happened inside :func:`failing`; ``struck`` is the call that failed, or ""."""

    calls: int = 0
    struck: str = ""


@contextmanager
def failing(
    monkeypatch: pytest.MonkeyPatch, nth: int, code: int, calls: tuple[str, ...] = CALLS
) -> Iterator[Faults]:
    """Raise ``OSError(code)`` from the ``nth`` (from 1) of the named ``os`` calls, once.

    A failing ``close`` still closes: that is what systems do.
    """
    faults = Faults()

    def wrap(name: str, real: Any) -> Any:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            faults.calls += 1
            if faults.calls != nth:
                return real(*args, **kwargs)
            faults.struck = name
            if name == "close":
                real(*args, **kwargs)
            raise OSError(code, os.strerror(code))

        return wrapped

    with monkeypatch.context() as patch:
        for name in calls:
            patch.setattr(os, name, wrap(name, getattr(os, name)))
        yield faults
