from __future__ import annotations

import logging
import sys
import threading

import pytest
from PySide6.QtCore import qWarning

from studio.app.errors_hook import ErrorHooks
from studio.app.notify import Kind, Notifier
from studio.core.errors import StudioError


@pytest.fixture
def hooks(qtbot):
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    notifier = Notifier()
    hooks = ErrorHooks(notifier)
    yield hooks, notifier
    hooks.remove()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before


def raised(error: Exception) -> tuple:
    try:
        raise error
    except type(error):
        return sys.exc_info()


def test_an_error_nobody_caught_is_logged_and_shown_with_details(hooks, caplog):
    _, notifier = hooks
    with caplog.at_level(logging.ERROR):
        sys.excepthook(*raised(ZeroDivisionError("by zero")))
    (message,) = notifier.messages
    assert message.kind == Kind.ERROR and message.hint
    assert "ZeroDivisionError: by zero" in message.details
    assert "ZeroDivisionError" in caplog.text


def test_an_error_with_words_is_shown_in_its_words(hooks):
    _, notifier = hooks
    sys.excepthook(*raised(StudioError("The text is gone.", hint="Undo brings it back.")))
    (message,) = notifier.messages
    assert (message.text, message.hint) == ("The text is gone.", "Undo brings it back.")


def test_an_error_in_a_thread_is_shown_too(hooks, qtbot):
    _, notifier = hooks

    def fail():
        raise ValueError("in a thread")

    thread = threading.Thread(target=fail, name="worker-7")
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: bool(notifier.messages))
    assert "in a thread" in notifier.messages[0].details


def test_the_same_failure_many_times_is_shown_once(hooks):
    _, notifier = hooks
    for _ in range(20):
        sys.excepthook(*raised(ValueError("again")))
    sys.excepthook(*raised(ValueError("another")))
    assert len(notifier.messages) == 2


def test_an_error_in_a_destructor_is_logged_but_not_shown(hooks, caplog):
    _, notifier = hooks

    class Bad:
        def __del__(self):
            raise ValueError("while dying")

    with caplog.at_level(logging.ERROR):
        Bad()
    assert "while dying" in caplog.text and notifier.messages == ()


def test_what_qt_says_goes_to_the_log(hooks, caplog):
    with caplog.at_level(logging.WARNING):
        qWarning("Qt has an opinion")
    assert "Qt has an opinion" in caplog.text
