"""Takes noise out of a sound of any rate, length and number of channels; runs on engine threads.

The sound is decoded twice, block by block: once to see how loud each channel is, once to clean
it. DeepFilterNet loses voices that are much quieter than those it learned from, so each channel
goes through at the loudness of ordinary speech and comes out at its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from studio.core.artifacts import AudioArtifact
from studio.core.errors import BackendError, BadInputError
from studio.core.options import validate
from studio.core.requests import AudioRequest, Capability
from studio.engine.api import JobContext, LoadedModel
from studio.engine.backends._deepfilter_native_impl import (
    DELAY,
    FRAME,
    SAMPLING_RATE,
    ChannelFilter,
    Samples,
    open_library,
)
from studio.engine.backends._listening_sound_impl import opened_sound
from studio.engine.backends._sound_pieces import SoundPieces
from studio.engine.backends.noise_removal import NO_LIMIT_DB, NoiseRemovalOptions
from studio.models.info import ModelInfo

_LIBRARY_BYTES = 40_000_000
_BLOCK_S = 0.25  # a stop is heard after so much sound at most, a hundredth of a second of work
_MOST_CHANNELS = 16
_LEAST_RATE, _MOST_RATE = 1_000, 768_000
_SPEECH_LEVEL = 0.1  # the loudest parts of ordinary speech: -20 dB of full scale
_SILENCE = 1e-6
_WILDEST = 1e6  # beyond this the network's sums would no longer be numbers


def warm_imports() -> None:
    """Import the modules that the first load would import."""
    _ = (soundfile.SoundFile, soxr.ResampleStream)


def load(model: ModelInfo, file: Path) -> NoiseRemover:
    """Load the library.

    Raises:
        ModelError: Damaged, or not for this system.
    """
    return NoiseRemover(model.id, open_library(file), file)


class NoiseRemover(LoadedModel):
    """The noise filter in memory; each job has networks of its own."""

    interleaves = True

    def __init__(self, model_id: str, library: ctypes.CDLL, file: Path) -> None:
        self._model_id = model_id
        self._library: ctypes.CDLL | None = library
        self._file = file
        self.memory_bytes = _LIBRARY_BYTES

    def generate(self, request: AudioRequest, ctx: JobContext) -> AudioArtifact:
        """Mend; see :meth:`LoadedModel.generate`."""
        started = time.perf_counter()
        if not isinstance(request, AudioRequest) or request.capability != Capability.AUDIO_REPAIR:
            raise BadInputError("This model mends sounds, and does nothing else.")
        assert request.audio is not None and self._library is not None
        options = validate(NoiseRemovalOptions, request.options)
        source = _Source(ctx.input(request.audio))
        source.measure(ctx.sub(0, 0.1))
        pieces = SoundPieces(source.sampling_rate, channels=source.channels)
        with contextlib.ExitStack() as stack:
            stack.callback(pieces.close)
            filters = []
            for _ in range(source.channels):
                ctx.checkpoint()
                one = ChannelFilter(self._library, self._file, options.post_filter_beta)
                stack.callback(one.close)
                filters.append(one)
            limit = options.attenuation_limit_db
            left = 0.0 if limit >= NO_LIMIT_DB else 10.0 ** (-limit / 20.0)
            _clean(source, _Cleaner(filters, source.levels, left), pieces, ctx.sub(0.1, 0.9))
            sound = pieces.sound()
        for code, sentence in source.notices():
            ctx.notice(sentence, code)
        return AudioArtifact(
            request=request,
            model=self._model_id,
            backend="noise-removal",
            duration_s=time.perf_counter() - started,
            sound=sound,
            facts={"attenuation_limit_db": f"{limit:g}"},
        )

    def unload(self) -> None:
        """Give back what can be: the library itself stays with the process."""
        self._library = None
        self.memory_bytes = 0


class _Source:
    """The sound that was given, to be read from its beginning more than once."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        with opened_sound(data) as file:
            self.sampling_rate: int = file.samplerate
            self.channels: int = file.channels
            self._said: int = file.frames
        self.frames = 0
        #: Of each channel, how loud its loudest parts are, as a share of full scale.
        self.levels: NDArray[np.float64] = np.ones(self.channels)
        self._odd = 0
        if self.channels > _MOST_CHANNELS:
            raise BadInputError(
                f"This sound has {self.channels} channels.",
                hint=f"Noise can be taken out of up to {_MOST_CHANNELS}.",
            )
        if not _LEAST_RATE <= self.sampling_rate <= _MOST_RATE:
            raise BadInputError(
                f"This sound has {self.sampling_rate} samples a second.",
                hint=f"Noise can be taken out from {_LEAST_RATE:,} to {_MOST_RATE:,}.",
            )

    @property
    def steps(self) -> int:
        """How many blocks there are, about."""
        return max(1, -(-max(self._said, self.frames) // self._block))

    @property
    def _block(self) -> int:
        return max(1, round(_BLOCK_S * self.sampling_rate))

    def blocks(self, ctx: JobContext) -> Iterator[Samples]:
        """Yield all of it as float32 (samples, channels), what is no number being silent."""
        with opened_sound(self._data) as file:
            for done in range(self.steps + 1):
                ctx.checkpoint()
                ctx.progress(min(done, self.steps), self.steps)
                try:
                    block = file.read(self._block, dtype="float32", always_2d=True)
                except soundfile.LibsndfileError:  # cut off: told by the length
                    return
                if not len(block):
                    return
                good = np.isfinite(block)
                self._odd += int(block.size - np.count_nonzero(good))
                yield np.where(good, block, np.float32(0.0))

    def measure(self, ctx: JobContext) -> None:
        """Find out how long and how loud it is.

        Raises:
            BadInputError: There is no sound in it.
        """
        powers: list[NDArray[np.float64]] = []
        for block in self.blocks(ctx):
            self.frames += len(block)
            powers.append(np.mean(np.square(block.astype(np.float64)), axis=0))
        self._odd = 0
        if not powers:
            raise BadInputError("There is no sound in this file.", hint="Choose another one.")
        self.levels = np.array([_level(channel) for channel in np.stack(powers).T])

    def notices(self) -> Iterator[tuple[str, str]]:
        """Yield (code, sentence) of what the user should know."""
        if self.frames < self._said:
            yield "broken", "The sound is damaged or cut off; what could be read was mended."
        if self._odd:
            yield "numbers", f"{self._odd:,} samples were no numbers; they are silent now."
        if self.sampling_rate > SAMPLING_RATE:
            yield "band", "What lay above 24 kHz, beyond hearing, went with the noise."


class _Cleaner:
    """The channels of one sound at 48 kHz, side by side.

    Args:
        filters: One for each channel.
        levels: How loud the loudest parts of each are.
        left: Share of the noise that stays, 0..1. The library could mix it in itself, but
            where it finds nothing but silence it gives zeros whatever the limit says.
    """

    def __init__(
        self, filters: list[ChannelFilter], levels: NDArray[np.float64], left: float
    ) -> None:
        self._filters = filters
        audible = np.where(levels > _SILENCE, levels, _SPEECH_LEVEL)
        self._gains = _SPEECH_LEVEL / audible
        self._left = np.float32(left)
        self._waiting = np.zeros((0, len(filters)), np.float32)
        self._given = np.zeros((0, len(filters)), np.float32)
        self._early = DELAY

    def feed(self, block: Samples) -> Samples:
        """Take the next samples; return as many cleaned ones as there are, in step with them."""
        joined = np.concatenate((self._waiting, block))
        whole = len(joined) // FRAME * FRAME
        now, self._waiting = joined[:whole], joined[whole:]
        clean = np.empty_like(now)
        for channel, (one, gain) in enumerate(zip(self._filters, self._gains, strict=True)):
            louder = np.clip(now[:, channel] * gain, -_WILDEST, _WILDEST).astype(np.float32)
            clean[:, channel] = one.cleaned(louder) / gain
        early = min(self._early, len(clean))
        self._early -= early
        clean = clean[early:]
        given = np.concatenate((self._given, now))
        self._given = given[len(clean) :]
        return np.asarray(clean + self._left * (given[: len(clean)] - clean), np.float32)

    def rest(self) -> Samples:
        """Return what is still on its way, and a little silence."""
        return self.feed(np.zeros((DELAY + FRAME, len(self._filters)), np.float32))


def _level(powers: NDArray[np.float64]) -> float:
    """Return how loud a voice is that is heard in some of the blocks, as a share of full scale.

    From -20 to +20 dB off the level it is brought to, the network hears equally well; so a rare
    bang must not count, and neither must the pauses of who speaks now and then.
    """
    most = float(np.percentile(powers, 97, method="lower"))
    loud = powers[powers >= most / 100]
    return float(np.sqrt(np.percentile(loud, 75)))


def _clean(source: _Source, cleaner: _Cleaner, pieces: SoundPieces, ctx: JobContext) -> None:
    """Clean all of a sound; what comes out has its length, to the sample."""
    rate, channels = source.sampling_rate, source.channels
    into = _Resampling(rate, SAMPLING_RATE, channels)
    back = _Resampling(SAMPLING_RATE, rate, channels)

    def put(samples: Samples) -> None:
        fitting = samples[: source.frames - pieces.length]
        if not np.isfinite(fitting).all():
            raise BackendError("The noise filter made a sound that cannot be played.")
        if len(fitting):
            pieces.add(fitting)

    for block in source.blocks(ctx):
        put(back.feed(cleaner.feed(into.feed(block))))
    put(back.feed(cleaner.feed(into.rest())))
    put(back.feed(cleaner.rest()))
    put(back.rest())
    missing = source.frames - pieces.length
    if missing > 0:  # of a few samples at low rates, the last may fall between two
        pieces.add(np.zeros((missing, channels), np.float32))


class _Resampling:
    """A sound at another rate, block by block."""

    def __init__(self, from_rate: int, to_rate: int, channels: int) -> None:
        self._channels = channels
        self._stream: Any = None
        if from_rate != to_rate:
            self._stream = soxr.ResampleStream(
                from_rate, to_rate, channels, dtype="float32", quality="HQ"
            )

    def feed(self, block: Samples) -> Samples:
        """Take the next samples; return what is ready."""
        return block if self._stream is None else self._put(block, last=False)

    def rest(self) -> Samples:
        """Return what is still inside."""
        nothing = np.zeros((0, self._channels), np.float32)
        return nothing if self._stream is None else self._put(nothing, last=True)

    def _put(self, block: Samples, *, last: bool) -> Samples:
        out = self._stream.resample_chunk(np.ascontiguousarray(block), last=last)
        return np.asarray(out, np.float32).reshape(-1, self._channels)
