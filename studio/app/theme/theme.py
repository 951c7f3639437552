"""Which scheme is shown, and telling everyone when that changes."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from studio.app.theme.style import qt_palette, style_sheet
from studio.app.theme.tokens import DARK, LIGHT, Motion, Palette

DRESSED = "triptych-dressed"


class Theme(QObject):
    """Dresses the application in the dark or the light palette.

    Qt's own dark palettes differ between systems and are not there at all on some, so both are
    ours; the system is only asked which one it prefers.
    """

    changed = Signal()

    def __init__(
        self, app: QApplication, choice: str = "system", *, reduce_motion: bool = False
    ) -> None:
        super().__init__(app)
        self._app = app
        self._hints = app.styleHints()  # kept: a temporary one is collected under our feet
        self._choice = choice
        self._reduce_motion = reduce_motion
        self._palette: Palette | None = None
        if app.property(DRESSED) is None:  # polishing every widget again is slow
            app.setStyle("Fusion")
            app.setProperty(DRESSED, True)
        self._hints.colorSchemeChanged.connect(self._apply)
        self._apply()

    @property
    def palette(self) -> Palette:
        """The colours of the moment."""
        assert self._palette is not None
        return self._palette

    @property
    def is_dark(self) -> bool:
        """Whether the dark palette is shown."""
        return self._palette is DARK

    @property
    def motion_ms(self) -> int:
        """How long a movement may take; 0 when the user or the system wants none."""
        from PySide6.QtWidgets import QStyle  # its enumerations take 6 ms, so not at the start

        if self._reduce_motion:
            return 0
        animated = self._app.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration)
        return Motion.LONGEST if animated else 0

    def set_choice(self, choice: str) -> None:
        """Show "dark", "light", or what the "system" prefers."""
        self._choice = choice
        self._apply()

    def set_reduce_motion(self, reduce: bool) -> None:
        """Show changes at once from now on, or not."""
        self._reduce_motion = reduce

    def _apply(self) -> None:
        dark = self._choice == "dark" or (
            self._choice != "light" and self._hints.colorScheme() != Qt.ColorScheme.Light
        )
        palette = DARK if dark else LIGHT
        if palette is self._palette:
            return
        self._palette = palette
        sheet = style_sheet(palette)
        if self._app.styleSheet() != sheet:
            self._app.setPalette(qt_palette(palette))
            self._app.setStyleSheet(sheet)
        self.changed.emit()
