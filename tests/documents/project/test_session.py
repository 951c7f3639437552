from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from studio.core.errors import BadInputError, DiskFullError, ReadOnlyError, StorageError
from studio.documents.project import Project, ProjectSession, TextEdit
from studio.documents.project import backups as backups_module
from studio.documents.project import session as session_module
from studio.documents.project.care import Care
from studio.documents.project.lock import lock_path, standing
from tests.documents.project.conftest import write
from tests.documents.project.failing_disk import full

CRASH = """
import os, sys
from pathlib import Path
from studio.documents.project import ProjectSession, TextEdit
session = ProjectSession(Path(sys.argv[1]))
project = session.ensure() if len(sys.argv) < 3 else session.new(Path(sys.argv[2]))
document = project.create_document("text", "Half a novel")
project.commit_text(document, [TextEdit(0, "", "It was a dark")], label="Type").result(20)
os._exit(9)
"""


def crash(folder: Path, *more: str) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, str(folder), *more], check=False)
    assert done.returncode == 9


def test_an_untitled_project_is_made_by_the_first_keystroke(session, tmp_path) -> None:
    assert session.current is None
    assert not (tmp_path / "projects").exists()
    project = session.ensure()
    assert session.ensure() is project is session.current
    assert project.path.parent == tmp_path / "projects"
    assert project.path.name.startswith("untitled-")
    assert session.recent() == ()


def test_what_a_crash_left_is_offered_and_taken_back(session, tmp_path) -> None:
    crash(tmp_path / "projects")
    (leftover,) = session.recoverable()
    assert (leftover.title, leftover.untitled) == ("Half a novel", True)
    assert abs(leftover.changed_at - time.time()) < 600
    assert session.unfinished() == ()
    project = session.adopt(leftover)
    assert project.was_left
    assert project.text(project.documents()[0].id).text == "It was a dark"
    assert session.recoverable() == ()


def test_a_named_project_is_offered_too_after_a_crash(session, tmp_path) -> None:
    crash(tmp_path / "projects", str(tmp_path / "novel.triptych"))
    (leftover,) = session.recoverable()
    assert (leftover.path, leftover.untitled) == (tmp_path / "novel.triptych", False)
    session.discard(leftover)
    assert session.recoverable() == ()
    assert leftover.path.exists()


def test_discarding_moves_to_the_trash(session, tmp_path) -> None:
    crash(tmp_path / "projects")
    (leftover,) = session.recoverable()
    session.discard(leftover)
    assert session.recoverable() == ()
    assert session.unfinished() == ()
    (kept,) = (tmp_path / "projects" / "trash").glob("*.triptych")
    with Project.open(kept) as project:
        assert project.text(project.documents()[0].id).text == "It was a dark"
    os.utime(kept, (0, 0))
    session.ensure()
    assert session.wait_for_care()
    assert not kept.exists()


def test_a_second_window_is_no_crash(session, tmp_path) -> None:
    other = ProjectSession(tmp_path / "projects")
    mine = other.ensure()
    assert standing(mine.path) == "held"
    assert session.recoverable() == ()
    assert session.unfinished() == ()
    second = session.ensure()
    assert second.path != mine.path
    other.close_all()
    assert standing(mine.path) == "free"
    (unfinished,) = session.unfinished()
    assert unfinished.path == mine.path


def test_a_clean_end_offers_nothing(session) -> None:
    session.ensure()
    session.close_all()
    assert session.recoverable() == ()
    assert len(session.unfinished()) == 1


def test_several_projects_are_open_and_one_is_shown(session, tmp_path) -> None:
    first = session.new(tmp_path / "a.triptych")
    second = session.new(tmp_path / "b.triptych")
    assert session.current is second
    assert session.open(tmp_path / "a.triptych") is first is session.current
    session.set_current(second)
    session.close(second)
    assert session.current is first
    assert session.projects == (first,)
    assert session.recent() == (tmp_path / "a.triptych", tmp_path / "b.triptych") or set(
        session.recent()
    ) == {tmp_path / "a.triptych", tmp_path / "b.triptych"}
    with pytest.raises(BadInputError):
        session.set_current(second)


