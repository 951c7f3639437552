"""Plugins in folders: off until agreed to, hashed, loaded apart, counted when they crash."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core.errors import BackendError, BadInputError, StudioError
from studio.core.events import Failed, Finished
from studio.core.requests import Capability, TextRequest
from studio.engine.crashes import LIMIT, CrashRecord
from studio.engine.plugins import PluginInfo, load_plugin, read_manifest, tree_hash
from studio.engine.registry import Registry
from tests.engine.conftest import MakeEngine

MANIFEST = """
id = "{id}"
title = "{title}"
version = "1.0"
description = "For tests."
licence = "Apache-2.0"
api_version = {api_version}
entry = "{entry}"
"""

BACKEND = """
from dataclasses import dataclass
from studio.engine.api import *

NAME = "{id}"

class Echo(LoadedModel):
    memory_bytes = 1
    def generate(self, request, ctx):
        {body}
        ctx.text(NAME)
        return TextArtifact(request=request, model=NAME, backend=NAME, text=NAME)
    def unload(self):
        self.memory_bytes = 0

class Plugin(Backend):
    manifest = Manifest(id="{id}", title="{title}", description="For tests.",
                        licence="Apache-2.0", capabilities=(Capability.TEXT_GENERATE,))
    def models(self):
        return (ModelInfo(id=NAME, title=NAME, format=NAME, backend=NAME),)
    def supports(self, model):
        return self.manifest.capabilities if model.format == NAME else ()
    def estimate_bytes(self, model, device):
        return 1
    def load(self, model, device, ctx):
        return Echo()
