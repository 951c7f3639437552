"""Language models of transformers: any causal model in a folder, any GGUF it can unpack.

Light: the heavy part, ``_transformers_text_impl``, is imported when a model is loaded or when the
engine prepares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from studio.core.options import option
from studio.core.requests import Capability
from studio.engine.api import Backend, Device, LoadContext, LoadedModel, Manifest
from studio.engine.backends._offline import stay_offline
from studio.models.info import ModelInfo
from studio.models.text_architectures import GGUF_ARCHITECTURES, is_causal_language_model

_DTYPE_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
_WORKING_BYTES = 192 * 1024**2  # what one forward pass and a few thousand kept tokens take


@dataclass(frozen=True, kw_only=True)
class TextOptions:
    """What can be set for one text; names and meanings are those of transformers."""

    max_new_tokens: int = option(
        256,
        title="Length",
        help="The text ends here at the latest; a token is about three quarters of a word.",
        ge=1,
        le=32_768,
        step=16,
        unit="tokens",
    )
    temperature: float = option(
        0.8,
        title="Temperature",
        help="How daring the choice of words is; 0 always takes the likeliest.",
        ge=0.0,
        le=2.0,
        step=0.05,
    )
    top_p: float = option(
        0.95,
        title="Top p",
        help="Only the likeliest words that together have this share are drawn from; 1 is all.",
        ge=0.01,
        le=1.0,
        step=0.01,
    )
    top_k: int = option(
        50,
        title="Top k",
        help="Only this many of the likeliest words are drawn from; 0 is all.",
        ge=0,
        le=1000,
        step=5,
        advanced=True,
    )
    min_p: float = option(
        0.05,
        title="Min p",
        help="Leaves out words far less likely than the likeliest, by this share of it; 0 is off.",
        ge=0.0,
        le=1.0,
        step=0.01,
        advanced=True,
    )
    repetition_penalty: float = option(
        1.1,
        title="Repetition penalty",
        help="Makes words that came before less likely; 1 is off.",
        ge=0.5,
        le=2.0,
        step=0.01,
    )
    stop_strings: tuple[str, ...] = option(
        (),
        title="Stop at",
        help="The text ends before any of these, which are left out.",
        advanced=True,
    )


class TransformersTextBackend(Backend):
    """Runs causal language models with torch."""

    manifest: ClassVar[Manifest] = Manifest(
        id="transformers-text",
        title="Transformers text",
        description="Language models as folders of safetensors or GGUF files, run with torch.",
        licence="Apache-2.0",
        capabilities=(Capability.TEXT_GENERATE, Capability.TEXT_CHAT),
        requires=("torch", "transformers", "safetensors"),
    )
    Options: ClassVar[type] = TextOptions

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return text and chat for every causal language model.

        A model without a chat template chats in the plain form that ``_prompting`` describes.
        """
        if model.path is None:
            return ()
        if model.format == "gguf":
            known = model.architecture in GGUF_ARCHITECTURES
        else:
            known = model.format == "transformers" and is_causal_language_model(model.architecture)
        return self.manifest.capabilities if known else ()

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return the size of the weights in the device's number type and some to work with."""
        weights = model.parameters * _DTYPE_BYTES.get(device.dtype, 4)
        return (weights or model.size_bytes) + _WORKING_BYTES

    def prepare(self) -> None:
        """Import torch and transformers, the window's only long stalls, before they are needed."""
        stay_offline()
        from studio.engine.backends import _transformers_text_impl as implementation

        implementation.warm_imports()

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load a folder, or a GGUF file after unpacking it once into the cache.

        Raises:
            ModelError: Damaged, unsupported or unsafe.
        """
        stay_offline()
        ctx.loading(0.0, "Starting the libraries")
        from studio.engine.backends import _transformers_text_impl as implementation

        loaded: Any = implementation.load(model, device, ctx)
        assert isinstance(loaded, LoadedModel)
        return loaded
