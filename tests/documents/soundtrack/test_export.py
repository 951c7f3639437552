from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from studio.core.errors import BadInputError, DiskFullError, StorageError
from studio.core.options import describe
from studio.core.provenance import Origin, ProvenanceRecord, embed, read
from studio.core.provenance.carriers import id3
from studio.core.provenance.credentials import read_credentials
from studio.core.provenance.keys import installation_key
from studio.core.requests import AudioRequest, Capability, to_json
from studio.documents.soundtrack import Soundtrack
from studio.documents.soundtrack.export import (
    FORMATS,
    ExportOptions,
    chapters_of,
    export_chapters,
    export_clip,
    export_range,
    file_name,
    format_of,
)
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.work import WorkCancelled
from tests.documents.soundtrack.conftest import RATE, noise, sixteen_bits, tone, write_wav

REQUEST = to_json(AudioRequest(capability=Capability.AUDIO_SPEECH, prompt="Secret words", seed=7))
IDS = [each.id for each in FORMATS]
every_format = pytest.mark.parametrize("kind", IDS)


class Session:
    """A document with one sound on one track."""

    def __init__(self, pool: SourcePool, path: Path, **take: object) -> None:
        self.pool = pool
        self.soundtrack = Soundtrack()
        self.source = pool.add_file(path)
        self.soundtrack.add_source(self.source)
        self.track = self.soundtrack.add_track()
        made = self.soundtrack.take(self.source.sha256, **take)
        self.clip = self.soundtrack.add_clip(self.track, self.source.sha256, 0, take=made)

    def export(self, path: Path, **options: object):
        return export_range(
            self.soundtrack.arrangement,
            self.pool,
            path,
            ExportOptions(**{"format": path.suffix[1:], **options}),  # type: ignore[arg-type]
        )


@pytest.fixture
def make(tmp_path: Path, pool: SourcePool) -> Callable[..., Session]:
    def session(samples=None, **take: object) -> Session:
        given = noise(3 * RATE) if samples is None else samples
        return Session(pool, write_wav(tmp_path / "given.wav", given), **take)

    return session


