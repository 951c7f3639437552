"""What kind of place a project lies in: a network drive, a read-only folder, a full disk.

Said when a project is opened, before anything can be lost there.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

LOW_SPACE_BYTES = 200 * 1024 * 1024

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afpfs", "webdav", "davfs", "ncpfs"}
    | {"9p", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs", "sshfs", "fuse.sshfs"}
    | {"fuse.rclone", "fuse.davfs2", "fuse.gvfsd-fuse", "fuse.s3fs", "fuse.gcsfuse"}
    | {"fuse.smbnetfs", "fuse.glusterfs", "fuse.ceph"}
)


def is_network(path: Path, *, mounts: str | None = None) -> bool:
    """Return whether ``path`` lies on a network drive, as far as the system tells.

    Args:
        path: A file or folder; need not exist.
        mounts: Text in the form of ``/proc/self/mounts`` to decide from; for tests.
    """
    if sys.platform == "win32":
        return _is_network_on_windows(path)
    place = os.path.realpath(path)
    return _type_of(place, mounts) in _NETWORK


def warnings_about(path: Path) -> tuple[str, ...]:
    """Return a sentence for each thing about a project's place the user should know."""
    found: list[str] = []
    if is_network(path):
        found.append(
            f"{path.name} lies on a network drive: it is safe only while no other computer has it "
            "open, and writing is slower. A folder on this computer is the better place."
        )
    free = free_bytes(path)
    if free is not None and free < LOW_SPACE_BYTES:
        found.append(
            f"Only {free / 1e6:.0f} MB are free where {path.name} lies. "
            "Free some space before you go on."
        )
    return tuple(found)


def free_bytes(path: Path) -> int | None:
    """Return the room left on the drive of ``path``; ``None`` where the system does not say."""
    folder = path if path.is_dir() else path.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _type_of(place: str, mounts: str | None) -> str:
    best, kind = "", ""
    for point, found in _mounts(mounts):
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, found
    return kind


def _mounts(text: str | None) -> list[tuple[str, str]]:
    if text is None and sys.platform == "linux":
        try:
            text = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape")
        except OSError:
            text = ""
    if text is None:
        import psutil  # type: ignore[import-untyped,unused-ignore]

        return [(part.mountpoint, part.fstype) for part in psutil.disk_partitions(all=True)]
    rows = [line.split(" ") for line in text.splitlines()]
    return [(_unescaped(row[1]), row[2]) for row in rows if len(row) > 2]


def _unescaped(point: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        point = point.replace(code, character)
    return point


def _is_network_on_windows(path: Path) -> bool:
    place = os.path.realpath(path)
    if place.startswith("\\\\"):
        return True
    import ctypes

    drive_remote = 4
    kind = ctypes.windll.kernel32.GetDriveTypeW(  # type: ignore[attr-defined,unused-ignore]
        Path(place).anchor
    )
    return bool(kind == drive_remote)
