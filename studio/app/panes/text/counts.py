"""The line below the prompt: words, characters, tokens, and how fast the model writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from studio.app.bridge import EngineBridge
from studio.app.panes.text.float_bar import status_words
from studio.app.panes.text.take import Take
from studio.app.panes.text.writing_options import WritingOptions
from studio.app.theme.style import set_role, tabular
from studio.documents.manuscript.counting import count_words
from studio.documents.manuscript.manuscript import Manuscript

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor


WORDS_MS = 120
TOKENS_MS = 700
#: Longer texts are not counted in tokens: no model here sees as much.
MOST_COUNTED = 200_000


class CountsLine(QWidget):
    """Counts one manuscript; words at once, tokens when the writer pauses."""

    _counted = Signal(int, object)

    def __init__(
        self,
        bridge: EngineBridge,
        options: WritingOptions,
        manuscript: Manuscript,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._options = options
        self._manuscript = manuscript
        self._selection = (0, 0)
        self._take: Take | None = None
        self._tokens: int | None = None
        self._pool: ThreadPoolExecutor | None = None
        self.words = QLabel()
        self.speed = QLabel()
        for label in (self.words, self.speed):
            set_role(label, "caption")
            label.setFont(tabular(label.font()))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.words)
        row.addStretch()
        row.addWidget(self.speed)
        self._word_timer = self._timer(WORDS_MS, self.refresh)
        self._token_timer = self._timer(TOKENS_MS, self._count_tokens)
        self._counted.connect(self._on_counted)
        options.changed.connect(self._token_timer.start)
        self.refresh()

    def _timer(self, interval_ms: int, then: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(then)
        return timer

    def touched(self) -> None:
        """Say that the manuscript changed."""
        if not self._word_timer.isActive():
            self._word_timer.start()
        self._token_timer.start()

    def set_selection(self, start: int, end: int) -> None:
        """Count what is selected, too."""
        self._selection = (start, end)
        if not self._word_timer.isActive():
            self._word_timer.start()

    def set_take(self, take: Take | None) -> None:
        """Show how the model gets on."""
        self._take = take
        self.speed.setText(self._speed())

    def refresh(self) -> None:
        """Count words and characters now."""
        number = _number
        start, end = self._selection
        words = number(self._manuscript.word_count)
        parts = [_plural(self.tr("%1 words"), self.tr("1 word"), words)]
        if start != end:
            chosen = number(count_words(self._manuscript.text[start:end]))
            parts[0] = self.tr("%1 of %2 words selected").replace("%1", chosen)
            parts[0] = parts[0].replace("%2", words)
        characters = number(len(self._manuscript.text))
        parts.append(self.tr("%1 characters").replace("%1", characters))
        tokens = "–" if self._tokens is None else number(self._tokens)
        parts.append(self.tr("%1 tokens").replace("%1", tokens))
        self.words.setText(" · ".join(parts))
        self.words.setToolTip(
            self.tr("Tokens are the pieces a model reads; “–” while no model is loaded.")
        )

    def _speed(self) -> str:
        take = self._take
        if take is None:
            return ""
        if take.running:
            return status_words(take)
        if take.tokens_per_s:
            rate = f"{take.tokens_per_s:.0f}"
            return self.tr("%1 tokens per second").replace("%1", rate)
        return ""

    def _count_tokens(self) -> None:
        text, revision = self._manuscript.text, self._manuscript.revision
        if len(text) > MOST_COUNTED:
            self._on_counted(revision, None)
            return
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor

            self._pool = ThreadPoolExecutor(1, "counting tokens")
        model = self._options.model
        future = self._pool.submit(self._bridge.count_tokens, text, model)
        future.add_done_callback(lambda done: self._hand_over(revision, done))

    def _hand_over(self, revision: int, done: Future[int | None]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._counted.emit(revision, done.result())

    def _on_counted(self, revision: int, tokens: object) -> None:
        if revision == self._manuscript.revision:
            self._tokens = tokens if isinstance(tokens, int) else None
            self.refresh()

    def close_counting(self) -> None:
        """End the thread that counts."""
        self._token_timer.stop()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None


def _plural(many: str, one: str, number: str) -> str:
    return one if number == "1" else many.replace("%1", number)


def _number(value: int) -> str:
    """Return a count with its thousands set apart, in the way of the user's language."""
    locale = QLocale()
    if locale.language() == QLocale.Language.C:
        locale = QLocale(QLocale.Language.English)
    return locale.toString(value)
