"""The time machine: scrub through everything that happened to a document, and go back.

It lies over the work while it is open. Left and Right go step by step, Up and Down row by row,
Enter restores, Esc closes. The project is read on a thread of its own; only the newest state
asked for is ever shown. See packaging/docs/decisions/0085-the-time-machine.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import (
    QEvent,
    QObject,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QWidget,
)

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.documents_pane import DocumentsPane, Front
from studio.app.history_frame import HistoryFrame
from studio.app.history_reader import Moment, Past, read_deleted, read_moment, read_past
from studio.app.history_rows import Row
from studio.app.history_side import DELETED, MOMENTS, STEPS
from studio.app.history_words import steps_words
from studio.app.theme.tokens import Size
from studio.app.widgets.dates import when
from studio.app.widgets.words import fill_in
from studio.core.errors import StudioError

TABS = {"steps": STEPS, "moments": MOMENTS, "deleted": DELETED}


class HistoryPanel(HistoryFrame):
    """Shows the past of the document in front, over the work."""

    closed = Signal()
    past_shown = Signal()
    """The list was read and is shown."""
    moment_shown = Signal()
    """A state is shown."""

    def __init__(
        self,
        context: AppContext,
        parent: QWidget,
        pane_of: Callable[[str], DocumentsPane] | None = None,
    ) -> None:
        """Make the panel.

        Args:
            context: The window's services.
            parent: What it lies over.
            pane_of: Returns the pane for documents of a kind; ``None``: the one it is opened for.
        """
        super().__init__(context, parent)
        self._pane_of = pane_of
        self._context = context
        self._over = parent
        self._pane: DocumentsPane | None = None
        self._front = Front(None, "", "", "")
        self._past = Past()
        self._moment: Moment | None = None
        self._chosen: Row | None = None
        self.reading = Background("history", self)
        self.strip.valueChanged.connect(self._on_strip)
        self.close_wanted.connect(self.close_panel)
        self.step_wanted.connect(self.step)
        self.branch_button.clicked.connect(self.branch)
        self.restore_button.clicked.connect(self.restore)
        self.side.tab_chosen.connect(self.show_list)
        self.side.row_chosen.connect(self._on_row)
        self.side.name_wanted.connect(self.name_moment)
        self.side.forget_wanted.connect(self.forget_moment)
        for view in self.side.lists:
            view.installEventFilter(self)
        parent.installEventFilter(self)
        self.hide()

    # -- opening and closing ------------------------------------------------------------------

    def open_for(self, pane: DocumentsPane, tab_name: str = "steps") -> None:
        """Show the past of the pane's document in front.

        Args:
            pane: Whose document.
            tab_name: "steps", "moments" or "deleted".
        """
        tab = TABS[tab_name]
        self._pane = pane
        pane.keep_now()
        self._front = pane.front
        self.title.setText(fill_in(self.tr("History of “%1”"), self._front.title))
        self.show_list(tab)
        self._place()
        self.show()
        self.raise_()
        self.side.lists[tab].setFocus()
        self._read()

    def close_panel(self) -> None:
        """Give the work back."""
        self.reading.drop("moment")
        self.hide()
        self.closed.emit()

    def close_reading(self) -> None:
        """End the thread; for the end of the window."""
        self.reading.close()

    @property
    def front(self) -> Front:
        """The document whose past is shown."""
        return self._front

    @property
    def past(self) -> Past:
        """What was read last."""
        return self._past

    @property
    def moment(self) -> Moment | None:
        """The state that is shown."""
        return self._moment

    def _read(self) -> None:
        project = self._front.project
        if project is None:
            self._show_past(Past())
            return
        work = partial(read_past, project, self._front.document_id)
        self.reading.run_newest("past", work, self._show_past, self._say)

    def _show_past(self, past: Past) -> None:
        self._past = past
        if past.trouble is not None:
            self._context.notify.error(past.trouble)
        self.strip.set_entries(past.entries)
        budget_mb = self._context.settings.value.files.history_budget_mb
        self.side.show_past(past, budget_mb if self._front.project is not None else 0)
        self.show_list(self.side.tab)
        self.past_shown.emit()

    # -- choosing -----------------------------------------------------------------------------

    def show_list(self, tab: int) -> None:
        """Show the changes, the named moments or the deleted documents."""
        self.side.show_tab(tab)
        if self.isHidden():
            return
        if tab == STEPS:
            self._on_strip(self.strip.value())
        else:
            self._on_row(self.side.choose_first())

    def step(self, by: int) -> None:
        """Go some steps back or on."""
        self.strip.setValue(self.strip.value() + by)

    def _on_strip(self, entry: int) -> None:
        """Show a step, and its row."""
        entries = self._past.entries
        if not 0 <= entry < len(entries):
            self._show_nothing()
            return
        if self.side.tab != STEPS:
            self.side.show_tab(STEPS)
        self._chosen = self.side.choose_entry(entry)
        self._ask(entries[entry].sequence)
        self._show_place(entry)

    def _on_row(self, row: Row | None) -> None:
        self._chosen = row
        if row is None:
            self._show_nothing()
        elif row.kind == "deleted":
            self._ask_deleted(row.id)
            words = fill_in(self.tr("%1  ·  deleted %2"), row.label, when(row.at).lower())
            self.when_label.setText(words)
            self.place_label.setText("")
        elif self.side.tab == STEPS:
            self.strip.setValue(row.last)
        else:
            self._ask(self._past.snapshots[row.first].sequence)
            self._show_named(row)

    def _ask(self, sequence: int) -> None:
        project, document_id = self._front.project, self._front.document_id
        assert project is not None
        work = partial(read_moment, project, document_id, sequence)
        self.reading.run_newest("moment", work, self._show_moment, self._say)

    def _ask_deleted(self, document_id: str) -> None:
        project = self._front.project
        assert project is not None
        work = partial(read_deleted, project, document_id)
        self.reading.run_newest("moment", work, self._show_moment, self._say)

    # -- showing ------------------------------------------------------------------------------

    def _show_moment(self, moment: Moment) -> None:
        self._moment = moment
        if moment.readable:
            self.pages.setCurrentWidget(self.preview)
            self.preview.show_comparison(moment.comparison)
        elif moment.picture is not None:
            self.pages.setCurrentWidget(self.picture)
            self.picture.show_picture(moment.picture)
        else:
            words = self.tr("It can be restored, but not shown as text.")
            self._show_empty(self.tr("No preview"), words)
        found = moment.comparison
        deleted = self._chosen is not None and self._chosen.kind == "deleted"
        self.back_label.setText(
            fill_in(self.tr("+ %1 words come back"), found.words_then) if found.words_then else ""
        )
        self.gone_label.setText(
            fill_in(self.tr("− %1 words would go"), found.words_now) if found.words_now else ""
        )
        same = (moment.unchanged or (moment.readable and found.same)) and not deleted
        self.note_label.setText(self.tr("The same as now") if same else "")
        self._refresh_buttons()
        self.moment_shown.emit()

    def _show_place(self, entry: int) -> None:
        entries = self._past.entries
        words = when(entries[entry].at)
        self.when_label.setText(f"{words}  ·  {entries[entry].label}")
        if entry == len(entries) - 1:
            self.place_label.setText(fill_in(self.tr("Now, after %1"), steps_words(len(entries))))
        else:
            self.place_label.setText(
                fill_in(self.tr("Step %1 of %2"), f"{entry + 1:,}", f"{len(entries):,}")
            )

    def _show_named(self, row: Row) -> None:
        self.when_label.setText(f"{when(row.at)}  ·  {row.label}")
        self.place_label.setText("")

    def _show_nothing(self) -> None:
        self._moment = None
        for label in (
            self.when_label,
            self.back_label,
            self.gone_label,
            self.note_label,
            self.place_label,
        ):
            label.setText("")
        if self.side.tab == STEPS:
            self._show_empty(
                self.tr("Nothing has happened here yet"),
                self.tr("Everything you write is kept, and can be gone through here later."),
            )
        else:
            self._show_empty(
                self.tr("Nothing is chosen"), self.tr("Choose a line on the right to see it.")
            )
        self._refresh_buttons()

    def _show_empty(self, title: str, sentence: str) -> None:
        self.empty.title.setText(title)
        self.empty.sentence.setText(sentence)
        self.pages.setCurrentWidget(self.empty)

    def _why_not(self) -> str:
        """Return why nothing can be changed; "" when it can."""
        project = self._front.project
        if project is None or self._moment is None:
            return self.tr("There is nothing to restore.")
        if project.read_only:
            return self.tr("The project is open to read only.")
        return ""

    def _refresh_buttons(self) -> None:
        why = self._why_not()
        deleted = self._chosen is not None and self._chosen.kind == "deleted"
        moment = self._moment
        same = moment is not None and (
            moment.unchanged or (moment.readable and moment.comparison.same)
        )
        reason = why or (self.tr("This is how it is now.") if same and not deleted else "")
        words = self.tr("Restore document") if deleted else self.tr("Restore this state")
        self.restore_button.setText(words)
        self.restore_button.setEnabled(not reason)
        self.restore_button.setToolTip(reason or f"{words} (Enter)")
        self.branch_button.setVisible(not deleted)
        self.branch_button.setEnabled(not why)
        self.branch_button.setToolTip(why or self.tr("Make a new document of this state"))
        can_write = self._front.project is not None and not self._front.project.read_only
        self.side.set_can_write(can_write)
        for button, limit in zip(self.steppers, (0, self.strip.maximum()), strict=True):
            button.setEnabled(self.side.tab == STEPS and self.strip.value() != limit)
        self.strip.setEnabled(bool(self._past.entries))
        self.marks.setEnabled(self._moment is not None and not deleted)

    # -- doing --------------------------------------------------------------------------------

    def restore(self) -> None:
        """Make the document what is shown, or bring the deleted document back."""
        moment, pane, project = self._moment, self._pane, self._front.project
        if not self.restore_button.isEnabled() or moment is None or pane is None:
            return
        assert project is not None
        if self._chosen is not None and self._chosen.kind == "deleted":
            self._bring_back(self._chosen)
            return
        document_id, title = self._front.document_id, self._front.title
        now = project.document(document_id)
        before = project.text(document_id) if now.kind == "text" else project.state(document_id)
        label = fill_in(self.tr("Back to %1"), self.when_label.text().partition("  ·")[0])
        if moment.state is None:
            return
        if not self._guarded(partial(pane.go_back, project, document_id, moment.state, label)):
            return
        self.close_panel()

        def undo() -> None:
            if before is not None:
                words = self.tr("Undo: go back in time")
                self._guarded(partial(pane.go_back, project, document_id, before, words))

        words = fill_in(self.tr("“%1” is as it was: %2."), title, label.lower())
        self._context.notify.success(words, actions=[(self.tr("Undo"), undo)])

    def branch(self) -> None:
        """Make a new document of the state that is shown."""
        moment, pane, project = self._moment, self._pane, self._front.project
        if not self.branch_button.isEnabled() or moment is None or pane is None:
            return
        assert project is not None
        title = fill_in(self.tr("%1 (earlier)"), self._front.title)
        sequence = moment.sequence
        work = partial(project.branch, self._front.document_id, sequence, title)

        def show(document_id: str) -> None:
            self.close_panel()
            pane.open_document(project, document_id)

        self.reading.run(work, show, self._say)

    def name_moment(self, name: str) -> None:
        """Give the present a name; it stays whatever happens to the rest of the history."""
        project = self._front.project
        if project is not None:
            self.reading.run(
                lambda: project.snapshot(name).result(), lambda _: self._read(), self._say
            )

    def forget_moment(self) -> None:
        """Take the chosen moment's name away; its state stays in the history."""
        row, project = self._chosen, self._front.project
        if row is None or row.kind != "moment" or project is None or self.side.tab != MOMENTS:
            return
        sequence = self._past.snapshots[row.first].sequence
        work: Callable[[], object] = lambda: project.delete_snapshot(sequence).result()  # noqa: E731
        self.reading.run(work, lambda _: self._read(), self._say)

    def _bring_back(self, row: Row) -> None:
        pane, project = self._pane, self._front.project
        assert pane is not None and project is not None
        if self._guarded(partial(project.restore_document, row.id)):
            self.close_panel()
            if self._pane_of is not None:
                pane = self._pane_of(project.document(row.id).kind)
            pane.open_document(project, row.id)
            self._context.notify.success(fill_in(self.tr("“%1” is back."), row.label))

    def _guarded(self, action: Callable[[], object]) -> bool:
        try:
            action()
        except StudioError as error:
            self._say(error)
            return False
        return True

    def _say(self, error: StudioError) -> None:
        self._context.notify.error(error)

    # -- Qt's hooks ---------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scrub, restore and close with the keys."""
        if not self._key(event):
            super().keyPressEvent(event)

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self.close_panel()
        elif self.side.name_field.hasFocus():
            return False
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.restore()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.side.tab == STEPS:
            self.step(-1 if key == Qt.Key.Key_Left else 1)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            view = self.side.lists[self.side.tab]
            view.setFocus()
            view.keyPressEvent(event)
        else:
            return False
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size; take the keys that the lists would use for themselves."""
        if watched is self._over and event.type() == QEvent.Type.Resize:
            self._place()
        elif watched in self.side.lists and isinstance(event, QKeyEvent):
            sideways = event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right)
            enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape)
            if event.type() == QEvent.Type.KeyPress and (sideways or enter):
                return self._key(event)
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        """Lie over everything between rail and status line."""
        left, bottom = Size.RAIL + 1, self._over.height() - Size.STATUS - 1
        self.setGeometry(left, 0, self._over.width() - left, bottom)
