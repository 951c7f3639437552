"""Prompts that leave a choice, drawn by a real model of toy size."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.core.errors import BadInputError
from studio.core.paths import user_folders
from studio.core.requests import Capability, ImageRequest, replaced
from studio.engine.backends._prompt_choices import chosen, leaves_a_choice
from tests.fakes.job_context import RecordingContext
from tests.fakes.toy_pictures import loaded

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:__array_wrap__ must:DeprecationWarning"),
]


@pytest.fixture(autouse=True)
def _own_wildcards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(tmp_path))
    user_folders().wildcards.mkdir(parents=True)
    (user_folders().wildcards / "beast.txt").write_text("fox\ncat\n", "utf-8")


def ask(prompt: str, count: int = 1, seed: int = 5, **more: str) -> ImageRequest:
    return ImageRequest(
        capability=Capability.IMAGE_TXT2IMG, prompt=prompt, seed=seed, width=64, height=64,
        num_images_per_prompt=count, options={"num_inference_steps": 2}, **more,
    )  # fmt: skip


def test_each_picture_is_the_one_its_seed_would_draw_alone() -> None:
    model = loaded("sd-1")
    request = ask("a {red|blue|cat|tree} __beast__ in {snow|}", count=4)
    whole = model.generate(request, RecordingContext())
    assert whole.request == request
    assert whole.seeds == (5, 6, 7, 8)
    drawn = [chosen(request, seed) for seed in whole.seeds]
    assert len({each.prompt for each in drawn}) > 1
    for index, each in enumerate(drawn):
        alone = model.generate(each, RecordingContext())
        assert whole.pictures[index] == alone.pictures[0]
        again = whole.single(index).request
        assert chosen(again, again.seed).prompt == each.prompt
        assert whole.facts[f"prompt {index + 1}"] == each.prompt
    assert "prompt" not in whole.facts
    repeated = model.generate(
        replaced(request, seed=7, num_images_per_prompt=1), RecordingContext()
    )
    assert repeated.pictures[0] == whole.pictures[2]
    assert repeated.facts["prompt"] == drawn[2].prompt


def test_progress_and_previews_go_over_all_of_them() -> None:
    ctx = RecordingContext()
    loaded("sd-1").generate(ask("a {red|blue} fox", count=3), ctx)
    assert {index for index, _, _ in ctx.previews} == {0, 1, 2}


def test_a_choice_that_cannot_be_read_stops_before_anything_is_drawn() -> None:
    ctx = RecordingContext()
    for prompt in ("a {red|blue", "__loop__"):
        (user_folders().wildcards / "loop.txt").write_text("__loop__\n", "utf-8")
        with pytest.raises(BadInputError):
            loaded("sd-1").generate(ask(prompt), ctx)
    assert ctx.previews == []


def test_what_leaves_no_choice_goes_straight_through() -> None:
    assert not leaves_a_choice(ask("a (red:1.2) fox [cat:tree:2]"))
    assert leaves_a_choice(ask("fox", negative_prompt="{a|b}"))
    model = loaded("sd-1")
    escaped = model.generate(ask(r"a \{red\} fox {cat|cat}"), RecordingContext())
    assert escaped.facts["prompt"] == "a {red} fox cat"
    assert escaped.request.prompt == r"a \{red\} fox {cat|cat}"
