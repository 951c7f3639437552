"""The work of the picture pane: tools, canvas, results over it, and the prompt below.

One view shows whichever picture is in front, so that tool, brush and colours stay in hand.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from studio.app.context import AppContext
from studio.app.panes.picture.candidate_images import CandidateImages
from studio.app.panes.picture.canvas import CanvasView, ToolBar, ToolOptions
from studio.app.panes.picture.canvas_card import CanvasCard
from studio.app.panes.picture.intents import Intent, capability_of
from studio.app.panes.picture.over_canvas import OverCanvas
from studio.app.panes.picture.picture_options import PictureOptions
from studio.app.panes.picture.picture_session import PictureSession
from studio.app.panes.picture.prompt_box import PromptBox
from studio.app.panes.picture.prompt_history import Prompt, PromptHistory
from studio.app.panes.picture.regions import prompt_of
from studio.app.panes.picture.tray_panel import TrayPanel
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.error_card import ErrorCard
from studio.core.events import Failed

if TYPE_CHECKING:
    from studio.app.panes.picture.canvas.view_transform import ViewTransform

PROMPT_WIDTH = 860
EXAMPLE = "a red fox, 3d"
CLIP_TOKENS = 75
"""What CLIP, which most families read prompts with, reads at once."""
CLIP_FAMILIES = ("sd-1", "sd-2", "sdxl", "lcm")


class PictureView(QWidget):
    """Binds the picture in front to canvas, prompt and results."""

    changed = Signal()
    """What can be done is different."""
    dropped = Signal(object, QPointF)
    """A ``QMimeData`` was dropped or pasted, and where in the picture."""
    open_wanted = Signal()
    model_folder_wanted = Signal()
    models_shown_wanted = Signal()
    live_toggled = Signal(bool)

    def __init__(
        self,
        context: AppContext,
        options: PictureOptions,
        history: PromptHistory,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._options = options
        self.session: PictureSession | None = None
        self._views: dict[PictureSession, ViewTransform] = {}
        self._card_dismissed = False
        self._running = False
        self.canvas = CanvasView(context.theme)
        self.tool_bar = ToolBar(self.canvas)
        self.tool_options = ToolOptions(self.canvas)
        self.prompt = PromptBox(history)
        self.error_card = ErrorCard(parent=self.canvas)
        self.error_card.hide()
        self.tray = TrayPanel(self.canvas)
        self.card = CanvasCard(self.canvas)
        self.card.hide()
        self._over = OverCanvas(self.canvas, self.tray, self.error_card, self.card)
        self._images = CandidateImages(self.canvas, self)
        self._lay_out()
        self._connect()

    # -- parts --------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        work = QHBoxLayout()
        work.setSpacing(0)
        work.addWidget(self.tool_bar)
        work.addWidget(_line(vertical=True))
        work.addWidget(self.canvas, 1)
        below = QWidget()
        below.setMaximumWidth(PROMPT_WIDTH)
        stack = QVBoxLayout(below)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.addWidget(self.prompt)
        foot = QHBoxLayout()
        foot.setContentsMargins(Space.L, Space.S, Space.L, Space.M)
        foot.addStretch(1)
        foot.addWidget(below, 40)
        foot.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tool_options)
        layout.addWidget(_line())
        layout.addLayout(work, 1)
        layout.addWidget(_line())
        layout.addLayout(foot)

    def _connect(self) -> None:
        prompt, canvas, tray = self.prompt, self.canvas, self.tray
        prompt.submitted.connect(self.generate)
        prompt.edited.connect(self._on_prompt)
        prompt.counting_wanted.connect(self._count_tokens)
        prompt.intent_chosen.connect(lambda i: self.session.want(i) if self.session else None)
        prompt.strength_changed.connect(lambda v: self._options.set(strength=v))
        prompt.count_changed.connect(lambda n: self._options.set(count=n))
        prompt.live_toggled.connect(self.live_toggled)
        prompt.tray_wanted.connect(self.bring_back)
        canvas.picture_dropped.connect(self.dropped)
        canvas.said.connect(lambda words: self._context.notify.info(words))
        tray.accept_wanted.connect(self.accept)
        tray.compare_toggled.connect(self._compare)
        tray.seed_wanted.connect(lambda seed: self._options.set_seed(seed, locked=True))
        self.card.dismissed.connect(self._dismiss_card)
        for watched in (canvas, prompt.edit, prompt.negative):
            watched.installEventFilter(self)

    # -- which picture ------------------------------------------------------------------------

    def set_session(self, session: PictureSession | None) -> None:
        """Show another picture."""
        before = self.session
        if before is session:
            return
        if before is not None:
            self._views[before] = self.canvas.view
            for signal, slot in self._links(before):
                signal.disconnect(slot)  # type: ignore[attr-defined]
        self.session = session
        self.error_card.hide()
        self._card_dismissed = False
        self.canvas.set_document(session.picture if session is not None else None)
        self.tray.set_tray(session.tray if session is not None else None)
        if session is not None:
            for signal, slot in self._links(session):
                signal.connect(slot)  # type: ignore[attr-defined]
            self.prompt.set_text(Prompt(session.prompt, session.negative_prompt))
            if session in self._views:
                kept = self._views.pop(session)
                self.canvas.show_view(dataclasses.replace(kept, middle=self.canvas.view.middle))
        self._images.set_tray(session.tray if session is not None else None)
        self._on_progress()
        self.refresh()

    def forget(self, session: PictureSession) -> None:
        """Forget how a picture was looked at."""
        self._views.pop(session, None)

    def _links(self, session: PictureSession) -> tuple[tuple[object, Callable[..., object]], ...]:
        return (
            (session.changed, self.refresh),
            (session.failed, self.show_failure),
            (session.accepted, self._on_accepted),
            (session.tray.listed, self.refresh),
            (session.tray.chosen_changed, self.refresh),
            (session.tray.progressed, self._on_progress),
        )

    # -- what can be done ---------------------------------------------------------------------

    def generate(self, intent: Intent | None = None) -> None:
        """Do what the button says."""
        session = self.session
        if session is None:
            return
        self.error_card.hide()
        if session.generate(intent):
            self.prompt.remember()
            if not self.prompt.edit.hasFocus():
                self.canvas.setFocus()

    def run_example(self) -> None:
        """Show what the pane does."""
        self.prompt.set_text(Prompt(self.tr(EXAMPLE)))
        self.generate()

    def accept(self) -> None:
        """Make the chosen result a layer."""
        if self.session is not None:
            self.session.accept()

    def escape(self) -> bool:
        """Stop what runs, or else put the results aside; say whether there was anything."""
        tray = self.session.tray if self.session is not None else None
        if tray is None:
            return False
        if tray.running:
            tray.stop()
        elif tray.current is not None:
            tray.put_aside()
        else:
            return False
        return True

    def bring_back(self) -> None:
        """Show results that were put aside."""
        if self.session is not None:
            self.session.tray.bring_back()
            self.canvas.setFocus()

    def show_failure(self, failure: Failed) -> None:
        """Say above the prompt why nothing came of something."""
        self.error_card.show_error(failure.message, failure.hint, failure.details)
        self._over.place()

    # -- keeping up ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Say what the button does and what cannot be done."""
        session = self.session
        if session is None:
            return
        offer, situation = session.offer, session.situation
        reasons = {intent: session.why_not(intent) for intent in offer.choices}
        self.prompt.show_offer(
            offer, situation, reasons, session.wanted, self._options.strength, self._options.count
        )
        self.prompt.set_guidance(
            self._options.uses_guidance(capability_of(offer.intent, situation))
        )
        reason = self._options.why_no_regions()
        self.prompt.set_regions([prompt_of(layer) for layer in session.regions], reason)
        tray = session.tray
        self.prompt.set_tray(len(tray.items) if tray.aside else 0)
        self._show_card()
        self.changed.emit()

    def _show_card(self) -> None:
        session = self.session
        assert session is not None
        empty = not session.picture.layers and session.tray.current is None
        reason = self._options.why_not()
        if reason and not self._options.models():
            self.card.say(
                self.tr("No picture model is installed"),
                self.tr(
                    "Painting, selecting and files work without one. To let a model paint, drop a "
                    ".safetensors file or a diffusers folder here, or choose where your models "
                    "are; they stay where they are."
                ),
                (
                    (self.tr("Choose a model…"), self.model_folder_wanted.emit),
                    (self.tr("Open the models folder"), self.models_shown_wanted.emit),
                ),
            )
        else:
            self.card.say(
                self.tr("Describe it, paint it, or both"),
                self.tr(
                    "Write what you want to see below, or paint a rough sketch and refine it. "
                    "Select a part to repaint only that."
                ),
                (
                    (self.tr("Try “%1”").replace("%1", self.tr(EXAMPLE)), self.run_example),
                    (self.tr("Open a picture…"), self.open_wanted.emit),
                ),
            )
        self.card.setVisible(empty and not self._card_dismissed)
        self._over.place()

    def _dismiss_card(self) -> None:
        self._card_dismissed = True

    def _on_prompt(self) -> None:
        if self.session is not None:
            self.session.set_prompt(*self.prompt.text())

    def _on_progress(self) -> None:
        tray = self.session.tray if self.session is not None else None
        running = tray is not None and tray.running
        self.canvas.set_generating(running and tray is not None and tray.current is not None)
        if running != self._running:  # a step changes nothing that can be done
            self._running = running
            self.changed.emit()

    def _on_accepted(self) -> None:
        self.canvas.setFocus()
        self.refresh()

    def _compare(self, on: bool) -> None:
        session = self.session
        candidate = session.tray.current if session is not None else None
        if session is None or not on or candidate is None or candidate.job.composed is None:
            self.canvas.show_compare(None, None)
            self._images.show()
            return
        area = candidate.job.composed.area
        session.look_at(area, lambda before: self._show_comparison(before, candidate))

    def _show_comparison(self, before: QImage, candidate: object) -> None:
        session = self.session
        current = session.tray.current if session is not None else None
        if current is not candidate or current is None or not self.tray.compare.isChecked():
            return
        after = self._images.image(current)
        if after is not None and current.job.composed is not None:
            over = self._images.over(before, after)
            self.canvas.show_candidate(None)
            self.canvas.show_compare(before, over, current.job.composed.area)

    def _count_tokens(self) -> None:
        session, info = self.session, self._options.info()
        if session is None or info is None:
            self.prompt.set_tokens(None, 0)
            return
        clip = info.family.startswith(CLIP_FAMILIES)
        limit = info.context_length or (CLIP_TOKENS if clip else 0)
        text, model = self.prompt.edit.toPlainText(), info.id
        session.count(text, model, lambda count: self.prompt.set_tokens(count, limit))

    # -- keys ---------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keys of the tray, while it shows: arrows, Enter, Tab, Del, C, Esc."""
        kind = event.type()
        if kind not in (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride):
            return super().eventFilter(watched, event)
        assert isinstance(event, QKeyEvent)
        then = self._tray_key(event, in_text=watched is not self.canvas)
        if then is None:
            return super().eventFilter(watched, event)
        if kind == QEvent.Type.ShortcutOverride:
            event.accept()
        else:
            then()
        return True

    def _tray_key(self, event: QKeyEvent, *, in_text: bool) -> Callable[[], object] | None:
        tray = self.session.tray if self.session is not None else None
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if tray is None or plain != Qt.KeyboardModifier.NoModifier:
            return None
        key, shown = Qt.Key(event.key()), tray.current
        if key == Qt.Key.Key_Escape and (tray.running or shown is not None):
            return self.escape
        if shown is None:
            return None
        if key == Qt.Key.Key_Tab and shown.ready:
            return self.accept
        if in_text:
            return None
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and shown.ready:
            return self.accept
        return {
            Qt.Key.Key_Left: lambda: tray.step(-1),
            Qt.Key.Key_Right: lambda: tray.step(1),
            Qt.Key.Key_Delete: tray.discard,
            Qt.Key.Key_C: self.tray.compare.toggle,
        }.get(key)


def _line(*, vertical: bool = False) -> QFrame:
    line = QFrame()
    set_role(line, "line")
    if vertical:
        line.setFixedWidth(1)
    else:
        line.setFixedHeight(1)
    return line
