"""``triptych generate image`` on the real engine and a real picture model of toy size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio import cli
from studio.core.provenance import Origin, read
from studio.core.requests import ImageRequest, from_json
from studio.library.recall import recall
from tests.fakes.toy_pictures import picture_folder

TOY = ("--model", "toy-sd-1")
SMALL = (*TOY, "--width", "64", "--height", "64", "--num-inference-steps", "2", "--seed", "5")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the command a home of its own with the toy in it."""
    home = tmp_path / "home"
    (home / "models" / "picture").mkdir(parents=True)
    toy = picture_folder("sd-1")
    (home / "models" / "picture" / toy.name).symlink_to(toy, target_is_directory=True)
    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(home))
    return home


def draw(out: Path, *words: str) -> int:
    return cli.main(
        ["generate", "image", "--prompt", "a red fox", "--out", str(out), *SMALL, *words]
    )


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGBA"))


def test_a_picture_is_written_and_says_how_it_was_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "fox.png"
    assert draw(out, "--negative-prompt", "snow", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["out"] == [str(out)]
    assert told["sizes"] == [[64, 64]]
    assert told["seeds"] == [5]
    request = from_json(json.dumps(told["request"]))
    assert isinstance(request, ImageRequest) and request.negative_prompt == "snow"
    assert pixels(out).shape == (64, 64, 4)
    found = recall(out)
    assert found.request is not None
    assert (found.request.prompt, found.seed) == ("a red fox", 5)
    record = read(out)
    assert record is not None and record.origin is Origin.GENERATED


def test_the_same_seed_draws_the_same_picture_and_several_are_numbered(tmp_path: Path) -> None:
    assert draw(tmp_path / "one.png") == 0
    assert draw(tmp_path / "two.png", "--num-images-per-prompt", "2") == 0
    assert np.array_equal(pixels(tmp_path / "one.png"), pixels(tmp_path / "two-1.png"))
    assert not np.array_equal(pixels(tmp_path / "one.png"), pixels(tmp_path / "two-2.png"))
    assert recall(tmp_path / "two-2.png").seed == 6


def test_previews_are_kept_step_by_step(tmp_path: Path) -> None:
    assert draw(tmp_path / "x.webp", "--preview-dir", str(tmp_path / "steps")) == 0
    kept = sorted(file.name for file in (tmp_path / "steps").iterdir())
    assert kept and all(name.startswith("01-step-") for name in kept)
    assert pixels(tmp_path / "steps" / kept[0]).ndim == 3


def test_a_picture_is_remade_and_repainted(tmp_path: Path) -> None:
    source, mask = tmp_path / "source.png", tmp_path / "mask.png"
    Image.fromarray(np.full((64, 64, 3), 120, np.uint8)).save(source)
    half = np.zeros((64, 64), np.uint8)
    half[:, 32:] = 255
    Image.fromarray(half).save(mask)
    assert draw(tmp_path / "a.png", "--image", str(source), "--strength", "0.5") == 0
    assert draw(tmp_path / "b.png", "--image", str(source), "--mask-image", str(mask)) == 0
    repainted = pixels(tmp_path / "b.png")
    assert (repainted[:, :31, :3] == 120).all()
    assert (repainted[:, 40:, :3] != 120).any()
    record = read(tmp_path / "a.png")
    assert record is not None and record.origin is Origin.COMPOSITE


def test_parts_have_prompts_of_their_own(tmp_path: Path) -> None:
    half = np.zeros((64, 64), np.uint8)
    half[:, 32:] = 255
    Image.fromarray(half).save(tmp_path / "right.png")
    assert draw(tmp_path / "a.png") == 0
    assert draw(tmp_path / "b.png", "--region", "a cat", str(tmp_path / "right.png")) == 0
    assert not np.array_equal(pixels(tmp_path / "a.png"), pixels(tmp_path / "b.png"))
    found = recall(tmp_path / "b.png").request
    assert found is not None and [region.prompt for region in found.regions] == ["a cat"]
    with Image.open(tmp_path / "b.png") as opened:
        settings = opened.info["parameters"]
    assert settings.startswith("a red fox\n") and "Region 1: a cat, Version" in settings


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--out", "x.xcf"), ".png"),
        (("--mask-image", "m.png"), "--image"),
        (("--strength", "0.5"), "--image"),
        (("--image", "gone.png"), "gone.png"),
        (("--lora", "ink:strong"), "NAME:WEIGHT"),
        (("--lora", "nobody:1"), "nobody"),
        (("--region", "a cat", "gone.png"), "gone.png"),
        (("--width", "-4"), "Width"),
        (("--width", "16385"), "16384"),
        (("--num-inference-steps", "many"), "number"),
        (("--scheduler", "magic"), "magic"),
        (("--model", "no-such-model"), "no-such-model"),
    ],
    ids=lambda value: "-".join(value).strip("-") if isinstance(value, tuple) else None,
)
def test_bad_input_is_one_sentence(
    words: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert draw(tmp_path / "x.png", *words, "--quiet") != 0
    printed = capsys.readouterr()
    assert printed.out == ""
    assert says in printed.err
    assert "Traceback" not in printed.err
    assert not (tmp_path / "x.png").exists()
