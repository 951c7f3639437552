"""JPEG: mark and record in the XMP segment, what does not fit there in extended XMP.

Segments after ITU-T T.81, annex B; XMP segments after the XMP specification, part 3, 1.1.3:
one segment holds 65,502 bytes, longer packets go into numbered extension segments named by
their MD5.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from collections.abc import Iterator

from studio.core.provenance import xmp
from studio.core.provenance.carriers import Found, exif, found_in_xmp
from studio.core.provenance.media_types import Bytes

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_EXIF = b"Exif\0\0"
_MAX_PACKET = 65_502
_PORTION = 65_000
_APP1, _COMMENT, _SCAN = 0xE1, 0xFE, 0xDA


def write(data: bytes, mark: xmp.Mark) -> bytes:
    """Return the picture with mark and record after its first segments."""
    main, extension = _packets(data)
    extension = xmp.without_ours(extension)
    whole = xmp.packet(mark, main).encode("utf-8")
    if len(whole) <= _MAX_PACKET and not extension:
        segments = [_segment(_XMP, whole)]
    else:
        raw = xmp.packet(mark, extension).encode("utf-8")
        guid = hashlib.md5(raw, usedforsecurity=False).hexdigest().upper()
        short = xmp.packet(dataclasses.replace(mark, record=""), main, extended=guid)
        segments = [_segment(_XMP, short.encode("utf-8")), *_extension(raw, guid)]
    (before, after), picture = _split(data)
    return b"".join([b"\xff\xd8", *before, *segments, *after, picture])


def read(data: Bytes) -> Found:
    """Return what XMP and EXIF hold."""
    main, extension = _packets(data)
    settings = ""
    for marker, start, end in _segments(data):
        body = bytes(data[start:end])
        if marker == _APP1 and body.startswith(_EXIF):
            settings = exif.settings_in(body[6:]) or settings
        elif marker == _COMMENT and not settings:
            settings = body.decode("utf-8", "replace")
    found = found_in_xmp(main, settings=settings)
    return dataclasses.replace(found, record=found.record or xmp.record_in(extension))


def strip(data: bytes) -> bytes:
    """Return the picture less comments and the EXIF texts that may hold prompts."""
    out = [b"\xff\xd8"]
    at = 2
    for marker, start, end in _segments(data):
        body = data[start:end]
        at = end
        if marker == _COMMENT:
            continue
        if marker == _APP1 and body.startswith(_EXIF):
            changed = bytearray(body[6:])
            exif.blank(changed)
            body = _EXIF + bytes(changed)
        elif marker == _APP1 and body.startswith(_XMP):
            text = body[len(_XMP) :].decode("utf-8", "replace")
            body = _XMP + xmp.without_prompts(text).encode("utf-8")
        out.append(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body)
    return b"".join(out) + data[at:]


def content(data: Bytes) -> list[Bytes]:
    """Return everything but application segments and comments; Adobe's colour segment counts."""
    pieces = []
    at = 2
    for marker, start, end in _segments(data):
        at = end
        if not (0xE0 <= marker <= 0xEF or marker == _COMMENT) or marker == 0xEE:
            pieces.append(data[start - 4 : end])
    return [*pieces, data[at:]] if at > 2 else []


def _segments(data: Bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment's body, up to the first scan."""
    at = 2
    while at + 4 <= len(data):
        lead, marker, length = struct.unpack_from(">BBH", data, at)
        if lead != 0xFF or length < 2 or at + 2 + length > len(data):
            raise ValueError("a JPEG segment is damaged")
        if marker == _SCAN:
            return
        yield marker, at + 4, at + 2 + length
        at += 2 + length


def _split(data: bytes) -> tuple[tuple[list[bytes], list[bytes]], bytes]:
    """Return the segments before and after the place for XMP, and everything from the scan on."""
    before: list[bytes] = []
    after: list[bytes] = []
    at = 2
    for marker, start, end in _segments(data):
        at = end
        body = data[start : start + len(_EXTENSION)]
        if marker == _APP1 and body.startswith((_XMP, _EXTENSION)):
            continue
        first = marker == 0xE0 or (marker == _APP1 and body.startswith(_EXIF))
        (before if first and not after else after).append(data[start - 4 : end])
    if data[at : at + 2] != b"\xff\xda":
        raise ValueError("the JPEG has no picture")
    return (before, after), data[at:]


def _packets(data: Bytes) -> tuple[str, str]:
    """Return the main packet and the extended one, each "" where there is none."""
    main = ""
    portions: dict[int, bytes] = {}
    for marker, start, end in _segments(data):
        if marker != _APP1:
            continue
        body = bytes(data[start:end])
        if body.startswith(_XMP):
            main = body[len(_XMP) :].decode("utf-8", "replace")
        elif body.startswith(_EXTENSION):
            at = len(_EXTENSION) + 32
            _, offset = struct.unpack_from(">II", body, at)
            portions[offset] = body[at + 8 :]
    whole = b"".join(portions[offset] for offset in sorted(portions))
    return main, whole.decode("utf-8", "replace")


def _segment(head: bytes, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, _APP1, len(head) + len(body) + 2) + head + body


def _extension(raw: bytes, guid: str) -> list[bytes]:
    head = _EXTENSION + guid.encode("ascii")
    return [
        _segment(head + struct.pack(">II", len(raw), at), raw[at : at + _PORTION])
        for at in range(0, len(raw), _PORTION)
    ]
