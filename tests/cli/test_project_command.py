"""``triptych project …`` on real project files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from studio import cli
from studio.core.provenance import Origin, read
from studio.core.requests import Capability, TextRequest
from studio.documents.project import Project, TextEdit


@pytest.fixture
def novel(tmp_path: Path) -> Path:
    path = tmp_path / "Novel.triptych"
    with Project.open(path, create=True) as project:
        first = project.create_document("text", "Chapter one")
        project.commit_text(first, [TextEdit(0, "", "# One\n\nA *lamp* went out.")], label="x")
        second = project.create_document("text", "Chapter two")
        project.commit_text(second, [TextEdit(0, "", "Grüße, 灯台.")], label="x")
        project.delete_document(project.create_document("text", "Scraps"))
        project.snapshot("first draft")
    return path


def run(*words: object) -> int:
    return cli.main([str(word) for word in words])


def run_apart(*words: object) -> str:
    """Run in a process of its own, where the command starts Qt itself."""
    code = "import sys; from studio import cli; sys.exit(cli.main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_info_names_documents_history_and_what_was_deleted(
    novel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("project", "info", novel) == 0
    printed = capsys.readouterr().out
    for words in ("Chapter one", "Chapter two", "Moments: first draft.", "Deleted: Scraps."):
        assert words in printed
    assert run("project", "info", novel, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert [item["title"] for item in found["documents"]] == ["Chapter one", "Chapter two"]
    assert found["documents"][1]["words"] == 2
    assert found["history_entries"] == 7


def test_check_says_sound_and_damaged_with_another_exit_code(
    novel: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("project", "check", novel) == 0
    assert "is sound" in capsys.readouterr().out
    data = bytearray(novel.read_bytes())
    data[8192:12288] = bytes(4096)
    novel.write_bytes(data)
    before = bytes(data)
    assert run("project", "check", novel, "--json") == 1
    found = json.loads(capsys.readouterr().out)
    assert not found["ok"] and found["problems"]
    assert novel.read_bytes() == before, "checking changes nothing"


@pytest.mark.parametrize("words", [("info",), ("check",), ("export", "out.md")])
def test_a_missing_file_is_bad_input(
    tmp_path: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    action, *rest = words
    assert run("project", action, tmp_path / "gone.triptych", *rest) == 2
    printed = capsys.readouterr()
    assert "gone.triptych" in printed.err and printed.out == ""


def test_what_is_no_project_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "letter.triptych"
    path.write_text("Dear all", "utf-8")
    assert run("project", "info", path) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_document_is_exported_by_title(novel: Path, tmp_path: Path) -> None:
    target = tmp_path / "two.txt"
    assert run("project", "export", novel, target, "--document", "Chapter two") == 0
    assert "Grüße, 灯台." in target.read_text("utf-8")


def test_an_unknown_title_names_the_ones_there_are(
    novel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("project", "export", novel, tmp_path / "x.txt", "--document", "Three") == 2
    assert "Chapter one" in capsys.readouterr().err
    assert not (tmp_path / "x.txt").exists()


@pytest.mark.parametrize("suffix", ["md", "docx", "odt", "epub", "pdf"])
def test_an_export_says_that_a_model_wrote_in_it(
    novel: Path,
    tmp_path: Path,
    suffix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TRIPTYCH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    request = TextRequest(
        capability=Capability.TEXT_GENERATE, seed=3, model="m", instruction="A secret wish"
    )
    with Project.open(novel) as project:
        first = project.documents()[0].id
        edit = TextEdit(0, "", "Made. ")
        request_id = project.add_request(request, {"model": "m"})
        project.commit_text(
            first, [edit], label="x", origin="generated", request_id=request_id
        ).result()
    target = tmp_path / f"one.{suffix}"
    said = json.loads(run_apart("project", "export", novel, target, "--json"))
    assert said["marked"] and said["signed"] == (suffix != "md")
    record = read(target)
    assert record is not None and record.origin is Origin.COMPOSITE
    assert record.make_again() == request
    run_apart("project", "export", novel, target, "--without-prompt")
    assert b"secret wish" not in target.read_bytes()
    assert read(target) is not None
