"""Says what one safetensors file of pictures is, and how that was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from studio.core.requests import Capability
from studio.models.pictures.checkpoints import Shapes, Signature, find_signature
from studio.models.pictures.kinds import KINDS, Kind, family_title
from studio.models.pictures.loras import family_of_note, find_lora
from studio.models.pictures.parts import Part, find_bare_part, find_part

_NOTE_KEYS = ("modelspec.architecture", "ss_base_model_version", "ss_sd_model_name")


@dataclass(frozen=True)
class Told:
    """What a file is.

    Attributes:
        role: As :attr:`studio.models.info.ModelInfo.role`; "" for a whole model or unknown.
        family: What it is of or goes with; "" unknown.
        kind: The exact kind of a whole model, a key of ``KINDS``; "" otherwise.
        architecture: The class or sort; "" unknown.
        capabilities: What it can do for certain.
        told_by: How that was found out, a sentence for people; "" when nothing was.
    """

    role: str = ""
    family: str = ""
    kind: str = ""
    architecture: str = ""
    capabilities: tuple[Capability, ...] = ()
    told_by: str = ""


def tell(shapes: Shapes, notes: Mapping[str, str], name: str = "") -> Told:
    """Say what a file is.

    Args:
        shapes: Shape of each tensor by name, from the header.
        notes: The free text pairs of the header; believed only where the shapes say nothing.
        name: The file's name, for what neither tells.
    """
    lora = find_lora(shapes)
    if lora is not None:
        family, told = _with_notes(lora.family, lora.told, notes)
        return _part(Part("lora", family, lora.sort, told), told)
    part = find_part(shapes)
    if part is not None:
        return _part(part, part.told)
    signature = find_signature(shapes)
    if signature is not None:
        return _whole(signature, notes, name)
    part = find_bare_part(shapes)
    if part is None:
        return Told()
    return _named(part, notes, name) if part.role == "vae" else _part(part, part.told)


def prediction_type(kind: str, shapes: Shapes, notes: Mapping[str, str], name: str) -> str:
    """Return what a Stable Diffusion model predicts: "epsilon", "v_prediction", "" unsaid.

    Only some files say so; of Stable Diffusion 2 the larger, v-predicting one is the common one.
    """
    said = notes.get("modelspec.prediction_type", notes.get("modelspec.predict_key", "")).lower()
    if said in ("v", "v_prediction", "v_pred") or "v_pred" in shapes:
        return "v_prediction"
    if said in ("epsilon", "eps"):
        return "epsilon"
    lowered = name.lower()
    if "v-pred" in lowered or "vpred" in lowered or "v_pred" in lowered:
        return "v_prediction"
    return ""


def _whole(signature: Signature, notes: Mapping[str, str], name: str) -> Told:
    kind = KINDS[_variant(signature.kind, notes, name)]
    _, told = _with_notes(kind.family, signature.told, notes)
    return Told(
        family=kind.family,
        kind=kind.id,
        architecture=kind.pipeline,
        capabilities=_tasks(kind),
        told_by=_sentence(kind.title, told),
    )


def _variant(kind: str, notes: Mapping[str, str], name: str) -> str:
    """Tell the smaller Stable Diffusion 2, whose shapes are those of the larger one."""
    if kind != "sd-2":
        return kind
    note = notes.get("modelspec.architecture", "").lower()
    lowered = name.lower()
    small = "512" in note or ("768" not in note and ("512" in lowered or "base" in lowered))
    return "sd-2-base" if small and "768" not in lowered else kind


def _tasks(kind: Kind) -> tuple[Capability, ...]:
    return kind.tasks


def _with_notes(family: str, told: str, notes: Mapping[str, str]) -> tuple[str, str]:
    """Fill in a family from the file's notes, or say that they contradict its shapes."""
    key = next((key for key in _NOTE_KEYS if family_of_note(notes.get(key, ""))), "")
    noted = family_of_note(notes.get(key, "")) if key else ""
    if not noted:
        return family, told
    if not family:
        return noted, f"its own note {key}"
    if _related(family, noted):
        return (noted, told) if family == "flux" and noted == "chroma" else (family, told)
    return family, f"{told}, although the file's own note says {family_title(noted)}"


def _related(family: str, noted: str) -> bool:
    close = ({"sdxl", "sdxl-refiner"}, {"flux", "chroma"}, {"qwen-image", "qwen-image-2"})
    return family == noted or any({family, noted} <= pair for pair in close)


def _named(part: Part, notes: Mapping[str, str], name: str) -> Told:
    """Tell autoencoders of one shape apart by the file's note or name."""
    if part.family:
        return _part(part, part.told)
    lowered = name.lower()
    noted = family_of_note(notes.get("modelspec.architecture", ""))
    said = noted or _family_in_name(lowered, "16" in part.told)
    if not said:
        return _part(part, part.told)
    by = "its own note" if noted else "the file's name"
    named = Part(part.role, said, part.architecture, part.told)
    return _part(named, f"{part.told}, and {by}")


def _family_in_name(name: str, sixteen: bool) -> str:
    if sixteen:
        flux = name in ("ae", "ae.safetensors") or "flux" in name or name.startswith("taef1")
        return "flux" if flux else "sd-3" if "sd3" in name else ""
    if "xl" in name:
        return "sdxl"
    # The two autoencoders everybody uses with Stable Diffusion 1 and 2 carry these names.
    small = "mse-840000" in name or "ema-560000" in name or "sd-vae-ft" in name or "taesd" in name
    return "sd-1" if small or "sd1" in name or "sd15" in name else ""


_ROLE_WORDS = {
    "lora": "a {sort}",
    "controlnet": "a ControlNet",
    "ip-adapter": "an {sort}",
    "t2i-adapter": "a T2I-Adapter",
    "motion-adapter": "a motion module",
    "embedding": "a textual inversion",
    "vae": "an autoencoder",
    "text-encoder": "a text encoder",
    "image-encoder": "an image encoder",
    "upscaler": "an upscaler",
}


def _part(part: Part, told: str) -> Told:
    what = _ROLE_WORDS[part.role].format(sort=part.architecture)
    goes = f" for {family_title(part.family)}" if part.family and "encoder" not in part.role else ""
    return Told(
        role=part.role,
        family=part.family,
        architecture=part.architecture,
        told_by=_sentence(what + goes, told or "the names of its tensors"),
    )


def _sentence(what: str, told: str) -> str:
    text = f"{what}: the file's header has {told}."
    if told.startswith(("its own note", "the names")):
        text = f"{what}: told by {told}."
    return text[0].upper() + text[1:]
