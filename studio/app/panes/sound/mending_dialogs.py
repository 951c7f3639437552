"""Asks how noise shall be removed, and how loud a sound shall be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.options_form import OptionsForm
from studio.core.options import OptionInfo, OptionValue, describe, option

_WIDTH = 440


@dataclass(frozen=True, kw_only=True)
class LoudnessTarget:
    """How loud a clip becomes."""

    target_lufs: float = option(
        -16.0,
        title="Loudness",
        help="How loud it is on the whole, as ears judge it (ITU-R BS.1770).",
        ge=-40,
        le=-5,
        step=1,
        unit="LUFS",
    )
    ceiling_db: float = option(
        -1.0,
        title="Highest peak",
        help="What would be louder than this is turned down smoothly.",
        ge=-12,
        le=0,
        step=0.5,
        unit="dB",
    )


class MendingDialog(QDialog):
    """Options, a sentence about what will happen, and the button that says so.

    Args:
        title: Of the window.
        go: What the button says.
        note: What will be.
        infos: The options.
        values: What was chosen the last time.
        parent: Where it stands.
    """

    def __init__(
        self,
        title: str,
        go: str,
        note: str,
        infos: Sequence[OptionInfo],
        values: Mapping[str, OptionValue],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH)
        self.form = OptionsForm(infos, show_help=True)
        self.form.set_values(values)
        words = QLabel(note)
        words.setWordWrap(True)
        set_role(words, "caption")
        buttons = QDialogButtonBox()
        self.go = QPushButton(go)
        set_role(self.go, "primary")
        self.go.setDefault(True)
        buttons.addButton(self.go, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.top = QVBoxLayout()
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        column.addLayout(self.top)
        for widget in (self.form, words, buttons):
            column.addWidget(widget)

    def values(self) -> dict[str, OptionValue]:
        """Return what was chosen."""
        return self.form.values()


class NoiseDialog(MendingDialog):
    """How much of the noise goes."""

    def __init__(
        self,
        infos: Sequence[OptionInfo],
        values: Mapping[str, OptionValue],
        parent: QWidget | None = None,
    ) -> None:
        title = self.tr("Remove noise")
        note = self.tr("It becomes another take of the clip; the one before stays.")
        super().__init__(title, title, note, infos, values, parent)
        words = QLabel(
            self.tr(
                "Takes hiss, hum, rooms and street noise out of recorded voices. Other people's "
                "voices stay, and music is taken for noise."
            )
        )
        words.setWordWrap(True)
        set_role(words, "quiet")
        self.top.addWidget(words)


class LoudnessDialog(MendingDialog):
    """The usual loudnesses as buttons, and any other."""

    def __init__(self, values: Mapping[str, OptionValue], parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("To loudness"),
            self.tr("Bring to loudness"),
            self.tr(
                "It becomes another take of the clip, and the clip's own loudness 0 dB; the take "
                "before stays."
            ),
            describe(LoudnessTarget),
            values,
            parent,
        )
        usual = (
            (-16.0, self.tr("Speech")),
            (-14.0, self.tr("Music on the web")),
            (-23.0, self.tr("Broadcast")),
        )
        row = QHBoxLayout()
        row.setSpacing(Space.XS)
        self.chips: dict[float, QPushButton] = {}
        for lufs, words in usual:
            chip = QPushButton(f"{words} {lufs:g}")
            chip.setAccessibleName(f"{words}, {lufs:g} LUFS")
            set_role(chip, "chip")
            chip.setCheckable(True)
            # No button group: in one, Tab would reach only the chosen button.
            chip.clicked.connect(lambda _=False, value=lufs: self._choose(value))
            self.chips[lufs] = chip
            row.addWidget(chip)
        row.addStretch()
        self.top.addLayout(row)
        self.form.changed.connect(self._show)
        self._show()

    def _choose(self, lufs: float) -> None:
        self.form.set_values({"target_lufs": lufs})
        self._show()

    def _show(self) -> None:
        now = self.form.values()["target_lufs"]
        for lufs, chip in self.chips.items():
            chip.setChecked(lufs == now)
