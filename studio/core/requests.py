"""Everything a user can ask the engine for, as frozen, plain data.

A request holds *every* input, so its result can be made again from it and says where it came
from. It crosses threads, processes and the disk as JSON: :func:`to_json`, :func:`from_json`.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar

from studio.core.errors import BadInputError
from studio.core.media import check_seed, clean_text
from studio.core.options import OptionValue

REQUEST_FORMAT = 1


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
    """

    kind: ClassVar[str] = ""

    capability: Capability
    seed: int
    model: str = ""
    options: Mapping[str, OptionValue] = field(default_factory=dict)
    label: str = ""

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


_KINDS: dict[str, type[Request]] = {
    TextRequest.kind: TextRequest,
    EmbedRequest.kind: EmbedRequest,
}


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
        if "messages" in values:
            values["messages"] = tuple(Message(**message) for message in values["messages"])
        return kind(**values)
    except (TypeError, ValueError, AttributeError) as error:
        raise BadInputError("This request is incomplete.", reason=str(error)) from error


def replaced(request: Any, **changes: Any) -> Any:
    """Return the request with some fields changed, of the same type."""
    return dataclasses.replace(request, **changes)


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
