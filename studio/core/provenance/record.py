"""What a result says about where it came from, as frozen, plain data.

The record is the one truth inside a file Triptych made: which model wrote, painted or spoke it,
under which licence, from which request. It crosses the disk as one line of JSON with a schema
version; names that a newer version adds are left out on reading.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from studio import __version__
from studio.core.artifacts import Artifact, AudioArtifact
from studio.core.errors import BadInputError
from studio.core.requests import Request, from_json, to_json

SCHEMA = 1
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_KEPT_WITHOUT_PROMPT = ("format", "kind", "capability", "model")


class Origin(StrEnum):
    """How much of a file a model made."""

    GENERATED = "generated"
    COMPOSITE = "composite"

    @property
    def source_type(self) -> str:
        """The IPTC digital source type, as its full address."""
        composite = self is Origin.COMPOSITE
        name = "compositeWithTrainedAlgorithmicMedia" if composite else "trainedAlgorithmicMedia"
        return SOURCE_TYPES + name


@dataclass(frozen=True, kw_only=True)
class Ingredient:
    """Something a result was made from.

    Attributes:
        title: What the user calls it, usually a file name.
        media_type: Such as "image/png".
        sha256: Of the whole file, in hexadecimal.
        source_type: The IPTC source type the file was marked with; empty when it had no mark.
    """

    title: str = ""
    media_type: str = ""
    sha256: str = ""
    source_type: str = ""


@dataclass(frozen=True, kw_only=True)
class ProvenanceRecord:
    """Where a result came from.

    Attributes:
        request: The request as JSON (:func:`studio.core.requests.to_json`); may be empty.
        model: The model's id in the store.
        model_title: The model's name for people.
        licence: The model's licence, as an SPDX id where there is one.
        backend: Id of the backend that ran the model.
        app_version: The Triptych that wrote the record.
        created_at: When, in UTC, as ISO 8601 to the second.
        kind: "text", "image" or "audio".
        origin: Whether a model made all of it or part of it.
        content_sha256: Of the content without any metadata; :func:`embed` fills it in.
        ingredients: What it was made from.
        consent: Whose voices were cloned and by which consents, a sentence each; stays when the
            prompt goes.
        schema: Version of this record's layout.
    """

    request: str = ""
    model: str = ""
    model_title: str = ""
    licence: str = ""
    backend: str = ""
    app_version: str = __version__
    created_at: str = ""
    kind: str = ""
    origin: Origin = Origin.GENERATED
    content_sha256: str = ""
    ingredients: tuple[Ingredient, ...] = ()
    consent: str = ""
    schema: int = SCHEMA

    def __post_init__(self) -> None:
        object.__setattr__(self, "origin", Origin(self.origin))
        object.__setattr__(self, "ingredients", tuple(self.ingredients))

    def without_prompt(self) -> ProvenanceRecord:
        """Return the record less everything the user wrote; that a model made it stays."""
        try:
            plain = json.loads(self.request) if self.request else {}
        except (ValueError, RecursionError):
            plain = {}
        plain = plain if isinstance(plain, dict) else {}
        kept = {name: plain[name] for name in _KEPT_WITHOUT_PROMPT if name in plain}
        request = json.dumps(kept, sort_keys=True, separators=(",", ":")) if kept else ""
        unnamed = tuple(dataclasses.replace(item, title="") for item in self.ingredients)
        return dataclasses.replace(self, request=request, ingredients=unnamed)

    @property
    def has_prompt(self) -> bool:
        """Whether the record still tells what the user asked for."""
        return self != self.without_prompt()

    def make_again(self) -> Request:
        """Return the request that made this.

        Raises:
            BadInputError: The record was shared without its prompt, or a newer version wrote it.
        """
        if not self.has_prompt or not self.request:
            raise BadInputError(
                "This file does not say how it was made.",
                hint="It was shared without its prompt.",
            )
        return from_json(self.request)


def record_of(
    artifact: Artifact,
    *,
    model_title: str = "",
    licence: str = "",
    origin: Origin = Origin.GENERATED,
    ingredients: tuple[Ingredient, ...] = (),
    created_at: datetime | None = None,
) -> ProvenanceRecord:
    """Return the record of something the engine made.

    Args:
        artifact: What came out of the job.
        model_title: The model's name for people, from its ``ModelInfo``.
        licence: The model's licence, from its ``ModelInfo``.
        origin: Whether a model made all of it or part of it.
        ingredients: What it was made from.
        created_at: When, with a time zone; now when left out.
    """
    moment = (created_at or datetime.now(UTC)).astimezone(UTC)
    return ProvenanceRecord(
        request=to_json(artifact.request),
        model=artifact.model,
        model_title=model_title,
        licence=licence,
        backend=artifact.backend,
        created_at=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        kind=artifact.request.kind,
        origin=origin,
        ingredients=ingredients,
        consent=artifact.facts.get("consent", "") if isinstance(artifact, AudioArtifact) else "",
    )


def record_to_json(record: ProvenanceRecord) -> str:
    """Return the record as one line of JSON, keys sorted, plain ASCII.

    ASCII, so that the line survives every container, whatever it thinks of encodings.
    """
    return json.dumps(
        dataclasses.asdict(record), ensure_ascii=True, sort_keys=True, separators=(",", ":")
    )


def record_from_json(text: str) -> ProvenanceRecord:
    """Read what :func:`record_to_json` wrote; hostile values never get further than here.

    Raises:
        BadInputError: Not a record.
    """
    try:
        plain = json.loads(text)
        if not isinstance(plain, dict) or type(plain["schema"]) is not int:
            raise ValueError("no schema version")
        values = _texts(ProvenanceRecord, plain)
        values["schema"] = plain["schema"]
        given = plain.get("ingredients", [])
        if not isinstance(given, list):
            raise ValueError("ingredients are not a list")
        found = [Ingredient(**_texts(Ingredient, item)) for item in given]
        return ProvenanceRecord(**values, ingredients=tuple(found))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInputError(
            "What this file says about its origin cannot be read.", reason=str(error)
        ) from error


def _texts(kind: type, plain: Any) -> dict[str, Any]:
    """Return the fields of ``kind`` that are texts and present in ``plain``."""
    if not isinstance(plain, dict):
        raise ValueError("not an object")
    names = [f.name for f in dataclasses.fields(kind) if f.name not in ("schema", "ingredients")]
    values = {name: plain[name] for name in names if name in plain}
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise ValueError(f"{wrong[0]} is not a text")
    return values
