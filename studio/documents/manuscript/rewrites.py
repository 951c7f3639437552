"""What can be done with a selected text, from ``assets/text/rewrites.json``, as requests."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from studio.core.paths import assets
from studio.core.requests import Message, Role

#: Characters of a token, on the short side, so that a rewrite has room to end.
SHORT_TOKEN = 3
#: So much of the text is shown when a direction is wished; more makes small models forget it.
GUIDED_LENGTH = 6000
_INTRODUCTION = re.compile(
    r"\A\s*(?:(?:sure|certainly|of course|okay|ok|here)\b[^\n]{0,120}"
    r"|(?:the |this is the )?(?:corrected|shortened|rewritten|revised|translated|expanded)"
    r" (?:text|sentence|version|passage)[^\n]{0,40}):[ \t]*\n+",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "'": "'"}
_FENCE = re.compile(r"\A```[\w+#-]*\n(.*?)\n?```\s*\Z", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Rewrite:
    """One ready instruction.

    Attributes:
        id: Stable name.
        title: What menus call it.
        icon: Name of its icon.
        instruction: What the model is told; ``{choice}`` stands for the chosen one.
        choices: What there is to choose, such as languages; empty: nothing.
        temperature: How freely the model should word it.
        length: How long the result may be, as a multiple of the text's length.
        freely: The result is no variant of the text, so nothing of its form is expected.
    """

    id: str
    title: str
    icon: str = ""
    instruction: str
    choices: tuple[str, ...] = ()
    temperature: float = 0.7
    length: float = 1.5
    freely: bool = False

    def told(self, choice: str = "") -> str:
        """Return the instruction with the choice put in."""
        return self.instruction.replace("{choice}", choice or (self.choices or ("",))[0])

    def label(self, choice: str = "") -> str:
        """Return what history and job list call it, such as "Translate to German"."""
        if not choice:
            return self.title
        joint = " " if self.title.endswith(" to") else ": "
        return f"{self.title}{joint}{choice}"


@dataclass(frozen=True)
class Catalogue:
    """All ready instructions, and how the model is asked for more or to go on.

    Attributes:
        system: What the model is told before it is asked for more of a kind.
        more_like: How it is asked for that.
        writer: What it is told before it is asked to go on in a wished direction.
        go_on: How it is asked for that, with ``{text}`` and ``{instruction}``.
        rewrites: The ready instructions.
    """

    system: str
    more_like: str
    writer: str
    go_on: str
    rewrites: tuple[Rewrite, ...]

    def get(self, rewrite_id: str) -> Rewrite:
        """Return one by its id.

        Raises:
            KeyError: There is none.
        """
        for rewrite in self.rewrites:
            if rewrite.id == rewrite_id:
                return rewrite
        raise KeyError(rewrite_id)

    def more(self, instruction: str, text: str, chosen: str) -> tuple[Message, ...]:
        """Return the chat that asks for a version that resembles a chosen one."""
        return (
            Message(Role.SYSTEM, self.system),
            Message(Role.USER, f"{instruction.strip()}\n\n{text.strip()}"),
            Message(Role.ASSISTANT, chosen.strip()),
            Message(Role.USER, self.more_like),
        )

    def guided(self, text: str, instruction: str) -> tuple[Message, ...]:
        """Return the chat that asks to carry a text on in a wished direction."""
        asked = self.go_on.replace("{instruction}", instruction.strip())
        return (
            Message(Role.SYSTEM, self.writer),
            Message(Role.USER, asked.replace("{text}", text.strip()[-GUIDED_LENGTH:])),
        )


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Read the ready instructions that come with Triptych, or those in ``path``."""
    path = path or assets() / "text" / "rewrites.json"
    plain = json.loads(path.read_text("utf-8"))
    rewrites = tuple(
        Rewrite(**{**item, "choices": tuple(item.get("choices", ()))}) for item in plain["rewrites"]
    )
    return Catalogue(plain["system"], plain["more_like"], plain["writer"], plain["go_on"], rewrites)


def room_for(text: str, length: float) -> int:
    """Return how many tokens a rewrite of ``text`` may need."""
    return max(64, int(len(text) / SHORT_TOKEN * length) + 32)


def tidied(source: str, written: str, *, freely: bool = False) -> str:
    """Return a model's answer without what models put around it.

    An introduction ("Here is the shortened text:"), quotation marks the source has not, and the
    fence of a code block go; the white space around the source stays.
    """
    text = _INTRODUCTION.sub("", written, count=1).strip()
    fenced = _FENCE.match(text)
    if fenced and "```" not in source:
        text = fenced.group(1)
    if not freely and len(text) > 1 and _QUOTES.get(text[0]) == text[-1]:
        opened = source.strip()[:1]
        if opened != text[0] and text[0] not in text[1:-1]:
            text = text[1:-1].strip()
    if not text:
        return ""
    core = source.strip()
    start = source.index(core) if core else 0
    return source[:start] + text + source[start + len(core) :]


def opening_of(text: str, words: int = 10) -> str:
    """Return the beginning of a take that others shall share: a sentence, or its first words."""
    match = re.compile(
        rf"\s*(?:\S+\s+){{0,{words - 1}}}?\S*[.!?…](?=\s)|\s*(?:\S+\s+){{{words}}}"
    ).match(text)
    return match.group().rstrip() if match else text.rstrip()
