"""Layered pictures that tests write and read."""

from __future__ import annotations

import numpy as np

from studio.documents.picture.files.layered import FileLayer, LayeredPicture, Pixels


def noise(width: int, height: int, seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 4), np.uint8)


def layered() -> LayeredPicture:
    inner = (
        FileLayer("inside, below", noise(9, 5, 1), 3, 2),
        FileLayer("inside, above", noise(4, 4, 2), 20, 21, blend_mode="screen"),
    )
    layers = (
        FileLayer("Grund", noise(40, 30, 3)),
        FileLayer("Füchse 狐 <&>", noise(12, 11, 4), -5, 7, opacity=0.4, blend_mode="multiply"),
        FileLayer("Gruppe", kind="group", opacity=0.8, visible=False, children=inner),
        FileLayer("locked", noise(6, 6, 5), 30, 25, locked=True, alpha_locked=True),
    )
    return LayeredPicture(40, 30, layers)


def told(layer: FileLayer) -> tuple[object, ...]:
    """Return everything about a layer but its pixels."""
    return (
        layer.name,
        layer.kind,
        layer.x if layer.kind != "group" else 0,
        layer.y if layer.kind != "group" else 0,
        round(layer.opacity, 2),
        layer.blend_mode,
        layer.visible,
        layer.locked,
        layer.alpha_locked,
    )


def assert_same(one: LayeredPicture, other: LayeredPicture) -> None:
    assert (one.width, one.height) == (other.width, other.height)
    assert [told(layer) for layer in one.walk()] == [told(layer) for layer in other.walk()]
    for a, b in zip(one.walk(), other.walk(), strict=True):
        if a.pixels is None or b.pixels is None:
            assert a.kind == b.kind == "group"
            continue
        assert np.array_equal(a.pixels[..., 3], b.pixels[..., 3])
        shown = a.pixels[..., 3] > 0
        assert np.array_equal(a.pixels[shown], b.pixels[shown])
