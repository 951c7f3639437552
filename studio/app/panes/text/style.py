"""Rules of this pane's own, made from the same tokens as the rest of the window."""

from __future__ import annotations

from string import Template

from studio.app.theme.tokens import Palette, Size, Type

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
"""


def pane_style(colours: Palette) -> str:
    """Return the style sheet of the text pane."""
    values = {name: getattr(colours, name) for name in colours.__dataclass_fields__}
    return Template(_SHEET).substitute(
        values,
        radius=Size.RADIUS,
        field_radius=Size.FIELD_RADIUS,
        caption=Type.CAPTION,
    )
