from __future__ import annotations

import errno
import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from studio.core.errors import DiskFullError, StorageError
from studio.documents.project import Project, TextEdit, UnwrittenChangesError
from tests.documents.project.conftest import write
from tests.documents.project.failing_disk import VFS, failing_disk, full, roomy

ERRORS = [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EDQUOT, errno.EINTR, errno.EROFS]
unix_only = pytest.mark.skipif(VFS is None, reason="SQLite's system calls cannot be replaced here")


def noise(count: int) -> str:
    """Text no compression makes smaller than half."""
    return secrets.token_hex(count // 2)


def test_on_a_full_disk_nothing_is_lost_and_the_user_is_told_once(project) -> None:
    told: list[StorageError | None] = []
    changed = threading.Event()
    project.on_failure(lambda failure: (told.append(failure), changed.set()))
    document = project.create_document("text", "A")
    write(project, document, "before ")
    full(project)
    pieces = [noise(20_000) for _ in range(5)]
    futures = []
    for piece in pieces:
        at = len(project.text(document).text)
        futures.append(project.commit_text(document, [TextEdit(at, "", piece)], label="Type"))
    assert changed.wait(20)
    with pytest.raises(DiskFullError) as caught:
        project.flush(20)
    assert "full" in caught.value.user_message
    assert "nothing is lost" in caught.value.hint
    assert project.text(document).text == "before " + "".join(pieces)
    assert project.unwritten >= 1
    with pytest.raises(UnwrittenChangesError, match="not saved"):
        project.close(timeout_s=5)
    roomy(project)
    project.flush(20)
    assert [future.result(20) for future in futures]
    assert [type(failure) for failure in told] == [DiskFullError, type(None)]
    with Project.open(project.path, read_only=True) as other:
        assert other.text(document).text == "before " + "".join(pieces)


def test_a_project_on_a_full_disk_can_be_saved_elsewhere(project, tmp_path) -> None:
    document = project.create_document("text", "A")
    write(project, document, "before ")
    full(project)
    piece = noise(50_000)
    future = project.commit_text(document, [TextEdit(7, "", piece)], label="Type")
    with pytest.raises(DiskFullError):
        project.flush(20)
    project.move_to(tmp_path / "roomy" / "b.triptych")
    assert future.result(20)
    assert project.failure is None
    with Project.open(tmp_path / "roomy" / "b.triptych", read_only=True) as other:
        assert other.text(document).text == "before " + piece


def test_giving_up_is_only_done_when_it_is_asked_for(tmp_path) -> None:
    project = Project.open(tmp_path / "a.triptych", create=True)
    document = project.create_document("text", "A")
    write(project, document, "before")
    full(project)
    future = project.commit_text(document, [TextEdit(0, "", noise(50_000))], label="Type")
    with pytest.raises(UnwrittenChangesError):
        project.close(timeout_s=5)
    project.close(timeout_s=1, abandon=True)
    assert isinstance(future.exception(5), StorageError)
    with Project.open(tmp_path / "a.triptych") as again:
        assert again.text(document).text == "before"


def persist(project: Project) -> None:
    """Flush, and once more when the disk refused: as the writer does by itself a little later."""
    try:
        project.flush(20)
    except StorageError:
        project.flush(20)


def session(path: Path) -> tuple[list[tuple[int, str]], str]:
    """Do a little of everything; return what was acknowledged and the document's id."""
    acknowledged: list[tuple[int, str]] = []
    text = ""
    with Project.open(path, create=not path.exists()) as project:
        document = project.create_document("text", "A")
        for n in range(6):
            edit = TextEdit(len(text), "", f"{n}{'x' * 3000}")
            text += edit.inserted
            future = project.commit_text(document, [edit], label="Type")
            persist(project)
            acknowledged.append((future.result(20), text))
        project.rename_document(document, "B")
        persist(project)
    return acknowledged, document


def count_of_calls(folder: Path) -> int:
    with failing_disk(10**9, 0) as disk:
        session(folder / "count.triptych")
    return disk.count


@unix_only
@pytest.mark.parametrize("code", ERRORS, ids=lambda code: errno.errorcode[code])
def test_whichever_call_fails_acknowledged_work_stays(tmp_path, code) -> None:
    every = count_of_calls(tmp_path)
    assert every > 30
    refused = retried = 0
    for nth in range(1, every + 1):
        path = tmp_path / f"{nth}.triptych"
        with failing_disk(nth, code) as disk:
            try:
                done, document = session(path)
            except StorageError as error:
                assert error.user_message
                refused += 1
                done, document = session(path)  # the disk is well again: so is the project
        retried += disk.failed
        with Project.open(path) as project:
            assert project.document(document).title == "B"
            for sequence, text in done:
                assert project.text_at(document, sequence).text == text
            with project.reading() as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert retried >= 0.9 * every  # what is written together varies a little
    assert refused < every
    leftovers = [item.name for item in tmp_path.iterdir() if not item.name.endswith(".triptych")]
    assert leftovers == []


@pytest.mark.skipif(os.name == "nt", reason="a limit of file sizes is a thing of Unix")
def test_twenty_sizes_of_full_disk() -> None:
    """In a process of its own, since the limit holds for every file the process writes."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.documents.project.size_limits"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["limits", "20", "lost", "0", "told", "20"]
