"""A form made from declared options: what a backend can do becomes what the user can set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.collapsible import Collapsible
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.option_fields import (
    ListOption,
    LongTextOption,
    OptionField,
    field_for,
)
from studio.app.widgets.words import fill_in
from studio.core.errors import BadInputError
from studio.core.options import OptionInfo, OptionValue


class OptionsForm(QWidget):
    """One row per option, the few that matter first, the rest under "More".

    A label's double click sets the default again. What does not apply is greyed with its reason.
    """

    changed = Signal()
    edited = Signal(str)
    """Name of the option the user changed; not emitted by :meth:`set_values`."""

    def __init__(
        self,
        options: Sequence[OptionInfo] = (),
        parent: QWidget | None = None,
        *,
        label_width: int = Size.FORM_LABEL,
        show_help: bool = False,
    ) -> None:
        super().__init__(parent)
        self._label_width = label_width
        self._show_help = show_help
        self._options: tuple[OptionInfo, ...] = ()
        self._rows: dict[str, _Row] = {}
        self._more: Collapsible | None = None
        self._setting = False
        self._choice_titles: dict[str, dict[str, str]] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(Space.L if show_help else Space.XS)
        self.set_options(options)

    @property
    def options(self) -> tuple[OptionInfo, ...]:
        """The options the form shows."""
        return self._options

    def set_options(
        self,
        options: Sequence[OptionInfo],
        choice_titles: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Show other options; values of those with the same name and type are kept.

        Args:
            options: What to show.
            choice_titles: What to call the choices of an option, by its name.
        """
        titles = {name: dict(each) for name, each in (choice_titles or {}).items()}
        if tuple(options) == self._options and titles == self._choice_titles:
            return  # made anew, they would take the pointer and the keys from who sets one
        self._options, self._choice_titles = tuple(options), titles
        kept = {name: (row.info.type, row.field.value()) for name, row in self._rows.items()}
        opened = self._more is not None and self._more.expanded
        self._empty()
        usual = [info for info in options if not info.advanced]
        advanced = [info for info in options if info.advanced]
        for info in usual:
            self._layout.addWidget(self._add_row(info))
        if advanced:
            box = QWidget()
            column = QVBoxLayout(box)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(self._layout.spacing())
            for info in advanced:
                column.addWidget(self._add_row(info))
            self._more = Collapsible(self.tr("More"), box, expanded=opened)
            self._layout.addWidget(self._more)
        self.set_values(
            {
                info.name: kept[info.name][1]
                for info in options
                if info.name in kept and kept[info.name][0] is info.type
            }
        )

    def values(self) -> dict[str, OptionValue]:
        """Return every value by name, those of inert options included."""
        return {name: row.field.value() for name, row in self._rows.items()}

    def set_values(self, values: Mapping[str, OptionValue]) -> None:
        """Show these values; unknown names and refused values are left as they are."""
        self._setting = True
        try:
            for name, value in values.items():
                row = self._rows.get(name)
                if row is None:
                    continue
                try:
                    row.field.set_value(row.info.check(value))
                except BadInputError:
                    row.field.set_value(row.info.default)
        finally:
            self._setting = False
        self.changed.emit()

    def reset(self, name: str) -> None:
        """Set one option to its default."""
        row = self._rows[name]
        row.field.set_value(row.info.default)

    def reset_all(self) -> None:
        """Set every option to its default."""
        self.set_values({name: row.info.default for name, row in self._rows.items()})

    def set_inert(self, name: str, reason: str) -> None:
        """Grey an option and say why; an empty reason makes it usable again."""
        row = self._rows.get(name)
        if row is not None:
            row.set_inert(reason)

    def field(self, name: str) -> OptionField:
        """Return the control of one option.

        Raises:
            KeyError: The form has no such option.
        """
        return self._rows[name].field

    def _add_row(self, info: OptionInfo) -> _Row:
        field = field_for(info, self._choice_titles.get(info.name))
        row = _Row(info, field, self._label_width, show_help=self._show_help)
        row.field.set_value(info.default)
        if info.unused:
            row.set_inert(info.unused)
        row.field.changed.connect(lambda name=info.name: self._on_changed(name))
        row.reset_wanted.connect(lambda name=info.name: self.reset(name))
        self._rows[info.name] = row
        return row

    def _on_changed(self, name: str) -> None:
        if not self._setting:
            self.edited.emit(name)
            self.changed.emit()

    def _empty(self) -> None:
        self._rows.clear()
        self._more = None
        while (item := self._layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()


class _Row(QWidget):
    """Label and control of one option, with the reason below when it is inert."""

    reset_wanted = Signal()

    def __init__(
        self, info: OptionInfo, field: OptionField, label_width: int, *, show_help: bool
    ) -> None:
        super().__init__()
        self.info = info
        self.field = field
        self._label = ElidedLabel(info.title)
        self._label.setBuddy(self.field.main)
        self._label.installEventFilter(self)
        set_role(self._label, "" if show_help else "quiet")
        self._note = QLabel(info.help if show_help else "")
        self._note.setWordWrap(True)
        self._note.setTextFormat(Qt.TextFormat.PlainText)
        self._note.setVisible(show_help)
        set_role(self._note, "caption")
        self._show_help = show_help
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.XS if isinstance(self.field, LongTextOption) else 2)
        if isinstance(self.field, (LongTextOption, ListOption)):
            layout.addWidget(self._label)
            layout.addWidget(self.field)
        else:
            self._label.setFixedWidth(label_width)
            line = QHBoxLayout()
            line.setSpacing(Space.S)
            line.addWidget(self._label)
            line.addWidget(self.field, 1)
            layout.addLayout(line)
        layout.addWidget(self._note)
        self._show_tooltip("")

    def set_inert(self, reason: str) -> None:
        self.field.setEnabled(not reason)
        self._label.setEnabled(not reason)
        self._note.setText(reason or (self.info.help if self._show_help else ""))
        self._note.setVisible(bool(reason) or self._show_help)
        self._show_tooltip(reason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Reset on the label's double click."""
        if event.type() == QEvent.Type.MouseButtonDblClick and self.field.isEnabled():
            self.reset_wanted.emit()
            return True
        return super().eventFilter(watched, event)

    def _show_tooltip(self, reason: str) -> None:
        default = fill_in(self.tr("Double-click the name for the default: %1"), _shown(self.info))
        parts = [f"{self.info.title} ({self.info.name})", self.info.help, reason or default]
        self.setToolTip("\n".join(part for part in parts if part))
        self._label.setToolTip(self.toolTip())
        self.field.main.setToolTip(self.toolTip())


def _shown(info: OptionInfo) -> str:
    """Return the default as the tooltip says it."""
    value = info.default
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        value = f"{value:g}"
    if value in ("", ()):
        return "–"
    return f"{value} {info.unit}".strip()
