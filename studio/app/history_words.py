"""How the window says when something was, and where a text came from."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from studio.app.history_rows import Row
from studio.app.theme.icons import Role
from studio.app.widgets.dates import clock, day_words
from studio.app.widgets.words import fill_in

translate = QCoreApplication.translate


def session_words(row: Row) -> str:
    """Return the heading of a session."""
    since, until = clock(row.since), clock(row.at)
    span = since if since == until else f"{since} – {until}"
    return f"{day_words(row.at)}  ·  {span}"


def steps_words(count: int) -> str:
    """Return how many steps a row stands for."""
    if count == 1:
        return translate("history", "1 step")
    return fill_in(translate("history", "%1 steps"), QLocale().toString(count))


def origin_words(row: Row) -> str:
    """Return where a row's text came from, for its second line."""
    if row.kind == "moment":
        return translate("history", "a moment with a name")
    if row.action not in ("text", "state"):
        return translate("history", "about the document")
    words = {
        "typed": translate("history", "typed"),
        "generated": translate("history", "written by a model"),
        "pasted": translate("history", "pasted"),
        "imported": translate("history", "from a file"),
    }
    origin = words.get(row.origin, row.origin)
    return origin if row.steps == 1 else f"{origin}  ·  {steps_words(row.steps)}"


def row_icon(row: Row) -> tuple[str, Role]:
    """Return icon and colour of a row; its words say the same."""
    if row.kind == "moment":
        return "bookmark", "gold"
    if row.kind == "deleted":
        return "trash-2", "quiet"
    if row.action == "create":
        return "file-plus", "quiet"
    if row.action not in ("text", "state"):
        return "file", "quiet"
    icons: dict[str, tuple[str, Role]] = {
        "generated": ("sparkles", "gold"),
        "pasted": ("clipboard", "quiet"),
        "imported": ("file-text", "quiet"),
    }
    return icons.get(row.origin, ("pen-line", "quiet"))
