"""Requests for tests of the window."""

from __future__ import annotations

from studio.core.requests import Capability, TextRequest


def text_request(label: str = "A story", prompt: str = "Once", **options: object) -> TextRequest:
    return TextRequest(
        capability=Capability.TEXT_GENERATE,
        seed=1,
        prompt=prompt,
        label=label,
        options=options,  # type: ignore[arg-type]
    )
