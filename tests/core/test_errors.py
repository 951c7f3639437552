from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from studio.core import errors
from studio.core.errors import (
    DiskFullError,
    ReadOnlyError,
    StorageError,
    StudioError,
    from_os_error,
    storage_errors,
)

EVERY = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, StudioError)
]


@pytest.mark.parametrize("kind", EVERY)
def test_every_error_carries_words_and_facts(kind: type[StudioError]) -> None:
    error = kind("It happened.", hint="Do this.", path="x", size=3)
    assert (error.user_message, error.hint) == ("It happened.", "Do this.")
    assert error.facts == {"path": "x", "size": 3}
    assert error.sentence() == "It happened. Do this."
    assert str(error) == "It happened."
    assert kind("It happened.").sentence() == "It happened."


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__ is not None
    for kind in EVERY:
        assert kind.__name__ in errors.__doc__


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, DiskFullError),
        (errno.EDQUOT, DiskFullError),
        (errno.EFBIG, DiskFullError),
        (errno.EACCES, ReadOnlyError),
        (errno.EPERM, ReadOnlyError),
        (errno.EROFS, ReadOnlyError),
        (errno.EIO, StorageError),
        (errno.ENOENT, StorageError),
        (errno.ENAMETOOLONG, StorageError),
    ],
)
def test_a_system_error_becomes_a_sentence(code: int, kind: type[StorageError]) -> None:
    error = from_os_error(OSError(code, os.strerror(code)), Path("/some/poem.md"), "saving it")
    assert type(error) is kind
    assert "poem.md" in error.user_message
    assert error.hint
    assert error.facts["path"] == str(Path("/some/poem.md"))


def test_a_file_that_may_not_be_read_is_not_said_to_be_written() -> None:
    error = from_os_error(PermissionError(errno.EACCES, "no"), Path("a.md"), "reading the text")
    assert "reading the text" in error.user_message
    assert "written" not in error.user_message


def test_a_file_that_is_gone_is_said_in_words_of_ours() -> None:
    error = from_os_error(OSError(errno.ENOENT, "No such file"), Path("a/b.md"), "opening the file")
    assert error.user_message == "b.md is not there, so opening the file did not work."
    assert "No such file" not in error.sentence()


def test_an_error_without_a_number_still_has_words() -> None:
    assert "broken pipe" in from_os_error(OSError("broken pipe"), Path("x"), "saving").user_message


def test_the_cause_is_kept() -> None:
    with pytest.raises(DiskFullError) as caught, storage_errors(Path("x"), "saving"):
        raise OSError(errno.ENOSPC, "full")
    assert isinstance(caught.value.__cause__, OSError)


def test_other_exceptions_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), storage_errors(Path("x"), "saving"):
        raise ZeroDivisionError
