"""Exports say who wrote them, and only when it is true; prompts can be left out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio.app.export_dialog import FORMATS, ExportDialog
from studio.app.exporting import ExportOrder, export_manuscript, generated_share, record_of_text
from studio.core.provenance import Origin, read
from studio.core.provenance.keys import authority_of
from studio.core.provenance.origin import check_origin
from studio.core.requests import Capability, TextRequest, from_json
from studio.documents.project import Project, Span, TextEdit, TextState
from studio.models.info import ModelInfo

TYPED = "# The keeper\n\nShe went up. "
MADE = "The lamp was *out*."
PROMPT = "secret-wish-of-the-writer"
MODELS = {"small": ModelInfo(id="small", title="Small Model", licence="Apache-2.0")}


@pytest.fixture
def project(tmp_path: Path, qapp: object) -> Iterator[Project]:
    with Project.open(tmp_path / "Novel.triptych", create=True) as opened:
        document = opened.create_document("text", "Chapter")
        request = TextRequest(
            capability=Capability.TEXT_GENERATE, seed=7, prompt=PROMPT, model="small"
        )
        asked = opened.add_request(request, {"model": "small", "backend": "fake"})
        opened.commit_text(document, [TextEdit(0, "", TYPED)], label="Typing")
        opened.commit_text(
            document,
            [TextEdit(len(TYPED), "", MADE)],
            label="Continue",
            origin="generated",
            request_id=asked,
        )
        opened.flush()
        yield opened


def order(project: Project, path: Path, *, with_prompts: bool = True) -> ExportOrder:
    (document,) = project.documents()
    return ExportOrder(
        path=path,
        state=project.text(document.id),
        title="The keeper",
        project=project,
        models=MODELS,
        with_prompts=with_prompts,
        keys=path.parent / "keys",
    )


@pytest.mark.parametrize("suffix", [".docx", ".odt", ".pdf", ".epub", ".md", ".txt"])
@pytest.mark.parametrize("with_prompts", [True, False])
def test_every_format_says_so_with_and_without_prompts(
    project: Project, tmp_path: Path, suffix: str, with_prompts: bool
) -> None:
    path = tmp_path / f"out{suffix}"
    done = export_manuscript(order(project, path, with_prompts=with_prompts))
    assert done.marked and not done.notice
    assert done.signed == (suffix not in (".md", ".txt"))
    record = read(path)
    assert record is not None
    assert (record.origin, record.model, record.licence) == (
        Origin.COMPOSITE,
        "small",
        "Apache-2.0",
    )
    assert record.has_prompt == with_prompts
    if with_prompts:
        again = from_json(record.request)
        assert isinstance(again, TextRequest) and again.prompt == PROMPT
    else:
        assert PROMPT.encode() not in path.read_bytes()
    report = check_origin(path, authority=authority_of(tmp_path / "keys"))
    assert report.made_by_model and not report.changed


def test_html_is_written_and_says_that_it_cannot_say_so(project: Project, tmp_path: Path) -> None:
    done = export_manuscript(order(project, tmp_path / "out.html"))
    assert not done.marked and "HTML has no place" in done.notice
    assert "The lamp was" in (tmp_path / "out.html").read_text("utf-8")


def test_what_no_model_touched_gets_no_mark(project: Project, tmp_path: Path) -> None:
    for state in (TextState(TYPED), TextState(TYPED, (Span(0, 5, "pasted"),))):
        plain = ExportOrder(
            path=tmp_path / "own.md",
            state=state,
            title="Own",
            project=project,
            models={},
            with_prompts=True,
            keys=tmp_path / "keys",
        )
        assert record_of_text(plain) is None
        assert not export_manuscript(plain).marked
        assert (tmp_path / "own.md").read_text("utf-8") == TYPED
        assert not (tmp_path / "keys").exists(), "nothing to sign, so no key is made"


def test_an_old_file_stays_when_writing_fails(project: Project, tmp_path: Path) -> None:
    target = tmp_path / "folder.md"
    target.mkdir()
    from studio.core.errors import StorageError

    with pytest.raises(StorageError):
        export_manuscript(order(project, target))
    assert target.is_dir() and not list(tmp_path.glob("*.tmp*"))


def test_the_share_is_counted() -> None:
    assert generated_share(TextState("abcd", (Span(1, 2), Span(2, 3, "pasted")))) == 0.25
    assert generated_share(TextState()) == 0


def test_the_dialog_says_what_the_file_will_say(qtbot: QtBot) -> None:
    dialog = ExportDialog("Chapter", 0.36)
    qtbot.addWidget(dialog)
    assert "36 %" in dialog.origin.text() and "signed" in dialog.origin.text()
    dialog.choose(".html")
    assert "no place" in dialog.origin.text() and not dialog.without.isEnabled()
    dialog.choose(".md")
    assert dialog.origin.text().endswith("The file says so.")
    dialog.without.setChecked(True)
    with qtbot.waitSignal(dialog.chosen) as sent:
        dialog.export_button.click()
    assert sent.args == [".md", False]


def test_a_text_of_ones_own_is_not_accused(qtbot: QtBot) -> None:
    dialog = ExportDialog("Chapter", 0.0)
    qtbot.addWidget(dialog)
    for suffix, _ in FORMATS:
        dialog.choose(suffix)
        assert "No model wrote" in dialog.origin.text()
    assert dialog.without.isHidden()
