"""The panes, by name; each is imported and made only when it is first shown.

A pane is a ``QWidget`` made as ``Pane(context)`` with

- ``title: str`` and ``icon_name: str`` (Lucide),
- ``inspector: QWidget``, shown in the panel on the right,
- ``activated()``: called each time it comes to the front; it takes the focus to where one works,
- ``close_requested() -> bool``: says whether the window may close now, having kept its work,
- ``open_file(path)``: opens a file of the user,
- optionally ``header: QWidget``, shown in the strip above the work instead of the title,
- optionally ``options: ModelOptions``: the model the status line shows and offers meanwhile.
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
        kinds: Kinds of a project's documents that are its tabs.
        suffixes: Kinds of files it opens, for files that come in while another pane is in front;
            a pane that names none takes every file.
    """

    name: str
    place: str
    title: str
    icon_name: str
    kinds: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()


PICTURE_SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".avif",
    ".tif",
    ".tiff",
    ".bmp",
    ".gif",
    ".ora",
    ".psd",
    ".psb",
)

SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".aif", ".aiff")

PANES: tuple[PaneEntry, ...] = (
    PaneEntry(
        "text",
        "studio.app.panes.text.pane:TextPane",
        "Text",
        "feather",
        ("text", "chat"),
        (".txt", ".md", ".markdown", ".text"),
    ),
    PaneEntry(
        "picture",
        "studio.app.panes.picture.pane:PicturePane",
        "Pictures",
        "image",
        ("picture",),
        PICTURE_SUFFIXES,
    ),
    PaneEntry(
        "sound",
        "studio.app.panes.sound.pane:SoundPane",
        "Sound",
        "audio-lines",
        ("soundtrack",),
        SOUND_SUFFIXES,
    ),
    PaneEntry("library", "studio.app.panes.library.pane:LibraryPane", "Library", "library"),
)
"""From top to bottom of the rail."""
