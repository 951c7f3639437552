"""Live painting: when to repaint, as a table; and that it never keeps an old state."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from studio.app.panes.picture.live import (
    FEW_STEPS,
    LONGEST_WAIT_S,
    REST_S,
    LivePace,
    Move,
)
from studio.core.requests import Capability
from studio.documents.picture.brush import Brush
from studio.documents.picture.geometry import Rect
from tests.app.panes.picture.conftest import Studio
from tests.fakes.fake_engine import Fail, Finish, Show, Steps

MANY = FEW_STEPS + 5


def paced(state: object = 1, at: float = 0.0, duration_s: float = 0.0) -> LivePace:
    pace = LivePace(duration_s=duration_s)
    pace.look(state, at)
    return pace


# -- pace --------------------------------------------------------------------------------------


def test_a_slow_model_waits_for_the_pen_to_rest_and_a_fast_one_does_not() -> None:
    slow, fast = paced(duration_s=5.0), paced(duration_s=0.5)
    assert slow.next_move(REST_S / 2, running=False, steps_left=None) is Move.WAIT
    assert slow.next_move(REST_S, running=False, steps_left=None) is Move.BEGIN
    assert fast.next_move(0.01, running=False, steps_left=None) is Move.BEGIN


def test_however_much_is_painted_it_does_not_wait_for_ever() -> None:
    pace = paced(duration_s=5.0)
    now = 0.0
    while now < LONGEST_WAIT_S:
        assert pace.next_move(now, running=False, steps_left=None) is Move.WAIT
        now += REST_S / 4
        pace.look(now, now)
    assert pace.next_move(now, running=False, steps_left=None) is Move.BEGIN


@pytest.mark.parametrize(
    ("left", "at", "expected"),
    [
        (MANY, REST_S, Move.CANCEL),
        (MANY, REST_S / 2, Move.WAIT),
        (FEW_STEPS, REST_S, Move.WAIT),
        (None, REST_S, Move.WAIT),
    ],
    ids=["many steps", "the pen moves", "few steps", "not begun"],
)
def test_a_repaint_of_an_old_state_is_cancelled_when_it_would_take_long(
    left: int | None, at: float, expected: Move
) -> None:
    pace = paced()
    pace.begun()
    pace.look(2, 0.0)
    assert pace.next_move(at, running=True, steps_left=left) is expected


def test_the_same_state_is_painted_once() -> None:
    pace = paced()
    pace.begun()
    assert not pace.stale
    assert pace.next_move(99.0, running=False, steps_left=None) is Move.WAIT
    pace.dropped()
    assert pace.next_move(99.0, running=False, steps_left=None) is Move.BEGIN


def test_how_long_it_takes_is_learnt() -> None:
    pace = LivePace()
    pace.ended(4.0)
    assert pace.duration_s == 4.0
    pace.ended(0.0)
    assert pace.duration_s == 2.0


# -- the pane ----------------------------------------------------------------------------------


def begin(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 512, 512))
    studio.type("a red wall")
    studio.engine.script(Steps(1, 20, 9.0), Show(), Finish())
    studio.view.prompt.live_chip.click()
    studio.until(lambda: len(studio.asked) == 1)


def test_live_repaints_with_the_seed_held_and_leaves_nothing_behind(studio: Studio) -> None:
    begin(studio)
    first = studio.asked[0]
    assert first.capability is Capability.IMAGE_IMG2IMG
    assert first.transient and first.seed == studio.pane.options.seed
    assert not studio.tray.items, "a passing result does not fill the tray"
    live = studio.pane.live
    studio.engine.step(count=2)
    studio.until(lambda: live.shown is not None)
    assert studio.view.canvas.overlays.has_candidate
    studio.engine.play()
    studio.until(lambda: live.take() is not None)
    studio.paint(Rect(0, 0, 50, 50), (0, 0, 255, 255))
    studio.until(lambda: len(studio.asked) == 2)
    assert studio.asked[1].seed == first.seed
    assert studio.asked[1].image != first.image
    studio.view.prompt.live_chip.click()
    assert not live.on and live.shown is None
    assert not studio.view.canvas.overlays.has_candidate
    assert studio.engine.cancelled, "what ran was stopped"


def test_the_newest_state_wins_over_a_long_repaint(studio: Studio) -> None:
    begin(studio)
    studio.engine.step(count=1)
    studio.until(lambda: studio.pane.live.job is not None and studio.pane.live.job.total == 20)
    studio.paint(Rect(0, 0, 50, 50), (0, 0, 255, 255))
    studio.until(lambda: len(studio.asked) == 2)
    assert studio.engine.cancelled == ["job-1"]


def test_a_repaint_is_half_gone_while_one_paints(studio: Studio) -> None:
    begin(studio)
    studio.engine.play()
    studio.until(lambda: studio.pane.live.take() is not None)
    live_view = studio.pane.live_view
    assert not live_view._faded
    stroke = studio.picture.begin_stroke(
        studio.picture.layers[0].id, Brush(size_px=20.0), (0, 255, 0)
    )
    stroke.add(100, 100)
    stroke.add(200, 200)
    studio.until(lambda: live_view._faded)
    stroke.finish()

    def caught_up() -> bool:
        studio.engine.play()  # a repaint of the half stroke may have been asked for, too
        return not live_view._faded

    studio.until(caught_up)


def test_accepting_keeps_the_repaint_as_a_layer(studio: Studio) -> None:
    begin(studio)
    studio.engine.play()
    studio.until(lambda: studio.pane.live.take() is not None)
    assert studio.view.prompt.keep_chip.isVisible()
    studio.press(Qt.Key.Key_Return)
    studio.until(lambda: len(studio.picture.layers) == 2 and not studio.session.accepting)
    assert studio.picture.layers[-1].meta["seed"] == studio.asked[0].seed
    assert studio.context.actions.run("picture.accept"), "the palette does the same"
    studio.until(lambda: len(studio.picture.layers) == 3)
    studio.press(Qt.Key.Key_Escape)
    assert not studio.pane.live.on and not studio.view.prompt.keep_chip.isVisible()


def test_an_error_ends_it_with_words(studio: Studio) -> None:
    studio.paint(Rect(0, 0, 512, 512))
    studio.engine.script(Fail("There is not enough memory."))
    studio.view.prompt.live_chip.click()
    studio.until(lambda: studio.asked)
    studio.engine.play()
    studio.until(lambda: studio.view.error_card.isVisible())
    assert not studio.pane.live.on and not studio.view.prompt.live_chip.isChecked()


def test_it_ends_when_another_picture_comes_to_the_front(studio: Studio) -> None:
    begin(studio)
    studio.pane.new_picture()
    assert not studio.pane.live.on


def test_nothing_to_paint_from_is_no_reason_to_ask(studio: Studio) -> None:
    ticks: list[int] = []
    studio.pane.live._timer.timeout.connect(lambda: ticks.append(1))
    studio.view.prompt.live_chip.click()
    studio.until(lambda: len(ticks) > 10)
    assert not studio.asked
    studio.engine.script(Finish())
    studio.type("a fox")
    studio.until(lambda: studio.asked)
    assert studio.asked[0].capability is Capability.IMAGE_TXT2IMG
