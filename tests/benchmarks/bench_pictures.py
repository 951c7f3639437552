"""The picture backend with random models of real sizes, against bare diffusers pipelines.

    python -m tests.benchmarks pictures

Both sides run in this process, with the same weights, steps and threads, in turns; times are
compared by the best of each side, which other programs disturb least. The models are made here, in
a temporary folder: what they draw is noise, at the speed of a model that draws pictures.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from studio.core.events import Finished, Started
from studio.core.inputs import InputRef
from studio.core.requests import Capability, ImageRequest, Region, replaced
from studio.core.settings import Computing
from studio.engine import memory
from studio.engine.api import Device
from studio.engine.devices import find_device
from studio.engine.engine import Engine
from studio.engine.registry import Registry
from studio.models.identify import identify
from studio.models.info import ModelInfo
from studio.models.single_file import config_folder
from tests.benchmarks.bench_text import Desk
from tests.benchmarks.rows import Row
from tests.engine.backend_contract import LoadRecorder, OneModel
from tests.fakes.job_context import RecordingContext

PAIRS = 3
SIDE_PX = 256
SMALL = {"block_out_channels": (128, 256, 384, 384), "layers_per_block": 1, "norm_num_groups": 8}


@dataclasses.dataclass(frozen=True)
class Size:
    """A model to measure.

    Attributes:
        name: What rows call it.
        unet: What differs from Stable Diffusion 1.5.
        steps: How many are measured.
    """

    name: str
    unet: dict[str, Any]
    steps: int


SIZES = (Size("62M", SMALL, 12), Size("SD-1.5 size", {}, 4))


def run() -> Iterator[Row]:
    """Measure everything once; some twenty minutes on two cores."""
    from diffusers.utils import logging

    logging.disable_progress_bar()
    device, _ = find_device(Computing())
    with tempfile.TemporaryDirectory(prefix="triptych-bench-") as folder:
        for size in SIZES:
            model = _make(size, Path(folder))
            if not size.unet:
                yield from _loading(model, device)
            yield from _drawing(size, model, device)
            assert model.path is not None
            model.path.unlink()


# Models


def _make(size: Size, folder: Path) -> ModelInfo:
    """Write a random model as one file of half-precision numbers, as such files are."""
    import torch
    from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    from tests.fakes.original_layout import save_original

    config = config_folder("sd-1")
    plain = {"local_files_only": True}
    unet = UNet2DConditionModel.load_config(str(config), subfolder="unet", **plain) | size.unet
    vae = AutoencoderKL.load_config(str(config), subfolder="vae", **plain)
    text = CLIPTextConfig.from_pretrained(str(config / "text_encoder"), **plain)
    makers: dict[str, Callable[[], Any]] = {
        "unet": lambda: UNet2DConditionModel.from_config(unet),
        "vae": lambda: AutoencoderKL.from_config(vae),
        "text_encoder": lambda: CLIPTextModel(text),
    }
    parts = {name: _random(make, torch) for name, make in makers.items()}
    pipeline = StableDiffusionPipeline(
        **parts, tokenizer=None, scheduler=None, safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    path = folder / f"bench-{size.name.replace(' ', '-')}.safetensors"
    save_original(pipeline, path)
    if size.unet:
        _write_configs(path.with_suffix(""), config, unet)
    return dataclasses.replace(
        identify(path), architecture="StableDiffusionPipeline", family="sd-1", role=""
    )


def _random(make: Callable[[], Any], torch: Any) -> Any:
    with torch.device("meta"):
        network = make()
    network = network.half().to_empty(device="cpu")
    torch.manual_seed(0)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter.data.zero_()
        elif parameter.ndim == 1:
            parameter.data.fill_(1)
        else:
            parameter.data.normal_(0, 0.02)
    for buffer in network.buffers():
        buffer.data.copy_(torch.arange(buffer.numel()).view_as(buffer))
    return network.eval()


def _write_configs(beside: Path, config: Path, unet: dict[str, Any]) -> None:
    import json
    import shutil

    from studio.engine.backends._single_file_impl import load_tokenizer
    from studio.models.single_file import TokenizerPlan

    shutil.copytree(config, beside)
    (beside / "unet" / "config.json").write_text(json.dumps(dict(unet)))
    extra = json.loads((config / "triptych.json").read_text())["tokenizers"]["tokenizer"]
    plan = TokenizerPlan(
        extra["class_name"],
        config.parent / "tokenizers" / extra["folder"],
        extra.get("options", {}),
    )
    load_tokenizer(plan).save_pretrained(beside / "tokenizer")


# Loading


def _loading(model: ModelInfo, device: Device) -> list[Row]:
    """Time of loading against reading the file's bytes into memory, both from the page cache."""
    from studio.engine.backends.diffusers_image import DiffusersImageBackend

    assert model.path is not None
    backend = DiffusersImageBackend()
    backend.prepare()
    backend.load(model, device, LoadRecorder()).unload()
    loads, reads = [], []
    for _ in range(PAIRS):
        memory.give_back()
        began = time.perf_counter()
        model.path.read_bytes()
        reads.append(time.perf_counter() - began)
        memory.give_back()
        began = time.perf_counter()
        loaded = backend.load(model, device, LoadRecorder())
        loads.append(time.perf_counter() - began)
        loaded.unload()
    gigabytes = model.size_bytes / 1e9
    return [
        Row(f"pictures: loading {gigabytes:.1f} GB of fp16 against reading it into memory",
            min(loads) / min(reads), "times", 3.0),
        Row("pictures: loading it", min(loads), "s"),
    ]  # fmt: skip


# Drawing


