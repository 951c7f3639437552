"""Models come with one click, never without it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.model_fetches import ModelFetches
from studio.app.models_page import ModelsPage, purpose, size_words
from studio.core.errors import OfflineError
from studio.setup.builtin_models import NOTES_NAME, pinned_digest
from studio.setup.fetching import offered_models
from tests.fakes.fake_engine import FakeEngine
from tests.fakes.slow_fetch import SlowFetch

TINY, BASE = "whisper-tiny.en", "whisper-base"


@pytest.fixture
def fetch() -> SlowFetch:
    return SlowFetch()


@pytest.fixture
def page(qtbot: QtBot, app_context: AppContext, fetch: SlowFetch) -> Iterator[ModelsPage]:
    app_context.__dict__["fetches"] = ModelFetches(
        app_context.bridge, app_context.notify, app_context.folders, fetch
    )
    page = ModelsPage(app_context)
    qtbot.addWidget(page)
    page.resize(640, 900)
    with qtbot.waitExposed(page):
        page.show()
    qtbot.waitUntil(lambda: bool(page.cards))
    yield page
    app_context.fetches.close()


def press(page: ModelsPage, entry_id: str) -> None:
    page.cards[entry_id].button.click()


def words(page: ModelsPage, entry_id: str) -> str:
    return " ".join(label.text() for label in page.cards[entry_id].findChildren(QLabel))


def install(context: AppContext, entry_id: str) -> None:
    """Leave the mark of a complete folder, as the set-up does last."""
    entry = next(each for each in offered_models() if each.id == entry_id)
    folder = context.folders.models / entry.folder
    folder.mkdir(parents=True)
    notes = {"digest": pinned_digest(entry), "files": []}
    (folder / NOTES_NAME).write_text(json.dumps(notes), encoding="utf-8")


def test_every_model_of_the_catalogue_says_what_it_is_for_and_what_it_costs(page):
    assert set(page.cards) == {entry.id for entry in offered_models()}
    said = words(page, TINY)
    assert "Whisper tiny (English)" in said and "Listening" in said and "MIT" in said
    assert "Good for" in said and "Not for" in said
    assert page.cards[TINY].button.text() == "Get (71 MB)"
    assert page.cards[TINY].button.isVisible() and not page.cards[TINY].here.isVisible()


def test_nothing_is_fetched_before_the_click(page, fetch, network_guard):
    page.refresh()
    assert fetch.asked == [] and network_guard.tries == []


def test_get_shows_how_far_it_is_and_the_engine_looks_again(
    qtbot, page, fetch, app_context, engine: FakeEngine
):
    looked = engine.looked_again
    press(page, TINY)
    card = page.cards[TINY]
    assert card.button.text() == "Stop" and card.progress.isVisible()
    fetch.tell("Fetching Whisper: 35.0 of 70.7 MB", 0.5)
    qtbot.waitUntil(lambda: card.progress.value() == 500)
    assert "35.0 of 70.7 MB" in words(page, TINY)
    install(app_context, TINY)
    fetch.finish()
    qtbot.waitUntil(lambda: page.cards[TINY].here.isVisible())
    assert not page.cards[TINY].button.isVisible()
    assert engine.looked_again == looked + 1 and fetch.asked == [TINY]
    assert app_context.notify.messages[-1].text == "Whisper tiny (English) is here."


def test_stop_stops_and_the_next_get_goes_on(qtbot, page, fetch):
    press(page, TINY)
    qtbot.waitUntil(lambda: fetch.asked == [TINY])
    press(page, TINY)
    qtbot.waitUntil(lambda: page.cards[TINY].button.text() == "Get (71 MB)")
    assert not page.cards[TINY].state.isVisible()
    press(page, TINY)
    qtbot.waitUntil(lambda: fetch.asked == [TINY, TINY])


def test_a_failure_is_a_sentence_and_get_tries_again(qtbot, page, fetch, app_context):
    press(page, TINY)
    fetch.fail(OfflineError("There is no network connection.", hint="Connect and try again."))
    qtbot.waitUntil(lambda: "no network connection" in words(page, TINY))
    assert "Connect and try again." in words(page, TINY)
    assert page.cards[TINY].button.text() == "Get (71 MB)"
    assert app_context.notify.messages[-1].text == "There is no network connection."
    press(page, TINY)
    assert "no network connection" not in words(page, TINY)


def test_one_is_fetched_at_a_time_and_one_that_waits_can_be_taken_back(qtbot, page, fetch):
    press(page, TINY)
    press(page, BASE)
    press(page, "kokoro-82m")
    qtbot.waitUntil(lambda: fetch.asked == [TINY])
    assert "Waiting" in words(page, BASE)
    press(page, BASE)
    assert page.cards[BASE].button.text().startswith("Get")
    fetch.finish()
    qtbot.waitUntil(lambda: fetch.asked == [TINY, "kokoro-82m"])


def test_a_fetch_that_dies_does_not_seem_to_go_on(qtbot, page, fetch, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda _: None)  # the defect is wanted here
    press(page, TINY)
    fetch.crash()
    qtbot.waitUntil(lambda: "something unexpected" in words(page, TINY))


def test_the_settings_and_the_palette_lead_there(qtbot, window):
    assert window.app.actions.run("help.models")
    dialog = window.app.window_actions.dialog
    assert isinstance(dialog.show_page(), ModelsPage)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)


@pytest.mark.parametrize(
    ("count", "said"), [(70_653_446, "71 MB"), (1_250_000_000, "1.2 GB"), (10, "1 MB")]
)
def test_sizes_are_said_as_networks_count(count, said):
    assert size_words(count) == said


def test_a_purpose_is_a_word():
    assert purpose(("image.txt2img",)) == "Pictures" and purpose(("text.chat",)) == "Writing"
