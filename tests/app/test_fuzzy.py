from __future__ import annotations

import pytest

from studio.app.fuzzy import score

TITLES = ["Settings", "New window", "Switch between dark and light", "Stop all jobs", "Job list"]


def best(typed: str) -> str:
    found = [(score(typed, title, title), title) for title in TITLES]
    return max((s, t) for s, t in found if s is not None)[1]


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("set", "Settings"),
        ("nw", "New window"),
        ("dark", "Switch between dark and light"),
        ("stop", "Stop all jobs"),
        ("saj", "Stop all jobs"),
        ("JOB", "Job list"),
        ("jo li", "Job list"),
    ],
)
def test_what_one_would_type_finds_what_one_means(typed, title):
    assert best(typed) == title


def test_letters_out_of_order_or_absent_do_not_fit():
    assert score("xyz", "Settings") is None
    assert score("sgnittes", "Settings") is None


def test_a_jump_to_a_word_start_is_given_up_when_the_rest_then_fails():
    assert score("sw", "say wow s") is not None
    assert score("ab", "cab a") is not None


def test_nothing_typed_fits_everything_alike():
    assert score("", "Settings") == score("  ", "Quit") == 0.0
