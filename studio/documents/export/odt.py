"""OpenDocument texts, read; Qt cannot. :mod:`odt_writer` writes them."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from studio.core.errors import BadInputError
from studio.documents.export.archive import Archive
from studio.documents.export.tree import Block, Kind, Run, merged, safe_link, trimmed

TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"

MAX_DEPTH = 60
MAX_SPACES = 1000

_SKIPPED = {f"{TEXT}note", f"{OFFICE}annotation", f"{TEXT}tracked-changes", f"{OFFICE}forms"}


def read(archive: Archive) -> tuple[Block, ...]:
    """Return the text of an OpenDocument file.

    Raises:
        BadInputError: It is none.
    """
    try:
        content = ElementTree.fromstring(archive.read("content.xml"))
        styles = archive.read("styles.xml") if "styles.xml" in archive.names() else b"<none/>"
        shared = ElementTree.fromstring(styles)
    except ElementTree.ParseError as error:
        raise BadInputError(
            f"{archive.path.name} is not a text this program can read.", reason=str(error)
        ) from error
    reader = _Reader(content, shared)
    body = content.find(f"{OFFICE}body/{OFFICE}text")
    for child in body if body is not None else ():
        reader.take(child, 0)
    return tuple(reader.blocks)


class _Reader:
    def __init__(self, content: ElementTree.Element, shared: ElementTree.Element) -> None:
        self.blocks: list[Block] = []
        self._looks: dict[str, dict[str, bool]] = {}
        self._parents: dict[str, str] = {}
        self._numbered: set[str] = set()
        for root in (shared, content):
            for style in root.iter(f"{STYLE}style"):
                self._learn(style)
            for style in root.iter(f"{TEXT}list-style"):
                if style.find(f"{TEXT}list-level-style-number") is not None:
                    self._numbered.add(style.get(f"{STYLE}name", ""))

    def take(
        self,
        element: ElementTree.Element,
        level: int,
        ordered: bool = False,
        item: bool = False,
        depth: int = 0,
    ) -> None:
        if element.tag in _SKIPPED or depth > MAX_DEPTH:
            return
        if element.tag == f"{TEXT}h":
            outline = element.get(f"{TEXT}outline-level", "1")
            number = int(outline) if outline.isdigit() else 1
            self._add(Kind.HEADING, element, max(1, min(6, number)))
        elif element.tag == f"{TEXT}p":
            kind = Kind.ITEM if item else self._kind(element)
            self._add(kind, element, level if item else 0, ordered and item)
        elif element.tag == f"{TEXT}list":
            name = element.get(f"{TEXT}style-name", "")
            numbered = name in self._numbered if name else ordered
            for entry in element:
                self._take_item(entry, level, numbered, depth)
        else:
            for child in element:
                self.take(child, level, ordered, item, depth + 1)

    def _take_item(self, entry: ElementTree.Element, level: int, ordered: bool, depth: int) -> None:
        first = True
        for child in entry:
            if child.tag == f"{TEXT}list":
                self.take(child, level + 1, ordered, depth=depth + 1)
            else:
                self.take(child, level, ordered, first, depth + 1)
                first = False

    def _learn(self, style: ElementTree.Element) -> None:
        name = style.get(f"{STYLE}name", "")
        self._parents[name] = style.get(f"{STYLE}parent-style-name", "")
        found = style.find(f"{STYLE}text-properties")
        if found is None:
            return
        look: dict[str, bool] = {}
        weight = found.get(f"{FO}font-weight")
        if weight is not None:
            look["bold"] = weight == "bold" or (weight.isdigit() and int(weight) >= 600)
        slant = found.get(f"{FO}font-style")
        if slant is not None:
            look["italic"] = slant in ("italic", "oblique")
        if found.get(f"{STYLE}text-line-through-style", "none") != "none":
            look["strike"] = True
        family = f"{found.get(f'{STYLE}font-name', '')} {found.get(f'{FO}font-family', '')}".lower()
        if "mono" in family or "courier" in family:
            look["code"] = True
        self._looks[name] = look

    def _kind(self, element: ElementTree.Element) -> Kind:
        name = element.get(f"{TEXT}style-name", "")
        for _ in range(10):
            plain = name.lower()
            if "quot" in plain:
                return Kind.QUOTE
            if "preformatted" in plain:
                return Kind.CODE
            if "horizontal" in plain:
                return Kind.RULE
            name = self._parents.get(name, "")
        return Kind.PARAGRAPH

    def _add(
        self, kind: Kind, element: ElementTree.Element, level: int, ordered: bool = False
    ) -> None:
        runs = trimmed(self._runs(element, Run(""), 0))
        if kind is Kind.HEADING:  # a heading is bold by its style, not by emphasis
            runs = merged(replace(run, bold=False) for run in runs)
        if kind is Kind.RULE and runs:
            kind = Kind.PARAGRAPH
        if kind is Kind.CODE:
            runs = merged([Run("".join(run.text for run in runs))])
        if runs or kind in (Kind.ITEM, Kind.RULE):
            self.blocks.append(Block(kind, runs, level, ordered))

    def _runs(self, element: ElementTree.Element, look: Run, depth: int) -> list[Run]:
        if depth > MAX_DEPTH:
            return []
        found = [replace(look, text=_collapsed(element.text))]
        for child in element:
            found += self._child(child, look, depth)
            found.append(replace(look, text=_collapsed(child.tail)))
        return found

    def _child(self, child: ElementTree.Element, look: Run, depth: int) -> list[Run]:
        if child.tag == f"{TEXT}line-break":
            return [replace(look, text="\n")]
        if child.tag == f"{TEXT}tab":
            return [replace(look, text="\t")]
        if child.tag == f"{TEXT}s":
            count = child.get(f"{TEXT}c", "1")
            return [replace(look, text=" " * min(MAX_SPACES, int(count) if count.isdigit() else 1))]
        if child.tag == f"{TEXT}a":
            link = safe_link(child.get(f"{XLINK}href", ""))
            return self._runs(child, replace(look, link=link), depth + 1)
        if child.tag == f"{TEXT}span":
            name = child.get(f"{TEXT}style-name", "")
            return self._runs(child, look.styled(self._look_of(name)), depth + 1)
        if child.tag in _SKIPPED:
            return []
        return self._runs(child, look, depth + 1)

    def _look_of(self, name: str) -> dict[str, bool]:
        chain: list[dict[str, bool]] = []
        for _ in range(10):
            chain.append(self._looks.get(name, {}))
            name = self._parents.get(name, "")
        result: dict[str, bool] = {}
        for look in reversed(chain):
            result |= look
        return result


def _collapsed(text: str | None) -> str:
    if not text:
        return ""
    ends = (" " if text[0].isspace() else "", " " if text[-1].isspace() else "")
    inner = " ".join(text.split())
    return ends[0] + inner + ends[1] if inner else " "
