"""Import, authorship report and origin from the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from studio.app.exchange_actions import ExchangeActions
from studio.app.main import pane_sources
from studio.app.panes.text.manuscript_view import ManuscriptView
from studio.app.panes.text.pane import TextPane
from studio.core.provenance import Origin, ProvenanceRecord, embed
from tests.app.conftest import MakeWindow
from tests.app.pictures_projects import novel
from tests.app.test_project_actions import LONG_MS, Studio


@pytest.fixture
def studio(qtbot: QtBot, make_window: MakeWindow, tmp_path: Path) -> Iterator[Studio]:
    path = tmp_path / "The Keeper.triptych"
    novel(path)[0].close()
    opened = make_window(panes=pane_sources())
    qtbot.waitUntil(lambda: opened.app.project_actions is not None, timeout=LONG_MS)
    made = Studio(qtbot, opened)
    made.open(path)
    yield made


@pytest.fixture
def exchange(studio: Studio) -> ExchangeActions:
    return studio.actions.exchange


def origins(pane: TextPane) -> list[str]:
    view = pane.view
    assert isinstance(view, ManuscriptView)
    return [span.origin for span in view.manuscript.spans]


def test_an_imported_text_is_a_new_document_that_came_from_a_file(
    studio: Studio, exchange: ExchangeActions, tmp_path: Path
) -> None:
    path = tmp_path / "Grüße.md"
    path.write_text("# Grüße\n\nAn alle.", "utf-8")
    exchange.import_file(path)
    studio.settle()
    assert studio.text() == "# Grüße\n\nAn alle."
    assert origins(studio.pane) == ["imported"]


def test_a_mark_comes_in_with_the_text(
    studio: Studio, exchange: ExchangeActions, tmp_path: Path
) -> None:
    path = tmp_path / "made.md"
    record = ProvenanceRecord(kind="text", model="small", origin=Origin.GENERATED)
    path.write_bytes(embed(b"A model wrote this.", ".md", record))
    exchange.import_file(path)
    studio.settle()
    assert origins(studio.pane) == ["generated"]


def test_what_cannot_be_imported_is_said(
    studio: Studio, exchange: ExchangeActions, tmp_path: Path
) -> None:
    exchange.import_file(tmp_path / "gone.md")
    studio.settle()
    assert "gone.md" in studio.message()


def test_the_report_counts_what_was_typed_a_moment_ago(
    studio: Studio, exchange: ExchangeActions
) -> None:
    studio.type("Prologue. ")
    exchange.open_authorship()
    studio.settle()
    dialog = exchange.authorship_dialog
    assert dialog is not None and dialog.report is not None
    assert dialog.report.characters["typed"] == 199 + len("Prologue. ")
    assert "by models" in dialog.legend.text()
    assert dialog.bar.accessibleName().startswith("typed ")
    dialog.copy()
    assert QGuiApplication.clipboard().text() == dialog.markdown
    assert "42 J" in dialog.text.toPlainText()
    dialog.reject()


def test_a_title_in_the_report_is_shown_as_it_is(studio: Studio, exchange: ExchangeActions) -> None:
    document = studio.pane.document
    assert document is not None
    document.rename("![x](file:///etc/passwd) <b>bold</b>")
    exchange.open_authorship()
    studio.settle()
    dialog = exchange.authorship_dialog
    assert dialog is not None
    assert "<b>bold</b>" in dialog.text.toPlainText()
    assert "![x](file:///etc/passwd)" in dialog.text.toPlainText()
    dialog.reject()


def test_the_report_is_saved(studio: Studio, exchange: ExchangeActions, tmp_path: Path) -> None:
    exchange.open_authorship()
    studio.settle()
    for suffix in (".md", ".pdf"):
        path = tmp_path / f"report{suffix}"
        exchange.save_report(path)
        studio.settle()
        assert path.stat().st_size > 500
        assert studio.message() == f"report{suffix} was written."
    exchange.save_report(tmp_path / "report.xyz")
    studio.settle()
    assert "cannot be saved" in studio.message()
    assert exchange.authorship_dialog is not None
    exchange.authorship_dialog.reject()


def test_an_export_is_written_checked_and_said(
    studio: Studio, exchange: ExchangeActions, tmp_path: Path
) -> None:
    exchange.export_to(studio.pane.front, tmp_path / "out.docx", with_prompts=False)
    studio.settle()
    assert "out.docx was written. It says that a model wrote in it, and is signed." in (
        studio.message()
    )
    exchange.open_origin()
    dialog = exchange.origin_dialog
    assert dialog is not None
    with studio.qtbot.waitSignal(dialog.finished_reading, timeout=LONG_MS):
        dialog.check(tmp_path / "out.docx")
    assert "model made parts of it" in dialog.verdict.text()
    dialog.reject()


def test_the_export_dialog_knows_the_share(studio: Studio, exchange: ExchangeActions) -> None:
    exchange.open_export()
    dialog = exchange.export_dialog
    assert dialog is not None
    assert "36 %" in dialog.origin.text()
    dialog.reject()


def test_a_chat_cannot_be_exported_and_says_why(studio: Studio) -> None:
    studio.pane.new_chat()
    assert studio.app.actions.why_not("file.export") == "Open a manuscript first."
