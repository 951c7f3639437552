"""Long prompts cut into pieces of 75 tokens, as AUTOMATIC1111 cuts them."""

from __future__ import annotations

import pytest

from studio.core.prompts import Chunks, cut, parse_weights

COMMA = 44


def _ids(text: str) -> list[int]:
    """A tokenizer of the simplest kind: a word is its number, a comma is 44."""
    return [int(word) if word.isdigit() else COMMA for word in text.replace(",", " , ").split()]


def _cut(text: str, comma: int | None = COMMA) -> Chunks:
    return cut(parse_weights(text), _ids, comma)


def _words(count: int, first: int = 100) -> str:
    return " ".join(str(first + number) for number in range(count))


def _lengths(chunks: Chunks) -> list[int]:
    return [len(piece.tokens) for piece in chunks.pieces]


@pytest.mark.parametrize(
    ("words", "lengths", "count", "limit"),
    [(0, [0], 0, 75), (1, [1], 1, 75), (75, [75], 75, 75), (76, [75, 1], 76, 150),
     (150, [75, 75], 150, 150), (200, [75, 75, 50], 200, 225)],
)  # fmt: skip
def test_pieces_hold_75_tokens(words: int, lengths: list[int], count: int, limit: int) -> None:
    found = _cut(_words(words))
    assert _lengths(found) == lengths
    assert (found.count, found.limit) == (count, limit)


def test_a_full_piece_is_cut_at_a_near_comma() -> None:
    found = _cut(_words(60) + "," + _words(20, 300))
    assert _lengths(found) == [61, 20]
    assert found.pieces[0].tokens[-1] == COMMA
    assert found.pieces[1].tokens[0] == 300
    assert found.count == 75 + 20


def test_a_far_comma_does_not_cut() -> None:
    assert _lengths(_cut(_words(50) + "," + _words(30, 300))) == [75, 6]
    assert _lengths(_cut(_words(54) + "," + _words(30, 300))) == [75, 10]
    assert _lengths(_cut(_words(55) + "," + _words(30, 300))) == [56, 30]


def test_a_comma_as_the_76th_token_begins_the_next_piece() -> None:
    found = _cut(_words(75) + "," + _words(2, 300))
    assert _lengths(found) == [75, 3]
    assert found.pieces[1].tokens[0] == COMMA


def test_without_a_comma_in_the_vocabulary_nothing_is_moved() -> None:
    assert _lengths(_cut(_words(60) + "," + _words(20, 300), comma=None)) == [75, 6]


def test_break_begins_a_new_piece() -> None:
    found = _cut("1 2 BREAK 3")
    assert [piece.tokens for piece in found.pieces] == [(1, 2), (3,)]
    assert found.count == 76
    assert _lengths(_cut("BREAK 3")) == [0, 1]
    assert _lengths(_cut("1 BREAK")) == [1]


def test_weights_go_with_their_tokens() -> None:
    found = _cut("(" + _words(74) + ":1.5), (" + _words(10, 300) + ":0.5)")
    weights = [weight for piece in found.pieces for weight in piece.weights]
    assert weights == [1.5] * 74 + [1.0] + [0.5] * 10
    assert all(len(piece.tokens) == len(piece.weights) for piece in found.pieces)
