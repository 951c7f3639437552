from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QColor, QImage, QPainter, QRegion

from studio.app.panes.picture.canvas.screen_buffer import ScreenBuffer

SIZE = QSize(60, 40)


class Scene:
    """Colours every pixel by where it is in an endless plane, and notes what it drew."""

    def __init__(self) -> None:
        self.origin = QPoint()
        self.drawn = QRegion()

    def draw(self, painter: QPainter, area: QRect) -> None:
        self.drawn += area
        for y in range(area.top(), area.bottom() + 1):
            for x in range(area.left(), area.right() + 1):
                at = QPoint(x, y) - self.origin
                painter.fillRect(
                    x, y, 1, 1, QColor.fromHsv(at.x() * 7 % 360, 200, at.y() * 5 % 256)
                )


@pytest.fixture
def scene(qapp) -> Scene:
    return Scene()


@pytest.fixture
def buffer(scene: Scene) -> ScreenBuffer:
    buffer = ScreenBuffer(scene.draw)
    buffer.resize(SIZE)
    shown(buffer)
    scene.drawn = QRegion()
    return buffer


def shown(buffer: ScreenBuffer, area: QRect | None = None) -> QImage:
    image = QImage(SIZE, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    buffer.paint(painter, area or buffer.rect)
    painter.end()
    return image


def anew(scene: Scene) -> QImage:
    other = ScreenBuffer(scene.draw)
    other.resize(SIZE)
    return shown(other)


def test_what_was_drawn_is_not_drawn_again(scene: Scene, buffer: ScreenBuffer):
    assert shown(buffer) == anew(scene)
    scene.drawn = QRegion()
    shown(buffer)
    assert scene.drawn.isEmpty()


def test_only_what_is_stale_and_exposed_is_drawn(scene: Scene, buffer: ScreenBuffer):
    buffer.invalidate(QRect(10, 10, 20, 20))
    shown(buffer, QRect(0, 0, 20, 40))
    assert scene.drawn == QRegion(10, 10, 10, 20)
    assert buffer.stale == QRegion(20, 10, 10, 20)


@pytest.mark.parametrize("by", [(7, 0), (0, -9), (-13, 11), (200, 0)])
def test_moving_draws_only_what_comes_in(scene: Scene, buffer: ScreenBuffer, by: tuple[int, int]):
    scene.origin += QPoint(*by)
    buffer.scroll(QPoint(*by))
    moved = shown(buffer)
    came_in = QRegion(buffer.rect) - buffer.rect.translated(*by)
    assert scene.drawn == came_in
    assert moved == anew(scene)


def test_moving_takes_along_what_is_stale(scene: Scene, buffer: ScreenBuffer):
    buffer.invalidate(QRect(10, 10, 5, 5))
    scene.origin += QPoint(4, 3)
    buffer.scroll(QPoint(4, 3))
    assert buffer.stale.contains(QPoint(16, 15)) and not buffer.stale.contains(QPoint(11, 11))
    assert shown(buffer) == anew(scene)