"""


@pytest.fixture(autouse=True)
def no_modules_left() -> Iterator[None]:
    yield
    for name in [n for n in sys.modules if n.startswith("_triptych_plugins.")]:
        del sys.modules[name]


def make_plugin(
    parent: Path,
    name: str,
    *,
    code: str | None = None,
    body: str = "pass",
    folder: str = "",
    api_version: int = 1,
    entry: str = "backend:Plugin",
) -> Path:
    """Write a plugin and return its folder."""
    home = parent / (folder or name)
    home.mkdir(parents=True)
    values = {"id": name, "title": name.capitalize(), "api_version": api_version, "entry": entry}
    (home / "plugin.toml").write_text(MANIFEST.format(**values), "utf-8")
    source = BACKEND.format(id=name, title=name.capitalize(), body=body) if code is None else code
    (home / "backend.py").write_text(textwrap.dedent(source), "utf-8")
    return home


def agreed(*folders: Path) -> dict[str, str]:
    return {read_manifest(folder).id: tree_hash(folder) for folder in folders}


def probed(parent: Path, enabled: dict[str, str], **options: object) -> Registry:
    registry = Registry(
        folders=(parent,),
        enabled=enabled,
        entry_points=False,
        **options,  # type: ignore[arg-type]
    )
    registry.probe()
    return registry


def only(registry: Registry) -> PluginInfo:
    (plugin,) = registry.plugins()
    return plugin


def ids(registry: Registry) -> list[str]:
    return [backend.manifest.id for backend in registry.backends()]


def ask(name: str, seed: int = 1) -> TextRequest:
    return TextRequest(capability=Capability.TEXT_GENERATE, seed=seed, prompt="x", model=name)


# Turning on


def test_a_plugin_is_off_until_the_user_agrees(tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    folder = make_plugin(tmp_path, "one", code=f"open({str(marker)!r}, 'w').close()")
    registry = probed(tmp_path, {})
    plugin = only(registry)
    assert (plugin.id, plugin.state, plugin.enabled) == ("one", "off", False)
    assert plugin.hash == tree_hash(folder)
    assert registry.backends() == ()
    assert registry.problems() == ()
    assert not marker.exists(), "nothing of a plugin runs before that"


def test_a_plugin_that_is_on_answers(tmp_path: Path, make_engine: MakeEngine) -> None:
    folder = make_plugin(tmp_path, "one")
    registry = Registry(folders=(tmp_path,), enabled=agreed(folder), entry_points=False)
    listener = make_engine(registry=registry)
    event = listener.run(ask("one"))
    assert isinstance(event, Finished)
    assert event.artifact.backend == "one"
    assert only(registry).state == "on"


def test_a_changed_plugin_asks_again(tmp_path: Path) -> None:
    folder = make_plugin(tmp_path, "one")
    enabled = agreed(folder)
    (folder / "data.txt").write_text("new")
    registry = probed(tmp_path, enabled)
    plugin = only(registry)
    assert (plugin.state, plugin.enabled) == ("changed", False)
    assert registry.backends() == ()
    assert "changed" in registry.problems()[0]
    registry.set_enabled(agreed(folder))
    registry.probe_folders()
    assert ids(registry) == ["one"]
    assert registry.problems() == ()


def test_plugins_can_be_turned_on_and_off_while_running(
    tmp_path: Path, make_engine: MakeEngine
) -> None:
    folder = make_plugin(tmp_path, "one")
    registry = Registry(folders=(tmp_path,), entry_points=False)
    listener = make_engine(registry=registry)
    engine = listener.engine
    listener.until(lambda: engine.plugins())
    engine.set_plugins(agreed(folder))
    listener.until(lambda: [each.info.id for each in engine.models()] == ["one"])
    assert isinstance(listener.run(ask("one")), Finished)
    engine.set_plugins({})
    listener.until(lambda: engine.models() == ())


def test_safe_mode_loads_none(tmp_path: Path) -> None:
    folder = make_plugin(tmp_path, "one")
    registry = probed(tmp_path, agreed(folder), safe_mode=True)
    assert registry.backends() == ()
    assert "Safe mode" in only(registry).error


def test_safe_mode_keeps_the_own_backends() -> None:
    registry = Registry(safe_mode=True)
    registry.probe()
    assert "transformers-text" in ids(registry)


# What goes wrong is listed, and the rest goes on


@pytest.mark.parametrize(
    "code",
    [
        "raise RuntimeError('broken at import')",
        "import no_such_module_anywhere",
        "import sys; sys.exit(3)",
        "raise KeyboardInterrupt",
        "raise MemoryError",
        "this is not python",
        "x = 1",
        "Plugin = 3",
        "class Plugin: pass",
        "from studio.engine.api import *\nclass Plugin(Backend): pass",
        "def f(): f()\nf()",
    ],
)
def test_one_that_cannot_start_is_listed_and_the_others_work(tmp_path: Path, code: str) -> None:
    bad, good = make_plugin(tmp_path, "bad", code=code), make_plugin(tmp_path, "good")
    registry = probed(tmp_path, agreed(bad, good))
    states = {plugin.id: plugin.state for plugin in registry.plugins()}
    assert states == {"bad": "failed", "good": "on"}
    assert ids(registry) == ["good"]
    (problem,) = registry.problems()
    assert "Bad" in problem or "bad" in problem
    assert not any(name.endswith("bad.backend") for name in sys.modules)


@pytest.mark.parametrize("version", [0, 2, 99])
def test_another_api_version_is_listed_not_loaded(tmp_path: Path, version: int) -> None:
    folder = make_plugin(tmp_path, "one", api_version=version, code="raise SystemExit")
    registry = probed(tmp_path, agreed(folder))
    assert only(registry).state == "unusable"
    assert str(version) in only(registry).error


def test_two_of_one_name_are_listed_and_the_first_is_used(tmp_path: Path) -> None:
    first = make_plugin(tmp_path, "one", folder="a")
    make_plugin(tmp_path, "one", folder="b")
    registry = probed(tmp_path, agreed(first))
    assert [plugin.state for plugin in registry.plugins()] == ["on", "unusable"]
    assert "already" in registry.plugins()[1].error


def test_a_backend_named_like_another_is_not_used(tmp_path: Path) -> None:
    code = BACKEND.format(id="one", title="One", body="pass")
    first, second = make_plugin(tmp_path, "one"), make_plugin(tmp_path, "two", code=code)
    registry = probed(tmp_path, agreed(first, second))
    assert ids(registry) == ["one"]
    assert [plugin.state for plugin in registry.plugins()] == ["on", "failed"]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("id = 3", "id"),
        ('id = "../../etc"', "id"),
        ('id = "Upper"', "id"),
        ('title = ""', "title"),
        ("api_version = true", "api_version"),
        ('api_version = "1"', "api_version"),
        ('entry = "os:system(1)"', "entry"),
        ('entry = "../x:Y"', "entry"),
        ('entry = "backend"', "entry"),
        ("= broken", "plugin.toml"),
    ],
)
def test_a_bad_manifest_is_told(tmp_path: Path, line: str, word: str) -> None:
    folder = make_plugin(tmp_path, "one")
    name = line.split(" ")[0]
    kept = [
        each
        for each in (folder / "plugin.toml").read_text("utf-8").splitlines()
        if not each.startswith(f"{name} ")
    ]
    (folder / "plugin.toml").write_text("\n".join([*kept, line]), "utf-8")
    with pytest.raises(BadInputError, match=word):
        read_manifest(folder)
    plugin = only(probed(tmp_path, {"one": "x"}))
    assert (plugin.id, plugin.state) == ("one", "unusable")


@given(data=st.binary(max_size=300))
def test_any_bytes_as_a_manifest_are_told(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "plugin.toml").write_bytes(data)
    with pytest.raises(StudioError):
        read_manifest(folder)


def test_the_module_entry_stays_inside_the_folder(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("raise SystemExit('outside ran')")
    folder = make_plugin(tmp_path, "one", entry="outside:Plugin")
    registry = probed(tmp_path, agreed(folder))
    assert only(registry).state == "failed"
    assert "outside ran" not in only(registry).details


# Which bytes


def test_the_hash_covers_names_and_contents(tmp_path: Path) -> None:
    folder = make_plugin(tmp_path, "one")
    seen = {tree_hash(folder)}
    (folder / "a.txt").write_text("1")
    seen.add(tree_hash(folder))
    (folder / "a.txt").write_text("2")
    seen.add(tree_hash(folder))
    (folder / "a.txt").rename(folder / "b.txt")
    seen.add(tree_hash(folder))
    (folder / "sub").mkdir()
    (folder / "b.txt").rename(folder / "sub" / "b.txt")
    seen.add(tree_hash(folder))
    assert len(seen) == 5


def test_the_hash_does_not_follow_what_python_writes(tmp_path: Path) -> None:
    folder = make_plugin(tmp_path, "one")
    before = tree_hash(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "backend.cpython-311.pyc").write_bytes(b"x")
    assert tree_hash(folder) == before


def test_a_cached_file_beside_the_source_is_never_run(tmp_path: Path) -> None:
    import importlib.util
    import py_compile

    folder = make_plugin(tmp_path, "one")
    source = folder / "backend.py"
    good = source.read_text("utf-8")
    source.write_text("raise SystemExit('the cached file ran')")
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    assert Path(importlib.util.cache_from_source(str(source))).exists()
    source.write_text(good, "utf-8")
    assert ids(probed(tmp_path, agreed(folder))) == ["one"]


def test_loading_writes_nothing_into_the_folder(tmp_path: Path) -> None:
    folder = make_plugin(tmp_path, "one")
    before = sorted(folder.rglob("*"))
    probed(tmp_path, agreed(folder))
    assert sorted(folder.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_is_refused(tmp_path: Path) -> None:
    folder = make_plugin(tmp_path, "one")
    (folder / "link.py").symlink_to("/etc/hostname")
    with pytest.raises(BadInputError, match="link"):
        tree_hash(folder)
    assert only(probed(tmp_path, {})).state == "unusable"


def test_modules_of_two_plugins_do_not_meet(tmp_path: Path, make_engine: MakeEngine) -> None:
    code = BACKEND.replace('NAME = "{id}"', "from . import words\nNAME = words.NAME")
    folders = []
    for name in ("one", "two"):
        source = code.format(id=name, title=name, body="pass")
        folder = make_plugin(tmp_path, name, code=source)
        (folder / "words.py").write_text(f"NAME = {name!r}")
        folders.append(folder)
    registry = Registry(folders=(tmp_path,), enabled=agreed(*folders), entry_points=False)
    listener = make_engine(registry=registry)
    texts = [listener.run(ask(name)).artifact.text for name in ("one", "two")]
    assert texts == ["one", "two"]
    assert "words" not in sys.modules
    assert "backend" not in sys.modules


def test_a_plugin_may_be_a_package_inside_its_folder(tmp_path: Path) -> None:
    folder = make_plugin(tmp_path, "one", entry="inner.deep:Plugin")
    (folder / "inner").mkdir()
    (folder / "inner" / "__init__.py").write_text("from .deep import Plugin")
    (folder / "backend.py").rename(folder / "inner" / "deep.py")
    assert ids(probed(tmp_path, agreed(folder))) == ["one"]


def test_loading_for_another_version_is_refused(tmp_path: Path) -> None:
    folder = make_plugin(tmp_path, "one", api_version=7)
    with pytest.raises(BackendError, match="version 7"):
        load_plugin(folder, read_manifest(folder), tree_hash(folder))


# Crashes


def test_three_crashes_turn_a_plugin_off_by_name(tmp_path: Path, make_engine: MakeEngine) -> None:
    record = tmp_path / "state" / "crashes.json"
    plugins = tmp_path / "plugins"
    bad = make_plugin(plugins, "bad", body="raise RuntimeError('again')")
    good = make_plugin(plugins, "good")
    enabled = agreed(bad, good)
    registry = Registry(folders=(plugins,), enabled=enabled, entry_points=False, crash_file=record)
    listener = make_engine(registry=registry)
    for _ in range(LIMIT):
        assert isinstance(listener.run(ask("bad")), Failed)
    states = {plugin.id: plugin.state for plugin in registry.plugins()}
    assert states == {"bad": "crashed", "good": "on"}
    assert "Bad" in listener.engine.problems()[0]
    assert isinstance(listener.run(ask("good")), Finished)

    again = probed(plugins, enabled, crash_file=record)
    assert ids(again) == ["good"]
    again.set_enabled(agreed(good))
    again.probe_folders()
    again.set_enabled(enabled)
    again.probe_folders()
    assert sorted(ids(again)) == ["bad", "good"], "turning it on again begins anew"


def test_a_failure_in_words_is_no_crash(tmp_path: Path, make_engine: MakeEngine) -> None:
    body = "raise BadInputError('Not like this.')"
    folder = make_plugin(tmp_path, "one", body=body)
    registry = Registry(folders=(tmp_path,), enabled=agreed(folder), entry_points=False)
    listener = make_engine(registry=registry)
    for _ in range(LIMIT + 1):
        assert isinstance(listener.run(ask("one")), Failed)
    assert only(registry).state == "on"


def test_a_success_forgets_the_errors_before(tmp_path: Path, make_engine: MakeEngine) -> None:
    body = "assert request.seed % 3 != 2, 'every third time'"
    folder = make_plugin(tmp_path, "one", body=body)
    registry = Registry(folders=(tmp_path,), enabled=agreed(folder), entry_points=False)
    listener = make_engine(registry=registry)
    for seed in range(12):
        listener.run(ask("one", seed))
    assert only(registry).state == "on"


def test_an_import_that_fails_at_every_start_turns_it_off(tmp_path: Path) -> None:
    record = tmp_path / "crashes.json"
    folder = make_plugin(tmp_path / "plugins", "one", code="raise RuntimeError('no')")
    states = []
    for _ in range(LIMIT + 1):
        registry = probed(tmp_path / "plugins", agreed(folder), crash_file=record)
        states.append(only(registry).state)
    assert states == ["failed", "failed", "crashed", "crashed"]


def test_a_program_that_died_in_a_plugin_counts_as_a_crash(tmp_path: Path) -> None:
    """The mark of a process that is gone, as a segmentation fault leaves it."""
    import subprocess

    path = tmp_path / "crashes.json"
    code = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from studio.engine.crashes import CrashRecord
        record = CrashRecord(Path(sys.argv[1]))
        with record.watching("one", "hash"):
            os._exit(11)
        """
    )
    for deaths in range(1, LIMIT + 1):
        subprocess.run([sys.executable, "-c", code, str(path)], check=False, timeout=60)
        assert CrashRecord(path).is_off("one", "hash") is (deaths >= LIMIT)
    record = CrashRecord(path)
    record.succeeded("one", "hash")
    assert record.is_off("one", "hash"), "a success does not forget deaths"
    assert not record.is_off("one", "other hash"), "other bytes begin anew"


