"""Runs sound models of transformers; imported when one is loaded.

Each architecture is a small class that turns one piece of text into samples. Everything around
it is in :class:`SoundModel`: sentences, marks, progress, stopping, repeatable chance.
"""

from __future__ import annotations

import contextlib
import importlib.util
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch  # noqa: TID253 - private module, imported when a model is loaded
import transformers  # noqa: TID253

from studio.core.artifacts import AudioArtifact, SpokenMark
from studio.core.errors import (
    BackendError,
    BadInputError,
    ModelDamagedError,
    ModelError,
    UnsupportedModelError,
)
from studio.core.requests import AudioRequest, Capability
from studio.core.sentences import Sentence, sentences, split_long
from studio.engine.api import Device, JobContext, LoadContext, LoadedModel, Voice
from studio.engine.backends._diffusers_loading_impl import foreign_errors
from studio.engine.backends._sound_pieces import SoundPieces
from studio.engine.backends._speaking_impl import find_voice
from studio.engine.backends.transformers_audio import (
    ARCHITECTURES,
    SPEAKERS_FOLDER,
    VOCODER,
    TransformersAudioBackend,
)
from studio.models.info import ModelInfo

transformers.utils.logging.disable_progress_bar()

_PAUSE_S = 0.25
_MUSIC_S = 8.0
_LONGEST_MUSIC_S = 30.0
_MOST_CHARACTERS = {"BarkModel": 180, "VitsModel": 400, "SpeechT5ForTextToSpeech": 250}


class Sounder(ABC):
    """One architecture: turns a piece of text into samples.

    Args:
        network: The model of transformers.
        processor: Its tokenizer or processor.
        info: What is known about the model.
    """

    sampling_rate: int

    def __init__(self, network: Any, processor: Any, info: ModelInfo) -> None:
        self.network = network
        self.processor = processor
        self.info = info

    @property
    def stepping(self) -> Sequence[Any]:
        """The networks whose every call is a step at which a job can be stopped."""
        return (self.network,)

    def steps(self, request: AudioRequest) -> int:
        """Return how many steps a piece takes at most; 0 when nobody knows."""
        return 0

    @abstractmethod
    def samples(self, text: str, request: AudioRequest, voice: Voice | None) -> Any:
        """Return the sound of ``text``, floats (samples,) or (channels, samples).

        An empty array: there is nothing in the text that it can say.
        """

    def others(self) -> tuple[Any, ...]:
        """Return networks besides its own."""
        return ()


class Vits(Sounder):
    """VITS and MMS: a whole sentence in one call."""

    def __init__(self, network: Any, processor: Any, info: ModelInfo) -> None:
        super().__init__(network, processor, info)
        if processor.phonemize and importlib.util.find_spec("phonemizer") is None:
            raise UnsupportedModelError(
                f"“{info.title}” reads phonemes, which the package phonemizer makes of a text.",
                hint="That package is under the GPL, so it is not part of Triptych. Choose an "
                "MMS voice, or install it yourself.",
            )
        self.sampling_rate = int(network.config.sampling_rate)

    def samples(self, text: str, request: AudioRequest, voice: Voice | None) -> Any:
        """See :meth:`Sounder.samples`."""
        inputs = self.processor(text, return_tensors="pt").to(self.network.device)
        if inputs["input_ids"].shape[-1] < 2:
            return np.zeros(0, np.float32)
        speaker = int(voice.id) if voice is not None else None
        made = self.network(**inputs, speaker_id=speaker, speaking_rate=request.speed)
        return made.waveform[0]


