from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from studio.core.errors import ReadOnlyError
from studio.documents.project import Project, places
from studio.documents.project import lock as lock_module
from studio.documents.project.lock import ProjectLock, lock_path, standing
from studio.documents.project.records import ProjectInUseError
from tests.documents.project.conftest import write

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home/anna/net\\040drive nfs4 rw 0 0
//nas/share /mnt/nas cifs rw 0 0
anna@host: /mnt/ssh fuse.sshfs rw 0 0
/dev/sdb1 /mnt/usb fuseblk rw 0 0
/dev/sdc1 /mnt/nas/local ext4 rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "network"),
    [
        ("/home/anna/a.triptych", False),
        ("/home/anna/net drive/a.triptych", True),
        ("/home/anna/net drive2/a.triptych", False),
        ("/mnt/nas/x/y/a.triptych", True),
        ("/mnt/nas/local/a.triptych", False),
        ("/mnt/ssh/a.triptych", True),
        ("/mnt/usb/a.triptych", False),
    ],
)
def test_network_drives_are_known_by_their_mount(path, network) -> None:
    assert places.is_network(Path(path), mounts=MOUNTS) is network


def test_on_a_network_drive_there_is_no_log_and_the_user_is_told(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("studio.documents.project.database.is_network", lambda _: True)
    monkeypatch.setattr("studio.documents.project.places.is_network", lambda _: True)
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        document = project.create_document("text", "A")
        write(project, document, "over the wire")
        assert "network drive" in project.problems[0]
        assert not path.with_name("a.triptych-wal").exists()
        with project.reading() as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert project.text_at(document, project.history()[-1].sequence).text == "over the wire"
    with Project.open(path) as project:
        assert project.text(document).text == "over the wire"


def test_a_project_with_a_log_moves_to_a_network_drive(tmp_path, monkeypatch) -> None:
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        document = project.create_document("text", "A")
        write(project, document, "here")
        copy = tmp_path / "net" / "b.triptych"
        monkeypatch.setattr("studio.documents.project.database.is_network", lambda _: True)
        project.move_to(copy)
        write(project, document, " and there")
    with Project.open(copy) as project:
        assert project.text(document).text == "here and there"


def test_little_room_is_said_at_once(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(places, "free_bytes", lambda _: 50_000_000)
    with Project.open(tmp_path / "a.triptych", create=True) as project:
        assert project.problems == (
            "Only 50 MB are free where a.triptych lies. Free some space before you go on.",
        )


def test_a_lock_is_free_held_left_and_free_again(tmp_path) -> None:
    project = tmp_path / "a.triptych"
    assert standing(project) == "free"
    lock = ProjectLock(project)
    lock.acquire()
    assert standing(project) == "held"
    with pytest.raises(ProjectInUseError) as caught:
        ProjectLock(project).acquire()
    assert str(os.getpid()) in str(caught.value.facts["owner"])
    lock.release()
    lock.release()
    assert standing(project) == "free"
    assert not lock_path(project).exists()
    lock_path(project).write_text('{"pid": 1}')
    assert standing(project) == "left"
    again = ProjectLock(project)
    again.acquire()
    assert again.was_left
    again.release()


def test_a_lock_file_removed_under_us_is_not_taken_for_ours(tmp_path, monkeypatch) -> None:
    project = tmp_path / "a.triptych"
    real, calls = lock_module._try_lock, 0

    def slow(descriptor: int) -> bool:
        nonlocal calls
        calls += 1
        if calls == 1:
            lock_path(project).unlink()  # its holder ends just now
        return real(descriptor)

    monkeypatch.setattr(lock_module, "_try_lock", slow)
    lock = ProjectLock(project)
    lock.acquire()
    assert calls == 2
    assert standing(project) == "held"
    lock.release()


def test_a_folder_that_takes_no_lock_file_is_read_only(tmp_path, monkeypatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, "no")

    monkeypatch.setattr(lock_module.os, "open", refuse)
    with pytest.raises(ReadOnlyError):
        ProjectLock(tmp_path / "a.triptych").acquire()
