"""Sixty ways to damage a project, and what the user gets to see of each."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from studio.core.errors import DamagedFileError, NewerFormatError
from studio.documents.project import Project, ProjectInUseError, ProjectSession, TextEdit
from studio.documents.project.checking import content_problems
from studio.documents.project.salvage import TABLES, salvage

PAGE = 4096
Damage = Callable[[bytearray, random.Random], bytes]


def page_of_noise(data: bytearray, dice: random.Random) -> bytes:
    page = dice.randrange(1, len(data) // PAGE)
    data[page * PAGE : (page + 1) * PAGE] = dice.randbytes(PAGE)
    return bytes(data)


def page_of_zeros(data: bytearray, dice: random.Random) -> bytes:
    page = dice.randrange(1, len(data) // PAGE)
    data[page * PAGE : (page + 1) * PAGE] = bytes(PAGE)
    return bytes(data)


def truncated(data: bytearray, dice: random.Random) -> bytes:
    return bytes(data[: dice.randrange(PAGE, len(data))])


def flipped(data: bytearray, dice: random.Random) -> bytes:
    for _ in range(20):
        data[dice.randrange(100, len(data))] ^= 1 << dice.randrange(8)
    return bytes(data)


def header_garbage(data: bytearray, dice: random.Random) -> bytes:
    data[:100] = dice.randbytes(100)
    return bytes(data)


def first_page_garbage(data: bytearray, dice: random.Random) -> bytes:
    data[:PAGE] = dice.randbytes(PAGE)
    return bytes(data)


def empty(_data: bytearray, _dice: random.Random) -> bytes:
    return b""


def other_file(_data: bytearray, dice: random.Random) -> bytes:
    return b"Dear diary, this is no project.\n" * dice.randrange(1, 4000)


CASES: list[tuple[str, Damage, int]] = [
    *[("page", page_of_noise, seed) for seed in range(15)],
    *[("zeros", page_of_zeros, seed) for seed in range(8)],
    *[("truncated", truncated, seed) for seed in range(12)],
    *[("flips", flipped, seed) for seed in range(12)],
    *[("header", header_garbage, seed) for seed in range(5)],
    *[("first-page", first_page_garbage, seed) for seed in range(4)],
    ("empty", empty, 0),
    *[("other", other_file, seed) for seed in range(3)],
]


@dataclass(frozen=True)
class Sample:
    """A project as a user has one, its files, and the words in it."""

    folder: Path
    path: Path
    data: bytes
    words: frozenset[str]


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> Sample:
    folder = tmp_path_factory.mktemp("sample")
    dice = random.Random(5)
    session = ProjectSession(folder / "projects")
    project = session.new(folder / "novel.triptych")
    words: list[str] = []
    for number in range(6):
        document = project.create_document("text", f"Chapter {number}")
        length = 0
        for _ in range(60):
            new = [f"w{dice.randrange(10**9)}" for _ in range(30)]
            piece = " ".join(new) + "\n"
            project.commit_text(document, [TextEdit(length, "", piece)], label="Type")
            length += len(piece)
            words += new
    chat = project.create_document("chat", "Chat")
    for number in range(10):
        project.commit_state(chat, b"%d" % number * 900, label="Ask", blobs=[dice.randbytes(9000)])
    project.flush()
    assert session.wait_for_care()
    session.close_all()
    session.open(folder / "novel.triptych")  # the copy made now holds everything
    assert session.wait_for_care()
    session.close_all()
    assert session.backups(folder / "novel.triptych")
    path = folder / "novel.triptych"
    return Sample(folder, path, path.read_bytes(), frozenset(words))


def words_in(project: Project) -> set[str]:
    found: set[str] = set()
    for info in project.documents():
        if info.kind == "text":
            found.update(project.text(info.id).text.split())
    return found


@pytest.mark.parametrize(
    ("name", "damage", "seed"), CASES, ids=[f"{name}-{seed}" for name, _, seed in CASES]
)
def test_each_damaged_project_opens_or_offers_a_backup(
    tmp_path, sample, name, damage, seed
) -> None:
    folder = tmp_path / "all"
    shutil.copytree(sample.folder, folder)
    for source in (folder / "projects" / "backups").rglob("source.json"):
        source.write_text(source.read_text().replace(str(sample.folder), str(folder)))
    path = folder / "novel.triptych"
    broken = damage(bytearray(sample.data), random.Random(f"{name}{seed}"))
    path.write_bytes(broken)
    session = ProjectSession(folder / "projects")
    reported: list[DamagedFileError] = []
    session.on_problem(lambda _, error: reported.append(error))  # type: ignore[arg-type]
    shown: Project | None = None
    try:
        shown = session.open(path)
        assert session.wait_for_care()
    except DamagedFileError as error:
        assert error.user_message
        assert "newest backup" in error.hint
    assert session.backups(path), "a backup is offered whatever happened"
    if shown is not None and not shown.read_only:
        untouched = broken == sample.data or reported or words_in(shown) == sample.words
        assert untouched, "damage that changes words is always found"
        session.close(shown)
    else:
        assert path.read_bytes() == broken, "a damaged file is never written"
    if shown is not None and shown.read_only:
        assert "damaged" in shown.problems[0]
        assert session.damage_of(shown) is not None
        assert words_in(shown) <= sample.words
    whole = session.restore_backup(path, session.backups(path)[0])
    assert words_in(whole) == sample.words
    aside = [item for item in folder.iterdir() if ".damaged-" in item.name]
    assert aside
    assert session.wait_for_care()
    session.close_all()


def test_a_damaged_middle_costs_little(tmp_path, sample) -> None:
    shares = []
    for seed in range(12):
        path = tmp_path / f"{seed}.triptych"
        path.write_bytes(page_of_noise(bytearray(sample.data), random.Random(seed)))
        found = salvage(path, tmp_path / "out" / f"{seed}.triptych")
        assert found is not None
        with Project.open(found.path, read_only=True) as project:
            shares.append(len(words_in(project)) / len(sample.words))
            with project.reading() as connection:
                assert content_problems(connection, found.path) == ()
                assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert sorted(shares)[len(shares) // 2] > 0.95
    assert min(shares) > 0.5


def test_a_destroyed_beginning_does_not_hide_the_rest(tmp_path, sample) -> None:
    path = tmp_path / "a.triptych"
    path.write_bytes(first_page_garbage(bytearray(sample.data), random.Random(1)))
    found = salvage(path, tmp_path / "b.triptych")
    assert found is not None
    with Project.open(found.path) as project:
        assert words_in(project) == sample.words


def test_words_that_cannot_be_placed_are_kept_as_pieces(tmp_path) -> None:
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        document = project.create_document("text", "Novel")
        numbers = [
            project.commit_text(document, [TextEdit(n * 6, "", f"word{n} ")], label="Type").result(
                9
            )
            for n in range(6)
        ]
    connection = sqlite3.connect(path)
    connection.execute("UPDATE journal SET delta = x'00' WHERE sequence = ?", (numbers[2],))
    connection.commit()
    connection.close()
    found = salvage(path, tmp_path / "b.triptych")
    assert found is not None
    assert "“Novel” is not whole." in found.sentence()
    with Project.open(found.path) as project:
        titles = {info.title: project.text(info.id).text for info in project.documents()}
    assert titles == {"Novel": "word0 word1 ", "Pieces of “Novel”": "word3 \n\nword4 \n\nword5 "}


def test_what_is_salvaged_can_take_the_place_of_the_damaged_file(tmp_path, sample) -> None:
    path = tmp_path / "novel.triptych"
    broken = page_of_noise(bytearray(sample.data), random.Random(3))
    path.write_bytes(broken)
    session = ProjectSession(tmp_path / "projects")
    shown = session.open(path)
    assert shown.read_only
    kept = session.keep_salvaged(shown)
    assert kept.path == path
    assert not kept.read_only
    kept.create_document("text", "Goes on")
    session.close_all()
    (aside,) = [item for item in tmp_path.iterdir() if ".damaged-" in item.name]
    assert aside.read_bytes() == broken


def test_damage_in_a_large_project_is_reported_later(tmp_path, monkeypatch) -> None:
    from studio.documents.project import care

    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        chat = project.create_document("chat", "Chat")
        project.commit_state(chat, b"x", label="Ask", blobs=[random.Random(1).randbytes(50_000)])
    data = bytearray(path.read_bytes())
    data[len(data) - 20_000] ^= 1  # in the middle of the part's bytes: SQLite sees nothing
    path.write_bytes(data)
    monkeypatch.setattr(care, "SMALL_BYTES", 0)
    session = ProjectSession(tmp_path / "projects")
    reported: list[str] = []
    session.on_problem(lambda _, error: reported.append(error.user_message))
    project = session.open(path)
    assert session.wait_for_care()
    assert reported == ["a.triptych is damaged: content number 2 is not what was written."]
    assert reported[0] in project.problems[-1]
    assert not session.backups(path), "no backup of damaged content pushes out a good one"
    session.close_all()


def test_locked_newer_and_read_only_projects_each_get_their_sentence(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.triptych"
    session = ProjectSession(tmp_path / "projects")
    other = ProjectSession(tmp_path / "others")
    first = session.new(path)
    with pytest.raises(ProjectInUseError):
        other.open(path)
    looked = other.open(path, read_only=True)
    assert looked.read_only
    other.close_all()
    session.close(first)
    monkeypatch.setattr("os.access", lambda *_args, **_more: False)
    shown = session.open(path)
    assert shown.read_only
    assert "read only" in shown.problems[0]
    session.close_all()
    monkeypatch.undo()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(NewerFormatError):
        session.open(path)


def test_salvage_knows_every_table_and_column(tmp_path) -> None:
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project, project.reading() as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        found = {
            name: ", ".join(row[1] for row in connection.execute(f"PRAGMA table_info({name})"))
            for (name,) in names.fetchall()
        }
    assert found == TABLES
