"""The schedulers one can choose, by name, as data; ``scheduler_for`` makes one.

Light until ``scheduler_for`` is called. "default" is the scheduler the model brings.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

DEFAULT = "default"


@dataclass(frozen=True)
class Kind:
    """One scheduler.

    Attributes:
        diffusion: Class for models that predict noise or velocity over a noise schedule; "" none.
        flow: Class for models that straighten flows; "" none.
        config: What is set besides the model's own configuration.
    """

    diffusion: str = ""
    flow: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)


_KARRAS = {"use_karras_sigmas": True}
_MULTISTEP = "DPMSolverMultistepScheduler"
_SDE = {"algorithm_type": "sde-dpmsolver++"}

SCHEDULERS: Mapping[str, Kind] = {
    "euler": Kind("EulerDiscreteScheduler", "FlowMatchEulerDiscreteScheduler"),
    "euler_a": Kind("EulerAncestralDiscreteScheduler"),
    "euler_karras": Kind("EulerDiscreteScheduler", "FlowMatchEulerDiscreteScheduler", _KARRAS),
    "euler_trailing": Kind("EulerDiscreteScheduler", "", {"timestep_spacing": "trailing"}),
    "heun": Kind("HeunDiscreteScheduler"),
    "dpmpp_2m": Kind(_MULTISTEP, _MULTISTEP, {"algorithm_type": "dpmsolver++"}),
    "dpmpp_2m_karras": Kind(_MULTISTEP, "", {"algorithm_type": "dpmsolver++", **_KARRAS}),
    "dpmpp_2m_sde": Kind(_MULTISTEP, _MULTISTEP, _SDE),
    "dpmpp_2m_sde_karras": Kind(_MULTISTEP, "", {**_SDE, **_KARRAS}),
    "dpmpp_2s": Kind("DPMSolverSinglestepScheduler"),
    "unipc": Kind("UniPCMultistepScheduler", "UniPCMultistepScheduler"),
    "deis": Kind("DEISMultistepScheduler"),
    "dpm2": Kind("KDPM2DiscreteScheduler"),
    "dpm2_a": Kind("KDPM2AncestralDiscreteScheduler"),
    "ddim": Kind("DDIMScheduler"),
    "ddpm": Kind("DDPMScheduler"),
    "pndm": Kind("PNDMScheduler"),
    "lms": Kind("LMSDiscreteScheduler"),
    "lcm": Kind("LCMScheduler", "FlowMatchLCMScheduler"),
    "tcd": Kind("TCDScheduler"),
}

CHOICES = (DEFAULT, *SCHEDULERS)
DIFFUSION_CHOICES = (DEFAULT, *(name for name, kind in SCHEDULERS.items() if kind.diffusion))
FLOW_CHOICES = (DEFAULT, *(name for name, kind in SCHEDULERS.items() if kind.flow))
#: For a UNet that straightens flows: solvers that take its latents as they are.
UNET_FLOW_CHOICES = (DEFAULT, "dpmpp_2m", "dpmpp_2m_sde", "unipc")

#: Configuration of a model's own scheduler that means nothing to another class.
_OF_A_CLASS = frozenset(
    {"algorithm_type", "solver_order", "solver_type", "lower_order_final", "skip_prk_steps",
     "timestep_spacing", "use_karras_sigmas", "set_alpha_to_one", "_use_default_values"}
)  # fmt: skip
_FLOW = {"prediction_type": "flow_prediction", "use_flow_sigmas": True}


def choices(config: Mapping[str, Any], *, flow: bool, unet: bool) -> tuple[str, ...]:
    """Return the names that work with a model.

    Args:
        config: Of the model's own scheduler.
        flow: Its family straightens flows.
        unet: It is a UNet.
    """
    if config.get("use_flow_sigmas") and unet:
        return UNET_FLOW_CHOICES
    return FLOW_CHOICES if flow else DIFFUSION_CHOICES


def scheduler_for(own: Any, name: str) -> Any:
    """Return a fresh scheduler, with nothing kept of any run before.

    Args:
        own: The model's own scheduler, which is left as it is.
        name: One of :func:`choices`.
    """
    config = dict(own.config)
    if name == DEFAULT:
        return type(own).from_config(config)
    kind = SCHEDULERS[name]
    is_flow = _is_flow(own)
    kind_name = kind.flow if is_flow else kind.diffusion
    made = getattr(importlib.import_module("diffusers"), kind_name)
    if made is not type(own):
        config = {key: value for key, value in config.items() if key not in _OF_A_CLASS}
    wanted = {**config, **kind.config}
    if is_flow and not kind_name.startswith("FlowMatch"):
        wanted |= {**_FLOW, "flow_shift": config.get("flow_shift", config.get("shift", 1.0))}
    known = inspect.signature(made.__init__).parameters
    return made.from_config({key: value for key, value in wanted.items() if key in known})


def _is_flow(own: Any) -> bool:
    return type(own).__name__.startswith("FlowMatch") or bool(own.config.get("use_flow_sigmas"))
