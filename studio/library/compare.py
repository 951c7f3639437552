"""Two requests side by side, field by field."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from studio.core.requests import Request, to_json

_HIDDEN = ("format", "kind", "transient")
_FIRST = ("capability", "model", "seed", "instruction", "prompt", "suffix", "messages")


@dataclass(frozen=True)
class FieldRow:
    """One field of both requests.

    Attributes:
        name: Its name; options stand as ``options.temperature``.
        left: Its value in the first, as text; "" not there.
        right: Its value in the second.
    """

    name: str
    left: str
    right: str

    @property
    def differs(self) -> bool:
        """Whether the two are not the same."""
        return self.left != self.right


def compare(left: Request, right: Request) -> list[FieldRow]:
    """Return every field that one of the requests has, what matters most first."""
    first, second = _flat(left), _flat(right)
    names = [name for name in _FIRST if name in first or name in second]
    names += sorted((first.keys() | second.keys()) - set(names))
    rows = [FieldRow(name, first.get(name, ""), second.get(name, "")) for name in names]
    return [row for row in rows if row.left or row.right]


def _flat(request: Request) -> dict[str, str]:
    plain: dict[str, Any] = json.loads(to_json(request))
    flat: dict[str, str] = {}
    for name, value in plain.items():
        if name in _HIDDEN:
            continue
        if name == "options":
            flat |= {f"options.{key}": _shown(item) for key, item in value.items()}
        else:
            flat[name] = _shown(value)
    return flat


def _shown(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict) and "content" in value[0]:
        return "\n\n".join(f"{item['role']}: {item['content']}" for item in value)
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)
