"""``triptych transcribe``: speech in a file as text or subtitles."""

from __future__ import annotations

import argparse
import json
import mimetypes
import sys
from pathlib import Path
from typing import Any

from studio.cli.asking import ShowProgress, option_values
from studio.core.artifacts import TranscriptArtifact
from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError, ModelNotFoundError, storage_errors
from studio.core.events import Event, Failed, Finished, TextDelta
from studio.core.requests import Capability, TranscribeRequest
from studio.core.transcripts import FORMATS

_NAMED = ("beam_size",)


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Add ``transcribe`` to the command line."""
    listen = commands.add_parser(
        "transcribe",
        help="write down speech",
        description="Write down what is said in a sound file (WAV, FLAC, OGG, Opus, MP3) with a "
        "listening model on this computer.",
    )
    listen.add_argument("file", type=Path, help="the sound file")
    listen.add_argument(
        "--format",
        choices=tuple(FORMATS),
        help="what to write; by the suffix of --out, else txt",
    )
    listen.add_argument("--language", default="", metavar="CODE", help="found out if left out")
    listen.add_argument("--prompt", default="", help="names and words that come up")
    listen.add_argument("--translate", action="store_true", help="write it down in English")
    listen.add_argument("--model", default="", help="model id, as “triptych models list” shows it")
    listen.add_argument("--seed", type=int, default=0, help="for what is read a second time")
    for name in _NAMED:
        listen.add_argument(f"--{name.replace('_', '-')}", dest=name, help=f"the model's {name}")
    listen.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    listen.add_argument("--out", type=Path, metavar="FILE", help="write it to this file instead")
    listen.add_argument("--json", action="store_true", help="print a JSON object at the end")
    listen.add_argument("--quiet", action="store_true", help="nothing on stderr but errors")
    listen.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run ``triptych transcribe``."""
    from studio.cli.session import engine_session, existing, failure, run_to_end

    kind = _format(options)
    file = existing(options.file)
    with storage_errors(file, "reading the sound"):
        data = file.read_bytes()
    # On a terminal the text comes as it is heard; whoever reads a pipe gets it in paragraphs.
    stream = kind == "txt" and not options.out and not options.json and sys.stdout.isatty()
    show = _Show(quiet=options.quiet, stream=stream)
    with engine_session() as engine:
        known = engine.options_for(Capability.AUDIO_TRANSCRIBE, options.model)
        if not known and not options.model:
            raise _no_model()
        values = option_values(options, _NAMED, known)
        if options.translate:
            unused = next((each.unused for each in known if each.name == "translate"), "")
            if unused:
                raise BadInputError(unused, hint="Choose another model with --model.")
            values["translate"] = True
        media_type = mimetypes.guess_type(file.name)[0] or "audio/wav"
        request = TranscribeRequest(
            seed=options.seed,
            model=options.model,
            options=values,
            audio=engine.inputs.put(data, media_type, keep=False),
            language=options.language,
            prompt=options.prompt,
            word_times=kind != "txt",
            label=file.name,
        )
        end = run_to_end(engine, request, show)
    show.end()
    if isinstance(end, Failed):
        raise failure(end)
    if not isinstance(end, Finished):
        raise KeyboardInterrupt
    artifact = end.artifact
    assert isinstance(artifact, TranscriptArtifact)  # what a listening backend must return
    _write(artifact, kind, options.out, shown=stream, as_json=options.json)
    return 0


class _Show(ShowProgress):
    """Shows progress on stderr and, where wanted, text on stdout as it is heard."""

    def __init__(self, *, quiet: bool, stream: bool) -> None:
        super().__init__(sys.stderr, quiet=quiet)
        self._stream = stream

    def __call__(self, event: Event) -> None:
        if not self._stream or not isinstance(event, TextDelta):
            super().__call__(event)
            return
        self.end()
        sys.stdout.write(event.text)
        sys.stdout.flush()


def _format(options: argparse.Namespace) -> str:
    if options.format:
        return str(options.format)
    if options.out is None:
        return "txt"
    suffix = options.out.suffix.lower().lstrip(".")
    if suffix not in FORMATS:
        raise BadInputError(
            f"A transcript cannot be written as {options.out.name}.",
            hint=f"Use one of {', '.join(f'.{name}' for name in FORMATS)}, or --format.",
        )
    return str(suffix)


def _no_model() -> ModelNotFoundError:
    return ModelNotFoundError(
        "There is no listening model here yet.",
        hint="Fetch one with “triptych models fetch whisper-tiny.en” (71 MB, English) or "
        "“whisper-base” (133 MB, 99 languages).",
    )


def _write(
    artifact: TranscriptArtifact, kind: str, out: Path | None, *, shown: bool, as_json: bool
) -> None:
    text = FORMATS[kind](artifact)
    if out is not None:
        atomic_write(out, text, doing="writing the transcript")
    if as_json:
        summary = {
            "text": artifact.text,
            "language": artifact.language,
            "model": artifact.model,
            "backend": artifact.backend,
            "segments": len(artifact.segments),
            "duration_s": round(artifact.duration_s, 3),
            "format": kind,
            "out": str(out) if out else None,
        }
        print(json.dumps(summary, ensure_ascii=False))
    elif out is not None:
        print(out)
    elif shown:
        sys.stdout.write("\n")
    else:
        sys.stdout.write(text)
