"""What begins just after the first paint, on a thread: the engine with everything it imports."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from studio.app.bridge import EngineBridge
from studio.core.errors import StudioError
from studio.core.paths import Folders
from studio.core.settings import Settings

if TYPE_CHECKING:
    from studio.engine.engine import Engine
    from studio.library.service import LibraryService

log = logging.getLogger(__name__)

EngineMaker = Callable[[], "Engine"]


def engine_maker(
    folders: Folders, settings: Settings, *, queue_file: Path | None, safe_mode: bool
) -> EngineMaker:
    """Return what makes the engine; nothing of it is imported before it is called."""

    def make() -> Engine:
        from studio.engine.build import build_engine

        return build_engine(folders, settings, queue_file=queue_file, safe_mode=safe_mode)

    return make


class EngineStarter:
    """Makes the engine on a thread, hands it to the bridge, and ends it with the program.

    The library hears of results before the window does: what is shown as done is on disk.
    """

    def __init__(self, make: EngineMaker, bridge: EngineBridge, library: LibraryService) -> None:
        self._make = make
        self._library = library
        self._bridge = bridge
        self._engine: Engine | None = None
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engine-start")

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self, timeout_s: float = 5.0) -> None:
        """End the engine, also one that is just being made."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()
        if self._engine is not None:
            self._engine.close(timeout_s)

    def _run(self) -> None:
        try:
            engine = self._make()
            if self._closing.is_set():
                return
            self._engine = engine
            engine.start()
            self._library.attach(engine)
        except StudioError as error:
            log.error("The engine did not start: %s", error.sentence())
            self._bridge.fail(error.sentence(), traceback.format_exc())
        except Exception as error:
            # A broken installation shows here; the window stays, the hook logs and shows it.
            self._bridge.fail(f"The engine did not start: {error}", traceback.format_exc())
            raise
        else:
            self._bridge.attach(engine)
