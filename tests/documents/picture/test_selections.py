from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.errors import BadInputError
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from studio.documents.picture.shapes import MAX_POINTS
from studio.documents.picture.softening import MAX_RADIUS_PX
from tests.documents.picture.reference import flat, noise

AREA = Rect(-100, -100, 600, 600)
RECTS = st.builds(
    Rect, st.integers(-90, 280), st.integers(-90, 280), st.integers(0, 200), st.integers(0, 200)
)
MODES = ("replace", "add", "subtract", "intersect")


def chosen(document: PictureDocument) -> np.ndarray:
    """Return what is selected; all nothing without a selection."""
    if document.selection is None:
        return np.zeros((AREA.height, AREA.width), np.uint8)
    return document.selection.mask(AREA)


def of(rect: Rect) -> np.ndarray:
    mask = np.zeros((AREA.height, AREA.width), np.uint8)
    part = rect.intersected(AREA).moved(-AREA.x, -AREA.y)
    if not part.is_empty:
        mask[part.y : part.bottom, part.x : part.right] = 255
    return mask


def test_at_first_nothing_is_selected() -> None:
    document = PictureDocument()
    assert document.selection is None
    for change in (
        document.invert_selection,
        document.clear_selection,
        lambda: document.grow_selection(3),
        lambda: document.feather_selection(3),
    ):
        change()
    assert document.selection is None and not document.can_undo


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(RECTS, st.sampled_from(MODES), st.booleans()), max_size=5))
def test_rectangles_combine_like_sets(steps) -> None:
    document = PictureDocument()
    expected = np.zeros((AREA.height, AREA.width), np.uint8)
    selected = False
    for rect, mode, invert in steps:
        new = of(rect)
        document.select_rect(rect, mode)
        if mode == "replace":
            expected, selected = new, True
        elif mode == "add":
            expected, selected = np.maximum(expected, new), True
        elif not selected:
            expected = np.zeros_like(expected)
        elif mode == "subtract":
            expected = np.minimum(expected, 255 - new)
        else:
            expected = np.minimum(expected, new)
        selected = document.selection is not None
        assert (chosen(document) == expected).all()
        if document.selection is not None and not document.selection.outside:
            rows, columns = np.nonzero(expected)
            assert document.selection.bounds == Rect.between(
                columns.min() + AREA.x, rows.min() + AREA.y, columns.max() + AREA.x + 1,
                rows.max() + AREA.y + 1,
            )  # fmt: skip
        if invert and selected:
            document.invert_selection()
            expected = 255 - expected
            assert (chosen(document) == expected).all()
    while document.undo():
        pass
    assert document.selection is None
    while document.redo():
        pass
    assert (chosen(document) == expected).all()


def test_an_unknown_way_to_combine_is_refused() -> None:
    with pytest.raises(BadInputError):
        PictureDocument().select_rect(Rect(0, 0, 5, 5), "xor")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "rect",
    [Rect(0, 0, 300, 200), Rect(-77, 13, 31, 400), Rect(5, 5, 9, 9), Rect(0, 0, 1, 1)],
    ids=str,
)
def test_an_ellipse_covers_its_area_evenly(rect: Rect) -> None:
    document = PictureDocument()
    document.select_ellipse(rect)
    mask = chosen(document)
    area = math.pi * rect.width * rect.height / 4
    assert mask.sum() / 255 == pytest.approx(area, rel=0.01, abs=1.0)
    part = document.selection.mask(rect).astype(int)
    assert np.abs(part - part[::-1]).max() <= 1 and np.abs(part - part[:, ::-1]).max() <= 1
    assert rect.covers(document.selection.bounds)


@st.composite
def polygons(draw):
    # On a grid, as the reference divides by lengths of edges.
    place = st.integers(-60 * 8, 400 * 8).map(lambda eighths: eighths / 8)
    return draw(
        st.lists(
            st.tuples(place, place),
            min_size=3,
            max_size=12,
            unique=True,
        )
    )


@settings(max_examples=40, deadline=None)
@given(polygons())
def test_inside_is_what_the_outline_goes_around(points) -> None:
    document = PictureDocument()
    document.select_polygon(points)
    got = chosen(document)
    winding = _winding(points)
    far = _distance(points) > 1.0  # a pixel's share is told apart from all or nothing only nearer
    assert (got[far & (winding == 0)] == 0).all()
    assert (got[far & (winding != 0)] == 255).all()
    assert far.mean() > 0.9


