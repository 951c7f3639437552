"""Asks for an X/Y table, makes its pictures one after the other, and lays out a labelled sheet."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.context import AppContext
from studio.app.panes.picture.grid_plan import PROMPT, SEED, STRENGTH, Axis, axis_of, cells
from studio.app.panes.picture.intents import Intent
from studio.app.panes.picture.picture_job import PictureJob
from studio.app.qt_pictures import image_of, pixels_of
from studio.app.theme.style import set_role
from studio.app.theme.tokens import INK, PAPER, Space
from studio.core.errors import BadInputError, StudioError

if TYPE_CHECKING:
    from studio.app.panes.picture.composing import Composed
    from studio.app.panes.picture.pane import PicturePane
    from studio.app.panes.picture.wish import Wish
    from studio.core.requests import ImageRequest

_WIDTH = 460
_LABEL_PX = 22
_GAP_PX = 8


class GridDialog(QDialog):
    """What differs along the two sides."""

    def __init__(self, pane: PicturePane) -> None:
        super().__init__(pane)
        self.setWindowTitle(self.tr("X/Y grid"))
        self.setMinimumWidth(_WIDTH)
        self._options = pane.options.infos()
        names = [("", self.tr("Nothing")), (PROMPT, self.tr("Words of the prompt"))]
        names += [(SEED, self.tr("Seed")), (STRENGTH, self.tr("Strength"))]
        names += [(info.name, info.title) for info in self._options if not info.unused]
        self.across, self.across_values = self._side(names, "num_inference_steps", "8, 16, 24")
        self.down, self.down_values = self._side(names, SEED, "1, 2, 3")
        note = QLabel(
            self.tr(
                "Values are separated by commas; 10-30 (+10) is a range. Of the prompt, the first "
                "value is looked for and each stands in its place."
            )
        )
        note.setWordWrap(True)
        set_role(note, "caption")
        form = QFormLayout()
        form.setVerticalSpacing(Space.S)
        form.addRow(self.tr("Across"), self.across)
        form.addRow("", self.across_values)
        form.addRow(self.tr("Down"), self.down)
        form.addRow("", self.down_values)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        set_role(self.problem, "bad")
        self.problem.hide()
        buttons = QDialogButtonBox()
        make = QPushButton(self.tr("Make the grid"))
        set_role(make, "primary")
        buttons.addButton(make, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._check)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        for part in (form, note, self.problem, buttons):
            column.addLayout(part) if isinstance(part, QFormLayout) else column.addWidget(part)

    def axes(self) -> tuple[Axis, Axis]:
        """Return both sides.

        Raises:
            BadInputError: One of them is refused.
        """
        return (
            axis_of(self.across.currentData(), self.across_values.text(), self._options),
            axis_of(self.down.currentData(), self.down_values.text(), self._options),
        )

    def _side(
        self, names: list[tuple[str, str]], chosen: str, values: str
    ) -> tuple[QComboBox, QLineEdit]:
        box, field = QComboBox(), QLineEdit(values)
        for name, title in names:
            box.addItem(title, name)
        box.setCurrentIndex(max(0, box.findData(chosen)))
        box.setAccessibleName(self.tr("What differs"))
        field.setAccessibleName(self.tr("Values"))
        return box, field

    def _check(self) -> None:
        try:
            self.axes()
        except BadInputError as error:
            self.problem.setText(error.sentence())
            self.problem.show()
            return
        self.accept()


class GridRun(QObject):
    """Makes the pictures of one table."""

    ended = Signal(object)
    """The sheet as a ``QImage``, or ``None`` when nothing came about."""
    progressed = Signal(int, int)

    def __init__(self, context: AppContext, pane: PicturePane, across: Axis, down: Axis) -> None:
        super().__init__(pane)
        self._context = context
        self._pane = pane
        self._across, self._down = across, down
        self._waiting: deque[tuple[int, int, Wish]] = deque()
        self._done: dict[tuple[int, int], QImage] = {}
        self._total = 0
        self._stopped = False
        self.job: PictureJob | None = None

    def start(self) -> None:
        """Begin.

        Raises:
            BadInputError: The table cannot be made.
        """
        pane = self._pane
        session = pane.session
        assert session is not None
        session_prompt = pane.view.prompt.text()
        base = pane.options.wish(
            Intent.GENERATE, self.tr("Grid"), session_prompt.prompt, session_prompt.negative_prompt
        )
        rows = cells(base, self._across, self._down, pane.options.infos())
        for row, wishes in enumerate(rows):
            self._waiting.extend((row, column, wish) for column, wish in enumerate(wishes))
        self._total = len(self._waiting)
        self._snapshot = session.picture.snapshot()
        self._session = session
        self._next()

    def stop(self) -> None:
        """Stop; what is there becomes the sheet."""
        self._stopped = True
        self._waiting.clear()
        if self.job is not None:
            self.job.stop()

    def _next(self) -> None:
        self.progressed.emit(self._total - len(self._waiting), self._total)
        if not self._waiting:
            self.ended.emit(self._sheet() if self._done else None)
            return
        row, column, wish = self._waiting.popleft()
        job = self.job = PictureJob(self._context.bridge, wish, self)
        job.ended.connect(partial(self._made, job, row, column))
        self._session.compose(wish, self._snapshot, partial(self._begin, job), job.refuse)

    def _begin(self, job: PictureJob, composed: Composed, request: ImageRequest) -> None:
        job.begin(composed, request)

    def _made(self, job: PictureJob, row: int, column: int) -> None:
        if job.artifact is not None:
            self._done[row, column] = image_of(job.artifact.pictures[0])
        elif job.failure is not None and not self._stopped:
            self._waiting.clear()
            failure = job.failure
            self._context.notify.error(StudioError(failure.message, hint=failure.hint))
        self._next()

    def _sheet(self) -> QImage:
        return sheet(self._done, self._across, self._down, self._pane.font())


def sheet(pictures: dict[tuple[int, int], QImage], across: Axis, down: Axis, font: QFont) -> QImage:
    """Return pictures by (row, column) on white, each row and column under its value."""
    width = max(image.width() for image in pictures.values())
    height = max(image.height() for image in pictures.values())
    font = QFont(font)
    font.setPixelSize(max(12, min(_LABEL_PX, width // 14)))
    metrics = QFontMetrics(font)
    top = metrics.height() + 2 * _GAP_PX if across.name else _GAP_PX
    rows = [_label(down, value) for value in down.values]
    widest = max(metrics.horizontalAdvance(text) for text in rows)
    left = min(widest, width) + 2 * _GAP_PX if down.name else _GAP_PX
    columns, lines = len(across.values), len(down.values)
    image = QImage(
        left + columns * (width + _GAP_PX),
        top + lines * (height + _GAP_PX),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    image.fill(QColor(PAPER))
    painter = QPainter(image)
    painter.setFont(font)
    painter.setPen(QColor(INK))
    centre = int(Qt.AlignmentFlag.AlignCenter)
    for column, value in enumerate(across.values):
        box = QRect(left + column * (width + _GAP_PX), 0, width, top)
        text = metrics.elidedText(_label(across, value), Qt.TextElideMode.ElideRight, width)
        painter.drawText(box, centre, text)
    for row, text in enumerate(rows):
        box = QRect(0, top + row * (height + _GAP_PX), left, height)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, left - _GAP_PX)
        painter.drawText(box, centre, shown)
    for (row, column), picture in pictures.items():
        painter.drawImage(
            left + column * (width + _GAP_PX), top + row * (height + _GAP_PX), picture
        )
    painter.end()
    return image


def _label(axis: Axis, value: str) -> str:
    if not axis.name:
        return ""
    return value if axis.name == PROMPT else f"{axis.title}: {value}"


def make_grid(pane: QWidget, context: AppContext) -> None:
    """Ask for a table and make it; the sheet opens as a picture of its own."""
    from studio.app.panes.picture.pane import PicturePane

    assert isinstance(pane, PicturePane)
    reason = pane.options.why_not()
    if reason or not pane.options.models():
        context.notify.warn(reason or pane.tr("No picture model is installed."))
        return
    dialog = GridDialog(pane)
    if dialog.exec() == QDialog.DialogCode.Accepted:
        run_grid(pane, context, *dialog.axes())


def run_grid(pane: PicturePane, context: AppContext, across: Axis, down: Axis) -> GridRun:
    """Make a table; the sheet opens as a picture of its own."""
    run = GridRun(context, pane, across, down)

    def ended(image: QImage | None) -> None:
        pane.strip.hide()
        if image is None:
            return
        from studio.documents.picture.document import PictureDocument
        from studio.documents.picture.geometry import Rect

        picture = PictureDocument()
        session = pane.add_picture(pane.tr("Grid"), picture)
        session.picture.add_layer(name=pane.tr("Grid"), pixels=pixels_of(image))
        session.picture.frame = Rect(0, 0, image.width(), image.height())
        run.deleteLater()

    def progressed(done: int, total: int) -> None:
        words = pane.tr("Grid: picture %1 of %2")
        words = words.replace("%1", str(min(done + 1, total))).replace("%2", str(total))
        pane.strip.say(words, [(pane.tr("Stop"), run.stop)])

    run.ended.connect(ended)
    run.progressed.connect(progressed)
    try:
        run.start()
    except StudioError as error:
        context.notify.error(error)
        pane.strip.hide()
    return run
