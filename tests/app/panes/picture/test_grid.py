from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QFont, QImage
from pytestqt.qtbot import QtBot

from studio.app.panes.picture.grid_dialog import GridDialog, run_grid, sheet
from studio.app.panes.picture.grid_plan import Axis, axis_of, cells
from studio.app.panes.picture.intents import Intent
from studio.app.panes.picture.prompt_history import Prompt
from studio.app.panes.picture.wish import Wish
from studio.core.errors import BadInputError
from studio.core.options import describe
from studio.core.requests import Capability
from tests.app.panes.picture.conftest import Studio
from tests.fakes.fake_engine import FakeImageOptions

OPTIONS = describe(FakeImageOptions)
BASE = Wish(
    intent=Intent.GENERATE,
    label="Grid",
    prompt="a fox in snow",
    model="m",
    seed=5,
    count=4,
    options={Capability.IMAGE_TXT2IMG: {"guidance_scale": 7.0}},
)


def axis(name: str, text: str) -> Axis:
    return axis_of(name, text, OPTIONS)


@pytest.mark.parametrize(
    ("name", "text", "values"),
    [
        ("num_inference_steps", "8, 16,24", ("8", "16", "24")),
        ("num_inference_steps", "10-30 (+10)", ("10", "20", "30")),
        ("guidance_scale", "1-2 (+0.5), 7", ("1", "1.5", "2", "7")),
        ("scheduler", "default, euler", ("default", "euler")),
        ("seed", "1-3 (+1)", ("1", "2", "3")),
        ("prompt", "fox, grey cat", ("fox", "grey cat")),
        ("", "", ("",)),
    ],
)
def test_values_are_read(name: str, text: str, values: tuple[str, ...]) -> None:
    assert axis(name, text).values == values


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("num_inference_steps", ""),
        ("num_inference_steps", "many"),
        ("num_inference_steps", "0"),
        ("num_inference_steps", "1-100000 (+1)"),
        ("num_inference_steps", "1-5 (+0)"),
        ("scheduler", "magic"),
        ("seed", "-1"),
        ("seed", "1.5"),
        ("strength", "2"),
    ],
)
def test_bad_values_are_refused_in_words(name: str, text: str) -> None:
    with pytest.raises(BadInputError):
        axis(name, text)


def test_each_cell_asks_for_one_picture_with_its_values() -> None:
    rows = cells(BASE, axis("num_inference_steps", "4, 8"), axis("seed", "1, 2, 3"), OPTIONS)
    assert [[wish.seed for wish in row] for row in rows] == [[1, 1], [2, 2], [3, 3]]
    options = [wish.options[Capability.IMAGE_TXT2IMG] for wish in rows[0]]
    assert [each["num_inference_steps"] for each in options] == [4, 8]
    assert all(each["guidance_scale"] == 7.0 for each in options)
    assert {wish.count for row in rows for wish in row} == {1}
    assert BASE.count == 4


def test_words_of_the_prompt_are_exchanged() -> None:
    (row,) = cells(BASE, axis("prompt", "fox, cat"), axis("", ""), OPTIONS)
    assert [wish.prompt for wish in row] == ["a fox in snow", "a cat in snow"]
    with pytest.raises(BadInputError, match="does not hold"):
        cells(BASE, axis("prompt", "owl, cat"), axis("", ""), OPTIONS)


def test_too_large_a_table_is_refused() -> None:
    many = axis("seed", "1-20 (+1)")
    with pytest.raises(BadInputError, match="100"):
        cells(BASE, many, many, OPTIONS)


def test_the_sheet_has_every_picture_in_its_place(qtbot: QtBot) -> None:
    pictures = {}
    for row in range(2):
        for column in range(3):
            image = QImage(40, 30, QImage.Format.Format_RGBA8888)
            image.fill(QColor(row * 100, column * 100, 50))
            pictures[row, column] = image
    across, down = Axis("a", "Steps", ("1", "2", "3")), Axis("b", "Seed", ("1", "2"))
    made = sheet(pictures, across, down, QFont())
    right, bottom = made.width() - 8 - 20, made.height() - 8 - 15
    assert made.pixelColor(right, bottom) == QColor(100, 200, 50)
    assert made.pixelColor(1, 1) == QColor("white")


def test_the_dialog_says_what_is_wrong(studio: Studio, qtbot: QtBot) -> None:
    dialog = GridDialog(studio.pane)
    qtbot.addWidget(dialog)
    dialog.across_values.setText("many")
    dialog._check()
    assert not dialog.problem.isHidden()
    assert "number" in dialog.problem.text()
    dialog.across_values.setText("2, 4")
    dialog._check()
    assert dialog.result() == 1


def test_a_grid_opens_as_a_picture_of_its_own(studio: Studio) -> None:
    studio.view.prompt.set_text(Prompt("a fox"))
    tabs = len(studio.pane.documents)
    run = run_grid(
        studio.pane, studio.context, axis("num_inference_steps", "2, 4"), axis("seed", "1, 2")
    )
    for count in range(1, 5):
        studio.until(lambda c=count: len(studio.asked) == c)
        studio.engine.play()
    studio.until(lambda: len(studio.pane.documents) == tabs + 1)
    assert [request.seed for request in studio.asked] == [1, 1, 2, 2]
    assert [r.options["num_inference_steps"] for r in studio.asked] == [2, 4, 2, 4]
    assert studio.picture.layers[0].name == "Grid"
    assert run.job is not None
