"""Turns a GGUF file into a folder that loads in a second: ``python -m studio.models.convert``.

Reading a GGUF with transformers takes 15 to 25 s each time, the converted folder 1.5 s, so it is
done once, in a process of its own: that can be stopped at once and gives its memory back. Lines
``progress <fraction> <text>`` on standard output tell how far it is, ``failed <json>`` why not.
The folder appears whole or not at all. Which number type is stored, and why:
packaging/docs/decisions/0020-converted-gguf.md.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from studio.core.atomic_write import TEMPORARY_SUFFIX, sync_folder
from studio.core.errors import (
    DiskFullError,
    ModelDamagedError,
    ModelError,
    StudioError,
    storage_errors,
)
from studio.models.catalog import CatalogError, load_catalog
from studio.models.gguf_header import GgufHeader
from studio.models.identify import identify, identify_gguf, unsupported_gguf
from studio.models.record import ModelRecord, read_record, sha256_of, write_record
from studio.models.text_architectures import GGUF_ARCHITECTURES

Progress = Callable[[float, str], None]

FULL_PRECISION_BYTES = 2 * 1024**3
"""Up to this size weights are stored as float32: exact, and mapped from the disk when loaded."""

#: What transformers, tokenizers, gguf and safetensors raise over a file they cannot use.
_FOREIGN_ERRORS = (
    ArithmeticError,
    AttributeError,
    ImportError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
)


def convert_gguf(source: Path, target: Path, progress: Progress, record: ModelRecord) -> None:
    """Write the model in ``source`` as a transformers folder.

    Files that lie in ``target`` already and are no part of a model (a licence) stay. Does nothing
    when ``target`` holds this very conversion.

    Args:
        source: The GGUF file.
        target: The folder to make.
        progress: Called with a fraction 0..1 and what happens now.
        record: What is known about the model's origin; empty fields are filled in.

    Raises:
        ModelError: The file cannot be used.
        StorageError: The system refused, or the disk has not enough room.
    """
    progress(0.0, "Looking at the model")
    header = identify_gguf(source)
    if header.architecture not in GGUF_ARCHITECTURES:
        raise unsupported_gguf(source, header.architecture)
    with storage_errors(source, "reading the model"):
        record = _complete(record, source, header)
    with storage_errors(target, "preparing the model"):
        target.parent.mkdir(parents=True, exist_ok=True)
        with _only_one(target):
            _remove_leftovers(target)
            if is_converted(target, record.source_sha256):
                progress(1.0, "Ready")
                return
            _check_room(target.parent, header)
            part = target.parent / f".{target.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}"
            try:
                part.mkdir()
                record = _unpack(source, part, header, progress, record)
                write_record(part, record)
                identify(part)
                _install(part, target)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    progress(1.0, "Ready")


def is_converted(target: Path, source_sha256: str) -> bool:
    """Return whether ``target`` is a whole conversion of the file with this SHA-256."""
    if read_record(target).source_sha256 != source_sha256:
        return False
    try:
        identify(target)
    except ModelError:
        return False
    return True


def _complete(record: ModelRecord, source: Path, header: GgufHeader) -> ModelRecord:
    """Fill in what is not given: from the catalogue by hash, then from the file's own header."""
    digest = sha256_of(source)
    found = dataclasses.replace(
        record,
        source_file=source.name,
        source_path=str(source.resolve()),
        source_bytes=source.stat().st_size,
        source_sha256=digest,
    )
    try:
        entries = load_catalog().entries
    except (CatalogError, OSError):
        entries = ()  # a copy without a catalogue converts all the same
    for entry in entries:
        if any(file.sha256 == digest for file in entry.files):
            return dataclasses.replace(
                found,
                id=record.id or entry.id,
                title=record.title or entry.title,
                licence=record.licence or entry.licence,
                source=record.source or entry.source,
                attribution=record.attribution or entry.attribution,
                built_in=entry.built_in,
            )
    return dataclasses.replace(
        found,
        title=record.title or header.text("general.name") or source.stem,
        licence=record.licence or header.text("general.license"),
        source=record.source or header.text("general.source.url") or source.name,
    )