class SpeechT5(Sounder):
    """SpeechT5 with the vocoder and the speakers that lie beside it."""

    def __init__(self, network: Any, processor: Any, info: ModelInfo) -> None:
        super().__init__(network, processor, info)
        self.vocoder: Any = None

    @property
    def stepping(self) -> Sequence[Any]:
        """See :meth:`Sounder.stepping`."""
        return (self.network.speecht5.decoder.prenet,)

    def take_vocoder(self, vocoder: Any) -> None:
        """Use what turns spectra into sound."""
        self.vocoder = vocoder
        self.sampling_rate = int(vocoder.config.sampling_rate)

    def samples(self, text: str, request: AudioRequest, voice: Voice | None) -> Any:
        """See :meth:`Sounder.samples`."""
        assert voice is not None and self.info.path is not None
        file = self.info.path / SPEAKERS_FOLDER / f"{voice.id}.npy"
        with foreign_errors(self.info.title, file):
            speaker = np.load(file, allow_pickle=False).astype(np.float32).reshape(1, -1)
        width = self.network.config.speaker_embedding_dim
        if speaker.shape[1] != width or not np.isfinite(speaker).all():
            raise ModelDamagedError(
                f"{file.name} holds no speaker of “{self.info.title}”.",
                hint=f"A speaker is {width} numbers.",
            )
        inputs = self.processor(text=text, return_tensors="pt").to(self.network.device)
        return self.network.generate(
            inputs["input_ids"],
            speaker_embeddings=torch.from_numpy(speaker).to(self.network.device),
            vocoder=self.vocoder,
        )

    def others(self) -> tuple[Any, ...]:
        """See :meth:`Sounder.others`."""
        return (self.vocoder,)


class Bark(Sounder):
    """Bark: three language models, one after the other, and a codec."""

    def __init__(self, network: Any, processor: Any, info: ModelInfo) -> None:
        super().__init__(network, processor, info)
        self.sampling_rate = int(network.config.codec_config.sampling_rate)

    @property
    def stepping(self) -> Sequence[Any]:
        """See :meth:`Sounder.stepping`."""
        return (self.network.semantic, self.network.coarse_acoustics, self.network.fine_acoustics)

    def samples(self, text: str, request: AudioRequest, voice: Voice | None) -> Any:
        """See :meth:`Sounder.samples`."""
        inputs = self.processor(text, return_tensors="pt").to(self.network.device)
        drawn = _drawn(request, self.info)
        made = self.network.generate(
            **inputs, do_sample=True, fine_temperature=0.5, temperature=drawn["temperature"]
        )
        return made[0]


class Musicgen(Sounder):
    """MusicGen: music from a description, up to half a minute."""

    def __init__(self, network: Any, processor: Any, info: ModelInfo) -> None:
        super().__init__(network, processor, info)
        self.sampling_rate = int(network.config.audio_encoder.sampling_rate)

    @property
    def stepping(self) -> Sequence[Any]:
        """See :meth:`Sounder.stepping`."""
        return (self.network.decoder,)

    def steps(self, request: AudioRequest) -> int:
        """See :meth:`Sounder.steps`."""
        seconds = min(request.audio_end_in_s or _MUSIC_S, _LONGEST_MUSIC_S)
        rate = self.network.config.audio_encoder.frame_rate
        # The codebooks stand one step apart from each other.
        return int(seconds * rate) + int(self.network.decoder.config.num_codebooks)

    def samples(self, text: str, request: AudioRequest, voice: Voice | None) -> Any:
        """See :meth:`Sounder.samples`."""
        inputs = self.processor(text=[text], padding=True, return_tensors="pt")
        made = self.network.generate(
            **inputs.to(self.network.device),
            do_sample=True,
            max_new_tokens=self.steps(request),
            **_drawn(request, self.info),
        )
        return made[0]


_SOUNDERS: dict[str, type[Sounder]] = {
    "VitsModel": Vits,
    "SpeechT5ForTextToSpeech": SpeechT5,
    "BarkModel": Bark,
    "MusicgenForConditionalGeneration": Musicgen,
}


