"""From a place in a manuscript to requests: continue, write from a prompt, rewrite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication

from studio.app.panes.text.generation import Wish
from studio.app.panes.text.writing_options import WritingOptions
from studio.core.errors import BadInputError
from studio.core.options import OptionValue
from studio.core.requests import Capability, TextRequest
from studio.documents.manuscript.context import (
    Surroundings,
    first_joint,
    last_joint,
    surroundings,
)
from studio.documents.manuscript.manuscript import Manuscript
from studio.documents.manuscript.rewrites import Catalogue, Rewrite, opening_of, room_for, tidied

#: A selection longer than this is refused: no model here could keep it whole.
LONGEST_REWRITE = 60_000
LABEL_WORDS = 48


def continue_wish(
    manuscript: Manuscript,
    at: int,
    instruction: str,
    options: WritingOptions,
    catalogue: Catalogue,
    label: str,
) -> Wish:
    """Return the wish to write at ``at``, between what stands before and after.

    Raises:
        BadInputError: There is neither text nor instruction.
    """
    around = surroundings(manuscript.text, at, at, options.context_length())
    if not around.prefix.strip() and not instruction.strip():
        raise BadInputError(
            "There is nothing to go on yet.",
            hint="Write a few words, or say below what you want.",
        )
    before, after = manuscript.text[:at], manuscript.text[at:]
    instruction = instruction.strip()

    def request(take: int, opening: str = "") -> TextRequest:
        common: dict[str, Any] = {
            "model": options.model,
            "seed": options.next_seed(take),
            "label": _short(instruction, "") or _ending(around.prefix, label),
        }
        if instruction and around.prefix.strip() and not around.suffix:
            # an instruction beside a bare text would ask to change that text, not to go on
            return TextRequest(
                capability=Capability.TEXT_CHAT,
                options=options.for_request(Capability.TEXT_CHAT),
                messages=catalogue.guided(around.prefix + opening, instruction),
                **common,
            )
        return TextRequest(
            capability=Capability.TEXT_GENERATE,
            options=options.for_request(Capability.TEXT_GENERATE),
            prompt=f"{around.prefix}{opening}",
            suffix=around.suffix,
            instruction=instruction,
            **common,
        )

    gap = before[len(before.rstrip(" \t")) :]

    def like(chosen: str, take: int) -> TextRequest:
        return request(take, gap + opening_of(chosen))

    return Wish(
        label=label,
        request=request,
        shaped=_joined_to(before, after),
        like=like,
        notice=_seen_in_part(around),
    )


def _seen_in_part(around: Surroundings) -> str:
    """Return what to say when the model is not shown the whole manuscript."""
    if not around.cut:
        return ""
    return QCoreApplication.translate(
        "wishes",
        "This text is longer than the model can see, so it is shown the part around the cursor.",
    )


def _joined_to(before: str, after: str) -> Callable[[str, bool], str]:
    near = before[-64:]

    def shaped(written: str, complete: bool) -> str:
        text = first_joint(near, written)
        return last_joint(text, after[:8]) if complete else text

    return shaped


def rewrite_wish(
    manuscript: Manuscript,
    span: tuple[int, int],
    told: str,
    options: WritingOptions,
    catalogue: Catalogue,
    label: str,
    rewrite: Rewrite | None = None,
) -> Wish:
    """Return the wish to write the selection anew.

    Args:
        manuscript: The text.
        span: The selection.
        told: The instruction in words.
        options: Model, seed and options.
        catalogue: How the model is asked for more of a kind.
        label: What undo calls it.
        rewrite: The ready instruction it comes from, for its own temperature and length.

    Raises:
        BadInputError: Nothing but space is selected, or too much.
    """
    source = manuscript.text[span[0] : span[1]]
    if not source.strip():
        raise BadInputError("Nothing is selected.", hint="Select the text to rewrite.")
    if len(source) > LONGEST_REWRITE:
        raise BadInputError(
            "This selection is too long to rewrite in one piece.",
            hint="Select a few paragraphs at a time.",
            characters=len(source),
        )
    wanted: dict[str, OptionValue] = {"max_new_tokens": room_for(source, 2.0)}
    freely = rewrite is not None and rewrite.freely
    if rewrite is not None:
        wanted = {
            "max_new_tokens": room_for(source, rewrite.length),
            "temperature": rewrite.temperature,
        }

    def request(take: int, chosen: str = "") -> TextRequest:
        wants = dict(wanted)
        if take and rewrite is not None:  # a second take of a cold one would be the same
            wants["temperature"] = min(1.0, rewrite.temperature + 0.3)
        capability = Capability.TEXT_CHAT if chosen else Capability.TEXT_GENERATE
        common: dict[str, Any] = {
            "capability": capability,
            "model": options.model,
            "seed": options.next_seed(take),
            "options": options.for_request(capability, **wants),
            "label": _short(label, label),
        }
        if chosen:
            return TextRequest(messages=catalogue.more(told, source, chosen), **common)
        return TextRequest(prompt=source.strip(), instruction=told.strip(), **common)

    def like(chosen: str, take: int) -> TextRequest:
        return request(take, chosen)

    def shaped(written: str, complete: bool) -> str:
        return tidied(source, written, freely=freely) if complete else written.lstrip()

    return Wish(label=label, request=request, shaped=shaped, replaces=True, like=like)


def _ending(text: str, otherwise: str) -> str:
    """Return the last whole words of a text, for a list of jobs."""
    words = " ".join(text[-4 * LABEL_WORDS :].split())
    if len(words) <= LABEL_WORDS:
        return words or otherwise
    end = words[1 - LABEL_WORDS :]
    return f"…{end.partition(' ')[2] or end}"


def _short(text: str, otherwise: str) -> str:
    words = " ".join(text.split())
    if not words:
        return otherwise
    return words if len(words) <= LABEL_WORDS else f"{words[: LABEL_WORDS - 1]}…"