def test_save_as_gives_an_untitled_project_its_name(session, tmp_path) -> None:
    project = session.ensure()
    document = project.create_document("text", "A")
    write(project, document, "one")
    untitled = project.path
    session.save_as(tmp_path / "named.triptych")
    write(project, document, " two")
    assert project.path == tmp_path / "named.triptych"
    assert not untitled.exists()
    assert not lock_path(untitled).exists()
    assert session.recent() == (tmp_path / "named.triptych",)
    session.close_all()
    assert session.unfinished() == ()
    with Project.open(tmp_path / "named.triptych") as again:
        assert again.text(document).text == "one two"


def test_save_as_over_an_old_project_replaces_it_whole(session, tmp_path) -> None:
    target = tmp_path / "old.triptych"
    with Project.open(target, create=True) as old:
        write(old, old.create_document("text", "Old"), "old")
    project = session.ensure()
    document = project.create_document("text", "New")
    write(project, document, "new")
    session.save_as(target)
    session.close_all()
    with Project.open(target) as again:
        assert [info.title for info in again.documents()] == ["New"]


def test_save_as_onto_an_open_project_is_refused(session, tmp_path) -> None:
    session.new(tmp_path / "a.triptych")
    project = session.ensure() if session.current is None else session.new(tmp_path / "b.triptych")
    with pytest.raises(StorageError):
        session.save_as(tmp_path / "a.triptych", project)
    with pytest.raises(BadInputError):
        session.save_copy(tmp_path / "a.triptych", project)
    assert project.path == tmp_path / "b.triptych"
    project.create_document("text", "goes on")
    project.flush()


def test_a_project_in_a_read_only_place_is_said_to_be_one(session, tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        write(project, project.create_document("text", "A"), "text")

    def refuse(*_: object, **__: object) -> None:
        raise ReadOnlyError("no")

    with monkeypatch.context() as patch:
        patch.setattr("studio.documents.project.project.ProjectLock.acquire", refuse)
        shown = session.open(path)
    assert shown.read_only
    assert "read only" in shown.problems[0]
    session.save_as(tmp_path / "mine.triptych", shown)
    assert session.current is not None
    assert not session.current.read_only
    assert session.current.path == tmp_path / "mine.triptych"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="needs the mounts of Linux")
