"""Region layers: what a request has of them, how they are written, and how they come back."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt

from studio.app.panes.picture.composing import Composed
from studio.app.panes.picture.frame_size import Resolution, draws_apart, side_for_parts
from studio.app.panes.picture.intents import Intent
from studio.app.panes.picture.regions import (
    SHOWN_OPACITY,
    add_region,
    colour_of,
    free_colour,
    prompt_of,
    requested,
    restore,
    smallest_share,
    taking_part,
)
from studio.app.theme.tokens import REGION_COLOURS
from studio.core.inputs import InputRef, InputStore
from studio.core.requests import REGIONS_MAX, ImageRequest, Region, from_json
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from studio.documents.picture.layers import Layer
from studio.models.info import ModelInfo
from tests.app.panes.picture.conftest import CTRL, Studio

AREA = Rect(0, 0, 64, 64)
LEFT, RIGHT = Rect(0, 0, 32, 64), Rect(32, 0, 32, 64)


def put_region(picture: PictureDocument, rect: Rect, prompt: str = "a cat", **meta: object) -> str:
    pixels = np.full((rect.height, rect.width, 4), 255, np.uint8)
    layer_id = picture.add_layer(
        "region", pixels=pixels, at=(rect.x, rect.y), meta={"prompt": prompt, **meta}
    )
    picture.set_layer(layer_id, opacity=0.3)
    return layer_id


def asked_of(
    picture: PictureDocument, area: Rect = AREA, side: int = 64
) -> list[tuple[Region, np.ndarray]]:
    """Return the regions of a request for an area, with their masks."""
    kept: dict[str, bytes] = {}

    def put(data: bytes) -> InputRef:
        name = f"{len(kept):064x}"
        kept[name] = data
        return InputRef(sha256=name, media_type="image/png")

    composed = Composed(area, Resolution(side, side * area.height // area.width))
    found = requested(picture.snapshot(), composed, put)
    masks = (np.array(Image.open(io.BytesIO(kept[each.mask.sha256]))) for each in found)
    return list(zip(found, masks, strict=True))


# What a request has of them


def test_regions_become_masks_of_the_size_the_model_works_at() -> None:
    picture = PictureDocument()
    put_region(picture, LEFT, "a red apple", weight=0.5)
    ((region, mask),) = asked_of(picture, side=32)
    assert (region.prompt, region.weight) == ("a red apple", 0.5)
    assert mask.shape == (32, 32)
    assert (mask[:, :15] == 255).all() and not mask[:, 17:].any(), "opacity is for the eye alone"


def test_masks_are_cut_to_the_area_that_is_worked_on() -> None:
    picture = PictureDocument()
    put_region(picture, LEFT)
    ((_, mask),) = asked_of(picture, Rect(16, 0, 32, 32), 32)
    assert (mask[:, :16] == 255).all() and not mask[:, 16:].any()
    assert not asked_of(picture, Rect(40, 0, 16, 16), 16), "outside of it there is none"


def test_the_upper_region_hides_the_lower() -> None:
    picture = PictureDocument()
    put_region(picture, AREA, "below")
    put_region(picture, RIGHT, "above")
    (above, seen), (below, left) = asked_of(picture)
    assert (above.prompt, below.prompt) == ("above", "below")
    assert not seen[:, :32].any() and (seen[:, 32:] == 255).all()
    assert (left[:, :32] == 255).all() and not left[:, 32:].any()
    put_region(picture, AREA, "over all")
    assert [region.prompt for region, _ in asked_of(picture)] == ["over all"]


def test_what_is_hidden_or_says_nothing_or_is_not_painted_takes_no_part() -> None:
    picture = PictureDocument()
    hidden = put_region(picture, LEFT)
    picture.set_layer(hidden, visible=False)
    put_region(picture, RIGHT, "  ")
    picture.add_layer("region", meta={"prompt": "nowhere"})
    group = picture.add_layer("group")
    picture.move_layer(put_region(picture, AREA, "in a group"), group, 0)
    assert [region.prompt for region, _ in asked_of(picture)] == ["in a group"]
    picture.set_layer(group, visible=False)
    assert not asked_of(picture)


def test_no_more_take_part_than_a_request_can_have() -> None:
    picture = PictureDocument()
    for number in range(REGIONS_MAX + 2):
        put_region(picture, Rect(number * 3, 0, 3, 8), f"part {number}")
    assert len(asked_of(picture)) == REGIONS_MAX
    assert len(taking_part(picture.snapshot(), AREA)) == REGIONS_MAX


@pytest.mark.parametrize("weight", ["much", None, True, -3, 7, 1e-9])
def test_a_weight_that_means_nothing_makes_a_region_all_the_same(weight: object) -> None:
    picture = PictureDocument()
    put_region(picture, LEFT, weight=weight)
    ((region, _),) = asked_of(picture)
    assert 0 < region.weight <= 1


def test_parts_drawn_apart_ask_for_a_larger_picture() -> None:
    picture = PictureDocument()
    put_region(picture, LEFT)
    snapshot = picture.snapshot()
    part = taking_part(snapshot, AREA)
    assert smallest_share(snapshot, AREA, part) == 0.5
    assert smallest_share(snapshot, AREA, ()) == 1.0
    assert side_for_parts(256, 0.5) == 362
    assert side_for_parts(256, 0.01) == 512, "but not too large"
    assert side_for_parts(256, 1.0) == 256


def test_which_models_draw_parts_apart_stands_in_their_folder(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    info = ModelInfo(id="m", title="M", path=tmp_path)
    for written, apart in (("text", True), ("text_time", False), (None, False)):
        config = tmp_path / "unet" / "config.json"
        config.write_text(json.dumps({"addition_embed_type": written}))
        assert draws_apart(info) is apart
    assert not draws_apart(None)


# Making them


def test_a_new_region_takes_the_place_of_the_selection_in_one_step() -> None:
    picture = PictureDocument()
    picture.select_rect(LEFT)
    layer = picture.layer(add_region(picture, REGION_COLOURS, "New region"))
    assert layer.kind == "region" and layer.opacity == SHOWN_OPACITY
    assert picture.selection is None, "it would be taken for what to repaint"
    assert (picture.mask(layer.id, AREA)[:, :32] == 255).all()
    assert not picture.mask(layer.id, AREA)[:, 32:].any()
    picture.undo()
    assert not picture.layers and picture.selection is not None


def test_without_a_selection_it_waits_for_paint() -> None:
    picture = PictureDocument()
    layer = picture.layer(add_region(picture, REGION_COLOURS, "New region"))
    assert not picture.snapshot().tiles.get(layer.id)


def test_an_inverted_selection_is_taken_within_the_frame() -> None:
    picture = PictureDocument()
    picture.frame = AREA
    picture.select_rect(LEFT)
    picture.invert_selection()
    layer_id = add_region(picture, REGION_COLOURS, "New region")
    mask = picture.mask(layer_id, Rect(-10, -10, 100, 100))
    assert mask[10:74, 42:74].all() and not mask[:, 74:].any() and not mask[10:74, 10:42].any()


def test_every_region_has_a_colour_of_its_own_as_long_as_there_are_some() -> None:
    picture = PictureDocument()
    ids = [add_region(picture, REGION_COLOURS, "x") for _ in range(len(REGION_COLOURS) + 1)]
    colours = [colour_of(picture.layer(layer_id)) for layer_id in ids]
    assert set(colours[:-1]) == set(REGION_COLOURS)
    assert colours[-1] == REGION_COLOURS[0]
    assert free_colour(picture.layers, REGION_COLOURS) == REGION_COLOURS[1]


def test_only_a_colour_counts_as_one() -> None:
    assert not colour_of(Layer("a", "region", meta={"colour": "red; x"}))
    assert not colour_of(Layer("a", "region"))


def test_what_was_asked_can_be_laid_down_again() -> None:
    first, second, store = PictureDocument(), PictureDocument(), InputStore()
    put_region(first, AREA, "below", weight=0.4)
    put_region(first, RIGHT, "above")
    composed = Composed(AREA, Resolution(64, 64))
    regions = requested(first.snapshot(), composed, lambda data: store.put(data, "image/png"))
    second.frame = Rect(100, 50, 128, 128)
    old = put_region(second, AREA, "old")
    gone = Region("gone", InputRef(sha256="f" * 64, media_type="image/png"))
    assert restore(second, (*regions, gone), store, REGION_COLOURS, "Recall regions") == 1
    assert not second.layer(old).visible
    again = asked_of(second, second.frame, 64)
    assert [(region.prompt, region.weight) for region, _ in again] == [
        ("above", 1.0), ("below", 0.4),
    ]  # fmt: skip
    assert (again[0][1][:, 34:] == 255).all() and not again[0][1][:, :30].any()
    second.undo()
    assert [layer.id for layer in second.layers] == [old] and second.layer(old).visible


# In the pane


def write(studio: Studio, prompt: str, rect: Rect = LEFT) -> str:
    """Add a region as one does: select, press the button, say what shall be there."""
    studio.picture.select_rect(rect)
    studio.pane.layers.buttons["region"].click()
    studio.pane.layers.region.prompt.setPlainText(prompt)
    studio.pane.layers.region.take()
    studio.looked()
    assert studio.picture.active_id is not None
    return studio.picture.active_id


def test_regions_go_with_the_request_and_stay_with_the_layer(studio: Studio) -> None:
    studio.picture.frame = AREA
    write(studio, "a red apple")
    write(studio, "a blue car", RIGHT)
    assert studio.view.prompt.regions_chip.text() == "2 regions"
    assert "a blue car" in studio.view.prompt.regions_chip.toolTip()
    request = studio.generate()
    assert not request.prompt, "regions alone say enough"
    assert [region.prompt for region in request.regions] == ["a blue car", "a red apple"]
    assert all(studio.engine.inputs.get(region.mask) for region in request.regions)
    studio.accept()
    made = studio.picture.layers[-1]
    assert made.name == "a red apple, a blue car"
    kept = from_json(json.dumps(made.meta["request"]))
    assert isinstance(kept, ImageRequest) and kept.regions == request.regions


def test_a_hidden_region_takes_no_part_any_more(studio: Studio) -> None:
    studio.picture.frame = AREA
    region = write(studio, "a cat")
    studio.type("a room")
    studio.picture.set_layer(region, visible=False)
    studio.looked()
    assert studio.view.prompt.regions_chip.isHidden()
    assert "no part" in studio.pane.layers.region.note.text()
    assert not studio.generate().regions


def test_what_goes_goes_everywhere(studio: Studio) -> None:
    studio.picture.frame = AREA
    studio.paint(AREA)
    write(studio, "a cat", AREA)
    studio.picture.select_rect(Rect(8, 8, 16, 16))
    studio.looked()
    assert not studio.generate(intent=Intent.REMOVE).regions
    assert [r.prompt for r in studio.generate(intent=Intent.FILL).regions] == ["a cat"]


def test_a_model_that_takes_none_says_so_and_is_asked_without(studio: Studio) -> None:
    studio.picture.frame = AREA
    write(studio, "a cat")
    studio.engine.unused["region_base"] = "One prompt for all."
    studio.pane.options.changed.emit()
    chip = studio.view.prompt.regions_chip
    assert not chip.isEnabled() and chip.toolTip() == "One prompt for all."
    assert studio.pane.layers.region.note.text() == "One prompt for all."
    assert studio.session.why_not(Intent.GENERATE), "now the main prompt is needed"
    studio.type("a room")
    assert not studio.generate().regions


def test_the_brush_paints_in_the_colour_of_the_region(studio: Studio) -> None:
    canvas = studio.view.canvas
    own = canvas.colour
    studio.pane.add_region()
    active = studio.picture.active_id
    assert active is not None
    colour = colour_of(studio.picture.layer(active))
    assert canvas.colour.name().upper() == colour.upper() != own.name().upper()
    studio.paint(AREA)
    assert canvas.colour == own


def test_a_region_shows_on_the_canvas_where_no_picture_is(studio: Studio) -> None:
    write(studio, "a cat", Rect(100, 100, 50, 50))
    studio.until(lambda: studio.view.canvas.up_to_date)
    assert studio.view.canvas._surface.extent == Rect(100, 100, 50, 50)
    assert studio.picture.extent().is_empty, "but it is no part of the picture"


def test_the_prompt_is_edited_beside_the_layers_as_one_step(studio: Studio) -> None:
    editor = studio.pane.layers.region
    assert editor.isHidden()
    studio.pane.add_region()
    assert not editor.isHidden() and editor.prompt.hasFocus()
    assert editor.note.text() == "Paint the area where it holds."
    steps = studio.picture.layers[0]
    for words in ("a", "a cat", "a cat asleep"):
        editor.prompt.setPlainText(words)
        editor.take()
    assert prompt_of(studio.picture.layers[0]) == "a cat asleep"
    editor.weight.setValue(0.5)
    assert studio.picture.layers[0].meta["weight"] == 0.5
    studio.picture.undo()
    assert studio.picture.layers[0].meta == steps.meta
    assert editor.prompt.toPlainText() == "" and editor.weight.value() == 1
    studio.paint(AREA)
    assert editor.isHidden()


def test_keys_of_prompts_work_in_the_prompt_of_a_region(studio: Studio) -> None:
    studio.picture.frame = AREA
    write(studio, "cat")
    edit = studio.pane.layers.region.prompt
    edit.selectAll()
    studio.press(Qt.Key.Key_Up, CTRL, edit)
    assert edit.toPlainText() == "(cat:1.1)"
    studio.press(Qt.Key.Key_Return, CTRL, edit)
    studio.until(lambda: studio.asked)
    assert studio.asked[-1].regions[0].prompt == "(cat:1.1)"


def test_what_is_being_typed_is_not_lost_with_another_layer_or_picture(studio: Studio) -> None:
    first = write(studio, "one")
    picture = studio.picture
    other = studio.paint(AREA)
    picture.active_id = first
    edit = studio.pane.layers.region.prompt
    edit.setPlainText("one more")
    picture.active_id = other
    assert prompt_of(picture.layer(first)) == "one more"
    picture.active_id = first
    edit.setPlainText("the last")
    studio.pane.new_picture()
    assert prompt_of(picture.layer(first)) == "the last"


def test_what_is_being_typed_goes_with_a_layer_that_is_deleted(studio: Studio) -> None:
    region = write(studio, "one")
    studio.pane.layers.region.prompt.setPlainText("two")
    studio.picture.remove_layer(region)
    assert studio.pane.layers.region.isHidden()
    assert not studio.picture.layers


def test_the_chip_leads_to_the_prompt_of_a_region(studio: Studio) -> None:
    region = write(studio, "a cat", studio.picture.frame)
    studio.paint(AREA)
    studio.view.prompt.regions_chip.click()
    assert studio.picture.active_id == region
    assert studio.pane.layers.region.prompt.hasFocus()


def test_live_painting_repaints_when_a_region_says_something_else(studio: Studio) -> None:
    studio.picture.frame = AREA
    region = write(studio, "a cat")
    studio.pane.toggle_live()
    studio.until(lambda: len(studio.asked) == 1)
    studio.engine.play()
    studio.until(lambda: studio.pane.live.job is None)
    studio.picture.set_layer(region, meta={"prompt": "a dog"})
    studio.until(lambda: len(studio.asked) == 2)
    assert [request.regions[0].prompt for request in studio.asked] == ["a cat", "a dog"]
    assert all(request.transient for request in studio.asked)
    studio.pane.toggle_live()


def test_recalled_settings_bring_the_regions_back(studio: Studio) -> None:
    from studio.library.recall import Recalled

    studio.picture.frame = AREA
    write(studio, "a red apple")
    request = studio.generate()
    found = Recalled(program="Triptych", request=request, prompt="", width=64, height=64)
    studio.pane.new_picture()
    studio.pane.recalling.take(found)
    studio.until(lambda: studio.picture.layers)
    ((region, mask),) = asked_of(studio.picture, studio.picture.frame)
    assert region.prompt == "a red apple"
    assert mask[:, :30].all() and not mask[:, 34:].any()
