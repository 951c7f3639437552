"""Nothing goes wrong silently: errors nobody caught reach the log and the user.

The only broad catching in the window; everything else names what it expects.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from types import TracebackType

from PySide6.QtCore import (
    QCoreApplication,
    QMessageLogContext,
    QtMsgType,
    qInstallMessageHandler,
)

from studio.app.notify import Notifier
from studio.core.errors import StudioError

log = logging.getLogger(__name__)
qt_log = logging.getLogger("qt")

translate = QCoreApplication.translate

SAME_AGAIN_S = 5.0
"""The same failure within this time is logged but not shown again."""

_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class ErrorHooks:
    """Takes over the interpreter's and Qt's last resorts; :meth:`remove` gives them back."""

    def __init__(self, notify: Notifier) -> None:
        self._notify = notify
        self._shown: dict[str, float] = {}
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        sys.excepthook = self._on_main
        threading.excepthook = self._on_thread
        sys.unraisablehook = self._on_unraisable
        self._qt_before = qInstallMessageHandler(self._on_qt)

    def remove(self) -> None:
        """Put back what was there before."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
        qInstallMessageHandler(self._qt_before)

    def _on_main(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QCoreApplication.quit()
            return
        self._tell(error, trace, "")

    def _on_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
            name = args.thread.name if args.thread else ""
            self._tell(args.exc_value, args.exc_traceback, name)

    def _on_unraisable(self, args: sys.UnraisableHookArgs) -> None:
        """Log only: it comes from a destructor, and the user can do nothing about it."""
        if args.exc_value is not None:
            text = "".join(traceback.format_exception(args.exc_value))
            log.error("Could not be raised, in %r:\n%s", args.object, text)

    def _on_qt(self, kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
        qt_log.log(_QT_LEVELS.get(kind, logging.WARNING), "%s", message)

    def _tell(self, error: BaseException, trace: TracebackType | None, thread: str) -> None:
        details = "".join(traceback.format_exception(type(error), error, trace))
        log.error("Nobody caught this%s:\n%s", f" in thread {thread}" if thread else "", details)
        if self._is_again(f"{type(error).__name__}{details[-400:]}"):
            return
        if isinstance(error, StudioError):
            self._notify.error(error, details)
            return
        words = translate("errors", "Something in Triptych went wrong that should not have.")
        hint = translate("errors", "Your work is kept. Copy the details if you report it.")
        self._notify.error(StudioError(words, hint=hint), details)

    def _is_again(self, key: str) -> bool:
        now = time.monotonic()
        last = self._shown.get(key)
        self._shown = {k: at for k, at in self._shown.items() if now - at < SAME_AGAIN_S}
        self._shown[key] = now
        return last is not None and now - last < SAME_AGAIN_S
