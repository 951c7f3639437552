"""What a Word document's styles and numbering say about its paragraphs and runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element

from studio.documents.export.blocks import Run

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_HEADING = re.compile(r"heading ([1-9])")
# Names only: a monospaced font says nothing, since manuscripts are set in Courier throughout.
_CODE = frozenset({"code", "source code", "html preformatted", "preformatted text"})
_CODE_LETTERS = frozenset({"code char", "verbatim char", "html code", "source text"})
_QUOTES = frozenset({"quote", "intense quote", "block text", "quotations"})


def attribute(parent: Element | None, name: str, key: str = "val") -> str:
    """Return ``w:val`` (or another attribute) of a child; empty when there is none."""
    child = parent.find(_W + name) if parent is not None else None
    return child.get(_W + key, "") if child is not None else ""


def toggle(properties: Element | None, name: str, otherwise: bool) -> bool:
    """Return whether a property such as bold is on; ``otherwise`` when nothing is said."""
    child = properties.find(_W + name) if properties is not None else None
    if child is None:
        return otherwise
    return child.get(f"{_W}val", "true").lower() not in ("0", "false", "off", "none")


def switched(look: Run, properties: Element | None) -> Run:
    """Return a look with what run properties switch on and off."""
    strike = toggle(properties, "dstrike", look.strike)
    return replace(
        look,
        strong=toggle(properties, "b", look.strong),
        em=toggle(properties, "i", look.em),
        strike=toggle(properties, "strike", strike),
    )


class Styles:
    """The styles of a document, by id."""

    def __init__(self, root: Element) -> None:
        self._styles = {
            style.get(f"{_W}styleId", ""): style for style in root.iterfind(f"{_W}style")
        }

    def heading_level(self, style: str, properties: Element | None) -> int:
        """Return a paragraph's heading level, 1 to 9; 0 for body text."""
        outline = attribute(properties, "outlineLvl")
        for element in self._chain(style):
            name = self._name(element)
            match = _HEADING.fullmatch(name)
            if match:
                return int(match[1])
            if name == "title":
                return 1
            outline = outline or attribute(element.find(f"{_W}pPr"), "outlineLvl")
        return int(outline) + 1 if re.fullmatch("[0-8]", outline) else 0

    def numbering(self, style: str, properties: Element | None) -> tuple[str, int]:
        """Return a paragraph's list (empty for none) and its level in it, from 0."""
        for source in (properties, *(e.find(f"{_W}pPr") for e in self._chain(style))):
            numbering = source.find(f"{_W}numPr") if source is not None else None
            number = attribute(numbering, "numId")
            if number:
                return ("" if number == "0" else number), _level(attribute(numbering, "ilvl"))
        return "", 0

    def look(self, style: str, look: Run) -> Run:
        """Return a look with what a character style adds to it."""
        for element in reversed(list(self._chain(style))):
            look = switched(look, element.find(f"{_W}rPr"))
            look = replace(look, code=look.code or self._name(element) in _CODE_LETTERS)
        return look

    def is_code(self, style: str) -> bool:
        """Whether a paragraph style is for code."""
        return any(self._name(element) in _CODE for element in self._chain(style))

    def is_quote(self, style: str) -> bool:
        """Whether a paragraph style is for quotations."""
        return any(self._name(element) in _QUOTES for element in self._chain(style))

    def _chain(self, style: str) -> Iterator[Element]:
        """Yield a style and those it builds on."""
        for _ in range(20):
            element = self._styles.get(style)
            if element is None:
                return
            yield element
            style = attribute(element, "basedOn")

    def _name(self, element: Element) -> str:
        return attribute(element, "name").lower()


class Numbering:
    """The lists of a document, by number."""

    def __init__(self, root: Element) -> None:
        self._abstract = {
            element.get(f"{_W}abstractNumId", ""): element
            for element in root.iterfind(f"{_W}abstractNum")
        }
        self._numbers = {
            element.get(f"{_W}numId", ""): element for element in root.iterfind(f"{_W}num")
        }

    def kind(self, number: str, level: int) -> str:
        """Return a level's number format, such as "decimal", "bullet" or "none"."""
        if not number:
            return ""
        found = self._find(number, level)
        return attribute(found, "numFmt") or "bullet"

    def start(self, number: str, level: int) -> int:
        """Return what a level's numbers start from."""
        element = self._numbers.get(number)
        for override in element.iterfind(f"{_W}lvlOverride") if element is not None else ():
            if override.get(f"{_W}ilvl") == str(level):
                text = attribute(override, "startOverride")
                if re.fullmatch("[0-9]{1,9}", text):
                    return int(text)
        text = attribute(self._find(number, level), "start")
        return int(text) if re.fullmatch("[0-9]{1,9}", text) else 1

    def _find(self, number: str, level: int) -> Element | None:
        name = attribute(self._numbers.get(number), "abstractNumId")
        abstract = self._abstract.get(name)
        for element in abstract.iterfind(f"{_W}lvl") if abstract is not None else ():
            if element.get(f"{_W}ilvl") == str(level):
                return element
        return None


def _level(text: str) -> int:
    return int(text) if re.fullmatch("[0-8]", text) else 0
