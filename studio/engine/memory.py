"""How much memory a device has and has left, and giving back what is no longer needed.

psutil and torch are imported inside functions; torch only where it is loaded already.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import logging
import sys
from functools import cache
from pathlib import Path
from typing import Any

from studio.engine.api import Device

_log = logging.getLogger(__name__)

GB = 1_000_000_000
#: Memory left alone for computing, the window and other programs: at least this many bytes …
_WORKING_BYTES = 512_000_000
#: … and at least this part of all there is.
_WORKING_PART = 0.1

#: glibc's malloc.h: the parameter of mallopt for the number of heaps.
_M_ARENA_MAX = -8

_CGROUP = Path("/sys/fs/cgroup")


def total_bytes(device: Device) -> int:
    """Return how much memory the device has, within what this process may use."""
    if device.total_bytes:
        return device.total_bytes
    return host_total_bytes()


def host_total_bytes() -> int:
    """Return the computer's memory in bytes, within the limit of a container."""
    total = int(psutil().virtual_memory().total)
    limit = _cgroup_number("memory.max")
    return min(total, limit) if limit else total


def free_bytes(device: Device) -> int:
    """Return how much memory of the device nobody uses now."""
    torch: Any = sys.modules.get("torch")
    if device.kind == "cuda" and torch is not None:
        return int(torch.cuda.mem_get_info(device.index)[0])
    if device.kind == "mps" and torch is not None:
        limit = int(torch.mps.recommended_max_memory())
        return min(limit - int(torch.mps.driver_allocated_memory()), host_free_bytes())
    return host_free_bytes()


def host_free_bytes() -> int:
    """Return how much memory of the computer is available, within the limit of a container."""
    free = int(psutil().virtual_memory().available)
    limit, used = _cgroup_number("memory.max"), _cgroup_number("memory.current")
    if limit and used:
        free = min(free, limit - used + _cgroup_cache_bytes())
    return max(0, free)


def budget_bytes(device: Device, chosen_gb: float, resident_bytes: int) -> int:
    """Return how much loaded models may take together.

    Args:
        device: Where they are.
        chosen_gb: What the user chose, in GB; 0 decides from what is free.
        resident_bytes: What loaded models take now.
    """
    if chosen_gb > 0:
        return int(chosen_gb * GB)
    working = max(_WORKING_BYTES, int(_WORKING_PART * total_bytes(device)))
    return resident_bytes + max(0, free_bytes(device) - working)


def give_back() -> None:
    """Return freed memory to the device and the system, after models were unloaded."""
    gc.collect()
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        elif torch.backends.mps.is_available():
            torch.mps.empty_cache()
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


def psutil() -> Any:
    """Import psutil when it is first needed; it takes a while and has no types."""
    return importlib.import_module("psutil")


def in_words(size_bytes: int) -> str:
    """Return a size for people, such as "1.2 GB"."""
    if size_bytes >= GB:
        return f"{size_bytes / GB:.1f} GB"
    return f"{max(1, round(size_bytes / 1_000_000))} MB"


def share_one_heap() -> None:
    """Let all threads take memory from one heap of glibc; call before they are started.

    By default each worker gets a heap of its own, and what is left of a model in one of them is
    not given back while anything small lies above it: after loading, generating and unloading a
    model of 135M six times in bfloat16, 392 to 496 MB stayed; with one heap 400 to 402 MB.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
    except (OSError, AttributeError):
        _log.debug("this C library has no mallopt")


@cache
def _malloc_trim() -> Any:
    """Return glibc's ``malloc_trim``; without it freed weights stay with the process."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        return ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        _log.debug("this C library has no malloc_trim")
        return None


def _cgroup_number(name: str) -> int:
    """Return a number of this container's cgroup (version 2), 0 when there is none."""
    if not sys.platform.startswith("linux"):
        return 0
    try:
        text = (_CGROUP / name).read_text("ascii").strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0


def _cgroup_cache_bytes() -> int:
    """Return how much of the container's memory is page cache that can be dropped."""
    try:
        lines = (_CGROUP / "memory.stat").read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
