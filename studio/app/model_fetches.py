"""Models of the catalogue brought here when the user presses Get: one at a time, never unasked.

Looking what is here reads files on a thread of its own; fetching has another. Every page and pane
that offers a model shares the window's one :class:`ModelFetches`, so all show the same progress.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.app.background import Background
from studio.app.bridge import EngineBridge
from studio.app.notify import Notifier
from studio.app.widgets.words import fill_in
from studio.core.errors import ModelError, StudioError

if TYPE_CHECKING:
    from studio.core.paths import Folders
    from studio.models.catalog import CatalogEntry

Report = Callable[[str, float | None], None]
Fetch = Callable[[str, Report, Callable[[], bool]], object]
"""Id, who is told the progress, who says whether to stop; returns when the model is complete."""

CLOSE_S = 2.0
"""Closing waits so long for a fetch to stop; what came is kept either way."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model that can be fetched.

    Attributes:
        entry: What the catalogue says about it.
        here: Whether it is in the store, complete.
    """

    entry: CatalogEntry
    here: bool


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a fetch is.

    Attributes:
        words: What is being done.
        fraction: How far that is, 0..1; ``None`` when nothing tells.
    """

    words: str
    fraction: float | None = None


class ModelFetches(QObject):
    """What can be fetched, what is being fetched, and what went wrong.

    Args:
        bridge: Told to look for models again after a fetch.
        notify: Told how a fetch ended, since its page may be closed by then.
        folders: Where models are kept.
        fetch: Brings one model here; the set-up's own way when left out.
        parent: Qt's owner.
    """

    changed = Signal()
    """An offer, a progress or a failure is different now."""
    fetched = Signal(str)
    """Id of a model that is here now."""
    _told = Signal(str, str, object)
    _over = Signal(str, object)

    def __init__(
        self,
        bridge: EngineBridge,
        notify: Notifier,
        folders: Folders,
        fetch: Fetch | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._notify = notify
        self._folders = folders
        self._fetch: Fetch = fetch or self._fetch_model
        self._worker = Background("models-here", self)
        self._offers: tuple[Offer, ...] = ()
        self._progress: dict[str, Progress] = {}
        self._failures: dict[str, StudioError] = {}
        self._stops: dict[str, threading.Event] = {}
        self._thread: threading.Thread | None = None
        self._closed = False
        self._told.connect(self._on_told)
        self._over.connect(self._on_over)

    @property
    def offers(self) -> tuple[Offer, ...]:
        """What can be fetched, as it was when last looked at; empty before :meth:`look`."""
        return self._offers

    def offer(self, entry_id: str) -> Offer | None:
        """Return one of the offers."""
        return next((each for each in self._offers if each.entry.id == entry_id), None)

    def progress(self, entry_id: str) -> Progress | None:
        """Return how far a fetch is; ``None`` when it is not being fetched."""
        return self._progress.get(entry_id)

    def failure(self, entry_id: str) -> StudioError | None:
        """Return why the last fetch failed."""
        return self._failures.get(entry_id)

    def look(self) -> None:
        """Look in the back which models are here; reads files, nothing else."""
        if self._closed:
            return
        folders = self._folders

        def work() -> tuple[Offer, ...]:
            from studio.setup.fetching import is_here, offered_models

            return tuple(Offer(entry=e, here=is_here(e, folders)) for e in offered_models())

        self._worker.run_newest("look", work, self._looked, self._notify.error)

    def get(self, entry_id: str) -> None:
        """Fetch a model, after those asked for before; the user wished it."""
        if entry_id in self._progress or self._closed:
            return
        self._failures.pop(entry_id, None)
        self._stops[entry_id] = threading.Event()
        self._progress[entry_id] = Progress(words=self.tr("Waiting for the one before"))
        self._next()
        self.changed.emit()

    def stop(self, entry_id: str) -> None:
        """Stop fetching; what came so far is kept for the next time."""
        stop = self._stops.get(entry_id)
        if stop is None:
            return
        stop.set()
        if self._thread is None or self._thread.name != _thread_name(entry_id):
            self._forget(entry_id)  # it had not begun
        else:
            self._progress[entry_id] = Progress(words=self.tr("Stopping"))
        self.changed.emit()

    def close(self) -> None:
        """Stop everything; a fetch that hangs in the network is left behind."""
        self._closed = True
        for stop in self._stops.values():
            stop.set()
        if self._thread is not None:
            self._thread.join(CLOSE_S)
        self._worker.close()

    # -- inside -------------------------------------------------------------------------------

    def _next(self) -> None:
        """Begin with the first that waits, when none runs."""
        if self._thread is not None or not self._progress or self._closed:
            return
        entry_id = next(iter(self._progress))
        self._progress[entry_id] = Progress(words=self.tr("Connecting"))
        self._thread = threading.Thread(
            target=self._work,
            args=(entry_id, self._stops[entry_id]),
            name=_thread_name(entry_id),
            daemon=True,  # a connection that hangs must not keep the program alive
        )
        self._thread.start()

    def _work(self, entry_id: str, stop: threading.Event) -> None:
        """Fetch one model; on its own thread."""
        from studio.setup.fetching import FetchStopped

        outcome: StudioError | str = ModelError(
            self.tr("The model could not be fetched: something unexpected happened."),
            hint=self.tr("Try again; what came so far is kept."),
        )

        def report(words: str, fraction: float | None) -> None:
            if not self._closed:
                self._told.emit(entry_id, words, fraction)

        try:
            self._fetch(entry_id, report, stop.is_set)
            outcome = "here"
        except FetchStopped:
            outcome = "stopped"
        except StudioError as error:
            outcome = error
        finally:  # whatever happened: nothing may look as if it went on for ever
            if not self._closed:
                self._over.emit(entry_id, outcome)

    def _fetch_model(self, entry_id: str, report: Report, stopped: Callable[[], bool]) -> object:
        from studio.setup.fetching import fetch_model

        return fetch_model(entry_id, report, stopped, folders=self._folders)

    def _on_told(self, entry_id: str, words: str, fraction: float | None) -> None:
        stop = self._stops.get(entry_id)
        if stop is not None and not stop.is_set():
            self._progress[entry_id] = Progress(words=words, fraction=fraction)
            self.changed.emit()

    def _on_over(self, entry_id: str, outcome: StudioError | str) -> None:
        self._thread = None
        self._forget(entry_id)
        if isinstance(outcome, StudioError):
            self._failures[entry_id] = outcome
            self._notify.error(outcome)
        elif outcome == "here":
            offer = self.offer(entry_id)
            title = offer.entry.title if offer is not None else entry_id
            self._notify.success(fill_in(self.tr("%1 is here."), title))
            self._bridge.refresh_models()
            self.look()
        self._next()
        self.changed.emit()
        if outcome == "here":
            self.fetched.emit(entry_id)

    def _forget(self, entry_id: str) -> None:
        self._progress.pop(entry_id, None)
        self._stops.pop(entry_id, None)

    def _looked(self, offers: tuple[Offer, ...]) -> None:
        self._offers = offers
        self.changed.emit()


def _thread_name(entry_id: str) -> str:
    return f"fetch {entry_id}"