@contextmanager
def full_disk(limit: int) -> Iterator[None]:
    """Let the system refuse to make any file longer than ``limit``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def inside(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@every_format
def test_every_format_is_written_with_its_tags(make, tmp_path: Path, kind: str) -> None:
    session = make(tone(2 * RATE, channels=2))
    path = tmp_path / f"out.{kind}"
    told = session.export(path, title="Tür – 灯台", artist="Ada Ü", comment="Kömmentar")
    assert told.path == path and told.duration_s == 2.0 and told.notices == ()
    with soundfile.SoundFile(path) as file:
        assert (file.samplerate, file.channels, file.frames) == (RATE, 2, 2 * RATE)
        assert (file.title, file.artist, file.comment) == ("Tür – 灯台", "Ada Ü", "Kömmentar")
        samples = file.read(dtype="float32")
    middle = slice(RATE // 2, RATE)
    difference = samples[middle] - tone(2 * RATE, channels=2)[middle]
    assert np.sqrt(np.mean(difference**2)) < 0.02
    assert not told.marked and read(path) is None, "no model, no mark"


def test_the_title_of_an_mp3_is_utf_8_in_the_tag_itself(make, tmp_path: Path) -> None:
    make().export(tmp_path / "a.mp3", title="Tür 灯台", comment="日本")
    data = (tmp_path / "a.mp3").read_bytes()
    frames = {name: body for name, body, _ in id3._frames(data, 4, id3.end_of_tag(data))}
    assert frames[b"TIT2"] == b"\3" + "Tür 灯台".encode()
    assert frames[b"COMM"] == b"\3eng\0" + "日本".encode()


@pytest.mark.parametrize(
    ("kind", "depth", "subtype"),
    [
        ("wav", "16", "PCM_16"),
        ("wav", "24", "PCM_24"),
        ("wav", "float", "FLOAT"),
        ("flac", "16", "PCM_16"),
        ("flac", "24", "PCM_24"),
        ("flac", "float", "PCM_24"),
    ],
)
def test_what_came_with_16_bits_leaves_with_the_same_samples(
    make, tmp_path: Path, kind: str, depth: str, subtype: str
) -> None:
    given = sixteen_bits(noise(RATE))
    make(given).export(tmp_path / f"a.{kind}", bit_depth=depth)
    samples, _ = soundfile.read(tmp_path / f"a.{kind}", dtype="float32")
    assert np.array_equal(samples, given)
    assert soundfile.info(tmp_path / f"a.{kind}").subtype == subtype


def test_dither_hides_the_steps_of_quiet_places(make, tmp_path: Path) -> None:
    session = make(tone(RATE, hz=1000, level=0.9))
    session.soundtrack.set_clip(session.clip, gain_db=-59.9)
    for dither in (True, False):
        session.soundtrack.set_track(session.track, gain_db=-39.0)
        session.export(tmp_path / f"{dither}.wav", bit_depth="16", dither=dither)
    flat, _ = soundfile.read(tmp_path / "False.wav")
    dithered, _ = soundfile.read(tmp_path / "True.wav")
    wave = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    assert not flat.any(), "half a step is lost without"
    assert abs(np.dot(dithered[:, 0], wave)) > 5 * abs(np.dot(flat[:, 0], wave)) + 1e-3
    again = tmp_path / "again.wav"
    session.export(again, bit_depth="16")
    assert again.read_bytes() == (tmp_path / "True.wav").read_bytes(), "the same every time"


@every_format
def test_what_a_model_made_says_so(make, tmp_path: Path, kind: str) -> None:
    facts = {"model": "m", "backend": "b", "consent": "Consent of Ada"}
    session = make(origin="generated", request=REQUEST, facts=facts)
    path = tmp_path / f"a.{kind}"
    told = export_range(
        session.soundtrack.arrangement,
        session.pool,
        path,
        ExportOptions(format=kind, comment="Mine"),
        model_facts=lambda model: (f"Model {model}", "MIT"),
    )
    assert told.marked
    record = read(path)
    assert record is not None
    assert (record.request, record.origin) == (REQUEST, Origin.GENERATED)
    assert (record.model, record.model_title, record.licence) == ("m", "Model m", "MIT")
    assert record.content_sha256
    with soundfile.SoundFile(path) as file:
        assert file.comment == "Mine\nConsent of Ada"
    hidden = tmp_path / f"shared.{kind}"
    session.export(hidden, with_prompt=False)
    shared = read(hidden)
    assert shared is not None and "Secret" not in shared.request and shared.model == "m"
    assert record.consent == shared.consent == "Consent of Ada"
    assert b"Secret words" not in hidden.read_bytes()


def test_part_of_it_is_composite_and_only_what_is_heard_counts(make, tmp_path: Path) -> None:
    session = make()
    made = session.soundtrack.take(session.source.sha256, origin="generated", request=REQUEST)
    other = session.soundtrack.add_track()
    clip = session.soundtrack.add_clip(other, session.source.sha256, 10 * RATE, take=made)
    session.export(tmp_path / "a.flac")
    found = read(tmp_path / "a.flac")
    assert found is not None and found.origin is Origin.COMPOSITE
    arrangement, pool = session.soundtrack.arrangement, session.pool
    options = ExportOptions()
    export_range(arrangement, pool, tmp_path / "b.flac", options, span=(0, 5 * RATE))
    assert read(tmp_path / "b.flac") is None
    export_clip(arrangement, pool, clip, tmp_path / "c.flac", options)
    alone = read(tmp_path / "c.flac")
    assert alone is not None and alone.origin is Origin.GENERATED
    session.soundtrack.set_track(other, mute=True)
    session.export(tmp_path / "d.flac")
    assert read(tmp_path / "d.flac") is None


def test_an_imported_file_keeps_the_consent_to_its_voice(tmp_path: Path, pool: SourcePool) -> None:
    consent = "Voice of Ada, cloned with her consent."
    given = ProvenanceRecord(kind="audio", model="m", consent=consent)
    path = write_wav(tmp_path / "given.wav", noise(RATE))
    path.write_bytes(embed(path.read_bytes(), ".wav", given, with_prompt=False))
    session = Session(pool, path)
    assert session.source.consent == consent
    session.export(tmp_path / "a.flac")
    record = read(tmp_path / "a.flac")
    assert record is not None and record.consent == consent
    with soundfile.SoundFile(tmp_path / "a.flac") as file:
        assert file.comment == consent


def test_an_imported_file_keeps_its_mark(tmp_path: Path, pool: SourcePool) -> None:
    path = write_wav(tmp_path / "given.wav", noise(RATE))
    path.write_bytes(embed(path.read_bytes(), ".wav", ProvenanceRecord(kind="audio", model="m")))
    session = Session(pool, path)
    assert session.export(tmp_path / "a.mp3").marked
    record = read(tmp_path / "a.mp3")
    assert record is not None
    assert [each.title for each in record.ingredients] == ["given.wav"]
    assert record.ingredients[0].source_type.endswith("trainedAlgorithmicMedia")


class NoVault:
    def get(self, _: str) -> str | None:
        return None

    def set(self, _: str, __: str) -> bool:
        return False


@every_format
def test_it_is_signed_where_the_format_allows(make, tmp_path: Path, kind: str) -> None:
    key = installation_key(tmp_path / "keys", vault=NoVault())
    session = make(noise(RATE), origin="generated", request=REQUEST)
    path = tmp_path / f"a.{kind}"
    told = export_range(
        session.soundtrack.arrangement, session.pool, path, ExportOptions(format=kind), key=key
    )
    assert told.marked and told.signed == (kind in ("wav", "flac", "mp3"))
    credentials = read_credentials(path, key.authority)
    assert (credentials is not None and credentials.state == "ours") == told.signed
    assert read(path) is not None
    assert soundfile.info(path).frames == RATE


@every_format
def test_loudness_rate_and_mono(make, tmp_path: Path, kind: str) -> None:
    session = make(tone(4 * RATE, channels=2, level=0.02))
    path = tmp_path / f"a.{kind}"
    told = session.export(path, loudness_lufs=-18.0, sampling_rate=44_100, mono=True)
    assert told.loudness is not None
    assert told.loudness.lufs == pytest.approx(-18.0, abs=0.3)
    info = soundfile.info(path)
    assert info.channels == 1
    assert info.samplerate == (48_000 if kind == "opus" else 44_100)
    assert told.duration_s == pytest.approx(4.0, abs=0.001)


def test_peaks_stay_below_the_ceiling_and_a_missed_loudness_is_said(make, tmp_path) -> None:
    samples = tone(3 * RATE, level=0.01)
    samples[::4800] = 0.9
    told = make(samples).export(tmp_path / "a.wav", loudness_lufs=-6.0, bit_depth="24")
    assert told.loudness is not None and told.loudness.true_peak_db <= -0.9
    assert "quieter than asked" in told.notices[0]
    silent = make(np.zeros((RATE, 1), np.float32)).export(tmp_path / "b.wav", loudness_lufs=-16)
    assert "silent" in silent.notices[0]


def test_clipping_is_said(make, tmp_path: Path) -> None:
    session = make(tone(RATE, level=0.9))
    session.soundtrack.set_clip(session.clip, gain_db=6.0)
    told = session.export(tmp_path / "a.flac")
    assert "louder than full scale" in told.notices[0]
    samples, _ = soundfile.read(tmp_path / "a.flac")
    assert samples.max() < 1.0 and samples.min() == -1.0
    assert session.export(tmp_path / "a.wav", bit_depth="float").notices == ()


def test_chapters_become_files_with_their_names(make, tmp_path: Path) -> None:
    session = make()
    session.soundtrack.add_marker(RATE, "Wie/es: begann?", chapter=True)
    session.soundtrack.add_marker(2 * RATE, "", chapter=True)
    session.soundtrack.add_marker(RATE // 2, "no chapter")
    arrangement = session.soundtrack.arrangement
    assert [(c.title, c.start) for c in chapters_of(arrangement)] == [
        ("Beginning", 0),
        ("Wie/es: begann?", RATE),
        ("Part 3", 2 * RATE),
    ]
    told: list[float] = []
    done = export_chapters(
        arrangement,
        session.pool,
        tmp_path / "book",
        ExportOptions(format="ogg", title="Buch"),
        progress=told.append,
    )
    names = [each.path.name for each in done]
    assert names == ["01 Beginning.ogg", "02 Wie es begann.ogg", "03 Part 3.ogg"]
    assert inside(tmp_path / "book") == names
    assert soundfile.SoundFile(done[1].path).title == "Buch: Wie/es: begann?"
    assert [each.duration_s for each in done] == [1.0, 1.0, 1.0]
    assert told == sorted(told) and told[-1] == pytest.approx(1.0)


def test_nothing_to_export_says_so(pool: SourcePool, tmp_path: Path) -> None:
    empty = Soundtrack().arrangement
    for export in (export_range, export_chapters):
        with pytest.raises(BadInputError):
            export(empty, pool, tmp_path / "a.wav", ExportOptions(format="wav"))
    assert inside(tmp_path) == []
    with pytest.raises(BadInputError, match="written as"):
        format_of(Path("a.m4a"))
    with pytest.raises(BadInputError, match="longer than a WAV"):
        export_range(empty, pool, tmp_path / "a.wav", ExportOptions(format="wav"), span=(0, 2**33))


@every_format
@pytest.mark.parametrize("room", [0, 5_000, 60_000])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(
    make, tmp_path: Path, kind: str, room: int
) -> None:
    session = make(noise(6 * RATE, 2, level=0.9), origin="generated", request=REQUEST)
    folder = tmp_path / "out"
    folder.mkdir()
    path = folder / f"a.{kind}"
    path.write_bytes(b"the old one")
    with full_disk(room), pytest.raises(DiskFullError) as caught:
        session.export(path)
    assert "disk is full" in caught.value.user_message and caught.value.hint
    assert inside(folder) == [path.name]
    assert path.read_bytes() == b"the old one"
    assert session.export(path).marked, "afterwards it works"


def test_a_place_that_cannot_be_written_says_so(make, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError):
        make().export(tmp_path / "file" / "a.wav")


@pytest.mark.parametrize("loudness", [None, -16.0])
def test_stopping_in_any_phase_leaves_nothing_behind(make, tmp_path: Path, loudness) -> None:
    session = make(noise(3 * RATE), origin="generated", request=REQUEST)
    folder = tmp_path / "out"
    folder.mkdir()
    stopped = 0
    for after in range(30):
        asked = iter(range(10_000))
        try:
            export_range(
                session.soundtrack.arrangement,
                session.pool,
                folder / "a.flac",
                ExportOptions(loudness_lufs=loudness),
                cancelled=lambda limit=after, asked=asked: next(asked) >= limit,
            )
        except WorkCancelled:
            stopped += 1
            assert inside(folder) == []
        else:
            break
    assert stopped >= 4 and inside(folder) == ["a.flac"]


def test_missing_sounds_are_silent_and_said(make, tmp_path: Path, parts) -> None:
    session = make()
    session.pool.close()
    for path in (tmp_path / "cache").rglob("*.pcm"):
        path.unlink()
    parts.pieces.clear()
    again = SourcePool(tmp_path / "cache", parts, RATE)
    again.know([session.source])
    told = export_range(
        session.soundtrack.arrangement, again, tmp_path / "a.wav", ExportOptions(format="wav")
    )
    assert "given.wav is silent in the file" in told.notices[0]
    assert not soundfile.read(tmp_path / "a.wav")[0].any()
    again.close()


def test_names_of_chapters_are_names_of_files_everywhere() -> None:
    assert file_name('a/b\\c:d*e?"f<g>h|i') == "a b c d e f g h i"
    assert file_name("  ..  ") == "Untitled"
    assert file_name("\x00\n") == "Untitled"
    assert len(file_name("ü" * 500).encode()) <= 120


def test_options_describe_themselves_for_a_form() -> None:
    names = {each.name for each in describe(ExportOptions)}
    assert {"format", "bit_depth", "quality", "loudness_lufs", "dither"} <= names
    assert not {"title", "comment"} & names
