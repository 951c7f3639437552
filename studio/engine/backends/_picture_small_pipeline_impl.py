"""Remakes and repaints transparent pictures with the built-in picture model.

Its networks are diffusers' own and words alone need no class of ours. diffusers takes a picture
of four channels for latents, though, and its painting into pictures knows 4 and 9 channels only;
these two classes say otherwise. Pictures go in as straight RGBA and come out as straight RGBA.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch  # noqa: TID253 - private module, imported when a model is loaded
from diffusers import StableDiffusionImg2ImgPipeline  # noqa: TID253
from diffusers.utils.torch_utils import randn_tensor  # noqa: TID253
from torch.nn import functional  # noqa: TID253

StepEnd = Callable[[Any, int, Any, dict[str, Any]], Mapping[str, Any]]


class PictureSmallImg2ImgPipeline(StableDiffusionImg2ImgPipeline):  # type: ignore[misc]
    """``StableDiffusionImg2ImgPipeline`` for straight RGBA pictures.

    ``image`` is a PIL picture in mode RGBA or a list of them, not a tensor, which diffusers would
    take for latents; width and height are multiples of 16.
    """

    def prepare_latents(
        self,
        image: torch.Tensor,
        timestep: torch.Tensor,
        batch_size: int,
        num_images_per_prompt: int,
        dtype: torch.dtype,
        device: torch.device,
        generator: Any = None,
    ) -> torch.Tensor:
        """Return the picture's latents with the noise of the first step.

        Args:
            image: Straight RGBA (n, 4, height, width) in -1 to 1.
            timestep: Of the first step, (n,).
            batch_size: How many prompts there are.
            num_images_per_prompt: Pictures for each.
            dtype: Number type of the latents.
            device: Where they shall be.
            generator: Makes the noise.

        Returns:
            (batch_size * num_images_per_prompt, 32, height / 16, width / 16).
        """
        clean = self.encode_rgba(image.to(device=device, dtype=self.vae.dtype)).to(dtype)
        count = batch_size * num_images_per_prompt
        clean = clean.repeat(-(-count // len(clean)), 1, 1, 1)[:count]
        noise = _noise_like(clean, generator)
        self._clean, self._noise = clean, noise
        return self.scheduler.add_noise(clean, noise, timestep[:1])

    def encode_rgba(self, image: torch.Tensor) -> torch.Tensor:
        """Return the latents, scaled, of straight RGBA (n, 4, height, width) in -1 to 1."""
        visible = image.clone()
        alpha = image[:, 3:] / 2 + 0.5
        # The encoder sees colours as they are seen: what is transparent has none.
        visible[:, :3] = (image[:, :3] / 2 + 0.5) * alpha * 2 - 1
        with torch.no_grad():
            latents: torch.Tensor = self.vae.encode(visible).latents
        return latents * self.vae.config.scaling_factor


class PictureSmallInpaintPipeline(PictureSmallImg2ImgPipeline):
    """Paints a part of a straight RGBA picture anew and leaves the rest.

    After each step, what the mask protects is put back with that step's noise.
    """

    def __call__(  # type: ignore[no-untyped-def]
        self,
        prompt: Any = None,
        image: Any = None,
        mask_image: Any = None,
        strength: float = 1.0,
        callback_on_step_end: StepEnd | None = None,
        **options: Any,
    ):
        """Return what ``StableDiffusionImg2ImgPipeline`` returns.

        Args:
            prompt: What to paint.
            image: Straight RGBA, as for remaking a picture.
            mask_image: PIL picture in mode L of the same size, or a tensor (1, 1, height, width)
                in 0 to 1; white is painted anew.
            strength: 1 forgets what was under the mask, less keeps some of it.
            callback_on_step_end: As diffusers calls it.
            options: Everything else ``StableDiffusionImg2ImgPipeline`` takes.
        """
        mask = self._coarse_mask(mask_image)

        def step_end(pipeline: Any, step: int, time: Any, values: dict[str, Any]) -> dict[str, Any]:
            # Put back first: the caller then sees, and may change, what goes on.
            values = {**values, "latents": self._put_back(values["latents"], step, mask)}
            if callback_on_step_end is not None:
                values = {**values, **callback_on_step_end(pipeline, step, time, values)}
            return values

        names = [*options.pop("callback_on_step_end_tensor_inputs", ()), "latents"]
        try:
            return super().__call__(
                prompt=prompt,
                image=image,
                strength=strength,
                callback_on_step_end=step_end,
                callback_on_step_end_tensor_inputs=list(dict.fromkeys(names)),
                **options,
            )
        finally:
            self._clean = self._noise = None

    def _coarse_mask(self, mask_image: Any) -> torch.Tensor:
        """Return (1, 1, height / 16, width / 16): 1 wherever something is to be painted."""
        import numpy as np

        if isinstance(mask_image, torch.Tensor):
            fine = mask_image.float()
        else:
            fine = torch.from_numpy(np.array(mask_image.convert("L"), np.float32) / 255)[None, None]
        return functional.max_pool2d(fine, self.vae_scale_factor).round()

    def _put_back(self, latents: torch.Tensor, step: int, mask: torch.Tensor) -> torch.Tensor:
        sigmas = self.scheduler.sigmas
        reached = sigmas[-1 - self._num_timesteps + step + 1].to(latents)
        kept = self._clean * (1 - reached) + self._noise * reached
        mask = mask.to(latents)
        return latents * mask + kept * (1 - mask)


def _noise_like(latents: torch.Tensor, generator: Any) -> torch.Tensor:
    return randn_tensor(
        latents.shape, generator=generator, device=latents.device, dtype=latents.dtype
    )
