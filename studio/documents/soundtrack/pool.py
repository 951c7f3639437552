"""All sounds of a document: taken in, kept in the project, decoded once, read from anywhere.

What is kept is the file as it came, in pieces; samples of whole numbers that came uncompressed
are kept as FLAC, which is the same sound in about half the room. For reading, each sound is
decoded once into the cache (:mod:`~studio.documents.soundtrack.pcm_cache`), by one background
thread or by whoever takes it in. A sound that is missing or damaged says so and is silent.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import mmap
import queue
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np

from studio.core.errors import BadInputError, StudioError, storage_errors
from studio.core.media import Sound
from studio.core.provenance.carriers import Found
from studio.core.provenance.embedding import look, record_in
from studio.documents.soundtrack.model import Source
from studio.documents.soundtrack.packing import pack_sound, packed_as_flac, packed_samples
from studio.documents.soundtrack.parts import PartsFile, PartStore, store_file
from studio.documents.soundtrack.pcm_cache import PcmCache, PcmFile
from studio.documents.soundtrack.peaks import Waveform, waveform
from studio.documents.soundtrack.sound_files import Samples, SoundFileReader
from studio.documents.soundtrack.work import (
    CancelledCallback,
    ProgressCallback,
    Work,
    WorkCancelled,
)

MAX_OPEN = 128
_FLAC_CHANNELS = 8


@dataclass(frozen=True)
class SourceStatus:
    """Whether a sound can be heard.

    Attributes:
        state: "ready", "preparing" (it is silent until it is decoded) or "unavailable".
        fraction: How much is decoded, 0..1.
        message: Why it is unavailable, in a sentence.
    """

    state: Literal["ready", "preparing", "unavailable"]
    fraction: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class _Facts:
    title: str
    media_type: str
    sampling_rate: int
    channels: int
    source_type: str
    consent: str = ""

    @classmethod
    def of(cls, reader: SoundFileReader, title: str, found: Found) -> _Facts:
        record = record_in(found)
        consent = record.consent if record is not None else ""
        rate, channels = reader.sampling_rate, reader.channels
        return cls(title, reader.media_type, rate, channels, found.source_type, consent)


class SourcePool:
    """The sounds of one document; every method may be called from any thread.

    Args:
        cache_folder: Where decoded sounds lie, such as ``folders.cache / "sounds"``.
        parts: Where the kept files lie.
        sampling_rate: The document's, in Hz.
    """

    def __init__(self, cache_folder: Path, parts: PartStore, sampling_rate: int) -> None:
        self._cache = PcmCache(cache_folder, sampling_rate)
        self._parts = parts
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._known: dict[str, Source] = {}
        self._open: OrderedDict[str, PcmFile] = OrderedDict()
        self._status: dict[str, SourceStatus] = {}
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._listeners: list[Callable[[str], None]] = []

    @property
    def sampling_rate(self) -> int:
        """Which all sounds are read at, in Hz."""
        return self._cache.sampling_rate

    # --- taking in --------------------------------------------------------------------------

    def add_file(
        self,
        path: Path,
        *,
        title: str = "",
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> Source:
        """Take a sound file in; slow, so call it from a thread that may wait.

        Args:
            path: Any file libsndfile reads.
            title: What to call it; its name when left out.
            progress: Told 0..1 on this thread.
            cancelled: Asked often whether to stop.

        Returns:
            What it is now called; hand it to :meth:`Soundtrack.add_source`.

        Raises:
            BadInputError: It is no sound, or there is none in it.
            StorageError: It cannot be read, or there is no room to keep it.
            WorkCancelled: It was stopped.
        """
        work = Work(progress, cancelled)
        title = title or path.name
        with SoundFileReader(path, path.name) as reader:
            facts = _Facts.of(reader, title, _found_in(path))
            if reader.compressed or not reader.whole_bits or reader.channels > _FLAC_CHANNELS:
                with storage_errors(path, "reading the sound"), path.open("rb") as file:
                    return self._take_in(file, facts, work)
            with self._scratch() as scratch:
                packed_as_flac(reader, scratch, work.sub(0, 0.4))
                facts = dataclasses.replace(facts, media_type="audio/flac")
                source = self._take_in(scratch, facts, work.sub(0.4, 0.6))
        # The kept file no longer shows what was mended before it was packed.
        every = tuple(dict.fromkeys((*source.notices, *reader.notices)))
        source = dataclasses.replace(source, notices=every)
        self.know([source])
        return source

    def add_bytes(
        self,
        data: bytes,
        title: str,
        *,
        progress: ProgressCallback | None = None,
        cancelled: CancelledCallback | None = None,
    ) -> Source:
        """Take a sound file in that is in memory; see :meth:`add_file`."""
        with SoundFileReader(io.BytesIO(data), title) as reader:
            facts = _Facts.of(reader, title, look(data))
        return self._take_in(io.BytesIO(data), facts, Work(progress, cancelled))

    def add_sound(
        self, sound: Sound, title: str, *, source_type: str = "", work: Work | None = None
    ) -> Source:
        """Take in what a model or the microphone made; kept as FLAC of 24 bits where it fits.

        Args:
            sound: What.
            title: What to call it.
            source_type: The mark of what it was made from, when that had one.
            work: Told how far keeping it is.
        """
        with self._scratch() as scratch:
            media_type = pack_sound(sound, scratch, title)
            facts = _Facts(title, media_type, sound.sampling_rate, sound.channels, source_type)
            return self._take_in(scratch, facts, work or Work())

    def add_samples(
        self,
        blocks: Iterable[Samples],
        channels: int,
        title: str,
        *,
        source_type: str = "",
        work: Work | None = None,
    ) -> Source:
        """Take in samples as they are made, within full scale and at this pool's rate.

        Args:
            blocks: float32 (samples, channels) in -1..1.
            channels: How many.
            title: What to call it.
            source_type: The mark of what it was made from, when that had one.
            work: Told how far keeping it is, once all samples are there.

        Raises:
            BadInputError: There were none.
            StorageError: There is no room to keep it.
            WorkCancelled: It was stopped.
        """
        rate = self.sampling_rate
        with self._scratch() as scratch:
            media_type = packed_samples(
                blocks, scratch, rate, channels, within_full_scale=True, name=title
            )
            facts = _Facts(title, media_type, rate, channels, source_type)
            return self._take_in(scratch, facts, work or Work())

    def know(self, sources: Iterable[Source]) -> None:
        """Make sounds known that are kept already, such as those of a document just loaded."""
        with self._lock:
            self._known.update({source.sha256: source for source in sources})

    def _take_in(self, file: BinaryIO, facts: _Facts, work: Work) -> Source:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        sha256, names = store_file(file, size, self._parts, work.sub(0, 0.3))
        source = Source(
            sha256=sha256,
            title=facts.title,
            media_type=facts.media_type,
            size_bytes=size,
            sampling_rate=facts.sampling_rate,
            channels=facts.channels,
            duration=1,
            parts=tuple(names),
            source_type=facts.source_type,
            consent=facts.consent,
        )
        pcm = self._cache.open(sha256) or self._decode(source, work.sub(0.3, 0.7))
        source = dataclasses.replace(source, duration=pcm.frames, notices=pcm.notices)
        with self._changed:
            self._known[sha256] = source
            self._remember(sha256, pcm)
        self._tell(sha256)
        return source

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[BinaryIO]:
        folder = self._cache.folder
        with storage_errors(folder, "preparing the sound"):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                yield file

    # --- reading ----------------------------------------------------------------------------

    def source(self, sha256: str) -> Source | None:
        """Return what is known of a sound."""
        with self._lock:
            return self._known.get(sha256)

    def status(self, sha256: str) -> SourceStatus:
        """Return whether a sound can be heard now; asks the disk the first time."""
        with self._lock:
            found = self._status.get(sha256)
        if found is not None:
            return found
        self.prepare(sha256)
        with self._lock:
            return self._status[sha256]

    def prepare(self, sha256: str) -> None:
        """See to it that a sound can be read, in the background where it must be decoded."""
        with self._changed:
            state = self._status.get(sha256)
            if self._closed or (state is not None and state.state != "unavailable"):
                return
            if self._opened(sha256) is not None:
                return
            self._status[sha256] = SourceStatus("preparing")
            self._waiting.put(sha256)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="sound-decoding", daemon=True
                )
                self._thread.start()

    def wait_ready(self, sha256: str, timeout_s: float | None = None) -> bool:
        """Wait until a sound is decoded, or known to be unavailable; return which."""
        self.status(sha256)
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or self._status[sha256].state != "preparing", timeout_s
            )
            return self._status[sha256].state == "ready"

    def read(self, sha256: str, start: int, frames: int) -> Samples:
        """Return float32 (frames, 1 or 2) of a sound; silence outside it and while it is not ready.

        Takes well under a millisecond for a block of a tenth of a second.
        """
        pcm = self._ready(sha256)
        if pcm is None:
            return np.zeros((frames, 1), np.float32)
        return pcm.read(start, frames)

    def waveform(self, sha256: str, start: int, end: int, columns: int) -> Waveform | None:
        """Return what to draw of a stretch of a sound; ``None`` while it is not ready."""
        pcm = self._ready(sha256)
        return None if pcm is None else waveform(pcm, start, end, columns)

    def channels(self, sha256: str) -> int:
        """Return how many channels :meth:`read` gives."""
        pcm = self._ready(sha256)
        return 1 if pcm is None else pcm.channels

    def content(self, sha256: str) -> bytes:
        """Return the kept file, as an input of a request or to save it.

        Raises:
            BadInputError: The sound is not known.
            StorageError: It cannot be read.
        """
        source = self.source(sha256)
        if source is None:
            raise BadInputError("This sound is not in the project.", sha256=sha256)
        return b"".join(self._parts.get(name) for name in source.parts)

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Be told, on a background thread, of sounds whose status changed. Returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def close(self) -> None:
        """End the background thread and close all files."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._open.clear()
            self._changed.notify_all()
            thread = self._thread
        self._waiting.put(None)
        if thread is not None:
            thread.join()

    # --- inside -----------------------------------------------------------------------------

    def _ready(self, sha256: str) -> PcmFile | None:
        with self._lock:
            pcm = self._open.get(sha256)
            if pcm is not None:
                self._open.move_to_end(sha256)
                return pcm
            state = self._status.get(sha256)
            if state is not None and state.state != "ready":
                return None
            if not self._closed and state is not None:
                pcm = self._opened(sha256)
                if pcm is not None:
                    return pcm
                del self._status[sha256]  # somebody emptied the cache
        self.prepare(sha256)
        with self._lock:
            return self._open.get(sha256)

    def _opened(self, sha256: str) -> PcmFile | None:
        """Open a decoded sound that lies in the cache; the caller holds the lock."""
        try:
            pcm = self._cache.open(sha256)
        except StudioError as error:
            self._status[sha256] = SourceStatus("unavailable", message=error.sentence())
            return None
        if pcm is not None:
            self._remember(sha256, pcm)
        return pcm

    def _remember(self, sha256: str, pcm: PcmFile) -> None:
        self._open[sha256] = pcm
        self._open.move_to_end(sha256)
        while len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        self._status[sha256] = SourceStatus("ready", 1.0)
        self._changed.notify_all()

    def _decode(self, source: Source, work: Work) -> PcmFile:
        file = PartsFile(self._parts, source.parts, source.size_bytes)
        try:
            with SoundFileReader(file, source.title) as reader:  # type: ignore[arg-type]
                pcm = self._cache.make(source.sha256, reader, work)
        except StudioError:
            if file.error is not None:
                raise file.error from None
            raise
        if file.error is not None:
            self._cache.path(source.sha256).unlink(missing_ok=True)
            raise file.error
        with self._lock:
            known = {*self._known, source.sha256}
        self._cache.sweep(known)
        return pcm

    def _run(self) -> None:
        while (sha256 := self._waiting.get()) is not None:
            if self._closed:
                return
            try:
                self._prepare_now(sha256)
            except WorkCancelled:
                return
            except StudioError as error:
                self._set(sha256, SourceStatus("unavailable", message=error.sentence()))
            self._tell(sha256)

    def _prepare_now(self, sha256: str) -> None:
        source = self.source(sha256)
        if source is None:
            raise BadInputError("This sound is not in the project; it is silent.")
        told = 0.0

        def progress(fraction: float) -> None:
            nonlocal told
            if fraction >= told + 0.02:
                told = fraction
                self._set(sha256, SourceStatus("preparing", fraction))
                self._tell(sha256)

        pcm = self._decode(source, Work(progress, lambda: self._closed))
        with self._changed:
            self._remember(sha256, pcm)

    def _set(self, sha256: str, status: SourceStatus) -> None:
        with self._changed:
            self._status[sha256] = status
            self._changed.notify_all()

    def _tell(self, sha256: str) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(sha256)


def _found_in(path: Path) -> Found:
    """Return what a file says about where it came from."""
    with (
        storage_errors(path, "reading the sound"),
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as view,
    ):
        return look(view, path.name)
