"""FLAC: mark and record as Vorbis comments, where FLAC keeps its tags.

Blocks after RFC 9639, section 8. FLAC has no place of its own for XMP.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from studio.core.provenance.carriers import Found, id3, vorbis
from studio.core.provenance.media_types import Bytes
from studio.core.provenance.xmp import Mark

_STREAMINFO, _PADDING, _COMMENTS = 0, 1, 4
_LAST = 0x80


def write(data: bytes, mark: Mark) -> bytes:
    """Return the sound with the comments set."""
    return b"".join(pieces(data, mark))


def pieces(data: Bytes, mark: Mark) -> Iterator[Bytes]:
    """Yield the sound with the comments set piece by piece, as it lies in ``data``."""
    start, blocks, sound = _split(data)
    comments = next((body for kind, body in blocks if kind == _COMMENTS), vorbis.EMPTY)
    kept = [(kind, body) for kind, body in blocks if kind != _COMMENTS]
    new = (_COMMENTS, vorbis.marked(comments, mark))
    yield _assembled(bytes(data[:start]), [kept[0], new, *kept[1:]])
    yield sound


def read(data: Bytes) -> Found:
    """Return what the comments hold."""
    for kind, start, end in _blocks(data):
        if kind == _COMMENTS:
            return vorbis.found(bytes(data[start:end]))
    return Found()


def strip(data: bytes) -> bytes:
    """Return the sound less the comments in which programs leave prompts."""
    start, blocks, sound = _split(data)
    changed = [
        (kind, vorbis.stripped(body) if kind == _COMMENTS else body) for kind, body in blocks
    ]
    return _assembled(data[:start], changed, sound)


def content(data: Bytes) -> list[Bytes]:
    """Return the stream's facts and the sound."""
    blocks = list(_blocks(data))
    if not blocks:
        return []
    facts = [data[start:end] for kind, start, end in blocks if kind == _STREAMINFO]
    return [*facts, data[blocks[-1][2] :]]


def _start(data: Bytes) -> int:
    """Return where the stream begins; some programs put an ID3 tag before it."""
    start = id3.end_of_tag(data)
    if bytes(data[start : start + 4]) != b"fLaC":
        raise ValueError("not a FLAC stream")
    return start


def _blocks(data: Bytes) -> Iterator[tuple[int, int, int]]:
    """Yield kind, start and end of each metadata block."""
    at = _start(data) + 4
    while True:
        (head,) = struct.unpack_from(">I", data, at)
        end = at + 4 + (head & 0xFFFFFF)
        if end > len(data):
            raise ValueError("a FLAC block leaves the file")
        yield head >> 24 & 0x7F, at + 4, end
        at = end
        if head >> 24 & _LAST:
            return


def _split(data: Bytes) -> tuple[int, list[tuple[int, bytes]], Bytes]:
    """Return where the stream begins, its metadata blocks, and the sound as it lies there."""
    places = list(_blocks(data))
    blocks = [(kind, bytes(data[start:end])) for kind, start, end in places]
    if blocks[0][0] != _STREAMINFO:
        raise ValueError("the FLAC stream says nothing about itself")
    return _start(data), blocks, data[places[-1][2] :]


def _assembled(lead: bytes, blocks: list[tuple[int, bytes]], sound: Bytes = b"") -> bytes:
    out = [lead, b"fLaC"]
    for number, (kind, body) in enumerate(blocks, start=1):
        if len(body) > 0xFFFFFF:
            raise OverflowError("longer than a FLAC block allows")
        last = _LAST if number == len(blocks) else 0
        out.append(struct.pack(">I", (last | kind) << 24 | len(body)) + body)
    return b"".join([*out, sound])
