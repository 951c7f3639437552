"""How a picture model in one file is loaded: its configuration, tokenizers and what it lacks.

``from_single_file`` of diffusers would fetch configurations from a model hub; ours lie in
``assets/models/configs``, a folder for each kind, and tokenizers once for all of them. Reads
names and headers only, imports nothing heavy. What is shipped and why the rest is not:
packaging/docs/decisions/0116-configs-for-single-files.md.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from studio.core.errors import (
    ModelDamagedError,
    ModelNotFoundError,
    UnsupportedModelError,
    storage_errors,
)
from studio.core.paths import assets
from studio.models.info import ModelInfo
from studio.models.pictures.checkpoints import Shapes
from studio.models.pictures.kinds import FAMILIES, KINDS, family_title
from studio.models.pictures.telling import Told, prediction_type, tell
from studio.models.safetensors_header import read_safetensors_header

#: Which kind's configuration stands for a family when nothing more is known.
_FIRST_OF_FAMILY = {"sd-3": "sd-3-medium", "flux": "flux-dev", "flux-2": "flux-2-klein-4b"}

_PART_TITLES = {
    "clip-l": "the text encoder CLIP-L",
    "clip-g": "the text encoder CLIP-G",
    "clip-h": "the text encoder OpenCLIP-H",
    "t5-xxl": "the text encoder T5-XXL",
    "qwen3-4b": "the text encoder Qwen3 4B",
    "qwen3-8b": "the text encoder Qwen3 8B",
    "qwen2.5-vl-7b": "the text encoder Qwen2.5-VL 7B",
}
#: Marks of weights stored in ways that diffusers would read as plain numbers, and get wrong.
_PACKED = (
    (".scale_weight", "scaled 8-bit numbers"),
    (".weight_scale", "scaled 8-bit numbers"),
    ("scaled_fp8", "scaled 8-bit numbers"),
    (".wscales", "4-bit numbers for Nunchaku"),
    (".absmax", "bitsandbytes' 4-bit numbers"),
    (".comfy_quant", "ComfyUI's packed numbers"),
)


@dataclass(frozen=True)
class TokenizerPlan:
    """How one tokenizer is made.

    Attributes:
        class_name: Its class in transformers.
        folder: Where its files lie.
        options: Further arguments for ``from_pretrained``.
    """

    class_name: str
    folder: Path
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PartPlan:
    """A part that the pipeline needs and the file does not hold.

    Attributes:
        component: Its name in the pipeline, such as "text_encoder_2".
        class_name: Its class, and the library it is in: ("transformers", "T5EncoderModel").
        role: What the store calls such models: "text-encoder" or "vae".
        family: Which of them fits.
        optional: The pipeline also runs without it.
    """

    component: str
    class_name: tuple[str, str]
    role: str
    family: str
    optional: bool = False

    @property
    def title(self) -> str:
        """What people call the part."""
        if self.role == "vae":
            return f"the autoencoder of {family_title(self.family)}"
        return _PART_TITLES.get(self.family, f"the text encoder {self.family}")


@dataclass(frozen=True)
class SingleFilePlan:
    """Everything needed to load one file.

    Attributes:
        path: The file.
        kind: Its kind, a key of :data:`studio.models.pictures.kinds.KINDS`.
        family: Its family.
        pipeline: The class of diffusers.
        config: Folder with the configurations, for ``from_single_file(config=…)``.
        tokenizers: By component; to be passed to ``from_single_file`` as objects.
        missing: Parts the file does not hold, to be passed as objects likewise.
        prediction_type: What the model predicts where the file says so, "" otherwise.
    """

    path: Path
    kind: str
    family: str
    pipeline: str
    config: Path
    tokenizers: Mapping[str, TokenizerPlan]
    missing: tuple[PartPlan, ...] = ()
    prediction_type: str = ""


def configs_folder() -> Path:
    """Return the folder of all shipped configurations."""
    return assets() / "models" / "configs"


def config_folder(family: str) -> Path:
    """Return the folder with the configurations of a family or kind.

    Raises:
        UnsupportedModelError: None is shipped for it.
    """
    kind = _FIRST_OF_FAMILY.get(family, family)
    folder = configs_folder() / kind
    if kind != Path(kind).name or not (folder / "model_index.json").is_file():
        title = KINDS[kind].title if kind in KINDS else FAMILIES.get(family, family or "this")
        raise UnsupportedModelError(
            f"A model of the kind {title} cannot be loaded from one file here: its configuration "
            "does not come with Triptych.",
            hint="Get the same model as a folder in diffusers' format.",
            family=family,
        )
    return folder


def has_config(kind: str) -> bool:
    """Return whether a configuration is shipped for a family or kind."""
    try:
        config_folder(kind)
    except UnsupportedModelError:
        return False
    return True


def plan(path: Path, *, config: Path | None = None) -> SingleFilePlan:
    """Say how to load a model in one safetensors file.

    Args:
        path: The file.
        config: A folder with configurations to use in place of the shipped ones, in diffusers'
            layout with its tokenizers; ``None`` looks for one beside the file.

    Raises:
        ModelDamagedError: Truncated, or not a safetensors file.
        UnsupportedModelError: Of an unknown kind, or one that cannot be loaded from one file.
        StorageError: The system does not let us read it.
    """
    with storage_errors(path, "looking at the model"):
        header = read_safetensors_header(path)
    told = tell(header.tensors, header.metadata, path.stem)
    _refuse_packed(path, header.tensors)
    predicts = prediction_type(told.kind, header.tensors, header.metadata, path.stem)
    own = config or sibling_config(path)
    if own is not None:
        return dataclasses.replace(_own_plan(path, told, own), prediction_type=predicts)
    if not told.kind:
        raise UnsupportedModelError(
            f"What kind of picture model {path.name} is cannot be told from its header.",
            hint=_config_hint(path),
            path=str(path),
        )
    folder = config_folder(told.kind)
    extra = _extra(folder)
    return SingleFilePlan(
        path=path,
        kind=told.kind,
        family=told.family,
        pipeline=KINDS[told.kind].pipeline,
        config=folder,
        tokenizers=_tokenizers(extra),
        missing=tuple(_missing(extra, _index(folder), header.tensors)),
        prediction_type=predicts,
    )


def sibling_config(path: Path) -> Path | None:
    """Return the folder of configurations beside a file, named like it, or ``None``.

    ``dream.safetensors`` may have a folder ``dream`` with a ``model_index.json`` in it.
    """
    folder = path.with_suffix("")
    found = path.suffix.lower() == ".safetensors" and (folder / "model_index.json").is_file()
    return folder if found else None


def _own_plan(path: Path, told: Told, config: Path) -> SingleFilePlan:
    with storage_errors(config, "reading the configuration"):
        try:
            index = json.loads((config / "model_index.json").read_text("utf-8"))
            pipeline = index["_class_name"]
        except (ValueError, KeyError, TypeError) as error:
            raise ModelDamagedError(
                f"The configuration in {config} cannot be read.",
                hint="Copy the folder of the original model again, without its weights.",
                path=str(config),
            ) from error
    return SingleFilePlan(
        path=path,
        kind=told.kind,
        family=told.family,
        pipeline=str(pipeline),
        config=config,
        tokenizers={
            name: TokenizerPlan(str(value[1]), config / name)
            for name, value in index.items()
            if name.startswith("tokenizer") and (config / name).is_dir()
        },
    )


def _config_hint(path: Path) -> str:
    return (
        "Get the same model as a folder in diffusers' format, or put the original's small "
        f"configuration files into a folder named {path.stem} beside it."
    )


def find_parts(missing: Iterable[PartPlan], models: Iterable[ModelInfo]) -> dict[str, ModelInfo]:
    """Choose which models of the store stand in for the parts that a file lacks.

    Args:
        missing: From :attr:`SingleFilePlan.missing`.
        models: Those of the store with a role; smaller files are preferred.

    Returns:
        By component; an optional part that is not there is left out.

    Raises:
        ModelNotFoundError: A part is nowhere; the sentence names all that are missing.
    """
    usable = sorted(models, key=lambda model: (model.size_bytes, model.id))
    found: dict[str, ModelInfo] = {}
    lacking: list[PartPlan] = []
    for part in missing:
        fitting = [m for m in usable if m.role == part.role and _fits(m, part)]
        if fitting:
            found[part.component] = fitting[0]
        elif not part.optional:
            lacking.append(part)
    if lacking:
        names = " and ".join(part.title for part in lacking)
        raise ModelNotFoundError(
            f"This file holds only a part of the model: {names} must be there as well.",
            hint="Put the missing safetensors files into a folder of models, then try again.",
            missing=[part.family for part in lacking],
        )
    return found


def _fits(model: ModelInfo, part: PartPlan) -> bool:
    if model.family == part.family:
        # A tiny autoencoder is for previews: it would draw coarser pictures.
        return model.architecture != "AutoencoderTiny"
    # Autoencoders of Stable Diffusion 1 and 2 are the same.
    return part.role == "vae" and {model.family, part.family} == {"sd-1", "sd-2"}


def _refuse_packed(path: Path, shapes: Shapes) -> None:
    for name in shapes:
        for mark, what in _PACKED:
            if name.endswith(mark):
                raise UnsupportedModelError(
                    f"{path.name} is stored as {what}, which cannot be loaded from one file yet.",
                    hint="Get the same model in 16-bit or plain 8-bit numbers (fp16, bf16, fp8).",
                    path=str(path),
                )


@cache
def _read(file: Path) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def _extra(folder: Path) -> Mapping[str, Any]:
    return _read(folder / "triptych.json")


def _index(folder: Path) -> Mapping[str, Any]:
    return _read(folder / "model_index.json")


def _tokenizers(extra: Mapping[str, Any]) -> dict[str, TokenizerPlan]:
    folder = configs_folder() / "tokenizers"
    return {
        name: TokenizerPlan(
            each["class_name"], folder / each["folder"], dict(each.get("options", {}))
        )
        for name, each in extra["tokenizers"].items()
    }


def _missing(
    extra: Mapping[str, Any], index: Mapping[str, Any], shapes: Shapes
) -> Iterable[PartPlan]:
    for name, part in extra["parts"].items():
        if any(key.startswith(tuple(part["prefixes"])) for key in shapes) and part["prefixes"]:
            continue
        library, class_name = index[name]
        yield PartPlan(
            name, (library, class_name), part["role"], part["family"], part.get("optional", False)
        )
