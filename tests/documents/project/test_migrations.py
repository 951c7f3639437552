from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from studio.documents.project import Project, Span, TextState, schema
from studio.documents.project.checking import content_problems

FIXTURES = Path(__file__).parent / "fixtures"


def opened_from(script: Path, target: Path) -> Project:
    connection = sqlite3.connect(target)
    connection.executescript(script.read_text("utf-8"))
    connection.close()
    return Project.open(target)


@pytest.mark.parametrize("version", range(1, schema.SCHEMA_VERSION + 1))
def test_a_project_of_every_version_opens(tmp_path, version) -> None:
    with opened_from(FIXTURES / f"schema_v{version}.sql", tmp_path / "old.triptych") as project:
        novel, chat = project.documents()
        assert project.text(novel.id) == TextState(
            "It was a dark 🌍 night.", (Span(9, 13, "generated", "r1"), Span(14, 15, "pasted"))
        )
        assert project.state(chat.id) == b'{"messages": []}'
        assert [mark.name for mark in project.snapshots()] == ["First draft"]
        assert [info.title for info in project.documents(deleted=True)] == ["Old"]
        assert project.request("r1").prompt == "It was a"  # type: ignore[attr-defined]
        project.create_document("text", "New")
        project.flush()
        with project.reading() as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (schema.SCHEMA_VERSION,)
            assert content_problems(connection, project.path) == ()


def test_every_version_has_its_step_and_its_fixture() -> None:
    assert set(schema.MIGRATIONS) == set(range(1, schema.SCHEMA_VERSION))
    for version in range(1, schema.SCHEMA_VERSION + 1):
        assert (FIXTURES / f"schema_v{version}.sql").exists()


def migrated(steps, tmp_path) -> sqlite3.Connection:
    path = tmp_path / "a.triptych"
    Project.open(path, create=True).close()
    connection = sqlite3.connect(path, isolation_level=None)
    schema.migrate(connection, 1, migrations=steps, target=1 + len(steps))
    return connection


def test_migrations_run_in_order(tmp_path) -> None:
    steps = {
        1: lambda c: c.execute("ALTER TABLE documents ADD COLUMN colour TEXT"),
        2: lambda c: c.execute("UPDATE documents SET colour = 'red'"),
    }
    connection = migrated(steps, tmp_path)
    assert connection.execute("PRAGMA user_version").fetchone() == (3,)
    connection.close()


def test_a_migration_that_fails_changes_nothing(tmp_path) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE journal_blobs")
        connection.execute("no such statement")

    with pytest.raises(sqlite3.Error):
        migrated({1: broken}, tmp_path)
    with Project.open(tmp_path / "a.triptych") as project, project.reading() as connection:
        assert connection.execute("SELECT count(*) FROM journal_blobs").fetchone() == (0,)
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
