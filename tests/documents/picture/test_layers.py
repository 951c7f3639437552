from __future__ import annotations

import json

import numpy as np
import pytest

from studio.core.errors import BadInputError
from studio.documents.picture.checks import MAX_LAYERS
from studio.documents.picture.document import Change, PictureDocument
from studio.documents.picture.geometry import Rect
from studio.documents.picture.layers import MAX_DEPTH, walk
from tests.documents.picture.reference import flat, noise

AREA = Rect(-10, -10, 300, 300)


def names(document: PictureDocument) -> list[str]:
    return [layer.name for layer in walk(document.layers)]


def undo_all(document: PictureDocument) -> None:
    while document.undo():
        pass


def test_new_layers_come_uppermost_are_active_and_have_names_of_their_own() -> None:
    document = PictureDocument()
    made = [document.add_layer() for _ in range(2)] + [document.add_layer("mask")]
    assert names(document) == ["Layer 1", "Layer 2", "Mask 1"]
    assert document.active_id == made[2] and document.layer(made[2]).kind == "mask"
    named = document.add_layer(name="  Sky \n blue ")
    assert document.layer(named).name == "Sky blue"


def test_a_layer_can_come_right_above_another_or_into_a_group() -> None:
    document = PictureDocument()
    low, _ = document.add_layer(name="low"), document.add_layer(name="high")
    document.add_layer(name="between", above=low)
    group = document.add_layer("group", "group")
    inner = document.add_layer(name="inner", parent=group)
    document.add_layer(name="over inner", above=inner)
    assert names(document) == ["low", "between", "high", "group", "inner", "over inner"]
    with pytest.raises(BadInputError, match="“low” is no group"):
        document.add_layer(parent=low)
    with pytest.raises(BadInputError, match="no longer there"):
        document.add_layer(above="nobody")
    with pytest.raises(BadInputError, match="kind"):
        document.add_layer("vector")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 5, 4), np.uint8),
        np.zeros((5, 0, 4), np.uint8),
        np.zeros((5, 5, 3), np.uint8),
        np.zeros((5, 5), np.uint8),
        np.zeros((5, 5, 4), np.float32),
        np.zeros((16385, 1, 4), np.uint8),
        np.zeros((1, 16385, 4), np.uint8),
    ],
    ids=["no rows", "no columns", "rgb", "grey", "float", "too high", "too wide"],
)
def test_pixels_that_cannot_be_used_are_refused_and_leave_nothing(pixels) -> None:
    document = PictureDocument()
    with pytest.raises(BadInputError) as refused:
        document.add_layer(pixels=pixels)
    assert refused.value.user_message.endswith(".")
    assert not document.layers and not document.can_undo
    layer = document.add_layer()
    with pytest.raises(BadInputError):
        document.paste(layer, pixels, 0, 0)


def test_places_too_far_out_are_refused() -> None:
    document = PictureDocument()
    layer = document.add_layer()
    for at in ((1_000_000, 0), (0, -1_000_001), (10**12, 10**12)):
        with pytest.raises(BadInputError, match="too far out"):
            document.paste(layer, flat(2, 2, 1, 1, 1), *at)
        with pytest.raises(BadInputError, match="too far out"):
            document.frame = Rect(*at, 5, 5)
    document.paste(layer, flat(2, 2, 1, 1, 1), 999_998, -1_000_000)
    assert document.extent() == Rect(999_998, -1_000_000, 2, 2)
    with pytest.raises(BadInputError, match="at least one pixel"):
        document.frame = Rect(0, 0, 0, 5)


@pytest.mark.parametrize(
    "changes",
    [
        {"opacity": 1.5},
        {"opacity": float("nan")},
        {"blend_mode": "sparkle"},
        {"blend_mode": "pass-through"},
        {"meta": {"seed": object()}},
        {"meta": {"seed": float("nan")}},
        {"id": "other"},
        {"kind": "mask"},
        {"children": ()},
    ],
    ids=lambda changes: "-".join(changes),
)
def test_properties_no_layer_can_have_are_refused(changes) -> None:
    document = PictureDocument()
    layer = document.add_layer()
    before = document.layer(layer)
    with pytest.raises(BadInputError):
        document.set_layer(layer, **changes)
    assert document.layer(layer) == before and document.undo_label == "New raster layer"


def test_meta_is_kept_as_plain_data_of_its_own() -> None:
    document = PictureDocument()
    meta = {"seed": 5, "request": {"prompt": "a fox"}}
    layer = document.add_layer(meta=meta)
    meta["request"]["prompt"] = "a wolf"
    assert document.layer(layer).meta["request"] == {"prompt": "a fox"}
    document.set_layer(layer, meta={"seed": 6})
    assert document.layer(layer).meta == {"seed": 6}
    assert document.undo() == "Layer properties"
    assert json.dumps(document.layer(layer).meta)


