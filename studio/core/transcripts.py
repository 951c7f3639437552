"""Heard speech as files: plain text, SubRip (.srt), WebVTT (.vtt), JSON.

Pure. Subtitles keep what readers and players expect: at most two lines of 42 characters, cut
between words, each shown long enough to be read and never over the next one.
"""

from __future__ import annotations

import dataclasses
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from studio.core.artifacts import Segment, TranscriptArtifact, Word

LINE_LENGTH = 42
LINES = 2
_LONGEST_S = 7.0
_SHORTEST_S = 0.8
_PARAGRAPH_GAP_S = 2.0


@dataclass(frozen=True)
class Cue:
    """What is shown at once.

    Attributes:
        start_s: When it appears, in seconds.
        end_s: When it goes, in seconds.
        text: One or two lines.
    """

    start_s: float
    end_s: float
    text: str


def to_text(transcript: TranscriptArtifact) -> str:
    """Return what was said, a paragraph for each stretch without a long silence."""
    paragraphs: list[list[str]] = []
    before = 0.0
    for segment in transcript.segments:
        if not paragraphs or segment.start_s - before >= _PARAGRAPH_GAP_S:
            paragraphs.append([])
        paragraphs[-1].append(segment.text.strip())
        before = segment.end_s
    text = "\n\n".join(" ".join(filter(None, each)) for each in paragraphs)
    return (text or transcript.text.strip()) + "\n"


def to_srt(transcript: TranscriptArtifact) -> str:
    """Return SubRip subtitles; an empty text when nothing was said."""
    blocks = (
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{cue.text}\n"
        for number, cue in enumerate(cues(transcript.segments), 1)
    )
    return "\n".join(blocks)


def to_vtt(transcript: TranscriptArtifact) -> str:
    """Return WebVTT subtitles."""
    blocks = [
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n{_escaped(cue.text)}\n"
        for cue in cues(transcript.segments)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def to_json(transcript: TranscriptArtifact) -> str:
    """Return everything that is known, times in seconds."""
    segments = [
        {
            "start_s": round(segment.start_s, 3),
            "end_s": round(segment.end_s, 3),
            "text": segment.text,
            "words": [_word(word) for word in segment.words],
        }
        for segment in transcript.segments
    ]
    plain = {
        "format": 1,
        "text": transcript.text,
        "language": transcript.language,
        "model": transcript.model,
        "segments": segments,
    }
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"


#: How a transcript is written, by the name of the format, which is also the file's suffix.
FORMATS: Mapping[str, Callable[[TranscriptArtifact], str]] = MappingProxyType(
    {"txt": to_text, "srt": to_srt, "vtt": to_vtt, "json": to_json}
)


def cues(segments: Sequence[Segment]) -> list[Cue]:
    """Return what is shown at once, in order, none over another."""
    plain = [cue for segment in segments for cue in _cues_of(segment)]
    shown: list[Cue] = []
    for index, cue in enumerate(plain):
        following = plain[index + 1].start_s if index + 1 < len(plain) else float("inf")
        end = min(max(cue.end_s, cue.start_s + _SHORTEST_S), max(following, cue.start_s))
        shown.append(Cue(cue.start_s, end, cue.text))
    return shown


def _cues_of(segment: Segment) -> Iterator[Cue]:
    words = _spaced(segment) if segment.words else _words_by_length(segment)
    least = sum(1 for _ in _parted(words))
    yield from map(_cue, _parted(words, len(_joined(words)) / least))


def _parted(words: Sequence[Word], goal: float = math.inf) -> Iterator[list[Word]]:
    """Yield runs of words that can be shown at once, each of about ``goal`` characters."""
    held: list[Word] = []
    for word in words:
        enough = len(_joined(held)) + len(word.text) / 2 > goal
        if held and (enough or not _fits([*held, word])):
            yield held
            held = []
        held.append(word)
    if held:
        yield held


def _fits(words: Sequence[Word]) -> bool:
    if words[-1].end_s - words[0].start_s > _LONGEST_S:
        return False
    return len(_lines(_joined(words))) <= LINES


def _cue(words: Sequence[Word]) -> Cue:
    text = "\n".join(_balanced(_joined(words)))
    return Cue(words[0].start_s, max(words[-1].end_s, words[0].start_s), text)


def _joined(words: Sequence[Word]) -> str:
    """Return words as they stand in a text; each brings the space before it."""
    return "".join(word.text for word in words).strip()


def _lines(text: str) -> list[str]:
    """Break a text between words; one longer than a line is broken inside."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= LINE_LENGTH:
            lines[-1] += f" {word}"
        else:
            lines += [word[at : at + LINE_LENGTH] for at in range(0, len(word), LINE_LENGTH)]
    return lines


def _balanced(text: str) -> list[str]:
    """Return one line, or two of about the same length."""
    lines = _lines(text)
    if len(lines) != LINES:
        return lines
    spaces = [match.start() for match in re.finditer(" ", text)]
    fitting = [at for at in spaces if at <= LINE_LENGTH and len(text) - at - 1 <= LINE_LENGTH]
    if not fitting:
        return lines
    middle = min(fitting, key=lambda at: abs(at - len(text) / 2))
    return [text[:middle], text[middle + 1 :]]


def _spaced(segment: Segment) -> list[Word]:
    """Return a segment's words with the space that stands before each in its text."""
    words: list[Word] = []
    at = 0
    for word in segment.words:
        text = word.text.strip()
        found = segment.text.find(text, at)
        if found < 0:
            found = at
        ahead = " " if found > at or not words else ""
        at = found + len(text)
        words.append(dataclasses.replace(word, text=ahead + text))
    return words


def _words_by_length(segment: Segment) -> list[Word]:
    """Return a segment's words with times guessed from their lengths."""
    texts = segment.text.split()
    if len(texts) == 1 and len(texts[0]) > LINE_LENGTH * LINES:
        # A language without spaces: any two signs may be parted.
        texts = [texts[0][at : at + LINE_LENGTH] for at in range(0, len(texts[0]), LINE_LENGTH)]
        ahead = ""
    else:
        ahead = " "
    whole = sum(map(len, texts)) or 1
    span = segment.end_s - segment.start_s
    words, done = [], 0
    for text in texts:
        start = segment.start_s + span * done / whole
        done += len(text)
        words.append(
            Word(start_s=start, end_s=segment.start_s + span * done / whole, text=ahead + text)
        )
    return words


def _word(word: Word) -> dict[str, object]:
    return {
        "start_s": round(word.start_s, 3),
        "end_s": round(word.end_s, 3),
        "text": word.text.strip(),
        "probability": round(word.probability, 4),
    }


def _clock(seconds: float, point: str) -> str:
    """Return a time as hours, minutes, seconds and thousandths."""
    thousandths = max(0, round(seconds * 1000))
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def _escaped(text: str) -> str:
    """Return text that WebVTT takes for text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
