"""Sound mixed ahead: a ring of samples with one writer and one reader."""

from __future__ import annotations

import threading

import numpy as np

from studio.documents.soundtrack.sound_files import Samples


class Ring:
    """Float32 samples (n, 2) between the thread that mixes and the one that feeds the output.

    Places in it are counted from the beginning and never wrap, so that both threads, and whoever
    asks what is heard, mean the same sample.

    Args:
        capacity: How many samples fit.
    """

    def __init__(self, capacity: int) -> None:
        self._data = np.zeros((capacity, 2), np.float32)
        self._lock = threading.Lock()
        self.written = 0
        self.read = 0

    @property
    def capacity(self) -> int:
        """How many samples fit."""
        return len(self._data)

    def filled(self) -> int:
        """Return how many samples wait to be read."""
        with self._lock:
            return self.written - self.read

    def room(self) -> int:
        """Return how many samples can be written."""
        return self.capacity - self.filled()

    def write(self, samples: Samples) -> None:
        """Add samples; there must be room."""
        with self._lock:
            at = self.written % self.capacity
            first = min(len(samples), self.capacity - at)
            self._data[at : at + first] = samples[:first]
            self._data[: len(samples) - first] = samples[first:]
            self.written += len(samples)

    def take(self, count: int) -> Samples:
        """Return the next samples, at most ``count``; a copy."""
        with self._lock:
            count = min(count, self.written - self.read)
            at = self.read % self.capacity
            first = min(count, self.capacity - at)
            out = np.empty((count, 2), np.float32)
            out[:first] = self._data[at : at + first]
            out[first:] = self._data[: count - first]
            self.read += count
            return out

    def forget_after(self, margin: int) -> int:
        """Take back what was written beyond the next ``margin`` samples.

        Returns:
            The place at which writing goes on.
        """
        with self._lock:
            self.written = min(self.written, self.read + margin)
            return self.written

    def clear(self) -> None:
        """Forget everything that waits; its places are never used again."""
        with self._lock:
            self.read = self.written
