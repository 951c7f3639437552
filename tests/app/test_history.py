"""The time machine on real projects: scrub, preview, restore, branch, name, bring back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.history_panel import HistoryPanel
from studio.app.history_side import DELETED, MOMENTS, STEPS
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.pane import TextPane
from studio.core.requests import Role
from studio.documents.chat.tree import ROOT, ChatTree
from tests.app.pictures_projects import GENERATED, OPENING, novel

LONG_MS = 10_000


class Machine:
    """A text pane with a project, and the panel over it."""

    def __init__(self, qtbot: QtBot, context: AppContext, path: Path) -> None:
        self.qtbot = qtbot
        self.context = context
        self.pane = TextPane(context)
        self.window = QWidget()
        self.pane.setParent(self.window)
        qtbot.addWidget(self.window)
        self.window.resize(1280, 800)
        with qtbot.waitExposed(self.window):
            self.window.show()
        self.project = context.projects.open(path)
        self.pane.show_project(self.project)
        self.panel = HistoryPanel(context, self.window)

    @property
    def document_id(self) -> str:
        return self.pane.front.document_id

    @property
    def view(self) -> ManuscriptView:
        view = self.pane.view
        assert isinstance(view, ManuscriptView)
        return view

    @property
    def text(self) -> str:
        return self.view.manuscript.text

    def open(self, tab: str = "steps") -> None:
        self.panel.open_for(self.pane, tab)
        self.settle()

    def settle(self) -> None:
        self.qtbot.waitUntil(lambda: self.panel.reading.pending == 0, timeout=LONG_MS)

    def go_to(self, label: str) -> None:
        """Choose the newest step with this label."""
        labels = [entry.label for entry in self.panel.past.entries]
        self.panel.strip.setValue(len(labels) - 1 - labels[::-1].index(label))
        self.settle()

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.panel.side.lists[self.panel.side.tab], key)
        self.settle()

    def entries(self) -> list[str]:
        self.project.flush()
        return [entry.label for entry in self.project.history(self.document_id)]

    def message(self) -> str:
        return self.context.notify.messages[-1].text


@pytest.fixture
def machine(qtbot: QtBot, app_context: AppContext, tmp_path: Path) -> Iterator[Machine]:
    path = tmp_path / "The Keeper.triptych"
    project, _ = novel(path)
    project.close()
    made = Machine(qtbot, app_context, path)
    yield made
    made.panel.close_reading()
    assert made.pane.close_requested()
    made.window.hide()


def test_the_history_of_former_sessions_is_there(machine: Machine) -> None:
    machine.open()
    kinds = [row.kind for row in machine.panel.past.rows]
    assert kinds.count("session") == 3
    assert "sent to the editor" in [row.label for row in machine.panel.past.rows]
    assert machine.panel.strip.value() == machine.panel.strip.maximum()
    assert machine.panel.note_label.text() == "The same as now"
    assert not machine.panel.restore_button.isEnabled()


def test_a_state_is_shown_beside_now(machine: Machine) -> None:
    machine.open()
    machine.go_to("Continue")
    shown = machine.panel.preview.toPlainText()
    assert "three nights" in shown and "a week" in shown
    assert machine.panel.back_label.text() == "+ 5 words come back"
    assert machine.panel.gone_label.text() == "− 13 words would go"
    machine.panel.marks.setChecked(False)
    assert machine.panel.preview.toPlainText() == OPENING + GENERATED


def test_restoring_is_one_action_and_can_be_undone(machine: Machine) -> None:
    now, spans = machine.text, machine.view.manuscript.spans
    before = len(machine.entries())
    machine.open()
    machine.go_to("Continue")
    machine.press(Qt.Key.Key_Return)
    assert not machine.panel.isVisible()
    assert machine.text == machine.view.editor.toPlainText() == OPENING + GENERATED
    (span,) = machine.view.manuscript.spans
    assert (span.origin, span.start) == ("generated", len(OPENING))
    assert len(machine.entries()) == before + 1
    assert machine.entries()[-1].startswith("Back to Yesterday")
    assert machine.project.text(machine.document_id).spans == machine.view.manuscript.spans
    machine.view.editor.undo_step()
    machine.view.journal.commit()
    machine.project.flush()
    assert machine.text == machine.project.text(machine.document_id).text == now
    assert machine.project.text(machine.document_id).spans == spans


def test_the_toast_takes_a_restored_state_back(machine: Machine) -> None:
    now = machine.text
    machine.open()
    machine.go_to("Continue")
    machine.panel.restore()
    machine.context.notify.messages[-1].actions[0][1]()
    assert machine.text == now


def test_typing_goes_on_after_a_restored_state(machine: Machine) -> None:
    machine.open()
    machine.go_to("Continue")
    machine.panel.restore()
    QTest.keyClicks(machine.view.editor, " More.")
    machine.view.journal.commit()
    machine.project.flush()
    kept = machine.project.text(machine.document_id)
    assert kept.text == machine.text == OPENING + GENERATED + " More."
    assert kept.spans == machine.view.manuscript.spans


def test_what_was_typed_last_is_in_the_history(machine: Machine) -> None:
    QTest.keyClicks(machine.view.editor, "Prologue. ")
    machine.open()
    machine.press(Qt.Key.Key_Left)
    assert machine.panel.gone_label.text() == "− 1 words would go"


def test_keys_scrub_by_steps_and_rows_and_close(machine: Machine) -> None:
    machine.open()
    last = machine.panel.strip.maximum()
    machine.press(Qt.Key.Key_Left)
    machine.press(Qt.Key.Key_Left)
    assert machine.panel.strip.value() == last - 2
    machine.press(Qt.Key.Key_Right)
    assert machine.panel.strip.value() == last - 1
    machine.press(Qt.Key.Key_Down)
    assert machine.panel.past.entries[machine.panel.strip.value()].label == "Paste"
    machine.press(Qt.Key.Key_Escape)
    assert not machine.panel.isVisible()


def test_only_the_newest_state_asked_for_is_shown(machine: Machine) -> None:
    machine.open()
    shown: list[int] = []
    machine.panel.moment_shown.connect(
        lambda: shown.append(machine.panel.moment.sequence)  # type: ignore[union-attr]
    )
    for at in range(10):
        machine.panel.strip.setValue(at)
    machine.settle()
    assert shown == [machine.panel.past.entries[9].sequence]


def test_a_branch_is_a_new_document(machine: Machine) -> None:
    now = machine.text
    machine.open()
    machine.go_to("Continue")
    machine.panel.branch()
    machine.settle()
    assert machine.pane.front.title == "Chapter one (earlier)"
    assert machine.text == OPENING + GENERATED
    machine.pane.show_tab(0)
    assert machine.text == now


def test_a_moment_gets_a_name_and_loses_it(machine: Machine) -> None:
    machine.open("moments")
    machine.panel.side.name_field.setText("before the storm")
    QTest.keyClick(machine.panel.side.name_field, Qt.Key.Key_Return)
    machine.qtbot.waitUntil(lambda: len(machine.panel.past.snapshots) == 2, timeout=LONG_MS)
    machine.settle()
    assert machine.panel.side.tab == MOMENTS
    assert [mark.name for mark in machine.project.snapshots()][-1] == "before the storm"
    assert machine.panel.side.chosen is not None
    assert machine.panel.side.chosen.label == "before the storm"
    machine.panel.side.forget_button.click()
    machine.qtbot.waitUntil(lambda: len(machine.panel.past.snapshots) == 1, timeout=LONG_MS)


def test_a_named_moment_is_restored(machine: Machine) -> None:
    machine.open("moments")
    machine.panel.restore()
    assert machine.text == OPENING + GENERATED


def test_a_deleted_document_comes_back(machine: Machine) -> None:
    machine.open("deleted")
    assert machine.panel.side.tab == DELETED
    assert "Fresnel" in machine.panel.preview.toPlainText()
    machine.press(Qt.Key.Key_Return)
    assert machine.pane.front.title == "Notes on lighthouses"
    assert "Fresnel" in machine.text
    assert not machine.project.documents(deleted=True)


def test_a_chat_goes_back_too(machine: Machine) -> None:
    tree = ChatTree()
    chat = machine.project.create_document("chat", "Chat")
    first = tree.add(ROOT, Role.USER, "Name a lamp.")
    machine.project.commit_state(chat, tree.to_payload(), label="Message")
    tree.add(first, Role.ASSISTANT, "Fresnel.")
    machine.project.commit_state(chat, tree.to_payload(), label="Answer")
    machine.pane.open_document(machine.project, chat)
    machine.open()
    machine.go_to("Message")
    assert machine.panel.gone_label.text() == "− 2 words would go"  # who speaks, and the word
    machine.panel.restore()
    machine.project.flush()
    payload = machine.project.state(chat)
    assert payload is not None
    assert [node.content for node in ChatTree.from_payload(payload).path()] == ["Name a lamp."]
    assert machine.pane.front.document_id == chat


def test_a_document_without_a_project_says_so(qtbot: QtBot, app_context: AppContext) -> None:
    pane, over = TextPane(app_context), QWidget()
    qtbot.addWidget(over)
    pane.setParent(over)
    panel = HistoryPanel(app_context, over)
    panel.open_for(pane)
    assert not panel.restore_button.isEnabled()
    assert panel.restore_button.toolTip() == "There is nothing to restore."
    panel.close_reading()
    pane.close_requested()


def test_read_only_is_shown_and_not_changed(
    qtbot: QtBot, app_context: AppContext, tmp_path: Path
) -> None:
    path = tmp_path / "Locked.triptych"
    novel(path)[0].close()
    app_context.projects.open(path, read_only=True)
    machine = Machine.__new__(Machine)
    machine.qtbot, machine.context = qtbot, app_context
    machine.pane, machine.window = TextPane(app_context), QWidget()
    qtbot.addWidget(machine.window)
    machine.pane.setParent(machine.window)
    machine.panel = HistoryPanel(app_context, machine.window)
    assert app_context.projects.current is not None
    machine.project = app_context.projects.current
    machine.pane.show_project(machine.project)
    assert machine.view.editor.isReadOnly()
    machine.open()
    machine.go_to("Continue")
    assert not machine.panel.restore_button.isEnabled()
    assert "read only" in machine.panel.restore_button.toolTip()
    machine.panel.close_reading()
    machine.pane.close_requested()


def test_ten_thousand_steps_do_not_hold_the_window(
    qtbot: QtBot, app_context: AppContext, tmp_path: Path
) -> None:
    path = tmp_path / "Long.triptych"
    project, _ = novel(path, steps=10_000)
    project.close()
    machine = Machine(qtbot, app_context, path)
    gaps, last = [0.0], [time.perf_counter()]

    def tick() -> None:
        now = time.perf_counter()
        gaps.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(0)
    machine.open()
    assert len(machine.panel.past.entries) > 10_000
    for at in range(0, 10_000, 250):
        machine.panel.strip.setValue(at)
        machine.panel.repaint()
        qtbot.wait(1)
    machine.settle()
    timer.stop()
    assert machine.panel.moment is not None
    assert machine.panel.moment.sequence == machine.panel.past.entries[9750].sequence
    assert max(gaps) < 1.0, "nothing of it may wait for the disk or grow with the history"
    machine.panel.close_reading()
    machine.pane.close_requested()
    print(f"longest gap {max(gaps) * 1000:.0f} ms")


def test_the_panel_follows_the_size_of_the_window(machine: Machine) -> None:
    machine.open()
    machine.window.resize(1000, 700)
    assert machine.panel.width() + machine.panel.x() == machine.window.width()
    assert machine.panel.side.tab == STEPS
