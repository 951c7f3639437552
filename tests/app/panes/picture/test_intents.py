"""What the button does in every situation, as a table."""

from __future__ import annotations

import pytest

from studio.app.panes.picture.intents import (
    Intent,
    Situation,
    capability_of,
    first_possible,
    is_masked,
    needs_words,
    offer,
    takes_strength,
)
from studio.core.requests import Capability

EMPTY = Situation()
PHOTO = Situation(covered=1.0)
STICKER = Situation(covered=0.4, solidity=0.7)
HALF_A_PHOTO = Situation(covered=0.5, solidity=1.0)
STRAY_PIXEL = Situation(covered=0.0001, solidity=1.0)
ON_PHOTO = Situation(covered=1.0, selected=0.1, selected_covered=1.0)
BESIDE_PHOTO = Situation(covered=0.5, selected=0.4, selected_covered=0.0)
OVER_THE_EDGE = Situation(covered=0.5, selected=0.4, selected_covered=0.3)
AROUND = Situation(covered=1.0, selected=0.7, selected_covered=1.0, selected_edge=1.0)
EVERYTHING = Situation(covered=1.0, selected=1.0, selected_covered=1.0, selected_edge=1.0)
SELECTED_NOTHING = Situation(selected=0.3)

CASES = {
    "empty": (EMPTY, Intent.GENERATE),
    "a stray pixel": (STRAY_PIXEL, Intent.GENERATE),
    "photo": (PHOTO, Intent.REFINE),
    "sticker": (STICKER, Intent.REFINE),
    "frame half beside a photo": (HALF_A_PHOTO, Intent.EXPAND),
    "selection on a photo": (ON_PHOTO, Intent.FILL),
    "selection over empty canvas": (BESIDE_PHOTO, Intent.EXPAND),
    "selection mostly over empty canvas": (OVER_THE_EDGE, Intent.EXPAND),
    "everything around something": (AROUND, Intent.REPLACE_BACKGROUND),
    "everything selected": (EVERYTHING, Intent.REFINE),
    "selection in an empty frame": (SELECTED_NOTHING, Intent.GENERATE),
}


@pytest.mark.parametrize("name", CASES)
def test_the_button_does_what_is_most_likely_wanted(name: str) -> None:
    situation, expected = CASES[name]
    offered = offer(situation)
    assert offered.intent is expected
    assert offered.choices[0] is expected
    assert len(set(offered.choices)) == len(offered.choices)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("wanted", list(Intent))
def test_what_the_menu_chose_holds_where_it_makes_sense(name: str, wanted: Intent) -> None:
    situation, usual = CASES[name]
    offered = offer(situation, wanted)
    assert offered.intent is (wanted if wanted in offered.choices else usual)


def test_a_selection_on_a_picture_offers_every_way_to_repaint_it() -> None:
    assert set(offer(ON_PHOTO).choices) == set(Intent) - {Intent.GENERATE}
    assert Intent.REMOVE not in offer(BESIDE_PHOTO).choices, "there is nothing to take away"


@pytest.mark.parametrize(
    ("situation", "intent", "expected"),
    [
        (EMPTY, Intent.GENERATE, Capability.IMAGE_TXT2IMG),
        (SELECTED_NOTHING, Intent.GENERATE, Capability.IMAGE_TXT2IMG),
        (PHOTO, Intent.REFINE, Capability.IMAGE_IMG2IMG),
        (ON_PHOTO, Intent.REFINE, Capability.IMAGE_INPAINT),
        (ON_PHOTO, Intent.FILL, Capability.IMAGE_INPAINT),
        (HALF_A_PHOTO, Intent.EXPAND, Capability.IMAGE_INPAINT),
        (STICKER, Intent.REPLACE_BACKGROUND, Capability.IMAGE_INPAINT),
    ],
)
def test_each_intent_asks_for_what_the_model_must_be_able_to_do(
    situation: Situation, intent: Intent, expected: Capability
) -> None:
    assert capability_of(intent, situation) is expected


def test_only_refining_has_a_strength_and_only_making_something_needs_words() -> None:
    assert [i for i in Intent if takes_strength(i)] == [Intent.REFINE]
    assert {i for i in Intent if needs_words(i)} == {Intent.GENERATE, Intent.ADD}


def test_what_a_model_cannot_do_gives_way_to_what_it_can() -> None:
    offered = offer(HALF_A_PHOTO)
    plain = {Capability.IMAGE_TXT2IMG, Capability.IMAGE_IMG2IMG}
    assert first_possible(offered, HALF_A_PHOTO, plain) is Intent.REFINE
    assert first_possible(offered, HALF_A_PHOTO, {Capability.IMAGE_TXT2IMG}) is Intent.GENERATE
    assert first_possible(offer(ON_PHOTO), ON_PHOTO, plain) is None


def test_with_a_selection_only_that_part_changes() -> None:
    assert is_masked(Intent.REFINE, ON_PHOTO) and not is_masked(Intent.REFINE, PHOTO)
    assert is_masked(Intent.EXPAND, HALF_A_PHOTO)
