"""Which kind of file this is, by its first bytes or its name; nothing is decoded."""

from __future__ import annotations

from pathlib import PurePath
from typing import TypeAlias

Bytes: TypeAlias = bytes | bytearray | memoryview
"""What the carriers read from; a memory-mapped file comes as a ``memoryview``."""

EPUB = "application/epub+zip"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"

BY_SUFFIX = {
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".pdf": "application/pdf",
    ".epub": EPUB,
    ".docx": DOCX,
    ".odt": ODT,
}
_ALIASES = {"audio/x-wav": "audio/wav", "audio/mp3": "audio/mpeg", "audio/opus": "audio/ogg"}


def media_type_of(name: str) -> str:
    """Return the media type for a media type, a suffix or a file name; empty when unknown."""
    name = name.strip().lower()
    name = _ALIASES.get(name, name)
    if name in BY_SUFFIX.values():
        return name
    return BY_SUFFIX.get(PurePath(name).suffix or f".{name.lstrip('.')}", "")


def sniff(data: Bytes) -> str:
    """Return the media type that the bytes themselves show; empty when they show none.

    Text shows nothing: for ``.md`` and ``.txt`` only the name tells.
    """
    head = bytes(data[:64])
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE"):
        return "image/webp" if head[8:12] == b"WEBP" else "audio/wav"
    if head[4:8] == b"ftyp" and (b"avif" in head[8:] or b"avis" in head[8:]):
        return "image/avif"
    if head[:4] in (b"II*\0", b"MM\0*"):
        return "image/tiff"
    if head.startswith(b"%PDF-"):
        return "application/pdf"
    if head.startswith(b"PK\x03\x04"):
        return _sniff_zip(data)
    return _sniff_audio(data, head)


def _sniff_zip(data: Bytes) -> str:
    head = bytes(data[:4096])
    for kind in (EPUB, ODT):
        if b"mimetype" + kind.encode() in head:
            return kind
    # The names in the directory are stored as they are, so a search tells a Word file.
    return DOCX if b"word/document.xml" in bytes(data[-65_536:]) + head else ""


def _sniff_audio(data: Bytes, head: bytes) -> str:
    if head.startswith(b"ID3"):
        # A FLAC stream may stand behind an ID3 tag, as signing leaves it.
        size = sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False)
        )
        return "audio/flac" if bytes(data[10 + size : 14 + size]) == b"fLaC" else "audio/mpeg"
    if head.startswith(b"fLaC"):
        return "audio/flac"
    if head.startswith(b"OggS"):
        return "audio/ogg"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:
        return "audio/mpeg"
    return ""
