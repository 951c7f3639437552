"""What a crash, a full disk, a broken file or a second process may do: lose nothing."""

from __future__ import annotations

import errno
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.core.atomic_write import TEMPORARY_SUFFIX
from studio.core.errors import StorageError
from studio.library.library import Library
from tests.library.conftest import text_result

ROOT = Path(__file__).resolve().parents[2]
ERRORS = (
    errno.ENOSPC,
    errno.EIO,
    errno.EACCES,
    errno.EDQUOT,
    errno.EINTR,
    errno.EROFS,
)


def _leftovers(folder: Path) -> list[str]:
    return [
        name for _, _, names in os.walk(folder) for name in names if name.endswith(TEMPORARY_SUFFIX)
    ]


def _run_until_killed(folder: Path, index: Path, first: int, delay_s: float) -> list[str]:
    command = [sys.executable, "-m", "tests.library.killed_writer", str(folder), str(index)]
    process = subprocess.Popen([*command, str(first)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    timer = threading.Timer(delay_s, process.kill)
    timer.start()
    lines = process.stdout.read().splitlines()
    process.wait()
    timer.cancel()
    process.stdout.close()
    return [line for line in lines if line]


@pytest.mark.slow
def test_kill_at_any_moment_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Kills: 12 here; TRIPTYCH_KILLS sets another number for a soak."""
    folder, index = tmp_path / "library", tmp_path / "state" / "index.sqlite"
    chance = random.Random(5)
    added: dict[int, str] = {}
    starred: set[int] = set()
    trashed: set[int] = set()
    for run in range(int(os.environ.get("TRIPTYCH_KILLS", "12"))):
        lines = _run_until_killed(folder, index, (run + 1) * 1000, chance.uniform(0.0, 0.4))
        for words in (line.split(maxsplit=2) for line in lines):
            number = int(words[1])
            if words[0] == "added":
                added[number] = words[2]
            else:
                (starred if words[0] == "starred" else trashed).add(number)
        if chance.random() < 0.3:
            index.unlink(missing_ok=True)
        library = Library(folder, index)
        try:
            library.scan()
            items = library.items([*library.search("").ids, *library.search("is:trashed").ids])
            by_seed = {item.seed: item for item in items}
            assert set(added) <= set(by_seed)
            assert all(library.path(item).exists() for item in items)
            assert all(library.request(item.id).seed == item.seed for item in items)
            assert {n for n in starred if by_seed[n].stars == 4} == starred
            assert {n for n in trashed if by_seed[n].trashed_at is not None} == trashed
            assert not _leftovers(folder)
            assert library.index.check()
        finally:
            library.close()
    assert added


# ---- damaged index -------------------------------------------------------------------------------


def _damage(kind: str, data: bytearray, chance: random.Random) -> bytes:
    if kind == "flip":
        for _ in range(20):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    elif kind == "truncate":
        del data[chance.randrange(1, len(data)) :]
    elif kind == "zero a page":
        page = chance.randrange(len(data) // 4096)
        data[page * 4096 : (page + 1) * 4096] = bytes(4096)
    elif kind == "random page":
        page = chance.randrange(len(data) // 4096)
        data[page * 4096 : (page + 1) * 4096] = chance.randbytes(4096)
    elif kind == "header":
        data[:100] = chance.randbytes(100)
    elif kind == "empty":
        data.clear()
    elif kind == "no database":
        data[:] = b"this is a letter to my aunt\n" * 300
    return bytes(data)


KINDS = ("flip", "truncate", "zero a page", "random page", "header", "empty", "no database")


@pytest.mark.parametrize("case", range(35))
def test_a_damaged_index_opens_and_is_filled_again(tmp_path: Path, case: int) -> None:
    folder, index = tmp_path / "library", tmp_path / "index.sqlite"
    library = Library(folder, index)
    for number in range(12):
        item = library.add_result(text_result(f"Storm number{number} {'x' * 500}", seed=number))
        library.set_stars([item.id], number % 5 + 1)
    library.close()
    chance = random.Random(case)
    index.write_bytes(_damage(KINDS[case % len(KINDS)], bytearray(index.read_bytes()), chance))
    library = Library(folder, index)
    library.start()
    try:
        library.upkeep.settle(timeout_s=30)
        # The index may be whole to SQLite and still hold another letter: that is what rebuild is
        # for, and everything must be found after it. Without it nothing may raise.
        library.search("number3")
        library.items(library.search("").ids)
        library.problems()
        library.rebuild()
        found = library.items(library.search("storm").ids)
        assert sorted(item.seed or 0 for item in found) == list(range(12))
        assert all(item.stars == (item.seed or 0) % 5 + 1 for item in found)
        assert library.index.check()
    finally:
        library.close()


def test_an_index_of_another_version_is_made_anew(
    library: Library, index_path: Path, open_again: Callable[[], Library]
) -> None:
    library.add_result(text_result())
    library.close()
    connection = sqlite3.connect(index_path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    again = open_again()
    again.scan()
    assert again.search().total == 1
    assert again.problems().notes


def test_an_index_that_vanishes_while_it_is_open_is_filled_again(
    library: Library, index_path: Path
) -> None:
    first = library.add_result(text_result("One", seed=1))
    for file in index_path.parent.glob("index.sqlite*"):
        if not file.name.endswith(".lock"):
            file.unlink()
    library.add_result(text_result("Two", seed=2))
    library.scan()
    assert library.search().total == 2
    assert library.item(first.id) is not None


def test_damaged_marks_cost_one_small_file_and_are_kept_aside(library: Library) -> None:
    items = [library.add_result(text_result(f"{n}", seed=n)) for n in range(6)]
    library.set_stars([item.id for item in items], 3)
    shard = next(library.places.marks.glob("*.json"))
    shard.write_text("{broken")
    library.rebuild()
    assert sum(item.stars == 3 for item in library.items(library.search().ids)) >= 4
    assert shard.with_suffix(".damaged").read_text() == "{broken"


# ---- every n-th call into the system fails -------------------------------------------------------


class FailingCalls:
    """Lets the n-th call of the system's writing functions fail with a chosen error."""

    NAMES = ("open", "fsync", "replace", "rename", "link", "unlink", "mkdir")

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.count = 0
        self.fail_at = -1
        self.error = 0
        self._folder = str(folder)
        for name in self.NAMES:
            monkeypatch.setattr(os, name, self._wrapped(getattr(os, name)))

    def arm(self, n: int, error: int) -> None:
        self.count, self.fail_at, self.error = 0, n, error

    def disarm(self) -> None:
        self.fail_at = -1

    def _wrapped(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            target = arguments[0]
            if isinstance(target, int) or str(target).startswith(self._folder):
                self.count += 1
                if self.count == self.fail_at:
                    raise OSError(self.error, os.strerror(self.error), str(target))
            return real(*arguments, **named)

        return call


def _snapshot(library: Library) -> dict[str, Any]:
    files = {
        str(Path(folder, name).relative_to(library.folder)): Path(folder, name).read_bytes()
        for folder, _, names in os.walk(library.folder)
        for name in names
    }
    return {"files": files, "items": library.items(library.search("").ids)}


ACTIONS: dict[str, Callable[[Library, int], object]] = {
    "add": lambda library, number: library.add_result(text_result("New words.", seed=99)),
    "star": lambda library, number: library.set_stars([number], 5),
    "tag": lambda library, number: library.set_tags([number], ["sea"]),
    "trash": lambda library, number: library.trash([number]),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("error", ERRORS, ids=lambda code: errno.errorcode[code])
def test_every_nth_call_failing_leaves_the_old_or_the_new_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str, error: int
) -> None:
    calls = FailingCalls(monkeypatch, tmp_path / "library")
    n = 1
    while True:
        folder = tmp_path / "library" / f"{n}"
        library = Library(folder, tmp_path / "index" / f"{n}.sqlite")
        try:
            item = library.add_result(text_result("Old words.", seed=1))
            before = _snapshot(library)
            calls.arm(n, error)
            failed = False
            try:
                ACTIONS[action](library, item.id)
            except StorageError as told:
                failed = True
                assert told.user_message.endswith(".")
            reached = calls.count >= n
            calls.disarm()
            library.scan()
            _check_old_or_new(library, action, item.id, before, failed)
            ACTIONS[action](library, item.id)  # trying again works
            assert not _leftovers(folder)
        finally:
            calls.disarm()
            library.close()
        if not reached:
            break
        n += 1
    assert n > 3


def _check_old_or_new(
    library: Library, action: str, number: int, before: dict[str, Any], failed: bool
) -> None:
    item = library.item(number)
    assert item is not None
    assert library.path(item).exists()
    assert not item.missing
    assert "Old words." in library.path(item).read_text("utf-8")
    if action == "add":
        texts = sorted(library.text(i.id) for i in library.items(library.search("").ids))
        assert texts in (["Old words.\n"], ["New words.\n", "Old words.\n"])
        assert failed or len(texts) == 2
    elif action == "star":
        assert item.stars in ((0, 5) if failed else (5,))
    elif action == "tag":
        assert item.tags in (((), ("sea",)) if failed else (("sea",),))
    else:
        assert failed or item.trashed_at is not None
    marks = {name for name in before["files"] if name.startswith(".triptych/marks")}
    assert all((library.folder / name).exists() for name in marks)


def test_a_read_only_folder_says_so(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def refuse(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & os.O_CREAT and str(library.folder) in str(path):
            raise PermissionError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return real(path, flags, *more, **named)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StorageError, match="does not allow it"):
        library.add_result(text_result())
    assert library.search().total == 0


# ---- two processes -------------------------------------------------------------------------------


@pytest.mark.slow
def test_two_processes_on_one_library(tmp_path: Path) -> None:
    folder, index = tmp_path / "library", tmp_path / "state" / "index.sqlite"
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from studio.library.library import Library\n"
        "from tests.library.conftest import text_result\n"
        "library = Library(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "for n in range(40):\n"
        "    item = library.add_result(text_result(f'{sys.argv[3]} {n}', seed=n))\n"
        "    library.set_stars([item.id], 2)\n"
        "library.close()\n"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program, str(folder), str(index), name], cwd=ROOT)
        for name in ("left", "right", "middle")
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0, 0]
    library = Library(folder, index)
    try:
        items = library.items(library.search("").ids)
        assert len(items) == 120
        assert all(item.stars == 2 for item in items)
        assert len({item.path for item in items}) == 120
        assert library.index.check()
        library.rebuild()
        assert library.search("star:2").total == 120
    finally:
        library.close()


def test_rows_of_another_process_are_seen(library: Library, index_path: Path) -> None:
    other = Library(library.folder, index_path)
    try:
        item = other.add_result(text_result())
        assert library.item(item.id) == item
        started = time.monotonic()
        library.set_stars([item.id], 1)
        assert time.monotonic() - started < 10
    finally:
        other.close()
