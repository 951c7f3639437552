"""“Lend a voice”: a name, a text to read aloud, and what came of it, one step after the other."""

from __future__ import annotations

import html
import re

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.app.context import AppContext
from studio.app.missing_listener import MissingListener
from studio.app.theme.icons import current_palette
from studio.app.theme.manuscript_font import manuscript_font
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space, Type
from studio.app.transcript_job import can_listen
from studio.app.voices.lending import Lending, Step
from studio.app.widgets.error_card import ErrorCard
from studio.app.widgets.icon_label import IconLabel
from studio.app.widgets.listening_bar import ListeningBar
from studio.app.widgets.words import duration, fill_in
from studio.core.errors import StudioError

DIALOG_SIZE = (600, 520)
MAX_NAME = 60
_WORD = re.compile(r"\w+")


class LendDialog(QDialog):
    """Shows :class:`Lending`.

    Attributes:
        lending: What is going on.
        name: Where the speaker's name is typed.
        text: What is to be read.
        bar: How loud it is, how far the check is, or what is missing.
        error: Why the last reading was not taken.
        primary: The one thing to do next.
    """

    lent = Signal(str)
    """Id of a voice that was kept."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.setWindowTitle(self.tr("Lend a voice"))
        self.resize(*DIALOG_SIZE)
        self.lending = Lending(context.bridge, context.voices, self)
        self.bar = ListeningBar(self)
        self._missing = MissingListener(context, self.bar, self.bar.hide, self)
        self.error = ErrorCard()
        self.error.hide()
        self._asked_for_model = False
        self._step = Step.NAME
        self._heading = _words("title")
        self._where = _words("caption")
        self._pages = QStackedWidget()
        for page in (self._name_page(), self._reading_page(), self._done_page()):
            self._pages.addWidget(page)
        self._build()
        self.lending.changed.connect(self.refresh)
        context.bridge.engine_changed.connect(self.refresh)
        self.refresh()
        self.name.setFocus()

    # -- what the user does -------------------------------------------------------------------

    def go_on(self) -> None:
        """Do the one thing that comes next."""
        step = self.lending.step
        if step is Step.NAME:
            self._take_name()
        elif step in (Step.READY, Step.REFUSED):
            self.error.hide()
            self.lending.record_reading()
        elif step is Step.RECORDING:
            self.lending.stop()
        elif step is Step.DONE:
            self.accept()

    def reject(self) -> None:
        """Esc drops what is being recorded or checked; when nothing is, it closes the dialog."""
        if self.lending.step in (Step.STARTING, Step.RECORDING, Step.CHECKING):
            self.lending.cancel()
            return
        super().reject()

    def done(self, result: int) -> None:
        """Close; a reading that was not taken is deleted."""
        self._missing.leave()
        self.lending.close()
        super().done(result)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close whatever goes on; Qt would only ask :meth:`reject`, which drops a recording."""
        self.done(QDialog.DialogCode.Rejected)
        event.accept()

    # -- what is shown ------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what holds now."""
        lending = self.lending
        step = lending.step
        page = {Step.NAME: 0, Step.DONE: 2}.get(step, 1)
        self._pages.setCurrentIndex(page)
        self._heading.setText(self._headings[page])
        words = fill_in(self.tr("Step %1 of 3"), page + 1)
        self._where.setText(words)
        if page == 1 and lending.reading is not None:
            self._show_text(lending.reading.text)
        if page == 2 and lending.record is not None:
            self._done_words.setText(lending.record.consent)
        ready = self._look_for_listener()
        self._show_status()
        self._show_buttons(step, ready)
        if step is not self._step:
            self._step = step
            self._entered(step)

    def _entered(self, step: Step) -> None:
        if step is Step.REFUSED:
            problems, heard = self.lending.problems, self.lending.transcript
            details = fill_in(self.tr("Heard: %1"), heard) if heard else ""
            self.error.show_error(problems[0], " ".join(problems[1:]), details)
        elif step is not Step.NAME:
            self.error.hide()
        if step is Step.NAME:
            self.name.setFocus()
        elif self.primary.isEnabled():
            self.primary.setFocus()
        if step is Step.DONE and self.lending.record is not None:
            self.lent.emit(self.lending.record.id)

    def _look_for_listener(self) -> bool:
        """Return whether somebody can listen; else offer what can."""
        bridge = self._context.bridge
        if can_listen(bridge):
            return True
        state = bridge.state()
        if state is None or not state.ready:
            self.bar.say(bridge.failure or self.tr("The engine is getting ready."))
        elif not self._asked_for_model:
            self._asked_for_model = True
            self._missing.ask()
        return False

    def _show_status(self) -> None:
        lending, cancel = self.lending, (self.tr("Cancel (Esc)"), self.lending.cancel)
        if lending.step is Step.STARTING:
            self.bar.show_level(self.tr("Opening the microphone…"), 0.0, [cancel])
        elif lending.step is Step.RECORDING:
            words = fill_in(self.tr("Recording · %1"), duration(lending.seconds))
            self.bar.show_level(words, lending.level, [cancel])
        elif lending.step is Step.CHECKING:
            job = lending.job
            words = job.words if job is not None else self.tr("Looking at the recording")
            self.bar.show_progress(words, job.fraction if job is not None else None, [cancel])
        elif can_listen(self._context.bridge):
            self.bar.hide()

    def _show_buttons(self, step: Step, ready: bool) -> None:
        words = {
            Step.NAME: self.tr("Show the text"),
            Step.READY: self.tr("Record"),
            Step.REFUSED: self.tr("Read again"),
            Step.DONE: self.tr("Close"),
        }.get(step, self.tr("I have read it"))
        self.primary.setText(words)
        named = bool(self.name.text().strip())
        can = {Step.NAME: ready and named, Step.CHECKING: False, Step.STARTING: False}
        self.primary.setEnabled(can.get(step, ready or step is Step.DONE))
        why = "" if ready else self.tr("A listening model has to check what is read.")
        self.primary.setToolTip(why)
        idle = step in (Step.READY, Step.REFUSED)
        for button in (self.back_button, self.other_button):
            button.setVisible(idle)
        self.close_button.setVisible(step in (Step.NAME, Step.READY, Step.REFUSED))

    def _show_text(self, text: str) -> None:
        """Show the text, with the words that were not heard marked in it."""
        missing = self.lending.missing
        colour = current_palette().bad

        def marked(word: re.Match[str]) -> str:
            if word[0].lower() in missing:
                return f'<u><b style="color:{colour}">{word[0]}</b></u>'
            return word[0]

        # The words of a text hold nothing that HTML knows; what stands between them may.
        parts = re.split(r"(\W+)", text)
        shown = "".join(
            html.escape(part) if index % 2 else _WORD.sub(marked, part)
            for index, part in enumerate(parts)
        )
        self.text.setText(f'<p style="line-height:130%">{shown}</p>')

    # -- the parts ----------------------------------------------------------------------------

    def _name_page(self) -> QWidget:
        self.name = QLineEdit()
        self.name.setMaxLength(MAX_NAME)
        self.name.setAccessibleName(self.tr("Name of the speaker"))
        self.name.setPlaceholderText(self.tr("The speaker's name, as they say it"))
        self.name.setToolTip(self.tr("Stands in the consent and in every file made with the voice"))
        self.name.textChanged.connect(self.refresh)
        why = _words("quiet")
        why.setText(
            self.tr(
                "The speaker reads a short consent aloud, here and now. A listening model on "
                "this computer checks that it was read. The reading is kept with the voice and "
                "is the only sound that is ever cloned; every file made with the voice names it. "
                "The speaker can take the voice back at any time."
            )
        )
        return _page(why, self.name)

    def _reading_page(self) -> QWidget:
        self.text = QLabel()
        self.text.setTextFormat(Qt.TextFormat.RichText)
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.text.setAccessibleName(self.tr("The text to read aloud"))
        self.text.setFont(manuscript_font(Type.MANUSCRIPT))
        card = QFrame()
        set_role(card, "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        inside.addWidget(self.text)
        how = _words("quiet")
        how.setText(
            self.tr("Read it aloud at your usual pace, in a quiet room. It takes about 20 seconds.")
        )
        return _page(how, card)

    def _done_page(self) -> QWidget:
        self._done_words = _words("quiet")
        row = QHBoxLayout()
        row.setSpacing(Space.S)
        row.addWidget(IconLabel("circle-check", "good", Size.ICON), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._done_words, 1)
        what = _words("")
        what.setText(self.tr("This sentence goes into every file that is made with the voice:"))
        holder = QWidget()
        holder.setLayout(row)
        row.setContentsMargins(0, 0, 0, 0)
        return _page(what, holder)

    def _build(self) -> None:
        self._headings = (
            self.tr("Whose voice is it?"),
            self.tr("Read this aloud"),
            self.tr("The voice is kept"),
        )
        self.primary = QPushButton()
        set_role(self.primary, "primary")
        self.primary.setDefault(True)
        self.primary.clicked.connect(self.go_on)
        self.back_button = self._button(self.tr("Another name"), self.lending.back)
        self.other_button = self._button(self.tr("Another text"), self._another_text)
        self.close_button = self._button(self.tr("Cancel"), self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addWidget(self.back_button)
        buttons.addWidget(self.other_button)
        buttons.addStretch()
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.primary)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.XL, Space.XL, Space.XL, Space.L)
        column.setSpacing(Space.M)
        column.addWidget(self._where)
        column.addWidget(self._heading)
        column.addWidget(self._pages, 1)
        column.addWidget(self.error)
        column.addWidget(self.bar)
        column.addLayout(buttons)

    def _button(self, words: str, then: object) -> QPushButton:
        button = QPushButton(words)
        set_role(button, "flat")
        button.setAutoDefault(False)
        button.clicked.connect(then)
        return button

    def _another_text(self) -> None:
        self.error.hide()
        self.lending.another_text()

    def _take_name(self) -> None:
        try:
            self.lending.begin(self.name.text())
        except StudioError as error:
            self.error.show_error(error.user_message, error.hint)


def _page(*widgets: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(Space.M)
    for widget in widgets:
        column.addWidget(widget)
    column.addStretch()
    return page


def _words(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if role:
        set_role(label, role)
    return label
