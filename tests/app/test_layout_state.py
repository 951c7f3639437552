from __future__ import annotations

import pytest
from PySide6.QtCore import QRect

from studio.app.layout_state import LayoutState, fitting, load_layout, save_layout

SCREEN = QRect(0, 0, 1920, 1040)
SECOND = QRect(1920, 0, 1280, 1000)


def test_it_comes_back_as_it_was(tmp_path):
    layout = LayoutState(x=10, y=20, width=900, height=700, placed=True, inspector=False)
    save_layout(tmp_path / "window.json", layout)
    assert load_layout(tmp_path / "window.json") == layout


@pytest.mark.parametrize("text", ["", "[]", "{", '{"width": "wide", "inspector": 1}', "[" * 9999])
def test_what_cannot_be_read_falls_back(tmp_path, text):
    (tmp_path / "window.json").write_text(text)
    assert load_layout(tmp_path / "window.json") == LayoutState()
    assert load_layout(tmp_path / "missing.json") == LayoutState()


def test_one_bad_value_falls_back_alone(tmp_path):
    (tmp_path / "window.json").write_text('{"width": true, "height": 700, "new": 1}')
    assert load_layout(tmp_path / "window.json") == LayoutState(height=700)


def test_a_place_on_a_screen_is_kept():
    layout = LayoutState(x=100, y=50, width=1000, height=800, placed=True)
    assert fitting(layout, [SCREEN]) == QRect(100, 50, 1000, 800)
    other = LayoutState(x=2000, y=50, width=1000, height=800, placed=True)
    assert fitting(other, [SCREEN, SECOND]) == QRect(2000, 50, 1000, 800)


def test_a_window_on_a_screen_that_is_gone_comes_back_to_the_middle():
    layout = LayoutState(x=2000, y=50, width=1000, height=800, placed=True)
    area = fitting(layout, [SCREEN])
    assert area == QRect(460, 120, 1000, 800)


@pytest.mark.parametrize(("x", "y"), [(-2000, 0), (0, -500), (5000, 5000), (0, 1039)])
def test_the_title_bar_can_always_be_grabbed(x, y):
    area = fitting(LayoutState(x=x, y=y, width=1000, height=800, placed=True), [SCREEN])
    assert SCREEN.contains(area)


def test_a_window_larger_than_the_screen_is_made_smaller():
    layout = LayoutState(x=0, y=0, width=4000, height=3000, placed=True)
    assert fitting(layout, [SCREEN]) == SCREEN
    assert fitting(layout, []) is None
