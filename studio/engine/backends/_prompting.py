"""Builds what a language model is given from what the user asked; no torch, no Qt.

- A chat goes through the model's chat template. A model without one gets the plain form
  ``User: … / Assistant: …``, and its answer ends where it would speak for the user.
- A text is continued as it stands: no template, since that gives prose rather than an answer.
- An insertion (``suffix``) uses the vocabulary's fill-in-the-middle marks when it has them;
  otherwise the model is asked for a text that leads to what follows, and the text so far is put
  into its mouth; a model without a chat template gets what follows first, then the text.
- An instruction becomes a chat, whose answer replaces the text.

What does not fit into the model's context is cut at the far ends, and the prompt says so. Why the
forms are as they are, with what a small model made of each:
packaging/docs/decisions/0021-how-prompts-are-built.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from studio.core.requests import Message, Role, TextRequest

EDITOR = "You are an editor. Answer with the changed text only."
WRITER = "You are a novelist."
_LEADS_TO = "Write a text that later goes on like this:"
_CHARACTERS_PER_TOKEN = 24  # more than any ordinary text has; what lies beyond cannot fit
_SUFFIX_SHARE = 4  # a quarter of the room is for what follows the cursor
_SPOKEN = {Role.SYSTEM: "", Role.USER: "User: ", Role.ASSISTANT: "Assistant: "}


@dataclass(frozen=True)
class FillInMiddle:
    """Tokens of the three marks: before, after and here."""

    before: int
    after: int
    here: int


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """What the model is given.

    Attributes:
        tokens: The model's input.
        continues: The answer carries a text on, so its first space matters.
        typed_spaces: Spaces at the end of the user's text that the model was not shown and whose
            repetition at the start of the answer is left out.
        repeats: The answer shall repeat much of the prompt, so repeating it costs no penalty.
        stop_strings: Where the answer ends besides what the user chose.
        left_out: What did not fit, as a sentence; "" when all did.
    """

    tokens: list[int]
    continues: bool = False
    typed_spaces: int = 0
    repeats: bool = False
    stop_strings: tuple[str, ...] = ()
    left_out: str = ""


class VocabularyView(Protocol):
    """The part of ``_vocabulary.Vocabulary`` that building a prompt needs."""

    fill_in_middle: FillInMiddle | None
    has_chat_template: bool

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a piece of text."""

    def encode_from_start(self, text: str) -> list[int]:
        """Return the tokens of a text with the mark every text begins with."""

    def offsets(self, text: str) -> list[int]:
        """Return the character each token begins at."""

    def render(self, messages: Sequence[Message], *, answering: bool = True) -> str:
        """Return a chat in the model's own form."""


