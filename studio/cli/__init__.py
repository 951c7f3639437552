"""The command line: ``triptych`` opens the window, every other word does one job and ends.

Exit codes: 0 done, 1 it failed, 2 the input cannot be used, 130 stopped with Ctrl+C. Results go
to stdout, progress and sentences to stderr; no traceback is ever shown.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn

from studio import __version__
from studio.core.errors import BadInputError, ModelNotFoundError, StudioError

Command = Callable[[argparse.Namespace], int]

COMMANDS = (
    *("generate", "transcribe", "models", "plugins"),
    *("library", "project", "origin", "doctor", "tour"),
)
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_STOPPED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    sys.excepthook = _unforeseen
    _write_utf8()
    try:
        if words and words[0] in (*COMMANDS, "-h", "--help", "--version"):
            return _run(words)
        return _window(words)
    except (BadInputError, ModelNotFoundError) as error:
        return _say(error, EXIT_BAD_INPUT)
    except StudioError as error:
        return _say(error, EXIT_FAILED)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped.\n")
        return EXIT_STOPPED
    except BrokenPipeError:
        # The reader went away (`triptych … | head`); keep the interpreter from complaining too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(words: list[str]) -> int:
    options = _parser().parse_args(words)
    command: Command = options.command
    return command(options)


def _window(words: list[str]) -> int:
    """Open the window; files among the words are opened in it."""
    for word in words:
        if not word.startswith("-") and not Path(word).exists():
            raise BadInputError(
                f"There is no command and no file called “{word}”.",
                hint=f"Commands are {', '.join(COMMANDS)}; see “triptych --help”.",
            )
    from studio.app.main import main as open_window

    return open_window(words)


def _say(error: StudioError, code: int) -> int:
    sys.stderr.write(error.sentence() + "\n")
    return code


def _unforeseen(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Say in one sentence that we failed, and keep the details in a file."""
    from studio.core.atomic_write import atomic_write
    from studio.core.paths import user_folders

    details = user_folders().logs / "command-line-failure.txt"
    sentence = f"Triptych failed in a way nobody foresaw ({kind.__name__}: {error})."
    try:
        atomic_write(details, "".join(traceback.format_exception(kind, error, trace)))
        sentence += f" The details are in {details}."
    except StudioError:
        sentence += " The details could not be kept."
    sys.stderr.write(sentence + "\n")


def _write_utf8() -> None:
    """Let every sentence reach the terminal, whatever its encoding."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


class _Parser(argparse.ArgumentParser):
    """A parser whose complaint is one sentence on stderr and exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(
            EXIT_BAD_INPUT, f"{message[:1].upper()}{message[1:]}. See “{self.prog} --help”.\n"
        )


def _parser() -> argparse.ArgumentParser:
    from studio.cli import doctor, generate, library, listing, origin, project, tour, transcribe

    parser = _Parser(
        prog="triptych",
        description="Make text, pictures and sound with models that run on this computer, offline. "
        "Without a command the window opens; files named after it are opened there.",
    )
    parser.add_argument("--version", action="version", version=f"Triptych {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    for module in (generate, transcribe, listing, library, project, origin, doctor, tour):
        module.add_parsers(commands)
    return parser
