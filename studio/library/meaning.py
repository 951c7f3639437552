"""Search by meaning: vectors of all texts, computed in the background, and the nearest ones.

Who computes the vectors is an :class:`Embedder`; :mod:`studio.library.embedder` asks the engine.
Without one, or without its model, ``why_not`` says so and the rest of the library goes on.
"""

from __future__ import annotations

import logging
import threading
from array import array
from collections.abc import Callable, Sequence
from typing import Protocol

from studio.core.errors import BadInputError, StudioError
from studio.library.items import Change, Page
from studio.library.library import Library
from studio.library.query import Query, parse
from studio.library.vectors import VectorSearch, store, text_hash, to_float16, waiting

log = logging.getLogger(__name__)

BATCH_TEXTS = 32
FETCHED_TEXTS = 1024
MOST_FOUND = 2000
LEAST_LIKENESS = 0.15  # unrelated sentences lie at -0.1 to 0.1 with MiniLM


class Embedder(Protocol):
    """Turns texts into vectors."""

    @property
    def model(self) -> str:
        """Id of the model; "" when none is there."""

    @property
    def why_not(self) -> str:
        """A sentence for the user when there is no model; "" when there is one."""

    def vectors(self, texts: Sequence[str], *, urgent: bool) -> tuple[bytes, int]:
        """Return little-endian float32 vectors of length 1, joined, and their dimensions.

        Args:
            texts: One or more.
            urgent: Someone waits for it.

        Raises:
            StudioError: It did not work, with words for the user.
        """