class PromptBuilder:
    """Builds prompts for one model."""

    def __init__(self, vocabulary: VocabularyView) -> None:
        self._vocabulary = vocabulary

    def build(self, request: TextRequest, room: int) -> Prompt:
        """Return the prompt for a request.

        Args:
            request: What the user asked.
            room: Tokens the prompt may have.

        Raises:
            UnsupportedModelError: The model's chat template does not work.
        """
        if request.messages:
            return self._chat(request.messages, room)
        if request.suffix.strip():
            return self._insertion(request, room)
        if request.instruction.strip():
            return self._instruction(request, room)
        return self._continuation(request.prompt, room)

    def _continuation(self, text: str, room: int) -> Prompt:
        shown = text.rstrip(" ")
        tokens = self._vocabulary.encode_from_start(shown[-room * _CHARACTERS_PER_TOKEN :])
        kept = shown
        if len(tokens) > room or len(shown) > room * _CHARACTERS_PER_TOKEN:
            frame = len(self._vocabulary.encode_from_start(""))
            kept = self._newest(shown, room - frame - 1)
            tokens = self._vocabulary.encode_from_start(kept)[-room:]
        return Prompt(
            tokens=tokens,
            continues=True,
            typed_spaces=len(text) - len(shown),
            left_out=_cut_notice("first", shown[: len(shown) - len(kept)]),
        )

    def _insertion(self, request: TextRequest, room: int) -> Prompt:
        marks = self._vocabulary.fill_in_middle
        suffix = self._oldest(request.suffix, max(1, room // _SUFFIX_SHARE))
        shown = request.prompt.rstrip(" ")
        if marks is not None and not request.instruction.strip():
            after = self._vocabulary.encode(suffix)
            before = self._newest(shown, room - len(after) - 4)
            tokens = [
                *self._vocabulary.encode_from_start("")[:1],
                marks.before,
                *self._vocabulary.encode(before),
                marks.after,
                *after,
                marks.here,
            ]
        else:
            lead = self._lead(request.instruction, suffix)
            before = self._newest(shown, room - len(lead) - 1)
            tokens = [*lead, *self._vocabulary.encode(before)]
        cut = _cut_notice("first", shown[: len(shown) - len(before)])
        cut = cut or _cut_notice("last", request.suffix[len(suffix) :])
        return Prompt(
            tokens=tokens[-room:],
            continues=True,
            typed_spaces=len(request.prompt) - len(shown),
            left_out=cut,
        )

    def _lead(self, instruction: str, suffix: str) -> list[int]:
        """Return what comes before the text: where it shall lead to."""
        if self._vocabulary.has_chat_template:
            wish = f"{instruction.strip()}\n\n{_LEADS_TO}".strip()
            asked = Message(Role.USER, f"{wish}\n\n{suffix.strip()}")
            shown = self._vocabulary.render((Message(Role.SYSTEM, WRITER), asked))
            return self._vocabulary.encode(shown)
        return self._vocabulary.encode_from_start(f"{suffix.strip()}\n\n***\n\n")

    def _instruction(self, request: TextRequest, room: int) -> Prompt:
        told = request.instruction.strip()
        around = self._rendered(_editing(told, ""))
        text = self._newest(request.prompt, room - len(around) - 8)
        prompt = self._chat(_editing(told, text), room)
        cut = _cut_notice("first", request.prompt[: len(request.prompt) - len(text)])
        return replace(prompt, repeats=bool(text.strip()), left_out=cut or prompt.left_out)

    def _chat(self, messages: Sequence[Message], room: int) -> Prompt:
        stops = () if self._vocabulary.has_chat_template else ("\nUser:",)
        tokens = self._rendered(messages) if self._may_fit(messages, room) else []
        if tokens and len(tokens) <= room:
            return Prompt(tokens=tokens, stop_strings=stops)
        fitting, dropped = self._fitting(messages, room)
        tokens = self._rendered(fitting)
        while len(tokens) > room and len(fitting) > 1 + (fitting[0].role is Role.SYSTEM):
            fitting.pop(1 if fitting[0].role is Role.SYSTEM else 0)
            dropped += 1
            tokens = self._rendered(fitting)
        notice = "The end of the chat was kept; its beginning is longer than this model can see."
        if dropped:
            named = "message was" if dropped == 1 else f"{dropped} messages were"
            notice = f"This chat is longer than the model can see: its first {named} left out."
        return Prompt(tokens=tokens[-room:], stop_strings=stops, left_out=notice)

    def _fitting(self, messages: Sequence[Message], room: int) -> tuple[list[Message], int]:
        """Return the system's text and the newest messages that fit, and how many are dropped."""
        system = [m for m in messages[:1] if m.role is Role.SYSTEM]
        spoken = list(messages[len(system) :])
        overhead = len(self._rendered([*system[:0], Message(Role.USER, "")])) + 8
        if system:
            kept = self._oldest(system[0].content, max(1, (room - overhead) // 2))
            system = [Message(Role.SYSTEM, kept)]
            overhead += len(self._vocabulary.encode(kept))
        left = room - overhead
        fitting: list[Message] = []
        for message in reversed(spoken):
            content = message.content
            if not fitting:
                content = self._newest(content, max(1, left))
            left -= len(self._vocabulary.encode(content)) + 8
            if fitting and left < 0:
                break
            fitting.insert(0, Message(message.role, content))
        return [*system, *fitting], len(spoken) - len(fitting)

    def _may_fit(self, messages: Sequence[Message], room: int) -> bool:
        return sum(len(m.content) for m in messages) <= room * _CHARACTERS_PER_TOKEN

    def _rendered(self, messages: Sequence[Message]) -> list[int]:
        if self._vocabulary.has_chat_template:
            return self._vocabulary.encode(self._vocabulary.render(messages))
        spoken = "\n\n".join(f"{_SPOKEN[m.role]}{m.content}" for m in messages)
        return self._vocabulary.encode_from_start(f"{spoken}\n\nAssistant:")

    def _newest(self, text: str, count: int) -> str:
        """Return the end of ``text`` that has at most ``count`` tokens.

        It begins at a place that stays where it is while the text grows, so that what the model
        has read stays read: up to a quarter of the room is given up at a time.
        """
        if count <= 0:
            return ""
        end = text[-count * _CHARACTERS_PER_TOKEN :]
        starts = self._vocabulary.offsets(end)
        if len(starts) <= count and len(end) == len(text):
            return text
        first = len(text) - len(end) + (starts[-count] if len(starts) > count else 0)
        step = 1 << (max(1, (len(text) - first) // 4).bit_length() - 1)
        start = -(-first // step) * step
        space = text.find(" ", start, start + 64)
        return text[space if space >= 0 else start :]

    def _oldest(self, text: str, count: int) -> str:
        """Return the beginning of ``text`` that has at most ``count`` tokens."""
        start = text[: count * _CHARACTERS_PER_TOKEN]
        starts = self._vocabulary.offsets(start)
        return start if len(starts) <= count else start[: starts[count]]


def _editing(instruction: str, text: str) -> tuple[Message, ...]:
    if not text.strip():
        return (Message(Role.USER, instruction),)
    return (Message(Role.SYSTEM, EDITOR), Message(Role.USER, f"{instruction}\n\n{text}"))


def _cut_notice(which: str, left_out: str) -> str:
    words = len(left_out.split())
    if not words:
        return ""
    return (
        f"This text is longer than the model can see: its {which} {words:,} "
        f"{'word was' if words == 1 else 'words were'} left out."
    )
