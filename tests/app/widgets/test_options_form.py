from __future__ import annotations

from dataclasses import dataclass

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QSlider

from studio.app.theme.tokens import Size, Space
from studio.app.widgets import Collapsible, OptionsForm, Switch
from studio.app.widgets.number_field import NumberField
from studio.app.widgets.option_fields import FolderOption, FoldersOption, plain_title
from studio.core.media import SEED_MAX
from studio.core.options import describe, option, validate


@dataclass(frozen=True, kw_only=True)
class Options:
    temperature: float = option(
        0.8, title="Temperature", help="How bold the words are.", ge=0, le=2, step=0.05
    )
    seed: int = option(7, title="Seed", help="Where chance begins.", ge=0, le=SEED_MAX)
    max_time: float | None = option(None, title="Time", help="At most.", ge=0, le=60, unit="s")
    style: str = option("plain", title="Style", help="Manner.", choices=("plain", "rich"))
    sample: bool = option(True, title="Sample", help="Leave something to chance.")
    voice: str = option("", title="Voice", help="Whose.")
    system: str = option("", title="System", help="Role.", multiline=True)
    stop_strings: tuple[str, ...] = option((), title="Stop at", help="Ends.", advanced=True)
    steps: int = option(20, title="Steps", help="Many.", ge=1, advanced=True)


@pytest.fixture
def form(qtbot):
    form = OptionsForm(describe(Options))
    qtbot.addWidget(form)
    form.resize(300, 600)
    form.show()
    return form


def label_of(form: OptionsForm, title: str) -> QLabel:
    return next(label for label in form.findChildren(QLabel) if label.text() == title)


def test_the_form_begins_with_the_defaults_and_they_are_valid(form):
    values = form.values()
    assert validate(Options, values) == Options()
    assert list(values) == [info.name for info in describe(Options)]


def test_every_value_goes_in_and_comes_out_in_its_type(form):
    wanted = {
        "temperature": 1.25,
        "seed": SEED_MAX,
        "max_time": 12.5,
        "style": "rich",
        "sample": False,
        "voice": "hers",
        "system": "You are\nterse.",
        "stop_strings": ("\n\n", "a\\b", "###"),
        "steps": 5_000_000,
    }
    form.set_values(wanted)
    assert form.values() == wanted
    assert type(form.values()["seed"]) is int
    form.set_values({"max_time": None, "stop_strings": ()})
    assert form.values()["max_time"] is None and form.values()["stop_strings"] == ()


def test_setting_by_program_is_told_once_and_not_as_an_edit(qtbot, form):
    changed, edited = [], []
    form.changed.connect(lambda: changed.append(1))
    form.edited.connect(edited.append)
    form.set_values({"temperature": 1.0, "seed": 3})
    assert changed == [1] and edited == []


def test_an_edit_names_its_option(qtbot, form):
    edited = []
    form.edited.connect(edited.append)
    qtbot.mouseClick(form.field("sample").main, Qt.MouseButton.LeftButton)
    assert edited == ["sample"] and form.values()["sample"] is False


def test_slider_and_field_move_together(qtbot, form):
    field = form.field("temperature")
    slider = field.findChild(QSlider)
    slider.setValue(slider.maximum())
    assert form.values()["temperature"] == 2.0
    form.set_values({"temperature": 0.05})
    assert slider.value() == 1


def test_a_typed_number_is_kept_even_between_two_slider_steps(qtbot, form):
    number = form.field("temperature").findChild(NumberField)
    number.setFocus()
    number.selectAll()
    qtbot.keyClicks(number, number.locale().toString(0.77, "f", 2))
    qtbot.keyClick(number, Qt.Key.Key_Return)
    assert form.values()["temperature"] == 0.77


def test_a_number_out_of_bounds_goes_to_the_bound(qtbot, form):
    number = form.field("steps").findChild(NumberField)
    number.setFocus()
    number.selectAll()
    qtbot.keyClicks(number, "0")
    qtbot.keyClick(number, Qt.Key.Key_Return)
    assert form.values()["steps"] == 1


def test_a_double_click_on_the_name_sets_the_default_again(qtbot, form):
    form.set_values({"temperature": 1.9})
    qtbot.mouseDClick(label_of(form, "Temperature"), Qt.MouseButton.LeftButton)
    assert form.values()["temperature"] == 0.8


def test_refused_and_unknown_values_change_nothing_else(form):
    form.set_values({"temperature": 99, "nonsense": 1, "style": "rich"})
    assert form.values()["temperature"] == 0.8 and form.values()["style"] == "rich"


