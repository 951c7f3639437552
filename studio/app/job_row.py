"""One job of the list."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from studio.app.jobs_summary import state_words
from studio.app.theme.icons import Role
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.icon_label import IconLabel
from studio.engine.jobs import ENDED, JobInfo

_ICONS: dict[str, tuple[str, Role]] = {
    "running": ("loader", "gold"),
    "queued": ("clock", "quiet"),
    "interrupted": ("zap-off", "bad"),
    "finished": ("circle-check", "good"),
    "failed": ("circle-alert", "bad"),
    "cancelled": ("circle-x", "quiet"),
}


class JobRow(QFrame):
    """A job's name, state, progress and what can be done with it."""

    cancel_wanted = Signal()
    retry_wanted = Signal()
    dismiss_wanted = Signal()

    def __init__(self, job: JobInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.job = job
        set_role(self, "row")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.grip = IconLabel("grip-vertical", "quiet", Size.SMALL_ICON)
        self.grip.setCursor(Qt.CursorShape.SizeVerCursor)
        self.grip.setToolTip(self.tr("Drag to another place; Alt+Up and Alt+Down do the same"))
        self._state_icon = IconLabel("clock", "quiet", Size.SMALL_ICON)
        self._title = ElidedLabel()
        self._state = QLabel()
        self._state.setFont(tabular(self._state.font()))
        set_role(self._state, "caption")
        small = Size.SMALL_ICON
        self._again = IconButton("rotate-cw", self.tr("Run again"), self.run_again, icon_px=small)
        self._stop = IconButton("x", self.tr("Stop"), self.stop_or_dismiss, icon_px=small)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedHeight(4)
        self._progress.setAccessibleName(self.tr("Progress"))
        self._message = ElidedLabel()
        set_role(self._message, "caption")
        self._lay_out()
        self.show_job(job)

    @property
    def movable(self) -> bool:
        """Whether the job waits, so that its place in the line matters."""
        return self.job.state == "queued" and not self.job.held

    @property
    def can_run_again(self) -> bool:
        """Whether there is something to run again."""
        return self.job.state in (*ENDED, "interrupted") or self.job.held

    def show_job(self, job: JobInfo) -> None:
        """Show the job as it is now."""
        self.job = job
        name, role = _ICONS[job.state]
        self._state_icon.set_icon(name, role)
        self._title.setText(job.label)
        self._state.setText(state_words(job))
        self.grip.setVisible(self.movable)
        self._again.setVisible(self.can_run_again and job.state != "finished")
        over = job.state in ENDED or job.state == "interrupted"
        self._stop.set_words(self.tr("Take off the list") if over else self.tr("Stop"))
        running = job.state == "running"
        self._progress.setVisible(running)
        self._progress.setRange(0, job.total if running else 1)
        self._progress.setValue(job.step)
        self._show_message(job.message)
        self.setAccessibleName(f"{job.label}: {self._state.text()}")
        self.setToolTip(job.message)

    def show_progress(self, step: int, total: int, remaining_s: float | None) -> None:
        """Show how far it is, unless it ended meanwhile."""
        if self.job.state in ENDED:
            return
        self.show_job(
            replace(self.job, state="running", step=step, total=total, remaining_s=remaining_s)
        )

    def show_loading(self, message: str) -> None:
        """Show what happens before the first step, unless it ended meanwhile."""
        if self.job.state not in ENDED:
            self._show_message(message)

    def _show_message(self, message: str) -> None:
        self._message.setText(message)
        self._message.setVisible(bool(message))

    def run_again(self) -> None:
        """Ask for another run, where that makes sense."""
        if self.can_run_again:
            self.retry_wanted.emit()

    def stop_or_dismiss(self) -> None:
        """Ask to stop a live job, or to forget an ended one."""
        if self.job.state in ENDED or self.job.state == "interrupted":
            self.dismiss_wanted.emit()
        else:
            self.cancel_wanted.emit()

    def _lay_out(self) -> None:
        words = QHBoxLayout()
        words.setSpacing(Space.XS)
        words.addWidget(self._state)
        words.addWidget(self._message, 1)
        words.addStretch()
        column = QVBoxLayout()
        column.setSpacing(2)
        column.addWidget(self._title)
        column.addLayout(words)
        column.addWidget(self._progress)
        line = QHBoxLayout(self)
        line.setContentsMargins(Space.S, Space.XS, Space.XS, Space.S)
        line.setSpacing(Space.S)
        line.addWidget(self._state_icon, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addLayout(column, 1)
        for widget in (self.grip, self._again, self._stop):
            line.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
