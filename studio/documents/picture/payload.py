"""How a picture is written into a project: a small JSON state that names blobs of tiles.

A state names, for each layer, one *list of tiles*, and that names the tiles. So a stroke adds the
tiles it changed, one list, and a state of a few hundred bytes. Names are SHA-256 of the content,
as :func:`studio.documents.project.blob_name` gives them.

    state      JSON: {"format": 1, "layers": [...], "active": id, "frame": [x, y, w, h],
               "selection": {"tiles": name, "outside": 0, "bounds": [x, y, w, h]} or null}
    list       "TPL1", then for each tile: int32 column, int32 row, 32 bytes of its name
    tile       "TPT1", then packed planes (4, 256, 256); a selection's tile has one plane
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from studio.core.errors import BadInputError, DamagedFileError, NewerFormatError, StudioError
from studio.documents.picture.geometry import TILE_PX, Key, Rect, require_near
from studio.documents.picture.layers import MAX_DEPTH, Layer, changed
from studio.documents.picture.packing import packed, unpacked
from studio.documents.picture.scene import Snapshot
from studio.documents.picture.selection import Selection, selection_of
from studio.documents.picture.tiles import Bytes, Tile
from studio.documents.project import blob_name

FORMAT = 1
_LIST, _TILE = b"TPL1", b"TPT1"
_ENTRY = struct.Struct("<ii32s")
_PROPERTIES = (
    "name", "opacity", "blend_mode", "visible", "locked", "alpha_locked", "meta",
)  # fmt: skip


@dataclass
class Written:
    """A picture as it goes into a project.

    Attributes:
        payload: The state.
        names: Every part it needs.
        contents: Those of them that are not there already.
    """

    payload: bytes = b""
    names: set[str] = field(default_factory=set)
    contents: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class _List:
    """A layer's list of tiles as it was written, for as long as these are the tiles."""

    tiles: Mapping[Key, Tile]
    name: str
    names: frozenset[str]


class Writer:
    """Writes one picture again and again; what did not change since costs nothing.

    Attributes:
        there: Names of the parts the project surely has.
    """

    def __init__(self) -> None:
        self.there: frozenset[str] = frozenset()
        self._lists: dict[str, _List] = {}
        self._selected: tuple[Selection, _List] | None = None

    def write(self, snapshot: Snapshot) -> Written:
        """Return a picture as it goes into a project; slow for what is new."""
        written = Written()
        plain = {
            "format": FORMAT,
            "layers": [self._layer(layer, snapshot, written) for layer in snapshot.layers],
            "active": snapshot.active_id,
            "frame": list(asdict(snapshot.frame).values()),
            "selection": self._selection(snapshot.selection, written),
        }
        text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
        written.payload = text.encode("utf-8")
        self._lists = {one: self._lists[one] for one in snapshot.tiles if one in self._lists}
        return written

    def _layer(self, layer: Layer, snapshot: Snapshot, written: Written) -> dict[str, Any]:
        plain: dict[str, Any] = {"id": layer.id, "kind": layer.kind}
        plain.update({name: getattr(layer, name) for name in _PROPERTIES})
        if layer.kind == "group":
            inner = [self._layer(child, snapshot, written) for child in layer.children]
            return {**plain, "children": inner}
        tiles = snapshot.tiles[layer.id]
        known = self._lists.get(layer.id)
        if known is None or known.tiles is not tiles or not known.names <= self.there:
            known = self._lists[layer.id] = self._list(tiles, written)
        written.names |= known.names
        return {**plain, "tiles": known.name}

    def _list(self, tiles: Mapping[Key, Tile], written: Written) -> _List:
        entries, names = [], set()
        for key, tile in sorted(tiles.items()):
            if not tile.name or tile.name not in self.there:
                content = packed_planes(tile.pixels)
                tile.name = tile.name or blob_name(content)
                if tile.name not in self.there:
                    written.contents[tile.name] = content
            names.add(tile.name)
            entries.append(_ENTRY.pack(*key, bytes.fromhex(tile.name)))
        name = self._put_list(entries, written)
        return _List(tiles, name, frozenset(names | {name} if name else ()))

    def _selection(self, selection: Selection | None, written: Written) -> dict[str, Any] | None:
        if selection is None:
            return None
        known = self._selected
        if known is None or known[0] is not selection or not known[1].names <= self.there:
            known = self._selected = (selection, self._masks(selection, written))
        written.names |= known[1].names
        bounds = list(asdict(selection.bounds).values())
        return {"tiles": known[1].name, "outside": selection.outside, "bounds": bounds}

    def _masks(self, selection: Selection, written: Written) -> _List:
        entries, names = [], set()
        for key, mask in sorted(selection.tiles.items()):
            content = packed_planes(mask[None])
            name = blob_name(content)
            names.add(name)
            if name not in self.there:
                written.contents[name] = content
            entries.append(_ENTRY.pack(*key, bytes.fromhex(name)))
        name = self._put_list(entries, written)
        return _List({}, name, frozenset(names | {name} if name else ()))

    def _put_list(self, entries: list[bytes], written: Written) -> str:
        if not entries:
            return ""
        content = _LIST + b"".join(entries)
        name = blob_name(content)
        if name not in self.there:
            written.contents[name] = content
        return name


def packed_planes(planes: Bytes) -> bytes:
    """Return a tile's planes, uint8 (n, 256, 256), as a part."""
    return _TILE + packed(planes)


