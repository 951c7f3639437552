"""Fetching one pinned file, continuing what a killed run has left."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.setup.failures import (
    DiskFullError,
    NoNetworkError,
    UnavailableError,
    WrongHashError,
)

CHUNK_BYTES = 1 << 20
FRUITLESS_TRIES = 3


def is_offline(error: BaseException) -> bool:
    """Tell whether an error means that the network is not there, not that the place refuses."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, ssl.SSLError):
        return False
    if isinstance(reason, (socket.gaierror, socket.timeout, ConnectionError)):
        return True
    codes = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ETIMEDOUT)
    return isinstance(reason, OSError) and reason.errno in codes


class _TryAgainError(Exception):
    """The connection broke or the server is busy; ``cause`` says which."""

    def __init__(self, cause: BaseException | None = None) -> None:
        super().__init__(str(cause))
        self.cause = cause


class Download:
    """Fetches one pinned file; what a killed run has left is kept and continued.

    Args:
        url: Where it is.
        target: The finished file; until then it grows as ``<target>.part``.
        sha256: What it must be.
        size: How many bytes it must have.
        opener: Knows proxies and certificates.
        report: Called with the bytes done and the bytes in all.
        pause: Waits that many seconds between two tries.
    """

    def __init__(
        self,
        url: str,
        target: Path,
        *,
        sha256: str,
        size: int,
        opener: urllib.request.OpenerDirector,
        report: Callable[[int, int], None],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = url
        self._target = target
        self._part = target.with_name(target.name + ".part")
        self._sha256 = sha256
        self._size = size
        self._opener = opener
        self._report = report
        self._pause = pause
        self._hash = hashlib.sha256()
        self._done = 0

    def run(self) -> None:
        """Fetch the file.

        Raises:
            NoNetworkError: It cannot be reached.
            UnavailableError: The place refuses it.
            WrongHashError: What came is another file; it is deleted.
            DiskFullError: There is no room for it.
        """
        self._take_up()
        resumed = self._done > 0
        self._transfer_all()
        if self._hash.hexdigest() != self._sha256 and resumed:
            self._start_over()
            self._transfer_all()
        if self._hash.hexdigest() != self._sha256:
            self._part.unlink()
            raise WrongHashError(self._target.name)
        self._part.replace(self._target)

    def _take_up(self) -> None:
        self._part.parent.mkdir(parents=True, exist_ok=True)
        if not self._part.exists():
            return
        if self._part.stat().st_size > self._size:
            self._part.unlink()
            return
        with self._part.open("rb") as file:
            for chunk in iter(lambda: file.read(CHUNK_BYTES), b""):
                self._hash.update(chunk)
                self._done += len(chunk)

    def _start_over(self) -> None:
        self._part.unlink(missing_ok=True)
        self._hash = hashlib.sha256()
        self._done = 0

    def _transfer_all(self) -> None:
        fruitless = 0
        while self._done < self._size:
            before = self._done
            try:
                self._transfer()
            except _TryAgainError as again:
                fruitless = 0 if self._done > before else fruitless + 1
                if fruitless >= FRUITLESS_TRIES:
                    if again.cause is None or not is_offline(again.cause):
                        raise UnavailableError(str(again)) from again
                    raise NoNetworkError from again
                self._pause(2**fruitless)

    def _transfer(self) -> None:
        response = self._open()
        if response is None:
            return
        with response, self._part.open("ab") as file:
            while self._done < self._size:
                chunk = self._read(response)
                if not chunk:
                    raise _TryAgainError(ConnectionError("the connection ended early"))
                self._write(file, chunk)
            os.fsync(file.fileno())

    def _open(self) -> Any:
        headers = {"User-Agent": "Triptych-setup", "Accept-Encoding": "identity"}
        if self._done:
            headers["Range"] = f"bytes={self._done}-"
        request = urllib.request.Request(self._url, headers=headers)
        try:
            response = self._opener.open(request, timeout=60)
        except urllib.error.HTTPError as error:
            with error:
                self._refused(error.code)
            raise _TryAgainError(error) from error
        except (OSError, http.client.HTTPException) as error:
            if isinstance(getattr(error, "reason", error), ssl.SSLError):
                raise UnavailableError(str(error)) from error
            raise _TryAgainError(error) from error
        try:
            self._check_range(response)
        except BaseException:
            response.close()
            raise
        return response

    def _refused(self, code: int) -> None:
        if code == 416:
            # What is on this disk does not fit what is there: begin again, without a range.
            self._start_over()
        elif code not in (408, 425, 429) and code < 500:
            raise UnavailableError(f"HTTP {code}")

    def _check_range(self, response: Any) -> None:
        if self._done and getattr(response, "status", None) != 206:
            self._start_over()
        elif self._done:
            given = response.headers.get("Content-Range", "")
            if not given.startswith(f"bytes {self._done}-"):
                self._start_over()
                raise _TryAgainError
        length = response.headers.get("Content-Length")
        if length and self._done + int(length) != self._size:
            self._start_over()
            raise WrongHashError(self._target.name)

    def _read(self, response: Any) -> bytes:
        try:
            return bytes(response.read(min(CHUNK_BYTES, self._size - self._done)))
        except (OSError, http.client.HTTPException) as error:
            raise _TryAgainError(error) from error

    def _write(self, file: Any, chunk: bytes) -> None:
        try:
            file.write(chunk)
            file.flush()
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise DiskFullError(self._part.parent, self._size - self._done) from error
            raise
        self._hash.update(chunk)
        self._done += len(chunk)
        self._report(self._done, self._size)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(CHUNK_BYTES), b""):
            digest.update(chunk)
    return digest.hexdigest()


def make_opener(certificates: Path | None, proxy: str) -> urllib.request.OpenerDirector:
    """Return what opens addresses the way pip is told to.

    Args:
        certificates: A file or folder of authorities to trust besides the system's.
        proxy: The proxy's address, or "" for what the system says.

    Returns:
        The opener, which also reads ``file:`` addresses.
    """
    context = ssl.create_default_context()
    if certificates and certificates.is_dir():
        context.load_verify_locations(capath=str(certificates))
    elif certificates:
        context.load_verify_locations(cafile=str(certificates))
    proxies = {"http": proxy, "https": proxy} if proxy else None
    return urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=context)
    )
