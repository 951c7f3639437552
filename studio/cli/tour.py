"""``triptych tour``: the main job of every pane on a sample prompt, without a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.cli.images import marked_file
from studio.cli.sounds import export_options, write_marked
from studio.core.artifacts import (
    Artifact,
    AudioArtifact,
    ImageArtifact,
    TextArtifact,
    TranscriptArtifact,
)
from studio.core.atomic_write import atomic_write
from studio.core.errors import storage_errors
from studio.core.events import Event, Failed, Finished, TextDelta
from studio.core.requests import (
    AudioRequest,
    Capability,
    ImageRequest,
    Message,
    Request,
    Role,
    TextRequest,
    TranscribeRequest,
    to_json,
)
from studio.core.transcripts import to_srt

if TYPE_CHECKING:
    from studio.engine.engine import Engine

_PROMPT = "Write the opening of a short story about a lighthouse keeper who finds a talking fish."
_SPOKEN = (
    "The lighthouse keeper lit the lamp at dusk, and the sea answered with a slow, silver song. "
    "“Good evening,” said the fish."
)
_DRAWN = "a red fox, 3d"
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
    from studio.cli.session import engine_session

    folder: Path = options.folder.absolute()
    with engine_session() as engine:
        _write(engine, folder)
        _draw(engine, folder)
        sound = _speak(engine, folder)
        _listen(engine, folder, sound)
    return 0


def _write(engine: Engine, folder: Path) -> None:
    """Let the text pane's model write."""
    request = TextRequest(
        capability=Capability.TEXT_CHAT,
        seed=_SEED,
        options={"max_new_tokens": 160},
        messages=(Message(Role.USER, _PROMPT),),
        label="Tour",
    )
    print(f"Text. Prompt: {_PROMPT}\n")
    artifact = _made(engine, request, _stream)
    print("\n")
    assert isinstance(artifact, TextArtifact)  # what a text backend must return; the engine checks
    story = folder / "text.md"
    atomic_write(story, artifact.text + "\n", doing="writing the tour's text")
    _keep_request(artifact, folder / "text.request.json")
    print(f"Written by {artifact.model} at {artifact.tokens_per_s:.1f} tokens/s, offline.")
    print(story)


def _draw(engine: Engine, folder: Path) -> None:
    """Let the picture pane's model draw, where there is one."""
    if engine.default_model(Capability.IMAGE_TXT2IMG) is None:
        print("\nNo picture model is here, so nothing is drawn; README says how to add one.")
        return
    print(f"\nPicture. Prompt: {_DRAWN}\n")
    request = ImageRequest(
        capability=Capability.IMAGE_TXT2IMG, seed=_SEED, prompt=_DRAWN, label="Tour"
    )
    artifact = _made(engine, request, _ignore)
    assert isinstance(artifact, ImageArtifact)  # what a picture backend must return
    file = folder / "picture.png"
    model = next((m.info for m in engine.models() if m.info.id == artifact.model), None)
    data = marked_file(artifact.single(0), file, model)
    atomic_write(file, data, doing="drawing the tour's picture")
    _keep_request(artifact, folder / "picture.request.json")
    print(f"Drawn by {artifact.model} in {artifact.duration_s:.1f} s, offline.")
    print(file)


def _speak(engine: Engine, folder: Path) -> Path:
    """Let the sound pane's voice speak."""
    print(f"\nSound. Text: {_SPOKEN}\n")
    request = AudioRequest(
        capability=Capability.AUDIO_SPEECH, seed=_SEED, prompt=_SPOKEN, label="Tour"
    )
    artifact = _made(engine, request, _ignore)
    assert isinstance(artifact, AudioArtifact)  # what a speaking backend must return
    file = folder / "speech.flac"
    model = next((m.info for m in engine.models() if m.info.id == artifact.model), None)
    notice = write_marked(artifact, file, export_options(file), model)
    _keep_request(artifact, folder / "speech.request.json")
    seconds = artifact.sound.duration_s
    speed = seconds / artifact.duration_s if artifact.duration_s else 0.0
    print(f"{seconds:.1f} s spoken by {artifact.model} at {speed:.0f} times real time, offline.")
    if notice:
        print(notice)
    print(file)
    return file


def _listen(engine: Engine, folder: Path, sound: Path) -> None:
    """Let a listening model write down what was spoken, where there is one."""
    if engine.default_model(Capability.AUDIO_TRANSCRIBE) is None:
        print("No listening model is here; “triptych models fetch whisper-tiny.en” brings one.")
        return
    with storage_errors(sound, "reading the tour's sound"):
        audio = engine.inputs.put(sound.read_bytes(), "audio/flac", keep=False)
    print("\nListening to it:\n")
    artifact = _made(engine, TranscribeRequest(audio=audio, label="Tour"), _stream)
    print("\n")
    assert isinstance(artifact, TranscriptArtifact)  # what a listening backend must return
    subtitles = folder / "speech.srt"
    atomic_write(subtitles, to_srt(artifact), doing="writing the tour's subtitles")
    print(f"Heard by {artifact.model}, offline.")
    print(subtitles)


def _made(engine: Engine, request: Request, see: Callable[[Event], None]) -> Artifact:
    from studio.cli.session import failure, run_to_end

    end = run_to_end(engine, request, see)
    if isinstance(end, Failed):
        print()
        raise failure(end)
    if not isinstance(end, Finished):
        raise KeyboardInterrupt
    return end.artifact


def _keep_request(artifact: Artifact, file: Path) -> None:
    atomic_write(file, to_json(artifact.request) + "\n", doing="writing the tour's request")


def _stream(event: Event) -> None:
    if isinstance(event, TextDelta):
        sys.stdout.write(event.text)
        sys.stdout.flush()


def _ignore(event: Event) -> None:
    """The result is shown when it is whole."""
