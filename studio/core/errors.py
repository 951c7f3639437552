"""The errors Triptych raises, each with a sentence for the person in front of it.

StudioError
├── BadInputError            the request, a file's content or an option cannot be used
│   └── InputMissingError    a picture or sound the request was made from is gone
├── ModelError
│   ├── ModelNotFoundError   no such model, or its files are gone
│   ├── ModelDamagedError    files are there but truncated, altered or incomplete
│   ├── UnsupportedModelError  a format or architecture nothing installed can run
│   └── UnsafeFileError      a file that could run code when opened (pickle): refused
├── OutOfMemoryError         nothing on the memory ladder helped
├── BackendError             a backend or plugin failed in a way of its own
├── StorageError
│   ├── DiskFullError
│   ├── ReadOnlyError
│   ├── DamagedFileError
│   └── NewerFormatError     written by a newer Triptych
└── OfflineError             this needs the network, and nobody allowed it

Foreign exceptions are translated once, where they cross into our code, with ``from``.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StudioError(Exception):
    """A failure with words for the user.

    Attributes:
        user_message: One plain sentence: what happened.
        hint: One plain sentence: what to do about it; may be empty.
        facts: Details by name (paths, sizes, field names) for "details" and ``--json``.
    """

    def __init__(self, user_message: str, *, hint: str = "", **facts: object) -> None:
        super().__init__(user_message)
        self.user_message = user_message
        self.hint = hint
        self.facts = facts

    def sentence(self) -> str:
        """Return message and hint as one line, for the command line and logs."""
        return f"{self.user_message} {self.hint}".strip()


class BadInputError(StudioError):
    """The request, an option or a file's content cannot be used as it is."""


class InputMissingError(BadInputError):
    """A picture or sound that a request was made from is not here any more."""


class ModelError(StudioError):
    """Something about a model."""


class ModelNotFoundError(ModelError):
    """No such model, or its files are gone."""


class ModelDamagedError(ModelError):
    """The model's files are truncated, altered or incomplete."""


class UnsupportedModelError(ModelError):
    """A format or architecture that nothing installed can run."""


class UnsafeFileError(ModelError):
    """A file that could run code when opened; never loaded."""


class OutOfMemoryError(StudioError):
    """Every step of the memory ladder was taken and it still does not fit."""


class BackendError(StudioError):
    """A backend or plugin failed in a way of its own."""


class StorageError(StudioError):
    """A file or database could not be read or written."""


class DiskFullError(StorageError):
    """No space is left where the file should go."""


class ReadOnlyError(StorageError):
    """The place cannot be written to."""


class DamagedFileError(StorageError):
    """A file of ours is damaged."""


class NewerFormatError(StorageError):
    """A file was written by a newer Triptych."""


class OfflineError(StudioError):
    """The network would be needed and was not allowed."""


def from_os_error(error: OSError, path: Path, doing: str) -> StorageError:
    """Translate an operating-system error into one with words.

    Args:
        error: What the system said.
        path: The file or folder concerned.
        doing: A gerund phrase for the sentence, such as "saving the text".

    Returns:
        The matching :class:`StorageError`; raise it ``from error``.
    """
    place = path.parent if path.parent != Path() else path
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFullError(
            f"The disk is full, so {doing} did not work; {path.name} is as it was before.",
            hint=f"Free some space where {place} lies, or choose another folder.",
            path=str(path),
            reason=str(error),
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ReadOnlyError(
            f"While {doing}, {path.name} could not be used: the system does not allow it.",
            hint=f"Choose another place, or change the permissions of {place}.",
            path=str(path),
            reason=str(error),
        )
    if error.errno == errno.ENOENT:
        return StorageError(
            f"{path.name} is not there, so {doing} did not work.",
            hint=f"Check its name, and that the drive with {place} is connected.",
            path=str(path),
            reason=str(error),
        )
    reason = error.strerror or str(error)
    return StorageError(
        f"While {doing}, {path.name} could not be used: {reason}.",
        hint="Check that the drive is connected, then try again.",
        path=str(path),
        reason=str(error),
    )


@contextmanager
def storage_errors(path: Path, doing: str) -> Iterator[None]:
    """Translate every ``OSError`` raised inside into a :class:`StorageError`."""
    try:
        yield
    except OSError as error:
        raise from_os_error(error, path, doing) from error
