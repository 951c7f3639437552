"""Shows a file in the system's file manager."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QProcess, QUrl
from PySide6.QtGui import QDesktopServices

from studio.app.notify import Notifier
from studio.app.widgets.words import fill_in

translate = QCoreApplication.translate


def reveal(path: Path, notify: Notifier) -> None:
    """Open the folder of a file, with the file chosen where the system can do that."""
    if sys.platform == "darwin":
        shown = QProcess.startDetached("open", ["-R", str(path)])[0]
    elif sys.platform == "win32":
        shown = QProcess.startDetached("explorer", [f"/select,{path}"])[0]
    else:
        shown = QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.parent)))
    if not shown:
        notify.info(
            translate("reveal", "No file manager could be opened."),
            hint=fill_in(translate("reveal", "The file is %1."), path),
        )
