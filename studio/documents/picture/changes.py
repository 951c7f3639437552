"""What a picture tells those who listen to it and those who keep it."""

from __future__ import annotations

from dataclasses import dataclass

from studio.documents.picture.geometry import Rect
from studio.documents.spans import Origin


@dataclass(frozen=True)
class Change:
    """What became different.

    Attributes:
        rect: Where the picture looks different; ``None`` where it looks the same.
        layers: The list of layers, or which one is active, changed.
        selection: The selection changed.
        frame: The generation frame changed.
        history: What can be undone or redone changed.
    """

    rect: Rect | None = None
    layers: bool = False
    selection: bool = False
    frame: bool = False
    history: bool = False


@dataclass(frozen=True)
class Action:
    """Something that was done and can be kept: a change, an undo or a redo.

    Attributes:
        label: What the history calls it.
        origin: Where what it brought comes from.
        request_id: The request that made it.
        merge: Actions with the same, one right after the other, may be kept as the last of them.
    """

    label: str
    origin: Origin = "typed"
    request_id: str = ""
    merge: str = ""
