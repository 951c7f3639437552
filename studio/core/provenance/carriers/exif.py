"""EXIF and TIFF directories: find what programs left there, blank it without moving a byte.

Layout after TIFF 6.0, section 2. Values are overwritten in place, so that the same code serves a
TIFF file and the EXIF block of every other picture format.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from studio.core.provenance.media_types import Bytes

XMP_TAG = 700
EXIF_POINTER = 0x8769
_MAKE, _MODEL = 0x010F, 0x0110
USER_COMMENT = 0x9286
_TEXT_TAGS = (0x010E, USER_COMMENT, 0x9C9B, 0x9C9C, 0x9C9F)
"""Image description, user comment, and Windows' title, comment and subject."""
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}


@dataclass(frozen=True)
class Entry:
    """One field of a directory.

    Attributes:
        tag: Which field.
        kind: The TIFF type, 1..13.
        count: Number of values.
        at: Where the values stand, in bytes from the start of the TIFF data.
        size: How many bytes they take.
        raw: The twelve bytes of the entry.
    """

    tag: int
    kind: int
    count: int
    at: int
    size: int
    raw: bytes


def order_of(data: Bytes) -> str:
    """Return "<" or ">" for ``struct``.

    Raises:
        ValueError: No TIFF header.
    """
    head = bytes(data[:4])
    if head == b"II*\0":
        return "<"
    if head == b"MM\0*":
        return ">"
    raise ValueError("no TIFF header")


def directory(data: Bytes, at: int) -> tuple[list[Entry], int]:
    """Return the directory's entries and the offset of the next directory (0: none).

    Raises:
        struct.error: The directory leaves the data.
        ValueError: A value does.
    """
    order = order_of(data)
    (count,) = struct.unpack_from(order + "H", data, at)
    entries = []
    for index in range(count):
        start = at + 2 + 12 * index
        tag, kind, values = struct.unpack_from(order + "HHI", data, start)
        size = _SIZES.get(kind, 1) * values
        place = start + 8 if size <= 4 else struct.unpack_from(order + "I", data, start + 8)[0]
        if place + size > len(data):
            raise ValueError(f"field {tag} leaves the file")
        entries.append(Entry(tag, kind, values, place, size, bytes(data[start : start + 12])))
    (following,) = struct.unpack_from(order + "I", data, at + 2 + 12 * count)
    return entries, following


def directories(data: Bytes) -> Iterator[list[Entry]]:
    """Yield every directory, each once, its EXIF directory after it."""
    order = order_of(data)
    (at,) = struct.unpack_from(order + "I", data, 4)
    waiting, seen = [at], set[int]()
    while waiting and len(seen) < 4096:
        at = waiting.pop()
        if at == 0 or at in seen:
            continue
        seen.add(at)
        entries, following = directory(data, at)
        yield entries
        waiting.append(following)
        waiting += [numbers(data, e)[0] for e in entries if e.tag == EXIF_POINTER and e.count == 1]


def numbers(data: Bytes, entry: Entry) -> tuple[int, ...]:
    """Return the whole numbers of a SHORT or LONG field.

    Raises:
        ValueError: The field holds something else.
    """
    letter = {1: "B", 3: "H", 4: "I", 13: "I"}.get(entry.kind)
    if letter is None:
        raise ValueError(f"field {entry.tag} holds no whole numbers")
    return struct.unpack_from(f"{order_of(data)}{entry.count}{letter}", data, entry.at)


def settings_in(data: Bytes) -> str:
    """Return the longest text that a program may have left as its settings, or ""."""
    texts = [_decoded(bytes(data[e.at : e.at + e.size]), e, order_of(data)) for e in _texts(data)]
    return max(texts, key=len, default="")


def blank(data: bytearray) -> None:
    """Overwrite every text that may hold a prompt with zeros; sizes and places stay."""
    for entry in list(_texts(data)):
        data[entry.at : entry.at + entry.size] = bytes(entry.size)


def _texts(data: Bytes) -> Iterator[Entry]:
    for entries in directories(data):
        for entry in entries:
            value = bytes(data[entry.at : entry.at + min(entry.size, 16)]).lower()
            # ComfyUI's WebP keeps its graph in the fields for the camera's maker and model.
            graph = value.startswith((b"prompt:", b"workflow:"))
            if entry.tag in _TEXT_TAGS or (entry.tag in (_MAKE, _MODEL) and graph):
                yield entry


def _decoded(value: bytes, entry: Entry, order: str) -> str:
    if entry.tag in (0x9C9B, 0x9C9C, 0x9C9F):
        return value.decode("utf-16-le", "replace").strip("\0")
    if entry.tag == USER_COMMENT:
        code, value = value[:8], value[8:]
        if code == b"UNICODE\0":
            big = order == ">" or value[:1] == b"\0"
            return value.decode("utf-16-be" if big else "utf-16-le", "replace").strip("\0")
    return value.decode("utf-8", "replace").strip("\0 ")
