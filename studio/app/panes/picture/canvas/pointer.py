"""Who gets a press: the view or the tool in hand; pen, mouse and fingers alike.

Every point of a pen is handed on. While a stroke runs, points of the mouse are not merged by Qt
either; only painting is, by the window system.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QPointF, Qt
from PySide6.QtGui import QEventPoint, QInputDevice, QMouseEvent, QTabletEvent, QTouchEvent

from studio.app.panes.picture.canvas.navigation import Drag
from studio.app.panes.picture.canvas.pen import PenPoint, mouse_point, tablet_point
from studio.app.panes.picture.canvas.tools.base import Tool

if TYPE_CHECKING:
    from studio.app.panes.picture.canvas.canvas_view import CanvasView

PALM_S = 0.5
"""Fingers mean nothing so soon after the pen: it is the hand that holds it."""
MERGE = Qt.ApplicationAttribute.AA_CompressHighFrequencyEvents


class Pointer:
    """Hands what a pointer does to the view or to the tool.

    Attributes:
        last: Where the pointer was last; ``None`` when it is elsewhere.
    """

    def __init__(self, canvas: CanvasView) -> None:
        self._canvas = canvas
        self._tool: Tool | None = None
        self._pen_at = -PALM_S
        self._merged: bool | None = None
        self._delayed: list[Callable[[], None]] = []
        self.last: PenPoint | None = None

    def go_on(self) -> None:
        """Do what was asked for while the document was held by longer work: nothing is lost."""
        delayed, self._delayed = self._delayed, []
        for event in delayed:
            event()

    # mouse and pen

    def mouse_pressed(self, event: QMouseEvent, *, double: bool = False) -> None:
        """Take a press of the mouse."""
        point = mouse_point(event, self._canvas.view, self._canvas.scale)
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag(Drag.ROTATE if point.shift else Drag.PAN, point)
        elif event.button() == Qt.MouseButton.LeftButton:
            self.press(point, double=double)

    def mouse_moved(self, event: QMouseEvent) -> None:
        """Take a move of the mouse."""
        self.move(mouse_point(event, self._canvas.view, self._canvas.scale))

    def mouse_released(self, event: QMouseEvent) -> None:
        """Take a release of the mouse."""
        if event.button() != Qt.MouseButton.RightButton:
            self.release(mouse_point(event, self._canvas.view, self._canvas.scale))

    def tablet(self, event: QTabletEvent) -> None:
        """Take what the pen does."""
        self._pen_at = time.monotonic()
        point = tablet_point(event, self._canvas.view, self._canvas.scale)
        kind, button = event.type(), event.button()
        if kind == QEvent.Type.TabletMove:
            self.move(point)
        elif button == Qt.MouseButton.RightButton:
            event.ignore()  # Qt makes a mouse's press of it, which opens the menu
            return
        elif kind == QEvent.Type.TabletRelease:
            self.release(point)
        elif button == Qt.MouseButton.MiddleButton:
            self._drag(Drag.PAN, point)
        else:
            self._canvas.setFocus(Qt.FocusReason.MouseFocusReason)
            self.press(point)
        event.accept()

    def press(self, point: PenPoint, *, double: bool = False) -> None:
        """Begin a drag of the view, or what the tool does."""
        if self._canvas.work.busy or self._delayed:
            self._delayed.append(lambda: self.press(point, double=double))
            return
        self.last = point
        held = self._canvas.navigation.held
        if held is not None:
            self._drag(_drag_of(held, point), point)
            return
        if self._canvas.document is None:
            return
        if self._canvas.overlays.press(point.screen):
            return
        tool = self._tool_for(point)
        if tool.moves_view:
            self._drag(Drag.PAN, point)
            return
        self._keep_every_point()
        self._tool = tool
        if tool.picks_colour:
            self._canvas.colours_in_hand.use(self._canvas.colour)
        if double:
            self._tool.double_press(point)
        else:
            self._tool.press(point)
        self._canvas.show_cursor()

    def move(self, point: PenPoint) -> None:
        """Go on with what the press began, or hover."""
        if self._delayed:
            self._delayed.append(lambda: self.move(point))
            return
        self.last = point
        if self._canvas.navigation.drag is not None:
            self._canvas.navigation.move(point.screen, point.keys)
        elif self._tool is not None:
            self._tool.move(point)
        elif not self._canvas.overlays.move(point.document):
            self._canvas.current_tool.hover(point)
        self._canvas.show_cursor()

    def release(self, point: PenPoint) -> None:
        """End what the press began."""
        if self._delayed:
            self._delayed.append(lambda: self.release(point))
            return
        if self._canvas.navigation.drag is not None:
            self._canvas.navigation.end()
        self._canvas.overlays.release()
        tool, self._tool = self._tool, None
        if tool is not None:
            tool.release(point)
        self._merge_again()
        self._canvas.show_cursor()

    def keys_changed(self, keys: Qt.KeyboardModifier) -> None:
        """Modifier keys went down or up while the pointer rests."""
        if self.last is not None:
            self.last = replace(self.last, keys=keys)
            self._canvas.show_cursor()

    def let_go(self) -> None:
        """Forget a press whose tool is no longer in hand."""
        self._tool = None
        self._merge_again()

    def left(self) -> None:
        """The pointer is elsewhere."""
        self.last = None
        self._canvas.current_tool.leave()

    def cursor(self) -> Qt.CursorShape:
        """Return what the pointer looks like now."""
        shapes = Qt.CursorShape
        drag, held = self._canvas.navigation.drag, self._canvas.navigation.held
        if drag is Drag.PAN:
            return shapes.ClosedHandCursor
        if drag is not None or held is Drag.ROTATE:
            return shapes.SizeAllCursor
        if held is Drag.PAN:
            return shapes.OpenHandCursor
        if self._canvas.document is None:
            return shapes.ArrowCursor
        if self.last is not None and self._canvas.overlays.hovers(self.last.screen):
            return shapes.SplitHCursor
        if self._tool is not None or self.last is None:
            return (self._tool or self._canvas.current_tool).cursor(self.last)
        return self._tool_for(self.last).cursor(self.last)

    def _tool_for(self, point: PenPoint) -> Tool:
        """Return what a press would use: painting tools pick colours while Alt is held."""
        tool = self._canvas.current_tool
        if tool.picks_colour and point.alt:
            return self._canvas.tools["eyedropper"]
        return tool

    def _drag(self, drag: Drag, point: PenPoint) -> None:
        self._canvas.navigation.begin(drag, point.screen, self._canvas.view)
        self._canvas.show_cursor()

    # fingers

    def touch(self, event: QTouchEvent) -> bool:
        """Draw with one finger; move, turn and size the view with two.

        Fingers on a trackpad are left alone: Qt makes gestures and turns of a wheel of them.
        """
        device = event.device()
        if device is not None and device.type() == QInputDevice.DeviceType.TouchPad:
            event.ignore()
            return False
        kind, points = event.type(), event.points()
        event.accept()
        if time.monotonic() - self._pen_at < PALM_S or kind == QEvent.Type.TouchCancel:
            self._end_touch(None)
            return True
        ended = kind == QEvent.Type.TouchEnd
        gone = QEventPoint.State.Released
        places = [
            point.position() * self._canvas.scale
            for point in points
            if ended or point.state() != gone
        ]
        if len(places) < 2:
            self._canvas.navigation.end_pinch()
        if ended:
            self._end_touch(places[0] if places else None)
        elif len(places) >= 2:
            if self._tool is not None:
                self._tool.cancel()
                self.let_go()
            self._canvas.navigation.pinch(places[0], places[1], self._canvas.view)
        elif kind == QEvent.Type.TouchBegin:
            self.press(self._finger(places[0]))
        elif self._tool is not None:
            self.move(self._finger(places[0]))
        return True

    def _finger(self, screen: QPointF) -> PenPoint:
        return PenPoint(self._canvas.view.to_document(screen), screen)

    def _end_touch(self, screen: QPointF | None) -> None:
        self._canvas.navigation.end_pinch()
        if self._tool is not None and screen is not None:
            self.release(self._finger(screen))

    # what Qt merges

    def _keep_every_point(self) -> None:
        if self._merged is None:
            self._merged = QCoreApplication.testAttribute(MERGE)
            QCoreApplication.setAttribute(MERGE, False)

    def _merge_again(self) -> None:
        if self._merged is not None:
            QCoreApplication.setAttribute(MERGE, self._merged)
            self._merged = None


def _drag_of(held: Drag, point: PenPoint) -> Drag:
    if held is Drag.PAN and point.shift:
        return Drag.ROTATE
    return Drag.ZOOM if held is Drag.PAN and point.control else held
