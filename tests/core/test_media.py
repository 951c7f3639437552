from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.core.media import SEED_MAX, check_seed, clean_text, random_seed

# Every code point, lone surrogates included: a clipboard can hold them.
anything = st.text(st.characters(exclude_categories=[]))
nasty = st.text(st.sampled_from("e\u0301\x00\r\n\ud83d\ude00\u1100\u1161\ufeff"))


@given(anything | nasty)
def test_cleaned_text_keeps_the_conventions(text: str) -> None:
    clean = clean_text(text)
    clean.encode("utf-8")
    assert unicodedata.is_normalized("NFC", clean)
    assert "\r" not in clean and "\x00" not in clean
    assert clean_text(clean) == clean


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("e\u0301", "é"),
        ("e\x00\u0301", "é"),
        ("\ud83d\ude00", "😀"),
        ("x\ud83d", "x\ufffd"),
        ("\ude00x", "\ufffdx"),
        ("a\x00b", "ab"),
        ("", ""),
        ("😀 灯台 \t", "😀 灯台 \t"),
    ],
)
def test_examples(given_text: str, expected: str) -> None:
    assert clean_text(given_text) == expected


def test_seeds_lie_in_range() -> None:
    assert all(check_seed(random_seed()) <= SEED_MAX for _ in range(1000))
    assert check_seed(0) == 0 and check_seed(SEED_MAX) == SEED_MAX


@pytest.mark.parametrize(
    "seed", [-1, SEED_MAX + 1, 1.0, "1", True, None, pytest.param(10**5000, id="huge")]
)
def test_other_seeds_are_refused(seed: object) -> None:
    with pytest.raises(BadInputError, match="seed"):
        check_seed(seed)  # type: ignore[arg-type]
