from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, Protocol

import numpy as np
import pytest
from PIL import Image

from studio.core.errors import BadInputError, StorageError
from studio.documents.picture.blending import BLEND_MODES
from studio.documents.picture.files import layered as layered_module
from studio.documents.picture.files import openraster, photoshop
from studio.documents.picture.files.layered import FileLayer, LayeredPicture, Pixels
from tests.documents.picture.files.samples import assert_same, layered, noise


class Format(Protocol):
    def read(self, path: Path) -> LayeredPicture: ...

    def write(self, file: BinaryIO, picture: LayeredPicture, merged: Pixels) -> None: ...


BOTH = pytest.mark.parametrize(
    "kind", [openraster, photoshop], ids=lambda module: module.__name__.rpartition(".")[2]
)


def written(kind: ModuleType, picture: LayeredPicture, path: Path) -> Path:
    with path.open("wb") as file:
        kind.write(file, picture, noise(picture.width, picture.height, 9))
    return path


@BOTH
def test_layers_come_back_as_they_were(kind: ModuleType, tmp_path: Path) -> None:
    back = kind.read(written(kind, layered(), tmp_path / "x"))
    assert_same(back, layered())
    assert back.notices == ()


@BOTH
@pytest.mark.parametrize("mode", sorted(BLEND_MODES))
def test_every_blend_mode_has_its_name_in_the_file(
    kind: ModuleType, mode: str, tmp_path: Path
) -> None:
    picture = LayeredPicture(8, 8, (FileLayer("a", noise(8, 8), blend_mode=mode),))
    (layer,) = kind.read(written(kind, picture, tmp_path / "x")).layers
    assert layer.blend_mode == mode


@BOTH
def test_an_empty_layer_stays_a_layer(kind: ModuleType, tmp_path: Path) -> None:
    picture = LayeredPicture(8, 8, (FileLayer("empty", np.zeros((0, 0, 4), np.uint8)),))
    (layer,) = kind.read(written(kind, picture, tmp_path / "x")).layers
    assert layer.name == "empty"
    assert layer.pixels is not None and not layer.pixels[..., 3].any()


def test_kinds_of_layers_survive_openraster(tmp_path: Path) -> None:
    layers = tuple(
        FileLayer(kind, noise(4, 4), kind=kind)  # type: ignore[arg-type]
        for kind in ("raster", "mask", "control", "region")
    )
    back = openraster.read(written(openraster, LayeredPicture(4, 4, layers), tmp_path / "x"))
    assert [layer.kind for layer in back.layers] == [layer.kind for layer in layers]


def test_a_group_can_pass_through(tmp_path: Path) -> None:
    group = FileLayer("g", kind="group", blend_mode="pass-through", children=layered().layers[:1])
    for kind in (openraster, photoshop):
        back = kind.read(written(kind, LayeredPicture(40, 30, (group,)), tmp_path / "x"))
        assert back.layers[0].blend_mode == "pass-through"


def test_openraster_is_laid_out_as_its_specification_says(tmp_path: Path) -> None:
    path = written(openraster, layered(), tmp_path / "x.ora")
    with zipfile.ZipFile(path) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        assert archive.read("mimetype") == b"image/openraster"
        merged = Image.open(io.BytesIO(archive.read("mergedimage.png")))
        assert np.array_equal(np.asarray(merged.convert("RGBA")), noise(40, 30, 9))
        assert max(Image.open(io.BytesIO(archive.read("Thumbnails/thumbnail.png"))).size) <= 256
        assert archive.read("stack.xml").index(b"locked") < archive.read("stack.xml").index(
            b"Grund"
        )


