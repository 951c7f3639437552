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
    SourcePool(cache_folder, parts, sampling_rate): add_file(path, progress=, cancelled=) -> Source,
        add_bytes, add_sound(Sound),
        know(sources), status(sha) -> SourceStatus(state "ready" | "preparing" | "unavailable",
        fraction, message), prepare(sha),
        wait_ready(sha), subscribe(cb(sha)), read(sha, start, frames), waveform(sha, start, end,
        columns) -> Waveform | None,
        content(sha) -> bytes (the kept file), close()
    spectrogram.SpectrogramTiles(pool): tile(sha, level, index) -> float32 (rows, columns) in dB
Mixing (``mixer``)
    Mix(arrangement).render(pool.read, start, frames) -> float32 (frames, 2);
        Mix.of_clip(arrangement, clip_id)
Playing (``player``, ``stream_player``, ``devices``)
    Player(soundtrack, read, output=None): play(position=None), pause(), stop(), seek(position),
        scrub(position), looping, volume,
        state, position, levels() -> Levels(peak, rms), underflows, subscribe(cb(PlayerEvent)),
        set_output(output), close()
    StreamPlayer(output): put(Sound), finish(), stop(): plays AudioChunk events while they are made
    devices.output_devices(), input_devices(), DeviceOutput(device=None), NullOutput() (a clock
        without hardware)
Recording (``recorder``)
    Recorder(folder, input=None): start(…), stop() -> Recording, levels(), seconds;
        recoverable(folder) -> [Recording]
Files out (``export``)
    ExportOptions, export_range(), export_chapters(), export_clip() -> Exported; FORMATS
Repair (``repair``): to_loudness, normalise, trim_silence, remove_dc, fade, resample;
    measure_loudness (``loudness``)
Narration (``narration``)
    lines_of(text, cast) -> Lines; plan(lines, track, cast) -> NarrationPlan (requests to run, takes
        to keep); place(…);
    line_at(arrangement, lines, position): the stretch of text that is being spoken

Decisions: packaging/docs/decisions/0150 to 0154.
"""

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
from studio.documents.soundtrack.soundtrack import Change, Soundtrack

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
