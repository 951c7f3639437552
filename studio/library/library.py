"""The library: everything ever made, as ordinary files, with an index to find it.

Thread-safe. Files are the truth: each holds its own request, and the index can be deleted and
is filled again from them. A result's file is durable before its row is, and its row before
anyone is told. See packaging/docs/decisions/0060-the-library-is-its-files.md.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from studio.core.artifacts import Artifact, TextArtifact
from studio.core.atomic_write import atomic_file, atomic_write
from studio.core.errors import BadInputError, StorageError
from studio.core.provenance import Ingredient, Origin, record_of
from studio.core.provenance.credentials import seal_if_possible
from studio.core.provenance.keys import SigningKey
from studio.core.requests import (
    AudioRequest,
    ImageRequest,
    Request,
    from_json,
    input_refs,
    to_json,
)
from studio.library import marking, trash, upkeep
from studio.library.compile import find
from studio.library.filing import ResultFile, files_of
from studio.library.index import DamagedIndexError, Index
from studio.library.items import Change, Item, Page, Problems, ScanReport, Sort
from studio.library.names import DEFAULT_TEMPLATE, check_template, fields, file_name, numbered
from studio.library.places import Places
from studio.library.query import Query, parse
from studio.library.reading import FileFacts, kind_of, read_file, request_in, subject_of
from studio.library.rows import item_by_path, items_by_id, text_columns, upsert

log = logging.getLogger(__name__)

T = TypeVar("T")

TRASH_DAYS = 30


@dataclasses.dataclass(frozen=True)
class ModelLabel:
    """What a file says about the model that made it, besides its id."""

    title: str = ""
    licence: str = ""


class Library:
    """One library folder and its index.

    Args:
        folder: Where results are kept; made when it is new.
        index_path: The index; may be deleted at any time.
        template: How files are named; see :mod:`studio.library.names`.
        clock: The time, for names, the trash and "today".
        model_label: Says title and licence of a model by its id.
        key: Returns the key that signs what can be signed; asked at the first such result.

    Raises:
        StorageError: Neither folder nor index can be opened.
        BadInputError: The template has a field that does not exist.
    """

    def __init__(
        self,
        folder: Path,
        index_path: Path,
        *,
        template: str = DEFAULT_TEMPLATE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        model_label: Callable[[str], ModelLabel] = lambda model: ModelLabel(),
        key: Callable[[], SigningKey | None] = lambda: None,
    ) -> None:
        self.folder = folder
        self.places = Places(folder)
        self.template = check_template(template)
        self.clock = clock
        self._model_label = model_label
        self._key = key
        self._callbacks: list[Callable[[Change], None]] = []
        self._guard = threading.Lock()
        self.upkeep = upkeep.Upkeep(self)  # before the index, which may be damaged at once
        self.index = Index(index_path, on_damage=self._index_is_fresh)
        if self.index.fresh and not folder.exists():
            trash.make_folder(folder)

    def start(self) -> None:
        """Look through the folder in the background: adopt, sweep, empty the old trash."""
        self.upkeep.start()

    def close(self) -> None:
        """Stop the background work and close the index; nothing acknowledged is lost by it."""
        self.upkeep.close()
        self.index.close()

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Call back on every change, on whichever thread made it; returns how to stop that."""
        with self._guard:
            self._callbacks.append(callback)

        def unsubscribe() -> None:
            with self._guard:
                if callback in self._callbacks:
                    self._callbacks.remove(callback)

        return unsubscribe

    def tell(self, change: Change) -> None:
        """Tell all subscribers; called by the library's own parts."""
        with self._guard:
            callbacks = tuple(self._callbacks)
        for callback in callbacks:
            callback(change)

    # ---- adding ------------------------------------------------------------------------------

    def add_result(self, artifact: Artifact) -> Item:
        """File what a job made that is one file; see :meth:`add_results`."""
        (item,) = self.add_results(artifact)
        return item

    def add_results(self, artifact: Artifact) -> tuple[Item, ...]:
        """File what a job made: each file first, then its row; durable when this returns.

        Raises:
            StorageError: It could not be written; nothing half-written was left behind.
            BadInputError: The library cannot keep this kind of result.
        """
        made = self.clock()
        label = self._model_label(artifact.model)
        return tuple(self._add(file, label, made) for file in files_of(artifact, label.title))

    def _add(self, file: ResultFile, label: ModelLabel, made: datetime) -> Item:
        record = record_of(
            file.artifact,
            model_title=label.title,
            licence=label.licence,
            origin=_origin(file.artifact.request),
            ingredients=_ingredients(file.artifact.request),
            created_at=made,
        )
        exact = made.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = dataclasses.replace(record, created_at=exact)
        sealed = seal_if_possible(file.data, file.suffix, record, self._key)
        if sealed.notice:
            log.warning("%s", sealed.notice)
        values = fields(
            made=made.astimezone(),
            kind=kind_of(f"x{file.suffix}") or file.artifact.request.kind,
            prompt=_subject(file.artifact),
            seed=file.artifact.request.seed,
            model=file.artifact.model.rpartition("/")[2],
        )
        return self._place(file_name(self.template, values), file.suffix, sealed.data)

    def add_file(self, source: Path) -> Item:
        """Copy a file from elsewhere into the library, under its own name where that is free.

        Raises:
            BadInputError: Not a text, picture or sound.
            StorageError: It could not be read or the copy not be written.
        """
        if kind_of(source.name) is None:
            raise BadInputError(
                f"{source.name} is not a text, picture or sound the library knows.",
                hint="It keeps Markdown, text, PNG, JPEG, WebP, AVIF, WAV, FLAC, MP3 and OGG.",
            )
        values = {"title": source.stem}
        return self._place(file_name("{title}", values), source.suffix.lower(), source)

    def _place(self, stem: str, suffix: str, content: bytes | Path) -> Item:
        for name in numbered(stem):
            path = f"{name}{suffix}"
            file = self.places.file(path)
            if file.exists() or self._read(partial(item_by_path, path=path)):
                continue  # also the name of a file that is missing now stays its own
            try:
                with self.index.lock:  # so that no sweep takes the unfinished file for a leftover
                    _write_new(file, content)
            except StorageError as error:
                if isinstance(error.__cause__, FileExistsError) and os.path.lexists(file):
                    continue  # not where something stands in the folder's own place
                raise
            return self.adopt(path)
        raise StorageError(f"No free name was found for {stem}.")  # numbered() never ends

    def adopt(self, path: str) -> Item:
        """Read a file that stands in the folder into the index.

        Raises:
            StorageError: It cannot be read or the index not be written.
        """
        trashed_at = self.places.trashed_at(path)
        facts = read_file(self.places.file(path), path, trashed_at=trashed_at)
        number = self.add_facts([facts])[0]
        item = self.item(number)
        if item is None:
            raise StorageError(f"{path} could not be found again in the library's index.")
        return item

    def add_facts(self, facts: Iterable[FileFacts]) -> list[int]:
        """Write rows for files that were read, in one transaction; returns their ids."""
        listed = list(facts)

        def work(connection: sqlite3.Connection) -> list[int]:
            ids = []
            for one in listed:
                old = item_by_path(connection, one.path)
                ids.append(upsert(connection, one, None, old_id=old.id if old else None))
            return ids

        ids = self.write(work)
        self.tell(Change(what="added", ids=ids))
        return ids

    # ---- finding -----------------------------------------------------------------------------

    def search(
        self,
        query: str | Query = "",
        *,
        sort: Sort = "newest",
        limit: int | None = None,
        offset: int = 0,
        cancelled: Callable[[], bool] | None = None,
    ) -> Page:
        """Find items by words, properties and user data; see :mod:`studio.library.query`.

        ``about:`` terms are left to :class:`studio.library.meaning.Meaning`.

        Args:
            query: What the user typed, or what was understood of it.
            sort: Order of the ids.
            limit: How many ids at most. A first page comes many times faster than all ids, so a
                view asks for one, shows it, and then asks for ``None``, which gives everything.
            offset: How many to leave out at the beginning.
            cancelled: Asked now and then, from the searching thread.

        Raises:
            SearchInterrupted: ``cancelled`` said yes.
            StorageError: The index cannot be read.
        """
        asked = parse(query, now=self._local_time) if isinstance(query, str) else query
        return self._read(
            partial(find, query=asked, sort=sort, limit=limit, offset=offset),
            cancelled=cancelled,
        )

    def items(self, ids: Sequence[int]) -> list[Item]:
        """Return items in the order of ``ids``; those that are gone are left out."""
        return self._read(partial(items_by_id, ids=ids))

    def item(self, number: int) -> Item | None:
        """Return one item; ``None`` when it is gone."""
        found = self.items([number])
        return found[0] if found else None

    def path(self, item: Item) -> Path:
        """Return where the item's file lies."""
        return self.places.file(item.path)

    def text(self, number: int) -> str:
        """Return an item's whole text, as far as it is indexed."""
        return self._read(partial(text_columns, number=number)).get("text", "")

    def settings(self, number: int) -> str:
        """Return the settings another program left in the file, as JSON; "" none."""
        return self._read(partial(text_columns, number=number)).get("settings", "")

    def request(self, number: int) -> Request:
        """Return the request that made an item.

        Raises:
            BadInputError: Nothing in the file says how it was made.
        """
        stored = self._read(partial(text_columns, number=number)).get("request", "")
        if not stored:
            raise BadInputError(
                "This file does not say how it was made.",
                hint="It comes from another program, or was shared without its prompt.",
            )
        return from_json(stored)

    def tags(self) -> list[tuple[str, int]]:
        """Return all tags with how many items have them."""
        return self._read(marking.tag_counts)

    def boards(self) -> list[tuple[str, int]]:
        """Return all boards with how many items lie on them."""
        return self._read(marking.board_counts)

    def models(self) -> list[tuple[str, int]]:
        """Return all models with how many items they made."""
        return self._read(marking.model_counts)

    # ---- what the user says ------------------------------------------------------------------

    def set_stars(self, ids: Sequence[int], stars: int) -> None:
        """Give items 0 to 5 stars.

        Raises:
            StorageError: It could not be kept; nothing changed.
        """
        marking.set_stars(self, ids, stars)

    def set_board(self, ids: Sequence[int], board: str) -> None:
        """Lay items on a board, which exists from then on; "" takes them off."""
        marking.set_board(self, ids, board)

    def set_tags(self, ids: Sequence[int], tags: Iterable[str]) -> None:
        """Give items exactly these tags."""
        marking.set_tags(self, ids, tags)

    def change_tags(
        self, ids: Sequence[int], *, add: Iterable[str] = (), remove: Iterable[str] = ()
    ) -> None:
        """Add and remove tags, leaving the others."""
        marking.change_tags(self, ids, add=add, remove=remove)

    # ---- trash -------------------------------------------------------------------------------

    def trash(self, ids: Sequence[int]) -> list[int]:
        """Move files to the trash; returns the ids moved (missing files stay as they are)."""
        return trash.put(self, ids)

    def restore(self, ids: Sequence[int]) -> list[int]:
        """Move files back from the trash to where they were, or beside what stands there now."""
        return trash.restore(self, ids)

    def purge_expired(self) -> list[int]:
        """Delete files that were in the trash for more than 30 days; returns their ids."""
        return trash.purge(self, timedelta(days=TRASH_DAYS))

    def forget(self, ids: Sequence[int]) -> list[int]:
        """Take missing files off the index, with their stars and tags; returns their ids."""
        return trash.forget(self, ids)

    # ---- upkeep ------------------------------------------------------------------------------

    def scan(
        self,
        progress: Callable[[int, int], None] = lambda done, total: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ScanReport:
        """Bring the index into step with the folder; see :mod:`studio.library.scan`."""
        return self.upkeep.scan(progress, cancelled)

    def rebuild(
        self,
        progress: Callable[[int, int], None] = lambda done, total: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ScanReport:
        """Throw the index away and read every file again.

        Raises:
            StorageError: The folder cannot be reached.
        """
        return self.upkeep.rebuild(progress, cancelled)

    def problems(self) -> Problems:
        """Return what a user may want to look after."""
        return self._read(upkeep.problems, self.upkeep.notes)

    # ---- for the library's own parts ---------------------------------------------------------

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run work in one durable transaction and wait for it; tried again on a fresh index."""
        try:
            return self.index.write(work).result()
        except DamagedIndexError:
            return self.index.write(work).result()

    def _read(
        self,
        work: Callable[..., T],
        *arguments: object,
        cancelled: Callable[[], bool] | None = None,
    ) -> T:
        try:
            with self.index.reading(cancelled) as connection:
                return work(connection, *arguments)
        except DamagedIndexError:
            with self.index.reading(cancelled) as connection:
                return work(connection, *arguments)

    def _index_is_fresh(self, reason: str) -> None:
        self.upkeep.refill(reason)
        self.tell(Change(what="reset"))

    def _local_time(self) -> datetime:
        return self.clock().astimezone().replace(tzinfo=None)


def _origin(request: Request) -> Origin:
    """Return how much of a result a model made.

    A lent voice is cloned, but nothing of the recording is in the sound.
    """
    lent = request.kept_voice if isinstance(request, AudioRequest) else None
    own = [ref for ref in input_refs(request) if lent is None or ref != lent.audio]
    return Origin.COMPOSITE if own else Origin.GENERATED


def _ingredients(request: Request) -> tuple[Ingredient, ...]:
    return tuple(
        Ingredient(media_type=ref.media_type, sha256=ref.sha256) for ref in input_refs(request)
    )


def _subject(artifact: Artifact) -> str:
    """Return the words a result's file is named for."""
    request = artifact.request
    asked = subject_of(request_in(to_json(request)))
    if not asked and isinstance(request, ImageRequest | AudioRequest):
        asked = request.prompt
    return asked or (artifact.text if isinstance(artifact, TextArtifact) else "")


def _write_new(file: Path, content: bytes | Path) -> None:
    doing = "adding to the library"
    if isinstance(content, bytes):
        atomic_write(file, content, doing=doing, replace=False)
        return
    with atomic_file(file, doing=doing, replace=False) as target, content.open("rb") as source:
        shutil.copyfileobj(source, target, 1 << 20)
