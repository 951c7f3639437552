"""What the prompt builder and the token loop need of a tokenizer, for any tokenizer.

Rust-backed tokenizers are used directly: that is thread-safe and ten times quicker than going
through transformers for each call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from studio.core.errors import UnsupportedModelError
from studio.core.requests import Message, Role
from studio.engine.backends._chat_templates import run_template
from studio.engine.backends._prompting import FillInMiddle

_PROBE = "wxyz"

_FILL_IN_MIDDLE = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    ("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),
)
"""Spellings of the three marks; a model that has them in its vocabulary was trained with them."""


class Vocabulary:
    """A tokenizer as this backend sees it."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._fast = tokenizer.backend_tokenizer if tokenizer.is_fast else None
        if self._fast is not None:
            self._fast.no_truncation()
            self._fast.no_padding()
        self.fill_in_middle = self._find_fill_in_middle()
        self.has_chat_template = bool(tokenizer.chat_template)
        self._begin, self._end = self._find_frame()

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a piece of text, nothing added; marks in it count as marks."""
        if self._fast is not None:
            return list(self._fast.encode(text, add_special_tokens=False).ids)
        return list(self._tokenizer.encode(text, add_special_tokens=False))

    def encode_from_start(self, text: str) -> list[int]:
        """Return the tokens of a text with the mark that this model begins every text with."""
        return [*self._begin, *self.encode(text)]

    def decode(self, tokens: list[int]) -> str:
        """Return the text of tokens, marks left out."""
        if self._fast is not None:
            return str(self._fast.decode(tokens, skip_special_tokens=True))
        return str(
            self._tokenizer.decode(
                tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )

    def offsets(self, text: str) -> list[int]:
        """Return the character each token of ``text`` begins at."""
        if self._fast is not None:
            return [at for at, _ in self._fast.encode(text, add_special_tokens=False).offsets]
        count = len(self.encode(text))
        return [index * len(text) // count for index in range(count)]

    def render(self, messages: Sequence[Message], *, answering: bool = True) -> str:
        """Return the chat in the form the model was trained with.

        Templates that know no system role, or that want strict turns, get the system text in the
        first message and neighbouring messages of one speaker joined.

        Raises:
            UnsupportedModelError: The model's template does not work.
        """
        import jinja2

        attempts = (list(messages), _joined(messages), _joined(_without_system(messages)))
        for index, attempt in enumerate(attempts):
            try:
                return self._render(attempt, answering)
            except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError) as error:
                if index == len(attempts) - 1:
                    raise UnsupportedModelError(
                        "This model's chat template does not work here.",
                        hint="Use the model for continuing texts, or choose another one for chat.",
                        reason=str(error)[:500],
                    ) from error
        raise AssertionError("unreachable")

    def end_of_turn(self) -> set[int]:
        """Return the mark that ends an answer in the model's chat template, found by rendering."""
        if not self.has_chat_template:
            return set()
        asked = (Message(Role.USER, _PROBE), Message(Role.ASSISTANT, _PROBE * 2))
        try:
            rendered = self.render(asked, answering=False)
        except UnsupportedModelError:
            return set()
        after = self.encode(rendered.rpartition(_PROBE * 2)[2].lstrip())
        special = set(self._tokenizer.all_special_ids)
        special |= {i for i, t in self._tokenizer.added_tokens_decoder.items() if t.special}
        return {after[0]} & special if after else set()

    def _render(self, messages: Sequence[Message], answering: bool) -> str:
        return run_template(
            self._tokenizer.get_chat_template(),
            [{"role": str(m.role), "content": m.content} for m in messages],
            sum(len(m.content) for m in messages),
            tools=None,
            documents=None,
            add_generation_prompt=answering,
            **self._tokenizer.special_tokens_map,
        )

    def _find_fill_in_middle(self) -> FillInMiddle | None:
        known = self._tokenizer.get_added_vocab()
        for before, after, here in _FILL_IN_MIDDLE:
            if before in known and after in known and here in known:
                return FillInMiddle(known[before], known[after], known[here])
        return None

    def _find_frame(self) -> tuple[list[int], list[int]]:
        """Return the marks the tokenizer puts around a text (the one at the end is not used)."""
        bare = self.encode(_PROBE)
        framed = list(self._tokenizer.encode(_PROBE, add_special_tokens=True))
        for at in range(len(framed) - len(bare) + 1):
            if framed[at : at + len(bare)] == bare:
                return framed[:at], framed[at + len(bare) :]
        return [], []


def _without_system(messages: Sequence[Message]) -> list[Message]:
    """Return the chat with what the system says put into the first message of the user."""
    told = "\n\n".join(m.content for m in messages if m.role is Role.SYSTEM)
    rest = [m for m in messages if m.role is not Role.SYSTEM]
    if not told:
        return rest
    if rest and rest[0].role is Role.USER:
        return [Message(Role.USER, f"{told}\n\n{rest[0].content}"), *rest[1:]]
    return [Message(Role.USER, told), *rest]


def _joined(messages: Sequence[Message]) -> list[Message]:
    """Return the chat with neighbouring messages of one speaker as one."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role is message.role:
            joined[-1] = Message(message.role, f"{joined[-1].content}\n\n{message.content}")
        else:
            joined.append(message)
    return joined
