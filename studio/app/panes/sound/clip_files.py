"""Clips as files: saved where the user says, dragged out of the window, or written down."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.panes.sound.sound_session import SoundSession

_LONGEST_NAME = 60


class ClipFiles(QObject):
    """Writes single clips, with their gain and fades, in the background.

    Args:
        context: The window's services.
        worker: Where files are written.
        parent: Dialogs and drags begin here.
    """

    #: A sound file whose words shall become a text.
    words_wanted = Signal(Path)

    def __init__(self, context: AppContext, worker: Background, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._worker = worker
        self._widget = parent
        self._passing: tempfile.TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Remove the files that were only passed on."""
        if self._passing is not None:
            self._passing.cleanup()

    def ask(self, session: SoundSession, clip_id: str) -> None:
        """Ask for a file and write a clip to it."""
        kinds = "FLAC (*.flac);;WAV (*.wav);;Ogg (*.ogg);;Opus (*.opus);;MP3 (*.mp3)"
        suggested = self._name(session, clip_id)
        name, _ = QFileDialog.getSaveFileName(self._widget, self.tr("Save clip"), suggested, kinds)
        if name:
            self.save(session, clip_id, Path(name))

    def save(self, session: SoundSession, clip_id: str, target: Path) -> None:
        """Write a clip to a file, marked and signed; in the background."""
        from studio.documents.soundtrack.formats import FORMATS

        if target.suffix.lower() not in {each.suffix for each in FORMATS}:
            target = target.with_name(f"{target.name}.flac")
        words = self.tr("%1 is written.").replace("%1", target.name)
        notify = self._context.notify
        self._write(session, clip_id, target, lambda: notify.success(words))

    def drag_out(self, session: SoundSession, clip_id: str) -> None:
        """Write a clip and let another program take the file, while the button is held."""
        target = self._passed_on(session, clip_id)
        self._write(session, clip_id, target, partial(self._begin_drag, target))

    def write_down(self, session: SoundSession, clip_id: str) -> None:
        """Write a clip and ask for what is said in it, as a text."""
        target = self._passed_on(session, clip_id)
        self._write(session, clip_id, target, lambda: self.words_wanted.emit(target))

    def _begin_drag(self, target: Path) -> None:
        if QApplication.mouseButtons() & Qt.MouseButton.LeftButton:
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(str(target))])
            drag = QDrag(self._widget)
            drag.setMimeData(data)
            drag.exec(Qt.DropAction.CopyAction)

    def _write(
        self, session: SoundSession, clip_id: str, target: Path, then: Callable[[], object]
    ) -> None:
        from studio.core.provenance.keys import installation_key
        from studio.documents.soundtrack.export import export_clip
        from studio.documents.soundtrack.formats import FORMATS, ExportOptions

        pool = session.place.pool
        assert pool is not None
        known = {each.suffix: each.id for each in FORMATS}
        options = ExportOptions(format=known[target.suffix.lower()])
        arrangement, keys = session.soundtrack.arrangement, self._context.folders.credentials
        models = {each.info.id: each.info for each in self._context.bridge.models()}

        def facts(model: str) -> tuple[str, str]:
            info = models.get(model)
            return (info.title, info.licence) if info is not None else ("", "")

        def work() -> object:
            key = installation_key(keys)
            return export_clip(
                arrangement, pool, clip_id, target, options, key=key, model_facts=facts
            )

        self._worker.run(work, lambda _: then(), self._context.notify.error)

    def _passed_on(self, session: SoundSession, clip_id: str) -> Path:
        """Return a file that is there as long as the window."""
        if self._passing is None:
            self._passing = tempfile.TemporaryDirectory(prefix="triptych-clips-")
        folder = Path(tempfile.mkdtemp(dir=self._passing.name))
        return folder / self._name(session, clip_id)

    def _name(self, session: SoundSession, clip_id: str) -> str:
        plain = "".join(
            "-" if each in '/\\:*?"<>|' or ord(each) < 32 else each
            for each in session.soundtrack.clip(clip_id).name[:_LONGEST_NAME]
        )
        return f"{plain.strip(' .-') or self.tr('Clip')}.flac"
