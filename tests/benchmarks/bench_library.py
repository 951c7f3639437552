"""A library of 200,000 items: how long searching by words, substrings and meaning takes.

    python -m tests.benchmarks.bench_library [items]

The items are made by writing rows through the library's own bulk call; the files do not exist,
which searching never notices. Words follow a Zipf-like distribution over a made-up vocabulary,
so that common and rare words come up as they do in real texts.
"""

from __future__ import annotations

import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from studio.library.library import Library
from studio.library.reading import FileFacts
from studio.library.vectors import VectorSearch, store
from tests.benchmarks.rows import Row

ITEMS = 200_000
DIMENSIONS = 384
QUERIES = 300
_MODELS = ("smollm2-135m-instruct", "tiny-painter", "little-voice", "qwen3-0.6b")
_KNOWN = ("lighthouse", "keeper", "storm", "harbour", "lantern", "whale", "letter", "window")


def run(items: int = ITEMS) -> list[Row]:
    """Fill a library and measure it."""
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder, "library"), Path(folder, "index.sqlite"))
        try:
            return [
                *_filled(library, items),
                *_words(library),
                *_meaning(library),
                *_scrolling(library, Path(folder)),
            ]
        finally:
            library.close()


def fill(library: Library, items: int, *, seed: int = 1) -> None:
    """Write rows of synthetic texts."""
    words = Vocabulary(random.Random(seed))
    facts = _facts(words, items)
    while some := list(itertools.islice(facts, 2000)):
        library.add_facts(some)


