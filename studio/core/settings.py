"""The settings, declared once: dialog, validation and documentation derive from this tree.

Stored as JSON. One bad key falls back alone, is reported, and the file as it was is kept beside;
keys a newer version wrote are carried along untouched.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from studio.core.atomic_write import atomic_write
from studio.core.errors import BadInputError, StorageError, storage_errors
from studio.core.options import Problem, option, to_plain, validate_leniently

SETTINGS_FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Appearance:
    """How the window looks."""

    theme: Literal["system", "dark", "light"] = option(
        "system", title="Theme", help="Follow the system, or always dark or light."
    )
    manuscript_font_px: int = option(
        17,
        title="Manuscript text size",
        help="Size of the text in the manuscript; the lines follow.",
        ge=11,
        le=40,
        step=1,
        unit="px",
    )
    sound_look: Literal["waveform", "spectrogram", "both"] = option(
        "waveform",
        title="Sounds are drawn as",
        help="On the time line: how loud it is, which pitches sound, or both, one above the other.",
    )
    reduce_motion: bool = option(
        False, title="Less motion", help="Show changes at once, without fading or sliding."
    )


@dataclass(frozen=True, kw_only=True)
class Writing:
    """The text pane."""

    text_model: str = option(
        "",
        title="Text model",
        help="The model that writes; empty means the built-in one.",
        advanced=True,
    )
    alternatives: int = option(
        3,
        title="Alternatives",
        help="How many takes are written when you ask for alternatives.",
        ge=2,
        le=6,
        step=1,
    )
    show_fact_note: bool = option(
        True,
        title="Remind that models invent facts",
        help="A quiet note stands at generated text: check names, dates and numbers.",
    )
    translate_to: str = option(
        "German", title="Translate to", help="The language “Translate” offers first."
    )


@dataclass(frozen=True, kw_only=True)
class Computing:
    """How models run on this computer."""

    device: Literal["auto", "cuda", "mps", "cpu"] = option(
        "auto", title="Device", help="Where models run; auto takes the fastest one that is there."
    )
    cpu_threads: int = option(
        0,
        title="CPU threads",
        help="Threads a model may use; 0 leaves one core free for everything else.",
        ge=0,
        le=256,
        step=1,
        advanced=True,
    )
    memory_budget_gb: float = option(
        0.0,
        title="Memory for models",
        help="How much memory loaded models may take together; 0 decides from what is free.",
        ge=0,
        le=1024,
        step=0.5,
        unit="GB",
    )
    unload_after_min: int = option(
        15,
        title="Unload after",
        help="A model that was not used for this long leaves memory; 0 keeps it.",
        ge=0,
        le=1440,
        step=5,
        unit="min",
    )
    warm_up: bool = option(
        True,
        title="Load the text model early",
        help="Load it just after the window opens, so that the first answer comes at once.",
    )


@dataclass(frozen=True, kw_only=True)
class Files:
    """Folders and files."""

    library_folder: str = option(
        "", title="Library folder", help="Where results are kept; empty means the data folder."
    )
    library_template: str = option(
        "{date}-{kind}-{slug}-{seed}",
        title="File names",
        help="How results are named: {date} {time} {year} {month} {day} {kind} {slug} {title} "
        "{seed} {model}; a / makes folders.",
        advanced=True,
    )
    model_folders: tuple[str, ...] = option(
        (), title="More model folders", help="Folders with models of yours, used in place."
    )
    history_budget_mb: int = option(
        512,
        title="History per project",
        help="How much room a project's old history may take before it is thinned out.",
        ge=16,
        le=65536,
        step=64,
        unit="MB",
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, in the groups of the dialog."""

    appearance: Appearance = field(default_factory=Appearance, metadata={"title": "Appearance"})
    writing: Writing = field(default_factory=Writing, metadata={"title": "Writing"})
    computing: Computing = field(default_factory=Computing, metadata={"title": "Computing"})
    files: Files = field(default_factory=Files, metadata={"title": "Files"})
    shortcuts: dict[str, str] = field(default_factory=dict)
    enabled_plugins: dict[str, str] = field(default_factory=dict)
    """Plugin id to the tree hash the user agreed to."""

    def with_value(self, group: str, name: str, value: object) -> Settings:
        """Return a copy with one value changed.

        Raises:
            BadInputError: The value is refused by its option, or there is no such setting.
        """
        from studio.core.options import describe

        known = {info.name: info for info in describe(GROUPS[group])} if group in GROUPS else {}
        if name not in known:
            raise BadInputError(f"There is no setting called {group}.{name}.", option=name)
        current = getattr(self, group)
        info = known[name]
        changed = dataclasses.replace(current, **{name: info.check(value)})
        return dataclasses.replace(self, **{group: changed})


