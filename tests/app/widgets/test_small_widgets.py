from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton

from studio.app.widgets import Collapsible, ElidedLabel, EmptyState, ErrorCard
from studio.app.widgets.words import copied_text, duration, fill_in, gigabytes, memory

GB = 1024**3


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0.4, "0 s"),
        (14.2, "14 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3599, "60 min"),
        (7322, "2 h 2 min"),
    ],
)
def test_spans_of_time_are_said_as_people_say_them(seconds, words):
    assert duration(seconds) == words


def test_memory_is_said_in_its_unit():
    assert memory(270 * 1024**2) == "270 MB"
    assert gigabytes(6 * GB) == "6"
    assert memory(int(1.1 * GB)).endswith("GB") and gigabytes(16 * GB) == "16"


def test_values_are_filled_into_sentences():
    assert fill_in("%1 of %2", 3, "four") == "3 of four"


def test_what_is_copied_has_no_empty_parts():
    assert copied_text("A", "", "") == "A"
    assert copied_text("A", "B", "C\nD") == "A\nB\n\nC\nD"


def test_an_elided_label_takes_less_room_and_keeps_its_words(qtbot):
    label = ElidedLabel("A very long name of a model that does not fit into the window at all")
    qtbot.addWidget(label)
    assert label.minimumSizeHint().width() < 100
    label.resize(60, 20)
    label.grab()
    assert label.toolTip() == label.text()
    label.resize(2000, 20)
    label.grab()
    assert label.toolTip() == ""


def test_a_section_opens_and_closes(qtbot):
    content = QLabel("inside")
    section = Collapsible("More", content)
    qtbot.addWidget(section)
    section.show()
    assert not content.isVisible()
    with qtbot.waitSignal(section.toggled) as told:
        section.findChild(QPushButton).click()
    assert content.isVisible() and told.args == [True] and section.expanded


def test_an_empty_place_offers_an_example_and_a_way_in(qtbot):
    done = []
    place = EmptyState(
        "Nothing yet",
        "Write, or open a text.",
        ("Try it", lambda: done.append("example")),
        ("Open…", lambda: done.append("own")),
        icon_name="feather",
    )
    qtbot.addWidget(place)
    place.example_button.click()
    place.own_work_button.click()
    assert done == ["example", "own"]
    assert EmptyState("Nothing", "Yet.").example_button is None


def test_an_error_card_unfolds_copies_and_leaves(qtbot):
    card = ErrorCard("The file is gone.", "Choose another.", "path: /x")
    qtbot.addWidget(card)
    card.show()
    buttons = {b.text(): b for b in card.findChildren(QPushButton)}
    low = card.sizeHint().height()
    buttons["Details"].click()
    assert card.sizeHint().height() > low
    buttons["Copy details"].click()
    assert QGuiApplication.clipboard().text() == "The file is gone.\nChoose another.\n\npath: /x"
    with qtbot.waitSignal(card.dismissed):
        card.dismiss()
    assert card.isHidden()
    card.show_error("Another")
    assert card.isVisible() and not buttons["Details"].isVisible()
