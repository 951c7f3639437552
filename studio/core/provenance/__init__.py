"""Where a file came from: the record inside it, the mark, and content credentials.

    data = embed(data, ".png", record_of(artifact, model_title=…, licence=…))
    record = read(path)

Decisions: packaging/docs/decisions/0070-records-in-files.md and 0071-content-credentials.md.
"""

from studio.core.provenance.embedding import (
    can_carry,
    content_sha256,
    embed,
    embed_pieces,
    read,
    read_bytes,
    strip_prompt,
)
from studio.core.provenance.record import (
    Ingredient,
    Origin,
    ProvenanceRecord,
    record_from_json,
    record_of,
    record_to_json,
)

__all__ = [
    "Ingredient",
    "Origin",
    "ProvenanceRecord",
    "can_carry",
    "content_sha256",
    "embed",
    "embed_pieces",
    "read",
    "read_bytes",
    "record_from_json",
    "record_of",
    "record_to_json",
    "strip_prompt",
]
