"""The palette and the style sheet of the application, both made from the tokens.

Widgets ask for a look with :func:`set_role`; the roles are the ``[role="…"]`` rules below.
"""

from __future__ import annotations

from string import Template

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QWidget

from studio.app.theme.tokens import Palette, Size, Space, Type
from studio.core.paths import assets


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget the look of a role ("primary", "caption", "raised"…); "" for the plain one."""
    if widget.property("role") == role:
        return
    widget.setProperty("role", role)
    if widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
        style = widget.style()
        style.unpolish(widget)
        style.polish(widget)


def body_font(base: QFont) -> QFont:
    """Return the system's own typeface in the size of the window's text."""
    font = QFont(base)
    font.setPixelSize(Type.BODY)
    return font


def tabular(font: QFont) -> QFont:
    """Return the font with digits of one width, so that numbers do not dance."""
    result = QFont(font)
    result.setFeature(QFont.Tag("tnum"), 1)
    return result


def qt_palette(colours: Palette) -> QPalette:
    """Return the tokens as Qt knows colours."""
    palette = QPalette()
    role = QPalette.ColorRole
    for target, colour in (
        (role.Window, colours.ground),
        (role.WindowText, colours.text),
        (role.Base, colours.raised),
        (role.AlternateBase, colours.surface),
        (role.Text, colours.text),
        (role.PlaceholderText, colours.quiet),
        (role.Button, colours.raised),
        (role.ButtonText, colours.text),
        (role.BrightText, colours.bad),
        (role.ToolTipBase, colours.raised),
        (role.ToolTipText, colours.text),
        (role.Light, colours.hover),
        (role.Midlight, colours.hover),
        (role.Mid, colours.line),
        (role.Dark, colours.line),
        (role.Shadow, colours.ground),
        (role.Highlight, colours.gold_wash),
        (role.HighlightedText, colours.text),
        (role.Accent, colours.gold),
        (role.Link, colours.gold),
        (role.LinkVisited, colours.gold),
    ):
        palette.setColor(target, QColor(colour))
    disabled = QPalette.ColorGroup.Disabled
    for target in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(disabled, target, QColor(colours.off))
    palette.setColor(disabled, role.Base, QColor(colours.surface))
    palette.setColor(disabled, role.Highlight, QColor(colours.line))
    return palette


def style_sheet(colours: Palette) -> str:
    """Return the application's style sheet."""
    values = {name: getattr(colours, name) for name in colours.__dataclass_fields__}
    ui = (assets() / "icons" / "ui").as_posix()
    return Template(_SHEET).substitute(
        values,
        xs=Space.XS,
        s=Space.S,
        m=Space.M,
        l=Space.L,
        radius=Size.RADIUS,
        field_radius=Size.FIELD_RADIUS,
        control=Size.CONTROL - 2,
        chip=Size.CONTROL - Space.XS,
        caption=Type.CAPTION,
        section=Type.SECTION,
        title=Type.TITLE,
        bold=Type.BOLD,
        ui=ui,
    )


