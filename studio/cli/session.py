"""An engine for one command: started, waited for, closed whatever happens."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from studio.core.errors import BadInputError, StudioError
from studio.core.events import TERMINAL, Event, Failed, Terminal
from studio.core.paths import Folders, user_folders
from studio.core.requests import Request
from studio.core.settings import Settings, SettingsFile
from studio.engine.engine import Engine


def load_settings(folders: Folders) -> tuple[Settings, list[str]]:
    """Return the settings and a sentence for each stored value that could not be used."""
    settings, problems = SettingsFile(folders.settings_file).load()
    return settings, [f"{problem.name}: {problem.message}" for problem in problems]


@contextmanager
def engine_session() -> Iterator[Engine]:
    """Run an engine without a durable queue: what a command started ends with it.

    Yields:
        The engine, once it knows its device, models and plugins.
    """
    from studio.engine.build import build_engine

    folders = user_folders()
    settings, _ = load_settings(folders)
    engine = build_engine(folders, settings, queue_file=None)
    engine.start()
    try:
        engine.wait_until_settled()
        yield engine
    finally:
        engine.close()


def run_to_end(engine: Engine, request: Request, see: Callable[[Event], None]) -> Terminal:
    """Submit the request, show its events, and wait for the one that ends it.

    Ctrl+C asks the job to stop; it then ends with ``Cancelled``.

    Args:
        engine: A started engine.
        request: What to do.
        see: Called for each event, one at a time.
    """
    ended = threading.Event()
    last: list[Terminal] = []
    mine: list[str] = []
    early: list[Event] = []
    lock = threading.Lock()

    def receive(event: Event) -> None:
        with lock:
            if not mine:
                early.append(event)
                return
            _deliver(event)

    def _deliver(event: Event) -> None:
        if event.job_id != mine[0]:
            return
        if isinstance(event, TERMINAL):
            last.append(event)
            ended.set()
        else:
            see(event)

    unsubscribe = engine.subscribe(receive)
    try:
        job_id = engine.submit(request)
        with lock:
            mine.append(job_id)
            for event in early:
                _deliver(event)
        with _stop_on_interrupt(lambda: engine.cancel(job_id)):
            while not ended.wait(0.2):  # a bare wait cannot be interrupted on Windows
                pass
    finally:
        unsubscribe()
    return last[0]


def existing(path: Path) -> Path:
    """Return a file named on the command line.

    Raises:
        BadInputError: It is not there.
    """
    if not path.exists():
        raise BadInputError(f"There is no file {path}.")
    return path


def failure(event: Failed) -> StudioError:
    """Return what went wrong in a job as an error with the same words."""
    kind = BadInputError if event.code == BadInputError.__name__ else StudioError
    return kind(event.message, hint=event.hint, code=event.code)


@contextmanager
def _stop_on_interrupt(cancel: Callable[[], object]) -> Iterator[None]:
    """Turn the first Ctrl+C into a wish to stop; a second one ends the program."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, before)
        cancel()

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
