"""Where the window was and how it was divided, kept as JSON from one start to the next."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from PySide6.QtCore import QRect

from studio.app.theme.tokens import Size
from studio.core.atomic_write import atomic_write
from studio.core.errors import StorageError

log = logging.getLogger(__name__)

VISIBLE_PX = 48
"""At least this much of the title bar must lie on some screen."""


@dataclass(frozen=True, kw_only=True)
class LayoutState:
    """The window's arrangement; lengths in device-independent pixels.

    Attributes:
        x: Left edge on the desktop.
        y: Upper edge on the desktop.
        width: Width of the window when it is not maximised.
        height: Height of the window when it is not maximised.
        placed: ``x`` and ``y`` are known; otherwise the system places the window.
        maximised: The window fills its screen.
        inspector: The panel on the right shows.
        inspector_width: Its width.
        pane: Name of the pane in front.
    """

    x: int = 0
    y: int = 0
    width: int = Size.WINDOW[0]
    height: int = Size.WINDOW[1]
    placed: bool = False
    maximised: bool = False
    inspector: bool = True
    inspector_width: int = Size.INSPECTOR
    pane: str = ""


def load_layout(path: Path) -> LayoutState:
    """Return the stored arrangement; what is missing or wrong falls back alone."""
    try:
        stored = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return LayoutState()
    except (OSError, ValueError, RecursionError) as error:
        log.warning("The window layout could not be read: %s", error)
        return LayoutState()
    if not isinstance(stored, dict):
        return LayoutState()
    kinds: dict[str, type] = {field.name: type(field.default) for field in fields(LayoutState)}
    good: dict[str, Any] = {k: v for k, v in stored.items() if k in kinds and type(v) is kinds[k]}
    return LayoutState(**good)


def save_layout(path: Path, layout: LayoutState) -> None:
    """Store the arrangement; a failure is logged, since nothing of the user's is lost by it."""
    try:
        atomic_write(path, json.dumps(asdict(layout), indent=1), doing="saving the layout")
    except StorageError as error:
        log.warning("%s", error.sentence())


def fitting(layout: LayoutState, screens: list[QRect]) -> QRect | None:
    """Return where the window can be shown, on the screens that are there now.

    Args:
        layout: What was stored, perhaps with another monitor.
        screens: The usable area of each screen, the primary one first.

    Returns:
        A rectangle of which the title bar can be grabbed; ``None`` lets the system choose.
    """
    if not screens:
        return None
    wanted = QRect(layout.x, layout.y, layout.width, layout.height)
    best = max(screens, key=lambda area: _overlap(area, wanted))
    width = max(Size.WINDOW_MIN[0], min(wanted.width(), best.width()))
    height = max(Size.WINDOW_MIN[1], min(wanted.height(), best.height()))
    bar = QRect(wanted.x(), wanted.y(), wanted.width(), 1)
    on_screen = bar.intersected(best)
    if layout.placed and on_screen.width() >= VISIBLE_PX and on_screen.height() > 0:
        x = max(best.left(), min(wanted.x(), best.right() + 1 - width))
        y = max(best.top(), min(wanted.y(), best.bottom() + 1 - height))
        return QRect(x, y, width, height)
    primary = screens[0]
    width, height = min(width, primary.width()), min(height, primary.height())
    return QRect(
        primary.x() + (primary.width() - width) // 2,
        primary.y() + (primary.height() - height) // 2,
        width,
        height,
    )


def _overlap(one: QRect, other: QRect) -> int:
    common = one.intersected(other)
    return common.width() * common.height() if common.isValid() else 0
