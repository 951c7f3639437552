"""Check origin: read everything a file says about where it came from, in plain sentences.

Any file may be given, whoever made it and whatever is wrong with it. Nothing is decoded, nothing
is fetched, and nothing a file says about itself is called true unless a signature holds it.
"""

from __future__ import annotations

import dataclasses
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from studio.core.errors import BackendError, BadInputError, storage_errors
from studio.core.provenance.carriers import Found
from studio.core.provenance.credentials import (
    SIGNABLE,
    Credentials,
    read_credentials,
    says_model,
)
from studio.core.provenance.embedding import content_sha256, look, record_in
from studio.core.provenance.media_types import media_type_of, sniff
from studio.core.provenance.record import ProvenanceRecord

_SHOWN = 80
_LONG, _MOST_CONSENTS = 200, 20


@dataclass(frozen=True, kw_only=True)
class OriginReport:
    """What a file says about where it came from.

    Attributes:
        path: The file.
        media_type: What it is by its bytes; empty when unknown.
        made_by_model: True when record, mark or credentials say so; ``None`` when nothing does.
        changed: Whether the content changed since it was signed or recorded; ``None`` when
            nothing in the file can tell.
        record: Our record, when there is one.
        source_type: The IPTC digital source type in its metadata; may be "".
        credentials: Its content credentials, when there are any.
        settings: Settings that another program left; may be "".
        sentences: All of it for people, the most important first; plain text.
    """

    path: Path
    media_type: str = ""
    made_by_model: bool | None = None
    changed: bool | None = None
    record: ProvenanceRecord | None = None
    source_type: str = ""
    credentials: Credentials | None = None
    settings: str = ""
    sentences: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """Return the report as JSON-ready values."""
        plain = dataclasses.asdict(self)
        plain["path"] = str(self.path)
        return plain


def check_origin(path: Path, *, authority: str = "") -> OriginReport:
    """Return what a file says about where it came from.

    Args:
        path: Any file.
        authority: This installation's authority, as PEM
            (:func:`studio.core.provenance.keys.authority_of`), to know our own signatures again.

    Raises:
        StorageError: There is no such file, or the system does not let us read it.
        BadInputError: It is a folder.
    """
    if path.is_dir():
        raise BadInputError(f"{path.name} is a folder.", hint="Choose a single file.")
    media_type, found, digest = _metadata(path)
    credentials = _credentials(path, authority)
    record = record_in(found)
    report = OriginReport(
        path=path,
        media_type=media_type,
        made_by_model=_made_by_model(found, record, credentials),
        changed=_changed(record, digest, credentials),
        record=record,
        source_type=found.source_type,
        credentials=credentials,
        settings=found.settings,
    )
    return dataclasses.replace(report, sentences=tuple(_sentences(report)))


def _metadata(path: Path) -> tuple[str, Found, str]:
    """Return media type, what the metadata holds, and the content's hash."""
    with storage_errors(path, "reading where the file came from"), path.open("rb") as file:
        if file.seek(0, 2) == 0:
            return "", Found(), ""
        with (
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as view,
        ):
            media_type = sniff(view) or media_type_of(path.name)
            found = look(view, path.name)
            digest = content_sha256(view, path.name) if found.record else ""
            return media_type, found, digest


def _credentials(path: Path, authority: str) -> Credentials | None:
    try:
        return read_credentials(path, authority)
    except BackendError as error:
        return Credentials(state="unreadable", problems=(error.user_message,))


def _made_by_model(
    found: Found, record: ProvenanceRecord | None, credentials: Credentials | None
) -> bool | None:
    signed = credentials.source_types if credentials else ()
    says = record is not None or any(says_model(kind) for kind in (found.source_type, *signed))
    return True if says else None


def _changed(
    record: ProvenanceRecord | None, digest: str, credentials: Credentials | None
) -> bool | None:
    if credentials is not None and credentials.state in ("ours", "valid", "unsound", "changed"):
        return credentials.state == "changed"
    if record is None or not record.content_sha256 or not digest:
        return None
    return record.content_sha256 != digest


