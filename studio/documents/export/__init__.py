"""Texts in the formats of other programs: read into Markdown, written from Markdown. No Qt.

    export_text(text, Path("Novel.epub"), title="Novel", author="A. Writer", language="en")
    found = import_text(Path("Novel.odt"))

``.pdf`` is laid out by Qt: ``studio.app.text_export.export_document`` writes it and all others.
Every writer also gives bytes (:func:`render_text`), so that a caller can seal them with their
origin before they are written. Decision: packaging/docs/decisions/0055-exchange-of-texts.md.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError, storage_errors
from studio.core.media import clean_text

__all__ = [
    "FORMATS",
    "Format",
    "ImportedText",
    "check_language",
    "export_text",
    "format_of",
    "import_text",
    "render_text",
]


@dataclass(frozen=True)
class Format:
    """A kind of text file.

    Attributes:
        suffix: With its dot, in small letters.
        title: Its name for a list of choices.
        can_import: ``import_text`` reads it.
        can_export: It can be written.
        needs_qt: Only ``studio.app.text_export`` writes it.
    """

    suffix: str
    title: str
    can_import: bool = True
    can_export: bool = True
    needs_qt: bool = False


FORMATS: tuple[Format, ...] = (
    Format(".md", "Markdown"),
    Format(".txt", "Plain text"),
    Format(".docx", "Word document"),
    Format(".odt", "OpenDocument text"),
    Format(".epub", "EPUB book"),
    Format(".html", "Web page"),
    Format(".pdf", "PDF", can_import=False, needs_qt=True),
)

MAX_PAGE_BYTES = 16 * 2**20
"""Larger web pages are no manuscript."""

_SAME = {".markdown": ".md", ".text": ".txt", ".htm": ".html", ".xhtml": ".html"}
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_LEFT_OUT = {
    "pictures": "Pictures were left out.",
    "tables": "Tables became lines of text.",
    "notes": "Footnotes and endnotes were left out.",
    "comments": "Comments were left out.",
    "changes": "Tracked changes were taken as accepted.",
    "formulas": "Formulas were left out.",
}


@dataclass(frozen=True)
class ImportedText:
    """A text that came from another program.

    Attributes:
        text: Markdown, or the text as it is for ``.txt`` and ``.md``; lines end with ``\\n``.
        title: What the file says of itself, else its first heading, else its name.
        notices: One sentence each about what was left out or guessed.
    """

    text: str
    title: str
    notices: tuple[str, ...] = ()


def format_of(path: Path) -> Format | None:
    """Return the format a file's suffix stands for; ``None`` when it is none of ours."""
    suffix = path.suffix.lower()
    suffix = _SAME.get(suffix, suffix)
    return next((known for known in FORMATS if known.suffix == suffix), None)


def export_text(
    text: str, target: Path, *, title: str = "", author: str = "", language: str = "en"
) -> None:
    """Write a manuscript as a file of the kind ``target``'s suffix says, whole or not at all.

    Args:
        text: The manuscript, read as Markdown; ``.txt`` and ``.md`` get it as it is.
        target: The file; one that is there is replaced.
        title: The work's title; empty means the first heading, or else the file's name.
        author: May be empty.
        language: BCP 47, such as "en" or "pt-BR".

    Raises:
        BadInputError: Not a kind of file this can write, or no language.
        StorageError: The system refused; an old file is as it was.
    """
    known = format_of(target)
    suffix = known.suffix if known else target.suffix
    title = title or _title_in(text) or target.stem
    data = render_text(text, suffix, title=title, author=author, language=language)
    atomic_write(target, data, doing="exporting the text")


