"""What is said where a listening model is missing, with the button that brings one here."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QLocale, QObject

from studio.app.context import AppContext
from studio.app.models_page import size_words
from studio.app.transcript_job import can_listen
from studio.app.widgets.listening_bar import ListeningBar
from studio.app.widgets.words import fill_in

ENGLISH, MANY_LANGUAGES = "whisper-tiny.en", "whisper-base"
MODELS_ACTION = "help.models"


class MissingListener(QObject):
    """Offers a model in a bar, follows its fetch there, and says when it can be used.

    Args:
        context: The window's services.
        bar: Where it is said.
        ready: Called once the engine has a listening model after all.
        parent: Qt's owner.
    """

    def __init__(
        self,
        context: AppContext,
        bar: ListeningBar,
        ready: Callable[[], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._bar = bar
        self._ready = ready
        english = QLocale().language() in (QLocale.Language.English, QLocale.Language.C)
        self.entry_id = ENGLISH if english else MANY_LANGUAGES
        self._asked = False
        self._seen = False

    def ask(self) -> None:
        """Say that a model is missing, or how far one is on its way."""
        fetches = self._context.fetches
        if not self._asked:
            self._asked = True
            fetches.changed.connect(self._show)
            self._context.bridge.engine_changed.connect(self._look)
            self._bar.closed.connect(self.leave)
            fetches.look()
        self._seen = True
        self._show()

    def leave(self) -> None:
        """Say no more in the bar; a fetch goes on."""
        self._seen = False

    def _show(self) -> None:
        if not self._seen:
            return
        fetches, entry_id = self._context.fetches, self.entry_id
        progress, failure = fetches.progress(entry_id), fetches.failure(entry_id)
        if progress is not None:
            stop = (self.tr("Stop"), lambda: fetches.stop(entry_id))
            self._bar.show_progress(progress.words, progress.fraction, [stop])
            return
        offer = fetches.offer(entry_id)
        choices: list[tuple[str, Callable[[], object]]] = []
        if offer is not None and not offer.here:
            words = fill_in(self.tr("Get it (%1)"), size_words(offer.entry.download_bytes))
            choices.append((words, lambda: fetches.get(entry_id)))
        actions = self._context.actions
        if any(spec.id == MODELS_ACTION for spec in actions.all()):
            choices.append((self.tr("Other models…"), lambda: actions.run(MODELS_ACTION)))
        if failure is not None:
            said = f"{failure.user_message} {failure.hint}".strip()
            self._bar.say(said, choices, bad=True)
        elif offer is not None and offer.here:
            self._bar.say(self.tr("The listening model is here and is being looked at."), choices)
        else:
            self._bar.say(self.tr("To listen, Triptych needs a listening model."), choices)

    def _look(self) -> None:
        if self._seen and can_listen(self._context.bridge):
            self._seen = False
            self._ready()
