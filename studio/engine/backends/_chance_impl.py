"""Repeatable chance for models that draw from torch's own, and steps at which they can stop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded

from studio.engine.api import JobContext


class Chance:
    """The state of torch's chance, which all jobs share: kept while others have the device."""

    def checkpoint(self, ctx: JobContext) -> None:
        """Let others have the device and go on with the same chance."""
        state = torch.get_rng_state()
        cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        ctx.checkpoint()
        torch.set_rng_state(state)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)


@contextlib.contextmanager
def same_chance(seed: int) -> Iterator[Chance]:
    """Draw from a fresh chance inside; these models take no generator of their own."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield Chance()


@contextlib.contextmanager
def stepping(
    networks: Sequence[Any], ctx: JobContext, chance: Chance, tell: Callable[[int], None]
) -> Iterator[None]:
    """Make every call of these networks a step at which the job can be stopped.

    Args:
        networks: Modules of torch.
        ctx: The job's.
        chance: Kept while others have the device.
        tell: Called in each step with how many calls of the first network were before it.
    """
    count = 0

    def before(network: Any, _inputs: Any) -> None:
        nonlocal count
        chance.checkpoint(ctx)
        if network is networks[0]:
            tell(count)
            count += 1

    hooks = [network.register_forward_pre_hook(before) for network in networks]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
