"""From an understood search to SQL. Everything a user typed travels as a bound parameter."""

from __future__ import annotations

import sqlite3
from array import array
from dataclasses import dataclass, field

from studio.library.items import Page, Sort
from studio.library.query import Query, Term

MAX_SHORT_TERMS = 500
MAX_RANKED = 8_000
_NO_SPACES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x2E80, 0x9FFF),  # Chinese, Japanese
    (0xAC00, 0xD7AF),  # Korean
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)


@dataclass
class Statement:
    """A SELECT that gives the ids of everything found, in order.

    Attributes:
        sql: With ``?`` for every parameter.
        parameters: In order.
        matches_nothing: Known beforehand to find nothing.
        ranked: Ordered by how well the words match.
    """

    sql: str
    parameters: list[object] = field(default_factory=list)
    matches_nothing: bool = False
    ranked: bool = False

    def first(self, connection: sqlite3.Connection, limit: int, offset: int = 0) -> array[int]:
        """Return some ids; fast, since the search ends when it has them."""
        if self.matches_nothing:
            return array("q")
        rows = connection.execute(f"{self.sql} LIMIT ? OFFSET ?", [*self.parameters, limit, offset])
        return array("q", [row[0] for row in rows.fetchall()])

    def all(self, connection: sqlite3.Connection) -> array[int]:
        """Return all ids. As one text, which takes a third of the time of 200,000 rows."""
        import numpy as np

        found = array("q")
        if not self.matches_nothing:
            row = connection.execute(
                f"SELECT group_concat(id) FROM ({self.sql})", self.parameters
            ).fetchone()
            if row[0] is not None:
                ids = np.fromstring(str(row[0]), dtype=np.int64, sep=",")
                found.frombytes(ids.tobytes())
        return found


def compile_query(query: Query, sort: Sort, connection: sqlite3.Connection) -> Statement:
    """Return the SELECT for a query.

    Args:
        query: What was understood; ``about`` terms are left to the caller.
        sort: Order of the ids; "relevance" without words to go by is "newest".
        connection: Looked into for substrings shorter than three characters.
    """
    builder = _Builder(connection)
    for term in query.terms:
        builder.add(term)
    return builder.statement(sort)


def find(
    connection: sqlite3.Connection,
    *,
    query: Query,
    sort: Sort = "newest",
    limit: int | None = None,
    offset: int = 0,
) -> Page:
    """Run a query; see ``Library.search`` for the arguments."""
    problems = query.problems
    statement = compile_query(query, sort, connection)
    if statement.ranked:
        newest = compile_query(query, "newest", connection)
        if len(newest.first(connection, MAX_RANKED + 1)) > MAX_RANKED:
            statement = newest  # a word that is nearly everywhere says nothing about nearness
            problems = (*problems, "So much was found that the newest stands first.")
    if limit is None:
        ids = statement.all(connection)
        return Page(ids=ids[offset:], total=len(ids), problems=problems)
    ids = statement.first(connection, limit + 1, offset)
    complete = len(ids) <= limit and (bool(ids) or not offset)
    return Page(ids=ids[:limit], total=offset + len(ids), complete=complete, problems=problems)


