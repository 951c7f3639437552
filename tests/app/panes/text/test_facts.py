"""What came of a request is kept with it: model, tokens, energy where it was measured."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt

from studio.core.artifacts import TextArtifact
from studio.core.requests import Capability, TextRequest
from studio.documents.authorship import authorship
from tests.app.panes.text.conftest import Desk
from tests.fakes.fake_engine import Finish

ARTIFACT = TextArtifact(
    request=TextRequest(capability=Capability.TEXT_GENERATE, seed=3, prompt="x", model="fake-chat"),
    model="fake-chat",
    backend="fake",
    duration_s=1.5,
    text=" of salt.",
    new_tokens=4,
)


def accepted_facts(desk: Desk, energy_j: float | None) -> dict[str, object]:
    desk.type("A grain")
    desk.generate(" of salt.", end=Finish(artifact=replace(ARTIFACT, energy_j=energy_j)))
    desk.press(Qt.Key.Key_Tab)
    desk.kept()
    document = desk.pane.document
    assert document is not None and document.project is not None
    (span,) = document.project.text(document.document_id).spans
    assert authorship(document.project).energy_j == energy_j
    return document.project.artifact_summary(span.request_id)


def test_facts_are_kept_with_what_was_accepted(desk: Desk) -> None:
    assert accepted_facts(desk, 12.5) == {
        "model": "fake-chat",
        "backend": "fake",
        "duration_s": 1.5,
        "energy_j": 12.5,
        "new_tokens": 4,
        "finish_reason": "stop",
    }


def test_energy_nobody_measured_stays_unknown(desk: Desk) -> None:
    assert accepted_facts(desk, None)["energy_j"] is None
