"""What is laid over a model for a request: LoRAs, textual inversions and IP-Adapters.

They stay loaded for the next request and are switched off exactly when they are not asked for:
a picture without them is the same, to the byte, as before they were ever loaded.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded
from safetensors.torch import load_file  # noqa: TID253

from studio.core.errors import BadInputError, ModelNotFoundError, UnsupportedModelError
from studio.engine.api import Device, JobContext
from studio.engine.backends._diffusers_loading_impl import foreign_errors, read_network
from studio.engine.backends._diffusers_pipelines_impl import takes
from studio.models.info import ModelInfo

# Several LoRAs at once are what this is about.
warnings.filterwarnings("ignore", message="Already found a `peft_config`")

#: How many LoRAs stay loaded besides those in use.
_KEPT_LORAS = 4
_IMAGE_ENCODERS = ("image_encoder", "../image_encoder", "../models/image_encoder",
                   "../sdxl_models/image_encoder")  # fmt: skip

ROLES = {
    "lora": "LoRA",
    "embedding": "textual inversion",
    "ip-adapter": "IP-Adapter",
    "controlnet": "ControlNet",
    "vae": "autoencoder",
}


def fitting(part: ModelInfo, role: str, model: ModelInfo) -> ModelInfo:
    """Return ``part`` when it is a ``role`` that goes with the model.

    Raises:
        BadInputError: It is something else, or made for models of another family.
    """
    what = ROLES[role]
    if part.role and part.role != role:
        raise BadInputError(f"“{part.title}” is not a {what}.", hint=f"Choose a {what} instead.")
    if part.family and model.family and part.family != model.family:
        raise BadInputError(
            f"The {what} “{part.title}” is made for {part.family} models, and “{model.title}” is "
            f"of the family {model.family}.",
            hint="Choose one of the same family, or another model.",
            part=part.id,
            family=part.family,
        )
    return part


def weights_file(part: ModelInfo) -> Path:
    """Return the safetensors file of a part.

    Raises:
        ModelNotFoundError: It is gone, or its folder does not hold just one.
    """
    path = part.path
    if path is not None and path.is_dir():
        found = sorted(path.glob("*.safetensors"))
        path = found[0] if len(found) == 1 else None
    if path is None or not path.is_file():
        raise ModelNotFoundError(
            f"The file of “{part.title}” is gone.",
            hint="It may have been moved, or lie on a drive that is not connected.",
            path=str(part.path),
        )
    return path


class Loras:
    """The LoRAs of one model."""

    def __init__(self, model: ModelInfo) -> None:
        self._model = model
        self._loaded: dict[str, str] = {}  # model id -> the adapter's name, oldest use first
        self._made = 0
        self._on = False
        self._acting: tuple[tuple[str, float], ...] = ()

    @property
    def acting(self) -> tuple[tuple[str, float], ...]:
        """Which act now, by id, and how strongly."""
        return self._acting

    def use(self, pipeline: Any, wanted: Mapping[str, tuple[ModelInfo, float]]) -> None:
        """Let these LoRAs act, and no others.

        Args:
            pipeline: Any pipeline of the model.
            wanted: LoRAs with their weights, by id; nothing turns all off.

        Raises:
            BadInputError: One does not fit the model.
            ModelError: One is damaged.
        """
        self._acting = ()
        if not wanted:
            if self._on:
                pipeline.disable_lora()
                self._on = False
            return
        if not hasattr(pipeline, "load_lora_weights"):
            raise UnsupportedModelError(
                f"“{self._model.title}” cannot be combined with LoRAs.",
                hint="Leave them out, or choose a model of another family.",
            )
        self._make_room(pipeline, wanted)
        for identity, (lora, _) in wanted.items():
            if identity not in self._loaded:
                self._load(pipeline, lora)
            self._loaded[identity] = self._loaded.pop(identity)  # now the most recently used
        if not self._on:
            pipeline.enable_lora()
            self._on = True
        names = [self._loaded[identity] for identity in wanted]
        pipeline.set_adapters(names, [weight for _, weight in wanted.values()])
        self._acting = tuple((identity, weight) for identity, (_, weight) in wanted.items())

    def _make_room(self, pipeline: Any, wanted: Mapping[str, object]) -> None:
        others = [identity for identity in self._loaded if identity not in wanted]
        gone = others[: max(0, len(others) - _KEPT_LORAS)]
        if gone:
            pipeline.delete_adapters([self._loaded.pop(identity) for identity in gone])

    def _load(self, pipeline: Any, lora: ModelInfo) -> None:
        file = weights_file(fitting(lora, "lora", self._model))
        self._made += 1
        name = f"lora_{self._made}"
        try:
            with foreign_errors(f"The LoRA “{lora.title}”", file):
                pipeline.load_lora_weights(
                    str(file.parent),
                    weight_name=file.name,
                    adapter_name=name,
                    local_files_only=True,
                )
            if not any(name in names for names in pipeline.get_list_adapters().values()):
                raise BadInputError(
                    f"The LoRA “{lora.title}” does not fit “{self._model.title}”: it changes "
                    "nothing in it.",
                    hint="Choose one that was made for models of this family.",
                )
        except BaseException:
            # Half of it may lie in the networks: out with all of them, to be loaded again.
            pipeline.unload_lora_weights()
            self._loaded.clear()
            self._on = False
            raise
        self._loaded[lora.id] = name
        self._on = True


class Embeddings:
    """The textual inversions of one model, called by their names in a prompt."""

    def __init__(self, model: ModelInfo) -> None:
        self._model = model
        self._loaded: set[str] = set()

    def use(self, pipeline: Any, named: Sequence[ModelInfo]) -> None:
        """Teach the text encoders the words that a prompt names.

        A word that no prompt contains changes nothing, so none is ever taken back.

        Raises:
            ModelError: One is damaged or does not fit.
        """
        for embedding in named:
            if embedding.id not in self._loaded:
                self._teach(pipeline, embedding)
                self._loaded.add(embedding.id)

    def _teach(self, pipeline: Any, embedding: ModelInfo) -> None:
        file = weights_file(fitting(embedding, "embedding", self._model))
        with foreign_errors(f"The textual inversion “{embedding.title}”", file):
            vectors = load_file(str(file))
            for which, ours in _vectors_for(pipeline, vectors):
                pipeline.load_textual_inversion(
                    {file.stem: ours},
                    token=file.stem,
                    tokenizer=getattr(pipeline, f"tokenizer{which}"),
                    text_encoder=getattr(pipeline, f"text_encoder{which}"),
                )


def _vectors_for(
    pipeline: Any, vectors: Mapping[str, torch.Tensor]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield which of the pipeline's text encoders learns which vectors, (count, width)."""
    for which, names in (("", ("clip_l", "emb_params", "")), ("_2", ("clip_g",))):
        encoder = getattr(pipeline, f"text_encoder{which}", None)
        if encoder is None:
            continue
        width = encoder.get_input_embeddings().weight.shape[1]
        known = [vectors[name] for name in names if name in vectors] or list(vectors.values())[:1]
        fits = [found for found in known if found.ndim == 2 and found.shape[1] == width]
        if fits:
            yield which, fits[0]
        elif not which:
            raise ValueError(f"its vectors are not {width} numbers long")


