"""Which device models run on: CUDA before MPS before CPU, with the number format fast there.

Runs on an engine thread shortly after the start; torch is imported here, in pieces, and never
before. Facts behind the choices: bfloat16 halves the time of large matrix products only where
the processor multiplies it in hardware (AMX-BF16, AVX512-BF16, ARM BF16); elsewhere it is
emulated and slower than float32. float16 is slower than float32 on every CPU.
"""

from __future__ import annotations

import importlib
import logging
import math
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from studio.core.settings import Computing
from studio.engine import memory
from studio.engine.api import Device
from studio.engine.preparation import quiet_imports
from studio.engine.torch_libraries import load_ahead

_log = logging.getLogger(__name__)

#: Processor flags, as the system spells them, that mean bfloat16 in hardware.
_BF16_FLAGS = frozenset({"amx_bf16", "avx512_bf16", "bf16"})
#: Rest between two heavy imports, so that the window's event loop gets its turn.
_BREATH_S = 0.02


def import_torch() -> Any:
    """Import torch in pieces and return it.

    Raises:
        ImportError: torch is missing or damaged.
        OSError: One of its libraries could not be loaded.
    """
    if "torch" not in sys.modules:
        with quiet_imports():
            load_ahead()
            for name in ("numpy", "torch"):
                time.sleep(_BREATH_S)
                importlib.import_module(name)
    return sys.modules["torch"]


def find_device(settings: Computing) -> tuple[Device, str]:
    """Return the device to use, and what is wrong with the one asked for ("" when nothing is).

    Sets torch's threads as a side effect.
    """
    threads = thread_count(settings.cpu_threads)
    try:
        torch = import_torch()
    except (ImportError, OSError) as error:
        _log.warning("torch cannot be used: %s", error)
        return cpu(threads, None), f"The computing library (torch) cannot be used: {error}."
    torch.set_num_threads(threads)
    wanted = settings.device
    found = _cuda(torch, threads) if wanted in ("auto", "cuda") else None
    if found is None and wanted in ("auto", "mps"):
        found = _mps(torch, threads)
    if found is not None:
        return found, ""
    missing = wanted in ("cuda", "mps")
    problem = f"No {wanted.upper()} device can be used here, so models run on the CPU."
    return cpu(threads, torch), problem if missing else ""


def set_threads(threads: int) -> None:
    """Let models use this many CPU threads from now on, if torch is loaded already."""
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(threads)


def thread_count(chosen: int) -> int:
    """Return how many CPU threads a model may use: physical cores less one, at least one."""
    if chosen > 0:
        return chosen
    return max(1, physical_cores() - 1)


def physical_cores() -> int:
    """Return how many physical cores this process may use."""
    cores = memory.psutil().cpu_count(logical=False) or os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    quota = _cpu_quota()
    return max(1, min(cores, math.ceil(quota)) if quota else cores)


def has_fast_bf16(torch: Any = None, cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Say whether the processor multiplies bfloat16 in hardware."""
    if sys.platform.startswith("linux"):
        return bool(_BF16_FLAGS & _cpu_flags(cpuinfo))
    if torch is None:
        return False
    # Not public names, so a version without them means: not known, and float32 is safe.
    asked = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, name)()) for name in asked if hasattr(torch.cpu, name))


def cpu(threads: int, torch: Any) -> Device:
    """Return the CPU as a device."""
    return Device(
        kind="cpu",
        name="CPU",
        dtype="bfloat16" if has_fast_bf16(torch) else "float32",
        threads=threads,
        total_bytes=memory.host_total_bytes(),
    )


def _cuda(torch: Any, threads: int) -> Device | None:
    if not torch.cuda.is_available():
        return None
    # The one with the most memory: a laptop's small second GPU is not what one wants.
    every = [torch.cuda.get_device_properties(i) for i in range(torch.cuda.device_count())]
    index, properties = max(enumerate(every), key=lambda pair: pair[1].total_memory)
    fast = properties.major >= 8 or bool(getattr(torch.version, "hip", None))
    return Device(
        kind="cuda",
        index=index,
        name=properties.name,
        dtype="bfloat16" if fast else "float16",
        threads=threads,
        total_bytes=int(properties.total_memory),
    )


def _mps(torch: Any, threads: int) -> Device | None:
    if not torch.backends.mps.is_available():
        return None
    return Device(
        kind="mps",
        name="Apple GPU",
        dtype="float16",
        threads=threads,
        total_bytes=int(torch.mps.recommended_max_memory()),
    )


def _cpu_flags(cpuinfo: Path) -> frozenset[str]:
    try:
        lines = cpuinfo.read_text("utf-8", "replace").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def _cpu_quota() -> float:
    """Return how many CPUs a container may use, 0 when nothing limits it."""
    if platform.system() != "Linux":
        return 0.0
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("ascii").split()
    except (OSError, ValueError):
        return 0.0
    return int(quota) / int(period) if quota.isdigit() and int(period) > 0 else 0.0
