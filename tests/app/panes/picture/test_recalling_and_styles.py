from __future__ import annotations

import json
from pathlib import Path

from studio.app.panes.picture.prompt_history import Prompt
from studio.core.picture_files import encode_picture
from studio.core.styles import Style
from tests.app.panes.picture.conftest import Studio
from tests.fakes.fake_engine import plain_picture

A1111 = """a fox in the snow
Negative prompt: blur
Steps: 12, Sampler: Euler, CFG scale: 4.5, Seed: 11, Size: 512x768, Model: dream, Clip skip: 2"""


def drawn(path: Path, settings: str = "") -> Path:
    picture = plain_picture(64, 64, (200, 60, 40, 255))
    path.write_bytes(encode_picture(picture, ".png", settings=settings))
    return path


def test_the_settings_of_another_program_are_taken_over(studio: Studio, tmp_path: Path) -> None:
    studio.pane.recalling.recall(drawn(tmp_path / "x.png", A1111))
    studio.until(lambda: studio.view.prompt.text().prompt)
    assert studio.view.prompt.text() == Prompt("a fox in the snow", "blur")
    assert studio.pane.options.seed == 11 and studio.pane.options.seed_locked
    assert studio.pane.options.values["num_inference_steps"] == 12
    assert studio.pane.options.values["guidance_scale"] == 4.5
    frame = studio.picture.frame
    assert (frame.width, frame.height) == (512, 768)


def test_a_picture_that_says_nothing_changes_nothing(studio: Studio, tmp_path: Path) -> None:
    studio.view.prompt.set_text(Prompt("mine"))
    studio.pane.recalling.recall(drawn(tmp_path / "x.png"))
    studio.until(lambda: studio.pane.workers.making.pending == 0)
    assert studio.view.prompt.text().prompt == "mine"
    assert not studio.pane.options.seed_locked


def test_what_came_in_by_dropping_is_offered_not_taken(studio: Studio, tmp_path: Path) -> None:
    studio.pane.files.add_as_layer(drawn(tmp_path / "x.png", A1111))
    studio.until(lambda: studio.picture.layers)
    studio.until(lambda: studio.pane.workers.looking.pending == 0)
    assert studio.view.prompt.text().prompt == ""


def test_a_style_stands_in_the_prompt_and_goes_with_undo(studio: Studio) -> None:
    studio.view.prompt.set_text(Prompt("a fox"))
    studio.pane.styles.apply(Style(name="Ink", prompt="{prompt}, ink wash"))
    assert studio.view.prompt.text().prompt == "a fox, ink wash"
    studio.view.prompt.edit.undo()
    assert studio.view.prompt.text().prompt == "a fox"


def test_styles_of_others_are_added_to_ones_own(studio: Studio, tmp_path: Path) -> None:
    listed = tmp_path / "list.json"
    listed.write_text(json.dumps([{"name": "Mine", "prompt": "{prompt}, mine"}]))
    studio.pane.styles.import_from(listed)
    studio.pane.styles.import_from(listed)
    names = [style.name for style in studio.pane.styles.styles()]
    assert names.count("Mine") == 1 and names[0] == "Mine" and len(names) > 40
    studio.pane.styles._fill()
    menus = [action.text() for action in studio.pane.styles._menu.actions()]
    assert menus[0] and "Painting" in menus
