"""Loads causal language models with transformers and writes text with them.

Everything here runs on engine threads: ``load`` under the load lock, ``generate`` under the
device's lease. The token loop is our own over the model's forward: a streamer object with its
thread costs 40 % of the speed, ``generate()`` some 6 ms a token.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch  # noqa: TID253 - private module, imported when a model is loaded
import transformers  # noqa: TID253
from safetensors import SafetensorError  # noqa: TID253

from studio.core.artifacts import TextArtifact
from studio.core.errors import (
    ModelDamagedError,
    ModelError,
    ModelNotFoundError,
    UnsafeFileError,
    UnsupportedModelError,
)
from studio.core.options import validate
from studio.core.requests import TextRequest
from studio.engine.api import Device, JobContext, LoadContext, LoadedModel
from studio.engine.backends._cpu_attention import use_where_it_helps
from studio.engine.backends._kv import Slot, SlotPool
from studio.engine.backends._prompting import Prompt, PromptBuilder
from studio.engine.backends._sampling import Sampler
from studio.engine.backends._text_stream import TextStream
from studio.engine.backends._unpacked import unpacked_folder
from studio.engine.backends._vocabulary import Vocabulary
from studio.engine.backends.transformers_text import TextOptions
from studio.models.identify import identify
from studio.models.info import ModelInfo

transformers.utils.logging.set_verbosity_error()  # what matters is raised, not printed
transformers.utils.logging.disable_progress_bar()

UNLIMITED_CONTEXT = 8_192  # tokens given to a model that names no limit of its own
SMALLEST_CONTEXT = 256  # tokens; economising goes no further down
_KEPT_BYTES = 256 * 1024**2
_CHUNK_WORK = 18e9  # operations a CPU thread does in a quarter of a second, reading a text
_SMALL_CHUNK = 32
_GPU_CHUNK = 256
_BEFORE = 8  # tokens of the text before that decoding the first new one may need

FinishReason = Literal["stop", "stop_string", "length"]

#: What transformers, tokenizers and safetensors raise over files they cannot use.
_FOREIGN_ERRORS = (
    ArithmeticError,
    AttributeError,
    ImportError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
)


def warm_imports() -> None:
    """Import the modules that the first load and the first token would import."""
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import chat_template_utils

    _ = (AutoModelForCausalLM.from_pretrained, AutoTokenizer.from_pretrained, chat_template_utils)


def load(model: ModelInfo, device: Device, ctx: LoadContext) -> TextModel:
    """Load a model's folder, unpacking a GGUF file first.

    Raises:
        ModelError: Damaged, unsupported or unsafe.
        JobCancelled: The user stopped.
    """
    if model.path is None or not model.path.exists():
        raise ModelNotFoundError(
            f"The files of {model.title} are gone.",
            hint="They may have been moved, or lie on a drive that is not connected.",
            path=str(model.path),
        )
    checked = identify(model.path)  # what was whole at the last scan may be damaged by now
    folder = unpacked_folder(model.path, ctx) if checked.format == "gguf" else model.path
    ctx.raise_if_cancelled()
    with _foreign_errors(model, folder):
        ctx.loading(0.3, "Reading the vocabulary")
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
        ctx.raise_if_cancelled()
        ctx.loading(0.4, "Reading the weights")
        network = _read_network(folder, device)
        ctx.raise_if_cancelled()
        ctx.loading(0.9, "Getting ready")
        loaded = TextModel(network, Vocabulary(tokenizer), _end_tokens(network, tokenizer), device)
    loaded.model_id = model.id
    ctx.loading(1.0, "Ready")
    return loaded


def _read_network(folder: Path, device: Device) -> Any:
    network, info = transformers.AutoModelForCausalLM.from_pretrained(
        str(folder),
        dtype=getattr(torch, device.dtype),
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        output_loading_info=True,
    )
    # A weight that is not there would be filled with random numbers, without a word.
    bad = sorted(info["missing_keys"]) + sorted(str(key) for key in info["mismatched_keys"])
    if bad:
        raise ValueError(f"{len(bad)} of its weights are missing, such as {bad[0]}")
    network = network.to(device.torch_name).eval()
    use_where_it_helps(network)
    return network


@contextlib.contextmanager
def _foreign_errors(model: ModelInfo, folder: Path) -> Iterator[None]:
    """Translate what the libraries say about a folder they cannot use."""
    facts: dict[str, object] = {"path": str(folder)}
    try:
        yield
    except _FOREIGN_ERRORS as error:
        raise _translated(error, model, facts) from error
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or "memory" in str(error).lower():
            raise
        raise _translated(error, model, facts) from error
    except Exception as error:
        # tokenizers raises bare Exceptions, which cannot be told apart in any other way.
        if type(error) is not Exception and not isinstance(error, SafetensorError):
            raise
        raise _translated(error, model, facts) from error


def _translated(error: BaseException, model: ModelInfo, facts: dict[str, object]) -> ModelError:
    text = str(error)
    facts["reason"] = text[:1000]
    if "trust_remote_code" in text or "custom code" in text:
        return UnsafeFileError(
            f"{model.title} needs a program of its own to run, and such programs are not started.",
            hint="Look for the same model in a form that transformers knows.",
            **facts,
        )
    if isinstance(error, (ImportError, NotImplementedError)) or "model type" in text:
        return UnsupportedModelError(
            f"{model.title} is of a kind that cannot be run here.",
            hint="Look for the same model as plain safetensors files, not quantised.",
            **facts,
        )
    if "okenizer" in text or "vocab" in text.lower():
        return ModelDamagedError(
            f"The vocabulary of {model.title} is missing or cannot be read.",
            hint="Fetch or copy the model again, tokenizer.json included.",
            **facts,
        )
    return ModelDamagedError(
        f"{model.title} could not be loaded: its files are damaged or do not belong together.",
        hint="Fetch or copy the model again.",
        **facts,
    )


def _end_tokens(network: Any, tokenizer: Any) -> set[int]:
    """Return the tokens that end a text, from everything that names some."""
    found: set[Any] = set()
    for place in (network.generation_config, network.config.get_text_config(decoder=True)):
        named = getattr(place, "eos_token_id", None)
        found.update(named if isinstance(named, (list, tuple)) else [named])
    found.add(tokenizer.eos_token_id)
    return {token for token in found if isinstance(token, int)}


def _context_length(network: Any) -> int:
    config = network.config.get_text_config(decoder=True)
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length"):
        value = getattr(config, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return UNLIMITED_CONTEXT


class TextModel(LoadedModel):
    """A language model in memory."""

    interleaves = True  # each call works on a slot of its own; the weights are only read

    def __init__(self, network: Any, vocabulary: Vocabulary, ends: set[int], device: Device):
        self.model_id = ""
        self.context_length = _context_length(network)
        self._network: Any = network
        self._vocabulary = vocabulary
        self._builder = PromptBuilder(vocabulary)
        self._ends = ends | vocabulary.end_of_turn()
        self._device = device
        self._config = network.config
        names = inspect.signature(network.forward).parameters
        self._cache_name = "cache_params" if "cache_params" in names else "past_key_values"
        self._extra = {"logits_to_keep": 1} if "logits_to_keep" in names else {}
        self._weight_bytes = sum(p.nbytes for p in network.parameters())
        self._chunk = _chunk_length(network, device)
        self._is_exact = network.dtype == torch.float32
        self._slots = SlotPool(self._config, max(_KEPT_BYTES, self._weight_bytes // 2))
        self._account()

    def generate(self, request: TextRequest, ctx: JobContext) -> TextArtifact:
        """Write the text; see :meth:`LoadedModel.generate`."""
        started = time.perf_counter()
        options = validate(TextOptions, request.options)
        self._use_threads()
        prompt, limit = self._prepare(request, options, ctx)
        before = prompt.tokens[-_BEFORE:] if prompt.continues else []
        stops = (*options.stop_strings, *prompt.stop_strings)
        stream = TextStream(self._vocabulary.decode, stops, before, prompt.typed_spaces)
        slot = self._slots.take(prompt.tokens, 1 if self._is_exact else self._chunk)
        reused = len(slot.tokens)
        self._account(slot)
        try:
            with torch.inference_mode():
                count, reason = self._write(prompt, slot, options, limit, stream, request, ctx)
        except BaseException:
            # A cache is whole between two forward passes, and only there a job is stopped.
            if slot.cache.layers and _is_whole(slot):
                self._slots.put_back(slot)
            raise
        else:
            self._slots.put_back(slot)
        finally:
            self._account()
        return TextArtifact(
            request=request,
            model=request.model or self.model_id,
            backend="transformers-text",
            duration_s=time.perf_counter() - started,
            text=stream.text,
            finish_reason=reason,
            prompt_tokens=len(prompt.tokens),
            reused_tokens=reused,
            new_tokens=count,
        )

    def economise(self) -> str | None:
        """Forget kept conversations, then read less at once, then see less of the text."""
        if self._slots.clear():
            self._account()
            return "what was kept of earlier turns was given up"
        if self._chunk > _SMALL_CHUNK:
            self._chunk = _SMALL_CHUNK
            self._slots.clear()  # what was read in pieces of the old length
            return "the text is read in smaller pieces"
        if self.context_length > SMALLEST_CONTEXT:
            self.context_length = max(SMALLEST_CONTEXT, self.context_length // 2)
            return f"the model sees {self.context_length:,} tokens of the text at once"
        return None

    def count_tokens(self, text: str) -> int | None:
        """Return how many tokens ``text`` has; safe from any thread."""
        return len(self._vocabulary.encode(text))

    def unload(self) -> None:
        """Give the memory back."""
        self._slots.clear()
        self._network = None
        self.memory_bytes = 0
        gc.collect()
        if self._device.kind == "cuda":
            torch.cuda.empty_cache()
        elif self._device.kind == "mps":
            torch.mps.empty_cache()

    def _use_threads(self) -> None:
        # torch hands the number on to threads that come later, so it is set when it differs.
        if self._device.kind == "cpu" and torch.get_num_threads() != self._device.threads:
            torch.set_num_threads(max(1, self._device.threads))

    def _prepare(
        self, request: TextRequest, options: TextOptions, ctx: JobContext
    ) -> tuple[Prompt, int]:
        """Return the prompt and how many tokens may be written, telling what does not fit."""
        reserved = min(options.max_new_tokens, max(1, self.context_length // 4))
        prompt = self._builder.build(request, self.context_length - reserved)
        if prompt.left_out:
            seen = f" It sees {self.context_length:,} tokens at once."
            ctx.notice(prompt.left_out + seen, code="context_cut")
        if not prompt.tokens:  # an empty text in a vocabulary without a mark for its beginning
            first = self._network.generation_config.bos_token_id
            start = first if isinstance(first, int) else min(self._ends, default=0)
            prompt = Prompt(tokens=[start], continues=False)
        limit = min(options.max_new_tokens, self.context_length - len(prompt.tokens))
        if limit < options.max_new_tokens:
            ctx.notice(
                f"At most {limit:,} tokens will be written: no more fit beside the text.",
                code="length_cut",
            )
        return prompt, limit

    def _write(
        self,
        prompt: Prompt,
        slot: Slot,
        options: TextOptions,
        limit: int,
        stream: TextStream,
        request: TextRequest,
        ctx: JobContext,
    ) -> tuple[int, FinishReason]:
        """Read the prompt and write token by token; return their number and why it ended."""
        ctx.progress(0, limit)
        scores = self._read(slot, prompt.tokens, ctx)
        seen = () if prompt.repeats else prompt.tokens
        sampler = Sampler(options, request.seed, scores.shape[-1], seen)
        for step in range(1, limit + 1):
            ctx.checkpoint()
            token = sampler.pick(scores)
            if token in self._ends:
                _hand_out(stream.finish(), ctx)
                return step - 1, "stop_string" if stream.stopped else "stop"
            _hand_out(stream.add(token), ctx)
            ctx.progress(step, limit)
            if stream.stopped:
                return step, "stop_string"
            if step < limit:
                scores = self._forward(slot, [token])
        _hand_out(stream.finish(), ctx)
        return limit, "stop_string" if stream.stopped else "length"

    def _read(self, slot: Slot, tokens: list[int], ctx: JobContext) -> torch.Tensor:
        """Let the model read what the slot does not hold yet; return its last scores."""
        scores = torch.empty(0)
        at = len(slot.tokens)
        while at < len(tokens):
            ctx.checkpoint()
            piece = tokens[at : at + self._chunk]
            scores = self._forward(slot, piece)
            at += len(piece)
        return scores

    def _forward(self, slot: Slot, tokens: list[int]) -> torch.Tensor:
        """Return the scores (vocabulary,) for what follows the slot's tokens and these."""
        ids = torch.tensor([tokens], device=self._device.torch_name)
        kept = {self._cache_name: slot.cache, **self._extra}
        output = self._network(input_ids=ids, use_cache=True, **kept)
        slot.add(tokens, self._chunk)
        scores: torch.Tensor = output.logits[0, -1]
        return scores

    def _account(self, slot: Slot | None = None) -> None:
        in_use = slot.nbytes if slot is not None else 0
        self.memory_bytes = self._weight_bytes + self._slots.nbytes + in_use


def _hand_out(text: str, ctx: JobContext) -> None:
    if text:
        ctx.text(text)


def _is_whole(slot: Slot) -> bool:
    """Return whether the cache holds just the slot's tokens, so that it can be used again."""
    try:
        return int(slot.cache.get_seq_length()) == len(slot.tokens)
    except ValueError:  # recurrent layers do not count; what they hold cannot be told
        return False


def _chunk_length(network: Any, device: Device) -> int:
    """Return how many tokens are read at once, so that stopping takes no longer than 0.3 s.

    Derived from the size alone: lengths that followed the clock would change the last digits of
    the scores from run to run, and with them the text.
    """
    if device.kind != "cpu":
        return _GPU_CHUNK
    # Half precision is only chosen on a CPU that computes it at twice the speed and more.
    work = _CHUNK_WORK * max(1, device.threads) * (1 if network.dtype == torch.float32 else 2)
    fitting = int(work / (2 * max(1, network.num_parameters())))
    return max(16, min(1024, 1 << fitting.bit_length() - 1)) if fitting else 16
