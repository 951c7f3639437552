from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError, DiskFullError
from studio.core.provenance import ProvenanceRecord, read
from studio.documents.picture import files
from studio.documents.picture.document import PictureDocument
from studio.documents.picture.files import WRITABLE, read_picture, write_picture
from studio.documents.picture.geometry import Rect
from tests.documents.picture.files.samples import noise


def painted() -> PictureDocument:
    document = PictureDocument()
    ground = np.full((40, 50, 4), 255, np.uint8)
    document.add_layer(name="ground", pixels=ground, at=(-10, 5))
    group = document.add_layer("group", "group")
    inner = document.add_layer(name="inner", pixels=noise(20, 20), at=(3, 9), parent=group)
    document.set_layer(inner, opacity=0.5, blend_mode="multiply")
    document.add_layer(name="empty")
    hidden = document.add_layer(name="hidden", pixels=noise(9, 9, 4), at=(200, 200))
    document.set_layer(hidden, visible=False)
    return document


@pytest.mark.parametrize("suffix", [".ora", ".psd"])
def test_a_document_with_layers_comes_back_looking_the_same(suffix: str, tmp_path: Path) -> None:
    document = painted()
    area = document.extent()
    path = tmp_path / f"x{suffix}"
    write_picture(document.snapshot(), path)
    back, notices = read_picture(path)
    assert notices == ()
    assert back.frame == Rect(0, 0, area.width, area.height)
    assert [layer.name for layer in back.layers] == ["ground", "group", "empty", "hidden"]
    assert not back.can_undo
    shown = back.composite(Rect(0, 0, area.width, area.height))
    difference = np.abs(shown.astype(int) - document.composite(area))
    assert difference.max() <= 1  # a PSD's opacity has 8 bits


@pytest.mark.parametrize("suffix", [".png", ".tiff", ".webp", ".jpg", ".avif"])
def test_a_flat_file_shows_what_is_visible(suffix: str, tmp_path: Path) -> None:
    document = painted()
    path = tmp_path / f"x{suffix}"
    write_picture(document.snapshot(), path, quality=100)
    back, _ = read_picture(path)
    area = document.extent()
    shown = back.composite(back.frame).astype(int)
    assert np.abs(shown - document.composite(area)).mean() < 6
    if suffix in (".png", ".tiff"):
        assert np.array_equal(shown, document.composite(area))


def test_a_part_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    write_picture(painted().snapshot(), path, rect=Rect(-20, -20, 30, 31))
    with Image.open(path) as opened:
        assert opened.size == (30, 31)


@pytest.mark.parametrize("suffix", WRITABLE)
def test_every_format_is_marked_or_says_why_not(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    record = ProvenanceRecord(request='{"kind":"image","prompt":"fox"}', kind="image")
    notices = write_picture(
        painted().snapshot(), path, record=record, settings="fox\nSeed: 1", with_prompt=False
    )
    if suffix in (".ora", ".psd"):
        assert "no place" in notices[0]
    else:
        found = read(path)
        assert found is not None and "fox" not in found.request
        assert b"fox" not in path.read_bytes()


def test_an_empty_picture_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="nothing in this picture"):
        write_picture(PictureDocument().snapshot(), tmp_path / "x.png")
    assert not list(tmp_path.iterdir())


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="xcf"):
        write_picture(painted().snapshot(), tmp_path / "x.xcf")


@pytest.mark.parametrize("suffix", [".ora", ".psd", ".png"])
def test_a_full_disk_leaves_the_old_file(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"x{suffix}"
    atomic_write(path, b"old", doing="a test")

    def full(*_: object, **__: object) -> None:
        raise DiskFullError("The disk is full.")

    target = files if suffix == ".png" else files._LAYERED[suffix]
    monkeypatch.setattr(target, "atomic_write" if suffix == ".png" else "write", full)
    with pytest.raises(DiskFullError):
        write_picture(painted().snapshot(), path)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
