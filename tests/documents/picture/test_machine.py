"""Random work on a picture against a model that remembers every state as it was."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from studio.core.errors import BadInputError
from studio.documents.picture import storage
from studio.documents.picture.blending import BLEND_MODES
from studio.documents.picture.brush import Brush
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.geometry import Rect
from studio.documents.picture.history import History
from studio.documents.picture.layers import walk
from studio.documents.picture.tiles import TILE_BYTES
from studio.documents.project import Project
from tests.documents.picture.reference import noise

AREA = Rect(160, 160, 220, 220)
PLACE = st.tuples(st.integers(170, 350), st.integers(170, 350))
SHARE = st.floats(0, 0.999)


class Painting(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="painting-")
        self.project = Project.open(Path(self.folder.name) / "a.triptych", create=True)
        self.picture = storage.create(self.project, "Fox")
        self.document = PictureDocument()
        self.document._history = History(fresh_bytes=2 * TILE_BYTES, clock=lambda: self.now)
        self.keeper = storage.Keeper(self.document, self.project, self.picture)
        self.now = 0.0
        self.states = [self.state()]
        self.at = 0
        self.looked = 0

    def state(self):
        """Return everything there is, byte by byte."""
        taken = self.document.snapshot()
        selected = None if taken.selection is None else taken.selection.mask(AREA).tobytes()
        pixels = {
            layer_id: {key: tile.pixels.tobytes() for key, tile in tiles.items()}
            for layer_id, tiles in taken.tiles.items()
        }
        return taken.layers, pixels, selected

    def layer(self, share: float) -> str:
        layers = list(walk(self.document.layers))
        return layers[int(share * len(layers))].id

    def tried(self, action) -> None:
        """Do something, which may be refused, and note what came of it."""
        self.now += 10.0
        try:
            action()
        except BadInputError as refused:
            assert refused.user_message.endswith(".")
        now = self.state()
        if now != self.states[self.at]:
            del self.states[self.at + 1 :]
            self.states.append(now)
            self.at += 1

    @rule(
        kind=st.sampled_from(["raster", "raster", "group", "mask"]),
        share=SHARE,
        seed=st.integers(0, 5),
        at=PLACE,
    )
    def add(self, kind, share, seed, at):
        parent = self.layer(share) if self.document.layers else None
        if parent is not None and self.document.layer(parent).kind != "group":
            parent = None
        pixels = None if kind == "group" else noise(seed, 60, 50)
        self.tried(lambda: self.document.add_layer(kind, pixels=pixels, at=at, parent=parent))

    @precondition(lambda self: self.document.layers)
    @rule(share=SHARE, points=st.lists(PLACE, min_size=1, max_size=3), erase=st.booleans())
    def draw(self, share, points, erase):
        def stroke():
            brush = Brush(25, hardness=0.4, flow=0.8)
            going = self.document.begin_stroke(self.layer(share), brush, (9, 200, 90), erase=erase)
            for point in points:
                going.add(*point)
            going.finish()

        self.tried(stroke)

    @precondition(lambda self: self.document.layers)
    @rule(share=SHARE, points=st.lists(PLACE, min_size=1, max_size=2))
    def draw_and_cancel(self, share, points):
        def stroke():
            going = self.document.begin_stroke(self.layer(share), Brush(40), (9, 200, 90))
            for point in points:
                going.add(*point)
            going.cancel()

        before = self.state()
        self.tried(stroke)
        assert self.state() == before

    @precondition(lambda self: self.document.layers)
    @rule(share=SHARE, seed=st.integers(0, 5), at=PLACE, exchange=st.booleans())
    def paste(self, share, seed, at, exchange):
        pixels = noise(seed, 40, 40)
        self.tried(lambda: self.document.paste(self.layer(share), pixels, *at, exchange=exchange))

    @precondition(lambda self: self.document.layers)
    @rule(
        share=SHARE,
        changes=st.fixed_dictionaries(
            {},
            optional={
                "opacity": st.sampled_from([0.0, 0.3, 1.0]),
                "visible": st.booleans(),
                "locked": st.sampled_from([False, False, True]),
                "alpha_locked": st.booleans(),
                "blend_mode": st.sampled_from([*BLEND_MODES, "pass-through"]),
                "meta": st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
            },
        ),
    )
    def set(self, share, changes):
        self.tried(lambda: self.document.set_layer(self.layer(share), **changes))

    @precondition(lambda self: self.document.layers)
    @rule(share=SHARE, other=SHARE, index=st.integers(0, 4))
    def move(self, share, other, index):
        self.tried(lambda: self.document.move_layer(self.layer(share), self.layer(other), index))

    @precondition(lambda self: self.document.layers)
    @rule(
        share=SHARE,
        what=st.sampled_from(
            ["remove_layer", "duplicate_layer", "merge_down", "merge_group", "clear"]
        ),
    )
    def change_whole(self, share, what):
        self.tried(lambda: getattr(self.document, what)(self.layer(share)))

    @precondition(lambda self: self.document.layers)
    @rule(what=st.sampled_from(["flatten", "merge_visible"]))
    def merge_all(self, what):
        self.tried(getattr(self.document, what))

    @precondition(lambda self: self.document.layers)
    @rule(share=SHARE, x=st.integers(-40, 40), turn=st.booleans())
    def transform(self, share, x, turn):
        matrix = ((0, -1, 520 + x), (1, 0, 0)) if turn else ((1.1, 0.1, x), (0, 1, -20))
        self.tried(lambda: self.document.transform_layer(self.layer(share), matrix))

    @precondition(lambda self: self.document.layers)
    @rule(share=SHARE, at=PLACE, merged=st.booleans())
    def fill(self, share, at, merged):
        self.tried(
            lambda: self.document.fill(self.layer(share), *at, (3, 4, 5, 200), sample_merged=merged)
        )

    @rule(at=PLACE, mode=st.sampled_from(["replace", "add", "subtract", "intersect"]))
    def select(self, at, mode):
        self.tried(lambda: self.document.select_ellipse(Rect(*at, 70, 50), mode))

    @rule(
        what=st.sampled_from(["invert_selection", "clear_selection", "grow", "shrink", "feather"])
    )
    def reselect(self, what):
        actions = {
            "grow": lambda: self.document.grow_selection(6),
            "shrink": lambda: self.document.grow_selection(-6),
            "feather": lambda: self.document.feather_selection(5),
        }
        self.tried(actions.get(what) or getattr(self.document, what))

    @rule()
    def undo(self):
        went = self.document.undo() is not None
        assert went == (self.at > 0)
        self.at -= went
        assert self.state() == self.states[self.at]

    @rule()
    def redo(self):
        went = self.document.redo() is not None
        assert went == (self.at < len(self.states) - 1)
        self.at += went
        assert self.state() == self.states[self.at]

    @rule()
    def pack(self):
        self.document._history.wait()

    @rule()
    def reload(self):
        """What the project has is what is here."""
        self.keeper.flush(60)
        loaded = storage.load(self.project, self.picture)
        taken = loaded.snapshot()
        layers, pixels, selected = self.state()
        assert taken.layers == layers
        assert {
            layer_id: {key: tile.pixels.tobytes() for key, tile in tiles.items()}
            for layer_id, tiles in taken.tiles.items()
        } == pixels
        mask = None if taken.selection is None else taken.selection.mask(AREA).tobytes()
        assert mask == selected

    @invariant()
    def what_is_kept_of_the_composite_is_right(self):
        self.looked += 1
        level = self.looked % 4
        area = AREA.aligned(1 << level)
        fresh = self.document.snapshot()
        for overlays in (False, True):
            shown = self.document.composite(area, shrink=level, overlays=overlays)
            assert np.array_equal(shown, fresh.composite(area, shrink=level, overlays=overlays))

    def teardown(self):
        self.keeper.close()
        self.project.close()
        self.folder.cleanup()


TestPainting = Painting.TestCase
TestPainting.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