def _distance(points) -> np.ndarray:
    """Return how far each pixel's middle is from the outline."""
    x = np.arange(AREA.width)[None, :] + AREA.x + 0.5
    y = np.arange(AREA.height)[:, None] + AREA.y + 0.5
    found = np.full((AREA.height, AREA.width), np.inf)
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        dx, dy = x2 - x1, y2 - y1
        length = max(dx * dx + dy * dy, 1e-12)
        at = np.clip(((x - x1) * dx + (y - y1) * dy) / length, 0, 1)
        found = np.minimum(found, np.hypot(x - x1 - at * dx, y - y1 - at * dy))
    return found


def _winding(points) -> np.ndarray:
    """Return how often the outline goes around each pixel's middle."""
    x = np.arange(AREA.width)[None, :] + AREA.x + 0.5
    y = np.arange(AREA.height)[:, None] + AREA.y + 0.5
    found = np.zeros((AREA.height, AREA.width), int)
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        if y1 == y2:
            continue
        up = (y1 <= y) & (y2 > y)
        down = (y2 <= y) & (y1 > y)
        at = x1 + (y - y1) * (x2 - x1) / (y2 - y1)
        found += np.where(up & (at < x), 1, 0) - np.where(down & (at < x), 1, 0)
    return found


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.floats(-60, 400), st.floats(-60, 400)), min_size=3, max_size=3))
def test_a_triangle_covers_exactly_its_area(points) -> None:
    (ax, ay), (bx, by), (cx, cy) = points
    area = abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2
    document = PictureDocument()
    document.select_polygon(points)
    rounding = 1200 / 255  # half a level in each pixel along the outline
    assert chosen(document).sum() / 255 == pytest.approx(area, abs=rounding, rel=1e-3)


def test_edges_of_outlines_are_shared_out_by_area() -> None:
    document = PictureDocument()
    document.select_polygon([(10.25, 10.5), (20, 10.5), (20, 30), (10.25, 30)])
    mask = document.selection.mask(Rect(10, 10, 10, 20))
    assert mask[5, 0] == round(255 * 0.75) and mask[0, 5] in (127, 128)
    assert mask[0, 0] in (95, 96) and mask[5, 5] == 255


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(1, 1)],
        [(1, 1), (50, 50)],
        [(0, 0)] * 9,
        [(0, 0), (0, 1), (0, -1), (0, 7)],
        [(0, 0), (5, 0), (-9, 0), (2, 0), (1, 0)],
        [(0.0, 0.0), (0.0, 5e-324), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (0.5, 0.0)],
    ],
    ids=len,
)
def test_outlines_without_an_inside_select_nothing(points) -> None:
    document = PictureDocument()
    document.select_polygon(points)
    assert document.selection is None


def test_outlines_that_cannot_be_are_refused() -> None:
    document = PictureDocument()
    with pytest.raises(BadInputError, match="points"):
        document.select_polygon([(0.0, 0.0)] * (MAX_POINTS + 1))
    with pytest.raises(BadInputError, match="too far"):
        document.select_polygon([(0, 0), (1e12, 0), (0, 1)])
    with pytest.raises(BadInputError, match="too far"):
        document.select_polygon([(0, 0), (float("nan"), 0), (0, 1)])
    with pytest.raises(BadInputError, match="too far"):
        document.select_rect(Rect(10**9, 0, 10, 10))


def brute_grown(mask: np.ndarray, by: int) -> np.ndarray:
    """Return the greatest value in a disc around each pixel, one offset after the other."""
    found = np.zeros_like(mask)
    padded = np.pad(mask, by)
    height, width = mask.shape
    for dy in range(-by, by + 1):
        reach = max(dx for dx in range(by + 1) if dx * dx + dy * dy <= (by + 0.5) ** 2)
        for dx in range(-reach, reach + 1):
            part = padded[by + dy : by + dy + height, by + dx : by + dx + width]
            np.maximum(found, part, out=found)
    return found


