"""The contract of every backend, kept by the picture backend with toys of several families."""

from __future__ import annotations

from studio.core.artifacts import ImageArtifact
from studio.core.requests import Capability, ImageRequest, Request
from studio.engine.api import Backend, ModelInfo
from studio.engine.backends.diffusers_image import DiffusersImageBackend
from tests.engine.backend_contract import BackendContract
from tests.fakes.toy_pictures import picture_model


class TestStableDiffusion(BackendContract):
    """A UNet of two levels."""

    artifact_type = ImageArtifact
    family = "sd-1"

    def make_backend(self) -> Backend:
        return DiffusersImageBackend()

    def make_model(self) -> ModelInfo:
        return picture_model(self.family)

    def make_request(self, seed: int = 7) -> Request:
        return self._request(seed, steps=2)

    def make_long_request(self) -> Request:
        return self._request(3, steps=24)

    def _request(self, seed: int, steps: int) -> Request:
        return ImageRequest(
            capability=Capability.IMAGE_TXT2IMG,
            seed=seed,
            prompt="a red fox in snow",
            negative_prompt="blue",
            width=64,
            height=64,
            options={"num_inference_steps": steps},
        )


class TestFlux(TestStableDiffusion):
    """Two blocks of a transformer that straightens flows, with packed latents."""

    family = "flux"
