"""A picture: layers of tiles on a canvas without edges, painted, changed and undone.

Every method may be called from any thread and holds the document's lock as long as it works. Who
reads much, such as a generation or a file being written, takes a :meth:`~PictureDocument.snapshot`
and reads that without holding anybody up. Listeners are called on the thread that made the change.

Long because it is the whole public face of a picture; the work is in the modules beside it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.picture import actions
from studio.documents.picture.actions import Layering
from studio.documents.picture.brush import Brush
from studio.documents.picture.changes import Action, Change
from studio.documents.picture.checks import (
    colour_of,
    planes_of,
    require_erasable,
    require_room,
    require_unlocked,
    require_visible,
)
from studio.documents.picture.compositing import PICTURE, WHOLE, View, compose
from studio.documents.picture.editing import Edit, State, changed_area, touched
from studio.documents.picture.flood import Look, similar
from studio.documents.picture.geometry import Key, Rect, bounds_of, require_near
from studio.documents.picture.gradients import Gradient, GradientKind, Stop
from studio.documents.picture.history import BUDGET_BYTES, History, Step
from studio.documents.picture.layers import (
    KINDS,
    SHOWN_KINDS,
    Layer,
    LayerKind,
    Tree,
    changed,
    copied,
    find,
    free_name,
    inserted,
    label_of,
    neighbour,
    new_id,
    path_to,
    place_of,
    replaced,
    walk,
)
from studio.documents.picture.painting import Effect
from studio.documents.picture.projection import Projection
from studio.documents.picture.scene import (
    Snapshot,
    alpha_of,
    composed,
    composed_rect,
    extent_of,
    has_overlays,
    view_of,
)
from studio.documents.picture.selection import (
    ALL,
    Selection,
    SelectMode,
    combined,
    cut,
    inverted,
    selection_of,
)
from studio.documents.picture.shapes import ellipse, polygon, rectangle
from studio.documents.picture.softening import feathered, grown
from studio.documents.picture.strokes import Stroke
from studio.documents.picture.symmetry import Symmetry
from studio.documents.picture.tiles import Bytes
from studio.documents.picture.transforming import Affine, Resample, Rows
from studio.documents.spans import Origin

__all__ = ["Action", "Change", "PictureDocument"]


class PictureDocument:
    """Layers, selection, generation frame and undo of one picture."""

    def __init__(self, *, undo_bytes: int = BUDGET_BYTES) -> None:
        """Make an empty picture.

        Args:
            undo_bytes: How much undo may keep; the oldest steps go first.
        """
        self._lock = threading.RLock()
        self._state = State()
        self._history = History(undo_bytes)
        self._listeners: list[Callable[[Change], None]] = []
        self._keepers: list[Callable[[Action], None]] = []
        self._open: Edit | None = None
        self._stroke: Stroke | None = None
        self._extent: dict[bool, tuple[int, Rect]] = {}
        self._picture = Projection(lambda key, window: self._compose(key, window, PICTURE))
        overlaid = View(overlays=True)
        self._overlaid = Projection(lambda key, window: self._compose(key, window, overlaid))

    # --- looking ---------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """Grows with each change that can be seen; costs nothing to ask from any thread."""
        return self._state.revision

    @property
    def layers(self) -> Tree:
        """The layers, bottom first."""
        return self._state.tree

    @property
    def selection(self) -> Selection | None:
        """What is selected; ``None`` lets everything be painted."""
        return self._state.selection

    @property
    def active_id(self) -> str | None:
        """The layer that is worked on."""
        return self._state.active

    @active_id.setter
    def active_id(self, layer_id: str | None) -> None:
        with self._lock:
            if layer_id is not None:
                find(self._state.tree, layer_id)
            if layer_id == self._state.active:
                return
            self._state.active = layer_id
        self._tell(Change(layers=True))

    @property
    def frame(self) -> Rect:
        """Where pictures are generated."""
        return self._state.frame

    @frame.setter
    def frame(self, rect: Rect) -> None:
        if rect.is_empty:
            raise BadInputError("The frame needs at least one pixel.")
        require_near(rect)
        with self._lock:
            if rect == self._state.frame:
                return
            self._state.frame = rect
        self._tell(Change(frame=True))

    def layer(self, layer_id: str) -> Layer:
        """Return a layer.

        Raises:
            BadInputError: There is none with this id.
        """
        return find(self._state.tree, layer_id)

    def extent(self, *, overlays: bool = False) -> Rect:
        """Return the smallest rectangle around everything visible in the picture.

        Args:
            overlays: Masks, controls and regions count, too.
        """
        with self._lock:
            state, known = self._state, self._extent.get(overlays)
            if known is None or known[0] != state.revision or self._open is not None:
                tiles = {one.id: state.grid(one.id).lend() for one in walk(state.tree)}
                known = state.revision, extent_of(state.tree, tiles, overlays=overlays)
                self._extent[overlays] = known
            return known[1]

    def snapshot(self) -> Snapshot:
        """Return the picture as it is now, for any thread; it costs next to nothing."""
        with self._lock:
            state = self._state
            return Snapshot(
                state.tree, state.lend(), state.selection, state.active, state.frame, state.revision
            )

    def composite(
        self,
        rect: Rect,
        *,
        shrink: int = 0,
        only: Collection[str] | None = None,
        without: Collection[str] = (),
        overlays: bool = False,
    ) -> Bytes:
        """Return what the layers show together.

        Fast where it was asked for before: only what changed since is composed again. With
        ``only`` or ``without`` nothing is kept.

        Args:
            rect: In pixels of the picture. With ``shrink`` it grows to whole pixels of the smaller
                size: the answer shows ``rect.aligned(2 ** shrink)``.
            shrink: How often the answer is halved in size, 0 to 8.
            only: Just these layers and what is in them, whatever their kind and even when hidden.
            without: These are left out.
            overlays: Visible masks, controls and regions are shown over the picture, as a canvas
                does; without it they are no part of it.

        Returns:
            uint8 (height, width, 4), straight alpha, colour 0 where alpha is 0; the caller's own.

        Raises:
            BadInputError: The rectangle is too large or too far out.
        """
        rect = composed_rect(rect, shrink)
        view = view_of(only, without, overlays)
        with self._lock:
            if view.only is not None or view.without:
                return composed(self._state.tree, self._state.tile, rect, shrink, view)
            step = 1 << shrink
            smaller = Rect(rect.x // step, rect.y // step, rect.width // step, rect.height // step)
            out = np.zeros((smaller.height, smaller.width, 4), np.uint8)
            overlaid = overlays and has_overlays(self._state.tree)
            shown = self._overlaid if overlaid else self._picture
            shown.copy_into(out, smaller, shrink)
            return out

    def mask(self, layer_id: str, rect: Rect) -> Bytes:
        """Return a layer's alpha as a mask.

        Returns:
            uint8 (height, width), 255 where it is painted.
        """
        with self._lock:
            find(self._state.tree, layer_id)
            return alpha_of(self._state.tile, layer_id, rect)

    # --- being told ------------------------------------------------------------------------

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Be told of every change, on the thread that made it; returns what ends it."""
        self._listeners.append(callback)
        return lambda: _remove(self._listeners, callback)

    def on_action(self, callback: Callable[[Action], None]) -> Callable[[], None]:
        """Be told of every finished action while the document is locked, before anything else
        can change; returns what ends it. For whoever keeps the picture.
        """
        self._keepers.append(callback)
        return lambda: _remove(self._keepers, callback)

    # --- layers ----------------------------------------------------------------------------

    def add_layer(
        self,
        kind: LayerKind = "raster",
        name: str = "",
        *,
        pixels: Bytes | None = None,
        at: tuple[int, int] = (0, 0),
        parent: str | None = None,
        above: str | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a layer, make it the active one and return its id.

        Args:
            kind: "raster", "mask", "control", "region" or "group".
            name: "" gives it one.
            pixels: uint8 (height, width, 4), straight alpha, to begin with.
            at: Where their upper left corner lies.
            parent: The group it goes into; ``None`` for the top.
            above: The layer it comes right above, whose group it then shares; ``None`` puts it
                uppermost.
            meta: Plain data kept with it.

        Raises:
            BadInputError: No such kind, parent or neighbour, or pixels that cannot be used.
        """
        if kind not in KINDS:
            raise BadInputError("There is no such kind of layer.", kind=kind)
        planes = None if pixels is None else planes_of(pixels, at)
        if planes is not None and kind == "group":
            raise BadInputError("A group holds layers, not pixels.")
        with self._changing(f"New {kind} layer" if kind != "group" else "New group") as edit:
            tree = self._state.tree
            require_room(tree)
            index = 1 << 30
            if above is not None:
                parent, index = place_of(tree, above)
                index += 1
            layer = changed(Layer(new_id(), kind), {"name": name, "meta": meta or {}})
            if not name:
                layer = replace(layer, name=free_name(tree, layer.name))
            self._state.tree = inserted(tree, layer, parent, index)
            self._state.active = layer.id
            if planes is not None:
                actions.write_planes(self._state, edit, layer.id, planes, at, None)
            return layer.id

    def remove_layer(self, layer_id: str) -> None:
        """Remove a layer and what is in it.

        Raises:
            BadInputError: It is not there, or it is locked.
        """
        path = path_to(self._state.tree, layer_id)
        require_unlocked(path)
        layer = path[-1]
        with self._changing(f"Remove “{layer.name}”") as edit:
            tree = self._state.tree
            parent, index = place_of(tree, layer_id)
            self._state.drop_layer(edit, layer)
            self._state.tree = replaced(tree, layer_id, lambda _: ())
            if self._state.active in {one.id for one in layer.walk()}:
                self._state.active = neighbour(self._state.tree, parent, index)

    def duplicate_layer(self, layer_id: str) -> str:
        """Put a copy right above a layer, make it the active one and return its id.

        Raises:
            BadInputError: It is not there.
        """
        with self._changing("Duplicate layer") as edit:
            tree = self._state.tree
            layer = find(tree, layer_id)
            require_room(tree, more=sum(1 for _ in layer.walk()))
            copy, ids = copied(layer)
            copy = replace(copy, name=free_name(tree, f"{layer.name} copy"))
            parent, index = place_of(tree, layer_id)
            self._state.tree = inserted(tree, copy, parent, index + 1)
            for old, new in ids.items():
                for key, tile in self._state.grid(old).lend().items():
                    self._state.put(edit, new, key, tile)
            self._state.active = copy.id
            return copy.id

    def move_layer(self, layer_id: str, parent: str | None, index: int) -> None:
        """Put a layer at another place.

        Args:
            layer_id: The layer.
            parent: The group it goes into; ``None`` for the top.
            index: Its place there from below, once it was taken from where it is.

        Raises:
            BadInputError: It is not there, or would lie in itself or in what is no group.
        """
        with self._changing("Move layer"):
            tree = self._state.tree
            layer = find(tree, layer_id)
            if parent is not None and any(one.id == parent for one in layer.walk()):
                raise BadInputError("A group cannot lie in itself.")
            without = replaced(tree, layer_id, lambda _: ())
            self._state.tree = inserted(without, layer, parent, index)

    def set_layer(self, layer_id: str, **changes: Any) -> None:
        """Change properties of a layer: name, opacity, blend_mode, visible, locked,
        alpha_locked, meta. Opacities set one right after the other are one undo step.

        Raises:
            BadInputError: It is not there, or a value is none it can have.
        """
        with self._lock:
            layer = find(self._state.tree, layer_id)
            after = changed(layer, changes)
            alone = self._open is None
            with self._changing(label_of(layer, changes)) as edit:
                if alone and set(changes) <= {"opacity", "name", "meta"}:
                    edit.merge = f"{layer_id} {sorted(changes)}"
                self._state.tree = replaced(self._state.tree, layer_id, lambda _: (after,))

    def paste(
        self,
        layer_id: str,
        pixels: Bytes,
        x: int,
        y: int,
        mask: Bytes | None = None,
        *,
        exchange: bool = False,
        label: str = "Paste",
    ) -> None:
        """Lay pixels on a layer, whatever is selected.

        Args:
            layer_id: The layer.
            pixels: uint8 (height, width, 4), straight alpha.
            x: Where their left edge lies.
            y: Where their upper edge lies.
            mask: uint8 (height, width), 255 where they are laid.
            exchange: They take the place of what was there, transparency included, rather than
                lying over it.
            label: What undo calls it.

        Raises:
            BadInputError: The layer refuses, or the pixels cannot be used.
        """
        planes = planes_of(pixels, (x, y))
        if mask is not None and (mask.dtype != np.uint8 or mask.shape != planes.shape[1:]):
            raise BadInputError("The mask has another size than the picture.", mask=str(mask.shape))
        with self._painting(layer_id, label) as (edit, layer):
            how = {"exchange": exchange, "tint": layer.alpha_locked}
            actions.write_planes(self._state, edit, layer_id, planes, (x, y), mask, **how)

    # --- painting --------------------------------------------------------------------------

    def begin_stroke(
        self,
        layer_id: str,
        brush: Brush,
        colour: Sequence[int],
        *,
        erase: bool = False,
        symmetry: Iterable[Symmetry] = (),
    ) -> Stroke:
        """Begin a stroke on a layer; a stroke still open is finished first.

        Args:
            layer_id: The layer.
            brush: How it looks.
            colour: Red, green, blue and, if given, alpha, 0 to 255.
            erase: Takes away instead.
            symmetry: Where else it is painted.

        Raises:
            BadInputError: The layer refuses, with a sentence why.
        """
        rgb, share = colour_of(colour)
        with self._lock:
            self._finish_stroke()
            layer = self._require_paintable(layer_id)
            if erase:
                require_erasable(layer)
                share = 1.0
            effect: Effect = "erase" if erase else "tint" if layer.alpha_locked else "paint"
            edit = self._state.begin("Eraser stroke" if erase else "Brush stroke")
            self._stroke = Stroke(self, edit, layer_id, brush, rgb, effect, tuple(symmetry), share)
            return self._stroke

    def end_stroke(self, stroke: Stroke, *, keep: bool) -> None:
        """Called by a stroke that was finished or cancelled."""
        with self._lock:
            if self._stroke is stroke:
                self._stroke = None
            if keep:
                change = self._close(stroke.edit)
            else:
                change = self._changed(self._state.roll_back(stroke.edit))
        self._tell(change)

    @contextmanager
    def writing(self) -> Iterator[State]:
        """Hold the lock and lend the state; for the parts of this package that write tiles."""
        with self._lock:
            yield self._state

    def painted(self, rects: Sequence[Rect]) -> None:
        """Tell everybody that pixels changed here; for the parts of this package."""
        around = bounds_of(rects)
        close = around.area <= 2 * sum(rect.area for rect in rects)
        for rect in (around,) if close else rects:
            with self._lock:
                change = self._changed(rect)
            self._tell(change)

    def become(self, picture: Snapshot, *, label: str = "Go back") -> None:
        """Become another picture, such as an earlier state of this one, as one undo step.

        Args:
            picture: Layers, tiles, selection and frame to take over; stays as it is.
            label: What undo and the history call it.
        """
        with self._changing(label) as edit:
            state = self._state
            for layer in state.tree:
                state.drop_layer(edit, layer)
            state.tree, state.selection = picture.layers, picture.selection
            for layer_id, tiles in picture.tiles.items():
                for key, tile in tiles.items():
                    state.put(edit, layer_id, key, tile)
            state.active = picture.active_id
        if not picture.frame.is_empty:
            self.frame = picture.frame

    # --- whole layers ----------------------------------------------------------------------

    def merge_down(self, layer_id: str) -> str:
        """Merge a layer or group into the layer right below it and return that one's id.

        Raises:
            BadInputError: There is none, or one of both is hidden, locked or of another kind.
        """
        with self._changing("Merge down") as edit:
            tree = self._state.tree
            path = path_to(tree, layer_id)
            siblings = path[-2].children if len(path) > 1 else tree
            place = siblings.index(path[-1])
            if place == 0:
                raise BadInputError(
                    f"There is nothing below “{path[-1].name}” it could be merged into."
                )
            lower = siblings[place - 1]
            self._require_mergeable((path[-1], lower), path[:-1])
            actions.merge_down(self._state, edit, path[-1], lower)
            self._state.active = lower.id
            return lower.id

    def merge_group(self, group_id: str) -> str:
        """Make a group one layer that looks the same and return its id, which stays.

        Raises:
            BadInputError: It is no group, or something in it is locked.
        """
        with self._changing("Merge group") as edit:
            path = path_to(self._state.tree, group_id)
            if path[-1].kind != "group":
                raise BadInputError(f"“{path[-1].name}” is no group.", id=group_id)
            self._require_mergeable(path[-1:], path[:-1])
            actions.merge_group(self._state, edit, path[-1])
            self._state.active = group_id
            return group_id

    def merge_visible(self) -> str:
        """Make one layer of everything visible in the picture, keep what is hidden, and return
        its id.

        Raises:
            BadInputError: Nothing is visible, or something of it is locked.
        """
        return self._flatten("Merge visible", keep_hidden=True)

    def flatten(self) -> str:
        """Make one layer of everything visible in the picture, drop hidden layers, and return its
        id. Masks, controls and regions stay.

        Raises:
            BadInputError: Nothing is visible, or something of it is locked.
        """
        return self._flatten("Flatten", keep_hidden=False)

    def transform_layer(self, layer_id: str, matrix: Rows, resample: Resample = "bicubic") -> None:
        """Move, turn, scale or shear a layer, or everything in a group; with a selection, only
        what is selected, and the selection goes along.

        Args:
            layer_id: The layer.
            matrix: ((a, b, e), (c, d, f)): x' = a x + b y + e, y' = c x + d y + f, in pixels of
                the picture. Whole moves, mirrors and quarter turns change no pixel.
            resample: "nearest", "bilinear" or "bicubic".

        Raises:
            BadInputError: The layer refuses, or would become too large or too flat.
        """
        affine = Affine.of(matrix)
        path = path_to(self._state.tree, layer_id)
        inside = [one for one in path[-1].walk() if one.kind != "group"]
        require_unlocked((*path, *inside))
        require_visible(path)
        with self._changing("Move" if affine.shift is not None else "Transform") as edit:
            state = self._state
            for one in inside:
                actions.transform(state, edit, one.id, affine, resample)
            if state.selection is not None:
                state.selection = actions.transformed_selection(
                    state.selection, affine, resample, self._limits()
                )

    # --- filling ---------------------------------------------------------------------------

    def fill(
        self,
        layer_id: str,
        x: int,
        y: int,
        colour: Sequence[int],
        *,
        tolerance: int = 32,
        contiguous: bool = True,
        sample_merged: bool = False,
    ) -> None:
        """Fill what has a colour like that at a point, as far as it is selected.

        Args:
            layer_id: The layer that is painted.
            x: The point.
            y: The point.
            colour: Red, green, blue and, if given, alpha, 0 to 255.
            tolerance: How different colours may be, 0 to 255.
            contiguous: Only what is connected with the point.
            sample_merged: Look at the whole picture rather than at the layer.

        Raises:
            BadInputError: The layer refuses, or there is no picture at the point.
        """
        rgb, share = colour_of(colour)
        with self._painting(layer_id, "Fill") as (edit, layer):
            look = self._looker(None if sample_merged else layer_id)
            limits = self._limits().united(self._state.area(layer_id))
            found = similar(look, x, y, tolerance=tolerance, contiguous=contiguous, limits=limits)
            painter = Layering(self._state, edit, layer)
            painter.colour(found, rgb, share, "tint" if layer.alpha_locked else "paint")

    def fill_selection(self, layer_id: str, colour: Sequence[int]) -> None:
        """Fill what is selected; without a selection, the frame.

        Raises:
            BadInputError: The layer refuses.
        """
        rgb, share = colour_of(colour)
        with self._painting(layer_id, "Fill") as (edit, layer):
            painter = Layering(self._state, edit, layer)
            effect: Effect = "tint" if layer.alpha_locked else "paint"
            painter.colour(rectangle(self._selected_area()), rgb, share, effect)

    def clear(self, layer_id: str) -> None:
        """Erase what is selected; without a selection, everything on the layer.

        Raises:
            BadInputError: The layer refuses.
        """
        with self._painting(layer_id, "Clear") as (edit, layer):
            require_erasable(layer)
            painter = Layering(self._state, edit, layer)
            tiles = dict.fromkeys(self._state.grid(layer_id), ALL)
            painter.colour(tiles, (0, 0, 0), 1.0, "erase")

    def gradient(
        self,
        layer_id: str,
        start: tuple[float, float],
        end: tuple[float, float],
        stops: Sequence[Stop],
        kind: GradientKind = "linear",
    ) -> None:
        """Lay a gradient over what is selected; without a selection, over picture and frame.

        Args:
            layer_id: The layer.
            start: Where the first colour is.
            end: Where the last one is.
            stops: At least two of (place from 0 to 1, colour).
            kind: "linear", "radial" or "conical".

        Raises:
            BadInputError: The layer refuses, or the gradient cannot be used.
        """
        made = Gradient.of(start, end, stops, kind)
        with self._painting(layer_id, "Gradient") as (edit, layer):
            area = self._selected_area(self._limits())
            if layer.alpha_locked:
                area = area.intersected(self._state.area(layer_id))
            tiles = rectangle(area)
            Layering(self._state, edit, layer).pixels(tiles, made.planes)

    # --- selecting -------------------------------------------------------------------------

    def select_rect(self, rect: Rect, mode: SelectMode = "replace") -> None:
        """Select a rectangle; an empty one selects nothing."""
        self._select("Select rectangle", lambda: rectangle(rect), mode)

    def select_ellipse(self, rect: Rect, mode: SelectMode = "replace") -> None:
        """Select the ellipse that fills a rectangle."""
        self._select("Select ellipse", lambda: ellipse(rect), mode)

    def select_polygon(
        self, points: Sequence[tuple[float, float]], mode: SelectMode = "replace"
    ) -> None:
        """Select what an outline goes around: a lasso or a polygon, closed by itself."""
        self._select("Select outline", lambda: polygon(points), mode)

    def select_wand(
        self,
        x: int,
        y: int,
        *,
        tolerance: int = 32,
        contiguous: bool = True,
        sample_merged: bool = True,
        layer_id: str | None = None,
        mode: SelectMode = "replace",
    ) -> None:
        """Select what has a colour like that at a point.

        Args:
            x: The point.
            y: The point.
            tolerance: How different colours may be, 0 to 255.
            contiguous: Only what is connected with the point.
            sample_merged: Look at the whole picture rather than at a layer.
            layer_id: That layer; ``None`` for the active one.
            mode: What becomes of what was selected before.

        Raises:
            BadInputError: There is no picture at the point, or no layer to look at.
        """
        with self._lock:
            chosen = None if sample_merged else layer_id or self._state.active
            look = self._looker(chosen)
            limits = self._limits()
            found = similar(look, x, y, tolerance=tolerance, contiguous=contiguous, limits=limits)
            self._select("Select by colour", lambda: found, mode)

    def select_layer(self, layer_id: str, mode: SelectMode = "replace") -> None:
        """Select what is painted on a layer, as far as it is opaque.

        Raises:
            BadInputError: It is not there.
        """
        with self._lock:
            find(self._state.tree, layer_id)
            tiles = self._state.grid(layer_id).lend()
            found = {key: tile.pixels[3].copy() for key, tile in tiles.items()}
            self._select("Select layer", lambda: found, mode)

    def select_mask(
        self, mask: Bytes, at: tuple[int, int] = (0, 0), mode: SelectMode = "replace"
    ) -> None:
        """Select what a mask says: uint8 (height, width), 255 where selected, ``at`` its corner.

        Raises:
            BadInputError: It is no mask.
        """
        if mask.ndim != 2 or mask.dtype != np.uint8:
            raise BadInputError("This is no mask.", shape=str(mask.shape))
        rect = require_near(Rect(at[0], at[1], mask.shape[1], mask.shape[0]))
        self._select("Select", lambda: dict(cut(rect, mask)), mode)

    def select_all(self) -> None:
        """Select the picture and the frame."""
        with self._lock:
            self._select("Select all", lambda: rectangle(self._limits()), "replace")

    def grow_selection(self, by_px: int) -> None:
        """Let the selection reach further; less far when negative."""
        label = "Grow selection" if by_px >= 0 else "Shrink selection"
        self._reselect(label, lambda one: grown(one, by_px, self._limits()))

    def feather_selection(self, radius_px: float) -> None:
        """Let the selection's edges fade over so many pixels to both sides."""
        self._reselect("Feather", lambda one: feathered(one, radius_px, self._limits()))

    def invert_selection(self) -> None:
        """Select everything that is not selected; without a selection, nothing happens."""
        self._reselect("Invert selection", lambda one: inverted(one, self._limits()))

    def clear_selection(self) -> None:
        """Select nothing, so that everything can be painted."""
        self._reselect("Select nothing", lambda _: None)

    # --- undo ------------------------------------------------------------------------------

    @property
    def can_undo(self) -> bool:
        """Whether there is something to undo."""
        return bool(self._history.done) or self._stroke is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is something to redo."""
        return bool(self._history.undone)

    @property
    def undo_label(self) -> str | None:
        """What undo would take back; ``None`` when there is nothing."""
        return self._history.done[-1].label if self._history.done else None

    @property
    def redo_label(self) -> str | None:
        """What redo would bring again; ``None`` when there is nothing."""
        return self._history.undone[-1].label if self._history.undone else None

    def undo(self) -> str | None:
        """Take the newest step back; returns what it was, or ``None``."""
        return self._go(back=True)

    def redo(self) -> str | None:
        """Bring the step taken back last again; returns what it was, or ``None``."""
        return self._go(back=False)

    def forget_undo(self) -> None:
        """Begin undo here: what came before, such as opening a file, is no step."""
        with self._lock:
            self._history.forget()
        self._tell(Change(history=True))

    @contextmanager
    def group(
        self, label: str, *, origin: Origin = "typed", request_id: str = ""
    ) -> Iterator[None]:
        """Make everything done inside one undo step; if it fails, nothing was done.

        Args:
            label: What undo and the history call it.
            origin: Where what it brings comes from, for the history.
            request_id: The request that made it.
        """
        with self._changing(label, origin, request_id):
            yield

    # --- inside ----------------------------------------------------------------------------

    def _compose(self, key: Key, window: tuple[slice, slice], view: View) -> Bytes | None:
        state = self._state
        return compose(state.tree, lambda layer_id: state.tile(layer_id, key), view, window)

    @contextmanager
    def _changing(
        self, label: str, origin: Origin = "typed", request_id: str = ""
    ) -> Iterator[Edit]:
        """Do one action, or a part of the one that is open; the lock is held meanwhile."""
        with self._lock:
            if self._open is not None:
                yield self._open
                return
            self._finish_stroke()
            edit = self._open = self._state.begin(label, origin, request_id)
            try:
                yield edit
            except BaseException:
                before = self._state.tree
                rect = self._state.roll_back(edit)
                rect = rect.united(changed_area(self._state, before, edit.tree))
                change = self._changed(rect, layers=True, selection=True)
                self._open = None
                self._tell(change)
                raise
            self._open = None
            change = self._close(edit)
        self._tell(change)

    @contextmanager
    def _painting(self, layer_id: str, label: str) -> Iterator[tuple[Edit, Layer]]:
        with self._lock:
            layer = self._require_paintable(layer_id)
            with self._changing(label) as edit:
                yield edit, layer

    def _flatten(self, label: str, *, keep_hidden: bool) -> str:
        with self._changing(label) as edit:
            tree = self._state.tree
            shown = [one for one in tree if one.kind in SHOWN_KINDS and one.visible]
            if not shown:
                raise BadInputError("Nothing is visible that could be merged.")
            self._require_mergeable(shown, ())
            made = Layer(new_id(), "raster", free_name(tree, "Merged"))
            actions.flatten(self._state, edit, made, keep_hidden=keep_hidden)
            self._state.active = made.id
            return made.id

    def _select(
        self, label: str, shape: Callable[[], Mapping[Key, Bytes]], mode: SelectMode
    ) -> None:
        with self._lock:
            limits = self._limits()
            new = selection_of(shape(), 0, limits)
            after = combined(self._state.selection, new, mode, limits)
            self._put_selection(label, after)

    def _reselect(self, label: str, change: Callable[[Selection], Selection | None]) -> None:
        with self._lock:
            if self._state.selection is not None:
                self._put_selection(label, change(self._state.selection))

    def _put_selection(self, label: str, selection: Selection | None) -> None:
        before = self._state.selection
        if selection is before or (selection is not None and selection.same_as(before)):
            return
        with self._changing(label):
            self._state.selection = selection

    def _limits(self) -> Rect:
        """Return what counts as everything on a canvas without edges."""
        return self.extent().united(self._state.frame)

    def _selected_area(self, otherwise: Rect | None = None) -> Rect:
        selection = self._state.selection
        if selection is None:
            return otherwise or self._state.frame
        return selection.bounds.united(self._limits()) if selection.outside else selection.bounds

    def _looker(self, layer_id: str | None) -> Look:
        """Return what gives the tiles of a layer, or of the whole picture."""
        if layer_id is None:
            return lambda key: self._compose(key, WHOLE, PICTURE)
        layer = find(self._state.tree, layer_id)
        if layer.kind == "group":
            view = View(only=frozenset({layer_id}))
            return lambda key: self._compose(key, WHOLE, view)

        def look(key: Key) -> Bytes | None:
            tile = self._state.tile(layer_id, key)
            return None if tile is None else tile.pixels

        return look

    def _require_mergeable(self, layers: Sequence[Layer], around: Sequence[Layer]) -> None:
        inside = [one for layer in layers for one in layer.walk()]
        require_unlocked((*around, *inside))
        require_visible(layers)

    def _close(self, edit: Edit) -> Change:
        """Make an action a step and say what it changed; the caller holds the lock."""
        step = self._state.finish(edit)
        if step is None:
            return Change()
        self._history.push(step)
        change = self._after(step, edit.tree, self._state.tree)
        for keeper in tuple(self._keepers):
            keeper(Action(edit.label, edit.origin, edit.request_id, edit.merge))
        return change

    def _go(self, *, back: bool) -> str | None:
        with self._lock:
            if self._open is not None:
                raise BadInputError("Something is being changed just now.", hint="Try again.")
            self._finish_stroke()
            history = self._history
            if not (history.done if back else history.undone):
                return None
            step = history.back() if back else history.again()
            before = self._state.tree
            (self._state.take_back if back else self._state.bring_again)(step)
            history.prepare(self._state.tile)
            change = self._after(step, before, self._state.tree)
            label = f"Undo {step.label}" if back else f"Redo {step.label}"
            for keeper in tuple(self._keepers):
                keeper(Action(label))
        self._tell(change)
        return step.label

    def _after(self, step: Step, before: Tree, after: Tree) -> Change:
        rect = touched(step.tiles)
        if step.tree is not None:
            rect = rect.united(changed_area(self._state, before, after))
        return self._changed(
            rect,
            layers=step.tree is not None or step.active[0] != step.active[1],
            selection=step.selection is not None,
            history=True,
        )

    def _changed(
        self,
        rect: Rect,
        *,
        layers: bool = False,
        selection: bool = False,
        history: bool = False,
    ) -> Change:
        """Note that the picture changed; the caller holds the lock and tells afterwards."""
        self._state.revision += 1
        if not rect.is_empty:
            self._picture.invalidate(rect)
            self._overlaid.invalidate(rect)
        return Change(None if rect.is_empty else rect, layers, selection, history=history)

    def _tell(self, change: Change) -> None:
        if change == Change():
            return
        for listener in tuple(self._listeners):
            listener(change)

    def _finish_stroke(self) -> None:
        if self._stroke is not None:
            self._stroke.finish()

    def _require_paintable(self, layer_id: str) -> Layer:
        path = path_to(self._state.tree, layer_id)
        layer = path[-1]
        if layer.kind == "group":
            raise BadInputError(
                f"“{layer.name}” is a group, which has no pixels of its own.",
                hint="Choose a layer in it.",
            )
        require_unlocked(path)
        require_visible(path)
        return layer


def _remove(callbacks: list[Any], callback: Any) -> None:
    if callback in callbacks:
        callbacks.remove(callback)
