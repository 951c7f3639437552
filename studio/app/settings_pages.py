"""One page per group of settings, made from the schema."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.app.context import AppContext
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.options_form import OptionsForm
from studio.core.errors import BadInputError
from studio.core.options import describe
from studio.core.requests import Capability
from studio.core.settings import GROUPS

LABEL_WIDTH = 200
AFTER_RESTART = ("files.library_folder", "files.model_folders", "files.history_budget_mb")
"""Settings that are read once, when Triptych starts."""


class GroupPage(QWidget):
    """The options of one group; each change holds at once."""

    def __init__(
        self, context: AppContext, group: str, title: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._group = group
        heading = QLabel(title)
        set_role(heading, "title")
        self._reset = QPushButton(self.tr("Back to the defaults"))
        self._reset.setToolTip(self.tr("Set everything on this page as it was at first"))
        self._reset.clicked.connect(self.reset)
        set_role(self._reset, "flat")
        head = QHBoxLayout()
        head.addWidget(heading)
        head.addStretch()
        head.addWidget(self._reset)
        self.form = OptionsForm(describe(GROUPS[group]), label_width=LABEL_WIDTH, show_help=True)
        layout = QVBoxLayout(self)
        layout.setSpacing(Space.XL)
        layout.addLayout(head)
        layout.addWidget(self.form)
        layout.addStretch()
        self._show()
        self.form.edited.connect(self._store)
        context.settings.changed.connect(self._on_changed)
        if group == "writing":
            context.bridge.engine_changed.connect(self._offer_models)
            self._offer_models()

    def reset(self) -> None:
        """Set every option of the group to its default."""
        for info in self.form.options:
            self._set(info.name, info.default)
        self._show()

    def _store(self, name: str) -> None:
        self._set(name, self.form.values()[name])

    def _set(self, name: str, value: object) -> None:
        try:
            self._context.settings.set(self._group, name, value)
        except BadInputError as error:
            self._context.notify.error(error)
            self._show()

    def _on_changed(self, group: str, name: str) -> None:
        if group == self._group:
            self._show()
            if f"{group}.{name}" in AFTER_RESTART:
                self._context.notify.info(self.tr("This takes effect at the next start."))

    def _show(self) -> None:
        values = getattr(self._context.settings.value, self._group)
        self.form.set_values({info.name: getattr(values, info.name) for info in self.form.options})

    def _offer_models(self) -> None:
        """Let the text model be chosen among those that are installed."""
        found = {
            model.info.id: model.info.title
            for model in self._context.bridge.models()
            if Capability.TEXT_GENERATE in model.capabilities
        }
        chosen = self._context.settings.value.writing.text_model
        if chosen:
            found.setdefault(chosen, chosen)
        titles = {"": self.tr("the built-in one"), **found}
        options = [
            replace(info, choices=tuple(titles)) if info.name == "text_model" else info
            for info in describe(GROUPS[self._group])
        ]
        self.form.set_options(options, choice_titles={"text_model": titles})
        self._show()
