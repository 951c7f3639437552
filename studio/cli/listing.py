"""``triptych models list`` and ``triptych plugins list``, and where the others are added."""

from __future__ import annotations

import argparse
import json
from typing import Any

from studio.cli import fetch, model_files
from studio.cli.tables import print_table, size


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``models`` and ``plugins`` to the command line."""
    for name, run, text in (
        ("models", list_models, "the models on this computer and what they can do"),
        ("plugins", list_plugins, "the plugins that were found, on or off"),
    ):
        group = commands.add_parser(name, help=f"show {text}")
        actions = group.add_subparsers(metavar="ACTION", required=True)
        shown = actions.add_parser("list", help=f"show {text}")
        shown.add_argument("--json", action="store_true", help="print JSON")
        shown.set_defaults(command=run)
        if name == "models":
            model_files.add_parsers(actions)
            fetch.add_parser(actions)


def list_models(options: argparse.Namespace) -> int:
    """Run ``triptych models list``."""
    from studio.cli.session import engine_session

    with engine_session() as engine:
        installed = engine.models()
        problems = engine.problems()
    models = [
        {
            "id": model.info.id,
            "title": model.info.title,
            "capabilities": [str(capability) for capability in model.capabilities],
            "backend": model.backend,
            "architecture": model.info.architecture,
            "format": model.info.format,
            "size_bytes": model.info.size_bytes,
            "context_length": model.info.context_length,
            "licence": model.info.licence,
            "built_in": model.info.built_in,
            "path": str(model.info.path) if model.info.path else None,
        }
        for model in installed
    ]
    if options.json:
        print(json.dumps({"models": models, "problems": list(problems)}, ensure_ascii=False))
        return 0
    rows = [
        (
            m.info.id,
            m.info.title,
            ", ".join(str(c) for c in m.capabilities) or "nothing installed can run it",
            size(m.info.size_bytes),
            m.info.licence or "licence not stated",
        )
        for m in installed
    ]
    print_table(("model", "title", "can do", "size", "licence"), rows, "No model is installed.")
    for problem in problems:
        print(problem)
    return 0


def list_plugins(options: argparse.Namespace) -> int:
    """Run ``triptych plugins list``."""
    from studio.cli.session import engine_session

    with engine_session() as engine:
        plugins = engine.plugins()
    if options.json:
        found = [
            {
                "id": plugin.id,
                "title": plugin.title,
                "version": plugin.version,
                "enabled": plugin.enabled,
                "folder": str(plugin.folder) if plugin.folder else None,
                "error": plugin.error or None,
            }
            for plugin in plugins
        ]
        print(json.dumps({"plugins": found}, ensure_ascii=False))
        return 0
    rows = [
        (
            plugin.id,
            "on" if plugin.enabled else "off",
            str(plugin.folder) if plugin.folder else "installed package",
            plugin.error,
        )
        for plugin in plugins
    ]
    print_table(("plugin", "state", "from", ""), rows, "No plugin was found.")
    return 0