def test_a_plugin_that_runs_in_another_window_has_not_crashed(tmp_path: Path) -> None:
    path = tmp_path / "crashes.json"
    with CrashRecord(path).watching("one", "hash"):
        for _ in range(LIMIT):
            assert not CrashRecord(path).is_off("one", "hash")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"one": 3}', '{"one": {"hash": 1}}'])
def test_a_damaged_crash_record_is_survived(tmp_path: Path, content: str) -> None:
    path = tmp_path / "crashes.json"
    path.write_text(content)
    record = CrashRecord(path)
    assert not record.is_off("one", "hash")
    record.failed("one", "hash")


# Installed packages


def test_the_own_text_backend_is_found() -> None:
    registry = Registry()
    registry.probe()
    assert "transformers-text" in ids(registry)
    assert registry.problems() == ()


def test_a_broken_package_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    points = [
        importlib.metadata.EntryPoint("broken", "no_such_package:X", "studio.backends"),
        importlib.metadata.EntryPoint("odd", "json:JSONDecoder", "studio.backends"),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    registry = Registry()
    registry.probe()
    assert registry.backends() == ()
    assert [(p.id, p.state) for p in registry.plugins()] == [
        ("broken", "failed"),
        ("odd", "failed"),
    ]
    assert len(registry.problems()) == 2
