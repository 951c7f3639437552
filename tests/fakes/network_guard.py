"""Sees every try to reach another computer from Python, and stops it.

An audit hook sees what the socket module is asked to do, whoever asks. It cannot be taken away
again, so there is one in a process.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

_FAMILIES = ("socket.connect", "socket.sendto", "socket.sendmsg")
_NAMES = ("socket.getaddrinfo", "socket.gethostbyname")
_HOME = {"", "localhost", "ip6-localhost"}


class ReachedOutError(OSError):
    """Something wanted to reach another computer."""


class NetworkGuard:
    """Refuses addresses that are not this computer's own.

    Attributes:
        tries: What was wanted, in order; to be emptied by who looks.
    """

    def __init__(self) -> None:
        self.tries: list[str] = []

    def install(self) -> None:
        """Begin, until the process ends."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _FAMILIES:
            address = arguments[1]
            if not isinstance(address, tuple):
                return  # a socket between programs of this computer, which has a path
            host = address[0]
        elif event in _NAMES:
            host = arguments[0]
        else:
            return
        if not _is_here(host):
            self.tries.append(f"{event} {host!r}")
            raise ReachedOutError(f"{event} wants to reach {host!r}")


def _is_here(host: object) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name is None or name in _HOME:
        return True
    try:
        return ipaddress.ip_address(str(name).partition("%")[0]).is_loopback
    except ValueError:
        return False
