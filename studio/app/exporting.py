"""Writes a manuscript as a file that says where its words came from. For a background thread.

What no model touched gets no mark: it would say something untrue. Decision:
packaging/docs/decisions/0086-what-exports-say.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError, StorageError
from studio.core.provenance import Origin, ProvenanceRecord, can_carry
from studio.core.requests import to_json
from studio.documents.project import Project
from studio.documents.spans import TextState
from studio.models.info import ModelInfo


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportOrder:
    """What to write.

    Attributes:
        path: Where; the suffix says what kind of file.
        state: The text with where its parts came from.
        title: Of the document.
        project: Where the requests are kept; ``None`` before there is one.
        models: What is known of each model, by id.
        with_prompts: Whether what was asked goes along; the mark always does.
        keys: The folder with this installation's certificates.
    """

    path: Path
    state: TextState
    title: str
    project: Project | None
    models: Mapping[str, ModelInfo]
    with_prompts: bool
    keys: Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        path: The file.
        marked: It says that a model wrote in it.
        signed: It carries content credentials.
        notice: A sentence about what could not be done; empty when all was.
    """

    path: Path
    marked: bool
    signed: bool
    notice: str = ""


def generated_share(state: TextState) -> float:
    """Return the part of a text that models wrote, 0..1."""
    made = sum(span.end - span.start for span in state.spans if span.origin == "generated")
    return made / len(state.text) if state.text else 0.0


def export_manuscript(order: ExportOrder) -> Exported:
    """Write the file, whole or not at all.

    Raises:
        BadInputError: The kind of file is unknown, or the format cannot hold this text.
        StorageError: The system refused; an old file is still there.
    """
    data = render(order.state.text, order.path, order.title)
    record = record_of_text(order)
    signed, notice = False, ""
    if record is not None:
        data, signed, notice = _sealed(data, order, record)
    atomic_write(order.path, data, doing="exporting the text")
    marked = record is not None and can_carry(order.path.suffix)
    return Exported(path=order.path, marked=marked, signed=signed, notice=notice)


def render(text: str, path: Path, title: str) -> bytes:
    """Return a manuscript as the bytes of the kind of file that ``path`` names.

    Raises:
        BadInputError: The kind of file is unknown.
        StorageError: The system refused.
    """
    from studio.documents.export import format_of, render_text

    known = format_of(path)
    suffix = known.suffix if known else path.suffix.lower()
    if suffix != ".pdf":
        return render_text(text, suffix, title=title)  # without Qt, for the command line
    from studio.app.text_export import render_document

    return render_document(text, suffix, title=title)


def _sealed(data: bytes, order: ExportOrder, record: ProvenanceRecord) -> tuple[bytes, bool, str]:
    from studio.core.provenance.credentials import seal_if_possible
    from studio.core.provenance.keys import installation_key

    suffix = order.path.suffix
    if not can_carry(suffix):
        kind = suffix.removeprefix(".").upper()
        return data, False, f"{kind} has no place for where a text came from, so it says nothing."
    sealed = seal_if_possible(
        data,
        suffix,
        record,
        lambda: installation_key(order.keys),
        with_prompt=order.with_prompts,
    )
    return sealed.data, sealed.signed, "" if sealed.signed else sealed.notice


def record_of_text(order: ExportOrder) -> ProvenanceRecord | None:
    """Return where a text came from; ``None`` when no model wrote in it.

    Of several requests, the one that wrote the most stands in the record.
    """
    share = generated_share(order.state)
    if not share:
        return None
    by_request: dict[str, int] = {}
    for span in order.state.spans:
        if span.origin == "generated":
            length = span.end - span.start
            by_request[span.request_id] = by_request.get(span.request_id, 0) + length
    request, model, backend = "", "", ""
    for request_id in sorted(by_request, key=lambda key: -by_request[key]):
        request, model, backend = _kept(order.project, request_id)
        if request:
            break
    facts = order.models.get(model)
    return ProvenanceRecord(
        request=request,
        model=model,
        model_title=facts.title if facts else model,
        licence=facts.licence if facts else "",
        backend=backend,
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        kind="text",
        origin=Origin.GENERATED if share == 1 else Origin.COMPOSITE,
    )


def _kept(project: Project | None, request_id: str) -> tuple[str, str, str]:
    """Return request, model and backend as the project has them; "" for what it has not."""
    if project is None or not request_id:
        return "", "", ""
    try:
        request = project.request(request_id)
        summary = project.artifact_summary(request_id)
    except (BadInputError, StorageError):
        return "", "", ""
    model = summary.get("model") or request.model
    backend = summary.get("backend")
    return to_json(request), str(model), backend if isinstance(backend, str) else ""