def load(model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
    """Return the model of a folder.

    Raises:
        ModelError: Damaged, unsupported or unsafe, or a part it needs is missing.
        JobCancelled: The user stopped.
    """
    import transformers

    assert model.path is not None
    with foreign_errors(model.title, model.path):
        ctx.loading(0.3, "Reading the weights")
        network = _network(getattr(transformers, model.architecture), model, device)
        ctx.raise_if_cancelled()
        ctx.loading(0.8, "Reading the words")
        processor = _processor(model)
    sounder = _SOUNDERS[model.architecture](network, processor, model)
    if isinstance(sounder, SpeechT5):
        sounder.take_vocoder(_vocoder(model, device, ctx))
    return SoundModel(model, sounder, TransformersAudioBackend().voices_for(model))


def _network(kind: Any, model: ModelInfo, device: Device) -> Any:
    network, info = kind.from_pretrained(
        str(model.path),
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        dtype=torch.float32,
        output_loading_info=True,
    )
    missing = [key for key in info["missing_keys"] if "embed_positions" not in key]
    if missing:
        raise ValueError(f"{len(missing)} of its weights are missing, such as {missing[0]}")
    return network.eval().to(device.torch_name)


def _processor(model: ModelInfo) -> Any:
    tokenized = model.architecture in ("VitsModel", "SpeechT5ForTextToSpeech")
    kind = transformers.AutoTokenizer if tokenized else transformers.AutoProcessor
    return kind.from_pretrained(str(model.path), local_files_only=True, trust_remote_code=False)


def _vocoder(model: ModelInfo, device: Device, ctx: LoadContext) -> Any:
    """Return the vocoder of the store: SpeechT5 ends in spectra and cannot be heard without."""
    found = [each for each in ctx.store_models() if each.architecture == VOCODER and each.path]
    if not found:
        raise ModelError(
            f"“{model.title}” needs a vocoder, and none is installed.",
            hint="Put the folder of “speecht5_hifigan” beside it.",
        )
    with foreign_errors(found[0].title, model.path or found[0].path):  # type: ignore[arg-type]
        return _network(getattr(transformers, VOCODER), found[0], device)


class SoundModel(LoadedModel):
    """A sound model in memory.

    Args:
        model: What is known about it.
        sounder: What makes its sound.
        voices: The voices it has.
    """

    def __init__(self, model: ModelInfo, sounder: Sounder, voices: Sequence[Voice]) -> None:
        self._model = model
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
        kind = ARCHITECTURES[self._model.architecture]
        if not isinstance(request, AudioRequest) or request.capability != kind.capability:
            raise BadInputError(f"“{self._model.title}” cannot do this.")
        if not request.prompt.strip():
            raise BadInputError(
                "There is no description yet.", hint="Say in a few words what it shall sound like."
            )
        started = time.perf_counter()
        voice = self._voice(request, ctx)
        pieces = SoundPieces(self._sounder.sampling_rate)
        with _same_chance(request.seed) as chance, torch.inference_mode():
            try:
                marks = (
                    self._speak(request, voice, pieces, ctx, chance)
                    if kind.capability is Capability.AUDIO_SPEECH
                    else self._play(request, pieces, ctx, chance)
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
            facts={"voice": voice.title} if voice is not None else {},
        )

    def unload(self) -> None:
        """Give the memory back."""
        del self._sounder
        self.memory_bytes = 0

    def _voice(self, request: AudioRequest, ctx: JobContext) -> Voice | None:
        kind = ARCHITECTURES[self._model.architecture]
        if request.speed != 1.0 and not kind.speed:
            ctx.notice(f"“{self._model.title}” has a speed of its own.", "speed")
        if self._voices:
            return find_voice(self._voices, request.voice)
        if self._model.architecture == "SpeechT5ForTextToSpeech":
            raise ModelError(
                f"“{self._model.title}” has no speaker.",
                hint=f"Put speakers as .npy files into its folder “{SPEAKERS_FOLDER}”.",
            )
        return None

    def _speak(
        self,
        request: AudioRequest,
        voice: Voice | None,
        pieces: SoundPieces,
        ctx: JobContext,
        chance: Chance,
    ) -> tuple[SpokenMark, ...]:
        plan = list(sentences(request.prompt))
        marks: list[SpokenMark] = []
        unsaid = 0
        for done, sentence in enumerate(plan):
            ctx.progress(done, len(plan))
            begins = pieces.seconds
            for samples in self._sentence(sentence, request, voice, ctx, chance):
                ctx.audio(pieces.add(samples))
            if pieces.seconds == begins:
                unsaid += 1
                continue
            marks.append(SpokenMark(start_s=begins, end_s=pieces.seconds, text=sentence.text))
            if done + 1 < len(plan):
                ctx.audio(pieces.add(np.zeros(round(_PAUSE_S * pieces.sampling_rate))))
        ctx.progress(len(plan), len(plan))
        if not marks:
            raise BadInputError(
                f"“{self._model.title}” knows none of the letters in this text.",
                hint="Choose a model that speaks this language.",
            )
        if unsaid:
            ctx.notice(f"{unsaid} sentences have no letters this voice knows.", "unspoken")
        return tuple(marks)

    def _sentence(
        self,
        sentence: Sentence,
        request: AudioRequest,
        voice: Voice | None,
        ctx: JobContext,
        chance: Chance,
    ) -> Iterator[Any]:
        for text in split_long(sentence.text, _MOST_CHARACTERS[self._model.architecture]):
            with _stepping(self._sounder.stepping, ctx, chance, 0):
                samples = _checked(self._sounder.samples(text, request, voice))
            if len(samples):
                yield samples

    def _play(
        self, request: AudioRequest, pieces: SoundPieces, ctx: JobContext, chance: Chance
    ) -> tuple[SpokenMark, ...]:
        if request.audio_end_in_s > _LONGEST_MUSIC_S:
            ctx.notice(
                f"“{self._model.title}” makes {_LONGEST_MUSIC_S:g} s at most, so that is how "
                f"long it is.",
                "length",
            )
        total = self._sounder.steps(request)
        with _stepping(self._sounder.stepping, ctx, chance, total):
            samples = _checked(self._sounder.samples(request.prompt, request, None))
        ctx.progress(total, total)
        pieces.add(samples)
        return ()


class Chance:
    """The state of torch's chance, which all jobs share: kept while others have the device."""

    def checkpoint(self, ctx: JobContext) -> None:
        """Let others have the device and go on with the same chance."""
        state = torch.get_rng_state()
        cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        ctx.checkpoint()
        torch.set_rng_state(state)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)


