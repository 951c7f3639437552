"""A manuscript as lines to be spoken: who says what, where it stands, what follows it.

A speaker is named at the beginning of a line, ``Ada: Come in.`` or ``[Ada] Come in.``, when the
cast knows the name, and speaks to the end of the paragraph; ``[Ada]`` by itself hands over until
the next such line. The tags are not spoken. Headings of Markdown begin chapters. Positions are
code points of the text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from studio.core.media import SEED_MAX
from studio.core.options import OptionValue
from studio.core.requests import AudioRequest, Capability, KeptVoice
from studio.core.sentences import sentences

NARRATOR = ""
"""The speaker of everything that has no tag."""
_TAG = re.compile(
    r"^[ \t]*(?:\[([^\[\]\n]{1,60})\]|([^\W\d_][^:\n\[\]]{0,59}):(?=\s))[ \t]*", re.MULTILINE
)
_HEADING = re.compile(r"#{1,6}[ \t]+")
_BLANK = re.compile(r"\n[ \t]*\n\s*")


@dataclass(frozen=True)
class SpeakerVoice:
    """Which voice a speaker has.

    Attributes:
        model: Id of the model; "" for the default one.
        voice: One of its voices; "" for its first.
        kept_voice: A voice that somebody lent, for models that clone; ``voice`` is "" then.
        speed: 1 is the voice's own.
        language: ISO 639-1 code; "" for the voice's own.
        options: Values for the backend's options.
    """

    model: str = ""
    voice: str = ""
    kept_voice: KeptVoice | None = None
    speed: float = 1.0
    language: str = ""
    options: Mapping[str, OptionValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", MappingProxyType(dict(self.options)))


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who speaks with which voice, and how long the pauses are.

    Attributes:
        narrator: The voice of everything without a speaker.
        speakers: Voices by name; case does not matter.
        sentence_pause_s: After a sentence, in seconds.
        paragraph_pause_s: After a paragraph.
        heading_pause_s: After a heading.
        speak_headings: Whether headings are spoken; chapters begin there in any case.
        seed: Another one makes every sentence anew, for models that use chance.
    """

    narrator: SpeakerVoice = SpeakerVoice()
    speakers: Mapping[str, SpeakerVoice] = field(default_factory=dict)
    sentence_pause_s: float = 0.25
    paragraph_pause_s: float = 0.7
    heading_pause_s: float = 1.2
    speak_headings: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "speakers", MappingProxyType(dict(self.speakers)))

    def speaker(self, name: str) -> str | None:
        """Return a speaker's name as the cast spells it; ``None`` for a stranger."""
        wanted = name.strip().casefold()
        if wanted in ("", "narrator"):
            return NARRATOR
        return next((each for each in self.speakers if each.casefold() == wanted), None)

    def voice_of(self, speaker: str) -> SpeakerVoice:
        """Return the voice of a speaker."""
        return self.speakers.get(speaker, self.narrator)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A sentence to be spoken.

    Attributes:
        key: Of everything that decides how it sounds; equal lines share it.
        id: The key and which of several equal lines it is; stays while the text around changes.
        text: What is spoken.
        speaker: Who; ``NARRATOR`` for nobody by name.
        voice: With which voice.
        start: Where it begins in the text.
        end: Where it ends.
        pause_s: Silence after it, in seconds.
        chapter: The heading that begins here; "" for none.
        spoken: Whether it is spoken at all.
    """

    key: str
    id: str
    text: str
    speaker: str
    voice: SpeakerVoice
    start: int
    end: int
    pause_s: float
    chapter: str = ""
    spoken: bool = True

    def request(self, seed: int = 0) -> AudioRequest:
        """Return what to ask for; the same for the same line, voice and seed.

        Lines are kept in their project; a book of them would bury all else in the library.
        """
        own = (int(self.key[:8], 16) + seed) % (SEED_MAX + 1)
        return AudioRequest(
            capability=Capability.AUDIO_SPEECH,
            model=self.voice.model,
            seed=own,
            options=self.voice.options,
            prompt=self.text,
            voice=self.voice.voice,
            kept_voice=self.voice.kept_voice,
            speed=self.voice.speed,
            language=self.voice.language,
            label=self.text[:60],
            transient=True,
        )


def lines_of(text: str, cast: Cast, start: int = 0, end: int | None = None) -> tuple[Line, ...]:
    """Return the lines of a manuscript, or of a selection of it.

    Args:
        text: The whole manuscript.
        cast: Who speaks how.
        start: Where the selection begins.
        end: Where it ends; the end of the text when left out.
    """
    seen: Counter[str] = Counter()
    found: list[Line] = []
    for line in _lines(text, cast, start, len(text) if end is None else end):
        number = seen[line.key]
        seen[line.key] += 1
        found.append(_numbered(line, number))
    return tuple(found)


def speakers_in(text: str, least: int = 2) -> tuple[str, ...]:
    """Return names that stand before a colon, or in brackets, at the beginning of paragraphs.

    The most frequent first; for offering them when a cast is made.
    """
    names: Counter[str] = Counter()
    for tag in _TAG.finditer(text):
        name = (tag[1] or tag[2]).strip()
        if name[:1].isupper() and len(name.split()) <= 3:
            names[name] += 1
    return tuple(name for name, count in names.most_common() if count >= least)


def _lines(text: str, cast: Cast, first: int, last: int) -> Iterator[Line]:
    holder = NARRATOR
    for start, end in _paragraphs(text):
        speaker, at = holder, start
        for tag in _TAG.finditer(text, start, end):
            name = cast.speaker(tag[1] or tag[2])
            if name is None or (name == NARRATOR and not tag[1]):
                continue
            yield from _spoken(text, cast, speaker, max(at, first), min(tag.start(), last))
            speaker, at = name, tag.end()
            if text[at:end].strip() == "":
                holder = name
        yield from _spoken(text, cast, speaker, max(at, first), min(end, last))


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for gap in _BLANK.finditer(text):
        yield start, gap.start()
        start = gap.end()
    yield start, len(text)


def _spoken(text: str, cast: Cast, speaker: str, start: int, end: int) -> Iterator[Line]:
    if end <= start:
        return
    for sentence in sentences(text[start:end]):
        at = start + sentence.start
        words, chapter = sentence.text, ""
        mark = _HEADING.match(words)
        if mark and (at == 0 or text[at - 1] == "\n"):
            words = chapter = words[mark.end() :].rstrip("# \t")
        pause = cast.paragraph_pause_s if sentence.ends_paragraph else cast.sentence_pause_s
        yield Line(
            key=_key(words, cast.voice_of(speaker), cast.seed),
            id="",
            text=words,
            speaker=speaker,
            voice=cast.voice_of(speaker),
            start=at,
            end=start + sentence.end,
            pause_s=cast.heading_pause_s if chapter else pause,
            chapter=chapter,
            spoken=cast.speak_headings or not chapter,
        )


def _key(text: str, voice: SpeakerVoice, seed: int) -> str:
    facts = [text, voice.model, voice.voice, voice.speed, voice.language, seed]
    # Without a lent voice the key is what it was before there were any.
    facts += [voice.kept_voice.id] if voice.kept_voice is not None else []
    plain = json.dumps([*facts, dict(voice.options)], sort_keys=True, default=list)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _numbered(line: Line, number: int) -> Line:
    return replace(line, id=f"{line.key}-{number}")
