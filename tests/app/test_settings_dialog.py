from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLabel

from studio.app.settings_dialog import PAGE_ROW
from studio.app.settings_pages import GroupPage
from studio.core.options import describe
from studio.core.settings import GROUPS
from studio.engine.plugins import PluginInfo

ROOT = Path(__file__).parents[2]


@pytest.fixture
def dialog(qtbot, window):
    window.app.window_actions.open_settings()
    return window.app.window_actions.dialog


def test_every_group_of_the_schema_has_its_page_with_every_option(dialog):
    for group, declared in GROUPS.items():
        page = dialog.show_page(group)
        assert isinstance(page, GroupPage)
        assert {i.name for i in page.form.options} == {i.name for i in describe(declared)}
    assert dialog.page_names == [*GROUPS, "models", "plugins", "shortcuts", "about"]


def test_a_change_holds_at_once_and_is_stored(qtbot, window, dialog, folders):
    page = dialog.show_page("appearance")
    page.form.field("theme").main.setCurrentIndex(2)
    assert window.app.settings.value.appearance.theme == "light" and not window.app.theme.is_dark
    page.reset()
    assert window.app.settings.value.appearance.theme == "system"
    assert page.form.values()["theme"] == "system"


def test_a_change_from_elsewhere_is_shown(window, dialog):
    page = dialog.show_page("appearance")
    window.app.settings.set("appearance", "manuscript_font_px", 22)
    assert page.form.values()["manuscript_font_px"] == 22


def test_the_text_model_is_chosen_among_the_installed_ones(qtbot, window, dialog):
    page = dialog.show_page("writing")
    box = page.form.field("text_model").main
    assert [box.itemText(i) for i in range(box.count())] == ["the built-in one", "Fake Chat 1M"]
    box.setCurrentIndex(1)
    assert window.app.settings.value.writing.text_model == "fake-chat"


def test_what_needs_a_restart_says_so(window, dialog):
    page = dialog.show_page("files")
    page.form.field("model_folders").main.setPlainText("/models")
    assert window.app.settings.value.files.model_folders == ("/models",)
    assert window.app.notify.messages[-1].text == "This takes effect at the next start."


def test_esc_closes_and_enter_does_not(qtbot, dialog):
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.isVisible()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def plugin(**fields):
    fields = {"id": "echo", "title": "Echo", "folder": Path("/p/echo"), "hash": "abc"} | fields
    return PluginInfo(**fields)


def test_plugins_are_listed_with_what_is_wrong_and_turned_on_by_hash(
    qtbot, window, dialog, monkeypatch
):
    found = [
        plugin(),
        plugin(id="old", title="Old", state="changed", enabled=False),
        plugin(id="bad", title="Bad", state="failed", error="It has no backend.", details="T"),
        plugin(id="pack", title="Pack", folder=None, enabled=True, state="on"),
    ]
    monkeypatch.setattr(window.engine, "plugins", lambda: tuple(found))
    page = dialog.show_page("plugins")
    page.refresh()
    cards = {card.plugin.id: card for card in page.cards}
    assert cards["old"].problem().startswith("Its files changed")
    assert cards["bad"].problem() == "It has no backend." and cards["echo"].problem() == ""
    assert not cards["pack"].switch.isEnabled()
    qtbot.mouseClick(
        cards["echo"].switch, Qt.MouseButton.LeftButton, pos=cards["echo"].switch.rect().center()
    )
    assert window.app.settings.value.enabled_plugins == {"echo": "abc"}
    found[0] = replace(found[0], enabled=True, state="on")
    page.refresh()
    (card,) = [card for card in page.cards if card.plugin.id == "echo"]
    assert card.switch.isChecked()
    card.switch.click()
    assert window.app.settings.value.enabled_plugins == {}


def test_no_plugins_is_a_sentence(window, dialog):
    page = dialog.show_page("plugins")
    assert page.cards == []
    assert any("None yet" in label.text() for label in page.findChildren(QLabel))


def test_keys_are_changed_taken_away_and_set_back(qtbot, window, dialog):
    page, actions = dialog.show_page("shortcuts"), window.app.actions
    row = page.row("view.jobs")
    row.keys.setKeySequence(QKeySequence("Ctrl+Alt+J"))
    assert actions.shortcut("view.jobs") == "Ctrl+Alt+J"
    row._clear.click()
    assert actions.shortcut("view.jobs") == "" and not row._clear.isEnabled()
    row._reset.click()
    assert actions.shortcut("view.jobs") == "Ctrl+Shift+J" and not row._reset.isEnabled()


def test_keys_that_are_taken_are_refused_with_the_name_of_the_other(window, dialog):
    page, actions = dialog.show_page("shortcuts"), window.app.actions
    row = page.row("view.jobs")
    row.keys.setKeySequence(QKeySequence("Ctrl+K"))
    assert actions.shortcut("view.jobs") == "Ctrl+Shift+J"
    assert "Find a command" in row.conflict.text() and row.conflict.isVisible()
    actions.rebind("view.palette", "")
    row.keys.setKeySequence(QKeySequence())
    row.keys.setKeySequence(QKeySequence("Ctrl+K"))
    assert actions.shortcut("view.jobs") == "Ctrl+K" and not row.conflict.isVisible()


def test_shortcuts_are_found_by_a_few_letters(dialog):
    page = dialog.show_page("shortcuts")
    page._search.setText("insp")
    shown = [row.spec.id for row in page._rows.values() if row.isVisibleTo(page)]
    assert shown == ["view.inspector"]


def test_about_names_the_licences_of_what_is_bundled(dialog):
    words = " ".join(label.text() for label in dialog.show_page("about").findChildren(QLabel))
    for part in ("Apache License 2.0", "LGPL", "OFL", "ISC", "Lucide", "Literata"):
        assert part in words


def test_about_names_every_package_triptych_asks_for(dialog):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    words = " ".join(label.text() for label in dialog.show_page("about").findChildren(QLabel))
    for wanted in project["dependencies"]:
        name = re.split(r"[<>=~!]", wanted)[0].removesuffix("-Essentials")
        name = {"torch": "PyTorch"}.get(name, name)
        assert name.casefold() in words.casefold(), name


def test_the_rows_of_pages_have_their_height_whatever_the_style(dialog):
    heights = [dialog._list.item(i).sizeHint().height() for i in range(dialog._list.count())]
    assert set(heights) == {PAGE_ROW}
