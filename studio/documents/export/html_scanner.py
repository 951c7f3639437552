"""HTML as a stream of tags and text, in time that grows with its length and no faster.

Python's html.parser needs a minute for 80 kB of unclosed tags, and its behaviour differs between
patch releases. This follows the parts of https://html.spec.whatwg.org/#tokenization that matter
for words: comments, raw text, attributes with and without quotes, unclosed constructs.
"""

from __future__ import annotations

import html
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

_NAME = re.compile(r"[A-Za-z][^\s/>]{0,60}")
_ATTRIBUTE = re.compile(r"[\s/]*([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(\"[^\"]*+\"|'[^']*+'|[^\s>]*+))?")
_BLANK = re.compile(r"[\s/]*+")
_LONG_NUMBER = re.compile(r"&#(?:\d{8,}|[xX][0-9A-Fa-f]{8,});?")
_RAW = {
    name: re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "iframe", "xmp", "noembed", "noframes")
}


@dataclass(frozen=True)
class Tag:
    """A tag.

    Attributes:
        name: In small letters, without a namespace's prefix.
        opens: It is no end tag.
        closes: It is an end tag, or ends itself (``<br/>``).
        attributes: Names in small letters.
        raw: The unparsed content, for elements whose content is no HTML.
    """

    name: str
    opens: bool = True
    closes: bool = False
    attributes: dict[str, str] = field(default_factory=dict)
    raw: str = ""


def scan(text: str) -> Iterator[Tag | str]:
    """Yield tags, and the text between them with its entities replaced."""
    position = 0
    while position < len(text):
        start = text.find("<", position)
        if start < 0:
            yield unescape(text[position:])
            return
        if start > position:
            yield unescape(text[position:start])
        position = yield from _markup(text, start)


def unescape(text: str) -> str:
    """Return text with its entities replaced; numbers beyond Unicode become U+FFFD."""
    return html.unescape(_LONG_NUMBER.sub("\ufffd", text)) if "&" in text else text


def _markup(text: str, start: int) -> Generator[Tag | str, None, int]:
    """Yield what begins with ``<`` at ``start``; return where the text goes on."""
    if text.startswith("<!--", start):
        return _after(text, "-->", start + 4)
    if text.startswith("<![CDATA[", start):
        end = text.find("]]>", start)
        yield text[start + 9 : end if end >= 0 else len(text)]
        return _after(text, "]]>", start)
    name = _NAME.match(text, start + (2 if text.startswith("</", start) else 1))
    if name is None:
        if text.startswith(("<!", "<?", "</"), start):
            return _after(text, ">", start)
        yield "<"
        return start + 1
    ending = text[start + 1] == "/"
    attributes, end = _attributes(text, name.end())
    if end < 0:
        return len(text)  # a tag that the end of the file cut off
    closed = ending or text[end - 2] == "/"
    plain = name[0].lower().rpartition(":")[2]
    raw = ""
    if plain in _RAW and not closed:
        match = _RAW[plain].search(text, end)
        raw = text[end : match.start() if match else len(text)]
        end = _after(text, ">", match.start()) if match else len(text)
        closed = True
    yield Tag(plain, not ending, closed, attributes, raw)
    return end


def _after(text: str, mark: str, start: int) -> int:
    """Return the position after ``mark``; what it never closes reaches to the end."""
    found = text.find(mark, start)
    return found + len(mark) if found >= 0 else len(text)


def _attributes(text: str, position: int) -> tuple[dict[str, str], int]:
    """Return a tag's attributes and the position after its ``>``; -1 when there is none."""
    found: dict[str, str] = {}
    while True:
        match = _ATTRIBUTE.match(text, position)
        if match is None:
            blank = _BLANK.match(text, position)
            position = blank.end() if blank else position
            if position >= len(text):
                return found, -1
            if text[position] == ">":
                return found, position + 1
            position += 1  # a stray "="
            continue
        value = match[2] or ""
        if value[:1] in ("'", '"') and len(value) > 1 and value[0] == value[-1]:
            value = value[1:-1]
        found.setdefault(match[1].lower(), unescape(value))
        position = match.end()
