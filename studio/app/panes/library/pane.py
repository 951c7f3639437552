"""The library pane: searches, shows and changes everything ever made.

Made before the first paint with next to nothing in it; the rest is built when it first comes to
the front. The library is opened and asked on the pane's worker, never on the GUI thread.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QMetaMethod, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QVBoxLayout, QWidget

from studio.app.context import AppContext
from studio.app.widgets.empty_state import EmptyState
from studio.app.widgets.words import fill_in
from studio.core.errors import StudioError
from studio.library.items import Change, Item, Page
from studio.library.query import parse
from studio.library.service import LibraryService

if TYPE_CHECKING:
    from studio.app.panes.library.cards import Cards
    from studio.app.panes.library.deeds import Deeds
    from studio.app.panes.library.grid_model import GridModel
    from studio.app.panes.library.grid_view import GridView
    from studio.app.panes.library.item_work import ItemWork
    from studio.app.panes.library.listening import Listening
    from studio.app.panes.library.preview import Preview
    from studio.app.panes.library.search_bar import SearchBar
    from studio.app.panes.library.thumbnail_loader import ThumbnailLoader
    from studio.app.panes.library.worker import Worker
    from studio.documents.soundtrack.outputs import Output
    from studio.library.library import Library

FIRST_PAGE = 200
MEANING_FOUND = 500
CHANGE_MS = 80
KEPT_CHOSEN = 500
READING_SHOWN_FROM = 200


class LibraryPane(QWidget):
    """Search field, grid and preview."""

    icon_name = "library"
    document_wanted = Signal(object)
    """A :class:`NewText` or :class:`NewFile` that shall open as a new document."""
    _library_changed = Signal(object)

    #: Where sounds are played; tests give a device of their own.
    output: Callable[[], Output | None] = staticmethod(lambda: None)

    def __init__(
        self,
        context: AppContext,
        service: LibraryService | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Make the pane.

        Args:
            context: The window's services; its ``library`` is used when no service is given.
            service: Opens the library.
            parent: Qt's parent.
        """
        super().__init__(parent)
        self.title = self.tr("Library")
        self._context = context
        shared = service or getattr(context, "library", None)
        self._own = shared is None
        self._service: LibraryService = shared or LibraryService(
            context.folders, lambda: context.settings.value, on_failure=context.notify.error
        )
        self.inspector = QWidget()
        QVBoxLayout(self.inspector).setContentsMargins(0, 0, 0, 0)
        QVBoxLayout(self).setContentsMargins(0, 0, 0, 0)
        self.setAcceptDrops(True)
        self._built = False
        self._closed = False
        self._library: Library | None = None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._changed_ids: set[int] = set()
        self._everything_changed = False
        self._after_open: list[Callable[[], object]] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CHANGE_MS)
        self._timer.timeout.connect(self._apply_changes)
        self._library_changed.connect(self._note_change, Qt.ConnectionType.QueuedConnection)
        from studio.app.panes.library.library_actions import library_actions

        for spec in library_actions(self):
            context.actions.add(spec)

    # ---- what the window asks ----------------------------------------------------------------

    def activated(self) -> None:
        """Build everything, the first time; later look whether the folder has changed."""
        if not self._built:
            self._build()
        elif self._library is not None:
            self._library.upkeep.scan_later()
        self._show_meaning_reason()
        self.setFocus()

    def close_requested(self) -> bool:
        """Stop the threads; nothing waits to be kept here."""
        if self._closed:
            return True
        self._closed = True
        self._unsubscribe()
        self._timer.stop()
        if self._built:
            self.listening.close()
            self.worker.close()
            self.thumbnails.close()
        if self._own:
            self._service.close()
        return True

    def hideEvent(self, event: QHideEvent) -> None:
        """Fall silent when another pane comes to the front, not when the window is minimised."""
        super().hideEvent(event)
        if self._built and not event.spontaneous():
            self.listening.stop()

    def open_file(self, path: Path) -> None:
        """Copy a file into the library."""
        self.add_files([path])

    # ---- building ----------------------------------------------------------------------------

    worker: Worker
    thumbnails: ThumbnailLoader
    cards: Cards
    model: GridModel
    grid: GridView
    bar: SearchBar
    preview: Preview
    deeds: Deeds
    work: ItemWork
    listening: Listening

    def _build(self) -> None:
        from studio.app.panes.library.cards import Cards
        from studio.app.panes.library.deeds import Deeds
        from studio.app.panes.library.grid_model import GridModel
        from studio.app.panes.library.grid_view import GridView
        from studio.app.panes.library.item_work import ItemWork
        from studio.app.panes.library.listening import Listening
        from studio.app.panes.library.preview import Preview
        from studio.app.panes.library.search_bar import SearchBar
        from studio.app.panes.library.sound_drawing import draw_sound
        from studio.app.panes.library.thumbnail_loader import ThumbnailLoader
        from studio.app.panes.library.worker import Worker
        from studio.library.thumbnails import Thumbnails

        context = self._context
        self._built = True
        self.worker = Worker(self)
        cache = Thumbnails(context.folders.cache / "thumbnails", draw_sound)
        self.thumbnails = ThumbnailLoader(cache, self)
        self.cards = Cards(context.theme.palette, self.font())
        self.model = GridModel(self.worker, self._say_error)
        self.grid = GridView(self.cards, self.thumbnails)
        self.grid.setModel(self.model)
        self.bar = SearchBar()
        self.preview = Preview()
        self.deeds = Deeds(self.worker, context.notify, self)
        self.work = ItemWork(context, self.worker, self)
        self.work.document_wanted.connect(self.document_wanted)
        self.listening = Listening(self.output, self)
        self._empty = EmptyState(
            self.tr("Everything you make is kept here"),
            self.tr(
                "Each result is an ordinary file with its request inside. Find it by its words, "
                "give it stars, make it again."
            ),
            (self.tr("Make a first text"), self.work.make_example),
            (self.tr("Add files…"), self.choose_files),
            icon_name="library",
        )
        self._nothing = EmptyState(
            self.tr("Nothing found"),
            self.tr("No item has all of these. Fewer words find more."),
            (self.tr("Show everything"), lambda: self.bar.set_query("")),
            icon_name="search",
        )
        self._stack = QStackedWidget()
        for widget in (self.grid, self._empty, self._nothing):
            self._stack.addWidget(widget)
        layout = self.layout()
        panel = self.inspector.layout()
        assert layout is not None and panel is not None
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(self._stack)
        panel.addWidget(self.preview)
        self.setFocusProxy(self.grid)
        self._connect()
        service = self._service
        self.worker.run(lambda stop: service.library, self._opened, self._say_error)

    def _connect(self) -> None:
        self.bar.changed.connect(self.search)
        self.bar.add_files_wanted.connect(self.choose_files)
        self.bar.field.down.connect(self._go_to_grid)
        self.grid.key_wanted.connect(self._on_key)
        self.grid.doubleClicked.connect(lambda index: self._on_key("open"))
        self.grid.selectionModel().selectionChanged.connect(lambda *_: self._show_chosen())
        self.preview.wanted.connect(self.do)
        self.preview.stars_given.connect(lambda n: self.deeds.set_stars(self.chosen_ids(), n))
        self.preview.board_given.connect(lambda b: self.deeds.set_board(self.chosen_ids(), b))
        self.preview.tags_given.connect(self._set_tags)
        self.thumbnails.ready.connect(self._picture_came)
        self.listening.changed.connect(self._show_heard)
        self.listening.failed.connect(self.preview.sound.show_error)
        self._context.theme.changed.connect(self._dress)
        self._context.bridge.engine_changed.connect(self._show_meaning_reason)

    def _opened(self, library: Library) -> None:
        self._library = library
        self.deeds.library = self.work.library = library
        self.model.set_source(library.items, library.path)
        self.thumbnails.set_source(library.path)
        self._unsubscribe = library.subscribe(self._library_changed.emit)
        self.search()
        self._read_names()
        waiting, self._after_open = self._after_open, []
        for work in waiting:
            work()

    # ---- searching ---------------------------------------------------------------------------

    def search(self) -> None:
        """Show what the search field asks for: a first page at once, then all of it."""
        self.worker.cancel("all")
        self._ask(FIRST_PAGE)

    def _ask(self, limit: int | None) -> None:
        library, meaning = self._library, self._service.meaning
        if library is None:
            return
        text, sort = self.bar.query, self.bar.sort
        asks_meaning = bool(text.strip()) and (self.bar.by_meaning or bool(parse(text).about))

        def work(stop: Callable[[], bool]) -> Page:
            if asks_meaning and meaning is not None:
                return meaning.search(text, limit=MEANING_FOUND, cancelled=stop)
            return library.search(text, sort=sort, limit=limit, cancelled=stop)

        key = "first" if limit else "all"
        self.worker.run(work, self._show_page, self._say_search_error, key=key)

    def _show_page(self, page: Page) -> None:
        chosen = [self.model.ids[row] for row in self.grid.chosen_rows(KEPT_CHOSEN)]
        current = self.grid.currentIndex().row()
        kept = self.model.ids[current] if 0 <= current < len(self.model.ids) else None
        place = self.grid.verticalOffset()
        same_beginning = self.model.ids[:1] == page.ids[:1]
        self.model.set_ids(page.ids)
        self.grid.updateGeometries()
        self.grid.verticalScrollBar().setValue(place if same_beginning else 0)
        self._choose_again(chosen, kept)
        self.bar.show_found(page.total, page.problems, complete=page.complete)
        empty = self._nothing if self.bar.query.strip() else self._empty
        self._stack.setCurrentWidget(self.grid if page.ids else empty)
        self._show_chosen()
        if not page.complete:
            self._ask(None)

    def _choose_again(self, chosen: Sequence[int], current: int | None) -> None:
        """Keep what was chosen, wherever it stands now."""
        selection = self.grid.selectionModel()
        flag = QItemSelectionModel.SelectionFlag
        for number in chosen:
            if (row := self.model.row_of(number)) >= 0:
                selection.select(self.model.index(row), flag.Select)
        row = -1 if current is None else self.model.row_of(current)
        if row >= 0:
            selection.setCurrentIndex(self.model.index(row), flag.NoUpdate)

    def _say_search_error(self, error: StudioError) -> None:
        self.model.set_ids(array("q"))
        self.bar.show_found(0, [error.sentence()], complete=True)
        self._stack.setCurrentWidget(self._nothing)

    def _show_meaning_reason(self) -> None:
        if not self._built:
            return
        meaning = self._service.meaning
        reason = self.tr("Search by meaning begins when the engine is ready.")
        if meaning is not None:
            reason = meaning.why_not
        self.bar.set_meaning_reason(reason)

    # ---- changes -----------------------------------------------------------------------------

    @Slot(object)
    def _note_change(self, change: Change) -> None:
        if self._closed:
            return
        if change.what == "progress":
            self._show_progress(change)
            return
        if change.what == "reset":
            self._everything_changed = True
        self._changed_ids.update(change.ids)
        if not self._timer.isActive():
            self._timer.start()

    def _show_progress(self, change: Change) -> None:
        if change.total < READING_SHOWN_FROM:
            return
        words = self.tr("Reading files: %1 of %2")
        going = change.done < change.total
        self.bar.show_work(fill_in(words, change.done, change.total) if going else "")

    def _apply_changes(self) -> None:
        self.model.refresh(None if self._everything_changed else self._changed_ids)
        self._changed_ids, self._everything_changed = set(), False
        self._ask(None)
        self._read_names()

    def _read_names(self) -> None:
        library = self._library
        if library is None:
            return

        def show(names: tuple[list[tuple[str, int]], ...]) -> None:
            self.bar.set_names(*names)
            self.preview.set_boards([name for name, _ in names[0]])

        self.worker.run(
            lambda stop: (library.boards(), library.tags(), library.models()),
            show,
            self._say_error,
            key="names",
        )

    # ---- what is chosen ----------------------------------------------------------------------

    def chosen_ids(self) -> list[int]:
        """Return the ids of the chosen items."""
        return [self.model.ids[row] for row in self.grid.chosen_rows()] if self._built else []

    def _show_chosen(self) -> None:
        library, ids = self._library, self.chosen_ids()
        if self.listening.item_id not in (None, *ids[:1]):
            self.listening.stop()
        if library is None or not ids:
            self.worker.cancel("preview")
            self.preview.show_items([], "")
            return

        def work(stop: Callable[[], bool]) -> tuple[list[Item], str]:
            items = library.items(ids[:KEPT_CHOSEN])
            text = library.text(items[0].id) if items and items[0].kind == "text" else ""
            return items, text

        def show(found: tuple[list[Item], str]) -> None:
            items, text = found
            picture = self.thumbnails.get(items[0]) if items else None
            self.preview.show_items(items, text, picture)
            self._show_heard()
            connected = self.isSignalConnected(QMetaMethod.fromSignal(self.document_wanted))
            self.preview.buttons["open"].setVisible(connected)

        self.worker.run(work, show, self._say_error, key="preview")

    def _picture_came(self) -> None:
        item = self.preview.unpictured
        if item is not None:
            self.preview.show_thumbnail(item, self.thumbnails.get(item))

    def _show_heard(self) -> None:
        item, heard = self.preview.item, self.listening.item_id
        here = item is not None and item.id == heard
        self.preview.sound.show_position(self.listening.position_s if here else None)

    def _listen(self, ids: Sequence[int]) -> None:
        library, item = self._library, self.preview.item
        if library is None or item is None or item.kind != "audio" or ids != [item.id]:
            return  # the one that is chosen is still being read, or it is nothing to hear
        if not item.missing:
            self.preview.sound.error.hide()
            self.listening.toggle(item.id, library.path(item))

    def _set_tags(self, tags: list[str]) -> None:
        item = self.preview.item
        if item is not None:
            self.deeds.set_tags(self.chosen_ids(), tags, item.tags)

    # ---- doing -------------------------------------------------------------------------------

    def do(self, wish: str) -> None:
        """Do what a button, a key or an action asks for; see ``Preview.wanted``."""
        ids = self.chosen_ids()
        deeds: dict[str, Callable[[], object]] = {
            "again": lambda: self.work.make_again(ids, new_seed=False),
            "again_new_seed": lambda: self.work.make_again(ids, new_seed=True),
            "open": lambda: self.work.open_as_document(self.preview.item),
            "listen": lambda: self._listen(ids),
            "compare": lambda: self.work.compare(ids),
            "copy": lambda: self.work.copy_prompt(self.preview.item),
            "reveal": lambda: self.work.reveal(self.preview.item),
            "trash": lambda: self.deeds.trash(ids),
            "restore": lambda: self.deeds.restore(ids),
            "undo": self.deeds.undo,
            "find": self.bar.field.setFocus,
        }
        if wish.startswith("stars:"):
            self.deeds.set_stars(ids, int(wish.partition(":")[2]))
        else:
            deeds[wish]()

    def _on_key(self, wish: str) -> None:
        item = self.preview.item
        if wish == "trash" and item is not None and item.trashed_at is not None:
            return  # it is there already, and goes by itself after 30 days
        self.do(wish)

    def rebuild(self) -> None:
        """Read every file again."""
        library = self._library
        if library is not None:
            self.worker.run(lambda stop: library.rebuild(cancelled=stop), _ignore, self._say_error)

    # ---- files in ----------------------------------------------------------------------------

    def choose_files(self) -> None:
        """Ask for files and copy them into the library."""
        chosen, _ = QFileDialog.getOpenFileNames(self, self.tr("Add files to the library"))
        self.add_files([Path(name) for name in chosen])

    def add_files(self, files: Sequence[Path]) -> None:
        """Copy files into the library, in the background."""
        if not self._built:
            self._build()
        if self._library is None:
            self._after_open.append(lambda: self.add_files(files))
            return
        library = self._library
        for file in files:
            self.worker.run(_adding(library, file), _ignore, self._say_error)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files of other programs and other panes."""
        if event.source() is self._own_grid:
            # Taken and let fall, or the window would take it for a file from elsewhere.
            event.setDropAction(Qt.DropAction.IgnoreAction)
            event.accept()
        elif any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Copy dropped files into the library."""
        if event.source() is self._own_grid:
            event.ignore()
            return
        urls = [url for url in event.mimeData().urls() if url.isLocalFile()]
        self.add_files([Path(url.toLocalFile()) for url in urls])
        event.acceptProposedAction()

    @property
    def _own_grid(self) -> object:
        return self.grid if self._built else self

    # ---- small -------------------------------------------------------------------------------

    def _go_to_grid(self) -> None:
        self.grid.setFocus()
        if not self.grid.currentIndex().isValid() and self.model.rowCount():
            self.grid.setCurrentIndex(self.model.index(0))

    def _dress(self) -> None:
        self.cards.set_look(self._context.theme.palette, self.font())
        self.grid.viewport().update()

    def _say_error(self, error: StudioError) -> None:
        self._context.notify.error(error)


def _ignore(result: object) -> None:
    """The library tells what changed by itself."""


def _adding(library: Library, file: Path) -> Callable[[Callable[[], bool]], Item]:
    return lambda stop: library.add_file(file)
