from __future__ import annotations

import itertools
import re
from dataclasses import fields
from pathlib import Path

import pytest

from studio.app.theme.tokens import DARK, LIGHT, Palette, contrast, lightness, luminance, ramp

APP = Path(__file__).parents[3] / "studio" / "app"
BOTH = pytest.mark.parametrize("palette", [DARK, LIGHT], ids=["dark", "light"])


def test_contrast_is_the_one_of_wcag():
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert luminance("#FF0000") == pytest.approx(0.2126)


@BOTH
@pytest.mark.parametrize(
    "ground", ["ground", "surface", "raised", "hover", "gold_wash", "heard_wash"]
)
def test_text_can_be_read_everywhere(palette: Palette, ground: str):
    assert contrast(palette.text, getattr(palette, ground)) >= 7


@BOTH
@pytest.mark.parametrize("ground", ["ground", "surface", "raised", "hover"])
def test_quiet_text_can_be_read(palette: Palette, ground: str):
    assert contrast(palette.quiet, getattr(palette, ground)) >= 4.5


@BOTH
@pytest.mark.parametrize("ground", ["ground", "surface", "raised"])
def test_words_in_colour_can_be_read(palette: Palette, ground: str):
    for colour in (palette.gold, palette.bad, palette.good):
        assert contrast(colour, getattr(palette, ground)) >= 4.5


@BOTH
def test_the_primary_button_can_be_read_also_under_the_pointer(palette: Palette):
    assert contrast(palette.on_gold, palette.gold) >= 4.5
    assert contrast(palette.on_gold, palette.gold_hover) >= 4.5


@BOTH
def test_the_focus_ring_stands_out(palette: Palette):
    for ground in (palette.ground, palette.surface, palette.raised, palette.hover):
        assert contrast(palette.gold, ground) >= 3


@BOTH
def test_what_is_off_is_quieter_than_quiet_but_there(palette: Palette):
    assert 2 <= contrast(palette.off, palette.surface) < contrast(palette.quiet, palette.surface)


@BOTH
def test_the_surround_of_pictures_has_no_tint(palette: Palette):
    assert len({palette.canvas[1:3], palette.canvas[3:5], palette.canvas[5:7]}) == 1


@BOTH
def test_tokens_are_colours(palette: Palette):
    for field in fields(Palette):
        assert re.fullmatch(r"#[0-9A-Fa-f]{6}", getattr(palette, field.name)), field.name


@BOTH
def test_a_spectrogram_gets_evenly_lighter_or_darker(palette: Palette):
    stops = (
        palette.raised,
        palette.spectrum_quiet,
        palette.spectrum_middle,
        palette.spectrum_loud,
    )
    shades = ramp(stops, 64)
    assert (shades[0], shades[-1]) == (palette.raised, palette.spectrum_loud)
    steps = [lightness(b) - lightness(a) for a, b in itertools.pairwise(shades)]
    even = (lightness(shades[-1]) - lightness(shades[0])) / 63
    assert all(step == pytest.approx(even, abs=0.004) for step in steps)
    assert contrast(shades[-1], shades[0]) >= 10
    # The play head and the edge of a chosen clip can be told from it by their hue.
    assert contrast(palette.gold, palette.spectrum_quiet) >= 2.5


def test_no_colour_stands_outside_the_tokens():
    literal = re.compile(r"#[0-9A-Fa-f]{6}\b|\bQColor\(\s*\d|\brgba?\(\s*\d")
    found = [
        f"{path.name}:{number}"
        for path in APP.rglob("*.py")
        if path.name != "tokens.py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if literal.search(line)
    ]
    assert found == []
