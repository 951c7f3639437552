"""XMP packets: made, merged into what a file already has, and read without trusting them.

The mark is ``Iptc4xmpExt:DigitalSourceType`` of the IPTC Photo Metadata Standard 2025.1; packets
follow ISO 16684-1. What a file's packet said before stays, since rights and captions are the
user's: one ``rdf:Description`` of ours is put in, and an older one of ours taken out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree import ElementTree

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
IPTC_EXT = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
TRIPTYCH = "urn:x-triptych:provenance:1.0#"
NOTE = "http://ns.adobe.com/xmp/note/"
_PROMPTS = (
    ("http://ns.adobe.com/exif/1.0/", "UserComment"),
    ("http://purl.org/dc/elements/1.1/", "description"),
    (IPTC_EXT, "AIPromptInformation"),
    (IPTC_EXT, "AIPromptWriterName"),
)
_OURS = (
    (TRIPTYCH, "Record"),
    (IPTC_EXT, "DigitalSourceType"),
    (IPTC_EXT, "AISystemUsed"),
    (NOTE, "HasExtendedXMP"),
)
_EMPTY = re.compile(
    r"""<([\w.-]+:Description)(?:\s+(?:xmlns:[\w.-]+|[\w.-]+:about)\s*=\s*("[^"]*"|'[^']*'))*\s*"""
    r"(?:/>|>\s*</\1\s*>)\s*"
)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MAX_PACKET = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What a carrier writes.

    Attributes:
        source_type: The IPTC digital source type, as its full address.
        record: The record as JSON.
        system: Program and model, for ``AISystemUsed``.
    """

    source_type: str
    record: str = ""
    system: str = ""


def packet(mark: Mark, existing: str = "", *, extended: str = "") -> str:
    """Return a packet that carries the mark, merged into ``existing``.

    Args:
        mark: What to say; an empty ``record`` is left out.
        existing: The packet the file has, or "".
        extended: MD5 of the extended packet (JPEG only), in capital hexadecimal.
    """
    kept = without_ours(existing)
    end = re.search(r"</(?P<r>[\w.-]+):RDF\s*>", kept)
    if end is not None:
        about = re.search(r"""\babout\s*=\s*["']([^"']*)["']""", kept)
        ours = _description(end["r"], about[1] if about else "", mark, extended)
        merged = kept[: end.start()] + ours + kept[end.start() :]
        if _parsed(merged) is not None:
            return merged
    return _new_packet(_description("rdf", "", mark, extended))


def without_ours(existing: str) -> str:
    """Return the packet less what we wrote; "" when nothing of anyone else is left."""
    if _parsed(existing) is None:
        return ""
    for namespace, name in _OURS:
        existing = _without_property(existing, namespace, name)
    existing = _EMPTY.sub(lambda match: "" if TRIPTYCH in match[0] else match[0], existing)
    return existing if ":Description" in _EMPTY.sub("", existing) else ""


def without_prompts(existing: str) -> str:
    """Return the packet less the properties in which programs leave prompts."""
    if _parsed(existing) is None:
        return ""
    for namespace, name in _PROMPTS:
        existing = _without_property(existing, namespace, name)
    return existing


def source_type_in(text: str) -> str:
    """Return the IPTC source type a packet names, or ""."""
    return _value(text, f"{{{IPTC_EXT}}}DigitalSourceType").strip()


def record_in(text: str) -> str:
    """Return our record in a packet, as JSON, or ""."""
    return _value(text, f"{{{TRIPTYCH}}}Record")


def find_packet(data: bytes) -> str:
    """Return the first packet in a file, found by its processing instructions, or ""."""
    start = data.find(b"<?xpacket begin=")
    end = data.find(b"<?xpacket end=", start)
    if start < 0 or end < 0:
        return ""
    return data[start : data.find(b"?>", end) + 2].decode("utf-8", "replace")


def _description(rdf: str, about: str, mark: Mark, extended: str) -> str:
    fields = [("Iptc4xmpExt:DigitalSourceType", mark.source_type)]
    if mark.system:
        fields.append(("Iptc4xmpExt:AISystemUsed", mark.system))
    if mark.record:
        fields.append(("triptych:Record", mark.record))
    if extended:
        fields.append(("xmpNote:HasExtendedXMP", extended))
    body = "".join(f"<{name}>{_escaped(value)}</{name}>\n" for name, value in fields)
    return (
        f'<{rdf}:Description {rdf}:about="{about}" xmlns:Iptc4xmpExt="{IPTC_EXT}"'
        f' xmlns:xmpNote="{NOTE}" xmlns:triptych="{TRIPTYCH}">\n{body}</{rdf}:Description>\n'
    )


def _escaped(text: str) -> str:
    # Written out, since xml.sax.saxutils brings 30 ms of urllib along.
    text = _NO_XML.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _new_packet(description: str) -> str:
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n<rdf:RDF xmlns:rdf="{RDF}">\n'
        f'{description}</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
    )


def _without_property(text: str, namespace: str, name: str) -> str:
    """Return the packet less one property, written as an element or as an attribute."""
    bound = re.findall(rf"""xmlns:([\w.-]+)\s*=\s*["']{re.escape(namespace)}["']""", text)
    for prefix in set(bound):
        whole = rf"{re.escape(prefix)}:{re.escape(name)}"
        text = re.sub(rf"<{whole}(\s[^>]*)?/>\s*", "", text)
        text = re.sub(rf"<{whole}(\s[^>]*)?>.*?</{whole}\s*>\s*", "", text, flags=re.S)
        text = re.sub(rf"""\s{whole}\s*=\s*("[^"]*"|'[^']*')""", "", text)
    return text


def _value(text: str, name: str) -> str:
    root = _parsed(text)
    if root is None:
        return ""
    for element in root.iter():
        if element.tag == name:
            resource = element.get(f"{{{RDF}}}resource")
            return resource or "".join(element.itertext())
        if name in element.attrib:
            return element.attrib[name]
    return ""


def _parsed(text: str) -> ElementTree.Element | None:
    # No XMP has a document type; refusing one leaves no entity that could grow.
    if not text.strip() or len(text) > _MAX_PACKET or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return None
    try:
        return ElementTree.fromstring(text.strip("\ufeff\x00 \r\n\t"))
    except (ElementTree.ParseError, ValueError, RecursionError):
        return None
