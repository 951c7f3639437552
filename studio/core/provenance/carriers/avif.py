"""AVIF: mark and record as an XMP item of the ``meta`` box, as libavif and Pillow write it.

Boxes after ISO/IEC 14496-12 (iloc, iinf, iref) and ISO/IEC 23008-12, annex A.3. The packet goes
into an ``mdat`` box at the end; since ``meta`` grows, every place in the file after it is moved on.
A film (``moov``) has more such tables: there the packet goes into Adobe's ``uuid`` box instead.
"""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from studio.core.provenance import xmp
from studio.core.provenance.carriers import Found, exif, found_in_xmp
from studio.core.provenance.media_types import Bytes

_XMP_TYPE = b"application/rdf+xml"
_XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_CONTAINERS = (b"moov", b"moof")


@dataclass(frozen=True)
class _Item:
    """One row of ``iloc``: where an item's data stands.

    ``method`` 0 counts from the start of the file, 1 from the start of ``idat``.
    """

    id: int
    method: int
    extents: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class _Meta:
    """The ``meta`` box: its place in the file, its children, and what they list."""

    start: int
    end: int
    children: tuple[tuple[bytes, bytes], ...]
    items: tuple[_Item, ...]
    kinds: dict[int, bytes]
    idat: int

    def find(self, kind: bytes) -> _Item | None:
        """Return the first item of a kind: ``b"Exif"`` or the content type of a mime item."""
        ids = [number for number, known in self.kinds.items() if known == kind]
        return next((item for item in self.items if item.id in ids), None)

    def child(self, kind: bytes) -> bytes:
        """Return the body of the first child of this type, or b""."""
        return next((body for name, body in self.children if name == kind), b"")


def write(data: bytes, mark: xmp.Mark) -> bytes:
    """Return the picture with the XMP item set."""
    return _with_packet(data, xmp.packet(mark, _packet(data)))


def read(data: Bytes) -> Found:
    """Return what XMP and EXIF hold."""
    meta = _meta(data)
    item = meta.find(b"Exif")
    settings = exif.settings_in(_tiff(_joined(data, meta, item))) if item else ""
    return found_in_xmp(_packet(data), settings=settings)


def strip(data: bytes) -> bytes:
    """Return the picture less the texts that may hold prompts."""
    packet = _packet(data)
    if packet:
        data = _with_packet(data, xmp.without_prompts(packet))
    meta = _meta(data)
    item = meta.find(b"Exif")
    if item is None:
        return data
    body = _joined(data, meta, item)
    tiff = bytearray(_tiff(body))
    exif.blank(tiff)
    changed = body[: len(body) - len(tiff)] + bytes(tiff)
    out = bytearray(data)
    at = 0
    for start, length in _places(meta, item):
        out[start : start + length] = changed[at : at + length]
        at += length
    return bytes(out)


def content(data: Bytes) -> list[Bytes]:
    """Return the properties and coded pictures."""
    meta = _meta(data)
    pieces: list[Bytes] = [meta.child(b"iprp")]
    if any(kind in _CONTAINERS for kind, _, _ in _boxes(data, 0, len(data))):
        return pieces + [data[a:b] for kind, a, b in _boxes(data, 0, len(data)) if kind == b"mdat"]
    for item in meta.items:
        if meta.kinds.get(item.id) not in (b"Exif", _XMP_TYPE):
            pieces += [data[start : start + length] for start, length in _places(meta, item)]
    return pieces


def _with_packet(data: bytes, packet: str) -> bytes:
    boxes = list(_boxes(data, 0, len(data)))
    raw = packet.encode("utf-8")
    if any(kind in _CONTAINERS for kind, _, _ in boxes):
        kept = [
            data[_head(data, start) : end]
            for kind, start, end in boxes
            if not (kind == b"uuid" and data[start : start + 16] == _XMP_UUID)
        ]
        return b"".join([*kept, _box(b"uuid", _XMP_UUID + raw)])
    meta = _meta(data)
    old = meta.find(_XMP_TYPE)
    if old is not None and _is_last(meta, old, boxes[-1]):
        data = data[: _head(data, boxes[-1][1])]
    out = bytearray(data)
    if old is not None:
        for start, length in _places(meta, old):
            out[start : start + length] = b" " * len(out[start : start + length])
    number = old.id if old else max((item.id for item in meta.items), default=0) + 1
    others = tuple(item for item in meta.items if item.id != number)
    # The length of the box does not depend on the numbers in it: build once to measure it.
    growth = len(_rebuilt(meta, number, others, old is None)) - (meta.end - meta.start)
    moved = tuple(_moved(item, meta.end, growth) for item in others)
    place = len(data) + growth + 8
    added = _Item(number, 0, ((place, len(raw)),))
    new = _rebuilt(meta, number, moved, old is None, added)
    return b"".join([out[: meta.start], new, out[meta.end :], _box(b"mdat", raw)])


def _is_last(meta: _Meta, item: _Item, box: tuple[bytes, int, int]) -> bool:
    """Whether an item is all that the last box holds, so that the box can go."""
    kind, start, end = box
    return kind == b"mdat" and _places(meta, item) == [(start, end - start)]


def _moved(item: _Item, after: int, growth: int) -> _Item:
    if item.method:
        return item
    places = tuple((at + growth if at >= after else at, size) for at, size in item.extents)
    return dataclasses.replace(item, extents=places)