@contextlib.contextmanager
def _same_chance(seed: int) -> Iterator[Chance]:
    """Draw from a fresh chance inside; these models take no generator of their own."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield Chance()


@contextlib.contextmanager
def _stepping(
    networks: Sequence[Any], ctx: JobContext, chance: Chance, total: int
) -> Iterator[None]:
    """Make every call of these networks a step at which the job can be stopped."""
    count = 0

    def before(_network: Any, _inputs: Any) -> None:
        nonlocal count
        chance.checkpoint(ctx)
        if total:
            ctx.progress(min(count, total), total)
        count += 1

    hooks = [network.register_forward_pre_hook(before) for network in networks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _checked(made: Any) -> Any:
    """Return what a model made as float32 (samples,) in -1..1."""
    samples = made.float().cpu().numpy() if isinstance(made, torch.Tensor) else made
    samples = np.asarray(samples, np.float32)
    samples = samples.mean(axis=0) if samples.ndim == 2 else samples.reshape(-1)
    if not np.isfinite(samples).all():
        raise BackendError(
            "The model made a sound that cannot be played.", hint="Try another seed."
        )
    return np.clip(samples, -1.0, 1.0)


def _drawn(request: AudioRequest, model: ModelInfo) -> dict[str, Any]:
    """Return the options of chance that this model uses."""
    infos = TransformersAudioBackend().options_for(model, request.capability)
    return {
        info.name: request.options.get(info.name, info.default) for info in infos if not info.unused
    }
