"""Recording: from an input into a file that grows, safe every half second.

What a crash leaves is found by :func:`recoverable` at the next start, less at most a second.
``Recorder`` may be used from any thread and never waits; what it does is told to whoever
subscribed, on its own thread.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from studio.core.errors import DamagedFileError, StorageError, StudioError, storage_errors
from studio.documents.project.lock import ProjectLock, standing
from studio.documents.soundtrack.devices import DeviceInput
from studio.documents.soundtrack.feeding import SILENT, Levels
from studio.documents.soundtrack.inputs import Input, InputStream
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.recording_files import (
    FLUSH_S,
    SUFFIX,
    Recording,
    RecordingFile,
    mended,
    read_recording,
)
from studio.documents.soundtrack.sound_files import Samples
from studio.documents.soundtrack.soundtrack import Soundtrack

log = logging.getLogger(__name__)

_READ_S = 0.1


@dataclass(frozen=True, kw_only=True)
class RecorderEvent:
    """What became of a recording.

    Attributes:
        state: "recording" (the first sound came) or "stopped".
        recording: What there is; ``None`` when nothing was recorded.
        error: Why it stopped, when it was not wanted; what was recorded is kept.
    """

    state: Literal["recording", "stopped"]
    recording: Recording | None = None
    error: StudioError | None = None


class Recorder:
    """Records one stretch at a time.

    Args:
        folder: Where recordings lie until they are taken in, such as
            ``folders.state / "recordings"``.
        source: What to record from; the system's choice when left out.
        sampling_rate: What is wanted, in Hz.
        channels: At most so many, 1 or 2.
    """

    def __init__(
        self,
        folder: Path,
        source: Input | None = None,
        *,
        sampling_rate: int = 48_000,
        channels: int = 1,
    ) -> None:
        self._folder = folder
        self._source: Input = source or DeviceInput()
        self._rate = sampling_rate
        self._channels = channels
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._levels = SILENT
        self._frames = 0
        self._taken_rate = sampling_rate
        self._listeners: list[Callable[[RecorderEvent], None]] = []
        self.losses = 0

    # --- what is going on -------------------------------------------------------------------

    @property
    def recording(self) -> bool:
        """Whether it records."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    @property
    def seconds(self) -> float:
        """How long the recording is so far."""
        return self._frames / self._taken_rate

    def levels(self) -> Levels:
        """Return how loud it is now, left and right."""
        return self._levels

    def subscribe(self, listener: Callable[[RecorderEvent], None]) -> Callable[[], None]:
        """Be told when recording begins and ends, on its thread. Returns what ends it."""
        with self._lock:
            self._listeners.append(listener)

        def stop() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    # --- control ----------------------------------------------------------------------------

    def set_source(self, source: Input) -> None:
        """Record from elsewhere, from the next start on."""
        self._source = source

    def start(
        self,
        *,
        position: int = 0,
        track_id: str = "",
        clip_id: str = "",
        project_id: str = "",
        document_id: str = "",
    ) -> None:
        """Begin; does nothing while it records.

        Args:
            position: Where on the time line the sound goes.
            track_id: Which track it goes to.
            clip_id: The clip it is a new take of; "" for a new clip.
            project_id: Whose it is, for finding it again after a crash.
            document_id: The same.
        """
        with self._lock:
            if self.recording:
                return
            name = time.strftime("%Y-%m-%d %H-%M-%S ") + secrets.token_hex(2) + SUFFIX
            wanted = Recording(
                path=self._folder / name,
                sampling_rate=self._rate,
                channels=self._channels,
                project_id=project_id,
                document_id=document_id,
                track_id=track_id,
                position=position,
                clip_id=clip_id,
                started_at=time.time(),
            )
            self._stop.clear()
            self._frames, self._taken_rate, self.losses = 0, self._rate, 0
            self._thread = threading.Thread(
                target=self._run, args=(wanted,), name="sound-recording", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End the recording; what came is told to whoever subscribed."""
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is recorded any more; return whether that is so."""
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
        return not self.recording

    # --- the recording thread ---------------------------------------------------------------

    def _run(self, wanted: Recording) -> None:
        lock = ProjectLock(wanted.path)
        done: Recording | None = None
        error: StudioError | None = None
        try:
            stream = self._source.open(wanted.sampling_rate, wanted.channels)
            try:
                taken = replace(
                    wanted, sampling_rate=stream.sampling_rate, channels=stream.channels
                )
                self._taken_rate = stream.sampling_rate
                with storage_errors(self._folder, "recording"):
                    self._folder.mkdir(parents=True, exist_ok=True)
                lock.acquire()
                done, error = self._record(stream, RecordingFile(taken))
            finally:
                stream.close()
        except StudioError as failure:
            error = failure
        finally:
            lock.release()
            self._levels = SILENT
        if done is not None and done.frames == 0:
            done.path.unlink(missing_ok=True)
            done = None
        self._tell(RecorderEvent(state="stopped", recording=done, error=error))

    def _record(
        self, stream: InputStream, file: RecordingFile
    ) -> tuple[Recording, StudioError | None]:
        error: StudioError | None = None
        flushed = time.monotonic()
        try:
            while not self._stop.is_set():
                samples, lost = stream.read(_READ_S)
                self.losses += lost
                if len(samples):
                    self._take(samples, file)
                if time.monotonic() - flushed >= FLUSH_S:
                    file.flush()
                    flushed = time.monotonic()
        except StudioError as failure:
            error = failure
        try:
            return file.close(), error
        except StorageError as failure:
            return read_recording(file.recording.path), error or failure

    def _take(self, samples: Samples, file: RecordingFile) -> None:
        file.write(samples)
        peak = np.abs(samples).max(axis=0)
        rms = np.sqrt(np.mean(samples * samples, axis=0))
        self._levels = Levels((float(peak[0]), float(peak[-1])), (float(rms[0]), float(rms[-1])))
        first = self._frames == 0
        self._frames += len(samples)
        if first:
            self._tell(RecorderEvent(state="recording", recording=file.recording))

    def _tell(self, event: RecorderEvent) -> None:
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener(event)


def recoverable(folder: Path) -> tuple[Recording, ...]:
    """Return recordings that were never taken in, oldest first; those being made are left out.

    Raises:
        StorageError: The folder cannot be read.
    """
    found: list[Recording] = []
    with storage_errors(folder, "looking for recordings"):
        paths = sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else []
    for path in paths:
        if standing(path) == "held":
            continue
        try:
            recording = read_recording(path)
        except DamagedFileError as error:
            log.warning("A recording could not be read: %s", error)
            continue
        if recording.frames:
            found.append(mended(recording))
    return tuple(sorted(found, key=lambda each: each.started_at))


def place(soundtrack: Soundtrack, pool: SourcePool, recording: Recording) -> str:
    """Take a recording in and lay it where it belongs; slow, and returns the clip's id.

    A clip it is a new take of gets the take; a track that is gone is made anew. The file stays
    until :func:`discard`, which is for when the document is durable.

    Raises:
        BadInputError: There is no sound in it.
        StorageError: It could not be kept.
    """
    title = time.strftime("Recording %H:%M", time.localtime(recording.started_at))
    source = pool.add_file(recording.path, title=title)
    soundtrack.add_source(source)
    take = soundtrack.take(source.sha256, origin="recorded", name=title)
    clips = {clip.id for clip in soundtrack.arrangement.clips()}
    with soundtrack.group("Record"):
        if recording.clip_id in clips:
            soundtrack.add_take(recording.clip_id, take)
            return recording.clip_id
        track_id = recording.track_id
        if all(track.id != track_id for track in soundtrack.tracks):
            track_id = soundtrack.add_track("Recovered" if track_id else "")
        position = round(recording.position)
        return soundtrack.add_clip(track_id, source.sha256, position, take=take, name=title)


def discard(recording: Recording) -> None:
    """Delete a recording's file, once its sound is kept in a project.

    Raises:
        StorageError: It cannot be deleted.
    """
    with storage_errors(recording.path, "clearing up a recording"):
        recording.path.unlink(missing_ok=True)
        recording.path.with_name(f".{recording.path.name}.lock").unlink(missing_ok=True)
