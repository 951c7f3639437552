"""What the model is told, as a table."""

from __future__ import annotations

import pytest

from studio.app.panes.picture.intents import Intent
from studio.app.panes.picture.wording import (
    PLAIN_BACKGROUND,
    SURROUNDINGS,
    UNWANTED,
    Words,
    words_for,
)


@pytest.mark.parametrize(
    ("intent", "prompt", "negative", "expected"),
    [
        (Intent.GENERATE, " a red fox ", "", Words("a red fox", "")),
        (Intent.REFINE, "a red fox", "blur", Words("a red fox", "blur")),
        (Intent.FILL, "", "", Words("", "")),
        (Intent.EXPAND, "a forest", "", Words("a forest", "")),
        (Intent.ADD, "a boat", "", Words("a boat", "")),
        (Intent.REMOVE, "", "", Words(SURROUNDINGS, UNWANTED)),
        (Intent.REMOVE, "the car", "blur", Words(SURROUNDINGS, "the car, blur")),
        (Intent.REPLACE_BACKGROUND, "", "", Words(PLAIN_BACKGROUND, "")),
        (Intent.REPLACE_BACKGROUND, "a beach", "", Words("a beach, background", "")),
        (Intent.REPLACE_BACKGROUND, "Background of ice", "", Words("Background of ice", "")),
    ],
)
def test_words(intent: Intent, prompt: str, negative: str, expected: Words) -> None:
    assert words_for(intent, prompt, negative) == expected
