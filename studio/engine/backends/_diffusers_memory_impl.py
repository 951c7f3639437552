"""The steps by which a picture model comes to need less memory, the cheapest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded

from studio.engine.api import Device


def bytes_of(parts: Mapping[str, Any], kind: str) -> int:
    """Return the bytes of the weights that lie on devices of a kind, each counted once."""
    seen: dict[int, int] = {}
    for part in parts.values():
        if isinstance(part, torch.nn.Module):
            for tensor in (*part.parameters(), *part.buffers()):
                if tensor.device.type == kind:
                    place = tensor.data_ptr()
                    seen[place] = max(seen.get(place, 0), tensor.nbytes)
    return sum(seen.values())


class Ladder:
    """Takes one step at a time; what was taken stays until the model leaves memory.

    Args:
        parts: The model's networks.
        device: Where they compute.
        let_go: Lets go of what is loaded besides them; says whether there was anything.
    """

    def __init__(
        self, parts: Mapping[str, Any], device: Device, let_go: Callable[[], bool]
    ) -> None:
        self._parts = parts
        self._device = device
        self._let_go = let_go
        self._offload = ""
        self._tiles = False
        self._steps = iter(
            (
                self._forget,
                self._tile,
                self._offload_parts,
                self._offload_layers,
                self._slice,
                self._store_small,
            )
        )

    def next(self) -> str | None:
        """Take the next step that does anything; return it in words, ``None`` at the end."""
        for step in self._steps:
            done = step()
            if done:
                return done
        return None

    def apply(self, pipeline: Any) -> None:
        """Let a pipeline that runs next follow the steps taken so far."""
        if self._offload == "parts":
            pipeline.enable_model_cpu_offload(gpu_id=self._device.index)
        elif self._offload == "layers":
            pipeline.enable_sequential_cpu_offload(gpu_id=self._device.index)

    def tile(self, vae: Any, wanted: bool) -> None:
        """Let an autoencoder draw the next picture in tiles if ``wanted``, or in one piece."""
        if not hasattr(vae, "enable_tiling"):
            return
        if wanted or self._tiles:
            vae.enable_tiling()
        elif getattr(vae, "use_tiling", False):
            vae.disable_tiling()

    def _forget(self) -> str:
        return "what was kept beside the model was given up" if self._let_go() else ""

    def _tile(self) -> str:
        if self._tiles or not hasattr(self._parts.get("vae"), "enable_tiling"):
            return ""
        self._tiles = True
        return "large pictures are drawn in tiles"

    def _offload_parts(self) -> str:
        if self._device.kind != "cuda":
            return ""
        self._offload = "parts"
        return "only the part that works is kept on the graphics card"

    def _offload_layers(self) -> str:
        if self._device.kind != "cuda":
            return ""
        self._offload = "layers"
        return "the model is moved to the graphics card layer by layer, which is slow"

    def _slice(self) -> str:
        # On a CPU attention is computed in pieces as it is; slicing takes 2.6 times as long.
        drawer = self._drawer()
        if self._device.kind == "cpu" or not hasattr(drawer, "set_attention_slice"):
            return ""
        drawer.set_attention_slice("auto")
        return "attention is computed in slices"

    def _store_small(self) -> str:
        drawer = self._drawer()
        if not hasattr(drawer, "enable_layerwise_casting"):
            return ""
        drawer.enable_layerwise_casting(
            storage_dtype=torch.float8_e4m3fn, compute_dtype=getattr(torch, self._device.dtype)
        )
        return "the model's numbers are kept in 8 bits, which changes pictures a little"

    def _drawer(self) -> Any:
        return self._parts.get("unet") or self._parts.get("transformer")
