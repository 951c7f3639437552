"""The panel beside the grid: the chosen item, where it came from, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.app.panes.library.sound_strip import SoundStrip
from studio.app.panes.library.star_row import StarRow
from studio.app.panes.library.wording import kind_name, made, size
from studio.app.theme.icons import icon
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Size, Space
from studio.app.widgets.elided_label import ElidedLabel
from studio.app.widgets.words import fill_in
from studio.library.items import Item

TEXT_HEIGHT = 240
PICTURE = QSize(Size.INSPECTOR - 2 * Space.L, 240)


class Preview(QWidget):
    """Shows one item, or says how many are chosen."""

    wanted = Signal(str)
    """What a button asks for: "again", "again_new_seed", "open", "listen", "reveal", "copy",
    "compare", "trash", "restore"."""
    stars_given = Signal(int)
    tags_given = Signal(list)
    board_given = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item: Item | None = None
        self._pictured: int | None = None
        self._tags_shown: tuple[str, ...] = ()
        self._board_shown = ""
        self.title = QLabel()
        self.title.setWordWrap(True)
        set_role(self.title, "section")
        self.text = QPlainTextEdit()
        self.picture = QLabel()
        self.sound = SoundStrip()
        self.prompt = QLabel()
        self.stars = StarRow()
        self.tags = QLineEdit()
        self.board = QComboBox()
        self.buttons: dict[str, QPushButton] = {}
        self.facts: dict[str, ElidedLabel] = {}
        self.nothing = QLabel(self.tr("Choose something to see where it came from."))
        self._body = QWidget()
        self._lay_out()
        self.show_items([], "")

    @property
    def item(self) -> Item | None:
        """The item shown."""
        return self._item

    def show_items(self, items: Sequence[Item], text: str, picture: QImage | None = None) -> None:
        """Show what is chosen.

        Args:
            items: All chosen items that were read; the first is shown.
            text: Its whole text, for a text.
            picture: Its thumbnail, for a picture or a sound.
        """
        before, self._item = self._item, items[0] if items else None
        self._body.setVisible(bool(items))
        self.nothing.setVisible(not items)
        if self._item is None:
            return
        item = self._item
        many = len(items) > 1
        self.title.setText(fill_in(self.tr("%1 chosen"), len(items)) if many else item.title)
        self._show_content(item, text, picture)
        self._show_facts(item)
        self.stars.set_stars(item.stars)
        if before is None or before.id != item.id or not self._being_edited():
            self._tags_shown, self._board_shown = item.tags, item.board
            self.tags.setText(", ".join(item.tags))
            self.tags.setCursorPosition(0)  # a long list shows its beginning
            self.board.setCurrentText(item.board)
        self._show_buttons(item, len(items))

    def _being_edited(self) -> bool:
        """Whether the user is writing a tag or a board, which news must not overwrite."""
        return (self.tags.hasFocus() and self.tags.isModified()) or (
            self.board.hasFocus() and self.board.currentText().strip() != self._board_shown
        )

    def set_boards(self, boards: Sequence[str]) -> None:
        """Offer the boards there are."""
        kept = self.board.currentText()
        self.board.blockSignals(True)
        self.board.clear()
        self.board.addItems(["", *boards])
        self.board.setCurrentText(kept)
        self.board.blockSignals(False)

    # ---- content -----------------------------------------------------------------------------

    def _show_content(self, item: Item, text: str, picture: QImage | None) -> None:
        self.text.setVisible(item.kind == "text")
        if item.kind == "text" and self.text.toPlainText() != text:
            self.text.setPlainText(text)
        self.sound.setVisible(item.kind == "audio")
        self.picture.setVisible(False)
        self._pictured = None
        if item.kind == "audio":
            self.sound.show_item(item.id)
        self.show_thumbnail(item, picture)
        asked = item.prompt if item.prompt != item.title else ""
        self.prompt.setText(asked[:1000])
        self.prompt.setVisible(bool(asked))

    @property
    def unpictured(self) -> Item | None:
        """The picture or sound that is shown without its thumbnail so far."""
        return self._item if self._item is not None and self._pictured is None else None

    def show_thumbnail(self, item: Item, image: QImage | None) -> None:
        """Show the thumbnail of the item shown; ``None`` while it is made."""
        if item.kind == "text" or image is None:
            return
        self._pictured = item.id
        if item.kind == "audio":
            self.sound.show_drawing(image)
            return
        mode = Qt.AspectRatioMode.KeepAspectRatio
        smooth = Qt.TransformationMode.SmoothTransformation
        self.picture.setPixmap(QPixmap.fromImage(image).scaled(PICTURE, mode, smooth))
        self.picture.setVisible(True)

    def _show_facts(self, item: Item) -> None:
        values = {
            "kind": kind_name(item.kind),
            "made": made(item),
            "model": item.model or self.tr("not known"),
            "seed": self.tr("not known") if item.seed is None else str(item.seed),
            "file": item.path,
            "size": self._size(item),
        }
        for name, value in values.items():
            self.facts[name].setText(value)

    def _size(self, item: Item) -> str:
        if item.missing:
            return self.tr("The file is missing")
        if item.width_px:
            pixels = fill_in(self.tr("%1 × %2 px"), item.width_px, item.height_px)
            return f"{pixels} · {size(item.size_bytes)}"
        return size(item.size_bytes)

    def _show_buttons(self, item: Item, number: int) -> None:
        one = number == 1
        trashed = item.trashed_at is not None
        foreign = self.tr("The file does not say how it was made.") if item.foreign else ""
        single = "" if one else self.tr("Choose one item for this.")
        two = "" if number == 2 else self.tr("Choose two items to compare them.")
        gone = self.tr("The file is missing.") if item.missing else ""
        reasons = {
            "again": single or foreign,
            "again_new_seed": single or foreign,
            "open": single or gone,
            "listen": single or gone,
            "compare": two,
            "copy": single or ("" if item.prompt else self.tr("There is no prompt.")),
            "reveal": single or gone,
            "trash": gone,
        }
        self.buttons["open"].setProperty("tip", self._open_tip(item))
        for name, button in self.buttons.items():
            reason = reasons.get(name, "")
            button.setEnabled(not reason)
            button.setToolTip(reason or button.property("tip"))
        self.buttons["open"].setText(self._open_words(item))
        self.buttons["trash"].setVisible(not trashed)
        self.buttons["restore"].setVisible(trashed)

    def _open_words(self, item: Item) -> str:
        return {
            "text": self.tr("Open as new document"),
            "image": self.tr("Open as new picture"),
            "audio": self.tr("Open as new sound document"),
        }[item.kind]

    def _open_tip(self, item: Item) -> str:
        return {
            "text": self.tr("Put the text into a new manuscript; the file stays as it is."),
            "image": self.tr("Put the picture on a new canvas; the file stays as it is."),
            "audio": self.tr("Lay the sound on a new time line; the file stays as it is."),
        }[item.kind]

    # ---- layout ------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        set_role(self.nothing, "quiet")
        self.nothing.setWordWrap(True)
        layout.addWidget(self.nothing)
        layout.addWidget(self._body)
        layout.addStretch(1)
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(Space.S)
        self._set_up_content()
        for widget in (self.title, self.picture, self.sound, self.text, self.prompt):
            body.addWidget(widget)
        self._add_buttons(body)
        body.addWidget(_line())
        body.addLayout(self._marks())
        body.addWidget(_line())
        body.addLayout(self._facts_form())

    def _set_up_content(self) -> None:
        self.text.setReadOnly(True)
        self.text.setFixedHeight(TEXT_HEIGHT)
        self.text.setAccessibleName(self.tr("Text of the item"))
        self.text.setTabChangesFocus(True)
        set_role(self.text, "field")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        for label in (self.title, self.prompt, self.picture):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.prompt.setWordWrap(True)
        self.prompt.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        set_role(self.prompt, "quiet")
        self.buttons["listen"] = self.sound.button
        self.sound.button.clicked.connect(lambda: self.wanted.emit("listen"))

    def _add_buttons(self, body: QVBoxLayout) -> None:
        rows = (
            (
                ("again", self.tr("Make again"), "rotate-cw",
                 self.tr("Run the same request with the same seed once more.")),
                ("again_new_seed", self.tr("Another seed"), "dices",
                 self.tr("Run the same request with another seed.")),
            ),
            (
                ("open", self.tr("Open as new document"), "file-plus",
                 ""),
            ),
            (
                ("compare", self.tr("Compare"), "columns-2",
                 self.tr("Show two items and their requests side by side.")),
                ("copy", self.tr("Copy prompt"), "copy", self.tr("Copy what was asked.")),
            ),
            (
                ("reveal", self.tr("Show file"), "folder-open",
                 self.tr("Open the folder in which the file lies.")),
                ("trash", self.tr("Move to trash"), "trash-2",
                 self.tr("The file can be brought back for 30 days.")),
                ("restore", self.tr("Bring back"), "undo-2",
                 self.tr("Move the file back to where it was.")),
            ),
        )  # fmt: skip
        for row in rows:
            line = QHBoxLayout()
            line.setSpacing(Space.XS)
            for name, title, icon_name, tip in row:
                line.addWidget(self._button(name, title, icon_name, tip), 1)
            body.addLayout(line)

    def _button(self, name: str, title: str, icon_name: str, tip: str) -> QPushButton:
        primary = name == "again"
        button = QPushButton(icon(icon_name, "on_gold" if primary else "quiet"), title)
        button.setIconSize(QSize(*Size.ICON_AND_GAP))
        button.setProperty("tip", tip)
        button.setToolTip(tip)
        if primary:
            set_role(button, "primary")
        button.clicked.connect(lambda: self.wanted.emit(name))
        self.buttons[name] = button
        return button

    def _marks(self) -> QFormLayout:
        form = _form()
        self.stars.given.connect(self.stars_given)
        self.tags.setPlaceholderText(self.tr("sea, draft"))
        self.tags.setToolTip(self.tr("Tags, with commas between them; Enter keeps them."))
        self.tags.setAccessibleName(self.tr("Tags"))
        self.tags.editingFinished.connect(self._tags_edited)
        self.board.setEditable(True)
        self.board.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.board.setToolTip(self.tr("A board gathers items; write a new name to make one."))
        self.board.setAccessibleName(self.tr("Board"))
        self.board.textActivated.connect(self._board_edited)
        line = self.board.lineEdit()
        if line is not None:
            line.editingFinished.connect(lambda: self._board_edited(self.board.currentText()))
        form.addRow(self.tr("Stars"), self.stars)
        form.addRow(self.tr("Tags"), self.tags)
        form.addRow(self.tr("Board"), self.board)
        return form

    def _facts_form(self) -> QFormLayout:
        form = _form()
        for name, title in (
            ("kind", self.tr("Kind")),
            ("made", self.tr("Made")),
            ("model", self.tr("Model")),
            ("seed", self.tr("Seed")),
            ("size", self.tr("Size")),
            ("file", self.tr("File")),
        ):
            middle = Qt.TextElideMode.ElideMiddle if name == "file" else Qt.TextElideMode.ElideRight
            label = ElidedLabel(mode=middle)
            self.facts[name] = label
            heading = QLabel(title)
            set_role(heading, "quiet")
            form.addRow(heading, label)
        return form

    def _tags_edited(self) -> None:
        tags = [tag.strip() for tag in self.tags.text().split(",") if tag.strip()]
        if self._item is not None and sorted(tags) != sorted(self._tags_shown):
            self._tags_shown = tuple(tags)  # Enter and the loss of focus both end the editing
            self.tags_given.emit(tags)

    def _board_edited(self, board: str) -> None:
        if self._item is not None and board.strip() != self._board_shown:
            self._board_shown = board.strip()
            self.board_given.emit(board.strip())


def _form() -> QFormLayout:
    form = QFormLayout()
    form.setHorizontalSpacing(Space.M)
    form.setVerticalSpacing(Space.XS)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    return form


def _line() -> QFrame:
    line = QFrame()
    set_role(line, "line")
    line.setFixedHeight(1)
    return line