GROUPS: dict[str, type] = {
    "appearance": Appearance,
    "writing": Writing,
    "computing": Computing,
    "files": Files,
}


class SettingsFile:
    """Reads and writes the settings; keeps what it does not understand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._raw: dict[str, Any] = {}

    def load(self) -> tuple[Settings, list[Problem]]:
        """Return the settings and what was wrong with the stored ones.

        A file that cannot be read as JSON is kept as ``settings.json.bad`` and the defaults
        stand in; the same copy is made when single keys are bad.

        Raises:
            StorageError: The file is there and the system does not let us read it.
        """
        problems: list[Problem] = []
        with storage_errors(self.path, "reading the settings"):
            text = self.path.read_text("utf-8", "replace") if self.path.exists() else "{}"
        try:
            raw = json.loads(text)
            if not isinstance(raw, dict):
                raise ValueError("not an object")
        except (ValueError, RecursionError):
            raw = {}
            problems.append(Problem("settings.json", "The settings file could not be read."))
        self._raw = raw
        groups: dict[str, Any] = {}
        for name, declared in GROUPS.items():
            stored = raw.get(name, {})
            if not isinstance(stored, dict):
                problems.append(Problem(name, f"The settings under “{name}” could not be read."))
                stored = {}
            groups[name], bad = validate_leniently(declared, stored)
            problems += [Problem(f"{name}.{p.name}", p.message) for p in bad]
        for name in ("shortcuts", "enabled_plugins"):
            groups[name] = _text_map(raw.get(name, {}), name, problems)
        if problems:
            self._keep_bad(text, problems)
        return Settings(**groups), problems

    def _keep_bad(self, text: str, problems: list[Problem]) -> None:
        """Keep the file as it was; where that is impossible the settings still load."""
        try:
            atomic_write(self.path.with_name(self.path.name + ".bad"), text)
        except StorageError as error:
            problems.append(Problem("settings.json.bad", error.sentence()))

    def save(self, settings: Settings) -> None:
        """Write the settings whole.

        Raises:
            StorageError: The old file is untouched.
        """
        merged = dict(self._raw)
        merged["format"] = SETTINGS_FORMAT
        for name in GROUPS:
            kept = merged.get(name)
            merged[name] = {**(kept if isinstance(kept, dict) else {})} | to_plain(
                getattr(settings, name)
            )
        merged["shortcuts"] = dict(settings.shortcuts)
        merged["enabled_plugins"] = dict(settings.enabled_plugins)
        text = json.dumps(merged, ensure_ascii=False, indent=2) + "\n"
        if _has_lone_surrogates(text):
            # A folder whose name is no Unicode; escaped, it comes back as it was.
            text = json.dumps(merged, ensure_ascii=True, indent=2) + "\n"
        atomic_write(self.path, text, doing="saving the settings")
        self._raw = merged


def _has_lone_surrogates(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _text_map(stored: object, name: str, problems: list[Problem]) -> dict[str, str]:
    if not isinstance(stored, dict):
        problems.append(Problem(name, f"The settings under “{name}” could not be read."))
        return {}
    good = {k: v for k, v in stored.items() if isinstance(v, str)}
    problems += [
        Problem(f"{name}.{key}", f"“{key}” under “{name}” is not a text.")
        for key in stored
        if key not in good
    ]
    return good
