"""``triptych generate``: one request; a text is streamed to stdout."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, TextIO

from studio.cli import images, sounds
from studio.cli.asking import add_common, option_values
from studio.core.artifacts import TextArtifact
from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError
from studio.core.events import Event, Failed, Finished, ModelLoading, Notice, TextDelta
from studio.core.media import random_seed
from studio.core.options import OptionValue
from studio.core.requests import Capability, Message, Role, TextRequest, to_json

_DASHED = ("max_new_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty")


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``generate`` to the command line."""
    generate = commands.add_parser("generate", help="make something from a prompt")
    kinds = generate.add_subparsers(metavar="KIND", required=True)
    text = kinds.add_parser(
        "text",
        help="write text",
        description="Write text from a prompt with a model on this computer. The text goes to "
        "stdout as it is written.",
    )
    text.add_argument("--prompt", required=True, help="what to write; “-” reads it from stdin")
    text.add_argument("--system", default="", help="how the model shall answer, in a sentence")
    text.add_argument(
        "--continue",
        dest="complete",
        action="store_true",
        help="go on with the prompt as a text instead of answering it",
    )
    add_common(text, _DASHED)
    text.add_argument("--out", type=Path, help="write the text to this file as well")
    text.set_defaults(command=generate_text)
    images.add_parser(kinds)
    sounds.add_parser(kinds)


def generate_text(options: argparse.Namespace) -> int:
    """Run ``triptych generate text``."""
    from studio.cli.session import engine_session, failure, run_to_end

    prompt = sys.stdin.read() if options.prompt == "-" else options.prompt
    if not prompt.strip():
        raise BadInputError("The prompt is empty.", hint="Say what to write after --prompt.")
    capability = Capability.TEXT_GENERATE if options.complete else Capability.TEXT_CHAT
    with engine_session() as engine:
        known = engine.options_for(capability, options.model)
        request = _request(options, prompt, capability, option_values(options, _DASHED, known))
        show = _Show(sys.stdout, sys.stderr, stream=not options.json, quiet=options.quiet)
        end = run_to_end(engine, request, show)
    show.end()
    if isinstance(end, Failed):
        raise failure(end)
    if not isinstance(end, Finished):
        raise KeyboardInterrupt
    artifact = end.artifact
    assert isinstance(artifact, TextArtifact)  # what a text backend must return; the engine checks
    if options.out:
        atomic_write(options.out, artifact.text + "\n", doing="writing the text")
    if options.json:
        print(json.dumps(_summary(artifact, options.out), ensure_ascii=False))
    return 0


class _Show:
    """Shows a job's events: text on stdout, the rest as lines on stderr."""

    def __init__(self, out: TextIO, err: TextIO, *, stream: bool, quiet: bool) -> None:
        self._out, self._err, self._stream, self._quiet = out, err, stream, quiet
        self._wrote = False

    def __call__(self, event: Event) -> None:
        if isinstance(event, TextDelta) and self._stream:
            self._out.write(event.text)
            self._out.flush()
            self._wrote = True
        elif isinstance(event, Notice):
            self._line(f"Note: {event.message}")
        elif isinstance(event, ModelLoading) and self._err.isatty():
            self._line(event.message)

    def end(self) -> None:
        if self._wrote:
            self._out.write("\n")
            self._out.flush()

    def _line(self, text: str) -> None:
        if not self._quiet:
            self._err.write(text + "\n")


def _request(
    options: argparse.Namespace,
    prompt: str,
    capability: Capability,
    values: dict[str, OptionValue],
) -> TextRequest:
    seed = random_seed() if options.seed is None else options.seed
    if options.complete:
        if options.system:
            raise BadInputError("--system does not go with --continue.")
        return TextRequest(
            capability=capability, seed=seed, model=options.model, options=values, prompt=prompt
        )
    system = (Message(Role.SYSTEM, options.system),) if options.system else ()
    return TextRequest(
        capability=capability,
        seed=seed,
        model=options.model,
        options=values,
        messages=(*system, Message(Role.USER, prompt)),
    )


def _summary(artifact: TextArtifact, out: Path | None) -> dict[str, object]:
    return {
        "text": artifact.text,
        "model": artifact.model,
        "backend": artifact.backend,
        "seed": artifact.request.seed,
        "finish_reason": artifact.finish_reason,
        "prompt_tokens": artifact.prompt_tokens,
        "new_tokens": artifact.new_tokens,
        "duration_s": round(artifact.duration_s, 3),
        "tokens_per_s": round(artifact.tokens_per_s, 2),
        "request": json.loads(to_json(artifact.request)),
        "out": str(out) if out else None,
    }
