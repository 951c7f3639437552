"""``triptych generate image``: pictures from a prompt, with progress on stderr."""

from __future__ import annotations

import argparse
import json
import mimetypes
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from studio.cli.asking import ShowProgress, add_common, option_values
from studio.core.artifacts import ImageArtifact
from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError, storage_errors
from studio.core.events import Event, Failed, Finished, Preview
from studio.core.inputs import InputRef, InputStore
from studio.core.media import random_seed
from studio.core.options import OptionValue
from studio.core.picture_files import FORMATS, encode_picture
from studio.core.requests import Capability, ImageRequest, LoraUse, Region, to_json
from studio.models.info import ModelInfo

_NAMED = ("num_inference_steps", "guidance_scale", "scheduler", "clip_skip")
_DEFAULT_STRENGTH = 0.6


def add_parser(kinds: argparse._SubParsersAction[Any]) -> None:
    """Add ``image`` to ``triptych generate``."""
    image = kinds.add_parser(
        "image",
        help="draw a picture",
        description="Draw pictures from a prompt with a model on this computer. With --image the "
        "picture is remade, with --mask-image only where the mask is white.",
    )
    image.add_argument("--prompt", required=True, help="what to draw; “-” reads it from stdin")
    image.add_argument("--negative-prompt", default="", help="what to keep out")
    add_common(image, _NAMED)
    image.add_argument(
        "--width", type=int, default=0, metavar="PX", help="if left out, the model's"
    )
    image.add_argument("--height", type=int, default=0, metavar="PX", help="likewise")
    image.add_argument("--num-images-per-prompt", type=int, default=1, metavar="N")
    image.add_argument("--image", type=Path, metavar="FILE", help="the picture to start from")
    image.add_argument("--mask-image", type=Path, metavar="FILE", help="white where to repaint")
    image.add_argument(
        "--strength",
        type=float,
        help=f"how far from --image, 0 to 1; {_DEFAULT_STRENGTH:g} if left out",
    )
    image.add_argument(
        "--lora", action="append", default=[], metavar="NAME:WEIGHT", help="may be given often"
    )
    image.add_argument(
        "--region",
        nargs=2,
        action="append",
        default=[],
        metavar=("PROMPT", "MASK"),
        help="a part with a prompt of its own, white in the file MASK; may be given often",
    )
    image.add_argument("--preview-dir", type=Path, metavar="DIR", help="keep a picture each step")
    image.add_argument(
        "--out",
        type=Path,
        default=Path("triptych.png"),
        metavar="FILE",
        help=f"where to write ({', '.join(FORMATS)}); several pictures are numbered",
    )
    image.set_defaults(command=generate_image)


def generate_image(options: argparse.Namespace) -> int:
    """Run ``triptych generate image``."""
    from studio.cli.session import engine_session, failure, run_to_end

    prompt = sys.stdin.read() if options.prompt == "-" else options.prompt
    if options.out.suffix.lower() not in FORMATS:
        raise BadInputError(
            f"Pictures cannot be written as {options.out.name}.",
            hint=f"Use one of {', '.join(FORMATS)}.",
        )
    show = ShowProgress(sys.stderr, quiet=options.quiet)
    previews = _Previews(options.preview_dir) if options.preview_dir else None

    def see(event: Event) -> None:
        show(event)
        if previews is not None and isinstance(event, Preview):
            previews.keep(event)

    with engine_session() as engine:
        capability = _capability(options)
        known = engine.options_for(capability, options.model)
        values = option_values(options, _NAMED, known)
        request = _request(options, prompt, capability, values, engine.inputs)
        end = run_to_end(engine, request, see)
        models = {each.info.id: each.info for each in engine.models()}
    show.end()
    if isinstance(end, Failed):
        raise failure(end)
    if not isinstance(end, Finished):
        raise KeyboardInterrupt
    artifact = end.artifact
    assert isinstance(artifact, ImageArtifact)  # what a picture backend must return
    files = _write(artifact, options.out, models.get(artifact.model))
    if options.json:
        print(json.dumps(_summary(artifact, files), ensure_ascii=False))
    else:
        for file in files:
            print(file)
    return 0


class _Previews:
    """Keeps each preview as a file of its own."""

    def __init__(self, folder: Path) -> None:
        with storage_errors(folder, "making the folder for previews"):
            folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def keep(self, event: Preview) -> None:
        name = f"{event.index + 1:02}-step-{event.step:03}.png"
        data = encode_picture(event.picture, ".png", compress_level=1)
        atomic_write(self._folder / name, data, doing="writing a preview")


