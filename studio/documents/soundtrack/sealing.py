"""The last steps of a sound file: tags, mark, signature, each in a hidden file beside its place."""

from __future__ import annotations

import contextlib
import mmap
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from studio.core.atomic_write import atomic_file
from studio.core.errors import BackendError, storage_errors
from studio.core.provenance import embed_pieces
from studio.core.provenance.credentials import can_sign, sign_file
from studio.core.provenance.keys import SigningKey
from studio.core.provenance.record import ProvenanceRecord
from studio.documents.soundtrack.formats import ExportOptions
from studio.documents.soundtrack.marking import id3_tag

DOING = "exporting the sound"
_PIECE = 1 << 20


@dataclass(frozen=True)
class Sealed:
    """A finished file that has no name yet.

    Attributes:
        file: Open, its position anywhere.
        signed: It carries content credentials.
        notice: Why it could not be signed, in a sentence, or "".
    """

    file: BinaryIO
    signed: bool = False
    notice: str = ""


@contextlib.contextmanager
def hidden_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file without a name beside ``path``, gone when it is closed."""
    with storage_errors(path, DOING):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent) as file:
            yield file


@contextlib.contextmanager
def sealed(
    sound: BinaryIO,
    path: Path,
    options: ExportOptions,
    record: ProvenanceRecord | None,
    key: SigningKey | None,
) -> Iterator[Sealed]:
    """Yield the file with its tags, its mark and, where possible, its signature.

    Args:
        sound: The written sound.
        path: Where it will be.
        options: Its format and tags, and whether the request goes along.
        record: Where it came from; ``None`` when no model made any of it.
        key: To sign with; ``None`` for no signature.
    """
    suffix = options.sound_format.suffix
    with contextlib.ExitStack() as stack:
        if options.format == "mp3":
            tag = id3_tag(options.title, options.artist, options.comment)
            if tag:
                tagged = stack.enter_context(hidden_file(path))
                tagged.write(tag)
                sound.seek(0)
                shutil.copyfileobj(sound, tagged, _PIECE)
                sound = tagged
        if record is None:
            yield Sealed(sound)
            return
        marked = stack.enter_context(hidden_file(path))
        _mark(sound, marked, suffix, record, with_prompt=options.with_prompt)
        if key is None or not can_sign(suffix):
            yield Sealed(marked)
            return
        signed = stack.enter_context(hidden_file(path))
        try:
            marked.seek(0)
            sign_file(marked, signed, suffix, record, key)
        except BackendError as error:
            words = f"The file is marked, but could not be signed: {error.user_message}"
            yield Sealed(marked, notice=words)
            return
        yield Sealed(signed, signed=True)


def put_in_place(file: BinaryIO, path: Path) -> None:
    """Copy a finished file to where it belongs, at once or not at all.

    Raises:
        StorageError: The system refused; ``path`` is as it was.
    """
    with atomic_file(path, doing=DOING) as target:
        file.seek(0)
        shutil.copyfileobj(file, target, _PIECE)


def _mark(
    sound: BinaryIO, target: BinaryIO, suffix: str, record: ProvenanceRecord, *, with_prompt: bool
) -> None:
    sound.flush()
    mapped = mmap.mmap(sound.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        for piece in embed_pieces(memoryview(mapped), suffix, record, with_prompt=with_prompt):
            target.write(piece)
    finally:
        # After an error its traceback still holds views; the mapping then goes with them.
        with contextlib.suppress(BufferError):
            mapped.close()
    target.flush()
