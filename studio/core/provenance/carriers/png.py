"""PNG: the record in an iTXt chunk ``triptych``, the mark in the XMP chunk, both before the pixels.

Layout after the PNG specification, third edition, sections 5.3 and 11.3.
"""

from __future__ import annotations

import dataclasses
import struct
import zlib
from collections.abc import Iterator

from studio.core.provenance import xmp
from studio.core.provenance.carriers import FOREIGN_KEYS, Found, exif, found_in_xmp
from studio.core.provenance.media_types import Bytes

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_RECORD = b"triptych"
_XMP = b"XML:com.adobe.xmp"
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"acTL", b"fcTL", b"fdAT")
_MAX_TEXT = 64 * 2**20


def write(data: bytes, mark: xmp.Mark) -> bytes:
    """Return the picture with record and mark right after its header."""
    chunks = list(_chunks(data))
    if not chunks or chunks[0][0] != b"IHDR" or chunks[-1][0] != b"IEND":
        raise ValueError("not a whole PNG")
    existing = _texts(data).get(_XMP, "")
    packet = xmp.packet(dataclasses.replace(mark, record=""), existing)
    out = [SIGNATURE]
    for kind, start, end in chunks:
        if kind == b"iTXt" and _key(data, start, end) in (_RECORD, _XMP):
            continue
        out.append(_chunk(kind, data[start:end]))
        if kind == b"IHDR":
            out += [_international(_RECORD, mark.record), _international(_XMP, packet)]
    return b"".join(out)


def read(data: Bytes) -> Found:
    """Return what the text chunks and the EXIF chunk hold."""
    texts = _texts(data)
    foreign = [text for key, text in texts.items() if key.decode("latin-1").lower() in FOREIGN_KEYS]
    settings = max(foreign, key=len, default="") or _exif_settings(data)
    record = texts.get(_RECORD, "")
    return found_in_xmp(texts.get(_XMP, ""), record=record, settings=settings)


def strip(data: bytes) -> bytes:
    """Return the picture less the settings of other programs."""
    out = [SIGNATURE]
    for kind, start, end in _chunks(data):
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            key = _key(data, start, end)
            if key.decode("latin-1").lower() in FOREIGN_KEYS:
                continue
            if key == _XMP:
                out.append(_international(_XMP, xmp.without_prompts(_text(data, start, end))))
                continue
        body = data[start:end]
        if kind == b"eXIf":
            changed = bytearray(body)
            exif.blank(changed)
            body = bytes(changed)
        out.append(_chunk(kind, body))
    return b"".join(out)


def content(data: Bytes) -> list[Bytes]:
    """Return the chunks that make the pixels, without their checksums."""
    return [data[start - 4 : end] for kind, start, end in _chunks(data) if kind in _PIXELS]


def _chunks(data: Bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield type, start and end of every chunk's data; stops where the file does."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if at + 12 + length > len(data):
            return
        yield kind, at + 8, at + 8 + length
        if kind == b"IEND":
            return
        at += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _international(key: bytes, text: str) -> bytes:
    return _chunk(b"iTXt", key + b"\0\0\0\0\0" + text.encode("utf-8"))


def _texts(data: Bytes) -> dict[bytes, str]:
    return {
        _key(data, start, end): _text(data, start, end)
        for kind, start, end in _chunks(data)
        if kind in (b"tEXt", b"zTXt", b"iTXt")
    }


def _key(data: Bytes, start: int, end: int) -> bytes:
    return bytes(data[start : min(end, start + 80)]).partition(b"\0")[0]


def _text(data: Bytes, start: int, end: int) -> str:
    kind = bytes(data[start - 4 : start])
    _, _, rest = bytes(data[start:end]).partition(b"\0")
    if kind == b"tEXt":
        return rest.decode("latin-1")
    if kind == b"zTXt":
        return _inflate(rest[1:]).decode("latin-1")
    packed = rest[:1] == b"\1"
    value = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return (_inflate(value) if packed else value).decode("utf-8", "replace")


def _inflate(packed: bytes) -> bytes:
    """Return the text, at most 64 MB of it, so that a bomb stays small."""
    return zlib.decompressobj().decompress(packed, _MAX_TEXT)


def _exif_settings(data: Bytes) -> str:
    for kind, start, end in _chunks(data):
        if kind == b"eXIf":
            return exif.settings_in(bytes(data[start:end]))
    return ""
