"""Plugins in folders: what they say about themselves, which bytes they are, and loading them.

A plugin is a folder with a ``plugin.toml``. Reading that file runs nothing; the code runs only
after the user agreed to exactly these bytes (the tree hash). Modules are compiled from the
hashed sources, never from ``__pycache__``, under a private package name, so that two plugins
with a ``backend.py`` each do not meet. See packaging/docs/decisions/0012-plugins.md.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.machinery
import importlib.util
import re
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from studio.core.errors import BackendError, BadInputError, storage_errors
from studio.engine.api import API_VERSION, Backend, Manifest
from studio.engine.border import NeedsMemory, calling

MANIFEST_NAME = "plugin.toml"
#: Folders of programs that write beside the sources; nothing in them is ever loaded.
_IGNORED = frozenset({"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".git"})
_MOST_FILES = 10_000
_MOST_BYTES = 1_000_000_000
_MOST_MANIFEST_BYTES = 100_000
_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PRIVATE = "_triptych_plugins"

PluginState = Literal["on", "off", "changed", "failed", "crashed", "unusable"]


@dataclass(frozen=True, kw_only=True)
class PluginManifest:
    """What a plugin says about itself in ``plugin.toml``.

    Attributes:
        id: Stable name: lower-case letters, digits and single hyphens.
        title: What people call it.
        version: Its own version.
        description: One sentence.
        licence: SPDX identifier of its code.
        api_version: The ``API_VERSION`` it was written for.
        entry: "module:Class" of its backend, relative to its folder.
    """

    id: str
    title: str
    version: str
    description: str
    licence: str
    api_version: int
    entry: str


@dataclass(frozen=True, kw_only=True)
class PluginInfo:
    """One plugin as the settings list it.

    Attributes:
        id: Its id, or its folder's name when ``plugin.toml`` cannot be read.
        title: What people call it.
        version: Its own version.
        description: One sentence.
        licence: SPDX identifier of its code.
        folder: Where it is; ``None`` for one installed as a package.
        enabled: It is loaded and its backend is in use.
        hash: SHA-256 over its files now; what the user agrees to by turning it on.
        state: "on"; "off" (never turned on, or safe mode); "changed" (its files are not the ones
            agreed to); "failed" (turned on, and could not be loaded); "crashed" (turned off after
            failing three times); "unusable" (``plugin.toml``, another API version, a name clash).
        error: Why it is not on, in words; "" when nothing is wrong.
        details: More for "copy details".
    """

    id: str
    title: str
    version: str = ""
    description: str = ""
    licence: str = ""
    folder: Path | None = None
    enabled: bool = False
    hash: str = ""
    state: PluginState = "off"
    error: str = ""
    details: str = ""


def read_manifest(folder: Path) -> PluginManifest:
    """Read ``plugin.toml``; runs nothing of the plugin.

    Raises:
        BadInputError: It is no plugin manifest; the sentence says what is wrong.
        StorageError: The system does not let us read it.
    """
    import tomllib

    path = folder / MANIFEST_NAME
    with storage_errors(path, "reading a plugin"):
        data = path.read_bytes()
    if len(data) > _MOST_MANIFEST_BYTES:
        raise BadInputError(f"{MANIFEST_NAME} is too large.", path=str(path))
    try:
        values = tomllib.loads(data.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInputError(f"{MANIFEST_NAME} cannot be read: {error}.", path=str(path)) from error
    kinds = PluginManifest.__annotations__
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        value = values.get(name)
        wanted: type = int if kind == "int" else str
        if not isinstance(value, wanted) or isinstance(value, bool) or value == "":
            raise BadInputError(
                f"{MANIFEST_NAME} needs “{name}” as a {'number' if wanted is int else 'text'}.",
                path=str(path),
            )
        found[name] = value
    manifest = PluginManifest(**found)
    _check(manifest, path)
    return manifest


def _check(manifest: PluginManifest, path: Path) -> None:
    if not _ID.fullmatch(manifest.id) or len(manifest.id) > 64:
        raise BadInputError(
            "A plugin's id is made of lower-case letters, digits and hyphens.", path=str(path)
        )
    module, _, name = manifest.entry.partition(":")
    parts = [*module.split("."), name]
    if not all(part.isidentifier() for part in parts):
        raise BadInputError(
            f"The entry “{manifest.entry[:80]}” is not of the form module:Class.", path=str(path)
        )


def tree_hash(folder: Path) -> str:
    """Return the SHA-256 over names and contents of every file of a plugin.

    Raises:
        BadInputError: A link, or something too large to be a plugin.
        StorageError: The system does not let us read it.
    """
    whole = hashlib.sha256()
    total = 0
    with storage_errors(folder, "reading a plugin"):
        for number, path in enumerate(_files(folder)):
            total += path.stat().st_size
            if number >= _MOST_FILES or total > _MOST_BYTES:
                raise BadInputError("The folder is too large for a plugin.", path=str(folder))
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            name = path.relative_to(folder).as_posix()
            whole.update(f"{len(name.encode())}:{name}:{content}\n".encode())
    return whole.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir(), key=lambda item: item.name):
        if path.is_symlink():
            raise BadInputError(
                f"“{path.name}” is a link; a plugin is made of plain files.", path=str(path)
            )
        if path.is_dir():
            if path.name not in _IGNORED:
                yield from _files(path)
        elif path.is_file():
            yield path
        else:
            raise BadInputError(f"“{path.name}” is not a plain file.", path=str(path))


def load_plugin(folder: Path, manifest: PluginManifest, digest: str) -> Backend:
    """Run a plugin's module and make its backend.

    Raises:
        BackendError: It raised (whatever it raised), or is no backend.
    """
    if manifest.api_version != API_VERSION:
        raise BackendError(wrong_version(manifest.title, manifest.api_version))
    package = f"{_PRIVATE}.{manifest.id.replace('-', '_')}_{digest[:12]}"
    module_name, _, class_name = manifest.entry.partition(":")
    _make_package(package, folder)
    try:
        with calling(manifest.title, "starting"):
            module = importlib.import_module(f"{package}.{module_name}")
            return make_backend(getattr(module, class_name, None), manifest.title)
    except NeedsMemory as error:
        raise BackendError(f"“{manifest.title}” ran out of memory while starting.") from error
    except BaseException:
        forget_plugin(package)
        raise


def make_backend(kind: object, title: str) -> Backend:
    """Make a backend of a class and check what it says about itself.

    Raises:
        BackendError: It is no backend, or for another version of the API.
    """
    if not (isinstance(kind, type) and issubclass(kind, Backend)):
        raise BackendError(f"“{title}” has no backend class where it says.")
    backend = kind()
    manifest = getattr(backend, "manifest", None)
    if not isinstance(manifest, Manifest):
        raise BackendError(f"“{title}” has no manifest.")
    if manifest.api_version != API_VERSION:
        raise BackendError(wrong_version(manifest.title, manifest.api_version))
    return backend


def wrong_version(title: str, version: int) -> str:
    """Return the sentence for a plugin of another API version."""
    return (
        f"“{title}” was made for version {version} of the plugin interface, and this Triptych "
        f"has version {API_VERSION}."
    )


def forget_plugin(package: str) -> None:
    """Take a plugin's modules out of the interpreter's list."""
    for name in [n for n in sys.modules if n == package or n.startswith(f"{package}.")]:
        del sys.modules[name]


class _FromSource(importlib.machinery.SourceFileLoader):
    """Compiles the source each time: a cached file beside it is not what was hashed."""

    def get_code(self, fullname: str) -> types.CodeType:
        path = self.get_filename(fullname)
        code: types.CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _PluginFinder:
    """Finds modules of plugin packages, and nothing else."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Any = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        """See ``importlib.abc.MetaPathFinder``."""
        if not fullname.startswith(f"{_PRIVATE}.") or path is None:
            return None
        for place in path:
            base = Path(place) / fullname.rpartition(".")[2]
            for file, is_package in (
                (base / "__init__.py", True),
                (base.with_suffix(".py"), False),
            ):
                if file.is_file():
                    return importlib.util.spec_from_file_location(
                        fullname,
                        file,
                        loader=_FromSource(fullname, str(file)),
                        submodule_search_locations=[str(base)] if is_package else None,
                    )
        return None


def _make_package(package: str, folder: Path) -> None:
    if not any(finder is _PluginFinder for finder in sys.meta_path):
        sys.meta_path.insert(0, _PluginFinder)
    if _PRIVATE not in sys.modules:
        root = types.ModuleType(_PRIVATE)
        root.__path__ = []
        sys.modules[_PRIVATE] = root
    forget_plugin(package)
    home = types.ModuleType(package)
    home.__path__ = [str(folder)]
    home.__package__ = package
    sys.modules[package] = home


__all__ = [
    "MANIFEST_NAME",
    "PluginInfo",
    "PluginManifest",
    "forget_plugin",
    "load_plugin",
    "make_backend",
    "read_manifest",
    "tree_hash",
    "wrong_version",
]
