from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.core import atomic_write as atomic_module
from studio.core.errors import BadInputError, StorageError
from studio.documents import textfile
from studio.documents.textfile import changed_outside, read_text_file, write_text_file

PLAIN = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r\ufeff"))


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-8", False), ("utf-8", True), ("utf-16-le", True), ("utf-16-be", True)],
)
def test_a_file_is_given_back_as_it_came(tmp_path, encoding, mark, newline) -> None:
    path = tmp_path / "a.txt"
    bom = "\ufeff" if mark else ""
    original = (bom + f"Grüße 🌍{newline}zweite{newline}").encode(encoding)
    path.write_bytes(original)
    file = read_text_file(path)
    assert file.text == "Grüße 🌍\nzweite\n"
    assert (file.encoding, file.newline, file.had_bom, file.notice) == (encoding, newline, mark, "")
    write_text_file(
        path, file.text, encoding=file.encoding, newline=file.newline, had_bom=file.had_bom
    )
    assert path.read_bytes() == original


@given(PLAIN)
def test_any_text_survives_a_round_trip(tmp_path_factory, text) -> None:
    from studio.core.media import clean_text

    path = tmp_path_factory.mktemp("t") / "a.txt"
    write_text_file(path, text)
    if not path.read_bytes().startswith(tuple(start for start, _ in textfile._BINARY_STARTS)):
        assert read_text_file(path).text == clean_text(text)


def test_old_western_files_are_read_with_a_notice(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("„Grüße“ – naïve".encode("cp1252"))
    file = read_text_file(path)
    assert file.text == "„Grüße“ – naïve"
    assert file.encoding == "cp1252"
    assert "Western European" in file.notice


def test_utf16_without_a_mark_is_recognised(tmp_path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("Windows wrote this\r\n".encode("utf-16-le"))
    assert read_text_file(path).text == "Windows wrote this\n"


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n1234",
        b"%PDF-1.7",
        b"PK\x03\x04xxxx",
        b"text with \x00 in it",
        b"\x81\x02\x03\x04\x05\x06\x07\x08" * 30,
        b"SQLite format 3\x00",
    ],
)
def test_what_is_no_text_is_refused_with_a_sentence(tmp_path, data) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(BadInputError) as caught:
        read_text_file(path)
    assert "a.txt cannot be opened as text" in caught.value.user_message
    assert caught.value.hint


def test_a_huge_file_is_refused_before_it_is_read(tmp_path) -> None:
    path = tmp_path / "a.txt"
    with path.open("wb") as file:
        file.truncate(textfile.MAX_BYTES + 1)
    with pytest.raises(BadInputError, match="too large"):
        read_text_file(path)


def test_a_text_its_encoding_cannot_hold_becomes_utf8(tmp_path) -> None:
    path = tmp_path / "a.txt"
    file = write_text_file(path, "🌍", encoding="cp1252")
    assert file.encoding == "utf-8"
    assert "UTF-8" in file.notice
    assert read_text_file(path).text == "🌍"


def test_lone_surrogates_and_nul_never_reach_the_disk(tmp_path) -> None:
    path = tmp_path / "a.txt"
    write_text_file(path, "a\ud83d b\x00c")
    assert read_text_file(path).text == "a\ufffd bc"


def test_changes_by_other_programs_are_seen(tmp_path) -> None:
    path = tmp_path / "a.txt"
    token = write_text_file(path, "one").token
    assert token is not None
    assert not changed_outside(path, token)
    os.utime(path, ns=(1, 1))  # touched, not changed
    assert not changed_outside(path, token)
    path.write_text("two")
    os.utime(path, ns=(2, 2))
    assert changed_outside(path, token)
    path.unlink()
    assert changed_outside(path, token)


def test_a_missing_file_and_a_folder_are_explained(tmp_path) -> None:
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(StorageError) as caught:
            read_text_file(path)
        assert caught.value.user_message


ERRORS = [28, 5, 13, 122, 4, 30]  # ENOSPC EIO EACCES EDQUOT EINTR EROFS
CALLS = ["os.fsync", "os.open", "Path.replace", "Path.open", "Path.chmod", "Path.exists"]


@pytest.mark.parametrize("code", ERRORS)
@pytest.mark.parametrize("call", CALLS)
def test_each_failing_call_leaves_the_old_or_the_new_text(
    tmp_path, monkeypatch, call, code
) -> None:
    from pathlib import Path

    path = tmp_path / "a.txt"
    for failing in range(1, 6):
        path.write_text("old")
        owner, name = (atomic_module.os, call[3:]) if call.startswith("os.") else (Path, call[5:])
        real, count = getattr(owner, name), 0

        def broken(*args, _real=real, _at=failing, **kwargs):
            nonlocal count
            count += 1
            if count == _at:
                raise OSError(code, os.strerror(code))
            return _real(*args, **kwargs)

        error = None
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, broken)
            try:
                write_text_file(path, "new")
            except StorageError as caught:
                error = caught
        reached = count >= failing
        assert path.read_text() in ({"old", "new"} if reached else {"new"})
        assert [item.name for item in tmp_path.iterdir()] == ["a.txt"]
        if error is not None:
            assert "a.txt" in error.user_message or str(tmp_path) in error.user_message
        if not reached:
            break
        write_text_file(path, "again")
        assert path.read_text() == "again"
