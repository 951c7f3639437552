"""What is needed to load a picture model from one file, and what is shipped for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from studio.core.errors import (
    ModelDamagedError,
    ModelNotFoundError,
    UnsupportedModelError,
)
from studio.models.info import ModelInfo
from studio.models.pictures.kinds import KINDS
from studio.models.single_file import (
    PartPlan,
    config_folder,
    configs_folder,
    find_parts,
    has_config,
    plan,
)
from tests.fakes.picture_headers import component_shapes, networks, original_shapes, sparse_file
from tests.models.test_identify import safetensors, written

SHIPPED = sorted(path.parent.name for path in configs_folder().glob("*/model_index.json"))

#: Numbers of weights of published models, as their makers and diffusers state them.
KNOWN = {
    ("sd-1", "unet"): 859_520_964,
    ("sd-1", "vae"): 83_653_863,
    ("sd-1", "text_encoder"): 123_060_480,
    ("sd-1-inpaint", "unet"): 859_535_364,
    ("sd-2", "unet"): 865_910_724,
    ("sd-2", "text_encoder"): 340_387_840,
    ("sdxl", "unet"): 2_567_463_684,
    ("sdxl", "text_encoder_2"): 694_659_840,
    ("flux-dev", "transformer"): 11_901_408_320,
    ("flux-schnell", "transformer"): 11_891_178_560,
    ("flux-2-klein-4b", "vae"): 84_046_115,
    ("qwen-image", "transformer"): 20_430_401_088,
}


@pytest.mark.parametrize(("kind", "component"), KNOWN, ids=lambda part: str(part))
def test_networks_have_the_size_of_the_published_ones(kind: str, component: str) -> None:
    from math import prod

    count = sum(prod(shape) for shape in component_shapes(kind, component).values())
    # Running means of an autoencoder's norm are no weights.
    beside = {"flux-2-klein-4b": 2 * 128 + 1}.get(kind, 0)
    assert count - beside == KNOWN[kind, component]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("kind", SHIPPED)
def test_shipped_configurations_are_complete(kind: str) -> None:
    import diffusers

    folder = config_folder(kind)
    index = json.loads((folder / "model_index.json").read_text())
    extra = json.loads((folder / "triptych.json").read_text())
    assert index["_class_name"] == KINDS[kind].pipeline
    pipeline = getattr(diffusers, index["_class_name"])
    required, _ = pipeline._get_signature_keys(pipeline)
    assert set(required) - set(index) - set(pipeline._optional_components) == set()
    for name in networks(kind):
        assert (folder / name / "config.json").is_file()
    scheduler = getattr(diffusers, index["scheduler"][1])
    made = scheduler.from_pretrained(str(folder), subfolder="scheduler", local_files_only=True)
    written_values = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    for name, value in written_values.items():
        assert name.startswith("_") or made.config[name] == value, name
    tokenizers = {name for name in index if name.startswith("tokenizer") and index[name][0]}
    assert set(extra["tokenizers"]) == tokenizers
    networks_beside = {name for name in networks(kind) if name not in ("unet", "transformer")}
    assert set(extra["parts"]) == networks_beside


def test_shipped_tokenizers_read_as_the_original_ones() -> None:
    from studio.engine.backends._single_file_impl import load_tokenizer

    flux = plan_of("flux-dev")
    clip, t5 = (load_tokenizer(flux.tokenizers[name]) for name in ("tokenizer", "tokenizer_2"))
    # Ids that are published: openai/clip-vit-large-patch14 and google/t5-v1_1-xxl.
    assert clip("a photo of an astronaut riding a horse").input_ids == [
        49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 49407,
    ]  # fmt: skip
    assert (clip.model_max_length, clip.pad_token_id, len(clip)) == (77, 49407, 49408)
    assert t5("a photo of a cat").input_ids == [3, 9, 1202, 13, 3, 9, 1712, 1]
    assert t5.model_max_length == 512
    second = load_tokenizer(plan_of("sdxl").tokenizers["tokenizer_2"])
    assert (second.pad_token_id, second.model_max_length) == (0, 77)
    qwen = load_tokenizer(plan_of("z-image").tokenizers["tokenizer"])
    chat = [{"role": "user", "content": "hi"}]
    text = qwen.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert text == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    assert qwen(text).input_ids == [151644, 872, 198, 6023, 151645, 198, 151644, 77091, 198]


def test_the_vocabulary_of_clip_follows_from_its_merges() -> None:
    folder = configs_folder() / "tokenizers" / "clip"
    vocabulary = json.loads((folder / "vocab.json").read_text("utf-8"))
    merges = (folder / "merges.txt").read_text("utf-8").splitlines()[1:]
    words = sorted(vocabulary, key=vocabulary.__getitem__)
    assert words[512:-2] == ["".join(merge.split()) for merge in merges]
    assert [f"{letter}</w>" for letter in words[:256]] == words[256:512]
    assert words[-2:] == ["<|startoftext|>", "<|endoftext|>"]


_FILES: dict[str, Path] = {}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path) -> None:
    _FILES["folder"] = tmp_path


def plan_of(kind: str) -> object:
    component = "transformer" if "transformer" in networks(kind) else "unet"
    path = _FILES["folder"] / f"{kind}.safetensors"
    return plan(sparse_file(path, component_shapes(kind, component)))


def test_a_whole_checkpoint_lacks_nothing(tmp_path: Path) -> None:
    for kind in ("sd-1", "sdxl", "sdxl-refiner"):
        found = plan(sparse_file(tmp_path / f"{kind}.safetensors", original_shapes(kind)))
        assert (found.kind, found.missing) == (kind, ())
        assert found.config == config_folder(kind)
        assert found.pipeline == KINDS[kind].pipeline


def test_a_diffusion_model_alone_says_what_it_lacks() -> None:
    found = plan_of("flux-dev")
    assert [(part.component, part.role, part.family) for part in found.missing] == [
        ("vae", "vae", "flux"),
        ("text_encoder", "text-encoder", "clip-l"),
        ("text_encoder_2", "text-encoder", "t5-xxl"),
    ]
    here = [
        ModelInfo(id="big", title="", role="text-encoder", family="t5-xxl", size_bytes=9),
        ModelInfo(id="small", title="", role="text-encoder", family="t5-xxl", size_bytes=4),
        ModelInfo(id="clip", title="", role="text-encoder", family="clip-l"),
        ModelInfo(id="tiny", title="", role="vae", family="flux", architecture="AutoencoderTiny"),
    ]
    with pytest.raises(ModelNotFoundError, match=r"the autoencoder of FLUX\.1 must be there"):
        find_parts(found.missing, here)
    here.append(
        ModelInfo(id="ae", title="", role="vae", family="flux", architecture="AutoencoderKL")
    )
    chosen = {name: model.id for name, model in find_parts(found.missing, here).items()}
    assert chosen == {"vae": "ae", "text_encoder": "clip", "text_encoder_2": "small"}
    with pytest.raises(ModelNotFoundError, match="CLIP-L and the text encoder T5-XXL"):
        find_parts(found.missing, here[-1:])


def test_an_optional_part_may_be_absent() -> None:
    part = PartPlan("text_encoder_3", ("transformers", "T5EncoderModel"), "text-encoder", "t5-xxl",
                    optional=True)  # fmt: skip
    assert find_parts([part], []) == {}


def test_a_folder_of_configurations_beside_the_file_is_used(tmp_path: Path) -> None:
    file = written(tmp_path / "new.safetensors", safetensors({"foo.bar": (2,)}))
    with pytest.raises(UnsupportedModelError, match="cannot be told") as caught:
        plan(file)
    assert "a folder named new beside it" in caught.value.hint
    written(
        tmp_path / "new" / "model_index.json",
        {"_class_name": "NewPipeline", "tokenizer": ["transformers", "CLIPTokenizer"]},
    )
    written(tmp_path / "new" / "tokenizer" / "vocab.json", "{}")
    found = plan(file)
    assert (found.pipeline, found.config, found.missing) == ("NewPipeline", tmp_path / "new", ())
    assert found.tokenizers["tokenizer"].folder == tmp_path / "new" / "tokenizer"
    for content in ("{", "[]", "{}"):
        written(tmp_path / "new" / "model_index.json", content)
        with pytest.raises(ModelDamagedError, match="configuration"):
            plan(file)


@pytest.mark.parametrize(
    "name", ["x.scale_weight", "scaled_fp8", "x.wscales", "x.absmax", "x.comfy_quant"]
)
def test_weights_that_would_be_misread_are_refused(tmp_path: Path, name: str) -> None:
    shapes = {"double_blocks.0.img_attn.norm.key_norm.scale": (128,), name: (1,)}
    with pytest.raises(UnsupportedModelError, match="stored as"):
        plan(written(tmp_path / "x.safetensors", safetensors(shapes)))


@pytest.mark.parametrize(
    ("notes", "name", "predicts"),
    [
        ({}, "dream", ""),
        ({"modelspec.prediction_type": "v"}, "dream", "v_prediction"),
        ({"modelspec.prediction_type": "epsilon"}, "dream-vpred", "epsilon"),
        ({}, "dream-v-pred", "v_prediction"),
    ],
)
def test_what_the_model_predicts_where_the_file_says_so(
    tmp_path: Path, notes: dict[str, str], name: str, predicts: str
) -> None:
    shapes = component_shapes("sdxl", "unet")
    assert plan(sparse_file(tmp_path / f"{name}.safetensors", shapes, notes)).prediction_type == (
        predicts
    )


def test_a_mark_in_the_weights_says_so_too(tmp_path: Path) -> None:
    shapes = component_shapes("sdxl", "unet") | {"v_pred": ()}
    assert plan(sparse_file(tmp_path / "x.safetensors", shapes)).prediction_type == "v_prediction"


@pytest.mark.parametrize("kind", ["lumina-2", "auraflow", "hidream", "flux-3", "", "../sd-1"])
def test_a_kind_without_configurations_is_said_to_be_so(kind: str) -> None:
    assert not has_config(kind)
    with pytest.raises(UnsupportedModelError, match="does not come with Triptych"):
        config_folder(kind)


def test_families_stand_for_their_first_kind() -> None:
    assert config_folder("sd-3").name == "sd-3-medium"
    assert config_folder("flux").name == "flux-dev"
    assert config_folder("sd-1").name == "sd-1"


def test_a_truncated_file_keeps_its_sentence(tmp_path: Path) -> None:
    path = sparse_file(tmp_path / "x.safetensors", component_shapes("sd-1", "unet"))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 1000)
    with pytest.raises(ModelDamagedError, match="1,000 bytes are missing"):
        plan(path)


def test_planning_imports_nothing_heavy(tmp_path: Path) -> None:
    path = sparse_file(tmp_path / "x.safetensors", component_shapes("sd-1", "unet"))
    code = (
        "import sys; from pathlib import Path; from studio.models.single_file import plan\n"
        f"assert plan(Path({str(path)!r})).kind == 'sd-1'\n"
        "heavy = {'torch', 'transformers', 'diffusers', 'numpy', 'safetensors', 'PySide6'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
