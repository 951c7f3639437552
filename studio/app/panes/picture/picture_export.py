"""Writes a picture as a file that says where it came from. For a background thread. No Qt."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError
from studio.core.provenance import Origin, ProvenanceRecord
from studio.core.provenance.a1111 import settings_text
from studio.core.provenance.keys import installation_key
from studio.core.requests import ImageRequest, from_json, replaced, to_json
from studio.documents.picture.layers import walk

if TYPE_CHECKING:
    from studio.app.bridge import EngineBridge
    from studio.documents.picture.layers import Layer
    from studio.documents.picture.scene import Snapshot
    from studio.models.info import ModelInfo


def write(
    snapshot: Snapshot, path: Path, title: str, bridge: EngineBridge, keys: Path
) -> tuple[str, ...]:
    """Write a picture; what models painted in it is said in the file.

    Args:
        snapshot: The picture.
        path: Where; the suffix says what kind of file.
        title: Of the picture.
        bridge: Knows the models' titles and licences.
        keys: The folder with this installation's certificates.

    Returns:
        What the file could not take, in sentences.

    Raises:
        BadInputError: No such format, or nothing to write.
        StorageError: It could not be written.
    """
    from studio.documents.picture.files import write_picture

    models = {each.info.id: each.info for each in bridge.models()}
    record, settings = record_of(snapshot, models)
    return write_picture(
        snapshot,
        path,
        record=record,
        key=lambda: installation_key(keys),
        settings=settings,
    )


def record_of(
    snapshot: Snapshot, models: dict[str, ModelInfo]
) -> tuple[ProvenanceRecord | None, str]:
    """Return where a picture came from, and its settings as A1111 writes them.

    ``None`` when no model painted in it: a mark would say something untrue. Of several results,
    the uppermost one stands in the record.
    """
    shown = [layer for layer in walk(snapshot.layers) if layer.visible and layer.kind == "raster"]
    made = [layer for layer in shown if layer.meta.get("request")]
    if not made:
        return None, ""
    meta = made[-1].meta
    request = _request(meta)
    model = str(meta.get("model") or "")
    info = models.get(model)
    record = ProvenanceRecord(
        request=to_json(request) if request is not None else "",
        model=model,
        model_title=info.title if info else model,
        licence=info.licence if info else "",
        backend=str(meta.get("backend") or ""),
        created_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        kind="image",
        origin=Origin.GENERATED if _is_whole(shown, made[-1]) else Origin.COMPOSITE,
    )
    return record, _settings(request, meta, info)


def _is_whole(shown: list[Layer], made: Layer) -> bool:
    """Return whether a picture is one result and nothing else."""
    return len(shown) == 1 and shown[0] is made


def _request(meta: dict[str, Any]) -> ImageRequest | None:
    """Return what makes this one picture again; ``None`` when the layer does not say it."""
    try:
        found = from_json(json.dumps(meta["request"]))
        seed = int(meta.get("seed", found.seed))
    except (BadInputError, ValueError, TypeError):
        return None
    if not isinstance(found, ImageRequest):
        return None
    alone: ImageRequest = replaced(found, seed=seed, num_images_per_prompt=1)
    return alone


def _settings(request: ImageRequest | None, meta: dict[str, Any], info: ModelInfo | None) -> str:
    if request is None:
        return ""
    facts = {str(k): str(v) for k, v in (meta.get("facts") or {}).items()}
    return settings_text(
        request,
        seed=request.seed,
        width=request.width,
        height=request.height,
        model_title=info.title if info is not None else "",
        facts=facts,
    )
