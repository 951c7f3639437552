"""Which backends there are: installed packages and plugin folders, found without surprises.

Installed packages declare theirs in the entry-point group ``studio.backends``; Triptych's own do
the same. Folders hold plugins that are off until the user turns them on. Whatever goes wrong
with one is listed with its words, and the rest goes on. Probing runs on an engine thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.errors import BackendError, StudioError
from studio.engine.api import API_VERSION, Backend
from studio.engine.border import NeedsMemory, calling
from studio.engine.crashes import LIMIT, CrashRecord
from studio.engine.plugins import (
    MANIFEST_NAME,
    PluginInfo,
    PluginManifest,
    load_plugin,
    make_backend,
    read_manifest,
    tree_hash,
    wrong_version,
)

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_log = logging.getLogger(__name__)

GROUP = "studio.backends"
#: The distribution whose backends are Triptych's own and stay on in safe mode.
OWN_DISTRIBUTION = "triptych"


class Registry:
    """Every backend and plugin.

    Args:
        folders: Folders that hold plugin folders; missing ones are empty ones.
        enabled: Plugin id to the tree hash the user agreed to.
        safe_mode: Load nothing but Triptych's own backends.
        crash_file: Where crashes of plugins are counted; ``None`` keeps them in memory.
        entry_points: Whether installed packages are looked at; tests say no.
    """

    def __init__(
        self,
        *,
        folders: Sequence[Path] = (),
        enabled: Mapping[str, str] | None = None,
        safe_mode: bool = False,
        crash_file: Path | None = None,
        entry_points: bool = True,
    ) -> None:
        self._folders = tuple(folders)
        self._enabled = dict(enabled or {})
        self._safe_mode = safe_mode
        self._entry_points = entry_points
        self._crashes = CrashRecord(crash_file)
        self._lock = threading.Lock()
        self._given: tuple[Backend, ...] = ()
        self._packaged: dict[str, Backend] = {}
        self._packages: list[PluginInfo] = []
        self._from_folders: dict[str, tuple[Backend, PluginInfo]] = {}
        self._plugins: tuple[PluginInfo, ...] = ()
        self._problems: list[str] = []

    @classmethod
    def of(cls, *backends: Backend) -> Registry:
        """Return a registry with exactly these backends, for tests and tools."""
        registry = cls(entry_points=False)
        registry._given = backends
        registry._packaged = {each.manifest.id: each for each in backends}
        return registry

    # Looking

    def backends(self) -> tuple[Backend, ...]:
        """Return the backends in use, Triptych's own first."""
        with self._lock:
            folders = [backend for backend, _ in self._from_folders.values()]
            return (*self._packaged.values(), *folders)

    def plugins(self) -> tuple[PluginInfo, ...]:
        """Return every plugin that was found, those that are off or broken included."""
        with self._lock:
            return (*self._packages, *self._plugins)

    def problems(self) -> tuple[str, ...]:
        """Return what the user should know: plugins that failed, changed or crashed."""
        with self._lock:
            told = [p.error for p in self._plugins if p.error and p.state != "off"]
            return (*self._problems, *told)

    # Finding

    def probe(self) -> None:
        """Find everything: :meth:`probe_packages`, then :meth:`probe_folders`."""
        self.probe_packages()
        self.probe_folders()

    def probe_packages(self) -> None:
        """Find the backends of installed packages."""
        if not self._entry_points:
            return
        import importlib.metadata

        found: dict[str, Backend] = {}
        packages: list[PluginInfo] = []
        problems: list[str] = []
        points = sorted(
            importlib.metadata.entry_points(group=GROUP),
            key=lambda point: (not _is_own(point), point.name),
        )
        for point in points:
            if self._safe_mode and not _is_own(point):
                packages.append(_package_info(point, error="Safe mode is on."))
                continue
            try:
                backend = _load_entry_point(point)
            except StudioError as error:
                _log.warning("entry point %s: %s", point.name, error)
                packages.append(_package_info(point, state="failed", error=error.user_message))
                problems.append(error.user_message)
                continue
            if backend.manifest.id in found:
                problems.append(_clash(backend.manifest.title, backend.manifest.id))
                continue
            found[backend.manifest.id] = backend
            if not _is_own(point):
                packages.append(_package_info(point, backend=backend))
        with self._lock:
            self._packaged, self._packages, self._problems = found, packages, problems

    def probe_folders(self) -> None:
        """Look at the plugin folders again and load what is turned on and new."""
        infos: list[PluginInfo] = []
        loaded: dict[str, tuple[Backend, PluginInfo]] = {}
        for folder in self._plugin_folders():
            info, backend = self._look_at(folder, {each.id: each for each in infos}, loaded)
            infos.append(info)
            if backend is not None:
                loaded[info.id] = (backend, info)
            with self._lock:
                # At once, so that a plugin that hangs keeps back only those after it.
                self._plugins = tuple(infos)
                self._from_folders = dict(loaded)

    def set_enabled(self, enabled: Mapping[str, str]) -> None:
        """Take what the user agrees to now; :meth:`probe_folders` then follows it.

        A plugin that is turned on now begins with a clean record.
        """
        with self._lock:
            before, self._enabled = self._enabled, dict(enabled)
            crashed = {p.id for p in self._plugins if p.state == "crashed"}
        for plugin_id, digest in enabled.items():
            if before.get(plugin_id) != digest:
                self._crashes.forget(plugin_id)
        for plugin_id in crashed - set(enabled):
            self._crashes.forget(plugin_id)

    # Crashes

    @contextmanager
    def watching(self, backend_id: str) -> Iterator[None]:
        """Mark, while the block runs, that a plugin's code runs; nothing for Triptych's own."""
        info = self._folder_plugin(backend_id)
        if info is None:
            yield
            return
        with self._crashes.watching(info.id, info.hash):
            yield

    def succeeded(self, backend_id: str) -> None:
        """Note that a job of this backend went well."""
        info = self._folder_plugin(backend_id)
        if info is not None:
            self._crashes.succeeded(info.id, info.hash)

    def failed(self, backend_id: str) -> bool:
        """Count a crash of this backend; return whether it was turned off by that."""
        info = self._folder_plugin(backend_id)
        if info is None:
            return False
        if not self._crashes.failed(info.id, info.hash):
            return False
        off = _crashed(info)
        with self._lock:
            self._from_folders.pop(info.id, None)
            self._plugins = tuple(off if p.folder == info.folder else p for p in self._plugins)
        return True

    def _folder_plugin(self, backend_id: str) -> PluginInfo | None:
        with self._lock:
            for backend, info in self._from_folders.values():
                if backend.manifest.id == backend_id:
                    return info
        return None

    # One folder

    def _plugin_folders(self) -> Iterable[Path]:
        for parent in self._folders:
            try:
                children = sorted(parent.iterdir()) if parent.is_dir() else []
            except OSError as error:
                _log.warning("plugins in %s cannot be listed: %s", parent, error)
                continue
            yield from (child for child in children if (child / MANIFEST_NAME).is_file())

    def _look_at(
        self,
        folder: Path,
        seen: Mapping[str, PluginInfo],
        loaded: Mapping[str, tuple[Backend, PluginInfo]],
    ) -> tuple[PluginInfo, Backend | None]:
        try:
            manifest = read_manifest(folder)
            digest = tree_hash(folder)
        except StudioError as error:
            info = PluginInfo(
                id=folder.name,
                title=folder.name,
                folder=folder,
                state="unusable",
                error=f"The plugin in “{folder.name}” cannot be used: {error.user_message}",
                details=str(error.facts),
            )
            return info, None
        info = _info(folder, manifest, digest)
        if manifest.id in seen:
            return replace(info, state="unusable", error=_clash(info.title, info.id)), None
        if manifest.api_version != API_VERSION:
            error_text = wrong_version(info.title, manifest.api_version)
            return replace(info, state="unusable", error=error_text), None
        return self._maybe_load(info, manifest, loaded)

    def _maybe_load(
        self,
        info: PluginInfo,
        manifest: PluginManifest,
        loaded: Mapping[str, tuple[Backend, PluginInfo]],
    ) -> tuple[PluginInfo, Backend | None]:
        assert info.folder is not None
        agreed = self._enabled.get(info.id)
        if agreed is None:
            return info, None
        if self._safe_mode:
            return replace(info, error="Safe mode is on."), None
        if agreed != info.hash:
            text = f"“{info.title}” was changed since you turned it on; look at it and agree again."
            return replace(info, state="changed", error=text), None
        if self._crashes.is_off(info.id, info.hash):
            return _crashed(info), None
        backend = self._already_loaded(info)
        try:
            if backend is None:
                with self._crashes.watching(info.id, info.hash):
                    backend = load_plugin(info.folder, manifest, info.hash)
            taken = {each.manifest.id for each, _ in loaded.values()} | set(self._packaged)
            if backend.manifest.id in taken:
                raise BackendError(_clash(info.title, backend.manifest.id))
        except StudioError as error:
            _log.warning("plugin %s: %s", info.id, error)
            if error.facts.get("crash") and self._crashes.failed(info.id, info.hash):
                return _crashed(info), None
            reason = str(error.facts.get("reason", ""))
            text = f"{error.user_message} {reason}".strip()
            return replace(info, state="failed", error=text, details=reason), None
        return replace(info, state="on", enabled=True), backend

    def _already_loaded(self, info: PluginInfo) -> Backend | None:
        with self._lock:
            kept = self._from_folders.get(info.id)
        return kept[0] if kept is not None and kept[1].hash == info.hash else None