def unpacked_planes(content: bytes, count: int) -> Bytes:
    """Return what :func:`packed_planes` packed.

    Raises:
        DamagedFileError: It is something else.
    """
    if content[: len(_TILE)] != _TILE:
        raise _damaged("a tile has another form")
    try:
        return unpacked(content[len(_TILE) :], (count, TILE_PX, TILE_PX))
    except ValueError as error:
        raise _damaged(str(error)) from error


@dataclass(frozen=True)
class Outline:
    """A kept picture before its tiles are read.

    Attributes:
        layers: The layers, bottom first.
        lists: Each layer's list of tiles, by name; "" for none.
        active: The active layer.
        frame: The generation frame.
        selection: Name of its list of tiles, how much is selected outside, and its bounds.
    """

    layers: tuple[Layer, ...]
    lists: Mapping[str, str]
    active: str | None
    frame: Rect
    selection: tuple[str, int, Rect] | None


def read_outline(payload: bytes) -> Outline:
    """Return what a state says.

    Raises:
        DamagedFileError: It is no such state.
        NewerFormatError: A newer Triptych wrote it.
    """
    try:
        plain = json.loads(payload)
        if plain["format"] > FORMAT:
            raise NewerFormatError(
                "This picture was made by a newer Triptych.", hint="Update Triptych to open it."
            )
        lists: dict[str, str] = {}
        layers = tuple(_layer_from_json(item, lists, 1) for item in plain["layers"])
        active = plain["active"] if plain["active"] in lists else None
        chosen = plain["selection"]
        selection = None
        if chosen is not None:
            selection = (str(chosen["tiles"]), int(chosen["outside"]), _rect(chosen["bounds"]))
        return Outline(layers, lists, active, _rect(plain["frame"]), selection)
    except (KeyError, TypeError, ValueError, AttributeError, BadInputError) as error:
        raise _damaged(str(error)) from error


def _layer_from_json(plain: Any, lists: dict[str, str], level: int) -> Layer:
    layer_id = str(plain["id"])
    if layer_id in lists or level > MAX_DEPTH:
        raise BadInputError("A layer stands at two places, or too deep.", id=layer_id)
    if plain["kind"] not in ("raster", "mask", "control", "region", "group"):
        raise BadInputError("There is no such kind of layer.", kind=plain["kind"])
    lists[layer_id] = str(plain.get("tiles", ""))
    layer = changed(Layer(layer_id, plain["kind"]), {name: plain[name] for name in _PROPERTIES})
    inner = plain.get("children", ()) if layer.kind == "group" else ()
    children = tuple(_layer_from_json(item, lists, level + 1) for item in inner)
    return Layer(**{**vars(layer), "children": children})


def _rect(plain: Any) -> Rect:
    x, y, width, height = (int(value) for value in plain)
    return require_near(Rect(x, y, width, height))


class Reader:
    """Reads the parts of a kept picture.

    Attributes:
        problems: What could not be read, when that is allowed.
    """

    def __init__(
        self, blob: Callable[[str], bytes], known: Mapping[str, Tile], *, salvage: bool
    ) -> None:
        """Take where parts come from.

        Args:
            blob: Gives a part by its name; called from several threads.
            known: Tiles that are in memory already, by name.
            salvage: Leave out what cannot be read instead of giving up.
        """
        self._blob = blob
        self._tiles: dict[str, Tile] = dict(known)
        self._salvage = salvage
        self.problems: list[str] = []

    def entries(self, name: str) -> dict[Key, str]:
        """Return a list of tiles: their places and names.

        Raises:
            DamagedFileError: It is no such list.
        """
        content = self._part(name) if name else None
        if content is None:
            return {}
        body = content[len(_LIST) :]
        if content[: len(_LIST)] != _LIST or len(body) % _ENTRY.size:
            raise _damaged("a list of tiles has another form")
        return {(column, row): digest.hex() for column, row, digest in _ENTRY.iter_unpack(body)}

    def tile(self, name: str) -> Tile | None:
        """Return a layer's tile; equal ones are one object. Any thread.

        Raises:
            DamagedFileError: It cannot be read.
        """
        tile = self._tiles.get(name)
        if tile is None:
            content = self._part(name)
            if content is None:
                return None
            tile = self._tiles.setdefault(name, Tile(unpacked_planes(content, 4), name=name))
        return tile

    def selection(self, outline: Outline) -> Selection | None:
        """Return what was selected.

        Raises:
            DamagedFileError: It cannot be read.
        """
        if outline.selection is None:
            return None
        name, outside, bounds = outline.selection
        tiles: dict[Key, Bytes] = {}
        for key, part in self.entries(name).items():
            content = self._part(part)
            if content is not None:
                tiles[key] = unpacked_planes(content, 1)[0]
        return selection_of(tiles, outside, bounds)

    def _part(self, name: str) -> bytes | None:
        try:
            return self._blob(name)
        except StudioError as error:
            if not self._salvage:
                if isinstance(error, BadInputError):
                    raise _damaged(f"part {name} is gone") from error
                raise
            self.problems.append(error.sentence())
            return None


def _damaged(reason: str) -> DamagedFileError:
    return DamagedFileError(
        "This picture could not be read.",
        hint="Restore an earlier state of it from the project's history.",
        reason=reason,
    )
