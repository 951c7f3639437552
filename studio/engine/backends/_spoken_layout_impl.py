"""How a speaking model wants a text, and a voice before it, laid out: its chat template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jinja2

from studio.core.errors import ModelDamagedError, UnsupportedModelError
from studio.engine.backends._chat_templates import run_template
from studio.engine.backends._sound_architectures import read_config
from studio.engine.backends._sound_parts_impl import Parts

#: Where a turn holds a sound; the sound itself is given beside the text.
SOUND = {"type": "audio"}
_LEGACY_FILE = "chat_template.json"


class SpokenLayout:
    """The chat template of a speaking model's folder.

    Args:
        parts: Of the model.
        tokenizer: The model's, which knows its template and its special tokens.

    Raises:
        ModelDamagedError: The folder has no template.
    """

    def __init__(self, parts: Parts, tokenizer: Any) -> None:
        self._title = parts.model.title
        self._tokenizer = tokenizer
        told = read_config(parts.folder, _LEGACY_FILE).get("chat_template")
        template = tokenizer.chat_template or told
        if not isinstance(template, str):
            raise ModelDamagedError(
                f"The folder of “{self._title}” lacks its chat template.",
                hint="Put its file chat_template.jinja there.",
            )
        self.template = template

    def text(self, *turns: tuple[str, Sequence[dict[str, str]]]) -> str:
        """Return turns as the model reads them.

        Args:
            turns: Role, and what is said: :func:`said` and :data:`SOUND`.

        Raises:
            UnsupportedModelError: The template cannot be used for this.
        """
        messages = [{"role": role, "content": list(content)} for role, content in turns]
        size = sum(len(part.get("text", "")) for _, content in turns for part in content)
        try:
            return run_template(self.template, messages, size, **self._tokenizer.special_tokens_map)
        except (jinja2.TemplateError, ArithmeticError, LookupError, TypeError) as error:
            raise self.unknown(str(error)) from error

    def unknown(self, reason: str) -> UnsupportedModelError:
        """Return the error for a layout that is not what such models are made for."""
        return UnsupportedModelError(
            f"“{self._title}” wants its text laid out in a way that is not known here.",
            hint="Look for the same model as it was published for transformers.",
            reason=reason[:500],
        )

    def expect(self, laid_out: str, token: str) -> None:
        """Check that a sound has exactly one place in a layout.

        Raises:
            UnsupportedModelError: It has none, or several.
        """
        if laid_out.count(token) != 1:
            raise self.unknown(f"{laid_out.count(token)} places for a sound")


def said(text: str) -> dict[str, str]:
    """Return a text as a part of a turn."""
    return {"type": "text", "text": text}