_SHEET = """
QToolTip {
    color: $text; background: $raised; border: 1px solid $line; padding: ${xs}px ${s}px;
}
QLabel { background: transparent; }
QLabel[role="caption"] { color: $quiet; font-size: ${caption}px; }
QLabel[role="quiet"] { color: $quiet; }
QLabel[role="off"] { color: $off; }
QLabel[role="section"] { font-size: ${section}px; font-weight: $bold; }
QLabel[role="heading"] { font-weight: $bold; }
QLabel[role="title"] { font-size: ${title}px; font-weight: $bold; }
QLabel[role="bad"] { color: $bad; }
QLabel[role="good"] { color: $good; }
QLabel[role="gold"] { color: $gold; }
QLabel[role="status-good"] { color: $good; font-size: ${caption}px; }
QLabel[role="keys"] {
    color: $quiet; font-size: ${caption}px; background: $surface;
    border: 1px solid $line; border-radius: ${field_radius}px; padding: 1px ${xs}px;
}

QFrame[role="surface"] { background: $surface; border: none; }
QFrame[role="ground"] { background: $ground; border: none; }
QFrame[role="card"], QFrame[role="popover"], QFrame[role="prompt"] {
    background: $raised; border: 1px solid $line; border-radius: ${radius}px;
}
QFrame[role="prompt"][focused="true"] { border-color: $gold; }
QFrame[role="error"] {
    background: $raised; border: 1px solid $line; border-left: 3px solid $bad;
    border-radius: ${radius}px;
}
QFrame[role="toast"] {
    background: $raised; border: 1px solid $line; border-radius: ${radius}px;
}
QFrame[role="notice"] { background: $raised; border: none; border-bottom: 1px solid $line; }
QFrame[role="strip"] { background: $raised; border: none; border-bottom: 1px solid $line; }
QFrame[role="row"] { border: 1px solid transparent; border-radius: ${field_radius}px; }
QFrame[role="row"]:hover { background: $hover; }
QFrame[role="row"]:focus { border-color: $gold; }
QFrame[role="line"] { background: $line; border: none; }

QPushButton {
    min-height: ${control}px; padding: 0 ${m}px; border: 1px solid $line;
    border-radius: ${field_radius}px; background: $raised; color: $text;
}
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $line; }
QPushButton:focus { border-color: $gold; }
QPushButton:disabled { color: $off; background: transparent; }
QPushButton[role="primary"] {
    background: $gold; color: $on_gold; border-color: $gold; font-weight: $bold;
    padding: 0 ${l}px;
}
QPushButton[role="primary"]:hover { background: $gold_hover; border-color: $gold_hover; }
QPushButton[role="primary"]:focus { border: 2px solid $text; min-height: ${control}px; }
QPushButton[role="primary"]:disabled {
    background: transparent; color: $off; border-color: $line;
}
QPushButton[role="flat"] { border-color: transparent; background: transparent; color: $quiet; }
QPushButton[role="flat"]:hover { background: $hover; color: $text; }
QPushButton[role="flat"]:checked { background: $hover; color: $text; border-color: $line; }
QPushButton[role="flat"]:focus { border-color: $gold; }
QPushButton[role="flat-inset"] {
    border-color: transparent; background: transparent; color: $quiet; padding: 0 ${xs}px;
}
QPushButton[role="flat-inset"]:hover { color: $text; }
QPushButton[role="flat-inset"]:focus { border-color: $gold; }
QPushButton[role="disclosure"] {
    border-color: transparent; background: transparent; color: $quiet; padding: 0;
    text-align: left;
}
QPushButton[role="disclosure"]:hover { color: $text; }
QPushButton[role="disclosure"]:focus { border-color: $gold; }
QPushButton[role="status"] {
    border-color: transparent; background: transparent; color: $quiet; padding: 0 ${xs}px;
    font-size: ${caption}px; min-height: 20px;
}
QPushButton[role="status"]:hover, QPushButton[role="status"]:checked {
    color: $text; background: $hover;
}
QPushButton[role="status"]:focus { border-color: $gold; }
QPushButton[role="link"] {
    border-color: transparent; background: transparent; color: $gold; padding: 0 ${xs}px;
    text-align: left;
}
QPushButton[role="link"]:hover { text-decoration: underline; }
QPushButton[role="link"]:focus { border-color: $gold; }
QPushButton[role="chip"] {
    min-height: ${chip}px; padding: 0 ${s}px; border-radius: ${field_radius}px;
    border: 1px solid $line; background: transparent; color: $quiet;
}
QPushButton[role="chip"]:hover { background: $hover; color: $text; }
QPushButton[role="chip"]:checked { border-color: $gold; color: $text; background: $gold_wash; }
QPushButton[role="chip"]:focus { border-color: $gold; }
QPushButton::menu-indicator { image: none; width: 0; }

QToolButton {
    border: 1px solid transparent; border-radius: ${field_radius}px; background: transparent;
    color: $quiet; padding: ${xs}px;
}
QToolButton:hover { background: $hover; color: $text; }
QToolButton:pressed { background: $line; }
QToolButton:focus { border-color: $gold; }
QToolButton:disabled { color: $off; background: transparent; }
QToolButton:checked { color: $text; background: $hover; }
QToolButton::menu-indicator { image: none; width: 0; }
QToolButton[role="tab"] { padding: ${xs}px ${m}px; color: $quiet; }
QToolButton[role="tab"]:checked { color: $text; background: $hover; font-weight: $bold; }

QLineEdit, QAbstractSpinBox, QComboBox, QPlainTextEdit[role="field"], QKeySequenceEdit QLineEdit {
    min-height: ${control}px; padding: 0 ${s}px; border: 1px solid $line;
    border-radius: ${field_radius}px; background: $raised; color: $text;
    selection-background-color: $gold_wash; selection-color: $text;
}
QPlainTextEdit[role="field"] { padding: ${xs}px; }
QAbstractSpinBox { padding: 0 ${xs}px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: none; }
QAbstractSpinBox QLineEdit { min-height: 0; border: none; padding: 0; background: transparent; }
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: $off; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus, QPlainTextEdit[role="field"]:focus {
    border-color: $gold;
}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {
    color: $off; background: transparent;
}
QLineEdit[role="search"] {
    border: none; background: transparent; font-size: ${section}px; padding: 0 ${xs}px;
}
QComboBox { padding-right: ${xs}px; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url("$ui/chevron-down.svg"); width: 14px; height: 14px; }
QComboBox[role="quiet"] { background: transparent; border-color: transparent; }
QComboBox[role="quiet"]:hover { background: $hover; }
QComboBox[role="quiet"]:focus { border-color: $gold; }
QComboBox QAbstractItemView {
    background: $raised; border: 1px solid $line; padding: ${xs}px; outline: none;
    selection-background-color: $hover; selection-color: $text;
}
QComboBox QAbstractItemView::item { min-height: ${control}px; padding: 0 ${xs}px; }

QPlainTextEdit, QTextEdit {
    background: $surface; color: $text; border: none;
    selection-background-color: $gold_wash; selection-color: $text;
}
QFrame[role="prompt"] QPlainTextEdit { background: transparent; border: none; }

QHeaderView::section {
    background: transparent; border: none; border-bottom: 1px solid $line; color: $text;
    padding: ${xs}px ${s}px; font-weight: $bold;
}
QTableView::item { padding: ${xs}px ${s}px; }
QListView, QTreeView, QTableView {
    background: transparent; border: none; outline: none; color: $text;
    selection-background-color: $hover; selection-color: $text;
}
QListView::item, QTreeView::item {
    min-height: ${control}px; padding: 0 ${s}px; border-radius: ${field_radius}px;
    border: 1px solid transparent;
}
QTreeView::item { border: none; border-radius: 0; }
QListView::item:hover { background: $hover; }
QListView::item:selected, QTreeView::item:selected, QTreeView::branch:selected {
    background: $hover; color: $text;
}
QListView::item:focus { border-color: $gold; }

QMenu { background: $raised; border: 1px solid $line; padding: ${xs}px; }
QMenu::item {
    padding: 5px ${l}px 5px ${s}px; border-radius: ${field_radius}px; color: $text;
}
QMenu::item:selected { background: $hover; }
QMenu::item:disabled { color: $off; }
QMenu::icon { padding-left: ${xs}px; }
QMenu::separator { height: 1px; background: $line; margin: ${xs}px ${s}px; }
QMenu::right-arrow { image: url("$ui/chevron-right.svg"); width: 14px; height: 14px; }
QMenu::indicator { width: 16px; height: 16px; }
QMenu::indicator:checked { image: url("$ui/check.svg"); }

QScrollArea { border: none; background: transparent; }
QScrollArea > QWidget > QWidget[role="page"] { background: transparent; }
QScrollBar:vertical { width: 10px; background: transparent; margin: 0; }
QScrollBar:horizontal { height: 10px; background: transparent; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $off; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QAbstractScrollArea::corner { background: transparent; border: none; }

QRadioButton { spacing: ${s}px; }
QRadioButton::indicator {
    width: 12px; height: 12px; border: 1px solid $off; border-radius: 7px; background: $raised;
}
QRadioButton::indicator:hover { border-color: $text; }
QRadioButton::indicator:focus { border-color: $gold; }
QRadioButton::indicator:checked {
    width: 6px; height: 6px; border: 4px solid $gold; background: $on_gold;
}

QSlider { min-height: ${control}px; background: transparent; }
QSlider::groove:horizontal { height: 2px; background: $line; border-radius: 1px; }
QSlider::sub-page:horizontal { height: 2px; background: $quiet; border-radius: 1px; }
QSlider::handle:horizontal {
    width: 10px; height: 10px; margin: -5px 0; border-radius: 6px; background: $quiet;
    border: 1px solid $surface;
}
QSlider::handle:horizontal:hover { background: $text; }
QSlider::handle:horizontal:focus { background: $gold; }
QSlider::sub-page:horizontal:disabled, QSlider::handle:horizontal:disabled { background: $line; }

QProgressBar { border: none; background: $line; border-radius: 2px; max-height: 4px; }
QProgressBar::chunk { background: $gold; border-radius: 2px; }

QSplitter::handle { background: $line; }
QSplitter::handle:hover { background: $off; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }

QTabBar { background: transparent; border: none; qproperty-drawBase: 0; }
QTabBar::tab {
    padding: 6px ${m}px; color: $quiet; background: transparent;
    border: 1px solid transparent; border-radius: ${field_radius}px;
}
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; background: $hover; }
QTabBar::tab:focus { border-color: $gold; }
QTabWidget::pane { border: none; }

QMainWindow, QDialog { background: $ground; }
QDialog[role="surface"] { background: $surface; }
"""
