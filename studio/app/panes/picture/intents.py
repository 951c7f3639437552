"""What the one button does, from what is on the canvas: a pure function and its words. No Qt.

Follows packaging/docs/decisions/0130-one-button-knows-the-situation.md.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from studio.core.requests import Capability

NOTHING = 0.005
"""A smaller share than this is nothing: a stray pixel is no picture."""
MOSTLY = 0.5
WHOLE = 0.995
SOLID = 0.98
"""What fills its own bounds so far is a picture that ends at an edge, and no cut-out shape."""
AROUND = 0.85
"""Selecting so much of the frame's edge means the surroundings of something."""


class Intent(StrEnum):
    """What a model can be asked to do with the frame or the selection."""

    GENERATE = "generate"
    REFINE = "refine"
    FILL = "fill"
    EXPAND = "expand"
    ADD = "add"
    REMOVE = "remove"
    REPLACE_BACKGROUND = "replace_background"


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What there is to work with. Shares are of pixels, 0..1.

    Attributes:
        covered: How much of the area is painted on.
        solidity: How much of the bounds of what is painted is opaque; 1 for a photograph that
            ends at an edge, less for a cut-out shape.
        selected: How much of the area is selected; 0 without a selection.
        selected_covered: How much of the selection is painted on.
        selected_edge: How much of the area's edge is selected.
    """

    covered: float = 0.0
    solidity: float = 1.0
    selected: float = 0.0
    selected_covered: float = 0.0
    selected_edge: float = 0.0

    @property
    def has_selection(self) -> bool:
        """Whether anything is selected there."""
        return self.selected > 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is painted there."""
        return self.covered < NOTHING

    @property
    def is_full(self) -> bool:
        """Whether no place is left unpainted."""
        return self.covered >= WHOLE

    @property
    def ends_inside(self) -> bool:
        """Whether a picture ends inside the area, so that it can be continued."""
        return not self.is_empty and not self.is_full and self.solidity >= SOLID


@dataclass(frozen=True)
class Offer:
    """What the button offers.

    Attributes:
        intent: What it does when pressed.
        choices: Everything its menu offers, ``intent`` among it.
    """

    intent: Intent
    choices: tuple[Intent, ...]


def offer(situation: Situation, wanted: Intent | None = None) -> Offer:
    """Return what the button does, and what else it could.

    Args:
        situation: What there is.
        wanted: What the user chose in the menu; taken where it makes sense.
    """
    choices = _choices(situation)
    return Offer(wanted if wanted in choices else choices[0], choices)


def _choices(situation: Situation) -> tuple[Intent, ...]:
    """Return what makes sense, the most likely first."""
    if situation.is_empty:
        return (Intent.GENERATE,)
    if situation.has_selection:
        return _with_selection(situation)
    if situation.ends_inside:
        return Intent.EXPAND, Intent.REFINE, Intent.GENERATE
    if situation.is_full:
        return Intent.REFINE, Intent.GENERATE
    return Intent.REFINE, Intent.GENERATE, Intent.REPLACE_BACKGROUND


def _with_selection(situation: Situation) -> tuple[Intent, ...]:
    every: tuple[Intent, ...] = (
        Intent.FILL,
        Intent.EXPAND,
        Intent.ADD,
        Intent.REMOVE,
        Intent.REPLACE_BACKGROUND,
        Intent.REFINE,
    )
    if situation.selected_covered < 1 - MOSTLY:
        first = Intent.EXPAND
    elif situation.selected_edge >= AROUND and situation.selected < WHOLE:
        first = Intent.REPLACE_BACKGROUND
    elif situation.selected >= WHOLE:
        first = Intent.REFINE
    else:
        first = Intent.FILL
    if situation.selected_covered < NOTHING:  # nothing there to take away or to work over
        every = Intent.EXPAND, Intent.ADD, Intent.FILL
    return first, *(intent for intent in every if intent is not first)


def is_masked(intent: Intent, situation: Situation) -> bool:
    """Return whether only a part of the area is repainted."""
    if situation.has_selection:
        return True
    return intent in (Intent.EXPAND, Intent.REPLACE_BACKGROUND)


def capability_of(intent: Intent, situation: Situation) -> Capability:
    """Return what a model must be able to do for it."""
    if intent is Intent.GENERATE:
        return Capability.IMAGE_TXT2IMG
    if is_masked(intent, situation):
        return Capability.IMAGE_INPAINT
    return Capability.IMAGE_IMG2IMG


def takes_strength(intent: Intent) -> bool:
    """Return whether the strength slider has a say; everything else is painted anew."""
    return intent is Intent.REFINE


def needs_words(intent: Intent) -> bool:
    """Return whether it means nothing without a prompt."""
    return intent in (Intent.GENERATE, Intent.ADD)


def first_possible(
    offered: Offer, situation: Situation, able: Collection[Capability]
) -> Intent | None:
    """Return the first choice a model can do; ``None`` when it can do none of them."""
    ordered = (offered.intent, *offered.choices)
    return next((i for i in ordered if capability_of(i, situation) in able), None)
