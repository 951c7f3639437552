"""PDF: mark and record in the document's XMP metadata stream, as an incremental update.

Structure after ISO 32000-2, sections 7.5 and 14.3. Nothing before is moved: a new revision is put
after the last one, and the packet before it is blanked, so that no prompt stays behind.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass

from studio.core.provenance import xmp
from studio.core.provenance.carriers import Found, found_in_xmp
from studio.core.provenance.media_types import Bytes

_MAX_PACKET = 64 * 2**20


@dataclass(frozen=True)
class _Document:
    """What an update must know.

    Attributes:
        trailer: The inside of the newest trailer dictionary.
        is_stream: The cross-reference is a stream, not a table.
        xref: Where it stands.
        size: The first object number that is free.
        root: Number and generation of the catalog, as written.
        catalog: The inside of the catalog.
    """

    trailer: bytes
    is_stream: bool
    xref: int
    size: int
    root: bytes
    catalog: bytes


def write(data: bytes, mark: xmp.Mark) -> bytes:
    """Return the document with the metadata stream set."""
    document = _document(data)
    place = _metadata(data, document)
    existing = _packet_at(data, place) if place else ""
    return _with_packet(data, document, xmp.packet(mark, existing).encode("utf-8"))


def read(data: Bytes) -> Found:
    """Return what the newest metadata stream says."""
    whole = bytes(data)
    try:
        document = _document(whole)
        place = _metadata(whole, document)
        packet = _packet_at(whole, place) if place else ""
    except (ValueError, IndexError, struct.error, zlib.error):
        packet = ""
    # Programs that rewrite a document may hide its catalog in a compressed stream.
    return found_in_xmp(packet or xmp.find_packet(whole[whole.rfind(b"<?xpacket begin") :]))


def strip(data: bytes) -> bytes:
    """Return the document less properties in which programs leave prompts."""
    document = _document(data)
    place = _metadata(data, document)
    if not place:
        return data
    packet = xmp.without_prompts(_packet_at(data, place))
    return _with_packet(data, document, packet.encode("utf-8"))


def content(data: Bytes) -> list[Bytes]:
    """Return nothing: signing a PDF writes its objects anew, so no part stays as it is."""
    return []


def _document(data: bytes) -> _Document:
    found = re.findall(rb"startxref\s+(\d+)\s+%%EOF", data[-2048:])
    xref = int(found[-1])
    is_stream = not data.startswith(b"xref", xref)
    start = data.index(b"<<", xref) if is_stream else data.index(b"trailer", xref)
    trailer = _dictionary(data, start)
    if b"/Encrypt" in trailer:
        raise NotImplementedError("an encrypted PDF")
    root = re.search(rb"/Root\s+(\d+\s+\d+)\s+R", trailer)
    size = re.search(rb"/Size\s+(\d+)", trailer)
    if root is None or size is None:
        raise ValueError("the PDF has no catalog")
    catalog = _dictionary(data, _object(data, root[1]))
    return _Document(trailer, is_stream, xref, int(size[1]), root[1], catalog)


def _object(data: bytes, reference: bytes) -> int:
    """Return where the newest version of an object's body starts."""
    number, generation = reference.split()
    places = list(re.finditer(rb"(?<!\d)%s\s+%s\s+obj\b" % (number, generation), data))
    if not places:
        raise NotImplementedError("a PDF object in a compressed stream")
    return places[-1].end()


def _dictionary(data: bytes, at: int) -> bytes:
    """Return the inside of the dictionary that starts at or after ``at``."""
    start = data.index(b"<<", at)
    depth = 0
    for token in re.compile(rb"<<|>>").finditer(data, start):
        depth += 1 if token[0] == b"<<" else -1
        if depth == 0:
            return data[start + 2 : token.start()]
    raise ValueError("a PDF dictionary has no end")


