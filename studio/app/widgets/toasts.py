"""Messages at the lower right: they come, say one thing, and leave. Never modal."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPropertyAnimation, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent, QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsOpacityEffect,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.notify import Kind, Message, Notifier
from studio.app.theme.icons import Role
from studio.app.theme.style import set_role
from studio.app.theme.theme import Theme
from studio.app.theme.tokens import Motion, Size, Space
from studio.app.widgets.icon_button import IconButton
from studio.app.widgets.icon_label import IconLabel
from studio.app.widgets.words import copied_text

MOST = 4
DETAILS_HEIGHT = 140
_LOOK: dict[Kind, tuple[str, Role]] = {
    Kind.INFO: ("info", "quiet"),
    Kind.SUCCESS: ("circle-check", "good"),
    Kind.WARNING: ("triangle-alert", "gold"),
    Kind.ERROR: ("circle-alert", "bad"),
}
_STAYS_MS = {Kind.INFO: 6_000, Kind.SUCCESS: 4_000, Kind.WARNING: 12_000, Kind.ERROR: 0}


class Toast(QFrame):
    """One message; leaves by itself unless it is an error or the pointer rests on it."""

    gone = Signal()
    resized = Signal()

    def __init__(self, message: Message, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message = message
        set_role(self, "toast")
        self.setAccessibleName(f"{message.text} {message.hint}".strip())
        self._leave = QTimer(self)
        self._leave.setSingleShot(True)
        self._leave.setInterval(_STAYS_MS[message.kind])
        self._leave.timeout.connect(self.dismiss)
        column = QVBoxLayout()
        column.setSpacing(Space.XS)
        column.addWidget(_line(message.text, ""))
        if message.hint:
            column.addWidget(_line(message.hint, "quiet"))
        self._details = self._make_details()
        if message.actions or message.details:
            column.addLayout(self._make_buttons())
        column.addWidget(self._details)
        name, role = _LOOK[message.kind]
        close = IconButton("x", self.tr("Dismiss"), self.dismiss, icon_px=Size.SMALL_ICON)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.M, Space.M, Space.S, Space.M)
        row.setSpacing(Space.M)
        row.addWidget(IconLabel(name, role), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._start_leaving()

    def dismiss(self) -> None:
        """Leave now."""
        self._leave.stop()
        self.gone.emit()

    def copy(self) -> None:
        """Put everything it says on the clipboard."""
        said = self.message
        QGuiApplication.clipboard().setText(copied_text(said.text, said.hint, said.details))

    def enterEvent(self, event: QEnterEvent) -> None:
        """Stay while the pointer is here."""
        self._leave.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Go on leaving."""
        self._start_leaving()
        super().leaveEvent(event)

    def _start_leaving(self) -> None:
        if self._leave.interval() > 0 and not self._details.isVisibleTo(self):
            self._leave.start()

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setContentsMargins(0, Space.XS, 0, 0)
        row.setSpacing(Space.XS)
        for words, callback in self.message.actions:
            button = QPushButton(words)
            button.clicked.connect(lambda _=False, act=callback: self._do(act))
            row.addWidget(button)
        if self.message.details:
            show = QPushButton(self.tr("Details"))
            show.setCheckable(True)
            show.toggled.connect(self._show_details)
            copy = QPushButton(self.tr("Copy details"))
            copy.clicked.connect(self.copy)
            for button in (show, copy):
                set_role(button, "flat-inset")
                row.addWidget(button)
        row.addStretch()
        return row

    def _do(self, act: Callable[[], object]) -> None:
        act()
        self.dismiss()

    def _make_details(self) -> QPlainTextEdit:
        details = QPlainTextEdit(self.message.details)
        details.setReadOnly(True)
        details.setTabChangesFocus(True)
        details.setFixedHeight(DETAILS_HEIGHT)
        details.setAccessibleName(self.tr("Details"))
        details.setVisible(False)
        set_role(details, "field")
        return details

    def _show_details(self, show: bool) -> None:
        self._details.setVisible(show)
        self._leave.stop()
        self.resized.emit()


class ToastArea(QObject):
    """Stacks the messages in the lower right corner of a window."""

    def __init__(self, notifier: Notifier, theme: Theme, window: QWidget) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._area = QRect()
        self._width = Size.FLOATING
        self._toasts: list[Toast] = []
        notifier.posted.connect(self.show_message)
        notifier.start_showing()

    @property
    def toasts(self) -> tuple[Toast, ...]:
        """The messages shown, oldest first."""
        return tuple(self._toasts)

    def set_area(self, area: QRect) -> None:
        """Stack them into the lower right corner of this part of the window."""
        self._area = area
        self._place()

    def set_width(self, width: int) -> None:
        """Make the messages this wide, in pixels."""
        self._width = width
        self._place()

    def show_message(self, message: Message) -> None:
        """Show one more message; the oldest leaves when there are too many."""
        for shown in self._toasts:
            if (shown.message.text, shown.message.hint) == (message.text, message.hint):
                self._remove(shown)  # the same sentence twice is one sentence
                break
        toast = Toast(message, self._window)
        toast.gone.connect(lambda: self._remove(toast))
        toast.resized.connect(self._place)
        self._toasts.append(toast)
        while len(self._toasts) > MOST:
            self._remove(self._toasts[0])
        toast.show()
        self._place()
        self._fade_in(toast)
        spoken = QAccessibleAnnouncementEvent(toast, toast.accessibleName())
        QAccessible.updateAccessibility(spoken)

    def _remove(self, toast: Toast) -> None:
        if toast not in self._toasts:
            return
        self._toasts.remove(toast)
        toast.hide()
        toast.deleteLater()
        self._place()

    def _place(self) -> None:
        bottom = self._area.bottom() - Space.S
        for toast in reversed(self._toasts):
            toast.ensurePolished()
            toast.setFixedWidth(self._width)
            height = toast.heightForWidth(self._width)
            toast.resize(self._width, max(height, toast.minimumSizeHint().height()))
            bottom -= toast.height()
            toast.move(
                self._area.right() - self._width - Space.S + 1, max(self._area.top(), bottom)
            )
            toast.raise_()
            bottom -= Space.S

    def _fade_in(self, toast: Toast) -> None:
        if not self._theme.motion_ms:
            return
        effect = QGraphicsOpacityEffect(toast)
        toast.setGraphicsEffect(effect)
        fade = QPropertyAnimation(effect, b"opacity", toast)
        fade.setDuration(min(self._theme.motion_ms, Motion.SHORT))
        fade.setStartValue(0.0)
        fade.setEndValue(1.0)
        fade.finished.connect(lambda: toast.setGraphicsEffect(None))  # type: ignore[arg-type]
        fade.start(QPropertyAnimation.DeletionPolicy.DeleteWhenStopped)


def _line(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    set_role(label, role)
    return label
