"""The strip over the canvas: what the tool in hand can be set to."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from studio.app.panes.picture.canvas.canvas_view import CanvasView
from studio.app.panes.picture.canvas.tool_fields import ToolField
from studio.app.panes.picture.canvas.tools.base import Tool
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.icon_label import IconLabel
from studio.core.options import OptionValue, describe

HINT_STRETCH = 1000


class ToolOptions(QFrame):
    """Shows the options of the tool in hand; what does not fit opens from a button at the end."""

    def __init__(self, canvas: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        set_role(self, "surface")
        self.setFixedHeight(Size.STRIP)
        self.setAccessibleName(self.tr("Options of the tool"))
        self._canvas = canvas
        self._fields: dict[str, tuple[ToolField, ...]] = {}
        self._actions: dict[str, tuple[IconButton, ...]] = {}
        self._shown: tuple[ToolField, ...] = ()
        self._sign = IconLabel("brush")
        self._hint = ElidedLabel("")
        set_role(self._hint, "caption")
        self._more = IconButton("ellipsis", self.tr("More options"), self._open_more)
        self._more.hide()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(Space.M, 0, Space.S, 0)
        self._row.setSpacing(Space.M)
        self._row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        self._row.addWidget(self._sign)
        self._row.addWidget(self._hint, HINT_STRETCH)
        self._row.addStretch(1)
        self._row.addWidget(self._more)
        self._popover = _Popover(self)
        canvas.tool_changed.connect(self._show_tool)
        canvas.options_changed.connect(self._show_values)
        self._show_tool()

    def minimumSizeHint(self) -> QSize:
        """Return little: what does not fit goes elsewhere."""
        return QSize(Size.STRIP * 3, Size.STRIP)

    def field(self, name: str) -> ToolField:
        """Return the control of an option of the tool in hand.

        Raises:
            KeyError: It has no such option.
        """
        return {field.info.name: field for field in self._shown}[name]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put into the strip what fits."""
        super().resizeEvent(event)
        self._arrange()

    def _show_tool(self) -> None:
        tool = self._canvas.current_tool
        for field in self._shown:
            field.hide()
        for buttons in self._actions.values():
            for button in buttons:
                button.hide()
        self._popover.hide()
        self._shown = self._fields_of(tool)
        self._sign.set_icon(tool.icon_name)
        self._sign.setToolTip(tool.title)
        self._hint.setText(tool.hint)
        self._show_values()
        self._arrange()

    def _fields_of(self, tool: Tool) -> tuple[ToolField, ...]:
        if tool.name not in self._fields:
            infos = () if tool.options is None else describe(type(tool.options))
            self._fields[tool.name] = tuple(self._made(ToolField(info, self)) for info in infos)
            self._actions[tool.name] = tuple(
                IconButton(action.icon_name, action.title, action.run, self)
                for action in tool.actions()
            )
        return self._fields[tool.name]

    def _made(self, field: ToolField) -> ToolField:
        field.changed.connect(self._changed)
        field.hide()
        return field

    def _changed(self, name: str, value: OptionValue) -> None:
        self._canvas.set_tool_options(**{name: value})

    def _show_values(self) -> None:
        tool = self._canvas.current_tool
        unused = tool.unused()
        for field in self._shown:
            field.show_value(getattr(tool.options, field.info.name))
            field.show_use(unused.get(field.info.name, ""))

    def _arrange(self) -> None:
        """Fill the strip from the left; the rest goes behind the button at its end."""
        buttons = self._actions[self._canvas.tool]
        for widget in (*self._shown, *buttons):
            self._row.removeWidget(widget)
        fixed = sum(button.width() + Space.M for button in buttons)
        room = self.width() - fixed - self._sign.width() - Space.M - Space.S - Space.M
        widths = [field.sizeHint().width() + Space.M for field in self._shown]
        fits = len(widths)
        if sum(widths) > room:
            room -= self._more.width() + Space.M
            fits = next((n for n in range(len(widths)) if sum(widths[: n + 1]) > room), len(widths))
        for place, field in enumerate(self._shown[:fits]):
            self._row.insertWidget(1 + place, field)
            field.show()
        for place, button in enumerate(buttons):
            self._row.insertWidget(1 + fits + place, button)
            button.show()
        rest = self._shown[fits:]
        self._more.setVisible(bool(rest))
        self._hint.setVisible(not rest)
        self._popover.hold(rest)

    def _open_more(self) -> None:
        self._popover.open_at(self._more)


class _Popover(QFrame):
    """Holds the options that did not fit into the strip."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        set_role(self, "popover")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(Space.M, Space.M, Space.M, Space.M)
        self._layout.setSpacing(Space.S)

    def hold(self, fields: tuple[ToolField, ...]) -> None:
        """Take these options in."""
        for field in fields:
            self._layout.addWidget(field)
            field.show()

    def open_at(self, beside: QWidget) -> None:
        """Open under a widget, inside its screen."""
        self.adjustSize()
        at = beside.mapToGlobal(QPoint(beside.width() - self.width(), beside.height()))
        screen = beside.screen().availableGeometry()
        at.setX(max(screen.left(), min(at.x(), screen.right() - self.width())))
        self.move(at)
        self.show()
        self.setFocus()
