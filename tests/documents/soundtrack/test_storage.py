from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.core.artifacts import SpokenMark
from studio.core.errors import (
    BadInputError,
    DamagedFileError,
    DiskFullError,
    NewerFormatError,
    StudioError,
)
from studio.core.requests import AudioRequest, Capability, from_json, to_json
from studio.documents.project import Project
from studio.documents.soundtrack import (
    Arrangement,
    Clip,
    Fade,
    Marker,
    Soundtrack,
    Take,
    Track,
)
from studio.documents.soundtrack.payload import read, written
from studio.documents.soundtrack.pool import SourcePool
from studio.documents.soundtrack.storage import (
    KIND,
    Keeper,
    ProjectParts,
    create,
    load,
    load_at,
    release_unused,
)
from tests.documents.soundtrack.conftest import RATE, known, noise, sixteen_bits, write_wav
from tests.fakes.lent_voices import lent_request

REQUEST = to_json(AudioRequest(capability=Capability.AUDIO_SPEECH, prompt="Hé 日本", seed=1))


def full() -> tuple[Arrangement, list]:
    sources = [known(1000, name) for name in "abc"]
    takes = (
        Take(source=sources[0].sha256, duration=500, name="T"),
        Take(
            source=sources[1].sha256,
            offset=3,
            duration=90,
            origin="generated",
            request=REQUEST,
            facts={"model": "m"},
            marks=(SpokenMark(start_s=0.0, end_s=1.5, text="Hé"),),
        ),
    )
    clip = Clip(
        start=7,
        takes=takes,
        name="K",
        gain_db=-3.5,
        fade_in=Fade(9, "smooth"),
        mute=True,
        meta={"line": "x-0"},
    )
    track = Track(name="Spur ü", kind="speech", pan=0.25, solo=True, clips=(clip,))
    markers = (Marker(position=5, name="Kapitel", chapter=True),)
    return Arrangement(tracks=(track, Track()), markers=markers, loop=(3, 9)), sources


def test_a_take_in_a_lent_voice_keeps_the_consent() -> None:
    source = known(1000, "a")
    take = Take(source=source.sha256, duration=9, request=to_json(lent_request()))
    kept = written(Arrangement(tracks=(Track(clips=(Clip(start=0, takes=(take,)),)),)), [source])
    found = read(kept.payload, lambda name: kept.pages[name])
    read_back = from_json(found.arrangement.tracks[0].clips[0].takes[0].request)
    assert read_back == lent_request()


def test_everything_comes_back() -> None:
    arrangement, sources = full()
    kept = written(arrangement, sources)
    found = read(kept.payload, lambda name: kept.pages[name])
    assert found.arrangement == arrangement
    used = {source.sha256 for source in sources[:2]}
    assert {source.sha256 for source in found.sources()} == used, "only what is needed is kept"
    assert set(found.sources()) < set(sources)


def test_names_a_newer_version_added_are_left_out_and_a_newer_format_is_refused() -> None:
    arrangement, sources = full()
    kept = written(arrangement, sources)
    plain = json.loads(kept.payload)
    plain["tracks"][0]["colour"] = "red"
    data = json.dumps(plain).encode()
    assert read(data, lambda name: kept.pages[name]).arrangement == arrangement
    plain["format"] = 99
    with pytest.raises(NewerFormatError):
        read(json.dumps(plain).encode(), lambda name: kept.pages[name])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_states_are_told_and_never_crash(data: st.DataObject) -> None:
    arrangement, sources = full()
    kept = written(arrangement, sources)
    payload = bytearray(kept.payload)
    pages = {name: bytearray(page) for name, page in kept.pages.items()}
    target = data.draw(st.sampled_from([payload, *pages.values()]))
    place = data.draw(st.integers(0, len(target) - 1))
    target[place] = data.draw(st.integers(0, 255))
    try:
        found = read(bytes(payload), lambda name: bytes(pages[name]))
    except StudioError as error:
        assert error.user_message
    else:
        assert isinstance(found, Soundtrack)


def test_one_edit_in_an_audiobook_writes_little() -> None:
    source = known(1000)
    clips = tuple(
        Clip(start=n * 1000, takes=(Take(source=source.sha256, duration=900),), name=f"Line {n}")
        for n in range(3000)
    )
    before = Arrangement(tracks=(Track(clips=clips),))
    soundtrack = Soundtrack(before, [source])
    soundtrack.set_clip(clips[1500].id, gain_db=-2.0)
    one, other = written(before, [source]), written(soundtrack.arrangement, [source])
    new = sum(len(page) for name, page in other.pages.items() if name not in one.pages)
    assert len(other.payload) < 30_000
    assert new < 0.15 * sum(map(len, one.pages.values()))


