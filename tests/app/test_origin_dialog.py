"""“Check origin…”: what a file says is shown as plain text, off the window's thread."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QLabel, QPlainTextEdit
from pytestqt.qtbot import QtBot

from studio.app.origin_dialog import OriginDialog
from studio.core.provenance import origin as origin_module
from studio.core.provenance.credentials import seal
from studio.core.provenance.keys import installation_key
from tests.core.provenance.conftest import Vault
from tests.core.provenance.samples import record, sample


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "credentials"


@pytest.fixture
def dialog(qtbot: QtBot, keys: Path) -> OriginDialog:
    dialog = OriginDialog(keys)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


@pytest.fixture
def signed(tmp_path: Path, keys: Path) -> Path:
    path = tmp_path / "result.png"
    key = installation_key(keys, vault=Vault())
    path.write_bytes(seal(sample(".png"), ".png", record(), key).data)
    return path


def drop(dialog: OriginDialog, *urls: QUrl) -> bool:
    """Drag and drop onto the dialog; return whether it took the drag."""
    mime = QMimeData()
    mime.setUrls(list(urls))
    action, button, no_key = (
        Qt.DropAction.CopyAction,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    place = dialog.rect().center()
    enter = QDragEnterEvent(place, action, mime, button, no_key)
    enter.ignore()
    dialog.dragEnterEvent(enter)
    if enter.isAccepted():
        dialog.dropEvent(QDropEvent(QPointF(place), action, mime, button, no_key))
    return enter.isAccepted()


def test_a_dropped_result_says_where_it_came_from(
    dialog: OriginDialog, signed: Path, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(dialog.finished_reading):
        assert drop(dialog, QUrl.fromLocalFile(str(signed)))
    assert dialog.verdict.text() == "The file says that a model made it."
    assert dialog.file_name.text() == "result.png"
    assert "This installation of Triptych signed it" in dialog.sentences.toPlainText()
    assert dialog.sentences.isVisible()


def test_what_was_read_can_be_copied(dialog: OriginDialog, signed: Path, qtbot: QtBot) -> None:
    assert not dialog.copy_button.isEnabled()
    with qtbot.waitSignal(dialog.finished_reading):
        dialog.check(signed)
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("result.png\nThe file says") and "Apache-2.0" in copied


def test_the_button_chooses_a_file(
    dialog: OriginDialog, signed: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(signed), ""))
    with qtbot.waitSignal(dialog.finished_reading):
        qtbot.mouseClick(dialog.choose_button, Qt.MouseButton.LeftButton)
    assert "a model made it" in dialog.verdict.text()


def test_choosing_nothing_changes_nothing(
    dialog: OriginDialog, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    before = dialog.verdict.text()
    qtbot.mouseClick(dialog.choose_button, Qt.MouseButton.LeftButton)
    assert dialog.verdict.text() == before


def test_an_address_on_the_internet_is_not_taken(dialog: OriginDialog) -> None:
    assert not drop(dialog, QUrl("https://example.org/cat.png"))
    assert not drop(dialog)


def test_a_file_that_is_gone_is_said_and_the_dialog_goes_on(
    dialog: OriginDialog, signed: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(dialog.finished_reading):
        dialog.check(tmp_path / "gone.png")
    assert dialog.error.isVisible() and not dialog.sentences.isVisible()
    with qtbot.waitSignal(dialog.finished_reading):
        dialog.check(signed)
    assert not dialog.error.isVisible()
    assert "a model made it" in dialog.verdict.text()


def test_a_folder_is_said(dialog: OriginDialog, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(dialog.finished_reading):
        assert drop(dialog, QUrl.fromLocalFile(str(tmp_path)))
    assert dialog.error.isVisible()


def test_what_a_file_says_is_never_rendered(
    dialog: OriginDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    import dataclasses

    from studio.core.provenance import embed

    nasty = dataclasses.replace(record(), model_title="<img src='file:///etc/hostname'><b>x</b>")
    path = tmp_path / "<b>nasty<b>.png"
    path.write_bytes(embed(sample(".png"), ".png", nasty))
    with qtbot.waitSignal(dialog.finished_reading):
        dialog.check(path)
    assert "<b>x</b>" in dialog.sentences.toPlainText()
    for label in dialog.findChildren(QLabel):
        if label.text():
            assert label.textFormat() == Qt.TextFormat.PlainText


def test_only_the_newest_file_is_shown(
    dialog: OriginDialog, signed: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = origin_module.check_origin
    go_on = threading.Event()
    slow_done = threading.Event()

    def slow(path: Path, **values: str) -> origin_module.OriginReport:
        report = real(path, **values)
        if path.name == "slow.md":
            assert go_on.wait(10)
            slow_done.set()
        return report

    monkeypatch.setattr(origin_module, "check_origin", slow)
    (signed.parent / "slow.md").write_text("slow")
    dialog.check(signed.parent / "slow.md")
    with qtbot.waitSignal(dialog.finished_reading):
        dialog.check(signed)
    with qtbot.assertNotEmitted(dialog.finished_reading, wait=100):
        go_on.set()
        assert slow_done.wait(10)
    assert dialog.file_name.text() == "result.png"


def test_the_window_does_not_wait_for_a_big_file(
    dialog: OriginDialog, signed: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = []
    real = origin_module.check_origin

    def watched(path: Path, **values: str) -> origin_module.OriginReport:
        threads.append(threading.current_thread())
        return real(path, **values)

    monkeypatch.setattr(origin_module, "check_origin", watched)
    with qtbot.waitSignal(dialog.finished_reading):
        dialog.check(signed)
    assert threads and threads[0] is not threading.main_thread()


def test_closing_while_a_file_is_read_is_harmless(
    qtbot: QtBot, signed: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = threading.Event()
    real = origin_module.check_origin

    def watched(path: Path, **values: str) -> origin_module.OriginReport:
        report = real(path, **values)
        read.set()
        return report

    monkeypatch.setattr(origin_module, "check_origin", watched)
    dialog = OriginDialog(keys)
    dialog.check(signed)
    dialog.deleteLater()
    qtbot.waitUntil(read.is_set)
    qtbot.waitUntil(lambda: not [t for t in threading.enumerate() if t.name == "check-origin"])


def test_every_control_has_a_name_and_can_be_reached_by_keyboard(dialog: OriginDialog) -> None:
    assert dialog.windowTitle()
    for widget in [*dialog.findChildren(QAbstractButton), *dialog.findChildren(QPlainTextEdit)]:
        if widget.isVisibleTo(dialog):
            name = widget.accessibleName() or getattr(widget, "text", lambda: "")()
            assert name, widget
            assert widget.focusPolicy() & Qt.FocusPolicy.TabFocus, widget
