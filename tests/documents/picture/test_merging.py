from __future__ import annotations

import numpy as np
import pytest

from studio.core.errors import BadInputError
from studio.documents.picture.blending import BLEND_MODES
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from studio.documents.picture.layers import walk
from tests.documents.picture.reference import flat, noise

AREA = Rect(200, 200, 120, 120)
AT = (200, 200)


def close(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two pictures look the same: what is nearly transparent has hardly a colour."""
    a, b = one.astype(float), other.astype(float)
    for pixels in (a, b):
        pixels[..., :3] *= pixels[..., 3:] / 255
    return bool(np.abs(a - b).max() <= 2.01)  # each layer between was rounded once more


def kinds(document: PictureDocument) -> list[str]:
    return [layer.kind for layer in walk(document.layers)]


@pytest.mark.parametrize("mode", list(BLEND_MODES))
def test_merging_down_looks_the_same_on_an_opaque_layer(mode: str) -> None:
    document = PictureDocument()
    low = document.add_layer(name="Paper", pixels=noise(1, 120, 120, opaque=True), at=AT)
    high = document.add_layer(pixels=noise(2, 120, 120), at=AT, meta={"seed": 4})
    document.set_layer(high, blend_mode=mode, opacity=0.7)
    before, tree = document.composite(AREA), document.layers
    assert document.merge_down(high) == low == document.active_id
    assert len(document.layers) == 1
    merged = document.layer(low)
    assert (merged.name, merged.opacity, merged.meta) == ("Paper", 1.0, {"seed": 4})
    assert (document.composite(AREA) == before).all()
    document.undo()
    assert document.layers == tree and (document.composite(AREA) == before).all()


def test_merging_translucent_layers_looks_the_same() -> None:
    document = PictureDocument()
    document.add_layer(pixels=noise(3, 120, 120), at=AT)
    document.set_layer(document.add_layer(pixels=noise(1, 90, 90), at=AT), opacity=0.4)
    high = document.add_layer(pixels=noise(2, 120, 120), at=(220, 190))
    before = document.composite(AREA)
    low = document.merge_down(high)
    assert document.layer(low).opacity == 1.0
    assert close(document.composite(AREA), before)


def test_what_cannot_be_merged_says_why() -> None:
    document = PictureDocument()
    mask = document.add_layer("mask", "Sky mask")
    low = document.add_layer(name="Sky")
    high = document.add_layer(name="Sun")
    group = document.add_layer("group", "Birds")
    for layer, words in (
        (mask, "nothing below “Sky mask”"),
        (low, "“Sky” cannot be merged into “Sky mask”"),
        (document.add_layer(name="top"), "“top” cannot be merged into “Birds”"),
    ):
        with pytest.raises(BadInputError, match=words):
            document.merge_down(layer)
    document.set_layer(low, visible=False)
    with pytest.raises(BadInputError, match="“Sky” is hidden"):
        document.merge_down(high)
    document.set_layer(low, visible=True, locked=True)
    with pytest.raises(BadInputError, match="“Sky” is locked"):
        document.merge_down(high)
    with pytest.raises(BadInputError, match="“Sky” is locked"):
        document.flatten()
    with pytest.raises(BadInputError, match="no group"):
        document.merge_group(high)
    assert kinds(document) == ["mask", "raster", "raster", "group", "raster"] and group


def test_two_masks_become_one() -> None:
    document = PictureDocument()
    low = document.add_layer("mask", pixels=flat(10, 10, 1, 1, 1), at=AT)
    high = document.add_layer("mask", pixels=flat(10, 10, 9, 9, 9), at=(205, 200))
    document.merge_down(high)
    assert kinds(document) == ["mask"]
    assert (document.mask(low, Rect(200, 200, 15, 10)) == 255).all()


@pytest.mark.parametrize("mode", ["normal", "multiply", "pass-through"])
def test_a_group_becomes_one_layer(mode: str) -> None:
    document = PictureDocument()
    document.add_layer(pixels=noise(5, 120, 120, opaque=True), at=AT)
    group = document.add_layer("group", "Fox")
    document.add_layer(pixels=noise(6, 80, 120), at=AT, parent=group)
    control = document.add_layer("control", pixels=flat(9, 9, 1, 2, 3), at=AT, parent=group)
    document.add_layer(pixels=noise(7, 120, 60), at=AT, parent=group)
    document.set_layer(group, blend_mode=mode, opacity=0.6)
    before = document.composite(AREA)
    assert document.merge_group(group) == group
    merged = document.layer(group)
    assert (merged.kind, merged.name, merged.children) == ("raster", "Fox", ())
    assert kinds(document) == ["raster", "raster", "control"]
    assert (document.composite(Rect(*AT, 9, 9), only=[control]) == (1, 2, 3, 255)).all()
    assert close(document.composite(AREA), before)
    document.undo()
    assert (document.composite(AREA) == before).all()


@pytest.mark.parametrize("hidden_stay", [False, True], ids=["flatten", "merge visible"])
def test_everything_visible_becomes_one_layer(hidden_stay: bool) -> None:
    document = PictureDocument()
    region = document.add_layer("region", pixels=flat(9, 9, 1, 1, 1), at=AT)
    document.add_layer(pixels=noise(1, 120, 120), at=AT)
    hidden = document.add_layer(pixels=noise(2, 120, 120), at=AT)
    group = document.add_layer("group")
    document.set_layer(
        document.add_layer(pixels=noise(3, 120, 120), at=AT, parent=group), blend_mode="screen"
    )
    mask = document.add_layer("mask", pixels=flat(9, 9, 1, 1, 1), at=AT)
    document.set_layer(hidden, visible=False)
    before = document.composite(AREA)
    made = document.merge_visible() if hidden_stay else document.flatten()
    left = [layer.id for layer in walk(document.layers)]
    assert left == ([region, made, hidden, mask] if hidden_stay else [region, made, mask])
    assert (document.composite(AREA) == before).all()
    assert document.mask(mask, Rect(*AT, 9, 9)).all()
    document.undo()
    assert (document.composite(AREA) == before).all() and len(document.layers) == 5


def test_nothing_visible_cannot_be_merged() -> None:
    document = PictureDocument()
    for merge in (document.flatten, document.merge_visible):
        with pytest.raises(BadInputError, match="Nothing is visible"):
            merge()


def test_merging_in_the_middle_of_a_group_of_changes_sees_what_came_before() -> None:
    document = PictureDocument()
    low = document.add_layer(pixels=flat(9, 9, 1, 1, 1))
    document.composite(Rect(0, 0, 9, 9))
    with document.group("Accept"):
        document.merge_down(document.add_layer(pixels=flat(9, 9, 8, 8, 8)))
    assert (document.composite(Rect(0, 0, 9, 9), only=[low]) == (8, 8, 8, 255)).all()
    assert (document.composite(Rect(0, 0, 9, 9)) == (8, 8, 8, 255)).all()
