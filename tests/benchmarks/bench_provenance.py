"""Marking, signing and checking files: milliseconds a file, and one-bit changes that are missed.

python -m tests.benchmarks.bench_provenance
"""

from __future__ import annotations

import io
import random
import statistics
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from studio.core.provenance import embed, read
from studio.core.provenance.credentials import credentials_in, seal, shared_copy
from studio.core.provenance.keys import SigningKey, installation_key
from studio.core.provenance.media_types import media_type_of
from studio.core.provenance.origin import check_origin
from tests.benchmarks.rows import Row
from tests.core.provenance.conftest import EmptyVault
from tests.core.provenance.samples import SIGNED, record, sample
from tests.core.provenance.test_credentials import content_places

SIDE_PX = 1024
SOUND_S = 60
ROUNDS = 9
FLIPS = 300
"""One-bit changes per format, as the promise counts them."""


def run() -> list[Row]:
    """Measure with a key of its own, made in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        key = installation_key(Path(folder, "keys"), vault=EmptyVault())
        rows = [Row("make this installation's key", _ms(started), "ms")]
        for suffix, data in _files():
            rows += _timed(Path(folder), suffix, data, key)
        missed = sum(_missed(suffix, key) for suffix in SIGNED)
        rows.append(Row(f"one-bit changes missed of {FLIPS * len(SIGNED):,}", missed, "", 0))
    return rows


def _files() -> list[tuple[str, bytes]]:
    """Return files of the size people make: a megapixel, a minute of sound, small documents."""
    noise = Image.frombytes("RGB", (128, 128), random.Random(1).randbytes(128 * 128 * 3))
    picture = noise.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
    found = []
    for suffix, kind in ((".png", "PNG"), (".jpg", "JPEG"), (".webp", "WEBP"), (".avif", "AVIF")):
        out = io.BytesIO()
        picture.save(out, kind)
        found.append((suffix, out.getvalue()))
    sound = random.Random(2).randbytes(SOUND_S * 44_100 * 4)
    head = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 2, 44_100, 176_400, 4, 16)
    body = b"WAVE" + head + struct.pack("<4sI", b"data", len(sound)) + sound
    found.append((".wav", struct.pack("<4sI", b"RIFF", len(body)) + body))
    rest = (".mp3", ".flac", ".pdf", ".epub", ".docx", ".odt", ".md")
    return found + [(suffix, sample(suffix)) for suffix in rest]


def _timed(folder: Path, suffix: str, data: bytes, key: SigningKey) -> list[Row]:
    size = f"{suffix[1:].upper()}, {len(data) / 1024:,.0f} kB"
    marked = embed(data, suffix, record())
    sealed = seal(data, suffix, record(), key)
    path = folder / f"x{suffix}"
    path.write_bytes(sealed.data)
    rows = [
        Row(f"{size}: write record and mark", _median(lambda: embed(data, suffix, record())), "ms"),
        Row(f"{size}: read the record", _median(lambda: read(path)), "ms"),
    ]
    if not sealed.signed:
        return rows
    added = (len(sealed.data) - len(marked)) / 1024
    return [
        *rows,
        Row(
            f"{size}: record, mark and sign",
            _median(lambda: seal(data, suffix, record(), key)),
            "ms",
        ),
        Row(f"{size}: signature's size", added, "kB"),
        Row(
            f"{size}: copy without prompt",
            _median(lambda: shared_copy(sealed.data, suffix, key)),
            "ms",
        ),
        Row(
            f"{size}: check origin",
            _median(lambda: check_origin(path, authority=key.authority)),
            "ms",
        ),
    ]


def _missed(suffix: str, key: SigningKey) -> int:
    signed = seal(sample(suffix), suffix, record(), key).data
    places = content_places(signed, suffix)
    chance = random.Random(suffix)
    missed = 0
    for _ in range(FLIPS):
        changed = bytearray(signed)
        changed[chance.choice(places)] ^= 1 << chance.randrange(8)
        found = credentials_in(io.BytesIO(changed), media_type_of(suffix), key.authority)
        missed += found is None or found.state not in ("changed", "unreadable")
    return missed


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(_ms(started))
    return statistics.median(times)


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    print(*run(), sep="\n")