def test_every_action_is_kept_with_its_label_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a.triptych"
    given_ = sixteen_bits(noise(50_000))
    with Project.open(path, create=True) as project:
        document = create(project, "Radio play")
        assert project.document(document).kind == KIND
        soundtrack = load(project, document)
        keeper = Keeper(soundtrack, project, document)
        pool = SourcePool(tmp_path / "cache", ProjectParts(project, document), RATE)
        source = pool.add_file(write_wav(tmp_path / "a.wav", given_))
        soundtrack.add_source(source)
        track = soundtrack.add_track("Voice")
        clip = soundtrack.add_clip(track, source.sha256, 100)
        take = soundtrack.take(source.sha256, origin="generated", request=REQUEST)
        soundtrack.add_take(clip, take)
        keeper.flush()
        assert soundtrack.undo_label == "Add take"
        soundtrack.undo()
        keeper.close()
        project.flush()
        entries = [entry for entry in project.history(document) if entry.action == "state"]
        labels = [entry.label for entry in entries]
        assert labels == ["Add track", "Add clip", "Add take", "Undo add take"]
        assert [entry.origin for entry in entries][1:3] == ["imported", "generated"]
        assert to_json(project.request(entries[2].request_id)) == REQUEST
        last = soundtrack.arrangement
        pool.close()
    with Project.open(path) as project:
        found = load(project, document)
        assert found.arrangement == last
        assert found.source(source.sha256) == source
        earlier = load_at(project, document, entries[2].sequence)
        assert earlier.clip(clip).take.request == REQUEST
        again = SourcePool(tmp_path / "other", ProjectParts(project, document), RATE)
        again.know(found.sources())
        assert again.wait_ready(source.sha256, 20)
        assert np.array_equal(again.read(source.sha256, 0, 50_000), given_)
        again.close()


def test_a_drag_that_waits_is_one_entry(tmp_path: Path) -> None:
    with Project.open(tmp_path / "a.triptych", create=True) as project:
        document = create(project, "A")
        soundtrack = load(project, document)
        track = soundtrack.add_track()
        keeper = Keeper(soundtrack, project, document)
        with keeper._condition:  # the keeper cannot begin before the drag is over
            for step in range(200):
                soundtrack.set_track(track, gain_db=-step / 10, merge="fader")
        keeper.flush()
        entries = [each for each in project.history(document) if each.action == "state"]
        assert len(entries) == 1
        assert load(project, document).arrangement == soundtrack.arrangement
        keeper.close()


def test_thinning_the_history_keeps_sounds_and_pages(tmp_path: Path) -> None:
    with Project.open(tmp_path / "a.triptych", create=True) as project:
        document = create(project, "A")
        soundtrack = load(project, document)
        keeper = Keeper(soundtrack, project, document)
        pool = SourcePool(tmp_path / "cache", ProjectParts(project, document), RATE)
        source = pool.add_file(write_wav(tmp_path / "a.wav", noise(9000)))
        soundtrack.add_source(source)
        track = soundtrack.add_track()
        for number in range(60):
            soundtrack.add_clip(track, source.sha256, number * 10_000)
        keeper.flush()
        project.thin_history(0)
        found = load(project, document)
        assert found.arrangement == soundtrack.arrangement
        assert pool.content(source.sha256)
        soundtrack.remove_clips([next(found.arrangement.clips()).id])
        keeper.flush()
        assert load(project, document).arrangement == soundtrack.arrangement
        keeper.close()
        pool.close()


def test_sounds_no_state_needs_are_released_when_asked(tmp_path: Path) -> None:
    with Project.open(tmp_path / "a.triptych", create=True) as project:
        document = create(project, "A")
        soundtrack = load(project, document)
        keeper = Keeper(soundtrack, project, document)
        parts = ProjectParts(project, document)
        pool = SourcePool(tmp_path / "cache", parts, RATE)
        used = pool.add_file(write_wav(tmp_path / "a.wav", noise(9000)))
        unused = pool.add_file(write_wav(tmp_path / "b.wav", noise(9000, seed=9)))
        soundtrack.add_source(used)
        soundtrack.add_clip(soundtrack.add_track(), used.sha256, 0)
        keeper.flush()
        assert release_unused(project, document, [unused]) == (0, 2)
        assert release_unused(project, document) == (1, 1)
        assert pool.content(used.sha256)
        with pytest.raises(BadInputError):
            pool.content(unused.sha256)
        keeper.close()
        pool.close()


def test_taking_a_sound_in_hears_of_a_full_disk(tmp_path: Path, monkeypatch) -> None:
    with Project.open(tmp_path / "a.triptych", create=True) as project:
        document = create(project, "A")
        project.flush()
        assert project._writer is not None
        monkeypatch.setattr(
            project._writer,
            "_transaction",
            lambda _batch: (_ for _ in ()).throw(DiskFullError("The disk is full.")),
        )
        pool = SourcePool(tmp_path / "cache", ProjectParts(project, document), RATE)
        with pytest.raises(DiskFullError):
            pool.add_file(write_wav(tmp_path / "a.wav", noise(9000)))
        pool.close()
        monkeypatch.undo()
        project.flush()


def test_an_unreadable_document_says_so(tmp_path: Path) -> None:
    with Project.open(tmp_path / "a.triptych", create=True) as project:
        document = create(project, "A")
        project.commit_state(document, b"{not json", label="x")
        with pytest.raises(DamagedFileError):
            load(project, document)


def test_a_keeper_tells_of_what_it_could_not_keep(tmp_path: Path) -> None:
    told: list[StudioError] = []
    project = Project.open(tmp_path / "a.triptych", create=True)
    document = create(project, "A")
    soundtrack = load(project, document)
    keeper = Keeper(soundtrack, project, document, told.append)
    project.close()
    soundtrack.add_track()
    keeper.close()
    assert len(told) == 1 and told[0].user_message
