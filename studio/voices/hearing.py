"""Whether what was heard is what should have been read.

Words are counted as speech recognition counts them (replaced, left out, added: word error rate),
after numbers are brought to digits and accents left out. A name may be spelt in other ways; the
consent, the date and the drawn words may not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from studio.voices.reading import CONSENT, Reading

MAX_WORD_ERRORS = 0.2
_ALIKE = 0.4
_WORD = re.compile(r"\d+(?:st|nd|rd|th)?\b|[^\W\d_]+(?:'[^\W\d_]+)?|\d+")
_NO = frozenset(
    {"not", "never", "no", "nobody", "nothing", "without", "cannot", "can't", "don't", "won't"}
    | {"refuse", "refused", "deny", "denied", "forbid", "forbidden", "disallow"}
)
_CARDINALS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
_ORDINALS = (
    "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
    "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_NUMBERS = {
    word: value for names in (_CARDINALS, _ORDINALS) for value, word in enumerate(names.split())
} | {"thirty": 30, "thirtieth": 30}
_THOUSAND = -1


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """What came of comparing.

    Attributes:
        word_errors: Words that were replaced, left out or added, as a share of those shown; 0..
        missing: What has to be heard and was not, in the order of the text, for people.
        name_heard: Whether something like the name was said where it stands.
        consent_whole: Whether the sentence of consent was heard as it stands.
        denied: Words heard that could turn the consent round, and that are not shown.
    """

    word_errors: float
    missing: tuple[str, ...] = ()
    name_heard: bool = True
    consent_whole: bool = True
    denied: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """Return why the reading cannot be taken, in sentences; empty when it can."""
        found: list[str] = []
        if self.denied:
            words = ", ".join(f"“{word}”" for word in self.denied)
            found.append(f"Heard {words}, which the text does not say.")
        if not self.name_heard:
            found.append("The name was not heard.")
        if self.missing:
            words = ", ".join(f"“{word}”" for word in self.missing)
            found.append(f"Not heard: {words}.")
        elif not self.consent_whole:
            found.append(f"“{CONSENT}” was not heard as it stands.")
        if self.word_errors > MAX_WORD_ERRORS:
            share = f"{min(1.0, self.word_errors):.0%}"
            found.append(f"What was heard differs too much from the text ({share} of the words).")
        return tuple(found)


def compared(reading: Reading, heard: str) -> Hearing:
    """Return how well a transcript fits the text that was shown.

    Args:
        reading: What was shown.
        heard: The transcript, as a listening model wrote it.
    """
    shown, said = words_of(reading.text), words_of(heard)
    name, consent = words_of(reading.name), words_of(CONSENT)
    first = len(words_of("My name is"))
    partner, errors = _aligned(shown, said)
    of_name = [(at, partner[at]) for at in range(first, first + len(name)) if at in partner]
    # A name that is spelt in another way is no error; one that is left out is.
    errors -= sum(shown[at] != said[other] for at, other in of_name)
    needed = (*consent, *words_of(reading.day_words), *words_of(" ".join(reading.words)))
    return Hearing(
        word_errors=round(errors / len(shown), 4),
        missing=tuple(dict.fromkeys(word for word in needed if word not in said)),
        name_heard=_alike("".join(name), "".join(said[other] for _, other in of_name)),
        consent_whole=_holds(said, consent),
        denied=tuple(sorted((_NO & set(said)) - set(shown))),
    )


def words_of(text: str) -> list[str]:
    """Return the words of a text as they are compared.

    Lower case, no signs, no accents; numbers as digits, however they are said: "twenty second",
    "22nd" and "22" are one, and so are "twenty twenty-six" and "2026".
    """
    plain = unicodedata.normalize("NFKD", text.casefold().replace("’", "'"))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    found = [word.removesuffix("'s") for word in _WORD.findall(plain)]
    return _with_digits(found)


def _with_digits(words: Sequence[str]) -> list[str]:
    """Return the words with every run of number words as numbers in digits."""
    found: list[str] = []
    run: list[int] = []
    for at, word in enumerate(words):
        value = _value(word)
        if value is not None:
            run.append(value)
        elif run and word == "thousand":
            run.append(_THOUSAND)
        elif run and word == "and" and run[-1] == _THOUSAND and _value(words[at + 1 : at + 2]):
            continue
        else:
            found += [*_numbers(run), word]
            run = []
    return found + _numbers(run)


def _value(word: str | Sequence[str]) -> int | None:
    """Return what number a word is, of ordinals too; ``None`` when it is none."""
    if not isinstance(word, str):
        return _value(word[0]) if word else None
    if word[0].isdecimal():
        return int("".join(letter for letter in word if letter.isdecimal())[:9])
    return _NUMBERS.get(word)


def _numbers(run: Sequence[int]) -> list[str]:
    """Return the numbers that a run of parts makes.

    20, 2 is 22; 20, 20, 6 is 2026, as years are said; 2, thousand, 20, 6 is 2026 too.
    """
    whole: list[int] = []
    for part in run:
        before = whole[-1] if whole else 0
        tens = before % 100 in (20, 30) and 0 < part < 10
        thousands = before >= 1000 and before % 1000 == 0 and 0 < part < 100
        if part == _THOUSAND:
            whole[-1] = before * 1000
        elif tens or thousands:
            whole[-1] = before + part
        elif before in (19, 20) and 10 <= part < 100:
            whole[-1] = before * 100 + part
        else:
            whole.append(part)
    return [str(value) for value in whole]


def _holds(words: Sequence[str], part: Sequence[str]) -> bool:
    return any(list(words[at : at + len(part)]) == list(part) for at in range(len(words)))


def _alike(name: str, heard: str) -> bool:
    """Return whether what was said where the name stands is like it.

    A listening model writes a name as its letters sound to it, in Latin letters; of a name in
    other letters it is only known that something was said.
    """
    if not any("a" <= letter <= "z" for letter in name):
        return bool(heard)
    return SequenceMatcher(None, name, heard, autojunk=False).ratio() >= _ALIKE


def _aligned(shown: Sequence[str], said: Sequence[str]) -> tuple[dict[int, int], int]:
    """Return which word heard stands for which shown, and the least number of changes.

    The distance is Levenshtein's: words replaced, left out or added.
    """
    rows, columns = len(shown) + 1, len(said) + 1
    cost = [[max(row, column) for column in range(columns)] for row in range(rows)]
    for row in range(1, rows):
        for column in range(1, columns):
            stays = cost[row - 1][column - 1] + (shown[row - 1] != said[column - 1])
            cost[row][column] = min(stays, cost[row - 1][column] + 1, cost[row][column - 1] + 1)
    partner: dict[int, int] = {}
    row, column = rows - 1, columns - 1
    while row and column:
        stays = cost[row - 1][column - 1] + (shown[row - 1] != said[column - 1])
        if cost[row][column] == stays:
            row, column = row - 1, column - 1
            partner[row] = column
        elif cost[row][column] == cost[row - 1][column] + 1:
            row -= 1
        else:
            column -= 1
    return partner, cost[-1][-1]
