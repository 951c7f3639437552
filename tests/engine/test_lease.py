"""The device lease: one at a time, the right one next, nobody forgotten."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from studio.engine.api import JobCancelled
from studio.engine.jobs import CancelToken
from studio.engine.lease import PATIENCE, DeviceLease, Ticket
from tests.fakes.listener import WAIT_S


class Line:
    """A lease and what it granted, without threads."""

    def __init__(self) -> None:
        self.lease = DeviceLease()
        self.granted: list[Ticket] = []

    def ask(
        self, priority: int = 0, *, resident: bool = True, ready: bool = True, model: str = ""
    ) -> Ticket:
        ticket: Ticket = Ticket(
            priority=priority,
            grant=lambda: self.granted.append(ticket),
            resident=lambda: resident,
            ready=lambda: ready,
            model=model,
        )
        self.lease.request(ticket)
        return ticket

    def serve_all(self) -> list[Ticket]:
        """Let each holder finish at once; return who came in which order."""
        while self.lease.holder is not None:
            self.lease.release(self.lease.holder)
        return self.granted


def test_a_free_device_is_given_at_once() -> None:
    line = Line()
    ticket = line.ask()
    assert line.granted == [ticket]
    assert line.lease.holder is ticket


def test_the_first_come_is_the_first_served() -> None:
    line = Line()
    tickets = [line.ask() for _ in range(5)]
    assert line.serve_all() == tickets


def test_the_more_urgent_goes_first() -> None:
    line = Line()
    first, batch, normal, urgent = (line.ask(priority) for priority in (2, 2, 1, 0))
    assert line.serve_all() == [first, urgent, normal, batch]


def test_a_model_in_memory_goes_before_a_swap() -> None:
    line = Line()
    first, swap, resident = line.ask(), line.ask(resident=False), line.ask()
    assert line.serve_all() == [first, resident, swap]


def test_a_swap_is_passed_over_only_so_often() -> None:
    line = Line()
    line.ask()
    swap = line.ask(resident=False)
    for _ in range(3 * PATIENCE):
        line.ask()
    assert line.serve_all().index(swap) == PATIENCE + 1


def test_the_users_order_counts_more_than_what_is_in_memory() -> None:
    line = Line()
    first, swap, resident = line.ask(), line.ask(resident=False), line.ask()
    line.lease.arrange([(swap, 0), (resident, 0)])
    assert line.serve_all() == [first, swap, resident]


def test_arranging_changes_priorities_of_those_that_wait_only() -> None:
    line = Line()
    holder, one, other = line.ask(2), line.ask(2), line.ask(0)
    line.lease.arrange([(one, 0), (other, 0), (holder, 0)])
    assert holder.priority == 2
    assert line.serve_all() == [holder, one, other]


def test_one_that_cannot_start_lets_others_by_and_disturbs_nobody() -> None:
    line = Line()
    first, busy, other = line.ask(2), line.ask(0, ready=False), line.ask(2)
    assert line.lease.urgent == 2
    line.lease.release(first)
    assert line.lease.holder is other
    line.lease.release(other)
    assert line.lease.holder is None
    assert busy not in line.granted


def test_withdrawing_leaves_the_line_unless_it_is_too_late() -> None:
    line = Line()
    holder, waiting = line.ask(), line.ask()
    assert line.lease.withdraw(waiting)
    assert not line.lease.withdraw(waiting)
    assert not line.lease.withdraw(holder)
    line.lease.release(holder)
    assert line.lease.holder is None


def test_releasing_twice_does_no_harm() -> None:
    line = Line()
    first, second, third = line.ask(), line.ask(), line.ask()
    line.lease.release(first)
    line.lease.release(first)
    assert line.lease.holder is second
    line.lease.release(third)
    line.lease.release(second)
    assert line.lease.holder is None


def test_a_checkpoint_hands_over_to_the_more_urgent_and_comes_back() -> None:
    lease, token, order = DeviceLease(), CancelToken(), []
    low = Ticket(priority=2, grant=lambda: None)
    urgent_may_end = threading.Event()

    def urgent_job() -> None:
        order.append("urgent")
        assert urgent_may_end.wait(WAIT_S)
        lease.release(urgent)

    thread = threading.Thread(target=urgent_job)
    urgent = Ticket(priority=0, grant=thread.start)
    lease.request(low)
    assert not lease.checkpoint(low, token)
    lease.request(urgent)
    assert lease.holder is low, "nothing is taken away from a running job"
    urgent_may_end.set()
    assert lease.checkpoint(low, token)
    order.append("low again")
    assert order == ["urgent", "low again"]
    assert lease.holder is low
    thread.join(WAIT_S)


def test_a_checkpoint_keeps_the_device_among_equals() -> None:
    line = Line()
    holder = line.ask(1)
    line.ask(1)
    line.ask(2)
    assert not line.lease.checkpoint(holder, CancelToken())
    assert line.lease.holder is holder


def test_a_paused_job_goes_on_before_one_that_has_not_begun() -> None:
    lease, token = DeviceLease(), CancelToken()
    low = Ticket(priority=2, grant=lambda: None)
    came: list[str] = []
    other = Ticket(priority=2, grant=lambda: came.append("other"))
    urgent = Ticket(priority=0, grant=lambda: lease.release(urgent))
    lease.request(low)
    lease.request(other)
    lease.request(urgent)
    assert lease.checkpoint(low, token)
    assert lease.holder is low
    assert came == []


def test_stopping_a_paused_job_wakes_it_at_once() -> None:
    lease, token = DeviceLease(), CancelToken()
    low = Ticket(priority=2, grant=lambda: None)
    urgent_has_it = threading.Event()
    urgent = Ticket(priority=0, grant=urgent_has_it.set)
    lease.request(low)
    lease.request(urgent)
    stopped = threading.Event()

    def job() -> None:
        with pytest.raises(JobCancelled):
            lease.checkpoint(low, token)
        stopped.set()

    thread = threading.Thread(target=job)
    thread.start()
    assert urgent_has_it.wait(WAIT_S)
    token.cancel()
    assert stopped.wait(WAIT_S)
    thread.join(WAIT_S)
    assert lease.holder is urgent
    assert lease.waiting() == ()


def test_a_cancelled_job_stops_at_its_next_checkpoint() -> None:
    line, token = Line(), CancelToken()
    ticket = line.ask()
    token.cancel()
    with pytest.raises(JobCancelled):
        line.lease.checkpoint(ticket, token)


def test_stepping_back_lets_the_paused_one_finish_first() -> None:
    lease, token, order = DeviceLease(), CancelToken(), []
    low = Ticket(priority=2, grant=lambda: None)
    finished = threading.Event()

    def urgent_job() -> None:
        lease.step_back(urgent, token, 2)
        order.append("urgent")
        lease.release(urgent)
        finished.set()

    thread = threading.Thread(target=urgent_job)
    urgent = Ticket(priority=0, grant=thread.start)
    lease.request(low)
    lease.request(urgent)
    assert lease.checkpoint(low, CancelToken())
    order.append("low")
    lease.release(low)
    assert finished.wait(WAIT_S)
    thread.join(WAIT_S)
    assert order == ["low", "urgent"]


def test_a_checkpoint_takes_no_lock_when_nobody_more_urgent_waits() -> None:
    line, token = Line(), CancelToken()
    ticket = line.ask(0)
    line.ask(0)
    lock = line.lease._lock
    with lock:
        assert not line.lease.checkpoint(ticket, token)


class LeaseMachine(RuleBasedStateMachine):
    """Random asking, leaving and finishing; the rules hold after every move."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.waiting: list[Ticket] = []
        self.resident: dict[Ticket, bool] = {}

    def _sync(self) -> None:
        self.waiting = [t for t in self.waiting if t not in self.line.granted]

    @rule(priority=st.integers(0, 2), resident=st.booleans())
    def ask(self, priority: int, resident: bool) -> None:
        ticket = self.line.ask(priority, resident=resident)
        self.resident[ticket] = resident
        self.waiting.append(ticket)
        self._sync()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(self.waiting))
        assert self.line.lease.withdraw(ticket)
        self.waiting.remove(ticket)

    @precondition(lambda self: self.line.lease.holder is not None)
    @rule()
    def finish(self) -> None:
        before = list(self.waiting)
        holder = self.line.lease.holder
        assert holder is not None
        self.line.lease.release(holder)
        chosen = self.line.lease.holder
        self._sync()
        if chosen is None:
            assert not before
            return
        assert chosen in before
        assert chosen.priority == min(t.priority for t in before)
        equals = [t for t in before if t.priority == chosen.priority]
        patient = [t for t in equals if t.passed_over > PATIENCE]
        assert not patient, "nobody is passed over more often than that"
        if not self.resident[chosen] and chosen.passed_over < PATIENCE:
            assert not any(self.resident[t] for t in equals)

    @invariant()
    def the_device_is_never_idle_while_somebody_waits(self) -> None:
        assert self.line.lease.holder is not None or not self.waiting

    @invariant()
    def everybody_who_waits_is_in_line(self) -> None:
        assert set(self.line.lease.waiting()) == set(self.waiting)
        urgent = min((t.priority for t in self.waiting), default=None)
        assert urgent is None or self.line.lease.urgent == urgent

    def teardown(self) -> None:
        self.line.serve_all()
        assert set(self.waiting) <= set(self.line.granted), "everybody is served in the end"


