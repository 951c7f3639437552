"""Real models that the user may fetch, for tests marked ``model``."""

from __future__ import annotations

import functools

import pytest

from studio.core.paths import user_folders
from studio.models.info import ModelInfo
from studio.models.store import ModelStore

_MODELS = user_folders().models  # before any test points the folders elsewhere


@functools.cache
def find_packaged(model_id: str) -> ModelInfo | None:
    """Return it, ``None`` when it is not here."""
    return ModelStore([_MODELS]).get(model_id)


def packaged_model(model_id: str) -> ModelInfo:
    """Return it; without it the test is skipped, since the set-up does not fetch it."""
    found = find_packaged(model_id)
    if found is None:
        pytest.skip(f"needs {model_id} in {_MODELS}: triptych models fetch {model_id}")
    return found
