"""MP3: mark and record as XMP in an ID3v2 ``PRIV`` frame of owner "XMP".

Frames after ID3v2.3.0 and ID3v2.4.0; the frame for XMP after the XMP specification, part 3, 2.3.3.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from studio.core.provenance import xmp
from studio.core.provenance.carriers import FOREIGN_KEYS, Found, found_in_xmp
from studio.core.provenance.media_types import Bytes

_OWNER = b"XMP\0"
_PADDING = bytes(64)
"""Some readers take a tag that ends with its last frame for a damaged one."""
_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10


def write(data: bytes, mark: xmp.Mark) -> bytes:
    """Return the sound with the frame in its tag; a tag is made where there is none."""
    return b"".join(pieces(data, mark))


def pieces(data: Bytes, mark: xmp.Mark) -> Iterator[Bytes]:
    """Yield the sound with the frame in its tag piece by piece, as it lies in ``data``."""
    version, end = _tag(data)
    frames = list(_frames(data, version, end))
    existing = next((_packet(body) for name, body, _ in frames if _is_xmp(name, body)), "")
    kept = [frame for frame in frames if not _is_xmp(frame[0], frame[1])]
    packet = xmp.packet(mark, existing).encode("utf-8")
    yield _assembled(version, [*kept, (b"PRIV", _OWNER + packet, b"\0\0")])
    yield data[end:]


def read(data: Bytes) -> Found:
    """Return what XMP and the comment frames hold."""
    version, end = _tag(data)
    packet = settings = ""
    for name, body, _ in _frames(data, version, end):
        if _is_xmp(name, body):
            packet = _packet(body)
        elif _may_hold_prompt(name, body):
            settings = settings or _text(name, body)
    return found_in_xmp(packet, settings=settings)


def strip(data: bytes) -> bytes:
    """Return the sound less comments and other programs' settings."""
    version, end = _tag(data)
    frames = []
    for name, body, flags in _frames(data, version, end):
        if _may_hold_prompt(name, body):
            continue
        if _is_xmp(name, body):
            body = _OWNER + xmp.without_prompts(_packet(body)).encode("utf-8")
        frames.append((name, body, flags))
    return _assembled(version, frames, data[end:]) if end else data


def content(data: Bytes) -> list[Bytes]:
    """Return the sound between the tags."""
    _, start = _tag(data)
    end = len(data)
    if end - start > 128 and bytes(data[end - 128 : end - 125]) == b"TAG":
        end -= 128
    return [data[start:end]]


def end_of_tag(data: Bytes) -> int:
    """Return where an ID3v2 tag at the start of the file ends; 0 where there is none.

    Raises:
        ValueError: The tag leaves the file.
    """
    return _tag(data)[1]


def _tag(data: Bytes) -> tuple[int, int]:
    """Return the tag's version and its end; (4, 0) where there is none.

    Raises:
        NotImplementedError: A tag of a kind no program has written for many years.
        ValueError: The tag leaves the file.
    """
    if bytes(data[:3]) != b"ID3":
        return 4, 0
    version, _, flags = struct.unpack_from("3B", data, 3)
    if version not in (3, 4) or flags & (_UNSYNCHRONISED | _EXTENDED):
        raise NotImplementedError("an ID3 tag of an unusual kind")
    end = 10 + _synchsafe(bytes(data[6:10])) + (10 if flags & _FOOTER else 0)
    if end > len(data):
        raise ValueError("the ID3 tag leaves the file")
    return version, end


def _frames(data: Bytes, version: int, end: int) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield name, body and flags of each frame; padding ends them."""
    at = 10
    while at + 10 <= end:
        name, size, flags = bytes(data[at : at + 4]), bytes(data[at + 4 : at + 8]), at + 8
        if not name.isalnum():
            return
        length = _synchsafe(size) if version == 4 else int.from_bytes(size, "big")
        if at + 10 + length > end:
            raise ValueError("an ID3 frame leaves its tag")
        body = bytes(data[at + 10 : at + 10 + length])
        yield name, body, bytes(data[flags : flags + 2])
        at += 10 + length


def _assembled(version: int, frames: list[tuple[bytes, bytes, bytes]], sound: bytes = b"") -> bytes:
    body = b"".join(
        name
        + (_to_synchsafe(len(part)) if version == 4 else struct.pack(">I", len(part)))
        + flags
        + part
        for name, part, flags in frames
    )
    body += _PADDING
    return b"ID3" + bytes([version, 0, 0]) + _to_synchsafe(len(body)) + body + sound


def _synchsafe(four: bytes) -> int:
    value = 0
    for byte in four:
        value = value << 7 | byte & 0x7F
    return value


def _to_synchsafe(value: int) -> bytes:
    if value >= 1 << 28:
        raise OverflowError("longer than an ID3 tag allows")
    return bytes(value >> shift & 0x7F for shift in (21, 14, 7, 0))


def _is_xmp(name: bytes, body: bytes) -> bool:
    return name == b"PRIV" and body.startswith(_OWNER)


def _packet(body: bytes) -> str:
    return body[len(_OWNER) :].decode("utf-8", "replace")


def _may_hold_prompt(name: bytes, body: bytes) -> bool:
    if name == b"TXXX":
        description = _text(name, body).partition("\0")[0]
        return description.lower() in FOREIGN_KEYS
    return name == b"COMM"


def _text(name: bytes, body: bytes) -> str:
    coding = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}.get(body[0] if body else 0)
    return body[4 if name == b"COMM" else 1 :].decode(coding or "latin-1", "replace").strip("\0")
