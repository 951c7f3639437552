"""What a speaker reads aloud to lend a voice: the consent, the date, and words drawn for it.

The drawn words make each reading one that nobody has recorded before, so that no old recording
and no clip of somebody famous can stand in for it.
"""

from __future__ import annotations

import secrets
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from studio.core.errors import BadInputError
from studio.core.media import clean_text

MAX_NAME = 60
DRAWN = 4
CONSENT = "I allow my voice to be cloned"
"""Heard as it stands, word after word, or the voice is not taken."""

#: Words that are spelt and heard in one way only: no word sounds like another, none is a number.
WORDS = (
    "anchor", "apple", "basket", "blanket", "bottle", "butter", "button", "camera", "candle",
    "carpet", "castle", "chicken", "circus", "coffee", "copper", "cotton", "diamond", "doctor",
    "dolphin", "dragon", "engine", "feather", "finger", "forest", "garden", "guitar", "hammer",
    "helmet", "island", "jacket", "kitchen", "ladder", "lantern", "lemon", "magnet", "market",
    "mirror", "monkey", "mountain", "oven", "onion", "palace", "paper", "parrot", "pencil",
    "pepper", "piano", "pillow", "pocket", "potato", "rabbit", "ribbon", "river", "rocket",
    "saddle", "shadow", "shoulder", "silver", "spider", "summer", "table", "thunder", "tiger",
    "tomato", "tunnel", "umbrella", "valley", "velvet", "violin", "window", "winter", "yellow",
)  # fmt: skip
#: Two of these end each reading; together they hold most sounds of English, so that a model
#: that clones hears more of the voice than a consent alone would give it.
SENTENCES = (
    "The quick boat crossed the bay while three judges shared a measure of blue cheese.",
    "Do you hear how the old church bell rings through the thick evening air?",
    "A young thief put the leather gloves and a few shiny coins in his father's boots.",
    "We enjoy warm toast, fresh juice and a huge bowl of honey before the voyage.",
    "They thought the noise in the garage was just a mouse chewing through the cushion.",
    "Please push the heavy chair outside, and watch the birds fly south over the chalky hills.",
    "Joyce usually buys brown shoes, although her cousin chooses something orange.",
    "Both of us laughed when the giant fish splashed five judges and their polished cars.",
)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

Draw = Callable[[Sequence[str], int], tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A text to be read aloud, by one person on one day.

    Attributes:
        name: Who reads.
        day: When, as ISO 8601 (YYYY-MM-DD), by the computer's own calendar.
        words: What was drawn for this reading.
        text: All of it, as it is shown.
    """

    name: str
    day: str
    words: tuple[str, ...]
    text: str

    @property
    def day_words(self) -> str:
        """The day as it stands in the text, such as "22nd November 2026"."""
        return _day_words(date.fromisoformat(self.day), "")


def speaker_name(typed: str) -> str:
    """Return a name as it is kept.

    Raises:
        BadInputError: It is no name that could be read aloud.
    """
    name = " ".join(clean_text(typed).split())
    hint = "Write it as you say it."
    if not name:
        raise BadInputError("There is no name yet.", hint=hint)
    if len(name) > MAX_NAME:
        raise BadInputError(f"A name has at most {MAX_NAME} letters here.", hint=hint)
    for letter in name:
        if letter not in " '’.-" and unicodedata.category(letter)[0] not in "LM":
            raise BadInputError(f"“{letter}” cannot be part of a name here.", hint=hint)
    if sum(unicodedata.category(letter)[0] == "L" for letter in name) < 2:
        raise BadInputError("A name has at least two letters.", hint=hint)
    return name


def new_reading(name: str, today: date, draw: Draw | None = None) -> Reading:
    """Return a text that nobody read before.

    Args:
        name: Who will read it.
        today: The day.
        draw: Returns so many different ones of what it is given; by chance when left out.

    Raises:
        BadInputError: That is no name.
    """
    choose = draw or drawn
    name = speaker_name(name)
    words = choose(WORDS, DRAWN)
    first, second = choose(SENTENCES, 2)
    text = (
        f"My name is {name}. {CONSENT} on this computer with Triptych. "
        f"Today is the {_day_words(today, 'of ')}. "
        f"The words of this reading are {', '.join(words[:-1])} and {words[-1]}. "
        f"{first} {second}"
    )
    return Reading(name=name, day=today.isoformat(), words=words, text=text)


def drawn(pool: Sequence[str], count: int) -> tuple[str, ...]:
    """Return ``count`` different ones by a chance that cannot be foreseen."""
    return tuple(secrets.SystemRandom().sample(list(pool), count))


def _day_words(day: date, of: str) -> str:
    number = day.day
    last = 0 if number in (11, 12, 13) else number % 10
    ending = {1: "st", 2: "nd", 3: "rd"}.get(last, "th")
    return f"{number}{ending} {of}{_MONTHS[day.month - 1]} {day.year}"
