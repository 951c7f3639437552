"""How the model shall write: model, options by name, seed. Shared by manuscripts and chats."""

from __future__ import annotations

from PySide6.QtCore import QObject

from studio.app.bridge import EngineBridge
from studio.app.model_options import ModelOptions
from studio.app.settings_model import SettingsModel
from studio.core.requests import Capability


class WritingOptions(ModelOptions):
    """The choices in the text inspector; the model is the one in the settings."""

    def __init__(
        self, bridge: EngineBridge, settings: SettingsModel, parent: QObject | None = None
    ) -> None:
        super().__init__(bridge, (Capability.TEXT_GENERATE, Capability.TEXT_CHAT), parent)
        self._settings = settings

    @property
    def model(self) -> str:
        """Id of the chosen model; "" for the one set as default."""
        chosen = self._settings.value.writing.text_model
        return chosen if chosen in {each.info.id for each in self.models()} else ""

    def choose_model(self, model_id: str) -> None:
        """Let this model write from now on."""
        self._settings.set("writing", "text_model", model_id)
        self.changed.emit()

    def context_length(self) -> int:
        """Return how many tokens the model can see; 0 when unknown."""
        info = self.info()
        return info.context_length if info is not None else 0

    def _no_model(self) -> str:
        return self.tr("No language model is installed. Add one under Models.")
