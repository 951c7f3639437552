"""Brushes: their options, and the mask of one dab."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from studio.core.errors import BadInputError
from studio.documents.picture.geometry import Rect
from studio.documents.picture.tiles import Floats

MAX_SIZE_PX = 2000.0
MIN_SIZE_PX = 0.1
_LEAST_SPACING_PX = 0.5


@dataclass(frozen=True)
class Brush:
    """How a stroke looks.

    Attributes:
        size_px: Diameter.
        hardness: 0 fades from the middle, 1 has a sharp (antialiased) edge.
        opacity: How much a whole stroke covers at most, however often it crosses itself.
        flow: How much each dab adds towards that.
        spacing: Distance between dabs as a share of their diameter.
        smoothing: 0 follows the pen, 1 takes the most tremor out.
        pressure_size: How much pressure changes the size, 0 to 1.
        pressure_opacity: How much pressure changes the opacity, 0 to 1.
        pressure_flow: How much pressure changes the flow, 0 to 1.
        roundness: Shorter diameter as a share of the longer, above 0 to 1.
        angle_deg: How the longer diameter is turned, clockwise from the x axis.
        tilt_shape: How much tilting the pen makes dabs long and turns them its way, 0 to 1.
    """

    size_px: float = 40.0
    hardness: float = 0.8
    opacity: float = 1.0
    flow: float = 1.0
    spacing: float = 0.1
    smoothing: float = 0.0
    pressure_size: float = 0.0
    pressure_opacity: float = 0.0
    pressure_flow: float = 0.0
    roundness: float = 1.0
    angle_deg: float = 0.0
    tilt_shape: float = 0.0

    def __post_init__(self) -> None:
        bounds = {
            "size_px": (MIN_SIZE_PX, MAX_SIZE_PX),
            "spacing": (0.01, 10.0),
            "roundness": (0.01, 1.0),
            "angle_deg": (-360.0, 360.0),
        }
        for item in fields(self):
            value = float(getattr(self, item.name))
            low, high = bounds.get(item.name, (0.0, 1.0))
            if not low <= value <= high:  # also true of NaN
                raise BadInputError(
                    f"A brush cannot have this {item.name.split('_')[0]}.",
                    hint=f"It goes from {low:g} to {high:g}.",
                    name=item.name,
                    value=value,
                )
            object.__setattr__(self, item.name, value)

    def dab(self, pressure: float, tilt_x: float, tilt_y: float) -> Dab:
        """Return what one dab looks like.

        Args:
            pressure: 0 to 1.
            tilt_x: How the pen leans to the right, in degrees, -90 to 90.
            tilt_y: How it leans towards the user, in degrees, -90 to 90.
        """
        lean = min(math.hypot(tilt_x, tilt_y) / 60.0, 1.0) * self.tilt_shape
        angle = math.radians(self.angle_deg)
        if lean > 0.0:
            angle = math.atan2(tilt_y, tilt_x)
        return Dab(
            radius=max(self.size_px * _by(pressure, self.pressure_size), MIN_SIZE_PX) / 2,
            hardness=self.hardness,
            roundness=self.roundness * (1.0 - 0.75 * lean),
            angle=angle,
            opacity=self.opacity * _by(pressure, self.pressure_opacity),
            flow=self.flow * _by(pressure, self.pressure_flow),
        )

    def distance(self, radius: float) -> float:
        """Return how far the next dab is from one of this radius, in pixels."""
        return max(2 * radius * self.spacing, _LEAST_SPACING_PX)


@dataclass(frozen=True)
class Dab:
    """One touch of a brush.

    Attributes:
        radius: Half the longer diameter, in pixels.
        hardness: Share of the radius that is covered fully.
        roundness: Shorter diameter as a share of the longer.
        angle: Of the longer diameter, in radians, clockwise.
        opacity: What coverage grows towards.
        flow: Which share of what is missing it adds.
    """

    radius: float
    hardness: float
    roundness: float
    angle: float
    opacity: float
    flow: float

    def mask(self, x: float, y: float) -> tuple[Rect, Floats]:
        """Return where it lies when its middle is at ``x``, ``y``, and how much it covers.

        Returns:
            The rectangle, and float32 (height, width) of 0 to 1.
        """
        radius = max(self.radius, 0.5)  # below a pixel, it pales instead of shrinking
        reach = radius + 1.0
        rect = Rect.around(x - reach, y - reach, x + reach, y + reach)
        across = np.arange(rect.width, dtype=np.float32) + np.float32(rect.x + 0.5 - x)
        down = np.arange(rect.height, dtype=np.float32) + np.float32(rect.y + 0.5 - y)
        values = self._squares(across, down)
        np.sqrt(values, out=values)
        edge = np.float32(radius * (1.0 - self.hardness) + 1.0)
        np.subtract(np.float32(radius + 0.5), values, out=values)
        np.multiply(values, 1 / edge, out=values)
        np.clip(values, 0, 1, out=values)
        smooth = values * np.float32(-2) + np.float32(3)
        np.multiply(smooth, values, out=smooth)
        np.multiply(smooth, values, out=values)
        if self.radius < 0.5:
            values *= np.float32((self.radius / 0.5) ** 2)
        return rect, values

    def _squares(self, across: Floats, down: Floats) -> Floats:
        """Return squared distances from the middle, in units of the longer radius."""
        if self.roundness >= 1.0:
            return np.add(np.square(across)[None, :], np.square(down)[:, None])
        cosine, sine = np.float32(math.cos(self.angle)), np.float32(math.sin(self.angle))
        along = across[None, :] * cosine + down[:, None] * sine
        aside = (down[:, None] * cosine - across[None, :] * sine) / np.float32(self.roundness)
        return np.square(along) + np.square(aside)


def _by(pressure: float, amount: float) -> float:
    return 1.0 - amount * (1.0 - pressure)
