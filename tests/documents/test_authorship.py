"""The authorship report counts what the project knows, and invents nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from studio.core.requests import Capability, Role, TextRequest
from studio.documents.authorship import NOT_KNOWN, authorship, to_markdown
from studio.documents.chat.tree import ROOT, ChatTree
from studio.documents.project.project import Project
from studio.documents.spans import TextEdit
from studio.models.info import ModelInfo

MODELS = {"small": ModelInfo(id="small", title="Small Model", licence="Apache-2.0")}
WHEN = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with Project.open(tmp_path / "Novel.triptych", create=True) as opened:
        yield opened


def request(model: str = "small") -> TextRequest:
    return TextRequest(capability=Capability.TEXT_GENERATE, seed=1, prompt="x", model=model)


def write(
    project: Project, document: str, text: str, origin: str = "typed", request_id: str = ""
) -> None:
    at = len(project.text(document).text)
    project.commit_text(
        document,
        [TextEdit(at, "", text)],
        label="x",
        origin=origin,
        request_id=request_id,  # type: ignore[arg-type]
    )


def test_every_character_is_counted_where_it_came_from(project: Project) -> None:
    text = project.create_document("text", "Chapter one")
    asked = project.add_request(request(), {"model": "small", "energy_j": 12.5})
    write(project, text, "Typed 灯台. ")
    write(project, text, "Generated. ", "generated", asked)
    write(project, text, "Pasted", "pasted")
    write(project, text, "Im", "imported")
    project.flush()
    report = authorship(project, models=MODELS, made_at=WHEN)
    (document,) = report.documents
    assert document.characters == {"typed": 10, "pasted": 6, "imported": 2, "generated": 11}
    assert document.total == len(project.text(text).text)
    (model,) = report.models
    assert (model.title, model.licence) == ("Small Model", "Apache-2.0")
    assert (model.requests, model.characters, model.energy_j) == (1, 11, 12.5)
    assert report.energy_j == 12.5
    assert (report.project, report.made_at) == ("Novel", "2026-11-22T12:00:00Z")
    json.dumps(report.to_dict())


def test_a_word_typed_into_generated_text_is_the_writers(project: Project) -> None:
    text = project.create_document("text", "A")
    asked = project.add_request(request())
    write(project, text, "generated", "generated", asked)
    project.commit_text(text, [TextEdit(3, "", "XX")], label="x")
    project.commit_text(text, [TextEdit(0, "g", "")], label="x")
    assert authorship(project).documents[0].characters["generated"] == 8
    assert authorship(project).documents[0].characters["typed"] == 2


def test_what_nobody_recorded_is_not_known(project: Project) -> None:
    text = project.create_document("text", "A")
    write(project, text, "one ", "generated", project.add_request(request("gone-model")))
    write(project, text, "two ", "generated", "no such request")
    write(project, text, "three", "generated")
    project.flush()
    report = authorship(project, models=MODELS)
    assert report.energy_j is None
    shares = {share.model: share for share in report.models}
    assert set(shares) == {"gone-model", ""}
    assert shares["gone-model"].title == "gone-model" and shares["gone-model"].licence == ""
    assert shares[""].characters == 9
    text_report = to_markdown(report)
    assert f"| {NOT_KNOWN} | {NOT_KNOWN} |" in text_report
    assert f"Energy of everything generated: {NOT_KNOWN}." in text_report


def test_energy_known_for_some_requests_only_is_not_known(project: Project) -> None:
    text = project.create_document("text", "A")
    write(project, text, "a", "generated", project.add_request(request(), {"energy_j": 1}))
    write(project, text, "b", "generated", project.add_request(request(), {"energy_j": True}))
    project.flush()
    (share,) = authorship(project, models=MODELS).models
    assert (share.requests, share.energy_j) == (2, None)


def test_a_chat_counts_who_spoke(project: Project) -> None:
    chat = project.create_document("chat", "Talk")
    tree = ChatTree(system="Be kind.")
    question = tree.add(ROOT, Role.USER, "Why?")
    asked = project.add_request(request(), {"model": "small"})
    tree.add(question, Role.ASSISTANT, "hidden version", model="small", request_id=asked)
    answer = tree.add(question, Role.ASSISTANT, "Because.", model="small", request_id=asked)
    tree.edit(answer, "Because!!")
    project.commit_state(chat, tree.to_payload(), label="x")
    project.flush()
    report = authorship(project, models=MODELS)
    assert report.documents[0].characters["typed"] == len("Be kind.Why?")
    assert report.documents[0].characters["generated"] == len("Because!!")
    assert report.edited == len("Because!!")
    assert report.models[0].model == "small"
    assert "stand in answers changed by hand" in to_markdown(report)


def test_a_chat_nobody_spoke_in_and_other_kinds_count_nothing(project: Project) -> None:
    project.create_document("chat", "Empty")
    project.create_document("picture", "Later")
    report = authorship(project)
    assert [document.total for document in report.documents] == [0, 0]
    assert report.models == ()
    assert "No model wrote anything" in to_markdown(report)


def test_a_damaged_chat_is_said_and_the_rest_is_counted(project: Project) -> None:
    chat = project.create_document("chat", "Broken")
    project.commit_state(chat, b"{not json", label="x")
    text = project.create_document("text", "Whole")
    write(project, text, "abc")
    report = authorship(project)
    assert [document.readable for document in report.documents] == [False, True]
    assert report.characters["typed"] == 3
    assert "could not be read" in to_markdown(report)


def test_deleted_documents_are_named_by_number_only(project: Project) -> None:
    text = project.create_document("text", "Secret draft")
    write(project, text, "abc", "generated", project.add_request(request()))
    project.delete_document(text).result(10)
    report = authorship(project)
    assert (report.documents, report.deleted, report.models) == ((), 1, ())
    assert "Secret draft" not in to_markdown(report)
    assert "there are 1" in to_markdown(report)


def test_the_markdown_adds_up_and_shows_titles_as_they_are(project: Project) -> None:
    text = project.create_document("text", "A | *b* <script>\n# c")
    write(project, text, "x" * 3000)
    write(
        project, text, "y" * 1000, "generated", project.add_request(request(), {"energy_j": 9000})
    )
    project.flush()
    markdown = to_markdown(authorship(project, models=MODELS, made_at=WHEN))
    assert "| typed by hand | 3,000 | 75.0 % |" in markdown
    assert "| written by models | 1,000 | 25.0 % |" in markdown
    assert r"| A \| \*b\* \<script\> \# c | 3,000 |" in markdown
    assert "| Small Model | Apache-2.0 | 1 | 1,000 | 2.5 Wh |" in markdown
    assert "2026-11-22" in markdown


def test_an_empty_project_has_a_report(project: Project) -> None:
    assert "There are no documents." in to_markdown(authorship(project))


def test_the_report_reads_only(project: Project, tmp_path: Path) -> None:
    text = project.create_document("text", "A")
    write(project, text, "abc")
    project.flush()
    before = [entry.sequence for entry in project.history()]
    authorship(project)
    project.flush()
    assert [entry.sequence for entry in project.history()] == before
