"""When what Whisper read was said: its sentences from its own signs, its words by alignment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from studio.core.artifacts import Segment, Word
from studio.engine.backends._whisper_tokens_impl import WhisperTokens

_STEP_S = 0.02  # between two signs for times, and two places of the encoder
_LONGEST_WORD_S = 2.0


@dataclass(frozen=True)
class Span:
    """A sentence as the model wrote it.

    Attributes:
        start_s: Where it begins, in seconds from the window's beginning.
        end_s: Where it ends.
        tokens: Its words.
    """

    start_s: float
    end_s: float
    tokens: list[int]


def timed_segments(
    tokens: Sequence[int], times_from: int, seconds: float, *, last: bool
) -> tuple[list[Span], float]:
    """Return a reading cut at its signs for times, and where the next window begins, in seconds.

    Args:
        tokens: What the model wrote.
        times_from: The first sign for a time.
        seconds: How long the window is.
        last: The sound ends with it.
    """
    spans: list[Span] = []
    held: list[int] = []
    start_s = end_s = 0.0
    goes_on = False
    for index, token in enumerate(tokens):
        if token < times_from:
            held.append(token)
            continue
        told_s = min(seconds, (token - times_from) * _STEP_S)
        if held:
            end_s = max(told_s, start_s)
            spans.append(Span(start_s, end_s, held))
            held = []
            goes_on = index + 1 < len(tokens)
        start_s = told_s
    if not held:
        # A sign alone at the end: nothing follows in this window.
        return spans, end_s if goes_on else seconds
    if spans and not last:
        # The window cut this sentence; the next window begins with it.
        return spans, max(end_s, start_s)
    return [*spans, Span(start_s, seconds, held)], seconds


@dataclass(frozen=True)
class Aligning:
    """What is needed to find words in an encoded window.

    Attributes:
        network: The model.
        tokens: Its vocabulary.
        opening: The tokens that say what is to be done.
        language: Tells where words end.
        frames: Of the window that are not silence added to it.
    """

    network: Any
    tokens: WhisperTokens
    opening: list[int]
    language: str
    frames: int

    def words(self, image: Any, spans: Sequence[Span]) -> list[tuple[Word, ...]]:
        """Return each sentence's words with their times, from the window's beginning.

        Args:
            image: The encoded window.
            spans: Its sentences, all of them: a word is found by those around it.
        """
        groups = [self.tokens.words(span.tokens, self.language) for span in spans]
        flat = [token for words in groups for word in words for token in word]
        if not flat:
            return [() for _ in spans]
        (found,) = self.network.align(image, self.opening, [flat], self.frames)
        places = np.asarray(found.alignments)
        if not len(places):
            return [() for _ in spans]
        jumps = np.pad(np.diff(places[:, 0]), (1, 0), constant_values=1).astype(bool)
        times = places[jumps, 1] * _STEP_S
        timed: list[tuple[Word, ...]] = []
        first = 0
        for span, words in zip(spans, groups, strict=True):
            said: list[Word] = []
            for word in words:
                likely = found.text_token_probs[first : first + len(word)]
                start_s, end_s = _within(span, times, first, first + len(word))
                text = self.tokens.text(word).strip()
                first += len(word)
                if text:
                    sure = float(np.mean(likely)) if likely else 0.0
                    said.append(Word(start_s=start_s, end_s=end_s, text=text, probability=sure))
            timed.append(tuple(said))
        return timed


def _within(span: Span, times: Any, first: int, last: int) -> tuple[float, float]:
    """Return a word's beginning and end, inside its sentence and not longer than words are."""
    start = float(times[min(first, len(times) - 1)])
    end = float(times[min(last, len(times) - 1)])
    start = min(max(start, span.start_s), span.end_s)
    end = min(max(end, start), span.end_s, start + _LONGEST_WORD_S)
    return start, max(start, end)


def placed(span: Span, text: str, words: Sequence[Word], offset_s: float) -> Segment:
    """Return a sentence with times from the beginning of the sound."""
    return Segment(
        start_s=span.start_s + offset_s,
        end_s=span.end_s + offset_s,
        text=text,
        words=tuple(
            Word(
                start_s=word.start_s + offset_s,
                end_s=word.end_s + offset_s,
                text=word.text,
                probability=word.probability,
            )
            for word in words
        ),
    )