def ora(path: Path, stack: str, size: str = 'w="8" h="8"', **parts: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", f"<image {size}>{stack}</image>")
        for name, data in parts.items():
            archive.writestr(f"{name}.png", data)
    return path


def png(width: int = 4, height: int = 4) -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", (width, height), (1, 2, 3, 255)).save(file, format="PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    "stack",
    [
        "",
        "<stack>" * 50 + "</stack>" * 50,
        '<stack><layer src="gone.png"/></stack>',
        '<stack><layer src="a.png" x="1e400"/></stack>',
        '<stack><layer src="a.png" opacity="high"/></stack>',
        '<stack><layer src="bad.png"/></stack>',
        "<stack>",
        "<stack>" + '<layer src="a.png"/>' * 2001 + "</stack>",
    ],
    ids=["none", "deep", "gone", "far", "opacity", "damaged", "cut", "many"],
)
def test_a_broken_openraster_is_told_in_a_sentence(stack: str, tmp_path: Path) -> None:
    path = ora(tmp_path / "x.ora", stack, a=png(), bad=b"\x89PNG\r\n\x1a\nno")
    with pytest.raises(BadInputError):
        openraster.read(path)


@pytest.mark.parametrize("size", ['w="0" h="8"', 'w="99999" h="9"', 'w="60000" h="60000"', 'w="a"'])
def test_an_impossible_canvas_is_refused(size: str, tmp_path: Path) -> None:
    path = ora(tmp_path / "x.ora", '<stack><layer src="a.png"/></stack>', size, a=png())
    with pytest.raises(BadInputError):
        openraster.read(path)


def test_entities_are_not_resolved(tmp_path: Path) -> None:
    path = tmp_path / "x.ora"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "image/openraster")
        archive.writestr("stack.xml", '<!DOCTYPE image [<!ENTITY a "b">]><image w="8" h="8"/>')
    with pytest.raises(BadInputError):
        openraster.read(path)


def test_a_part_larger_than_it_may_be_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openraster, "_MAX_MEMBER_BYTES", 50)
    path = ora(tmp_path / "x.ora", '<stack><layer src="a.png"/></stack>', a=png())
    with pytest.raises(BadInputError, match="larger"):
        openraster.read(path)


def test_an_unknown_blend_mode_is_told(tmp_path: Path) -> None:
    stack = '<stack><layer src="a.png" composite-op="krita:glow"/></stack>'
    back = openraster.read(ora(tmp_path / "x.ora", stack, a=png()))
    assert back.layers[0].blend_mode == "normal"
    assert "krita:glow" in back.notices[0]


def test_a_psd_with_a_mask_shows_what_the_mask_shows(tmp_path: Path) -> None:
    from psd_tools import PSDImage

    psd = PSDImage.frompil(Image.new("RGBA", (8, 8)))
    layer = psd.create_pixel_layer(Image.new("RGBA", (8, 8), (9, 9, 9, 255)), name="a")
    mask = Image.new("L", (8, 8), 0)
    mask.paste(255, (0, 0, 4, 8))
    layer.create_mask(mask)
    path = tmp_path / "x.psd"
    psd.save(path)
    (back,) = photoshop.read(path).layers
    assert back.pixels is not None
    assert back.pixels[:, :4, 3].min() == 255
    assert back.pixels[:, 4:, 3].max() == 0


@pytest.mark.parametrize("cut", [0, 3, 20, 60, 300])
@BOTH
def test_a_cut_file_is_told_in_a_sentence(kind: ModuleType, cut: int, tmp_path: Path) -> None:
    path = written(kind, layered(), tmp_path / "x")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(BadInputError):
        kind.read(path)


@BOTH
def test_a_file_that_is_not_there_is_a_matter_of_storage(kind: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        kind.read(tmp_path / "gone")


def test_a_huge_psd_is_refused_before_it_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(photoshop, layered(), tmp_path / "x.psd")
    monkeypatch.setattr(layered_module, "MAX_PIXELS", 100)
    with pytest.raises(BadInputError, match="more than can be opened"):
        photoshop.read(path)


def test_a_picture_too_wide_for_psd_is_told_to_be_openraster(tmp_path: Path) -> None:
    picture = dataclasses.replace(layered(), width=30_001)
    with pytest.raises(BadInputError) as told:
        photoshop.write(io.BytesIO(), picture, noise(1, 1))
    assert "OpenRaster" in told.value.hint