def render_text(
    text: str, suffix: str, *, title: str = "", author: str = "", language: str = "en"
) -> bytes:
    """Return a manuscript as the bytes of a file; arguments as in :func:`export_text`.

    Raises:
        BadInputError: Not a kind of file this can write, or no language.
    """
    check_language(language)
    text = clean_text(text)
    title, author = " ".join(title.split()), " ".join(author.split())
    if suffix in (".txt", ".md"):
        return text.encode("utf-8")
    from studio.documents.export.markdown_reader import read_markdown

    if suffix == ".html":
        from studio.documents.export.html_writer import write_html

        page = write_html(read_markdown(text), title=title, author=author, language=language)
        return page.encode("utf-8")
    if suffix == ".epub":
        from studio.documents.export.epub_writer import write_epub

        return write_epub(read_markdown(text), title=title, author=author, language=language)
    if suffix == ".docx":
        from studio.documents.export.docx_writer import write_docx

        return write_docx(read_markdown(text), title=title, author=author, language=language)
    if suffix == ".odt":
        from studio.documents.export.odt_writer import write_odt

        return write_odt(read_markdown(text), title=title, author=author, language=language)
    raise _unknown(suffix, [known for known in FORMATS if known.can_export and not known.needs_qt])


def import_text(path: Path) -> ImportedText:
    """Read a text of another program. Nothing in it is run, shown or fetched.

    Raises:
        BadInputError: Not a kind of file this can read, damaged, locked, or too large.
        StorageError: The system does not let us read it.
    """
    known = format_of(path)
    if known is None or not known.can_import:
        raise _unknown(path.suffix or path.name, [k for k in FORMATS if k.can_import])
    if known.suffix in (".txt", ".md"):
        from studio.documents.textfile import read_text_file

        file = read_text_file(path)
        title = _title_in(file.text) if known.suffix == ".md" else ""
        return ImportedText(file.text, title or path.stem, (file.notice,) if file.notice else ())
    return _converted(path, known.suffix)


def check_language(language: str) -> None:
    """Check that a language is written as BCP 47 has it.

    Raises:
        BadInputError: It is not.
    """
    if not _LANGUAGE.fullmatch(language):
        raise BadInputError(
            f"“{language}” is not the code of a language.",
            hint="Codes look like “en”, “de” or “pt-BR”.",
            language=language,
        )


def _converted(path: Path, suffix: str) -> ImportedText:
    from studio.documents.export.blocks import first_heading
    from studio.documents.export.markdown_writer import write_markdown

    notices: list[str] = []
    if suffix == ".html":
        from studio.documents.export.html_reader import read_html

        text, notice = _html_text(path)
        found = read_html(text)
        notices += [notice] if notice else []
    elif suffix == ".docx":
        from studio.documents.export.docx_reader import read_docx

        found = read_docx(path)
    elif suffix == ".odt":
        from studio.documents.export.odt_reader import read_odt

        found = read_odt(path)
    else:
        from studio.documents.export.epub_reader import read_epub

        found = read_epub(path)
    notices += [sentence for name, sentence in _LEFT_OUT.items() if name in found.left_out]
    title = " ".join(clean_text(found.title).split()) or first_heading(found.blocks) or path.stem
    return ImportedText(clean_text(write_markdown(found.blocks)), title, tuple(notices))


def _html_text(path: Path) -> tuple[str, str]:
    """Return a page's text, and a sentence when its encoding had to be guessed."""
    from studio.documents.export.html_reader import decoded_html
    from studio.documents.textfile import read_text_file

    with storage_errors(path, "opening the page"), path.open("rb") as file:
        data = file.read(MAX_PAGE_BYTES + 1)
    if len(data) > MAX_PAGE_BYTES:
        raise BadInputError(
            f"{path.name} is too large for a text.",
            hint=f"Pages up to {MAX_PAGE_BYTES // 2**20} MB can be imported.",
            path=str(path),
        )
    text = decoded_html(data)
    if text is not None and "\x00" not in text:
        return text, ""
    file_read = read_text_file(path)
    return file_read.text, file_read.notice


def _title_in(text: str) -> str:
    """Return the first heading of a Markdown text, without reading all of it; may be empty."""
    from studio.documents.export.blocks import first_heading
    from studio.documents.export.markdown_reader import read_markdown

    match = re.search(r"^ {0,3}#{1,6}[ \t].*", text, re.MULTILINE)
    return first_heading(read_markdown(match[0])) if match else ""


def _unknown(suffix: str, possible: Sequence[Format]) -> BadInputError:
    return BadInputError(
        f"“{suffix}” is not a kind of text file that works here.",
        hint=f"These work: {', '.join(known.suffix for known in possible)}.",
        suffix=suffix,
    )
