"""Vectors of meaning in the index, and the nearest ones to a given vector.

Stored as float16 (768 bytes for 384 numbers). To search, one int8 copy of all stands in memory
(77 MB for 200,000), which is scored in about 15 ms; the best few hundred are then
scored again from the stored ones, so the order is that of float16.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from array import array
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.library.index import Index

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EMBEDDED_CHARACTERS = 1500  # about what the model can see at once
RESCORED = 400
_BLOCK = 1024


def embedded_text(title: str, prompt: str, text: str) -> str:
    """Return what stands for an item when its meaning is computed."""
    parts = [prompt or title, text]
    return "\n".join(part.strip() for part in parts if part.strip())[:EMBEDDED_CHARACTERS]


def text_hash(text: str) -> bytes:
    """Return what tells whether a stored vector still belongs to a text."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16]


def waiting(connection: sqlite3.Connection, model: str, limit: int) -> list[tuple[int, str]]:
    """Return id and text of items that have no vector of this model yet, newest first."""
    rows = connection.execute(
        "SELECT t.id, t.title, t.prompt, substr(t.text, 1, ?) FROM texts t"
        " WHERE t.id IN (SELECT id FROM items WHERE trashed_at IS NULL) AND t.id NOT IN"
        " (SELECT item_id FROM vectors WHERE model = ?) ORDER BY t.id DESC LIMIT ?",
        (EMBEDDED_CHARACTERS, model, limit),
    )
    return [(row[0], embedded_text(*row[1:])) for row in rows]


def store(
    connection: sqlite3.Connection, model: str, vectors: Mapping[int, tuple[bytes, bytes]]
) -> None:
    """Write vectors: for each id the text's hash and the numbers as little-endian float16."""
    connection.executemany(
        "INSERT OR REPLACE INTO vectors (item_id, model, text_hash, vector) VALUES (?, ?, ?, ?)",
        [(number, model, hashed, data) for number, (hashed, data) in vectors.items()],
    )


def adopt(index: Index, old: Path) -> int:
    """Copy vectors from an index that was put aside, where the text is still the same.

    Args:
        index: Is written to.
        old: An index file of the same schema, possibly damaged.

    Returns:
        How many were taken over.

    Raises:
        sqlite3.Error: The old file gives no more; what came before is kept.
    """
    taken = 0
    connection = sqlite3.connect(f"{old.absolute().as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT item_id, model, text_hash, vector FROM vectors")
        while some := rows.fetchmany(1000):
            taken += index.write(partial(_adopt_some, some)).result()
    finally:
        connection.close()
    return taken


def _adopt_some(rows: list[tuple[int, str, bytes, bytes]], connection: sqlite3.Connection) -> int:
    taken = 0
    for number, model, hashed, data in rows:
        row = connection.execute(
            "SELECT title, prompt, substr(text, 1, ?) FROM texts WHERE id = ?",
            (EMBEDDED_CHARACTERS, number),
        ).fetchone()
        if row and text_hash(embedded_text(*row)) == hashed:
            store(connection, model, {number: (hashed, data)})
            taken += 1
    return taken


def to_float16(vectors: bytes, dimensions: int) -> list[bytes]:
    """Return each vector of a ``VectorArtifact`` as little-endian float16."""
    import numpy as np

    rows = np.frombuffer(vectors, "<f4").reshape(-1, dimensions)
    return [row.astype("<f2").tobytes() for row in rows]


def _among(ids: NDArray[np.int64], allowed: array[int]) -> NDArray[np.bool_]:
    """Return which of ``ids`` are among the allowed ones."""
    import numpy as np

    if not len(allowed):
        return np.zeros(len(ids), np.bool_)
    ordered = np.sort(np.frombuffer(allowed, np.int64))
    place = np.searchsorted(ordered, ids)
    place[place == len(ordered)] = 0
    same: NDArray[np.bool_] = ordered[place] == ids
    return same


