"""Presets that come along, and the user's own."""

from __future__ import annotations

from pathlib import Path

from studio.documents.manuscript.presets import Preset, load_presets, save_own


def test_the_three_that_come_along() -> None:
    presets = load_presets()
    assert [p.id for p in presets] == ["precise", "balanced", "wild"]
    heat = [p.options["temperature"] for p in presets]
    assert heat == sorted(heat)
    assert not any(p.own for p in presets)


def test_own_presets_come_back(tmp_path: Path) -> None:
    file = tmp_path / "presets.json"
    own = Preset(id="own-mine", title="Mine", options={"temperature": 0.5}, own=True)
    save_own(file, (*load_presets(), own))
    assert load_presets(file)[-1] == own


def test_a_broken_file_costs_only_what_is_broken(tmp_path: Path) -> None:
    file = tmp_path / "presets.json"
    file.write_text('[{"title": "Good", "options": {"top_p": 0.5}}, {"title": 3}, 7]', "utf-8")
    assert [p.title for p in load_presets(file) if p.own] == ["Good"]
    file.write_text("not json", "utf-8")
    assert not [p for p in load_presets(file) if p.own]


def test_a_preset_matches_the_values_it_knows() -> None:
    preset = Preset(id="a", title="A", options={"temperature": 0.5, "unknown": 1})
    assert preset.matches({"temperature": 0.5, "top_p": 1.0})
    assert not preset.matches({"temperature": 0.6})
    assert not preset.matches({})
