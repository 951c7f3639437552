from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.documents.picture.brush import Brush
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from studio.documents.picture.history import FRESH_BYTES, History, Packed, Step, Swap
from studio.documents.picture.packing import packed, unpacked
from studio.documents.picture.tiles import TILE_BYTES, Tile
from tests.documents.picture.reference import noise


def tile(seed: int | None) -> Tile | None:
    if seed is None:
        return None
    return Tile(np.ascontiguousarray(noise(seed, 256, 256).transpose(2, 0, 1)))


@settings(max_examples=30, deadline=None)
@given(
    st.one_of(st.none(), st.integers(0, 3)),
    st.one_of(st.none(), st.integers(0, 3)),
    st.tuples(*[st.integers(0, 256)] * 4),
)
def test_packed_tiles_give_back_exactly_what_was(before, after, edges) -> None:
    one, other = tile(before), tile(after)
    if one is not None and other is not None:  # only a part of it changed
        top, bottom = sorted(edges[:2])
        left, right = sorted(edges[2:])
        changed = one.pixels.copy()
        changed[:, top:bottom, left:right] = other.pixels[:, top:bottom, left:right]
        other = Tile(changed)
    small = Packed.of(Swap(one, other))
    for got, want in ((small.undone(other), one), (small.redone(one), other)):
        assert (got is None) == (want is None)
        if got is not None and want is not None:
            assert (got.pixels == want.pixels).all()


def test_what_did_not_change_takes_no_room() -> None:
    same = tile(1)
    assert Packed.of(Swap(same, same)).size < 64


@given(st.integers(1, 4), st.integers(1, 40), st.integers(1, 40), st.integers(0, 9))
def test_packing_is_without_loss(planes, height, width, seed) -> None:
    data = np.random.default_rng(seed).integers(0, 256, (planes, height, width), dtype=np.uint8)
    assert (unpacked(packed(data), data.shape) == data).all()


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"nonsense",
        packed(np.zeros((1, 8, 9), np.uint8)),
        packed(np.zeros((1, 8, 8), np.uint8))[:-2],
        packed(np.zeros((4, 999, 999), np.uint8)),
    ],
    ids=["empty", "nonsense", "other size", "cut off", "bomb"],
)
def test_what_was_not_packed_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValueError):
        unpacked(wrong, (1, 8, 8))


def painted(document: PictureDocument, count: int) -> list[np.ndarray]:
    """Paint strokes and return what the picture showed before each and at last."""
    layer = document.layers[0].id
    shown = []
    for n in range(count):
        shown.append(document.composite(AREA))
        stroke = document.begin_stroke(layer, Brush(150, hardness=0.2), (n * 40 % 256, n, 99))
        stroke.add(100 + n * 17 % 500, 100)
        stroke.add(500, 100 + n * 31 % 500)
        stroke.finish()
    return [*shown, document.composite(AREA)]


AREA = Rect(0, 0, 768, 768)


def test_far_steps_are_packed_and_still_undo_and_redo_to_the_byte() -> None:
    document = PictureDocument()
    document._history = History(fresh_bytes=4 * TILE_BYTES)
    document.add_layer(pixels=noise(1, 700, 700))
    shown = painted(document, 12)
    history = document._history
    history.wait()
    assert sum(step.is_packed for step in history.done) >= 10
    assert history.size < sum(TILE_BYTES * len(step.tiles) for step in history.done) / 2
    for before in reversed(shown[:-1]):
        assert document.undo() == "Brush stroke"
        assert (document.composite(AREA) == before).all()
    for after in shown[1:]:
        document.redo()
        assert (document.composite(AREA) == after).all()
    history.wait()
    assert history.size < 20 * TILE_BYTES * 4


def test_what_is_undone_next_is_unpacked_ahead() -> None:
    document = PictureDocument()
    document._history = History(fresh_bytes=0)
    document.add_layer(pixels=noise(1, 700, 700))
    painted(document, 6)
    history = document._history
    history.wait()
    document.undo()
    history.wait()
    assert not history.done[-1].is_packed and history.done[-2].is_packed


def test_the_oldest_steps_go_when_the_budget_is_spent() -> None:
    document = PictureDocument(undo_bytes=8 * TILE_BYTES)
    document.add_layer(pixels=noise(1, 700, 700))
    shown = painted(document, 30)
    history = document._history
    history.wait()
    painted(document, 1)
    history.wait()
    assert history.size <= 16 * TILE_BYTES  # the limit while packing goes on
    assert 1 <= len(history.done) < 31
    document.undo()
    assert (document.composite(AREA) == shown[-1]).all()


def test_one_step_can_always_be_undone_however_large() -> None:
    document = PictureDocument(undo_bytes=10)
    document.add_layer(pixels=noise(1, 700, 700))
    assert document.undo() == "New raster layer" and not document.layers


def test_a_new_step_drops_what_was_undone() -> None:
    document = PictureDocument()
    document.add_layer()
    document.add_layer()
    document.undo()
    assert document.can_redo and document.redo_label == "New raster layer"
    document.set_layer(document.layers[0].id, name="A")
    assert not document.can_redo and document.redo() is None and document.redo_label is None


def test_nothing_to_undo_is_no_error() -> None:
    document = PictureDocument()
    assert document.undo() is None and document.undo_label is None and not document.can_undo


def test_undo_inside_a_group_of_changes_is_refused() -> None:
    from studio.core.errors import BadInputError

    document = PictureDocument()
    document.add_layer()
    with pytest.raises(BadInputError), document.group("x"):
        document.undo()
    assert len(document.layers) == 1


def test_a_dragged_slider_is_one_step_until_it_rests() -> None:
    now = [0.0]
    document = PictureDocument()
    document._history = History(clock=lambda: now[0])
    layer = document.add_layer()
    for value in range(20):
        now[0] += 0.05
        document.set_layer(layer, opacity=value / 20)
    now[0] += 5
    document.set_layer(layer, opacity=0.33)
    now[0] += 0.1
    document.set_layer(layer, visible=False)
    now[0] += 0.1
    document.set_layer(layer, opacity=0.2)
    got = []
    while document.undo():
        got.append(document.layers[0].opacity if document.layers else None)
    assert got == [0.33, 0.33, 0.95, 1.0, None]
    while document.redo():
        pass
    assert document.layers[0].opacity == 0.2


def test_forgetting_undo_makes_now_the_beginning() -> None:
    document = PictureDocument()
    layer = document.add_layer(pixels=noise(1, 50, 50))
    document.forget_undo()
    assert not document.can_undo and document.layer(layer)


def test_the_selection_counts_towards_the_budget() -> None:
    document = PictureDocument()
    document.select_ellipse(Rect(0, 0, 3000, 3000))
    assert document._history.size > 30 * 256 * 256
    assert FRESH_BYTES > TILE_BYTES and Step("x").size > 0
