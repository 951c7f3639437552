from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from studio.core.artifacts import VectorArtifact
from studio.core.errors import BadInputError, StorageError
from studio.core.provenance import read
from studio.core.requests import EmbedRequest
from studio.library.items import Change, Item
from studio.library.library import Library
from tests.library.conftest import Clock, text_result


def _found(library: Library, query: str) -> list[str]:
    return [item.title for item in library.items(library.search(query).ids)]


def test_a_result_is_an_ordinary_file_with_its_request_inside(library: Library) -> None:
    result = text_result("The lamp turned.\n\nAll night.")
    item = library.add_result(result)
    file = library.path(item)
    assert file.name == "2026-11-22-text-the-old-lighthouse-7.md"
    assert file.read_text("utf-8").startswith("The lamp turned.\n\nAll night.\n")
    record = read(file)
    assert record is not None
    assert record.make_again() == result.request
    assert library.request(item.id) == result.request
    assert (item.kind, item.seed, item.model) == ("text", 7, "smollm2-135m-instruct")
    assert item.title == "The old lighthouse"
    assert item.excerpt == "The lamp turned.\n\nAll night.\n"
    assert library.text(item.id) == "The lamp turned.\n\nAll night.\n"


def test_nothing_is_ever_overwritten(library: Library) -> None:
    items = [library.add_result(text_result(f"Take {number}.")) for number in range(3)]
    assert len({item.path for item in items}) == 3
    assert items[2].path == "2026-11-22-text-the-old-lighthouse-7-3.md"
    for number, item in enumerate(items):
        assert library.path(item).read_text("utf-8").startswith(f"Take {number}.")


def test_a_name_of_a_file_that_is_missing_now_stays_its_own(library: Library) -> None:
    first = library.add_result(text_result("One"))
    library.path(first).rename(library.folder.parent / "away.md")
    second = library.add_result(text_result("Two"))
    assert second.path != first.path


def test_the_file_is_durable_before_the_row_and_the_row_before_anyone_hears(
    library: Library,
) -> None:
    seen: list[bool] = []

    def on_change(change: Change) -> None:
        items = library.items(change.ids)
        seen.append(bool(items) and all(library.path(item).exists() for item in items))

    library.subscribe(on_change)
    library.add_result(text_result())
    assert seen == [True]


def test_search_by_everything(library: Library, clock: Clock) -> None:
    library.add_result(text_result("Rain fell.", instruction="A storm at sea", seed=1))
    clock.forward(days=1)
    library.add_result(
        text_result("Bread rose.", instruction="The baker’s storm", seed=2, model="hf/qwen3")
    )
    clock.forward(days=40)
    library.add_result(text_result("灯台が見えた。", instruction="Über das Meer", seed=3))
    assert _found(library, "") == ["Über das Meer", "The baker’s storm", "A storm at sea"]
    assert _found(library, "storm") == ["The baker’s storm", "A storm at sea"]
    assert _found(library, "sto") == ["The baker’s storm", "A storm at sea"]
    assert _found(library, '"storm at"') == ["A storm at sea"]
    assert _found(library, "storm -bread") == ["A storm at sea"]
    assert _found(library, "-storm") == ["Über das Meer"]
    assert _found(library, "uber") == ["Über das Meer"]
    assert _found(library, "text:bread") == ["The baker’s storm"]
    assert _found(library, "prompt:bread") == []
    assert _found(library, "sub:tor") == ["The baker’s storm", "A storm at sea"]
    assert _found(library, "sub:or") == ["The baker’s storm", "A storm at sea"]
    assert _found(library, "sub:ell -sub:ead") == ["A storm at sea"]
    assert _found(library, "storm sub:ake") == ["The baker’s storm"]
    assert _found(library, "灯台") == ["Über das Meer"]
    assert _found(library, "model:qwen") == ["The baker’s storm"]
    assert _found(library, "-model:qwen storm") == ["A storm at sea"]
    assert _found(library, "seed:2..3") == ["Über das Meer", "The baker’s storm"]
    assert _found(library, "date:2026-11") == ["The baker’s storm", "A storm at sea"]
    assert _found(library, "date:today") == ["Über das Meer"]
    assert _found(library, "kind:text seed:1") == ["A storm at sea"]
    assert _found(library, "kind:image") == []
    assert library.models() == [("hf/qwen3", 1), ("smollm2-135m-instruct", 2)]