def _metadata(data: bytes, document: _Document) -> bytes:
    """Return the reference of the metadata stream, or b""."""
    found = re.search(rb"/Metadata\s+(\d+\s+\d+)\s+R", document.catalog)
    return found[1] if found else b""


def _stream(data: bytes, reference: bytes) -> tuple[bytes, int, int]:
    """Return a stream's dictionary and where its data starts and ends."""
    at = _object(data, reference)
    dictionary = _dictionary(data, at)
    start = re.compile(rb"stream\r?\n").search(data, at + len(dictionary))
    if start is None:
        raise ValueError("a PDF stream is missing")
    length = re.search(rb"/Length\s+(\d+)(?!\s+\d+\s+R)", dictionary)
    end = start.end() + int(length[1]) if length else data.index(b"endstream", start.end())
    if end > len(data):
        raise ValueError("a PDF stream leaves the file")
    return dictionary, start.end(), end


def _packet_at(data: bytes, reference: bytes) -> str:
    dictionary, start, end = _stream(data, reference)
    raw = data[start:end]
    if b"/FlateDecode" in dictionary:
        raw = zlib.decompressobj().decompress(raw, _MAX_PACKET)
    elif b"/Filter" in dictionary:
        raise NotImplementedError("PDF metadata in an unusual coding")
    return raw.decode("utf-8", "replace")


def _with_packet(data: bytes, document: _Document, raw: bytes) -> bytes:
    out = bytearray(data)
    reference = _metadata(data, document)
    objects: list[tuple[bytes, bytes]] = []
    if reference:
        _, start, end = _stream(data, reference)
        out[start:end] = b" " * (end - start)
    else:
        reference = b"%d 0" % document.size
        catalog = b"<< /Metadata %s R %s >>" % (reference, document.catalog)
        objects.append((document.root, catalog))
    head = b"<< /Type /Metadata /Subtype /XML /Length %d >>\nstream\n" % len(raw)
    objects.append((reference, head + raw + b"\nendstream"))
    if not out.endswith(b"\n"):
        out += b"\n"
    places: dict[int, tuple[int, int]] = {}
    for name, body in objects:
        number, generation = (int(part) for part in name.split())
        places[number] = (len(out), generation)
        out += b"%s obj\n%s\nendobj\n" % (name, body)
    return bytes(out) + _cross_reference(document, places, len(out))


def _cross_reference(document: _Document, places: dict[int, tuple[int, int]], here: int) -> bytes:
    """Return the update's table or stream, in the kind the document uses."""
    size = max(document.size, *(number + 1 for number in places))
    if document.is_stream:
        places = {**places, size: (here, 0)}
        size += 1
    kept = re.sub(rb"/(Size|Prev|XRefStm|Length)\s+\d+", b"", document.trailer)
    kept = re.sub(rb"/(W|Index)\s*\[[^\]]*\]|/Type\s*/XRef", b"", kept)
    kept = re.sub(rb"/Filter\s*(/\w+|\[[^\]]*\])|/DecodeParms\s*(<<.*?>>|\[.*?\])", b"", kept)
    trailer = b"%s /Size %d /Prev %d" % (kept.strip(), size, document.xref)
    end = b"startxref\n%d\n%%%%EOF\n" % here
    ordered = sorted(places.items())
    if not document.is_stream:
        rows = b"".join(b"%d 1\n%010d %05d n\r\n" % (n, at, g) for n, (at, g) in ordered)
        return (
            b"xref\n0 1\n0000000000 65535 f\r\n" + rows + b"trailer\n<< " + trailer + b" >>\n" + end
        )
    rows = b"".join(struct.pack(">BIH", 1, at, g) for _, (at, g) in ordered)
    index = b" ".join(b"%d 1" % number for number, _ in ordered)
    return (
        b"%d 0 obj\n<< /Type /XRef /W [1 4 2] /Index [%s] /Length %d %s >>\nstream\n"
        % (size - 1, index, len(rows), trailer)
        + rows
        + b"\nendstream\nendobj\n"
        + end
    )
