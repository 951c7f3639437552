"""Sound documents: tracks, clips and takes, and the machinery that reads, plays and writes them.

No Qt. This package imports quickly; numpy, soundfile, soxr and sounddevice come in with the
modules below, which is why they are not imported here. All positions and lengths are in samples
of the document's sampling rate; sound is float32 (samples, channels) in -1..1.

The document (``model``, ``soundtrack``, ``snapping``; exported here)
    Soundtrack: arrangement (frozen :class:`Arrangement`, for any thread), revision,
        subscribe(cb(Change)),
        tracks, track(id), clip(id), track_of(clip_id), markers, loop, end, sampling_rate,
        source(sha), sources();
        add_source(source); add_track(name, kind) -> id, remove_track, move_track(id, index),
        set_track(id, **values);
        add_clip(track, sha, start, …) -> id, take(sha, …) -> Take, add_clips, move_clip(id, start,
        track_id=None),
        move_clips(ids, by, track_id=None), trim_clip(id, start=, end=), split_clip(id, at) -> id,
        duplicate_clips(ids, start=None) -> ids, remove_clips(ids), set_clip(id, **values);
        add_take(clip, take), choose_take(clip, take), remove_take(clip, take);
        add_marker(position, name, chapter=) -> id, set_marker, remove_marker; set_loop((start, end)
        | None);
        undo(), redo(), can_undo, can_redo, undo_label, redo_label, group(label);
        ``merge="…"`` on set_track, set_clip, trim_clip, move_clips: one drag, one step of undo.
    Arrangement, Track, Clip, Take, Source, Marker, Fade(duration, curve), effective_fades(track)
    snap(), snap_clip(), snap_targets(), grid_step(): where a dragged edge falls
Durable (``storage``)
    load(project, document_id) -> Soundtrack; Keeper(soundtrack, project, document_id): every action
        is kept;
    create(project, title) -> document id; KIND = "soundtrack"; ProjectParts(project, document_id):
        where sounds lie
Sounds (``pool``)
    Files that are read or written in blocks go through sound_files: soundfile garbles MP3.
    SourcePool(cache_folder, parts, sampling_rate): add_file(path, progress=, cancelled=) -> Source,
        add_bytes, add_sound(Sound),
        know(sources), status(sha) -> SourceStatus(state "ready" | "preparing" | "unavailable",
        fraction, message), prepare(sha),
        wait_ready(sha), subscribe(cb(sha)), read(sha, start, frames), waveform(sha, start, end,
        columns) -> Waveform | None,
        content(sha) -> bytes (the kept file), close()
    overview.overview(path, columns) -> Overview(low, high, rms, duration_s).mask(height): a whole
        file as one small drawing
    spectrogram.SpectrogramTiles(pool.read, sampling_rate): tile(sha, level, index) -> float32
        (rows, columns) in dB; strip(sha, start, end, columns) -> Strip of the tiles that are there
        and which are missing, for painting; level_for(samples_per_px)
Mixing (``mixer``)
    Mix(arrangement).render(pool.read, start, frames) -> float32 (frames, 2);
        Mix.of_clip(arrangement, clip_id)
Playing (``player``, ``stream_player``, ``file_player``, ``devices``)
    Player(soundtrack, read, output=None): play(position=None), pause(), stop(), seek(position),
        scrub(position), refresh(span=None) (call it when the pool says a sound became ready),
        looping, endless, volume, state, position, levels() -> Levels(peak, rms), underflows,
        subscribe(cb(PlayerEvent)), set_output(output), output, close()
    StreamPlayer(output, ended): put(Sound), finish(), stop(): AudioChunk events while they are made
    FilePlayer(path, output, ended): start(), stop(), wait(), position_s: one file as it is, decoded
        while it is heard
    devices.output_devices(), input_devices(), DeviceOutput(device=None), NullOutput() (a clock
        without hardware)
Recording (``recorder``)
    Recorder(folder, source=None): start(position=, track_id=, …), stop(), wait(), levels(),
        seconds, subscribe(cb(RecorderEvent)): never waits, the event brings the recording;
        recoverable(folder) -> recordings a crash left; place(soundtrack, pool, recording) -> clip
        id; discard(recording) once the document is durable
Files out (``export``)
    ExportOptions, export_range(), export_chapters(), export_clip() -> Exported; FORMATS;
    chapters_of(arrangement)
Mending (``repair``, ``mending``)
    repair.Stretch: measure_loudness, to_loudness, normalise -> blocks; sound_span
    mending.cut_of(clip, pool, work) -> Cut; mend(cut, pool, tool, facts, work) -> Mended (or
        file_of(cut) for a model, then pool.add_sound); lay(soundtrack, mended, label, name): each
        is another take of its clip; trim_to_sound
Narration (``narration``)
    lines_of(text, cast, start=0, end=None) -> lines; plan(lines, arrangement, track, seed=) ->
        NarrationPlan(requests (key, AudioRequest), kept, gone); place(soundtrack, track, lines,
        {key: Take}, merge=); line_at(arrangement, track, lines, position), line_in_text,
        position_of; speakers_in(text)

Decisions: packaging/docs/decisions/0150 to 0156.
"""

from studio.documents.soundtrack.changes import Change
from studio.documents.soundtrack.model import (
    DEFAULT_SAMPLING_RATE,
    FADE_CURVES,
    MAX_GAIN_DB,
    MIN_GAIN_DB,
    Arrangement,
    Clip,
    Fade,
    FadeCurve,
    Marker,
    Source,
    Take,
    Track,
    effective_fades,
    gain_factor,
    new_id,
)
from studio.documents.soundtrack.snapping import Snap, grid_step, snap, snap_clip, snap_targets
from studio.documents.soundtrack.soundtrack import Soundtrack

__all__ = [
    "DEFAULT_SAMPLING_RATE",
    "FADE_CURVES",
    "MAX_GAIN_DB",
    "MIN_GAIN_DB",
    "Arrangement",
    "Change",
    "Clip",
    "Fade",
    "FadeCurve",
    "Marker",
    "Snap",
    "Soundtrack",
    "Source",
    "Take",
    "Track",
    "effective_fades",
    "gain_factor",
    "grid_step",
    "new_id",
    "snap",
    "snap_clip",
    "snap_targets",
]
