"""Small pictures of pictures, made once and kept in the cache folder. Called off the GUI thread.

A thumbnail is named by the content's hash, so it survives renames and a lost index, and copies
share one. The cache may be deleted at any time.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

from studio.core.atomic_write import atomic_file
from studio.core.errors import StorageError
from studio.library.items import Item

log = logging.getLogger(__name__)

EDGE_PX = 320
"""Longest edge: sharp at 160 on a display with two pixels per point."""
MAX_PIXELS = 120_000_000


class Thumbnails:
    """The cache of one user.

    Args:
        folder: Where thumbnails are kept; made when first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, item: Item) -> Path:
        """Return where an item's thumbnail is or would be."""
        name = item.content_hash or f"{item.id:x}"
        return self._folder / name[:2] / f"{name}.png"

    def make(self, item: Item, source: Path) -> Path | None:
        """Return an item's thumbnail, made when it is not there yet.

        Args:
            item: A picture.
            source: Its file.

        Returns:
            The thumbnail's file; ``None`` where the picture cannot be read.
        """
        target = self.file(item)
        if target.exists():
            return target
        try:
            from PIL import Image, ImageOps

            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(source) as opened:
                    if opened.width * opened.height > MAX_PIXELS:
                        return None
                    opened.draft("RGB", (EDGE_PX * 2, EDGE_PX * 2))
                    small = ImageOps.exif_transpose(opened)
                    small.thumbnail((EDGE_PX, EDGE_PX), Image.Resampling.LANCZOS)
                    if small.mode not in ("RGB", "RGBA"):
                        small = small.convert("RGBA" if "A" in small.getbands() else "RGB")
        except Exception as error:  # noqa: BLE001 - decoders raise anything on a damaged file
            log.debug("no thumbnail: %s", type(error).__name__)
            return None
        return self._store(small, target)

    def _store(self, small: object, target: Path) -> Path | None:
        from PIL import Image

        assert isinstance(small, Image.Image)
        try:
            with atomic_file(target, doing="keeping a thumbnail") as file:
                small.save(file, format="PNG", compress_level=3)
        except StorageError as error:
            log.info("a thumbnail could not be kept: %s", error.user_message)
            return None
        return target
