"""``triptych project info``, ``export`` and ``check``."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from studio.cli.listing import print_table
from studio.cli.session import existing

EXIT_DAMAGED = 1


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``project`` to the command line."""
    project = commands.add_parser("project", help="look into a project, export from it, check it")
    actions = project.add_subparsers(metavar="ACTION", required=True)
    info = _action(actions, "info", "show what a project holds", _info)
    info.add_argument("--json", action="store_true", help="print JSON")
    export = _action(actions, "export", "write one text of a project as a file", _export)
    export.add_argument(
        "target", type=Path, help="what to write: .txt, .md, .html, .docx, .odt or .epub"
    )
    export.add_argument("--document", default="", help="title or id (default: the first text)")
    export.add_argument("--json", action="store_true", help="print JSON")
    check = _action(actions, "check", "look whether all of it is what was written", _check)
    check.add_argument("--json", action="store_true", help="print JSON")


def _action(
    actions: argparse._SubParsersAction[Any], name: str, words: str, command: Any
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=words)
    parser.add_argument("file", type=Path, help="a .triptych file")
    parser.set_defaults(command=command)
    return parser


def _info(options: argparse.Namespace) -> int:
    from studio.documents.project import commands

    found = commands.info(existing(options.file))
    if options.json:
        print(json.dumps(found, ensure_ascii=False, default=str))
        return 0
    rows = [
        (item["title"], item["kind"], _size(item), _when(item["changed_at"]))
        for item in found["documents"]
    ]
    print_table(("title", "kind", "words", "changed"), rows, "There are no documents.")
    print(f"{found['history_entries']:,} steps of history, {found['history_bytes']:,} bytes.")
    if found["snapshots"]:
        print("Moments: " + ", ".join(mark["name"] for mark in found["snapshots"]) + ".")
    if found["deleted_documents"]:
        print("Deleted: " + ", ".join(item["title"] for item in found["deleted_documents"]) + ".")
    return 0


def _export(options: argparse.Namespace) -> int:
    from studio.documents.project import commands

    done = commands.export(existing(options.file), options.target, options.document)
    if options.json:
        print(json.dumps(done, ensure_ascii=False, default=str))
    else:
        print(f"“{done['document']}” was written to {done['path']}.")
    return 0


def _check(options: argparse.Namespace) -> int:
    from studio.documents.project import commands

    found = commands.check(existing(options.file))
    if options.json:
        print(json.dumps(found, ensure_ascii=False, default=str))
    elif found["ok"]:
        print(f"{options.file.name} is sound.")
    else:
        for problem in found["problems"]:
            print(problem)
    return 0 if found["ok"] else EXIT_DAMAGED


def _size(item: dict[str, Any]) -> str:
    return f"{item['words']:,}" if "words" in item else item.get("problem", "–")


def _when(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(at))
