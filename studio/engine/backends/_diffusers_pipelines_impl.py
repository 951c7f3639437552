"""The pipelines of one model: one class for each task, all made of the same parts."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from studio.core.errors import UnsupportedModelError
from studio.core.requests import Capability
from studio.engine.backends._diffusers_families import WITH_ALPHA, Family

_OURS = "studio.engine.backends."
_TASKS = {
    Capability.IMAGE_TXT2IMG: "make pictures from words alone",
    Capability.IMAGE_IMG2IMG: "remake pictures",
    Capability.IMAGE_INPAINT: "paint into pictures",
}


class Pipelines:
    """Makes pipelines when they are asked for; nothing is loaded twice.

    Args:
        parts: The model's networks, tokenizers and scheduler by name.
        settings: What its pipelines are told besides.
        family: Which classes there are.
    """

    def __init__(
        self, parts: Mapping[str, Any], settings: Mapping[str, Any], family: Family
    ) -> None:
        self.parts = dict(parts)
        self.family = family
        self._settings = settings
        self._made: dict[str, Any] = {}

    def get(self, capability: Capability, **extra: Any) -> Any:
        """Return the pipeline for a task.

        Args:
            capability: What it shall do.
            extra: Parts beside or in place of the model's own: ``vae``, ``controlnet``.

        Raises:
            UnsupportedModelError: Its family has no such pipeline.
        """
        controlled = "controlnet" in extra
        names = self.family.controlled if controlled else self.family.pipelines
        if not controlled and _is_clear(self.parts.get("vae")):
            names = {**names, **WITH_ALPHA}
        name = names.get(capability)
        if name is None:
            doing = "be steered by control pictures here" if controlled else _TASKS[capability]
            raise UnsupportedModelError(
                f"{self.family.title} models cannot {doing}.",
                hint="Choose a model of another family for this.",
            )
        if extra:
            return self._make(name, extra)
        if name not in self._made:
            self._made[name] = self._make(name, {})
        return self._made[name]

    def clear(self) -> None:
        """Forget every pipeline and part."""
        self._made.clear()
        self.parts.clear()

    def forget_made(self) -> None:
        """Make pipelines anew when they are asked for, because a part has changed."""
        self._made.clear()

    def _make(self, name: str, extra: Mapping[str, Any]) -> Any:
        kind = class_named(name)
        known = inspect.signature(kind.__init__).parameters
        given = {**self._settings, **self.parts, **extra}
        values = {key: value for key, value in given.items() if key in known}
        for key, parameter in known.items():
            # Parts that judge pictures are never loaded, and these classes ask for them.
            if parameter.default is parameter.empty and key not in values and key != "self":
                values[key] = None
        if "requires_safety_checker" in known:
            values["requires_safety_checker"] = False
        made = kind(**values)
        made.set_progress_bar_config(disable=True)
        return made


def class_named(name: str) -> Any:
    """Return a class of diffusers, or one of ours as ``module:Class``."""
    module, _, inner = name.rpartition(":")
    return getattr(importlib.import_module(_OURS + module if module else "diffusers"), inner)


def takes(pipeline: Any, name: str) -> bool:
    """Say whether a call of the pipeline has an argument of this name."""
    kind: Any = type(pipeline)
    return name in _arguments(kind)


@functools.cache
def _arguments(kind: Any) -> frozenset[str]:
    """Return the names of what a pipeline of this class is called with.

    A class of ours that hands on what it does not know takes what its base takes as well.
    """
    names: set[str] = set()
    for each in kind.__mro__:
        call = each.__dict__.get("__call__")
        if call is None:
            continue
        known = inspect.signature(call).parameters
        names |= set(known)
        if not any(p.kind is p.VAR_KEYWORD for p in known.values()):
            break
    return frozenset(names)


def own_size(pipeline: Any, family: Family) -> tuple[int, int]:
    """Return width and height of the pictures the model was taught with, in px."""
    scale = int(pipeline.vae_scale_factor)
    unet = getattr(pipeline, "unet", None)
    side = getattr(pipeline, "default_sample_size", None)
    if unet is not None:
        side = unet.config.sample_size
    if isinstance(side, (list, tuple)):
        return int(side[1]) * scale, int(side[0]) * scale
    found = int(side) * scale if side else family.side_px
    return found, found


def multiple_of(pipeline: Any, family: Family) -> int:
    """Return what the sides of the model's pictures are multiples of, in px."""
    scale = int(pipeline.vae_scale_factor)
    if getattr(pipeline, "unet", None) is None:
        scale *= 2  # transformers see patches of 2x2 latents
    return max(scale, family.multiple)


def draws_alpha(pipeline: Any) -> bool:
    """Say whether the model draws transparency."""
    return _is_clear(getattr(pipeline, "vae", None))


def _is_clear(vae: Any) -> bool:
    return vae is not None and vae.config.get("in_channels", 3) == 4
