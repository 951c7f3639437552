"""Prompts that choose: ``{a|b|c}``, ``{2$$a|b|c}`` and ``__wildcard__`` files of the user's.

The choosing is dynamicprompts', whose random and combinatorial samplers are used directly: its
Jinja generator can run programs and is never imported, so text that looks like Jinja stays text.
Signs that dynamicprompts would take for its own (``#``, ``%``, ``//``, a lone ``$``) are hidden
from it and come back unchanged.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError

if TYPE_CHECKING:
    from dynamicprompts.sampling_context import SamplingContext

MAX_VARIATIONS = 1000
MAX_LENGTH = 20_000
_MAX_DEPTH = 24
_MAX_FILES = 5000
_MAX_FILE_BYTES = 10_000_000
_SUFFIXES = frozenset({".txt", ".yaml", ".json"})

_CHOOSES = re.compile(r"\{|__|\$\{")
#: ``{{ … }}`` without a choice in it, ``{% … %}`` and ``{# … #}``.
_JINJA = re.compile(r"\{\{[^{}|]*\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_HIDDEN = {"#": "\ue000", "%": "\ue001", "/": "\ue002", "$": "\ue003", "{": "\ue004",
           "}": "\ue005", "_": "\ue006", "\\": "\ue007"}  # fmt: skip
_SHOWN = str.maketrans({hidden: sign for sign, hidden in _HIDDEN.items()})
_OWN_SIGNS = re.compile(r"\\[{}]|#|%(?!\{)|/(?=/|\*.*\*/)|\$(?![{$])(?<!\$\$)", re.DOTALL)


def chooses(text: str) -> bool:
    """Return whether a prompt leaves something to be chosen."""
    return bool(_CHOOSES.search(_JINJA.sub("", text)))


def expand(text: str, *, seed: int, folder: Path | None = None) -> str:
    """Choose at random; the same seed and files give the same prompt.

    Args:
        text: The prompt.
        seed: What the choice comes from, best the picture's own.
        folder: The user's wildcard files: ``animals.txt`` is ``__animals__``, a line a value.

    Raises:
        BadInputError: A bracket is not closed, a wildcard names itself, or far too much comes out.
    """
    if not chooses(text):
        return text
    return _sample(text, folder, seed, 1)[0]


def variations(
    text: str, *, limit: int = MAX_VARIATIONS, folder: Path | None = None
) -> tuple[str, ...]:
    """Return every prompt that can be chosen, at most ``limit``, in the order they are written.

    Raises:
        BadInputError: As :func:`expand`.
    """
    if not chooses(text):
        return (text,)
    return tuple(_sample(text, folder, None, min(limit, MAX_VARIATIONS)))


def names(folder: Path) -> tuple[str, ...]:
    """Return the names of the wildcards in a folder, sorted, without underscores."""
    return tuple(sorted(_collections(folder)))


def _sample(text: str, folder: Path | None, seed: int | None, count: int) -> list[str]:
    import pyparsing

    # dynamicprompts 0.31 calls pyparsing by names that are going away; not the user's business.
    warnings.filterwarnings("ignore", category=pyparsing.PyparsingDeprecationWarning)
    _check_depth(text)
    try:
        context = _context(folder, seed)
        found = [_shown(str(each)) for each in islice(context.sample_prompts(_hidden(text)), count)]
    except (pyparsing.ParseException, StopIteration) as error:
        raise BadInputError(
            "A choice in the prompt cannot be read.",
            hint="Check that each { has its }, or write \\{ for a bracket that is meant as such.",
            reason=str(error),
        ) from error
    except RecursionError as error:
        raise BadInputError(
            "A wildcard in the prompt leads back to itself.",
            hint="Look into the wildcard files for one that names itself.",
        ) from error
    except ValueError as error:  # more choices asked for than there are
        raise BadInputError(
            "A choice in the prompt asks for more than there is to choose from.",
            hint="Check the number before $$.",
            reason=str(error),
        ) from error
    return found or [text]


def _check_depth(text: str) -> None:
    depth = deepest = 0
    for sign in _JINJA.sub("", text):
        depth = depth + (sign == "{") - (sign == "}" and depth > 0)
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH or len(text) > MAX_LENGTH:
        raise BadInputError(
            "The choices in the prompt are too deep or too long.",
            hint=f"Use up to {_MAX_DEPTH} brackets inside each other.",
        )


def _context(folder: Path | None, seed: int | None) -> SamplingContext:
    import random

    from dynamicprompts.enums import SamplingMethod
    from dynamicprompts.wildcards import WildcardManager

    collections = _collections(folder) if folder else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wildcards = WildcardManager(root_map={"": [collections]} if collections else None)
    method = SamplingMethod.COMBINATORIAL if seed is None else SamplingMethod.RANDOM
    return _counting_context()(
        default_sampling_method=method,
        wildcard_manager=wildcards,
        rand=random.Random(seed),
    )


@functools.cache
def _counting_context() -> type[SamplingContext]:
    """Return dynamicprompts' context, which also counts how deep wildcards lie in wildcards."""
    from dynamicprompts.sampling_context import SamplingContext

    @dataclasses.dataclass(frozen=True)
    class CountingContext(SamplingContext):  # type: ignore[misc]
        depth: int = 0

        def sample_prompts(self, prompt: Any, num_prompts: int | None = None) -> Any:
            if self.depth > _MAX_DEPTH:
                raise RecursionError("wildcards lie too deep in wildcards")
            deeper = dataclasses.replace(self, depth=self.depth + 1)
            return SamplingContext.sample_prompts(deeper, prompt, num_prompts)

    return CountingContext


