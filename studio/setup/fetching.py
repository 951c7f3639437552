"""Fetching a model of the catalogue when the user wishes so, from the window or the command line.

The only part of the running application that uses the network, and only for what was asked for:
one entry, whose packages and files are pinned by their SHA-256. What a broken or stopped fetch
has left is taken up by the next.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from studio.core.errors import (
    BadInputError,
    DiskFullError,
    ModelError,
    OfflineError,
    from_os_error,
)
from studio.core.paths import Folders, user_folders
from studio.models.catalog import CatalogEntry, load_catalog
from studio.setup import failures
from studio.setup.builtin_models import ModelFetch, model_is_ready, needed_bytes
from studio.setup.machine import SetupLock, check_space
from studio.setup.programs import Log, Setup
from studio.setup.screen import Screen, Step

#: Called with what is done now, in words, and how far it is (0..1, ``None`` unknown).
Report = Callable[[str, float | None], None]


class FetchStopped(Exception):  # noqa: N818 - a wish of the user, not an error
    """The user stopped the fetch; what came so far is kept."""


def offered_models() -> tuple[CatalogEntry, ...]:
    """Return the models that can be fetched, those of the set-up included."""
    return load_catalog().entries


def is_here(entry: CatalogEntry, folders: Folders | None = None) -> bool:
    """Tell whether a model is in the store, by the sizes of its files; some file accesses."""
    return model_is_ready((folders or user_folders()).models, entry)


def fetch_model(
    entry_id: str,
    report: Report,
    stopped: Callable[[], bool] = lambda: False,
    *,
    folders: Folders | None = None,
    python: Path | None = None,
) -> Path:
    """Fetch a model into the store unless it is there; takes minutes, never on a GUI thread.

    Args:
        entry_id: Its id in the catalogue.
        report: Told what happens, a few times a second.
        stopped: Asked as often whether the user wants to stop.
        folders: The application's folders.
        python: A Python with pip; this one when ``None``.

    Returns:
        The model's folder, complete.

    Raises:
        BadInputError: The catalogue has no such model.
        OfflineError: The network is not there.
        DiskFullError: There is no room.
        ModelError: It cannot be had, or is not what it should be.
        FetchStopped: The user stopped.
    """
    entry = _entry(entry_id)
    places = folders or user_folders()
    screen = _ToldScreen(report, stopped)
    setup = Setup(screen, Log(places.logs / "fetch.log"), Path(sys.prefix), places.data)
    target = setup.store / entry.folder
    try:
        with SetupLock(places.data / "setup.lock", screen):
            if not model_is_ready(setup.store, entry):
                check_space([(setup.store, needed_bytes(entry))])
                ModelFetch(setup, python or Path(sys.executable), entry).run()
    except failures.NoNetworkError as error:
        raise OfflineError(
            f"{entry.title} could not be fetched: there is no network connection.",
            hint="Connect and try again; what came so far is kept.",
        ) from error
    except failures.DiskFullError as error:
        raise DiskFullError(
            f"There is no room for {entry.title}.",
            hint="Free some space and try again; what came so far is kept.",
            reason=str(error),
        ) from error
    except failures.SetupError as error:
        raise ModelError(
            f"{entry.title} could not be fetched: {error}",
            hint="Try again later.",
            log=str(setup.log.path),
        ) from error
    except OSError as error:
        raise from_os_error(error, target, f"fetching {entry.title}") from error
    return target


def _entry(entry_id: str) -> CatalogEntry:
    catalog = load_catalog()
    entry = catalog.get(entry_id)
    if entry is None:
        raise BadInputError(
            f"There is no model called “{entry_id[:60]}” that can be fetched.",
            hint=f"There are {', '.join(each.id for each in catalog.entries)}.",
        )
    return entry


class _ToldScreen(Screen):
    """Tells a function what happens instead of writing it down."""

    def __init__(self, report: Report, stopped: Callable[[], bool]) -> None:
        super().__init__(io.StringIO())
        self.live = True  # a step then says what it does ten times a second
        self._report = report
        self._stopped = stopped

    def say(self, text: str) -> None:
        """Tell a sentence."""
        self.tell(text, None)

    def tell(self, text: str, fraction: float | None) -> None:
        """Tell what happens, and look whether the user wants to stop."""
        if self._stopped():
            raise FetchStopped
        self._report(text, fraction)

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Tell that something is being done for as long as the block runs."""
        self.tell(title, None)
        yield _ToldStep(self, title)


class _ToldStep(Step):
    def __init__(self, screen: _ToldScreen, title: str) -> None:
        super().__init__(screen, title)
        self._told_screen = screen
        self._title_told = title

    def detail(self, text: str, fraction: float | None = None) -> None:
        """Tell what is being done right now."""
        self._told_screen.tell(
            f"{self._title_told}: {text}" if text else self._title_told, fraction
        )

    def tick(self) -> None:
        """Look whether the user wants to stop."""
        self._told_screen.tell(self._title_told, None)
