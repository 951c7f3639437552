"""Prompts that change while the picture forms: ``[from:to:when]`` and ``[one|other]``.

The rules are AUTOMATIC1111's (the grammar ``schedule_parser`` in the module ``prompt_parser`` of
stable-diffusion-webui): ``when`` with a point is a share of the steps, without one a number of
steps; what does not fit the grammar is text and left to the rules for weights.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = re.compile(r"(?:[^\\\[\]():|]|\\.)+", re.DOTALL)
_WHEN = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*\]")
_MAX_DEPTH = 48


@dataclass(frozen=True)
class _Edit:
    """``before`` until ``when`` steps are done, then ``after``."""

    before: tuple[Node, ...]
    after: tuple[Node, ...]
    when: str

    def steps(self, total: int) -> int:
        value = float(self.when) * (total if "." in self.when else 1)
        return max(0, int(min(total, value)))


@dataclass(frozen=True)
class _Turns:
    """One of ``choices`` each step, in turn."""

    choices: tuple[tuple[Node, ...], ...]


Node = str | _Edit | _Turns


class Schedule:
    """A prompt's text at each step."""

    def __init__(self, text: str) -> None:
        """Read the prompt; any text is one."""
        self._nodes = _Reader(text).everything()

    @property
    def changes(self) -> bool:
        """Whether the text is not the same at every step."""
        return any(not isinstance(node, str) for node in self._nodes)

    def at_step(self, step: int, total: int) -> str:
        """Return the prompt when ``step`` of ``total`` steps are done (0 is the first)."""
        return _text(self._nodes, step, total)

    def over(self, total: int) -> tuple[tuple[int, str], ...]:
        """Return which text holds from which step on, for a picture of ``total`` steps.

        The first entry is for step 0; neighbours always differ.
        """
        starts = {0}
        _collect(self._nodes, total, starts)
        found: list[tuple[int, str]] = []
        for step in sorted(starts):
            if step >= total and found:
                break
            text = self.at_step(step, total)
            if not found or found[-1][1] != text:
                found.append((step, text))
        return tuple(found)


def _text(nodes: tuple[Node, ...], step: int, total: int) -> str:
    parts: list[str] = []
    for node in nodes:
        if isinstance(node, str):
            parts.append(node)
        elif isinstance(node, _Edit):
            chosen = node.before if step < node.steps(total) else node.after
            parts.append(_text(chosen, step, total))
        else:
            parts.append(_text(node.choices[step % len(node.choices)], step, total))
    return "".join(parts)


def _collect(nodes: tuple[Node, ...], total: int, into: set[int]) -> None:
    """Add every step at which the text may become another one."""
    for node in nodes:
        if isinstance(node, _Edit):
            into.add(node.steps(total))
            _collect(node.before, total, into)
            _collect(node.after, total, into)
        elif isinstance(node, _Turns):
            into.update(range(total))


class _Reader:
    """Reads the grammar by descent, remembering the brackets that do not fit."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.failed: set[int] = set()

    def everything(self) -> tuple[Node, ...]:
        found: list[Node] = []
        at = 0
        while at < len(self.text):
            nodes, at = self._run(at, 0)
            found.extend(nodes)
            if at < len(self.text):  # a bracket or sign that belongs to nothing is text
                found.append(self.text[at])
                at += 1
        return _merged(found)

    def _run(self, at: int, depth: int) -> tuple[list[Node], int]:
        """Read text and whole brackets from ``at``; return them and where it stopped."""
        found: list[Node] = []
        while at < len(self.text):
            plain = _PLAIN.match(self.text, at)
            if plain:
                found.append(plain[0])
                at = plain.end()
                continue
            if self.text[at] not in "([" or at in self.failed:
                break
            read = self._bracket(at, depth + 1) if depth < _MAX_DEPTH else None
            if read is None:
                self.failed.add(at)
                break
            found.extend(read[0])
            at = read[1]
        return found, at

    def _bracket(self, start: int, depth: int) -> tuple[list[Node], int] | None:
        first, at = self._run(start + 1, depth)
        sign = self.text[at : at + 1]
        if self.text[start] == "(":
            return self._round(first, at, sign, depth)
        if sign == "]":
            return ["[", *first, "]"], at + 1
        if sign == "|":
            return self._turns(first, at, depth)
        return self._edit(first, at, depth) if sign == ":" else None

    def _round(
        self, first: list[Node], at: int, sign: str, depth: int
    ) -> tuple[list[Node], int] | None:
        if sign == ")":
            return ["(", *first, ")"], at + 1
        if sign != ":":
            return None
        second, at = self._run(at + 1, depth)
        if self.text[at : at + 1] != ")":
            return None
        return ["(", *first, ":", *second, ")"], at + 1

    def _turns(self, first: list[Node], at: int, depth: int) -> tuple[list[Node], int] | None:
        choices = [_merged(first)]
        while self.text[at : at + 1] == "|":
            nodes, at = self._run(at + 1, depth)
            choices.append(_merged(nodes))
        if self.text[at : at + 1] != "]":
            return None
        return [_Turns(tuple(choices))], at + 1

    def _edit(self, first: list[Node], at: int, depth: int) -> tuple[list[Node], int] | None:
        when = _WHEN.match(self.text, at + 1)
        if when:
            return [_Edit((), _merged(first), when[1])], when.end()
        second, at = self._run(at + 1, depth)
        when = _WHEN.match(self.text, at + 1) if self.text[at : at + 1] == ":" else None
        if when is None:
            return None
        return [_Edit(_merged(first), _merged(second), when[1])], when.end()


def _merged(nodes: list[Node]) -> tuple[Node, ...]:
    found: list[Node] = []
    for node in nodes:
        if isinstance(node, str) and found and isinstance(found[-1], str):
            found[-1] += node
        else:
            found.append(node)
    return tuple(found)
