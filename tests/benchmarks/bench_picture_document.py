"""Pictures: what painting costs the document, apart from the screen.

The picture is 4096 by 4096 with ten translucent layers of fine texture, the worst a tile can be:
nothing is blank, opaque or even, so nothing can be skipped. Undo is measured on strokes over a
photograph-like layer, where differences pack badly.
"""

from __future__ import annotations

import math
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from studio.documents.picture import storage
from studio.documents.picture.brush import Brush
from studio.documents.picture.document import Action, PictureDocument
from studio.documents.picture.geometry import Rect
from studio.documents.project import Project
from tests.benchmarks.rows import Row

SIDE = 4096
LAYERS = 10
DABS = 300
STROKES = 500
SCREEN = (1920, 1080)
KEY_REPEAT_S = 1 / 30
AREA = Rect(0, 0, SIDE, SIDE)


def run() -> list[Row]:
    """Return times of dabs, views, undo and keeping."""
    document = ten_layers()
    return [
        *composite_rows(document),
        *dab_rows(document),
        *keeping_rows(document),
        *undo_rows(),
    ]


def ten_layers() -> PictureDocument:
    """Return the large picture; its lowest layer is opaque."""
    document = PictureDocument()
    document.frame = AREA
    for number in range(LAYERS):
        pixels = texture(SIDE, number)
        if number == 0:
            pixels[..., 3] = 255
        document.add_layer(pixels=pixels)
    document.forget_undo()
    return document


def texture(side: int, seed: int) -> np.ndarray:
    """Return patches of colour and alpha with some grain, as a photograph has it."""
    dice = np.random.default_rng(seed)
    patches = dice.integers(0, 248, (side // 64, side // 64, 4), dtype=np.uint8)
    pixels = patches.repeat(64, axis=0).repeat(64, axis=1)
    pixels += dice.integers(0, 8, (side, side, 1), dtype=np.uint8)
    return pixels


def composite_rows(document: PictureDocument) -> list[Row]:
    """Measure composing everything once, and views of what is kept."""
    whole = _ms(lambda: document.composite(AREA))
    views = [
        _ms(lambda at=at: document.composite(Rect(at * 37 % 2000, at * 53 % 2900, *SCREEN)))
        for at in range(60)
    ]
    document.composite(AREA, shrink=2)
    far = [_ms(lambda: document.composite(AREA, shrink=2)) for _ in range(60)]
    return [
        Row("10 layers of 4096x4096: composed from nothing", whole / 1000, "s"),
        Row("10 layers: a view of 1920x1080 that was composed: p99", _p99(views), "ms", 8.0),
        Row("10 layers: all of it at a quarter that was composed: p99", _p99(far), "ms", 8.0),
    ]


def dab_rows(document: PictureDocument) -> list[Row]:
    """Measure a dab of 200 px into each of three layers, and composing what it changed."""
    brush = Brush(200, hardness=0.5, flow=0.6)
    both: list[float] = []
    for layer in (document.layers[1], document.layers[5], document.layers[-1]):
        stroke = document.begin_stroke(layer.id, brush, (200, 40, 30))
        for n in range(DABS):
            x, y = 400 + n * 10, 2000 + 1500 * math.sin(n / 40)
            started = time.perf_counter()
            document.composite(stroke.add(x, y))
            both.append((time.perf_counter() - started) * 1000)
        stroke.finish()
    return [
        Row("10 layers: a dab of 200 px, painted and composed: median", _median(both), "ms"),
        Row("10 layers: a dab of 200 px, painted and composed: p99", _p99(both), "ms", 6.0),
    ]


class _TimedKeeper(storage.Keeper):
    """Notes what keeping an action costs the thread that acts."""

    times: list[float]

    def _acted(self, action: Action) -> None:
        self.times.append(_ms(lambda: super(_TimedKeeper, self)._acted(action)))


def keeping_rows(document: PictureDocument) -> list[Row]:
    """Measure keeping strokes of a large picture in a project, and loading it again."""
    durable: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-picture-") as folder:
        path = Path(folder) / "picture.triptych"
        with Project.open(path, create=True) as project:
            made = storage.create(project, "Large")
            _TimedKeeper.times = []
            keeper = _TimedKeeper(document, project, made)
            document.add_layer()
            keeper.flush(600)
            stored = _stored(project)
            for n in range(20):
                _stroke(document, document.layers[5].id, n)
                durable.append(_ms(lambda: keeper.flush(60)))
            keeper.close()
            project.flush(60)
            loading = _ms(lambda: storage.load(project, made))
            grown = (_stored(project) - stored) / 20
    return [
        Row("keeping an action: on the thread that acts: p99", _p99(_TimedKeeper.times), "ms", 1.0),
        Row("10 layers: a stroke of 1200 px until it is durable: median", _median(durable), "ms"),
        Row("10 layers: what such a stroke adds to the file", grown / 1000, "kB"),
        Row("10 layers: loading the picture from its project", loading / 1000, "s"),
    ]


def _stored(project: Project) -> float:
    with project.reading() as connection:
        return float(connection.execute("SELECT total(stored) FROM blobs").fetchone()[0])


def undo_rows() -> list[Row]:
    """Measure 500 strokes: what undo keeps of them, and taking all back at a key's repeat."""
    document = PictureDocument()
    pixels = texture(2048, 3)
    pixels[..., 3] = 255
    layer = document.add_layer(pixels=pixels)
    document.forget_undo()
    for n in range(STROKES):
        _stroke(document, layer, n)
    document._history.wait()
    kept = document._history.size
    steps = len(document._history.done)
    times: list[float] = []
    while document.can_undo:
        times.append(_ms(document.undo))
        time.sleep(max(0.0, KEY_REPEAT_S - times[-1] / 1000))
    return [
        Row("500 strokes of 1200 px over a photograph: undo keeps", kept / 1e6, "MB", 400.0),
        Row("500 strokes: of them can be undone", steps, ""),
        Row("undo of a stroke, one after another at 30 a second: median", _median(times), "ms"),
        Row("undo of a stroke, one after another at 30 a second: p99", _p99(times), "ms", 5.0),
    ]


def _stroke(document: PictureDocument, layer: str, seed: int) -> None:
    dice = np.random.default_rng(seed)
    x, y = dice.uniform(200, 600, 2)
    colour = tuple(int(value) for value in dice.integers(0, 256, 3))
    stroke = document.begin_stroke(layer, Brush(100, hardness=0.4, opacity=0.8), colour)
    for n in range(40):
        stroke.add(x + n * 30, y + 200 * math.sin(n / 6 + seed))
    stroke.finish()


def _ms(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return (time.perf_counter() - started) * 1000


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def _p99(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=100)[-1]


if __name__ == "__main__":
    for row in run():
        print(row)
