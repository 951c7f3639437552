"""What backends raise, translated once; running out of memory recognised by name."""

from __future__ import annotations

import pytest

from studio.core.errors import BackendError, BadInputError, OutOfMemoryError
from studio.engine.api import JobCancelled
from studio.engine.border import NeedsMemory, calling, failed_event, is_out_of_memory


def kind(name: str, base: type[BaseException] = RuntimeError) -> type[BaseException]:
    return type(name, (base,), {})


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        kind("OutOfMemoryError")("CUDA out of memory. Tried to allocate 20.00 MiB"),
        kind("Deeper", kind("OutOfMemoryError"))("x"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
        OSError("Cannot allocate memory"),
        kind("_ArrayMemoryError", MemoryError)("Unable to allocate 7.45 TiB for an array"),
    ],
)
def test_running_out_of_memory_is_recognised(error: BaseException) -> None:
    assert is_out_of_memory(error)
    with pytest.raises(NeedsMemory), calling("X", "answering"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("shapes do not match"),
        KeyError("out of memory"),
        OutOfMemoryError("The ladder has ended."),
        SystemExit("memory"),
    ],
)
def test_other_errors_are_not_taken_for_it(error: BaseException) -> None:
    assert not is_out_of_memory(error)


def test_words_and_wishes_pass_through() -> None:
    with pytest.raises(JobCancelled), calling("X", "answering"):
        raise JobCancelled
    with pytest.raises(BadInputError, match="as it is"), calling("X", "answering"):
        raise BadInputError("This cannot be used as it is.")


def test_what_remains_becomes_a_sentence_with_its_cause() -> None:
    failing = pytest.raises(BackendError, match="“Echo” failed while loading")
    with failing as caught, calling("Echo", "loading"):
        raise SystemExit("bye")
    assert isinstance(caught.value.__cause__, SystemExit)
    assert caught.value.facts["reason"] == "SystemExit: bye"
    assert caught.value.hint


def test_a_failure_is_told_with_everything_for_copy_details() -> None:
    try:
        raise BadInputError("No.", hint="Try this.", option="seed")
    except BadInputError as error:
        event = failed_event("j", error)
    assert (event.message, event.hint, event.code) == ("No.", "Try this.", "BadInputError")
    assert "option: seed" in event.details
    assert "Traceback" in event.details


def test_a_defect_of_ours_is_told_without_its_jargon() -> None:
    event = failed_event("j", ZeroDivisionError("division by zero"))
    assert event.code == "ZeroDivisionError"
    assert "division" not in event.message
    assert "division" in event.details