class References:
    """The IP-Adapters of one model, and the network that sees pictures for them."""

    def __init__(self, model: ModelInfo, device: Device) -> None:
        self._model = model
        self._device = device
        self._on: tuple[str, ...] = ()
        self._encoders: dict[Path, Any] = {}

    @property
    def parts(self) -> dict[str, Any]:
        """The networks it holds, by their folders."""
        return {str(path): encoder for path, encoder in self._encoders.items()}

    def clear(self) -> None:
        """Let go of the networks that see pictures."""
        self._encoders.clear()

    def use(self, pipeline: Any, wanted: Sequence[tuple[ModelInfo, Any, float]]) -> dict[str, Any]:
        """Let these adapters act, and no others.

        Args:
            pipeline: The pipeline that draws next.
            wanted: Adapters with their pictures (of Pillow) and weights.

        Returns:
            Arguments for the pipeline.

        Raises:
            BadInputError: One does not fit the model.
            ModelError: One is damaged, or lacks the network that sees pictures.
        """
        if not wanted:
            self.off(pipeline)
            return {}
        if not takes(pipeline, "ip_adapter_image") or not hasattr(pipeline, "unet"):
            raise UnsupportedModelError(
                f"“{self._model.title}” cannot take up the look of other pictures.",
                hint="Leave the references out, or choose a Stable Diffusion 1 or XL model.",
            )
        adapters = [fitting(adapter, "ip-adapter", self._model) for adapter, _, _ in wanted]
        files = [weights_file(adapter) for adapter in adapters]
        names = tuple(adapter.id for adapter in adapters)
        self._see(pipeline, adapters[0], files[0])
        if names != self._on:
            self.off(pipeline)
            self._see(pipeline, adapters[0], files[0])
            with foreign_errors(f"The IP-Adapter “{adapters[0].title}”", files[0]):
                pipeline.load_ip_adapter(
                    [str(file.parent) for file in files],
                    subfolder=[""] * len(files),
                    weight_name=[file.name for file in files],
                    image_encoder_folder=None,
                    local_files_only=True,
                )
            self._on = names
        pipeline.set_ip_adapter_scale([weight for _, _, weight in wanted])
        pictures = [picture for _, picture, _ in wanted]
        return {"ip_adapter_image": pictures if len(pictures) > 1 else pictures[0]}

    def off(self, pipeline: Any) -> None:
        """Take every adapter out of the networks."""
        if self._on:
            pipeline.unload_ip_adapter()
            self._on = ()

    def _see(self, pipeline: Any, adapter: ModelInfo, file: Path) -> None:
        """Give the pipeline the network that sees pictures."""
        from transformers import CLIPImageProcessor, CLIPVisionModelWithProjection

        folder = next(
            (found for name in _IMAGE_ENCODERS
             if ((found := (file.parent / name).resolve()) / "config.json").is_file()),
            None,
        )  # fmt: skip
        if folder is None:
            raise ModelNotFoundError(
                f"“{adapter.title}” needs an image encoder, which is not beside it.",
                hint="Put its folder “image_encoder” into the folder of the IP-Adapter.",
                path=str(file.parent),
            )
        if folder not in self._encoders:
            with foreign_errors(f"The image encoder of “{adapter.title}”", folder):
                encoder = read_network(CLIPVisionModelWithProjection, folder, self._device)
            self._encoders[folder] = encoder.eval().to(self._device.torch_name)
        encoder = self._encoders[folder]
        side = encoder.config.image_size
        pipeline.register_modules(
            image_encoder=encoder,
            feature_extractor=CLIPImageProcessor(size=side, crop_size=side),
        )


def named_in(prompt: str, ctx: JobContext) -> list[ModelInfo]:
    """Return the textual inversions whose names stand in a prompt, in the order of the store."""
    from studio.core.prompts import named

    known = {
        info.path.stem: info for info in ctx.store_models("embedding") if info.path is not None
    }
    return [known[name] for name in named(prompt, known)]
