from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from studio.core.errors import BadInputError
from studio.core.paths import Folders
from studio.core.settings import Files, Settings
from studio.library import commands
from studio.library.items import Item
from studio.library.opening import open_library
from studio.library.thumbnails import EDGE_PX, Thumbnails
from tests.library.conftest import text_result


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(*(tmp_path / name for name in ("config", "data", "cache", "state")))


def test_search_and_rebuild_as_plain_data(folders: Folders, tmp_path: Path) -> None:
    settings = Settings(
        files=Files(library_folder=str(tmp_path / "mine"), library_template="{year}/{title}")
    )
    library = open_library(folders, settings)
    item = library.add_result(text_result("The lamp."))
    library.set_tags([item.id], ["sea"])
    library.close()
    found = commands.search("lighthouse", folders=folders, settings=settings)
    assert json.loads(json.dumps(found)) == found
    (row,) = found["items"]
    assert row["file"] == str(
        tmp_path / "mine" / item.made.strftime("%Y") / "The old lighthouse.md"
    )
    assert (row["seed"], row["tags"], found["total"], found["problems"]) == (7, ["sea"], 1, [])
    assert commands.search("seed:x", folders=folders, settings=settings)["problems"]
    told: list[int] = []
    report = commands.rebuild(
        folders=folders, settings=settings, progress=lambda done, total: told.append(done)
    )
    assert (report["found"], report["added"], report["folder"]) == (1, 1, str(tmp_path / "mine"))
    assert told
    with pytest.raises(BadInputError):
        commands.search("x", sort="colour", folders=folders, settings=settings)


def test_the_library_lies_in_the_data_folder_unless_the_user_chose(folders: Folders) -> None:
    library = open_library(folders, Settings())
    assert library.folder == folders.library
    library.close()
    with pytest.raises(BadInputError):
        open_library(folders, Settings(files=Files(library_template="{nothing}")))


def _item(path: str, content: str = "ab12") -> Item:
    return Item(id=1, path=path, kind="image", created_at=0, content_hash=content)


def test_thumbnails_are_made_once_and_small(tmp_path: Path) -> None:
    source = tmp_path / "big.png"
    Image.new("RGBA", (1600, 400), (200, 10, 10, 128)).save(source)
    thumbnails = Thumbnails(tmp_path / "cache")
    made = thumbnails.make(_item("big.png"), source)
    assert made is not None
    with Image.open(made) as small:
        assert (small.size, small.mode) == ((EDGE_PX, EDGE_PX // 4), "RGBA")
    source.unlink()
    assert thumbnails.make(_item("renamed.png"), source) == made


def test_what_cannot_be_opened_has_no_thumbnail(tmp_path: Path) -> None:
    thumbnails = Thumbnails(tmp_path / "cache")
    source = tmp_path / "broken.png"
    source.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 99)
    assert thumbnails.make(_item("broken.png"), source) is None
    source.write_bytes(b"")
    assert thumbnails.make(_item("broken.png"), source) is None
    Image.new("CMYK", (10, 10)).save(tmp_path / "print.jpg")
    assert thumbnails.make(_item("print.jpg", "cd34"), tmp_path / "print.jpg") is not None
    (tmp_path / "file").write_text("x")
    Image.new("RGB", (10, 10)).save(tmp_path / "good.png")
    blocked = Thumbnails(tmp_path / "file" / "cache")
    assert blocked.make(_item("good.png", "ef56"), tmp_path / "good.png") is None
