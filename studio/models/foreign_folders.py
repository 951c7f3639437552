"""Where other programs keep their models, so that they are used in place and never copied.

A folder that the user adds may be the home of AUTOMATIC1111's web UI or Forge, of ComfyUI or of
InvokeAI: then only the places where those keep models are looked at, and for ComfyUI those that
its ``extra_model_paths.yaml`` names. Any other folder is looked at whole.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_log = logging.getLogger(__name__)

EXTRA_PATHS = "extra_model_paths.yaml"
_MAX_YAML_BYTES = 1_000_000

#: What marks a program's home, and where in it models lie.
_HOMES = (
    (("webui.py", "launch.py"), ("models", "embeddings")),
    (("nodes.py", "main.py"), ("models",)),
    (("invokeai.yaml",), ("models",)),
)
_NOT_PATHS = frozenset(
    {"base_path", "is_default", "configs", "custom_nodes", "download_model_base"}
)

#: Folders with programs in them, which may hold files that look like models and are none.
NEVER_MODELS = frozenset(
    {"venv", "env", "site-packages", "node_modules", "__pycache__", "custom_nodes", "repositories"}
)


def model_roots(folder: Path) -> tuple[Path, ...]:
    """Return the folders to look at for models when the user added ``folder``."""
    roots = list(_home(folder))
    listed = folder / EXTRA_PATHS
    if listed.is_file():
        roots += [path for path in _extra_paths(listed) if path not in roots]
    return tuple(roots)


def _home(folder: Path) -> Iterator[Path]:
    for marks, places in _HOMES:
        if all((folder / mark).is_file() for mark in marks) and (folder / "models").is_dir():
            yield from (folder / place for place in places)
            return
    yield folder


def _extra_paths(file: Path) -> Iterator[Path]:
    """Yield the folders that ComfyUI is told about; what cannot be read is logged."""
    for section in _read(file).values():
        if not isinstance(section, Mapping):
            continue
        base = _path(section.get("base_path") or "", file.parent)
        for name, value in section.items():
            if name in _NOT_PATHS or not isinstance(value, str):
                continue
            for line in value.splitlines():
                if line.strip():
                    yield _path(line.strip(), base)


def _path(text: object, base: Path) -> Path:
    found = Path(os.path.expandvars(str(text))).expanduser()
    return Path(os.path.normpath(found if found.is_absolute() else base / found))


def _read(file: Path) -> Mapping[str, Any]:
    import yaml  # type: ignore[import-untyped]

    try:
        if file.stat().st_size > _MAX_YAML_BYTES:
            raise ValueError("it is far too large")
        found = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        _log.warning("the list of model folders %s cannot be read: %s", file, error)
        return {}
    return found if isinstance(found, Mapping) else {}
