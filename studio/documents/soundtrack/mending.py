"""Mending clips: what a tool gets to read of one, and the take that its result becomes.

A clip is never changed by it: the mended sound is another take, which lies where the clip's was,
keeps the request and the marks of what it came from, and says what was done to it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from studio.core.artifacts import SpokenMark
from studio.core.errors import BadInputError
from studio.documents.soundtrack.marking import MENDED
from studio.documents.soundtrack.model import Arrangement, Clip, Source, Take
from studio.documents.soundtrack.packing import packed_samples
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.repair import Stretch, sound_span
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.soundtrack import Soundtrack
from studio.documents.soundtrack.work import Work

_MARGIN_S = 3.0
"""So much of the sound before and behind a clip is mended with it: its ends can still be moved,
and a filter that has to get used to a noise has some to do so."""
_WAIT_S = 0.1

Tool = Callable[[Stretch, Work], Iterable[Samples]]
"""Gives all of a stretch anew."""


@dataclass(frozen=True)
class Cut:
    """What of a clip's sound is mended.

    Attributes:
        clip_id: Which clip.
        take_id: Which of its takes.
        title: What the clip is called.
        first: Where in the take's source the stretch begins, in samples.
        stretch: The samples themselves.
        source_type: The mark of the source, when it bears one.
    """

    clip_id: str
    take_id: str
    title: str
    first: int
    stretch: Stretch
    source_type: str


@dataclass(frozen=True)
class Mended:
    """A clip's sound, mended and kept.

    Attributes:
        cut: What it was.
        source: What it is now.
        facts: What to say of the take beside what was known of it.
    """

    cut: Cut
    source: Source
    facts: Mapping[str, str]


def cut_of(clip: Clip, pool: SourcePool, work: Work) -> Cut:
    """Return what of a clip a tool is to mend; waits until it is decoded.

    Raises:
        BadInputError: The sound cannot be heard.
        WorkCancelled: It was stopped.
    """
    take = clip.take
    while not pool.wait_ready(take.source, _WAIT_S):
        work.step(0)
        status = pool.status(take.source)
        if status.state == "unavailable":
            raise BadInputError(status.message or "This sound cannot be heard.")
    source = pool.source(take.source)
    assert source is not None
    margin = round(_MARGIN_S * pool.sampling_rate)
    first = max(0, take.offset - margin)
    last = max(take.end, min(source.duration, take.end + margin))

    def read(start: int, frames: int) -> Samples:
        return pool.read(take.source, first + start, frames)

    heard = (take.offset - first, take.end - first)
    stretch = Stretch(read, last - first, heard, pool.channels(take.source), pool.sampling_rate)
    return Cut(clip.id, take.id, clip.name, first, stretch, source.source_type)


def mend(cut: Cut, pool: SourcePool, tool: Tool, facts: Mapping[str, str], work: Work) -> Mended:
    """Let a tool mend a clip's sound and keep the result; slow.

    Raises:
        BadInputError: The tool can do nothing with it.
        StorageError: There is no room to keep it.
        WorkCancelled: It was stopped.
    """
    blocks = tool(cut.stretch, work.sub(0, 0.7))
    source = pool.add_samples(
        blocks,
        cut.stretch.channels,
        cut.title,
        source_type=cut.source_type,
        work=work.sub(0.7, 0.3),
    )
    return Mended(cut, source, facts)


def file_of(cut: Cut, work: Work) -> tuple[bytes, str]:
    """Return the samples as a file for a model to mend, and its media type.

    Raises:
        WorkCancelled: It was stopped.
    """
    stretch, target = cut.stretch, io.BytesIO()
    loudest = max(
        (float(np.abs(block).max(initial=0.0)) for block in stretch.blocks(work.sub(0, 0.3))),
        default=0.0,
    )
    media_type = packed_samples(
        stretch.blocks(work.sub(0.3, 0.7)),
        target,
        stretch.sampling_rate,
        stretch.channels,
        within_full_scale=loudest <= 1.0,
        name=cut.title,
    )
    return target.getvalue(), media_type


def lay(
    soundtrack: Soundtrack,
    found: Iterable[Mended],
    label: str,
    name: str,
    *,
    gain_db: float | None = None,
) -> tuple[str, ...]:
    """Give clips their mended takes, as one step of undo; return the ids of these clips.

    A clip that went meanwhile, or whose take did, is left out; one whose ends were moved keeps
    them.

    Args:
        soundtrack: The document.
        found: What was mended.
        label: For undo and history.
        name: What each take is called.
        gain_db: The clips' gain from now on; ``None`` leaves it.
    """
    laid = []
    with soundtrack.group(label):
        for each in found:
            before = _take_of(soundtrack.arrangement, each.cut)
            if before is None:
                continue
            soundtrack.add_source(each.source)
            soundtrack.add_take(each.cut.clip_id, _mended_take(before, each, name, soundtrack))
            if gain_db is not None:
                soundtrack.set_clip(each.cut.clip_id, gain_db=gain_db)
            laid.append(each.cut.clip_id)
    return tuple(laid)


def trim_to_sound(
    soundtrack: Soundtrack, spans: Mapping[str, tuple[int, int]], label: str
) -> tuple[str, ...]:
    """Move the ends of clips to where something is heard; return the ids of those that changed.

    Args:
        soundtrack: The document.
        spans: By the clip's id, where in the clip its sound begins and ends.
        label: For undo and history.
    """
    changed = []
    with soundtrack.group(label):
        for clip in list(soundtrack.arrangement.clips()):
            start, end = spans.get(clip.id, (0, clip.duration))
            end = min(end, clip.duration)
            if start < end and (start, end) != (0, clip.duration):
                soundtrack.trim_clip(clip.id, start=clip.start + start, end=clip.start + end)
                changed.append(clip.id)
    return tuple(changed)


def span_in_clip(cut: Cut, work: Work) -> tuple[int, int]:
    """Return where in a clip something is heard; see :func:`sound_span`."""
    start, end = sound_span(cut.stretch, work=work)
    return start - cut.stretch.heard[0], end - cut.stretch.heard[0]


def _take_of(arrangement: Arrangement, cut: Cut) -> Take | None:
    """Return the take that was mended, as it is now."""
    clips = (clip for clip in arrangement.clips() if clip.id == cut.clip_id)
    takes = (take for clip in clips for take in clip.takes if take.id == cut.take_id)
    return next(takes, None)


def _mended_take(before: Take, mended: Mended, name: str, soundtrack: Soundtrack) -> Take:
    """Return the take that sounds where ``before`` does."""
    source, cut = mended.source, mended.cut
    offset = min(max(0, before.offset - cut.first), source.duration - 1)
    facts = {**before.facts, **mended.facts}
    done = (before.facts.get(MENDED, ""), mended.facts.get(MENDED, ""))
    facts[MENDED] = "; ".join(each for each in done if each)
    shift = cut.first / soundtrack.sampling_rate
    ends = source.duration / soundtrack.sampling_rate
    return Take(
        source=source.sha256,
        offset=offset,
        duration=min(before.duration, source.duration - offset),
        name=name,
        origin=before.origin,
        request=before.request,
        facts=facts,
        marks=tuple(_moved(before.marks, -shift, ends)),
    )


def _moved(marks: Iterable[SpokenMark], by_s: float, end_s: float) -> Iterator[SpokenMark]:
    """Yield the marks that still lie in the sound, each as far as it does."""
    for mark in marks:
        start, end = max(0.0, mark.start_s + by_s), min(end_s, mark.end_s + by_s)
        if start < end:
            yield replace(mark, start_s=start, end_s=end)
