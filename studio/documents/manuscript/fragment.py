"""A piece of text that knows which of its parts were not typed; what undo keeps and copies."""

from __future__ import annotations

from dataclasses import dataclass

from studio.documents.spans import Origin, Span


@dataclass(frozen=True)
class Fragment:
    """A piece of text with the spans inside it, counted from its own start."""

    text: str = ""
    spans: tuple[Span, ...] = ()

    @staticmethod
    def of(text: str, origin: Origin = "typed", request_id: str = "") -> Fragment:
        """Return text that came whole from one place."""
        if not text or origin == "typed":
            return Fragment(text)
        return Fragment(text, (Span(0, len(text), origin, request_id),))

    def pieces(self) -> list[tuple[str, Origin, str]]:
        """Return the text cut where its origin changes: (text, origin, request id) each."""
        found: list[tuple[str, Origin, str]] = []
        position = 0
        for span in self.spans:
            if position < span.start:
                found.append((self.text[position : span.start], "typed", ""))
            found.append((self.text[span.start : span.end], span.origin, span.request_id))
            position = span.end
        if position < len(self.text):
            found.append((self.text[position:], "typed", ""))
        return found
