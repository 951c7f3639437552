"""Counting tokens without torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from studio.core.errors import ModelDamagedError
from studio.models.info import ModelInfo
from studio.models.single_file import configs_folder
from studio.models.token_count import token_counter
from tests.fakes import toy_pictures
from tests.models.test_identify import written

TEXTS = ["a red fox", "Don't STOP 1234!!", "漢字 é ü 🦊", "  a  b\n\nc ", "", "x" * 300, "a,b , c"]


def of(family: str, **more: Any) -> Any:
    return token_counter(ModelInfo(id="x", title="x", family=family, **more))


@pytest.mark.parametrize(
    ("family", "folder", "class_name"),
    [
        ("sd-1", "clip", "CLIPTokenizer"),
        ("flux", "t5", "T5TokenizerFast"),
        ("z-image", "qwen", "Qwen2TokenizerFast"),
    ],
)
def test_tokens_are_those_of_transformers(family: str, folder: str, class_name: str) -> None:
    import transformers

    path = str(configs_folder() / "tokenizers" / folder)
    theirs = getattr(transformers, class_name).from_pretrained(path, local_files_only=True)
    ours = of(family)
    for text in TEXTS:
        wanted = theirs(text, add_special_tokens=False).input_ids
        assert list(ours.tokenize(text)) == wanted, text


@pytest.mark.parametrize(
    ("family", "text", "count"),
    [
        ("sd-1", "a (red:1.2) fox", (3, 75)),
        ("sd-1", "", (0, 75)),
        ("sd-1", "fox " * 80, (80, 150)),
        ("sdxl", "a BREAK b", (76, 150)),
        ("sd-1", "a fox <lora:pixels:0.8>\n# a note", (2, 75)),
        ("sd-1", "a [red:blue:0.5] fox", (3, 75)),
        ("flux", "a (red:1.2) fox", (5, 512)),
        ("sd-3", "", (0, 256)),
        ("qwen-image", "a red fox", (3, 1024)),
    ],
)
def test_what_counts_and_what_fits(family: str, text: str, count: tuple[int, int]) -> None:
    assert of(family).count(text) == count


def test_a_model_in_a_folder_counts_with_its_own_vocabulary() -> None:
    counter = token_counter(toy_pictures.picture_model("sd-1"))
    assert counter is not None
    tokenizer = toy_pictures.clip_tokenizer()
    for text in ("a red fox", "snow, tree"):
        wanted = tokenizer(text, add_special_tokens=False).input_ids
        assert counter.count(text) == (len(wanted), 75)


def test_a_vocabulary_with_a_length_of_its_own(tmp_path: Path) -> None:
    from transformers import BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "red", "fox"]
    tokenizer = BertTokenizer(vocab={w: i for i, w in enumerate(words)}, model_max_length=24)
    tokenizer.save_pretrained(str(tmp_path / "tokenizer"))
    counter = of("", format="diffusers", path=tmp_path)
    assert counter.count("a (red:1.2) fox") == (3, 22)
    assert counter.count("a BREAK fox " * 20) == (40, 22)


def test_what_cannot_be_counted(tmp_path: Path) -> None:
    assert of("auraflow") is None
    assert of("", format="diffusers", path=tmp_path) is None
    written(tmp_path / "tokenizer" / "tokenizer_config.json", "{}")
    for content in ("{", "[]", "{}"):
        written(tmp_path / "tokenizer" / "tokenizer.json", content)
        with pytest.raises(ModelDamagedError, match="vocabulary"):
            of("", format="diffusers", path=tmp_path)


def test_counting_needs_no_torch() -> None:
    code = (
        "import sys; from studio.models.token_count import token_counter\n"
        "from studio.models.info import ModelInfo\n"
        "model = ModelInfo(id='x', title='x', family='sd-1')\n"
        "assert token_counter(model).count('a red fox') == (3, 75)\n"
        "print(sorted({'torch', 'transformers', 'numpy', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
