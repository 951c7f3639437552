"""Speaking a text sentence by sentence, whichever model makes the sound.

A subclass turns the phonemes of one sentence into samples; here is everything around it: what is
said of the text, pauses, marks, progress, stopping, and sound handed out while the rest is made.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from studio.core.artifacts import AudioArtifact, SpokenMark
from studio.core.errors import BackendError, BadInputError
from studio.core.options import validate
from studio.core.requests import AudioRequest, Capability
from studio.core.sentences import Sentence, sentences, split_long
from studio.core.speech_text import left_out_sentence, spoken_english
from studio.engine.api import JobContext, LoadedModel, Voice
from studio.engine.backends._english_speech import FASTEST, SLOWEST, SpeechOptions
from studio.engine.backends._sound_pieces import SoundPieces

Samples = NDArray[np.float32]

_QUIET = 0.01  # below this, at a piece's edge, is silence
_BREATH_S = 0.12  # what stays of it inside a sentence that was cut


class SpeakingModel(LoadedModel):
    """An English voice in memory.

    Args:
        model_id: The model's id.
        backend_id: The backend's id.
        voices: The voices it has, its own first.
    """

    interleaves = True  # nothing but weights and dictionaries is kept, and they are only read
    sampling_rate: ClassVar[int] = 24_000
    #: Most characters of text, and most phonemes, that are spoken at once.
    most_characters: ClassVar[int] = 280
    most_phonemes: ClassVar[int] = 400

    def __init__(self, model_id: str, backend_id: str, voices: Sequence[Voice]) -> None:
        self._model_id = model_id
        self._backend_id = backend_id
        self._voices = tuple(voices)

    @abstractmethod
    def phonemes(self, text: str, voice: Voice) -> str:
        """Return how ``text``, plain English, is pronounced."""

    @abstractmethod
    def samples(self, phonemes: str, voice: Voice, speed: float, seed: int) -> Samples:
        """Return the sound of some phonemes, at most ``most_phonemes``, float32 (samples,)."""

    def generate(self, request: AudioRequest, ctx: JobContext) -> AudioArtifact:
        """Speak; see :meth:`LoadedModel.generate`."""
        started = time.perf_counter()
        voice, speed, options = self._checked(request, ctx)
        plan = list(sentences(request.prompt))
        pieces = SoundPieces(self.sampling_rate)
        marks: list[SpokenMark] = []
        try:
            for done, sentence in enumerate(plan):
                ctx.progress(done, len(plan))
                begins, last = pieces.seconds, done + 1 == len(plan)
                for samples in self._sentence(sentence, voice, speed, request.seed, ctx):
                    ctx.audio(pieces.add(samples))
                if pieces.seconds > begins:
                    marks.append(
                        SpokenMark(start_s=begins, end_s=pieces.seconds, text=sentence.text)
                    )
                    pause = 0.0 if last else _pause_s(sentence, options)
                    if pause:
                        ctx.audio(pieces.add(np.zeros(round(pause * self.sampling_rate))))
            ctx.progress(len(plan), len(plan))
            if not marks:
                raise _nothing_to_say()
            sound = pieces.sound()
        finally:
            pieces.close()
        return AudioArtifact(
            request=request,
            model=self._model_id,
            backend=self._backend_id,
            duration_s=time.perf_counter() - started,
            sound=sound,
            marks=tuple(marks),
            facts={"voice": voice.title, "speed": f"{speed:g}"},
        )

    def _checked(
        self, request: AudioRequest, ctx: JobContext
    ) -> tuple[Voice, float, SpeechOptions]:
        """Return voice, speed and options after telling what cannot be as it was asked."""
        if not isinstance(request, AudioRequest) or request.capability != Capability.AUDIO_SPEECH:
            raise BadInputError("This model speaks texts, and does nothing else.")
        if request.language.casefold().partition("-")[0] not in ("", "en"):
            raise BadInputError(
                "This voice speaks English only.",
                hint="Choose a model that speaks this language.",
                language=request.language,
            )
        voice = find_voice(self._voices, request.voice)
        options = validate(SpeechOptions, request.options)
        unsaid = left_out_sentence(request.prompt, "This English voice")
        if unsaid:
            ctx.notice(unsaid, "unspoken")
        speed = min(FASTEST, max(SLOWEST, request.speed))
        if speed != request.speed:
            ctx.notice(
                f"This voice speaks at {SLOWEST:g} to {FASTEST:g} times its own speed, so "
                f"{speed:g} was used.",
                "speed",
            )
        return voice, speed, options

    def _sentence(
        self, sentence: Sentence, voice: Voice, speed: float, seed: int, ctx: JobContext
    ) -> Iterator[Samples]:
        """Yield the sound of a sentence, in pieces where it is too long to be said at once."""
        texts = split_long(spoken_english(sentence.text), self.most_characters)
        first = True
        for number, text in enumerate(texts, 1):
            ctx.checkpoint()
            said = self.phonemes(text, voice)
            parts = [part for part in split_long(said, self.most_phonemes) if _sounds(part)]
            for place, part in enumerate(parts, 1):
                if place > 1:
                    ctx.checkpoint()
                samples = self.samples(part, voice, speed, seed)
                if not np.isfinite(samples).all():
                    raise BackendError(
                        "The voice made a sound that cannot be played.", phonemes=part
                    )
                goes_on = number < len(texts) or place < len(parts)
                yield self._trimmed(np.clip(samples, -1, 1), ahead=not first, behind=goes_on)
                first = False

    def _trimmed(self, samples: Samples, *, ahead: bool, behind: bool) -> Samples:
        """Return ``samples`` with silence shortened where the sentence goes on."""
        loud = np.flatnonzero(np.abs(samples) > _QUIET)
        if not len(loud) or not (ahead or behind):
            return samples
        breath = round(_BREATH_S / 2 * self.sampling_rate)
        first = max(0, int(loud[0]) - breath) if ahead else 0
        last = min(len(samples), int(loud[-1]) + breath) if behind else len(samples)
        return samples[first:last]


def find_voice(voices: Sequence[Voice], wanted: str) -> Voice:
    """Return the voice of this id or title, the first when nothing is asked for.

    Raises:
        BadInputError: There is none called so.
    """
    name = wanted.strip().casefold()
    for voice in voices:
        if name in ("", voice.id.casefold(), voice.title.casefold()):
            return voice
    raise BadInputError(
        f"This model has no voice called “{wanted[:60]}”.",
        hint=f"It has {', '.join(voice.id for voice in voices)}.",
        voice=wanted[:60],
    )


def _pause_s(sentence: Sentence, options: SpeechOptions) -> float:
    paragraph = options.paragraph_pause_s if sentence.ends_paragraph else 0.0
    return max(options.sentence_pause_s, paragraph)


def _sounds(phonemes: str) -> bool:
    return any(sign.isalpha() for sign in phonemes)


def _nothing_to_say() -> BadInputError:
    return BadInputError(
        "There are no words in this text that an English voice can say.",
        hint="Write a few English words, or choose a model that speaks another language.",
    )
