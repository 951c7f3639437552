"""A sound document as the project keeps it: a small JSON and pages of clips and sounds.

Clips and sounds lie in pages named by their SHA-256. Where one page ends and the next begins
depends on the records themselves, so that an edit anywhere in an audiobook writes one or two
pages anew and names all others.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from studio.core.artifacts import SpokenMark
from studio.core.errors import BadInputError, DamagedFileError, NewerFormatError, StudioError
from studio.documents.soundtrack.model import (
    Arrangement,
    Clip,
    Fade,
    Marker,
    Source,
    Take,
    Track,
)
from studio.documents.soundtrack.soundtrack import Soundtrack

PAYLOAD_FORMAT = 1
_PAGE_RECORDS = 48

T = TypeVar("T")


@dataclass(frozen=True)
class Written:
    """A document ready to be kept.

    Attributes:
        payload: The small JSON.
        pages: What it names, by SHA-256.
    """

    payload: bytes
    pages: Mapping[str, bytes]


def written(arrangement: Arrangement, sources: Iterable[Source]) -> Written:
    """Return an arrangement as it is kept, with those of ``sources`` that it needs."""
    pages: dict[str, bytes] = {}
    needed = arrangement.sources()
    used = sorted((s for s in sources if s.sha256 in needed), key=lambda s: s.sha256)
    plain = {
        "format": PAYLOAD_FORMAT,
        "sampling_rate": arrangement.sampling_rate,
        "loop": arrangement.loop,
        "markers": [_plain(marker) for marker in arrangement.markers],
        "tracks": [_plain_track(track, pages) for track in arrangement.tracks],
        "sources": _paged([(each.sha256, _plain(each)) for each in used], pages),
    }
    return Written(_to_json(plain), pages)


def read(payload: bytes, page: Callable[[str], bytes]) -> Soundtrack:
    """Read what :func:`written` made.

    Args:
        payload: The small JSON.
        page: Returns a page by its name.

    Raises:
        NewerFormatError: A newer Triptych wrote it.
        DamagedFileError: It is not what was written.
    """
    try:
        plain = json.loads(payload)
        if int(plain["format"]) > PAYLOAD_FORMAT:
            raise NewerFormatError(
                "A newer Triptych made this sound document.", hint="Update Triptych to open it."
            )
        arrangement = Arrangement(
            sampling_rate=plain["sampling_rate"],
            loop=None if plain["loop"] is None else (plain["loop"][0], plain["loop"][1]),
            markers=tuple(_made(Marker, each) for each in plain["markers"]),
            tracks=tuple(_track(each, page) for each in plain["tracks"]),
        )
        sources = [_source(each) for each in _records(plain["sources"], page)]
        return Soundtrack(arrangement, sources)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise _damaged(str(error)) from error
    except BadInputError as error:
        raise _damaged(error.user_message) from error


def source_parts(payload: bytes, page: Callable[[str], bytes]) -> set[str]:
    """Return the names of the pieces of every sound a kept state needs.

    Raises:
        DamagedFileError: It is not what was written.
    """
    try:
        records = _records(json.loads(payload)["sources"], page)
        return {str(name) for record in records for name in record["parts"]}
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(str(error)) from error


def _plain_track(track: Track, pages: dict[str, bytes]) -> dict[str, Any]:
    plain = _plain(track)
    plain["clips"] = _paged([(clip.id, _plain_clip(clip)) for clip in track.clips], pages)
    return plain


def _plain_clip(clip: Clip) -> dict[str, Any]:
    plain = _plain(clip)
    plain["takes"] = [_plain_take(take) for take in clip.takes]
    plain["fade_in"], plain["fade_out"] = _plain(clip.fade_in), _plain(clip.fade_out)
    plain["meta"] = dict(clip.meta)
    return plain


def _plain_take(take: Take) -> dict[str, Any]:
    plain = _plain(take)
    plain["facts"] = dict(take.facts)
    plain["marks"] = [[mark.start_s, mark.end_s, mark.text] for mark in take.marks]
    return plain


def _plain(item: Any) -> dict[str, Any]:
    return {field.name: getattr(item, field.name) for field in fields(item)}


def _paged(records: Sequence[tuple[str, dict[str, Any]]], pages: dict[str, bytes]) -> list[str]:
    """Put records into pages and return the pages' names in order."""
    names: list[str] = []
    page: list[dict[str, Any]] = []
    for number, (key, record) in enumerate(records, start=1):
        page.append(record)
        last = hashlib.sha256(key.encode("utf-8")).digest()[0] < 256 // _PAGE_RECORDS
        if last or len(page) >= 8 * _PAGE_RECORDS or number == len(records):
            data = _to_json(page)
            name = hashlib.sha256(data).hexdigest()
            pages[name] = data
            names.append(name)
            page = []
    return names


def _to_json(plain: Any) -> bytes:
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def _records(names: Sequence[str], page: Callable[[str], bytes]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in names:
        found += json.loads(page(name))
    return found


def _track(plain: Mapping[str, Any], page: Callable[[str], bytes]) -> Track:
    clips = tuple(_clip(each) for each in _records(plain["clips"], page))
    return _made(Track, {**plain, "clips": clips})


def _clip(plain: Mapping[str, Any]) -> Clip:
    values = dict(plain)
    values["takes"] = tuple(_take(each) for each in plain["takes"])
    values["fade_in"] = _made(Fade, plain["fade_in"])
    values["fade_out"] = _made(Fade, plain["fade_out"])
    return _made(Clip, values)


def _take(plain: Mapping[str, Any]) -> Take:
    marks = tuple(SpokenMark(start_s=s, end_s=e, text=t) for s, e, t in plain.get("marks", ()))
    return _made(Take, {**plain, "marks": marks})


def _source(plain: Mapping[str, Any]) -> Source:
    values = {**plain, "parts": tuple(plain["parts"]), "notices": tuple(plain["notices"])}
    return _made(Source, values)


def _made(kind: type[T], plain: Mapping[str, Any]) -> T:
    """Return an object from its fields; names a newer version added are left out."""
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in plain.items() if name in known})


def _damaged(reason: str) -> StudioError:
    return DamagedFileError(
        "This sound document could not be read.",
        hint="Restore an earlier state of it from the project's history.",
        reason=reason,
    )
