"""How the window says when something was: as a person would, in the user's language."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, QDate, QDateTime, QLocale

from studio.app.widgets.words import fill_in

translate = QCoreApplication.translate
_TOKENS = re.compile(r"'[^']*'|d+|M+|y+|[^dMy']+")
_BELONGS_TO_NUMBER = (".", "日", "일", "年", "년")


def clock(at: float) -> str:
    """Return the time of day of a moment, seconds since 1970."""
    return QLocale().toString(_local(at).time(), QLocale.FormatType.ShortFormat)


def day_words(at: float, *, short: bool = False) -> str:
    """Return the day as a person says it.

    Args:
        at: Seconds since 1970.
        short: With the month's short name.
    """
    day, today = _local(at).date(), QDate.currentDate()
    ago = day.daysTo(today)
    if ago == 0:
        return translate("history", "Today")
    if ago == 1:
        return translate("history", "Yesterday")
    locale = QLocale()
    return locale.toString(day, day_pattern(locale, year=day.year() != today.year(), short=short))


def when(at: float) -> str:
    """Return day and time."""
    return fill_in(translate("history", "%1, %2"), day_words(at), clock(at))


def day_pattern(locale: QLocale, *, year: bool, short: bool) -> str:
    """Return how a language writes a day without its weekday, perhaps without its year."""
    tokens = _TOKENS.findall(locale.dateFormat(QLocale.FormatType.LongFormat))
    wanted = [place for place, token in enumerate(tokens) if _is_wanted(token, year)]
    start, end = min(wanted, default=0), max(wanted, default=0) + 1
    part = tokens[start:end]
    unwanted = any((token[0] == "y" and not year) or token[:3] == "ddd" for token in part)
    if unwanted or {token[0] for token in part} < {"d", "M"}:
        part = ["d", " ", "MMMM", *([" ", "yyyy"] if year else [])]
    elif end < len(tokens) and tokens[end].startswith(_BELONGS_TO_NUMBER):
        part = [*part, tokens[end][0]]
    return "".join("MMM" if short and token == "MMMM" else token for token in part)


def _is_wanted(token: str, year: bool) -> bool:
    return token in ("d", "dd") or token[0] == "M" or (year and token[0] == "y")


def _local(at: float) -> QDateTime:
    return QDateTime.fromMSecsSinceEpoch(int(at * 1000)).toLocalTime()
