"""Cuts a prompt's tokens into pieces a CLIP text encoder can read: 75 and two marks each.

As AUTOMATIC1111 does: a piece that is full is cut at a comma if one was among the last 20 tokens,
and ``BREAK`` begins a new piece. Pure numbers; the tokenizer is somebody else's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from studio.core.prompts.weights import BREAK, Fragment

CHUNK_TOKENS = 75
COMMA_BACKTRACK = 20

Tokenize = Callable[[str], Sequence[int]]


@dataclass(frozen=True)
class Chunk:
    """One piece.

    Attributes:
        tokens: Up to 75 token ids, without begin, end and padding.
        weights: One for each token.
    """

    tokens: tuple[int, ...] = ()
    weights: tuple[float, ...] = ()


@dataclass(frozen=True)
class Chunks:
    """All pieces of a prompt.

    Attributes:
        pieces: At least one.
        count: Tokens used, every piece but the last counting fully, as people are shown it.
    """

    pieces: tuple[Chunk, ...]
    count: int

    @property
    def limit(self) -> int:
        """How many tokens fit into the pieces there are."""
        return len(self.pieces) * CHUNK_TOKENS


def cut(
    fragments: Sequence[Fragment],
    tokenize: Tokenize,
    comma: int | None,
    *,
    chunk_tokens: int = CHUNK_TOKENS,
) -> Chunks:
    """Cut a prompt into pieces.

    Args:
        fragments: The prompt, from :func:`~studio.core.prompts.weights.parse_weights`.
        tokenize: Returns the ids of a text, without marks for begin and end.
        comma: The id of a comma; ``None`` when there is none to cut at.
        chunk_tokens: How many tokens a piece holds.
    """
    cutter = _Cutter(comma, chunk_tokens)
    for fragment in fragments:
        if fragment is BREAK:
            cutter.next()
            continue
        for token in tokenize(fragment.text):
            cutter.add(token, fragment.weight)
    return cutter.finished()


class _Cutter:
    def __init__(self, comma: int | None, size: int) -> None:
        self.comma = comma
        self.size = size
        self.done: list[Chunk] = []
        self.tokens: list[int] = []
        self.weights: list[float] = []
        self.last_comma = -1

    def add(self, token: int, weight: float) -> None:
        if self.comma is not None and token == self.comma:
            self.last_comma = len(self.tokens)
        elif self._cuts_at_comma():
            keep = self.last_comma + 1
            tokens, weights = self.tokens[keep:], self.weights[keep:]
            del self.tokens[keep:], self.weights[keep:]
            self.next()
            self.tokens, self.weights = tokens, weights
        if len(self.tokens) == self.size:
            self.next()
        self.tokens.append(token)
        self.weights.append(weight)

    def _cuts_at_comma(self) -> bool:
        if len(self.tokens) != self.size or self.last_comma == -1:
            return False
        return len(self.tokens) - self.last_comma <= COMMA_BACKTRACK

    def next(self) -> None:
        self.done.append(Chunk(tuple(self.tokens), tuple(self.weights)))
        self.tokens, self.weights, self.last_comma = [], [], -1

    def finished(self) -> Chunks:
        if self.tokens or not self.done:
            self.next()
        count = (len(self.done) - 1) * self.size + len(self.done[-1].tokens)
        return Chunks(tuple(self.done), count)
