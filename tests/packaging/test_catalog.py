from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from studio.models.catalog import CatalogError, default_catalog_path, load_catalog, parse_catalog

ROOT = Path(__file__).parents[2]


@pytest.fixture
def data() -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(default_catalog_path().read_text("utf-8"))
    return decoded


def test_the_catalogue_that_ships_is_valid_and_has_a_text_model_built_in() -> None:
    catalog = load_catalog()
    assert "text.chat" in catalog.built_in[0].capabilities
    assert catalog.get(catalog.entries[0].id) is catalog.entries[0]
    assert catalog.get("nothing") is None


def test_no_carrier_is_installed_with_the_dependencies() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = (ROOT / "packaging" / "constraints.txt").read_text("utf-8").splitlines()
    names = {line.split("==")[0].lower() for line in [*project["dependencies"], *pins]}
    carriers = {p.package.lower() for entry in load_catalog().entries for p in entry.packages}
    assert carriers.isdisjoint(names)


def test_every_model_brings_its_licence_text() -> None:
    for entry in load_catalog().built_in:
        assert any(file.role == "licence" for file in entry.files), entry.id


def test_entries_need_no_conversion_and_may_have_several_packages(data: dict[str, Any]) -> None:
    entry = data["models"][0]
    del entry["conversion"]
    second = copy.deepcopy(entry["packages"][0])
    second["package"] = "second-part"
    for file in second["files"]:
        file["path"] = "more/" + file["path"]
    entry["packages"].append(second)
    parsed = parse_catalog(data).entries[0]
    assert parsed.conversion is None
    assert [file.path for file in parsed.files][2:] == [
        "more/SmolLM2-135M-Instruct.Q4_1.gguf",
        "more/LICENSE",
    ]
    assert parsed.download_bytes == 2 * 92871040


def changed(data: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set a field, named like "packages/0/sha256", of the first entry; ``...`` removes it."""
    here: Any = data["models"][0]
    *way, last = path.split("/")
    for step in way:
        here = here[int(step)] if isinstance(here, list) else here[step]
    if value is ...:
        del here[last]
    else:
        here[last] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("title", ..., "title is missing"),
        ("title", " ", "title must be a text"),
        ("titel", "x", "unknown field 'titel'"),
        ("kind", "video", "kind must be one of"),
        ("built_in", 1, "built_in must be true or false"),
        ("parameters", True, "parameters must be a whole number"),
        ("parameters", -1, "parameters must be a whole number"),
        ("capabilities", "text.chat", "capabilities must be a list"),
        ("packages", [], "packages must be a list that is not empty"),
        ("folder", "/etc", "folder must be a plain relative path"),
        ("folder", "text/../../etc", "folder must be a plain relative path"),
        ("folder", "C:\\models", "folder must be a plain relative path"),
        ("packages/0/sha256", "abc", "64 lower-case"),
        ("packages/0/bytes", 0, "bytes must be a whole number from 1"),
        ("packages/0/files/0/path", "../x", "path must be a plain relative path"),
        ("packages/0/files/0/sha256", "G" * 64, "64 lower-case"),
        ("packages/0/files/1/path", "SmolLM2-135M-Instruct.Q4_1.gguf", "appears twice"),
        ("conversion/input", "other.gguf", "reads a file that no package carries"),
        ("conversion/extra", 1, "unknown field 'extra'"),
    ],
)
def test_mistakes_are_named(data: dict[str, Any], path: str, value: Any, complaint: str) -> None:
    with pytest.raises(CatalogError, match=complaint):
        parse_catalog(changed(data, path, value))


def test_ids_are_unique(data: dict[str, Any]) -> None:
    data["models"].append(copy.deepcopy(data["models"][0]))
    with pytest.raises(CatalogError, match="appears twice"):
        parse_catalog(data)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"schema": 2, "models": []}', "null"])
def test_a_damaged_file_is_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "catalog.json"
    path.write_text(text)
    with pytest.raises(CatalogError):
        load_catalog(path)