def _load_entry_point(point: EntryPoint) -> Backend:
    title = point.name
    try:
        with calling(title, "starting"):
            return make_backend(point.load(), title)
    except NeedsMemory as error:
        raise BackendError(f"“{title}” ran out of memory while starting.") from error


def _is_own(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == OWN_DISTRIBUTION


def _package_info(
    point: EntryPoint,
    *,
    backend: Backend | None = None,
    state: str = "off",
    error: str = "",
) -> PluginInfo:
    return PluginInfo(
        id=backend.manifest.id if backend else point.name,
        title=backend.manifest.title if backend else point.name,
        version=point.dist.version if point.dist is not None else "",
        description=backend.manifest.description if backend else "",
        licence=backend.manifest.licence if backend else "",
        enabled=backend is not None,
        state="on" if backend else "failed" if state == "failed" else "off",
        error=error,
    )


def _info(folder: Path, manifest: PluginManifest, digest: str) -> PluginInfo:
    return PluginInfo(
        id=manifest.id,
        title=manifest.title,
        version=manifest.version,
        description=manifest.description,
        licence=manifest.licence,
        folder=folder,
        hash=digest,
    )


def _crashed(info: PluginInfo) -> PluginInfo:
    return replace(
        info,
        state="crashed",
        enabled=False,
        error=f"“{info.title}” failed {LIMIT} times and is off until you turn it on again.",
    )


def _clash(title: str, name: str) -> str:
    return f"“{title}” is not used: another backend or plugin is called “{name}” already."
