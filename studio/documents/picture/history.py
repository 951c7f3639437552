"""Undo for pictures: what every step changed, within a byte budget.

A new step holds the tiles as they were. Steps further back are packed on a thread of their own:
what stays of a tile is the difference of before and after, modulo 256, which is zero wherever
nothing was painted, serves undo and redo alike, and gives back exactly the bytes that were there.

Follows packaging/docs/decisions/0122-undo-of-pictures.md.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from studio.documents.picture.geometry import TILE_PX, Key, Rect
from studio.documents.picture.layers import Tree
from studio.documents.picture.packing import packed, unpacked
from studio.documents.picture.selection import Selection
from studio.documents.picture.tiles import TILE_BYTES, Bytes, Tile

Place = tuple[str, Key]
BUDGET_BYTES = 384_000_000
FRESH_BYTES = 96 * 1024 * 1024
"""The newest steps stay unpacked up to this size, so that undoing them only swaps tiles."""
MERGE_S = 1.0
"""How soon after each other steps must come to become one."""
_STEP_BYTES = 2048
_BLANK = np.zeros((4, TILE_PX, TILE_PX), np.uint8)


@dataclass(frozen=True)
class Swap:
    """A tile before and after; ``None`` where there was or is nothing."""

    before: Tile | None
    after: Tile | None

    @property
    def size(self) -> int:
        """How many bytes it keeps: the other tile is the picture's, or another step's."""
        return TILE_BYTES

    def undone(self, _: Tile | None) -> Tile | None:
        """Return the tile before."""
        return self.before

    def redone(self, _: Tile | None) -> Tile | None:
        """Return the tile after."""
        return self.after


@dataclass(frozen=True)
class Packed:
    """What makes a tile before into a tile after, and back.

    Attributes:
        box: The changed part, within the tile.
        data: Before minus after there, modulo 256, packed.
        had: Whether there was a tile before.
        has: Whether there is one after.
    """

    box: Rect
    data: bytes
    had: bool
    has: bool

    @classmethod
    def of(cls, swap: Swap) -> Packed:
        """Pack a swap; slow."""
        before = swap.before.pixels if swap.before else _BLANK
        after = swap.after.pixels if swap.after else _BLANK
        difference: Bytes = before - after
        changed = np.any(difference, axis=0)
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        box = Rect()
        if rows.size:
            box = Rect.between(
                int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
            )
        part = np.ascontiguousarray(difference[:, box.y : box.bottom, box.x : box.right])
        return cls(box, packed(part), swap.before is not None, swap.after is not None)

    @property
    def size(self) -> int:
        """How many bytes it keeps."""
        return len(self.data)

    def undone(self, after: Tile | None) -> Tile | None:
        """Return the tile before, from the one after."""
        return self._other(after, np.add) if self.had else None

    def redone(self, before: Tile | None) -> Tile | None:
        """Return the tile after, from the one before."""
        return self._other(before, np.subtract) if self.has else None

    def _other(self, tile: Tile | None, change: np.ufunc) -> Tile:
        pixels = (tile.pixels if tile else _BLANK).copy()
        box = self.box
        if not box.is_empty:
            target = pixels[:, box.y : box.bottom, box.x : box.right]
            change(target, unpacked(self.data, (4, box.height, box.width)), out=target)
        return Tile(pixels)


@dataclass
class Step:
    """One thing the user did.

    Attributes:
        label: What undo calls it.
        tree: The layers before and after; ``None`` when they stayed as they were.
        selection: The selection before and after; ``None`` when it stayed.
        active: The active layer before and after.
        tiles: What changed of the tiles.
        merge: Steps with the same, one right after the other, become one; "" for none.
        at_s: When it was done.
    """

    label: str
    tree: tuple[Tree, Tree] | None = None
    selection: tuple[Selection | None, Selection | None] | None = None
    active: tuple[str | None, str | None] = (None, None)
    tiles: Mapping[Place, Swap | Packed] = field(default_factory=dict)
    merge: str = ""
    at_s: float = 0.0
    size: int = 0
    work: Future[None] | None = None

    def __post_init__(self) -> None:
        self.weigh()

    def takes(self, later: Step) -> bool:
        """Whether a later step is the same thing going on, such as a slider being dragged."""
        return (
            bool(self.merge)
            and self.merge == later.merge
            and later.at_s - self.at_s <= MERGE_S
            and not self.tiles
            and not later.tiles
        )

    def with_later(self, later: Step) -> Step:
        """Return both as one step; only layers are looked at, since nothing else merges."""
        tree = later.tree
        if self.tree is not None and later.tree is not None:
            tree = (self.tree[0], later.tree[1])
        return replace(later, tree=tree, active=(self.active[0], later.active[1]))

    def weigh(self) -> None:
        """Add up what it keeps."""
        self.size = _STEP_BYTES + sum(change.size for change in self.tiles.values())
        if self.selection is not None:
            self.size += max(one.size for one in self.selection if one is not None)

    @property
    def is_packed(self) -> bool:
        """Whether its tiles must be unpacked to undo or redo it."""
        return any(isinstance(change, Packed) for change in self.tiles.values())


class History:
    """Steps that can be undone and redone. Used under the document's lock."""

    def __init__(
        self,
        budget_bytes: int = BUDGET_BYTES,
        fresh_bytes: int = FRESH_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without steps.

        Args:
            budget_bytes: What all steps may keep; the oldest go first.
            fresh_bytes: What the newest may keep unpacked.
            clock: Gives seconds; steps close in time may become one.
        """
        self.done: deque[Step] = deque()
        self.undone: list[Step] = []
        self._budget = budget_bytes
        self._fresh = fresh_bytes
        self._clock = clock
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """How many bytes all steps keep."""
        with self._lock:
            return sum(step.size for step in (*self.done, *self.undone))

    def push(self, step: Step) -> None:
        """Add a step; what was undone before it is gone."""
        self.undone.clear()
        step.at_s = self._clock()
        last = self.done[-1] if self.done else None
        if last is not None and last.takes(step):
            self.done[-1] = last.with_later(step)
            return
        self.done.append(step)
        self._pack_older(self.done)
        packing = any(step.work is not None and not step.work.done() for step in self.done)
        limit = 2 * self._budget if packing else self._budget  # what is being packed shrinks
        size = self.size
        while size > limit and len(self.done) > 1:
            size -= self.done.popleft().size

    def forget(self) -> None:
        """Drop all steps."""
        self.done.clear()
        self.undone.clear()

    def wait(self) -> None:
        """Wait until everything that shall be packed or unpacked is."""
        for step in (*self.done, *self.undone):
            if step.work is not None:
                step.work.result()

    def back(self) -> Step:
        """Move the newest step to those that can be redone, and return it."""
        step = self.done.pop()
        self.undone.append(step)
        self._pack_older(self.undone)
        return step

    def again(self) -> Step:
        """Move the step undone last back to those that can be undone, and return it."""
        step = self.undone.pop()
        self.done.append(step)
        self._pack_older(self.done)
        return step

    def prepare(self, tile: Callable[[str, Key], Tile | None]) -> None:
        """Unpack what would be undone or redone next, so that it only swaps tiles.

        Args:
            tile: Gives the tiles as they are now.
        """
        for steps, undoing in ((self.done, True), (self.undone, False)):
            if steps and steps[-1].is_packed:
                step = steps[-1]
                now = {place: tile(*place) for place in step.tiles}
                step.work = _packer().submit(self._unpack, step, now, undoing)

    def _pack_older(self, steps: Sequence[Step]) -> None:
        """Pack all but the newest of ``steps``, as far as they are too large together."""
        fresh = 0
        for step in reversed(steps):
            if step.is_packed or (step.work is not None and not step.work.done()):
                continue
            fresh += step.size
            if fresh > self._fresh and step is not steps[-1]:
                step.work = _packer().submit(self._pack, step)

    def _pack(self, step: Step) -> None:
        """Pack a step; its tiles never change, so only the exchange needs the lock."""
        smaller = {
            place: Packed.of(change) if isinstance(change, Swap) else change
            for place, change in tuple(step.tiles.items())
        }
        with self._lock:
            step.tiles = smaller
            step.weigh()

    def _unpack(self, step: Step, now: Mapping[Place, Tile | None], undoing: bool) -> None:
        tiles = {
            place: Swap(change.undone(now[place]), now[place])
            if undoing
            else Swap(now[place], change.redone(now[place]))
            for place, change in tuple(step.tiles.items())
        }
        with self._lock:
            step.tiles = tiles
            step.weigh()


_packers: list[ThreadPoolExecutor] = []
_packers_lock = threading.Lock()


def _packer() -> ThreadPoolExecutor:
    """Return the one thread that packs steps, for all pictures."""
    with _packers_lock:
        if not _packers:
            _packers.append(ThreadPoolExecutor(1, thread_name_prefix="picture-undo"))
        return _packers[0]