def test_removing_a_group_removes_what_is_in_it_and_undo_brings_all_back() -> None:
    document = PictureDocument()
    document.add_layer(pixels=noise(1, 100, 100))
    group = document.add_layer("group")
    document.add_layer(pixels=noise(2, 100, 100), parent=group)
    before, tree = document.composite(AREA), document.layers
    document.remove_layer(group)
    assert names(document) == ["Layer 1"]
    assert document.active_id == document.layers[0].id
    assert (document.composite(AREA) != before).any()
    document.undo()
    assert document.layers == tree and (document.composite(AREA) == before).all()


def test_a_locked_layer_cannot_be_removed() -> None:
    document = PictureDocument()
    layer = document.add_layer(name="Ink")
    document.set_layer(layer, locked=True)
    with pytest.raises(BadInputError, match="“Ink” is locked"):
        document.remove_layer(layer)


def test_a_duplicate_has_pixels_of_its_own() -> None:
    document = PictureDocument()
    group = document.add_layer("group", "Trees", meta={"seed": 1})
    inner = document.add_layer(name="Oak", pixels=noise(3, 60, 60), parent=group)
    copy = document.duplicate_layer(group)
    assert names(document) == ["Trees", "Oak", "Trees copy", "Oak"]
    assert document.layer(copy).meta == {"seed": 1} and document.active_id == copy
    twin = document.layer(copy).children[0].id
    own = document.composite(AREA, only=[inner])
    assert twin != inner and (document.composite(AREA, only=[twin]) == own).all()
    document.paste(twin, flat(20, 20, 1, 2, 3), 0, 0)
    assert (document.composite(AREA, only=[inner]) == own).all()
    assert (document.composite(AREA, only=[twin]) != own).any()
    assert document.layer(document.duplicate_layer(group)).name == "Trees copy 1"


def test_layers_move_between_groups_but_never_into_themselves() -> None:
    document = PictureDocument()
    first = document.add_layer(name="first", pixels=flat(9, 9, 1, 1, 1))
    second = document.add_layer(name="second", pixels=flat(9, 9, 2, 2, 2))
    group = document.add_layer("group", "group")
    document.move_layer(first, None, 99)
    assert names(document) == ["second", "group", "first"]
    assert document.composite(Rect(0, 0, 1, 1))[0, 0, 0] == 1
    document.move_layer(first, group, 0)
    assert names(document) == ["second", "group", "first"]
    assert document.layer(group).children[0].id == first
    document.move_layer(group, None, 0)
    assert document.composite(Rect(0, 0, 1, 1))[0, 0, 0] == 2
    inner = document.add_layer("group", "inner", parent=group)
    for target in (group, inner):
        with pytest.raises(BadInputError, match="in itself"):
            document.move_layer(group, target, 0)
    with pytest.raises(BadInputError, match="no group"):
        document.move_layer(group, second, 0)
    undo_all(document)
    assert document.layers == ()


def test_groups_nest_only_so_deep_and_layers_are_only_so_many() -> None:
    document = PictureDocument()
    parent = None
    for _ in range(MAX_DEPTH):
        parent = document.add_layer("group", parent=parent)
    with pytest.raises(BadInputError, match="deep at most"):
        document.add_layer(parent=parent)
    with document.group("many"):
        for _ in range(MAX_LAYERS - MAX_DEPTH):
            document.add_layer(name="x")
    with pytest.raises(BadInputError, match="layers at most"):
        document.add_layer()
    with pytest.raises(BadInputError, match="layers at most"):
        document.duplicate_layer(document.layers[0].id)


def test_changes_tell_what_changed_and_nothing_else() -> None:
    document = PictureDocument()
    low = document.add_layer(pixels=flat(10, 10, 1, 1, 1))
    high = document.add_layer(pixels=flat(10, 10, 2, 2, 2), at=(600, 0))
    seen: list[Change] = []
    stop = document.subscribe(seen.append)
    document.set_layer(low, name="Ground")
    assert seen.pop() == Change(layers=True, history=True)
    document.set_layer(high, opacity=0.5)
    assert seen.pop() == Change(Rect(512, 0, 256, 256), layers=True, history=True)
    document.paste(low, flat(10, 10, 3, 3, 3), 5, 5)
    assert seen.pop() == Change(Rect(0, 0, 256, 256), history=True)
    document.active_id = low
    assert seen.pop() == Change(layers=True)
    document.active_id = low
    document.set_layer(low, name="Ground")
    document.frame = document.frame
    assert not seen
    document.frame = Rect(5, 5, 64, 64)
    assert seen.pop() == Change(frame=True)
    stop()
    stop()
    document.undo()
    assert not seen


