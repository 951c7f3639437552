"""What is seen of live painting: the newest repaint over the canvas, half gone while one paints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QImage, QKeyEvent, QPainter

from studio.app.panes.picture.candidate_images import CandidateImages
from studio.app.panes.picture.live import LiveMode
from studio.app.panes.picture.tray import Candidate

if TYPE_CHECKING:
    from studio.app.panes.picture.picture_view import PictureView

WHILE_PAINTING = 0.45
"""Opacity of a repaint that is older than the picture: the strokes show through."""
LOOK_MS = 60


class LiveView(QObject):
    """Shows the repaints of :class:`LiveMode` and lets one be accepted."""

    def __init__(self, live: LiveMode, view: PictureView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._live = live
        self._view = view
        self._images = CandidateImages(view.canvas, self)
        self._faded = False
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        live.pictured.connect(self.show)
        live.toggled.connect(self._toggled)
        live.failed.connect(view.show_failure)
        view.live_toggled.connect(self._wanted)
        view.prompt.keep_wanted.connect(self.accept)
        view.canvas.installEventFilter(self)

    def accept(self) -> bool:
        """Make the repaint that is shown a layer; say whether there was one."""
        session, job = self._live.session, self._live.take()
        if session is None or job is None:
            return False
        session.accept_candidate(Candidate(job, 0))
        return True

    def show(self) -> None:
        """Show the newest repaint."""
        job, canvas = self._live.shown, self._view.canvas
        self._view.prompt.keep_chip.setVisible(self._live.take() is not None)
        image = self._images.image(Candidate(job, 0)) if job is not None else None
        if job is None or image is None or job.composed is None:
            canvas.show_candidate(None)
            return
        self._faded = self._live.outdated
        canvas.show_candidate(faded(image) if self._faded else image, job.composed.area)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter keeps the repaint, Esc ends live painting, while the canvas has the keys."""
        kinds = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
        if not self._live.on or event.type() not in kinds or not isinstance(event, QKeyEvent):
            return False
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not plain or not (event.key() == Qt.Key.Key_Escape or enter):
            return False
        if self._view.canvas.current_tool.busy:
            return False  # a shape or a text that is being made ends first
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
        elif enter:
            self.accept()
        else:
            self._live.stop()
        return True

    def _look(self) -> None:
        if self._live.shown is not None and self._faded != self._live.outdated:
            self.show()

    def _toggled(self, on: bool) -> None:
        self._view.prompt.set_live(on)
        if on:
            self._timer.start()
        else:
            self._timer.stop()
        self._view.refresh()

    def _wanted(self, on: bool) -> None:
        session = self._view.session
        if on and session is not None:
            session.tray.put_aside()
            self._live.start(session)
        else:
            self._live.stop()


def faded(image: QImage) -> QImage:
    """Return an image that lets what is below show through."""
    result = QImage(image.size(), QImage.Format.Format_ARGB32_Premultiplied)
    result.fill(0)
    painter = QPainter(result)
    painter.setOpacity(WHILE_PAINTING)
    painter.drawImage(0, 0, image)
    painter.end()
    return result
