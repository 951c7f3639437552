from __future__ import annotations

from tests.documents.project.killing import kill_many


def test_a_hundred_kills_lose_nothing_that_was_acknowledged() -> None:
    tally = kill_many(100, seed=1)
    assert tally.kills == 100
    assert tally.acknowledged > 2000
    assert tally.ended < 30  # most were really killed in the middle
    assert tally.left >= 70  # and a crash is told from a clean end
    assert (tally.lost, tally.damaged, tally.unopened) == (0, 0, 0)
