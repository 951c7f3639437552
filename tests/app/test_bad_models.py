"""Models and plugins that cannot be used, in the window with the real engine: a sentence each."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path

import pytest

from studio.core.paths import Folders
from studio.core.settings import Settings
from studio.engine.build import build_engine

PLUGIN = """\
id = "bad-plugin"
title = "Bad plugin"
version = "1.0.0"
description = "Raises when it is imported."
licence = "Apache-2.0"
api_version = 1
entry = "backend:Backend"
"""


def bad_models(models: Path) -> None:
    """One model of each kind that a user may have lying about and nothing here can run."""
    truncated = models / "cut-short"
    truncated.mkdir(parents=True)
    (truncated / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    header = json.dumps({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}).encode()
    (truncated / "model.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"1234")
    unsafe = models / "runs-code"
    unsafe.mkdir()
    (unsafe / "config.json").write_text(json.dumps({"architectures": ["LlamaForCausalLM"]}))
    (unsafe / "pytorch_model.bin").write_bytes(pickle.dumps([1]))
    (models / "no-gguf.gguf").write_bytes(b"GGUF" + b"\xff" * 40)


@pytest.fixture
def settled(qtbot, make_window, folders: Folders):
    """Return what opens a window on the real engine and waits until everything was looked at."""

    def open_window(settings: Settings | None = None):
        engine = build_engine(folders, settings or Settings(), queue_file=None)
        window = make_window(make_engine=lambda: engine)
        qtbot.waitUntil(lambda: engine.wait_until_settled(0), timeout=60_000)
        return window

    return open_window


def told(window) -> str:
    return "\n".join(f"{m.text} {m.hint}" for m in window.app.notify.messages)


def test_each_bad_model_gets_a_sentence_and_the_window_goes_on(qtbot, settled, folders) -> None:
    bad_models(folders.models)
    window = settled()
    for name in ("cut-short", "runs-code", "no-gguf"):
        qtbot.waitUntil(lambda name=name: name in told(window))
    assert "Traceback" not in told(window)
    assert window.app.bridge.attached
    assert window.view.isVisible()


def test_a_folder_full_of_bad_files_is_one_message(qtbot, settled, folders) -> None:
    folders.models.mkdir(parents=True)
    for number in range(40):
        (folders.models / f"old-{number}.gguf").write_bytes(b"GGUF" + b"\xff" * 40)
    window = settled()
    qtbot.waitUntil(lambda: "40 models or plugins cannot be used" in told(window))
    assert len(window.app.notify.messages) <= 3


def test_a_plugin_that_raises_on_import_is_named(qtbot, settled, folders) -> None:
    from studio.engine.plugins import tree_hash

    place = folders.plugins / "bad"
    place.mkdir(parents=True)
    (place / "plugin.toml").write_text(PLUGIN)
    (place / "backend.py").write_text("raise RuntimeError('no such card')\n")
    agreed = Settings(enabled_plugins={"bad-plugin": tree_hash(place)})
    window = settled(agreed)
    qtbot.waitUntil(lambda: "Bad plugin" in told(window) and "no such card" in told(window))
    assert window.view.isVisible()
