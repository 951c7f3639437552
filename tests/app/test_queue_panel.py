from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton

from studio.app.main import pane_sources
from tests.app.requests import text_request
from tests.fakes.fake_engine import (
    CHAT_MODEL,
    IMAGE_MODEL,
    Fail,
    FakeEngine,
    Finish,
    Loading,
    Steps,
    Text,
)


@pytest.fixture
def panel(qtbot, window):
    window.view.resize(1280, 800)
    window.view.toggle_queue()
    return window.view.queue


def submit(qtbot, window, panel, *labels):
    jobs = [window.app.bridge.submit(text_request(label=label)) for label in labels]
    qtbot.waitUntil(lambda: set(jobs) <= set(panel.job_ids))
    return jobs


def words(row):
    return row.accessibleName()


def test_an_empty_list_says_what_will_be_there(panel):
    assert panel.job_ids == [] and panel._empty.isVisible()


def test_a_running_job_shows_how_far_it_is_and_how_long_still(qtbot, window, panel):
    window.engine.script(Loading("Loading SmolLM2"), Steps(10, 40, 14.0), Text("a"), Finish())
    (job,) = submit(qtbot, window, panel, "Story")
    window.engine.step(job)
    qtbot.waitUntil(lambda: panel.row(job)._message.text() == "Loading SmolLM2")
    window.engine.step(job)
    qtbot.waitUntil(lambda: words(panel.row(job)) == "Story: 14 s left")
    row = panel.row(job)
    assert (row._progress.value(), row._progress.maximum()) == (10, 40)
    assert row._progress.isVisible()
    window.engine.play(job)
    qtbot.waitUntil(lambda: words(panel.row(job)) == "Story: done")
    assert not row._progress.isVisible()


def test_progress_that_comes_late_does_not_wake_an_ended_job(qtbot, window, panel):
    (job,) = submit(qtbot, window, panel, "Story")
    window.engine.play(job)
    qtbot.waitUntil(lambda: words(panel.row(job)) == "Story: done")
    panel.row(job).show_progress(1, 2, None)
    panel.row(job).show_loading("Loading")
    assert words(panel.row(job)) == "Story: done" and panel.row(job)._message.text() == ""


def test_jobs_are_stopped_dismissed_and_run_again(qtbot, window, panel):
    running, failing = submit(qtbot, window, panel, "One", "Two")
    qtbot.mouseClick(panel.row(running)._stop, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: words(panel.row(running)) == "One: stopped")
    window.engine._jobs[failing].steps.clear()
    window.engine._jobs[failing].steps.append(Fail("It does not fit."))
    window.engine.play(failing)
    qtbot.waitUntil(lambda: words(panel.row(failing)) == "Two: failed")
    assert panel.row(failing)._message.text() == "It does not fit."
    panel.row(failing)._again.click()
    qtbot.waitUntil(lambda: failing not in panel.job_ids and len(panel.job_ids) == 2)
    panel.row(running)._stop.click()
    qtbot.waitUntil(lambda: running not in panel.job_ids)


def test_an_interrupted_job_is_run_again_with_one_click(qtbot, window, panel):
    request = text_request(label="From yesterday")
    job = window.engine.add_job(request=request, state="interrupted", label="From yesterday")
    qtbot.waitUntil(lambda: job in panel.job_ids)
    row = panel.row(job)
    assert words(row) == "From yesterday: interrupted" and row._again.isVisible()
    assert row._again.toolTip() == "Run again"
    row._again.click()
    assert [r.label for r in window.engine.submitted] == ["From yesterday"]


def test_the_order_is_running_waiting_interrupted_ended(qtbot, window, panel):
    done, running, waiting = submit(qtbot, window, panel, "Done", "Running", "Waiting")
    back = window.engine.add_job(request=text_request(), state="interrupted", label="Back")
    window.engine.play(done)
    window.engine.step(running)
    qtbot.waitUntil(lambda: panel.job_ids == [running, waiting, back, done])


