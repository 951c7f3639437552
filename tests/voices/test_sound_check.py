from __future__ import annotations

import numpy as np
import pytest

from studio.core.media import Sound
from studio.voices.sound_check import checked
from tests.fakes.sounds import babble

RATE = 16_000


def problems(samples: np.ndarray) -> tuple[str, ...]:
    return checked(Sound.of(np.asarray(samples, np.float32), RATE)).problems


def test_clear_speech_is_taken() -> None:
    assert problems(babble(12)) == ()
    quiet_room = np.random.default_rng(1).normal(0, 0.002, 12 * RATE)
    assert problems(babble(12) + quiet_room) == ()
    assert problems(np.stack((babble(12), babble(12)), axis=1)) == ()


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (babble(5), "too short"),
        (np.zeros(0), "too short"),
        (babble(65), "longer than 60 s"),
        (babble(12) * 0.01, "too quiet"),
        (np.zeros(12 * RATE), "too quiet"),
        (np.clip(babble(12) * 9, -1, 1), "too loud"),
        (babble(12) + np.random.default_rng(1).normal(0, 0.1, 12 * RATE), "too much noise"),
        (np.full(12 * RATE, np.nan), "too quiet"),
    ],
)
def test_what_is_no_good_is_said_with_what_helps(samples: np.ndarray, words: str) -> None:
    (problem,) = problems(samples)
    assert words in problem
