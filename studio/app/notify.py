"""The one door for messages to the user. Callable from any thread; shown on the GUI thread.

Messages that come before the window exists wait for it. Nothing here opens a dialog.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from studio.core.errors import StudioError
from studio.core.events import Failed

KEPT = 200
"""How many messages the list of past messages keeps."""

NoticeAction = tuple[str, Callable[[], object]]
"""A button on a message: what it says and what it does."""


class Kind(StrEnum):
    """How a message is meant."""

    INFO = "info"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to the user.

    Attributes:
        kind: How it is meant.
        text: What happened; one sentence.
        hint: What to do; one sentence or "".
        details: Everything else, for "Copy details".
        actions: Buttons.
        at: When it came.
    """

    kind: Kind
    text: str
    hint: str = ""
    details: str = ""
    actions: tuple[NoticeAction, ...] = ()
    at: datetime


class Notifier(QObject):
    """Takes messages from everywhere and hands them to the window."""

    posted = Signal(object)
    """A :class:`Message`, on the GUI thread, once something shows messages."""

    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._log: deque[Message] = deque(maxlen=KEPT)
        self._waiting: list[Message] = []
        self._shown = False
        self._arrived.connect(self._take)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The last messages, oldest first."""
        return tuple(self._log)

    def info(self, text: str, hint: str = "", actions: Sequence[NoticeAction] = ()) -> None:
        """Say something worth knowing."""
        self._post(Kind.INFO, text, hint, "", actions)

    def success(self, text: str, actions: Sequence[NoticeAction] = ()) -> None:
        """Say that something the user waited for is done."""
        self._post(Kind.SUCCESS, text, "", "", actions)

    def warn(self, text: str, hint: str = "", actions: Sequence[NoticeAction] = ()) -> None:
        """Say that something is not as the user may believe."""
        self._post(Kind.WARNING, text, hint, "", actions)

    def error(
        self,
        error: StudioError | Failed | str,
        details: str = "",
        actions: Sequence[NoticeAction] = (),
    ) -> None:
        """Say that something went wrong: what happened, what to do, and details to copy."""
        text, hint, found = _words(error)
        self._post(Kind.ERROR, text, hint, details or found, actions)

    def start_showing(self) -> None:
        """Hand out what waited and everything from now on; called by what shows messages."""
        self._shown = True
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self.posted.emit(message)

    def _post(
        self, kind: Kind, text: str, hint: str, details: str, actions: Sequence[NoticeAction]
    ) -> None:
        message = Message(
            kind=kind,
            text=text,
            hint=hint,
            details=details,
            actions=tuple(actions),
            at=datetime.now().astimezone(),
        )
        self._arrived.emit(message)

    def _take(self, message: Message) -> None:
        self._log.append(message)
        if self._shown:
            self.posted.emit(message)
        else:
            self._waiting.append(message)


def _words(error: StudioError | Failed | str) -> tuple[str, str, str]:
    """Return (what happened, what to do, details)."""
    if isinstance(error, StudioError):
        facts = "\n".join(f"{name}: {value}" for name, value in error.facts.items())
        return error.user_message, error.hint, f"{type(error).__name__}\n{facts}".strip()
    if isinstance(error, Failed):
        return error.message, error.hint, error.details or error.code
    return error, "", ""
