from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.app.panes.sound.timeline.scale import Scale, clock

scales = st.builds(
    Scale,
    st.sampled_from([8_000, 44_100, 48_000, 192_000]),
    st.floats(0.1, 100_000),
    st.floats(0, 1e9),
)


@given(scales, st.integers(0, 2**33))
def test_a_position_comes_back_within_a_pixel(scale: Scale, position: int) -> None:
    assert abs(scale.position(scale.x(position)) - position) <= max(1, scale.samples_per_px)


@given(scales, st.floats(0.2, 5), st.floats(0, 2000))
def test_zooming_keeps_what_is_under_the_pointer(scale: Scale, factor: float, x: float) -> None:
    before = scale.start + x * scale.samples_per_px
    zoomed = scale.zoomed(factor, x)
    if zoomed.start > 0:
        assert zoomed.start + x * zoomed.samples_per_px == pytest.approx(before, rel=1e-9, abs=1)


@given(scales)
def test_numbers_on_the_ruler_do_not_touch(scale: Scale) -> None:
    ticks = scale.ticks(1200)
    assert 0 < len(ticks) < 30
    places = [scale.x(tick * scale.sampling_rate) for tick in ticks]
    gaps = [right - left for left, right in pairwise(places)]
    assert all(gap >= 71 for gap in gaps) or scale.tick_s() == 7200


@pytest.mark.parametrize(
    ("seconds", "step", "text"),
    [
        (0, 1, "0:00"),
        (62, 1, "1:02"),
        (3723, 1, "1:02:03"),
        (1.25, 0.1, "0:01.2"),
        (59.96, 0.1, "1:00.0"),
        (0.005, 0.001, "0:00.005"),
    ],
)
def test_the_clock(seconds: float, step: float, text: str) -> None:
    assert clock(seconds, step) == text
