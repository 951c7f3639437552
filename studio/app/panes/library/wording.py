"""How the library says dates, kinds and items, on cards, in the inspector and to screen readers."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from studio.app.widgets.dates import day_words, when
from studio.app.widgets.words import fill_in
from studio.library.items import Item, Kind

translate = QCoreApplication.translate

KIND_ICONS: dict[Kind, str] = {"text": "file-text", "image": "image", "audio": "audio-lines"}
STAR = "★"


def kind_name(kind: Kind) -> str:
    """Return what people call a kind."""
    return {
        "text": translate("library", "Text"),
        "image": translate("library", "Picture"),
        "audio": translate("library", "Sound"),
    }[kind]


def made(item: Item) -> str:
    """Return when an item was made."""
    return when(item.created_at)


def size(size_bytes: int) -> str:
    """Return a file's size."""
    return QLocale().formattedDataSize(size_bytes, 1, QLocale.DataSizeFormat.DataSizeSIFormat)


def caption(item: Item) -> str:
    """Return the line under a card's title: model and day."""
    day = day_words(item.created_at, short=True)
    model = item.model.rpartition("/")[2]
    return f"{day} · {model}" if model else day


def length(seconds: float) -> str:
    """Return how long a sound is, as players show it: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(number: int) -> str:
    """Return a number with the separators of the user's language."""
    return QLocale().toString(number)


def spoken(item: Item) -> str:
    """Return an item in words, for screen readers."""
    parts = [item.title, kind_name(item.kind), made(item)]
    if item.model:
        parts.append(item.model)
    if item.stars:
        parts.append(fill_in(translate("library", "%1 of 5 stars"), item.stars))
    if item.tags:
        parts.append(", ".join(item.tags))
    if item.missing:
        parts.append(translate("library", "The file is missing"))
    if item.trashed_at is not None:
        parts.append(translate("library", "In the trash"))
    return ", ".join(parts)
