"""What a model is told for each intent, from what the user wrote. No Qt.

Picture models know no instructions: "remove the car" paints a car. So for removing, what the user
names goes into the negative prompt, and the prompt speaks of the surroundings.
"""

from __future__ import annotations

from typing import NamedTuple

from studio.app.panes.picture.intents import Intent

SURROUNDINGS = "empty background, seamless continuation of the surroundings"
UNWANTED = "object, person, animal, text"
PLAIN_BACKGROUND = "plain even background"
BACKGROUND = "background"


class Words(NamedTuple):
    """Prompt and negative prompt as a request has them."""

    prompt: str
    negative_prompt: str


def words_for(intent: Intent, prompt: str, negative_prompt: str = "") -> Words:
    """Return what the model is told.

    Args:
        intent: What it shall do.
        prompt: What the user wrote; for removing, what shall go.
        negative_prompt: What the user wants kept out.
    """
    prompt, negative = prompt.strip(), negative_prompt.strip()
    if intent is Intent.REMOVE:
        return Words(SURROUNDINGS, _joined(prompt or UNWANTED, negative))
    if intent is Intent.REPLACE_BACKGROUND:
        if not prompt:
            return Words(PLAIN_BACKGROUND, negative)
        known = BACKGROUND in prompt.casefold()
        return Words(prompt if known else f"{prompt}, {BACKGROUND}", negative)
    return Words(prompt, negative)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
