from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from studio.core.errors import (
    BadInputError,
    DamagedFileError,
    NewerFormatError,
    ReadOnlyError,
    StorageError,
)
from studio.core.requests import Capability, TextRequest
from studio.documents.project import (
    Project,
    ProjectInUseError,
    Span,
    TextEdit,
    TextState,
    blob_name,
)
from studio.documents.project import project as project_module
from tests.documents.project.conftest import write


def test_importing_projects_loads_no_database() -> None:
    code = (
        "import sys, studio.documents.project, studio.documents.textfile;"
        "print([m for m in ('sqlite3', 'psutil', 'PySide6', 'torch', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_text_is_there_at_once_and_after_opening_again(tmp_path) -> None:
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        document = project.create_document("text", "Novel", meta={"cursor": 3})
        project.commit_text(document, [TextEdit(0, "", "Hello 🌍")], label="Type")
        project.commit_text(
            document,
            [TextEdit(7, "", " again"), TextEdit(0, "Hello", "Hi")],
            label="Continue",
            origin="generated",
            request_id="r1",
        )
        expected = TextState(
            "Hi 🌍 again", (Span(0, 2, "generated", "r1"), Span(4, 10, "generated", "r1"))
        )
        assert project.text(document) == expected
    with Project.open(path) as project:
        (info,) = project.documents()
        assert (info.title, info.kind, dict(info.meta)) == ("Novel", "text", {"cursor": 3})
        assert project.text(info.id) == expected
    assert sorted(item.name for item in tmp_path.iterdir()) == ["a.triptych"]


def test_the_future_says_when_an_action_is_durable(project) -> None:
    document = project.create_document("text", "A")
    first = write(project, document, "one")
    second = write(project, document, " two")
    assert second > first
    with Project.open(project.path, read_only=True) as other:
        assert other.text(document).text == "one two"


def test_committing_waits_for_nothing(project) -> None:
    document = project.create_document("text", "A")
    write(project, document, "x" * 1_000_000)
    hold, held = threading.Event(), threading.Event()
    assert project._writer is not None
    project._writer.run_task(lambda _: (held.set(), hold.wait(20)))
    assert held.wait(20)
    futures = [
        project.commit_text(document, [TextEdit(0, "", "y")], label="Type") for _ in range(50)
    ]
    assert not any(future.done() for future in futures)  # the disk is busy, we are not
    assert project.text(document).text.startswith("y" * 50 + "x")
    hold.set()
    assert [future.result(20) for future in futures] == sorted(f.result() for f in futures)


def test_edits_that_do_not_fit_are_refused_and_change_nothing(project) -> None:
    document = project.create_document("text", "A")
    write(project, document, "abc")
    bad = project.commit_text(document, [TextEdit(0, "zzz", "")], label="Type")
    good = project.commit_text(document, [TextEdit(3, "", "d")], label="Type")
    assert isinstance(bad.exception(20), BadInputError)
    assert good.result(20)
    assert project.text(document).text == "abcd"
    assert [entry.label for entry in project.history(document)] == ["New text", "Type", "Type"]


def test_documents_are_renamed_moved_deleted_and_brought_back(tmp_path) -> None:
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        a, b, c = (project.create_document("text", name) for name in "abc")
        write(project, b, "kept")
        project.rename_document(a, "A")
        project.move_document(c, 0)
        project.set_meta(a, cursor=1, view="wide")
        project.set_meta(a, view=None)
        project.delete_document(b)
        assert [info.title for info in project.documents()] == ["c", "A"]
    with Project.open(path) as project:
        assert [info.title for info in project.documents()] == ["c", "A"]
        assert dict(project.document(a).meta) == {"cursor": 1}
        assert [info.id for info in project.documents(deleted=True)] == [b]
        project.restore_document(b)
        assert project.text(b).text == "kept"
        project.flush()
        actions = [entry.action for entry in project.history()]
        assert actions[-5:] == ["text", "rename", "move", "delete", "restore"]


def test_every_earlier_text_can_be_seen_restored_and_branched(project) -> None:
    document = project.create_document("text", "A")
    numbers = [write(project, document, f"{n} ", origin="generated") for n in range(5)]
    for n, number in enumerate(numbers):
        assert project.text_at(document, number).text == "".join(f"{i} " for i in range(n + 1))
    before = project.text_at(document, numbers[2])
    restored = project.restore_to(document, numbers[2]).result(20)
    assert project.text(document) == before == project.text_at(document, restored)
    assert project.text_at(document, numbers[4]).text == "0 1 2 3 4 "
    branch = project.branch(document, numbers[1], "Other end")
    assert project.text(branch) == project.text_at(document, numbers[1])
    write(project, branch, "else")
    assert project.text(document) == before
    assert project.document(branch).meta["branch_of"] == document
    assert project.edits(numbers[1]) == (TextEdit(2, "", "1 "),)


def test_states_of_other_documents_share_their_parts(project) -> None:
    chat = project.create_document("chat", "Chat")
    assert project.state(chat) is None
    part = b"tile" * 5000
    first = project.commit_state(chat, b"{1}", label="Ask", blobs=[part]).result(20)
    second = project.commit_state(chat, b"{2}", label="Ask", blobs=[part, b"b"]).result(20)
    assert project.state(chat) == b"{2}"
    assert project.state_at(chat, first) == b"{1}"
    assert project.blob(blob_name(part)) == part
    with project.reading() as connection:
        assert connection.execute("SELECT count(*) FROM blobs").fetchone()[0] == 4
    project.restore_to(chat, first).result(20)
    assert project.state(chat) == b"{1}"
    branch = project.branch(chat, second, "Other")
    assert project.state(branch) == b"{2}"
    with pytest.raises(BadInputError):
        project.blob("00" * 32)
    with pytest.raises(BadInputError):
        project.blob("no name")


def test_requests_are_kept_with_what_came_of_them(tmp_path) -> None:
    request = TextRequest(capability=Capability.TEXT_GENERATE, seed=7, prompt="Once 🌍")
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        number = project.add_request(request, {"new_tokens": 12})
        assert project.request(number) == request
    with Project.open(path) as project:
        assert project.request(number) == request
        assert project.artifact_summary(number) == {"new_tokens": 12}
        with pytest.raises(BadInputError):
            project.request("nothing")


def test_history_comes_in_pages(project) -> None:
    document = project.create_document("text", "A")
    for n in range(10):
        write(project, document, str(n))
    page = project.history(document, limit=4)
    assert len(page) == 4
    older = project.history(document, limit=4, before=page[0].sequence)
    assert older[-1].sequence < page[0].sequence
    assert [e.sequence for e in project.history(document)][-8:] == [
        e.sequence for e in (*older, *page)
    ]


def test_a_clock_that_jumps_changes_no_order(project, monkeypatch) -> None:
    document = project.create_document("text", "A")
    for n, now in enumerate([2_000_000_000, 100, 4_000_000_000, -5, 1_700_000_000]):
        monkeypatch.setattr(project_module.time, "time", lambda now=now: now)
        write(project, document, str(n))
    monkeypatch.undo()
    entries = [entry for entry in project.history(document) if entry.action == "text"]
    assert [entry.at for entry in entries] == [2_000_000_000, 100, 4_000_000_000, -5, 1_700_000_000]
    assert [project.text_at(document, entry.sequence).text for entry in entries] == [
        "0", "01", "012", "0123", "01234",
    ]  # fmt: skip
    assert project.thin_history(0) >= 0
    assert project.text_at(document, entries[-1].sequence).text == "01234"


def test_lone_surrogates_and_a_megabyte_of_emoji_survive(tmp_path) -> None:
    path = tmp_path / "ü🌍 x%20#?.triptych"
    text = "🌍" * 250_000 + "\ud83d\x00"
    with Project.open(path, create=True) as project:
        document = project.create_document("text", "\u202egnirts 🌍")
        write(project, document, text)
        write(project, document, "!")
    with Project.open(path) as project:
        assert project.text(document).text == text + "!"


def test_keyframes_keep_every_state_near(project, monkeypatch) -> None:
    from studio.documents.project import journal

    monkeypatch.setattr(journal, "KEYFRAME_ACTIONS", 7)
    document = project.create_document("text", "A")
    numbers = [write(project, document, f"{n},") for n in range(40)]
    with project.reading() as connection:
        assert connection.execute("SELECT count(*) FROM keyframes").fetchone()[0] == 5
    assert project.text_at(document, numbers[33]).text == "".join(f"{n}," for n in range(34))


def test_two_windows_cannot_write_the_same_project(project, tmp_path) -> None:
    with pytest.raises(ProjectInUseError) as caught:
        Project.open(project.path)
    assert "already open" in caught.value.user_message
    code = (
        "import sys; from pathlib import Path\n"
        "from studio.documents.project import Project, ProjectInUseError\n"
        "try: Project.open(Path(sys.argv[1]))\n"
        "except ProjectInUseError: print('in use')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(project.path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "in use"
    document = project.create_document("text", "A")
    write(project, document, "still writable")
    with Project.open(project.path, read_only=True) as other:
        assert other.text(document).text == "still writable"
        with pytest.raises(ReadOnlyError):
            other.create_document("text", "B")
        with pytest.raises(ReadOnlyError):
            other.commit_text(document, [TextEdit(0, "", "x")], label="Type")


def test_a_newer_project_is_refused_and_not_touched(tmp_path) -> None:
    import sqlite3

    path = tmp_path / "a.triptych"
    Project.open(path, create=True).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(NewerFormatError, match="newer Triptych"):
            Project.open(path, read_only=read_only)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir() if not item.name.endswith(("-wal", "-shm"))]


@pytest.mark.parametrize("data", [b"", b"hello", b"SQLite format 3\x00", b"\x00" * 5000])
def test_what_is_no_project_is_said_to_be_none(tmp_path, data) -> None:
    path = tmp_path / "a.triptych"
    path.write_bytes(data)
    with pytest.raises(DamagedFileError):
        Project.open(path)
    assert path.read_bytes() == data
    assert [item.name for item in tmp_path.iterdir()] == ["a.triptych"]


def test_other_databases_are_not_taken_for_projects(tmp_path) -> None:
    import sqlite3

    path = tmp_path / "a.triptych"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE documents (id)")
    connection.close()
    with pytest.raises(DamagedFileError, match="not a Triptych project"):
        Project.open(path)


def test_nothing_is_made_where_something_stands(tmp_path) -> None:
    path = tmp_path / "a.triptych"
    path.write_text("mine")
    with pytest.raises(StorageError):
        Project.open(path, create=True)
    with pytest.raises(StorageError):
        Project.open(tmp_path / "missing.triptych")
    assert path.read_text() == "mine"
    assert [item.name for item in tmp_path.iterdir()] == ["a.triptych"]


def test_a_project_moves_while_it_is_written(project, tmp_path) -> None:
    document = project.create_document("text", "A")
    stop = threading.Event()
    written: list[str] = []

    def type_on() -> None:
        while not stop.is_set() and len(written) < 5000:
            project.commit_text(document, [TextEdit(len(written), "", "x")], label="Type")
            written.append("x")
            time.sleep(0)

    thread = threading.Thread(target=type_on)
    thread.start()
    target = tmp_path / "other" / "moved.triptych"
    old = project.path
    project.move_to(target)
    stop.set()
    thread.join()
    project.flush()
    assert project.path == target
    with Project.open(target, read_only=True) as other:
        assert other.text(document).text == "x" * len(written)
    Project.open(old).close()  # free again


def test_a_copy_is_whole_and_stands_alone(project, tmp_path) -> None:
    document = project.create_document("text", "A")
    write(project, document, "copied")
    project.copy_to(tmp_path / "copies" / "b.triptych")
    write(project, document, " and more")
    assert [item.name for item in (tmp_path / "copies").iterdir()] == ["b.triptych"]
    with Project.open(tmp_path / "copies" / "b.triptych") as copy:
        assert copy.text(document).text == "copied"
        assert copy.id == project.id


def test_a_closed_project_says_so(tmp_path) -> None:
    project = Project.open(tmp_path / "a.triptych", create=True)
    document = project.create_document("text", "A")
    project.close()
    project.close()
    with pytest.raises(StorageError, match="closed"):
        project.commit_text(document, [TextEdit(0, "", "x")], label="Type")
    with pytest.raises(StorageError, match="closed"):
        project.history()


def test_kept_parts_stay_without_a_line_in_the_history_until_they_are_released(tmp_path) -> None:
    path = tmp_path / "a.triptych"
    big = os.urandom(50_000)
    with Project.open(path, create=True) as project:
        sound = project.create_document("soundtrack", "Sound")
        project.keep_part(sound, big).result(20)
        project.keep_part(sound, b"other" * 1000).result(20)
        for number in range(50):
            project.commit_state(sound, b"{%d}" % number, label="Move")
        project.flush()
        before = project.history_bytes()
        assert [entry.action for entry in project.history(sound)].count("part") == 0
        assert before < len(big)
        project.thin_history(0)
        assert project.kept_parts(sound) == {blob_name(big), blob_name(b"other" * 1000)}
    with Project.open(path) as project:
        assert project.blob(blob_name(big)) == big
        assert project.release_parts(sound, [blob_name(big)]) == 1
        assert project.blob(blob_name(b"other" * 1000)) == b"other" * 1000
        with pytest.raises(BadInputError):
            project.blob(blob_name(big))


def test_a_state_may_name_parts_an_earlier_one_brought(tmp_path) -> None:
    with Project.open(tmp_path / "a.triptych", create=True) as project:
        chat = project.create_document("chat", "Chat")
        project.commit_state(chat, b"1", label="A", blobs=[b"part" * 99])
        project.commit_state(chat, b"2", label="B", parts=[blob_name(b"part" * 99)]).result(20)
        project.thin_history(0)
        assert project.blob(blob_name(b"part" * 99)) == b"part" * 99
        refused = project.commit_state(chat, b"3", label="C", parts=[blob_name(b"never")])
        with pytest.raises(BadInputError):
            refused.result(20)
        project.commit_state(chat, b"4", label="D").result(20)