TestLeaseMachine = LeaseMachine.TestCase
TestLeaseMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@settings(max_examples=15, deadline=None)
@given(
    jobs=st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 20), st.booleans()), min_size=1, max_size=12
    )
)
def test_threads_never_compute_at_once_and_all_finish(jobs: list[tuple[int, int, bool]]) -> None:
    """Real threads: mutual exclusion, few begun at once, everybody ends."""
    lease = DeviceLease()
    inside: list[int] = []
    most: list[int] = []
    faults: list[str] = []
    done = [threading.Event() for _ in jobs]
    threads: list[threading.Thread] = []

    def start(number: int, priority: int, steps: int, stop: bool) -> None:
        token = CancelToken()

        def work() -> None:
            try:
                for step in range(steps):
                    if stop and step == steps // 2:
                        token.cancel()
                    lease.checkpoint(ticket, token)
                    inside.append(number)
                    most.append(lease.begun())
                    if len(inside) != 1:
                        faults.append(f"{inside} computed at once")
                    inside.remove(number)
            except JobCancelled:
                if not stop:
                    faults.append("stopped without being asked")
            lease.release(ticket)
            done[number].set()

        thread = threading.Thread(target=work)
        threads.append(thread)
        ticket = Ticket(priority=priority, grant=thread.start)
        lease.request(ticket)

    for number, (priority, steps, stop) in enumerate(jobs):
        start(number, priority, steps, stop)
    for event in done:
        assert event.wait(WAIT_S)
    for thread in threads:
        thread.join(WAIT_S)
    assert faults == []
    assert max(most, default=0) <= 3, "no more begun jobs than priorities"
    assert lease.holder is None
