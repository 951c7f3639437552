"""``triptych tour``: the main job of every pane on a sample prompt, without a window."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from studio.core.artifacts import TextArtifact
from studio.core.atomic_write import atomic_write
from studio.core.events import Event, Failed, Finished, TextDelta
from studio.core.requests import Capability, Message, Role, TextRequest, to_json

_PROMPT = "Write the opening of a short story about a lighthouse keeper who finds a talking fish."
_SEED = 7


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``tour`` to the command line."""
    tour = commands.add_parser("tour", help="make a sample in every pane, without a window")
    tour.add_argument(
        "--folder",
        type=Path,
        default=Path("triptych-tour"),
        help="where the files go (default: triptych-tour)",
    )
    tour.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run ``triptych tour``."""
    from studio.cli.session import engine_session, failure, run_to_end

    folder: Path = options.folder
    request = TextRequest(
        capability=Capability.TEXT_CHAT,
        seed=_SEED,
        options={"max_new_tokens": 160},
        messages=(Message(Role.USER, _PROMPT),),
        label="Tour",
    )
    print(f"Text. Prompt: {_PROMPT}\n")
    with engine_session() as engine:
        end = run_to_end(engine, request, _stream)
    print("\n")
    if isinstance(end, Failed):
        raise failure(end)
    if not isinstance(end, Finished):
        raise KeyboardInterrupt
    artifact = end.artifact
    assert isinstance(artifact, TextArtifact)  # what a text backend must return; the engine checks
    story = (folder / "text.md").absolute()
    atomic_write(story, artifact.text + "\n", doing="writing the tour's text")
    request_file = (folder / "text.request.json").absolute()
    atomic_write(request_file, to_json(artifact.request) + "\n", doing="writing the tour's request")
    print(f"Written by {artifact.model} at {artifact.tokens_per_s:.1f} tokens/s, offline.")
    print(story)
    print(request_file)
    return 0


def _stream(event: Event) -> None:
    if isinstance(event, TextDelta):
        sys.stdout.write(event.text)
        sys.stdout.flush()
