"""Everything a user can ask the engine for, as frozen, plain data.

A request holds *every* input, so its result can be made again from it and says where it came
from. It crosses threads, processes and the disk as JSON: :func:`to_json`, :func:`from_json`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from studio.core.errors import BadInputError
from studio.core.inputs import InputRef
from studio.core.media import MAX_SIDE_PX, check_seed, clean_text
from studio.core.options import OptionValue

REQUEST_FORMAT = 1
REGIONS_MAX = 16


class Capability(StrEnum):
    """What a model can do; backends declare these per model, panes ask for them."""

    TEXT_GENERATE = "text.generate"
    TEXT_CHAT = "text.chat"
    TEXT_EMBED = "text.embed"
    IMAGE_TXT2IMG = "image.txt2img"
    IMAGE_IMG2IMG = "image.img2img"
    IMAGE_INPAINT = "image.inpaint"
    IMAGE_UPSCALE = "image.upscale"
    IMAGE_CAPTION = "image.caption"
    AUDIO_SPEECH = "audio.speech"
    AUDIO_MUSIC = "audio.music"
    AUDIO_REPAIR = "audio.repair"
    AUDIO_TRANSCRIBE = "audio.transcribe"
    VIDEO_TXT2VID = "video.txt2vid"


class Role(StrEnum):
    """Who speaks in a chat."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True)
class Message:
    """One message of a chat.

    Attributes:
        role: Who speaks.
        content: Plain text, NFC.
    """

    role: Role
    content: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "role", Role(self.role))
        object.__setattr__(self, "content", clean_text(self.content))


@dataclass(frozen=True, kw_only=True)
class Request:
    """What every request has.

    Attributes:
        capability: What the model is asked to do.
        model: The model's id in the store; empty means the one set as default for this.
        seed: 0..SEED_MAX; the same request, model and device give the same bytes.
        options: Values for the backend's options by name; what is absent is the default.
        label: What the job list shows; never sent to a model.
        transient: A passing result, such as a repaint while somebody paints: it is not filed in
            the library, and the job does not outlive the program.
    """

    kind: ClassVar[str] = ""

    capability: Capability
    seed: int
    model: str = ""
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    label: str = ""
    transient: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "capability", Capability(self.capability))
        check_seed(self.seed)
        for name in ("model", "label"):
            object.__setattr__(self, name, clean_text(getattr(self, name)))
        frozen = {str(name): _frozen(value) for name, value in self.options.items()}
        object.__setattr__(self, "options", MappingProxyType(frozen))

    def __hash__(self) -> int:
        return hash(to_json(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return from_json, (to_json(self),)


@dataclass(frozen=True, kw_only=True, eq=True)
class TextRequest(Request):
    """Text to be written by a language model.

    Either a plain completion (``prompt``, optionally with the ``suffix`` that follows the
    cursor) or a chat (``messages``); never both.

    Attributes:
        prompt: The text before the place where the model writes, used as it is.
        suffix: The text after that place; empty at the end of a text.
        messages: The chat so far, oldest first; the model answers the last one.
        instruction: What shall be done, in a sentence; for a completion a backend tells the
            model this in the way the model understands best.
    """

    kind: ClassVar[str] = "text"

    prompt: str = ""
    suffix: str = ""
    instruction: str = ""
    messages: tuple[Message, ...] = ()

    __hash__ = Request.__hash__

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("prompt", "suffix", "instruction"):
            object.__setattr__(self, name, clean_text(getattr(self, name)))
        object.__setattr__(self, "messages", tuple(self.messages))
        if self.messages and (self.prompt or self.suffix or self.instruction):
            raise BadInputError("A text request is either a chat or a completion, not both.")
        if not self.messages and not (self.prompt.strip() or self.instruction.strip()):
            raise BadInputError(
                "There is nothing to go on yet.", hint="Write a few words first, then try again."
            )


@dataclass(frozen=True, kw_only=True, eq=True)
class EmbedRequest(Request):
    """Texts to be turned into vectors whose nearness is nearness of meaning.

    Attributes:
        texts: One or more texts; what a model cannot see at once is left off at the end.
    """

    kind: ClassVar[str] = "embed"

    texts: tuple[str, ...] = ()

    __hash__ = Request.__hash__

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "texts", tuple(clean_text(text) for text in self.texts))
        if not self.texts:
            raise BadInputError("There is no text to be understood.")


@dataclass(frozen=True)
class LoraUse:
    """A LoRA in a picture request.

    Attributes:
        model: Its id in the store.
        weight: How strongly, usually 0..1; negative turns it round.
    """

    model: str
    weight: float = 1.0


@dataclass(frozen=True)
class ControlUse:
    """A picture that steers another through a ControlNet.

    Attributes:
        model: The ControlNet's id in the store.
        image: The control picture, already a map (edges, depth, pose) of what the model wants.
        weight: How strongly, 0..2.
        begin: Share of the steps after which it begins, 0..1.
        end: Share of the steps after which it ends, 0..1.
    """

    model: str
    image: InputRef
    weight: float = 1.0
    begin: float = 0.0
    end: float = 1.0


@dataclass(frozen=True)
class ReferenceUse:
    """A picture whose look is taken up through an IP-Adapter.

    Attributes:
        model: The adapter's id in the store.
        image: The reference.
        weight: How strongly, 0..1.
    """

    model: str
    image: InputRef
    weight: float = 0.6


@dataclass(frozen=True)
class Region:
    """A part of a picture with a prompt of its own.

    Attributes:
        prompt: What shall be there, in the syntax of the main prompt.
        mask: Where, as a picture of the shape of what is made: 255 = all of it; read as grey.
        weight: How much of the main prompt it displaces there, above 0 to 1.
    """

    prompt: str
    mask: InputRef
    weight: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "prompt", clean_text(self.prompt))
        if not self.prompt.strip():
            raise BadInputError("A region says nothing yet.", hint="Say what shall be there.")
        if not 0 < self.weight <= 1:
            raise BadInputError(
                "The weight of a region is above 0 and at most 1.", weight=self.weight
            )