def test_advanced_options_are_folded_away_and_unfold(qtbot, form):
    more = form.findChild(Collapsible)
    assert not form.field("steps").isVisible()
    more.set_expanded(True)
    assert form.field("steps").isVisible()


def test_other_options_keep_the_values_of_those_that_stay(form):
    form.set_values({"temperature": 1.5, "steps": 3})
    form.set_options([info for info in describe(Options) if info.name != "seed"])
    values = form.values()
    assert values["temperature"] == 1.5 and values["steps"] == 3 and "seed" not in values


def test_an_inert_option_is_greyed_and_says_why_and_its_value_stays(form):
    form.set_values({"temperature": 1.5})
    form.set_inert("temperature", "This model takes the likeliest word.")
    field = form.field("temperature")
    assert not field.isEnabled() and form.values()["temperature"] == 1.5
    reason = label_of(form, "This model takes the likeliest word.")
    assert reason.isVisible() and "likeliest" in field.main.toolTip()
    form.set_inert("temperature", "")
    assert field.isEnabled() and not reason.isVisible()


def test_every_control_has_a_name_a_help_and_a_label_that_leads_to_it(form):
    for info in form.options:
        main = form.field(info.name).main
        assert main.accessibleName() == info.title
        assert main.accessibleDescription() == info.help
        assert info.help in main.toolTip() and info.name in main.toolTip()
        assert label_of(form, info.title).buddy() is main


def test_the_wheel_scrolls_the_page_and_changes_nothing(qtbot, form):
    form.field("voice").main.setFocus()
    for widget in (
        form.field("style").findChild(QComboBox),
        form.field("temperature").findChild(QSlider),
        form.field("temperature").findChild(NumberField),
    ):
        before = form.values()
        QApplication.sendEvent(
            widget,
            QWheelEvent(
                QPointF(5, 5),
                QPointF(widget.mapToGlobal(QPoint(5, 5))),
                QPoint(0, -120),
                QPoint(0, -120),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            ),
        )
        assert form.values() == before


def test_choices_are_written_as_people_would():
    assert [plain_title(c) for c in ("cuda", "follow_system", "auto")] == [
        "CUDA",
        "Follow system",
        "Auto",
    ]


def test_folders_get_a_button(qtbot, monkeypatch):
    @dataclass(frozen=True, kw_only=True)
    class Folders:
        library_folder: str = option("", title="Library", help="Where.")
        model_folders: tuple[str, ...] = option((), title="Models", help="Where.")

    form = OptionsForm(describe(Folders))
    qtbot.addWidget(form)
    one, many = form.field("library_folder"), form.field("model_folders")
    assert isinstance(one, FolderOption) and isinstance(many, FoldersOption)
    monkeypatch.setattr(
        "studio.app.widgets.option_fields.QFileDialog.getExistingDirectory",
        lambda *_: r"C:\new\models",
    )
    one._choose()
    many._add()
    many._add()
    assert form.values() == {
        "library_folder": r"C:\new\models",
        "model_folders": (r"C:\new\models", r"C:\new\models"),
    }


def test_a_switch_is_a_check_box_to_a_screen_reader(qtbot):
    switch = Switch("Warm up")
    qtbot.addWidget(switch)
    switch.show()
    qtbot.keyClick(switch, Qt.Key.Key_Space)
    assert switch.isChecked()
    qtbot.mouseClick(switch, Qt.MouseButton.LeftButton, pos=switch.rect().center())
    assert not switch.isChecked()


def test_the_form_fits_the_narrowest_inspector(form):
    assert form.minimumSizeHint().width() <= Size.INSPECTOR_MIN - 2 * Space.L


def test_the_same_options_again_leave_every_control_where_it_is(form):
    infos = describe(Options)
    first_advanced = (*[i for i in infos if i.advanced], *[i for i in infos if not i.advanced])
    form.set_options(first_advanced)  # as a backend may declare them
    fields = [form.field(info.name) for info in first_advanced]
    form.set_options(first_advanced)
    assert [form.field(info.name) for info in first_advanced] == fields
    assert form.options == first_advanced


def test_an_option_the_model_does_not_use_is_greyed_with_its_reason(qtbot):
    from dataclasses import replace

    reason = "A model of so few steps is not guided."
    infos = [
        replace(info, unused=reason if info.name == "temperature" else "")
        for info in describe(Options)
    ]
    form = OptionsForm(infos)
    qtbot.addWidget(form)
    form.show()
    assert not form.field("temperature").isEnabled() and form.field("seed").isEnabled()
    assert any(label.text() == reason for label in form.findChildren(QLabel))
    form.set_options(describe(Options))
    assert form.field("temperature").isEnabled()
