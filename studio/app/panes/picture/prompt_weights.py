"""Lets words of a prompt count more or less from the keyboard, wherever prompts are written."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from studio.core.prompts import change_weight
from studio.documents.manuscript.text_units import to_code_points, to_utf16

WEIGHT_STEP = 0.1


def step_of(event: QKeyEvent, modifier: Qt.KeyboardModifier) -> int:
    """Return 1 for the arrow up with a modifier, -1 for down, 0 for any other key."""
    plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    if plain != modifier:
        return 0
    return {int(Qt.Key.Key_Up): 1, int(Qt.Key.Key_Down): -1}.get(event.key(), 0)


def weigh(edit: QPlainTextEdit, by: float) -> None:
    """Let what is selected (or the word at the cursor) count more or less."""
    text, cursor = edit.toPlainText(), edit.textCursor()
    start = to_code_points(text, cursor.selectionStart())
    end = to_code_points(text, cursor.selectionEnd())
    changed, start, end = change_weight(text, start, end, by)
    if changed == text:
        return
    replace_text(edit, changed)
    cursor = edit.textCursor()
    cursor.setPosition(to_utf16(changed, start))
    cursor.setPosition(to_utf16(changed, end), QTextCursor.MoveMode.KeepAnchor)
    edit.setTextCursor(cursor)


def replace_text(edit: QPlainTextEdit, text: str) -> None:
    """Put another text in, as an edit that can be undone."""
    if edit.toPlainText() != text:
        cursor = edit.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