class VectorSearch:
    """Keeps the int8 copy of one model's vectors in step with the index; thread-safe."""

    def __init__(self, index: Index, model: str, dimensions: int = 384) -> None:
        self._index = index
        self._model = model
        self._dimensions = dimensions
        self._lock = threading.Lock()
        self._ids: NDArray[np.int64] | None = None
        self._rows: NDArray[np.int8] | None = None
        self._used = 0
        self._place: dict[int, int] = {}

    def load(self) -> int:
        """Read all vectors now rather than at the first search; returns how many there are."""
        with self._lock:
            self._load()
            return self._used

    def put(self, vectors: Mapping[int, bytes]) -> None:
        """Take in vectors that were stored (float16 by id)."""
        with self._lock:
            if self._rows is not None:
                for number, data in vectors.items():
                    self._set(number, data)

    def forget(self, ids: Sequence[int] | None = None) -> None:
        """Leave out items that are gone; ``None`` leaves everything out, to be read again."""
        with self._lock:
            if ids is None or self._rows is None or self._ids is None:
                self._rows = self._ids = None
                self._used, self._place = 0, {}
                return
            for number in ids:
                place = self._place.pop(number, None)
                if place is not None:
                    self._ids[place] = -1
                    self._rows[place] = 0

    def nearest(
        self, vector: bytes, *, limit: int, allowed: array[int] | None = None
    ) -> list[tuple[int, float]]:
        """Return ids and likeness (1 = the same), best first.

        Args:
            vector: Little-endian float32 of length 1.
            limit: How many at most.
            allowed: Only these ids, in any order; ``None`` is all.
        """
        import numpy as np

        query = np.frombuffer(vector, "<f4")
        with self._lock:
            self._load()
            assert self._rows is not None and self._ids is not None
            if not self._used:
                return []
            scores = self._scores(query)
            ids = self._ids[: self._used].copy()
        keep = ids >= 0
        if allowed is not None:
            keep &= _among(ids, allowed)
        scores[~keep] = -np.inf
        count = min(max(limit, RESCORED), int(keep.sum()))
        if not count:
            return []
        best = np.argpartition(scores, len(scores) - count)[len(scores) - count :]
        likely = [(int(ids[i]), float(scores[i])) for i in best]
        return self._rescored(query, likely)[:limit]

    def _scores(self, query: Any) -> NDArray[np.float32]:
        import numpy as np

        assert self._rows is not None
        scores = np.empty(self._used, np.float32)
        block = np.empty((_BLOCK, self._dimensions), np.float32)
        scaled = query / 127.0
        for start in range(0, self._used, _BLOCK):
            end = min(start + _BLOCK, self._used)
            np.copyto(block[: end - start], self._rows[start:end])
            # Not np.dot: the threads BLAS starts take ten times as long beside a busy engine.
            np.vecdot(block[: end - start], scaled, out=scores[start:end])
        return scores

    def _rescored(self, query: Any, likely: list[tuple[int, float]]) -> list[tuple[int, float]]:
        """Score the best again from the stored vectors; the rest keeps its first score."""
        import numpy as np

        likely.sort(key=lambda pair: -pair[1])
        exact: dict[int, float] = {}
        some = [number for number, _ in likely[:RESCORED]]
        marks = ", ".join("?" * len(some))
        with self._index.reading() as connection:
            rows = connection.execute(
                f"SELECT item_id, vector FROM vectors WHERE item_id IN ({marks})", some
            )
            for number, data in rows:
                if len(data) == 2 * self._dimensions:
                    row = np.frombuffer(data, "<f2").astype(np.float32)
                    exact[number] = float(row @ query)
        first = sorted(exact.items(), key=lambda pair: -pair[1])
        return first + likely[RESCORED:]

    # ---- under the lock ----------------------------------------------------------------------

    def _load(self) -> None:
        import numpy as np

        if self._rows is not None:
            return
        with self._index.reading() as connection:
            count = connection.execute(
                "SELECT count(*) FROM vectors WHERE model = ?", (self._model,)
            ).fetchone()[0]
            self._rows = np.zeros((count + 1024, self._dimensions), np.int8)
            self._ids = np.full(count + 1024, -1, np.int64)
            self._used, self._place = 0, {}
            rows = connection.execute(
                "SELECT item_id, vector FROM vectors WHERE model = ?", (self._model,)
            )
            while some := rows.fetchmany(_BLOCK):
                self._append([(n, data) for n, data in some if len(data) == 2 * self._dimensions])

    def _append(self, vectors: Sequence[tuple[int, bytes]]) -> None:
        """Put new vectors at the end, many at once."""
        import numpy as np

        if not vectors:
            return
        self._grow(len(vectors))
        assert self._rows is not None and self._ids is not None
        start, end = self._used, self._used + len(vectors)
        joined = np.frombuffer(b"".join(data for _, data in vectors), "<f2")
        rows = joined.reshape(len(vectors), self._dimensions).astype(np.float32)
        self._rows[start:end] = np.clip(np.rint(rows * 127), -127, 127)
        self._ids[start:end] = [number for number, _ in vectors]
        self._place.update((number, start + i) for i, (number, _) in enumerate(vectors))
        self._used = end

    def _set(self, number: int, data: bytes) -> None:
        import numpy as np

        if len(data) != 2 * self._dimensions:
            return
        place = self._place.get(number)
        if place is None:
            self._append([(number, data)])
            return
        assert self._rows is not None
        row = np.frombuffer(data, "<f2").astype(np.float32)
        self._rows[place] = np.clip(np.rint(row * 127), -127, 127)

    def _grow(self, more: int) -> None:
        import numpy as np

        assert self._rows is not None and self._ids is not None
        need = self._used + more
        if need <= len(self._ids):
            return
        size = max(need, len(self._ids) * 5 // 4)
        rows = np.zeros((size, self._dimensions), np.int8)
        ids = np.full(size, -1, np.int64)
        rows[: self._used], ids[: self._used] = self._rows[: self._used], self._ids[: self._used]
        self._rows, self._ids = rows, ids
