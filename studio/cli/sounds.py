"""``triptych generate audio``: a text spoken, or a sound made, into a file."""

from __future__ import annotations

import argparse
import json
import mimetypes
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.cli.asking import ShowProgress, add_common, option_values
from studio.core.artifacts import AudioArtifact
from studio.core.errors import BadInputError, ModelNotFoundError, storage_errors
from studio.core.events import Failed, Finished
from studio.core.inputs import InputRef
from studio.core.media import random_seed
from studio.core.paths import user_folders
from studio.core.requests import AudioRequest, Capability, KeptVoice, to_json
from studio.models.info import ModelInfo

if TYPE_CHECKING:
    from studio.documents.soundtrack.formats import ExportOptions
    from studio.engine.engine import Engine
    from studio.voices.store import VoiceStore

_NAMED = ("sentence_pause_s", "paragraph_pause_s", "num_inference_steps", "guidance_scale")


def add_parser(kinds: argparse._SubParsersAction[Any]) -> None:
    """Add ``audio`` to ``triptych generate``."""
    audio = kinds.add_parser(
        "audio",
        help="speak a text",
        description="Speak a text with a voice on this computer, into a file. With --music a model "
        "for music or effects makes what the prompt describes instead.",
    )
    audio.add_argument("--prompt", default="", help="what to say; “-” reads it from stdin")
    audio.add_argument("--voice", default="", help="as --list-voices shows it")
    audio.add_argument(
        "--lent-voice",
        default="",
        metavar="NAME",
        help="a voice that somebody lent in the window, for models that clone; name or id",
    )
    audio.add_argument("--speed", type=float, default=1.0, help="1 is the voice's own")
    audio.add_argument("--language", default="", metavar="CODE", help="where a model has several")
    audio.add_argument("--music", action="store_true", help="make music or an effect")
    audio.add_argument("--negative-prompt", default="", help="what to keep out of it")
    audio.add_argument(
        "--length", type=float, default=0.0, metavar="S", help="of music, in seconds"
    )
    audio.add_argument(
        "--melody", type=Path, metavar="FILE", help="a sound whose tune the music follows"
    )
    add_common(audio, _NAMED)
    audio.add_argument(
        "--out",
        type=Path,
        default=Path("triptych.wav"),
        metavar="FILE",
        help="where to write (.wav, .flac, .ogg, .opus, .mp3)",
    )
    audio.add_argument("--list-voices", action="store_true", help="show the voices and stop")
    audio.set_defaults(command=generate_audio)


def generate_audio(options: argparse.Namespace) -> int:
    """Run ``triptych generate audio``."""
    from studio.cli.session import engine_session, failure, run_to_end

    if options.list_voices:
        with engine_session() as engine:
            return _list_voices(engine, options.model, as_json=options.json)
    written = export_options(options.out)
    prompt = sys.stdin.read() if options.prompt == "-" else options.prompt
    if not prompt.strip():
        raise BadInputError("The prompt is empty.", hint="Say what to speak after --prompt.")
    capability = Capability.AUDIO_MUSIC if options.music else Capability.AUDIO_SPEECH
    show = ShowProgress(sys.stderr, quiet=options.quiet)
    with engine_session() as engine:
        values = option_values(options, _NAMED, engine.options_for(capability, options.model))
        request = AudioRequest(
            capability=capability,
            seed=random_seed() if options.seed is None else options.seed,
            model=options.model,
            options=values,
            prompt=prompt,
            negative_prompt=options.negative_prompt,
            voice=options.voice,
            kept_voice=_lent_voice(options.lent_voice) if options.lent_voice else None,
            speed=options.speed,
            audio_end_in_s=options.length,
            audio=_melody(options, engine),
            language=options.language,
        )
        end = run_to_end(engine, request, show)
        models = {each.info.id: each.info for each in engine.models()}
    show.end()
    if isinstance(end, Failed):
        raise failure(end)
    if not isinstance(end, Finished):
        raise KeyboardInterrupt
    artifact = end.artifact
    assert isinstance(artifact, AudioArtifact)  # what such a backend must return
    notice = write_marked(artifact, options.out, written, models.get(artifact.model))
    if notice:
        show.line(f"Note: {notice}")
    print(json.dumps(_summary(artifact, options.out)) if options.json else options.out)
    return 0