def test_every_visible_change_has_a_revision_of_its_own() -> None:
    document = PictureDocument()
    seen = [document.revision]
    layer = document.add_layer(pixels=flat(10, 10, 1, 1, 1))
    seen.append(document.revision)
    document.set_layer(layer, opacity=0.3)
    seen.append(document.revision)
    document.undo()
    seen.append(document.revision)
    assert seen == sorted(set(seen))


def test_a_failed_group_of_changes_leaves_everything_as_it_was() -> None:
    document = PictureDocument()
    layer = document.add_layer(pixels=noise(1, 300, 300))
    document.composite(AREA)
    before, tree, active = document.composite(AREA), document.layers, document.active_id
    with pytest.raises(BadInputError), document.group("Accept"):
        document.add_layer(pixels=noise(2, 300, 300))
        document.paste(layer, flat(50, 50, 1, 1, 1), 100, 100)
        document.select_rect(Rect(0, 0, 5, 5))
        document.composite(AREA)
        document.paste("nobody", flat(1, 1, 1, 1, 1), 0, 0)
    assert document.layers == tree and document.active_id == active
    assert document.selection is None and document.undo_label == "New raster layer"
    assert (document.composite(AREA) == before).all()


def test_a_group_of_changes_is_one_step() -> None:
    document = PictureDocument()
    actions = []
    document.on_action(actions.append)
    with document.group("Accept result", origin="generated", request_id="r7"):
        layer = document.add_layer(pixels=flat(20, 20, 5, 5, 5))
        document.set_layer(layer, name="Fox", opacity=0.5)
        with document.group("inner"):
            document.select_layer(layer)
    assert [(a.label, a.origin, a.request_id) for a in actions] == [
        ("Accept result", "generated", "r7")
    ]
    assert document.undo() == "Accept result" and not document.layers
    assert document.redo() == "Accept result" and document.layer(layer).name == "Fox"
    assert [a.label for a in actions[1:]] == ["Undo Accept result", "Redo Accept result"]


def test_pasting_lies_over_or_takes_the_place_as_far_as_the_mask_says() -> None:
    document = PictureDocument()
    layer = document.add_layer(pixels=flat(20, 20, 0, 0, 0))
    mask = np.zeros((20, 20), np.uint8)
    mask[:, 10:] = 255
    mask[:, 5:10] = 128
    document.select_rect(Rect(0, 0, 1, 1))  # pasting does not mind
    document.paste(layer, flat(20, 20, 200, 200, 200, 128), 0, 0, mask)
    row = document.composite(Rect(0, 0, 20, 1))[0]
    assert row[0].tolist() == [0, 0, 0, 255] and row[15].tolist() == [100, 100, 100, 255]
    assert abs(int(row[7, 0]) - 50) <= 1
    document.undo()
    document.paste(layer, flat(20, 20, 200, 200, 200, 0), 0, 0, mask, exchange=True)
    row = document.composite(Rect(0, 0, 20, 1))[0]
    assert (
        row[0, 3] == 255 and row[15].tolist() == [0, 0, 0, 0] and row[7].tolist() == [0, 0, 0, 127]
    )
    with pytest.raises(BadInputError, match="another size"):
        document.paste(layer, flat(20, 20, 1, 1, 1), 0, 0, np.zeros((5, 5), np.uint8))


@pytest.mark.parametrize("exchange", [False, True])
def test_pasting_leaves_locked_transparency_alone(exchange: bool) -> None:
    document = PictureDocument()
    layer = document.add_layer(pixels=flat(10, 10, 0, 0, 0, 90))
    document.set_layer(layer, alpha_locked=True)
    document.paste(layer, flat(20, 20, 200, 100, 50), 0, 0, exchange=exchange)
    shown = document.composite(Rect(0, 0, 20, 20))
    assert (shown[:10, :10] == (200, 100, 50, 90)).all() and not shown[10:].any()


def test_an_empty_mask_pastes_nothing() -> None:
    document = PictureDocument()
    layer = document.add_layer()
    document.paste(layer, flat(20, 20, 1, 1, 1), 0, 0, np.zeros((20, 20), np.uint8))
    assert document.undo_label == "New raster layer" and not document.snapshot().tiles[layer]


def test_unknown_layers_are_refused_everywhere() -> None:
    document = PictureDocument()
    for tried in (
        document.layer,
        document.remove_layer,
        document.duplicate_layer,
        document.merge_down,
        document.merge_group,
        lambda i: document.move_layer(i, None, 0),
        lambda i: document.set_layer(i, opacity=1),
        lambda i: document.mask(i, AREA),
        lambda i: document.select_layer(i),
        lambda i: setattr(document, "active_id", i),
        lambda i: document.transform_layer(i, ((1, 0, 0), (0, 1, 0))),
    ):
        with pytest.raises(BadInputError, match="no longer there"):
            tried("nobody")