def _drawing(size: Size, model: ModelInfo, device: Device) -> list[Row]:
    """Time of a picture through the engine against the bare pipeline in float32."""
    plain = dataclasses.replace(device, dtype="float32")
    bare = _bare(model, device)
    rows: list[Row] = []
    for place, what, limit in (
        (plain, "engine against bare diffusers, both float32", 1.02),
        (device, f"engine's default ({device.dtype}) against bare diffusers", 0.6),
    ):
        if place is device and device.dtype == "float32":
            continue
        ours, theirs = _in_turns(size, model, bare, place)
        rows.append(Row(f"pictures, {size.name}: {what}", ours / theirs, "times", limit))
    rows.append(Row(f"pictures, {size.name}: a picture of {SIDE_PX} px, {size.steps} steps",
                    ours, "s"))  # fmt: skip
    del bare
    gc.collect()
    return [*rows, *_previews(size, model, device), _regions(size, model, device)]


def _in_turns(size: Size, model: ModelInfo, bare: Any, place: Device) -> tuple[float, float]:
    """Return the shortest time of a picture through the engine and of one without, in seconds."""
    ours, theirs = [], []
    with contextlib.closing(_Engine(model, place)) as with_engine:
        for number in range(PAIRS + 1):
            began = time.perf_counter()
            _draw_bare(bare, size.steps, number)
            spent = time.perf_counter() - began
            drawn = with_engine.draw(size.steps, number)
            if number:  # the first of each warms up
                theirs.append(spent)
                ours.append(drawn)
    return min(ours), min(theirs)


class _Engine:
    """An engine with one model, warm."""

    def __init__(self, model: ModelInfo, device: Device) -> None:
        from studio.engine.backends.diffusers_image import DiffusersImageBackend

        self.model = model
        self.engine = Engine(
            registry=Registry.of(DiffusersImageBackend()),
            store=OneModel(model),
            settings=Computing(memory_budget_gb=16.0),
            queue_file=None,
            find_device=lambda settings: (device, ""),
        )
        self.engine.start()
        self.desk = Desk(self.engine, model)

    def draw(self, steps: int, number: int) -> float:
        """Return the seconds one picture takes, previews included."""
        job = self.engine.submit(_request(self.model, steps, number))
        start, _ = self.desk.when(job, Started)
        end, event = self.desk.when(job, Finished)
        assert isinstance(event, Finished)
        return end - start

    def close(self) -> None:
        self.engine.close()
        gc.collect()


def _request(model: ModelInfo, steps: int, number: int) -> ImageRequest:
    return ImageRequest(
        capability=Capability.IMAGE_TXT2IMG,
        seed=1,
        model=model.id,
        prompt=f"a red fox in snow, number {number}",  # encoded anew each time, as bare ones are
        width=SIDE_PX,
        height=SIDE_PX,
        options={"num_inference_steps": steps, "guidance_scale": 7.5},
    )


def _bare(model: ModelInfo, device: Device) -> Any:
    import torch
    from diffusers import StableDiffusionPipeline

    from studio.engine.backends._single_file_impl import load_single_file
    from studio.models import single_file

    assert model.path is not None
    torch.set_num_threads(device.threads)
    pipeline = load_single_file(single_file.plan(model.path), torch_dtype=torch.float32)
    assert isinstance(pipeline, StableDiffusionPipeline)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device.torch_name)


def _draw_bare(pipeline: Any, steps: int, number: int) -> None:
    import torch

    pipeline(
        f"a red fox in snow, number {number}",
        negative_prompt="",
        width=SIDE_PX,
        height=SIDE_PX,
        num_inference_steps=steps,
        guidance_scale=7.5,
        generator=torch.Generator().manual_seed(1),
    )


def _previews(size: Size, model: ModelInfo, device: Device) -> list[Row]:
    """Time of a picture with previews against without, in turns."""
    from studio.engine.backends.diffusers_image import DiffusersImageBackend

    loaded: Any = DiffusersImageBackend().load(model, device, LoadRecorder())
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * (PAIRS + 1)):
        ctx = RecordingContext()
        ctx.shows_previews = bool(number % 2)
        began = time.perf_counter()
        loaded.generate(_request(model, size.steps, number), ctx)
        if number > 1:
            times[ctx.shows_previews].append(time.perf_counter() - began)
    loaded.unload()
    ratio = min(times[True]) / min(times[False])
    return [Row(f"pictures, {size.name}: previews on against off", ratio, "times", 1.02)]


def _regions(size: Size, model: ModelInfo, device: Device) -> Row:
    """Time of a picture with a prompt of its own in each half against one without, in turns."""
    from studio.engine.backends.diffusers_image import DiffusersImageBackend

    loaded: Any = DiffusersImageBackend().load(model, device, LoadRecorder())
    ctx = RecordingContext()
    ctx.shows_previews = False
    halves = tuple(Region(words, _half(ctx, left)) for words, left in (("a cat", 1), ("a dog", 0)))
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(2 * (PAIRS + 1)):
        regions = halves if number % 2 else ()
        request = replaced(_request(model, size.steps, 0), regions=regions)
        began = time.perf_counter()
        loaded.generate(request, ctx)
        if number > 1:
            times[bool(regions)].append(time.perf_counter() - began)
    loaded.unload()
    ratio = min(times[True]) / min(times[False])
    return Row(f"pictures, {size.name}: two regions against none", ratio, "times", 1.2)


def _half(ctx: RecordingContext, left: int) -> InputRef:
    import numpy as np

    from tests.fakes.toy_pictures import encoded

    mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    mask[:, : SIDE_PX // 2] = 255
    return ctx.inputs.put(encoded(mask if left else 255 - mask), "image/png")
