"""What can be done with an item's request, text and file, besides marking it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from studio.app.context import AppContext
from studio.app.documents_pane import NewFile, NewText
from studio.app.panes.library.worker import Worker
from studio.core.errors import BadInputError, StudioError
from studio.core.media import random_seed
from studio.core.requests import Capability, Request, TextRequest, replaced
from studio.documents.spans import Origin
from studio.library.items import Item

if TYPE_CHECKING:
    from studio.app.panes.library.comparing import Side
    from studio.library.library import Library

EXAMPLE = "Write two sentences about a lighthouse keeper who finds a letter in a bottle."
MADE_AT_ONCE = 20


class ItemWork(QObject):
    """Makes items again, compares, opens, copies and reveals them. GUI thread only."""

    document_wanted = Signal(object)
    """A :class:`NewText` or :class:`NewFile` that shall open as a new document."""

    def __init__(self, context: AppContext, worker: Worker, window: QWidget) -> None:
        super().__init__(window)
        self._context = context
        self._worker = worker
        self._window = window
        self.library: Library | None = None

    def make_again(self, ids: Sequence[int], *, new_seed: bool) -> None:
        """Run the requests of items once more; what comes out appears at the top."""
        library = self.library
        if library is None or not ids:
            return

        def submit(requests: list[Request]) -> None:
            for request in requests:
                seed = random_seed() if new_seed else request.seed
                try:
                    self._context.bridge.submit(replaced(request, seed=seed))
                except StudioError as error:
                    self._context.notify.error(error)
                    return
            self._context.notify.info(self.tr("It is being made; it will appear here."))

        self._worker.run(
            lambda stop: [library.request(number) for number in ids[:MADE_AT_ONCE]],
            submit,
            self._failed,
        )

    def open_as_document(self, item: Item | None) -> None:
        """Put an item's content into a new document; the file stays as it is."""
        library = self.library
        if library is not None and item is not None and not item.missing:
            self._worker.run(
                lambda stop: _as_document(library, item), self.document_wanted.emit, self._failed
            )

    def compare(self, ids: Sequence[int]) -> None:
        """Show two items side by side: pictures, where they are some, and their requests."""
        library = self.library
        if library is None or len(ids) != 2:
            self._context.notify.info(self.tr("Choose two items to compare them."))
            return

        def work(stop: Callable[[], bool]) -> list[Side]:
            from studio.app.panes.library.comparing import sides

            return sides(library, ids)

        def show(sides: list[Side]) -> None:
            from studio.app.panes.library.compare_dialog import CompareDialog

            if len(sides) == 2:
                CompareDialog(sides[0], sides[1], self._window).show()

        self._worker.run(work, show, self._failed)

    def copy_prompt(self, item: Item | None) -> None:
        """Put an item's prompt on the clipboard."""
        if item is not None and item.prompt:
            QGuiApplication.clipboard().setText(item.prompt)

    def reveal(self, item: Item | None) -> None:
        """Open the folder of an item's file."""
        library = self.library
        if item is not None and library is not None:
            folder = library.path(item).parent
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def make_example(self) -> None:
        """Let the model write the example text."""
        request = TextRequest(
            capability=Capability.TEXT_GENERATE, seed=random_seed(), instruction=EXAMPLE
        )
        try:
            self._context.bridge.submit(request)
        except StudioError as error:
            self._context.notify.error(error)
            return
        self._context.notify.info(self.tr("It is being written; it will appear here."))

    def _failed(self, error: StudioError) -> None:
        self._context.notify.error(error)


def _as_document(library: Library, item: Item) -> NewText | NewFile:
    """Return what a new document of an item needs; reads the index."""
    request: Request | None = None
    if not item.foreign:
        try:
            request = library.request(item.id)
        except BadInputError:
            request = None  # shared without its prompt
    origin: Origin = "imported" if item.foreign else "generated"
    facts = None if item.foreign else {"model": item.model}
    if item.kind == "text":
        return NewText(item.title, library.text(item.id), origin, request, facts)
    return NewFile(item.kind, item.title, library.path(item), origin, request, facts)
