"""Finds and loads the parts of a sound model: its network, its words, and codecs beside it.

Every part is made here and put together by hand. A processor of transformers would fetch its
codec from whatever place the folder names and open pickles there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded
import transformers  # noqa: TID253

from studio.core.errors import ModelError
from studio.engine.api import Device, LoadContext
from studio.engine.backends._diffusers_loading_impl import foreign_errors
from studio.engine.backends._sound_architectures import read_config
from studio.models.identify import identify, unsafe_file
from studio.models.info import ModelInfo

#: Of files that a config may name instead of the usual ones.
_SAFE = (".safetensors", ".safetensors.index.json")

Fits = Callable[[Mapping[str, Any]], bool]
"""Says from a config whether a part goes with the model."""


class Parts:
    """The parts of one model.

    Args:
        model: What is known about it; it has a folder.
        device: Where it runs.
        ctx: Told how far loading is, and knows the models of the store.
    """

    def __init__(self, model: ModelInfo, device: Device, ctx: LoadContext) -> None:
        assert model.path is not None
        self.model = model
        self.folder = model.path
        self._device = device
        self._ctx = ctx

    def network(self) -> Any:
        """Return the model's own network.

        Raises:
            ModelError: Damaged, unsupported or unsafe.
            JobCancelled: The user stopped.
        """
        self._ctx.loading(0.2, "Reading the weights")
        network = self._loaded(self.model)
        self._ctx.raise_if_cancelled()
        self._ctx.loading(0.7, "Reading the words")
        return network

    def tokenizer(self) -> Any:
        """Return what turns its texts into numbers.

        Raises:
            ModelError: It is not in the folder, or damaged.
        """
        return self._from_folder(transformers.AutoTokenizer)

    def processor(self) -> Any:
        """Return its processor, for models whose processor has no parts elsewhere.

        Raises:
            ModelError: It is not in the folder, or damaged.
        """
        return self._from_folder(transformers.AutoProcessor)

    def feature_extractor(self, kind: Any) -> Any:
        """Return what prepares sounds for the model.

        Raises:
            ModelError: It is not in the folder, or damaged.
        """
        return self._from_folder(kind)

    def assembled(self, kind: Any, **parts: Any) -> Any:
        """Return a processor of ``kind`` made from parts and the numbers the folder says.

        Raises:
            ModelError: What the folder says cannot be used.
        """
        told = read_config(self.folder, "processor_config.json")
        wanted = inspect.signature(kind.__init__).parameters
        numbers = {
            name: value
            for name, value in told.items()
            if name in wanted and name not in parts and isinstance(value, (int, float, str))
        }
        with foreign_errors(self.model.title, self.folder):
            return kind(**{**numbers, **parts})

    def beside(self, architecture: str, fits: Fits, wanted: str) -> Any:
        """Return a network from a folder inside the model's own, or from the store.

        Args:
            architecture: Its class in transformers.
            fits: Whether its config goes with the model.
            wanted: What it is, for people, such as “speecht5_hifigan”.

        Raises:
            ModelError: There is none that fits.
        """
        self._ctx.loading(0.8, "Reading its codec")
        for info in self._candidates(architecture):
            assert info.path is not None
            if fits(read_config(info.path, "config.json")):
                return self._loaded(info)
        raise ModelError(
            f"“{self.model.title}” cannot be heard without {wanted}, which is not here.",
            hint="Put its folder into the folder of models, or into the model's own.",
            part=architecture,
        )

    def _candidates(self, architecture: str) -> Iterator[ModelInfo]:
        inside = sorted(file.parent for file in self.folder.glob("*/config.json"))
        for folder in inside:
            if architecture in str(read_config(folder, "config.json").get("architectures")):
                yield identify(folder)
        for info in self._ctx.store_models():
            if info.architecture == architecture and info.path is not None:
                yield info

    def _loaded(self, info: ModelInfo) -> Any:
        assert info.path is not None
        named = read_config(info.path, "config.json").get("transformers_weights")
        if named is not None and not str(named).endswith(_SAFE):
            raise unsafe_file(info.path / str(named))
        with foreign_errors(info.title, info.path):
            return _network(getattr(transformers, info.architecture), info.path, self._device)

    def _from_folder(self, kind: Any) -> Any:
        with foreign_errors(self.model.title, self.folder):
            return kind.from_pretrained(
                str(self.folder), local_files_only=True, trust_remote_code=False
            )


def _network(kind: Any, folder: Path, device: Device) -> Any:
    network, info = kind.from_pretrained(
        str(folder),
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
