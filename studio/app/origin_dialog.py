"""“Check origin…”: drop any file and read, in plain sentences, where it says it came from.

Files are read on a thread of their own; nothing in them is rendered, and nothing is fetched.
"""

from __future__ import annotations

import threading
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.theme.icons import Role
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.error_card import ErrorCard
from studio.app.widgets.icon_label import IconLabel
from studio.core.errors import StudioError
from studio.core.provenance.origin import OriginReport

DIALOG_SIZE = (560, 400)
POLL_MS = 30


class _Reading:
    """Reads one file on a daemon thread, which touches nothing of Qt: its dialog may be gone."""

    def __init__(self, path: Path, keys: Path) -> None:
        self.path = path
        self.answer: OriginReport | StudioError | None = None
        self._keys = keys
        self._thread = threading.Thread(target=self._read, name="check-origin", daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether an answer may still come."""
        return self._thread.is_alive()

    def _read(self) -> None:
        from studio.core.provenance.keys import authority_of
        from studio.core.provenance.origin import check_origin

        try:
            self.answer = check_origin(self.path, authority=authority_of(self._keys))
        except StudioError as error:
            self.answer = error


class OriginDialog(QDialog):
    """A place to drop files on, and what the last one says.

    Args:
        keys: The folder with this installation's certificates, to know its own signatures.
        parent: The window it stands before.
    """

    finished_reading = Signal()

    def __init__(self, keys: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys = keys
        self._reading: _Reading | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)
        self.setWindowTitle(self.tr("Check origin"))
        self.setAcceptDrops(True)
        self.resize(*DIALOG_SIZE)
        self._icon = IconLabel("scan-text", icon_px=Size.ICON)
        self.verdict = _words("heading")
        self.file_name = _words("quiet")
        self.sentences = QPlainTextEdit()
        self.sentences.setReadOnly(True)
        self.sentences.setTabChangesFocus(True)
        self.sentences.setAccessibleName(self.tr("What the file says about its origin"))
        set_role(self.sentences, "field")
        self.error = ErrorCard()
        self.error.hide()
        self.error.dismissed.connect(self._show_nothing)
        self._lay_out()
        self._show_nothing()

    def check(self, path: Path) -> None:
        """Read a file and show what it says; an answer for a former file is left out."""
        self._show("scan-text", "quiet", self.tr("Reading…"), path.name, (), copyable=False)
        self._reading = _Reading(path, self._keys)
        self._timer.start()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files that lie on this computer."""
        if _first_file(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Check the first of the files that were dropped."""
        path = _first_file(event)
        if path is not None:
            event.acceptProposedAction()
            self.check(path)

    def _lay_out(self) -> None:
        self.choose_button = QPushButton(self.tr("Choose a file…"))
        set_role(self.choose_button, "primary")
        self.choose_button.clicked.connect(self._choose)
        self.copy_button = QPushButton(self.tr("Copy"))
        self.copy_button.setAccessibleName(self.tr("Copy what the file says"))
        self.copy_button.clicked.connect(self._copy)
        close_button = QPushButton(self.tr("Close"))
        close_button.clicked.connect(self.reject)
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.verdict, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addWidget(self.choose_button)
        buttons.addWidget(self.copy_button)
        buttons.addStretch()
        buttons.addWidget(close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addLayout(head)
        column.addWidget(self.file_name)
        column.addWidget(self.error)
        column.addWidget(self.sentences, 1)
        column.addStretch(0)
        column.addLayout(buttons)

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Check the origin of a file"))
        if name:
            self.check(Path(name))

    def _copy(self) -> None:
        lines = [self.file_name.text(), self.verdict.text(), self.sentences.toPlainText()]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _look(self) -> None:
        """Show the answer once it is there; a thread that died has left its error elsewhere."""
        reading = self._reading
        if reading is not None and reading.running:
            return
        self._timer.stop()
        self._reading = None
        if reading is None or reading.answer is None:
            self._show_nothing()
        elif isinstance(reading.answer, StudioError):
            self._show_error(reading.answer)
        else:
            icon_name, role = _picture(reading.answer)
            verdict, *rest = reading.answer.sentences
            self._show(icon_name, role, verdict, reading.path.name, tuple(rest), copyable=True)
        self.finished_reading.emit()

    def _show_nothing(self) -> None:
        self._show(
            "scan-text",
            "quiet",
            self.tr("Drop any file here to read where it came from."),
            self.tr("Pictures, sound, texts and documents, from Triptych or any other program."),
            (),
            copyable=False,
        )

    def _show_error(self, error: StudioError) -> None:
        self._show_nothing()
        self.sentences.hide()
        self.error.show_error(error.user_message, error.hint, "")

    def _show(
        self,
        icon_name: str,
        role: Role,
        verdict: str,
        below: str,
        sentences: tuple[str, ...],
        *,
        copyable: bool,
    ) -> None:
        self.error.hide()
        self._icon.set_icon(icon_name, role)
        self.verdict.setText(verdict)
        self.file_name.setText(below)
        self.sentences.setPlainText("\n\n".join(sentences))
        self.sentences.setVisible(bool(sentences))
        self.copy_button.setEnabled(copyable)


def _picture(report: OriginReport) -> tuple[str, Role]:
    """Return icon and colour; the words beside it say the same."""
    state = report.credentials.state if report.credentials else ""
    if report.changed or state in ("unreadable", "unsound"):
        return "triangle-alert", "bad"
    if state == "ours":
        return "circle-check", "good"
    return ("sparkles" if report.made_by_model else "info"), "quiet"


def _first_file(event: QDropEvent) -> Path | None:
    urls = event.mimeData().urls()
    return next((Path(url.toLocalFile()) for url in urls if url.isLocalFile()), None)


def _words(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    set_role(label, role)
    return label
