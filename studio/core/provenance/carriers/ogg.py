"""Ogg Vorbis and Opus: mark and record as Vorbis comments in the second packet.

Pages after RFC 3533, Vorbis headers after the Vorbis I specification, Opus headers after RFC 7845.
The header pages are laid out anew; the sound's packets stay as they are, their pages only get
new numbers.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from studio.core.provenance.carriers import Found, vorbis
from studio.core.provenance.media_types import Bytes
from studio.core.provenance.xmp import Mark

_HEAD = struct.Struct("<4sBBqIIIB")
_CONTINUED = 1
_VORBIS, _OPUS = b"\x03vorbis", b"OpusTags"
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True)
class _Page:
    flags: int
    position: int
    serial: int
    number: int
    lacing: bytes
    body: bytes
    end: int


def write(data: bytes, mark: Mark) -> bytes:
    """Return the sound with the comments set."""
    return b"".join(pieces(data, mark))


def pieces(data: Bytes, mark: Mark) -> Iterator[Bytes]:
    """Yield the sound with the comments set page by page."""
    return _with_comments(data, lambda comments: vorbis.marked(comments, mark))


def read(data: Bytes) -> Found:
    """Return what the comments hold."""
    _, packets, _ = _headers(data)
    comments, _, _ = _comments(packets[1])
    return vorbis.found(comments)


def strip(data: bytes) -> bytes:
    """Return the sound less the comments in which programs leave prompts."""
    return b"".join(_with_comments(data, vorbis.stripped))


def content(data: Bytes) -> list[Bytes]:
    """Return the packets of sound and the headers that are no comments, page by page."""
    _, packets, at = _headers(data)
    return [packets[0], *packets[2:], *(page.body for page in _pages(data, at))]


def _with_comments(data: Bytes, change: Callable[[bytes], bytes]) -> Iterator[bytes]:
    first, packets, at = _headers(data)
    comments, lead, tail = _comments(packets[1])
    changed = [packets[0], lead + change(comments) + tail, *packets[2:]]
    yield _page(first.flags, first.position, first.serial, 0, _lacing(changed[0]), changed[0])
    number = 1
    # The first packet has a page to itself; the other headers may share theirs.
    for lacing, body, flags in _laid_out(changed[1:]):
        position = 0 if any(size < 255 for size in lacing) else -1
        yield _page(flags, position, first.serial, number, lacing, body)
        number += 1
    for page in _pages(data, at):
        yield _page(page.flags, page.position, page.serial, number, page.lacing, page.body)
        number += 1


def _headers(data: Bytes) -> tuple[_Page, list[bytes], int]:
    """Return the first page, the header packets and where the sound begins.

    Raises:
        ValueError: No Vorbis or Opus stream, or one with several streams.
    """
    packets: list[bytes] = []
    part = b""
    first: _Page | None = None
    wanted = 2
    for page in _pages(data, 0):
        first = first or page
        if page.serial != first.serial:
            raise ValueError("several streams in one Ogg file")
        at = 0
        for size in page.lacing:
            part += page.body[at : at + size]
            at += size
            if size < 255:
                packets.append(part)
                part = b""
        if packets and packets[0].startswith(b"\x01vorbis"):
            wanted = 3
        if len(packets) == wanted and not part:
            return first, packets, page.end
        if len(packets) >= wanted:
            raise ValueError("the Ogg headers share a page with the sound")
    raise ValueError("the Ogg headers are cut off")


def _comments(packet: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the comments in the second packet, what stands before and what after."""
    if packet.startswith(_VORBIS):
        return packet[len(_VORBIS) :], _VORBIS, b"\x01"
    if packet.startswith(_OPUS):
        return packet[len(_OPUS) :], _OPUS, b""
    raise ValueError("neither Vorbis nor Opus")


def _pages(data: Bytes, at: int) -> Iterator[_Page]:
    while at < len(data):
        magic, _, flags, position, serial, number, _, count = _HEAD.unpack_from(data, at)
        if magic != b"OggS":
            raise ValueError("an Ogg page is missing")
        start = at + _HEAD.size + count
        lacing = bytes(data[at + _HEAD.size : start])
        end = start + sum(lacing)
        if end > len(data):
            raise ValueError("an Ogg page leaves the file")
        yield _Page(flags, position, serial, number, lacing, bytes(data[start:end]), end)
        at = end


def _lacing(packet: bytes) -> bytes:
    return b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])


def _laid_out(packets: list[bytes]) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield lacing, body and flags of the pages that hold these packets."""
    lacing = b"".join(_lacing(packet) for packet in packets)
    body = b"".join(packets)
    at = 0
    for start in range(0, len(lacing), 255):
        part = lacing[start : start + 255]
        size = sum(part)
        continued = _CONTINUED if start and lacing[start - 1] == 255 else 0
        yield part, body[at : at + size], continued
        at += size


def _page(flags: int, position: int, serial: int, number: int, lacing: bytes, body: bytes) -> bytes:
    head = _HEAD.pack(b"OggS", 0, flags, position, serial, number, 0, len(lacing))
    page = head + lacing + body
    return page[:22] + struct.pack("<I", _checksum(page)) + page[26:]


def _checksum(page: bytes) -> int:
    """Return Ogg's CRC-32: zlib's polynomial, most significant bit first, started at 0.

    Reversing the bits of every byte and of the result turns zlib's into it, at C speed.
    """
    raw = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{raw:032b}"[::-1], 2)