def _unpack(
    source: Path, part: Path, header: GgufHeader, progress: Progress, record: ModelRecord
) -> ModelRecord:
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"
    os.environ["TQDM_DISABLE"] = "1"
    progress(0.05, "Starting the libraries")
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    where: dict[str, Any] = {
        "gguf_file": source.name,
        "local_files_only": True,
        "trust_remote_code": False,
    }
    try:
        progress(0.15, "Reading the vocabulary")
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(source.parent), **where)
        tokenizer.save_pretrained(str(part))
        progress(0.4, "Unpacking the weights")
        small = header.parameters * 4 <= FULL_PRECISION_BYTES
        dtype = torch.float32 if small else torch.float16
        model = _read_model(source, where, dtype)
        if not small and not all(torch.isfinite(p).all() for p in model.parameters()):
            dtype = torch.bfloat16  # a value is too large for float16
            model = _read_model(source, where, dtype)
        progress(0.8, "Writing the model")
        _forget_quantisation(model)
        model.save_pretrained(str(part))
    except _FOREIGN_ERRORS as error:
        raise ModelDamagedError(
            f"The model file {source.name} could not be unpacked: {_first_line(error)}.",
            hint="Fetch it again, or take another variant of the model.",
            path=str(source),
            reason=str(error),
        ) from error
    return dataclasses.replace(record, dtype=str(dtype).removeprefix("torch."))


def _read_model(source: Path, where: dict[str, Any], dtype: Any) -> Any:
    import transformers

    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        str(source.parent), dtype=dtype, output_loading_info=True, **where
    )
    missing = sorted(info["missing_keys"])
    if missing:
        raise ValueError(f"it lacks {len(missing)} of its weights, such as {missing[0]}")
    return model


def _forget_quantisation(model: Any) -> None:
    # The weights are plain numbers by now, but save_pretrained still takes them for packed ones.
    model.hf_quantizer = None
    model.is_quantized = False
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config


def _check_room(folder: Path, header: GgufHeader) -> None:
    small = header.parameters * 4 <= FULL_PRECISION_BYTES
    needed = header.parameters * (4 if small else 2) + 64 * 1024**2
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise DiskFullError(
            f"Unpacking this model needs {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free.",
            hint=f"Free some space where {folder} lies.",
            needed_bytes=needed,
            free_bytes=free,
        )


def _install(part: Path, target: Path) -> None:
    """Bring the finished folder to its place; ``config.json`` goes last and makes it a model."""
    for file in part.iterdir():
        file.chmod(0o644)
        with file.open("rb+") as opened:
            os.fsync(opened.fileno())
    sync_folder(part)
    if not target.exists():
        part.rename(target)
    else:
        (target / "config.json").unlink(missing_ok=True)
        names = [file.name for file in part.iterdir() if file.name != "config.json"]
        for name in (*names, "config.json"):
            (part / name).replace(target / name)
        sync_folder(target)
    sync_folder(target.parent)


def _remove_leftovers(target: Path) -> None:
    """Remove what a conversion killed half-way left behind; called under the lock."""
    for found in target.parent.glob(f".{target.name}.*{TEMPORARY_SUFFIX}"):
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found, ignore_errors=True)


@contextlib.contextmanager
def _only_one(target: Path) -> Iterator[None]:
    """Let one process at a time convert into ``target``; freed by the system if it dies."""
    path = target.parent / f".{target.name}.lock"
    with path.open("a+b") as file:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            while True:
                with contextlib.suppress(OSError):  # waits ten seconds, then gives up
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
                    break
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        yield  # the lock file stays: removing it would let two others in at once


def _first_line(error: BaseException) -> str:
    text = str(error).strip().split("\n", 1)[0].rstrip(".")
    return (text if len(text) <= 200 else f"{text[:199]}…") or type(error).__name__


def main(arguments: list[str] | None = None) -> int:
    """Convert as the command line says; 0 done, 1 refused with one sentence on stderr."""
    parser = argparse.ArgumentParser(
        prog="python -m studio.models.convert",
        description="Unpack a GGUF model once, so that it loads quickly.",
    )
    parser.add_argument("source", type=Path, metavar="GGUF", help="the model file")
    parser.add_argument("target", type=Path, metavar="FOLDER", help="the folder to make")
    for name, text in (("title", "its name"), ("licence", "its licence"), ("origin", "its page")):
        parser.add_argument(f"--{name}", default="", help=f"{text}; taken from the file otherwise")
    given = parser.parse_args(arguments)
    record = ModelRecord(title=given.title, licence=given.licence, source=given.origin)
    try:
        convert_gguf(given.source.absolute(), given.target.absolute(), _print_progress, record)
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
