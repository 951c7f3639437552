"""What every tool is: an object with its own state that is told what the pointer does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from PySide6.QtCore import QPointF, QRect, Qt
from PySide6.QtGui import QColor, QCursor, QKeyEvent, QPainter

from studio.app.panes.picture.canvas.pen import PenPoint
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.theme.tokens import Palette
from studio.core.options import OptionValue

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from studio.documents.picture.document import Change, PictureDocument


class Host(Protocol):
    """What a tool knows of the canvas."""

    @property
    def document(self) -> PictureDocument | None:
        """The picture; ``None`` while there is none."""

    @property
    def view(self) -> ViewTransform:
        """Where the picture is on the screen."""

    @property
    def colour(self) -> QColor:
        """What is painted with."""

    @property
    def background(self) -> QColor:
        """The other colour."""

    @property
    def colours(self) -> Palette:
        """The tokens of the moment."""

    @property
    def scale(self) -> float:
        """Device pixels per pixel of the window's own measure."""

    def set_colour(self, colour: QColor) -> None:
        """Paint with another colour."""

    def refresh(self, area: QRect | None = None) -> None:
        """Draw a part of the screen again, in device pixels; ``None`` for all of it."""

    def picked_at(self, point: QPointF, size_px: int) -> QColor | None:
        """Return the mean colour of a square of the picture; ``None`` where nothing is."""

    def lift(self, layer_id: str | None) -> bool:
        """Take a layer out of what is drawn, so that a tool can draw it elsewhere."""

    def say(self, words: str) -> None:
        """Tell the user why nothing happened."""

    def widget(self) -> QWidget:
        """Where a tool puts a control of its own."""


class Tool:
    """Does nothing; the tools replace what they need.

    Attributes:
        name: What the canvas, settings and tests call it.
        icon_name: Lucide icon.
        keys: Its key while the canvas has the focus; "" for none.
    """

    name: ClassVar[str] = ""
    icon_name: ClassVar[str] = ""
    keys: ClassVar[str] = ""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.options: Any = None

    @property
    def title(self) -> str:
        """What tooltips and menus call it."""
        raise NotImplementedError

    @property
    def hint(self) -> str:
        """One sentence about its modifier keys."""
        return ""

    @property
    def busy(self) -> bool:
        """Whether Esc would give something up."""
        return False

    def set_options(self, **values: OptionValue) -> None:
        """Change options by name."""
        self.options = replace(self.options, **values)

    def activate(self) -> None:
        """The tool was chosen."""

    def deactivate(self) -> None:
        """Another tool is chosen: what is begun is applied, never lost."""
        self.apply()

    def press(self, point: PenPoint) -> None:
        """The pointer went down."""

    def move(self, point: PenPoint) -> None:
        """The pointer moved while it was down."""

    def release(self, point: PenPoint) -> None:
        """The pointer went up."""

    def hover(self, point: PenPoint) -> None:
        """The pointer moved while it was up."""

    def leave(self) -> None:
        """The pointer left the canvas."""

    def double_press(self, point: PenPoint) -> None:
        """Two quick presses."""
        self.press(point)

    def apply(self) -> None:
        """Make what is begun part of the document."""

    def cancel(self) -> None:
        """Give up what is begun."""

    def key(self, event: QKeyEvent) -> bool:
        """Use a key; say whether it was used."""
        return False

    def wants_key(self, event: QKeyEvent) -> bool:
        """Return whether :meth:`key` would use a key, so that no shortcut takes it."""
        return False

    def document_changed(self, change: Change) -> None:
        """The document is no longer as it was, perhaps by an undo."""

    def paint(self, painter: QPainter) -> None:
        """Draw over the picture, in device pixels."""

    def cursor(self, point: PenPoint | None) -> QCursor | Qt.CursorShape:
        """Return what the pointer looks like."""
        return Qt.CursorShape.CrossCursor
