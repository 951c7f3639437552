"""Where failures of backends and plugins cross into our code, translated once.

Every call into a backend goes through :func:`calling`, so that whatever it raises (also
``SystemExit``, or an out-of-memory of a library) arrives as a :class:`StudioError`,
:class:`JobCancelled` or :class:`NeedsMemory` and never ends a thread of the engine.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from studio.core.errors import BackendError, StudioError
from studio.core.events import Failed
from studio.engine.api import JobCancelled

#: Names of error classes, and pieces of messages, that mean that memory ran out.
_CLASS_NAMES = frozenset({"OutOfMemoryError", "MemoryError", "CUDAOutOfMemoryError"})
_PHRASES = (
    "out of memory",
    "can't allocate memory",
    "cannot allocate memory",
    "not enough memory",
    "defaultcpuallocator",
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
    "failed to allocate",
)


class NeedsMemory(Exception):  # noqa: N818 - a step of the ladder, not an error yet
    """Memory ran out inside a backend; carries the words, never the traceback.

    A traceback holds every frame's tensors, so keeping the error would keep the memory that the
    next attempt needs.
    """


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error of any library means that memory ran out, without importing any."""
    if isinstance(error, StudioError):
        return False
    if any(kind.__name__ in _CLASS_NAMES for kind in type(error).__mro__):
        return True
    if not isinstance(error, (RuntimeError, OSError, ValueError)):
        return False
    text = str(error).lower()
    return any(phrase in text for phrase in _PHRASES)


@contextmanager
def calling(who: str, doing: str) -> Iterator[None]:
    """Translate everything a backend raises.

    Args:
        who: The backend's title, for the sentence.
        doing: A gerund phrase, such as "answering".

    Raises:
        JobCancelled: Let through.
        StudioError: Let through, or a :class:`BackendError` made of what was raised.
        NeedsMemory: Memory ran out.
    """
    shortage = ""
    try:
        yield
    except (JobCancelled, StudioError, NeedsMemory):
        raise
    except BaseException as error:
        # The border: nothing that a backend raises passes it as it is.
        if not is_out_of_memory(error):
            reason = f"{type(error).__name__}: {error}"
            raise BackendError(
                f"“{who}” failed while {doing}.",
                hint="Try again; if it fails again, copy the details for its makers.",
                reason=reason[:2000],
                crash=True,
            ) from error
        shortage = str(error)[:2000] or type(error).__name__
        traceback.clear_frames(error.__traceback__)
    if shortage:
        raise NeedsMemory(shortage)


def failed_event(job_id: str, error: BaseException) -> Failed:
    """Return the terminal event that tells an error in words."""
    details = "".join(traceback.format_exception(error))
    if isinstance(error, StudioError):
        facts = "".join(f"{name}: {value}\n" for name, value in error.facts.items())
        return Failed(
            job_id=job_id,
            message=error.user_message,
            hint=error.hint,
            details=facts + details,
            code=type(error).__name__,
        )
    return Failed(
        job_id=job_id,
        message="Something went wrong inside Triptych while this was made.",
        hint="Try again; if it happens again, copy the details and report it.",
        details=details,
        code=type(error).__name__,
    )
