"""Going through prompts that were used."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.app.panes.picture.prompt_history import MOST, Prompt, PromptHistory

FOX, CAT = Prompt("a fox"), Prompt("a cat", "blur")


def test_back_and_forth_and_to_what_was_being_written(tmp_path: Path) -> None:
    history = PromptHistory(tmp_path / "prompts.json")
    history.add(FOX)
    history.add(CAT)
    written = Prompt("a dog wi")
    assert history.back(written) == CAT
    assert history.back(CAT) == FOX
    assert history.back(FOX) == FOX, "there is nothing before the first"
    assert history.forth(FOX) == CAT
    assert history.forth(CAT) == written
    assert history.forth(written) == written


def test_what_stands_there_already_is_not_offered_as_the_one_before(tmp_path: Path) -> None:
    history = PromptHistory(tmp_path / "prompts.json")
    history.add(FOX)
    history.add(CAT)
    assert history.back(CAT) == FOX


def test_changing_an_old_prompt_begins_anew(tmp_path: Path) -> None:
    history = PromptHistory(tmp_path / "prompts.json")
    history.add(FOX)
    history.add(CAT)
    assert history.back(Prompt("")) == CAT
    changed = Prompt("a cat with a hat")
    assert history.back(changed) == CAT
    assert history.forth(CAT) == changed


def test_prompts_outlive_the_program_once_each_and_not_too_many(tmp_path: Path) -> None:
    file = tmp_path / "state" / "prompts.json"
    history = PromptHistory(file)
    for number in range(MOST + 20):
        history.add(Prompt(f"picture {number}"))
    history.add(Prompt("picture 30"))
    history.add(Prompt("   "))
    again = PromptHistory(file)
    assert again.back(Prompt("")) == Prompt("picture 30")
    assert again.back(Prompt("picture 30")) == Prompt(f"picture {MOST + 19}")
    assert file.read_text("utf-8").count("picture 30") == 1
    assert len(again._all()) == MOST


@pytest.mark.parametrize("content", ["", "{}", "[1, [2], [], ['a']]", '[["a", "b", "c"], ["x"]]'])
def test_a_damaged_file_is_an_empty_history(tmp_path: Path, content: str) -> None:
    file = tmp_path / "prompts.json"
    file.write_text(content, "utf-8")
    found = PromptHistory(file)._all()
    assert all(isinstance(item, Prompt) for item in found) and len(found) <= 1
