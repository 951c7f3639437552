"""One measured number, as every benchmark of this folder returns them from ``run()``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What was measured.

    Attributes:
        name: What it is.
        value: The number.
        unit: Its unit.
        limit: The largest value that is good enough; ``None`` when there is no promise.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def good(self) -> bool:
        """Whether the promise is kept."""
        return self.limit is None or self.value <= self.limit

    def __str__(self) -> str:
        kept = "kept" if self.good else "MISSED"
        promised = "" if self.limit is None else f"  (at most {self.limit:g}: {kept})"
        return f"{self.name:58} {self.value:10.2f} {self.unit}{promised}"
