"""Runs sound models of transformers; imported when one is loaded.

Each architecture is a small class that turns one piece of text into samples. Everything around
it is in :class:`SoundModel`: sentences, marks, voices, progress, stopping, repeatable chance.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch  # noqa: TID253 - private module, imported when a model is loaded
import transformers  # noqa: TID253

from studio.core.artifacts import AudioArtifact, SpokenMark
from studio.core.errors import BackendError, BadInputError, ModelError
from studio.core.inputs import InputRef
from studio.core.requests import AudioRequest, Capability
from studio.engine.api import Device, JobContext, LoadContext, LoadedModel, Voice
from studio.engine.backends._chance_impl import Chance, same_chance, stepping
from studio.engine.backends._listening_sound_impl import SoundSource
from studio.engine.backends._sound_architectures import ARCHITECTURES
from studio.engine.backends._sound_parts_impl import Parts
from studio.engine.backends._sound_pieces import SoundPieces
from studio.engine.backends._sounder_csm_impl import Csm
from studio.engine.backends._sounder_dia_impl import Dia
from studio.engine.backends._sounder_impl import Example, Samples, Sounder, Wanted
from studio.engine.backends._sounder_music_impl import LONGEST_MUSIC_S, Musicgen, MusicgenMelody
from studio.engine.backends._sounder_pocket_impl import PocketTts
from studio.engine.backends._sounder_speech_impl import Bark, SpeechT5, Vits
from studio.engine.backends._sounder_vibevoice_impl import VibeVoice
from studio.engine.backends._speaking_impl import find_voice
from studio.engine.backends.transformers_audio import TransformersAudioBackend
from studio.models.info import ModelInfo

transformers.utils.logging.disable_progress_bar()

_PAUSE_S = 0.25
#: Progress inside a sentence, of which nobody knows how long it gets, is told in such shares.
_SHARES = 100
#: A lent voice or a melody is listened to for so long.
_LONGEST_GIVEN_S = 60.0
_SHORTEST_GIVEN_S = 0.5

_SOUNDERS: dict[str, type[Sounder]] = {
    "VitsModel": Vits,
    "SpeechT5ForTextToSpeech": SpeechT5,
    "BarkModel": Bark,
    "MusicgenForConditionalGeneration": Musicgen,
    "MusicgenMelodyForConditionalGeneration": MusicgenMelody,
    "PocketTTSForConditionalGeneration": PocketTts,
    "DiaForConditionalGeneration": Dia,
    "CsmForConditionalGeneration": Csm,
    "VibeVoiceForConditionalGeneration": VibeVoice,
}


def load(model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
    """Return the model of a folder.

    Raises:
        ModelError: Damaged, unsupported or unsafe, or a part it needs is missing.
        JobCancelled: The user stopped.
    """
    sounder = _SOUNDERS[model.architecture](Parts(model, device, ctx))
    return SoundModel(model, sounder, TransformersAudioBackend().voices_for(model))


class SoundModel(LoadedModel):
    """A sound model in memory.

    Args:
        model: What is known about it.
        sounder: What makes its sound.
        voices: The voices it has.
    """

    def __init__(self, model: ModelInfo, sounder: Sounder, voices: Sequence[Voice]) -> None:
        self._model = model
        self._kind = ARCHITECTURES[model.architecture]
        self._sounder = sounder
        self._voices = tuple(voices)
        networks = (sounder.network, *sounder.others())
        self.memory_bytes = sum(
            weight.numel() * weight.element_size()
            for network in networks
            for weight in network.parameters()
        )

    def generate(self, request: AudioRequest, ctx: JobContext) -> AudioArtifact:
        """Speak or make music; see :meth:`LoadedModel.generate`."""
        self._check(request)
        started = time.perf_counter()
        wanted = self._wanted(request, ctx)
        pieces = SoundPieces(self._sounder.sampling_rate)
        with same_chance(request.seed) as chance, torch.inference_mode():
            try:
                marks = (
                    self._speak(wanted, pieces, ctx, chance)
                    if self._kind.capability is Capability.AUDIO_SPEECH
                    else self._play(wanted, pieces, ctx, chance)
                )
                sound = pieces.sound()
            finally:
                pieces.close()
        return AudioArtifact(
            request=request,
            model=self._model.id,
            backend="transformers-audio",
            duration_s=time.perf_counter() - started,
            sound=sound,
            marks=marks,
            facts={"voice": wanted.voice.title} if wanted.voice is not None else {},
        )

    def unload(self) -> None:
        """Give the memory back."""
        del self._sounder
        self.memory_bytes = 0

    def _check(self, request: AudioRequest) -> None:
        kind = self._kind
        if not isinstance(request, AudioRequest) or request.capability != kind.capability:
            raise BadInputError(f"“{self._model.title}” cannot do this.")
        if not request.prompt.strip():
            raise BadInputError(
                "There is no description yet.", hint="Say in a few words what it shall sound like."
            )
        if request.kept_voice is not None and not kind.clones:
            raise BadInputError(
                f"“{self._model.title}” has voices of its own and cannot speak in a lent one.",
                hint="Choose a model that can, such as Pocket TTS.",
            )

    def _wanted(self, request: AudioRequest, ctx: JobContext) -> Wanted:
        """Return what is asked for with everything read in; what is of no use is told."""
        if request.speed != 1.0 and not self._kind.speed:
            ctx.notice(f"“{self._model.title}” has a speed of its own.", "speed")
        if request.audio is not None and not self._kind.melody:
            ctx.notice(f"“{self._model.title}” does not use the sound that was given.", "audio")
        wanted = Wanted(request=request, options=_options(request, self._model))
        if request.kept_voice is not None:
            kept = request.kept_voice
            samples = self._heard(kept.audio, ctx)
            heard = Example(samples=samples, text=kept.text, key=kept.audio.sha256)
            return dataclasses.replace(wanted, example=heard)
        if request.audio is not None and self._kind.melody:
            return dataclasses.replace(wanted, melody=self._heard(request.audio, ctx))
        return dataclasses.replace(wanted, voice=self._voice(request))

    def _voice(self, request: AudioRequest) -> Voice | None:
        if self._voices:
            return find_voice(self._voices, request.voice)
        if self._sounder.needs_voice:
            raise ModelError(
                f"“{self._model.title}” has no speaker.", hint=self._sounder.needs_voice
            )
        return None

    def _heard(self, ref: InputRef, ctx: JobContext) -> Samples:
        """Return a sound of the request as the model takes it: mono, at its sampling rate."""
        rate = self._sounder.sampling_rate
        with SoundSource(ctx.input(ref), rate) as source:
            if source.seconds > _LONGEST_GIVEN_S:
                ctx.notice(f"Only the first {_LONGEST_GIVEN_S:g} s of the sound are used.", "given")
            samples: Samples = source.window(0, round(_LONGEST_GIVEN_S * rate)).copy()
        if len(samples) < _SHORTEST_GIVEN_S * rate:
            raise BadInputError("The sound that was given is too short to hear anything in it.")
        return samples

    def _speak(
        self, wanted: Wanted, pieces: SoundPieces, ctx: JobContext, chance: Chance
    ) -> tuple[SpokenMark, ...]:
        plan = self._sounder.plan(wanted.request.prompt)
        marks: list[SpokenMark] = []
        for done, sentence in enumerate(plan):
            ctx.progress(done * _SHARES, len(plan) * _SHARES)
            begins = pieces.seconds
            texts = self._sounder.pieces(sentence.text, wanted.example)
            for place, text in enumerate(texts):
                part = _Part(done + place / len(texts), 1 / len(texts), len(plan))
                samples = self._piece(text, wanted, part, ctx, chance)
                if len(samples):
                    ctx.audio(pieces.add(samples))
                    wanted = self._goes_on(wanted, samples, text)
            if pieces.seconds == begins:
                continue
            said = wanted.request.prompt[sentence.start : sentence.end]
            marks.append(SpokenMark(start_s=begins, end_s=pieces.seconds, text=said))
            if done + 1 < len(plan):
                ctx.audio(pieces.add(np.zeros(round(_PAUSE_S * pieces.sampling_rate))))
        ctx.progress(len(plan) * _SHARES, len(plan) * _SHARES)
        self._tell_unsaid(len(plan) - len(marks), marks, ctx)
        return tuple(marks)

    def _tell_unsaid(self, unsaid: int, marks: Sequence[SpokenMark], ctx: JobContext) -> None:
        if not marks:
            message, hint = self._sounder.all_unsaid
            raise BadInputError(message.format(title=self._model.title), hint=hint)
        if unsaid:
            ctx.notice(self._sounder.unsaid.format(count=unsaid), "unspoken")

    def _piece(
        self, text: str, wanted: Wanted, part: _Part, ctx: JobContext, chance: Chance
    ) -> Samples:
        """Return the sound of a piece that can be spoken at once."""
        steps = self._sounder.steps(text, wanted.request)

        def tell(step: int) -> None:
            if steps:
                ctx.progress(*part.progress(step / steps))

        with stepping(self._sounder.stepping, ctx, chance, tell):
            return _checked(self._sounder.samples(text, wanted))

    def _goes_on(self, wanted: Wanted, samples: Samples, text: str) -> Wanted:
        """Return what the next piece shall be like: spoken by whoever spoke this one."""
        if not self._sounder.wanders or wanted.example is not None:
            return wanted
        return dataclasses.replace(wanted, example=Example(samples=samples, text=text))

    def _play(
        self, wanted: Wanted, pieces: SoundPieces, ctx: JobContext, chance: Chance
    ) -> tuple[SpokenMark, ...]:
        request = wanted.request
        if request.audio_end_in_s > LONGEST_MUSIC_S:
            ctx.notice(
                f"“{self._model.title}” makes {LONGEST_MUSIC_S:g} s at most, so that is how "
                f"long it is.",
                "length",
            )
        total = self._sounder.steps(request.prompt, request)

        def tell(step: int) -> None:
            ctx.progress(min(step, total), total)

        with stepping(self._sounder.stepping, ctx, chance, tell):
            samples = _checked(self._sounder.samples(request.prompt, wanted))
        ctx.progress(total, total)
        pieces.add(samples)
        return ()


@dataclasses.dataclass(frozen=True)
class _Part:
    """Where a piece lies in the whole: from ``begin``, ``length`` long, in sentences of ``of``."""

    begin: float
    length: float
    of: int

    def progress(self, share: float) -> tuple[int, int]:
        """Return the step and the total when about ``share`` of the piece is done."""
        done = self.begin + self.length * min(share, 0.99)
        return int(done * _SHARES), self.of * _SHARES


def _checked(made: Any) -> Samples:
    """Return what a model made as float32 (samples,) in -1..1."""
    samples = made.float().cpu().numpy() if isinstance(made, torch.Tensor) else made
    samples = np.asarray(samples, np.float32)
    samples = samples.mean(axis=0) if samples.ndim == 2 else samples.reshape(-1)
    if not np.isfinite(samples).all():
        raise BackendError(
            "The model made a sound that cannot be played.", hint="Try another seed."
        )
    clipped: Samples = np.clip(samples, -1.0, 1.0)
    return clipped


def _options(request: AudioRequest, model: ModelInfo) -> dict[str, Any]:
    """Return the options that this model uses, as its class spells them."""
    infos = TransformersAudioBackend().options_for(model, request.capability)
    spelling = ARCHITECTURES[model.architecture].spelling
    return {
        spelling.get(info.name, info.name): request.options.get(info.name, info.default)
        for info in infos
        if not info.unused
    }
