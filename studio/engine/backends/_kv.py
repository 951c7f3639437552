"""Keeps what a model has read between turns, so that only what is new has to be read again.

A :class:`Slot` is a cache and the tokens it stands for. The :class:`SlotPool` hands out the one
that shares the longest beginning with a prompt, and gives up the least recently used ones when
there are too many. Used under the device's lease; a slot belongs to one job while it is out.

The same tokens read in pieces of another length give scores that differ in their last digits. In
float32 that changes no text in practice; in half precision it changed every one that was tried. So
there only whole pieces are reused, cut at the same places, and the text stays the same to the byte:
packaging/docs/decisions/0022-kept-turns.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded
from transformers import DynamicCache  # noqa: TID253
from transformers.cache_utils import DynamicLayer  # noqa: TID253

GROWTH_TOKENS = 256
SMALLEST_REUSE = 8  # tokens; below this, forking a slot costs more than reading them again


class GrowingLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped here
    """A layer's keys and values in tensors that have room to spare.

    The library's own layer copies everything it holds for each token; this one writes in place and
    copies once in ``GROWTH_TOKENS`` tokens. Shapes are (batch, heads, tokens, head size).
    """

    _layer_type = None  # the library's table of layer types stays as it is

    def __init__(self) -> None:
        super().__init__()
        self._room: list[torch.Tensor] = []
        self._length = 0

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Add the keys and values of new tokens and return those of all tokens."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        start, count = self._length, key_states.shape[-2]
        if not self._room or start + count > self._room[0].shape[-2]:
            self._grow((key_states, value_states), start + count + GROWTH_TOKENS)
        keys, values = self._room
        # narrow() costs a third of indexing, and this runs for every layer and token.
        keys.narrow(2, start, count).copy_(key_states)
        values.narrow(2, start, count).copy_(value_states)
        self._show(start + count)
        return self.keys, self.values

    def crop(self, tokens_to_remove: int) -> None:
        """Forget the newest tokens; takes a negative number, as the library's layer does."""
        if self._room:
            self._show(max(0, self._length - abs(tokens_to_remove)))

    def get_seq_length(self) -> int:
        """Return the number of tokens held."""
        return self._length

    def copy(self, length: int) -> GrowingLayer:
        """Return a layer of its own that holds the first ``length`` tokens."""
        other = GrowingLayer()
        if self._room and length:
            other.update(self.keys[:, :, :length], self.values[:, :, :length])
        return other

    @property
    def nbytes(self) -> int:
        """Bytes taken, spare room included."""
        return sum(room.nbytes for room in self._room)

    def _show(self, length: int) -> None:
        self._length = length
        self.keys = self._room[0].narrow(2, 0, length)
        self.values = self._room[1].narrow(2, 0, length)

    def _grow(self, states: Sequence[torch.Tensor], capacity: int) -> None:
        grown = []
        for index, new in enumerate(states):
            room = new.new_empty((*new.shape[:2], capacity, new.shape[-1]))
            if self._room:
                room[:, :, : self._length] = self._room[index][:, :, : self._length]
            grown.append(room)
        self._room = grown


