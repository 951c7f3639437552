"""The canvas: shows a picture document through a view and hands pen, mouse and keys to tools.

Everything is drawn with QPainter into an ordinary widget, see
packaging/docs/decisions/0125-the-canvas-is-drawn-in-software.md. GUI thread only; changes of the
document made in another thread are noticed through a queued signal.

Long because it is the whole public face of the canvas and every event Qt has for it; what they
mean is in the objects beside it.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QDropEvent,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
    QTabletEvent,
    QTouchEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QWidget

from studio.app.panes.picture.canvas.canvas_keys import CanvasKeys
from studio.app.panes.picture.canvas.canvas_menu import canvas_menu
from studio.app.panes.picture.canvas.clipboard import Clipboard
from studio.app.panes.picture.canvas.commands import Command, commands
from studio.app.panes.picture.canvas.comparison import Comparison
from studio.app.panes.picture.canvas.hand_colours import HandColours
from studio.app.panes.picture.canvas.images import mean_colour
from studio.app.panes.picture.canvas.navigation import Navigation
from studio.app.panes.picture.canvas.overlays import Overlays
from studio.app.panes.picture.canvas.pointer import Pointer
from studio.app.panes.picture.canvas.surface import PictureSurface
from studio.app.panes.picture.canvas.tools.base import Tool
from studio.app.panes.picture.canvas.tools.brush_tool import BrushTool, EraserTool
from studio.app.panes.picture.canvas.tools.colours import rgba
from studio.app.panes.picture.canvas.tools.eyedropper import Eyedropper
from studio.app.panes.picture.canvas.tools.fill_tool import FillTool
from studio.app.panes.picture.canvas.tools.frame_tool import FrameTool
from studio.app.panes.picture.canvas.tools.gradient_tool import GradientTool
from studio.app.panes.picture.canvas.tools.hand_tool import HandTool
from studio.app.panes.picture.canvas.tools.move_tool import MoveTool
from studio.app.panes.picture.canvas.tools.select_tools import (
    SelectEllipse,
    SelectLasso,
    SelectPolygon,
    SelectRectangle,
    SelectWand,
)
from studio.app.panes.picture.canvas.tools.shape_tool import ShapeTool
from studio.app.panes.picture.canvas.tools.text_tool import TextTool
from studio.app.panes.picture.canvas.tools.transform_tool import TransformTool
from studio.app.panes.picture.canvas.view_transform import ViewTransform
from studio.app.panes.picture.canvas.work import Work
from studio.app.panes.picture.regions import colour_of
from studio.app.theme import Theme
from studio.app.theme.tokens import Palette
from studio.app.widgets.words import fill_in
from studio.core.options import OptionValue
from studio.documents.picture.geometry import Rect

if TYPE_CHECKING:
    from studio.documents.picture.brush import Brush
    from studio.documents.picture.document import Change, PictureDocument

EDITED_MS = 50
"""Many changes in a row are told as one."""
TOOLS: tuple[type[Tool], ...] = (
    BrushTool,
    EraserTool,
    FillTool,
    GradientTool,
    ShapeTool,
    TextTool,
    Eyedropper,
    MoveTool,
    TransformTool,
    SelectRectangle,
    SelectEllipse,
    SelectLasso,
    SelectPolygon,
    SelectWand,
    FrameTool,
    HandTool,
)
"""In the order of the tool bar."""


class CanvasView(QWidget):
    """Shows and edits one picture document."""

    tool_changed = Signal(str)
    options_changed = Signal()
    colour_changed = Signal(QColor)
    view_changed = Signal()
    frame_changed = Signal(object)
    """The generation frame was dragged or resized here: a ``Rect``."""
    edited = Signal()
    """The document changed, whoever did it; many changes in a row come as one."""
    said = Signal(str)
    """Why nothing happened, in a sentence."""
    picture_dropped = Signal(object, QPointF)
    """What was dropped or pasted (a ``QMimeData``), and where in the document."""
    _changed = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._document: PictureDocument | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._view = ViewTransform()
        self.colours_in_hand = HandColours(self)
        self.colours_in_hand.foreground_changed.connect(self._colour_changed)
        self._surface = PictureSurface(self, self)
        self.navigation = Navigation(self.show_view)
        self.tools: dict[str, Tool] = {kind.name: kind(self) for kind in TOOLS}
        self._tool = self.tools["brush"]
        self._fitted = True
        self.overlays = Overlays(self)
        self.work = Work(self)
        self.work.begun.connect(lambda: self._surface.pause(True))
        self.work.ended.connect(self._work_ended)
        self.work.refused.connect(lambda error: self.say(error.user_message))
        self.clipboard = Clipboard(self)
        self.pointer = Pointer(self)
        self.keys = CanvasKeys(self)
        self._edited = QTimer(self)
        self._edited.setSingleShot(True)
        self._edited.setInterval(EDITED_MS)
        self._edited.timeout.connect(self._tell_edited)
        self._changed.connect(self._document_changed)
        theme.changed.connect(self._surface.invalidate)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(self.tr("Canvas"))
        self.show_cursor()

    # what it shows

    @property
    def document(self) -> PictureDocument | None:
        """The picture."""
        return self._document

    def set_document(self, document: PictureDocument | None) -> None:
        """Show and edit another picture; ``None``, as before closing, waits for what is begun."""
        self._tool.deactivate()
        if document is None:
            self.work.wait()
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
        self._document = document
        self._surface.set_document(document)
        if document is not None:
            self._unsubscribe = document.subscribe(self._heard)
        self.overlays.show_comparison(None)
        self.overlays.show_candidate(None, None)
        self.overlays.selection.set_selection(None if document is None else document.selection)
        self.fit()
        self._tool.activate()
        self._describe()

    @property
    def colours(self) -> Palette:
        """The tokens of the moment."""
        return self._theme.palette

    @property
    def scale(self) -> float:
        """Device pixels per pixel of the window's own measure."""
        return self.devicePixelRatioF()

    @property
    def up_to_date(self) -> bool:
        """Whether everything that shows is composited as the document is now."""
        return self._surface.up_to_date

    # the view

    @property
    def view(self) -> ViewTransform:
        """Where the picture is on the screen, in device pixels."""
        return self._view

    @property
    def zoom_factor(self) -> float:
        """Device pixels per pixel of the picture."""
        return self._view.zoom

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom; ``at`` stays where it is, in device pixels, or else the middle."""
        self.show_view(self._view.zoomed(zoom, at))

    def fit(self) -> None:
        """Show the whole picture and its frame."""
        area = self.whole()
        if not area.is_empty:
            self.show_view(self._view.fitted(QRectF(area.x, area.y, area.width, area.height)))
        self._fitted = True

    def rotate_view(self, degrees: float | None) -> None:
        """Turn the view further clockwise; ``None`` turns it upright and unmirrored."""
        if degrees is not None:
            self.show_view(self._view.rotated(self._view.angle + degrees))
            return
        view = self._view.rotated(0.0)
        self.show_view(view.flipped() if view.mirrored else view)

    def mirror_view(self) -> None:
        """Flip the view, not the picture, left to right."""
        self.show_view(self._view.flipped())

    def show_view(self, view: ViewTransform) -> None:
        """Look at the picture through another view."""
        self._fitted = False
        if view == self._view:
            return
        self._view = view
        self._look()
        self._tool.view_changed()
        self.view_changed.emit()
        self.show_cursor()

    def device_rect(self) -> QRect:
        """Return the canvas in device pixels."""
        ratio = self.scale
        return QRect(0, 0, round(self.width() * ratio), round(self.height() * ratio))

    def refresh(self, area: QRect | None = None) -> None:
        """Draw a part again, in device pixels; ``None`` for all of it."""
        if area is None:
            self.update()
            return
        ratio = self.scale
        if not area.isEmpty():
            scaled = QRectF(
                area.x() / ratio, area.y() / ratio, area.width() / ratio, area.height() / ratio
            )
            self.update(scaled.toAlignedRect())

    def showEvent(self, event: QShowEvent) -> None:
        """Let the outline of the selection walk again."""
        self.overlays.selection.resume()
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what is in the middle there, or keep fitting."""
        self._resized()

    def whole(self) -> Rect:
        """Return the rectangle around picture and frame, in the document."""
        if self._document is None:
            return Rect()
        return self._surface.extent.united(self._document.frame)

    # tools and colours

    @property
    def tool(self) -> str:
        """The name of the tool in hand."""
        return self._tool.name

    @property
    def current_tool(self) -> Tool:
        """The tool in hand."""
        return self._tool

    def set_tool(self, name: str) -> None:
        """Take another tool.

        Raises:
            KeyError: There is no such tool.
        """
        tool = self.tools[name]
        if tool is self._tool:
            return
        self._tool.deactivate()
        self.pointer.let_go()
        self._tool = tool
        tool.activate()
        self.refresh()
        self.show_cursor()
        self._describe()
        self.tool_changed.emit(name)

    def set_tool_options(self, **values: OptionValue) -> None:
        """Change options of the tool in hand, by name."""
        self._tool.set_options(**values)
        self.options_changed.emit()
        self.show_cursor()

    @property
    def brush(self) -> Brush:
        """The brush that paints, or the one that erases while the eraser is in hand."""
        return self._painting_tool().brush

    def set_brush(self, brush: Brush) -> None:
        """Set what paints, or erases while the eraser is in hand."""
        self._painting_tool().set_brush(brush)
        self.options_changed.emit()

    def _painting_tool(self) -> BrushTool:
        tool = self._tool if isinstance(self._tool, BrushTool) else self.tools["brush"]
        assert isinstance(tool, BrushTool)
        return tool

    @property
    def colour(self) -> QColor:
        """What is painted with: the colour in hand, or that of the region that is painted."""
        return self._region_colour() or self.colours_in_hand.foreground

    def _region_colour(self) -> QColor | None:
        document = self._document
        if document is None or document.active_id is None:
            return None
        layer = document.layer(document.active_id)
        name = colour_of(layer) if layer.kind == "region" else ""
        return QColor(name) if name else None

    def set_colour(self, colour: QColor) -> None:
        """Paint with another colour."""
        self.colours_in_hand.set_foreground(colour)

    @property
    def background(self) -> QColor:
        """The other colour, swapped in with X."""
        return self.colours_in_hand.background

    def set_background(self, colour: QColor) -> None:
        """Take another colour as the other one."""
        self.colours_in_hand.set_background(colour)

    # results

    def show_candidate(self, image: QImage | None, rect: Rect | None = None) -> None:
        """Show a result, or a preview of one, over the canvas until it is accepted.

        Args:
            image: The picture, of any size; ``None`` takes it away.
            rect: Where it goes; ``None`` for the frame.
        """
        if rect is None and self._document is not None:
            rect = self._document.frame
        self.overlays.show_candidate(image, rect)

    def show_compare(
        self, before: QImage | None, after: QImage | None, rect: Rect | None = None
    ) -> None:
        """Show two pictures in one place with a line between them that can be dragged.

        Args:
            before: Left of the line; ``None`` ends comparing.
            after: Right of it.
            rect: Where they go; ``None`` for the frame.
        """
        if rect is None and self._document is not None:
            rect = self._document.frame
        if before is None or after is None or rect is None:
            self.overlays.show_comparison(None)
        else:
            self.overlays.show_comparison(Comparison(before, after, rect))

    def set_generating(self, generating: bool) -> None:
        """Dim what lies outside the frame while something is made in it."""
        self.overlays.set_generating(generating)

    @property
    def motion_wanted(self) -> bool:
        """Whether things may move by themselves."""
        return self._theme.motion_ms > 0

    def say(self, words: str) -> None:
        """Tell the user why nothing happened."""
        self.said.emit(words)

    def widget(self) -> QWidget:
        """Where a tool puts a control of its own."""
        return self

    def lift(self, layer_id: str) -> None:
        """Draw a layer, or what is selected of it, apart from the others."""
        self._surface.lift(layer_id)

    def place_lifted(self, transform: QTransform | None) -> None:
        """Draw what was lifted elsewhere; ``None`` hides it."""
        self._surface.place_lifted(transform)
        if transform is not None and self._document and self._document.selection is not None:
            self.overlays.selection.place(transform)

    def drop_lifted(self) -> None:
        """Draw all layers together again, once they are composited."""
        self._surface.drop_lifted()
        if not self.work.busy:
            self.overlays.selection.place(QTransform())

    def picked_at(self, point: QPointF, size_px: int) -> QColor | None:
        """Return the mean colour of a square of the picture; ``None`` where nothing is."""
        if self._document is None:
            return None
        left, top = math.floor(point.x()) - size_px // 2, math.floor(point.y()) - size_px // 2
        return mean_colour(self._document.composite(Rect(left, top, size_px, size_px)))

    def commands(self) -> tuple[Command, ...]:
        """Return everything this canvas does that has a name, for menus and the palette."""
        return commands(self)

    def painted_colour(self) -> tuple[int, int, int, int]:
        """Return the foreground colour as documents know it."""
        return rgba(self.colour)

    def change(self, change: Callable[[PictureDocument], object]) -> None:
        """Change the document, if there is one, without holding up the window."""
        document = self._document
        if document is not None:
            self.do(lambda: change(document))

    def undo(self) -> None:
        """Give up what a tool has begun, or take the newest step back."""
        if self._tool.busy:
            self._tool.cancel()
        elif self._document is not None:
            self.do(self._document.undo)

    def redo(self) -> None:
        """Bring the step taken back last again."""
        if self._document is not None:
            self.do(self._document.redo)

    def do(self, action: Callable[[], object]) -> None:
        """Change the document without holding up the window, in the order asked for."""
        self.work.run(action)

    def active_layer(self) -> str | None:
        """Return the layer that is worked on; ``None``, told to the user, when there is none."""
        if self._document is None or self._document.active_id is None:
            self.say(self.tr("There is no layer yet."))
            return None
        return self._document.active_id

    def frame_dragged(self) -> None:
        """Tell that the generation frame was moved or resized here."""
        if self._document is not None:
            self.frame_changed.emit(self._document.frame)

    def tell_options(self) -> None:
        """Tell that the tool's options changed by themselves."""
        self.options_changed.emit()

    # pen, mouse, fingers and keys: told to the objects that know what they mean

    def event(self, event: QEvent) -> bool:
        """Take fingers and trackpads, and keys before the window's shortcuts do."""
        kind = event.type()
        if kind == QEvent.Type.NativeGesture and isinstance(event, QNativeGestureEvent):
            return self.navigation.gesture(event, self._view, self.scale) or super().event(event)
        if isinstance(event, QTouchEvent):
            return self.pointer.touch(event)
        override = kind == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self.keys.wants(event):
            event.accept()
            return True
        if kind == QEvent.Type.DevicePixelRatioChange:
            self._resized()
        elif kind == QEvent.Type.WindowActivate:
            self.overlays.selection.resume()
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Give a press to the view or to the tool."""
        self.pointer.mouse_pressed(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        self.pointer.mouse_moved(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what the press began."""
        self.pointer.mouse_released(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Give a second quick press to the tool."""
        self.pointer.mouse_pressed(event, double=True)

    def tabletEvent(self, event: QTabletEvent) -> None:
        """Give every point of the pen to the tool, with how it presses and leans."""
        self.pointer.tablet(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom or pan."""
        self.navigation.wheel(event, self._view, self.scale)
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Take away what follows the pointer."""
        self.pointer.left()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Use a key, or leave it to the window."""
        if not self.keys.pressed(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Let go of what a held key does."""
        if not self.keys.released(event):
            super().keyReleaseEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus."""
        self.refresh()
        self.overlays.selection.resume()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Forget held keys: their release comes to somebody else."""
        self.keys.forget()
        self.refresh()
        super().focusOutEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done."""
        if self._document is not None and not self._tool.busy:
            canvas_menu(self.commands(), self).popup(event.globalPos())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Welcome pictures and files."""
        mime = event.mimeData()
        if self._document is not None and (mime.hasImage() or mime.hasUrls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand on what was dropped, and where."""
        at = self._view.to_document(event.position() * self.scale)
        self.picture_dropped.emit(event.mimeData(), at)
        event.acceptProposedAction()

    def show_cursor(self) -> None:
        """Let the pointer look as what a press would do."""
        shape = Qt.CursorShape.BusyCursor if self.work.busy else self.pointer.cursor()
        if shape != self.cursor().shape():
            self.setCursor(shape)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what is exposed: ground, picture, what lies over it, the tool."""
        painter = QPainter(self)
        ratio = self.scale
        exposed = _device(event.region().boundingRect(), ratio)
        painter.setTransform(QTransform.fromScale(1 / ratio, 1 / ratio))
        self._surface.paint(painter, exposed)
        self.overlays.paint(painter, exposed)
        if self._document is not None:
            self._tool.paint(painter)
        painter.resetTransform()
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QColor(self.colours.gold))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    # the document's changes

    def _heard(self, change: Change) -> None:
        """Take note of a change, in whatever thread it was made."""
        if threading.current_thread() is threading.main_thread():
            self._document_changed(change)
        else:
            self._changed.emit(change)

    def _document_changed(self, change: Change) -> None:
        self._surface.document_changed(change)
        self._tool.document_changed(change)
        if change.selection and self._document is not None:
            self.overlays.selection.set_selection(self._document.selection)
        if not self._edited.isActive():
            self._edited.start()

    def _tell_edited(self) -> None:
        self._describe()
        self.edited.emit()

    def _describe(self) -> None:
        """Say in words what the canvas shows."""
        if self._document is None:
            self.setAccessibleDescription(self.tr("No picture is open."))
            return
        whole = self.whole()
        words = self.tr("A picture of %1 by %2 pixels in %3 layers, seen at %4 %. Tool: %5.")
        layers = len(self._document.layers)
        zoom = round(self._view.zoom * 100)
        self.setAccessibleDescription(
            fill_in(words, whole.width, whole.height, layers, zoom, self._tool.title)
        )

    def _colour_changed(self, colour: QColor) -> None:
        self._tool.colour_changed()
        self.colour_changed.emit(colour)

    def _work_ended(self) -> None:
        self._surface.pause(False)
        self.pointer.go_on()
        self.show_cursor()

    def _look(self) -> None:
        self._surface.look(self._view, self.device_rect().size())
        self.overlays.selection.look(self._view, self.device_rect())

    def _resized(self) -> None:
        fitted, size = self._fitted, QSizeF(self.device_rect().size())
        self._view = self._view.resized(size)
        if fitted:
            self.fit()
        self._look()
        self.view_changed.emit()
        self._fitted = fitted


def _device(rect: QRect, ratio: float) -> QRect:
    """Return the device pixels of a rectangle of the widget."""
    return QRectF(
        rect.x() * ratio, rect.y() * ratio, rect.width() * ratio, rect.height() * ratio
    ).toAlignedRect()
