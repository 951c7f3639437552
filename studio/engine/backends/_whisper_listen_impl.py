"""Listens with Whisper, half a minute at a time, checking that it makes nothing up.

The way through the sound is that of the original: the model says where its last sentence ended,
and the next window begins there. Runs on engine threads.
"""

from __future__ import annotations

import gc
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import ctranslate2
import numpy as np
from numpy.typing import NDArray

from studio.core.artifacts import Segment, TranscriptArtifact, Word
from studio.core.errors import BadInputError, ModelDamagedError, ModelNotFoundError
from studio.core.languages import find_language, language_name
from studio.core.options import validate
from studio.core.requests import TranscribeRequest
from studio.engine.api import Device, JobContext, LoadContext, LoadedModel
from studio.engine.backends._listening_options import ListeningOptions, knows_only_english
from studio.engine.backends._listening_sound_impl import (
    FRAMES_PER_S,
    SAMPLING_RATE,
    WINDOW_S,
    SoundSource,
    loud_parts,
    part_of,
    picture_of,
    second_of,
)
from studio.engine.backends._whisper_times_impl import Aligning, placed, timed_segments
from studio.engine.backends._whisper_tokens_impl import WhisperTokens
from studio.models.identify import identify
from studio.models.info import ModelInfo

_WINDOW = WINDOW_S * SAMPLING_RATE
_LEAD_S = 0.3  # heard before the first loud part, so that no word loses its beginning
_SHORTEST_S = 0.1
#: Readings worse than these are read again, more freely.
_UNSURE = -1.0
#: Readings that are a little unsure are left out where silence is likely, by this share of the
#: threshold; the worst always are.
_A_LITTLE_UNSURE, _LIKELY_SHARE = -0.7, 0.7
_HOPELESS = -1.5
_REPETITIVE = 2.4
_TEMPERATURES = (0.0, 0.4, 0.8)
_LONGEST_READING = 224


def warm_imports() -> None:
    """Import the modules that the first load would import."""
    _ = (ctranslate2.models.Whisper, SoundSource, WhisperTokens)


def load(model: ModelInfo, device: Device, ctx: LoadContext) -> WhisperModel:
    """Load a folder.

    Raises:
        ModelError: Damaged or gone.
        JobCancelled: The user stopped.
    """
    if model.path is None or not model.path.is_dir():
        raise ModelNotFoundError(
            f"The files of {model.title} are gone.",
            hint="They may have been moved, or lie on a drive that is not connected.",
            path=str(model.path),
        )
    identify(model.path)  # what was whole at the last scan may be damaged by now
    ctx.loading(0.2, "Reading the vocabulary")
    tokens = WhisperTokens(model.path)
    ctx.loading(0.4, "Reading the weights")
    network = _network(model, device)
    loaded = WhisperModel(model, network, tokens)
    ctx.loading(1.0, "Ready")
    return loaded


def _network(model: ModelInfo, device: Device) -> Any:
    on_card = device.kind == "cuda"
    try:
        return ctranslate2.models.Whisper(
            str(model.path),
            device="cuda" if on_card else "cpu",
            device_index=device.index if on_card else 0,
            compute_type="default" if on_card else "int8",
            intra_threads=max(1, device.threads),
        )
    except (RuntimeError, ValueError) as error:
        raise ModelDamagedError(
            f"{model.title} could not be loaded: its files are damaged or do not belong together.",
            hint="Fetch or copy the model again.",
            path=str(model.path),
            reason=str(error)[:1000],
        ) from error


@dataclass(frozen=True)
class _Task:
    """What is to be done with every window of one sound."""

    options: ListeningOptions
    language: str
    opening: list[int]
    prompt: list[int]
    word_times: bool
    seed: int


@dataclass(frozen=True)
class _Heard:
    """What came out of one window."""

    segments: tuple[Segment, ...]
    tokens: int
    language: str


@dataclass(frozen=True)
class _Reading:
    """What the model took a window for."""

    tokens: list[int]
    sureness: float
    silence: float

    @property
    def fine(self) -> bool:
        """Whether it is neither unsure nor goes round in circles."""
        return self.sureness >= _UNSURE


