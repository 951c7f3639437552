from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio.core.errors import BadInputError, StorageError
from studio.core.inputs import InputRef
from studio.core.picture_files import encode_picture
from studio.core.provenance import embed, record_of, strip_prompt
from studio.core.provenance.a1111 import settings_text
from studio.core.requests import Capability, ImageRequest, LoraUse
from studio.library.recall import Recalled, _sampler, recall
from tests.library.test_filing import drawn, picture

A1111 = """a fox <lora:ink:0.8>
Negative prompt: blur
Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 11, Size: 512x768, Model hash: abcd, \
Model: dreamshaper_8, Denoising strength: 0.5, Clip skip: 2, Version: v1.9"""
GRAPH = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 5,
            "steps": 20,
            "cfg": 8,
            "sampler_name": "euler_ancestral",
            "scheduler": "normal",
            "denoise": 1,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "x.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "fox", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "bad", "clip": ["4", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}},
}
INVOKE = {
    "app_version": "4.2.0",
    "generation_mode": "txt2img",
    "positive_prompt": "fox",
    "negative_prompt": "bad",
    "seed": 9,
    "cfg_scale": 7.5,
    "steps": 30,
    "scheduler": "dpmpp_2m_k",
    "model": {"name": "dream", "base": "sd-1", "type": "main"},
}
FOOOCUS = {
    "prompt": "fox",
    "negative_prompt": "bad",
    "steps": 30,
    "guidance_scale": 4.0,
    "sampler": "dpmpp_2m_sde_gpu",
    "scheduler": "karras",
    "seed": "77",
    "base_model": "jugger",
    "base_model_hash": "h",
}


def foreign(folder: Path, **texts: str) -> Path:
    info = PngInfo()
    for key, value in texts.items():
        info.add_text(key, value)
    path = folder / "x.png"
    Image.new("RGB", (64, 48)).save(path, pnginfo=info)
    return path


def test_our_own_picture_says_all_of_it(tmp_path: Path) -> None:
    source = InputRef(sha256="a" * 64, media_type="image/png")
    artifact = drawn(
        capability=Capability.IMAGE_IMG2IMG,
        image=source,
        strength=0.3,
        options={"num_inference_steps": 8, "scheduler": "unipc"},
        loras=(LoraUse("ink", 0.7),),
    )
    path = tmp_path / "x.png"
    path.write_bytes(embed(encode_picture(picture(1), ".png"), ".png", record_of(artifact)))
    found = recall(path)
    assert found.request == artifact.request
    assert (found.program, found.prompt, found.seed) == ("Triptych", "a red fox, 3d", 40)
    assert found.options == {"num_inference_steps": 8, "scheduler": "unipc"}
    assert found.strength == 0.3
    assert found.loras == (("ink", 0.7),)


def test_a1111(tmp_path: Path) -> None:
    assert recall(foreign(tmp_path, parameters=A1111)) == Recalled(
        program="A1111",
        prompt="a fox <lora:ink:0.8>",
        negative_prompt="blur",
        seed=11,
        width=512,
        height=768,
        model="dreamshaper_8",
        options={
            "num_inference_steps": 20,
            "guidance_scale": 7.0,
            "scheduler": "dpmpp_2m_karras",
            "clip_skip": 1,
        },
        strength=0.5,
        loras=(("ink", 0.8),),
    )


def test_comfyui(tmp_path: Path) -> None:
    nodes = [{"id": int(k), "type": v["class_type"]} for k, v in GRAPH.items()]
    flow = {"nodes": nodes, "links": []}
    found = recall(foreign(tmp_path, prompt=json.dumps(GRAPH), workflow=json.dumps(flow)))
    assert (found.program, found.prompt, found.negative_prompt) == ("ComfyUI", "fox", "bad")
    assert (found.seed, found.model, found.width) == (5, "x.safetensors", 64)
    assert found.options == {
        "num_inference_steps": 20,
        "guidance_scale": 8.0,
        "scheduler": "euler_a",
    }


