"""A prompt taken apart: its words with their weights over the steps, and the models it names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from studio.core.prompts.schedule import Schedule
from studio.core.prompts.tags import NetworkTag, take_tags, without_comments
from studio.core.prompts.weights import without_weights


@dataclass(frozen=True)
class Prompt:
    """A prompt.

    Attributes:
        text: Without comments and tags; weights and changes over the steps still in it.
        networks: The models named in tags, in order.
    """

    text: str
    networks: tuple[NetworkTag, ...] = ()
    _schedule: Schedule = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_schedule", Schedule(self.text))

    @property
    def loras(self) -> tuple[NetworkTag, ...]:
        """The LoRAs named in the prompt."""
        return tuple(tag for tag in self.networks if tag.kind == "lora")

    @property
    def changes(self) -> bool:
        """Whether the text is not the same at every step."""
        return self._schedule.changes

    @property
    def plain(self) -> str:
        """The words alone, as they are at the first step of many."""
        return without_weights(self.at_step(0, 1000)).strip()

    def at_step(self, step: int, total: int) -> str:
        """Return the text, with weights, when ``step`` of ``total`` steps are done (0 first)."""
        return self._schedule.at_step(step, total)

    def over(self, total: int) -> tuple[tuple[int, str], ...]:
        """Return from which step on which text holds; the first entry is for step 0."""
        return self._schedule.over(total)


def parse(text: str) -> Prompt:
    """Take a prompt apart; any text is one, nothing is ever refused."""
    words, networks = take_tags(without_comments(text))
    return Prompt(words, networks)


def named(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return which of ``names`` stand in a prompt as words of their own, whatever their case.

    Used for textual inversions, which are called by their file's name; longer names first, so
    that "bad-hands-5" is not also taken for "bad-hands".
    """
    found: list[str] = []
    rest = text
    for name in sorted(set(names), key=lambda each: (-len(each), each)):
        pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
        if name and pattern.search(rest):
            found.append(name)
            rest = pattern.sub(" ", rest)
    return tuple(sorted(found, key=text.casefold().find))
