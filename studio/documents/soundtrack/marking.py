"""What an exported sound says about where it came from, and the title in its tags."""

from __future__ import annotations

import struct
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from studio.core.provenance.record import Ingredient, Origin, ProvenanceRecord
from studio.documents.soundtrack.model import Arrangement, Clip, Source

MENDED = "mended"
"""Name of a take's fact that says what was done to its sound, in words."""
ModelFacts = Callable[[str], tuple[str, str]]
"""(title, licence) of a model by its id; ("", "") when it is not known."""


@dataclass(frozen=True)
class _Heard:
    clip: Clip
    length: int


def record_of_sound(
    arrangement: Arrangement,
    sources: Collection[Source],
    span: tuple[int, int],
    *,
    only: Collection[str] | None = None,
    model_facts: ModelFacts = lambda _model: ("", ""),
) -> ProvenanceRecord | None:
    """Return where the sound of a stretch came from; ``None`` when no model made any of it.

    Of several requests, the one that made the most stands in the record.

    Args:
        arrangement: What is exported.
        sources: What is known of its sounds.
        span: (start, end) of the stretch.
        only: Ids of the clips that are heard; ``None`` for all that are.
        model_facts: Title and licence of a model.
    """
    known = {source.sha256: source for source in sources}
    heard = _heard(arrangement, span, only)
    made = [each for each in heard if _by_model(each.clip, known)]
    if not made:
        return None
    by_request: dict[str, int] = {}
    clips: dict[str, Clip] = {}
    for each in made:
        request = each.clip.take.request
        by_request[request] = by_request.get(request, 0) + each.length
        clips.setdefault(request, each.clip)
    request = max((key for key in by_request if key), key=lambda k: by_request[k], default="")
    facts: Mapping[str, str] = clips[request].take.facts
    model = facts.get("model", "")
    title, licence = model_facts(model) if model else ("", "")
    return ProvenanceRecord(
        request=request,
        model=model,
        model_title=title or facts.get("model_title", ""),
        licence=licence or facts.get("licence", ""),
        backend=facts.get("backend", ""),
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        kind="audio",
        origin=Origin.GENERATED if len(made) == len(heard) else Origin.COMPOSITE,
        ingredients=_ingredients(heard, known),
        consent="\n".join(_facts_of(heard, "consent")),
    )


def consents_of(arrangement: Arrangement, span: tuple[int, int]) -> tuple[str, ...]:
    """Return the consents of cloned voices heard in a stretch, for the comment of the file."""
    return _facts_of(_heard(arrangement, span, None), "consent")


def mendings_of(arrangement: Arrangement, span: tuple[int, int]) -> tuple[str, ...]:
    """Return what was done to mended sounds heard in a stretch, for the comment of the file."""
    return _facts_of(_heard(arrangement, span, None), MENDED)


def id3_tag(title: str, artist: str, comment: str) -> bytes:
    """Return an ID3v2.4 tag in UTF-8; empty without anything to say.

    libsndfile writes MP3 titles as if they were Latin-1, which garbles everything else.
    """
    frames = b""
    for name, text in ((b"TIT2", title), (b"TPE1", artist)):
        if text:
            frames += _frame(name, b"\3" + text.encode("utf-8"))
    if comment:
        frames += _frame(b"COMM", b"\3eng\0" + comment.encode("utf-8"))
    if not frames:
        return b""
    return b"ID3\4\0\0" + _synchsafe(len(frames)) + frames


def _frame(name: bytes, body: bytes) -> bytes:
    return name + _synchsafe(len(body)) + b"\0\0" + body


def _synchsafe(value: int) -> bytes:
    return struct.pack("4B", *(value >> shift & 0x7F for shift in (21, 14, 7, 0)))


def _heard(
    arrangement: Arrangement, span: tuple[int, int], only: Collection[str] | None
) -> list[_Heard]:
    found = []
    tracks = arrangement.tracks if only is not None else arrangement.audible_tracks()
    for track in tracks:
        for clip in track.clips:
            wanted = not clip.mute if only is None else clip.id in only
            length = min(clip.end, span[1]) - max(clip.start, span[0])
            if wanted and length > 0:
                found.append(_Heard(clip, length))
    return found


def _facts_of(heard: list[_Heard], name: str) -> tuple[str, ...]:
    """Return what the heard takes say under a name, each once."""
    found = [each.clip.take.facts.get(name, "") for each in heard]
    return tuple(dict.fromkeys(fact for fact in found if fact))


def _by_model(clip: Clip, known: Mapping[str, Source]) -> bool:
    source = known.get(clip.source)
    return clip.take.origin == "generated" or (source is not None and bool(source.source_type))


def _ingredients(heard: list[_Heard], known: Mapping[str, Source]) -> tuple[Ingredient, ...]:
    """Return the imported sounds that bear a mark, each once."""
    found: dict[str, Ingredient] = {}
    for each in heard:
        source = known.get(each.clip.source)
        if source is not None and source.source_type:
            found[source.sha256] = Ingredient(
                title=source.title,
                media_type=source.media_type,
                sha256=source.sha256,
                source_type=source.source_type,
            )
    return tuple(found.values())
