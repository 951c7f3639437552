from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter

from studio.app.panes.picture.canvas.display_tiles import DisplayTiles
from studio.app.panes.picture.canvas.images import pixels_of
from studio.app.panes.picture.canvas.tile_painter import TilePainter, snapped
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect

SCREEN = QSize(300, 240)
LONG = 60.0
TEAL = (20, 120, 110, 255)


def draw(document: PictureDocument, view: ViewTransform, level: int | None = None) -> np.ndarray:
    tiles = DisplayTiles(
        lambda rect, shrink: document.composite(rect, shrink=shrink), document.extent(), keeps=True
    )
    image = QImage(SCREEN, QImage.Format.Format_RGB32)
    image.fill(QColor("magenta"))
    painter = QPainter(image)
    area = QRect(0, 0, SCREEN.width(), SCREEN.height())
    tile_painter = TilePainter(painter, view.transform())
    have = tile_painter.level if level is None else level
    tiles.refresh(tiles.wanted(document.extent(), have), LONG)
    tile_painter.draw(tiles, area)
    painter.end()
    return pixels_of(image)[:, :, :3]


def flat(size: int = 1600) -> PictureDocument:
    document = PictureDocument()
    document.add_layer(pixels=np.full((size, size, 4), TEAL, np.uint8))
    return document


def over_the_joints(zoom: float, angle: float = 0, mirrored: bool = False) -> ViewTransform:
    return ViewTransform(zoom, angle, QPointF(767.3, 768.6), QPointF(150, 120), mirrored)


@pytest.mark.parametrize("zoom", [0.3, 0.5, 0.77, 1.0, 1.02, 1.37, 3.3, 8.0, 21.7, 64.0])
def test_there_are_no_seams_between_tiles(zoom: float):
    assert (draw(flat(), over_the_joints(zoom)) == TEAL[:3]).all()


@pytest.mark.parametrize("angle", [1.0, 7.5, 30.0, 45.0, 90.0, 133.0, 180.0])
@pytest.mark.parametrize("zoom", [0.6, 1.0, 2.9])
def test_there_are_no_seams_in_a_turned_view(zoom: float, angle: float):
    shown = draw(flat(), over_the_joints(zoom, angle))
    assert np.abs(shown.astype(int) - TEAL[:3]).max() <= 1


def test_there_are_no_seams_in_a_mirror():
    assert np.abs(draw(flat(), over_the_joints(1.5, 0, True)).astype(int) - TEAL[:3]).max() <= 1


@pytest.mark.parametrize("zoom", [1, 2, 8, 64])
def test_at_whole_zooms_every_pixel_is_a_square(zoom: int):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (600, 600, 4), np.uint8)
    pixels[:, :, 3] = 255
    document = PictureDocument()
    document.add_layer(pixels=pixels)
    view = ViewTransform(float(zoom), 0, QPointF(255.2, 254.9), QPointF(150, 120))
    shown = draw(document, view)
    corner = view.to_document(QPointF(0, 0))
    columns = np.floor(corner.x() + (np.arange(SCREEN.width()) + 0.5) / zoom).astype(int)
    rows = np.floor(corner.y() + (np.arange(SCREEN.height()) + 0.5) / zoom).astype(int)
    assert (shown == pixels[np.ix_(rows, columns)][:, :, :3]).all()


def test_zoomed_out_pixels_are_mixed():
    board = np.zeros((512, 512, 4), np.uint8)
    board[:, :, 3] = 255
    board[::2, ::2, :3] = board[1::2, 1::2, :3] = 255
    document = PictureDocument()
    document.add_layer(pixels=board)
    shown = draw(document, ViewTransform(0.35, 0, QPointF(256, 256), QPointF(150, 120)))
    middle = shown[60:180, 70:230].astype(int)
    assert middle.min() > 60 and middle.max() < 200


@pytest.mark.parametrize(("zoom", "level"), [(1.0, 2), (0.5, 0), (0.2, 1), (0.06, 3)])
def test_another_level_stands_in_for_a_missing_one(zoom: float, level: int):
    shown = draw(flat(), over_the_joints(zoom), level)
    part = shown[115:125, 145:155]
    assert (part == TEAL[:3]).all()


def test_neighbours_share_their_edges_at_any_zoom():
    for zoom in np.linspace(0.02, 64, 301):
        transform = ViewTransform(float(zoom), 0, QPointF(3.3, 7.7), QPointF(150, 120)).transform()
        for column in range(-3, 3):
            one = snapped(transform, Rect(column * 256, 0, 256, 256))
            other = snapped(transform, Rect(column * 256 + 256, 0, 256, 256))
            assert one.x() + one.width() == other.x()
