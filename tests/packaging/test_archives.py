from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from studio.models.catalog import Join, PackagedFile
from studio.setup.archives import is_joined, is_taken_out, join_parts, take_out_all
from studio.setup.failures import WrongHashError

VOICE = b"voice" * 1000
OTHER = b"other" * 1000


def packaged(member: str, path: str, content: bytes) -> PackagedFile:
    digest = hashlib.sha256(content).hexdigest()
    return PackagedFile(member=member, path=path, role="weights", sha256=digest, bytes=len(content))


def tarball(path: Path, **members: bytes) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tarball(
        tmp_path / "voices-1.0.tgz",
        package__evil=b"rm -rf",
        package__b=OTHER,
        package__a=VOICE,
    )


def test_named_files_come_out_of_a_tarball_and_nothing_else(archive: Path, tmp_path: Path) -> None:
    files = [packaged("package/a", "voices/a.bin", VOICE), packaged("package/b", "b.bin", OTHER)]
    folder = tmp_path / "out"
    take_out_all(archive, files, folder)
    assert {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()} == {
        "voices/a.bin",
        "b.bin",
    }
    assert all(is_taken_out(folder / file.path, file) for file in files)


@pytest.mark.parametrize("what", ["another", "missing", "cut", "no archive"])
def test_what_is_not_as_pinned_is_refused(archive: Path, tmp_path: Path, what: str) -> None:
    file = packaged("package/a", "a.bin", VOICE)
    if what == "another":
        tarball(archive, package__a=OTHER)
    elif what == "missing":
        tarball(archive, package__b=OTHER)
    elif what == "cut":
        archive.write_bytes(archive.read_bytes()[:-60])
    else:
        archive.write_bytes(b"<html>not here</html>")
    with pytest.raises(WrongHashError):
        take_out_all(archive, [file], tmp_path / "out")
    assert not (tmp_path / "out" / "a.bin").exists()


def test_a_link_in_a_tarball_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "voices.tgz"
    with tarfile.open(path, "w:gz") as archive:
        info = tarfile.TarInfo("package/a")
        info.type = tarfile.SYMTYPE
        info.linkname = "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(WrongHashError):
        take_out_all(path, [packaged("package/a", "a.bin", VOICE)], tmp_path / "out")


@pytest.fixture
def join(tmp_path: Path) -> Join:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "1").write_bytes(VOICE)
    (tmp_path / "parts" / "2").write_bytes(OTHER)
    whole = VOICE + OTHER
    return Join(
        path="model.bin",
        parts=("parts/1", "parts/2"),
        sha256=hashlib.sha256(whole).hexdigest(),
        bytes=len(whole),
    )


def test_parts_become_one_file(join: Join, tmp_path: Path) -> None:
    assert not is_joined(join, tmp_path)
    join_parts(join, tmp_path)
    assert (tmp_path / "model.bin").read_bytes() == VOICE + OTHER
    assert {path.name for path in tmp_path.iterdir()} == {"model.bin"}
    assert is_joined(join, tmp_path)
    join_parts(join, tmp_path)  # again, as after a kill, changes nothing
    assert is_joined(join, tmp_path)


def test_a_kill_between_joining_and_deleting_the_parts_does_no_harm(
    join: Join, tmp_path: Path
) -> None:
    (tmp_path / "model.bin").write_bytes(VOICE + OTHER)
    join_parts(join, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"model.bin"}


def test_parts_that_make_another_file_are_refused(join: Join, tmp_path: Path) -> None:
    (tmp_path / "parts" / "2").write_bytes(VOICE)
    with pytest.raises(WrongHashError, match=r"model\.bin"):
        join_parts(join, tmp_path)
    assert list(tmp_path.iterdir()) == []
