"""Vorbis comments, the tags of FLAC, Ogg Vorbis and Opus (Vorbis I specification, section 5)."""

from __future__ import annotations

import struct

from studio.core.provenance.carriers import FOREIGN_KEYS, Found
from studio.core.provenance.xmp import Mark

EMPTY = struct.pack("<I", 8) + b"Triptych" + struct.pack("<I", 0)
_OURS = ("TRIPTYCH", "DIGITALSOURCETYPE", "AISYSTEMUSED")


def marked(comments: bytes, mark: Mark) -> bytes:
    """Return the comments with the mark; an older one of ours is replaced."""
    vendor, texts = _split(comments)
    kept = [text for text in texts if _key(text) not in _OURS]
    values = (mark.record, mark.source_type, mark.system)
    ours = [f"{k}={v}".encode() for k, v in zip(_OURS, values, strict=True)]
    return _assembled(vendor, kept + ours)


def found(comments: bytes) -> Found:
    """Return what the comments say."""
    _, texts = _split(comments)
    values = {_key(text): text.partition(b"=")[2].decode("utf-8", "replace") for text in texts}
    foreign = [value for key, value in values.items() if key.lower() in FOREIGN_KEYS - {"title"}]
    return Found(
        record=values.get("TRIPTYCH", ""),
        source_type=values.get("DIGITALSOURCETYPE", ""),
        settings=max(foreign, key=len, default=""),
    )


def stripped(comments: bytes) -> bytes:
    """Return the comments less those in which programs leave prompts."""
    vendor, texts = _split(comments)
    return _assembled(vendor, [text for text in texts if _key(text).lower() not in FOREIGN_KEYS])


def _split(comments: bytes) -> tuple[bytes, list[bytes]]:
    """Return vendor and comments.

    Raises:
        struct.error: The block is cut off.
        ValueError: A comment leaves the block.
    """
    at = 0
    pieces: list[bytes] = []
    count = 1
    while len(pieces) < count:
        (length,) = struct.unpack_from("<I", comments, at)
        if at + 4 + length > len(comments):
            raise ValueError("a comment leaves its block")
        pieces.append(comments[at + 4 : at + 4 + length])
        at += 4 + length
        if len(pieces) == 1:
            (given,) = struct.unpack_from("<I", comments, at)
            count = 1 + given
            at += 4
    return pieces[0], pieces[1:]


def _assembled(vendor: bytes, texts: list[bytes]) -> bytes:
    head = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(texts))
    return head + b"".join(struct.pack("<I", len(text)) + text for text in texts)


def _key(text: bytes) -> str:
    return text.partition(b"=")[0].decode("ascii", "replace").upper()
