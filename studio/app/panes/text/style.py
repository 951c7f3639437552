"""Rules of this pane's own, made from the same tokens as the rest of the window."""

from __future__ import annotations

from string import Template

from studio.app.theme.tokens import Palette, Size, Space, Type

_SHEET = """
QFrame[role="take"] {
    background: $surface; border: 1px solid $line; border-radius: ${radius}px;
}
QFrame[role="take"][chosen="true"] { background: $raised; border: 1px solid $gold; }
QPlainTextEdit[role="take"] { background: transparent; border: none; padding: 0; }
QFrame[role="message"] { background: transparent; border: none; border-radius: ${radius}px; }
QFrame[role="message"][speaker="user"] { background: $raised; border: 1px solid $line; }
QFrame[role="message"][writing="true"] QPlainTextEdit { background: $gold_wash; }
QFrame[role="message"] QPlainTextEdit { background: transparent; border: none; padding: 0; }
QFrame[role="message"] QPlainTextEdit[editing="true"] {
    background: $ground; border: 1px solid $gold; border-radius: ${field_radius}px;
}
QFrame[role="strip"] { background: $raised; border: none; border-bottom: 1px solid $line; }
QPushButton[role="chip"] {
    min-height: ${chip}px; padding: 0 ${s}px; border-radius: ${field_radius}px;
    border: 1px solid $line; background: transparent; color: $quiet;
}
QPushButton[role="chip"]:hover { background: $hover; color: $text; }
QPushButton[role="chip"]:checked { border-color: $gold; color: $text; background: $gold_wash; }
QPushButton[role="chip"]:focus { border-color: $gold; }
"""


def pane_style(colours: Palette) -> str:
    """Return the style sheet of the text pane."""
    values = {name: getattr(colours, name) for name in colours.__dataclass_fields__}
    return Template(_SHEET).substitute(
        values,
        radius=Size.RADIUS,
        field_radius=Size.FIELD_RADIUS,
        chip=Size.CONTROL - Space.XS,
        s=Space.S,
        caption=Type.CAPTION,
    )
