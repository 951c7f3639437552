"""The window's frame: rail, work, inspector, status line, and what floats above them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.context import AppContext
from studio.app.inspector import Inspector
from studio.app.layout_state import LayoutState, fitting
from studio.app.rail import Rail
from studio.app.status_bar import StatusBar
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.icon_button import IconButton

if TYPE_CHECKING:
    from studio.app.palette import CommandPalette
    from studio.app.queue_panel import QueuePanel
    from studio.app.widgets.toasts import ToastArea

INSPECTOR_SHARE = 0.4
"""The work is never under 60 % of the width beside the rail."""


class Pane(Protocol):
    """What the window asks of a pane, which is a ``QWidget``; see :mod:`studio.app.panes`."""

    title: str
    icon_name: str
    inspector: QWidget

    def activated(self) -> None:
        """Come to the front; the first time after the first paint."""

    def close_requested(self) -> bool:
        """Say whether the window may close, having kept the work."""

    def open_file(self, path: Path) -> object:
        """Open a file of the user."""


PaneMaker = Callable[[AppContext], QWidget]


@dataclass(frozen=True)
class PaneSource:
    """A pane that can be made.

    Attributes:
        title: What the rail says.
        icon_name: Lucide icon of the rail.
        load: Imports and returns what makes it.
        kinds: Kinds of a project's documents that are its tabs.
        suffixes: Kinds of files it opens; none: whatever comes.
    """

    title: str
    icon_name: str
    load: Callable[[], PaneMaker]
    kinds: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()


class MainWindow(QMainWindow):
    """One window with its panes. What it does is in :mod:`studio.app.window_actions`."""

    first_painted = Signal()
    """Once, when the window has been painted for the first time, as a frame without its pane."""
    pane_made = Signal(str)
    """A pane is there for the first time, by name."""
    pane_shown = Signal(str)
    """A pane came to the front, by name."""
    closing = Signal()

    def __init__(
        self, context: AppContext, panes: Mapping[str, PaneSource], layout: LayoutState
    ) -> None:
        super().__init__()
        self._context = context
        self._sources = panes
        self._painted = False
        self._inspector_wanted = layout.inspector
        self._panes: dict[str, QWidget] = {}
        self._current = ""
        self._palette: CommandPalette | None = None
        self._queue: QueuePanel | None = None
        self._toasts: ToastArea | None = None
        self.setWindowTitle("Triptych")
        self.setMinimumSize(*Size.WINDOW_MIN)
        self.setAcceptDrops(True)
        self.rail = Rail()
        self.rail.chosen.connect(self.show_pane)
        self.rail.files_dropped.connect(self._open_in)
        self.status = StatusBar(context.bridge)
        self.status.jobs_clicked.connect(self.toggle_queue)
        self.status.model_chosen.connect(partial(context.settings.set, "writing", "text_model"))
        self._stack = QStackedWidget()
        self._headers = QStackedWidget()
        self.inspector = Inspector()
        self._strip = self._make_strip()
        self._splitter = self._make_splitter(layout)
        self._frame = self._make_frame()
        self.setCentralWidget(self._frame)
        for name, source in panes.items():
            self.rail.add_pane(name, source.title, source.icon_name)
        self._restore(layout)
        self._first_pane = layout.pane if layout.pane in panes else next(iter(panes), "")
        if self._first_pane:
            self.rail.set_current(self._first_pane)

    # -- building -----------------------------------------------------------------------------

    def _make_frame(self) -> QWidget:
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self.rail)
        body.addWidget(_separator(vertical=True))
        body.addWidget(self._splitter, 1)
        frame = QWidget()
        column = QVBoxLayout(frame)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(body, 1)
        column.addWidget(_separator())
        column.addWidget(self.status)
        return frame

    def _make_splitter(self, layout: LayoutState) -> QSplitter:
        work = QFrame()
        set_role(work, "surface")
        column = QVBoxLayout(work)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._strip)
        column.addWidget(_separator())
        column.addWidget(self._stack, 1)
        self._work_column = column
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        splitter.addWidget(work)
        splitter.addWidget(self.inspector)
        splitter.splitterMoved.connect(self._place_floating)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 0)
        splitter.setSizes(
            [layout.width - Size.RAIL - layout.inspector_width, layout.inspector_width]
        )
        return splitter

    def _make_strip(self) -> QFrame:
        strip = QFrame()
        set_role(strip, "surface")
        strip.setFixedHeight(Size.STRIP)
        self._strip_row = QHBoxLayout(strip)
        self._strip_row.setContentsMargins(Space.L, 0, Space.S, 0)
        self._strip_row.setSpacing(Space.XS)
        self._strip_row.addWidget(self._headers, 1)
        return strip

    def add_strip_buttons(self, fill_menu: Callable[[QMenu], None]) -> None:
        """Put the buttons for palette, inspector and menu at the strip's right end."""
        actions = self._context.actions
        for action_id in ("view.palette", "view.inspector"):
            button = QToolButton()
            button.setDefaultAction(actions.get(action_id))
            button.setIconSize(QSize(Size.ICON, Size.ICON))
            button.setFixedSize(Size.CONTROL, Size.CONTROL)
            button.setAccessibleName(actions.spec(action_id).title)
            self._strip_row.addWidget(button)
        self.menu_button = IconButton("ellipsis", self.tr("Menu (F10)"))
        menu = QMenu(self.menu_button)
        menu.aboutToShow.connect(actions.refresh)
        fill_menu(menu)
        self.menu_button.setMenu(menu)
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        if sys.platform != "darwin":  # there the menu bar at the top of the screen holds it
            self._strip_row.addWidget(self.menu_button)

    def add_bar(self, bar: QWidget) -> None:
        """Put a bar above the work, whatever pane is in front."""
        self._work_column.insertWidget(2, bar)

    @property
    def frame(self) -> QWidget:
        """Everything in the window, for what lies over it."""
        return self._frame

    def _add_pane(self, name: str) -> None:
        widget = self._sources[name].load()(self._context)
        pane = cast(Pane, widget)
        self._panes[name] = widget
        self.inspector.add(name, pane.inspector)
        header = getattr(widget, "header", None)
        if not isinstance(header, QWidget):
            header = QLabel(pane.title)
            set_role(header, "heading")
        self._headers.addWidget(header)
        self._stack.addWidget(widget)
        self.pane_made.emit(name)

    # -- panes --------------------------------------------------------------------------------

    @property
    def sources(self) -> Mapping[str, PaneSource]:
        """The panes there are, made or not, by name."""
        return self._sources

    @property
    def panes(self) -> Mapping[str, Pane]:
        """The panes that were made, by name, in the order they were first shown."""
        return cast(Mapping[str, Pane], self._panes)

    @property
    def current_pane(self) -> str:
        """Name of the pane in front; "" when there is none."""
        return self._current

    def show_pane(self, name: str) -> None:
        """Bring a pane to the front; it is made when this is the first time."""
        if name not in self._sources or name == self._current:
            return
        self.make_pane(name)
        self._current = name
        self._stack.setCurrentWidget(self._panes[name])
        self._headers.setCurrentIndex(list(self._panes).index(name))
        self.inspector.show_page(name)
        self.rail.set_current(name)
        self._context.actions.set_pane(name)
        from studio.app.model_options import ModelOptions  # not before the first paint

        options = getattr(self._panes[name], "options", None)
        if isinstance(options, ModelOptions):
            self.status.follow(options)
        self.panes[name].activated()
        self.pane_shown.emit(name)

    def make_pane(self, name: str) -> Pane | None:
        """Return a pane, made now if need be, without showing it; ``None`` if there is none."""
        if name in self._sources and name not in self._panes:
            self._add_pane(name)
        return self.panes.get(name)

    def focus_pane(self) -> None:
        """Give the keys back to the pane in front."""
        if self._current:
            self._panes[self._current].setFocus()

    def open_files(self, files: list[Path]) -> None:
        """Hand each file to the pane in front, or to the one for its kind."""
        for path in files:
            name = self._pane_for(path)
            if name:
                self.show_pane(name)
                self.panes[name].open_file(path)

    def _open_in(self, name: str, files: list[Path]) -> None:
        """Open files that were dropped on a pane's button."""
        self.show_pane(name)
        self.open_files(files)

    def _pane_for(self, path: Path) -> str:
        """Return the pane in front, unless it opens other kinds and another one this kind."""
        suffix = path.suffix.lower()
        front = self._sources.get(self._current)
        if front is None or not front.suffixes or suffix in front.suffixes:
            return self._current
        meant = (name for name, source in self._sources.items() if suffix in source.suffixes)
        return next(meant, self._current)

    def come_to_front(self) -> None:
        """Show the window above others, as far as the system allows."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    # -- panels -------------------------------------------------------------------------------

    def toggle_inspector(self) -> None:
        """Collapse the panel on the right, or bring it back."""
        self._inspector_wanted = not self.inspector.isVisibleTo(self)
        self._fit_inspector()

    def open_palette(self) -> None:
        """Open the command palette, or close it."""
        if self._palette is None:
            from studio.app.palette import CommandPalette

            self._palette = CommandPalette(self._context.actions, self._frame)
        if self._palette.isVisible():
            self._palette.dismiss()
        else:
            self._palette.open()

    def toggle_queue(self) -> None:
        """Open the job list, or close it."""
        if self._queue is None:
            from studio.app.queue_panel import QueuePanel

            context = self._context
            self._queue = QueuePanel(context.bridge, context.notify, self._frame)
            self._queue.hide()
            self._queue.closed.connect(self._queue_closed)
        if self._queue.isVisible():
            self._queue.close_panel()
            return
        self._queue.refresh()
        self._queue.show()
        self._queue.raise_()
        self._queue.setFocus()
        self.status.set_jobs_open(True)
        self._place_floating()

    def show_toasts(self) -> None:
        """Begin to show messages."""
        from studio.app.widgets.toasts import ToastArea

        context = self._context
        self._toasts = ToastArea(context.notify, context.theme, self._frame)
        self._place_floating()

    @property
    def queue(self) -> QueuePanel | None:
        """The job list, once it was opened."""
        return self._queue

    @property
    def palette_popup(self) -> CommandPalette | None:
        """The command palette, once it was opened."""
        return self._palette

    @property
    def toasts(self) -> ToastArea | None:
        """Where messages appear, after the first paint."""
        return self._toasts

    def focus_next_region(self) -> None:
        """Move the focus from rail to work to inspector to status line and round."""
        regions: list[QWidget] = [self.rail, self._strip, self._stack, self.inspector, self.status]
        shown = [region for region in regions if region.isVisible()]
        focus = self.focusWidget()
        at = next((i for i, r in enumerate(shown) if focus and r.isAncestorOf(focus)), -1)
        for step in range(1, len(shown) + 1):
            target = _first_focusable(shown[(at + step) % len(shown)])
            if target is not None:
                target.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def _queue_closed(self) -> None:
        self.status.set_jobs_open(False)
        self._place_floating()
        if self._current:
            self.panes[self._current].activated()

    def _fit_inspector(self) -> None:
        room = self.width() - Size.RAIL
        most = int(room * INSPECTOR_SHARE)
        fits = most >= Size.INSPECTOR_MIN
        self.inspector.setMaximumWidth(max(Size.INSPECTOR_MIN, min(Size.INSPECTOR_MAX, most)))
        self.inspector.setVisible(self._inspector_wanted and fits)
        actions = self._context.actions
        if any(spec.id == "view.inspector" for spec in actions.all()):
            actions.get("view.inspector").setChecked(self._inspector_wanted and fits)
        self._place_floating()

    def _place_floating(self) -> None:
        frame = self._frame
        bottom = frame.height() - Size.STATUS - 1
        area = QRect(Size.RAIL, 0, frame.width() - Size.RAIL, bottom)
        width = Size.FLOATING
        if self.inspector.isVisible():  # so that they never lie over the primary button
            width = max(Size.FLOATING_MIN, self.inspector.width() - 2 * Space.S)
        queue = self._queue
        if queue is not None and queue.isVisible():
            height = min(queue.sizeHint().height(), bottom - Size.STRIP)
            queue.resize(width, max(height, queue.minimumSizeHint().height()))
            queue.move(frame.width() - queue.width() - Space.S, bottom - queue.height() - Space.S)
            area.setRight(queue.x() - Space.S)
        if self._toasts is not None:
            self._toasts.set_width(width)
            self._toasts.set_area(area)
        if self._palette is not None and self._palette.isVisible():
            self._palette.place()

    # -- where it is --------------------------------------------------------------------------

    def layout_state(self) -> LayoutState:
        """Return the arrangement, to be stored."""
        area = self.normalGeometry() if self.isMaximized() else self.geometry()
        return LayoutState(
            x=area.x(),
            y=area.y(),
            width=area.width(),
            height=area.height(),
            placed=True,
            maximised=self.isMaximized(),
            inspector=self._inspector_wanted,
            inspector_width=self.inspector.width()
            if self.inspector.isVisible()
            else Size.INSPECTOR,
            pane=self._current or self._first_pane,
        )

    def _restore(self, layout: LayoutState) -> None:
        area = fitting(layout, [s.availableGeometry() for s in QGuiApplication.screens()])
        if area is not None:
            self.resize(area.size())
            if layout.placed:
                self.move(area.topLeft())
        if layout.maximised:
            self.setWindowState(Qt.WindowState.WindowMaximized)
        self._fit_inspector()

    # -- Qt -----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint, and tell the first time, once everything inside is painted too."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self._after_first_paint)

    def _after_first_paint(self) -> None:
        self.show_pane(self._first_pane)
        self.first_painted.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files wherever nothing nearer does."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open dropped files in the pane in front."""
        urls = [url for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        self.open_files([Path(url.toLocalFile()) for url in urls])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the work wide enough and what floats in its corner."""
        super().resizeEvent(event)
        self._fit_inspector()
        self._place_floating()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close when every pane has kept its work."""
        for pane in self.panes.values():
            if not pane.close_requested():
                event.ignore()
                return
        self.closing.emit()
        super().closeEvent(event)


def _separator(*, vertical: bool = False) -> QFrame:
    line = QFrame()
    set_role(line, "line")
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line


def _first_focusable(region: QWidget) -> QWidget | None:
    for child in region.findChildren(QWidget):
        tab = child.focusPolicy() & Qt.FocusPolicy.TabFocus
        if tab and child.isVisible() and child.isEnabled():
            return child
    return None
