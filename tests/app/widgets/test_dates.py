from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QDate, QDateTime, QLocale, QTime

from studio.app.widgets.dates import clock, day_pattern, day_words, when

DAY = QDate(2024, 3, 21)


@pytest.mark.parametrize(
    ("name", "shown", "with_year"),
    [
        ("C", "21 Mar", "21 Mar 2024"),
        ("en_US", "Mar 21", "Mar 21, 2024"),
        ("en_GB", "21 Mar", "21 Mar 2024"),
        ("de_DE", "21. März", "21. März 2024"),
        ("es_ES", "21 de mar", "21 de mar de 2024"),
        ("ja_JP", "3月21日", "2024年3月21日"),
        ("ko_KR", "3월 21일", "2024년 3월 21일"),
    ],
)
def test_days_are_written_as_the_language_does(name: str, shown: str, with_year: str) -> None:
    locale = QLocale(name)
    assert locale.toString(DAY, day_pattern(locale, year=False, short=True)) == shown
    assert locale.toString(DAY, day_pattern(locale, year=True, short=True)) == with_year


def test_every_language_says_day_and_month_once_and_no_weekday() -> None:
    any_of = (QLocale.Language.AnyLanguage, QLocale.Script.AnyScript, QLocale.Country.AnyCountry)
    locales = QLocale.matchingLocales(*any_of)
    assert len(locales) > 300
    for locale in locales:
        for year in (False, True):
            plain = "".join(day_pattern(locale, year=year, short=True).split("'")[::2])
            assert plain.count("d") in (1, 2) and plain.count("M"), locale.name()
            assert ("y" in plain) == year, locale.name()
            shown = day_pattern(locale, year=year, short=True)
            assert shown.count("'") % 2 == 0 and shown == shown.strip(" ,"), locale.name()


def test_today_and_yesterday_are_called_so() -> None:
    now = time.time()
    noon = QDateTime(QDate.currentDate(), QTime(12, 0)).toMSecsSinceEpoch() / 1000
    assert day_words(noon) == "Today"
    assert day_words(noon - 86400) == "Yesterday"
    assert when(now).endswith(clock(now))
