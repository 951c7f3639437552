"""Reads the parts of a picture model, one by one, so that loading can be told and stopped.

Runs under the engine's load lock. Weights are memory-mapped: what is stored in the number type
that is wanted is never copied.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded
from diffusers.loaders.single_file_utils import (  # noqa: TID253
    SingleFileComponentError,
    load_single_file_checkpoint,
)
from safetensors import SafetensorError  # noqa: TID253

from studio.core.errors import (
    ModelDamagedError,
    ModelError,
    UnsafeFileError,
    UnsupportedModelError,
)
from studio.engine.api import Device, LoadContext
from studio.engine.backends._single_file_impl import load_single_file
from studio.models import single_file
from studio.models.info import ModelInfo

#: Parts that judge pictures or prompts rather than make them: never loaded.
_LEFT_OUT = frozenset({"safety_checker", "feature_extractor", "watermarker"})
#: Parts of a single file that can be read one by one.
_IN_ONE_FILE = ("unet", "transformer", "vae")
#: Parts without weights are read in no time; their share of the progress.
_LIGHT = ("scheduler", "tokenizer", "processor")

#: What diffusers, transformers and safetensors raise over files they cannot use.
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


def read_folder(
    model: ModelInfo, device: Device, ctx: LoadContext
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parts of a folder that diffusers wrote, by name, and what it sets besides.

    Raises:
        ModelError: Damaged, unsupported or unsafe.
        JobCancelled: The user stopped.
    """
    folder = model.path
    assert folder is not None
    with foreign_errors(model.title, folder):
        index = json.loads((folder / "model_index.json").read_bytes())
        parts: dict[str, Any] = {}
        plan = [(name, *value) for name, value in index.items() if _is_part(name, value)]
        plan.sort(key=lambda part: not part[0].startswith(_LIGHT))
        for number, (name, library, kind) in enumerate(plan):
            ctx.raise_if_cancelled()
            ctx.loading(0.1 + 0.8 * number / len(plan), f"Reading the {_in_words(name)}")
            parts[name] = _read_part(folder, name, _class(library, kind, model), device, ctx)
        parts |= {name: None for name, value in index.items() if _is_absent(value)}
    return parts, _settings(index)


def read_single_file(
    model: ModelInfo, device: Device, ctx: LoadContext
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parts of a model in one file, by name, and what its pipelines are told besides.

    Raises:
        ModelError: Damaged, unsupported, or parts of it are nowhere.
        JobCancelled: The user stopped.
    """
    assert model.path is not None
    plan = single_file.plan(model.path)
    beside = (*ctx.store_models("text-encoder"), *ctx.store_models("vae"))
    found = single_file.find_parts(plan.missing, beside)
    dtype = getattr(torch, device.dtype)
    index = json.loads((plan.config / "model_index.json").read_bytes())
    given: dict[str, Any] = {}
    with foreign_errors(model.title, model.path):
        weights = load_single_file_checkpoint(str(model.path), local_files_only=True)
        lacking = {part.component for part in plan.missing}
        drawn = [name for name in index if name in _IN_ONE_FILE and name not in lacking]
        for number, name in enumerate(drawn):
            ctx.raise_if_cancelled()
            ctx.loading(0.1 + 0.5 * number / len(drawn), f"Reading the {_in_words(name)}")
            library, class_name = index[name]
            kind = _class(library, class_name, model)
            given[name] = kind.from_single_file(
                dict(weights),
                config=str(plan.config),
                subfolder=name,
                local_files_only=True,
                torch_dtype=_as_stored(weights, kind, dtype),
            )
            settle(given[name], device, dtype)
    ctx.raise_if_cancelled()
    ctx.loading(0.6, "Reading the text encoder")
    paths = {name: info.path for name, info in found.items() if info.path is not None}
    pipeline = load_single_file(plan, paths, torch_dtype=dtype, **given)
    return dict(pipeline.components), _settings(index)


def settle(network: Any, device: Device, dtype: torch.dtype | None = None) -> None:
    """Put a network where and how it computes fastest, in one pass; see decision page 0110.

    Args:
        network: Of diffusers or transformers.
        device: Where it shall compute.
        dtype: What its weights become; as they are when left out.
    """
    network.eval().requires_grad_(False)
    draws_whole = hasattr(network, "decode")
    by_channel = (draws_whole or device.dtype != "float32") and any(
        weight.ndim == 4 for weight in network.parameters()
    )
    # diffusers' own method warns of layers that stay in float32; there are none where we say dtype.
    torch.nn.Module.to(
        network,
        torch.device(device.torch_name),
        dtype,
        memory_format=torch.channels_last if by_channel else None,
    )


def _as_stored(weights: Mapping[str, torch.Tensor], kind: Any, dtype: torch.dtype) -> torch.dtype:
    """Return the number type to read a file's weights in, for :func:`settle` to convert later.

    What is read as it is stored is only mapped; converting it then, while it is brought into its
    order, writes the whole model once instead of twice.
    """
    found = {each.dtype for each in weights.values() if each.is_floating_point()}
    plain = len(found) == 1 and found <= {torch.float16, torch.bfloat16, torch.float32}
    return found.pop() if plain and not getattr(kind, "_keep_in_fp32_modules", None) else dtype


def _settings(index: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a ``model_index.json`` sets besides naming parts."""
    plain = (bool, int, float, str)
    return {
        name: value
        for name, value in index.items()
        if not name.startswith("_") and isinstance(value, plain)
    }


def _is_part(name: str, value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], str)
        and not name.startswith("_")
        and name not in _LEFT_OUT
    )


def _is_absent(value: object) -> bool:
    return isinstance(value, list) and value == [None, None]


