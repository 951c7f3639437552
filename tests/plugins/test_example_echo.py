"""The example plugin, loaded as the application loads it."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from studio.core.artifacts import TextArtifact
from studio.core.paths import first_party_plugins
from studio.core.requests import Capability, Message, Role, TextRequest, replaced
from studio.engine.api import Backend
from studio.engine.plugins import load_plugin, read_manifest, tree_hash
from studio.engine.registry import Registry
from tests.engine.backend_contract import BackendContract
from tests.fakes.listener import Listener

FOLDER = first_party_plugins() / "example_echo"


class TestExampleEcho(BackendContract):
    def make_backend(self) -> Backend:
        return load_plugin(FOLDER, read_manifest(FOLDER), tree_hash(FOLDER))

    def make_request(self, seed: int = 7) -> TextRequest:
        return TextRequest(
            capability=Capability.TEXT_GENERATE,
            seed=seed,
            prompt="a dog  and\na bird",
            options={"shuffle": True},
        )

    def make_long_request(self) -> TextRequest:
        return replaced(self.make_request(), options={"repeat": 50})

    @pytest.mark.parametrize(
        ("options", "text"),
        [
            ({}, "One two"),
            ({"repeat": 2}, "One two One two"),
            ({"uppercase": True}, "ONE TWO"),
            ({"max_new_tokens": 1}, "One"),
        ],
    )
    def test_options_do_what_they_say(
        self, listener: Listener, options: dict[str, int], text: str
    ) -> None:
        request = replaced(self.make_request(), prompt="One two", options=options)
        artifact = self.ask(listener, request)
        assert isinstance(artifact, TextArtifact)
        assert artifact.text == text
        assert artifact.finish_reason == ("length" if "max_new_tokens" in options else "stop")

    def test_the_seed_decides_the_order(self, listener: Listener) -> None:
        words = " ".join(str(number) for number in range(20))
        texts = set()
        for seed in range(5):
            request = replaced(self.make_request(seed), prompt=words)
            artifact = self.ask(listener, request)
            assert isinstance(artifact, TextArtifact)
            assert sorted(artifact.text.split()) == sorted(words.split())
            texts.add(artifact.text)
        assert len(texts) > 1

    def test_a_chat_gets_its_last_message_back(self, listener: Listener) -> None:
        messages = (Message(Role.USER, "first"), Message(Role.USER, "last one"))
        request = TextRequest(capability=Capability.TEXT_CHAT, seed=0, messages=messages)
        artifact = self.ask(listener, request)
        assert isinstance(artifact, TextArtifact)
        assert artifact.text == "last one"


def test_folder_and_package_name_the_same_backend() -> None:
    manifest = read_manifest(FOLDER)
    with (FOLDER / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)
    module, _, name = project["project"]["entry-points"]["studio.backends"][manifest.id].partition(
        ":"
    )
    sources = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert sources == {"backend.py": f"{module}.py"}
    assert manifest.entry == f"backend:{name}"
    assert project["project"]["version"] == manifest.version


def test_a_copy_under_another_name_works_beside_it(tmp_path: Path) -> None:
    """The first step of packaging/docs/write-a-backend.md."""
    copy = tmp_path / "my_echo"
    shutil.copytree(FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("plugin.toml", "backend.py"):
        text = (copy / name).read_text("utf-8").replace("example-echo", "my-echo")
        (copy / name).write_text(text, "utf-8")
    enabled = {read_manifest(folder).id: tree_hash(folder) for folder in (FOLDER, copy)}
    registry = Registry(folders=(FOLDER.parent, tmp_path), enabled=enabled, entry_points=False)
    registry.probe()
    assert registry.problems() == ()
    found = {backend.manifest.id for backend in registry.backends()}
    assert {"example-echo", "my-echo"} <= found
