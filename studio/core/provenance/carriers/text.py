"""Markdown and plain text: one comment block at the end of the file.

    <!-- triptych-provenance
    DigitalSourceType: http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia
    {"app_version": …}
    -->

Markdown shows nothing of it, an editor shows three lines after the text, and a program finds
the mark by name. It stands at the end so that front matter of the user's own stays first.
"""

from __future__ import annotations

import re

from studio.core.provenance.carriers import Found
from studio.core.provenance.media_types import Bytes
from studio.core.provenance.xmp import Mark

_BLOCK = re.compile(
    rb"\r?\n?\r?\n?<!-- triptych-provenance\r?\n"
    rb"(?:DigitalSourceType: ([^\r\n]*)\r?\n)?([^\r\n]*)\r?\n-->[ \t]*(?:\r?\n)*\Z"
)
_START = b"<!-- triptych-provenance"


def write(data: bytes, mark: Mark) -> bytes:
    """Return the text with the block at its end."""
    body, _ = split(data)
    newline = b"\r\n" if b"\r\n" in body else b"\n"
    lines = [
        _START,
        b"DigitalSourceType: " + mark.source_type.encode("ascii"),
        _harmless(mark.record).encode("ascii"),
        b"-->",
        b"",
    ]
    return body + newline * 2 + newline.join(lines)


def read(data: Bytes) -> Found:
    """Return record and mark."""
    _, block = split(data)
    if block is None:
        return Found()
    source_type = (block[1] or b"").decode("ascii", "replace")
    return Found(record=block[2].decode("ascii", "replace"), source_type=source_type)


def strip(data: bytes) -> bytes:
    """Return the text as it is: no other program leaves settings in a text."""
    return data


def content(data: Bytes) -> list[Bytes]:
    """Return the text before the block, without the line ends between them."""
    return [split(data)[0].rstrip(b"\r\n")]


def split(data: Bytes) -> tuple[bytes, re.Match[bytes] | None]:
    """Return the text and the block's match, or ``None`` where the file has no block."""
    plain = bytes(data)
    start = plain.rfind(_START)
    if start < 0:
        return plain, None
    block = _BLOCK.search(plain, max(0, start - 4))
    return (plain[: block.start()], block) if block else (plain, None)


def _harmless(record: str) -> str:
    """Return the JSON with nothing in it that could end or upset a comment."""
    safe = record.replace("<", "\\u003c").replace(">", "\\u003e")
    return safe.replace("--", "-\\u002d").replace("--", "-\\u002d")
