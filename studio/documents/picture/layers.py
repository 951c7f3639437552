"""Layers as plain frozen data: a tree of what stands over what, without pixels."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from studio.core.errors import BadInputError
from studio.core.media import clean_text
from studio.documents.picture.blending import BLEND_MODES

LayerKind = Literal["raster", "mask", "control", "region", "group"]
KINDS: Sequence[str] = get_args(LayerKind)
SHOWN_KINDS = frozenset({"raster", "group"})
"""What makes up the picture. Masks say what to repaint, controls what to follow, regions where a
prompt holds: they are painted like pictures and lie over it, but are no part of it."""
NAMES: Mapping[str, str] = {
    "raster": "Layer",
    "mask": "Mask",
    "control": "Control",
    "region": "Region",
    "group": "Group",
}
MAX_DEPTH = 32
MAX_NAME = 200


@dataclass(frozen=True)
class Layer:
    """One layer and what lies in it.

    Attributes:
        id: Never given twice.
        kind: "raster" is part of the picture; "mask", "control" and "region" are told to models.
        name: What the user calls it.
        opacity: 0 to 1.
        blend_mode: One of ``blending.BLEND_MODES``; for groups also "pass-through".
        visible: Whether it is shown.
        locked: Whether it refuses every change of its pixels.
        alpha_locked: Whether painting leaves its transparency alone.
        meta: Plain data kept with it: seed, settings, request as JSON, a region's prompt. Never
            changed in place; ``PictureDocument.set_layer`` replaces it.
        children: Layers in a group, bottom first.
    """

    id: str
    kind: LayerKind = "raster"
    name: str = ""
    opacity: float = 1.0
    blend_mode: str = "normal"
    visible: bool = True
    locked: bool = False
    alpha_locked: bool = False
    meta: dict[str, Any] = field(default_factory=dict)
    children: tuple[Layer, ...] = ()

    def walk(self) -> Iterator[Layer]:
        """Yield it and everything in it."""
        yield self
        for child in self.children:
            yield from child.walk()


Tree = tuple[Layer, ...]


def new_id() -> str:
    """Return an id nobody else has."""
    return uuid.uuid4().hex


def walk(tree: Tree) -> Iterator[Layer]:
    """Yield every layer, bottom first, groups before what is in them."""
    for layer in tree:
        yield from layer.walk()


def find(tree: Tree, layer_id: str) -> Layer:
    """Return a layer.

    Raises:
        BadInputError: There is none with this id.
    """
    for layer in walk(tree):
        if layer.id == layer_id:
            return layer
    raise BadInputError("That layer is no longer there.", id=layer_id)


def path_to(tree: Tree, layer_id: str) -> tuple[Layer, ...]:
    """Return the groups a layer lies in, outermost first, and the layer itself.

    Raises:
        BadInputError: There is none with this id.
    """
    for layer in tree:
        if layer.id == layer_id:
            return (layer,)
        if any(inner.id == layer_id for inner in layer.walk()):
            return (layer, *path_to(layer.children, layer_id))
    raise BadInputError("That layer is no longer there.", id=layer_id)


def place_of(tree: Tree, layer_id: str) -> tuple[str | None, int]:
    """Return the group a layer lies in (``None`` at the top) and its place there from below."""
    path = path_to(tree, layer_id)
    siblings = path[-2].children if len(path) > 1 else tree
    return (path[-2].id if len(path) > 1 else None), siblings.index(path[-1])


def replaced(tree: Tree, layer_id: str, change: Callable[[Layer], Sequence[Layer]]) -> Tree:
    """Return the tree with a layer exchanged for what ``change`` makes of it."""
    found: list[Layer] = []
    for layer in tree:
        if layer.id == layer_id:
            found.extend(change(layer))
        elif layer.children:
            inner = replaced(layer.children, layer_id, change)
            found.append(layer if inner == layer.children else replace(layer, children=inner))
        else:
            found.append(layer)
    return tuple(found)


def inserted(tree: Tree, layer: Layer, parent: str | None, index: int) -> Tree:
    """Return the tree with a layer put in.

    Args:
        tree: The layers.
        layer: What comes in.
        parent: The group it goes into; ``None`` for the top.
        index: Its place there from below; what lies outside is cut off.

    Raises:
        BadInputError: The parent is no group, or lies too deep.
    """
    if parent is None:
        index = max(0, min(index, len(tree)))
        return (*tree[:index], layer, *tree[index:])
    path = path_to(tree, parent)
    if path[-1].kind != "group":
        raise BadInputError(f"“{path[-1].name}” is no group, so no layer can lie in it.", id=parent)
    if len(path) + depth(layer) > MAX_DEPTH:
        raise BadInputError(f"Groups may lie in each other {MAX_DEPTH} deep at most.")

    def with_it(group: Layer) -> Sequence[Layer]:
        return (replace(group, children=inserted(group.children, layer, None, index)),)

    return replaced(tree, parent, with_it)


def depth(layer: Layer) -> int:
    """Return how many levels a layer has, itself included."""
    return 1 + max((depth(child) for child in layer.children), default=0)


def changed(layer: Layer, changes: Mapping[str, Any]) -> Layer:
    """Return a layer with other properties.

    Raises:
        BadInputError: A property is unknown or has a value it cannot have.
    """
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name not in _CHECKS:
            raise BadInputError("A layer has no such property.", name=name)
        values[name] = _CHECKS[name](layer, value)
    return replace(layer, **values)


def free_name(tree: Tree, wanted: str) -> str:
    """Return ``wanted`` with the first number no other layer has."""
    taken = {layer.name for layer in walk(tree)}
    if wanted not in taken and wanted.endswith("copy"):
        return wanted
    return next(name for number in range(1, 10**6) if (name := f"{wanted} {number}") not in taken)


def copied(layer: Layer) -> tuple[Layer, dict[str, str]]:
    """Return a copy with ids of its own, and which old id became which."""
    children, ids = [], {layer.id: new_id()}
    for child in layer.children:
        copy, inner = copied(child)
        children.append(copy)
        ids |= inner
    return replace(layer, id=ids[layer.id], children=tuple(children)), ids


def neighbour(tree: Tree, parent: str | None, index: int) -> str | None:
    """Return which layer becomes active when the one at ``index`` goes."""
    siblings = tree if parent is None else find(tree, parent).children
    if siblings:
        return siblings[min(max(index - 1, 0), len(siblings) - 1)].id
    return parent


def label_of(layer: Layer, changes: Mapping[str, Any]) -> str:
    """Return what undo calls a change of a layer's properties."""
    labels = {
        "name": "Rename layer",
        "opacity": "Layer opacity",
        "blend_mode": "Blend mode",
        "visible": f"Show “{layer.name}”" if changes.get("visible") else f"Hide “{layer.name}”",
        "locked": "Lock layer" if changes.get("locked") else "Unlock layer",
        "meta": "Prompt of the region" if layer.kind == "region" else "Layer properties",
        "alpha_locked": "Lock transparency"
        if changes.get("alpha_locked")
        else "Unlock transparency",
    }
    names = [labels[name] for name in changes if name in labels]
    return names[0] if len(names) == 1 else "Layer properties"


def _opacity(_: Layer, value: Any) -> float:
    number = float(value)
    if not math.isfinite(number) or not 0.0 <= number <= 1.0:
        raise BadInputError("Opacity goes from 0 to 1.", opacity=value)
    return number


def _blend_mode(layer: Layer, value: Any) -> str:
    if value not in BLEND_MODES and not (value == "pass-through" and layer.kind == "group"):
        raise BadInputError("There is no such way to blend layers.", blend_mode=value)
    return str(value)


def _meta(_: Layer, value: Any) -> dict[str, Any]:
    try:
        copied = json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise BadInputError("Only plain data can be kept with a layer.") from error
    return dict(copied)


def _flag(_: Layer, value: Any) -> bool:
    return bool(value)


def _name(layer: Layer, value: Any) -> str:
    name = " ".join(clean_text(str(value)).split())[:MAX_NAME]
    return name or layer.name or NAMES[layer.kind]


_CHECKS: Mapping[str, Callable[[Layer, Any], Any]] = {
    "name": _name,
    "opacity": _opacity,
    "blend_mode": _blend_mode,
    "visible": _flag,
    "locked": _flag,
    "alpha_locked": _flag,
    "meta": _meta,
}
