"""Lets a job be stopped, and hand over its device, in the middle of every phase of a picture.

A hook before each block of each network asks the job's context: between the blocks of a step, of
reading the prompt, of the autoencoder and of its tiles. Asking costs about a microsecond.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded

from studio.engine.api import JobContext

#: Lists of blocks inside networks of diffusers and transformers.
_BLOCK_LISTS = frozenset(
    {"blocks", "block", "down_blocks", "up_blocks", "layers", "transformer_blocks",
     "single_transformer_blocks", "resnets"}
)  # fmt: skip


class Pulse:
    """Where networks ask whether they may go on."""

    def __init__(self) -> None:
        self._ctx: JobContext | None = None
        self._hooks: list[Any] = []

    def watch(self, parts: Mapping[str, Any]) -> None:
        """Ask before each block of these networks; a network that is watched is not again."""
        for part in parts.values():
            if isinstance(part, torch.nn.Module) and getattr(part, "_pulse", None) is not self:
                part._pulse = self
                for block in _blocks(part):
                    self._hooks.append(block.register_forward_pre_hook(self._beat))

    def let_go(self) -> None:
        """Take the hooks out again."""
        while self._hooks:
            self._hooks.pop().remove()

    @contextmanager
    def of(self, ctx: JobContext) -> Iterator[None]:
        """Ask this job's context while the block runs."""
        self._ctx = ctx
        try:
            yield
        finally:
            self._ctx = None

    def _beat(self, module: Any, args: Any) -> None:
        if self._ctx is not None:
            self._ctx.checkpoint()


def _blocks(network: torch.nn.Module) -> Iterator[torch.nn.Module]:
    yield network
    for name, module in network.named_modules():
        if isinstance(module, torch.nn.ModuleList) and name.rpartition(".")[2] in _BLOCK_LISTS:
            yield from module
