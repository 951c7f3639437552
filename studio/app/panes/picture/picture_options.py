"""How pictures shall be made: model, its options, strength, LoRAs, controls, references.

Shared by all pictures that are open; prompts belong to each picture.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from PySide6.QtCore import QObject

from studio.app.bridge import EngineBridge
from studio.app.model_options import ModelOptions
from studio.app.panes.picture.control_maps import KINDS
from studio.app.panes.picture.intents import Intent
from studio.app.panes.picture.wish import Control, Lora, Reference, Source, SourceKind, Wish
from studio.core.options import OptionInfo, OptionValue
from studio.core.requests import Capability

if TYPE_CHECKING:
    from studio.models.info import ModelInfo

CAPABILITIES = (Capability.IMAGE_TXT2IMG, Capability.IMAGE_IMG2IMG, Capability.IMAGE_INPAINT)
STRENGTH = 0.5
COUNT_MAX = 16
MODELS_KEPT = 50
T = TypeVar("T")


class PictureOptions(ModelOptions):
    """The choices in the picture inspector.

    What was set of a model's options is kept for each model, since a few steps suit one and
    ruin another.

    Attributes:
        strength: How far refining goes from what is there, 0..1.
        count: How many pictures at once.
        loras: LoRAs.
        controls: ControlNets.
        references: IP-Adapters.
        vae: Id of an autoencoder to use in place of the model's own; "" for its own.
        sections: Which sections of the inspector are open, by name.
    """

    def __init__(self, bridge: EngineBridge, parent: QObject | None = None) -> None:
        super().__init__(bridge, CAPABILITIES, parent)
        self._chosen = ""
        self._by_model: dict[str, dict[str, OptionValue]] = {}
        self.strength = STRENGTH
        self.count = 1
        self.loras: tuple[Lora, ...] = ()
        self.controls: tuple[Control, ...] = ()
        self.references: tuple[Reference, ...] = ()
        self.vae = ""
        self.sections: dict[str, bool] = {}

    # -- the model ----------------------------------------------------------------------------

    @property
    def model(self) -> str:
        """Id of the chosen model; "" for the one set as default."""
        return self._chosen if self._chosen in {m.info.id for m in self.models()} else ""

    def choose_model(self, model_id: str) -> None:
        """Let this model work from now on."""
        self._chosen = model_id
        self.changed.emit()

    def info(self) -> ModelInfo | None:
        """Return the model that works; ``None`` without one."""
        found = super().info()
        models = self.models()
        return found if found is not None or not models else models[0].info

    def able(self) -> frozenset[Capability]:
        """Return what the model can do."""
        info = self.info()
        if info is None:
            return frozenset()
        for each in self.models():
            if each.info.id == info.id:
                return frozenset(each.capabilities)
        return frozenset()

    def parts(self, role: str) -> tuple[ModelInfo, ...]:
        """Return what is installed beside models: "lora", "controlnet", "vae", "ip-adapter"."""
        return self._bridge.store_models(role)

    def why_not_part(self, part: ModelInfo) -> str:
        """Return why a LoRA or the like does not go with the model; "" when it may."""
        info = self.info()
        if info is None or not part.family or not info.family:
            return ""
        if _stem(part.family) == _stem(info.family):
            return ""
        words = self.tr("Made for %1, and the model is %2.")
        return words.replace("%1", part.family).replace("%2", info.family)

    def _no_model(self) -> str:
        return self.tr("No picture model is installed.")

    # -- its options --------------------------------------------------------------------------

    def infos(self) -> tuple[OptionInfo, ...]:
        """Return the options the model's backend has, for the first thing the model can do."""
        able = self.able()
        capability = next((c for c in CAPABILITIES if c in able), CAPABILITIES[0])
        return tuple(self._bridge.options_for(capability, self._id()))

    def infos_for(self, capability: Capability) -> tuple[OptionInfo, ...]:
        """Return the options as they are for one task."""
        return tuple(self._bridge.options_for(capability, self._id()))

    @property
    def values(self) -> dict[str, OptionValue]:
        """What the user set for this model, by name."""
        return dict(self._by_model.get(self._id(), {}))

    def set_values(self, values: Mapping[str, OptionValue]) -> None:
        """Set options of this model; others stay."""
        merged = {**self.values, **values}
        if merged != self.values:
            self._by_model.pop(self._id(), None)
            self._by_model[self._id()] = merged
            self.changed.emit()

    def forget_values(self) -> None:
        """Take the model's own defaults again."""
        if self._by_model.pop(self._id(), None):
            self.changed.emit()

    def uses_guidance(self, capability: Capability) -> bool:
        """Return whether a negative prompt means anything to the model."""
        infos = {info.name: info for info in self.infos_for(capability)}
        for name in ("guidance_scale", "true_cfg_scale"):
            info = infos.get(name)
            if info is not None and not info.unused:
                return True
        return False

    def why_no_regions(self) -> str:
        """Return why parts of a picture cannot have prompts of their own; "" when they can."""
        if not self.models():
            return ""
        infos = {info.name: info for info in self.infos()}
        known = infos.get("region_base")
        if known is None:
            return self.tr("This model takes one prompt for the whole picture.")
        return known.unused

    def set(self, **changes: Any) -> None:
        """Set attributes by name; ``changed`` comes when one is another."""
        different = {name: v for name, v in changes.items() if getattr(self, name) != v}
        for name, value in different.items():
            setattr(self, name, value)
        if different:
            self.changed.emit()

    def wish(
        self, intent: Intent, label: str, prompt: str, negative_prompt: str, **changes: Any
    ) -> Wish:
        """Return what is wanted now, with a seed of its own."""
        able = self.able()
        capabilities = [c for c in CAPABILITIES if c in able]
        seed = changes.pop("seed") if "seed" in changes else self.next_seed()
        wanted = Wish(
            intent=intent,
            label=label,
            prompt=prompt,
            negative_prompt=negative_prompt,
            model=self._id(),
            seed=seed,
            count=self.count,
            strength=self.strength,
            options={c: self.for_request(c) for c in capabilities},
            loras=self.loras,
            controls=self.controls,
            references=self.references,
            vae=self.vae,
            regions=not self.why_no_regions(),
        )
        return dataclasses.replace(wanted, **changes)

    def _id(self) -> str:
        info = self.info()
        return info.id if info is not None else ""

    # -- for the next start -------------------------------------------------------------------

    def to_plain(self) -> dict[str, object]:
        """Return the choices as plain data, to keep for the next start."""
        kept = list(self._by_model.items())[-MODELS_KEPT:]
        return {
            "model": self._chosen,
            "by_model": {
                model: {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}
                for model, values in kept
            },
            "seed": self.seed,
            "seed_locked": self.seed_locked,
            "strength": self.strength,
            "count": self.count,
            "loras": [dataclasses.asdict(each) for each in self.loras],
            "controls": [dataclasses.asdict(each) for each in self.controls],
            "references": [dataclasses.asdict(each) for each in self.references],
            "vae": self.vae,
            "sections": dict(self.sections),
        }

    def take_plain(self, plain: Mapping[str, object]) -> None:
        """Take over what :meth:`to_plain` returned; what does not fit is left out."""
        super().take_plain({k: plain[k] for k in ("seed", "seed_locked") if k in plain})
        self._chosen = str(plain.get("model") or "")
        by_model = plain.get("by_model")
        if isinstance(by_model, Mapping):
            self._by_model = {
                str(model): {
                    str(k): tuple(v) if isinstance(v, list) else v for k, v in values.items()
                }
                for model, values in by_model.items()
                if isinstance(values, Mapping)
            }
        self.strength = _number(plain.get("strength"), 0.0, 1.0, STRENGTH)
        self.count = int(_number(plain.get("count"), 1, COUNT_MAX, 1))
        self.loras = _parts(plain.get("loras"), lambda p: Lora(**p))
        self.controls = _parts(plain.get("controls"), lambda p: Control(**_with_source(p)))
        self.references = _parts(plain.get("references"), lambda p: Reference(**_with_source(p)))
        self.vae = str(plain.get("vae") or "")
        sections = plain.get("sections")
        if isinstance(sections, Mapping):
            self.sections = {str(k): bool(v) for k, v in sections.items()}


def _stem(family: str) -> str:
    """Return a family without what it is for: LoRAs of "sd-1" go with "sd-1-inpaint"."""
    for ending in ("-inpaint", "-base", "-refiner", "-fill"):
        family = family.removesuffix(ending)
    return family


def _number(value: object, low: float, high: float, default: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return default
    return min(high, max(low, value))


def _parts(value: object, make: Callable[[dict[str, Any]], T]) -> tuple[T, ...]:
    """Return what ``make`` makes of each; what it refuses is left out."""
    found = []
    for each in value if isinstance(value, Sequence) and not isinstance(value, str) else ():
        try:
            found.append(make(dict(each)))
        except (TypeError, ValueError, KeyError):
            continue
    return tuple(found)


def _with_source(plain: dict[str, Any]) -> dict[str, Any]:
    source = Source(**plain["source"])
    if source.kind not in get_args(SourceKind):
        raise ValueError(source.kind)
    if plain.get("map_kind", KINDS[0]) not in KINDS:
        raise ValueError(plain["map_kind"])
    return {**plain, "source": source}
