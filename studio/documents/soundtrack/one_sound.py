"""One finished sound as a file, without a document around it: what the command line writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from studio.core.errors import BadInputError
from studio.core.media import Sound
from studio.core.provenance.keys import SigningKey
from studio.core.provenance.record import ProvenanceRecord
from studio.documents.soundtrack.formats import MAX_WAV_BYTES, ExportOptions
from studio.documents.soundtrack.resampling import resampled
from studio.documents.soundtrack.sealing import hidden_file, put_in_place, sealed
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.writing import SoundFileWriter

_WIDTHS = {"16": 2, "24": 3, "float": 4}


def write_sound(
    sound: Sound,
    path: Path,
    options: ExportOptions,
    *,
    record: ProvenanceRecord | None = None,
    key: SigningKey | None = None,
) -> str:
    """Write a sound block by block, marked and signed; nothing is held as a whole.

    Loudness is left as it is. The consent to a cloned voice goes into the comment too, where
    every player shows it.

    Args:
        sound: What to write.
        path: Where; a file that stands there is replaced.
        options: How.
        record: Where it came from; ``None`` when no model made any of it.
        key: This installation's key; ``None`` leaves content credentials out.

    Returns:
        What the user should know, in a sentence, or "".

    Raises:
        BadInputError: It does not fit the format.
        StorageError: The system refused; ``path`` is as it was.
    """
    channels = 1 if options.mono else sound.channels
    rate = options.sound_format.rate_for(options.sampling_rate or sound.sampling_rate)
    size = sound.duration_s * rate * channels * _WIDTHS[options.bit_depth]
    if options.format == "wav" and size > MAX_WAV_BYTES:
        raise BadInputError(
            "This is longer than a WAV file can be (4 GB).", hint="Choose FLAC, MP3 or Opus."
        )
    if record is not None and record.consent:
        comment = "\n".join((options.comment, record.consent)).strip()
        options = replace(options, comment=comment)
    with hidden_file(path) as file:
        writer = SoundFileWriter(file, options, rate, channels)
        try:
            for block in resampled(_blocks(sound, channels), sound.sampling_rate, rate, channels):
                writer.write(block)
        finally:
            writer.close()
        with sealed(file, path, options, record, key) as finished:
            put_in_place(finished.file, path)
    return finished.notice


def _blocks(sound: Sound, channels: int) -> Iterator[Samples]:
    """Yield a second at a time, float32 (samples, channels)."""
    samples = sound.array()
    for start in range(0, len(samples), sound.sampling_rate):
        block: Samples = samples[start : start + sound.sampling_rate]
        if channels < block.shape[1]:
            block = block.mean(axis=1, keepdims=True, dtype="float32")
        yield block
