"""The one door through which other programs' pictures are read; nothing comes out but facts.

Reads the settings A1111, ComfyUI, InvokeAI and others leave in PNG, JPEG and WebP, where the
package sd-parsers is installed; without it, or for AVIF, the picture is found by its name.
"""

from __future__ import annotations

import json
import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

MAX_TEXT = 100_000


@dataclass(frozen=True, kw_only=True)
class PictureFacts:
    """What a picture file says about itself.

    Attributes:
        width_px: 0 when it could not be opened.
        height_px: The same.
        prompt: What was asked for; "" unknown.
        negative_prompt: What was not wanted; "" unknown.
        model: The model's name as the other program wrote it; "" unknown.
        seed: ``None`` unknown.
        settings: All settings found, as JSON; "" none.
        program: Which program wrote them; "" unknown.
        readable: The file could be opened as a picture.
    """

    width_px: int = 0
    height_px: int = 0
    prompt: str = ""
    negative_prompt: str = ""
    model: str = ""
    seed: int | None = None
    settings: str = ""
    program: str = ""
    readable: bool = True


def read_picture(path: Path, *, settings: bool = True) -> PictureFacts:
    """Return what a picture says about itself. Never raises, whatever is in the file.

    Args:
        path: A picture of any origin; only its header and metadata are read.
        settings: Whether to look for the settings of other programs.
    """
    try:
        from PIL import Image

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a huge picture is only measured here
            with Image.open(path) as image:
                width, height = image.size
                found = _settings(image) if settings else PictureFacts()
    except Exception as error:  # noqa: BLE001 - decoders raise anything on a damaged file
        log.debug("a picture could not be read: %s", type(error).__name__)
        return PictureFacts(readable=False)
    return PictureFacts(
        width_px=width,
        height_px=height,
        prompt=found.prompt,
        negative_prompt=found.negative_prompt,
        model=found.model,
        seed=found.seed,
        settings=found.settings,
        program=found.program,
    )


def _settings(image: Any) -> PictureFacts:
    try:
        from sd_parsers import ParserManager
    except ImportError:
        return PictureFacts()
    try:
        info = ParserManager().parse(image)
        return PictureFacts() if info is None else _facts(info)
    except Exception as error:  # noqa: BLE001 - a foreign parser on a foreign file
        log.debug("settings of another program could not be read: %s", type(error).__name__)
        return PictureFacts()


def _facts(info: Any) -> PictureFacts:
    samplers = list(info.samplers)
    seeds = [s.parameters.get("seed") for s in samplers if s.parameters.get("seed") is not None]
    names = [model.name for model in info.models if model.name]
    prompt = _joined(info.full_prompt)
    negative = _joined(info.full_negative_prompt)
    settings = {
        "program": str(getattr(info.generator, "value", info.generator)),
        "prompt": prompt,
        "negative_prompt": negative,
        "models": names,
        "samplers": [{"name": s.name, **s.parameters} for s in samplers],
        "metadata": info.metadata,
    }
    return PictureFacts(
        prompt=prompt,
        negative_prompt=negative,
        model=str(names[0])[:200] if names else "",
        seed=_seed(seeds[0]) if seeds else None,
        settings=json.dumps(settings, ensure_ascii=False, default=str)[:MAX_TEXT],
        program=settings["program"],
    )


def _joined(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else "\n".join(str(part) for part in value)
    return text[:MAX_TEXT]


def _seed(value: Any) -> int | None:
    try:
        seed = int(value)
    except (TypeError, ValueError):
        return None
    return seed if 0 <= seed < 2**63 else None
