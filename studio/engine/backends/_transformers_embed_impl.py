"""Loads sentence encoders with transformers and turns texts into vectors with them.

The pooling is that of sentence-transformers: the mean over the tokens that are no padding, or
the first token where the model's ``1_Pooling/config.json`` says so; then length 1.
Runs on engine threads: ``load`` under the load lock, ``generate`` under the device's lease.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded
import transformers  # noqa: TID253
from safetensors import SafetensorError  # noqa: TID253

from studio.core.artifacts import VectorArtifact
from studio.core.errors import BadInputError, ModelDamagedError, ModelNotFoundError
from studio.core.requests import EmbedRequest
from studio.engine.api import Device, JobContext, LoadContext, LoadedModel
from studio.models.identify import identify
from studio.models.info import ModelInfo

transformers.utils.logging.set_verbosity_error()  # what matters is raised, not printed
transformers.utils.logging.disable_progress_bar()

BATCH_TOKENS = 1024  # a quarter of a second on a slow CPU, so that others need not wait
MOST_TOKENS = 256  # what such models were trained on; more changes the meaning little


def warm_imports() -> None:
    """Import the modules that the first load would import."""
    from transformers import AutoModel, AutoTokenizer

    _ = (AutoModel.from_pretrained, AutoTokenizer.from_pretrained)


def load(model: ModelInfo, device: Device, ctx: LoadContext) -> EmbedModel:
    """Load a model's folder.

    Raises:
        ModelError: Damaged, unsupported or gone.
        JobCancelled: The user stopped.
    """
    if model.path is None or not model.path.is_dir():
        raise ModelNotFoundError(
            f"The files of {model.title} are gone.",
            hint="They may have been moved, or lie on a drive that is not connected.",
            path=str(model.path),
        )
    identify(model.path)  # what was whole at the last scan may be damaged by now
    ctx.raise_if_cancelled()
    try:
        ctx.loading(0.3, "Reading the vocabulary")
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(model.path), local_files_only=True, trust_remote_code=False
        )
        ctx.raise_if_cancelled()
        ctx.loading(0.5, "Reading the weights")
        network = _read_network(model.path, device)
        loaded = EmbedModel(model.id, network, tokenizer, _first_token(model.path), device)
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        raise _damaged(model, error) from error
    except SafetensorError as error:
        raise _damaged(model, error) from error
    ctx.loading(1.0, "Ready")
    return loaded


def _damaged(model: ModelInfo, error: Exception) -> ModelDamagedError:
    return ModelDamagedError(
        f"{model.title} could not be loaded: its files are damaged or do not belong together.",
        hint="Fetch or copy the model again.",
        path=str(model.path),
        reason=str(error)[:1000],
    )


def _read_network(folder: Path, device: Device) -> Any:
    network, info = transformers.AutoModel.from_pretrained(
        str(folder),
        dtype=torch.float32,
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        output_loading_info=True,
    )
    # The pooler on top is not used, and some models are published without it.
    missing = [key for key in info["missing_keys"] if not key.startswith("pooler.")]
    bad = sorted(missing) + sorted(str(key) for key in info["mismatched_keys"])
    if bad:
        raise ValueError(f"{len(bad)} of its weights are missing, such as {bad[0]}")
    return network.to(device.torch_name).eval()


def _first_token(folder: Path) -> bool:
    """Return whether the model's vector is that of the first token rather than the mean."""
    try:
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text("utf-8"))
    except FileNotFoundError:
        return False
    return bool(pooling.get("pooling_mode_cls_token", False))


class EmbedModel(LoadedModel):
    """A sentence encoder in memory."""

    interleaves = True  # nothing but the weights is kept, and they are only read

    def __init__(
        self, model_id: str, network: Any, tokenizer: Any, first_token: bool, device: Device
    ) -> None:
        self._model_id = model_id
        self._network: Any = network
        self._tokenizer = tokenizer
        self._first_token = first_token
        self._device = device
        positions = getattr(network.config, "max_position_embeddings", MOST_TOKENS)
        self._most_tokens = min(MOST_TOKENS, positions)
        self._batch_tokens = BATCH_TOKENS
        self.dimensions = int(network.config.hidden_size)
        self.memory_bytes = sum(parameter.nbytes for parameter in network.parameters())

    def generate(self, request: EmbedRequest, ctx: JobContext) -> VectorArtifact:
        """Compute the vectors; see :meth:`LoadedModel.generate`."""
        if not isinstance(request, EmbedRequest):
            raise BadInputError("This model understands texts, and writes none.")
        started = time.perf_counter()
        if self._device.kind == "cpu" and torch.get_num_threads() != self._device.threads:
            torch.set_num_threads(max(1, self._device.threads))
        tokens = [self._tokens(text) for text in request.texts]
        vectors = torch.empty((len(tokens), self.dimensions), dtype=torch.float32)
        done = 0
        for batch in self._batches(tokens):
            ctx.checkpoint()
            ctx.progress(done, len(tokens))
            with torch.inference_mode():
                vectors[batch] = self._encode([tokens[index] for index in batch])
            done += len(batch)
        ctx.progress(done, len(tokens))
        return VectorArtifact(
            request=request,
            model=self._model_id,
            backend="transformers-embed",
            duration_s=time.perf_counter() - started,
            vectors=vectors.numpy().astype("<f4").tobytes(),
            dimensions=self.dimensions,
        )

    def economise(self) -> str | None:
        """Take fewer texts at once."""
        if self._batch_tokens <= self._most_tokens:
            return None
        self._batch_tokens //= 2
        return "Reading fewer texts at once."

    def unload(self) -> None:
        """Give the memory back."""
        self._network = None
        self.memory_bytes = 0
        gc.collect()
        if self._device.kind == "cuda":
            torch.cuda.empty_cache()
        elif self._device.kind == "mps":
            torch.mps.empty_cache()

    def _tokens(self, text: str) -> list[int]:
        encoded = self._tokenizer(
            text[: self._most_tokens * 24],
            truncation=True,
            max_length=self._most_tokens,
            padding=False,
        )
        ids: list[int] = encoded["input_ids"]
        return ids

    def _batches(self, tokens: list[list[int]]) -> Iterator[list[int]]:
        """Yield places of texts of about the same length, so that little is padded."""
        batch: list[int] = []
        for index in sorted(range(len(tokens)), key=lambda index: len(tokens[index])):
            if batch and len(tokens[index]) * (len(batch) + 1) > self._batch_tokens:
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch

    def _encode(self, tokens: list[list[int]]) -> Any:
        longest = max(map(len, tokens))
        padding = self._tokenizer.pad_token_id or 0
        ids = torch.tensor([row + [padding] * (longest - len(row)) for row in tokens])
        mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in tokens])
        ids, mask = ids.to(self._device.torch_name), mask.to(self._device.torch_name)
        states = self._network(input_ids=ids, attention_mask=mask).last_hidden_state
        if self._first_token:
            pooled = states[:, 0]
        else:
            weights = mask.unsqueeze(-1).to(states.dtype)
            pooled = (states * weights).sum(1) / weights.sum(1).clamp(min=1)
        return torch.nn.functional.normalize(pooled, dim=-1).to("cpu")
