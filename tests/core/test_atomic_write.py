"""Old or new content, never neither, whichever call of the system fails."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from studio.core.atomic_write import TEMPORARY_SUFFIX, atomic_file, atomic_write
from studio.core.errors import StorageError
from tests.core.faults import ERRORS, failing

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions and links are POSIX's")


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.endswith(TEMPORARY_SUFFIX)]


@pytest.mark.parametrize("data", [b"", b"\x00\xff", "text ü 🗼\r\n", b"x" * 3_000_000])
def test_what_is_written_is_there(tmp_path: Path, data: bytes | str) -> None:
    path = tmp_path / "new" / "folder" / "file"
    atomic_write(path, data)
    assert path.read_bytes() == (data if isinstance(data, bytes) else data.encode())
    atomic_write(path, b"second")
    assert path.read_bytes() == b"second"
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("replace", [True, False])
@pytest.mark.parametrize("code", ERRORS)
def test_any_failing_call_leaves_old_or_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, exists: bool, replace: bool
) -> None:
    struck = []
    for nth in range(1, 60):
        folder = tmp_path / str(nth)
        path = folder / "poem.md"
        if exists:
            atomic_write(path, b"old")
        failed = False
        with failing(monkeypatch, nth, code) as faults:
            try:
                atomic_write(path, b"new", replace=replace)
            except StorageError as error:
                failed = True
                assert error.user_message.endswith(".") and error.hint
        now = path.read_bytes() if path.exists() else None
        assert now in ((b"old", b"new") if exists else (None, b"new"))
        assert now != b"new" or replace or not exists
        assert failed or faults.struck in ("", "link", "unlink") or now == b"new"
        assert leftovers(folder) == [] if folder.exists() else True
        if not faults.struck:
            break
        struck.append(faults.struck)
    assert {"open", "fsync", "mkdir"} <= set(struck)


@pytest.mark.parametrize("code", ERRORS)
def test_a_write_that_fails_inside_the_block_leaves_the_old_file(tmp_path: Path, code: int) -> None:
    path = tmp_path / "poem.md"
    atomic_write(path, b"old")
    with pytest.raises(StorageError), atomic_file(path) as file:
        file.write(b"half of the n")
        raise OSError(code, os.strerror(code))
    assert path.read_bytes() == b"old" and leftovers(tmp_path) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, GeneratorExit])
def test_any_other_end_of_the_block_leaves_the_old_file(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "poem.md"
    atomic_write(path, b"old")
    with pytest.raises(error), atomic_file(path) as file:
        file.write(b"new")
        raise error
    assert path.read_bytes() == b"old" and leftovers(tmp_path) == []


def test_a_file_that_must_not_be_replaced_stays(tmp_path: Path) -> None:
    path = tmp_path / "poem.md"
    atomic_write(path, b"old", replace=False)
    with pytest.raises(StorageError) as caught:
        atomic_write(path, b"new", replace=False)
    assert isinstance(caught.value.__cause__, FileExistsError)
    assert path.read_bytes() == b"old" and leftovers(tmp_path) == []


@posix
def test_permissions_of_the_replaced_file_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "poem.md"
    atomic_write(path, b"old")
    path.chmod(0o640)
    atomic_write(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@posix
def test_a_secret_is_never_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "key"
    atomic_write(path, b"old")
    path.chmod(0o644)
    with atomic_file(path, mode=0o600) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == 0o600
        file.write(b"secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix
def test_a_link_keeps_pointing_at_the_file(tmp_path: Path) -> None:
    target, link = tmp_path / "a" / "target", tmp_path / "link"
    atomic_write(target, b"old")
    link.symlink_to(target)
    atomic_write(link, b"new")
    assert link.is_symlink() and target.read_bytes() == b"new"


@pytest.mark.parametrize("name", ["x" * 255, "灯" * 85, "🗼" * 63 + "abc", "sp ace", ".hidden"])
def test_long_and_odd_names_can_be_written(tmp_path: Path, name: str) -> None:
    atomic_write(tmp_path / name, b"x")
    assert (tmp_path / name).read_bytes() == b"x" and leftovers(tmp_path) == []


@pytest.mark.parametrize("name", ["x" * 256, "a\x00b"])
def test_impossible_names_are_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageError) as caught:
        atomic_write(tmp_path / name, b"x")
    assert caught.value.user_message


def test_a_folder_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "there" / "inside").mkdir(parents=True)
    with pytest.raises(StorageError):
        atomic_write(tmp_path / "there", b"x")
    assert leftovers(tmp_path) == []


def test_a_file_where_a_folder_should_be_is_said(tmp_path: Path) -> None:
    atomic_write(tmp_path / "file", b"x")
    with pytest.raises(StorageError):
        atomic_write(tmp_path / "file" / "below", b"x")


WRITER = """
import sys
from pathlib import Path
from studio.core.atomic_write import atomic_write
path = Path(sys.argv[1])
for number in range(100000):
    atomic_write(path, (f"{number:06d}" * 20000).encode())
    print(number, flush=True)
"""


@posix
def test_a_killed_writer_leaves_a_whole_file_and_what_it_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for round_ in range(8):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            told = [writer.stdout.readline() for _ in range(3 + 5 * round_)]
            writer.send_signal(signal.SIGKILL)
            told += writer.stdout.readlines()
        whole = path.read_bytes()
        number = whole[:6]
        assert whole == number * 20000
        acknowledged = [line for line in told if line.endswith("\n")]
        assert int(number) >= int(acknowledged[-1])
