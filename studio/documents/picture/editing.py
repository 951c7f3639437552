"""A picture's state and the actions that change it.

Everything here is used under the document's lock. Tiles handed out before an action began are
never written by it: the first write of an action, or after a snapshot, takes a copy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from studio.documents.picture.geometry import Key, Rect, bounds_of, tile_rect
from studio.documents.picture.history import Place, Step, Swap
from studio.documents.picture.layers import Layer, Tree, find, walk
from studio.documents.picture.selection import Selection
from studio.documents.picture.tiles import Grid, Tile
from studio.documents.spans import Origin

DEFAULT_FRAME = Rect(0, 0, 512, 512)


@dataclass
class Edit:
    """An action that is going on.

    Attributes:
        label: What undo and the history call it.
        origin: Where what it brings comes from.
        request_id: The request that made it.
        tree: The layers before it.
        selection: The selection before it.
        active: The active layer before it.
        tiles: The tiles it wrote, as they were before.
        merge: Steps with the same, one right after the other, become one; "" for none.
    """

    label: str
    origin: Origin
    request_id: str
    tree: Tree
    selection: Selection | None
    active: str | None
    tiles: dict[Place, Tile | None] = field(default_factory=dict)
    merge: str = ""

    def before(self, layer_id: str, key: Key, now: Tile | None) -> Tile | None:
        """Return a tile as it was before this action; ``now`` is what it is now."""
        return self.tiles.get((layer_id, key), now)


class State:
    """Layers, their tiles, and what is selected.

    Attributes:
        tree: The layers, bottom first.
        selection: What is selected; ``None`` for no selection, which lets everything be painted.
        active: The layer that is worked on.
        frame: Where pictures are generated.
        revision: Grows with every change that can be seen.
    """

    def __init__(self) -> None:
        self.tree: Tree = ()
        self.selection: Selection | None = None
        self.active: str | None = None
        self.frame = DEFAULT_FRAME
        self.revision = 0
        self._grids: dict[str, Grid] = {}
        self._epoch = 0

    def begin(self, label: str, origin: Origin = "typed", request_id: str = "") -> Edit:
        """Begin an action."""
        self._epoch += 1
        return Edit(label, origin, request_id, self.tree, self.selection, self.active)

    def grid(self, layer_id: str) -> Grid:
        """Return a layer's tiles."""
        grid = self._grids.get(layer_id)
        if grid is None:
            grid = self._grids[layer_id] = Grid()
        return grid

    def tile(self, layer_id: str, key: Key) -> Tile | None:
        """Return a tile of a layer, or ``None`` where there is nothing."""
        grid = self._grids.get(layer_id)
        return None if grid is None else grid.get(key)

    def writable(self, edit: Edit, layer_id: str, key: Key) -> Tile:
        """Return a tile that ``edit`` may write, blank where there was nothing.

        Whoever writes it calls ``written()`` afterwards.
        """
        grid = self.grid(layer_id)
        tile = grid.get(key)
        edit.tiles.setdefault((layer_id, key), tile)
        if tile is not None and tile.epoch == self._epoch:
            return tile
        tile = Tile.blank(self._epoch) if tile is None else tile.copied(self._epoch)
        grid.put(key, tile)
        return tile

    def put(self, edit: Edit, layer_id: str, key: Key, tile: Tile | None) -> None:
        """Exchange a tile as part of ``edit``."""
        grid = self.grid(layer_id)
        edit.tiles.setdefault((layer_id, key), grid.get(key))
        grid.put(key, tile)

    def drop_layer(self, edit: Edit, layer: Layer) -> None:
        """Take away all tiles of a layer and what is in it."""
        for one in layer.walk():
            for key in tuple(self.grid(one.id)):
                self.put(edit, one.id, key, None)

    def lend(self) -> dict[str, Mapping[Key, Tile]]:
        """Return all tiles as they are now; they never change again."""
        self._epoch += 1
        return {layer.id: self.grid(layer.id).lend() for layer in walk(self.tree)}

    def area(self, layer_id: str) -> Rect:
        """Return the tiles a layer and what is in it stand on, as one rectangle."""
        inside = find(self.tree, layer_id).walk()
        return bounds_of(tile_rect(key) for one in inside for key in self.grid(one.id))

    def roll_back(self, edit: Edit) -> Rect:
        """Make everything what it was before ``edit``; returns where tiles changed."""
        for (layer_id, key), tile in edit.tiles.items():
            self.grid(layer_id).put(key, tile)
        self.tree, self.selection, self.active = edit.tree, edit.selection, edit.active
        self._forget_gone()
        return touched(edit.tiles)

    def finish(self, edit: Edit) -> Step | None:
        """Return an action as an undo step, or ``None`` when it changed nothing."""
        tiles: dict[Place, Swap] = {}
        for (layer_id, key), before in edit.tiles.items():
            grid = self.grid(layer_id)
            now = grid.get(key)
            if now is not None and now.is_blank:
                now = None
                grid.put(key, None)
            if now is before:
                continue
            if now is not None and before is not None and _same(now, before):
                grid.put(key, before)
                continue
            tiles[layer_id, key] = Swap(before, now)
        tree = (edit.tree, self.tree) if edit.tree != self.tree else None
        changed = edit.selection is not self.selection
        selection = (edit.selection, self.selection) if changed else None
        self._forget_gone()
        if not tiles and tree is None and selection is None:
            return None
        active = (edit.active, self.active)
        return Step(edit.label, tree, selection, active, tiles, edit.merge)

    def take_back(self, step: Step) -> Rect:
        """Undo a step; returns where tiles changed."""
        return self._step(step, back=True)

    def bring_again(self, step: Step) -> Rect:
        """Redo a step; returns where tiles changed."""
        return self._step(step, back=False)

    def _step(self, step: Step, *, back: bool) -> Rect:
        self._epoch += 1
        which = 0 if back else 1
        for (layer_id, key), change in step.tiles.items():
            grid = self.grid(layer_id)
            now = grid.get(key)
            grid.put(key, change.undone(now) if back else change.redone(now))
        if step.tree is not None:
            self.tree = step.tree[which]
        if step.selection is not None:
            self.selection = step.selection[which]
        there = {layer.id for layer in walk(self.tree)}
        if step.active[which] in there or step.active[which] is None:
            self.active = step.active[which]
        self._forget_gone()
        return touched(step.tiles)

    def _forget_gone(self) -> None:
        there = {layer.id for layer in walk(self.tree)}
        for layer_id in [one for one in self._grids if one not in there]:
            del self._grids[layer_id]


def touched(places: Mapping[Place, object]) -> Rect:
    """Return the smallest rectangle around these tiles."""
    return bounds_of(tile_rect(key) for _, key in places)


def _same(one: Tile, other: Tile) -> bool:
    return bool(np.array_equal(one.pixels, other.pixels))


def changed_area(state: State, before: Tree, after: Tree) -> Rect:
    """Return where two trees show different things, given the tiles of ``state``.

    Layers whose pixels came or went are not looked at: their tiles changed as well.
    """
    old, new = _looks(before), _looks(after)
    shared = [layer_id for layer_id in old if layer_id in new]
    if shared != [layer_id for layer_id in new if layer_id in old]:
        different = set(shared)
    else:
        different = {layer_id for layer_id in shared if old[layer_id] != new[layer_id]}
    return bounds_of(
        tile_rect(key)
        for layer in walk(after)
        if layer.id in different
        for one in layer.walk()
        for key in state.grid(one.id)
    )


def _looks(tree: Tree, parent: str = "") -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for layer in tree:
        found[layer.id] = (parent, layer.kind, layer.opacity, layer.blend_mode, layer.visible)
        found.update(_looks(layer.children, layer.id))
    return found
