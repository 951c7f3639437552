"""The models that lie in the installation itself."""

from __future__ import annotations

from pathlib import Path

from studio.core.paths import assets

_NAMES = ("picture-small",)


def built_in_models() -> tuple[Path, ...]:
    """Return the folders of models that are part of this installation."""
    folder = assets() / "models"
    return tuple(folder / name for name in _NAMES if (folder / name / "model_index.json").exists())
