"""Networks used beside a model's own: ControlNets that steer it, and other autoencoders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import diffusers  # noqa: TID253 - private module, imported when a model is loaded
import torch  # noqa: TID253
from diffusers.loaders.single_file_utils import (  # noqa: TID253
    convert_controlnet_checkpoint,
    load_single_file_checkpoint,
)

from studio.core.errors import BadInputError, UnsupportedModelError
from studio.core.requests import ControlUse
from studio.engine.api import Device
from studio.engine.backends._diffusers_adapters_impl import fitting, weights_file
from studio.engine.backends._diffusers_loading_impl import foreign_errors, read_network
from studio.engine.backends._diffusers_pipelines_impl import takes
from studio.models.info import ModelInfo
from studio.models.single_file import config_folder

#: How many of each stay loaded, most recently used.
_KEPT = 2


class Beside:
    """The ControlNets and autoencoders loaded beside one model.

    Args:
        model: The model.
        device: Where they are.
        like: The model's own network and autoencoder, for their configurations.
    """

    def __init__(self, model: ModelInfo, device: Device) -> None:
        self._model = model
        self._device = device
        self._held: dict[str, Any] = {}

    @property
    def parts(self) -> dict[str, Any]:
        """The networks it holds, by id."""
        return self._held

    def clear(self) -> bool:
        """Let go of all; say whether there were any."""
        had = bool(self._held)
        self._held.clear()
        return had

    def controlnet(self, info: ModelInfo, own: Any) -> Any:
        """Return a ControlNet.

        Args:
            info: What it is in the store.
            own: The model's UNet or transformer.

        Raises:
            BadInputError: It does not fit the model.
            ModelError: It is damaged.
        """
        fitting(info, "controlnet", self._model)
        return self._get(info, lambda: self._read_controlnet(info, own))

    def vae(self, info: ModelInfo, own: Any) -> Any:
        """Return an autoencoder in place of the model's ``own``; errors likewise."""
        fitting(info, "vae", self._model)
        found = self._get(info, lambda: self._read_vae(info, own))
        if found.config.latent_channels != own.config.latent_channels:
            raise BadInputError(
                f"The autoencoder “{info.title}” does not fit “{self._model.title}”.",
                hint="Choose one that was made for models of this family.",
            )
        return found

    def _get(self, info: ModelInfo, read: Any) -> Any:
        if info.id in self._held:
            self._held[info.id] = self._held.pop(info.id)
            return self._held[info.id]
        while len(self._held) >= 2 * _KEPT:
            self._held.pop(next(iter(self._held)))
        assert info.path is not None
        with foreign_errors(f"“{info.title}”", info.path):
            network = read().eval().requires_grad_(False)
        network.to(self._device.torch_name, getattr(torch, self._device.dtype))
        self._held[info.id] = network
        return network

    def _read_controlnet(self, info: ModelInfo, own: Any) -> Any:
        assert info.path is not None
        if info.path.is_dir():
            return read_network(_class_in(info.path), info.path, self._device)
        weights = load_single_file_checkpoint(str(weights_file(info)), local_files_only=True)
        if getattr(own, "down_blocks", None) is None:
            raise UnsupportedModelError(
                f"The ControlNet “{info.title}” cannot be used from one file.",
                hint="Get it as a folder in diffusers' format.",
            )
        # Its shape follows from the UNet it steers, so no configuration is needed.
        network = diffusers.ControlNetModel.from_unet(own, load_weights_from_unet=False)
        if any(name.startswith(("control_model.", "input_blocks.")) for name in weights):
            weights = convert_controlnet_checkpoint(weights, network.config)
        network.load_state_dict(weights)
        return network

    def _read_vae(self, info: ModelInfo, own: Any) -> Any:
        assert info.path is not None
        if info.path.is_dir():
            return read_network(_class_in(info.path), info.path, self._device)
        weights = load_single_file_checkpoint(str(weights_file(info)), local_files_only=True)
        if set(weights) >= set(own.state_dict()):  # the same names: its configuration fits
            network = type(own).from_config(own.config)
            network.load_state_dict(weights, strict=False)
            return network
        return type(own).from_single_file(
            weights,
            config=str(config_folder(info.family or self._model.family)),
            subfolder="vae",
            local_files_only=True,
        )


def _class_in(folder: Path) -> Any:
    name = json.loads((folder / "config.json").read_bytes())["_class_name"]
    return getattr(diffusers, name)


def control_values(
    pipeline: Any, uses: Sequence[ControlUse], maps: Sequence[Any]
) -> dict[str, Any]:
    """Return the arguments that steer a pipeline.

    Args:
        pipeline: With ControlNets.
        uses: One for each ControlNet.
        maps: Their pictures, of Pillow, of the size that is computed.
    """
    several = len(uses) > 1

    def each(values: list[Any]) -> Any:
        return values if several else values[0]

    name = "control_image" if takes(pipeline, "control_image") else "image"
    return {
        name: each(list(maps)),
        "controlnet_conditioning_scale": each([float(use.weight) for use in uses]),
        "control_guidance_start": each([float(use.begin) for use in uses]),
        "control_guidance_end": each([float(use.end) for use in uses]),
    }