def test_sorting_and_pages(library: Library) -> None:
    ids = [library.add_result(text_result(f"storm {'storm ' * n}end", seed=n)).id for n in range(6)]
    library.set_stars([ids[2]], 5)
    assert list(library.search(sort="oldest").ids) == ids
    assert library.search(sort="stars").ids[0] == ids[2]
    assert set(library.search("storm", sort="relevance").ids) == set(ids)
    page = library.search("storm", limit=2, offset=1)
    assert list(page.ids) == [ids[4], ids[3]]
    assert not page.complete
    assert page.total >= 4
    last = library.search("storm", limit=10, offset=4)
    assert (list(last.ids), last.total, last.complete) == ([ids[1], ids[0]], 6, True)


def test_stars_tags_and_boards_outlive_the_index(
    library: Library, index_path: Path, open_again: Callable[[], Library]
) -> None:
    items = [library.add_result(text_result(f"Text {n}", seed=n)) for n in range(4)]
    library.set_stars([items[0].id, items[1].id], 4)
    library.set_tags([items[0].id], ["sea", "Night watch", "sea ", ""])
    library.change_tags([items[0].id, items[2].id], add=["draft"], remove=["SEA"])
    library.set_board([items[1].id], 'Chapter "2"')
    assert library.tags() == [("draft", 2), ("Night watch", 1)]
    assert library.boards() == [("Chapter 2", 1)]
    before = library.items(library.search().ids)
    library.close()
    for file in index_path.parent.iterdir():
        file.unlink()
    again = open_again()
    assert again.search().total == 0
    report = again.scan()
    assert (report.found, report.added) == (4, 4)
    assert again.items(again.search().ids) == before
    assert _found(again, 'tag:"night watch" star:4') == ["The old lighthouse"]
    assert _found(again, "is:tagged -tag:draft") == []
    assert len(_found(again, 'board:"chapter 2"')) == 1
    assert len(_found(again, "is:starred")) == 2
    assert len(_found(again, "is:untagged")) == 2


def test_stars_are_0_to_5(library: Library) -> None:
    item = library.add_result(text_result())
    with pytest.raises(BadInputError):
        library.set_stars([item.id], 6)


def test_trash_and_undelete(
    library: Library, index_path: Path, open_again: Callable[[], Library], clock: Clock
) -> None:
    item = library.add_result(text_result("Not good."))
    library.set_stars([item.id], 2)
    assert library.trash([item.id]) == [item.id]
    assert library.search().total == 0
    assert _found(library, "is:trashed") == ["The old lighthouse"]
    assert not library.path(item).exists()
    instead = library.add_result(text_result("Better."))
    assert instead.stars == 0
    library.close()
    index_path.unlink()
    again = open_again()  # that it is in the trash is told by where it lies
    again.scan()
    trashed = again.items(again.search("is:trashed").ids)
    assert [(one.id, one.stars) for one in trashed] == [(item.id, 2)]
    assert trashed[0].trashed_at is not None
    again.restore([item.id])
    back = again.item(item.id)
    assert back is not None
    assert (back.stars, back.trashed_at) == (2, None)
    assert again.path(back).read_text("utf-8").startswith("Not good.")
    assert again.search().total == 2
    assert not again.places.trash.exists()


