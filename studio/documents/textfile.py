"""Text files of other programs: read whatever they wrote, give back what they expect.

Encoding, line ends and byte-order mark are remembered, so that saving changes only the text.
"""

from __future__ import annotations

import codecs
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError, storage_errors
from studio.core.media import clean_text

MAX_BYTES = 64 * 1024 * 1024
"""Larger files are no manuscript: an editor would freeze on them."""

Newline = Literal["\n", "\r\n", "\r"]

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_BINARY_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a packed file (such as .docx, .odt, .epub or .zip)"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"SQLite format 3\x00", "a database or a Triptych project"),
    (b"\x7fELF", "a program"),
    (b"\x1f\x8b", "a compressed file"),
    (b"RIFF", "sound or a picture"),
    (b"OggS", "sound"),
    (b"fLaC", "sound"),
    (b"ID3", "sound"),
    (b"GGUF", "a model"),
)


@dataclass(frozen=True)
class FileToken:
    """How a file looked when it was last read or written; equal tokens mean no change.

    Attributes:
        mtime_ns: Time of the last change, nanoseconds.
        size: Bytes.
        sha256: Of the content; decides when only the time differs.
    """

    mtime_ns: int
    size: int
    sha256: str


@dataclass(frozen=True)
class TextFile:
    """A text file's content and how it was written.

    Attributes:
        text: The text, NFC, lines ending with ``\\n``.
        encoding: Python's name of the encoding, without the mark.
        newline: What ends a line in the file.
        had_bom: The file starts with a byte-order mark.
        notice: One sentence when the encoding had to be guessed; else empty.
        token: How the file looked; see :func:`changed_outside`.
    """

    text: str
    encoding: str = "utf-8"
    newline: Newline = "\n"
    had_bom: bool = False
    notice: str = ""
    token: FileToken | None = None


def read_text_file(path: Path) -> TextFile:
    """Read a text file in whatever common encoding it is.

    Raises:
        BadInputError: Not a text, or larger than ``MAX_BYTES``.
        StorageError: The system does not let us read it.
    """
    with storage_errors(path, "opening the file"), path.open("rb") as file:
        found = os.fstat(file.fileno())
        if found.st_size > MAX_BYTES:
            raise BadInputError(
                f"{path.name} is too large for a text ({found.st_size / 1e6:.0f} MB).",
                hint=f"Texts up to {MAX_BYTES // 2**20} MB can be opened.",
                path=str(path),
            )
        data = file.read(MAX_BYTES + 1)
    token = FileToken(found.st_mtime_ns, len(data), hashlib.sha256(data).hexdigest())
    return _decoded(path, data, token)


def write_text_file(
    path: Path,
    text: str,
    *,
    encoding: str = "utf-8",
    newline: Newline = "\n",
    had_bom: bool = False,
) -> TextFile:
    """Write a text so that ``path`` holds the old or the new content, whole.

    A text that its old encoding cannot hold is written as UTF-8 and the result says so.

    Raises:
        StorageError: The system refused; the file is as it was before.
    """
    text = clean_text(text)
    notice = ""
    try:
        data = text.replace("\n", newline).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        notice = f"{path.name} now is UTF-8: {encoding} has no place for some of its characters."
        encoding, data = "utf-8", text.replace("\n", newline).encode("utf-8")
    marks = {name: mark for mark, name in _MARKS}
    if had_bom and encoding in marks:
        data = marks[encoding] + data
    atomic_write(path, data, doing="saving the text")
    with storage_errors(path, "saving the text"):
        found = path.stat()
    token = FileToken(found.st_mtime_ns, len(data), hashlib.sha256(data).hexdigest())
    return TextFile(text, encoding, newline, had_bom, notice, token)


def changed_outside(path: Path, token: FileToken) -> bool:
    """Return whether another program changed or removed the file since ``token``.

    Raises:
        StorageError: The file is there and cannot be read.
    """
    try:
        found = path.stat()
    except FileNotFoundError:
        return True
    except OSError:
        found = None
    if found is not None and found.st_mtime_ns == token.mtime_ns:
        return found.st_size != token.size
    with storage_errors(path, "looking at the file"), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() != token.sha256


def _decoded(path: Path, data: bytes, token: FileToken) -> TextFile:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _strictly(data[len(mark) :], encoding)
            if text is not None:
                return _as_file(path, text, encoding, True, "", token)
    for start, what in _BINARY_STARTS:
        if data.startswith(start):
            raise _no_text(path, f"it is {what}")
    wide = _utf16_without_mark(data)
    if wide:
        return _as_file(path, data.decode(wide), wide, False, "", token)
    if b"\x00" in data:
        raise _no_text(path, "it holds bytes that no text has")
    text = _strictly(data, "utf-8")
    if text is not None:
        return _as_file(path, text, "utf-8", False, "", token)
    return _old_western(path, data, token)


def _old_western(path: Path, data: bytes, token: FileToken) -> TextFile:
    text = _strictly(data, "cp1252")
    encoding = "cp1252" if text is not None else "latin-1"
    if text is None:
        text = data.decode("latin-1")
    odd = sum(character < " " and character not in "\t\n\r\f" for character in text)
    if odd > len(text) // 50:
        raise _no_text(path, "it holds bytes that no text has")
    notice = (
        f"{path.name} is not UTF-8; it was read as Western European ({encoding}). "
        "If letters look wrong, open it in the program that made it and save it as UTF-8."
    )
    return _as_file(path, text, encoding, False, notice, token)


def _as_file(
    path: Path, text: str, encoding: str, had_bom: bool, notice: str, token: FileToken
) -> TextFile:
    if "\x00" in text:
        raise _no_text(path, "it holds bytes that no text has")
    return TextFile(clean_text(text), encoding, _newline_of(text), had_bom, notice, token)


def _newline_of(text: str) -> Newline:
    pairs = text.count("\r\n")
    counts: dict[Newline, int] = {
        "\n": text.count("\n") - pairs,
        "\r\n": pairs,
        "\r": text.count("\r") - pairs,
    }
    return max(counts, key=lambda style: counts[style])


def _utf16_without_mark(data: bytes) -> str:
    """Return "utf-16-le" or "-be" when every other byte is mostly NUL, else nothing."""
    sample = data[:4096]
    if len(data) < 4 or len(data) % 2 or b"\x00" not in sample:
        return ""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) / 2
    for name, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros > 0.4 * half and others == 0 and _strictly(data, name) is not None:
            return name
    return ""


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _no_text(path: Path, why: str) -> BadInputError:
    return BadInputError(
        f"{path.name} cannot be opened as text: {why}.",
        hint="Open a .txt or .md file, or import the document.",
        path=str(path),
    )
