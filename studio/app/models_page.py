"""Models that one click brings here: what each is for, how large, and whether it is here."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.context import AppContext
from studio.app.model_fetches import ModelFetches, Offer
from studio.app.theme.style import set_role, tabular
from studio.app.theme.tokens import Space
from studio.app.widgets.icon_label import IconLabel
from studio.app.widgets.words import fill_in


class ModelsPage(QWidget):
    """Every model of the catalogue, with Get and Stop."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fetches = context.fetches
        self._shown: tuple[str, ...] = ()
        heading = QLabel(self.tr("Models"))
        set_role(heading, "title")
        words = QLabel(
            self.tr(
                "These models work on your computer. Each is fetched only when you press Get, "
                "and checked before it is used. A broken fetch goes on where it stopped."
            )
        )
        words.setWordWrap(True)
        set_role(words, "quiet")
        self._cards = QVBoxLayout()
        self._cards.setSpacing(Space.S)
        self._looking = QLabel(self.tr("Looking at what is here…"))
        set_role(self._looking, "quiet")
        layout = QVBoxLayout(self)
        layout.setSpacing(Space.L)
        for widget in (heading, words, self._looking):
            layout.addWidget(widget)
        layout.addLayout(self._cards)
        layout.addStretch()
        self._fetches.changed.connect(self.refresh)
        context.bridge.engine_changed.connect(self._look_again)
        self._fetches.look()
        self.refresh()

    @property
    def cards(self) -> dict[str, ModelCard]:
        """The models shown, by id, in order."""
        items = (self._cards.itemAt(i) for i in range(self._cards.count()))
        found = (item.widget() for item in items if item is not None)
        return {each.entry_id: each for each in found if isinstance(each, ModelCard)}

    def refresh(self) -> None:
        """Show what is offered and how far each is."""
        offers = sorted(self._fetches.offers, key=lambda offer: offer.entry.built_in)
        self._looking.setVisible(not offers)
        ids = tuple(offer.entry.id for offer in offers)
        if ids != self._shown:
            self._shown = ids
            for card in self.cards.values():
                self._cards.removeWidget(card)
                card.deleteLater()
            for offer in offers:
                self._cards.addWidget(ModelCard(offer, self._fetches))
        cards = self.cards
        for offer in offers:
            cards[offer.entry.id].show_offer(offer)

    def _look_again(self) -> None:
        """Notice models that came or went otherwise, while the page is seen."""
        if self.isVisible():
            self._fetches.look()


class ModelCard(QFrame):
    """One model."""

    def __init__(self, offer: Offer, fetches: ModelFetches, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fetches = fetches
        self.entry_id = offer.entry.id
        set_role(self, "card")
        entry = offer.entry
        title = QLabel(entry.title)
        set_role(title, "heading")
        self.here = QWidget()
        here_row = QHBoxLayout(self.here)
        here_row.setContentsMargins(0, 0, 0, 0)
        here_row.setSpacing(Space.XS)
        here_row.addWidget(IconLabel("check", "good"))
        here_row.addWidget(_line(self.tr("Here"), "quiet"))
        self.button = QPushButton()
        self.button.clicked.connect(self._pressed)
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(self.here)
        head.addWidget(self.button)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName(fill_in(self.tr("Progress of %1"), entry.title))
        self.state = _line("", "quiet")
        self.state.setFont(tabular(self.state.font()))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.S, Space.M, Space.M)
        layout.setSpacing(Space.XS)
        layout.addLayout(head)
        good = fill_in(self.tr("Good for %1."), "; ".join(entry.good_for))
        poor = fill_in(self.tr("Not for %1."), "; ".join(entry.not_good_for))
        aside = f"{purpose(entry.capabilities)} · {entry.licence}. {entry.attribution}"
        lines = ((good, "quiet", entry.good_for), (poor, "quiet", entry.not_good_for))
        for text, role, there in (*lines, (aside, "caption", (aside,))):
            if there:
                layout.addWidget(_line(text, role))
        layout.addWidget(self.progress)
        layout.addWidget(self.state)
        self.show_offer(offer)

    def show_offer(self, offer: Offer) -> None:
        """Show whether it is here, and how far it is."""
        title = offer.entry.title
        progress = self._fetches.progress(self.entry_id)
        failure = self._fetches.failure(self.entry_id)
        running = progress is not None
        self.here.setVisible(offer.here and not running)
        self.button.setVisible(running or not offer.here)
        size = size_words(offer.entry.download_bytes)
        self.button.setText(self.tr("Stop") if running else fill_in(self.tr("Get (%1)"), size))
        words = self.tr("Stop fetching %1") if running else self.tr("Fetch %1")
        self.button.setAccessibleName(fill_in(words, title))
        self.progress.setVisible(running)
        known = progress is not None and progress.fraction is not None
        self.progress.setRange(0, 1000 if known else 0)
        text, role = "", "quiet"
        if progress is not None:
            if progress.fraction is not None:
                self.progress.setValue(round(progress.fraction * 1000))
            text = progress.words
        elif failure is not None and not offer.here:
            text, role = f"{failure.user_message} {failure.hint}".strip(), "bad"
        self.state.setText(text)
        set_role(self.state, role)
        self.state.setVisible(bool(text))

    def _pressed(self) -> None:
        if self._fetches.progress(self.entry_id) is not None:
            self._fetches.stop(self.entry_id)
        else:
            self._fetches.get(self.entry_id)


def size_words(count: int) -> str:
    """Return how much has to be fetched, as networks and shops count: "71 MB" is 71,000,000."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{max(1, round(count / 1e6))} MB"


def purpose(capabilities: tuple[str, ...]) -> str:
    """Return what a model does, in a word."""
    first = capabilities[0] if capabilities else ""
    known = {
        "text.generate": _tr("Writing"),
        "text.chat": _tr("Writing"),
        "text.embed": _tr("Finding texts"),
        "audio.speech": _tr("Speaking"),
        "audio.transcribe": _tr("Listening"),
    }
    kind = {"image": _tr("Pictures"), "audio": _tr("Sound"), "text": _tr("Texts")}
    return known.get(first, kind.get(first.partition(".")[0], first))


def _line(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    set_role(label, role)
    return label


def _tr(text: str) -> str:
    return QCoreApplication.translate("ModelsPage", text)
