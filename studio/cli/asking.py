"""What the commands that make something share: options by name, seeds, and showing progress."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from typing import TextIO

from studio.core.errors import BadInputError
from studio.core.events import Event, ModelLoading, Notice, Progress
from studio.core.options import OptionInfo, OptionValue


def add_common(parser: argparse.ArgumentParser, named: Iterable[str]) -> None:
    """Add what every ``generate`` command takes, and some options of models by their names."""
    parser.add_argument("--model", default="", help="model id, as “triptych models list” shows it")
    parser.add_argument("--seed", type=int, help="the same whole number gives the same result")
    for name in named:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, help=f"the model's {name}")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other option of the model; may be given several times",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    parser.add_argument("--quiet", action="store_true", help="nothing on stderr but errors")


def option_values(
    options: argparse.Namespace, named: Iterable[str], known: tuple[OptionInfo, ...]
) -> dict[str, OptionValue]:
    """Return the options given on the command line, in the types the backend declared.

    Raises:
        BadInputError: The model has no such option, or refuses the value.
    """
    given: dict[str, str] = {
        name: getattr(options, name) for name in named if getattr(options, name) is not None
    }
    for pair in options.option:
        name, equals, value = pair.partition("=")
        if not equals:
            raise BadInputError(f"--option takes NAME=VALUE, not “{pair}”.")
        given[name.strip().replace("-", "_")] = value
    return checked(given, known)


def checked(given: Mapping[str, str], known: tuple[OptionInfo, ...]) -> dict[str, OptionValue]:
    """Return words of the command line as values of the options they name."""
    if not known:
        return {}  # nobody would answer; submitting says why, better than an option could
    by_name = {info.name: info for info in known}
    unknown = [name for name in given if name not in by_name]
    if unknown:
        raise BadInputError(
            f"This model has no option called {unknown[0]}.",
            hint=f"It has {', '.join(by_name)}.",
        )
    return {name: by_name[name].check(_typed(by_name[name], text)) for name, text in given.items()}


class ShowProgress:
    """Shows a job's events as lines on stderr; progress as one line that changes."""

    def __init__(self, err: TextIO, *, quiet: bool) -> None:
        self._err, self._quiet = err, quiet
        self._open = False

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Notice):
            self.line(f"Note: {event.message}")
        elif isinstance(event, Progress) and event.total:
            left = "" if event.remaining_s is None else f", {event.remaining_s:.0f} s left"
            self._change(f"Step {event.step} of {event.total}{left}")
        elif isinstance(event, ModelLoading):
            self._change(event.message)

    def end(self) -> None:
        """Leave the changing line."""
        if self._open:
            self._err.write("\n")
            self._open = False

    def line(self, text: str) -> None:
        """Show a line that stays."""
        if not self._quiet:
            self.end()
            self._err.write(text + "\n")

    def _change(self, text: str) -> None:
        if self._quiet or not self._err.isatty():
            return
        self._err.write(f"\r\x1b[K{text}")
        self._err.flush()
        self._open = True


def _typed(info: OptionInfo, text: str) -> object:
    """Return a word of the command line in the option's type, or as it is to be refused."""
    if info.type is bool:
        return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower(), text)
    if info.type is tuple:
        return [text]
    if info.type in (int, float):
        try:
            return float(text) if info.type is float or "." in text else int(text)
        except ValueError:
            return text
    return text
