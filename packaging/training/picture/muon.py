"""Muon for matrices and AdamW for the rest, in one optimiser.

Momentum whose singular values are evened out before the step: on networks this small it needs
far fewer steps than AdamW, and a step costs little more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ITERATIONS = 5


def evened(matrix: Tensor) -> Tensor:
    """``matrix`` (rows, columns) with all singular values near 1, by Newton-Schulz in bfloat16."""
    a, b, c = _COEFFICIENTS
    wide = matrix.bfloat16() if matrix.shape[0] <= matrix.shape[1] else matrix.bfloat16().T
    wide = wide / (wide.norm() + 1e-7)
    for _ in range(_ITERATIONS):
        gram = wide @ wide.T
        wide = a * wide + (b * gram + c * gram @ gram) @ wide
    return (wide if matrix.shape[0] <= matrix.shape[1] else wide.T).float()


class Muon(torch.optim.Optimizer):
    """Muon on weights of two or more dimensions, AdamW on all others.

    Args:
        weights: What to train.
        lr: Learning rate of both; a step of Muon is as large as one of AdamW's would be.
        momentum: Of Muon.
        betas: Of AdamW.
        weight_decay: Of both.
    """

    def __init__(
        self,
        weights: Iterable[Tensor],
        lr: float = 1e-3,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.01,
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "betas": betas,
            "weight_decay": weight_decay,
        }
        super().__init__(weights, defaults)

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Move every weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                if group["weight_decay"]:
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                if weight.ndim >= 2:
                    self._move_matrix(weight, group)
                else:
                    self._move_vector(weight, group)

    def _move_matrix(self, weight: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        gathered = state["momentum"].lerp_(weight.grad, 1 - group["momentum"])
        ahead = weight.grad.lerp(gathered, group["momentum"])
        step = evened(ahead.reshape(len(weight), -1))
        size = 0.2 * max(step.shape) ** 0.5
        weight.add_(step.reshape(weight.shape), alpha=-group["lr"] * size)

    def _move_vector(self, weight: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        if "count" not in state:
            state["count"] = 0
            state["mean"], state["square"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["count"] += 1
        first, second = group["betas"]
        state["mean"].lerp_(weight.grad, 1 - first)
        state["square"].lerp_(weight.grad.square(), 1 - second)
        scale = (1 - second ** state["count"]) ** 0.5 / (1 - first ** state["count"])
        weight.addcdiv_(
            state["mean"], state["square"].sqrt().add_(1e-8), value=-group["lr"] * scale
        )
