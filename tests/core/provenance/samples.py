"""One small, whole file of every format that can carry a record, without any metadata of ours."""

from __future__ import annotations

import functools
import io
import random
import struct
import zipfile
from pathlib import Path

from PIL import Image

from studio.core.artifacts import TextArtifact
from studio.core.provenance import ProvenanceRecord, record_of
from studio.core.provenance.media_types import DOCX, EPUB, ODT
from studio.core.requests import Capability, TextRequest

FILES = Path(__file__).parent / "files"
PROMPT = "A lighthouse --> keeper’s <b>letter</b> — 灯台 🗼 ]]> & \\u002d"
SECRET = "LIGHTHOUSEKEEPER"
TEXTS = [".md", ".txt"]
SIGNED = [
    *(".png", ".jpg", ".webp", ".avif", ".tiff", ".wav", ".mp3", ".flac"),
    *(".pdf", ".epub", ".docx", ".odt"),
]
SUFFIXES = [*TEXTS, ".ogg", ".opus", *SIGNED]


@functools.cache
def sample(suffix: str) -> bytes:
    """Return a whole file of this kind; always the same bytes within a run."""
    if suffix in (".md", ".txt"):
        return "# The keeper\n\nHe wrote *three* lines. 灯台\n".encode()
    if suffix in (".png", ".jpg", ".webp", ".avif", ".tiff"):
        return picture(suffix)
    if suffix == ".wav":
        return _wav()
    if suffix in (".epub", ".docx", ".odt"):
        return _zipped(suffix)
    return (FILES / {".pdf": "page.pdf"}.get(suffix, f"tone{suffix}")).read_bytes()


def picture(suffix: str, **saving: object) -> bytes:
    """Return a small picture as Pillow saves it."""
    random_bytes = random.Random(7).randbytes(8 * 8 * 3)
    image = Image.frombytes("RGB", (8, 8), random_bytes).resize((48, 32), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    kind = {".jpg": "JPEG", ".tiff": "TIFF"}.get(suffix, suffix[1:].upper())
    image.save(out, kind, **saving)
    return out.getvalue()


def record(prompt: str = PROMPT, **values: object) -> ProvenanceRecord:
    """Return a full record, as the engine's result would have it."""
    request = TextRequest(
        capability=Capability.TEXT_GENERATE,
        seed=7,
        prompt=prompt,
        options={"temperature": 0.7, "stop_strings": ["FINISHWORD"]},
        label="A label of the user's",
    )
    artifact = TextArtifact(request=request, model="smollm2-135m", backend="tf", text="x")
    return record_of(artifact, model_title="SmolLM2 135M", licence="Apache-2.0", **values)


def members(data: bytes) -> bytes:
    """Return everything in a zip unpacked and joined, names too; other files as they are."""
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"\n".join(n.encode() + archive.read(n) for n in archive.namelist())


def _wav() -> bytes:
    sound = random.Random(3).randbytes(1600)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16)
    body = b"WAVE" + head + struct.pack("<4sI", b"data", len(sound)) + sound
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def _zipped(suffix: str) -> bytes:
    text = "<p>The keeper wrote three lines, and then a fourth that nobody read.</p>" * 5
    parts = {
        ".epub": [
            ("mimetype", EPUB),
            ("META-INF/container.xml", "<container/>"),
            ("text.xhtml", text),
        ],
        ".odt": [("mimetype", ODT), ("content.xml", text), ("META-INF/manifest.xml", "<m/>")],
        ".docx": [("[Content_Types].xml", f"<Types><!--{DOCX}--></Types>")],
    }[suffix]
    if suffix == ".docx":
        parts += [("word/document.xml", text)]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), body)
    return out.getvalue()