def test_invokeai(tmp_path: Path) -> None:
    found = recall(foreign(tmp_path, invokeai_metadata=json.dumps(INVOKE)))
    assert (found.program, found.prompt, found.seed) == ("InvokeAI", "fox", 9)
    assert found.options["scheduler"] == "dpmpp_2m_karras"


def test_fooocus(tmp_path: Path) -> None:
    found = recall(foreign(tmp_path, parameters=json.dumps(FOOOCUS), fooocus_scheme="fooocus"))
    assert (found.prompt, found.seed, found.model) == ("fox", 77, "jugger")
    assert found.options["scheduler"] == "dpmpp_2m_sde_karras"
    assert found.options["guidance_scale"] == 4.0


def test_what_we_write_for_others_says_the_same_to_us(tmp_path: Path) -> None:
    request = ImageRequest(
        capability=Capability.IMAGE_TXT2IMG,
        seed=3,
        prompt="a fox",
        negative_prompt="blur",
        options={"num_inference_steps": 9, "guidance_scale": 5.5, "scheduler": "dpmpp_2m_karras"},
    )
    text = settings_text(request, seed=3, width=12, height=8)
    path = tmp_path / "x.png"
    path.write_bytes(encode_picture(picture(1), ".png", settings=text))
    found = recall(path)
    assert dict(found.options) == dict(request.options)
    assert (found.prompt, found.negative_prompt, found.seed) == ("a fox", "blur", 3)


@pytest.mark.parametrize("name", ["plain", "shared"])
def test_a_picture_that_says_nothing_is_told_in_a_sentence(name: str, tmp_path: Path) -> None:
    data = encode_picture(picture(1), ".png", settings="fox\nSteps: 3, Seed: 1, Size: 8x8")
    data = embed(data, ".png", record_of(drawn()))
    data = strip_prompt(data, ".png") if name == "shared" else encode_picture(picture(1), ".png")
    path = tmp_path / "x.png"
    path.write_bytes(data)
    with pytest.raises(BadInputError, match="does not say"):
        recall(path)


def test_what_is_no_picture_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("a text")
    with pytest.raises(BadInputError):
        recall(tmp_path / "x.png")
    with pytest.raises(StorageError):
        recall(tmp_path / "gone.png")


@pytest.mark.parametrize(
    ("values", "left_out"),
    [
        ("Steps: 99999, Sampler: Euler, CFG scale: 7, Seed: 1", "num_inference_steps"),
        ("Steps: 5, Sampler: Euler, CFG scale: nan, Seed: 1", "guidance_scale"),
        ("Steps: 5, Sampler: Restart, CFG scale: 7, Seed: 1", "scheduler"),
    ],
    ids=["steps", "guidance", "sampler"],
)
def test_values_that_mean_nothing_here_are_left_out(
    values: str, left_out: str, tmp_path: Path
) -> None:
    found = recall(foreign(tmp_path, parameters=f"fox\n{values}, Size: 8x8, Version: 1"))
    assert found.prompt == "fox"
    assert left_out not in found.options


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_name_of_a_sampler_is_one_of_ours_or_none(name: str, schedule: str) -> None:
    from studio.engine.backends._diffusers_schedulers import SCHEDULERS

    assert _sampler(name, schedule) in {"", *SCHEDULERS}


@pytest.mark.parametrize(
    ("name", "schedule", "ours"),
    [
        ("Euler a", "", "euler_a"),
        ("Euler", "Karras", "euler_karras"),
        ("DPM++ 2M SDE", "Karras", "dpmpp_2m_sde_karras"),
        ("dpmpp_2m_sde_gpu", "karras", "dpmpp_2m_sde_karras"),
        ("uni_pc", "", "unipc"),
        ("LCM", "", "lcm"),
        ("euler_k", "", "euler_karras"),
    ],
)
def test_names_of_samplers(name: str, schedule: str, ours: str) -> None:
    assert _sampler(name, schedule) == ours
