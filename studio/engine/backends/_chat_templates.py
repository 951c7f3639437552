"""Runs the chat template of a model folder, which is a foreign program, within limits.

It runs in transformers' sandbox, and here also under a limit of time and size.
"""

from __future__ import annotations

import time
from typing import Any

from studio.core.errors import UnsupportedModelError

_SECONDS = 5.0
_CHARACTERS = 4_000_000  # beyond what the messages themselves have


def run_template(template: str, messages: list[Any], size: int, **values: Any) -> str:
    """Return what a template makes of messages.

    Args:
        template: In the language of jinja.
        messages: As the template knows them.
        size: How many characters the messages have.
        values: What else the template may ask for.

    Raises:
        UnsupportedModelError: It never comes to an end.
        jinja2.TemplateError, ArithmeticError, LookupError, TypeError: It does not work.
    """
    from transformers.utils.chat_template_utils import _compile_jinja_template

    limit = _CHARACTERS + 4 * size
    deadline = time.monotonic() + _SECONDS
    pieces: list[str] = []
    for piece in _compile_jinja_template(template).generate(messages=messages, **values):
        pieces.append(piece)
        limit -= len(piece) + 1
        if limit < 0 or time.monotonic() > deadline:
            raise UnsupportedModelError(
                "This model's chat template never comes to an end, so it was stopped.",
                hint="The model may be damaged or made with ill intent; choose another one.",
            )
    return "".join(pieces)
