"""Stars, tags and boards: first durable in the library folder, then in the index."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from studio.core.errors import BadInputError, StorageError
from studio.library.items import STARS_MAX, Change
from studio.library.marks import Marks, MarksFolder, clean_label
from studio.library.rows import marks_of, set_marks

if TYPE_CHECKING:
    from studio.library.library import Library


def set_stars(library: Library, ids: Sequence[int], stars: int) -> None:
    """Give items 0 to 5 stars.

    Raises:
        BadInputError: Another number.
        StorageError: It could not be kept; nothing changed.
    """
    if not 0 <= stars <= STARS_MAX:
        raise BadInputError(f"Items can have 0 to {STARS_MAX} stars.", stars=stars)
    _change(library, ids, lambda marks: dataclasses.replace(marks, stars=stars))


def set_board(library: Library, ids: Sequence[int], board: str) -> None:
    """Lay items on a board; "" takes them off."""
    name = clean_label(board)
    _change(library, ids, lambda marks: dataclasses.replace(marks, board=name))


def set_tags(library: Library, ids: Sequence[int], tags: Iterable[str]) -> None:
    """Give items exactly these tags."""
    named = _labels(tags)
    _change(library, ids, lambda marks: dataclasses.replace(marks, tags=named))


def change_tags(
    library: Library, ids: Sequence[int], *, add: Iterable[str], remove: Iterable[str]
) -> None:
    """Add and remove tags, leaving the others."""
    added = _labels(add)
    removed = {tag.casefold() for tag in _labels(remove)}

    def change(marks: Marks) -> Marks:
        kept = [tag for tag in marks.tags if tag.casefold() not in removed]
        return dataclasses.replace(marks, tags=_labels([*kept, *added]))

    _change(library, ids, change)


def tag_counts(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return tags with how many items outside the trash have them."""
    return list(
        connection.execute(
            "SELECT tag, count(*) FROM tags WHERE item_id NOT IN"
            " (SELECT id FROM items WHERE trashed_at IS NOT NULL) GROUP BY tag ORDER BY tag"
        )
    )


def board_counts(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return boards with how many items outside the trash lie on them."""
    return list(
        connection.execute(
            "SELECT board, count(*) FROM items WHERE board != '' AND trashed_at IS NULL"
            " GROUP BY board ORDER BY board"
        )
    )


def model_counts(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return models with how many items they made."""
    return list(
        connection.execute(
            "SELECT model, count(*) FROM items WHERE model != '' GROUP BY model ORDER BY model"
        )
    )


def _change(library: Library, ids: Sequence[int], change: Callable[[Marks], Marks]) -> None:
    failures: list[StorageError] = []
    done: list[int] = []

    def work(connection: sqlite3.Connection) -> None:
        rows = marks_of(connection, ids)
        by_path = {path: (number, change(marks)) for number, (path, marks) in rows.items()}
        wanted = {path: marks for path, (_, marks) in by_path.items()}
        try:
            for paths in MarksFolder(library.places.marks).write(wanted):
                for path in paths:
                    number, marks = by_path[path]
                    set_marks(connection, number, marks)
                    done.append(number)
        except StorageError as error:  # rows follow what is durable, then the caller hears of it
            failures.append(error)

    library.write(work)
    if done:
        library.tell(Change(what="changed", ids=tuple(done)))
    if failures:
        raise failures[0]


def _labels(tags: Iterable[str]) -> tuple[str, ...]:
    by_name: dict[str, str] = {}
    for tag in map(clean_label, tags):
        if tag:
            by_name.setdefault(tag.casefold(), tag)
    return tuple(sorted(by_name.values(), key=str.casefold))