def _in_words(name: str) -> str:
    return name.replace("_", " ").replace("vae", "autoencoder").replace("unet", "painter")


def _class(library: str, name: str, model: ModelInfo) -> Any:
    """Return a class that a folder names, of the two libraries that are trusted with it."""
    module: Any = None
    if library in ("diffusers", "transformers"):
        module = importlib.import_module(library)
    elif library.isidentifier():
        module = getattr(importlib.import_module("diffusers.pipelines"), library, None)
    if module is None:
        raise UnsafeFileError(
            f"{model.title} needs a program of its own to run, and such programs are not started.",
            hint="Look for the same model in a form that diffusers knows.",
            part=f"{library}.{name}",
        )
    found = getattr(module, name, None)
    if not inspect.isclass(found) or not hasattr(found, "from_pretrained"):
        raise UnsupportedModelError(
            f"{model.title} has a part, “{name}”, that cannot be run here.",
            hint="It may be made for a newer Triptych.",
            part=f"{library}.{name}",
        )
    return found


def _read_part(folder: Path, name: str, kind: Any, device: Device, ctx: LoadContext) -> Any:
    if not issubclass(kind, torch.nn.Module):
        extra = {} if kind.__module__.startswith("diffusers") else {"trust_remote_code": False}
        return kind.from_pretrained(str(folder), subfolder=name, local_files_only=True, **extra)
    own = folder / name
    if any(own.glob("*.safetensors*")):
        return read_network(kind, own, device)
    config = kind.config_class.from_pretrained(str(own), local_files_only=True)
    return read_network(kind, _same_elsewhere(own, kind, ctx), device, config=config)


def _same_elsewhere(own: Path, kind: Any, ctx: LoadContext) -> Path:
    """Return the store's folder with the weights that a part without any is meant to have.

    The built-in picture model reads prompts with the encoder that the library's search uses.

    Raises:
        ModelError: It is not installed.
    """
    wanted = _sizes(own)
    for model in ctx.store_models():
        fits = model.architecture == kind.__name__ and model.path is not None
        if fits and model.path is not None and _sizes(model.path) == wanted:
            return model.path
    raise ModelError(
        "The model that reads prompts for this one is not installed.",
        hint="Run the set-up once more; it brings all-MiniLM-L6-v2.",
        part=str(own),
    )


def _sizes(folder: Path) -> dict[str, object]:
    """Return what two networks with the same weights have in common in their configurations."""
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
    return {name: config.get(name) for name in names}


def read_network(kind: Any, folder: Path, device: Device, config: Any = None) -> Any:
    """Return a network of diffusers or transformers from its folder.

    Args:
        kind: Its class.
        folder: Where its weights are.
        device: Says in which number type.
        config: Another configuration than the folder's own.

    Raises:
        ValueError: Some of its weights are missing.
    """
    values: dict[str, Any] = {
        "local_files_only": True,
        "use_safetensors": True,
        "low_cpu_mem_usage": True,
        "output_loading_info": True,
    }
    variant = _variant(folder)
    if variant:
        values["variant"] = variant
    if not kind.__module__.startswith("diffusers"):
        values |= {"trust_remote_code": False}
        values.pop("low_cpu_mem_usage")  # always so in transformers 5
    if config is not None:
        values["config"] = config
    dtype = getattr(torch, device.dtype)
    network, info = kind.from_pretrained(str(folder), dtype=dtype, **values)
    # A weight that is not there would be filled with random numbers, without a word.
    missing = sorted(info["missing_keys"])
    bad = missing + sorted(str(key) for key in info["mismatched_keys"])
    if bad:
        raise ValueError(f"{len(bad)} of its weights are missing, such as {bad[0]}")
    return network


def _variant(folder: Path) -> str:
    """Return the variant, such as "fp16", of weights that are there in no other form."""
    for stem in ("diffusion_pytorch_model", "model"):
        if any((folder / f"{stem}.safetensors{end}").exists() for end in ("", ".index.json")):
            return ""
        found = sorted(folder.glob(f"{stem}.*.safetensors"))
        if found:
            return found[0].name.split(".")[1]
    return ""


@contextlib.contextmanager
def foreign_errors(title: str, path: Path) -> Iterator[None]:
    """Translate what the libraries say about files they cannot use.

    Raises:
        ModelError: In words.
    """
    facts: dict[str, object] = {"path": str(path)}
    try:
        yield
    except ModelError:
        raise
    except _FOREIGN_ERRORS as error:
        raise _translated(error, title, facts) from error
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError) or "memory" in str(error).lower():
            raise
        raise _translated(error, title, facts) from error
    except Exception as error:
        # tokenizers raises bare Exceptions, which cannot be told apart in any other way.
        bare = (SafetensorError, SingleFileComponentError)
        if type(error) is not Exception and not isinstance(error, bare):
            raise
        raise _translated(error, title, facts) from error


def _translated(error: BaseException, title: str, facts: Mapping[str, object]) -> ModelError:
    text = str(error)
    facts = {**facts, "reason": text[:1000]}
    if "trust_remote_code" in text or "custom code" in text:
        return UnsafeFileError(
            f"{title} needs a program of its own to run, and such programs are not started.",
            hint="Look for the same model in a form that diffusers knows.",
            **facts,
        )
    if isinstance(error, (ImportError, NotImplementedError)):
        return UnsupportedModelError(
            f"{title} is of a kind that cannot be run here.",
            hint="Look for the same model as plain safetensors files, not quantised.",
            **facts,
        )
    return ModelDamagedError(
        f"{title} could not be loaded: its files are damaged or do not belong together.",
        hint="Fetch or copy the model again.",
        **facts,
    )
