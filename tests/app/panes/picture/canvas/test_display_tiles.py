from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor

from studio.app.panes.picture.canvas.display_tiles import (
    LEVEL_MAX,
    TILE,
    DisplayTiles,
    document_rect,
    level_for,
)
from studio.app.panes.picture.canvas.images import pixels_of
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect

LONG = 60.0


class Asked:
    """A document's composite that notes what it is asked for."""

    def __init__(self, document: PictureDocument) -> None:
        self.document = document
        self.rects: list[tuple[Rect, int]] = []

    def __call__(self, rect: Rect, shrink: int) -> np.ndarray:
        self.rects.append((rect, shrink))
        return self.document.composite(rect, shrink=shrink)


@pytest.fixture
def painted() -> PictureDocument:
    document = PictureDocument()
    noise = np.random.default_rng(3).integers(0, 256, (700, 900, 4), np.uint8)
    noise[:300, :300, 3] = 255
    noise[300:, 600:] = 0
    document.add_layer(pixels=noise, at=(-100, -50))
    return document


@pytest.fixture
def asked(painted: PictureDocument) -> Asked:
    return Asked(painted)


def fresh(asked: Asked, *, keeps: bool) -> DisplayTiles:
    return DisplayTiles(asked, asked.document.extent(), keeps=keeps)


@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("level", [0, 1, 2, 3])
def test_tiles_show_what_the_document_composites(asked: Asked, level: int, keeps: bool):
    tiles = fresh(asked, keeps=keeps)
    wanted = tiles.wanted(asked.document.extent(), level)
    assert wanted and tiles.refresh(wanted, LONG)[1]
    assert not tiles.wanted(asked.document.extent(), level)
    for key in wanted:
        tile = tiles.tile(key)
        assert tile is not None and tile.clean
        straight = asked.document.composite(document_rect(key), shrink=level)
        if tile.image is None:
            assert not straight[:, :, 3].any()
            continue
        premultiplied = (straight.astype(int) * straight[:, :, 3:] + 127) // 255
        shown = pixels_of(tile.image).astype(int)
        again = (shown * shown[:, :, 3:] + 127) // 255
        assert np.abs(again[:, :, :3] - premultiplied[:, :, :3]).max() <= 2
        assert (shown[:, :, 3] == straight[:, :, 3]).all()


def test_only_what_changed_is_composited_again(asked: Asked):
    tiles = fresh(asked, keeps=True)
    everything = asked.document.extent()
    tiles.refresh(tiles.wanted(everything, 0), LONG)
    tiles.refresh(tiles.wanted(everything, 1), LONG)
    asked.rects.clear()
    tiles.invalidate(Rect(250, 10, 20, 30))
    assert set(tiles.wanted(everything, 0)) == {(0, 0, 0), (0, 1, 0)}
    tiles.refresh(tiles.wanted(everything, 0), LONG)
    assert {rect for rect, _ in asked.rects} == {Rect(250, 10, 6, 30), Rect(256, 10, 14, 30)}
    assert tiles.wanted(everything, 1) == [(1, 0, 0)]


def test_a_change_shows_at_every_level(asked: Asked):
    tiles = fresh(asked, keeps=True)
    everything = asked.document.extent()
    for level in (0, 1, 2):
        tiles.refresh(tiles.wanted(everything, level), LONG)
    document = asked.document
    white = np.full((64, 64, 4), 255, np.uint8)
    document.paste(document.layers[0].id, white, 0, 0)
    tiles.invalidate(Rect(0, 0, 64, 64))
    for level in (2, 1, 0):
        tiles.refresh(tiles.wanted(everything, level), LONG)
        tile = tiles.tile((level, 0, 0))
        assert tile is not None and tile.image is not None
        assert tile.image.pixelColor(8, 8) == QColor("white")


def test_a_far_tile_is_made_in_many_short_steps(asked: Asked):
    tiles = fresh(asked, keeps=True)
    everything = asked.document.extent()
    steps, done = 0, False
    while not done:
        shown, done = tiles.refresh(tiles.wanted(everything, 2), 0.0)
        steps += 1
        assert shown == [] or done or tiles.tile((2, 0, 0)) is not None
    assert steps >= 12
    finest = [rect for rect, shrink in asked.rects if shrink == 0]
    assert all(rect.area == 1 for rect in finest)  # asks only, so that the document has it ready


def test_a_change_in_the_middle_of_such_a_tile_is_not_lost(asked: Asked):
    tiles = fresh(asked, keeps=True)
    everything = asked.document.extent()
    tiles.refresh(tiles.wanted(everything, 2), 0.0)
    document = asked.document
    document.paste(document.layers[0].id, np.full((64, 64, 4), 255, np.uint8), 0, 0)
    tiles.invalidate(Rect(0, 0, 64, 64))
    while not tiles.refresh(tiles.wanted(everything, 2), 0.0)[1]:
        pass
    tile = tiles.tile((2, 0, 0))
    assert tile is not None and tile.image is not None and not tiles.wanted(everything, 2)
    assert tile.image.pixelColor(4, 4) == QColor("white")


def test_tiles_know_when_nothing_shows_through():
    document = PictureDocument()
    document.add_layer(pixels=np.full((256, 256, 4), 255, np.uint8))
    tiles = DisplayTiles(Asked(document), document.extent(), keeps=True)
    tiles.refresh(tiles.wanted(document.extent(), 0), LONG)
    tile = tiles.tile((0, 0, 0))
    assert tile is not None and tile.opaque
    document.select_rect(Rect(5, 5, 5, 5))
    document.clear(document.layers[0].id)
    tiles.invalidate(Rect(5, 5, 5, 5))
    tiles.refresh(tiles.wanted(document.extent(), 0), LONG)
    assert not tile.opaque


def test_nothing_outside_the_picture_is_composited(asked: Asked):
    tiles = fresh(asked, keeps=True)
    assert tiles.wanted(Rect(5000, 5000, 2000, 2000), 0) == []
    assert list(tiles.keys(Rect(), 0)) == []


def test_old_tiles_go_but_never_those_on_the_screen(asked: Asked, monkeypatch):
    monkeypatch.setattr(
        "studio.app.panes.picture.canvas.display_tiles.BUDGET_BYTES", 4 * TILE * TILE * 4
    )
    tiles = fresh(asked, keeps=True)
    keys = tiles.wanted(asked.document.extent(), 0)
    tiles.refresh(keys, LONG)
    assert len(keys) > 6
    tiles.trim(keep=6)
    assert len(tiles) == 6
    assert all(tiles.tile(key) is not None for key in keys[-6:])


@pytest.mark.parametrize(
    ("zoom", "level"),
    [(64, 0), (1, 0), (0.75, 0), (0.5, 1), (0.3, 1), (0.25, 2), (0.01, LEVEL_MAX)],
)
def test_the_level_has_at_least_the_screens_pixels(zoom: float, level: int):
    assert level_for(zoom) == level
