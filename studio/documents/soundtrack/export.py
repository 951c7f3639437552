"""Sound documents as files: rendered, brought to a loudness, written and sealed in a stream.

Nothing is held as a whole, so an hour costs no more memory than a second. The finished file
appears at once or not at all: everything before lies in hidden files beside it, which are gone
whatever happens. See packaging/docs/decisions/0153.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from studio.core.errors import BadInputError
from studio.core.provenance.keys import SigningKey
from studio.documents.soundtrack.export_job import Exported, ExportJob
from studio.documents.soundtrack.formats import FORMATS, ExportOptions, SoundFormat, format_of
from studio.documents.soundtrack.marking import (
    MENDED,
    ModelFacts,
    consents_of,
    mendings_of,
    record_of_sound,
)
from studio.documents.soundtrack.mixer import Mix
from studio.documents.soundtrack.model import Arrangement, Marker, Source
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.work import CancelledCallback, ProgressCallback, Work

__all__ = [
    "FORMATS",
    "Chapter",
    "ExportOptions",
    "Exported",
    "SoundFormat",
    "chapters_of",
    "export_chapters",
    "export_clip",
    "export_range",
    "format_of",
]

_FORBIDDEN = '<>:"/\\|?*'
_NO_FACTS = ("", "")


@dataclass(frozen=True)
class Chapter:
    """A stretch between markers.

    Attributes:
        title: The marker's name.
        start: On the time line.
        end: On the time line.
    """

    title: str
    start: int
    end: int


def chapters_of(arrangement: Arrangement) -> tuple[Chapter, ...]:
    """Return the stretches between chapter markers, or between all markers when none is one.

    What is heard before the first marker is a chapter of its own.
    """
    marks: Sequence[Marker] = [m for m in arrangement.markers if m.chapter]
    marks = marks or arrangement.markers
    places = [(mark.position, mark.name) for mark in marks if mark.position < arrangement.end]
    begins = min((clip.start for clip in arrangement.clips()), default=0)
    if not places or begins < places[0][0]:
        places.insert(0, (0, "Beginning" if places else ""))
    ends = [position for position, _ in places[1:]] + [arrangement.end]
    return tuple(
        Chapter(name or f"Part {number}", start, end)
        for number, ((start, name), end) in enumerate(zip(places, ends, strict=True), start=1)
        if end > start
    )


def export_range(
    arrangement: Arrangement,
    pool: SourcePool,
    path: Path,
    options: ExportOptions,
    *,
    span: tuple[int, int] | None = None,
    key: SigningKey | None = None,
    model_facts: ModelFacts = lambda _model: _NO_FACTS,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> Exported:
    """Write what is heard to a file; slow.

    Args:
        arrangement: What to write.
        pool: Its sounds.
        path: Where; a file that stands there is replaced.
        options: How.
        span: (start, end) on the time line; all of it when left out.
        key: This installation's key; ``None`` leaves content credentials out.
        model_facts: Title and licence of a model, for the record.
        progress: Told 0..1 on this thread.
        cancelled: Asked often whether to stop.

    Raises:
        BadInputError: There is nothing to hear there, or it does not fit the format.
        StorageError: The system refused; ``path`` is as it was.
        WorkCancelled: It was stopped; ``path`` is as it was.
    """
    span = span or (0, arrangement.end)
    record = record_of_sound(
        arrangement, _sources(arrangement, pool), span, model_facts=model_facts
    )
    said = (*consents_of(arrangement, span), *mendings_of(arrangement, span))
    comment = "\n".join((options.comment, *said)).strip()
    job = ExportJob(Mix(arrangement), pool, span, replace(options, comment=comment), record, key)
    return job.run(path, Work(progress, cancelled))


def export_clip(
    arrangement: Arrangement,
    pool: SourcePool,
    clip_id: str,
    path: Path,
    options: ExportOptions,
    *,
    key: SigningKey | None = None,
    model_facts: ModelFacts = lambda _model: _NO_FACTS,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> Exported:
    """Write one clip with its gain and fades, such as for dragging it out; see above."""
    clip = arrangement.clip(clip_id)
    span = (clip.start, clip.end)
    record = record_of_sound(
        arrangement,
        _sources(arrangement, pool),
        span,
        only=[clip_id],
        model_facts=model_facts,
    )
    mix = Mix.of_clip(arrangement, clip_id)
    said = (clip.take.facts.get(name, "") for name in ("consent", MENDED))
    comment = "\n".join((options.comment, *filter(None, said))).strip()
    job = ExportJob(mix, pool, span, replace(options, comment=comment), record, key)
    return job.run(path, Work(progress, cancelled))


def export_chapters(
    arrangement: Arrangement,
    pool: SourcePool,
    folder: Path,
    options: ExportOptions,
    *,
    key: SigningKey | None = None,
    model_facts: ModelFacts = lambda _model: _NO_FACTS,
    progress: ProgressCallback | None = None,
    cancelled: CancelledCallback | None = None,
) -> tuple[Exported, ...]:
    """Write a file for each chapter, "01 Title.mp3" and so on; see :func:`export_range`.

    Each file is whole; those written before a failure or a stop stay.
    """
    chapters = chapters_of(arrangement)
    if not chapters:
        raise BadInputError("There is nothing to export yet.", hint="Add some sound first.")
    whole = Work(progress, cancelled)
    written: list[Exported] = []
    total = sum(chapter.end - chapter.start for chapter in chapters)
    done = 0
    for number, chapter in enumerate(chapters, start=1):
        part = whole.sub(done / total, (chapter.end - chapter.start) / total)
        done += chapter.end - chapter.start
        title = chapter.title if not options.title else f"{options.title}: {chapter.title}"
        name = f"{number:02d} {file_name(chapter.title)}{options.sound_format.suffix}"
        written.append(
            export_range(
                arrangement,
                pool,
                folder / name,
                replace(options, title=title),
                span=(chapter.start, chapter.end),
                key=key,
                model_facts=model_facts,
                progress=part.step,
                cancelled=cancelled,
            )
        )
    return tuple(written)


def file_name(title: str) -> str:
    """Return a title as part of a file's name on every system."""
    kept = "".join(" " if c in _FORBIDDEN or not c.isprintable() else c for c in title)
    short = " ".join(kept.split()).strip(" .").encode("utf-8")[:120].decode("utf-8", "ignore")
    return short.strip() or "Untitled"


def _sources(arrangement: Arrangement, pool: SourcePool) -> list[Source]:
    found = (pool.source(sha256) for sha256 in arrangement.sources())
    return [source for source in found if source is not None]