def _rebuilt(
    meta: _Meta, number: int, others: tuple[_Item, ...], is_new: bool, added: _Item | None = None
) -> bytes:
    """Return the whole ``meta`` box with the item ``number`` in its tables."""
    items = [*others, added or _Item(number, 0, ((0, 0),))]
    out = [b"\0\0\0\0"]
    names = [name for name, _ in meta.children]
    for name, body in meta.children:
        if name == b"iloc":
            body = _iloc(items)
        elif name == b"iinf" and is_new:
            body = _iinf_with(body, number)
        elif name == b"iref" and is_new:
            body += _reference(body[0], number, meta)
        out.append(_box(name, body))
    if is_new and b"iref" not in names:
        out.append(_box(b"iref", b"\0\0\0\0" + _reference(0, number, meta)))
    return _box(b"meta", b"".join(out))


def _iloc(items: list[_Item]) -> bytes:
    """Return ``iloc``, version 1 with four-byte places and lengths."""
    out = [struct.pack(">IBBH", 1 << 24, 0x44, 0, len(items))]
    for item in items:
        out.append(struct.pack(">HHHH", item.id, item.method, 0, len(item.extents)))
        out += [struct.pack(">II", at, size) for at, size in item.extents]
    return b"".join(out)


def _iinf_with(body: bytes, number: int) -> bytes:
    entry = struct.pack(">IHH", 2 << 24 | 1, number, 0) + b"mime" + b"\0" + _XMP_TYPE + b"\0"
    if body[0] == 0:
        (count,) = struct.unpack_from(">H", body, 4)
        return body[:4] + struct.pack(">H", count + 1) + body[6:] + _box(b"infe", entry)
    (count,) = struct.unpack_from(">I", body, 4)
    return body[:4] + struct.pack(">I", count + 1) + body[8:] + _box(b"infe", entry)


def _reference(version: int, number: int, meta: _Meta) -> bytes:
    """Return the note that the packet describes the primary picture."""
    primary = meta.child(b"pitm")
    target = int.from_bytes(primary[4:8] if primary[:1] == b"\1" else primary[4:6], "big")
    return _box(b"cdsc", struct.pack(">HHH" if version == 0 else ">IHI", number, 1, target))


def _packet(data: Bytes) -> str:
    meta = _meta(data)
    item = meta.find(_XMP_TYPE)
    if item is not None:
        return _joined(data, meta, item).decode("utf-8", "replace")
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"uuid" and bytes(data[start : start + 16]) == _XMP_UUID:
            return bytes(data[start + 16 : end]).decode("utf-8", "replace")
    return ""


def _meta(data: Bytes) -> _Meta:
    for kind, start, end in _boxes(data, 0, len(data)):
        if kind == b"meta":
            places = list(_boxes(data, start + 4, end))
            idat = next((at for name, at, _ in places if name == b"idat"), 0)
            children = tuple((name, bytes(data[a:b])) for name, a, b in places)
            found = dict(children)
            items = tuple(_located(found[b"iloc"]))
            return _Meta(_head(data, start), end, children, items, _kinds(found[b"iinf"]), idat)
    raise ValueError("the AVIF lists no pictures")


def _located(body: bytes) -> Iterator[_Item]:
    version, sizes, more = body[0], body[4], body[5]
    offset_size, length_size = sizes >> 4, sizes & 15
    base_size, index_size = more >> 4, more & 15 if version else 0
    wide = 4 if version == 2 else 2
    at = 6

    def take(size: int) -> int:
        nonlocal at
        if at + size > len(body):
            raise ValueError("iloc is cut off")
        at += size
        return int.from_bytes(body[at - size : at], "big")

    for _ in range(take(wide)):
        number = take(wide)
        method = take(2) & 15 if version else 0
        if take(2) or method > 1 or index_size:
            raise NotImplementedError("an AVIF item in another file or item")
        base = take(base_size)
        extents = tuple((base + take(offset_size), take(length_size)) for _ in range(take(2)))
        if number > 0xFFFF or any(not size for _, size in extents):
            raise NotImplementedError("an AVIF item of an unusual kind")
        yield _Item(number, method, extents)


def _kinds(body: bytes) -> dict[int, bytes]:
    """Return each item's type by number; for a mime item its content type."""
    kinds = {}
    for name, start, end in _boxes(body, 6 if body[0] == 0 else 8, len(body)):
        if name != b"infe" or body[start] not in (2, 3):
            continue
        wide = 2 if body[start] == 2 else 4
        number = int.from_bytes(body[start + 4 : start + 4 + wide], "big")
        rest = body[start + 6 + wide : end]
        kind = rest[:4]
        kinds[number] = rest[4:].split(b"\0")[1] if kind == b"mime" else kind
    return kinds


def _places(meta: _Meta, item: _Item) -> list[tuple[int, int]]:
    start = meta.idat if item.method else 0
    return [(start + at, size) for at, size in item.extents]


def _joined(data: Bytes, meta: _Meta, item: _Item) -> bytes:
    places = _places(meta, item)
    if any(at + size > len(data) for at, size in places):
        raise ValueError("an AVIF item leaves the file")
    return b"".join(bytes(data[at : at + size]) for at, size in places)


def _tiff(item: bytes) -> bytes:
    """Return the TIFF data of an Exif item, which starts with where the TIFF header is."""
    return item[4 + int.from_bytes(item[:4], "big") :]


def _boxes(data: Bytes, at: int, stop: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of each box's body."""
    while at + 8 <= stop:
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        elif size == 0:
            size = stop - at
        if size < head or at + size > stop:
            raise ValueError("an AVIF box leaves the file")
        yield kind, at + head, at + size
        at += size


def _head(data: Bytes, start: int) -> int:
    """Return where the box whose body starts at ``start`` begins; 64-bit sizes take 8 more."""
    long = start >= 16 and struct.unpack_from(">I", data, start - 16)[0] == 1
    return start - (16 if long and bytes(data[start - 12 : start - 8]).isalnum() else 8)


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body
