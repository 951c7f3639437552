"""What intents are called: on the button, in its menu, in undo and history."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from studio.app.panes.picture.intents import Intent, Situation, takes_strength
from studio.app.widgets.words import fill_in


def _tr(text: str) -> str:
    return QCoreApplication.translate("picture", text)


def title_of(intent: Intent, situation: Situation) -> str:
    """Return what an intent does, as the menu and the history say it."""
    selected = situation.has_selection
    titles = {
        Intent.GENERATE: _tr("Generate") if situation.is_empty else _tr("Generate anew"),
        Intent.REFINE: _tr("Refine selection") if selected else _tr("Refine"),
        Intent.FILL: _tr("Fill selection"),
        Intent.EXPAND: _tr("Expand"),
        Intent.ADD: _tr("Add to selection"),
        Intent.REMOVE: _tr("Remove"),
        Intent.REPLACE_BACKGROUND: _tr("Replace background"),
    }
    return titles[intent]


def button_words(intent: Intent, situation: Situation, strength: float, count: int) -> str:
    """Return what the one button says it will do."""
    words = title_of(intent, situation)
    if takes_strength(intent):
        words = fill_in(_tr("%1 %2%"), words, round(strength * 100))
    if count > 1:
        words = fill_in(_tr("%1 × %2"), words, count)
    return words


def help_of(intent: Intent) -> str:
    """Return what an intent does, in a sentence."""
    sentences = {
        Intent.GENERATE: _tr("Make a picture from the prompt, in the frame."),
        Intent.REFINE: _tr("Paint over what is there; the strength says how freely."),
        Intent.FILL: _tr("Paint something new where you selected, to fit what is around it."),
        Intent.EXPAND: _tr("Continue the picture into the empty part."),
        Intent.ADD: _tr("Put what the prompt says where you selected."),
        Intent.REMOVE: _tr("Take away what you selected and continue the surroundings."),
        Intent.REPLACE_BACKGROUND: _tr("Paint what is around the subject anew."),
    }
    return sentences[intent]


def placeholder_of(intent: Intent, situation: Situation) -> str:
    """Return what the prompt asks for."""
    if intent is Intent.REMOVE:
        return _tr("What should go? Leave it empty to remove whatever is there")
    if intent is Intent.ADD:
        return _tr("What should be added?")
    if intent is Intent.REPLACE_BACKGROUND:
        return _tr("What should the background be?")
    if intent is Intent.EXPAND:
        return _tr("What lies beyond the edge? Empty: whatever fits")
    if intent in (Intent.FILL, Intent.REFINE):
        return _tr("What should it become? Empty: whatever fits")
    return _tr("What do you want to see?")


ICONS = {
    Intent.GENERATE: "sparkles",
    Intent.REFINE: "wand-sparkles",
    Intent.FILL: "paint-bucket",
    Intent.EXPAND: "expand",
    Intent.ADD: "plus",
    Intent.REMOVE: "eraser",
    Intent.REPLACE_BACKGROUND: "image",
}
"""Lucide icon of each intent in the menu."""
