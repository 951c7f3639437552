from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.core.atomic_write import TEMPORARY_SUFFIX
from studio.core.errors import BadInputError, StorageError
from studio.core.options import describe
from studio.core.settings import GROUPS, Settings, SettingsFile
from tests.core.faults import ERRORS, failing


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def test_without_a_file_there_are_the_defaults(path: Path) -> None:
    assert SettingsFile(path).load() == (Settings(), [])
    assert not path.parent.exists()


def test_what_is_saved_comes_back(path: Path) -> None:
    changed = Settings().with_value("appearance", "theme", "dark")
    changed = changed.with_value("files", "model_folders", ["/a", "/b ü 🗼"])
    changed = dataclasses.replace(changed, shortcuts={"text.continue": "Ctrl+J"})
    SettingsFile(path).save(changed)
    assert SettingsFile(path).load() == (changed, [])


def test_a_folder_whose_name_is_no_unicode_comes_back(path: Path) -> None:
    changed = Settings().with_value("files", "library_folder", "/home/\udcff/ü")
    SettingsFile(path).save(changed)
    assert SettingsFile(path).load() == (changed, [])


def test_one_bad_key_falls_back_alone_and_the_file_is_kept(path: Path) -> None:
    path.parent.mkdir()
    stored = {
        "appearance": {"theme": "purple", "manuscript_font_px": 20},
        "computing": "fast",
        "shortcuts": {"a": 3, "b": "Ctrl+B"},
    }
    path.write_text(json.dumps(stored))
    loaded, problems = SettingsFile(path).load()
    assert loaded.appearance.theme == "system"
    assert loaded.appearance.manuscript_font_px == 20
    assert loaded.shortcuts == {"b": "Ctrl+B"}
    assert [p.name for p in problems] == ["appearance.theme", "computing", "shortcuts.a"]
    assert json.loads(path.with_name("settings.json.bad").read_text()) == stored


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"3", b"\xff\xfe\x00", b"[" * 100_000, b'{"a": 1' + b"0" * 5000]
)
def test_a_file_that_is_no_settings_gives_the_defaults_and_is_kept(
    path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    loaded, problems = SettingsFile(path).load()
    assert loaded == Settings()
    assert len(problems) == 1
    assert path.with_name("settings.json.bad").exists()


def test_keys_of_a_newer_version_are_carried_along(path: Path) -> None:
    path.parent.mkdir()
    path.write_text('{"appearance": {"glow": 3}, "weather": {"rain": true}, "format": 1}')
    file = SettingsFile(path)
    loaded, problems = file.load()
    assert problems == []
    file.save(loaded.with_value("writing", "alternatives", 4))
    stored = json.loads(path.read_text())
    assert stored["appearance"]["glow"] == 3
    assert stored["weather"] == {"rain": True}
    assert stored["writing"]["alternatives"] == 4


def test_the_settings_load_where_the_bad_copy_cannot_be_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.parent.mkdir()
    path.write_text("{")
    with failing(monkeypatch, 1, ERRORS[0], calls=("fsync",)):
        loaded, problems = SettingsFile(path).load()
    assert loaded == Settings()
    assert len(problems) == 2 and "disk is full" in problems[1].message


@pytest.mark.parametrize(
    ("group", "name"),
    [("appearance", "nothing"), ("nothing", "theme"), ("shortcuts", "a"), ("with_value", "x")],
)
def test_a_setting_that_is_not_there_is_refused(group: str, name: str) -> None:
    with pytest.raises(BadInputError, match="no setting called"):
        Settings().with_value(group, name, 1)


def test_a_bad_value_is_refused() -> None:
    with pytest.raises(BadInputError, match="from 11 to 40"):
        Settings().with_value("appearance", "manuscript_font_px", 99)


def test_every_setting_says_what_it_means() -> None:
    for name, group in GROUPS.items():
        assert isinstance(getattr(Settings(), name), group)
        for info in describe(group):
            assert info.title and info.help.endswith((".", "!")), (name, info.name)
            assert info.check(info.default) == info.default


@pytest.mark.parametrize("code", ERRORS)
def test_any_failing_call_leaves_the_old_or_the_new_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    old, new = Settings(), Settings().with_value("appearance", "theme", "dark")
    path = tmp_path / "settings.json"
    for nth in range(1, 50):
        SettingsFile(path).save(old)
        with failing(monkeypatch, nth, code) as faults:
            try:
                SettingsFile(path).save(new)
            except StorageError as error:
                assert "settings.json" in error.user_message
        assert SettingsFile(path).load()[0] in (old, new)
        assert not list(tmp_path.glob(f".*{TEMPORARY_SUFFIX}"))
        if not faults.struck:
            break
    assert nth > 5 and SettingsFile(path).load()[0] == new


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(["theme", "alternatives", "device", "cpu_threads", "model_folders", "x"])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from([*GROUPS, "shortcuts", "enabled_plugins", "format", "other"]),
        json_values | st.dictionaries(names, json_values, max_size=4),
        max_size=5,
    )
)
def test_any_json_loads(tmp_path: Path, stored: dict[str, object]) -> None:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(stored))
    file = SettingsFile(path)
    loaded, _ = file.load()
    file.save(loaded)
    assert SettingsFile(path).load() == (loaded, [])
