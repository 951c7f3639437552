"""Options and settings declared once, as dataclass fields that say what they mean.

A backend's ``Options`` and the application's settings are frozen dataclasses whose fields come
from :func:`option`. Controls, validation, command-line help and documentation derive from the
same declaration. Standard library only: importing pydantic takes longer than opening the window
(see packaging/docs/decisions/0001-options-are-dataclasses.md).

    @dataclass(frozen=True, kw_only=True)
    class Options:
        temperature: float = option(0.8, title="Temperature", help="…", ge=0, le=2, step=0.05)
"""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeVar, Union, cast

from studio.core.errors import BadInputError

OptionValue = bool | int | float | str | tuple[str, ...] | None
"""What an option can hold: plain data that crosses a process border."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class OptionInfo:
    """One option as a control or a help text needs it.

    Attributes:
        name: The field's name; the spelling of diffusers and transformers.
        type: ``bool``, ``int``, ``float``, ``str`` or ``tuple`` (of strings).
        default: The value when the user says nothing.
        title: A short label.
        help: One sentence: what it does to the result.
        ge: Smallest value allowed.
        le: Largest value allowed.
        step: What one click of a spin box changes.
        unit: Shown after the number.
        choices: The only values allowed, when not empty.
        optional: ``None`` is allowed and means "let the model decide".
        advanced: Shown under "More".
        multiline: A text that may have several lines.
        order: Where it stands among its siblings.
        unused: Why the chosen model does not use it, in a sentence; "" when it does.
    """

    name: str
    type: type
    default: OptionValue
    title: str
    help: str
    ge: float | None = None
    le: float | None = None
    step: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False
    advanced: bool = False
    multiline: bool = False
    order: int = 0
    unused: str = ""

    def check(self, value: object) -> OptionValue:
        """Return ``value`` in this option's type.

        Raises:
            BadInputError: Wrong type, out of bounds or not one of the choices.
        """
        if value is None and self.optional:
            return None
        converted = self._convert(value)
        if self.choices and converted not in self.choices:
            raise self._refuse(value, f"choose one of {', '.join(self.choices)}")
        if isinstance(converted, (int, float)) and not isinstance(converted, bool):
            self._check_bounds(converted)
        return converted

    def _convert(self, value: object) -> OptionValue:
        if self.type is tuple:
            if isinstance(value, str) or not isinstance(value, (list, tuple)):
                raise self._refuse(value, "give a list of texts")
            if not all(isinstance(item, str) for item in value):
                raise self._refuse(value, "give a list of texts")
            return tuple(value)
        if self.type is bool:
            if not isinstance(value, bool):
                raise self._refuse(value, "say true or false")
            return value
        if self.type is str:
            if not isinstance(value, str):
                raise self._refuse(value, "give a text")
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._refuse(value, "give a number")
        if self.type is int:
            if isinstance(value, float) and not value.is_integer():
                raise self._refuse(value, "give a whole number")
            return int(value)
        try:
            return float(value)
        except OverflowError:
            raise self._refuse(value, "give an ordinary number") from None

    def _check_bounds(self, value: float) -> None:
        low, high = self.ge, self.le
        if isinstance(value, float) and not math.isfinite(value):
            raise self._refuse(value, "give an ordinary number")
        if (low is not None and value < low) or (high is not None and value > high):
            unit = f" {self.unit}" if self.unit else ""
            if low is not None and high is not None:
                allowed = f"from {low:g} to {high:g}{unit}"
            elif low is not None:
                allowed = f"{low:g}{unit} or more"
            else:
                allowed = f"{high:g}{unit} or less"
            raise self._refuse(value, f"it can be {allowed}")

    def _refuse(self, value: object, wanted: str) -> BadInputError:
        try:
            shown = repr(value)
        except (ValueError, RecursionError):  # a number of thousands of digits has no repr
            shown = "that"
        shown = shown if len(shown) <= 40 else f"{shown[:37]}…"
        return BadInputError(
            f"{self.title} cannot be {shown}: {wanted}.", option=self.name, value=shown
        )


@dataclass(frozen=True)
class Problem:
    """One stored value that could not be used; the default stands in for it."""

    name: str
    message: str


def option(
    default: Any,
    *,
    title: str,
    help: str,
    ge: float | None = None,
    le: float | None = None,
    step: float | None = None,
    unit: str = "",
    choices: tuple[str, ...] = (),
    advanced: bool = False,
    multiline: bool = False,
) -> Any:
    """Declare one option as a dataclass field; see :class:`OptionInfo` for the meaning."""
    metadata = {
        "option": {
            "title": title,
            "help": help,
            "ge": ge,
            "le": le,
            "step": step,
            "unit": unit,
            "choices": choices,
            "advanced": advanced,
            "multiline": multiline,
        }
    }
    return dataclasses.field(default=default, metadata=metadata)


def describe(options: type) -> tuple[OptionInfo, ...]:
    """Return the options a dataclass declares, in order; panes ask with each change."""
    return _described(cast(Hashable, options))


@lru_cache(maxsize=128)
def _described(options: type) -> tuple[OptionInfo, ...]:
    hints = typing.get_type_hints(options)
    found = []
    for order, field in enumerate(dataclasses.fields(options)):
        declared = field.metadata.get("option")
        if declared is None:
            continue
        kind, optional, choices = _plain_type(hints[field.name])
        details = dict(declared)
        details["choices"] = details["choices"] or choices
        found.append(
            OptionInfo(
                name=field.name,
                type=kind,
                default=field.default if field.default is not dataclasses.MISSING else None,
                optional=optional,
                order=order,
                **details,
            )
        )
    return tuple(found)


def validate(options: type[T], values: Mapping[str, object]) -> T:
    """Build the options dataclass from plain values.

    Raises:
        BadInputError: An unknown name, or a value its option refuses.
    """
    known = {info.name: info for info in describe(options)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise BadInputError(
            f"There is no option called {', '.join(unknown)}.",
            hint=f"Known here: {', '.join(known)}.",
            option=unknown[0],
        )
    return options(**{name: known[name].check(value) for name, value in values.items()})


def validate_leniently(options: type[T], values: Mapping[str, object]) -> tuple[T, list[Problem]]:
    """Build the options dataclass from stored values; each bad one alone falls back.

    Returns:
        The options and what was wrong. Unknown names are left out without a word, since a
        newer version may have written them.
    """
    good: dict[str, OptionValue] = {}
    problems: list[Problem] = []
    for info in describe(options):
        if info.name not in values:
            continue
        try:
            good[info.name] = info.check(values[info.name])
        except BadInputError as error:
            problems.append(Problem(info.name, error.user_message))
    return options(**good), problems


def to_plain(options: Any) -> dict[str, Any]:
    """Return a declared dataclass instance as JSON-ready values by name."""
    plain: dict[str, Any] = {}
    for info in describe(type(options)):
        value = getattr(options, info.name)
        plain[info.name] = list(value) if isinstance(value, tuple) else value
    return plain


def _plain_type(hint: Any) -> tuple[type, bool, tuple[str, ...]]:
    """Return (type, may be None, choices) of an annotation."""
    origin = typing.get_origin(hint)
    if origin is Literal:
        return str, False, tuple(typing.get_args(hint))
    if origin in (Union, types.UnionType):
        inner = [item for item in typing.get_args(hint) if item is not type(None)]
        kind, _, choices = _plain_type(inner[0])
        return kind, True, choices
    if origin is tuple:
        return tuple, False, ()
    if hint in (bool, int, float, str):
        return hint, False, ()
    raise TypeError(f"an option cannot be of type {hint!r}")
