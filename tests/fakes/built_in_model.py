"""The real model that comes with the set-up, for tests marked ``model``."""

from __future__ import annotations

import functools

import pytest

from studio.core.paths import user_folders
from studio.models.info import ModelInfo
from studio.models.store import ModelStore

TEXT_MODEL = "smollm2-135m-instruct"
_MODELS = user_folders().models  # before any test points the folders elsewhere


@functools.cache
def _find() -> ModelInfo | None:
    return ModelStore([_MODELS]).get(TEXT_MODEL)


def built_in_text_model() -> ModelInfo:
    """Return it; its absence is a failure, never a skip, since the set-up always fetches it."""
    found = _find()
    if found is None:
        pytest.fail(
            f"The built-in text model is not in {_MODELS}. Run `python3 packaging/bootstrap.py "
            "test`, which fetches it, or set TRIPTYCH_DATA_DIR to a folder that has it."
        )
    return found
