from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from studio.core.artifacts import TextArtifact
from studio.core.requests import Capability, TextRequest
from studio.library.library import Library

Make = Callable[..., TextArtifact]


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 4, 15, 9, 123000, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=7)
        return self.now

    def forward(self, **units: float) -> None:
        self.now += timedelta(**units)


def text_result(
    text: str = "The lamp turned all night.",
    *,
    instruction: str = "The old lighthouse",
    seed: int = 7,
    model: str = "smollm2-135m-instruct",
) -> TextArtifact:
    request = TextRequest(
        capability=Capability.TEXT_GENERATE, seed=seed, model=model, instruction=instruction
    )
    return TextArtifact(request=request, model=model, backend="transformers-text", text=text)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def index_path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "index.sqlite"


@pytest.fixture
def open_again(tmp_path: Path, index_path: Path, clock: Clock) -> Iterator[Callable[[], Library]]:
    opened: list[Library] = []

    def open_it() -> Library:
        for before in opened:
            before.close()
        library = Library(tmp_path / "library", index_path, clock=clock)
        opened.append(library)
        return library

    yield open_it
    for library in opened:
        library.close()


@pytest.fixture
def library(open_again: Callable[[], Library]) -> Library:
    return open_again()