def test_a_closed_project_opens_on_a_read_only_mount(tmp_path) -> None:
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        write(project, project.create_document("text", "A"), "text")
    code = (
        "import sys; from pathlib import Path; from studio.documents.project import *\n"
        "s = ProjectSession(Path(sys.argv[2])); p = s.open(Path(sys.argv[1]))\n"
        "print(p.read_only, p.text(p.documents()[0].id).text, p.problems[0]); s.close_all()"
    )
    script = (
        f'mount --bind "{tmp_path}" "{tmp_path}" && mount -o remount,bind,ro "{tmp_path}" '
        '&& exec "$0" -c "$1" "$2" "$3"'
    )
    spare = tmp_path.parent / (tmp_path.name + "-spare")
    command = ["unshare", "-rm", "sh", "-c", script, sys.executable, code, str(path), str(spare)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip("this system does not let us mount")
    assert done.stderr == ""
    assert done.stdout.startswith("True text a.triptych is open to read only")


def test_backups_roll_and_hold_what_was_there(session, tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.triptych"
    project = session.new(path)
    document = project.create_document("text", "A")
    session.close(project)
    for day in range(1, 9):
        stamp = f"202611{day:02d}-120000"
        monkeypatch.setattr(backups_module.time, "strftime", lambda _f, s=stamp: s)
        project = session.open(path)
        assert session.wait_for_care()
        write(project, document, f"{day} ")
        session.close(project)
    kept = session.backups(path)
    assert [backup.path.name[:8] for backup in kept] == [f"202611{d:02d}" for d in (8, 7, 6, 5, 4)]
    with Project.open(kept[0].path, read_only=True) as copy:
        assert copy.text(document).text == "1 2 3 4 5 6 7 "


def test_many_openings_on_one_day_keep_the_first_and_the_newest(session, tmp_path) -> None:
    path = tmp_path / "a.triptych"
    project = session.new(path)
    document = project.create_document("text", "A")
    session.close(project)
    for number in range(6):
        project = session.open(path)
        assert session.wait_for_care()
        write(project, document, str(number))
        session.close(project)
    assert len(session.backups(path)) == 2


def test_an_unchanged_project_is_not_copied_again(session, tmp_path) -> None:
    path = tmp_path / "a.triptych"
    project = session.new(path)
    write(project, project.create_document("text", "A"), "x")
    session.close(project)
    seen = []
    for _ in range(3):
        session.close(session.open(path)) if session.wait_for_care() else None
        project = session.open(path)
        assert session.wait_for_care()
        session.close(project)
        seen.append([backup.path for backup in session.backups(path)])
    assert seen[0] == seen[1] == seen[2]


def test_no_room_for_a_backup_is_said(session, tmp_path, monkeypatch) -> None:
    reported: list[str] = []
    session.on_problem(lambda _, error: reported.append(error.user_message))
    monkeypatch.setattr(backups_module, "free_bytes", lambda _: 1000)
    project = session.new(tmp_path / "a.triptych")
    write(project, project.create_document("text", "A"), "x")
    session.close(project)
    project = session.open(tmp_path / "a.triptych")
    assert session.wait_for_care()
    assert reported == ["There is no room for a backup of a.triptych."]
    assert session.backups(project.path) == ()


def test_closing_on_a_full_disk_keeps_the_project_open(session) -> None:
    project = session.ensure()
    document = project.create_document("text", "A")
    project.flush()
    assert session.wait_for_care()
    full(project)
    project.commit_text(document, [TextEdit(0, "", os.urandom(40_000).hex())], label="Type")
    with pytest.raises(StorageError, match="not saved"):
        session.close(project, timeout_s=3)
    assert isinstance(project.failure, DiskFullError)
    assert session.current is project
    session.close(project, timeout_s=1, abandon=True)
    assert session.projects == ()


def test_history_over_its_budget_is_thinned_in_the_background(session, tmp_path) -> None:
    path = tmp_path / "a.triptych"
    project = session.new(path)
    chat = project.create_document("chat", "Chat")
    for _ in range(40):
        project.commit_state(chat, os.urandom(20_000), label="Ask")
    project.flush()
    session.close(project)
    session.history_budget_bytes = 100_000
    project = session.open(path)
    assert session.wait_for_care()
    assert project.history_bytes() <= 100_000
    assert project.state(chat) is not None


def test_a_damaged_list_of_recent_projects_is_only_a_convenience(session, tmp_path) -> None:
    (tmp_path / "projects").mkdir()
    (tmp_path / "projects" / "recent.json").write_text("{[")
    assert session.recent() == ()
    session.new(tmp_path / "a.triptych")
    assert session.recent() == (tmp_path / "a.triptych",)
    assert session_module.RECENT_LIMIT >= 10


def test_a_project_that_stays_open_has_daily_backups(session, tmp_path, monkeypatch) -> None:
    from studio.documents.project import care

    monkeypatch.setattr(care, "EVERY_S", 0.01)
    monkeypatch.setattr(care, "DAY_S", 0.02)
    monkeypatch.setattr(backups_module, "KEPT", 50)
    path = tmp_path / "a.triptych"
    project = session.new(path)
    document = project.create_document("text", "A")
    day, stamps = [0], []
    monkeypatch.setattr(backups_module.time, "strftime", lambda _f: f"2026{day[0]:04d}-120000")
    deadline = time.monotonic() + 30
    while len(stamps) < 3 and time.monotonic() < deadline:
        day[0] += 1
        write(project, document, "x")
        assert session.wait_for_care()
        stamps = [backup.path.name for backup in session.backups(path)]
    assert len(stamps) >= 3


def test_copies_of_one_project_keep_their_backups_apart(session, tmp_path) -> None:
    project = session.new(tmp_path / "a.triptych")
    document = project.create_document("text", "A")
    write(project, document, "same ")
    session.save_copy(tmp_path / "b.triptych")
    write(project, document, "mine")
    copy = session.open(tmp_path / "b.triptych")
    write(copy, document, "other")
    session.close_all()
    for name, word in (("a", "same mine"), ("b", "same other")):
        session.open(tmp_path / f"{name}.triptych")
        assert session.wait_for_care()
        newest = session.backups(tmp_path / f"{name}.triptych")[0]
        with Project.open(newest.path, read_only=True) as kept:
            assert kept.text(document).text == word


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_project_closes_although_its_care_broke_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(project: Project, go_on: object) -> bool:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("studio.documents.project.care.check_thoroughly", broken)
    care = Care(tmp_path / "backups", lambda *_: None, lambda: 10**9)
    with closing(Project.open(tmp_path / "a.triptych", create=True)) as project:
        care.add(project)
        care.wait(10.0)
        care.forget(project)
    care.close()
