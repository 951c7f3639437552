"""How each file format carries the record and the mark, one module a format.

Every module keeps the same contract, :class:`Carrier`, and imports nothing but the standard
library, so that the library can read a hundred thousand files without decoding one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from studio.core.provenance.media_types import DOCX, EPUB, ODT, Bytes
from studio.core.provenance.xmp import Mark

_FOREIGN = """
parameters prompt workflow negative_prompt invokeai_metadata invokeai_graph sd-metadata dream
fooocus_scheme sui_image_params generation_data comment description usercomment title
"""
FOREIGN_KEYS = frozenset(_FOREIGN.split())
"""Names under which programs keep prompts and settings, in small letters."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a file's metadata holds.

    Attributes:
        record: Our record as JSON; empty when there is none.
        source_type: The IPTC source type; empty when there is none.
        settings: Settings another program left, such as A1111's ``parameters``.
    """

    record: str = ""
    source_type: str = ""
    settings: str = ""


class Carrier(Protocol):
    """What every format module can do; a malformed file raises one of ``MALFORMED``."""

    def write(self, data: bytes, mark: Mark) -> bytes:
        """Return the file with the mark; an older one of ours is replaced."""

    def read(self, data: Bytes) -> Found:
        """Return what the metadata holds."""

    def strip(self, data: bytes) -> bytes:
        """Return the file less the settings that other programs left; marks stay."""

    def content(self, data: Bytes) -> list[Bytes]:
        """Return the pieces that are content, in order; metadata is none."""


def carrier_of(media_type: str) -> Carrier | None:
    """Return the module for a media type; ``None`` when the format can carry nothing here."""
    from studio.core.provenance.carriers import (
        avif,
        flac,
        id3,
        jpeg,
        ogg,
        pdf,
        png,
        riff,
        text,
        tiff,
        zipped,
    )

    carriers: dict[str, Carrier] = {
        "text/markdown": text,
        "text/plain": text,
        "image/png": png,
        "image/jpeg": jpeg,
        "image/webp": riff,
        "audio/wav": riff,
        "image/avif": avif,
        "image/tiff": tiff,
        "audio/mpeg": id3,
        "audio/flac": flac,
        "audio/ogg": ogg,
        "application/pdf": pdf,
        EPUB: zipped,
        DOCX: zipped,
        ODT: zipped,
    }
    return carriers.get(media_type)


def sound_pieces_of(
    media_type: str,
) -> Callable[[Bytes, Mark], Iterator[Bytes]] | None:
    """Return what writes a mark into a sound piece by piece; ``None`` for other formats."""
    from studio.core.provenance.carriers import flac, id3, ogg, riff

    writers: dict[str, Callable[[Bytes, Mark], Iterator[Bytes]]] = {
        "audio/wav": riff.pieces,
        "audio/mpeg": id3.pieces,
        "audio/flac": flac.pieces,
        "audio/ogg": ogg.pieces,
    }
    return writers.get(media_type)


def found_in_xmp(xmp: str, *, record: str = "", settings: str = "") -> Found:
    """Return what a packet says; ``record`` stands in where the packet holds none."""
    from studio.core.provenance.xmp import record_in, source_type_in

    return Found(
        record=record or record_in(xmp), source_type=source_type_in(xmp), settings=settings
    )