def test_the_trash_is_emptied_after_thirty_days_and_not_before(
    library: Library, clock: Clock
) -> None:
    items = [library.add_result(text_result(f"{n}")) for n in range(2)]
    library.trash([items[0].id])
    clock.forward(days=29)
    library.trash([items[1].id])
    assert library.purge_expired() == []
    clock.forward(days=2)
    assert library.purge_expired() == [items[0].id]
    assert library.item(items[0].id) is None
    assert list(library.search("is:trashed").ids) == [items[1].id]
    files = [file for _, _, files in os.walk(library.places.trash) for file in files]
    assert len(files) == 1


def test_a_clock_that_jumped_empties_no_trash(
    library: Library, open_again: Callable[[], Library], clock: Clock
) -> None:
    item = library.add_result(text_result())
    library.trash([item.id])
    _finish_start(library)
    clock.forward(days=4000)
    again = open_again()
    _finish_start(again)
    assert again.item(item.id) is not None
    clock.forward(days=1)
    _finish_start(open_again())
    assert open_again().item(item.id) is None


def _finish_start(library: Library) -> None:
    library.start()
    started = library.upkeep.scan_later()
    started.result(timeout=30)


def test_missing_files_are_shown_and_come_back(library: Library, tmp_path: Path) -> None:
    item = library.add_result(text_result())
    away = tmp_path / "away.md"
    library.path(item).rename(away)
    assert library.scan().missing == 1
    assert [one.id for one in library.problems().missing] == [item.id]
    assert list(library.search("is:missing").ids) == [item.id]
    assert library.trash([item.id]) == []
    away.rename(library.path(item))
    library.scan()
    assert library.problems().missing == ()
    library.path(item).unlink()
    library.scan()
    assert library.forget([item.id]) == [item.id]
    assert library.search("").total == 0


def test_a_renamed_file_keeps_its_stars_and_id(
    library: Library, index_path: Path, open_again: Callable[[], Library]
) -> None:
    item = library.add_result(text_result())
    library.set_stars([item.id], 5)
    (library.folder / "chapter").mkdir()
    library.path(item).rename(library.folder / "chapter" / "my name.md")
    assert library.scan().moved == 1
    moved = library.item(item.id)
    assert moved is not None
    assert (moved.path, moved.stars, moved.missing) == ("chapter/my name.md", 5, False)
    library.close()
    (library.folder / "chapter" / "my name.md").rename(library.folder / "again.md")
    index_path.unlink()
    again = open_again()
    again.scan()
    assert [one.stars for one in again.items(again.search().ids)] == [5]


def test_an_edited_file_is_read_again(library: Library) -> None:
    item = library.add_result(text_result("Old words."))
    file = library.path(item)
    file.write_text(file.read_text("utf-8").replace("Old words", "Fresh words"), "utf-8")
    assert library.scan().changed == 1
    assert _found(library, "fresh") == ["The old lighthouse"]
    assert _found(library, "text:old") == []
    assert library.request(item.id).seed == 7


def test_duplicates_by_content(library: Library) -> None:
    library.add_result(text_result("Same.", seed=1))
    library.add_result(text_result("Same.", seed=2))
    library.add_result(text_result("Other.", seed=3))
    (group,) = library.problems().duplicates
    assert [item.seed for item in group] == [1, 2]
    assert library.search("is:duplicate").total == 2


def _picture(path: Path, parameters: str = "", colour: tuple[int, int, int] = (9, 9, 9)) -> None:
    info = PngInfo()
    if parameters:
        info.add_itxt("parameters", parameters)
    Image.new("RGB", (32, 24), colour).save(path, pnginfo=info)


