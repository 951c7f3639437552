"""Snapshots are read, and the composite is asked for, while somebody paints."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from studio.documents.picture.brush import Brush
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from tests.documents.picture.reference import noise

AREA = Rect(-30, -30, 500, 500)


def test_a_snapshot_never_changes_while_painting_goes_on() -> None:
    document = PictureDocument()
    layer = document.add_layer(pixels=noise(1, 400, 400))
    done = threading.Event()

    def look() -> int:
        looked = 0
        while not done.is_set():
            snapshot = document.snapshot()
            first = snapshot.composite(AREA)
            raw = {key: tile.pixels.tobytes() for key, tile in snapshot.tiles[layer].items()}
            assert (snapshot.composite(AREA) == first).all()
            assert {k: t.pixels.tobytes() for k, t in snapshot.tiles[layer].items()} == raw
            assert snapshot.revision <= document.revision
            looked += 1
        return looked

    with ThreadPoolExecutor(2) as pool:
        looks = [pool.submit(look) for _ in range(2)]
        for n in range(20):
            stroke = document.begin_stroke(layer, Brush(60, hardness=0.3), (n * 12, 255 - n, 7))
            for step in range(8):
                stroke.add(50 + step * 40, 50 + (n * 37 + step * 11) % 300)
            stroke.cancel() if n % 5 == 4 else stroke.finish()
            if n % 3 == 2:
                document.undo()
        done.set()
        assert all(future.result(60) > 0 for future in looks)
    assert (document.snapshot().composite(AREA) == document.composite(AREA)).all()


def test_composites_from_several_threads_are_right_at_rest() -> None:
    document = PictureDocument()
    layers = [document.add_layer(pixels=noise(n, 300, 300)) for n in range(3)]

    def ask(level: int) -> None:
        for _ in range(10):
            assert document.composite(AREA, shrink=level).shape[2] == 4

    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(ask, level) for level in (0, 1, 3)]
        for n in range(12):
            document.paste(layers[n % 3], noise(9 + n, 40, 40), n * 20, n * 15)
        for future in asked:
            future.result(60)
    for level in (0, 1, 3):
        fresh = document.snapshot().composite(AREA, shrink=level)
        assert (document.composite(AREA, shrink=level) == fresh).all()


def test_snapshots_share_what_did_not_change() -> None:
    document = PictureDocument()
    layer = document.add_layer(pixels=noise(1, 700, 700))
    before = document.snapshot().tiles[layer]
    document.paste(layer, noise(2, 10, 10), 0, 0)
    after = document.snapshot().tiles[layer]
    different = [key for key in after if after[key] is not before[key]]
    assert different == [(0, 0)]
    assert not np.shares_memory(before[0, 0].pixels, after[0, 0].pixels)
