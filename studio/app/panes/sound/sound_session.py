"""One sound document at work: playing, making, recording and taking sounds in.

On the GUI thread; whatever takes time runs on the pane's background thread or on the threads of
player and recorder, whose words come back as Qt signals.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from studio.app.background import Background
from studio.app.context import AppContext
from studio.app.documents_pane import NewFile
from studio.app.panes.sound.mending import Mending
from studio.app.panes.sound.sound_job import SoundJob
from studio.app.panes.sound.sound_place import SoundPlace
from studio.core.errors import BadInputError, StudioError
from studio.core.requests import AudioRequest, Capability, to_json
from studio.documents.soundtrack import Soundtrack, Source, Take
from studio.documents.soundtrack.player import Player, PlayerEvent
from studio.documents.soundtrack.recorder import Recorder, RecorderEvent, discard
from studio.documents.soundtrack.recorder import place as place_recording
from studio.documents.soundtrack.stream_player import StreamPlayer

if TYPE_CHECKING:
    from studio.documents.soundtrack.inputs import Input
    from studio.documents.soundtrack.outputs import Output

RECORDINGS = "recordings"
GAP_S = 0.3
"""Between a sound and the one that is made after it."""


class SoundSession(QObject):
    """Everything that goes on with one document.

    Attributes:
        place: Where it is kept.
        job: What is being made; ``None`` when nothing is.
        mending: What is being mended, or was last.
        player: Plays it; made with the first sound.
    """

    changed = Signal()
    """Playing, recording or making began, ended or went on."""
    told = Signal(object)
    """A :class:`StudioError` for the user."""
    laid = Signal(str)
    """Id of a clip that came in."""
    _player_event = Signal(object)
    _recorder_event = Signal(object)

    def __init__(
        self,
        context: AppContext,
        place: SoundPlace,
        worker: Background,
        parent: QObject | None = None,
        *,
        output: Output | None = None,
        source: Input | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self.place = place
        self._worker = worker
        self._output = output
        self.player: Player | None = None
        self.job: SoundJob | None = None
        self.mending: Mending | None = None
        self._listening: StreamPlayer | None = None
        self._target: tuple[str, int, str] = ("", 0, "")
        self._importing = 0
        self.recorder = Recorder(context.folders.state / RECORDINGS, source)
        self._player_event.connect(self._on_player)
        self._recorder_event.connect(self._on_recorder)
        self.recorder.subscribe(self._recorder_event.emit)
        place.refused.connect(self.told)
        if place.pool is not None:
            self._ensure_player()

    @property
    def soundtrack(self) -> Soundtrack:
        """The document."""
        return self.place.soundtrack

    @property
    def busy(self) -> bool:
        """Whether something is being made, mended or taken in."""
        return self._importing > 0 or self.making

    @property
    def making(self) -> bool:
        """Whether something is being made or mended, which can be stopped."""
        return any(each is not None and each.running for each in (self.job, self.mending))

    @property
    def playing(self) -> bool:
        """Whether it plays."""
        return self.player is not None and self.player.state == "playing"

    def close(self) -> None:
        """End everything; what was recorded so far is kept."""
        if self.job is not None:
            self.job.abandon()
        if self.mending is not None:
            self.mending.abandon()
        if self._listening is not None:
            self._listening.stop()
        self.recorder.stop()
        self.recorder.wait(2.0)
        if self.player is not None:
            self.player.close()
        self.place.close()

    # --- playing ----------------------------------------------------------------------------

    def toggle_play(self, position: int) -> None:
        """Play from a place, or pause."""
        if self.player is None:
            return
        if self.player.state == "playing":
            self.player.pause()
        else:
            self.player.play(position)

    def stop_playing(self) -> None:
        """Stop, and go back to where playing began."""
        if self.player is not None:
            self.player.stop()

    def ready(self) -> None:
        """Make sure that sounds can be kept and played.

        Raises:
            StudioError: There is no place to keep them.
        """
        self.place.ensure()
        self._ensure_player()

    def _ensure_player(self) -> Player:
        if self.player is None:
            pool = self.place.ensure()
            self.player = Player(self.soundtrack, pool.read, self._output)
            self.player.subscribe(self._player_event.emit)
            # What was silent for want of a decoded sound is mixed again once it is there.
            player = self.player
            pool.subscribe(lambda _sha: player.refresh())
        return self.player

    def _on_player(self, event: PlayerEvent) -> None:
        if event.error is not None:
            self.told.emit(event.error)
        self.changed.emit()

    # --- making -----------------------------------------------------------------------------

    def make(
        self, request: AudioRequest, *, track_id: str = "", position: int = 0, clip_id: str = ""
    ) -> None:
        """Ask for a sound and lay it on the time line.

        Args:
            request: What is asked.
            track_id: Where it goes; "" for the first track of its kind.
            position: Where it begins.
            clip_id: The clip it becomes a new take of; "" for a new clip.
        """
        if self._refused():
            return
        try:
            self.place.ensure()
        except StudioError as error:
            self.told.emit(error)
            return
        self._ensure_player()
        self._target = (track_id, position, clip_id)
        job = self.job = SoundJob(self._context.bridge, request, self)
        job.changed.connect(self.changed)
        job.sounded.connect(self._on_sound)
        job.ended.connect(self._on_made)
        job.begin()
        self.changed.emit()

    def mend(self, mending: Mending, clip_ids: Sequence[str]) -> None:
        """Let clips be mended."""
        if self._refused():
            mending.deleteLater()
            return
        if self.mending is not None:
            self.mending.deleteLater()
        self.mending = mending
        mending.changed.connect(self.changed)
        mending.told.connect(self.told)
        mending.start(clip_ids)

    def _refused(self) -> bool:
        """Say that one thing is made at a time, when something is."""
        if self.making:
            self.told.emit(BadInputError("A sound is being made.", hint="Wait for it, or stop it."))
        return self.making

    def stop_making(self) -> None:
        """Stop what is being made or mended."""
        for each in (self.job, self.mending):
            if each is not None:
                each.stop()
        self._stop_listening()

    def _on_sound(self, sound: Any) -> None:
        """Let what is being made be heard, unless the document plays."""
        if self.playing or self.recorder.recording:
            return
        if self._listening is None:
            self._listening = StreamPlayer(self._output)
        self._listening.put(sound)

    def _stop_listening(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.stop()

    def _on_made(self) -> None:
        job = self.job
        assert job is not None
        if self._listening is not None:
            if job.artifact is not None:
                self._listening.finish()
                self._listening = None
            else:
                self._stop_listening()
        artifact = job.artifact
        if artifact is not None:
            pool = self.place.ensure()
            title = job.request.label or self.tr("Sound")
            self._importing += 1
            self._worker.run(
                partial(pool.add_sound, artifact.sound, title),
                partial(self._lay_made, job, self._target),
                self._import_failed,
            )
        self.changed.emit()

    def _lay_made(self, job: SoundJob, target: tuple[str, int, str], source: Source) -> None:
        self._importing -= 1
        artifact = job.artifact
        assert artifact is not None
        track_id, position, clip_id = target
        speech = job.request.capability is Capability.AUDIO_SPEECH
        track = self.soundtrack
        with track.group(self.tr("Generate")):
            track.add_source(source)
            take = track.take(
                source.sha256,
                name=source.title,
                origin="generated",
                request=to_json(artifact.request),
                facts={
                    "model": artifact.model,
                    "backend": artifact.backend,
                    "seed": str(artifact.request.seed),
                    **artifact.facts,
                },
                marks=artifact.marks,
            )
            if clip_id and self._has(clip_id):
                track.add_take(clip_id, take)
                laid = clip_id
            else:
                home = self._track(track_id, "speech" if speech else "audio")
                laid = track.add_clip(home, source.sha256, position, take=take)
        self.laid.emit(laid)
        self.changed.emit()

    def _has(self, clip_id: str) -> bool:
        return any(clip.id == clip_id for clip in self.soundtrack.arrangement.clips())

    def _track(self, track_id: str, kind: str) -> str:
        """Return the id of a track: the named one, the first of the kind, or a new one."""
        tracks = self.soundtrack.tracks
        if any(track.id == track_id for track in tracks):
            return track_id
        for track in tracks:
            if track.kind == kind:
                return track.id
        name = self.tr("Voice") if kind == "speech" else self.tr("Sounds")
        return self.soundtrack.add_track(name, "speech" if kind == "speech" else "audio")

    def next_position(self, track_id: str, kind: str, cursor: int) -> int:
        """Return where a new sound goes: at the play head, or behind what lies there."""
        tracks = [t for t in self.soundtrack.tracks if t.id == track_id]
        tracks = tracks or [t for t in self.soundtrack.tracks if t.kind == kind][:1]
        gap = round(GAP_S * self.soundtrack.sampling_rate)
        position = cursor
        for clip in tracks[0].clips if tracks else ():
            if clip.start - gap < position < clip.end + gap:
                position = clip.end + gap
        return position

    # --- recording --------------------------------------------------------------------------

    def toggle_recording(self, track_id: str, position: int, clip_id: str = "") -> None:
        """Record from the microphone to a track, or end that."""
        if self.recorder.recording:
            self.recorder.stop()
            return
        try:
            self.place.ensure()
        except StudioError as error:
            self.told.emit(error)
            return
        self._stop_listening()
        player = self._ensure_player()
        player.endless = True
        project = self.place.project
        self.recorder.start(
            position=position,
            track_id=track_id,
            clip_id=clip_id,
            project_id=project.id if project is not None else "",
            document_id=self.place.document_id,
        )

    def _on_recorder(self, event: RecorderEvent) -> None:
        if event.error is not None:
            self.told.emit(event.error)
        recording = event.recording
        if event.state == "stopped":
            if self.player is not None:
                self.player.endless = False
                self.player.stop()
            if recording is not None and recording.frames:
                self.take_recording(recording)
        elif self.soundtrack.end and self.player is not None:
            self.player.play(recording.position if recording is not None else None)
        self.changed.emit()

    def take_recording(self, recording: Any) -> None:
        """Lay a recording on the time line, and forget its file once it is kept."""
        pool = self.place.ensure()
        self._importing += 1

        def work() -> str:
            clip = place_recording(self.soundtrack, pool, recording)
            self.place.flush(10.0)
            discard(recording)
            return clip

        self._worker.run(work, self._recording_laid, self._import_failed)

    def _recording_laid(self, clip_id: str) -> None:
        self._importing -= 1
        self._ensure_player()
        self.laid.emit(clip_id)
        self.changed.emit()

    # --- files ------------------------------------------------------------------------------

    def import_files(
        self,
        files: Sequence[Path],
        track_id: str,
        position: int,
        *,
        made: NewFile | None = None,
    ) -> None:
        """Take sound files in, each after the one before.

        Args:
            files: Which.
            track_id: Where they go; "" for the first track of their kind.
            position: Where the first begins.
            made: What is known of a single file's making.
        """
        try:
            pool = self.place.ensure()
        except StudioError as error:
            self.told.emit(error)
            return
        self._ensure_player()
        started = time.monotonic()
        where = {"position": position, "track": track_id, "started": started}
        for file in files:
            self._importing += 1
            self._worker.run(
                partial(pool.add_file, file, title=made.title if made is not None else ""),
                partial(self._lay_file, where, made),
                self._import_failed,
            )
        self.changed.emit()

    def _lay_file(self, where: dict[str, Any], made: NewFile | None, source: Source) -> None:
        self._importing -= 1
        track = self.soundtrack
        label = self.tr("Import %1") if made is None else self.tr("From library: %1")
        with track.group(label.replace("%1", source.title)):
            track.add_source(source)
            take = track.take(source.sha256, **_known_of(made))
            home = self._track(where["track"], _kind_of(made))
            laid = track.add_clip(home, source.sha256, where["position"], take=take)
        where["track"] = home
        where["position"] = track.clip(laid).end
        for notice in source.notices:
            self._context.notify.warn(notice)
        self.laid.emit(laid)
        self.changed.emit()

    def _import_failed(self, error: StudioError) -> None:
        self._importing -= 1
        self.told.emit(error)
        self.changed.emit()

    # --- editing ----------------------------------------------------------------------------

    def split_at(self, position: int, clip_ids: Sequence[str]) -> None:
        """Cut the clips at a place: the named ones, or all that lie there."""
        track = self.soundtrack
        there = [c for c in track.arrangement.clips() if c.start < position < c.end]
        chosen = [clip for clip in there if clip.id in clip_ids] or there
        if not chosen:
            self.told.emit(
                BadInputError("There is no clip at the play head.", hint="Put it inside a clip.")
            )
            return
        with track.group(self.tr("Split")):
            for clip in chosen:
                track.split_clip(clip.id, position)

    def choose_take(self, clip_id: str, take: Take) -> None:
        """Let another take of a clip be heard."""
        self.soundtrack.choose_take(clip_id, take.id)


def require_sound(path: Path) -> None:
    """Look whether a file can be read as sound; reads its beginning.

    Raises:
        BadInputError: It is no sound, or there is none in it.
        StorageError: The system does not let us read it.
    """
    from studio.documents.soundtrack.sound_files import SoundFileReader, empty_sound

    with SoundFileReader(path, path.name) as reader:
        if next(reader.blocks(), None) is None:
            raise empty_sound(reader.name)


def _known_of(made: NewFile | None) -> dict[str, Any]:
    """Return what a take keeps of how a file was made."""
    if made is None or made.origin != "generated":
        return {}
    facts = {name: str(value) for name, value in (made.facts or {}).items()}
    if made.request is None:
        return {"origin": "generated", "facts": facts}
    facts["seed"] = str(made.request.seed)
    return {"origin": "generated", "request": to_json(made.request), "facts": facts}


def _kind_of(made: NewFile | None) -> str:
    """Return on which kind of track a file goes."""
    request = made.request if made is not None else None
    spoken = request is not None and request.capability is Capability.AUDIO_SPEECH
    return "speech" if spoken else "audio"
