from __future__ import annotations

import io
import os
import sys

import pytest

from studio.setup import programs
from studio.setup.failures import DiskFullError, NoNetworkError, SetupError
from studio.setup.programs import Outcome, Setup, says_disk_full, says_no_network
from studio.setup.screen import Screen, Step, duration


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_plain_lines_without_a_terminal() -> None:
    said = io.StringIO()
    with Screen(said).step("Installing torch") as step:
        step.detail("Collecting torch")
    assert said.getvalue() == "  Installing torch ...\n  Installing torch: done in 0 s\n"


def test_a_moving_line_on_a_terminal() -> None:
    said = Terminal()
    with Screen(said).step("Fetching") as step:
        step.transferred(46_400_000, 92_871_040)
    text = said.getvalue()
    assert "\r  Fetching [##########..........] 46.4 of 92.9 MB" in text
    last = text.rpartition("\r")[2]
    assert last == "  Fetching: done in 0 s\n"


def test_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("studio.setup.screen.time.monotonic", lambda: now[0])
    said = Terminal()
    step = Step(Screen(said), "Fetching")
    step.transferred(10_000_000, 90_000_000)  # what was there already does not count as speed
    now[0] += 2
    step.transferred(30_000_000, 90_000_000)
    assert "30.0 of 90.0 MB, 10.0 MB/s, 6 s left" in said.getvalue()


def test_without_a_terminal_a_long_step_says_something_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("studio.setup.screen.time.monotonic", lambda: now[0])
    said = io.StringIO()
    step = Step(Screen(said), "Installing")
    for _ in range(32):
        now[0] += 1
        step.detail("Unpacking")
    assert said.getvalue().splitlines() == ["  Installing ...", *["  Installing: Unpacking"] * 2]


def test_a_failed_step_is_not_called_done() -> None:
    said = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Screen(said).step("Installing"):
        raise KeyboardInterrupt
    assert said.getvalue().splitlines()[-1] == "  Installing: stopped after 0 s"


def test_an_old_console_gets_what_it_can_show() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="")
    Screen(stream).say("C:\\Users\\Zoë\\模型")
    stream.seek(0)
    assert stream.read() == "C:\\Users\\Zoë\\??\n"


def test_durations() -> None:
    assert [duration(s) for s in (0.4, 59.4, 60, 125)] == ["0 s", "59 s", "1 min 0 s", "2 min 5 s"]


def test_output_goes_to_the_log_and_not_to_the_screen(setup: Setup, said: io.StringIO) -> None:
    code = "print('uno'); import sys; print('two', file=sys.stderr); sys.exit(3)"
    lines: list[str] = []
    with setup.screen.step("Working") as step:
        outcome = setup.execute([sys.executable, "-c", code], step, on_line=lines.append)
    assert outcome.code == 3
    assert sorted(lines) == ["two", "uno"]
    logged = setup.log.path.read_text("utf-8")
    assert "uno\n" in logged
    assert logged.startswith(f"$ {sys.executable} -c ")
    assert "uno" not in said.getvalue()


def test_the_log_is_of_the_last_set_up_that_did_something(setup: Setup) -> None:
    setup.log.path.parent.mkdir(parents=True)
    setup.log.path.write_text("earlier\n")
    assert setup.log.path.read_text() == "earlier\n"
    setup.log.write("a")
    setup.log.write("b")
    assert setup.log.path.read_text() == "a\nb\n"


def test_what_breaks_a_private_environment_is_not_handed_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PIP_INDEX_URL", "http://mirror.invalid/simple")
    env = programs.setup_environ()
    assert not {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET"} & env.keys()
    assert env["PIP_INDEX_URL"] == "http://mirror.invalid/simple"
    assert os.environ["PIP_USER"] == "x"


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("NewConnectionError: Temporary failure in name resolution", NoNetworkError),
        ("socket.gaierror: [Errno 11001] getaddrinfo failed", NoNetworkError),
        ("ERROR: Could not install: [Errno 28] No space left on device", DiskFullError),
        ("ERROR: No matching distribution found for thing==1", SetupError),
    ],
)
def test_failures_are_named(setup: Setup, output: str, kind: type[SetupError]) -> None:
    error = setup.failed("Installing", Outcome(1, output))
    assert type(error) is kind
    assert "\n" not in str(error)


def test_an_unknown_failure_names_the_last_error_and_the_log(setup: Setup) -> None:
    error = setup.failed("Installing", Outcome(1, "ERROR: first\nERROR: second\nbye"))
    assert str(error) == (
        f"Installing failed: ERROR: second (the full output is in {setup.log.path})"
    )


def test_ordinary_output_is_no_failure() -> None:
    fine = "Collecting torch\nDownloading torch-2.13.0.whl (191 MB)\nSuccessfully installed"
    assert not says_no_network(fine)
    assert not says_disk_full(fine)
