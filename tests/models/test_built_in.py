from __future__ import annotations

from studio.models.built_in import built_in_models
from studio.models.store import ModelStore


def test_the_built_in_picture_model_is_found_and_called_so() -> None:
    (info,) = ModelStore(built_in_models()).models()
    assert (info.id, info.built_in, info.licence) == ("picture-small", True, "Apache-2.0")
    assert info.format == "diffusers"
    assert 1_000_000 < info.size_bytes <= 36_000_000
