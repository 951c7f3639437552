"""How sounds shall be made: speech or music, with which model and voice, how fast, how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject

from studio.app.bridge import EngineBridge
from studio.app.model_options import ModelOptions
from studio.core.errors import BadInputError
from studio.core.options import OptionValue
from studio.core.requests import AudioRequest, Capability, KeptVoice

if TYPE_CHECKING:
    from studio.app.voices.own_voices import OwnVoices
    from studio.engine.api import Voice
    from studio.engine.jobs import InstalledModel

Kind = Literal["speech", "music"]
CAPABILITY: dict[Kind, Capability] = {
    "speech": Capability.AUDIO_SPEECH,
    "music": Capability.AUDIO_MUSIC,
}
SLOWEST, FASTEST = 0.5, 2.0
MUSIC_S = 8.0
LONGEST_S = 120.0


class SoundOptions(ModelOptions):
    """The choices of the sound pane; what was set is kept for speech and music apart.

    Attributes:
        kind: What is made.
        speed: Of speech; 1 is the voice's own.
        seconds: How long music shall be.
        voice: Id of the voice; "" for the model's first.
        lent: Id of a lent voice that was chosen instead; "" for none.
    """

    def __init__(
        self, bridge: EngineBridge, lent_voices: OwnVoices, parent: QObject | None = None
    ) -> None:
        super().__init__(bridge, (Capability.AUDIO_SPEECH, Capability.AUDIO_MUSIC), parent)
        self.kind: Kind = "speech"
        self.speed = 1.0
        self.seconds = MUSIC_S
        self.voice = ""
        self.lent = ""
        self._lent_voices = lent_voices
        self._chosen: dict[str, str] = {}
        lent_voices.changed.connect(self.changed)

    @property
    def capability(self) -> Capability:
        """What a model is asked to do."""
        return CAPABILITY[self.kind]

    def set_kind(self, kind: Kind) -> None:
        """Make speech or music from now on."""
        if kind != self.kind:
            self.kind = kind
            self._values = {}
            self.voice = ""
            self.changed.emit()

    @property
    def model(self) -> str:
        """Id of the chosen model; "" for the one set as default."""
        chosen = self._chosen.get(self.kind, "")
        return chosen if chosen in {model.info.id for model in self.models()} else ""

    def choose_model(self, model_id: str) -> None:
        """Let this model work from now on."""
        self._chosen[self.kind] = model_id
        self._values = {}
        self.voice = ""
        self.changed.emit()

    def models(self) -> tuple[InstalledModel, ...]:
        """Return the models that make what is to be made."""
        return tuple(m for m in self._bridge.models() if self.capability in m.capabilities)

    def voices(self) -> tuple[Voice, ...]:
        """Return the voices of the model."""
        return tuple(self._bridge.voices_for(self.capability, self.model))

    def lent_voices(self) -> tuple[KeptVoice, ...]:
        """Return the voices that people lent, whether or not the model can speak in them."""
        return self._lent_voices.usable()

    @property
    def clones(self) -> bool:
        """Whether the model speaks in lent voices."""
        return self.kind == "speech" and self._bridge.clones(self.model)

    @property
    def lent_voice(self) -> KeptVoice | None:
        """The lent voice that is spoken with; ``None`` for the model's own."""
        return self._lent_voices.find(self.lent) if self.lent and self.clones else None

    def set(self, **changes: object) -> None:
        """Set speed, seconds, voice or lent voice."""
        different = {name: v for name, v in changes.items() if getattr(self, name) != v}
        for name, value in different.items():
            setattr(self, name, value)
        if different:
            self.changed.emit()

    def request(self, prompt: str, *, voice: str = "", seed: int | None = None) -> AudioRequest:
        """Return what is asked for a prompt now.

        Raises:
            BadInputError: There is no text.
        """
        if not prompt.strip():
            raise BadInputError("There is no text yet.", hint="Write a few words first.")
        values: dict[str, OptionValue] = self.for_request(self.capability)
        speech = self.kind == "speech"
        kept = self.lent_voice if not voice else None
        own_voice = (voice or self.voice) if speech and kept is None else ""
        return AudioRequest(
            capability=self.capability,
            seed=self.next_seed() if seed is None else seed,
            model=self.model,
            options=values,
            prompt=prompt,
            voice=own_voice,
            kept_voice=kept,
            speed=self.speed if speech else 1.0,
            audio_end_in_s=0.0 if speech else self.seconds,
            label=prompt.strip().splitlines()[0][:60],
        )

    def to_plain(self) -> dict[str, object]:
        """Return the choices as plain data, to keep for the next start."""
        return {
            **super().to_plain(),
            "kind": self.kind,
            "speed": self.speed,
            "seconds": self.seconds,
            "voice": self.voice,
            "lent": self.lent,
            "models": dict(self._chosen),
        }

    def take_plain(self, plain: Mapping[str, object]) -> None:
        """Take over what :meth:`to_plain` returned; what does not fit is left out."""
        super().take_plain(plain)
        self.kind = "music" if plain.get("kind") == "music" else "speech"
        self.speed = _number(plain.get("speed"), SLOWEST, FASTEST, 1.0)
        self.seconds = _number(plain.get("seconds"), 1.0, LONGEST_S, MUSIC_S)
        self.voice = str(plain.get("voice") or "")
        self.lent = str(plain.get("lent") or "")
        models = plain.get("models")
        if isinstance(models, Mapping):
            self._chosen = {str(kind): str(model) for kind, model in models.items()}

    def _no_model(self) -> str:
        if self.kind == "speech":
            return self.tr(
                "No model that speaks is installed. Get one under Models in the settings."
            )
        return self.tr(
            "No model for music and sounds is installed. Put the folder of one, such as MusicGen "
            "or Stable Audio, into a model folder."
        )


def _number(value: object, low: float, high: float, default: float) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return default
    return min(high, max(low, float(value)))