def test_waiting_jobs_move_with_keys(qtbot, window, panel):
    one, two, three = submit(qtbot, window, panel, "One", "Two", "Three")
    row = panel.row(three)
    row.setFocus()
    qtbot.keyClick(row, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: panel.job_ids == [one, three, two])
    assert QApplication.focusWidget() is row
    qtbot.keyClick(row, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: panel.job_ids == [three, one, two])
    qtbot.keyClick(row, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)  # nowhere to go
    for _ in range(2):
        qtbot.keyClick(row, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
        panel.refresh()
    assert [job.id for job in window.app.bridge.jobs()] == [one, two, three]


def test_waiting_jobs_are_dragged(qtbot, window, panel):
    one, two, three = submit(qtbot, window, panel, "One", "Two", "Three")
    grip, target = panel.row(three).grip, panel.row(one)
    top = grip.mapFromGlobal(target.mapToGlobal(QPoint(20, 2)))
    QTest.mousePress(grip, Qt.MouseButton.LeftButton, pos=grip.rect().center())
    QTest.mouseMove(grip, top)
    QTest.mouseRelease(grip, Qt.MouseButton.LeftButton, pos=top)
    qtbot.waitUntil(lambda: [j.id for j in window.app.bridge.jobs()] == [three, one, two])
    assert panel.job_ids == [three, one, two]


def test_keys_walk_the_list_stop_and_run_again(qtbot, window, panel):
    one, two = submit(qtbot, window, panel, "One", "Two")
    panel.row(one).setFocus()
    qtbot.keyClick(panel.row(one), Qt.Key.Key_Down)
    assert QApplication.focusWidget() is panel.row(two)
    qtbot.keyClick(panel.row(two), Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: words(panel.row(two)) == "Two: stopped")
    qtbot.keyClick(panel.row(two), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: two not in panel.job_ids)


def test_ended_jobs_are_cleared_together(qtbot, window, panel):
    one, two, three = submit(qtbot, window, panel, "One", "Two", "Three")
    window.engine.play(one)
    window.engine.cancel(two)
    qtbot.waitUntil(panel._clear.isVisible)
    panel._clear.click()
    qtbot.waitUntil(lambda: panel.job_ids == [three])


def test_esc_and_the_status_line_close_it(qtbot, window, panel):
    assert window.view.status._jobs.isChecked()
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    assert not panel.isVisible() and not window.view.status._jobs.isChecked()
    window.view.status._jobs.click()
    assert panel.isVisible()


def test_it_stays_inside_the_window_and_off_the_primary_button(qtbot, window, panel):
    submit(qtbot, window, panel, *[f"Job {n}" for n in range(30)])
    for size in ((1280, 800), (800, 520), (1440, 900)):
        window.view.resize(*size)
        frame = window.view.centralWidget()
        assert frame.rect().contains(panel.geometry())
    window.view.resize(1280, 800)
    button = window.pane.prompt.button
    area = button.rect().translated(button.mapTo(window.view, QPoint()))
    assert not area.intersects(panel.geometry())


def test_the_status_line_sums_the_jobs_up(qtbot, window, panel):
    status = window.view.status
    assert status.job_words() == "No jobs"
    window.engine.script(Steps(10, 40, 14.0), Finish())
    one, two = submit(qtbot, window, panel, "One", "Two")
    window.engine.step(one)
    qtbot.waitUntil(lambda: status.job_words() == "2 jobs · 14 s left")
    assert status._progress.value() == 25 and status._progress.isVisible()
    window.engine.play()
    qtbot.waitUntil(lambda: status.job_words() == "No jobs")
    assert not status._progress.isVisible() and two


def test_the_status_line_says_model_device_and_memory(qtbot, window):
    status = window.view.status
    window.engine.unload("fake-chat")
    qtbot.waitUntil(lambda: "Fake Chat 1M, not loaded · Fake CPU" in status.model_words())
    window.engine.warm_up()
    qtbot.waitUntil(lambda: status.model_words().startswith("Fake Chat 1M · Fake CPU"))
    status._fill_model_menu()
    actions = {a.text(): a for a in status._model_menu.actions() if a.text()}
    assert actions["Fake Chat 1M"].isChecked()
    actions["Fake Chat 1M"].trigger()
    assert window.app.settings.value.writing.text_model == "fake-chat"
    actions["Take Fake Chat 1M out of memory"].trigger()
    qtbot.waitUntil(lambda: "not loaded" in status.model_words())


def test_every_button_of_a_row_has_words(qtbot, window, panel):
    (job,) = submit(qtbot, window, panel, "One")
    for button in panel.row(job).findChildren(QToolButton):
        assert button.accessibleName() and button.toolTip()


def test_the_status_line_follows_the_pane_in_front(qtbot, make_window):
    engine = FakeEngine(models=(CHAT_MODEL, IMAGE_MODEL))
    window = make_window(panes=pane_sources(), make_engine=lambda: engine)
    status = window.view.status
    qtbot.waitUntil(lambda: status.model_words().startswith("Fake Chat 1M"))
    window.view.show_pane("picture")
    assert status.model_words().startswith(IMAGE_MODEL.info.title)
    window.view.show_pane("library")
    assert status.model_words().startswith(IMAGE_MODEL.info.title), "it has no model of its own"
    window.view.show_pane("text")
    assert status.model_words().startswith("Fake Chat 1M")
