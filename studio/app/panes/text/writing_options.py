"""How the model shall write: model, options by name, seed. Shared by manuscripts and chats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.app.bridge import EngineBridge
from studio.app.settings_model import SettingsModel
from studio.core.media import SEED_MAX, random_seed
from studio.core.options import OptionInfo, OptionValue
from studio.core.requests import Capability

if TYPE_CHECKING:
    from studio.engine.jobs import InstalledModel

TEXT = (Capability.TEXT_GENERATE, Capability.TEXT_CHAT)


class WritingOptions(QObject):
    """The choices in the inspector, as requests need them.

    Attributes:
        seed: The seed of the next request when it is locked, else of the last one.
        seed_locked: Every request takes the same seed.
    """

    changed = Signal()

    def __init__(
        self, bridge: EngineBridge, settings: SettingsModel, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._settings = settings
        self._values: dict[str, OptionValue] = {}
        self.seed = random_seed()
        self.seed_locked = False
        bridge.engine_changed.connect(self.changed)

    @property
    def model(self) -> str:
        """Id of the chosen model; "" for the one set as default."""
        chosen = self._settings.value.writing.text_model
        return chosen if chosen in {each.info.id for each in self.models()} else ""

    def choose_model(self, model_id: str) -> None:
        """Let this model write from now on."""
        self._settings.set("writing", "text_model", model_id)
        self.changed.emit()

    def models(self) -> tuple[InstalledModel, ...]:
        """Return the installed models that can write."""
        return tuple(
            each for each in self._bridge.models() if any(c in each.capabilities for c in TEXT)
        )

    def title(self) -> str:
        """Return the name of the model that writes; "" when there is none."""
        chosen = self.model
        for each in self.models():
            if each.info.id == chosen:
                return each.info.title
        default = self._bridge.default_model(Capability.TEXT_GENERATE)
        return default.title if default is not None else ""

    def context_length(self) -> int:
        """Return how many tokens the model can see; 0 when unknown."""
        chosen = self.model
        for each in self.models():
            if each.info.id == chosen:
                return each.info.context_length
        default = self._bridge.default_model(Capability.TEXT_GENERATE)
        return default.context_length if default is not None else 0

    def why_not(self) -> str:
        """Return why nothing can be written now; "" when it can, or when it is too early to say."""
        if self._bridge.failure:
            return self._bridge.failure
        state = self._bridge.state()
        if state is None or not state.ready or self.models():
            return ""
        return self.tr("No language model is installed. Add one under Models.")

    def infos(self) -> tuple[OptionInfo, ...]:
        """Return the options the model's backend has."""
        return tuple(self._bridge.options_for(Capability.TEXT_GENERATE, self.model))

    @property
    def values(self) -> dict[str, OptionValue]:
        """The user's choices by name."""
        return dict(self._values)

    def set_values(self, values: Mapping[str, OptionValue]) -> None:
        """Take choices over; others stay."""
        merged = {**self._values, **values}
        if merged != self._values:
            self._values = merged
            self.changed.emit()

    def to_plain(self) -> dict[str, object]:
        """Return the choices as plain data, to keep for the next start."""
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in self._values.items()}
        return {"options": plain, "seed": self.seed, "seed_locked": self.seed_locked}

    def take_plain(self, plain: Mapping[str, object]) -> None:
        """Take over what :meth:`to_plain` returned; what does not fit is left out."""
        options, seed = plain.get("options"), plain.get("seed")
        if isinstance(options, Mapping):
            self._values = {
                str(k): tuple(v) if isinstance(v, list) else v for k, v in options.items()
            }
        if isinstance(seed, int) and plain.get("seed_locked") is True:
            self.seed, self.seed_locked = max(0, min(seed, SEED_MAX)), True

    def set_seed(self, seed: int, *, locked: bool) -> None:
        """Set seed and lock."""
        self.seed, self.seed_locked = max(0, min(seed, SEED_MAX)), locked
        self.changed.emit()

    def next_seed(self, take: int = 0) -> int:
        """Return the seed for a request; a locked one stays, its further takes count on."""
        if not self.seed_locked:
            self.seed = random_seed()
            self.changed.emit()
            return self.seed
        return (self.seed + take) % (SEED_MAX + 1)

    def for_request(self, capability: Capability, **wanted: OptionValue) -> dict[str, OptionValue]:
        """Return options the backend knows, within its bounds, as a request carries them.

        Args:
            capability: What will be asked.
            **wanted: Values that go before the user's.
        """
        chosen: dict[str, OptionValue] = {**self._values, **wanted}
        result: dict[str, OptionValue] = {}
        for info in self._bridge.options_for(capability, self.model):
            if info.name in chosen:
                result[info.name] = info.check(_bounded(info, chosen[info.name]))
        return result


def _bounded(info: OptionInfo, value: OptionValue) -> OptionValue:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    low = value if info.ge is None else max(value, info.ge)
    bounded = low if info.le is None else min(low, info.le)
    return int(bounded) if info.type is int else bounded
