"""Where the user says what should be seen: prompt, negative prompt and the one button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.picture.intent_words import (
    ICONS,
    button_words,
    help_of,
    placeholder_of,
    title_of,
)
from studio.app.panes.picture.intents import Intent, Offer, Situation, takes_strength
from studio.app.panes.picture.picture_options import COUNT_MAX
from studio.app.panes.picture.prompt_history import Prompt, PromptHistory
from studio.app.panes.picture.prompt_weights import WEIGHT_STEP, replace_text, step_of, weigh
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Size
from studio.app.widgets.prompt_bar import PromptBar, PromptEdit
from studio.app.widgets.words import fill_in

COUNT_MS = 400
STRENGTH_WIDTH = 96
COUNT_WIDTH = 56
TIP_LENGTH = 80
ROOMY_WIDTH = 560
"""From this width on, there is room for the strength slider and the count of tokens."""


class PromptBox(QWidget):
    """Prompt, negative prompt, and what the button will do."""

    submitted = Signal()
    edited = Signal()
    """Prompt or negative prompt is another one, or rests and can be counted."""
    counting_wanted = Signal()
    """The prompt rests: how many tokens has it?"""
    intent_chosen = Signal(object)
    """An :class:`Intent` from the menu, or ``None`` for whatever is most likely."""
    strength_changed = Signal(float)
    count_changed = Signal(int)
    live_toggled = Signal(bool)
    keep_wanted = Signal()
    tray_wanted = Signal()
    regions_wanted = Signal()

    def __init__(self, history: PromptHistory, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history = history
        self._offer = Offer(Intent.GENERATE, (Intent.GENERATE,))
        self._situation = Situation()
        self._reasons: dict[Intent, str] = {}
        self._wanted: Intent | None = None
        self._filling = False
        self._regions = "", ""
        self.bar = PromptBar(self.tr("Generate"), self.tr("What do you want to see?"), self,
                             allow_empty=True)  # fmt: skip
        self.negative = PromptEdit(self)
        self.negative.setPlaceholderText(self.tr("What should not be in it?"))
        self.negative.setAccessibleName(self.tr("Negative prompt"))
        self._make_below()
        self._make_leading()
        self._make_trailing()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.bar)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(COUNT_MS)
        self._timer.timeout.connect(self.counting_wanted)
        self.setFocusProxy(self.bar)
        for edit in (self.bar.edit, self.negative):
            edit.installEventFilter(self)
            edit.textChanged.connect(self._on_text)
        self.negative.submitted.connect(self.bar.submit)
        self.bar.submitted.connect(lambda _text: self.submitted.emit())

    # -- parts --------------------------------------------------------------------------------

    @property
    def edit(self) -> PromptEdit:
        """The field of the prompt."""
        return self.bar.edit

    @property
    def button(self) -> QPushButton:
        """The one button."""
        return self.bar.button

    def _make_below(self) -> None:
        self._line = QFrame()
        set_role(self._line, "line")
        self._line.setFixedHeight(1)
        self.bar.below.addWidget(self._line)
        self.bar.below.addWidget(self.negative)
        self._line.hide()
        self.negative.hide()

    def _make_leading(self) -> None:
        self.negative_chip = self._chip(
            self.tr("Negative"), self.tr("Say what should not be in the picture")
        )
        self.negative_chip.toggled.connect(self._show_negative)
        self.live_chip = self._chip(
            self.tr("Live"), self.tr("Repaint the frame while you paint (Ctrl+L)")
        )
        self.live_chip.setIcon(icon("zap"))
        self.live_chip.toggled.connect(self.live_toggled)
        self.keep_chip = self._chip(
            self.tr("Keep"), self.tr("Make the repaint that is shown a layer (Enter)")
        )
        self.keep_chip.setCheckable(False)
        self.keep_chip.clicked.connect(self.keep_wanted)
        self.keep_chip.hide()
        self.tray_chip = self._chip("", self.tr("Show the results that were put aside"))
        self.tray_chip.setCheckable(False)
        self.tray_chip.clicked.connect(self.tray_wanted)
        self.tray_chip.hide()
        self.regions_chip = self._chip("", "")
        self.regions_chip.setIcon(icon("vector-square"))
        self.regions_chip.setCheckable(False)
        self.regions_chip.clicked.connect(self.regions_wanted)
        self.regions_chip.hide()
        self.tokens = QLabel()
        set_role(self.tokens, "caption")
        self.tokens.setFont(tabular(self.tokens.font()))
        for widget in (
            self.negative_chip,
            self.live_chip,
            self.keep_chip,
            self.tray_chip,
            self.regions_chip,
            self.tokens,
        ):
            self.bar.leading.addWidget(widget)

    def _make_trailing(self) -> None:
        self.strength = QSlider(Qt.Orientation.Horizontal)
        self.strength.setRange(1, 100)
        self.strength.setPageStep(10)
        self.strength.setFixedWidth(STRENGTH_WIDTH)
        self.strength.setAccessibleName(self.tr("Strength"))
        self.strength.setToolTip(
            self.tr("Strength: how freely what is there is painted over; 100% leaves nothing of it")
        )
        self.strength.valueChanged.connect(lambda v: self.strength_changed.emit(v / 100))
        self.count = QSpinBox()
        self.count.setRange(1, COUNT_MAX)
        self.count.setPrefix("× ")
        self.count.setFixedSize(COUNT_WIDTH, Size.CONTROL)
        self.count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.count.setFont(tabular(self.count.font()))
        self.count.setAccessibleName(self.tr("Number of pictures"))
        self.count.setToolTip(self.tr("How many pictures to make at once"))
        self.count.valueChanged.connect(self.count_changed)
        self.more = QToolButton()
        self.more.setIcon(icon("chevron-up"))
        self.more.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        self.more.setFixedSize(Size.CONTROL, Size.CONTROL)
        self.more.setToolTip(self.tr("What else the button can do"))
        self.more.setAccessibleName(self.tr("What else the button can do"))
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self.more)
        self.menu.setToolTipsVisible(True)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.more.setMenu(self.menu)
        for widget in (self.strength, self.count, self.more):
            self.bar.trailing.addWidget(widget)

    def _chip(self, words: str, tip: str) -> QPushButton:
        chip = QPushButton(words)
        set_role(chip, "chip")
        chip.setCheckable(True)
        chip.setToolTip(tip)
        chip.setIconSize(QSize(Size.SMALL_ICON, Size.SMALL_ICON))
        return chip

    # -- what stands there --------------------------------------------------------------------

    def text(self) -> Prompt:
        """Return prompt and negative prompt; the latter is empty where it means nothing."""
        shown = self.negative_chip.isChecked() and not self.negative_chip.isHidden()
        return Prompt(self.edit.toPlainText(), self.negative.toPlainText() if shown else "")

    def set_text(self, prompt: Prompt) -> None:
        """Replace prompt and negative prompt, as an edit that can be undone."""
        self._filling = True
        try:
            replace_text(self.edit, prompt.prompt)
            replace_text(self.negative, prompt.negative_prompt)
            if prompt.negative_prompt:
                self.negative_chip.setChecked(True)
        finally:
            self._filling = False
        self._on_text()

    def remember(self) -> None:
        """Put what stands there into the history."""
        self._history.add(self.text())

    def show_offer(
        self,
        offer: Offer,
        situation: Situation,
        reasons: dict[Intent, str],
        wanted: Intent | None,
        strength: float,
        count: int,
    ) -> None:
        """Say what the button does.

        Args:
            offer: What it does and could do.
            situation: What there is.
            reasons: Why a choice cannot be done now; "" or absent when it can.
            wanted: What was chosen in the menu.
            strength: Of refining, 0..1.
            count: How many pictures.
        """
        self._offer, self._situation, self._reasons, self._wanted = (
            offer,
            situation,
            reasons,
            wanted,
        )
        words = button_words(offer.intent, situation, strength, count)
        self.bar.set_button_text(words)
        self.bar.set_reason(reasons.get(offer.intent, ""))
        self.bar.set_placeholder(placeholder_of(offer.intent, situation))
        with QSignalBlocker(self.strength), QSignalBlocker(self.count):
            self.strength.setValue(round(strength * 100))
            self.count.setValue(count)
        self.more.setVisible(len(offer.choices) > 1)
        self._fit()

    def set_guidance(self, useful: bool) -> None:
        """Say whether a negative prompt means anything to the model."""
        self.negative_chip.setVisible(useful)
        self._show_negative(self.negative_chip.isChecked())

    def set_tray(self, count: int) -> None:
        """Say how many results were put aside."""
        words = self.tr("1 result") if count == 1 else fill_in(self.tr("%1 results"), count)
        self.tray_chip.setText(words)
        self.tray_chip.setVisible(count > 0)

    def set_regions(self, prompts: Sequence[str], reason: str) -> None:
        """Say which parts with prompts of their own take part, or why they cannot."""
        count = len(prompts)
        words = self.tr("1 region") if count == 1 else fill_in(self.tr("%1 regions"), count)
        said = "\n".join(f"• {' '.join(prompt.split())[:TIP_LENGTH]}" for prompt in prompts)
        self._regions = words, str(count)
        self.regions_chip.setAccessibleName(words)
        self.regions_chip.setToolTip(
            reason or fill_in(self.tr("Parts with a prompt of their own take part:\n%1"), said)
        )
        self.regions_chip.setEnabled(not reason)
        self.regions_chip.setVisible(count > 0)
        self._fit()

    def set_live(self, on: bool, reason: str = "") -> None:
        """Show whether live painting is on, and why it cannot be."""
        with QSignalBlocker(self.live_chip):
            self.live_chip.setChecked(on)
        self.live_chip.setEnabled(on or not reason)
        self.live_chip.setToolTip(reason or self.tr("Repaint the frame while you paint (Ctrl+L)"))

    def set_tokens(self, count: int | None, limit: int) -> None:
        """Show how many tokens the prompt has, beside what the encoder reads at once."""
        if count is None or not self.edit.toPlainText().strip():
            self.tokens.setText("")
        elif limit:
            self.tokens.setText(fill_in(self.tr("%1 of %2 tokens"), count, limit))
            tip = self.tr("What goes past %1 tokens is read in a second part, and counts less.")
            self.tokens.setToolTip(fill_in(tip, limit))
        else:
            self.tokens.setText(fill_in(self.tr("%1 tokens"), count))
        set_role(self.tokens, "gold" if limit and count and count > limit else "caption")
        self._fit()

    # -- keys ---------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ctrl and arrows change weights, Alt and arrows go through the history."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            weight = step_of(event, Qt.KeyboardModifier.ControlModifier)
            back = step_of(event, Qt.KeyboardModifier.AltModifier)
            if isinstance(watched, PromptEdit) and (weight or back):
                if weight:
                    weigh(watched, weight * WEIGHT_STEP)
                else:
                    go = self._history.back if back > 0 else self._history.forth
                    self.set_text(go(self.text()))
                return True
        return super().eventFilter(watched, event)

    # -- inside -------------------------------------------------------------------------------

    def _on_text(self) -> None:
        if not self._filling:
            self._timer.start()
            self.edited.emit()

    def _show_negative(self, on: bool) -> None:
        shown = on and not self.negative_chip.isHidden()
        if self.negative.isHidden() == shown:
            self._line.setVisible(shown)
            self.negative.setVisible(shown)
            self._on_text()

    def _fill_menu(self) -> None:
        self.menu.clear()
        for intent in self._offer.choices:
            action = self.menu.addAction(icon(ICONS[intent]), title_of(intent, self._situation))
            reason = self._reasons.get(intent, "")
            action.setEnabled(not reason)
            action.setToolTip(reason or help_of(intent))
            action.setCheckable(True)
            action.setChecked(intent is self._offer.intent)
            action.triggered.connect(lambda _=False, i=intent: self.intent_chosen.emit(i))
        if self._wanted is not None:
            self.menu.addSeparator()
            back = self.menu.addAction(self.tr("Whatever fits the situation"))
            back.triggered.connect(lambda: self.intent_chosen.emit(None))

    def resizeEvent(self, event: object) -> None:
        """Leave out what has no room."""
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit()

    def _fit(self) -> None:
        roomy = self.width() >= ROOMY_WIDTH
        self.strength.setVisible(roomy and takes_strength(self._offer.intent))
        self.regions_chip.setText(self._regions[0 if roomy else 1])
        self.tokens.setVisible(roomy and bool(self.tokens.text()))
