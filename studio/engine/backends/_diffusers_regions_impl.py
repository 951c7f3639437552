"""Lets parts of a picture have prompts of their own while a UNet draws it.

Two ways, told apart by how the UNet reads (packaging/docs/decisions/0128-prompts-for-regions.md):

- It looks at the prompt in each place (cross-attention: Stable Diffusion 1, 2 and XL). Then a
  region's places look at the region's prompt as well, and what they see is mixed by shares. A
  place outside a region never sees that region's prompt.
- It reads the prompt once for the whole picture (``addition_embed_type`` "text": the built-in
  model). Then each region is drawn in its own part of the latents, as a picture of its own, and
  the predictions are mixed.

Networks are left exactly as they were. Pictures are drawn one at a time, so of the rows of a
batch the last is the picture's own, and those before it stand for the negative prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253 - private module, imported when a model is loaded
from torch.nn.functional import adaptive_avg_pool2d  # noqa: TID253

from studio.core.errors import UnsupportedModelError
from studio.engine.backends._diffusers_areas import box_around
from studio.engine.backends._prompt_encoding_impl import Encoded

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CROSS = "attn2.processor"


class Regions:
    """The regions of one request.

    Args:
        encoded: Their prompts.
        shares: How much each counts in each place: (regions, rows, columns) of latents.
    """

    def __init__(self, encoded: Sequence[Encoded], shares: NDArray[np.floating[Any]]) -> None:
        self._encoded = tuple(encoded)
        self._shares = torch.from_numpy(shares)
        self._known: dict[tuple[int, torch.device], tuple[torch.Tensor, list[Any]]] = {}
        self._levels = dict(_levels(*self._shares.shape[1:]))
        self.texts: tuple[torch.Tensor, ...] = ()
        self.at_step(0)

    def at_step(self, step: int) -> None:
        """Read what the prompts are once ``step`` steps are done."""
        self.texts = tuple(each.at_step(step)["prompt_embeds"] for each in self._encoded)

    @contextmanager
    def acting(self, pipeline: Any) -> Iterator[None]:
        """Let them act on the pipeline's UNet for as long as this lasts."""
        unet = pipeline.unet
        with self._apart(unet) if reads_once(unet) else self._attended(unet):
            yield

    def places(self, tokens: int, device: torch.device) -> tuple[torch.Tensor, list[Any]]:
        """Return what counts where, for attention over so many places.

        Args:
            tokens: How many places there are.
            device: Where the answer shall be.

        Returns:
            The share of the main prompt, float32 (1, tokens, 1); for each region the numbers of
            its places, and its shares there, (1, its places, 1).

        Raises:
            UnsupportedModelError: The model's places do not lie in rows and columns.
        """
        if (tokens, device) not in self._known:
            self._known[tokens, device] = self._placed(tokens, device)
        return self._known[tokens, device]

    def _placed(self, tokens: int, device: torch.device) -> tuple[torch.Tensor, list[Any]]:
        size = self._levels.get(tokens)
        if size is None:
            raise UnsupportedModelError(
                "This model cannot be told what shall stand where.",
                hint="Leave the regions out, or choose another model.",
            )
        flat = adaptive_avg_pool2d(self._shares, size).reshape(len(self._shares), tokens, 1)
        found: list[Any] = []
        for share in flat:
            (inside,) = torch.nonzero(share[:, 0], as_tuple=True)
            found.append((inside.to(device), share[inside][None].to(device)))
        return (1 - flat.sum(dim=0, keepdim=True)).to(device), found

    # -- looked at in each place ----------------------------------------------------------------

    @contextmanager
    def _attended(self, unet: Any) -> Iterator[None]:
        before = dict(unet.attn_processors)
        unet.set_attn_processor(
            {
                name: Attending(inner, self) if name.endswith(_CROSS) else inner
                for name, inner in before.items()
            }
        )
        try:
            yield
        finally:
            unet.set_attn_processor(before)  # which empties it

    # -- drawn apart ----------------------------------------------------------------------------

    @contextmanager
    def _apart(self, unet: Any) -> Iterator[None]:
        least = int(unet.config.sample_size) // 2
        multiple = 2 ** (len(unet.config.block_out_channels) - 1)
        boxes = [box_around(share.numpy(), least, multiple) for share in self._shares]

        def mixed(network: Any, args: Any, kwargs: dict[str, Any], output: Any) -> Any:
            whole, given = output[0], dict(kwargs)
            text = given.pop("encoder_hidden_states")
            latents, time = args
            shares = self._shares.to(whole)
            result = whole * (1 - shares.sum(dim=0))
            for share, own, (top, bottom, left, right) in zip(
                shares, self.texts, boxes, strict=True
            ):
                part = latents[:, :, top:bottom, left:right]
                texts = torch.cat((text[:-1], own.to(text)))
                # Called past this hook, so that it does not answer itself.
                drawn = network.forward(part, time, encoder_hidden_states=texts, **given)[0]
                result[:, :, top:bottom, left:right] += drawn * share[top:bottom, left:right]
            return (result, *output[1:])

        handle = unet.register_forward_hook(mixed, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()


class Attending:
    """An attention layer's processor with which places in regions look at their own prompts.

    Args:
        inner: What computes the attention; also one with IP-Adapters.
        regions: The regions.
    """

    def __init__(self, inner: Any, regions: Regions) -> None:
        self._inner = inner
        self._regions = regions

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: Any = None,
        attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return what the layer does, (rows, tokens, width); arguments as diffusers has them."""
        seen: torch.Tensor = self._inner(
            attn, hidden_states, encoder_hidden_states, attention_mask, temb
        )
        if encoder_hidden_states is None:
            return seen
        base, regions = self._regions.places(hidden_states.shape[1], hidden_states.device)
        mixed = seen[-1:] * base.to(seen.dtype)
        for text, (inside, share) in zip(self._regions.texts, regions, strict=True):
            # Places see each other nowhere in this layer, so those of a region will do.
            own = self._inner(
                attn,
                hidden_states[-1:, inside],
                _exchanged(encoder_hidden_states, text),
                None,
                temb,
            )
            mixed[:, inside] += own * share.to(own.dtype)
        return torch.cat((seen[:-1], mixed))


def reads_once(unet: Any) -> bool:
    """Say whether a UNet reads the prompt once for the whole picture."""
    return bool(unet.config.get("addition_embed_type") == "text")


def _exchanged(seen: Any, text: torch.Tensor) -> Any:
    """Return what an attention layer looks at, for the last row, with another text."""
    if isinstance(seen, tuple):  # the pictures of IP-Adapters stand beside the text
        own, pictures = seen
        return text.to(own), [each[-1:] for each in pictures]
    return text.to(seen)


def _levels(rows: int, columns: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Yield how many places there are at each depth of a UNet, with their rows and columns."""
    while True:
        yield rows * columns, (rows, columns)
        if rows * columns == 1:
            return
        rows, columns = -(-rows // 2), -(-columns // 2)