class Slot:
    """A cache and the tokens it stands for."""

    def __init__(self, config: Any) -> None:
        self.tokens: list[int] = []
        self.in_pieces = 0  # so many of them were read in whole pieces from the beginning
        self.cache = DynamicCache(config=config)
        layers = self.cache.layers
        self.cache.layers = [GrowingLayer() if type(x) is DynamicLayer else x for x in layers]

    @property
    def nbytes(self) -> int:
        """Bytes the cache takes."""
        return sum(_layer_bytes(layer) for layer in self.cache.layers)

    def add(self, tokens: Sequence[int], piece: int) -> None:
        """Note tokens that the cache holds now; ``piece`` is the length of a whole piece."""
        if self.in_pieces == len(self.tokens) and len(tokens) == piece:
            self.in_pieces += piece
        self.tokens.extend(tokens)

    def keep(self, length: int) -> bool:
        """Forget all but the first ``length`` tokens; False when this cache cannot do that."""
        surplus = len(self.tokens) - length
        if surplus > 0:
            if not self._can_crop():
                return False
            self.cache.crop(-surplus)
            del self.tokens[length:]
            self.in_pieces = min(self.in_pieces, length)
        return True

    def fork(self, length: int, config: Any) -> Slot | None:
        """Return a slot of its own with the first ``length`` tokens, ``None`` if impossible."""
        if not all(isinstance(layer, GrowingLayer) for layer in self.cache.layers):
            return None
        other = Slot(config)
        other.cache.layers = [layer.copy(length) for layer in self.cache.layers]
        other.tokens = self.tokens[:length]
        other.in_pieces = min(self.in_pieces, length)
        return other

    def _can_crop(self) -> bool:
        # A sliding window or a recurrent state has forgotten what came before its present.
        for layer in self.cache.layers:
            if isinstance(layer, GrowingLayer):
                continue
            window = getattr(layer, "sliding_window", None)
            if not layer.is_croppable or (window and len(self.tokens) >= window):
                return False
        return True


class SlotPool:
    """The slots of one loaded model, most recently used last."""

    def __init__(self, config: Any, budget_bytes: int, count: int = 4) -> None:
        """Start empty.

        Args:
            config: The model's configuration, which decides what a cache looks like.
            budget_bytes: What the slots that wait here may take together.
            count: How many may wait here; at least one always may.
        """
        self._config = config
        self._budget_bytes = budget_bytes
        self._count = count
        self._slots: list[Slot] = []

    @property
    def nbytes(self) -> int:
        """Bytes of the slots that wait here."""
        return sum(slot.nbytes for slot in self._slots)

    def take(self, tokens: Sequence[int], piece: int = 1) -> Slot:
        """Return a slot that holds a beginning of ``tokens``, at most all but the last of them.

        A slot of which more than half would be lost is left to its own conversation, and what
        both share is copied.

        Args:
            tokens: What shall be read.
            piece: Reuse only whole pieces of so many tokens; 1 reuses everything.
        """
        shares = [(_reusable(slot, tokens[:-1], piece), slot) for slot in self._slots]
        shared, slot = max(shares, key=lambda pair: pair[0], default=(0, None))
        if slot is None or shared < SMALLEST_REUSE:
            return Slot(self._config)
        if shared * 2 < len(slot.tokens):
            return slot.fork(shared, self._config) or Slot(self._config)
        self._slots.remove(slot)
        return slot if slot.keep(shared) else Slot(self._config)

    def put_back(self, slot: Slot) -> None:
        """Keep a slot for the next turn; the least recently used leave when it gets too much."""
        if slot.tokens:
            self._slots.append(slot)
        while len(self._slots) > 1 and (
            len(self._slots) > self._count or self.nbytes > self._budget_bytes
        ):
            del self._slots[0]

    def clear(self) -> int:
        """Forget everything; return the bytes that were taken."""
        freed = self.nbytes
        self._slots.clear()
        return freed


def _reusable(slot: Slot, tokens: Sequence[int], piece: int) -> int:
    shared = common_length(slot.tokens, tokens)
    return shared if piece == 1 else min(shared, slot.in_pieces) // piece * piece


def common_length(first: Sequence[int], second: Sequence[int]) -> int:
    """Return how many items two sequences have in common at their beginning."""
    length = min(len(first), len(second))
    if list(first[:length]) == list(second[:length]):
        return length
    return next(i for i in range(length) if first[i] != second[i])


def _layer_bytes(layer: Any) -> int:
    if isinstance(layer, GrowingLayer):
        return layer.nbytes
    total = 0
    for value in vars(layer).values():
        held = value.values() if isinstance(value, dict) else (value,)
        total += sum(item.nbytes for item in held if isinstance(item, torch.Tensor))
    return total