@pytest.mark.parametrize("by", [1, 2, 7, 20])
@pytest.mark.parametrize("invert", [False, True], ids=["", "inverted"])
def test_growing_and_shrinking_reach_evenly(by: int, invert: bool) -> None:
    document = PictureDocument()
    document.select_ellipse(Rect(200, 200, 130, 90))
    document.select_polygon([(250.5, 240), (300, 245.5), (270, 330)], "add")
    if invert:
        document.invert_selection()
    before = chosen(document)
    document.grow_selection(by)
    assert (chosen(document) == brute_grown(before, by)).all()
    document.undo()
    document.grow_selection(-by)
    assert (chosen(document) == 255 - brute_grown(255 - before, by)).all()


def test_a_large_radius_works_in_larger_pieces_the_same() -> None:
    document = PictureDocument()
    document.select_rect(Rect(250, 250, 12, 12))
    document.grow_selection(97)
    assert document.selection.bounds == Rect(250 - 97, 250 - 97, 12 + 194, 12 + 194)
    mask = document.selection.mask(Rect(100, 100, 312, 312))
    assert (mask == mask.T).all() and mask[156, 156] == 255 and mask[60, 60] == 0


def test_shrinking_away_everything_selects_nothing() -> None:
    document = PictureDocument()
    document.select_rect(Rect(0, 0, 10, 10))
    document.grow_selection(-5)
    assert document.selection is None


def test_feathering_keeps_the_middle_and_fades_evenly() -> None:
    document = PictureDocument()
    document.select_rect(Rect(0, 0, 300, 300))
    document.feather_selection(20)
    row = document.selection.mask(Rect(-60, 150, 420, 1))[0].astype(int)
    assert row[210] == 255 and row[0] == 0
    assert (np.diff(row[:210]) >= 0).all() and abs(int(row[59] + row[60]) - 255) <= 6
    assert row[60 - 20] < 15 and row[60 + 20] > 240
    assert document.selection.mask(AREA).sum() / 255 == pytest.approx(90_000, rel=0.01)


@pytest.mark.parametrize("radius", [-1, MAX_RADIUS_PX + 1, float("nan")])
def test_radii_out_of_range_are_refused(radius) -> None:
    document = PictureDocument()
    document.select_rect(Rect(0, 0, 10, 10))
    with pytest.raises(BadInputError):
        document.feather_selection(radius)
    with pytest.raises(BadInputError):
        document.grow_selection(-MAX_RADIUS_PX - 1)


def test_everything_is_the_picture_and_the_frame() -> None:
    document = PictureDocument()
    document.frame = Rect(0, 0, 100, 50)
    document.add_layer(pixels=flat(10, 10, 1, 2, 3), at=(200, -20))
    document.select_all()
    assert document.selection.bounds == Rect(0, -20, 210, 70)
    document.invert_selection()
    assert document.selection.outside == 255
    assert document.selection.mask(Rect(-5, 0, 10, 1)).tolist() == [[255] * 5 + [0] * 5]


def test_a_layers_own_shape_can_be_selected() -> None:
    document = PictureDocument()
    pixels = noise(4, 50, 40)
    layer = document.add_layer(pixels=pixels, at=(240, 250))
    document.select_layer(layer)
    assert (document.selection.mask(Rect(240, 250, 50, 40)) == pixels[..., 3]).all()


@pytest.mark.parametrize("mask", [np.zeros((3, 3, 4), np.uint8), np.zeros((3, 3), float)], ids=str)
def test_what_is_no_mask_is_refused(mask) -> None:
    with pytest.raises(BadInputError, match="mask"):
        PictureDocument().select_mask(mask)


def test_selecting_tells_who_listens_and_is_undone() -> None:
    document = PictureDocument()
    seen = []
    document.subscribe(seen.append)
    document.select_rect(Rect(0, 0, 5, 5))
    assert seen[-1].selection and seen[-1].rect is None
    revision = document.revision
    document.clear_selection()
    assert document.selection is None and document.revision > revision
    assert document.undo() == "Select nothing"
    assert document.selection.bounds == Rect(0, 0, 5, 5)


def test_selecting_the_same_again_is_no_step() -> None:
    document = PictureDocument()
    document.select_ellipse(Rect(0, 0, 50, 50))
    selection, revision = document.selection, document.revision
    document.select_ellipse(Rect(0, 0, 50, 50))
    document.select_rect(Rect(100, 100, 9, 9), "subtract")
    assert document.selection is selection and document.revision == revision
    assert document.undo() == "Select ellipse" and not document.can_undo
