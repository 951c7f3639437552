"""Styles: words put round a prompt. Those of assets/image/styles.json and those of the user.

Read from our own JSON, from lists as Fooocus has them (``name``, ``prompt``,
``negative_prompt``), and from A1111's ``styles.csv`` with the same columns. ``{prompt}`` in a
style's words stands for what the user wrote; without it the words are put behind.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError, storage_errors
from studio.core.media import clean_text

FORMAT = 1
PLACE = "{prompt}"
_MAX_BYTES = 8_000_000


@dataclass(frozen=True, kw_only=True)
class Style:
    """One style.

    Attributes:
        name: What people call it.
        prompt: Words for the prompt, with ``{prompt}`` where the user's own go.
        negative_prompt: Words for the negative prompt, likewise.
        category: Under which heading it stands; "" for those of the user.
        id: Stable name; made from ``name`` when empty.
    """

    name: str
    prompt: str = ""
    negative_prompt: str = ""
    category: str = ""
    id: str = ""

    def __post_init__(self) -> None:
        for field in ("name", "prompt", "negative_prompt", "category", "id"):
            object.__setattr__(self, field, clean_text(str(getattr(self, field))).strip())
        if not self.name:
            raise BadInputError("A style has no name.")
        if not self.id:
            object.__setattr__(self, "id", "-".join(self.name.casefold().split()))

    def applied(self, prompt: str, negative_prompt: str = "") -> tuple[str, str]:
        """Return prompt and negative prompt with the style's words round them."""
        return _joined(self.prompt, prompt), _joined(self.negative_prompt, negative_prompt)


def read_styles(path: Path) -> tuple[Style, ...]:
    """Return the styles of a JSON or CSV file, in its order.

    Raises:
        BadInputError: It holds no styles that can be read.
        StorageError: The system does not let us read it.
    """
    with storage_errors(path, "reading styles"), path.open("rb") as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise _unreadable(path, "it is larger than any list of styles")
    try:
        text = data.decode("utf-8-sig")
        rows = _csv(text) if path.suffix.lower() == ".csv" else _json(text)
        styles = tuple(_style(row) for row in rows)
    except (ValueError, TypeError, RecursionError, csv.Error) as error:
        raise _unreadable(path, str(error)) from error
    if not styles:
        raise _unreadable(path, "there are none in it")
    return styles


def write_styles(path: Path, styles: Iterable[Style]) -> None:
    """Write styles as JSON, such as those a user keeps.

    Raises:
        StorageError: It could not be written.
    """
    plain = {"format": FORMAT, "styles": [asdict(style) for style in styles]}
    text = json.dumps(plain, ensure_ascii=False, indent=1) + "\n"
    atomic_write(path, text, doing="keeping styles")


def _json(text: str) -> Iterable[Mapping[str, Any]]:
    plain = json.loads(text)
    rows = plain.get("styles", ()) if isinstance(plain, dict) else plain
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("it is no list of styles")
    return rows


def _csv(text: str) -> Iterable[Mapping[str, Any]]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    if "name" not in (rows.fieldnames or ()):
        raise ValueError("it has no column called “name”")
    # A1111 keeps a row called None for "no style".
    return [row for row in rows if row.get("name") and row["name"] != "None"]


def _style(row: Mapping[str, Any]) -> Style:
    known = ("name", "prompt", "negative_prompt", "category", "id")
    return Style(**{field: row[field] for field in known if row.get(field) is not None})


def _joined(words: str, own: str) -> str:
    if PLACE in words:
        whole = words.replace(PLACE, own)
        return whole if own.strip() else whole.strip(", \n")
    return ", ".join(part for part in (own.strip().rstrip(","), words) if part)


def _unreadable(path: Path, reason: str) -> BadInputError:
    return BadInputError(
        f"{path.name} holds no styles Triptych can read: {reason}.",
        hint="It reads its own JSON, Fooocus lists and A1111's styles.csv.",
        path=str(path),
    )
