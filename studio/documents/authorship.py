"""The authorship report of a project: what a person wrote, what a model wrote, and which model.

Counted is what stands in the documents now, in characters (Unicode code points): each character
was typed, pasted, imported or generated, as the project's spans know. Deleted documents are named
by number only. Nothing is guessed: a model or an energy nobody recorded is "not known".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

from studio import __version__
from studio.core.errors import BadInputError, StorageError
from studio.core.requests import Role

ORIGINS = ("typed", "pasted", "imported", "generated")
NOT_KNOWN = "not known"
_MARKUP = "\\`*_[]<>|&~!#"


class ModelFacts(Protocol):
    """What the report wants to know of a model; ``ModelInfo`` has it."""

    @property
    def title(self) -> str:
        """The model's name for people."""

    @property
    def licence(self) -> str:
        """The model's licence."""


class ReportedProject(Protocol):
    """The part of ``studio.documents.project.Project`` that the report reads."""

    @property
    def path(self) -> Any:
        """The project's file."""

    def documents(self, *, deleted: bool = False) -> Any:
        """Return the documents."""

    def text(self, document_id: str) -> Any:
        """Return a text with its spans."""

    def state(self, document_id: str) -> bytes | None:
        """Return the content of a document that is no text."""

    def request(self, request_id: str) -> Any:
        """Return what was asked."""

    def artifact_summary(self, request_id: str) -> dict[str, Any]:
        """Return the facts kept with a request."""


@dataclass(frozen=True, kw_only=True)
class DocumentShare:
    """Where one document's characters came from.

    Attributes:
        title: The document's title.
        kind: "text", "chat", …
        characters: Number by origin, in the order of ``ORIGINS``.
        readable: False when the document could not be read; it then counts nothing.
    """

    title: str
    kind: str
    characters: Mapping[str, int]
    readable: bool = True

    @property
    def total(self) -> int:
        """All characters of the document."""
        return sum(self.characters.values())


@dataclass(frozen=True, kw_only=True)
class ModelShare:
    """What one model wrote of what stands in the project.

    Attributes:
        model: The model's id; "" when nobody recorded it.
        title: Its name for people.
        licence: Its licence; "" when not known.
        requests: How many requests the characters come from.
        characters: How many characters it wrote.
        energy_j: Energy in joules; ``None`` when not known for every request.
    """

    model: str
    title: str
    licence: str
    requests: int
    characters: int
    energy_j: float | None


