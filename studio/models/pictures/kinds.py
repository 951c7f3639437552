"""The kinds of whole picture models there are, as data.

A *family* is what LoRAs, ControlNets and the like go with ("sd-1", "sdxl"); a *kind* is exact
enough to choose the configuration a file is loaded with ("sd-1-inpaint", "flux-schnell").
"""

from __future__ import annotations

from dataclasses import dataclass

from studio.core.requests import Capability

TXT2IMG = Capability.IMAGE_TXT2IMG
IMG2IMG = Capability.IMAGE_IMG2IMG
INPAINT = Capability.IMAGE_INPAINT
UPSCALE = Capability.IMAGE_UPSCALE
VIDEO = Capability.VIDEO_TXT2VID

PICTURES = (TXT2IMG, IMG2IMG, INPAINT)


@dataclass(frozen=True)
class Kind:
    """One kind of model that makes pictures or films.

    Attributes:
        id: Ours; also the name of its folder of configurations where there is one.
        family: What other files go with it.
        title: What people call it.
        pipeline: The class of diffusers that runs it; "" when diffusers has none for one file.
        tasks: What it can do for certain.
    """

    id: str
    family: str
    title: str
    pipeline: str
    tasks: tuple[Capability, ...] = PICTURES


_KINDS = (
    Kind("sd-1", "sd-1", "Stable Diffusion 1", "StableDiffusionPipeline"),
    Kind(
        "sd-1-inpaint",
        "sd-1",
        "Stable Diffusion 1 for inpainting",
        "StableDiffusionInpaintPipeline",
        (INPAINT,),
    ),
    Kind(
        "sd-1-pix2pix",
        "sd-1",
        "InstructPix2Pix",
        "StableDiffusionInstructPix2PixPipeline",
        (IMG2IMG,),
    ),
    Kind("sd-2", "sd-2", "Stable Diffusion 2", "StableDiffusionPipeline"),
    Kind("sd-2-base", "sd-2", "Stable Diffusion 2 base", "StableDiffusionPipeline"),
    Kind(
        "sd-2-inpaint",
        "sd-2",
        "Stable Diffusion 2 for inpainting",
        "StableDiffusionInpaintPipeline",
        (INPAINT,),
    ),
    Kind(
        "sd-2-depth",
        "sd-2",
        "Stable Diffusion 2 with depth",
        "StableDiffusionDepth2ImgPipeline",
        (IMG2IMG,),
    ),
    Kind(
        "sd-2-upscaler",
        "sd-2",
        "Stable Diffusion x4 upscaler",
        "StableDiffusionUpscalePipeline",
        (UPSCALE,),
    ),
    Kind("sdxl", "sdxl", "Stable Diffusion XL", "StableDiffusionXLPipeline"),
    Kind(
        "sdxl-inpaint",
        "sdxl",
        "Stable Diffusion XL for inpainting",
        "StableDiffusionXLInpaintPipeline",
        (INPAINT,),
    ),
    Kind(
        "sdxl-refiner",
        "sdxl-refiner",
        "Stable Diffusion XL refiner",
        "StableDiffusionXLImg2ImgPipeline",
        (IMG2IMG,),
    ),
    Kind("playground-2.5", "sdxl", "Playground 2.5", "StableDiffusionXLPipeline"),
    Kind("sd-3-medium", "sd-3", "Stable Diffusion 3 medium", "StableDiffusion3Pipeline"),
    Kind("sd-3.5-medium", "sd-3", "Stable Diffusion 3.5 medium", "StableDiffusion3Pipeline"),
    Kind("sd-3.5-large", "sd-3", "Stable Diffusion 3.5 large", "StableDiffusion3Pipeline"),
    Kind("flux-dev", "flux", "FLUX.1 dev", "FluxPipeline"),
    Kind("flux-schnell", "flux", "FLUX.1 schnell", "FluxPipeline"),
    Kind("flux-fill", "flux", "FLUX.1 Fill", "FluxFillPipeline", (INPAINT,)),
    Kind("flux-depth", "flux", "FLUX.1 Depth or Canny", "FluxControlPipeline", ()),
    Kind("flux-2-dev", "flux-2", "FLUX.2 dev", "Flux2Pipeline", (TXT2IMG,)),
    Kind("flux-2-klein-4b", "flux-2", "FLUX.2 klein 4B", "Flux2KleinPipeline", (TXT2IMG,)),
    Kind("flux-2-klein-9b", "flux-2", "FLUX.2 klein 9B", "Flux2KleinPipeline", (TXT2IMG,)),
    Kind("flux-3", "flux-3", "FLUX.3", "", (TXT2IMG,)),
    Kind("chroma", "chroma", "Chroma", "ChromaPipeline"),
    Kind("z-image", "z-image", "Z-Image", "ZImagePipeline"),
    Kind("lumina-2", "lumina-2", "Lumina Image 2", "Lumina2Pipeline", (TXT2IMG,)),
    Kind("qwen-image", "qwen-image", "Qwen-Image", "QwenImagePipeline"),
    Kind("qwen-image-2.1", "qwen-image-2", "Qwen-Image 2.1", "QwenImage21Pipeline", (TXT2IMG,)),
    Kind("krea-2", "krea-2", "Krea 2", "Krea2Pipeline", (TXT2IMG,)),
    Kind("auraflow", "auraflow", "AuraFlow", "AuraFlowPipeline", (TXT2IMG,)),
    Kind("sana", "sana", "Sana", "SanaPipeline", (TXT2IMG,)),
    Kind("hidream", "hidream", "HiDream", "HiDreamImagePipeline", (TXT2IMG,)),
    Kind("stable-cascade-b", "stable-cascade", "Stable Cascade, stage B", "", ()),
    Kind("stable-cascade-c", "stable-cascade", "Stable Cascade, stage C", "", ()),
    Kind("cosmos-2", "cosmos-2", "Cosmos Predict 2", "Cosmos2TextToImagePipeline", (TXT2IMG,)),
    Kind("cosmos-1", "cosmos-1", "Cosmos 1", "CosmosTextToWorldPipeline", (VIDEO,)),
    Kind("ltx-video", "ltx-video", "LTX-Video", "LTXPipeline", (VIDEO,)),
    Kind("ltx-2", "ltx-2", "LTX-2", "LTX2Pipeline", (VIDEO,)),
    Kind("mochi-1", "mochi-1", "Mochi 1", "MochiPipeline", (VIDEO,)),
    Kind("hunyuan-video", "hunyuan-video", "HunyuanVideo", "HunyuanVideoPipeline", (VIDEO,)),
    Kind("wan", "wan", "Wan", "WanPipeline", (VIDEO,)),
    Kind("minimax-h3", "minimax-h3", "MiniMax H3", "", (VIDEO,)),
)

