"""Texts of other programs, in and out. No Qt: ``.pdf`` is written by the app.

A manuscript is Markdown to these functions, as it is in ``.md`` files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError
from studio.documents.export import docx, epub, html, markdown, odt, odt_writer
from studio.documents.export.archive import Archive
from studio.documents.export.tree import Block, Kind, Run, title_of
from studio.documents.textfile import read_text_file

__all__ = ["EXPORTS", "IMPORTS", "Block", "Imported", "Kind", "Run", "export_text", "import_text"]

IMPORTS = (".txt", ".md", ".markdown", ".docx", ".odt", ".epub", ".html", ".htm", ".xhtml")
EXPORTS = (".txt", ".md", ".html", ".docx", ".odt", ".epub")


@dataclass(frozen=True)
class Imported:
    """A text that came from another program.

    Attributes:
        text: Markdown, lines ending with ``\\n``.
        title: Its first heading, or the file's name.
        notice: One sentence about what could not be taken over; may be empty.
    """

    text: str
    title: str
    notice: str = ""


def import_text(path: Path) -> Imported:
    """Read a text document as Markdown. Nothing in it is run, rendered or fetched.

    Raises:
        BadInputError: Not one of ``IMPORTS``, damaged, or a bomb.
        StorageError: The system does not let us read it.
    """
    suffix = path.suffix.lower()
    if suffix in (".txt", ".md", ".markdown"):
        file = read_text_file(path)
        return Imported(file.text, path.stem, file.notice)
    if suffix not in IMPORTS:
        raise _unknown(path, IMPORTS)
    if suffix in (".html", ".htm", ".xhtml"):
        blocks = html.parse(read_text_file(path).text)
    else:
        reader: Callable[[Archive], Sequence[Block]] = {
            ".docx": docx.read,
            ".odt": odt.read,
            ".epub": epub.read,
        }[suffix]
        blocks = tuple(reader(Archive(path)))
    notice = "Pictures, notes and layout were left out; the words and their emphasis are here."
    return Imported(markdown.render(blocks), title_of(blocks, path.stem), notice)


def export_text(path: Path, text: str, *, title: str, language: str = "en") -> None:
    """Write a manuscript as a document of the kind the suffix says, whole or not at all.

    Raises:
        BadInputError: Not one of ``EXPORTS``.
        StorageError: The system refused; an old file is still there.
    """
    writers: Mapping[str, Callable[[], bytes | str]] = {
        ".txt": lambda: text,
        ".md": lambda: text,
        ".html": lambda: html.page(markdown.parse(text), title),
        ".docx": lambda: docx.write(markdown.parse(text), title=title),
        ".odt": lambda: odt_writer.write(markdown.parse(text), title=title),
        ".epub": lambda: epub.write(markdown.parse(text), title=title, language=language),
    }
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise _unknown(path, EXPORTS)
    data = writer()
    if isinstance(data, str):
        data = data.encode("utf-8", "replace")
    atomic_write(path, data, doing="exporting the text")


def _unknown(path: Path, known: Sequence[str]) -> BadInputError:
    return BadInputError(
        f"“{path.suffix or path.name}” is not a kind of text file that works here.",
        hint=f"These work: {', '.join(known)}.",
        path=str(path),
    )
