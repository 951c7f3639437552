"""Everything that can be done, each as one record: menus, palette, shortcuts and tooltips
derive from it. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from studio.app.settings_model import SettingsModel
from studio.app.theme.icons import icon

Enabled = Callable[[], bool | str] | None
"""Says whether an action can be done now: true, false, or why not. ``None`` means always."""


@dataclass(frozen=True, kw_only=True)
class ActionSpec:
    """One thing the user can do.

    Attributes:
        id: Stable name, such as "text.continue"; what settings store shortcuts under.
        title: What menus, palette and buttons say; translated.
        callback: What it does.
        shortcut: Default keys in Qt's portable text, such as "Ctrl+Return"; "" for none.
        icon: Name of a Lucide icon; "" for none.
        tooltip: One sentence; the title when empty.
        enabled: Says whether it can be done now: true, false, or a sentence with the reason why
            not, which is shown where the action is greyed. ``None`` means always.
        category: Menu it belongs to: "File", "Edit", "View", "Generate" or "Help".
        checkable: It is a state to switch; ``callback`` runs after each switch.
        pane: Name of the pane its keys work in, so that panes may use the same keys; "" for all.
    """

    id: str
    title: str
    callback: Callable[[], object]
    shortcut: str = ""
    icon: str = ""
    tooltip: str = ""
    enabled: Enabled = None
    category: str = ""
    checkable: bool = False
    pane: str = ""


def pane_action(
    pane: str,
    name: str,
    title: str,
    callback: Callable[[], object],
    shortcut: str = "",
    icon: str = "",
    category: str = "File",
    enabled: Enabled = None,
    tooltip: str = "",
) -> ActionSpec:
    """Return an action of one pane: its keys work there, its id begins with the pane's name."""
    return ActionSpec(
        id=f"{pane}.{name}",
        title=title,
        callback=callback,
        shortcut=shortcut,
        icon=icon,
        tooltip=tooltip,
        enabled=enabled,
        category=category,
        pane=pane,
    )


class ActionRegistry(QObject):
    """Holds every action of the window and the keys the user gave it."""

    added = Signal(str)
    shortcut_changed = Signal(str)

    def __init__(self, settings: SettingsModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._specs: dict[str, ActionSpec] = {}
        self._actions: dict[str, QAction] = {}
        self._window: QWidget | None = None
        self._pane = ""

    def attach(self, window: QWidget) -> None:
        """Make the shortcuts of all actions, present and future, work inside ``window``."""
        self._window = window
        window.addActions(list(self._actions.values()))

    def set_pane(self, name: str) -> None:
        """Let the keys of this pane's actions work, and of no other pane's; "" lets all."""
        if name == self._pane:
            return
        self._pane = name
        for spec in self._specs.values():
            if spec.pane:
                self._show_shortcut(spec.id)

    def add(self, spec: ActionSpec) -> QAction:
        """Add an action and return its ``QAction`` for buttons and menus.

        Raises:
            ValueError: The id is taken.
        """
        if spec.id in self._specs:
            raise ValueError(f"there already is an action {spec.id}")
        action = QAction(spec.title, self)
        action.setObjectName(spec.id)
        if spec.icon:
            action.setIcon(icon(spec.icon))
        action.setCheckable(spec.checkable)
        action.triggered.connect(lambda: self.run(spec.id))
        self._specs[spec.id] = spec
        self._actions[spec.id] = action
        self._show_shortcut(spec.id)
        self._refresh_one(spec.id)
        if self._window is not None:
            self._window.addAction(action)
        self.added.emit(spec.id)
        return action

    def get(self, action_id: str) -> QAction:
        """Return the action's ``QAction``.

        Raises:
            KeyError: No such action.
        """
        return self._actions[action_id]

    def spec(self, action_id: str) -> ActionSpec:
        """Return the action's record.

        Raises:
            KeyError: No such action.
        """
        return self._specs[action_id]

    def all(self) -> tuple[ActionSpec, ...]:
        """Return every action, in the order they were added."""
        return tuple(self._specs.values())

    def run(self, action_id: str) -> bool:
        """Do it, when it can be done now; say whether it was done."""
        spec = self._specs[action_id]
        self._refresh_one(action_id)
        if not self._actions[action_id].isEnabled():
            return False
        spec.callback()
        return True

    def refresh(self, *action_ids: str) -> None:
        """Ask these actions (all, when none is named) whether they can be done now."""
        for action_id in action_ids or tuple(self._specs):
            self._refresh_one(action_id)

    def why_not(self, action_id: str) -> str:
        """Return the reason why an action cannot be done now; "" when it can or gives none."""
        answer = self._answer(self._specs[action_id])
        return answer if isinstance(answer, str) else ""

    def shortcut(self, action_id: str) -> str:
        """Return the keys of an action in portable text; the user's before the default."""
        own = self._settings.value.shortcuts.get(action_id)
        return self._specs[action_id].shortcut if own is None else own

    def conflict(self, action_id: str, shortcut: str) -> ActionSpec | None:
        """Return another action that has these keys already, where both could be meant."""
        wanted = QKeySequence(shortcut)
        if wanted.isEmpty():
            return None
        pane = self._specs[action_id].pane if action_id in self._specs else ""
        for other in self._specs.values():
            apart = pane and other.pane and pane != other.pane
            if other.id == action_id or apart:
                continue
            if QKeySequence(self.shortcut(other.id)) == wanted:
                return other
        return None

    def rebind(self, action_id: str, shortcut: str) -> None:
        """Give an action other keys ("" for none) and remember them.

        Raises:
            KeyError: No such action.
        """
        default = self._specs[action_id].shortcut
        same = QKeySequence(shortcut) == QKeySequence(default)
        self._settings.set_shortcut(action_id, None if same else shortcut)
        self._show_shortcut(action_id)
        self._refresh_one(action_id)
        self.shortcut_changed.emit(action_id)

    def reset(self, action_id: str) -> None:
        """Give an action its default keys back."""
        self.rebind(action_id, self._specs[action_id].shortcut)

    def _answer(self, spec: ActionSpec) -> bool | str:
        return True if spec.enabled is None else spec.enabled()

    def _show_shortcut(self, action_id: str) -> None:
        pane = self._specs[action_id].pane
        asleep = pane and self._pane and pane != self._pane
        keys = "" if asleep else self.shortcut(action_id)
        self._actions[action_id].setShortcut(QKeySequence(keys))

    def _refresh_one(self, action_id: str) -> None:
        spec, action = self._specs[action_id], self._actions[action_id]
        answer = self._answer(spec)
        action.setEnabled(answer is True)
        tooltip = spec.tooltip or spec.title
        keys = QKeySequence(self.shortcut(action_id)).toString(
            QKeySequence.SequenceFormat.NativeText
        )
        if keys:
            tooltip = f"{tooltip} ({keys})"
        if isinstance(answer, str):
            tooltip = f"{tooltip}\n{answer}"
        action.setToolTip(tooltip)
