from __future__ import annotations

import json

import pytest

from studio.core.errors import BadInputError, NewerFormatError, StorageError
from studio.documents.export import export_text
from studio.documents.project import Project, TextEdit, commands
from studio.documents.project.commands import check, info


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.triptych"
    with Project.open(path, create=True) as project:
        novel = project.create_document("text", "Novel")
        project.commit_text(novel, [TextEdit(0, "", "# One\n\nIt was ")], label="Type")
        project.commit_text(novel, [TextEdit(14, "", "dark")], label="Go", origin="generated")
        other = project.create_document("text", "Notes")
        project.commit_text(other, [TextEdit(0, "", "Remember")], label="Type")
        chat = project.create_document("chat", "Chat")
        project.commit_state(chat, b"{}", label="Ask")
        project.delete_document(project.create_document("text", "Gone"))
        project.snapshot("Draft")
    return path


def test_info_says_what_a_project_holds(path) -> None:
    before = path.read_bytes()
    found = info(path)
    json.dumps(found)
    assert [item["title"] for item in found["documents"]] == ["Novel", "Notes", "Chat"]
    assert found["documents"][0]["words"] == 5
    assert found["documents"][0]["generated_characters"] == 4
    assert [item["title"] for item in found["deleted_documents"]] == ["Gone"]
    assert [mark["name"] for mark in found["snapshots"]] == ["Draft"]
    assert found["history_entries"] == 10
    assert path.read_bytes() == before


def test_check_finds_a_changed_bit(path) -> None:
    assert check(path) == {"path": str(path), "ok": True, "problems": []}
    data = path.read_bytes()
    found = 0
    for at in range(4096, len(data), 611):
        changed = bytearray(data)
        changed[at] ^= 4
        path.write_bytes(changed)
        found += not check(path)["ok"]
    assert found > 0
    path.write_bytes(b"nothing")
    assert not check(path)["ok"]


def texts_of(path) -> list[str]:
    with Project.open(path, read_only=True) as project:
        return [project.text(item.id).text for item in project.documents() if item.kind == "text"]


def test_every_changed_bit_that_changes_a_text_is_found(path) -> None:
    import sqlite3

    expected = texts_of(path)
    found = 0
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT sequence, delta FROM journal WHERE action = 'text'"
    ).fetchall()
    for sequence, delta in rows:
        for bit in range(0, len(delta) * 8, 7):
            changed = bytearray(delta)
            changed[bit // 8] ^= 1 << bit % 8
            connection.execute(
                "UPDATE journal SET delta = ? WHERE sequence = ?", (bytes(changed), sequence)
            )
            connection.commit()
            if check(path)["ok"]:  # a bit that means nothing, such as the last byte's padding
                assert texts_of(path) == expected
            else:
                found += 1
        connection.execute("UPDATE journal SET delta = ? WHERE sequence = ?", (delta, sequence))
        connection.commit()
    connection.close()
    assert found > 50
    assert check(path)["ok"]


def test_export_writes_the_document_asked_for(path, tmp_path) -> None:
    def export(project, target, document=""):
        def write(_project, chosen, state):
            export_text(state.text, target, title=chosen.title)
            return {"marked": True}

        return commands.export(project, target, document, write)

    result = export(path, tmp_path / "out.md")
    assert result["marked"]
    assert (tmp_path / "out.md").read_text() == "# One\n\nIt was dark"
    assert result["document"] == "Novel"
    assert export(path, tmp_path / "notes.docx", "Notes")["size_bytes"] > 1000
    with pytest.raises(BadInputError, match="no text “Other”"):
        export(path, tmp_path / "x.md", "Other")
    with pytest.raises(BadInputError, match="kind of text file"):
        export(path, tmp_path / "x.xyz")
    with pytest.raises(StorageError):
        info(tmp_path / "missing.triptych")
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        "a.triptych", "notes.docx", "out.md",
    ]  # fmt: skip


def test_a_newer_project_is_no_damaged_one(path) -> None:
    import sqlite3

    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    for command in (info, check):
        with pytest.raises(NewerFormatError):
            command(path)
