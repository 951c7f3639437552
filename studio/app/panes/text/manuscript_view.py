"""One manuscript on screen: the editor, what a model writes into it, and the prompt below."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from studio.app.context import AppContext
from studio.app.panes.text.alternatives import Alternatives
from studio.app.panes.text.alternatives_panel import AlternativesPanel
from studio.app.panes.text.counts import CountsLine
from studio.app.panes.text.editor_menu import editor_menu
from studio.app.panes.text.find_bar import FindBar
from studio.app.panes.text.float_bar import FloatBar
from studio.app.panes.text.generation import Generation, Phase, Wish
from studio.app.panes.text.journal import ManuscriptJournal, Target
from studio.app.panes.text.manuscript_editor import ManuscriptEditor
from studio.app.panes.text.over_text import OverText
from studio.app.panes.text.rewrite_menu import rewrite_menu
from studio.app.panes.text.take import Accepted
from studio.app.panes.text.wishes import continue_wish, rewrite_wish
from studio.app.panes.text.writing_options import WritingOptions
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.empty_state import EmptyState
from studio.app.widgets.error_card import ErrorCard
from studio.app.widgets.prompt_bar import PromptBar
from studio.core.errors import StudioError
from studio.core.requests import TextRequest
from studio.documents.manuscript.manuscript import Manuscript
from studio.documents.manuscript.rewrites import Catalogue, Rewrite
from studio.documents.project import Project

PROMPT_WIDTH = 760
EXAMPLE = "Write the opening of a story about a lighthouse keeper who finds a letter in the sand."


class ManuscriptView(QWidget):
    """Binds one manuscript to its project, its editor and the engine."""

    changed = Signal()
    """Text, selection or what can be done is different now."""
    files_dropped = Signal(list)
    open_wanted = Signal()

    def __init__(
        self,
        context: AppContext,
        options: WritingOptions,
        catalogue: Catalogue,
        manuscript: Manuscript,
        target: Target,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._options = options
        self._catalogue = catalogue
        self.manuscript = manuscript
        self.journal = ManuscriptJournal(target, manuscript, self)
        self.generation = Generation(context.bridge, self)
        self.alternatives = Alternatives(context.bridge, self)
        self.editor = ManuscriptEditor(
            context.theme, context.settings.value.appearance.manuscript_font_px
        )
        self.find_bar = FindBar(self.editor)
        self.float_bar = FloatBar(self.generation, context.settings, self.editor)
        self.panel = AlternativesPanel(self.alternatives, context.settings, self.editor)
        self.error_card = ErrorCard(parent=self)
        self.error_card.hide()
        self.prompt = PromptBar(
            self.tr("Continue"), self.tr("What should happen next?"), self, allow_empty=True
        )
        self.counts = CountsLine(context.bridge, options, manuscript, self)
        self._make_prompt_tools()
        self._empty = self._make_empty()
        self._over = OverText(self.editor, self.generation, self.float_bar, self.panel, self._empty)
        self._lay_out()
        self._connect()
        self.editor.set_manuscript(manuscript)
        self.refresh()

    # -- parts --------------------------------------------------------------------------------

    def _make_prompt_tools(self) -> None:
        self._rewrite_button = QPushButton(self.tr("Rewrite"))
        self._rewrite_button.setIcon(icon("wand-sparkles"))
        self._rewrite_button.setToolTip(self.tr("Select text to rewrite it (Ctrl+Shift+R)"))
        self._rewrite_button.clicked.connect(self.open_rewrite_menu)
        self._alternatives_button = QPushButton(self.tr("Alternatives"))
        self._alternatives_button.setIcon(icon("columns-2"))
        self._alternatives_button.setToolTip(
            self.tr("Write several takes side by side and choose (Ctrl+Alt+Enter)")
        )
        self._alternatives_button.clicked.connect(self.ask_alternatives)
        for button in (self._rewrite_button, self._alternatives_button):
            button.setIconSize(QSize(*Size.ICON_AND_GAP))
            set_role(button, "flat")
            self.prompt.leading.addWidget(button)

    def _make_empty(self) -> EmptyState:
        empty = EmptyState(
            self.tr("Write, and let a model write along"),
            self.tr(
                "Type here, then press Ctrl+Enter and the text goes on at the cursor. "
                "Or say below what should be written."
            ),
            (self.tr("Try an example"), self.run_example),
            (self.tr("Open a text…"), self.open_wanted.emit),
            self.editor.viewport(),
            icon_name="feather",
        )
        empty.installEventFilter(self)
        return empty

    def _lay_out(self) -> None:
        below = QVBoxLayout()
        below.setSpacing(Space.XS)
        below.addWidget(self.error_card)
        below.addWidget(self.prompt)
        below.addWidget(self.counts)
        column = QWidget()
        column.setLayout(below)
        below.setContentsMargins(0, 0, 0, 0)
        column.setMaximumWidth(PROMPT_WIDTH)
        row = QHBoxLayout()
        row.setContentsMargins(Space.XL, 0, Space.XL, Space.S)
        row.addStretch(1)
        row.addWidget(column, 20)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(Space.S)
        layout.addWidget(self.find_bar)
        layout.addWidget(self.editor, 1)
        layout.addLayout(row)
        self.setFocusProxy(self.editor)

    def _connect(self) -> None:
        editor, generation = self.editor, self.generation
        editor.edited.connect(self._on_edited)
        editor.selectionChanged.connect(self._on_selection)
        editor.generate_wanted.connect(self.generate)
        editor.accept_wanted.connect(self.accept)
        editor.reject_wanted.connect(self.reject)
        editor.step_wanted.connect(generation.step)
        editor.files_dropped.connect(self.files_dropped)
        for widget in (editor, editor.viewport()):  # keys ask the one for a menu, a mouse the other
            widget.installEventFilter(self)
        generation.shown.connect(editor.show_pending)
        generation.added.connect(editor.add_pending)
        generation.changed.connect(self._on_generation)
        generation.closed.connect(editor.clear_pending)
        bar = self.float_bar
        bar.accept_wanted.connect(self.accept)
        bar.reject_wanted.connect(self.reject)
        bar.another_wanted.connect(self.another)
        bar.step_wanted.connect(generation.step)
        self.panel.taken.connect(self.take_alternative)
        self.panel.dropped.connect(self.drop_alternatives)
        self.alternatives.listed.connect(self.refresh)
        self.alternatives.written.connect(lambda _: self.refresh())
        self.prompt.submitted.connect(lambda _: self.generate())
        self.prompt.stop_requested.connect(self.reject)
        self.prompt.text_changed.connect(self.refresh)
        self.prompt.edit.installEventFilter(self)
        self._options.changed.connect(self.refresh)
        self._context.settings.changed.connect(self._on_setting)
        self.journal.refused.connect(self._context.notify.error)

    # -- what can be done ---------------------------------------------------------------------

    @property
    def has_selection(self) -> bool:
        """Whether more than space is selected."""
        start, end = self.editor.selection()
        return bool(self.manuscript.text[start:end].strip())

    def generate(self) -> None:
        """Do what the primary button says."""
        if self.editor.isReadOnly():
            return
        if self.alternatives.active:
            self.alternatives.another()
        elif self.generation.phase is Phase.PENDING and not self.has_selection:
            self.another()
        elif self.generation.running:
            return
        elif self.has_selection and not self.prompt.text().strip():
            self.open_rewrite_menu()
        elif self.has_selection:
            self.rewrite(self.prompt.text())
        else:
            self.continue_here()

    def continue_here(self) -> None:
        """Let the model write at the cursor."""
        at = self.editor.selection()[1]
        self._begin(lambda: self._continue_wish(at), at, at)

    def rewrite(self, told: str, ready: Rewrite | None = None, choice: str = "") -> None:
        """Let the model write the selection anew, by an instruction in words or a ready one."""
        span = self.editor.selection()
        self._begin(lambda: self._rewrite_wish(span, told, ready, choice), *span)

    def rewrite_ready(self, ready: Rewrite, choice: str = "") -> None:
        """Let the model do one of the ready things with the selection."""
        self.rewrite(ready.told(choice), ready, choice)

    def another(self) -> None:
        """Ask for another take of what waits."""
        self._guarded(self.generation.another)

    def accept(self) -> None:
        """Make the waiting text part of the manuscript."""
        if self.alternatives.active:
            self.take_alternative()
            return
        if self.generation.phase not in (Phase.PENDING, Phase.RUNNING):
            return
        if self.generation.phase is Phase.RUNNING and not self.generation.text:
            return
        words = self.editor.pending_text()
        before = self.generation.text
        accepted = self._without_clearing(self.generation.accept)
        if accepted is None:
            return
        if words == before and accepted.text != words:
            self.editor.show_pending(accepted.text)
        self._make_part(accepted)
        self.editor.setFocus()
        self.refresh()

    def reject(self) -> None:
        """Stop what runs; when nothing runs any more, take the waiting text away."""
        if self.alternatives.active:
            self.drop_alternatives()
        elif self.generation.running:
            self.generation.stop()
        else:
            self.generation.reject()
            self.editor.setFocus()

    def ask_alternatives(self) -> None:
        """Ask for several takes to choose from."""
        if self.editor.isReadOnly():
            return
        if self.has_selection and not self.prompt.text().strip():
            self.open_rewrite_menu(several=True)
        else:
            self._begin_alternatives(None)

    def take_alternative(self) -> None:
        """Insert the chosen take as one undo step."""
        accepted = self.alternatives.accept()
        if accepted is None:
            return
        self.editor.show_pending(accepted.text)
        self._make_part(accepted)
        self._close_panel()

    def drop_alternatives(self) -> None:
        """Take none of them."""
        self.alternatives.drop()
        self.editor.clear_pending()
        self._close_panel()

    def run_example(self) -> None:
        """Show what the pane does."""
        self.prompt.set_text(self.tr(EXAMPLE))
        self.generate()

    def open_rewrite_menu(self, *, several: bool = False) -> None:
        """Offer the ready instructions at the selection."""
        if not self.has_selection:
            return

        def then(ready: Rewrite, choice: str) -> None:
            if several:
                self._begin_alternatives((ready, choice))
            else:
                self.rewrite_ready(ready, choice)

        language = self._context.settings.value.writing.translate_to
        menu = rewrite_menu(self._catalogue, language, then, self.prompt.edit.setFocus, self)
        below = self.editor.cursorRect().bottomLeft() + QPoint(0, Space.S)
        menu.popup(self.editor.viewport().mapToGlobal(below))

    def insert_generated(
        self,
        text: str,
        request: TextRequest | None,
        label: str,
        kept: tuple[Project | None, str] = (None, ""),
    ) -> None:
        """Insert what was generated elsewhere at the cursor, as one undo step.

        Args:
            text: What to insert.
            request: The request that made it.
            label: What undo and history call it.
            kept: Project and id under which the request is kept already.
        """
        if self.editor.isReadOnly():
            return
        start, end = self.editor.selection()
        request_id = self.journal.kept_here(*kept)
        if request is not None and not request_id:
            request_id = self.journal.keep_request(request, {})
        self.editor.replace(
            start, end, text, label=label, origin="generated", request_id=request_id
        )
        self.journal.commit()

    # -- inside -------------------------------------------------------------------------------

    def _continue_wish(self, at: int) -> Wish:
        empty = not self.manuscript.text.strip()
        label = self.tr("Write from prompt") if empty else self.tr("Continue")
        return continue_wish(
            self.manuscript, at, self.prompt.text(), self._options, self._catalogue, label
        )

    def _rewrite_wish(
        self, span: tuple[int, int], told: str, ready: Rewrite | None, choice: str
    ) -> Wish:
        label = ready.label(choice) if ready is not None else self.tr("Rewrite")
        return rewrite_wish(
            self.manuscript, span, told, self._options, self._catalogue, label, ready
        )

    def _begin(self, wish: object, start: int, end: int) -> None:
        if self.editor.isReadOnly():
            return

        def go() -> None:
            made: Wish = wish()  # type: ignore[operator]
            self.generation.reject()
            self.drop_alternatives()
            self.editor.begin_pending(start, end)
            self.generation.begin(made)
            self.editor.setFocus()

        self._guarded(go)

    def _begin_alternatives(self, ready: tuple[Rewrite, str] | None) -> None:
        start, end = self.editor.selection()

        def go() -> None:
            if ready is not None:
                wish = self._rewrite_wish((start, end), ready[0].told(ready[1]), *ready)
            elif start != end and self.has_selection:
                wish = self._rewrite_wish((start, end), self.prompt.text(), None, "")
            else:
                wish = self._continue_wish(end)
            first = start if wish.replaces else end
            self.generation.reject()
            self.editor.begin_pending(first, end)
            count = self._context.settings.value.writing.alternatives
            self.alternatives.begin(wish, count)
            self._over.open_panel()

        self._guarded(go)

    def _guarded(self, action: object) -> None:
        """Run an action; what it refuses is said beside the prompt."""
        self.error_card.hide()
        try:
            action()  # type: ignore[operator]
        except StudioError as error:
            self.editor.clear_pending()
            facts = "\n".join(f"{name}: {value}" for name, value in error.facts.items())
            self.error_card.show_error(error.user_message, error.hint, facts)

    def _without_clearing(self, accept: object) -> Accepted | None:
        self.generation.closed.disconnect(self.editor.clear_pending)
        try:
            return accept()  # type: ignore[operator, no-any-return]
        finally:
            self.generation.closed.connect(self.editor.clear_pending)

    def set_read_only(self) -> None:
        """Let the writer read only; nothing that is typed could be kept."""
        self.editor.setReadOnly(True)
        self.prompt.hide()

    def _make_part(self, accepted: Accepted) -> None:
        """Make the text that waits part of the manuscript, with the request that made it."""
        request_id = self.journal.keep_request(accepted.request, accepted.facts)
        self.editor.accept_pending(label=accepted.label, request_id=request_id)
        self.prompt.clear()
        self.journal.commit()

    def _close_panel(self) -> None:
        if self.panel.isVisible():
            self.panel.hide()
            self.editor.setFocus()
        self.refresh()

    # -- keeping up ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Say what the primary button does and what cannot be done."""
        generation = self.generation
        has_text = bool(self.manuscript.text.strip())
        instruction = bool(self.prompt.text().strip())
        selected = self.has_selection
        if generation.phase is Phase.PENDING and not selected:
            words = self.tr("Another take")
        elif selected:
            words = self.tr("Rewrite selection") if instruction else self.tr("Rewrite selection…")
        elif has_text:
            words = self.tr("Continue")
        else:
            words = self.tr("Write from prompt")
        self.prompt.set_button_text(words)
        reason = self._options.why_not()
        if not reason and not has_text and not instruction:
            reason = self.tr("Write a few words, or say here what you want.")
        self.prompt.set_reason(reason)
        self.prompt.set_placeholder(
            self.tr("What should be done with the selection?")
            if selected
            else self.tr("What should happen next?")
            if has_text
            else self.tr("What should be written?")
        )
        self.prompt.set_busy(generation.running or self.alternatives.running)
        self._rewrite_button.setEnabled(selected)
        self._alternatives_button.setEnabled(self.prompt.can_submit())
        self._empty.setVisible(not self.manuscript.text and self.editor.pending is None)
        self.editor.set_several(len(generation.takes) > 1)
        self.changed.emit()

    def _on_edited(self) -> None:
        self.journal.touched()
        self.counts.touched()
        self.refresh()

    def _on_selection(self) -> None:
        self.counts.set_selection(*self.editor.selection())
        self.refresh()

    def _on_generation(self) -> None:
        generation = self.generation
        take = generation.take
        self.counts.set_take(take)
        if generation.phase is Phase.FAILED and take is not None and take.failure is not None:
            failure = take.failure
            generation.reject()
            self.error_card.show_error(failure.message, failure.hint, failure.details)
        elif take is not None and take.failure is not None and not take.running:
            failure = take.failure
            self.error_card.show_error(failure.message, failure.hint, failure.details)
        self.refresh()
        self._over.place()

    def _on_setting(self, group: str, name: str) -> None:
        settings = self._context.settings.value
        if (group, name) == ("appearance", "manuscript_font_px"):
            self.editor.set_font_px(settings.appearance.manuscript_font_px)

    # -- Qt's hooks ---------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of waiting text in the prompt, the editor's menu, a click on the empty state."""
        if watched is self._empty and event.type() == QEvent.Type.MouseButtonPress:
            self.editor.setFocus()
        elif watched is not self.prompt.edit and isinstance(event, QContextMenuEvent):
            self._menu().popup(event.globalPos())
            return True
        elif watched is self.prompt.edit and isinstance(event, QKeyEvent):
            return self._prompt_key(event)
        return super().eventFilter(watched, event)

    def _prompt_key(self, event: QKeyEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or self.generation.phase is not Phase.PENDING:
            return False
        if event.key() == Qt.Key.Key_Escape:
            self.reject()
            return True
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if event.key() == Qt.Key.Key_Tab and plain:
            self.accept()
            return True
        return False

    def _menu(self) -> QMenu:
        catalogue = self._catalogue if self.has_selection and not self.editor.isReadOnly() else None
        language = self._context.settings.value.writing.translate_to
        return editor_menu(self.editor, catalogue, language, self.rewrite_ready, self)

    def close_view(self) -> None:
        """End everything that runs and hand over what was typed."""
        self.generation.reject()
        self.alternatives.drop()
        self.journal.commit()
