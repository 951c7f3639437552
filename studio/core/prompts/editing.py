"""Ctrl+Up and Ctrl+Down in the prompt box: changes the weight of what is selected.

As AUTOMATIC1111's ``edit-attention.js`` does it: without a selection the bracket or word at the
cursor is meant, a word becomes ``(word:1.1)``, a weight of 1 takes the brackets away again, and
inside ``<lora:name:0.8>`` the LoRA's weight changes, by half as much.
"""

from __future__ import annotations

import re

STEP = 0.1
TAG_STEP = 0.05
_DELIMITERS = frozenset(".,\\/!?%^*;:{}=`~()[]<>| \r\n\t")
_NUMBER = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+))")


def change_weight(
    text: str, selection_start: int, selection_end: int, delta: float
) -> tuple[str, int, int]:
    """Change the weight of the selection.

    Args:
        text: The whole prompt.
        selection_start: Where the selection begins, in characters.
        selection_end: Where it ends; the same place for a bare cursor.
        delta: By how much; inside ``<…>`` half of it, in steps of 0.05.

    Returns:
        The new text and its selection; all unchanged where there is nothing to weight.
    """
    start, end = sorted((_within(selection_start, text), _within(selection_end, text)))
    if start == end:
        found = _block(text, start, "<", ">") or _block(text, start, "(", ")") or _word(text, start)
        start, end = found
    if _stands(text, start - 1, "<"):
        return _weighted(text, start, end, ">", delta * TAG_STEP / STEP)
    if not _stands(text, start - 1, "("):
        while end > start and text[end - 1] == " ":
            end -= 1
        if start == end:
            return text, selection_start, selection_end
        text = f"{text[:start]}({text[start:end]}:1.0){text[end:]}"
        start, end = start + 1, end + 1
    return _weighted(text, start, end, ")", delta)


def _stands(text: str, place: int, sign: str) -> bool:
    """Return whether a sign stands at a place and is not escaped."""
    return place >= 0 and text[place] == sign and text[max(0, place - 1) : place] != "\\"


def _within(place: int, text: str) -> int:
    return max(0, min(place, len(text)))


def _block(text: str, cursor: int, opening: str, closing: str) -> tuple[int, int] | None:
    """Return the words inside the innermost bracket around the cursor, without their weight."""
    start = _matching(text, range(cursor - 1, -1, -1), opening, closing)
    end = _matching(text, range(cursor, len(text)), closing, opening)
    if start is None or end is None:
        return None
    inside = text[start + 1 : end]
    colon = inside.rfind(":")
    if colon < 0 or _NUMBER.fullmatch(inside[colon + 1 :]) is None:
        return start + 1, end  # brackets without a number: (word)
    return start + 1, start + 1 + colon


def _matching(text: str, places: range, sought: str, other: str) -> int | None:
    depth = 0
    for place in places:
        if place and text[place - 1] == "\\":
            continue
        if text[place] == other:
            depth += 1
        elif text[place] == sought:
            if depth == 0:
                return place
            depth -= 1
    return None


def _word(text: str, cursor: int) -> tuple[int, int]:
    start = end = cursor
    while start > 0 and text[start - 1] not in _DELIMITERS:
        start -= 1
    while end < len(text) and text[end] not in _DELIMITERS:
        end += 1
    return start, end


def _weighted(text: str, start: int, end: int, closing: str, delta: float) -> tuple[str, int, int]:
    """Change the number after ``text[start:end]``, which stands in a bracket."""
    number = _NUMBER.match(text, end + 1) if text[end : end + 1] == ":" else None
    if number is not None:
        rest, weight = number.end(), float(number[1])
    elif text[end : end + 1] == closing:
        rest, weight = end, 1.1 if closing == ")" else 1.0
    else:
        return text, start, end
    weight = round(weight + delta, 4)
    closes = rest + (text[rest : rest + 1] == closing)
    if closing == ")" and weight == 1 and closes > rest:
        return text[: start - 1] + text[start:end] + text[closes:], start - 1, end - 1
    shown = f"{weight:.4f}".rstrip("0")
    shown += "0" if shown.endswith(".") else ""
    return f"{text[:end]}:{shown}{text[rest:]}", start, end
