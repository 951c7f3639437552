"""The library pane on a real library, shown offscreen, playing to nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QItemSelectionModel
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.panes.library.pane import LibraryPane
from studio.core.errors import StudioError
from studio.documents.soundtrack.outputs import NullOutput
from studio.library.library import Library
from studio.library.service import LibraryService
from tests.fakes.fake_engine import FakeEngine
from tests.library.conftest import text_result


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> NullOutput:
    """What the pane plays on."""
    made = NullOutput()
    monkeypatch.setattr(LibraryPane, "output", staticmethod(lambda: made))
    return made


@pytest.fixture
def service(app_context: AppContext, engine: FakeEngine) -> Iterator[LibraryService]:
    failures: list[StudioError] = []
    made = LibraryService(
        app_context.folders, lambda: app_context.settings.value, on_failure=failures.append
    )
    made.attach(engine)
    yield made
    made.close()
    assert failures == []


@pytest.fixture
def library(service: LibraryService) -> Library:
    return service.library


@pytest.fixture
def pane(
    qtbot: QtBot, app_context: AppContext, service: LibraryService, output: NullOutput
) -> Iterator[LibraryPane]:
    pane = LibraryPane(app_context, service)
    qtbot.addWidget(pane)
    qtbot.addWidget(pane.inspector)
    pane.resize(900, 700)
    yield pane
    pane.close_requested()


def open_pane(pane: LibraryPane, qtbot: QtBot, items: int) -> None:
    pane.show()
    pane.inspector.show()
    pane.activated()
    qtbot.waitUntil(lambda: settled(pane) and pane.model.rowCount() == items)


def settled(pane: LibraryPane) -> bool:
    return pane._library is not None and pane.worker.idle and not pane._timer.isActive()


def wait(pane: LibraryPane, qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(lambda: settled(pane) and condition())


def fill(library: Library, count: int = 6) -> list[int]:
    return [
        library.add_result(
            text_result(f"Body {n}", instruction=f"Prompt {n}", seed=n, model="fake-chat")
        ).id
        for n in range(count)
    ]


def choose(pane: LibraryPane, qtbot: QtBot, *rows: int) -> None:
    selection = pane.grid.selectionModel()
    selection.clear()
    for row in rows:
        selection.select(pane.model.index(row), QItemSelectionModel.SelectionFlag.Select)
    qtbot.waitUntil(lambda: settled(pane) and pane.preview.item is not None)
