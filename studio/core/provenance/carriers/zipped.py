"""EPUB, DOCX and ODT: one XMP file of ours among the members, all members stored.

Stored, not deflated, since content credentials bind the bytes of the members as they lie there.
The name is free in each format: ``META-INF`` belongs to the container in EPUB (OCF 3.3, 4.2.6)
and ODF (1.3, part 2, 3.2); a part that nothing refers to is allowed in OPC.
"""

from __future__ import annotations

import io
import zipfile

from studio.core.provenance import xmp
from studio.core.provenance.carriers import Found, found_in_xmp
from studio.core.provenance.media_types import Bytes

CREDENTIAL = "META-INF/content_credential.c2pa"
_NAMES = ("META-INF/triptych.xmp", "docProps/triptych.xml")
_MAX_MEMBERS = 10_000
_MAX_BYTES = 2**30
_MAX_RATIO = 200
_FREE_BYTES = 16 * 2**20


def write(data: bytes, mark: xmp.Mark) -> bytes:
    """Return the document with our member, every member stored."""
    with _opened(data) as archive:
        names = archive.namelist()
        name = _NAMES["[Content_Types].xml" in names]
        existing = archive.read(name).decode("utf-8", "replace") if name in names else ""
        return _stored(archive, {name: xmp.packet(mark, existing).encode("utf-8")})


def read(data: Bytes) -> Found:
    """Return what our member says."""
    with _opened(data) as archive:
        for name in _NAMES:
            if name in archive.namelist():
                return found_in_xmp(archive.read(name).decode("utf-8", "replace"))
    return Found()


def strip(data: bytes) -> bytes:
    """Return the document as it is: no program is known to leave prompts in one."""
    return data


def content(data: Bytes) -> list[Bytes]:
    """Return name and content of every member that is neither ours nor a credential."""
    with _opened(data) as archive:
        listed = {name for name in archive.namelist() if not name.endswith("/")}
        names = sorted(listed - {*_NAMES, CREDENTIAL})
        return [part for name in names for part in (name.encode("utf-8"), archive.read(name))]


def unsigned(data: bytes) -> bytes:
    """Return the document less its content credential, every member stored."""
    with _opened(data) as archive:
        return _stored(archive, {})


def _opened(data: Bytes) -> zipfile.ZipFile:
    """Return the archive, once its directory promises nothing outrageous.

    Raises:
        ValueError: Too many members, or too much in them.
    """
    archive = zipfile.ZipFile(io.BytesIO(data))
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > _MAX_MEMBERS or total > _MAX_BYTES:
        raise ValueError("too much in one document")
    if total > _FREE_BYTES and total > packed * _MAX_RATIO:
        raise ValueError("the document unpacks to far more than it is")
    return archive


def _stored(archive: zipfile.ZipFile, added: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    # A credential holds for the bytes it was made for; a new one is signed over these.
    gone = {*added, CREDENTIAL, "META-INF/"}
    members = [m for m in archive.infolist() if m.filename not in gone]
    # The media type must be the first member, so that it can be told without unpacking.
    members.sort(key=lambda member: member.filename != "mimetype")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for member in members:
            plain = zipfile.ZipInfo(member.filename, member.date_time)
            plain.external_attr = member.external_attr
            target.writestr(plain, archive.read(member))
        for name, body in added.items():
            target.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), body)
    return out.getvalue()
