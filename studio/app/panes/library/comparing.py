"""What two items are compared by: their requests, and the pictures. Off the GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

from studio.core.errors import BadInputError
from studio.core.requests import Request
from studio.library.items import Item
from studio.library.thumbnails import small_picture

if TYPE_CHECKING:
    from studio.library.library import Library

LONGEST_PX = 2048
"""Pictures are shown in half a window; larger ones would only take room."""


@dataclass(frozen=True)
class Side:
    """One of two items.

    Attributes:
        title: Its title.
        request: What made it; ``None`` where nothing says so.
        picture: What it looks like; ``None`` for anything else than a picture that can be read.
    """

    title: str
    request: Request | None = None
    picture: QImage | None = None


def sides(library: Library, ids: Sequence[int]) -> list[Side]:
    """Return items as they are compared; reads their files.

    Raises:
        BadInputError: There is neither a picture nor a request to compare.
    """
    items = library.items(ids)
    pictures = all(item.kind == "image" for item in items)
    found = []
    for item in items:
        try:
            request = library.request(item.id)
        except BadInputError:
            if not pictures:
                raise
            request = None
        found.append(Side(item.title, request, _picture(library, item) if pictures else None))
    return found


def _picture(library: Library, item: Item) -> QImage | None:
    small = None if item.missing else small_picture(library.path(item), LONGEST_PX)
    if small is None:
        return None
    rgba = small.convert("RGBA")
    straight = QImage.Format.Format_RGBA8888
    image = QImage(rgba.tobytes(), rgba.width, rgba.height, rgba.width * 4, straight)
    # A copy, since Qt does not keep foreign bytes alive; in the form that is drawn fastest.
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
