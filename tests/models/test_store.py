"""The model store: finding models where they are."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from studio.core.errors import ModelDamagedError, UnsupportedModelError
from studio.models import store as store_module
from studio.models.record import ModelRecord, read_record, write_record
from studio.models.store import ModelStore
from tests.models.test_identify import folder, gguf, safetensors, written


def llama(path: Path) -> Path:
    written(folder(path) / "model.safetensors", safetensors({"a": (2,)}))
    return path


def test_models_are_found_wherever_they_lie(tmp_path: Path) -> None:
    llama(tmp_path / "text" / "Alpha")
    written(tmp_path / "deep" / "er" / "beta.Q4_0.gguf", gguf())
    written(tmp_path / "picture.safetensors", safetensors({"a": (2,)}))
    written(tmp_path / "notes.txt", "not a model")
    store = ModelStore([tmp_path, tmp_path / "missing"])
    assert [m.id for m in store.models()] == ["alpha", "beta.q4_0", "picture"]
    assert store.problems() == {}
    found = store.get("alpha")
    assert found is not None
    assert found.path == tmp_path / "text" / "Alpha"
    assert store.get("ALPHA") == found
    assert store.get("nothing") is None


def test_what_is_inside_a_model_is_no_model(tmp_path: Path) -> None:
    place = llama(tmp_path / "m")
    llama(place / "checkpoint-1")
    written(place / "extra.safetensors", safetensors({"a": (2,)}))
    assert len(ModelStore([tmp_path]).models()) == 1


def test_a_config_beside_a_gguf_does_not_hide_it(tmp_path: Path) -> None:
    written(folder(tmp_path / "m") / "m.gguf", gguf())
    assert [m.format for m in ModelStore([tmp_path]).models()] == ["gguf"]


def test_links_are_followed_once_and_never_in_circles(tmp_path: Path) -> None:
    llama(tmp_path / "real" / "m")
    (tmp_path / "real" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "again").symlink_to(tmp_path / "real" / "m", target_is_directory=True)
    (tmp_path / "dead").symlink_to(tmp_path / "nowhere")
    assert len(ModelStore([tmp_path, tmp_path / "real"]).models()) == 1


def test_what_cannot_be_used_is_said(tmp_path: Path) -> None:
    written(tmp_path / "short.gguf", gguf()[:50])
    written(tmp_path / "old.ckpt", b"\x80\x02K\x01.")
    folder(tmp_path / "empty")
    store = ModelStore([tmp_path])
    assert store.models() == ()
    said = {path.name: sentence for path, sentence in store.problems().items()}
    assert set(said) == {"short.gguf", "old.ckpt", "empty"}
    assert "damaged" in said["short.gguf"]
    assert "could run a program" in said["old.ckpt"]


def test_ids_stay_the_same_and_never_collide(tmp_path: Path) -> None:
    for name in ("a/m", "b/m", "c/m"):
        llama(tmp_path / name)
    first = {m.path: m.id for m in ModelStore([tmp_path]).models()}
    again = {m.path: m.id for m in ModelStore([tmp_path]).models()}
    assert first == again
    assert sorted(first.values()) == ["b-m", "c-m", "m"]


def test_two_folders_with_the_same_model_names(tmp_path: Path) -> None:
    for name in ("one/x/m", "two/x/m", "three/x/m"):
        llama(tmp_path / name)
    ids = [m.id for m in ModelStore([tmp_path / n for n in ("one", "two", "three")]).models()]
    assert len(set(ids)) == 3


def test_the_record_names_the_model(tmp_path: Path) -> None:
    write_record(
        llama(tmp_path / "m"),
        ModelRecord(id="nice", title="Nice", licence="MIT", source="a page", built_in=True),
    )
    llama(tmp_path / "another")
    first, second = ModelStore([tmp_path]).models()
    assert (first.id, first.title, first.licence, first.built_in) == ("nice", "Nice", "MIT", True)
    assert second.id == "another"


@pytest.mark.parametrize("content", ["", "[]", '{"title": 5, "built_in": "yes"}', "{" * 9])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, content: str) -> None:
    written(llama(tmp_path / "m") / "triptych-model.json", content)
    assert read_record(tmp_path / "m") == ModelRecord()
    assert len(ModelStore([tmp_path]).models()) == 1


def test_only_what_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    llama(tmp_path / "a")
    written(tmp_path / "b.gguf", gguf())
    looked: list[str] = []
    real = store_module.identify
    monkeypatch.setattr(
        store_module, "identify", lambda path: looked.append(path.name) or real(path)
    )
    store = ModelStore([tmp_path])
    store.models()
    assert looked == ["b.gguf", "a"]
    store.refresh()
    assert looked == ["b.gguf", "a"]
    written(tmp_path / "b.gguf", gguf({"general.name": "New"}))
    store.refresh()
    assert looked == ["b.gguf", "a", "b.gguf"]
    (tmp_path / "b.gguf").unlink()
    store.refresh()
    assert [m.id for m in store.models()] == ["a"]


def test_a_model_from_anywhere_can_be_added(tmp_path: Path) -> None:
    store = ModelStore([tmp_path / "store"])
    info = store.add(llama(tmp_path / "elsewhere" / "m"))
    assert info in store.models()
    assert store.add(tmp_path / "elsewhere" / "m") == info
    store.refresh()
    assert store.get(info.id) == info
    with pytest.raises(UnsupportedModelError):
        store.add(written(tmp_path / "letter.txt", "Dear"))
    with pytest.raises(ModelDamagedError):
        store.add(written(tmp_path / "x.gguf", b"GGUF"))


def test_many_threads_may_ask(tmp_path: Path) -> None:
    for number in range(5):
        llama(tmp_path / f"m{number}")
    store = ModelStore([tmp_path])
    seen: list[int] = []

    def ask() -> None:
        for _ in range(20):
            store.refresh()
            seen.append(len(store.models()))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(seen) == {5}


def test_looking_for_models_imports_nothing_heavy(tmp_path: Path) -> None:
    llama(tmp_path / "m")
    written(tmp_path / "x.gguf", gguf())
    code = (
        "import sys; from pathlib import Path; from studio.models.store import ModelStore\n"
        f"assert len(ModelStore([Path({str(tmp_path)!r})]).models()) == 2\n"
        "heavy = {'torch', 'transformers', 'numpy', 'gguf', 'safetensors', 'PySide6', 'sqlite3'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
