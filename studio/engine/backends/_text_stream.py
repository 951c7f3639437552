"""Turns tokens into text while they come: whole characters only, stop strings found and left out.

A token can end in the middle of a character (byte-level vocabularies) and a stop string in the
middle of a token; both are held back until it is clear what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

_UNFINISHED = "\ufffd"
_LONGEST_CHARACTER = 8  # tokens; after that a broken character is what the model meant


class TextStream:
    """The text of one answer as it grows."""

    def __init__(
        self,
        decode: Callable[[list[int]], str],
        stop_strings: Sequence[str],
        before: Sequence[int] = (),
        skip_spaces: int = 0,
    ) -> None:
        """Start an empty answer.

        Args:
            decode: Turns tokens into text, special tokens left out.
            stop_strings: The answer ends before the first of these; empty ones count for nothing.
            before: The last tokens of a text that is continued: some vocabularies drop the space
                before the first token they decode.
            skip_spaces: Spaces left out at the start at most, since the user typed them already.
        """
        self._decode = decode
        self._stops = tuple(stop for stop in stop_strings if stop)
        self._tokens = list(before)
        self._context = 0  # decoding starts here: a token's text may depend on the one before
        self._read = len(self._tokens)  # up to here the text is pending or handed out
        self._pending = ""
        self._skip_spaces = skip_spaces
        self.text = ""
        self.stopped = False

    def add(self, token: int) -> str:
        """Take one more token and return the text that is certain by now, maybe none."""
        self._tokens.append(token)
        before = self._decode(self._tokens[self._context : self._read])
        after = self._decode(self._tokens[self._context :])
        if after.endswith(_UNFINISHED) and len(self._tokens) - self._read < _LONGEST_CHARACTER:
            return ""
        self._context, self._read = self._read, len(self._tokens)
        return self._hand_out(after[len(before) :], last=False)

    def finish(self) -> str:
        """Return what was held back; no more tokens come."""
        before = self._decode(self._tokens[self._context : self._read])
        after = self._decode(self._tokens[self._context :])
        self._read = self._context = len(self._tokens)
        return self._hand_out(after[len(before) :], last=True)

    def _hand_out(self, more: str, last: bool) -> str:
        if self.stopped:
            return ""
        while self._skip_spaces and more:
            if not more.startswith(" "):
                self._skip_spaces = 0
            else:
                self._skip_spaces -= 1
                more = more[1:]
        text = self._pending + more.replace("\x00", "")
        text = text.replace("\r\n", "\n")
        if not text.endswith("\r") or last:
            text = text.replace("\r", "\n")
        found = [(text.find(stop) + len(stop), stop) for stop in self._stops if stop in text]
        if found:
            # The one that is complete first, however the text is cut into tokens.
            end, stop = min(found, key=lambda pair: (pair[0], -len(pair[1])))
            self.stopped = True
            text, self._pending = text[: end - len(stop)], ""
        else:
            held = 0 if last else self._uncertain(text)
            self._pending = text[len(text) - held :]
            text = text[: len(text) - held]
        self.text += text
        return text

    def _uncertain(self, text: str) -> int:
        """Return how many characters at the end may become a stop string or a line end."""
        longest = 1 if text.endswith("\r") else 0
        for stop in self._stops:
            for length in range(min(len(stop) - 1, len(text)), longest, -1):
                if text.endswith(stop[:length]):
                    longest = length
                    break
        return longest
