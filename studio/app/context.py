"""What a pane gets to work with: one record, passed in, nothing to look up elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from studio.app.actions import ActionRegistry
from studio.app.bridge import EngineBridge
from studio.app.notify import Notifier
from studio.app.settings_model import SettingsModel
from studio.app.theme import Theme
from studio.core.paths import Folders

if TYPE_CHECKING:
    from studio.app.model_fetches import ModelFetches
    from studio.app.voices.own_voices import OwnVoices
    from studio.documents.project.session import ProjectSession
    from studio.library.service import LibraryService


@dataclass(frozen=True)
class AppContext:
    """The window's services.

    Attributes:
        folders: Where things are kept.
        settings: The user's settings, with a signal for each change.
        bridge: The way to the engine.
        actions: Everything that can be done, for menus, palette and shortcuts.
        notify: The one door for messages to the user.
        theme: Colours of the moment.
        library: Everything that was made; opens its index at first use.
        open_projects: Makes the project session; called once, by the first use of ``projects``.
    """

    folders: Folders
    settings: SettingsModel
    bridge: EngineBridge
    actions: ActionRegistry
    notify: Notifier
    theme: Theme
    library: LibraryService
    open_projects: Callable[[], ProjectSession] = field(repr=False)

    @cached_property
    def projects(self) -> ProjectSession:
        """The window's projects. First used after the first paint, since it opens a database."""
        return self.open_projects()

    @cached_property
    def fetches(self) -> ModelFetches:
        """Models that one click brings here; shared by all that offer some."""
        from studio.app.model_fetches import ModelFetches

        return ModelFetches(self.bridge, self.notify, self.folders)

    @cached_property
    def voices(self) -> OwnVoices:
        """Voices that people lent; shared by all that offer some."""
        from studio.app.voices.own_voices import OwnVoices

        return OwnVoices(self.folders)
