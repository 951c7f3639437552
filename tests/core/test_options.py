from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.core.options import describe, option, to_plain, validate, validate_leniently


@dataclass(frozen=True, kw_only=True)
class Options:
    temperature: float = option(
        0.8, title="Temperature", help="More surprise.", ge=0, le=2, step=0.1
    )
    top_k: int | None = option(None, title="Top k", help="Fewer words.", ge=1)
    count: int = option(3, title="Count", help="How many.", le=9, unit="px")
    stream: bool = option(True, title="Stream", help="At once.")
    style: Literal["plain", "warm"] = option("plain", title="Style", help="How.")
    prefix: str = option("", title="Prefix", help="Before.", multiline=True, advanced=True)
    stop_strings: tuple[str, ...] = option((), title="Stop at", help="Where it ends.")
    undeclared: int = 3


INFO = {info.name: info for info in describe(Options)}


def test_what_is_declared_is_described_in_order() -> None:
    assert list(INFO) == [
        "temperature",
        "top_k",
        "count",
        "stream",
        "style",
        "prefix",
        "stop_strings",
    ]
    assert [info.order for info in INFO.values()] == list(range(7))
    assert (INFO["top_k"].type, INFO["top_k"].optional) == (int, True)
    assert INFO["style"].choices == ("plain", "warm")
    assert INFO["prefix"].multiline and INFO["prefix"].advanced
    assert INFO["stop_strings"].type is tuple


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("temperature", 1, 1.0),
        ("top_k", None, None),
        ("top_k", 40.0, 40),
        ("count", -(10**400), -(10**400)),
        ("stream", False, False),
        ("style", "warm", "warm"),
        ("prefix", "ü\n", "ü\n"),
        ("stop_strings", ["a", "b"], ("a", "b")),
    ],
)
def test_good_values_come_in_their_type(name: str, value: object, expected: object) -> None:
    checked = INFO[name].check(value)
    assert checked == expected and type(checked) is type(expected)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("temperature", 2.01, "from 0 to 2"),
        ("temperature", float("nan"), "ordinary number"),
        ("temperature", float("inf"), "ordinary number"),
        ("temperature", 10**400, "ordinary number"),
        ("temperature", True, "a number"),
        ("temperature", "hot", "a number"),
        ("temperature", None, "a number"),
        ("top_k", 0, "1 or more"),
        ("top_k", 1.5, "whole number"),
        ("top_k", float("inf"), "whole number"),
        ("count", 10, "9 px or less"),
        pytest.param("count", 10**5000, "9 px or less", id="huge"),
        ("stream", 1, "true or false"),
        ("style", "cold", "one of plain, warm"),
        ("prefix", 3, "a text"),
        ("stop_strings", "abc", "list of texts"),
        ("stop_strings", ["a", 1], "list of texts"),
    ],
)
def test_bad_values_are_refused_with_what_is_wanted(name: str, value: object, words: str) -> None:
    with pytest.raises(BadInputError) as caught:
        INFO[name].check(value)
    assert words in caught.value.user_message
    assert caught.value.user_message.startswith(INFO[name].title)
    assert len(caught.value.user_message) < 200
    assert caught.value.facts["option"] == name


def test_unknown_names_are_refused_and_the_known_ones_named() -> None:
    with pytest.raises(BadInputError, match="no option called heat") as caught:
        validate(Options, {"heat": 1, "count": 2})
    assert "temperature" in caught.value.hint


def test_validate_builds_with_defaults() -> None:
    assert validate(Options, {"count": 5}) == Options(count=5)


def test_leniently_each_bad_value_falls_back_alone() -> None:
    options, problems = validate_leniently(
        Options, {"temperature": "hot", "count": 5, "top_k": 0, "newer": [1]}
    )
    assert options == Options(count=5)
    assert [problem.name for problem in problems] == ["temperature", "top_k"]


values = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text())


@given(st.dictionaries(st.sampled_from([*INFO, "other"]), values))
def test_stored_values_never_raise_and_come_back(stored: dict[str, Any]) -> None:
    options, problems = validate_leniently(Options, stored)
    again, none = validate_leniently(Options, to_plain(options))
    assert again == options and none == []
    assert {problem.name for problem in problems} <= set(stored)


def test_a_type_that_is_no_option_is_a_programming_error() -> None:
    @dataclass(frozen=True)
    class Wrong:
        raw: bytes = option(b"", title="Raw", help="Not plain.")

    with pytest.raises(TypeError, match="bytes"):
        describe(Wrong)
