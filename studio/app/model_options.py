"""How a model shall work: which one, its options by name, the seed. Each pane has its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from studio.app.bridge import EngineBridge
from studio.core.media import SEED_MAX, random_seed
from studio.core.options import OptionInfo, OptionValue
from studio.core.requests import Capability

if TYPE_CHECKING:
    from studio.engine.jobs import InstalledModel
    from studio.models.info import ModelInfo


class ModelOptions(QObject):
    """The choices in an inspector, as requests need them.

    Attributes:
        capabilities: A model with one of these can be chosen; the first is asked for options.
        seed: The seed of the next request when it is locked, else of the last one.
        seed_locked: Every request takes the same seed.
    """

    changed = Signal()

    def __init__(
        self,
        bridge: EngineBridge,
        capabilities: tuple[Capability, ...],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.capabilities = capabilities
        self._values: dict[str, OptionValue] = {}
        self.seed = random_seed()
        self.seed_locked = False
        bridge.engine_changed.connect(self.changed)

    # -- the model ----------------------------------------------------------------------------

    @property
    def capability(self) -> Capability:
        """What the model is asked to do."""
        return self.capabilities[0]

    @property
    def model(self) -> str:
        """Id of the chosen model; "" for the one set as default."""
        raise NotImplementedError

    def choose_model(self, model_id: str) -> None:
        """Let this model work from now on."""
        raise NotImplementedError

    def models(self) -> tuple[InstalledModel, ...]:
        """Return the installed models that can be chosen."""
        wanted = self.capabilities
        return tuple(m for m in self._bridge.models() if any(c in m.capabilities for c in wanted))

    def info(self) -> ModelInfo | None:
        """Return the model that works: the chosen one or the default; ``None`` without one."""
        chosen = self.model
        for each in self.models():
            if each.info.id == chosen:
                return each.info
        return self._bridge.default_model(self.capability)

    def title(self) -> str:
        """Return the name of the model that works; "" when there is none."""
        info = self.info()
        return info.title if info is not None else ""

    def why_not(self) -> str:
        """Return why nothing can be made now; "" when it can, or when it is too early to say."""
        if self._bridge.failure:
            return self._bridge.failure
        state = self._bridge.state()
        if state is None or not state.ready or self.models():
            return ""
        return self._no_model()

    def _no_model(self) -> str:
        """Return the sentence that no fitting model is installed."""
        raise NotImplementedError

    # -- its options --------------------------------------------------------------------------

    def infos(self) -> tuple[OptionInfo, ...]:
        """Return the options the model's backend has."""
        return tuple(self._bridge.options_for(self.capability, self.model))

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

    def for_request(self, capability: Capability, **wanted: OptionValue) -> dict[str, OptionValue]:
        """Return options the backend knows, within its bounds, as a request carries them.

        Args:
            capability: What will be asked.
            **wanted: Values that go before the user's.
        """
        chosen: dict[str, OptionValue] = {**self.values, **wanted}
        result: dict[str, OptionValue] = {}
        for info in self._bridge.options_for(capability, self.model):
            if info.name in chosen:
                result[info.name] = info.check(_bounded(info, chosen[info.name]))
        return result

    # -- the seed -----------------------------------------------------------------------------

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

    # -- for the next start -------------------------------------------------------------------

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


def _bounded(info: OptionInfo, value: OptionValue) -> OptionValue:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    low = value if info.ge is None else max(value, info.ge)
    bounded = low if info.le is None else min(low, info.le)
    return int(bounded) if info.type is int else bounded
