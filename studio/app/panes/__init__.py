"""The panes, by name; each is imported and made only when it is first shown.

A pane is a ``QWidget`` made as ``Pane(context)`` with

- ``title: str`` and ``icon_name: str`` (Lucide),
- ``inspector: QWidget``, shown in the panel on the right,
- ``activated()``: called each time it comes to the front; it takes the focus to where one works,
- ``close_requested() -> bool``: says whether the window may close now, having kept its work,
- ``open_file(path)``: opens a file of the user,
- optionally ``header: QWidget``, shown in the strip above the work instead of the title.
"""

from __future__ import annotations

from typing import NamedTuple


class PaneEntry(NamedTuple):
    """A pane before it is imported.

    Attributes:
        name: What layouts and actions call it.
        place: Where it is, as "module:class".
        title: What the rail says, in English; translated there.
        icon_name: Lucide icon of the rail.
    """

    name: str
    place: str
    title: str
    icon_name: str


PANES: tuple[PaneEntry, ...] = (
    PaneEntry("text", "studio.app.panes.text.pane:TextPane", "Text", "feather"),
    PaneEntry("library", "studio.app.panes.library.pane:LibraryPane", "Library", "library"),
)
"""From top to bottom of the rail."""
