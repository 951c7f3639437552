from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QItemSelectionModel, QPoint, QRect, Qt, QUrl
from PySide6.QtGui import QColor, QDrag, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.documents_pane import NewText
from studio.app.panes.library.cards import CARD
from studio.app.panes.library.compare_dialog import CompareDialog
from studio.app.panes.library.pane import LibraryPane
from studio.app.theme.icons import current_palette as app_palette
from studio.app.theme.tokens import Size
from studio.core.artifacts import ImageArtifact
from studio.core.media import Picture
from studio.core.requests import Capability, ImageRequest, TextRequest
from studio.library.library import Library
from tests.app.panes.library.conftest import choose, fill, open_pane, wait
from tests.fakes.fake_engine import FakeEngine
from tests.library.conftest import text_result


def test_making_the_pane_opens_nothing_and_imports_nothing_heavy() -> None:
    code = (
        "import sys; import studio.app.panes.library.pane\n"
        "heavy = ('sqlite3', 'numpy', 'PIL', 'torch', 'studio.library.library',"
        " 'studio.app.panes.library.preview')\n"
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_empty_library_teaches_and_its_example_runs(
    pane: LibraryPane, qtbot: QtBot, engine: FakeEngine
) -> None:
    open_pane(pane, qtbot, 0)
    assert pane._empty.isVisible()
    assert pane._empty.example_button is not None
    pane._empty.example_button.click()
    (job,) = engine.jobs()
    engine.play(job.id)
    wait(pane, qtbot, lambda: pane.model.rowCount() == 1)
    assert pane.grid.isVisible()


def test_what_the_engine_makes_appears_at_the_top(
    pane: LibraryPane, library: Library, qtbot: QtBot, engine: FakeEngine, app_context: AppContext
) -> None:
    fill(library, 3)
    open_pane(pane, qtbot, 3)
    job = app_context.bridge.submit(text_result(instruction="A new one", model="").request)
    engine.play(job)
    wait(pane, qtbot, lambda: pane.model.rowCount() == 4)
    qtbot.waitUntil(lambda: pane.model.item(0) is not None)
    item = pane.model.item(0)
    assert item is not None
    assert item.title == "A new one"
    assert pane.bar.found.text() == "4 found"


def test_typing_searches_and_filters_are_words_in_the_field(
    pane: LibraryPane, library: Library, qtbot: QtBot
) -> None:
    ids = fill(library)
    library.set_stars([ids[2]], 4)
    library.set_board([ids[3]], "Chapter 2")
    open_pane(pane, qtbot, 6)
    qtbot.keyClicks(pane.bar.field, "prompt:3")
    wait(pane, qtbot, lambda: list(pane.model.ids) == [ids[3]])
    assert pane.bar.found.text() == "1 found"
    qtbot.keyClick(pane.bar.field, Qt.Key.Key_Escape)
    wait(pane, qtbot, lambda: pane.model.rowCount() == 6)
    pane.bar.chips["is:starred"].click()
    assert pane.bar.query == "is:starred"
    wait(pane, qtbot, lambda: list(pane.model.ids) == [ids[2]])
    pane.bar.chips["is:starred"].click()
    assert pane.bar.query == ""
    pane.bar.chips["kind:text"].click()
    pane.bar.chips["kind:image"].click()
    assert pane.bar.query == "kind:image"
    assert not pane.bar.chips["kind:text"].isChecked()
    wait(pane, qtbot, lambda: pane._nothing.isVisible())
    assert pane._nothing.example_button is not None
    pane._nothing.example_button.click()
    wait(pane, qtbot, lambda: pane.model.rowCount() == 6)
    pane.bar.toggle('board:"Chapter 2"')
    wait(pane, qtbot, lambda: list(pane.model.ids) == [ids[3]])
    assert pane.bar.has('board:"chapter 2"')
    pane.bar.set_query("seed:x Prompt")
    wait(pane, qtbot, lambda: pane.model.rowCount() == 6)
    assert "not a seed" in pane.bar.problem.text()


def test_order_and_the_menu_of_filters(pane: LibraryPane, library: Library, qtbot: QtBot) -> None:
    ids = fill(library)
    library.set_tags([ids[0]], ["sea & sky"])
    open_pane(pane, qtbot, 6)
    pane.bar.order.setCurrentIndex(pane.bar.order.findData("oldest"))
    wait(pane, qtbot, lambda: list(pane.model.ids) == ids)
    menu = pane.bar.filters.menu()
    assert menu is not None
    menu.aboutToShow.emit()
    tags = next(a for a in menu.actions() if a.text() == "Tag").menu()
    (entry,) = tags.actions()  # type: ignore[union-attr]
    entry.trigger()
    assert pane.bar.query == 'tag:"sea & sky"'
    wait(pane, qtbot, lambda: list(pane.model.ids) == [ids[0]])


def test_the_preview_tells_where_an_item_came_from(
    pane: LibraryPane, library: Library, qtbot: QtBot
) -> None:
    fill(library)
    open_pane(pane, qtbot, 6)
    assert pane.preview.nothing.isVisible()
    choose(pane, qtbot, 0)
    assert pane.preview.title.text() == "Prompt 5"
    assert pane.preview.text.toPlainText().strip() == "Body 5"
    assert pane.preview.facts["seed"].text() == "5"
    assert pane.preview.facts["model"].text() == "fake-chat"
    assert not pane.preview.buttons["compare"].isEnabled()
    assert "two" in pane.preview.buttons["compare"].toolTip()
    choose(pane, qtbot, 0, 1, 2)
    qtbot.waitUntil(lambda: pane.preview.title.text() == "3 chosen")
    assert not pane.preview.buttons["again"].isEnabled()


def test_make_again_and_with_another_seed(
    pane: LibraryPane, library: Library, qtbot: QtBot, engine: FakeEngine
) -> None:
    fill(library, 1)
    open_pane(pane, qtbot, 1)
    choose(pane, qtbot, 0)
    pane.preview.buttons["again"].click()
    wait(pane, qtbot, lambda: len(engine.jobs()) == 1)
    pane.preview.buttons["again_new_seed"].click()
    wait(pane, qtbot, lambda: len(engine.jobs()) == 2)
    first, second = (job.request for job in engine.jobs())
    original = library.request(pane.model.ids[0])
    assert first == original
    assert isinstance(second, TextRequest)
    assert second.seed != first.seed
    assert second.instruction == "Prompt 0"


def test_stars_tags_and_boards_with_undo(pane: LibraryPane, library: Library, qtbot: QtBot) -> None:
    ids = fill(library, 3)
    open_pane(pane, qtbot, 3)
    choose(pane, qtbot, 0)
    qtbot.keyClick(pane.grid, Qt.Key.Key_4)
    wait(pane, qtbot, lambda: pane.preview.stars.stars == 4)
    pane.preview.tags.setFocus()
    pane.preview.tags.setText("sea, draft")
    qtbot.keyClick(pane.preview.tags, Qt.Key.Key_Return)
    wait(pane, qtbot, lambda: pane.preview.item is not None and bool(pane.preview.item.tags))
    pane.preview.board.setEditText("Chapter 1")
    qtbot.keyClick(pane.preview.board.lineEdit(), Qt.Key.Key_Return)  # type: ignore[arg-type]
    wait(pane, qtbot, lambda: library.boards() == [("Chapter 1", 1)])
    item = library.item(ids[2])
    assert item is not None
    assert (item.stars, item.tags, item.board) == (4, ("draft", "sea"), "Chapter 1")
    for _ in range(3):
        qtbot.keyClick(pane.grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    wait(pane, qtbot, lambda: library.item(ids[2]) != item)
    wait(pane, qtbot, lambda: not pane.deeds.can_undo)
    back = library.item(ids[2])
    assert back is not None
    assert (back.stars, back.tags, back.board) == (0, (), "")
    qtbot.mouseClick(pane.preview.stars, Qt.MouseButton.LeftButton, pos=QPoint(30, 14))
    wait(pane, qtbot, lambda: getattr(library.item(ids[2]), "stars", 0) == 2)


def test_trash_is_one_key_and_comes_back(
    pane: LibraryPane, library: Library, qtbot: QtBot, app_context: AppContext
) -> None:
    ids = fill(library, 3)
    open_pane(pane, qtbot, 3)
    choose(pane, qtbot, 0, 1)
    qtbot.keyClick(pane.grid, Qt.Key.Key_Delete)
    wait(pane, qtbot, lambda: list(pane.model.ids) == [ids[0]])
    (undo,) = app_context.notify.messages[-1].actions
    undo[1]()
    wait(pane, qtbot, lambda: pane.model.rowCount() == 3)
    choose(pane, qtbot, 2)
    pane.preview.buttons["trash"].click()
    wait(pane, qtbot, lambda: pane.model.rowCount() == 2)
    pane.bar.chips["is:trashed"].click()
    wait(pane, qtbot, lambda: list(pane.model.ids) == [ids[0]])
    choose(pane, qtbot, 0)
    assert pane.preview.buttons["restore"].isVisible()
    assert not pane.preview.buttons["trash"].isVisible()
    qtbot.keyClick(pane.grid, Qt.Key.Key_Delete)  # nothing is ever deleted at once
    pane.preview.buttons["restore"].click()
    wait(pane, qtbot, lambda: library.search().total == 3)


def test_open_as_new_document_is_offered_when_someone_opens_it(
    pane: LibraryPane, library: Library, qtbot: QtBot
) -> None:
    fill(library, 1)
    open_pane(pane, qtbot, 1)
    choose(pane, qtbot, 0)
    assert not pane.preview.buttons["open"].isVisible()
    opened: list[NewText] = []
    pane.document_wanted.connect(opened.append)
    pane.grid.selectionModel().clear()
    qtbot.waitUntil(lambda: pane.preview.item is None)
    choose(pane, qtbot, 0)
    assert pane.preview.buttons["open"].isVisible()
    qtbot.keyClick(pane.grid, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(opened) == 1)
    made_by = library.request(pane.model.ids[0])
    facts = {"model": "fake-chat"}
    assert opened == [NewText("Prompt 0", "Body 0\n", "generated", made_by, facts)]


def test_a_text_of_someone_else_opens_as_imported_not_as_written_by_a_model(
    pane: LibraryPane, library: Library, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "letter.md").write_text("Dear sister, the lamp is out.\n", "utf-8")
    library.add_file(tmp_path / "letter.md")
    open_pane(pane, qtbot, 1)
    opened: list[NewText] = []
    pane.document_wanted.connect(opened.append)
    choose(pane, qtbot, 0)
    pane.do("open")
    qtbot.waitUntil(lambda: len(opened) == 1)
    assert (opened[0].origin, opened[0].request) == ("imported", None)


def test_compare_two_requests(pane: LibraryPane, library: Library, qtbot: QtBot) -> None:
    fill(library, 2)
    open_pane(pane, qtbot, 2)
    choose(pane, qtbot, 0, 1)
    qtbot.waitUntil(lambda: pane.preview.buttons["compare"].isEnabled())
    pane.preview.buttons["compare"].click()
    qtbot.waitUntil(lambda: bool(pane.findChildren(CompareDialog)))
    (dialog,) = pane.findChildren(CompareDialog)
    assert dialog.summary.text() == "2 of 4 fields differ."
    names = [dialog.table.item(row, 0).text() for row in range(4)]  # type: ignore[union-attr]
    assert set(names[:2]) == {"seed", "instruction"}
    assert dialog.table.item(0, 1).background() != dialog.table.item(3, 1).background()  # type: ignore[union-attr]
    dialog.close()


def _picture(library: Library, seed: int, width: int, height: int) -> int:
    request = ImageRequest(
        capability=Capability.IMAGE_TXT2IMG,
        seed=seed,
        model="fake-picture",
        prompt="A lighthouse",
        width=width,
        height=height,
    )
    picture = Picture(width=width, height=height, rgba=bytes((seed, 90, 30, 255)) * width * height)
    made = ImageArtifact(
        request=request, model="fake-picture", backend="fake", pictures=(picture,), seeds=(seed,)
    )
    return library.add_result(made).id


def test_two_pictures_are_compared_by_looking_at_them(
    pane: LibraryPane, library: Library, qtbot: QtBot
) -> None:
    _picture(library, 10, 600, 400)
    _picture(library, 200, 40, 60)
    open_pane(pane, qtbot, 2)
    choose(pane, qtbot, 0, 1)
    pane.do("compare")
    qtbot.waitUntil(lambda: bool(pane.findChildren(CompareDialog)))
    (dialog,) = pane.findChildren(CompareDialog)
    qtbot.waitExposed(dialog)
    left, right = dialog.pictures
    assert left.image is not None and right.image is not None
    assert (left.image.width(), left.image.height()) == (40, 60)
    assert (right.image.width(), right.image.height()) == (600, 400)
    assert left.y() == right.y() and left.size() == right.size()
    assert left.geometry().bottom() < dialog.table.geometry().top()
    shown = [view.grab().toImage() for view in (left, right)]
    middle = left.rect().center()
    assert [image.pixelColor(middle).red() for image in shown] == [200, 10]
    small = shown[0].pixelColor(middle - QPoint(30, 0))  # a small picture is not blown up
    assert small == QColor(app_palette().canvas)
    assert dialog.summary.text() == "3 of 8 fields differ."
    assert left.accessibleName() == "Picture: A lighthouse"
    dialog.close()


def test_pictures_without_requests_are_compared_as_pictures(
    pane: LibraryPane, library: Library, qtbot: QtBot, tmp_path: Path
) -> None:
    for name, colour in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
        Image.new("RGB", (64, 48), colour).save(tmp_path / f"{name}.png")
        library.add_file(tmp_path / f"{name}.png")
    _picture(library, 10, 64, 48)
    open_pane(pane, qtbot, 3)
    for rows, words in (
        ((1, 2), "Neither picture says how it was made."),
        ((0, 1), "“blue” does not say how it was made."),
    ):
        choose(pane, qtbot, *rows)
        pane.do("compare")
        qtbot.waitUntil(lambda: bool(pane.findChildren(CompareDialog)))
        (dialog,) = pane.findChildren(CompareDialog)
        assert len(dialog.pictures) == 2 and not dialog.table.isVisible()
        assert dialog.summary.text() == words
        dialog.close()
        qtbot.waitUntil(lambda: not pane.findChildren(CompareDialog))


def test_a_picture_that_cannot_be_read_any_more_says_so_where_it_would_be(
    pane: LibraryPane, library: Library, qtbot: QtBot
) -> None:
    gone, _ = _picture(library, 10, 64, 48), _picture(library, 20, 64, 48)
    item = library.item(gone)
    assert item is not None
    library.path(item).unlink()
    library.scan()
    open_pane(pane, qtbot, 2)
    choose(pane, qtbot, 0, 1)
    pane.do("compare")
    qtbot.waitUntil(lambda: bool(pane.findChildren(CompareDialog)))
    (dialog,) = pane.findChildren(CompareDialog)
    assert [view.image is None for view in dialog.pictures] == [False, True]
    dialog.pictures[1].grab()
    dialog.close()


def test_copy_prompt_and_dragging_files_out(
    pane: LibraryPane, library: Library, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(library, 2)
    open_pane(pane, qtbot, 2)
    choose(pane, qtbot, 0, 1)
    qtbot.waitUntil(lambda: pane.model.item(1) is not None)
    data = pane.model.mimeData([pane.model.index(0), pane.model.index(1)])
    files = [library.path(item) for item in library.items([ids[1], ids[0]])]
    assert data.urls() == [QUrl.fromLocalFile(str(file)) for file in files]
    drags: list[tuple[QDrag, object]] = []
    monkeypatch.setattr(QDrag, "exec", lambda drag, actions: drags.append((drag, actions)))
    pane.grid.startDrag(Qt.DropAction.CopyAction | Qt.DropAction.MoveAction)
    choose(pane, qtbot, 0)
    pane.grid.startDrag(Qt.DropAction.CopyAction)
    (both, actions), (one, _) = drags
    assert actions == Qt.DropAction.CopyAction  # the library keeps its files
    assert both.mimeData().urls() == data.urls() and len(one.mimeData().urls()) == 1
    pictures = [drag.pixmap().toImage() for drag in (both, one)]
    assert pictures[0].size() == pictures[1].size() != CARD
    assert pictures[0] != pictures[1]  # several say how many they are
    qtbot.waitUntil(lambda: pane.preview.title.text() == "Prompt 1")
    pane.do("copy")
    assert QGuiApplication.clipboard().text() == "Prompt 1"


def test_files_of_other_programs_come_in(
    pane: LibraryPane, library: Library, qtbot: QtBot, tmp_path: Path, app_context: AppContext
) -> None:
    open_pane(pane, qtbot, 0)
    Image.new("RGB", (64, 48), (200, 40, 40)).save(tmp_path / "red.png")
    (tmp_path / "notes.exe").write_text("x")
    pane.open_file(tmp_path / "red.png")
    pane.add_files([tmp_path / "notes.exe"])
    wait(pane, qtbot, lambda: pane.model.rowCount() == 1)
    assert "notes.exe" in app_context.notify.messages[-1].text
    qtbot.waitUntil(lambda: pane.model.item(0) is not None)
    item = pane.model.item(0)
    assert item is not None
    qtbot.waitUntil(lambda: pane.thumbnails.get(item) is not None)
    centre = pane.grid.visualRect(pane.model.index(0)).center() - QPoint(0, 20)
    qtbot.waitUntil(lambda: pane.grid.viewport().grab().toImage().pixelColor(centre).red() > 150)
    choose(pane, qtbot, 0)
    assert not pane.preview.buttons["again"].isEnabled()
    assert "how it was made" in pane.preview.buttons["again"].toolTip()
    qtbot.waitUntil(lambda: pane.preview.picture.isVisible())


def test_a_missing_file_says_so(pane: LibraryPane, library: Library, qtbot: QtBot) -> None:
    ids = fill(library, 2)
    item = library.item(ids[0])
    assert item is not None
    library.path(item).unlink()
    library.scan()
    open_pane(pane, qtbot, 2)
    choose(pane, qtbot, 1)
    assert pane.preview.facts["size"].text() == "The file is missing"
    assert not pane.preview.buttons["reveal"].isEnabled()
    pane.bar.set_query("is:missing")
    wait(pane, qtbot, lambda: list(pane.model.ids) == [ids[0]])


def test_search_by_meaning_is_greyed_with_its_reason(
    pane: LibraryPane, library: Library, qtbot: QtBot
) -> None:
    open_pane(pane, qtbot, 0)
    assert not pane.bar.meaning.isEnabled()
    assert "all-MiniLM" in pane.bar.meaning.toolTip()


def test_the_choice_survives_new_results(pane: LibraryPane, library: Library, qtbot: QtBot) -> None:
    ids = fill(library, 4)
    open_pane(pane, qtbot, 4)
    pane.grid.setCurrentIndex(pane.model.index(1))
    qtbot.waitUntil(lambda: pane.preview.item is not None)
    library.add_result(text_result("More", seed=50))
    wait(pane, qtbot, lambda: pane.model.rowCount() == 5)
    assert pane.chosen_ids() == [ids[2]]
    assert pane.grid.currentIndex().row() == 2


def test_everything_has_a_name_and_can_be_reached(
    pane: LibraryPane, library: Library, qtbot: QtBot
) -> None:
    fill(library, 1)
    open_pane(pane, qtbot, 1)
    choose(pane, qtbot, 0)
    for part in (pane, pane.inspector):
        for widget in part.findChildren(QWidget):
            if not isinstance(widget, (QAbstractButton, QLineEdit)) or not widget.isVisible():
                continue
            words = widget.accessibleName() or (
                widget.text() if isinstance(widget, QAbstractButton) else ""
            )
            inner = isinstance(widget.parent(), QLineEdit) or widget.objectName().startswith("qt_")
            assert words or inner or widget is pane.preview.board.lineEdit(), widget
    assert pane.grid.accessibleName()
    spoken = pane.model.data(pane.model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("Prompt 0, Text, ")
    assert pane.focusProxy() is pane.grid


def test_actions_say_why_they_cannot_be_done(
    pane: LibraryPane, library: Library, qtbot: QtBot, app_context: AppContext
) -> None:
    assert "Open the library" in app_context.actions.why_not("library.again")
    fill(library, 2)
    open_pane(pane, qtbot, 2)
    assert "Choose" in app_context.actions.why_not("library.again")
    choose(pane, qtbot, 0, 1)
    app_context.actions.refresh()
    assert app_context.actions.why_not("library.compare") == ""
    assert app_context.actions.run("library.rebuild")
    wait(pane, qtbot, lambda: pane.model.rowCount() == 2)


def test_keys_in_the_grid(pane: LibraryPane, library: Library, qtbot: QtBot) -> None:
    fill(library, 12)
    open_pane(pane, qtbot, 12)
    grid, columns = pane.grid, pane.grid._columns
    assert columns == 4
    qtbot.keyClick(pane.bar.field, Qt.Key.Key_Down)
    for key, row in (
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Down, 5),
        (Qt.Key.Key_Left, 4),
        (Qt.Key.Key_End, 11),
        (Qt.Key.Key_Down, 11),
        (Qt.Key.Key_Up, 7),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Up, 0),
        (Qt.Key.Key_PageDown, 8),
    ):
        qtbot.keyClick(grid, key)
        assert grid.currentIndex().row() == row, key
    qtbot.keyClick(grid, Qt.Key.Key_Home)
    qtbot.keyClick(grid, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert grid.chosen_rows() == [0, 1, 2, 3, 4]
    qtbot.keySequence(grid, QKeySequence("Ctrl+A"))
    assert grid.chosen_rows() == list(range(12))
    qtbot.keyClick(grid, Qt.Key.Key_Slash)
    assert pane.bar.field.hasFocus() or not pane.isActiveWindow()


def test_the_layout_is_arithmetic(pane: LibraryPane, library: Library, qtbot: QtBot) -> None:
    fill(library, 9)
    open_pane(pane, qtbot, 9)
    grid = pane.grid
    rects = [grid.visualRect(pane.model.index(row)) for row in range(9)]
    for row, rect in enumerate(rects):
        assert grid.indexAt(rect.center()).row() == row
        assert not any(rect.intersects(other) for other in rects[:row])
    assert not grid.indexAt(rects[0].topLeft() - QPoint(3, 3)).isValid()
    grid.setSelection(
        QRect(rects[1].center(), rects[6].center()),
        QItemSelectionModel.SelectionFlag.ClearAndSelect,
    )
    assert grid.chosen_rows() == [1, 2, 3, 4, 5, 6]
    pane.resize(500, 400)
    qtbot.waitUntil(lambda: grid._columns == 2)
    grid.scrollTo(pane.model.index(8))
    assert grid.viewport().rect().contains(grid.visualRect(pane.model.index(8)))


def test_the_panel_fits_the_inspector_and_shows_the_beginning_of_the_tags(
    pane: LibraryPane, library: Library, qtbot: QtBot
) -> None:
    (number,) = fill(library, 1)
    library.set_tags([number], ["a very long name of a tag", "another one", "one more of them"])
    open_pane(pane, qtbot, 1)
    choose(pane, qtbot, 0)
    assert pane.preview.minimumSizeHint().width() <= Size.INSPECTOR
    assert pane.preview.tags.cursorPosition() == 0
