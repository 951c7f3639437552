"""GGUF files unpacked once into the cache, in a process that can be stopped at any moment."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from pathlib import Path

from studio.core.paths import user_folders
from studio.engine.api import LoadContext
from studio.models.conversion import run_conversion
from studio.models.identify import identify, unsupported_gguf
from studio.models.record import read_record
from studio.models.text_architectures import GGUF_ARCHITECTURES

_log = logging.getLogger(__name__)

_SHARE = 0.3  # of the whole load's progress


def unpacked_folder(source: Path, ctx: LoadContext) -> Path:
    """Return the folder a GGUF file was unpacked to, unpacking it when that has not happened.

    Reading a GGUF takes some twenty times as long as reading the folder, each time.

    Raises:
        ModelError: The file cannot be used.
        JobCancelled: The user stopped; nothing is left behind.
    """
    info = identify(source)
    if info.architecture not in GGUF_ARCHITECTURES:
        raise unsupported_gguf(source, info.architecture)
    target = cache_folder(source)
    if _is_current(source, target):
        return target
    _forget_orphans(target.parent)
    _convert(source, target, ctx)
    return target


def cache_folder(source: Path) -> Path:
    """Return where a GGUF file's unpacked form belongs."""
    real = source.resolve()
    digest = hashlib.sha256(os.fsencode(real)).hexdigest()[:12]
    return user_folders().cache / "unpacked-models" / f"{real.stem[:80]}-{digest}"


def _is_current(source: Path, target: Path) -> bool:
    """Return whether ``target`` was made from ``source`` as it is now (by size and time)."""
    record = read_record(target)
    if not (target / "config.json").is_file() or record.source_bytes != source.stat().st_size:
        return False
    return (target / "config.json").stat().st_mtime >= source.stat().st_mtime


def _convert(source: Path, target: Path, ctx: LoadContext) -> None:
    def progress(fraction: float, text: str) -> None:
        message = f"Unpacking the model, once only: {text[:1].lower()}{text[1:]}"
        ctx.loading(fraction * _SHARE, message)

    run_conversion("studio.models.convert", source, target, progress, ctx.raise_if_cancelled)


def _forget_orphans(folder: Path) -> None:
    """Remove unpacked forms of files that are no longer there."""
    if not folder.is_dir():
        return
    for found in folder.iterdir():
        source = read_record(found).source_path
        if source and not Path(source).exists():
            _log.info("removing the unpacked form of %s, which is gone", Path(source).name)
            shutil.rmtree(found, ignore_errors=True)
