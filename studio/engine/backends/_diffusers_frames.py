"""Which size a model computes a picture of any asked size in, and how one becomes the other.

Models want sides that are multiples of 8 to 64 px and not too small. A picture is made a little
larger and cut, or much larger and shrunk; one that is remade is padded by its own edge. Pixels in
and out are numpy arrays by the media conventions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.core.errors import BadInputError
from studio.core.media import MAX_SIDE_PX

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: No model draws anything in fewer px.
LEAST_SIDE_PX = 64


@dataclass(frozen=True, kw_only=True)
class Frame:
    """How a picture lies in what the model computes.

    Attributes:
        width: Of the picture that was asked for, in px.
        height: Likewise.
        scaled_width: Of the picture inside what the model computes, in px.
        scaled_height: Likewise.
        model_width: Of what the model computes, in px; a multiple of what it needs.
        model_height: Likewise.
        centred: The picture lies in the middle of it, else at its top left.
    """

    width: int
    height: int
    scaled_width: int
    scaled_height: int
    model_width: int
    model_height: int
    centred: bool = True

    @classmethod
    def of(cls, width: int, height: int, multiple: int, *, centred: bool) -> Frame:
        """Return the frame of a picture of ``width`` x ``height`` px.

        Raises:
            BadInputError: So narrow that the model would have to compute a far too long picture.
        """
        scale = max(1.0, LEAST_SIDE_PX / min(width, height))
        scaled = max(1, round(width * scale)), max(1, round(height * scale))
        if scale > 1 and max(scaled) > MAX_SIDE_PX // 4:
            raise BadInputError(
                f"A picture of {width} x {height} px is too narrow to be drawn.",
                hint=f"Make the shorter side {LEAST_SIDE_PX} px or longer.",
                width=width,
                height=height,
            )
        least = -(-LEAST_SIDE_PX // multiple) * multiple
        model = [max(least, math.ceil(side / multiple) * multiple) for side in scaled]
        return cls(
            width=width,
            height=height,
            scaled_width=scaled[0],
            scaled_height=scaled[1],
            model_width=model[0],
            model_height=model[1],
            centred=centred,
        )

    @property
    def megapixels(self) -> float:
        """How much the model computes, in millions of px."""
        return self.model_width * self.model_height / 1e6

    def enter(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture or mask, (height, width, …) of any size, as the model takes it."""
        import numpy as np

        inner = resized(pixels, self.scaled_width, self.scaled_height)
        left, top = self._corner()
        right = self.model_width - self.scaled_width - left
        below = self.model_height - self.scaled_height - top
        if not (left or top or right or below):
            return inner
        sides = ((top, below), (left, right)) + ((0, 0),) * (inner.ndim - 2)
        return np.pad(inner, sides, mode="edge")

    def leave(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return what the model made, (model_height, model_width, 4), as it was asked for."""
        left, top = self._corner()
        inner = pixels[top : top + self.scaled_height, left : left + self.scaled_width]
        return resized(inner, self.width, self.height)

    def _corner(self) -> tuple[int, int]:
        if not self.centred:
            return 0, 0
        left = (self.model_width - self.scaled_width) // 2
        return left, (self.model_height - self.scaled_height) // 2


def resized(pixels: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture (height, width, 4) or mask (height, width) in another size."""
    import numpy as np
    from PIL import Image

    if pixels.shape[:2] == (height, width):
        return np.ascontiguousarray(pixels)
    image: Any = Image.fromarray(np.ascontiguousarray(pixels))
    if image.mode == "RGBA":  # colours of transparent px must not bleed into the others
        image = image.convert("RGBa").resize((width, height), Image.Resampling.LANCZOS)
        return np.asarray(image.convert("RGBA"))
    return np.asarray(image.resize((width, height), Image.Resampling.LANCZOS))
