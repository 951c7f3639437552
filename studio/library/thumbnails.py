"""Small pictures of pictures and sounds, made once and kept in the cache folder.

Called off the GUI thread. A sound's is a mask in grey, shown in the colours of the window, with
the sound's length in it.

A thumbnail is named by the content's hash, so it survives renames and a lost index, and copies
share one. The cache may be deleted at any time.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studio.core.atomic_write import atomic_file
from studio.core.errors import StorageError
from studio.library.items import Item

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

EDGE_PX = 320
"""Longest edge: sharp at 160 on a display with two pixels per point."""
MAX_PIXELS = 120_000_000
DURATION = "Duration"
"""Text field of a sound's thumbnail: its length in seconds."""

Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class SoundDrawing:
    """What a sound looks like.

    Attributes:
        mask: One byte for each pixel, row by row; 255 = covered.
        width: In px.
        height: In px.
        duration_s: The sound's length in seconds.
    """

    mask: bytes
    width: int
    height: int
    duration_s: float


DrawSound = Callable[[Path, Cancelled], SoundDrawing | None]
"""Returns a file's drawing; ``None`` where it cannot be read, or was cancelled."""


class Thumbnails:
    """The cache of one user.

    Args:
        folder: Where thumbnails are kept; made when first needed.
        draw_sound: Draws sounds; without it they have no thumbnails.
    """

    def __init__(self, folder: Path, draw_sound: DrawSound | None = None) -> None:
        self._folder = folder
        self._draw_sound = draw_sound

    def file(self, item: Item) -> Path:
        """Return where an item's thumbnail is or would be."""
        name = item.content_hash or f"{item.id:x}"
        end = "-sound" if item.kind == "audio" else ""
        return self._folder / name[:2] / f"{name}{end}.png"

    def make(self, item: Item, source: Path, cancelled: Cancelled = lambda: False) -> Path | None:
        """Return an item's thumbnail, made when it is not there yet.

        Args:
            item: A picture or a sound.
            source: Its file.
            cancelled: Asked whether to stop, where it takes long.

        Returns:
            The thumbnail's file; ``None`` where the item cannot be read.
        """
        target = self.file(item)
        if target.exists():
            return target
        if item.kind == "audio":
            return self._make_sound(source, target, cancelled)
        small = small_picture(source, EDGE_PX)
        return None if small is None else self._store(small, target)

    def _make_sound(self, source: Path, target: Path, cancelled: Cancelled) -> Path | None:
        drawn = self._draw_sound(source, cancelled) if self._draw_sound is not None else None
        if drawn is None:
            return None
        from PIL import Image

        mask = Image.frombytes("L", (drawn.width, drawn.height), drawn.mask)
        return self._store(mask, target, {DURATION: f"{drawn.duration_s:.3f}"})

    def _store(
        self, small: Image, target: Path, fields: dict[str, str] | None = None
    ) -> Path | None:
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        for name, value in (fields or {}).items():
            info.add_text(name, value)
        try:
            with atomic_file(target, doing="keeping a thumbnail") as file:
                small.save(file, format="PNG", compress_level=3, pnginfo=info)
        except StorageError as error:
            log.info("a thumbnail could not be kept: %s", error.user_message)
            return None
        return target


def small_picture(source: Path, edge_px: int) -> Image | None:
    """Return a picture as RGB or RGBA, its longest edge at most ``edge_px``.

    Returns:
        ``None`` where it cannot be read, or is too large to be.
    """
    try:
        from PIL import Image, ImageOps

        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    return None
                opened.draft("RGB", (edge_px * 2, edge_px * 2))
                small = ImageOps.exif_transpose(opened)
                small.thumbnail((edge_px, edge_px), Image.Resampling.LANCZOS)
                if small.mode not in ("RGB", "RGBA"):
                    small = small.convert("RGBA" if "A" in small.getbands() else "RGB")
                return small
    except Exception as error:  # noqa: BLE001 - decoders raise anything on a damaged file
        log.debug("no small picture: %s", type(error).__name__)
        return None
