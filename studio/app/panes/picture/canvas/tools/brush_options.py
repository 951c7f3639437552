"""What a brush can be set to, as the strip over the canvas shows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from studio.core.options import option

if TYPE_CHECKING:
    from studio.documents.picture.brush import Brush

SIZE_MAX_PX = 2000
SYMMETRIES = ("none", "vertical", "horizontal", "both", "radial")


@dataclass(frozen=True, kw_only=True)
class BrushOptions:
    """The settings of the brush or of the eraser; shares in percent."""

    size_px: int = option(
        24,
        title="Size",
        help="Width of the brush. Keys [ and ], or drag with Shift.",
        ge=1,
        le=SIZE_MAX_PX,
        unit="px",
    )
    hardness: int = option(
        80,
        title="Hardness",
        help="How sharp the edge is; at 0 it fades from the middle.",
        ge=0,
        le=100,
        step=5,
        unit="%",
    )
    opacity: int = option(
        100,
        title="Opacity",
        help="How much one stroke covers at most.",
        ge=1,
        le=100,
        step=5,
        unit="%",
    )
    flow: int = option(
        100,
        title="Flow",
        help="How fast a stroke builds up to its opacity.",
        ge=1,
        le=100,
        step=5,
        unit="%",
    )
    smoothing: int = option(
        20,
        title="Smoothing",
        help="How much a trembling line is calmed.",
        ge=0,
        le=100,
        step=5,
        unit="%",
    )
    symmetry: str = option(
        "none",
        title="Symmetry",
        help="Every stroke is mirrored or repeated about the frame's middle.",
        choices=SYMMETRIES,
    )
    radial_count: int = option(
        6,
        title="Copies",
        help="How many times a radial stroke is repeated.",
        ge=2,
        le=24,
    )
    pressure_size: bool = option(
        True,
        title="Pressure: size",
        help="A light pen draws a thin line.",
    )
    pressure_opacity: bool = option(
        False,
        title="Pressure: opacity",
        help="A light pen covers less.",
    )
    tilt_shape: bool = option(
        False,
        title="Tilt",
        help="A leaning pen draws with its side.",
    )

    def to_brush(self) -> Brush:
        """Return these settings as the document's brush."""
        from studio.documents.picture.brush import Brush

        return Brush(
            size_px=self.size_px,
            hardness=self.hardness / 100,
            opacity=self.opacity / 100,
            flow=self.flow / 100,
            smoothing=self.smoothing / 100,
            pressure_size=float(self.pressure_size),
            pressure_opacity=float(self.pressure_opacity),
            tilt_shape=float(self.tilt_shape),
        )

    def with_brush(self, brush: Brush) -> BrushOptions:
        """Return these settings with those of a document's brush; the symmetry stays."""
        return replace(
            self,
            size_px=max(1, round(brush.size_px)),
            hardness=round(brush.hardness * 100),
            opacity=max(1, round(brush.opacity * 100)),
            flow=max(1, round(brush.flow * 100)),
            smoothing=round(brush.smoothing * 100),
            pressure_size=brush.pressure_size >= 0.5,
            pressure_opacity=brush.pressure_opacity >= 0.5,
            tilt_shape=brush.tilt_shape >= 0.5,
        )
