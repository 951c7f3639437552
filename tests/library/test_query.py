from __future__ import annotations

import sqlite3
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.library.compile import find
from studio.library.items import SORTS
from studio.library.query import MAX_TERMS, Query, Term, parse
from studio.library.schema import SCHEMA


def _now() -> datetime:
    return datetime(2026, 11, 22, 12, 0)


def _terms(text: str) -> tuple[Term, ...]:
    return parse(text, now=_now).terms


PIECES = st.sampled_from(
    [
        *("model:", "seed:", "kind:", "date:", "tag:", "board:", "star:", "is:", "sub:", "about:"),
        *("title:", "prompt:", "text:", "-", '"', "'", "*", "(", ")", "^", ":", "..", " ", "NOT "),
        *(
            "OR ",
            "NEAR(",
            "AND ",
            "a",
            "ab",
            "lighthouse",
            "灯",
            "灯台",
            "\x00",
            "\ud800",
            "é",
            "7",
        ),
        *("2026-11", "2026-02-31", "9999-12", "0000", "%", "_", "\\", ";", "--", "/*", "😀", "ｔ"),
        *("trashed", "none", "today", "99999999999999999999", "{id}", "]", "١٢", "²"),
    ]
)


@pytest.fixture(scope="module")
def connection() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.executescript(SCHEMA)
    made.execute(
        "INSERT INTO items (id, path, kind, created_at, size_bytes, mtime_ns, sha256,"
        " content_hash, model, seed) VALUES (1, 'a.md', 'text', 1, 1, 1, x'00', x'00', 'm', 7)"
    )
    made.execute("INSERT INTO texts VALUES (1, 'Lighthouse', 'a storm', '灯台 night', '', '')")
    for table in ("words", "parts"):
        made.execute(
            f"INSERT INTO {table} (rowid, title, prompt, text)"
            " VALUES (1, 'Lighthouse', 'a storm', '灯台 night')"
        )
    return made


@settings(max_examples=600, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=30).map("".join)))
def test_nothing_typed_raises_or_changes_the_database(text: str) -> None:
    query = parse(text, now=_now)
    assert len(query.terms) <= MAX_TERMS
    for sort in SORTS:
        for limit in (None, 5):
            page = find(_shared(), query=query, sort=sort, limit=limit)
            assert set(page.ids) <= {1}
    assert _shared().execute("SELECT count(*) FROM items").fetchone() == (1,)
    assert _shared().total_changes == _CHANGES[0]


_CONNECTION: list[sqlite3.Connection] = []
_CHANGES: list[int] = []


def _shared() -> sqlite3.Connection:
    return _CONNECTION[0]


@pytest.fixture(autouse=True, scope="module")
def _share(connection: sqlite3.Connection) -> None:
    _CONNECTION[:] = [connection]
    _CHANGES[:] = [connection.total_changes]


def test_words_phrases_and_columns() -> None:
    assert _terms('storm "the old keeper" -rain title:sea') == (
        Term("word", "storm"),
        Term("phrase", "the old keeper"),
        Term("word", "rain", negated=True),
        Term("word", "sea", column="title"),
    )


def test_fields() -> None:
    assert _terms('model:SmolLM seed:7 kind:picture tag:"night watch" -board:none sub:ghth') == (
        Term("model", "smollm"),
        Term("seed", low=7, high=7),
        Term("kind", "image"),
        Term("tag", "night watch"),
        Term("board", "", negated=True),
        Term("sub", "ghth"),
    )
    assert _terms("star:3 star:0..2 seed:5..") == (
        Term("star", low=3),
        Term("star", low=0, high=2),
        Term("seed", low=5, high=None),
    )
    assert parse('about:"a man and the sea" x').about == "a man and the sea"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", (2026, 1, 1), (2027, 1, 1)),
        ("2026-11", (2026, 11, 1), (2026, 12, 1)),
        ("2026-12", (2026, 12, 1), (2027, 1, 1)),
        ("2026-11-5", (2026, 11, 5), (2026, 11, 6)),
        ("today", (2026, 11, 22), (2026, 11, 23)),
        ("yesterday", (2026, 11, 21), (2026, 11, 22)),
        ("2026-01..2026-03", (2026, 1, 1), (2026, 4, 1)),
        ("..2026-03", None, (2026, 4, 1)),
        (">2026-11", (2026, 12, 1), None),
        ("<2026-11", None, (2026, 11, 1)),
    ],
)
def test_dates(text: str, low: tuple[int, ...] | None, high: tuple[int, ...] | None) -> None:
    (term,) = _terms(f"date:{text}")
    assert term.low == (datetime(*low).timestamp() if low else None)  # type: ignore[arg-type]
    assert term.high == (datetime(*high).timestamp() if high else None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "date:2026-13",
        "date:soon",
        "date:9999",
        "seed:x",
        "star:²",
        "kind:video",
        "is:blue",
        "date:..",
    ],
)
def test_what_cannot_be_used_is_said_and_left_out(text: str) -> None:
    query = parse(text, now=_now)
    assert not query.terms
    assert len(query.problems) == 1
    assert query.problems[0].endswith(".")


def test_a_link_or_a_time_is_just_words() -> None:
    assert _terms("https://example.org") == (Term("word", "https://example.org"),)
    assert _terms("at 10:30") == (Term("word", "at"), Term("word", "10:30"))
    assert _terms("!!! -") == ()


def test_a_long_query_is_cut_and_says_so() -> None:
    query = parse("word " * 1000)
    assert len(query.terms) == MAX_TERMS
    assert len(query.problems) == 2
    assert Query() == parse("")
