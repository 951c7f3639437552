"""Echo: a whole backend in one file, to copy and to learn from. It holds no model.

It writes the words of the prompt (or of the last message) back, one step a word, so that every
part of a backend can be seen at work in a moment and without any weights: options, progress,
text that streams, stopping, a notice, memory that is given back. The guide that goes with it is
packaging/docs/write-a-backend.md.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from studio.engine.api import (
    Backend,
    BadInputError,
    Capability,
    Device,
    JobContext,
    LoadContext,
    LoadedModel,
    Manifest,
    ModelInfo,
    TextArtifact,
    TextRequest,
    option,
    validate,
)

#: A word with the white space before it, so that the pieces joined are the text.
_WORD = re.compile(r"\s*\S+")


@dataclass(frozen=True, kw_only=True)
class EchoOptions:
    """What can be set; the application builds its controls from this."""

    repeat: int = option(
        1, title="Repeat", help="How many times the text is given back.", ge=1, le=1000, step=1
    )
    uppercase: bool = option(False, title="Capitals", help="Write everything in capital letters.")
    shuffle: bool = option(
        False, title="Shuffle", help="Mix the words; the seed decides how.", advanced=True
    )
    max_new_tokens: int = option(
        4096,
        title="Length",
        help="The text ends here at the latest; Echo counts words.",
        ge=1,
        le=1_000_000,
        step=16,
        unit="words",
    )


class EchoBackend(Backend):
    """Says what it can do and loads the one thing it has."""

    manifest: ClassVar[Manifest] = Manifest(
        id="example-echo",
        title="Echo (example)",
        description="Gives a text back word by word; no model.",
        licence="Apache-2.0",
        capabilities=(Capability.TEXT_GENERATE, Capability.TEXT_CHAT),
    )
    Options: ClassVar[type] = EchoOptions

    def models(self) -> Iterable[ModelInfo]:
        """Return the one model that lives in here; a backend for files leaves this out."""
        return (
            ModelInfo(
                id="example-echo",
                title="Echo (example, no model)",
                format="echo",
                capabilities=tuple(self.manifest.capabilities),
                licence="Apache-2.0",
                source="Comes with the example plugin.",
                backend=self.manifest.id,
            ),
        )

    def supports(self, model: ModelInfo) -> tuple[Capability, ...]:
        """Return what Echo does with a model: everything with its own, nothing with others."""
        return self.manifest.capabilities if model.format == "echo" else ()

    def estimate_bytes(self, model: ModelInfo, device: Device) -> int:
        """Return what the loaded model will take: next to nothing."""
        return 1024

    def load(self, model: ModelInfo, device: Device, ctx: LoadContext) -> LoadedModel:
        """Load; a real backend reads its files here, asking the context between them."""
        ctx.raise_if_cancelled()
        ctx.loading(1.0, "Echo is there at once")
        return Echo(model)


class Echo(LoadedModel):
    """The loaded model: answers requests until it is unloaded."""

    memory_bytes = 1024
    # Everything one call works on is local to it, so a second call may come in between.
    interleaves = True

    def __init__(self, model: ModelInfo) -> None:
        self._model = model

    def generate(self, request: TextRequest, ctx: JobContext) -> TextArtifact:
        """Give the words back, one step each.

        Raises:
            BadInputError: There is no word to give back.
        """
        options = validate(EchoOptions, request.options)
        source = request.messages[-1].content if request.messages else request.prompt
        words = _WORD.findall(source or request.instruction)
        if not words:
            raise BadInputError("There is no word to give back.", hint="Write one, then try again.")
        if options.shuffle:
            random.Random(request.seed).shuffle(words)
        if request.suffix:
            ctx.notice("Echo does not look at the text after the cursor.", "suffix_unused")
        wanted = len(words) * options.repeat
        total = min(wanted, options.max_new_tokens)
        pieces: list[str] = []
        for step in range(total):
            ctx.checkpoint()  # stops here when the user wants it, or lets a more urgent job by
            piece = words[step % len(words)]
            if step and not piece[0].isspace():
                piece = f" {piece}"
            piece = piece.upper() if options.uppercase else piece
            pieces.append(piece)
            ctx.text(piece)
            ctx.progress(step + 1, total)
        return TextArtifact(
            request=request,
            model=self._model.id,
            backend=EchoBackend.manifest.id,
            text="".join(pieces),
            finish_reason="stop" if total == wanted else "length",
            prompt_tokens=len(words),
            new_tokens=total,
        )

    def count_tokens(self, text: str) -> int:
        """Return the number of words."""
        return len(_WORD.findall(text))

    def unload(self) -> None:
        """Give the memory back; a real backend drops its tensors here."""
        self.memory_bytes = 0
