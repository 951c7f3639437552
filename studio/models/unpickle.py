"""Turns a pickled checkpoint into safetensors, once: ``python -m studio.models.unpickle``.

A pickle can run programs when it is opened, so no other part of Triptych opens one. Here it is
read with ``weights_only=True``, which knows nothing but tensors and plain containers, in a process
of its own with its memory, time and files limited; the original stays as it is. Whatever else is
in the file is refused. Prints progress as :mod:`studio.models.conversion` reads it.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import sys
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from studio.core.atomic_write import TEMPORARY_SUFFIX, sync_folder
from studio.core.errors import (
    DiskFullError,
    ModelDamagedError,
    ModelNotFoundError,
    StudioError,
    UnsafeFileError,
    UnsupportedModelError,
    storage_errors,
)
from studio.models.conversion import Progress, run_conversion
from studio.models.record import sha256_of
from studio.models.safetensors_header import read_safetensors_header

SUFFIXES = frozenset({".ckpt", ".pt", ".pth", ".bin"})
SOURCE_NOTE = "triptych.source_sha256"

_MAX_BYTES = 40 * 1000**3
_TIME_LIMIT_S = 1800
#: Where trainers put the weights, the innermost that is found.
_INSIDE = ("state_dict", "params_ema", "params", "model", "module")
#: What is in a training's state beside its weights.
_LEFT_OUT = ("model_ema.", "optimizer", "lr_scheduler", "loss.", "ema.")


def converted_file(source: Path, folder: Path) -> Path:
    """Return where the safetensors form of ``source`` belongs inside a folder of models."""
    return folder / "converted" / f"{source.stem}.safetensors"


def unpickle_in_child(
    source: Path, target: Path, progress: Progress, check: Callable[[], None] = lambda: None
) -> None:
    """Convert in a process of its own.

    Args:
        source: The pickled checkpoint; it stays.
        target: The safetensors file to make; nothing happens when it is this conversion already.
        progress: Called with a fraction 0..1 and what happens now.
        check: Called all the time; what it raises stops the conversion.

    Raises:
        UnsafeFileError: Something in it is no weight.
        ModelError: It cannot be used otherwise.
        StorageError: The system refused, or the disk has not enough room.
    """
    run_conversion("studio.models.unpickle", source, target, progress, check)


def unpickle(source: Path, target: Path, progress: Progress) -> None:
    """Convert in this process; see :func:`unpickle_in_child`."""
    progress(0.0, "Looking at the file")
    with storage_errors(source, "reading the model"):
        _check(source)
        digest = sha256_of(source)
    if is_converted(target, digest):
        progress(1.0, "Ready")
        return
    with storage_errors(target, "writing the model"):
        target.parent.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(target.parent).free
        if free < source.stat().st_size + 64 * 1024**2:
            raise DiskFullError(
                f"Converting {source.name} needs {source.stat().st_size / 1e9:.1f} GB, and "
                f"{free / 1e9:.1f} GB are free.",
                hint=f"Free some space where {target.parent} lies.",
                free_bytes=free,
            )
    progress(0.1, "Starting the libraries")
    state = _weights(source, progress)
    progress(0.6, "Writing the weights")
    _write(state, target, {"format": "pt", SOURCE_NOTE: digest, "triptych.source": source.name})
    progress(1.0, "Ready")


def is_converted(target: Path, source_sha256: str) -> bool:
    """Return whether ``target`` is a whole conversion of the file with this SHA-256."""
    if not target.is_file():
        return False
    try:
        return read_safetensors_header(target).metadata.get(SOURCE_NOTE) == source_sha256
    except (ModelDamagedError, OSError):
        return False


def _check(source: Path) -> None:
    if not source.is_file():
        raise ModelNotFoundError(f"There is no file at {source}.", path=str(source))
    if source.suffix.lower() not in SUFFIXES:
        raise UnsupportedModelError(
            f"{source.name} is not a pickled checkpoint.",
            hint="Files of the kinds .ckpt, .pt, .pth and .bin can be converted.",
            path=str(source),
        )
    size = source.stat().st_size
    if zipfile.is_zipfile(source):
        try:
            with zipfile.ZipFile(source) as archive:
                size = max(size, sum(item.file_size for item in archive.infolist()))
        except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise _damaged(source, error) from error
    if size > min(_MAX_BYTES, source.stat().st_size * 2 + 1_000_000):
        raise UnsafeFileError(
            f"{source.name} would unpack to far more than its size, so it is not opened.",
            hint="Look for the same model with .safetensors files.",
            path=str(source),
        )


def _weights(source: Path, progress: Progress) -> dict[str, Any]:
    import pickle

    import torch

    progress(0.3, "Reading the weights")
    mapped = zipfile.is_zipfile(source)
    try:
        found = torch.load(source, map_location="cpu", weights_only=True, mmap=mapped)
    except pickle.UnpicklingError as error:
        raise UnsafeFileError(
            f"{source.name} holds something other than weights, which could run a program when "
            "opened, so it is not converted.",
            hint="Look for the same model with .safetensors files.",
            path=str(source),
            reason=str(error)[:1000],
        ) from error
    except (RuntimeError, ValueError, EOFError, KeyError, IndexError, AttributeError) as error:
        raise _damaged(source, error) from error
    state = _tensors(found, torch.Tensor)
    if not state:
        raise UnsupportedModelError(
            f"{source.name} holds no weights Triptych knows.",
            hint="Look for the same model with .safetensors files.",
            path=str(source),
        )
    return state


def _tensors(found: Any, tensor: Any) -> dict[str, Any]:
    """Return the tensors by name, from wherever in the file they are."""
    for _ in range(4):
        inner = next((found[name] for name in _INSIDE if _has_tensors(found, name, tensor)), None)
        if inner is None:
            break
        found = inner
    if not isinstance(found, Mapping):
        return {}
    embedding = found.get("string_to_param")
    if isinstance(embedding, Mapping) and len(embedding) == 1:
        vectors = next(iter(embedding.values()))
        return {"emb_params": vectors.detach()} if isinstance(vectors, tensor) else {}
    return {
        str(name): value.detach()
        for name, value in found.items()
        if isinstance(value, tensor) and not str(name).startswith(_LEFT_OUT)
    }


def _has_tensors(found: Any, name: str, tensor: Any) -> bool:
    inner = found.get(name) if isinstance(found, Mapping) else None
    return isinstance(inner, Mapping) and any(
        isinstance(value, (tensor, Mapping)) for value in inner.values()
    )


def _write(state: dict[str, Any], target: Path, notes: dict[str, str]) -> None:
    from safetensors.torch import save_file

    part = target.parent / f".{target.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
    seen: set[int] = set()
    whole: dict[str, Any] = {}
    for name, value in state.items():
        dense = value.to_dense() if value.is_sparse else value
        storage = dense.untyped_storage()
        shared = storage.data_ptr() in seen or storage.nbytes() != dense.nbytes
        seen.add(storage.data_ptr())
        whole[name] = dense.contiguous().clone() if shared else dense.contiguous()
    with storage_errors(target, "writing the model"):
        try:
            save_file(whole, part, metadata=notes)
            part.chmod(0o644)
            with part.open("rb+") as file:
                os.fsync(file.fileno())
            part.replace(target)
            sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)


def _damaged(source: Path, error: Exception) -> ModelDamagedError:
    return ModelDamagedError(
        f"The model file {source.name} is damaged: it cannot be read to its end.",
        hint="Fetch or copy it again.",
        path=str(source),
        reason=str(error)[:1000],
    )


def _limit_this_process(source: Path) -> None:
    """Let this process take no more than such a conversion needs; where the system knows how."""
    if sys.platform == "win32":
        return
    import resource

    size = source.stat().st_size if source.is_file() else 0
    room = size * 4 + 8 * 1024**3  # the libraries alone map some gigabytes
    for kind, amount in (
        (resource.RLIMIT_AS, room),
        (resource.RLIMIT_FSIZE, size * 2 + 64 * 1024**2),
        (resource.RLIMIT_CPU, _TIME_LIMIT_S),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(kind)
        unlimited = most == resource.RLIM_INFINITY
        resource.setrlimit(kind, (amount if unlimited else min(amount, most), most))


def main(arguments: list[str] | None = None) -> int:
    """Convert as the command line says; 0 done, 1 refused with one sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m studio.models.unpickle",
        description="Turn a pickled checkpoint into safetensors, once; the original stays.",
    )
    parser.add_argument("source", type=Path, metavar="FILE", help="the .ckpt, .pt or .pth file")
    parser.add_argument("target", type=Path, metavar="SAFETENSORS", help="the file to make")
    given = parser.parse_args(arguments)
    source = given.source.absolute()
    _limit_this_process(source)
    try:
        unpickle(source, given.target.absolute(), _print_progress)
    except StudioError as error:
        told = {"kind": type(error).__name__, "message": error.user_message, "hint": error.hint}
        print("failed", json.dumps(told), flush=True)  # noqa: T201 - this is a command
        print(error.sentence(), file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _print_progress(fraction: float, text: str) -> None:
    print(f"progress {fraction:.2f} {text}", flush=True)  # noqa: T201 - this is a command


if __name__ == "__main__":
    sys.exit(main())