@dataclass(frozen=True, kw_only=True, eq=True)
class ImageRequest(Request):
    """Pictures to be made or remade.

    Attributes:
        prompt: What to make, in A1111's syntax for weights.
        negative_prompt: What to keep out; models without guidance leave it aside.
        width: In px; 0: the model's own, or that of ``image``.
        height: In px; 0: likewise.
        num_images_per_prompt: How many; each has its own seed, see ``ImageArtifact.seeds``.
        image: What to start from (image.img2img, image.inpaint, image.upscale).
        mask_image: Where to repaint, of the size of ``image``: 255 = repaint; read as grey.
        strength: How far from ``image``: 0 leaves it, 1 paints anew.
        loras: Beside those named in the prompt.
        controls: ControlNets and their maps.
        references: IP-Adapters and their pictures.
        regions: Parts with prompts of their own; ``prompt`` holds everywhere else, and beneath.
        vae: Id of an autoencoder to use in place of the model's own; "" for its own.
    """

    kind: ClassVar[str] = "image"

    prompt: str = ""
    negative_prompt: str = ""
    width: int = 0
    height: int = 0
    num_images_per_prompt: int = 1
    image: InputRef | None = None
    mask_image: InputRef | None = None
    strength: float = 0.6
    loras: tuple[LoraUse, ...] = ()
    controls: tuple[ControlUse, ...] = ()
    references: tuple[ReferenceUse, ...] = ()
    regions: tuple[Region, ...] = ()
    vae: str = ""

    __hash__ = Request.__hash__

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("prompt", "negative_prompt", "vae"):
            object.__setattr__(self, name, clean_text(getattr(self, name)))
        for name in ("loras", "controls", "references", "regions"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.regions) > REGIONS_MAX:
            raise BadInputError(f"A picture can have {REGIONS_MAX} regions at most.")
        _check_whole("Width", self.width, 0, MAX_SIDE_PX, "px")
        _check_whole("Height", self.height, 0, MAX_SIDE_PX, "px")
        _check_whole("The number of pictures", self.num_images_per_prompt, 1, 64)
        if not 0 <= self.strength <= 1:
            raise BadInputError("Strength can be from 0 to 1.", strength=self.strength)
        if self.capability in _FROM_A_PICTURE and self.image is None:
            raise BadInputError("There is no picture to start from.", hint="Put one in first.")
        if self.capability is Capability.IMAGE_INPAINT and self.mask_image is None:
            raise BadInputError("Nothing is marked to be repainted.", hint="Mark a place first.")


_FROM_A_PICTURE = (
    Capability.IMAGE_IMG2IMG,
    Capability.IMAGE_INPAINT,
    Capability.IMAGE_UPSCALE,
)


@dataclass(frozen=True, kw_only=True)
class KeptVoice:
    """A voice that somebody lent: what is cloned, and the consent to it.

    Attributes:
        id: Of the voice, as it is kept on this computer.
        title: Who speaks.
        audio: The reading of the consent: the only sound that is cloned.
        text: What is said in it.
        consent: One sentence that goes into every file: whose voice, and where the record is.
    """

    id: str
    title: str
    audio: InputRef
    text: str
    consent: str

    def __post_init__(self) -> None:
        for name in ("id", "title", "text", "consent"):
            object.__setattr__(self, name, clean_text(getattr(self, name)))
            if not getattr(self, name).strip():
                raise BadInputError("A voice can be used only with its consent.", missing=name)