@dataclass(frozen=True, kw_only=True)
class AuthorshipReport:
    """Who wrote a project.

    Attributes:
        project: The project's name.
        made_at: When the report was made, in UTC, ISO 8601.
        documents: Every document that is not deleted.
        models: The models whose words stand in the project, the most used first.
        deleted: How many documents are deleted.
        edited: Characters a model wrote and a person changed afterwards (chats only; in texts
            every changed word counts as the person's).
        app_version: The Triptych that made the report.
    """

    project: str
    made_at: str
    documents: tuple[DocumentShare, ...]
    models: tuple[ModelShare, ...]
    deleted: int = 0
    edited: int = 0
    app_version: str = __version__

    @property
    def characters(self) -> dict[str, int]:
        """Number of characters by origin, over all documents."""
        return {o: sum(d.characters.get(o, 0) for d in self.documents) for o in ORIGINS}

    @property
    def energy_j(self) -> float | None:
        """Energy of everything generated, in joules; ``None`` when not known for all of it."""
        known = [m.energy_j for m in self.models]
        return None if not known or None in known else sum(e for e in known if e is not None)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values."""
        return {**asdict(self), "characters": self.characters, "energy_j": self.energy_j}


@dataclass
class _Tally:
    """Characters by request while the documents are read."""

    by_request: dict[str, int] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    edited: int = 0

    def add(self, request_id: str, characters: int, model: str = "") -> None:
        # What was written without a request is kept apart for each model that was named.
        key = request_id or f"\0{model}"
        self.by_request[key] = self.by_request.get(key, 0) + characters
        if model:
            self.models[key] = model


def authorship(
    project: ReportedProject,
    *,
    models: Mapping[str, ModelFacts] | None = None,
    made_at: datetime | None = None,
) -> AuthorshipReport:
    """Return who wrote what stands in a project now.

    Args:
        project: An open project; it is only read.
        models: What is known of each model, by id.
        made_at: When, with a time zone; now when left out.
    """
    tally = _Tally()
    documents = tuple(_document(project, info, tally) for info in project.documents())
    moment = (made_at or datetime.now(UTC)).astimezone(UTC)
    return AuthorshipReport(
        project=project.path.stem,
        made_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        documents=documents,
        models=_models(project, tally, models or {}),
        deleted=sum(info.deleted_at is not None for info in project.documents(deleted=True)),
        edited=tally.edited,
    )


def _document(project: ReportedProject, info: Any, tally: _Tally) -> DocumentShare:
    counted = dict.fromkeys(ORIGINS, 0)
    try:
        if info.kind == "text":
            _count_text(project.text(info.id), counted, tally)
        elif info.kind == "chat":
            _count_chat(project.state(info.id), counted, tally)
    except (StorageError, BadInputError):
        return DocumentShare(title=info.title, kind=info.kind, characters={}, readable=False)
    return DocumentShare(title=info.title, kind=info.kind, characters=counted)


def _count_text(state: Any, counted: dict[str, int], tally: _Tally) -> None:
    for span in state.spans:
        length = span.end - span.start
        counted[span.origin] += length
        if span.origin == "generated":
            tally.add(span.request_id, length)
    counted["typed"] += len(state.text) - sum(counted.values())


def _count_chat(payload: bytes | None, counted: dict[str, int], tally: _Tally) -> None:
    from studio.documents.chat.tree import ChatTree

    if payload is None:
        return
    tree = ChatTree.from_payload(payload)
    counted["typed"] += len(tree.system)
    for node in tree.path():
        length = len(node.content)
        if node.role is Role.ASSISTANT:
            counted["generated"] += length
            tally.add(node.request_id, length, node.model)
            tally.edited += length if node.edited else 0
        else:
            counted["typed"] += length


def _models(
    project: ReportedProject, tally: _Tally, known: Mapping[str, ModelFacts]
) -> tuple[ModelShare, ...]:
    by_model: dict[str, list[tuple[str, int, float | None]]] = {}
    for request_id, characters in tally.by_request.items():
        summary = _summary(project, request_id)
        model = tally.models.get(request_id) or _model(project, request_id, summary)
        by_model.setdefault(model, []).append((request_id, characters, _energy(summary)))
    shares = []
    for model, parts in by_model.items():
        energies = [energy for _, _, energy in parts]
        facts = known.get(model)
        shares.append(
            ModelShare(
                model=model,
                title=facts.title if facts else model,
                licence=facts.licence if facts else "",
                requests=sum(not request_id.startswith("\0") for request_id, _, _ in parts),
                characters=sum(characters for _, characters, _ in parts),
                energy_j=None
                if None in energies
                else sum(energy for energy in energies if energy is not None),
            )
        )
    return tuple(sorted(shares, key=lambda share: (-share.characters, share.model)))


def _summary(project: ReportedProject, request_id: str) -> dict[str, Any]:
    try:
        return project.artifact_summary(request_id)
    except (BadInputError, StorageError):
        return {}


def _model(project: ReportedProject, request_id: str, summary: Mapping[str, Any]) -> str:
    named = summary.get("model")
    if isinstance(named, str) and named:
        return named
    try:
        return str(project.request(request_id).model)
    except (BadInputError, StorageError):
        return ""


def _energy(summary: Mapping[str, Any]) -> float | None:
    value = summary.get("energy_j")
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def to_markdown(report: AuthorshipReport) -> str:
    """Return the report as Markdown; titles are shown as plain text, whatever they hold."""
    lines = [f"# Authorship: {_plain(report.project)}", ""]
    lines += [f"Made by Triptych {report.app_version} on {report.made_at[:10]}.", ""]
    lines += _overall(report) + _per_document(report) + _per_model(report)
    lines += ["## How this was counted", "", *_explained(report), ""]
    return "\n".join(lines)


def _overall(report: AuthorshipReport) -> list[str]:
    counted = report.characters
    total = sum(counted.values())
    lines = ["## All documents", "", "| Where it came from | Characters | Share |", "|---|--:|--:|"]
    words = {
        "typed": "typed by hand",
        "pasted": "pasted",
        "imported": "imported from files",
        "generated": "written by models",
    }
    for origin in ORIGINS:
        share = _share(counted[origin], total)
        lines.append(f"| {words[origin]} | {counted[origin]:,} | {share} |")
    return [*lines, f"| **together** | **{total:,}** | |", ""]


def _per_document(report: AuthorshipReport) -> list[str]:
    if not report.documents:
        return ["There are no documents.", ""]
    head = " | ".join(ORIGINS)
    lines = ["## Each document", "", f"| Document | {head} | together | by models |"]
    lines.append("|---" + "|--:" * (len(ORIGINS) + 2) + "|")
    for document in report.documents:
        title = _plain(document.title) or "untitled"
        if not document.readable:
            lines.append(f"| {title} " + "| – " * (len(ORIGINS) + 1) + "| could not be read |")
            continue
        numbers = " | ".join(f"{document.characters[o]:,}" for o in ORIGINS)
        share = _share(document.characters["generated"], document.total)
        lines.append(f"| {title} | {numbers} | {document.total:,} | {share} |")
    return [*lines, ""]


def _per_model(report: AuthorshipReport) -> list[str]:
    if not report.models:
        return ["## Models", "", "No model wrote anything that stands in this project.", ""]
    lines = ["## Models", "", "| Model | Licence | Requests | Characters | Energy |"]
    lines.append("|---|---|--:|--:|--:|")
    for share in report.models:
        title = _plain(share.title or share.model) or NOT_KNOWN
        licence = _plain(share.licence) or NOT_KNOWN
        numbers = f"{share.requests:,} | {share.characters:,} | {_energy_text(share.energy_j)}"
        lines.append(f"| {title} | {licence} | {numbers} |")
    return [*lines, "", f"Energy of everything generated: {_energy_text(report.energy_j)}.", ""]


def _explained(report: AuthorshipReport) -> list[str]:
    lines = [
        "- Counted are the characters that stand in the documents now. A word that was typed",
        "  inside generated text counts as typed; what was removed counts nowhere.",
        "- Text that was pasted or imported came from elsewhere; who wrote it is not known.",
        f"- Energy is measured where the machine can measure it, and otherwise {NOT_KNOWN}.",
    ]
    if report.edited:
        lines.append(f"- {report.edited:,} generated characters stand in answers changed by hand.")
    if report.deleted:
        lines.append(f"- Deleted documents are not counted; there are {report.deleted}.")
    return lines


def _share(part: int, total: int) -> str:
    return f"{100 * part / total:.1f} %" if total else "–"


def _energy_text(joules: float | None) -> str:
    if joules is None:
        return NOT_KNOWN
    return f"{joules:,.0f} J" if joules < 3600 else f"{joules / 3600:,.1f} Wh"


def _plain(text: str) -> str:
    """Return a text that Markdown shows letter by letter, on one line."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in _MARKUP else letter for letter in line)