def _sentences(report: OriginReport) -> Iterator[str]:
    if report.path.stat().st_size == 0:
        yield "The file is empty."
        return
    yield _verdict(report)
    yield from _about_record(report)
    yield from _about_signature(report)
    if report.settings:
        yield "Another program left its settings in the file."
    if not report.media_type:
        yield "Triptych does not know this kind of file, so it may hold more than was read."


def _verdict(report: OriginReport) -> str:
    signed = report.credentials.source_types if report.credentials else ()
    kinds = [kind.rpartition("/")[2] for kind in (report.source_type, *signed) if kind]
    if report.record is not None:
        kinds.append(report.record.origin.source_type.rpartition("/")[2])
    if "trainedAlgorithmicMedia" in kinds:
        return "The file says that a model made it."
    if "compositeWithTrainedAlgorithmicMedia" in kinds:
        return "The file says that a model made parts of it."
    if kinds:
        return f"The file says that it is of the kind “{_short(kinds[0])}”; no model is named."
    return "Nothing in the file says that a model made it; that is no proof that none did."


def _about_record(report: OriginReport) -> Iterator[str]:
    record = report.record
    if record is None:
        return
    made = f"By its own account Triptych {_short(record.app_version)} made it"
    day = record.created_at[:10]
    made += f" on {_short(day)}" if day else ""
    model = record.model_title or record.model
    made += f" with the model {_short(model)}" if model else ""
    made += f", whose licence is {_short(record.licence)}" if record.licence else ""
    yield made + "."
    for consent in record.consent.splitlines()[:_MOST_CONSENTS]:
        yield _short(consent, _LONG)
    yield (
        "It carries the request it was made from."
        if record.has_prompt
        else "It was shared without its prompt."
    )
    count = len(record.ingredients)
    if count:
        marked = sum(says_model(item.source_type) for item in record.ingredients)
        if count == 1:
            kind = " that is marked as made by a model" if marked else ""
            yield f"It was made from one other file{kind}."
        else:
            yield f"It was made from {count} other files; {marked} are marked as made by a model."


def _about_signature(report: OriginReport) -> Iterator[str]:
    found = report.credentials
    if found is None:
        yield from _unsigned(report)
        return
    signer = _short(found.signer) or "someone without a name"
    if found.state == "ours":
        yield "This installation of Triptych signed it, and it has not been changed since."
    elif found.state == "valid":
        yield (
            f"It carries a signature by “{signer}”, and it has not been changed since. "
            "Nobody on this computer vouches for that name."
        )
    elif found.state == "changed":
        yield f"It was signed by “{signer}”, and it has been changed since: do not rely on it."
    elif found.state == "unsound":
        yield f"It is signed by “{signer}”, but the certificate is out of date or unfit."
    elif found.state == "remote":
        yield "Its credentials lie on the internet; Triptych does not fetch them."
    else:
        yield "It carries credentials, but they or the file are damaged: do not rely on it."
    if found.generator:
        yield f"The signature was made with {_short(found.generator)}."
    if found.ingredients:
        files = "one other file" if found.ingredients == 1 else f"{found.ingredients} other files"
        yield f"The credentials name {files} it was made from."


def _unsigned(report: OriginReport) -> Iterator[str]:
    if report.changed:
        yield "Its content is not what was recorded: it has been changed since."
    elif report.changed is False:
        yield "Its content is what was recorded, but no signature protects the record."
    elif report.media_type in SIGNABLE:
        yield "It carries no content credentials, so nobody vouches for what it says."
    else:
        yield "Files of this kind carry no signature that Triptych could check."


def _short(text: str, most: int = _SHOWN) -> str:
    """Return a foreign text fit to stand in a sentence: one line, short, nothing invisible."""
    clean = "".join(letter if letter.isprintable() else " " for letter in text).strip()
    return clean if len(clean) <= most else clean[: most - 1] + "…"
