"""The line at the bottom: offline, which model on what, how full memory is, and the jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from studio.app.bridge import EngineBridge
from studio.app.jobs_summary import summarise
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.words import fill_in, gigabytes
from studio.core.requests import Capability

if TYPE_CHECKING:
    from studio.app.model_options import ModelOptions
    from studio.engine.jobs import EngineState, InstalledModel
    from studio.models.info import ModelInfo

PROGRESS_WIDTH = 72


class StatusBar(QFrame):
    """Shows what the engine says; its ends open the model menu and the job list."""

    jobs_clicked = Signal()
    model_chosen = Signal(str)
    """Id of the model that shall write from now on; while no pane is followed."""

    def __init__(self, bridge: EngineBridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "ground")
        self.setFixedHeight(Size.STATUS)
        self._bridge = bridge
        self._options: ModelOptions | None = None
        self._offline = self._make_offline()
        self._model = self._make_button("", self.tr("Model, device and memory"))
        self._model_menu = QMenu(self._model)
        self._model_menu.aboutToShow.connect(self._fill_model_menu)
        self._model.setMenu(self._model_menu)
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._progress.setFixedSize(PROGRESS_WIDTH, 4)
        self._progress.setAccessibleName(self.tr("Progress of the jobs"))
        self._jobs = self._make_button("chevron-up", self.tr("Show the job list"))
        self._jobs.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        self._jobs.setCheckable(True)
        self._jobs.clicked.connect(lambda: self.jobs_clicked.emit())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(Space.M, 0, Space.S, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self._offline)
        layout.addSpacing(Space.S)
        layout.addWidget(self._model)
        layout.addStretch()
        layout.addWidget(self._progress)
        layout.addWidget(self._jobs)
        bridge.engine_changed.connect(self.refresh)
        self.refresh()

    def set_jobs_open(self, is_open: bool) -> None:
        """Show whether the job list is open."""
        self._jobs.setChecked(is_open)
        self._jobs.setIcon(icon("chevron-down" if is_open else "chevron-up"))
        words = self.tr("Hide the job list") if is_open else self.tr("Show the job list")
        self._jobs.setToolTip(words)
        self._jobs.setAccessibleDescription(words)

    def follow(self, options: ModelOptions) -> None:
        """Show and offer the model of the pane in front."""
        if options is self._options:
            return
        if self._options is not None:
            self._options.changed.disconnect(self.refresh)
        self._options = options
        options.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Ask the engine again."""
        self._model.setText(self._model_words())
        self._model.setAccessibleName(self._model.text())
        summary = summarise(self._bridge.jobs())
        self._progress.setVisible(summary.busy)
        if summary.fraction is None:
            self._progress.setRange(0, 0 if summary.busy else 100)
        else:
            self._progress.setRange(0, 100)
            self._progress.setValue(round(summary.fraction * 100))
        self._jobs.setText(summary.words)
        self._jobs.setAccessibleName(summary.words)

    def model_words(self) -> str:
        """Return what the left part says."""
        return self._model.text()

    def job_words(self) -> str:
        """Return what the right end says."""
        return self._jobs.text()

    def _make_offline(self) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.XS)
        dot, word = QLabel("●"), QLabel(self.tr("offline"))
        set_role(dot, "status-good")
        set_role(word, "caption")
        for label in (dot, word):
            row.addWidget(label)
        box.setToolTip(
            self.tr("Everything runs on this computer; nothing you write or make leaves it.")
        )
        return box

    def _make_button(self, icon_name: str, tooltip: str) -> QPushButton:
        button = QPushButton()
        set_role(button, "status")
        if icon_name:
            button.setIcon(icon(icon_name))
        button.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        button.setToolTip(tooltip)
        button.setAccessibleName(tooltip)
        button.setFont(tabular(button.font()))
        button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        return button

    def _model_words(self) -> str:
        if self._bridge.failure:
            return self.tr("The engine did not start")
        state = self._bridge.state()
        if not state.ready:
            return self.tr("Getting ready…")
        parts = [self._model_title(state)]
        if state.device is not None:
            parts.append(state.device.name)
        if state.budget_bytes:
            parts.append(
                fill_in(
                    self.tr("%1 of %2 GB"),
                    gigabytes(state.used_bytes),
                    gigabytes(state.budget_bytes),
                )
            )
        return " · ".join(parts)

    def _model_title(self, state: EngineState) -> str:
        chosen = self._chosen()
        if chosen is None:
            return self.tr("No model yet")
        if any(model.id == chosen.id for model in state.resident):
            return chosen.title
        return fill_in(self.tr("%1, not loaded"), chosen.title)

    def _chosen(self) -> ModelInfo | None:
        if self._options is not None:
            return self._options.info()
        return self._bridge.default_model(Capability.TEXT_CHAT)

    def _models(self) -> tuple[InstalledModel, ...]:
        if self._options is not None:
            return self._options.models()
        return tuple(m for m in self._bridge.models() if Capability.TEXT_CHAT in m.capabilities)

    def _choose(self, model_id: str) -> None:
        if self._options is not None:
            self._options.choose_model(model_id)
        else:
            self.model_chosen.emit(model_id)

    def _fill_model_menu(self) -> None:
        menu = self._model_menu
        menu.clear()
        menu.addSection(self.tr("Model"))
        chosen = self._chosen()
        for model in self._models():
            action = menu.addAction(model.info.title)
            action.setCheckable(True)
            action.setChecked(chosen is not None and model.info.id == chosen.id)
            action.triggered.connect(lambda _=False, i=model.info.id: self._choose(i))
        resident = self._bridge.state().resident
        if resident:
            menu.addSeparator()
        for loaded in resident:
            text = fill_in(self.tr("Take %1 out of memory"), loaded.title)
            action = menu.addAction(text)
            action.setEnabled(not loaded.in_use)
            action.triggered.connect(lambda _=False, i=loaded.id: self._bridge.unload(i))
        if menu.isEmpty():
            menu.addAction(self.tr("No model is installed")).setEnabled(False)
