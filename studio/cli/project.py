"""``triptych project info``, ``export`` and ``check``."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.cli.session import existing
from studio.cli.tables import print_table

if TYPE_CHECKING:
    from studio.documents.project import DocumentInfo, Project
    from studio.documents.project.commands import Write
    from studio.documents.spans import TextState

EXIT_DAMAGED = 1
_qt: Any = None
"""Qt's application, which must live until the program ends."""


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``project`` to the command line."""
    project = commands.add_parser("project", help="look into a project, export from it, check it")
    actions = project.add_subparsers(metavar="ACTION", required=True)
    info = _action(actions, "info", "show what a project holds", _info)
    info.add_argument("--json", action="store_true", help="print JSON")
    export = _action(actions, "export", "write one text of a project as a file", _export)
    export.add_argument(
        "target", type=Path, help="what to write: .txt, .md, .html, .docx, .odt, .epub or .pdf"
    )
    export.add_argument(
        "--without-prompt",
        action="store_true",
        help="leave out what models were asked; the file still says that a model wrote in it",
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

    target: Path = options.target
    write = _writer(target, with_prompts=not options.without_prompt)
    done = commands.export(existing(options.file), target, options.document, write)
    if options.json:
        print(json.dumps(done, ensure_ascii=False, default=str))
        return 0
    print(f"“{done['document']}” was written to {done['path']}.")
    if done["marked"]:
        print("It says that a model wrote in it" + (", and is signed." if done["signed"] else "."))
    if done["notice"]:
        print(done["notice"])
    return 0


def _writer(target: Path, *, with_prompts: bool) -> Write:
    """Return what writes a text with its mark, as the window's export does."""

    def write(project: Project, document: DocumentInfo, state: TextState) -> dict[str, Any]:
        from studio.app.exporting import ExportOrder, export_manuscript
        from studio.core.paths import user_folders
        from studio.core.provenance.commands import keys_folder
        from studio.models.built_in import built_in_models
        from studio.models.store import ModelStore

        if target.suffix.lower() == ".pdf":
            _start_qt()
        store = ModelStore((user_folders().models, *built_in_models()))
        order = ExportOrder(
            path=target,
            state=state,
            title=document.title,
            project=project,
            models={info.id: info for info in store.models()},
            with_prompts=with_prompts,
            keys=keys_folder(),
        )
        done = export_manuscript(order)
        return {"marked": done.marked, "signed": done.signed, "notice": done.notice}

    return write


def _start_qt() -> None:
    """Let Qt lay out pages without a screen."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication

    if QGuiApplication.instance() is None:
        global _qt
        _qt = QGuiApplication(["triptych"])


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
