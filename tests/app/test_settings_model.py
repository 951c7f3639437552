from __future__ import annotations

import threading

import pytest

from studio.app.settings_model import SettingsModel
from studio.core.errors import BadInputError, DiskFullError
from studio.core.settings import Settings, SettingsFile


@pytest.fixture
def model(qtbot, folders):
    model = SettingsModel(SettingsFile(folders.settings_file))
    yield model
    model.close()


def test_a_change_is_told_and_saved(qtbot, model, folders):
    with qtbot.waitSignal(model.changed) as told:
        model.set("appearance", "theme", "light")
    assert told.args == ["appearance", "theme"]
    model.close()
    stored, problems = SettingsFile(folders.settings_file).load()
    assert stored.appearance.theme == "light" and problems == []


def test_the_same_value_again_is_no_change(qtbot, model, folders):
    with qtbot.assertNotEmitted(model.changed):
        model.set("appearance", "theme", "system")
    assert not folders.settings_file.exists()


def test_a_refused_value_changes_nothing(model):
    with pytest.raises(BadInputError):
        model.set("appearance", "manuscript_font_px", 1000)
    assert model.value == Settings()


def test_saving_is_off_this_thread_and_the_last_of_many_wins(qtbot, model, folders, monkeypatch):
    where = set()
    save = SettingsFile.save

    def watched(self, settings):
        where.add(threading.current_thread())
        save(self, settings)

    monkeypatch.setattr(SettingsFile, "save", watched)
    for size in range(11, 41):
        model.set("appearance", "manuscript_font_px", size)
    model.close()
    stored, _ = SettingsFile(folders.settings_file).load()
    assert stored.appearance.manuscript_font_px == 40
    assert threading.main_thread() not in where and where


def test_a_full_disk_is_told_and_the_value_holds(qtbot, model, monkeypatch):
    def full(self, settings):
        raise DiskFullError("The disk is full.")

    monkeypatch.setattr(SettingsFile, "save", full)
    with qtbot.waitSignal(model.save_failed) as told:
        model.set("appearance", "theme", "dark")
    assert told.args[0].user_message == "The disk is full."
    assert model.value.appearance.theme == "dark"


def test_one_bad_key_falls_back_alone_and_is_reported(qtbot, folders):
    folders.settings_file.parent.mkdir(parents=True)
    folders.settings_file.write_text(
        '{"appearance": {"theme": "pink", "manuscript_font_px": 20}}', "utf-8"
    )
    model = SettingsModel(SettingsFile(folders.settings_file))
    assert model.value.appearance.theme == "system"
    assert model.value.appearance.manuscript_font_px == 20
    assert [problem.name for problem in model.problems] == ["appearance.theme"]
    assert folders.settings_file.with_name("settings.json.bad").exists()


def test_plugins_and_shortcuts_are_maps(qtbot, model, folders):
    with qtbot.waitSignal(model.changed) as told:
        model.set_plugin("echo", "abc")
    assert told.args == ["enabled_plugins", "echo"]
    model.set_shortcut("text.continue", "F5")
    model.set_plugin("echo", None)
    model.close()
    stored, _ = SettingsFile(folders.settings_file).load()
    assert stored.enabled_plugins == {} and stored.shortcuts == {"text.continue": "F5"}
