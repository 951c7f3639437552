"""What every tool is: an object with its own state that is told what the pointer does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from PySide6.QtCore import QCoreApplication, QPointF, QRect, Qt
from PySide6.QtGui import QColor, QFont, QKeyEvent, QPainter, QTransform

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

    def tell_options(self) -> None:
        """Tell that the tool's options changed by themselves."""

    def do(self, action: Callable[[], object]) -> None:
        """Change the document without holding up the window, in the order asked for."""

    def frame_dragged(self) -> None:
        """Tell that the generation frame was moved or resized here."""

    def font(self) -> QFont:
        """The typeface of labels."""

    def picked_at(self, point: QPointF, size_px: int) -> QColor | None:
        """Return the mean colour of a square of the picture; ``None`` where nothing is."""

    def active_layer(self) -> str | None:
        """Return the layer that is worked on; ``None``, told to the user, when there is none."""

    def lift(self, layer_id: str) -> None:
        """Draw a layer (or what is selected of it) apart from the others."""

    def place_lifted(self, transform: QTransform | None) -> None:
        """Draw what was lifted elsewhere; ``None`` hides it."""

    def drop_lifted(self) -> None:
        """Draw all layers together again, once they are composited."""

    def say(self, words: str) -> None:
        """Tell the user why nothing happened."""

    def widget(self) -> QWidget:
        """Where a tool puts a control of its own."""


@dataclass(frozen=True)
class ToolAction:
    """Something a tool offers as a button.

    Attributes:
        icon_name: Lucide icon.
        title: What its tooltip says.
        run: Does it.
    """

    icon_name: str
    title: str
    run: Callable[[], object]


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
    title_text: ClassVar[object] = ""  # what QT_TRANSLATE_NOOP says it returns
    hint_text: ClassVar[object] = ""
    picks_colour: ClassVar[bool] = False
    moves_view: ClassVar[bool] = False

    def __init__(self, host: Host) -> None:
        self.host = host
        self.options: Any = None

    @property
    def title(self) -> str:
        """What tooltips and menus call it."""
        words = str(self.title_text)
        return QCoreApplication.translate("tools", words)

    @property
    def hint(self) -> str:
        """One sentence about its modifier keys; "" for none."""
        words = str(self.hint_text)
        return QCoreApplication.translate("tools", words) if words else ""

    def unused(self) -> Mapping[str, str]:
        """Return the options that mean nothing now, each with the reason in a sentence."""
        return {}

    def actions(self) -> tuple[ToolAction, ...]:
        """Return what the strip of options offers as buttons."""
        return ()

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

    def colour_changed(self) -> None:
        """Another colour is painted with."""

    def view_changed(self) -> None:
        """The picture is shown elsewhere on the screen."""

    def paint(self, painter: QPainter) -> None:
        """Draw over the picture, in device pixels."""

    def cursor(self, point: PenPoint | None) -> Qt.CursorShape:
        """Return what the pointer looks like."""
        return Qt.CursorShape.CrossCursor
