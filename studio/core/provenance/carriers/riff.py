"""WAV and WebP, both RIFF: one XMP chunk with mark and record, at the end of the file.

Chunks after the RIFF specification; ``_PMX`` in WAV after the XMP specification, part 3; ``XMP ``
and the ``VP8X`` header in WebP after the WebP container specification.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from studio.core.provenance import xmp
from studio.core.provenance.carriers import Found, exif, found_in_xmp
from studio.core.provenance.media_types import Bytes

_XMP_CHUNKS = {b"WEBP": b"XMP ", b"WAVE": b"_PMX"}
_CONTENT = {
    b"WEBP": (b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"),
    b"WAVE": (b"fmt ", b"fact", b"data", b"wavl"),
}
_HAS_XMP, _HAS_ALPHA = 0x04, 0x10
_MAX_RIFF = 2**32 - 1


def write(data: bytes, mark: xmp.Mark) -> bytes:
    """Return the file with the XMP chunk at its end."""
    form = _form(data)
    name = _XMP_CHUNKS[form]
    chunks = [(kind, data[start:end]) for kind, start, end in _chunks(data, whole=True)]
    existing = next((body for kind, body in chunks if kind == name), b"")
    kept = [(kind, body) for kind, body in chunks if kind != name]
    if form == b"WEBP":
        kept = _extended(kept)
    elif not any(kind == b"data" for kind, _ in kept):
        raise ValueError("the WAV has no sound")
    packet = xmp.packet(mark, existing.decode("utf-8", "replace")).encode("utf-8")
    return _assembled(form, [*kept, (name, packet)])


def pieces(data: Bytes, mark: xmp.Mark) -> Iterator[Bytes]:
    """Yield a WAV with the XMP chunk piece by piece, its sound as it lies in ``data``."""
    if _form(data) != b"WAVE":
        raise ValueError("not a WAV")
    name = _XMP_CHUNKS[b"WAVE"]
    chunks = [(kind, data[start:end]) for kind, start, end in _chunks(data, whole=True)]
    existing = next((bytes(body) for kind, body in chunks if kind == name), b"")
    kept = [(kind, body) for kind, body in chunks if kind != name]
    if not any(kind == b"data" for kind, _ in kept):
        raise ValueError("the WAV has no sound")
    packet = xmp.packet(mark, existing.decode("utf-8", "replace")).encode("utf-8")
    chunks = [*kept, (name, packet)]
    length = 4 + sum(8 + len(body) + len(body) % 2 for _, body in chunks)
    if length > _MAX_RIFF:
        raise OverflowError("longer than RIFF allows")
    yield struct.pack("<4sI4s", b"RIFF", length, b"WAVE")
    for kind, body in chunks:
        yield struct.pack("<4sI", kind, len(body))
        yield body
        yield b"\0" * (len(body) % 2)


def read(data: Bytes) -> Found:
    """Return what XMP, the INFO list and EXIF hold."""
    form = _form(data)
    packet = settings = ""
    for kind, start, end in _chunks(data):
        if kind == _XMP_CHUNKS[form]:
            packet = bytes(data[start:end]).decode("utf-8", "replace")
        elif kind == b"EXIF":
            settings = exif.settings_in(_exif_body(bytes(data[start:end])))
        elif kind == b"LIST" and bytes(data[start : start + 4]) == b"INFO":
            settings = _comment(bytes(data[start + 4 : end])) or settings
    return found_in_xmp(packet, settings=settings)


def strip(data: bytes) -> bytes:
    """Return the file less comments and EXIF texts that may hold prompts."""
    form = _form(data)
    chunks = []
    for kind, start, end in _chunks(data, whole=True):
        body = data[start:end]
        if kind == b"EXIF":
            lead = body[: len(body) - len(_exif_body(body))]
            changed = bytearray(_exif_body(body))
            exif.blank(changed)
            body = lead + bytes(changed)
        elif kind == b"LIST" and body.startswith(b"INFO"):
            body = b"INFO" + _joined((k, b) for k, b in _listed(body[4:]) if k != b"ICMT")
        elif kind == _XMP_CHUNKS[form]:
            body = xmp.without_prompts(body.decode("utf-8", "replace")).encode("utf-8")
        chunks.append((kind, body))
    return _assembled(form, chunks)


def content(data: Bytes) -> list[Bytes]:
    """Return the chunks that are picture or sound, with their names."""
    kinds = _CONTENT[_form(data)]
    return [
        part
        for kind, start, end in _chunks(data)
        if kind in kinds
        for part in (kind, data[start:end])
    ]


def _form(data: Bytes) -> bytes:
    form = bytes(data[8:12])
    if bytes(data[:4]) != b"RIFF" or form not in _XMP_CHUNKS:
        raise ValueError("neither WAV nor WebP")
    return form


def _chunks(data: Bytes, *, whole: bool = False) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and end of each chunk's data.

    Args:
        data: The file.
        whole: Raise ``ValueError`` for a chunk that leaves the file, instead of stopping there.
    """
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if at + 8 + size > len(data):
            if whole:
                raise ValueError("a chunk leaves the file")
            return
        yield kind, at + 8, at + 8 + size
        at += 8 + size + size % 2


def _joined(chunks: Iterator[tuple[bytes, bytes]]) -> bytes:
    return b"".join(
        struct.pack("<4sI", kind, len(body)) + body + b"\0" * (len(body) % 2)
        for kind, body in chunks
    )


def _assembled(form: bytes, chunks: list[tuple[bytes, bytes]]) -> bytes:
    body = form + _joined(iter(chunks))
    if len(body) > _MAX_RIFF:
        raise OverflowError("longer than RIFF allows")
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _listed(info: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(info):
        kind, size = struct.unpack_from("<4sI", info, at)
        yield kind, info[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _comment(info: bytes) -> str:
    texts = [body for kind, body in _listed(info) if kind == b"ICMT"]
    return texts[0].rstrip(b"\0").decode("utf-8", "replace") if texts else ""


def _exif_body(chunk: bytes) -> bytes:
    return chunk[6:] if chunk.startswith(b"Exif\0\0") else chunk


def _extended(chunks: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return a WebP's chunks with a ``VP8X`` header that announces XMP."""
    if not chunks:
        raise ValueError("the WebP has no picture")
    kind, body = chunks[0]
    if kind == b"VP8X":
        return [(kind, bytes([body[0] | _HAS_XMP]) + body[1:]), *chunks[1:]]
    flags = _HAS_XMP
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        flags |= _HAS_ALPHA if bits >> 28 & 1 else 0
    elif kind == b"VP8 ":
        across, down = struct.unpack_from("<HH", body, 6)
        width, height = across & 0x3FFF, down & 0x3FFF
    else:
        raise ValueError("the WebP begins with neither picture nor header")
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return [(b"VP8X", bytes([flags, 0, 0, 0]) + size), *chunks]
