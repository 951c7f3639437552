"""The library of one window: opened at first use, fed by the engine, closed in order.

Making one imports nothing heavy and opens nothing, so it can be made before the first paint.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.core.errors import StudioError
from studio.core.paths import Folders
from studio.core.settings import Settings

if TYPE_CHECKING:
    from studio.library.embedder import EngineEmbedder
    from studio.library.library import Library, ModelLabel
    from studio.library.meaning import Meaning


class LibraryService:
    """Opens the library once and connects it with the engine. Thread-safe.

    Args:
        folders: The user's folders.
        settings: Says the settings of the moment; asked when the library is opened.
        on_failure: Told, on any thread, when a result could not be kept or the library not be
            opened.
    """

    def __init__(
        self,
        folders: Folders,
        settings: Callable[[], Settings],
        *,
        on_failure: Callable[[StudioError], None] = lambda error: None,
    ) -> None:
        self._folders = folders
        self._settings = settings
        self._on_failure = on_failure
        self._guard = threading.RLock()
        self._library: Library | None = None
        self._engine: Any = None
        self._embedder: EngineEmbedder | None = None
        self._meaning: Meaning | None = None
        self._stop_recording: Callable[[], None] | None = None
        self._closed = self._signs = False

    @property
    def library(self) -> Library:
        """The library, opened and started at first use; not on the GUI thread, if possible.

        Raises:
            StudioError: It cannot be opened, or the window is closing.
        """
        with self._guard:
            if self._closed:
                raise StudioError("The library is closed.")
            if self._library is None:
                from studio.library.opening import open_library

                self._library = open_library(
                    self._folders, self._settings(), model_label=self._label
                )
                self._library.start()
                if self._signs:
                    self._library.upkeep.prepare_to_sign()
            return self._library

    @property
    def meaning(self) -> Meaning | None:
        """Search by meaning; ``None`` until the engine is there. Never waits."""
        return self._meaning

    def attach(self, engine: Any) -> None:
        """Record what this engine makes, and let it read texts for their meaning.

        Call it with the :class:`studio.engine.engine.Engine` on the engine's own thread, before
        the window's bridge gets it, so that results are durable before they are shown as done.
        """
        with self._guard:
            if self._closed or self._engine is not None:
                return
            self._engine = engine
            try:
                library = self.library
            except StudioError as error:
                self._engine = None
                self._on_failure(error)
                return
            from studio.library.embedder import EngineEmbedder
            from studio.library.meaning import Meaning
            from studio.library.recorder import Recorder

            recorder = Recorder(library, on_failure=self._on_failure)
            self._stop_recording = recorder.watch(engine)
            self._embedder = EngineEmbedder(engine)
            self._meaning = Meaning(library, self._embedder)

    def prepare_to_sign(self) -> None:
        """Get ready for results that are signed; returns at once."""
        with self._guard:
            self._signs = True
            if self._library is not None:
                self._library.upkeep.prepare_to_sign()

    def read_for_meaning(self) -> None:
        """Begin to compute vectors in the background; call when the engine knows its models."""
        with self._guard:
            embedder, meaning = self._embedder, self._meaning
        if embedder is not None and meaning is not None:
            embedder.forget_old_jobs()
            meaning.start()
            meaning.wake()

    def close(self) -> None:
        """Stop; call after the engine was closed, so that its last results are kept."""
        with self._guard:
            self._closed = True
            stop, self._stop_recording = self._stop_recording, None
            library, self._library = self._library, None
            embedder, meaning = self._embedder, self._meaning
            self._meaning = None
        if stop is not None:
            stop()
        if embedder is not None:
            embedder.close()
        if meaning is not None:
            meaning.close()
        if library is not None:
            library.close()

    def _label(self, model: str) -> ModelLabel:
        from studio.library.library import ModelLabel

        engine = self._engine
        found = [] if engine is None else [m.info for m in engine.models() if m.info.id == model]
        return ModelLabel(found[0].title, found[0].licence) if found else ModelLabel()
