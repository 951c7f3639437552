"""Opens and saves text files on a thread of its own, so that a slow drive stalls nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.app.panes.text.file_link import FileLink
from studio.core.errors import StudioError
from studio.documents.textfile import read_text_file

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor


class FileChangedError(StudioError):
    """Another program changed the file since we read it; nothing was written."""


class TextFiles(QObject):
    """Reads and writes one file at a time; answers come as calls on the GUI thread."""

    _done = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool: ThreadPoolExecutor | None = None
        self._done.connect(self._deliver)
        self.pending = 0

    def read(
        self,
        path: Path,
        then: Callable[[Any], object],
        otherwise: Callable[[StudioError], object],
    ) -> None:
        """Read a text file; ``then`` gets the ``TextFile``, ``otherwise`` the error."""
        self._run(lambda: read_text_file(path), then, otherwise)

    def write(
        self,
        link: FileLink,
        text: str,
        then: Callable[[Any], object],
        otherwise: Callable[[StudioError], object],
        *,
        force: bool = False,
    ) -> None:
        """Write a file; ``then`` gets its new link and a notice.

        Without ``force``, a file that another program changed is left alone and ``otherwise``
        gets a :class:`FileChangedError`.
        """

        def work() -> tuple[FileLink, str]:
            if not force and link.changed_outside():
                raise FileChangedError(
                    f"{link.path.name} was changed by another program.",
                    hint="Overwrite it, save under another name, or read it anew.",
                    path=str(link.path),
                )
            return link.written(text)

        self._run(work, then, otherwise)

    def close(self) -> None:
        """Wait until everything is written."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None

    def _run(
        self,
        work: Callable[[], object],
        then: Callable[[Any], object],
        otherwise: Callable[[StudioError], object],
    ) -> None:
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(1, "text files")
        self.pending += 1
        future = self._pool.submit(work)
        future.add_done_callback(lambda done: self._done.emit(done, (then, otherwise)))

    def _deliver(self, done: Future[object], calls: tuple[Any, Any]) -> None:
        self.pending -= 1
        try:
            result = done.result()
        except StudioError as error:
            calls[1](error)
            return
        calls[0](result)
