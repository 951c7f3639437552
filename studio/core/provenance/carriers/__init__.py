"""How each file format carries the record and the mark, one module a format.

Every module keeps the same contract, :class:`Carrier`, and imports nothing but the standard
library, so that the library can read a hundred thousand files without decoding one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from studio.core.provenance.media_types import DOCX, EPUB, ODT, Bytes


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a file's metadata holds.

    Attributes:
        record: Our record as JSON; empty when there is none.
        xmp: The XMP packet; empty when there is none.
        settings: Settings another program left, such as A1111's ``parameters``.
    """

    record: str = ""
    xmp: str = ""
    settings: str = ""


class Carrier(Protocol):
    """What every format module can do; a malformed file raises one of ``MALFORMED``."""

    def write(self, data: bytes, record: str, source_type: str) -> bytes:
        """Return the file with record (JSON) and mark; an older record is replaced."""

    def read(self, data: Bytes) -> Found:
        """Return what the metadata holds."""

    def strip(self, data: bytes) -> bytes:
        """Return the file less the settings that other programs left; marks stay."""

    def content(self, data: Bytes) -> list[Bytes]:
        """Return the pieces that are content, in order; metadata is none."""


def carrier_of(media_type: str) -> Carrier | None:
    """Return the module for a media type; ``None`` when the format can carry nothing here."""
    from studio.core.provenance.carriers import text

    if media_type in ("text/markdown", "text/plain"):
        return text
    return None


__all__ = ["DOCX", "EPUB", "ODT", "Carrier", "Found", "carrier_of"]
