"""``triptych library search`` and ``triptych library rebuild``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from studio.cli.tables import print_table


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``library`` to the command line."""
    library = commands.add_parser("library", help="find what was made before")
    actions = library.add_subparsers(metavar="ACTION", required=True)
    search = actions.add_parser(
        "search",
        help="search prompts, texts and settings",
        description="Search what was made: words, “exact words”, -not, model:NAME, seed:N, "
        "kind:text, date:2026-11, tag:NAME, board:NAME, star:N, sub:part, is:trashed.",
    )
    search.add_argument("query", nargs="*", help="what to look for; nothing shows everything")
    search.add_argument("--sort", default="newest", help="newest, oldest, relevance or stars")
    search.add_argument("--limit", type=int, default=50, help="how many to show (default: 50)")
    search.add_argument("--json", action="store_true", help="print JSON")
    search.set_defaults(command=_search)
    rebuild = actions.add_parser("rebuild", help="make the index again from the files")
    rebuild.add_argument("--json", action="store_true", help="print JSON")
    rebuild.set_defaults(command=_rebuild)


def _search(options: argparse.Namespace) -> int:
    from studio.library import commands

    found = commands.search(" ".join(options.query), sort=options.sort, limit=options.limit)
    if options.json:
        print(json.dumps(found, ensure_ascii=False, default=str))
        return 0
    for problem in found["problems"]:
        sys.stderr.write(f"Note: {problem}\n")
    rows = [
        (item["made"][:16], item["kind"], item["title"], item["file"]) for item in found["items"]
    ]
    print_table(("made", "kind", "title", "file"), rows, "Nothing was found.")
    if found["total"] > len(rows) > 0:
        print(f"{len(rows)} of {found['total']}; --limit shows more.")
    return 0


def _rebuild(options: argparse.Namespace) -> int:
    from studio.library import commands

    def progress(done: int, total: int) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{done} of {total} files")

    report = commands.rebuild(progress=progress)
    if options.json:
        print(json.dumps(report, ensure_ascii=False, default=str))
        return 0
    if sys.stderr.isatty():
        sys.stderr.write("\r")
    print(f"{report['found']} files in {report['folder']}, {report['missing']} missing.")
    for path in report["unreadable"]:
        print(f"Could not be read: {path}")
    return 0
