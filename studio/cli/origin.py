"""``triptych origin FILE``: where a file says it comes from, and whether it was changed since."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from studio.cli.session import existing


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``origin`` to the command line."""
    origin = commands.add_parser(
        "origin", help="read where a file comes from, and whether it was changed since"
    )
    origin.add_argument("file", type=Path, help="any picture, sound or document")
    origin.add_argument("--json", action="store_true", help="print JSON")
    origin.set_defaults(command=_origin)


def _origin(options: argparse.Namespace) -> int:
    from studio.core.provenance import commands

    report = commands.origin(existing(options.file))
    if options.json:
        print(json.dumps(report, ensure_ascii=False, default=str))
        return 0
    sentences = report["sentences"]
    assert isinstance(sentences, (list, tuple))  # what the report's to_dict gives
    for sentence in sentences:
        print(sentence)
    return 0
