"""What is on the table, in every order things can happen."""

from __future__ import annotations

import dataclasses

import pytest
from pytestqt.qtbot import QtBot

from studio.app.bridge import EngineBridge
from studio.app.panes.picture import tray as tray_module
from studio.app.panes.picture.composing import Composed
from studio.app.panes.picture.frame_size import Resolution
from studio.app.panes.picture.intents import Intent
from studio.app.panes.picture.picture_job import PictureJob
from studio.app.panes.picture.tray import Tray
from studio.app.panes.picture.wish import Wish
from studio.core.errors import BadInputError
from studio.core.requests import Capability, ImageRequest
from studio.documents.picture.geometry import Rect
from tests.fakes.fake_engine import IMAGE_MODEL, Fail, FakeEngine, Finish, Show, fake_pictures

COMPOSED = Composed(Rect(0, 0, 8, 8), Resolution(8, 8))


@dataclasses.dataclass
class Table:
    qtbot: QtBot
    engine: FakeEngine
    bridge: EngineBridge
    tray: Tray

    def ask(self, *steps: object, count: int = 1, seed: int = 5) -> PictureJob:
        job = PictureJob(self.bridge, Wish(intent=Intent.GENERATE, label="G", count=count))
        self.tray.add(job)
        self.engine.script(*(steps or (Finish(),)))  # type: ignore[arg-type]
        request = ImageRequest(
            capability=Capability.IMAGE_TXT2IMG,
            seed=seed,
            width=8,
            height=8,
            num_images_per_prompt=count,
        )
        job.begin(COMPOSED, request)
        return job

    def play(self) -> None:
        self.engine.play()
        self.qtbot.waitUntil(lambda: not self.tray.running)


@pytest.fixture
def table(qtbot: QtBot) -> Table:
    engine = FakeEngine(models=(IMAGE_MODEL,))
    bridge = EngineBridge()
    bridge.attach(engine)  # type: ignore[arg-type]
    return Table(qtbot, engine, bridge, Tray())


def test_the_newest_wish_is_shown_and_older_results_stay(table: Table) -> None:
    table.ask(count=2)
    table.play()
    table.ask()
    assert table.tray.chosen == 2 and len(table.tray.items) == 3
    table.play()
    assert [item.ready for item in table.tray.items] == [True] * 3


def test_a_stopped_job_leaves_no_empty_places(table: Table) -> None:
    table.ask()
    table.play()
    table.ask(Show(), count=3)
    table.tray.stop()
    table.qtbot.waitUntil(lambda: not table.tray.running)
    assert len(table.tray.items) == 1 and table.tray.current is not None


def test_a_failure_is_told_once(table: Table) -> None:
    told: list[object] = []
    table.tray.failed.connect(told.append)
    table.ask(Fail("No memory."), count=2)
    table.play()
    assert len(told) == 1 and not table.tray.items


def test_a_job_that_could_not_be_composed_is_told_like_one_that_failed(table: Table) -> None:
    told: list[object] = []
    table.tray.failed.connect(told.append)
    job = PictureJob(table.bridge, Wish(intent=Intent.FILL, label="F"))
    table.tray.add(job)
    job.refuse(BadInputError("Nothing is marked.", hint="Mark a place."))
    assert len(told) == 1 and not table.tray.items and not table.tray.running
    job.begin(COMPOSED, ImageRequest(capability=Capability.IMAGE_TXT2IMG, seed=1))
    assert not table.engine.submitted, "what ended is not begun any more"


def test_more_or_fewer_pictures_than_asked_for_find_their_places(table: Table) -> None:
    table.ask()
    request = ImageRequest(
        capability=Capability.IMAGE_TXT2IMG, seed=9, width=8, height=8, num_images_per_prompt=3
    )
    table.engine.play()
    table.ask(Finish(artifact=fake_pictures(request, "fake-image")), count=1)
    table.play()
    assert len(table.tray.items) == 4 and all(item.ready for item in table.tray.items)
    assert [item.seed for item in table.tray.items[1:]] == [9, 10, 11]


def test_taking_one_puts_the_others_aside_and_they_come_back(table: Table) -> None:
    table.ask(count=3)
    table.play()
    table.tray.choose(1)
    taken = table.tray.take()
    assert taken is not None and taken.index == 1
    assert len(table.tray.items) == 2 and table.tray.current is None
    assert table.tray.take() is None
    table.tray.bring_back()
    assert table.tray.current is not None


def test_what_is_not_finished_cannot_be_taken_and_discarding_it_stops_it(table: Table) -> None:
    table.ask(Show(), Finish())
    table.engine.step()
    assert table.tray.take() is None
    table.tray.discard()
    table.qtbot.waitUntil(lambda: not table.tray.running)
    assert not table.tray.items and table.engine.cancelled


def test_old_results_leave_when_there_are_too_many_for_memory(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tray_module, "BUDGET_BYTES", 8 * 8 * 4 * 3)
    for number in range(6):
        table.ask(seed=number)
        table.play()
    assert [item.seed for item in table.tray.items] == [2, 3, 4, 5]


def test_discarding_everything_stops_everything(table: Table) -> None:
    table.ask()
    table.play()
    table.ask(Show(), Finish())
    table.ask(Show(), Finish())
    table.tray.discard_all()
    assert not table.tray.items and not table.tray.running
    assert len(table.engine.cancelled) == 2
