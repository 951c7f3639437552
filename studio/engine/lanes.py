"""The device in use and those that jobs still finish on, each with its models."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from studio.core.settings import Computing
from studio.engine.api import Backend, Device
from studio.engine.lease import DeviceLease
from studio.engine.residency import Residency

#: So much later than due is looked for idle models, so that one look finds them.
_SLACK_S = 0.05


@dataclass(frozen=True)
class Lane:
    """A device with its lease and its models."""

    device: Device
    lease: DeviceLease
    residency: Residency


class Lanes:
    """The current lane, and old ones until their last job is done.

    Args:
        settings: How to compute.
        prepare: Called with a backend before it loads its first model.
        on_change: Called after models came or left.
    """

    def __init__(
        self,
        settings: Computing,
        prepare: Callable[[Backend], None],
        on_change: Callable[[], None],
    ) -> None:
        self.current: Lane | None = None
        self._settings = settings
        self._prepare = prepare
        self._on_change = on_change
        self._load_lock = threading.Lock()
        self._old: list[Lane] = []

    def use(self, device: Device) -> Lane | None:
        """Let jobs run on this device from now on; return the lane left, if it is another."""
        before = self.current
        if before is not None and _same_place(before.device, device):
            before.residency.device = device
            self.current = Lane(device, before.lease, before.residency)
            return None
        residency = Residency(
            device,
            self._load_lock,
            budget_gb=self._settings.memory_budget_gb,
            prepare=self._prepare,
            on_change=self._on_change,
        )
        self.current = Lane(device, DeviceLease(), residency)
        if before is not None:
            self._old.append(before)
            self.clear_old()
        return before

    def clear_old(self) -> None:
        """Unload what is left on devices nobody uses any more."""
        for lane in tuple(self._old):
            lane.residency.free_others()
            if not lane.residency.residents():
                self._old.remove(lane)

    def follow(self, settings: Computing) -> None:
        """Take new settings for memory."""
        self._settings = settings
        if self.current is not None:
            self.current.residency.budget_gb = settings.memory_budget_gb
            self.current.residency.make_room(0)

    def any_model(self) -> bool:
        """Say whether any model is in memory."""
        lanes = [*self._old, self.current] if self.current is not None else self._old
        return any(lane is not None and lane.residency.residents() for lane in lanes)

    def next_look_s(self) -> float | None:
        """Return in how many seconds an idle model is due to leave; ``None``: none is."""
        if self.current is None or self._settings.unload_after_min <= 0:
            return None
        due_s = self.current.residency.next_idle_s(self._settings.unload_after_min * 60)
        return None if due_s is None else due_s + _SLACK_S

    def unload_idle(self) -> None:
        """Unload what was not used for as long as the settings say."""
        if self.current is not None and self._settings.unload_after_min > 0:
            self.current.residency.unload_idle(self._settings.unload_after_min * 60)

    def close(self) -> None:
        """Unload everything nobody uses."""
        if self.current is not None:
            self.current.residency.free_others()
        self.clear_old()


def _same_place(one: Device, other: Device) -> bool:
    return (one.kind, one.index, one.dtype) == (other.kind, other.index, other.dtype)