class _Builder:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._words: list[str] = []
        self._parts: list[str] = []
        self._words_out: list[str] = []
        self._parts_out: list[str] = []
        self._conditions: list[str] = []
        self._parameters: list[object] = []
        self._trash_asked = False
        self._nothing = False

    def add(self, term: Term) -> None:
        """Take one condition in."""
        if term.kind in ("word", "phrase"):
            self._add_words(term)
        elif term.kind == "sub":
            self._add_part(term, term.value)
        elif term.kind == "is":
            self._add_state(term)
        elif term.kind != "about":
            self._add_column(term)

    def statement(self, sort: Sort) -> Statement:
        """Return the whole SELECT, joining text index and items only as far as needed."""
        if self._words:
            match = _match(self._words, self._words_out)
            for condition in self._parts:
                self._inside("parts", condition)
            self._outside("parts", self._parts_out)
            return self._matched("words", match, sort)
        self._outside("words", self._words_out)
        if self._parts:
            return self._matched("parts", _match(self._parts, self._parts_out), sort)
        self._outside("parts", self._parts_out)
        order = _order(sort, "i.id", "i.id DESC")
        sql = f"SELECT i.id FROM items i WHERE {self._all_conditions()} ORDER BY {order}"
        return Statement(sql, self._parameters, self._nothing)

    def _inside(self, table: str, expression: str) -> None:
        found = f"{{id}} IN (SELECT rowid FROM {table} WHERE {table} MATCH ?)"
        self._where(found, expression)

    def _outside(self, table: str, expressions: list[str]) -> None:
        for expression in expressions:
            found = f"{{id}} IN (SELECT rowid FROM {table} WHERE {table} MATCH ?)"
            self._where(found, expression, negated=True)

    def _matched(self, table: str, match: str, sort: Sort) -> Statement:
        parameters = [match, *self._parameters]
        if not self._conditions and not self._trash_asked and sort != "stars":
            sql = (
                f"SELECT rowid AS id FROM {table} WHERE {table} MATCH ?"
                " AND rowid NOT IN (SELECT id FROM items WHERE trashed_at IS NOT NULL)"
                f" ORDER BY {_order(sort, 'rowid', 'rank')}"
            )
        else:
            sql = (
                f"SELECT i.id FROM {table} w CROSS JOIN items i ON i.id = w.rowid"
                f" WHERE w.{table} MATCH ? AND {self._all_conditions()}"
                f" ORDER BY {_order(sort, 'w.rowid', 'w.rank')}"
            )
        return Statement(sql, parameters, self._nothing, ranked=sort == "relevance")

    def _all_conditions(self) -> str:
        live = [] if self._trash_asked else ["i.trashed_at IS NULL"]
        return " AND ".join([*self._conditions, *live]).replace("{id}", "i.id")

    # ---- conditions --------------------------------------------------------------------------

    def _where(self, condition: str, *parameters: object, negated: bool = False) -> None:
        self._conditions.append(f"NOT ({condition})" if negated else condition)
        self._parameters.extend(parameters)

    def _add_words(self, term: Term) -> None:
        if _has_no_word_breaks(term.value):
            self._add_part(term, term.value)
            return
        phrase = _phrase(term.value)
        if term.kind == "word" and sum(map(str.isalnum, term.value)) > 1:
            phrase += " *"
        if term.column:
            phrase = f"{term.column} : {phrase}"
        (self._words_out if term.negated else self._words).append(f"({phrase})")

    def _add_part(self, term: Term, value: str) -> None:
        expression = _phrase(value) if len(value) >= 3 else self._short(value)
        if not expression:
            self._nothing = self._nothing or not term.negated
            return
        if term.column:
            expression = f"{term.column} : ({expression})"
        (self._parts_out if term.negated else self._parts).append(f"({expression})")

    def _short(self, value: str) -> str:
        """Return the three-character strings of the index that hold one or two characters."""
        escaped = value.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        rows = self._connection.execute(
            "SELECT term FROM part_terms WHERE term LIKE ? ESCAPE '\\' ORDER BY doc DESC LIMIT ?",
            (f"%{escaped}%", MAX_SHORT_TERMS),
        )
        return " OR ".join(_phrase(row[0]) for row in rows)

    def _add_state(self, term: Term) -> None:
        if term.value == "trashed":
            self._trash_asked = self._trash_asked or not term.negated
        self._where(_STATES[term.value], negated=term.negated)

    def _add_column(self, term: Term) -> None:
        negated = term.negated
        if term.kind == "kind":
            self._where("i.kind = ?", term.value, negated=negated)
        elif term.kind == "model":
            names = [name for name in self._models() if term.value in name.lower()]
            marks = ", ".join("?" * len(names))
            self._where(f"i.model IN ({marks})", *names, negated=negated)
        elif term.kind == "board":
            self._where("i.board = ? COLLATE NOCASE", term.value, negated=negated)
        elif term.kind == "tag":
            tagged = "i.id IN (SELECT item_id FROM tags WHERE tag = ?)"
            self._where(tagged, term.value, negated=negated)
        else:
            column = {"seed": "i.seed", "star": "i.stars", "date": "i.id"}[term.kind]
            self._add_bounds(term, column)

    def _models(self) -> list[str]:
        """Return every model's name, by jumping from one to the next in the index."""
        rows = self._connection.execute(
            "WITH RECURSIVE found (name) AS (SELECT min(model) FROM items UNION ALL SELECT"
            " (SELECT min(model) FROM items WHERE model > name) FROM found WHERE name IS NOT NULL)"
            " SELECT name FROM found WHERE name IS NOT NULL"
        )
        return [row[0] for row in rows]

    def _add_bounds(self, term: Term, column: str) -> None:
        conditions, parameters = [f"{column} IS NOT NULL"], list[object]()
        scale = 1000 if term.kind == "date" else 1  # ids are milliseconds
        if term.low is not None:
            conditions.append(f"{column} >= ?")
            parameters.append(int(term.low * scale))
        if term.high is not None:
            conditions.append(f"{column} < ?" if term.kind == "date" else f"{column} <= ?")
            parameters.append(int(term.high * scale))
        self._where(" AND ".join(conditions), *parameters, negated=term.negated)


_STATES = {
    "trashed": "i.trashed_at IS NOT NULL",
    "starred": "i.stars > 0",
    "missing": "i.missing",
    "foreign": "i.is_foreign",
    "tagged": "i.id IN (SELECT item_id FROM tags)",
    "untagged": "i.id NOT IN (SELECT item_id FROM tags)",
    "duplicate": (
        "i.content_hash IN (SELECT content_hash FROM items WHERE trashed_at IS NULL AND size_bytes"
        " GROUP BY content_hash HAVING count(*) > 1)"
    ),
}


def _match(wanted: list[str], unwanted: list[str]) -> str:
    """Return one FTS5 expression; its own NOT is far faster than a second look-up."""
    expression = " AND ".join(wanted)
    for out in unwanted:
        expression = f"({expression}) NOT {out}"
    return expression


def _order(sort: Sort, newest: str, rank: str) -> str:
    return {
        "newest": f"{newest} DESC",
        "oldest": newest,
        "relevance": rank,
        "stars": f"i.stars DESC, {newest} DESC",
    }[sort]


def _phrase(value: str) -> str:
    """Return an FTS5 string, in which nothing is an operator."""
    return '"' + value.replace('"', '""') + '"'


def _has_no_word_breaks(value: str) -> bool:
    """Whether the script runs words together, so that a word is found only as a substring."""
    return any(low <= ord(c) <= high for c in value for low, high in _NO_SPACES)
