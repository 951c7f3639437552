#!/usr/bin/env python3
"""Set Triptych up in this checkout and open it; nothing has to be installed beforehand.

    python3 packaging/bootstrap.py run [arguments for Triptych]
    python3 packaging/bootstrap.py test [arguments for pytest]
    python3 packaging/bootstrap.py setup

This file looks at the Python it runs on and reads the command line; ``studio/setup`` does the
work, like it with the standard library only. A Python that is too old has to be able to read this
file, down to 3.7, so that it can be told so: nothing newer stands in it.
"""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from studio.setup.pythons import unfit_python  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = ("run", "test", "setup")
HELP = """\
Usage: python3 packaging/bootstrap.py [--repair] [--verbose] COMMAND [arguments]

Commands:
  run [arguments]    set Triptych up if needed and open it; the arguments go to Triptych
  test [arguments]   the same with the developers' tools, then all checks and tests;
                     arguments go to pytest, which then runs alone
  setup              set up and stop there

Options (before the command):
  --repair    rebuild .venv and check the built-in models byte by byte
  --verbose   show all output of the set-up
  -h, --help  show this

The first start downloads about 600 MB and takes a few minutes; later ones add under a second.
The environment is .venv in this folder. Models and the log of the set-up lie in the data folder
    {data_dir}
Environment variables: TRIPTYCH_DATA_DIR (another data folder), TRIPTYCH_TORCH_INDEX (where to
take torch from; "none": only from pip's own index), and pip's and the system's own settings for
proxies, certificates and indexes.
"""


class UsageError(Exception):
    """The command line makes no sense; the message is one sentence."""


@dataclass(frozen=True)
class Arguments:
    """What was asked for on the command line.

    Attributes:
        command: One of ``COMMANDS``, or "help".
        rest: What goes to Triptych or to pytest, as it was given.
        repair: Build everything anew and check every byte.
        verbose: Show all output.
    """

    command: str
    rest: tuple[str, ...] = ()
    repair: bool = False
    verbose: bool = False


def parse(words: Sequence[str]) -> Arguments:
    """Read the command line; what follows ``run`` or ``test`` is left as it is.

    Args:
        words: The words after the program's name.

    Returns:
        What they ask for.

    Raises:
        UsageError: They make no sense.
    """
    options = {"--repair": False, "--verbose": False}
    left = list(words)
    command = ""
    while left and command in ("", "setup"):
        word = left.pop(0)
        if word in ("-h", "--help", "help"):
            return Arguments("help")
        if word in options:
            options[word] = True
        elif not command and word in COMMANDS:
            command = word
        else:
            raise UsageError(f"{word!r} is not known here; --help says what is.")
    return Arguments(command or "help", tuple(left), options["--repair"], options["--verbose"])


def main(words: Sequence[str]) -> int:
    """Do what the command line asks for.

    Returns:
        The exit code: 0 done, 1 not possible, 2 not understood, 130 stopped, else Triptych's.
    """
    bits = 64 if sys.maxsize > 2**32 else 32
    unfit = unfit_python(sys.version_info[:2], sys.platform, platform.machine(), bits)
    if unfit:
        print(unfit, file=sys.stderr)
        return 1
    try:
        arguments = parse(words)
    except UsageError as error:
        print(error, file=sys.stderr)
        return 2

    from studio.setup.commands import perform
    from studio.setup.machine import data_dir

    if arguments.command == "help":
        print(HELP.format(data_dir=data_dir()))
        return 0
    return perform(
        arguments.command,
        arguments.rest,
        root=ROOT,
        repair=arguments.repair,
        verbose=arguments.verbose,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
