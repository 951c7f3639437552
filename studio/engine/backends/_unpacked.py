"""GGUF files unpacked once into the cache, in a process that can be stopped at any moment."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import studio
from studio.core import errors as studio_errors
from studio.core.errors import ModelDamagedError, StudioError
from studio.core.paths import user_folders
from studio.engine.api import LoadContext
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
    environment = dict(os.environ, PYTHONIOENCODING="utf-8")
    package = str(Path(studio.__file__).resolve().parent.parent)
    environment["PYTHONPATH"] = os.pathsep.join(
        part for part in (package, environment.get("PYTHONPATH", "")) if part
    )
    command = [sys.executable, "-m", "studio.models.convert", str(source), str(target)]
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    failed: dict[str, str] = {}
    errors: list[str] = []
    reader = threading.Thread(target=_follow, args=(process, ctx, failed), daemon=True)
    drain = threading.Thread(target=lambda: errors.extend(process.stderr or ()), daemon=True)
    reader.start()
    drain.start()
    try:
        while process.poll() is None:
            ctx.raise_if_cancelled()
            reader.join(0.05)
            if not reader.is_alive():
                process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        reader.join()
        drain.join()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
    if process.returncode != 0:
        raise _failure(source, failed, "".join(errors).strip())


def _failure(source: Path, failed: dict[str, str], said: str) -> StudioError:
    """Return the error the child told of, or one for a child that died."""
    _log.warning("unpacking %s failed: %s", source.name, said[-2000:])
    kind = getattr(studio_errors, failed.get("kind", ""), None)
    if isinstance(kind, type) and issubclass(kind, StudioError):
        return kind(failed["message"], hint=failed["hint"], path=str(source))
    return ModelDamagedError(
        f"Unpacking {source.name} broke off.",
        hint="The file may be damaged, or the memory too small for it.",
        path=str(source),
        details=said[-4000:],
    )


def _follow(process: subprocess.Popen[str], ctx: LoadContext, failed: dict[str, str]) -> None:
    """Pass the child's ``progress <fraction> <text>`` lines on, and keep a ``failed <json>``."""
    for line in process.stdout or ():
        word, _, rest = line.strip().partition(" ")
        fraction, _, text = rest.partition(" ")
        if word == "progress":
            message = f"Unpacking the model, once only: {text[:1].lower()}{text[1:]}"
            ctx.loading(float(fraction) * _SHARE, message)
        elif word == "failed":
            failed.update(json.loads(rest))


def _forget_orphans(folder: Path) -> None:
    """Remove unpacked forms of files that are no longer there."""
    if not folder.is_dir():
        return
    for found in folder.iterdir():
        source = read_record(found).source_path
        if source and not Path(source).exists():
            _log.info("removing the unpacked form of %s, which is gone", Path(source).name)
            shutil.rmtree(found, ignore_errors=True)
