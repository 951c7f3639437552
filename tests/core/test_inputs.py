from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio.core.errors import BadInputError, InputMissingError
from studio.core.inputs import InputRef, InputStore


def test_what_is_dropped_is_gone_from_memory_and_folder(tmp_path: Path) -> None:
    store = InputStore(tmp_path)
    kept, passing = store.put(b"kept", "audio/wav"), store.put(b"x", "audio/wav", keep=False)
    for ref in (kept, passing):
        store.drop(ref)
        store.drop(ref)
        with pytest.raises(InputMissingError):
            store.get(ref)
    assert not list(tmp_path.glob("??/*"))


def test_content_comes_back_in_another_run(tmp_path: Path) -> None:
    ref = InputStore(tmp_path).put(b"pixels", "image/png")
    assert ref.size_bytes == 6
    assert InputStore(tmp_path).get(ref) == b"pixels"


def test_what_is_not_kept_stays_in_memory_only(tmp_path: Path) -> None:
    store = InputStore(tmp_path)
    ref = store.put(b"live", "image/png", keep=False)
    assert store.get(ref) == b"live"
    assert not list(tmp_path.rglob("*"))
    with pytest.raises(InputMissingError):
        InputStore(tmp_path).get(ref)


def test_a_damaged_file_is_not_believed(tmp_path: Path) -> None:
    ref = InputStore(tmp_path).put(b"pixels", "image/png")
    (file,) = tmp_path.glob("??/*")
    file.write_bytes(b"pixelz")
    with pytest.raises(InputMissingError):
        InputStore(tmp_path).get(ref)


def test_memory_keeps_the_newest(tmp_path: Path) -> None:
    store = InputStore(held_bytes=10)
    old = store.put(b"12345678", "image/png")
    new = store.put(b"abcdefgh", "image/png")
    assert store.get(new) == b"abcdefgh"
    with pytest.raises(InputMissingError):
        store.get(old)


def test_sweeping_spares_the_young_and_the_named(tmp_path: Path) -> None:
    store = InputStore(tmp_path)
    refs = [store.put(bytes([n]), "image/png") for n in range(3)]
    for ref in refs[:2]:
        os.utime(tmp_path / ref.sha256[:2] / ref.sha256, (1, 1))
    assert store.sweep({refs[0].sha256}) == 1
    fresh = InputStore(tmp_path)
    assert fresh.get(refs[0]) and fresh.get(refs[2])
    with pytest.raises(InputMissingError):
        fresh.get(refs[1])


def test_putting_again_makes_it_young(tmp_path: Path) -> None:
    store = InputStore(tmp_path)
    ref = store.put(b"x", "image/png")
    os.utime(tmp_path / ref.sha256[:2] / ref.sha256, (1, 1))
    store.put(b"x", "image/png")
    assert store.sweep(()) == 0


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63])
def test_a_name_that_is_no_hash_is_refused(name: str) -> None:
    with pytest.raises(BadInputError):
        InputRef(sha256=name, media_type="image/png")
