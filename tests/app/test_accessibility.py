"""Every control has words for those who do not see it, and can be reached without a mouse."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTextEdit,
    QWidget,
)

from studio.app.main import pane_sources
from studio.app.main_window import MainWindow
from studio.app.notify import Kind
from studio.app.panes import PANES
from studio.core.settings import GROUPS
from tests.app.requests import text_request

CONTROLS = (
    QAbstractButton,
    QComboBox,
    QLineEdit,
    QAbstractSpinBox,
    QAbstractSlider,
    QPlainTextEdit,
    QTextEdit,
    QKeySequenceEdit,
)


def controls(root: QWidget) -> list[QWidget]:
    """The controls of ours: not the parts Qt builds its own controls of."""
    found = []
    for widget in root.findChildren(QWidget):
        parent = widget.parentWidget()
        inner = isinstance(parent, (QAbstractSpinBox, QComboBox, QKeySequenceEdit, QLineEdit))
        scroll = isinstance(widget, QScrollBar) or (
            parent is not None
            and isinstance(parent.parentWidget(), QAbstractScrollArea)
            and "ScrollArea" in parent.metaObject().className()
            and not isinstance(widget, CONTROLS)
        )
        if isinstance(widget, CONTROLS) and not inner and not scroll:
            found.append(widget)
    return found


def nameless(root: QWidget) -> list[str]:
    wrong = []
    buddies = {label.buddy() for label in root.findChildren(QLabel) if label.buddy()}
    for widget in controls(root):
        text = widget.text().strip() if isinstance(widget, QAbstractButton) else ""
        if not widget.accessibleName() and not text and widget not in buddies:
            wrong.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}: no name")
        icon_only = isinstance(widget, QAbstractButton) and not text and not widget.icon().isNull()
        if icon_only and not widget.toolTip():
            wrong.append(f"{type(widget).__name__} {widget.accessibleName()!r}: no tooltip")
    return wrong


@pytest.fixture
def real_window(make_window):
    """The window with the panes as they are shipped."""
    return make_window(panes=pane_sources())


def open_everything(qtbot, window) -> None:
    view: MainWindow = window.view
    view.open_palette()
    view.palette_popup.dismiss()
    view.toggle_queue()
    window.app.bridge.submit(text_request())
    qtbot.waitUntil(lambda: bool(view.queue.job_ids))
    for kind in Kind:
        window.app.notify._post(kind, f"A {kind}", "Do this.", "details", [("Open", lambda: None)])


def test_every_control_of_the_window_has_words(qtbot, window):
    open_everything(qtbot, window)
    assert nameless(window.view) == []


@pytest.mark.parametrize("pane", [entry.name for entry in PANES])
def test_every_control_of_the_panes_has_words_and_tab_leads_there(qtbot, real_window, pane):
    view = real_window.view
    with qtbot.waitActive(view):
        view.activateWindow()
    view.show_pane(pane)
    assert nameless(view) == []
    view.rail.findChildren(QAbstractButton)[0].setFocus()
    assert unreached(view) == []


@pytest.mark.parametrize("page", [*GROUPS, "plugins", "shortcuts", "about"])
def test_every_control_of_the_settings_has_words(qtbot, window, page):
    window.app.window_actions.open_settings(page)
    assert nameless(window.app.window_actions.dialog) == []


def test_the_test_finds_a_button_without_words(qtbot, window):
    from PySide6.QtWidgets import QToolButton

    from studio.app.theme.icons import icon

    button = QToolButton(window.pane)
    button.setIcon(icon("x"))
    assert len(nameless(window.view)) == 2


def reachable(root: QWidget) -> set[QWidget]:
    """Where Tab leads, walked once round."""
    seen: list[QWidget] = []
    for _ in range(400):
        root.focusNextChild()
        focus = root.focusWidget()
        if focus is None or focus in seen:
            break
        seen.append(focus)
    return set(seen)


def reached(widget: QWidget, seen: set[QWidget]) -> bool:
    return any(focus is widget or widget.isAncestorOf(focus) for focus in seen)


def unreached(root: QWidget) -> list[str]:
    seen = reachable(root)
    wrong = []
    for widget in controls(root):
        if not (widget.isVisible() and widget.isEnabled()) or reached(widget, seen):
            continue
        if isinstance(widget, QAbstractSlider):
            continue  # the number field beside it is the tab stop and does the same
        proxied = widget.focusProxy()
        if proxied is not None and reached(proxied, seen):
            continue
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        wrong.append(f"{type(widget).__name__} {widget.accessibleName() or text!r}")
    return wrong


def test_tab_leads_to_every_control_of_the_window(qtbot, window):
    with qtbot.waitActive(window.view):
        window.view.activateWindow()
    window.pane.prompt.set_text("so that the button can be used")
    window.pane.prompt.setFocus()
    assert unreached(window.view) == []


@pytest.mark.parametrize("page", ["appearance", "computing", "files", "shortcuts"])
def test_tab_leads_to_every_control_of_the_settings(qtbot, window, page):
    window.app.window_actions.open_settings(page)
    dialog: QDialog = window.app.window_actions.dialog
    dialog.show_page(page)
    dialog._list.setFocus()
    assert unreached(dialog) == []


def test_the_focus_can_be_seen(qtbot, window):
    """A focused control is drawn otherwise than the same control without focus."""
    view = window.view
    with qtbot.waitActive(view):
        view.activateWindow()
    pane = window.pane
    pane.prompt.set_text("now")
    samples: list[QWidget] = [
        view.menu_button,
        view.status._jobs,
        pane.prompt.button,
        pane.form.field("temperature").main,
        pane.empty.example_button,
        view.rail.findChildren(QAbstractButton)[0],
    ]
    for widget in samples:
        pane.edit.setFocus()
        before = widget.grab().toImage()
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        assert QApplication.focusWidget() is widget
        assert widget.grab().toImage() != before, widget