class Meaning:
    """Keeps the library's vectors complete and searches them. Thread-safe."""

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self._library = library
        self._embedder = embedder
        self._searches: dict[tuple[str, int], VectorSearch] = {}
        self._guard = threading.Lock()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._unsubscribe = library.subscribe(self._on_change)
        self._asked: dict[str, tuple[bytes, int]] = {}
        self.problem = ""
        """Why the background work stopped; "" while it goes on or is done."""

    @property
    def why_not(self) -> str:
        """Why searching by meaning is not possible now; "" when it is."""
        return self._embedder.why_not

    def start(self) -> None:
        """Compute missing vectors in the background, now and whenever items are added."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="library-meaning", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop; at most one batch of texts is computed again next time."""
        self._closing.set()
        self._wake.set()
        self._unsubscribe()
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Look again for texts without a vector, such as after a model was added."""
        self._wake.set()

    def missing(self) -> int:
        """Return how many items have no vector of the present model yet."""
        model = self._embedder.model
        with self._library.index.reading() as connection:
            row = connection.execute(
                "SELECT (SELECT count(*) FROM items WHERE trashed_at IS NULL)"
                " - (SELECT count(*) FROM vectors JOIN items ON items.id = item_id"
                "    WHERE vectors.model = ? AND trashed_at IS NULL)",
                (model,),
            ).fetchone()
        return max(0, int(row[0]))

    def search(
        self,
        query: str | Query,
        *,
        limit: int = 200,
        cancelled: Callable[[], bool] | None = None,
    ) -> Page:
        """Find items near in meaning; every other condition of the query holds as well.

        Args:
            query: With ``about:"…"``; bare words without it are taken as what it is about.
            limit: How many ids at most.
            cancelled: Asked now and then.

        Raises:
            BadInputError: There is no model, or nothing to go by.
            StudioError: The engine or the index failed.
        """
        asked = parse(query) if isinstance(query, str) else query
        about, rest = _split(asked)
        if not about:
            raise BadInputError("Say in a few words what it shall be about.")
        if self.why_not:
            raise BadInputError(self.why_not)
        vector, dimensions = self._vector(about)
        allowed: array[int] | None = None
        if rest.terms:
            allowed = self._library.search(rest, cancelled=cancelled).ids
        search = self._search(dimensions)
        near = search.nearest(vector, limit=min(limit, MOST_FOUND) * 2, allowed=allowed)
        found = [number for number, likeness in near if likeness >= LEAST_LIKENESS]
        if allowed is None:
            items = self._library.items(found)
            found = [item.id for item in items if item.trashed_at is None]
        ids = array("q", found[:limit])
        return Page(ids=ids, total=len(ids), problems=asked.problems)

    def like(self, number: int, *, limit: int = 50) -> Page:
        """Find items near in meaning to one that has a vector.

        Raises:
            BadInputError: It has none yet.
        """
        with self._library.index.reading() as connection:
            row = connection.execute(
                "SELECT vector FROM vectors WHERE item_id = ? AND model = ?",
                (number, self._embedder.model),
            ).fetchone()
        if row is None:
            raise BadInputError("This item was not read for its meaning yet.")
        import numpy as np

        vector = np.frombuffer(row[0], "<f2").astype("<f4").tobytes()
        near = self._search(len(row[0]) // 2).nearest(vector, limit=limit + 1)
        items = self._library.items([n for n, _ in near if n != number])
        ids = array("q", [item.id for item in items if item.trashed_at is None][:limit])
        return Page(ids=ids, total=len(ids))

    # ---- background --------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            self._library.upkeep.wait_for_scan()  # at its end it may bring vectors along
            try:
                self._compute_missing()
                self.problem = ""
            except StudioError as error:
                log.warning("search by meaning waits: %s", error.sentence())
                self.problem = error.sentence()
                self._library.tell(Change(what="problems"))
            self._wake.wait()

    def _compute_missing(self) -> None:
        model = self._embedder.model
        while model and not self._closing.is_set():
            with self._library.index.reading() as connection:
                texts = waiting(connection, model, FETCHED_TEXTS)
            if not texts:
                return
            for start in range(0, len(texts), BATCH_TEXTS):
                if self._closing.is_set():
                    return
                self._compute(model, texts[start : start + BATCH_TEXTS])

    def _compute(self, model: str, texts: Sequence[tuple[int, str]]) -> None:
        named = [text or " " for _, text in texts]
        joined, dimensions = self._embedder.vectors(named, urgent=False)
        halves = to_float16(joined, dimensions)
        rows = {
            number: (text_hash(text), half)
            for (number, text), half in zip(texts, halves, strict=True)
        }
        self._library.write(lambda connection: store(connection, model, rows))
        self._search(dimensions).put({number: half for number, (_, half) in rows.items()})

    def _on_change(self, change: Change) -> None:
        if change.what == "reset":
            with self._guard:
                self._searches.clear()
        if change.what == "removed":
            with self._guard:
                searches = list(self._searches.values())
            for search in searches:
                search.forget(change.ids)
        if change.what in ("added", "changed", "reset"):
            self._wake.set()

    def _vector(self, about: str) -> tuple[bytes, int]:
        """Return the vector of what is asked, remembered for the next letter typed."""
        key = f"{self._embedder.model}\n{about}"
        with self._guard:
            if key in self._asked:
                return self._asked[key]
        found = self._embedder.vectors([about], urgent=True)
        with self._guard:
            while len(self._asked) > 50:
                self._asked.pop(next(iter(self._asked)))
            self._asked[key] = found
        return found

    def _search(self, dimensions: int) -> VectorSearch:
        key = (self._embedder.model, dimensions)
        with self._guard:
            if key not in self._searches:
                self._searches[key] = VectorSearch(self._library.index, *key)
            return self._searches[key]


def _split(query: Query) -> tuple[str, Query]:
    """Return what the query is about, and its other conditions."""
    about = query.about
    if about:
        rest = tuple(term for term in query.terms if term.kind != "about")
    else:
        bare = [t for t in query.terms if t.kind in ("word", "phrase") and not t.negated]
        bare = [term for term in bare if not term.column]
        about = " ".join(term.value for term in bare)
        rest = tuple(term for term in query.terms if term not in bare)
    return about, Query(rest, query.problems)
