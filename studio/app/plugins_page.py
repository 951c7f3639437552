"""The plugins: what each is, whether it is on, and why not."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.app.context import AppContext
from studio.app.theme.style import set_role
from studio.app.theme.tokens import Space
from studio.app.widgets.switch import Switch
from studio.app.widgets.words import fill_in
from studio.engine.plugins import PluginInfo


class PluginsPage(QWidget):
    """Every plugin the engine found, with a switch."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._shown: tuple[PluginInfo, ...] | None = None
        heading = QLabel(self.tr("Plugins"))
        set_role(heading, "title")
        words = QLabel(
            self.tr(
                "A plugin is a program that runs with your rights. Turn on only what you trust. "
                "When its files change, Triptych asks again."
            )
        )
        words.setWordWrap(True)
        set_role(words, "quiet")
        self._cards = QVBoxLayout()
        self._cards.setSpacing(Space.S)
        folder = QPushButton(self.tr("Open the plugin folder"))
        folder.clicked.connect(self._open_folder)
        row = QHBoxLayout()
        row.addWidget(folder)
        row.addStretch()
        layout = QVBoxLayout(self)
        layout.setSpacing(Space.L)
        for widget in (heading, words):
            layout.addWidget(widget)
        layout.addLayout(self._cards)
        layout.addLayout(row)
        layout.addStretch()
        context.bridge.engine_changed.connect(self.refresh)
        self.refresh()

    @property
    def cards(self) -> list[PluginCard]:
        """The plugins shown."""
        return self.findChildren(PluginCard)

    def refresh(self) -> None:
        """Ask the engine again."""
        plugins = self._context.bridge.plugins()
        if plugins == self._shown:
            return
        self._shown = plugins
        while (item := self._cards.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        for plugin in plugins:
            card = PluginCard(plugin)
            card.switch.toggled.connect(lambda on, p=plugin: self._turn(p, on))
            self._cards.addWidget(card)
        if not plugins:
            none = QLabel(
                self.tr("None yet. Put a plugin's folder into the plugin folder to see it here.")
                if self._context.bridge.attached
                else self.tr("The engine is getting ready…")
            )
            set_role(none, "quiet")
            self._cards.addWidget(none)

    def _turn(self, plugin: PluginInfo, on: bool) -> None:
        self._context.settings.set_plugin(plugin.id, plugin.hash if on else None)

    def _open_folder(self) -> None:
        folder = self._context.folders.plugins
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._context.notify.warn(
                fill_in(self.tr("The folder %1 could not be made."), folder), hint=str(error)
            )
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            self._context.notify.info(
                self.tr("No file manager could be opened."),
                hint=fill_in(self.tr("The plugin folder is %1."), folder),
            )


class PluginCard(QFrame):
    """One plugin."""

    def __init__(self, plugin: PluginInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plugin = plugin
        set_role(self, "card")
        title = QLabel(f"{plugin.title} {plugin.version}".strip())
        set_role(title, "heading")
        self.switch = Switch()
        self.switch.setChecked(plugin.enabled)
        self.switch.setEnabled(plugin.folder is not None and plugin.state != "unusable")
        self.switch.setAccessibleName(fill_in(self.tr("Turn %1 on"), plugin.title))
        self.switch.setToolTip(self._switch_words())
        head = QHBoxLayout()
        head.addWidget(title, 1)
        head.addWidget(self.switch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.M, Space.S, Space.M, Space.M)
        layout.setSpacing(Space.XS)
        layout.addLayout(head)
        aside = " · ".join(part for part in (plugin.licence, self._place()) if part)
        for text, role in (
            (plugin.description, "quiet"),
            (aside, "caption"),
            (self.problem(), "bad" if plugin.state in ("failed", "unusable") else "gold"),
        ):
            if text:
                layout.addWidget(_line(text, role))
        if plugin.details:
            copy = QPushButton(self.tr("Copy details"))
            set_role(copy, "flat-inset")
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(plugin.details))
            layout.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)

    def problem(self) -> str:
        """Return why it is not on, in words; "" when nothing is wrong."""
        plugin = self.plugin
        if plugin.state == "changed":
            return plugin.error or self.tr(
                "Its files changed since you turned it on. Look at it, then turn it on again."
            )
        return plugin.error if plugin.state != "off" else ""

    def _switch_words(self) -> str:
        if self.plugin.folder is None:
            return self.tr("Installed as a package; remove the package to turn it off")
        return self.tr("Turn off") if self.plugin.enabled else self.tr("Turn on")

    def _place(self) -> str:
        return str(self.plugin.folder) if self.plugin.folder else self.tr("installed as a package")


def _line(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    set_role(label, role)
    return label
