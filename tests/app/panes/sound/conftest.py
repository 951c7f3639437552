"""The sound pane with the scripted engine, shown offscreen, playing to nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from studio.app.context import AppContext
from studio.app.panes.sound.pane import SoundPane
from studio.app.panes.sound.sound_session import SoundSession
from studio.core.requests import AudioRequest
from studio.documents.soundtrack import Clip, Soundtrack
from studio.documents.soundtrack.inputs import SignalInput
from studio.documents.soundtrack.outputs import NullOutput
from tests.fakes.fake_engine import CHAT_MODEL, MENDING_MODEL, VOICE_MODEL, FakeEngine, Finish

LONG_MS = 10_000


@pytest.fixture
def engine() -> FakeEngine:
    made = FakeEngine(models=(CHAT_MODEL, VOICE_MODEL, MENDING_MODEL))
    made.default_script = (Finish(),)
    return made


@dataclass
class Studio:
    """The pane and everything a test does with it."""

    qtbot: QtBot
    pane: SoundPane
    engine: FakeEngine
    context: AppContext

    @property
    def session(self) -> SoundSession:
        assert self.pane.session is not None
        return self.pane.session

    @property
    def track(self) -> Soundtrack:
        return self.session.soundtrack

    @property
    def clips(self) -> list[Clip]:
        return list(self.track.arrangement.clips())

    @property
    def asked(self) -> list[AudioRequest]:
        return [r for r in self.engine.submitted if isinstance(r, AudioRequest)]

    def until(self, condition: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(condition()), timeout=LONG_MS)

    def speak(self, text: str) -> Clip:
        """Speak a text and wait until it lies on the time line."""
        before = len(self.clips)
        self.pane.view.prompt.set_text(text)
        self.pane.view.prompt.submit()
        self.engine.play()
        self.until(lambda: len(self.clips) > before and not self.session.busy)
        return max(self.clips, key=lambda clip: clip.start)


def hum(start: int, frames: int) -> np.ndarray:
    at = np.arange(start, start + frames) / 48_000
    return (np.sin(at * 300 * 2 * np.pi) * 0.3).astype(np.float32)[:, None]


@pytest.fixture
def studio(
    qtbot: QtBot, app_context: AppContext, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Studio]:
    monkeypatch.setattr(SoundPane, "output", staticmethod(lambda: NullOutput()))
    monkeypatch.setattr(SoundPane, "source", staticmethod(lambda: SignalInput(hum)))
    pane = SoundPane(app_context)
    qtbot.addWidget(pane)
    pane.resize(1000, 640)
    with qtbot.waitExposed(pane):
        pane.show()
    made = Studio(qtbot, pane, engine, app_context)
    yield made
    assert pane.close_requested()


def wav(path: Path, seconds: float = 1.0) -> Path:
    import soundfile

    soundfile.write(path, hum(0, round(seconds * 48_000)), 48_000)
    return path
