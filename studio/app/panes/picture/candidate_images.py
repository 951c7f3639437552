"""Shows the chosen candidate over the canvas, its edges faded as they will be."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QImage, QPainter

from studio.app.panes.picture.canvas import CanvasView
from studio.app.panes.picture.picture_job import PictureJob
from studio.app.panes.picture.tray import Candidate, Tray
from studio.app.qt_pictures import image_of, mask_image, masked


class CandidateImages(QObject):
    """Follows a tray; masks are made once for each job."""

    def __init__(self, canvas: CanvasView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._canvas = canvas
        self._tray: Tray | None = None
        self._mask: tuple[PictureJob, QImage] | None = None

    def set_tray(self, tray: Tray | None) -> None:
        """Show the results of another picture."""
        if self._tray is not None:
            self._tray.chosen_changed.disconnect(self.show)
            self._tray.pictured.disconnect(self._pictured)
        self._tray = tray
        if tray is not None:
            tray.chosen_changed.connect(self.show)
            tray.pictured.connect(self._pictured)
        self.show()

    def show(self) -> None:
        """Show the chosen candidate, or take the last one away."""
        candidate = self._tray.current if self._tray is not None else None
        self._canvas.show_compare(None, None)
        image = self.image(candidate) if candidate is not None else None
        if candidate is None or image is None or candidate.job.composed is None:
            self._canvas.show_candidate(None)
            self._mask = None if candidate is None else self._mask
        else:
            self._canvas.show_candidate(image, candidate.job.composed.area)

    def image(self, candidate: Candidate) -> QImage | None:
        """Return a candidate as it would lie on the canvas; ``None`` while nothing is seen."""
        picture, composed = candidate.picture, candidate.job.composed
        if picture is None or composed is None:
            return None
        image = image_of(picture)
        if composed.blend is None:
            return image
        if self._mask is None or self._mask[0] is not candidate.job:
            self._mask = (candidate.job, mask_image(composed.blend))
        return masked(image, self._mask[1])

    @staticmethod
    def over(before: QImage, after: QImage) -> QImage:
        """Return what is there with a result over it."""
        both = before.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        both = both.scaled(
            after.size(),
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        painter = QPainter(both)
        painter.drawImage(0, 0, after)
        painter.end()
        return both

    def _pictured(self, place: int) -> None:
        if self._tray is not None and place == self._tray.chosen:
            self.show()