@dataclass(frozen=True, kw_only=True, eq=True)
class AudioRequest(Request):
    """Sound to be made or mended.

    Attributes:
        prompt: The text to speak (audio.speech), or what it shall sound like (audio.music).
        negative_prompt: What to keep out, for models with guidance.
        voice: Which of the model's voices; "" for its first.
        kept_voice: A voice that somebody lent, for models that clone; ``voice`` is "" then.
        speed: Of speech: 1 is the voice's own.
        audio_end_in_s: Length to make, for models that are asked for one; 0: the model's own.
        audio: A sound to start from or to mend.
        language: ISO 639-1 code where the model has several; "" for its own.
    """

    kind: ClassVar[str] = "audio"

    prompt: str = ""
    negative_prompt: str = ""
    voice: str = ""
    kept_voice: KeptVoice | None = None
    speed: float = 1.0
    audio_end_in_s: float = 0.0
    audio: InputRef | None = None
    language: str = ""

    __hash__ = Request.__hash__

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("prompt", "negative_prompt", "voice", "language"):
            object.__setattr__(self, name, clean_text(getattr(self, name)))
        if not 0.25 <= self.speed <= 4:
            raise BadInputError("Speed can be from 0.25 to 4.", speed=self.speed)
        if not 0 <= self.audio_end_in_s <= 3600:
            raise BadInputError("A sound can be up to 3600 s long.", length_s=self.audio_end_in_s)
        if self.capability is Capability.AUDIO_SPEECH and not self.prompt.strip():
            raise BadInputError("There is no text to speak.", hint="Write a few words first.")
        if self.capability is Capability.AUDIO_REPAIR and self.audio is None:
            raise BadInputError("There is no sound to mend.", hint="Put one in first.")
        if self.kept_voice is not None:
            if self.capability is not Capability.AUDIO_SPEECH:
                raise BadInputError("A lent voice can only speak.")
            if self.voice or self.audio is not None:
                raise BadInputError("A lent voice is used alone, with no other voice or sound.")


@dataclass(frozen=True, kw_only=True, eq=True)
class TranscribeRequest(Request):
    """Speech to be written down.

    Attributes:
        audio: The sound, as a file of any format the application reads.
        language: ISO 639-1 code; "": find out.
        prompt: Words that come up, names above all, to spell them right.
        word_times: Also say when each word is spoken.
    """

    kind: ClassVar[str] = "transcribe"

    capability: Capability = Capability.AUDIO_TRANSCRIBE
    seed: int = 0
    audio: InputRef | None = None
    language: str = ""
    prompt: str = ""
    word_times: bool = True

    __hash__ = Request.__hash__

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("language", "prompt"):
            object.__setattr__(self, name, clean_text(getattr(self, name)))
        if self.audio is None:
            raise BadInputError("There is no sound to listen to.", hint="Record or open one first.")


def input_refs(request: Request) -> tuple[InputRef, ...]:
    """Return every picture and sound the request is made from."""
    found: list[InputRef] = []
    for item in dataclasses.fields(request):
        value = getattr(request, item.name)
        for each in value if isinstance(value, tuple) else (value,):
            held = (each, *(getattr(each, name, None) for name in ("image", "mask", "audio")))
            found.extend(ref for ref in held if isinstance(ref, InputRef))
    return tuple(found)


_KINDS: dict[str, type[Request]] = {
    kind.kind: kind
    for kind in (TextRequest, EmbedRequest, ImageRequest, AudioRequest, TranscribeRequest)
}


def _with_input(use: Callable[..., Any], name: str = "image") -> Callable[..., Any]:
    return lambda **parts: use(**{**parts, name: InputRef(**parts[name])})


#: Fields that hold several parts, and what makes one.
_PARTS: dict[str, Callable[..., Any]] = {
    "messages": Message,
    "loras": LoraUse,
    "controls": _with_input(ControlUse),
    "references": _with_input(ReferenceUse),
    "regions": _with_input(Region, "mask"),
}
_INPUTS = frozenset({"image", "mask_image", "audio"})


def to_json(request: Request) -> str:
    """Return the request as one line of JSON, keys sorted, stable across versions."""
    plain: dict[str, Any] = {"format": REQUEST_FORMAT, "kind": request.kind}
    for item in dataclasses.fields(request):
        plain[item.name] = _plain(getattr(request, item.name))
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def from_json(text: str) -> Request:
    """Read what :func:`to_json` wrote; names a newer version added are left out.

    Raises:
        BadInputError: Not a request, or of a kind this version does not know.
    """
    try:
        plain = json.loads(text)
        kind = _KINDS[plain["kind"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInputError(
            "This is not a request this version of Triptych can read.", reason=str(error)
        ) from error
    known = {item.name for item in dataclasses.fields(kind)}
    values = {name: value for name, value in plain.items() if name in known}
    try:
        for name in _PARTS.keys() & values.keys():
            values[name] = tuple(_PARTS[name](**part) for part in values[name])
        for name in _INPUTS & values.keys():
            values[name] = InputRef(**values[name]) if values[name] else None
        if values.get("kept_voice"):
            parts = values["kept_voice"]
            values["kept_voice"] = KeptVoice(**{**parts, "audio": InputRef(**parts["audio"])})
        return kind(**values)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise BadInputError("This request is incomplete.", reason=str(error)) from error


def replaced(request: Any, **changes: Any) -> Any:
    """Return the request with some fields changed, of the same type."""
    return dataclasses.replace(request, **changes)


def _check_whole(title: str, value: object, least: int, most: int, unit: str = "") -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        of = f" {unit}" if unit else ""
        raise BadInputError(f"{title} can be from {least} to {most}{of}.", value=str(value)[:40])


def _frozen(value: Any) -> Any:
    """Return an option's value as plain data that any file can hold."""
    if isinstance(value, str):
        return clean_text(value)
    return tuple(_frozen(item) for item in value) if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return value