class WhisperModel(LoadedModel):
    """A listening model in memory."""

    interleaves = True  # nothing but the weights is kept, and they are only read

    def __init__(self, model: ModelInfo, network: Any, tokens: WhisperTokens) -> None:
        assert model.path is not None
        self._model_id = model.id
        self._title = model.title
        self._network = network
        self._tokens = tokens
        self._english_only = knows_only_english(model.path)
        self.memory_bytes = int(model.size_bytes * 1.3)

    def generate(self, request: TranscribeRequest, ctx: JobContext) -> TranscriptArtifact:
        """Listen; see :meth:`LoadedModel.generate`."""
        started = time.perf_counter()
        if not isinstance(request, TranscribeRequest) or request.audio is None:
            raise BadInputError("This model listens to sounds, and does nothing else.")
        options = validate(ListeningOptions, request.options)
        language = self._language(request.language)
        ctx.checkpoint()
        segments: list[Segment] = []
        tokens = 0
        with SoundSource(ctx.input(request.audio)) as source:
            for found in self._listen(source, request, options, language, ctx):
                language = found.language
                tokens += found.tokens
                for segment in found.segments:
                    ctx.text(segment.text if not segments else f" {segment.text}")
                    segments.append(segment)
            broken = source.broken
        self._tell(ctx, segments, broken=broken)
        return TranscriptArtifact(
            request=request,
            model=self._model_id,
            backend="whisper-listen",
            duration_s=time.perf_counter() - started,
            text=" ".join(segment.text for segment in segments),
            new_tokens=tokens,
            segments=tuple(segments),
            language=language or ("en" if self._english_only else ""),
        )

    def _language(self, wanted: str) -> str:
        """Return the code of the language asked for, "" to find out."""
        if not wanted.strip():
            return "en" if self._english_only else ""
        code = find_language(wanted)
        if not code:
            raise BadInputError(
                f"There is no language “{wanted[:40]}”.", hint="Use a code such as en or de."
            )
        if (self._english_only and code != "en") or not self._tokens.knows(code):
            known = "English only" if self._english_only else f"no {language_name(code)}"
            raise BadInputError(
                f"{self._title} knows {known}.",
                hint="Choose another listening model.",
                language=code,
            )
        return code

    def _tell(self, ctx: JobContext, segments: list[Segment], *, broken: bool) -> None:
        if broken:
            ctx.notice("The file is damaged: it could be heard only up to a point.", "damaged")
        if not segments:
            ctx.notice("Nobody speaks in this sound, as far as can be heard.", "no_speech")

    # From window to window

    def _listen(
        self,
        source: SoundSource,
        request: TranscribeRequest,
        options: ListeningOptions,
        language: str,
        ctx: JobContext,
    ) -> Iterator[_Heard]:
        """Yield what is heard in each window that holds anything."""
        total = max(1, round(source.seconds))
        at = 0
        while True:
            ctx.checkpoint()
            ctx.progress(min(total, at // SAMPLING_RATE), total)
            samples = source.window(at, _WINDOW)
            if len(samples) < _SHORTEST_S * SAMPLING_RATE:
                break
            loud = loud_parts(samples)
            skipped = self._before_speech(loud, len(samples))
            if skipped:
                at += skipped
                continue
            image = self._encoded(samples)
            if not language:
                language = self._heard_language(image)
                ctx.checkpoint()
            task = self._task(request, options, language)
            heard, step = self._window(image, len(samples), at, loud, task, ctx)
            yield heard
            at += max(step, SAMPLING_RATE // 2)
        ctx.progress(total, total)

    def _before_speech(self, loud: NDArray[np.bool_], length: int) -> int:
        """Return how many samples of a window pass before anybody speaks, none when at once."""
        first = int(np.argmax(loud)) if loud.any() else -1
        if first < 0:
            return length
        ahead = round((second_of(first) - _LEAD_S) * SAMPLING_RATE)
        return ahead if ahead > SAMPLING_RATE else 0

    def _encoded(self, samples: NDArray[np.float32]) -> Any:
        picture = picture_of(samples, int(self._network.n_mels))
        return self._network.encode(ctranslate2.StorageView.from_array(picture[None]))

    def _heard_language(self, image: Any) -> str:
        if not self._network.is_multilingual:
            return "en"
        ((likeliest, _), *_rest) = self._network.detect_language(image)[0]
        return str(likeliest).strip("<|>")

    def _task(self, request: TranscribeRequest, options: ListeningOptions, language: str) -> _Task:
        return _Task(
            options=options,
            language=language,
            opening=self._tokens.opening(
                language, translate=options.translate, english_only=self._english_only
            ),
            prompt=self._tokens.prompt(request.prompt),
            word_times=request.word_times,
            seed=request.seed,
        )

    def _window(
        self,
        image: Any,
        length: int,
        at: int,
        loud: NDArray[np.bool_],
        task: _Task,
        ctx: JobContext,
    ) -> tuple[_Heard, int]:
        """Return what is heard in one window, and how many samples on the next one begins."""
        reading = self._read(image, task, ctx)
        if reading is None:
            return _Heard((), 0, task.language), length
        spans, end_s = timed_segments(
            reading.tokens,
            self._tokens.times_from,
            length / SAMPLING_RATE,
            last=length < _WINDOW,
        )
        words: list[tuple[Word, ...]] = [() for _ in spans]
        if task.word_times:
            ctx.checkpoint()
            frames = length * FRAMES_PER_S // SAMPLING_RATE
            aligning = Aligning(self._network, self._tokens, task.opening, task.language, frames)
            words = aligning.words(image, spans)
        found: list[Segment] = []
        for span, timed in zip(spans, words, strict=True):
            text = self._tokens.text(span.tokens).strip()
            # What was read where nobody is loud was made up.
            said = any(sign.isalnum() for sign in text)
            if said and loud[part_of(span.start_s) : part_of(span.end_s) + 1].any():
                found.append(placed(span, text, timed, at / SAMPLING_RATE))
        heard = _Heard(tuple(found), len(reading.tokens), task.language)
        return heard, round(end_s * SAMPLING_RATE)

    def _read(self, image: Any, task: _Task, ctx: JobContext) -> _Reading | None:
        """Return the first good reading, ``None`` for silence; freer ones follow bad ones."""
        best: _Reading | None = None
        for temperature in _TEMPERATURES:
            ctx.checkpoint()
            reading = self._reading(image, task, temperature)
            if self._is_silence(reading, task.options.no_speech_threshold):
                return None
            repetitive = self._goes_in_circles(reading)
            if reading.fine and not repetitive:
                return reading
            if not repetitive and (best is None or reading.sureness > best.sureness):
                best = reading
        return best if best is not None and best.sureness >= _HOPELESS else None

    def _is_silence(self, reading: _Reading, threshold: float) -> bool:
        if reading.silence > threshold and not reading.fine:
            return True
        likely = reading.silence > threshold * _LIKELY_SHARE
        return likely and reading.sureness < _A_LITTLE_UNSURE

    def _goes_in_circles(self, reading: _Reading) -> bool:
        text = self._tokens.text(reading.tokens).encode()
        return bool(text) and len(text) / len(zlib.compress(text)) > _REPETITIVE

    def _reading(self, image: Any, task: _Task, temperature: float) -> _Reading:
        free = temperature > 0
        if free:
            ctranslate2.set_random_seed(task.seed)
        (result,) = self._network.generate(
            image,
            [[*task.prompt, *task.opening]],
            beam_size=1 if free else task.options.beam_size,
            sampling_topk=0 if free else 1,
            sampling_temperature=temperature if free else 1.0,
            max_length=_LONGEST_READING * 2,
            return_scores=True,
            return_no_speech_prob=True,
        )
        tokens = list(result.sequences_ids[0])
        # The score is the mean over the tokens; the end counts as one more.
        sureness = result.scores[0] * len(tokens) / (len(tokens) + 1)
        return _Reading(tokens, sureness, result.no_speech_prob)

    def unload(self) -> None:
        """Give the memory back."""
        if self._network is not None:
            self._network.unload_model()
        self._network = None
        self.memory_bytes = 0
        gc.collect()
