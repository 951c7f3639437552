"""What the library tells about one file, one page of results and one change, as plain data."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Kind = Literal["text", "image", "audio"]
KINDS: tuple[Kind, ...] = ("text", "image", "audio")

Sort = Literal["newest", "oldest", "relevance", "stars"]
SORTS: tuple[Sort, ...] = ("newest", "oldest", "relevance", "stars")

STARS_MAX = 5


@dataclass(frozen=True, kw_only=True)
class Item:
    """One file of the library.

    Attributes:
        id: Its number in the index: milliseconds since 1970 of its making, moved on by a few
            where several were made at once. The same after the index was made anew.
        path: Where it is, relative to the library folder, with forward slashes.
        kind: What it holds.
        created_at: When it was made, seconds since 1970.
        size_bytes: Size of the file.
        model: Id of the model that made it; "" unknown.
        seed: The seed of its request; ``None`` unknown.
        title: A short name for people.
        prompt: What was asked; "" unknown.
        excerpt: The beginning of a text.
        stars: 0..5.
        board: The board it lies on; "" none.
        tags: In alphabetical order.
        trashed_at: When it went to the trash, seconds since 1970; ``None``: not in the trash.
        missing: The file is gone or cannot be reached now.
        foreign: Made by another program.
        content_hash: SHA-256 of the content without what is said about it, hexadecimal.
        width_px: Width of a picture; 0 unknown.
        height_px: Height of a picture; 0 unknown.
    """

    id: int
    path: str
    kind: Kind
    created_at: float
    size_bytes: int = 0
    model: str = ""
    seed: int | None = None
    title: str = ""
    prompt: str = ""
    excerpt: str = ""
    stars: int = 0
    board: str = ""
    tags: tuple[str, ...] = ()
    trashed_at: float | None = None
    missing: bool = False
    foreign: bool = False
    content_hash: str = ""
    width_px: int = 0
    height_px: int = 0

    @property
    def made(self) -> datetime:
        """When it was made, in local time."""
        return datetime.fromtimestamp(self.created_at).astimezone()


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a search found.

    Attributes:
        ids: The items asked for, in order; rows come with ``Library.items``.
        total: How many were found in all; at least that many where not ``complete``.
        complete: ``total`` is exact: everything was asked for, or these are the last ones.
        problems: What of the query could not be used, in plain sentences.
    """

    ids: array[int]
    total: int
    complete: bool = True
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something in the library is different now.

    Attributes:
        what: "added", "changed" or "removed" name ids; "reset" means everything may be new;
            "progress" tells how a scan goes; "problems" that there is something to look at.
        ids: The items concerned, where that is known.
        done: Files looked at by the scan.
        total: Files the scan will look at; 0 unknown.
    """

    what: Literal["added", "changed", "removed", "reset", "progress", "problems"]
    ids: Sequence[int] = ()
    done: int = 0
    total: int = 0


@dataclass(frozen=True, kw_only=True)
class ScanReport:
    """What a scan of the folder did.

    Attributes:
        found: Files of ours or of others that are indexed now.
        added: Files that were not in the index.
        changed: Files that were read again.
        moved: Files that had another name.
        missing: Rows whose file is gone.
        leftovers: Unfinished files of a crash that were removed.
        unreadable: Files that are indexed by name only, since they could not be read.
        cancelled: The scan was stopped before its end.
    """

    found: int = 0
    added: int = 0
    changed: int = 0
    moved: int = 0
    missing: int = 0
    leftovers: int = 0
    unreadable: tuple[str, ...] = ()
    cancelled: bool = False


@dataclass(frozen=True, kw_only=True)
class Problems:
    """What a user may want to look after.

    Attributes:
        missing: Items whose file is gone.
        duplicates: Groups of items with the same content, oldest first in each.
        unreadable: Files that could not be read, relative to the folder.
        notes: Sentences about what happened, such as an index made anew.
    """

    missing: tuple[Item, ...] = ()
    duplicates: tuple[tuple[Item, ...], ...] = ()
    unreadable: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
