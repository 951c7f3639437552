"""What one file of the library folder says: who made it, from what, and what is in it."""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from studio.core.errors import storage_errors
from studio.core.media import clean_text
from studio.core.provenance import ProvenanceRecord, content_sha256, read_bytes
from studio.core.provenance.carriers import text as text_carrier
from studio.library.foreign import read_picture
from studio.library.items import Kind

KIND_BY_SUFFIX: dict[str, Kind] = {
    **dict.fromkeys((".md", ".markdown", ".txt"), "text"),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".webp", ".avif", ".gif", ".tif", ".tiff", ".bmp"), "image"
    ),
    **dict.fromkeys(
        (".wav", ".flac", ".mp3", ".ogg", ".oga", ".opus", ".m4a", ".aif", ".aiff"), "audio"
    ),
}
MAX_INDEXED_TEXT = 400_000  # characters of one text that can be searched
MAX_INDEXED_PROMPT = 50_000
TITLE_CHARACTERS = 120


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """Everything the index keeps of one file; see the columns in ``schema``."""

    path: str
    kind: Kind
    size_bytes: int
    mtime_ns: int
    created_at: float
    sha256: bytes = b""
    content_hash: bytes = b""
    model: str = ""
    seed: int | None = None
    title: str = ""
    prompt: str = ""
    text: str = ""
    request: str = ""
    settings: str = ""
    foreign: bool = True
    unreadable: bool = False
    width_px: int = 0
    height_px: int = 0
    trashed_at: float | None = None


def kind_of(name: str) -> Kind | None:
    """Return what a file holds by its name, or ``None`` for files that are none of ours."""
    return KIND_BY_SUFFIX.get(PurePosixPath(name).suffix.lower())


def read_file(file: Path, path: str, *, trashed_at: float | None = None) -> FileFacts:
    """Read one file of the library.

    Args:
        file: Where it is.
        path: Its path relative to the library folder.
        trashed_at: When it went to the trash, seconds since 1970, if it did.

    Returns:
        What it says. A file whose content cannot be understood is still returned, with
        ``unreadable`` set, so that it can be found by its name.

    Raises:
        StorageError: The system does not let us read it.
    """
    kind = kind_of(path) or "text"
    with storage_errors(file, "reading a file of the library"), file.open("rb") as opened:
        status = os.fstat(opened.fileno())
        if status.st_size == 0:
            return _empty(path, kind, status.st_mtime_ns, trashed_at)
        with mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            view = memoryview(mapped)
            try:
                sha256 = hashlib.sha256(view).digest()
                record = read_bytes(view, file.name)
                content = content_sha256(view, file.name)
                body = _body(view) if kind == "text" else ""
            finally:
                view.release()
    facts: dict[str, Any] = {
        "path": path,
        "kind": kind,
        "size_bytes": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "created_at": status.st_mtime_ns / 1e9,
        "sha256": sha256,
        "content_hash": bytes.fromhex(content) if content else sha256,
        "text": body,
        "trashed_at": trashed_at,
    }
    if kind == "image":
        facts |= _picture(file, record is None)
    if record is not None:
        facts |= _recorded(record)
    facts["title"] = _title(facts)
    return FileFacts(**facts)


def _empty(path: str, kind: Kind, mtime_ns: int, trashed_at: float | None) -> FileFacts:
    nothing = hashlib.sha256(b"").digest()
    return FileFacts(
        path=path,
        kind=kind,
        size_bytes=0,
        mtime_ns=mtime_ns,
        created_at=mtime_ns / 1e9,
        sha256=nothing,
        content_hash=nothing,
        title=PurePosixPath(path).stem[:TITLE_CHARACTERS],
        unreadable=kind != "text",
        trashed_at=trashed_at,
    )


def _body(view: memoryview) -> str:
    body, _ = text_carrier.split(view)
    decoded = body[: 4 * MAX_INDEXED_TEXT].decode("utf-8", "replace")
    return clean_text(decoded.removeprefix("\ufeff"))[:MAX_INDEXED_TEXT]


def _picture(file: Path, look_for_settings: bool) -> dict[str, Any]:
    found = read_picture(file, settings=look_for_settings)
    return {
        "width_px": found.width_px,
        "height_px": found.height_px,
        "prompt": clean_text(found.prompt),
        "text": clean_text(found.negative_prompt),
        "model": clean_text(found.model),
        "seed": found.seed,
        "settings": found.settings,
        "unreadable": not found.readable,
    }


def _recorded(record: ProvenanceRecord) -> dict[str, Any]:
    """Return what our own record says, over what the file looks like."""
    said: dict[str, Any] = {"foreign": False, "model": record.model, "request": record.request}
    made = _moment(record.created_at)
    if made is not None:
        said["created_at"] = made
    plain = request_in(record.request)
    said["prompt"] = prompt_of(plain)
    said["title"] = subject_of(plain)
    seed = plain.get("seed")
    if isinstance(seed, int) and 0 <= seed < 2**63:
        said["seed"] = seed
    return said


def prompt_of(request: dict[str, Any]) -> str:
    """Return what a person would call the prompt of a request in plain JSON."""
    parts = [subject_of(request), request.get("prompt")]
    whole = "\n".join(part for part in parts if isinstance(part, str) and part)
    return clean_text(whole[:MAX_INDEXED_PROMPT])


def subject_of(request: dict[str, Any]) -> str:
    """Return what was asked for in words: an instruction, or the last message of a chat.

    Empty for a plain completion, whose prompt is the text so far and would name every result
    alike.
    """
    messages = request.get("messages")
    if isinstance(messages, list) and messages:
        asked = [m for m in messages if isinstance(m, dict) and m.get("role") == "user"]
        return clean_text(str(asked[-1].get("content", ""))) if asked else ""
    instruction = request.get("instruction")
    return clean_text(instruction) if isinstance(instruction, str) else ""


def request_in(text: str) -> dict[str, Any]:
    """Return a stored request as plain JSON; empty when it is none."""
    try:
        plain = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return plain if isinstance(plain, dict) else {}


def _moment(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _title(facts: dict[str, Any]) -> str:
    """Return the first words of prompt or text; the file's name where there are none."""
    sources = (facts.get("title", ""), facts["text"], facts.get("prompt", ""))
    if facts["kind"] != "text":
        sources = (facts.get("title", ""), facts.get("prompt", ""), "")
    for source in sources:
        line = next((line.strip(" #*>") for line in source.splitlines() if line.strip()), "")
        if line:
            return line[:TITLE_CHARACTERS]
    return PurePosixPath(facts["path"]).stem[:TITLE_CHARACTERS]