def _melody(options: argparse.Namespace, engine: Engine) -> InputRef | None:
    """Return the sound that music shall follow.

    Raises:
        BadInputError: There is no such file, or no music is asked for.
        StorageError: The system does not let us read it.
    """
    from studio.cli.session import existing

    if options.melody is None:
        return None
    if not options.music:
        raise BadInputError(
            "Only music follows a melody.", hint="Add --music, or leave --melody out."
        )
    file = existing(options.melody)
    with storage_errors(file, "reading the melody"):
        data = file.read_bytes()
    return engine.inputs.put(data, mimetypes.guess_type(file.name)[0] or "audio/wav", keep=False)


def export_options(out: Path) -> ExportOptions:
    """Return how a file of this name is written.

    Raises:
        BadInputError: Sound cannot be written so.
    """
    from studio.documents.soundtrack.formats import ExportOptions, format_of

    return ExportOptions(format=format_of(out).id, bit_depth="16")


def write_marked(
    artifact: AudioArtifact, out: Path, options: ExportOptions, model: ModelInfo | None
) -> str:
    """Write a sound with its record, its mark and its signature; return what is to be told.

    Raises:
        StorageError: The system refused.
    """
    from studio.core.provenance import record_of
    from studio.core.provenance.commands import keys_folder
    from studio.core.provenance.keys import installation_key
    from studio.documents.soundtrack.one_sound import write_sound

    title, licence = (model.title, model.licence) if model else ("", "")
    return write_sound(
        artifact.sound,
        out,
        options,
        record=record_of(artifact, model_title=title, licence=licence),
        key=installation_key(keys_folder()),
    )


def _voice_store() -> VoiceStore:
    from studio.voices.store import VoiceStore

    folders = user_folders()
    return VoiceStore(folders.voices, folders.credentials)


def _lent_voice(wanted: str) -> KeptVoice:
    """Return the voice that is called so.

    Raises:
        BadInputError: None is, or several are.
        StorageError: The voices cannot be read.
    """
    kept = [voice for voice in _voice_store().voices() if voice.record is not None]
    found = [voice for voice in kept if wanted.casefold() in (voice.id, voice.title.casefold())]
    if len(found) == 1 and found[0].record is not None:
        return found[0].record.kept_voice()
    raise BadInputError(
        f"{'Several people' if found else 'Nobody'} called “{wanted[:80]}” lent a voice here.",
        hint="“triptych generate audio --list-voices” shows the voices with their ids.",
    )


def _list_voices(engine: Engine, model_id: str, *, as_json: bool) -> int:
    from studio.cli.tables import print_table

    speaking = [
        model.info
        for model in engine.models()
        if Capability.AUDIO_SPEECH in model.capabilities and model_id in ("", model.info.id)
    ]
    if model_id and not speaking:
        raise ModelNotFoundError(
            f"There is no voice called “{model_id}” here.",
            hint="“triptych models list” shows what is here.",
        )
    found = [
        (model, voice)
        for model in speaking
        for voice in engine.voices_for(Capability.AUDIO_SPEECH, model.id)
    ]
    kept = _voice_store().voices() if not model_id or engine.clones(model_id) else ()
    if as_json:
        plain = [
            {
                "model": model.id,
                "voice": voice.id,
                "title": voice.title,
                "language": voice.language,
                "description": voice.description,
            }
            for model, voice in found
        ]
        lent = [{"id": voice.id, "name": voice.title, "problem": voice.problem} for voice in kept]
        print(json.dumps({"voices": plain, "lent_voices": lent}, ensure_ascii=False))
        return 0
    rows = [
        (voice.id, voice.title, voice.language, voice.description, model.id)
        for model, voice in found
    ]
    rows += [
        (voice.id, voice.title, "", voice.problem or "lent", "those that clone") for voice in kept
    ]
    heads = ("voice", "name", "language", "sounds", "model")
    print_table(heads, rows, "No model here has voices to choose from.")
    return 0


def _summary(artifact: AudioArtifact, out: Path) -> dict[str, object]:
    return {
        "out": str(out),
        "length_s": round(artifact.sound.duration_s, 3),
        "sampling_rate": artifact.sound.sampling_rate,
        "channels": artifact.sound.channels,
        "marks": [
            {"start_s": round(mark.start_s, 3), "end_s": round(mark.end_s, 3), "text": mark.text}
            for mark in artifact.marks
        ],
        "model": artifact.model,
        "backend": artifact.backend,
        "facts": dict(artifact.facts),
        "seed": artifact.request.seed,
        "duration_s": round(artifact.duration_s, 3),
        "request": json.loads(to_json(artifact.request)),
    }