class Vocabulary:
    """Made-up words, some far more common than others."""

    def __init__(self, chance: random.Random, size: int = 30_000) -> None:
        syllables = [a + b for a in "bcdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "ain")]
        self.chance = chance
        made = {"".join(chance.choices(syllables, k=chance.randint(1, 4))) for _ in range(size)}
        self.words = [*_KNOWN, *sorted(made)]
        chance.shuffle(self.words)
        self.weights = list(
            itertools.accumulate(1 / (rank + 10) for rank in range(len(self.words)))
        )

    def some(self, count: int) -> list[str]:
        """Return words as a text would have them."""
        return self.chance.choices(self.words, cum_weights=self.weights, k=count)


def _facts(words: Vocabulary, items: int) -> Iterator[FileFacts]:
    chance = words.chance
    for number in range(items):
        prompt = " ".join(words.some(chance.randint(4, 14)))
        kind = chance.choices(("text", "image", "audio"), (6, 3, 1))[0]
        text = " ".join(words.some(chance.randint(30, 90))) if kind == "text" else ""
        yield FileFacts(
            path=f"{number % 400:03d}/result-{number}.md",
            kind=kind,
            size_bytes=len(text) + 600,
            mtime_ns=number,
            created_at=1_600_000_000 + number * 700 + chance.random(),
            sha256=number.to_bytes(32, "big"),
            content_hash=number.to_bytes(32, "big"),
            model=chance.choice(_MODELS),
            seed=chance.randrange(2**32),
            title=prompt[:60],
            prompt=prompt,
            text=text,
            request="{}",
            foreign=False,
        )


def _filled(library: Library, items: int) -> list[Row]:
    start = time.perf_counter()
    fill(library, items)
    return [Row("rows written", (time.perf_counter() - start) / items * 1e6, "µs each")]


def _words(library: Library) -> list[Row]:
    words = Vocabulary(random.Random(1))
    chance = random.Random(2)
    rare = words.words

    def substring() -> str:
        word = chance.choice([word for word in words.some(20) if len(word) >= 6])
        start = chance.randint(0, len(word) - 5)
        return f"sub:{word[start : start + 5]}"

    cases: dict[str, tuple[float, Callable[[], str]]] = {
        "search: everything, newest first": (100, lambda: ""),
        "search: one word": (100, lambda: words.some(1)[0]),
        "search: two words": (100, lambda: " ".join(words.some(2))),
        "search: phrase": (100, lambda: f'"{" ".join(words.some(2))}"'),
        "search: word, kind and model": (
            100,
            lambda: f"{words.some(1)[0]} kind:text model:smollm",
        ),
        "search: word without another": (100, lambda: f"{words.some(1)[0]} -{words.some(1)[0]}"),
        "search: rare word and seed range": (
            100,
            lambda: f"{chance.choice(rare)} seed:0..999999999",
        ),
        "search: substring": (20, substring),
    }
    rows = []
    for name, (limit, query) in cases.items():
        for what, most in (("first page", 200), ("all", None)):

            def search(query: Callable[[], str] = query, most: int | None = most) -> object:
                return library.search(query(), limit=most)

            rows += _percentiles(f"{name}, {what}", limit if most else None, search)
    rows += _percentiles(
        "search: one word by relevance",
        100,
        lambda: library.search(words.some(1)[0], sort="relevance"),
    )
    ids = library.search("").ids

    def window() -> None:
        start = chance.randrange(len(ids) - 60)
        library.items(ids[start : start + 60])

    return rows + _percentiles("rows of one screen (60)", 16, window)


def _meaning(library: Library) -> list[Row]:
    import numpy as np

    generator = np.random.default_rng(3)
    ids = library.search("").ids
    for start in range(0, len(ids), 5000):
        some = ids[start : start + 5000]
        vectors = generator.standard_normal((len(some), DIMENSIONS)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        data = vectors.astype("<f2")
        rows = {number: (b"", row.tobytes()) for number, row in zip(some, data, strict=True)}
        library.write(lambda connection, rows=rows: store(connection, "bench", rows))  # type: ignore[misc]
    search = VectorSearch(library.index, "bench", DIMENSIONS)
    start_s = time.perf_counter()
    search.load()
    loaded = Row("meaning: reading all vectors once", (time.perf_counter() - start_s) * 1000, "ms")

    def nearest() -> None:
        vector = generator.standard_normal(DIMENSIONS).astype(np.float32)
        search.nearest((vector / np.linalg.norm(vector)).tobytes(), limit=200)

    return [loaded, *_percentiles("search: meaning", 150, nearest, 100)]


def _scrolling(library: Library, folder: Path) -> list[Row]:
    """Scroll the real grid offscreen at 1280x800; a frame is everything until it is painted."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PIL import Image
    from PySide6.QtWidgets import QApplication

    from studio.app.panes.library.cards import Cards
    from studio.app.panes.library.grid_model import GridModel
    from studio.app.panes.library.grid_view import GridView
    from studio.app.panes.library.thumbnail_loader import ThumbnailLoader
    from studio.app.panes.library.worker import Worker
    from studio.app.theme.tokens import DARK
    from studio.library.items import Item
    from studio.library.thumbnails import Thumbnails

    picture = folder / "thumbnail.png"
    Image.effect_noise((320, 240), 60).convert("RGB").save(picture)

    class MadeBefore(Thumbnails):
        """All thumbnails exist; each is read from disk and decoded."""

        def make(self, item: Item, source: Path) -> Path | None:
            return picture

    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    worker, loader = Worker(), ThumbnailLoader(MadeBefore(folder))
    loader.set_source(library.path)
    model = GridModel(worker, print)
    model.set_source(library.items, library.path)
    grid = GridView(Cards(DARK, app.font()), loader)
    grid.setModel(model)
    grid.resize(1280, 800)
    grid.show()
    app.processEvents()
    start = time.perf_counter()
    model.set_ids(library.search("").ids)
    grid.updateGeometries()
    app.processEvents()
    shown = Row("grid: all ids to first paint", (time.perf_counter() - start) * 1000, "ms")
    bar = grid.verticalScrollBar()
    chance = random.Random(4)

    def settle() -> None:
        end = time.perf_counter() + 0.3
        while time.perf_counter() < end:
            app.processEvents()

    def by(step: int) -> Callable[[], None]:
        def scroll() -> None:
            bar.setValue(bar.value() + step)
            app.processEvents()

        return scroll

    def jump() -> None:
        bar.setValue(chance.randrange(bar.maximum()))
        app.processEvents()

    settle()
    rows = [shown]
    for name, work in (("slow (12 px)", by(12)), ("fast (150 px)", by(150)), ("jumps", jump)):
        rows += _percentiles(f"grid: frame while scrolling, {name}", 16, work, 600)
        settle()

    def resize() -> None:
        grid.resize(1000 + chance.randrange(280), 800)
        app.processEvents()

    rows += _percentiles("grid: frame while resizing", None, resize, 60)
    loader.close()
    worker.close()
    grid.close()
    return rows


def _percentiles(
    name: str, limit_ms: float | None, work: Callable[[], object], times: int = QUERIES
) -> list[Row]:
    work()
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append((time.perf_counter() - start) * 1000)
    taken.sort()
    p99 = taken[min(len(taken) - 1, int(len(taken) * 0.99))]
    return [
        Row(f"{name}, median", statistics.median(taken), "ms"),
        Row(f"{name}, p99", p99, "ms", limit_ms),
    ]


if __name__ == "__main__":
    for row in run(int(sys.argv[1]) if len(sys.argv) > 1 else ITEMS):
        print(row)
