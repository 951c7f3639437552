"""Loads a picture model from one safetensors file, with the configurations we ship.

Runs on an engine thread. Nothing here reaches for the network: configurations and tokenizers come
from :mod:`studio.models.single_file`, parts the file lacks from other files on this computer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import diffusers  # noqa: TID253 - private module, imported when a model is loaded
import torch  # noqa: TID253
import transformers  # noqa: TID253
from diffusers.loaders.single_file_utils import SingleFileComponentError  # noqa: TID253
from safetensors import SafetensorError  # noqa: TID253
from safetensors.torch import load_file  # noqa: TID253

from studio.core.errors import ModelDamagedError
from studio.models.single_file import PartPlan, SingleFilePlan, TokenizerPlan

#: What libraries raise over a file whose contents do not fit its configuration.
_FOREIGN_ERRORS = (
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    SafetensorError,
    SingleFileComponentError,
    TypeError,
    ValueError,
)


def load_single_file(
    plan: SingleFilePlan,
    parts: Mapping[str, Path] | None = None,
    *,
    torch_dtype: torch.dtype = torch.float32,
    **components: Any,
) -> Any:
    """Load the pipeline.

    Args:
        plan: From :func:`studio.models.single_file.plan`.
        parts: Files or folders of the parts that the plan calls missing, by component.
        torch_dtype: What the weights are held in.
        components: Ready parts to use in place of the file's own, such as ``vae``.

    Returns:
        A diffusers pipeline of the class ``plan.pipeline``.

    Raises:
        ModelDamagedError: The file does not hold what its header promises.
    """
    given = dict(components)
    for name, tokenizer in plan.tokenizers.items():
        given.setdefault(name, load_tokenizer(tokenizer))
    for part in plan.missing:
        if part.component not in given:
            given[part.component] = _part(
                plan, part, (parts or {}).get(part.component), torch_dtype
            )
    pipeline_class = getattr(diffusers, plan.pipeline)
    with _translated(plan.path):
        pipeline = pipeline_class.from_single_file(
            str(plan.path),
            config=str(plan.config),
            local_files_only=True,
            torch_dtype=torch_dtype,
            **given,
        )
    _finish(plan.path, pipeline)
    if plan.prediction_type and "prediction_type" in pipeline.scheduler.config:
        pipeline.register_modules(
            scheduler=type(pipeline.scheduler).from_config(
                pipeline.scheduler.config, prediction_type=plan.prediction_type
            )
        )
    return pipeline


def _finish(path: Path, pipeline: Any) -> None:
    """Make the networks ready to draw; refuse weights that were never filled in.

    diffusers leaves T5 as it is for training, which would read each prompt a little differently.
    """
    for name, part in pipeline.components.items():
        if not isinstance(part, torch.nn.Module):
            continue
        if isinstance(part, transformers.PreTrainedModel):
            part.tie_weights()  # T5's second name for its vocabulary is not in single files
        part.eval()
        holes = [weight for weight, tensor in part.named_parameters() if tensor.is_meta]
        if holes:
            lacks = f"its {name} lacks {len(holes)} weights, such as {holes[0]}"
            raise damaged(path, ValueError(lacks))


def load_tokenizer(plan: TokenizerPlan) -> Any:
    """Make a tokenizer."""
    tokenizer_class = getattr(transformers, plan.class_name)
    return tokenizer_class.from_pretrained(
        str(plan.folder), local_files_only=True, **dict(plan.options)
    )


def load_vae(path: Path, config: Path, torch_dtype: torch.dtype) -> Any:
    """Load an autoencoder from a file, or from a folder in diffusers' format.

    Args:
        path: The file or folder.
        config: Folder with the configurations of the model that it is for.
        torch_dtype: What the weights are held in.

    Raises:
        ModelDamagedError: The file does not fit.
    """
    with _translated(path):
        if path.is_dir():
            return diffusers.AutoModel.from_pretrained(
                str(path), local_files_only=True, torch_dtype=torch_dtype
            )
        index = diffusers.DiffusionPipeline.load_config(str(config), local_files_only=True)
        vae_class = getattr(diffusers, index["vae"][1])
        return vae_class.from_single_file(
            str(path),
            config=str(config),
            subfolder="vae",
            local_files_only=True,
            torch_dtype=torch_dtype,
        )


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Translate what libraries say about a file; a lack of memory is not the file's fault."""
    try:
        yield
    except _FOREIGN_ERRORS as error:
        if isinstance(error, torch.OutOfMemoryError) or "memory" in str(error).lower():
            raise
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> ModelDamagedError:
    """Return the error for a file that a library could not make a model of."""
    first = str(error).strip().split("\n", 1)[0].rstrip(".")[:200]
    return ModelDamagedError(
        f"The model file {path.name} could not be loaded: {first or type(error).__name__}.",
        hint="Fetch or copy it again, or look for another variant of the model.",
        path=str(path),
        reason=str(error),
    )


def _part(plan: SingleFilePlan, part: PartPlan, path: Path | None, dtype: torch.dtype) -> Any:
    if path is None:
        return None  # only optional parts come here: find_parts refuses the others
    if part.role == "vae":
        return load_vae(path, plan.config, dtype)
    model_class = getattr(transformers, part.class_name[1])
    with _translated(path):
        if path.is_dir():
            return model_class.from_pretrained(str(path), local_files_only=True, dtype=dtype).eval()
        config = transformers.AutoConfig.from_pretrained(
            str(plan.config / part.component), local_files_only=True
        )
        state = _renamed(load_file(str(path)))
        model, told = model_class.from_pretrained(
            None, config=config, state_dict=state, dtype=dtype, output_loading_info=True
        )
    missing = sorted(told["missing_keys"])
    if missing:
        raise damaged(path, ValueError(f"it lacks {len(missing)} weights, such as {missing[0]}"))
    return model.eval()


def _renamed(state: dict[str, Any]) -> dict[str, Any]:
    """Return a text encoder's weights by the names transformers uses, without leftovers."""
    prefix = next((p for p in ("transformer.",) if any(k.startswith(p) for k in state)), "")
    left = ("logit_scale", "position_ids", "scaled_fp8", "spiece_model")
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in state.items()
        if not name.endswith(left)
    }
