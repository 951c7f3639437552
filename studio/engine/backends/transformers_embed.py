"""Sentence encoders of transformers: texts become vectors whose nearness is nearness of meaning.

Light: the heavy part, ``_transformers_embed_impl``, is imported when a model is loaded.
"""

from __future__ import annotations

from typing import Any, ClassVar

from studio.core.requests import Capability
from studio.engine.api import Backend, Device, LoadContext, LoadedModel, Manifest
from studio.engine.backends._offline import stay_offline
from studio.models.info import ModelInfo

ENCODERS = frozenset(
    {
        "BertModel",
        "DistilBertModel",
        "ElectraModel",
        "ModernBertModel",
        "MPNetModel",
        "RobertaModel",
        "XLMRobertaModel",
    }
)
"""Architectures of ``config.json`` that name an encoder with nothing on top of it."""

_WORKING_BYTES = 96 * 1024**2
_BYTES_PER_PARAMETER = 4  # always float32: small models, and the same numbers everywhere


class TransformersEmbedBackend(Backend):
    """Runs sentence encoders with torch."""

    manifest: ClassVar[Manifest] = Manifest(
        id="transformers-embed",
        title="Transformers embeddings",
        description="Sentence encoders such as all-MiniLM-L6-v2, for search by meaning.",
        licence="Apache-2.0",
        capabilities=(Capability.TEXT_EMBED,),
        requires=("torch", "transformers", "safetensors"),
    )

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return embedding for folders that hold a bare encoder."""
        known = model.format == "transformers" and model.architecture in ENCODERS
        return self.manifest.capabilities if known and model.path is not None else ()

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return the size of the weights as float32 and some to work with."""
        return (model.parameters * _BYTES_PER_PARAMETER or model.size_bytes) + _WORKING_BYTES

    def prepare(self) -> None:
        """Import torch and transformers, after whichever backend does so just now."""
        stay_offline()
        from studio.engine.backends import _transformers_embed_impl as implementation

        implementation.warm_imports()

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load a folder.

        Raises:
            ModelError: Damaged, unsupported or gone.
        """
        stay_offline()
        ctx.loading(0.0, "Starting the libraries")
        from studio.engine.backends import _transformers_embed_impl as implementation

        loaded: Any = implementation.load(model, device, ctx)
        assert isinstance(loaded, LoadedModel)
        return loaded
