from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from studio.app.actions import ActionRegistry, ActionSpec, pane_action
from studio.app.settings_model import SettingsModel
from studio.core.settings import SettingsFile


@pytest.fixture
def settings(qtbot, folders):
    model = SettingsModel(SettingsFile(folders.settings_file))
    yield model
    model.close()


@pytest.fixture
def registry(settings):
    return ActionRegistry(settings)


def spec(action_id="text.continue", **fields):
    fields.setdefault("title", "Continue")
    fields.setdefault("callback", lambda: None)
    return ActionSpec(id=action_id, **fields)


def test_an_action_runs_by_trigger_by_id_and_by_its_keys(qtbot, registry):
    ran = []
    action = registry.add(spec(callback=lambda: ran.append(1), shortcut="Ctrl+J"))
    window = QWidget()
    qtbot.addWidget(window)
    registry.attach(window)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    action.trigger()
    assert registry.run("text.continue")
    qtbot.keyClick(window, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier)
    assert ran == [1, 1, 1]


def test_a_panes_action_has_its_name_and_keys(registry):
    made = pane_action("text", "go", "Go", list, "Ctrl+G", "search", "Edit", lambda: "No.", "Tip")
    assert (made.id, made.pane, made.title, made.shortcut) == ("text.go", "text", "Go", "Ctrl+G")
    assert (made.icon, made.category, made.tooltip) == ("search", "Edit", "Tip")
    action = registry.add(made)
    assert registry.why_not("text.go") == "No."
    registry.set_pane("sound")
    assert action.shortcut().isEmpty()
    registry.set_pane("text")
    assert action.shortcut() == QKeySequence("Ctrl+G")
    assert pane_action("text", "open", "Open", list).category == "File"


def test_two_actions_cannot_have_one_id(registry):
    registry.add(spec())
    with pytest.raises(ValueError, match=r"text\.continue"):
        registry.add(spec())


def test_what_cannot_be_done_is_greyed_and_says_why(registry):
    reason = ["Write something first."]
    action = registry.add(spec(enabled=lambda: reason[0] if reason else True))
    assert not action.isEnabled()
    assert registry.why_not("text.continue") == "Write something first."
    assert "Write something first." in action.toolTip()
    assert not registry.run("text.continue")
    reason.clear()
    registry.refresh("text.continue")
    assert action.isEnabled() and registry.why_not("text.continue") == ""


def test_an_action_that_became_impossible_does_not_run_even_if_it_still_looks_possible(registry):
    possible, ran = [True], []
    registry.add(spec(callback=lambda: ran.append(1), enabled=lambda: possible[0]))
    possible[0] = False
    assert not registry.run("text.continue") and not ran


def test_keys_are_remembered_shown_and_set_back(registry, settings, folders):
    action = registry.add(spec(shortcut="Ctrl+J"))
    registry.rebind("text.continue", "Ctrl+Shift+J")
    assert action.shortcut() == QKeySequence("Ctrl+Shift+J")
    assert "Ctrl+Shift+J" in action.toolTip()
    settings.close()
    stored, _ = SettingsFile(folders.settings_file).load()
    assert stored.shortcuts == {"text.continue": "Ctrl+Shift+J"}
    registry.rebind("text.continue", "")
    assert action.shortcut().isEmpty()
    registry.reset("text.continue")
    assert action.shortcut() == QKeySequence("Ctrl+J")
    assert settings.value.shortcuts == {}


def test_stored_keys_hold_for_an_action_added_later(registry, settings):
    settings.set_shortcut("text.continue", "F5")
    assert registry.add(spec(shortcut="Ctrl+J")).shortcut() == QKeySequence("F5")


def test_a_conflict_names_the_other_action(registry):
    registry.add(spec(shortcut="Ctrl+J"))
    registry.add(spec("text.stop", title="Stop", shortcut="Esc"))
    other = registry.conflict("text.stop", "ctrl+j")
    assert other is not None and other.id == "text.continue"
    assert registry.conflict("text.continue", "Ctrl+J") is None
    assert registry.conflict("text.stop", "") is None


def test_panes_may_use_the_same_keys_and_only_those_of_the_pane_in_front_work(registry):
    text = registry.add(spec("text.save", title="Save", shortcut="Ctrl+S", pane="text"))
    picture = registry.add(spec("picture.save", title="Save", shortcut="Ctrl+S", pane="picture"))
    everywhere = registry.add(spec("window.quit", title="Quit", shortcut="Ctrl+Q"))
    assert registry.conflict("text.save", "Ctrl+S") is None
    assert registry.conflict("text.save", "Ctrl+Q") is not None
    registry.set_pane("picture")
    assert text.shortcut().isEmpty() and picture.shortcut() == QKeySequence("Ctrl+S")
    assert everywhere.shortcut() == QKeySequence("Ctrl+Q")
    assert registry.shortcut("text.save") == "Ctrl+S", "the palette still names them"
    registry.set_pane("text")
    assert picture.shortcut().isEmpty() and text.shortcut() == QKeySequence("Ctrl+S")
    late = registry.add(spec("picture.late", shortcut="Ctrl+S", pane="picture"))
    assert late.shortcut().isEmpty()
