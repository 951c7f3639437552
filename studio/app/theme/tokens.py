"""Every colour, size and typeface of the window. No literal of these stands anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The colours of one scheme, as "#rrggbb".

    Attributes:
        ground: The window.
        surface: Panels and editors.
        raised: Cards, popovers and fields.
        hover: A raised thing under the pointer.
        line: Separators, one pixel.
        text: What is read.
        quiet: What may be overlooked; 4.5:1 on surface and raised.
        off: What cannot be used now.
        gold: The accent: primary button, focus, selection, generated and not yet accepted.
        gold_hover: The accent under the pointer.
        gold_wash: The accent behind text.
        on_gold: Text on the accent.
        bad: Errors; always with a word or an icon too.
        good: Done; always with a word or an icon too.
        canvas: Around pictures, without a tint.
        checker: Squares behind what is transparent in a picture; neutral.
        checker_other: The squares between them.
        heard_wash: Behind the sentence that is read aloud now.
        spectrum_quiet: Of a spectrogram, above silence, which has the colour of its clip: from
            there to the next ones lightness changes evenly, see :func:`ramp`.
        spectrum_middle: In between.
        spectrum_loud: The loudest.
    """

    ground: str
    surface: str
    raised: str
    hover: str
    line: str
    text: str
    quiet: str
    off: str
    gold: str
    gold_hover: str
    gold_wash: str
    on_gold: str
    bad: str
    good: str
    canvas: str
    checker: str
    checker_other: str
    heard_wash: str
    spectrum_quiet: str
    spectrum_middle: str
    spectrum_loud: str


DARK = Palette(
    ground="#17181A",
    surface="#1F2022",
    raised="#282A2D",
    hover="#313438",
    line="#36393D",
    text="#E9EAEC",
    quiet="#A7ABB2",
    off="#6E737B",
    gold="#E2AE57",
    gold_hover="#EDBF70",
    gold_wash="#4A3C22",
    on_gold="#1B1407",
    bad="#EA7068",
    good="#57B98A",
    canvas="#3A3A3A",
    checker="#5C5C5C",
    checker_other="#525252",
    heard_wash="#22404A",
    spectrum_quiet="#2F4A6B",
    spectrum_middle="#6FA3B0",
    spectrum_loud="#FBF6E6",
)

LIGHT = Palette(
    ground="#ECEDEE",
    surface="#F8F8F9",
    raised="#FFFFFF",
    hover="#E2E4E7",
    line="#D5D7DA",
    text="#1B1C1E",
    quiet="#555A62",
    off="#9096A0",
    gold="#8F5F0B",
    gold_hover="#7A5008",
    gold_wash="#F3E3C4",
    on_gold="#FFFFFF",
    bad="#B3261E",
    good="#1C7A4D",
    canvas="#BDBDBD",
    checker="#F4F4F4",
    checker_other="#E2E2E2",
    heard_wash="#CFE6EC",
    spectrum_quiet="#C2DADF",
    spectrum_middle="#5E87AE",
    spectrum_loud="#17173A",
)


PRINTED_LINK = "#1a4f8b"
"""Links in documents that are printed or exported as PDF, on white."""


PAPER, INK = "#FFFFFF", "#1B1C1E"
"""Sheets of pictures with labels are pictures themselves: dark on white in both schemes."""


OVER_PICTURE_DARK = "#000000"
"""With the next one: lines over a picture, which may have any colour, are drawn in both."""
OVER_PICTURE_LIGHT = "#FFFFFF"


REGION_COLOURS = ("#4C9BE8", "#E2785A", "#57B98A", "#B57BE0", "#D9B83C", "#4FC1C9")
"""Parts of a picture with prompts of their own are painted in these, over any picture."""


class Space:
    """The spacing grid, in pixels."""

    XS = 4
    S = 8
    M = 12
    L = 16
    XL = 24
    XXL = 32


class Size:
    """Sizes of things, in pixels."""

    RADIUS = 6
    FIELD_RADIUS = 4
    CONTROL = 28
    ICON = 18
    SMALL_ICON = 14
    ICON_AND_GAP = (18, 14)
    """A small icon before words; the wider part is the gap."""
    RAIL = 52
    RAIL_BUTTON = 40
    INSPECTOR = 320
    INSPECTOR_MIN = 280
    INSPECTOR_MAX = 420
    STRIP = 44
    TAB_MAX = 240
    STATUS = 28
    FLOATING = 360
    FLOATING_MIN = 304
    PALETTE = 560
    CHECKER = 8
    HANDLE = 9
    """Handles on the canvas: what is drawn; what can be caught is larger."""
    HANDLE_REACH = 14
    FORM_LABEL = 118
    FORM_FIELD = 88
    INSPECTOR_LABEL = 72
    """Before fields that take the rest of the panel's width."""
    WINDOW = (1280, 800)
    WINDOW_MIN = (800, 520)


class Type:
    """Sizes of type, in pixels, and the manuscript's typeface."""

    CAPTION = 11
    BODY = 13
    SECTION = 15
    TITLE = 20
    MANUSCRIPT = 17
    MANUSCRIPT_LINE = 28
    MANUSCRIPT_CHARACTERS = 68
    MANUSCRIPT_FAMILY = "Literata"
    BOLD = 600


class Motion:
    """Durations, in milliseconds."""

    SHORT = 90
    LONGEST = 120


def luminance(colour: str) -> float:
    """Return the relative luminance of "#rrggbb", 0..1, as WCAG 2.2 defines it."""
    linear = _linear(colour)
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1..21, as WCAG 2.2 defines it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def ramp(colours: Sequence[str], steps: int) -> list[str]:
    """Return ``steps`` colours from the first to the last, evenly light to the eye.

    In OKLab (Björn Ottosson, 2020, https://bottosson.github.io/posts/oklab/): lightness runs
    straight from end to end, the hue through the colours between.
    """
    points = [_oklab(colour) for colour in colours]
    found = []
    for step in range(steps):
        share = step / (steps - 1)
        at = share * (len(points) - 1)
        one, other = points[int(at)], points[min(int(at) + 1, len(points) - 1)]
        _, a, b = (x + (y - x) * (at - int(at)) for x, y in zip(one, other, strict=True))
        found.append(_from_oklab(points[0][0] + (points[-1][0] - points[0][0]) * share, a, b))
    return found


def lightness(colour: str) -> float:
    """Return how light "#rrggbb" is to the eye, 0..1, as OKLab defines it."""
    return _oklab(colour)[0]


def _linear(colour: str) -> list[float]:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def _oklab(colour: str) -> tuple[float, float, float]:
    red, green, blue = _linear(colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def _from_oklab(light: float, a: float, b: float) -> str:
    long = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (light - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
    clipped = (min(1.0, max(0.0, c)) for c in linear)
    coded = (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055 for c in clipped)
    return "#" + "".join(f"{round(c * 255):02X}" for c in coded)