def test_foreign_pictures_are_indexed_with_the_settings_found_in_them(
    library: Library, tmp_path: Path
) -> None:
    source = tmp_path / "fox.png"
    parameters = (
        "fox in snow\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, "
        "Seed: 42, Size: 32x24, Model hash: 8cfb1f2ac6, Model: dreamer, Version: v1.9.0"
    )
    _picture(source, parameters)
    item = library.add_file(source)
    assert source.exists()
    assert (item.kind, item.foreign, item.width_px, item.height_px) == ("image", True, 32, 24)
    assert (item.prompt, item.seed, item.model) == ("fox in snow", 42, "dreamer")
    assert _found(library, "is:foreign fox") == ["fox in snow"]
    assert "Euler" in library.settings(item.id)
    with pytest.raises(BadInputError):
        library.request(item.id)
    again = library.add_file(source)
    assert again.path != item.path
    with pytest.raises(BadInputError):
        library.add_file(tmp_path / "program.exe")


@pytest.mark.parametrize(
    "suffix", [".png", ".jpg", ".webp", ".avif", ".wav", ".mp3", ".md", ".flac"]
)
@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"\x89PNG\r\n\x1a\n" + b"\xff" * 50, b"\xff" * 999]
)
def test_a_file_that_cannot_be_understood_is_still_found_by_its_name(
    library: Library, suffix: str, content: bytes
) -> None:
    (library.folder / f"strange{suffix}").write_bytes(content)
    library.scan()
    items = library.items(library.search("").ids)
    assert [item.path for item in items] == [f"strange{suffix}"]


def test_a_folder_that_is_gone_loses_no_row(library: Library, tmp_path: Path) -> None:
    item = library.add_result(text_result())
    library.folder.rename(tmp_path / "unplugged")
    with pytest.raises(StorageError):
        library.scan()
    assert library.item(item.id) == item


def test_rebuild_reads_everything_again_and_can_be_stopped(library: Library) -> None:
    items = [library.add_result(text_result(f"{n}", seed=n)) for n in range(5)]
    library.set_stars([items[3].id], 3)
    before = library.items(library.search().ids)
    told: list[tuple[int, int]] = []
    report = library.rebuild(lambda done, total: told.append((done, total)))
    assert (report.found, report.added, report.cancelled) == (5, 5, False)
    assert told[-1] == (5, 5)
    assert library.items(library.search().ids) == before
    calls = iter([False, False, True])
    stopped = library.rebuild(cancelled=lambda: next(calls))
    assert (stopped.cancelled, stopped.added) == (True, 2)
    assert library.scan().added == 3
    assert library.items(library.search().ids) == before


def test_leftovers_are_swept(library: Library) -> None:
    leftover = library.folder / ".half.md.0123abcd.triptych-part"
    leftover.write_bytes(b"half")
    assert library.scan().leftovers == 1
    assert not leftover.exists()


def test_vectors_are_no_results(library: Library) -> None:
    request = EmbedRequest(capability="text.embed", seed=0, texts=("a",))  # type: ignore[arg-type]
    with pytest.raises(BadInputError):
        library.add_result(
            VectorArtifact(request=request, model="m", backend="b", vectors=b"", dimensions=1)
        )


def test_hidden_files_and_strangers_are_left_alone(library: Library) -> None:
    (library.folder / ".hidden.md").write_text("x")
    (library.folder / "notes.docx").write_text("x")
    (library.folder / ".git").mkdir()
    (library.folder / ".git" / "a.md").write_text("x")
    (library.folder / "loop").symlink_to(library.folder)
    assert library.scan().found == 0


def test_items_in_the_order_asked_for(library: Library) -> None:
    ids = [library.add_result(text_result(f"{n}", seed=n)).id for n in range(3)]
    wanted = [ids[1], 12345, ids[0]]
    assert [item.id for item in library.items(wanted)] == [ids[1], ids[0]]
    assert library.item(12345) is None
    assert isinstance(library.item(ids[0]), Item)


def test_something_in_the_place_of_the_folder_is_said_at_once(
    open_again: Callable[[], Library],
) -> None:
    library = open_again()
    folder = library.folder
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("in the way", "utf-8")
    with pytest.raises(StorageError):
        library.add_result(text_result("Not kept."))
    folder.unlink()
    folder.with_name("elsewhere").rename(folder)
    assert library.add_result(text_result("Kept.")).title
