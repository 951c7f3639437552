"""What lies over a manuscript: the bar at waiting text, the alternatives, the empty state.

They are widgets of the editor's and go where the text they belong to is.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint
from PySide6.QtWidgets import QWidget

from studio.app.panes.text.alternatives_panel import AlternativesPanel
from studio.app.panes.text.float_bar import FloatBar
from studio.app.panes.text.generation import Generation
from studio.app.panes.text.manuscript_editor import ManuscriptEditor
from studio.app.theme.tokens import Space


class OverText(QObject):
    """Keeps bar, panel and empty state of one editor in their places."""

    def __init__(
        self,
        editor: ManuscriptEditor,
        generation: Generation,
        bar: FloatBar,
        panel: AlternativesPanel,
        empty: QWidget,
    ) -> None:
        super().__init__(editor)
        self._editor = editor
        self._generation = generation
        self._bar = bar
        self._panel = panel
        self._empty = empty
        editor.moved.connect(self.place)
        bar.resized.connect(self.place)

    def place(self) -> None:
        """Put everything where the text is now."""
        self._empty.setGeometry(self._editor.viewport().rect())
        if self._panel.isVisible():
            self._place_panel()
        self._place_bar()

    def open_panel(self) -> None:
        """Show the alternatives below their place, scrolled so that both can be seen."""
        self._panel.show()
        self._panel.raise_()
        self._panel.setFocus()
        editor = self._editor
        room = editor.height() - self._panel_height() - Space.XL
        below = (editor.pending_rect() or editor.cursorRect()).bottom() - room
        if below > 0:
            bar = editor.verticalScrollBar()
            bar.setValue(bar.value() + below)
        self._place_panel()

    def _place_bar(self) -> None:
        editor, bar = self._editor, self._bar
        rect = editor.pending_rect() if self._generation.active else None
        if rect is None:
            bar.hide()
            return
        origin = editor.viewport().mapTo(editor, QPoint(0, 0))
        lowest = editor.height() - bar.height() - Space.S
        top = max(Space.S, min(rect.bottom() + Space.S + origin.y(), lowest))
        if editor.text_follows_pending() and rect.bottom() < lowest:
            top = lowest  # so that the joint with what follows can be read
        left = min(origin.x(), editor.width() - bar.width() - Space.XL)
        bar.move(max(Space.S, left), top)
        bar.show()
        bar.raise_()

    def _place_panel(self) -> None:
        editor, height = self._editor, self._panel_height()
        rect = editor.pending_rect() or editor.cursorRect()
        top = min(rect.bottom() + Space.M, editor.height() - height - Space.S)
        self._panel.setGeometry(
            Space.XL, max(Space.S, top), editor.width() - 2 * Space.XL - Space.S, height
        )

    def _panel_height(self) -> int:
        return min(self._panel.wanted_height(), self._editor.height() * 2 // 3)
