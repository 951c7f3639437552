"""TIFF: mark and record in the XMP field (tag 700) of the first directory.

Layout after TIFF 6.0, section 2. The pixels stay where they are: a new first directory is written
at the end of the file, and the bytes of the packet before are blanked.
"""

from __future__ import annotations

import struct

from studio.core.provenance import xmp
from studio.core.provenance.carriers import Found, exif, found_in_xmp
from studio.core.provenance.media_types import Bytes

_PIXELS = ((273, 279), (324, 325))
"""Offsets and lengths of strips, and of tiles."""


def write(data: bytes, mark: xmp.Mark) -> bytes:
    """Return the picture with the XMP field set."""
    old = next((e for e in _first(data)[0] if e.tag == exif.XMP_TAG), None)
    existing = data[old.at : old.at + old.size].decode("utf-8", "replace") if old else ""
    return _with_packet(data, xmp.packet(mark, existing))


def read(data: Bytes) -> Found:
    """Return what XMP and the text fields hold."""
    entries, _ = _first(data)
    packets = [bytes(data[e.at : e.at + e.size]) for e in entries if e.tag == exif.XMP_TAG]
    packet = packets[0].decode("utf-8", "replace") if packets else ""
    return found_in_xmp(packet, settings=exif.settings_in(data))


def strip(data: bytes) -> bytes:
    """Return the picture less the texts that may hold prompts."""
    changed = bytearray(data)
    exif.blank(changed)
    old = next((e for e in _first(data)[0] if e.tag == exif.XMP_TAG), None)
    if old is None:
        return bytes(changed)
    existing = data[old.at : old.at + old.size].decode("utf-8", "replace")
    return _with_packet(bytes(changed), xmp.without_prompts(existing))


def content(data: Bytes) -> list[Bytes]:
    """Return the strips and tiles of every page."""
    pieces = []
    for entries in exif.directories(data):
        fields = {entry.tag: entry for entry in entries}
        for offsets, lengths in _PIXELS:
            if offsets in fields and lengths in fields:
                starts = exif.numbers(data, fields[offsets])
                sizes = exif.numbers(data, fields[lengths])
                pieces += [data[a : a + n] for a, n in zip(starts, sizes, strict=True)]
    return pieces


def _first(data: Bytes) -> tuple[list[exif.Entry], int]:
    (at,) = struct.unpack_from(exif.order_of(data) + "I", data, 4)
    return exif.directory(data, at)


def _with_packet(data: bytes, packet: str) -> bytes:
    order = exif.order_of(data)
    entries, following = _first(data)
    out = bytearray(data)
    for entry in entries:
        if entry.tag == exif.XMP_TAG:
            out[entry.at : entry.at + entry.size] = bytes(entry.size)
            if _ends_with(data, entry):
                del out[entry.at :]
    out += b"\0" * (len(out) % 2)
    raw = packet.encode("utf-8")
    field = struct.pack(order + "HHII", exif.XMP_TAG, 1, len(raw), len(out))
    out += raw + b"\0" * (len(raw) % 2)
    fields = sorted(
        [e.raw for e in entries if e.tag != exif.XMP_TAG] + [field],
        key=lambda raw_field: struct.unpack_from(order + "H", raw_field)[0],
    )
    struct.pack_into(order + "I", out, 4, len(out))
    out += struct.pack(order + "H", len(fields)) + b"".join(fields)
    out += struct.pack(order + "I", following)
    return bytes(out)


def _ends_with(data: bytes, packet: exif.Entry) -> bool:
    """Whether packet and first directory are the end of the file, as :func:`write` leaves it."""
    order = exif.order_of(data)
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    after_packet = packet.at + packet.size + packet.size % 2
    return bool(at == after_packet and at + 2 + 12 * count + 4 == len(data))
