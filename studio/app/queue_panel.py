"""The job list: what runs, what waits, what ended, and what a crash interrupted.

Up and Down move between jobs, Alt+Up and Alt+Down move a waiting job, Delete stops or dismisses,
Enter runs again; all of it has buttons too, and waiting jobs can be dragged.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.app.bridge import EngineBridge
from studio.app.job_row import JobRow
from studio.app.notify import Notifier
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.icon_button import IconButton
from studio.core.errors import StudioError
from studio.core.events import Event, ModelLoading, Progress
from studio.engine.jobs import ENDED, JobInfo

HEIGHT = 380


class QueuePanel(QFrame):
    """All jobs, newest states in place; non-modal, above the status bar's right end."""

    closed = Signal()

    def __init__(
        self, bridge: EngineBridge, notify: Notifier, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        set_role(self, "popover")
        self.setAccessibleName(self.tr("Jobs"))
        self.resize(Size.FLOATING, HEIGHT)
        self._bridge = bridge
        self._notify = notify
        self._rows: dict[str, JobRow] = {}
        self._dragged: JobRow | None = None
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addLayout(self._make_head())
        layout.addWidget(self._make_empty(), 1)
        layout.addWidget(self._make_list(), 1)
        bridge.engine_changed.connect(self.refresh)
        bridge.engine_event.connect(self._on_event)
        self.refresh()

    # -- parts --------------------------------------------------------------------------------

    def _make_head(self) -> QHBoxLayout:
        title = QLabel(self.tr("Jobs"))
        set_role(title, "heading")
        self._resume = QPushButton(self.tr("Go on with all"))
        self._resume.setToolTip(self.tr("Run everything that the last run left unfinished"))
        self._resume.clicked.connect(self._resume_all)
        self._clear = QPushButton(self.tr("Clear ended"))
        self._clear.clicked.connect(self.clear_ended)
        for button in (self._resume, self._clear):
            set_role(button, "flat")
        close = IconButton("x", self.tr("Close the job list"), self.close_panel)
        head = QHBoxLayout()
        head.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        head.setSpacing(Space.XS)
        head.addWidget(title)
        head.addStretch()
        for widget in (self._resume, self._clear, close):
            head.addWidget(widget)
        return head

    def _make_empty(self) -> QWidget:
        self._empty = QLabel(
            self.tr("Nothing is running. What you ask for appears here until it is done.")
        )
        self._empty.setWordWrap(True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setContentsMargins(Space.XXL, Space.XL, Space.XXL, Space.XXL)
        set_role(self._empty, "quiet")
        return self._empty

    def _make_list(self) -> QScrollArea:
        self._list = QWidget()
        set_role(self._list, "page")
        self._column = QVBoxLayout(self._list)
        self._column.setContentsMargins(Space.S, 0, Space.S, Space.S)
        self._column.setSpacing(Space.XS)
        self._column.addStretch()
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self._list)
        return self._scroll

    # -- what it shows ------------------------------------------------------------------------

    @property
    def job_ids(self) -> list[str]:
        """The jobs shown, from top to bottom."""
        return list(self._rows)

    def row(self, job_id: str) -> JobRow:
        """Return the row of a job.

        Raises:
            KeyError: It is not shown.
        """
        return self._rows[job_id]

    def refresh(self) -> None:
        """Ask the engine for its jobs; rows that stay keep their focus."""
        if self._dragged is not None:
            return
        jobs = sorted(self._bridge.jobs(), key=_rank)
        gone = set(self._rows) - {job.id for job in jobs}
        for job_id in gone:
            self._drop_row(job_id)
        ordered: dict[str, JobRow] = {}
        for at, job in enumerate(jobs):
            row = self._rows.get(job.id) or self._new_row(job)
            row.show_job(job)
            if self._column.indexOf(row) != at:
                self._column.removeWidget(row)
                self._column.insertWidget(at, row)
            ordered[job.id] = row
        self._rows = ordered
        self._empty.setVisible(not jobs)
        self._scroll.setVisible(bool(jobs))
        self._clear.setVisible(any(job.state in ENDED for job in jobs))
        held = [job for job in jobs if job.held or job.state == "interrupted"]
        self._resume.setVisible(len(held) > 1)

    def _new_row(self, job: JobInfo) -> JobRow:
        row = JobRow(job, self._list)
        row.cancel_wanted.connect(lambda: self._bridge.cancel(row.job.id))
        row.retry_wanted.connect(lambda: self._retry(row.job.id))
        row.dismiss_wanted.connect(lambda: self._bridge.dismiss(row.job.id))
        row.grip.installEventFilter(self)
        row.installEventFilter(self)
        return row

    def _drop_row(self, job_id: str) -> None:
        row = self._rows.pop(job_id)
        if row.isAncestorOf(self.focusWidget() or self):
            self.setFocus()
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _on_event(self, event: Event) -> None:
        row = self._rows.get(event.job_id)
        if row is None or not self.isVisible():
            return
        if isinstance(event, Progress):
            row.show_progress(event.step, event.total, event.remaining_s)
        elif isinstance(event, ModelLoading):
            row.show_loading(event.message)

    # -- what it does -------------------------------------------------------------------------

    def clear_ended(self) -> None:
        """Take everything that ended off the list."""
        for row in list(self._rows.values()):
            if row.job.state in ENDED:
                self._bridge.dismiss(row.job.id)

    def close_panel(self) -> None:
        """Hide the list."""
        self.hide()
        self.closed.emit()

    def move_job(self, job_id: str, by: int) -> None:
        """Move a waiting job up (-1) or down (1) among those that wait."""
        waiting = [row.job.id for row in self._rows.values() if row.movable]
        if job_id not in waiting:
            return
        at = waiting.index(job_id)
        to = at + by
        if not 0 <= to < len(waiting):
            return
        rest = [other for other in waiting if other != job_id]
        self._bridge.move(job_id, rest[to] if to < len(rest) else None)

    def _resume_all(self) -> None:
        for row in list(self._rows.values()):
            if row.job.state == "interrupted":
                self._retry(row.job.id)
        self._bridge.resume()

    def _retry(self, job_id: str) -> None:
        try:
            self._bridge.retry(job_id)
        except StudioError as error:
            self._notify.error(error)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close on Esc."""
        if event.key() == Qt.Key.Key_Escape:
            self.close_panel()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle a row's keys, and dragging by its grip."""
        if isinstance(watched, JobRow):
            if event.type() == QEvent.Type.KeyPress:
                assert isinstance(event, QKeyEvent)
                return self._row_key(watched, event)
            return False
        row = watched.parent()
        while row is not None and not isinstance(row, JobRow):
            row = row.parent()
        return row is not None and self._drag(row, event)

    def _row_key(self, row: JobRow, event: QKeyEvent) -> bool:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        key = Qt.Key(event.key())
        if key in steps and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.move_job(row.job.id, steps[key])
        elif key in steps:
            rows = list(self._rows.values())
            to = max(0, min(len(rows) - 1, rows.index(row) + steps[key]))
            rows[to].setFocus()
            self._scroll.ensureWidgetVisible(rows[to])
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            row.stop_or_dismiss()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            row.run_again()
        else:
            return False
        return True

    def _drag(self, row: JobRow, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress and row.movable:
            self._dragged = row
            return True
        if self._dragged is not row:
            return False
        position = self._list.mapFromGlobal(event.globalPosition().toPoint())  # type: ignore[attr-defined]
        if kind == QEvent.Type.MouseMove:
            self._preview_drop(row, position)
        elif kind == QEvent.Type.MouseButtonRelease:
            self._dragged = None
            self._bridge.move(row.job.id, self._row_below(row))
            self.refresh()
        return True

    def _preview_drop(self, row: JobRow, position: QPoint) -> None:
        """Show the dragged row where it would come to lie."""
        waiting = [other for other in self._shown() if other.movable]
        first = self._column.indexOf(waiting[0])
        others = [other for other in waiting if other is not row]
        to = sum(other.geometry().center().y() < position.y() for other in others)
        self._column.removeWidget(row)
        self._column.insertWidget(first + to, row)

    def _row_below(self, row: JobRow) -> str | None:
        shown = self._shown()
        below = shown[shown.index(row) + 1 :]
        return next((other.job.id for other in below if other.movable), None)

    def _shown(self) -> list[JobRow]:
        items = (self._column.itemAt(i) for i in range(self._column.count()))
        widgets = (item.widget() for item in items if item is not None)
        return [widget for widget in widgets if isinstance(widget, JobRow)]


def _rank(job: JobInfo) -> int:
    """Running first, then what waits in its order, then what was interrupted, then the rest."""
    if job.state == "running":
        return 0
    if job.state == "queued" and not job.held:
        return 1
    return 3 if job.state in ENDED else 2
