from __future__ import annotations

import threading

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton

from studio.app.notify import Kind, Notifier
from studio.core.errors import DiskFullError, StudioError
from studio.core.events import Failed


@pytest.fixture
def notifier(qtbot):
    return Notifier()


def test_messages_wait_until_something_shows_them(notifier):
    shown = []
    notifier.posted.connect(shown.append)
    notifier.info("Early")
    assert shown == [] and [m.text for m in notifier.messages] == ["Early"]
    notifier.start_showing()
    notifier.success("Late")
    assert [(m.kind, m.text) for m in shown] == [(Kind.INFO, "Early"), (Kind.SUCCESS, "Late")]


def test_an_error_keeps_sentence_hint_and_facts(notifier):
    notifier.error(DiskFullError("The disk is full.", hint="Free some space.", path="/tmp/x"))
    notifier.error(Failed(job_id="1", message="It failed.", hint="Again.", details="Trace"))
    notifier.error("Only words")
    first, second, third = notifier.messages
    assert (first.text, first.hint) == ("The disk is full.", "Free some space.")
    assert "DiskFullError" in first.details and "/tmp/x" in first.details
    assert (second.text, second.hint, second.details) == ("It failed.", "Again.", "Trace")
    assert (third.text, third.hint, third.details) == ("Only words", "", "")


def test_any_thread_may_speak_and_it_is_shown_on_this_one(qtbot, notifier):
    notifier.start_showing()
    here = threading.current_thread()
    where = []
    notifier.posted.connect(lambda _: where.append(threading.current_thread()))
    thread = threading.Thread(target=lambda: notifier.warn("From elsewhere"))
    with qtbot.waitSignal(notifier.posted):
        thread.start()
    thread.join()
    assert where == [here]


def test_a_toast_says_it_and_copies_the_details(qtbot, window):
    error = StudioError("The model is gone.", hint="Fetch it again.", path="/models/x")
    window.app.notify.error(error)
    area = window.view.toasts
    qtbot.waitUntil(lambda: len(area.toasts) == 1)
    toast = area.toasts[0]
    assert toast.accessibleName() == "The model is gone. Fetch it again."
    buttons = {button.text(): button for button in toast.findChildren(QPushButton)}
    buttons["Copy details"].click()
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("The model is gone.\nFetch it again.") and "/models/x" in copied
    before = toast.height()
    buttons["Details"].click()
    assert toast.height() > before
    toast.dismiss()
    assert area.toasts == ()


def test_toasts_do_not_pile_up_nor_repeat(qtbot, window):
    notify, area = window.app.notify, window.view.toasts
    for _ in range(3):
        notify.warn("The same")
    assert len(area.toasts) == 1
    for number in range(6):
        notify.warn(f"Number {number}")
    assert [t.message.text for t in area.toasts] == [f"Number {n}" for n in (2, 3, 4, 5)]


def test_toasts_leave_by_themselves_but_errors_stay(qtbot, window):
    notify, area = window.app.notify, window.view.toasts
    notify.error("Stays")
    notify.success("Goes")
    goes = area.toasts[1]
    goes._leave.start(1)
    qtbot.waitUntil(lambda: [t.message.text for t in area.toasts] == ["Stays"])
    assert area.toasts[0]._leave.interval() == 0 and not area.toasts[0]._leave.isActive()


def test_a_button_of_a_toast_does_its_thing_and_the_toast_leaves(qtbot, window):
    done = []
    window.app.notify.info("Recovered", actions=[("Open", lambda: done.append(1))])
    toast = window.view.toasts.toasts[0]
    next(b for b in toast.findChildren(QPushButton) if b.text() == "Open").click()
    assert done == [1] and window.view.toasts.toasts == ()


def test_toasts_stay_inside_the_window_above_the_status_line(qtbot, window):
    for number in range(4):
        window.app.notify.error(f"A rather long sentence about what went wrong {number}. " * 3)
    frame = window.view.centralWidget()
    for toast in window.view.toasts.toasts:
        assert frame.rect().contains(toast.geometry())
        assert toast.geometry().bottom() < window.view.status.geometry().top()