def _capability(options: argparse.Namespace) -> Capability:
    if options.mask_image is not None:
        if options.image is None:
            raise BadInputError("--mask-image needs --image, the picture it belongs to.")
        return Capability.IMAGE_INPAINT
    if options.image is not None:
        return Capability.IMAGE_IMG2IMG
    if options.strength is not None:
        raise BadInputError("--strength needs --image, the picture to start from.")
    return Capability.IMAGE_TXT2IMG


def _request(
    options: argparse.Namespace,
    prompt: str,
    capability: Capability,
    values: dict[str, OptionValue],
    inputs: InputStore,
) -> ImageRequest:
    return ImageRequest(
        capability=capability,
        seed=random_seed() if options.seed is None else options.seed,
        model=options.model,
        options=values,
        prompt=prompt,
        negative_prompt=options.negative_prompt,
        width=options.width,
        height=options.height,
        num_images_per_prompt=options.num_images_per_prompt,
        image=_input(options.image, inputs),
        mask_image=_input(options.mask_image, inputs),
        strength=_DEFAULT_STRENGTH if options.strength is None else options.strength,
        loras=tuple(_lora(text) for text in options.lora),
        regions=tuple(_region(prompt, Path(mask), inputs) for prompt, mask in options.region),
    )


def _input(path: Path | None, inputs: InputStore) -> InputRef | None:
    if path is None:
        return None
    with storage_errors(path, "reading the picture"):
        data = path.read_bytes()
    return inputs.put(data, mimetypes.guess_type(path.name)[0] or "image/png", keep=False)


def _region(prompt: str, path: Path, inputs: InputStore) -> Region:
    mask = _input(path, inputs)
    assert mask is not None
    return Region(prompt, mask)


def _lora(text: str) -> LoraUse:
    name, colon, weight = text.rpartition(":")
    if not colon:
        return LoraUse(text)
    try:
        return LoraUse(name, float(weight))
    except ValueError:
        raise BadInputError(f"--lora takes NAME:WEIGHT, such as ink:0.8, not “{text}”.") from None


def _write(artifact: ImageArtifact, out: Path, model: ModelInfo | None) -> list[Path]:
    """Write each picture, marked and signed; several are numbered before the suffix."""
    several = len(artifact.pictures) > 1
    files = []
    for index in range(len(artifact.pictures)):
        file = out.with_stem(f"{out.stem}-{index + 1}") if several else out
        atomic_write(
            file, marked_file(artifact.single(index), file, model), doing="writing the picture"
        )
        files.append(file)
    return files


def marked_file(artifact: ImageArtifact, file: Path, model: ModelInfo | None) -> bytes:
    """Return one picture as a file of the format its name says, marked and signed."""
    from studio.core.provenance import Origin, record_of
    from studio.core.provenance.a1111 import settings_text
    from studio.core.provenance.commands import keys_folder
    from studio.core.provenance.credentials import seal_if_possible
    from studio.core.provenance.keys import installation_key

    request, (picture,) = artifact.request, artifact.pictures
    assert isinstance(request, ImageRequest)
    title, licence = (model.title, model.licence) if model else ("", "")
    settings = settings_text(
        request,
        seed=request.seed,
        width=picture.width,
        height=picture.height,
        model_title=title,
        facts=artifact.facts,
    )
    data = encode_picture(picture, file.suffix, settings=settings)
    origin = Origin.COMPOSITE if request.image is not None else Origin.GENERATED
    record = record_of(artifact, model_title=title, licence=licence, origin=origin)
    sealed = seal_if_possible(data, file.suffix, record, lambda: installation_key(keys_folder()))
    if sealed.notice:
        sys.stderr.write(f"Note: {sealed.notice}\n")
    return sealed.data


def _summary(artifact: ImageArtifact, files: Sequence[Path]) -> dict[str, object]:
    return {
        "out": [str(file) for file in files],
        "sizes": [[picture.width, picture.height] for picture in artifact.pictures],
        "seeds": list(artifact.seeds),
        "model": artifact.model,
        "backend": artifact.backend,
        "facts": dict(artifact.facts),
        "duration_s": round(artifact.duration_s, 3),
        "energy_j": artifact.energy_j,
        "request": json.loads(to_json(artifact.request)),
    }
