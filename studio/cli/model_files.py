"""``triptych models info`` and ``triptych models convert``: what a file is, and making it safe."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.cli.step_line import StepLine
from studio.cli.tables import size

if TYPE_CHECKING:
    from studio.models.info import ModelInfo


def add_parsers(actions: argparse._SubParsersAction[Any]) -> None:
    """Add ``info`` and ``convert`` to ``triptych models``."""
    info = actions.add_parser(
        "info",
        help="say what a model file or folder is, and how that was told",
        description="Say what a model file or folder is. Only names and headers are read.",
    )
    info.add_argument("file", help="a file, a folder, or the id of an installed model")
    info.add_argument("--hash", action="store_true", help="also its SHA-256 (reads the whole file)")
    info.add_argument("--json", action="store_true", help="print JSON")
    info.set_defaults(command=show)
    convert = actions.add_parser(
        "convert",
        help="turn a .ckpt, .pt or .pth file into safetensors",
        description="Turn a pickled checkpoint into safetensors, in a process that can do nothing "
        "else. Files that hold anything but weights are refused. The original stays.",
    )
    convert.add_argument("file", type=Path, help="the .ckpt, .pt or .pth file")
    convert.add_argument("--out", type=Path, help="where to write; else the folder of models")
    convert.add_argument("--json", action="store_true", help="print JSON")
    convert.add_argument("--quiet", action="store_true", help="nothing on stderr but errors")
    convert.set_defaults(command=convert_file)


def show(options: argparse.Namespace) -> int:
    """Run ``triptych models info``."""
    found = _find(options.file)
    facts = _facts(found)
    if options.hash:
        digest = _hash(found)
        facts |= {"sha256": digest, "short_hash": digest[:10] if digest else None}
    if options.json:
        print(json.dumps(facts, ensure_ascii=False))
        return 0
    for name, value in facts.items():
        text = _text(name, value)
        if text:
            print(f"{_TITLES[name]:<14}{text}")
    return 0


def convert_file(options: argparse.Namespace) -> int:
    """Run ``triptych models convert``."""
    from studio.core.paths import user_folders
    from studio.models.unpickle import converted_file, unpickle_in_child

    source = options.file.expanduser().absolute()
    target = options.out or converted_file(source, user_folders().models)
    if target.suffix.lower() != ".safetensors":
        target = target / f"{source.stem}.safetensors"
    line = StepLine(sys.stderr, quiet=options.quiet)
    try:
        unpickle_in_child(source, target.absolute(), lambda done, text: line(text, done))
    finally:
        line.end()
    print(json.dumps({"path": str(target)}) if options.json else target)
    return 0


def _find(name: str) -> ModelInfo:
    from studio.cli.session import load_settings
    from studio.core.paths import user_folders
    from studio.models.built_in import built_in_models
    from studio.models.identify import identify
    from studio.models.store import ModelStore

    path = Path(name).expanduser()
    if not path.exists():
        folders = user_folders()
        settings, _ = load_settings(folders)
        own = (Path(folder) for folder in settings.files.model_folders)
        store = ModelStore((folders.models, *own, *built_in_models()))
        found = store.get(name)
        if found is not None:
            return found
    return identify(path.absolute())


_TITLES = {
    "title": "title",
    "path": "path",
    "format": "format",
    "role": "is",
    "family": "family",
    "architecture": "architecture",
    "capabilities": "can do",
    "told_by": "told by",
    "needs": "needs",
    "problem": "but",
    "size_bytes": "size",
    "parameters": "weights",
    "context_length": "context",
    "licence": "licence",
    "source": "source",
    "sha256": "SHA-256",
    "short_hash": "short hash",
}


def _facts(info: ModelInfo) -> dict[str, Any]:
    needs, problem = _loading(info)
    return {
        "title": info.title,
        "path": str(info.path) if info.path else None,
        "format": info.format,
        "role": info.role,
        "family": info.family,
        "architecture": info.architecture,
        "capabilities": [str(each) for each in info.capabilities],
        "told_by": info.told_by,
        "needs": needs,
        "problem": problem,
        "size_bytes": info.size_bytes,
        "parameters": info.parameters,
        "context_length": info.context_length,
        "licence": info.licence,
        "source": info.source,
    }


def _loading(info: ModelInfo) -> tuple[list[str], str]:
    """Return what a picture model in one file needs beside it, and why it cannot be loaded."""
    from studio.core.errors import ModelError
    from studio.models.single_file import plan

    if info.format != "checkpoint" or info.role or info.path is None:
        return [], ""
    try:
        return [part.title for part in plan(info.path).missing if not part.optional], ""
    except ModelError as error:
        return [], error.sentence()


def _hash(info: ModelInfo) -> str:
    from studio.core.errors import storage_errors
    from studio.models.record import sha256_of

    if info.path is None or not info.path.is_file():
        return ""
    with storage_errors(info.path, "reading the model"):
        return sha256_of(info.path)


def _text(name: str, value: Any) -> str:
    if name == "size_bytes":
        return size(value) if value else ""
    if name in ("parameters", "context_length"):
        return f"{value:,}" if value else ""
    if name == "role":
        return str(value) or "a model of its own"
    if name == "licence":
        return str(value) or "not stated"
    if name == "told_by":
        return str(value) or "nothing in its names or shapes tells what it is"
    return ", ".join(value) if isinstance(value, list) else str(value or "")
