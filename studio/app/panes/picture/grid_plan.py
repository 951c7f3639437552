"""A table of pictures in which two things differ: which, and what each cell asks for. No Qt."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from studio.app.panes.picture.wish import Wish
from studio.core.errors import BadInputError
from studio.core.media import SEED_MAX
from studio.core.options import OptionInfo

SEED, STRENGTH, PROMPT = "seed", "strength", "prompt"
MOST_CELLS = 100
_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\s*-\s*(-?\d+(?:\.\d+)?)\s*\(\+?(\d+(?:\.\d+)?)\)")


@dataclass(frozen=True)
class Axis:
    """What differs along one side of the table.

    Attributes:
        name: "seed", "strength", "prompt" or the name of an option; "" for nothing.
        title: What people call it.
        values: As they were written, one for each row or column. Of a prompt the first is what
            is looked for, and each stands in its place.
    """

    name: str
    title: str
    values: tuple[str, ...]


def axis_of(name: str, text: str, options: Sequence[OptionInfo]) -> Axis:
    """Return an axis as it was typed: "10, 20, 30", "1-5 (+2)", "fox, cat, owl".

    Raises:
        BadInputError: There are no values, or one of them is refused.
    """
    if not name:
        return Axis("", "", ("",))
    values = tuple(_values(text))
    if not values:
        raise BadInputError("A side of the table has no values.", hint="Write some: 10, 20, 30.")
    known = {info.name: info for info in options}
    title = known[name].title if name in known else name.capitalize()
    for value in values:
        _checked(name, value, known)
    return Axis(name, title, values)


def cells(base: Wish, across: Axis, down: Axis, options: Sequence[OptionInfo]) -> list[list[Wish]]:
    """Return what each cell asks for, row by row.

    Args:
        base: What all have in common.
        across: What differs from column to column.
        down: What differs from row to row.
        options: The model's.

    Raises:
        BadInputError: There are too many cells, or a prompt does not hold what is looked for.
    """
    if len(across.values) * len(down.values) > MOST_CELLS:
        raise BadInputError(f"A table can have {MOST_CELLS} pictures at most.")
    known = {info.name: info for info in options}
    single = dataclasses.replace(base, count=1)
    return [
        [_with(_with(single, down, row, known), across, column, known) for column in across.values]
        for row in down.values
    ]


def _with(wish: Wish, axis: Axis, value: str, known: dict[str, OptionInfo]) -> Wish:
    if not axis.name:
        return wish
    if axis.name == PROMPT:
        looked_for = axis.values[0]
        if looked_for not in wish.prompt:
            raise BadInputError(
                f"The prompt does not hold “{looked_for[:60]}”.",
                hint="The first value is looked for in the prompt; the others stand in for it.",
            )
        return dataclasses.replace(wish, prompt=wish.prompt.replace(looked_for, value))
    checked = _checked(axis.name, value, known)
    if axis.name == SEED:
        return dataclasses.replace(wish, seed=checked)
    if axis.name == STRENGTH:
        return dataclasses.replace(wish, strength=checked)
    options = {
        capability: {**values, axis.name: checked} for capability, values in wish.options.items()
    }
    return dataclasses.replace(wish, options=options)


def _checked(name: str, value: str, known: dict[str, OptionInfo]) -> Any:
    if name == PROMPT:
        return value
    if name in known:
        info = known[name]
        return info.check(value if info.type is str else _number(value, info.title))
    number = _number(value, name.capitalize())
    if name == SEED and number == int(number) and 0 <= number <= SEED_MAX:
        return int(number)
    if name == STRENGTH and 0 <= number <= 1:
        return number
    raise BadInputError(f"{name.capitalize()} cannot be {value[:40]}.")


def _number(value: str, title: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise BadInputError(f"{title} takes numbers, not “{value[:40]}”.") from None
    return int(number) if number == int(number) else number


def _values(text: str) -> Iterator[str]:
    for part in text.split(","):
        word = part.strip()
        found = _RANGE.fullmatch(word)
        if found is not None:
            yield from _range(*(float(each) for each in found.groups()))
        elif word:
            yield word


def _range(first: float, last: float, step: float) -> Iterator[str]:
    if step <= 0:
        raise BadInputError("A range needs a step above 0, such as 10-30 (+10).")
    count = int((last - first) / step + 1e-9) + 1
    if count > MOST_CELLS:
        raise BadInputError(f"A table can have {MOST_CELLS} pictures at most.")
    for number in range(max(0, count)):
        yield f"{first + number * step:g}"