def _collections(folder: Path) -> dict[str, Any]:
    """Return what the user's wildcard files hold, by name; files are read when they are used."""
    found: dict[str, Any] = {}
    for file in _files(folder):
        name = file.relative_to(folder).with_suffix("").as_posix()
        if file.suffix == ".txt":
            found[name] = _guarded(functools.partial(_lines, file))
            continue
        parent = file.parent.relative_to(folder).as_posix()
        for inner, collection in _structured(file):
            key = inner if parent == "." else f"{parent}/{inner}"
            found[key] = _guarded(collection.get_values)
    return found


def _files(folder: Path) -> Iterator[Path]:
    listed: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        listed += [
            Path(place) / name for name in sorted(files) if Path(name).suffix.lower() in _SUFFIXES
        ]
        if len(listed) > _MAX_FILES:
            break
    yield from (file for file in listed[:_MAX_FILES] if _is_small(file))


def _is_small(file: Path) -> bool:
    try:
        return file.stat().st_size <= _MAX_FILE_BYTES
    except OSError:
        return False


def _lines(file: Path) -> list[str]:
    try:
        text = file.read_text("utf-8-sig", errors="replace")
    except OSError:
        return []  # gone since the folder was listed: like a wildcard that is not there
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _structured(file: Path) -> list[tuple[str, Any]]:
    import yaml  # type: ignore[import-untyped]
    from dynamicprompts.wildcards.collection.structured import parse_structured_file

    try:
        return list(parse_structured_file(file))
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return []  # a file that cannot be read holds no wildcards; its name then stays text


def _guarded(read: Callable[[], list[Any]]) -> Any:
    """Return a collection of dynamicprompts whose values have their own signs hidden."""
    from dynamicprompts.wildcards.collection.base import WildcardCollection
    from dynamicprompts.wildcards.item import WildcardItem

    class Guarded(WildcardCollection):  # type: ignore[misc]
        def get_values(self) -> list[Any]:
            return [
                WildcardItem(_hidden(each.content), each.weight)
                if isinstance(each, WildcardItem)
                else _hidden(each)
                for each in read()
            ]

    return Guarded()


def _hidden(text: str) -> str:
    """Hide the signs that dynamicprompts would misread."""
    text = _JINJA.sub(lambda found: "".join(_HIDDEN.get(sign, sign) for sign in found[0]), text)
    return _OWN_SIGNS.sub(lambda found: "".join(_HIDDEN[sign] for sign in found[0]), text)


def _shown(text: str) -> str:
    if len(text) > MAX_LENGTH:
        raise BadInputError(
            "The prompt becomes far too long when its wildcards are filled in.",
            hint="Look into the wildcard files for lines that name many others.",
        )
    shown = text.translate(_SHOWN)
    return shown.replace("\\{", "{").replace("\\}", "}")
