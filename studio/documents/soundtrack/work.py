"""How long work tells how far it is, and hears that it shall stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

ProgressCallback = Callable[[float], None]
CancelledCallback = Callable[[], bool]


class WorkCancelled(Exception):  # noqa: N818 - a wish of the user, not an error
    """The user stopped it; nothing was written."""


@dataclass(frozen=True)
class Work:
    """Progress and cancelling of one piece of work, or of a part of it.

    Attributes:
        progress: Called with 0..1 of the whole, on the working thread.
        cancelled: Asked often; true stops the work.
        offset: Where this part begins in the whole.
        length: How much of the whole it is.
    """

    progress: ProgressCallback | None = None
    cancelled: CancelledCallback | None = None
    offset: float = 0.0
    length: float = 1.0

    def step(self, fraction: float) -> None:
        """Tell how much of this part is done.

        Raises:
            WorkCancelled: It shall stop.
        """
        if self.cancelled is not None and self.cancelled():
            raise WorkCancelled
        if self.progress is not None:
            self.progress(self.offset + self.length * min(1.0, max(0.0, fraction)))

    def sub(self, offset: float, length: float) -> Work:
        """Return a part of this part."""
        return Work(
            self.progress, self.cancelled, self.offset + self.length * offset, self.length * length
        )