KINDS: dict[str, Kind] = {kind.id: kind for kind in _KINDS}
"""Every kind by its id."""

FAMILIES: dict[str, str] = {
    "sd-1": "Stable Diffusion 1",
    "sd-2": "Stable Diffusion 2",
    "sdxl": "Stable Diffusion XL",
    "sd-3": "Stable Diffusion 3",
    "flux": "FLUX.1",
    "flux-2": "FLUX.2",
    **{
        kind.family: kind.title
        for kind in _KINDS
        if kind.family not in ("sd-1", "sd-2", "sdxl", "sd-3", "flux", "flux-2")
    },
}
"""What people call each family."""


def family_title(family: str) -> str:
    """Return what people call a family; the word itself when nothing better is known."""
    return FAMILIES.get(family, family)


#: Beginnings of pipeline classes in diffusers folders, longest first, and their families.
_CLASS_FAMILIES = (
    ("StableDiffusionXL", "sdxl"),
    ("StableDiffusion3", "sd-3"),
    ("AnimateDiffSDXL", "sdxl"),
    ("AnimateDiff", "sd-1"),
    ("LatentConsistencyModel", "sd-1"),
    ("Flux2", "flux-2"),
    ("Flux", "flux"),
    ("ZImage", "z-image"),
    ("QwenImage21", "qwen-image-2"),
    ("QwenImage", "qwen-image"),
    ("Chroma", "chroma"),
    ("Lumina2", "lumina-2"),
    ("Krea2", "krea-2"),
    ("AuraFlow", "auraflow"),
    ("SanaVideo", ""),
    ("Sana", "sana"),
    ("HiDream", "hidream"),
    ("StableCascade", "stable-cascade"),
    ("Kolors", "kolors"),
    ("PixArtSigma", "pixart-sigma"),
    ("PixArtAlpha", "pixart-alpha"),
    ("HunyuanDiT", "hunyuan-dit"),
    ("HunyuanImage", "hunyuan-image"),
    ("HunyuanVideo", "hunyuan-video"),
    ("Cosmos2", "cosmos-2"),
    ("Cosmos", "cosmos-1"),
    ("LTX2", "ltx-2"),
    ("LTX", "ltx-video"),
    ("Mochi", "mochi-1"),
    ("Wan", "wan"),
)

_ON_TEXT_WIDTH = {768: "sd-1", 1024: "sd-2", 2048: "sdxl", 1280: "sdxl-refiner"}


def family_of_width(width: object) -> str:
    """Return the Stable Diffusion family whose text states have this width, "" for none."""
    return _ON_TEXT_WIDTH.get(width, "") if isinstance(width, int) else ""


def family_of_class(name: str, text_width: object) -> str:
    """Return the family of a diffusers pipeline class.

    Args:
        name: Such as "StableDiffusionInpaintPipeline".
        text_width: ``cross_attention_dim`` of its UNet, which tells Stable Diffusion 1 from 2.
    """
    for start, family in _CLASS_FAMILIES:
        if name.startswith(start):
            refiner = family == "sdxl" and text_width == 1280
            return "sdxl-refiner" if refiner else family
    return family_of_width(text_width) if name.startswith("StableDiffusion") else ""


def tasks_of_class(name: str) -> tuple[Capability, ...]:
    """Return what a diffusers pipeline class does for certain, going by its name."""
    for word, tasks in _CLASS_TASKS:
        if word in name:
            return tasks
    return next((kind.tasks for kind in _KINDS if name and kind.pipeline == name), ())


_CLASS_TASKS = (
    ("LatentUpscale", ()),
    ("Upscale", (UPSCALE,)),
    ("ControlNet", ()),
    ("Adapter", ()),
    ("Inpaint", (INPAINT,)),
    ("Img2Img", (IMG2IMG,)),
    ("ImageToVideo", ()),
    ("VideoToVideo", ()),
)
