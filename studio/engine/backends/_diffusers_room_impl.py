"""Whether a picture fits into memory, told before it is computed.

A graphics card refuses what does not fit and no harm is done; a computer out of memory ends some
program. So on a CPU the need is worked out from the shapes of the widest layers. Coefficients were
fitted to measured peaks, see packaging/docs/decisions/0112-will-it-fit.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.core.errors import OutOfMemoryError
from studio.engine import memory
from studio.engine.api import Device
from studio.engine.backends._diffusers_frames import Frame

#: Numbers that are alive at once for each px, at the autoencoder's widest layer, per channel.
_DECODER_LAYERS = 4.7
#: Likewise for each latent of a UNet, per channel of its first level, guidance included.
_UNET_LAYERS = 48.0
#: Likewise for each token of a transformer, per number of its width, guidance included.
_TRANSFORMER_LAYERS = 36.0
#: Decoding may take this share of all memory before it is done in tiles.
_UNTILED_SHARE = 0.25
_USABLE_SHARE = 0.85


def needs_tiles(vae: Any, frame: Frame, device: Device) -> bool:
    """Say whether a picture is better decoded in tiles.

    Decided from the computer's memory, not from what is free: the same request gives the same
    picture whatever else runs.
    """
    limit = _UNTILED_SHARE * memory.total_bytes(device)
    return _decoding_bytes(vae, frame) > limit


def check(
    parts: Mapping[str, Any], vae: Any, frame: Frame, weights_bytes: int, device: Device
) -> None:
    """Refuse what cannot fit, and say that memory is short where it might after some clearing up.

    Args:
        parts: The model's networks.
        vae: The autoencoder that decodes.
        frame: What is computed.
        weights_bytes: What the model itself takes.
        device: Where.

    Raises:
        OutOfMemoryError: It cannot fit, whatever leaves.
        MemoryError: It would fit if something else left; the engine takes it from there.
    """
    if device.kind != "cpu":
        return
    tiled = getattr(vae, "use_tiling", False)
    decoding = 0 if tiled else _decoding_bytes(vae, frame)
    needed = max(_drawing_bytes(parts, frame), decoding)
    most = _USABLE_SHARE * memory.total_bytes(device) - weights_bytes
    if needed > most:
        part = (max(0.0, most) / needed) ** 0.5
        width, height = (int(side * part) // 64 * 64 for side in (frame.width, frame.height))
        raise OutOfMemoryError(
            f"A picture of {frame.width} x {frame.height} px needs about "
            f"{memory.in_words(needed)} of memory to be drawn, which this computer does not have.",
            hint=f"About {max(64, width)} x {max(64, height)} px would fit; enlarge it afterwards.",
            needed_bytes=needed,
        )
    free = memory.free_bytes(device)
    if needed > free:
        raise MemoryError(f"{memory.in_words(needed)} needed, {memory.in_words(free)} free")


def _decoding_bytes(vae: Any, frame: Frame) -> int:
    if vae is None:
        return 0
    channels = vae.config.get("block_out_channels") or (64,)
    widest = channels[min(1, len(channels) - 1)]
    per_px = _DECODER_LAYERS * widest * vae.dtype.itemsize
    return int(frame.model_width * frame.model_height * per_px)


def _drawing_bytes(parts: Mapping[str, Any], frame: Frame) -> int:
    unet, transformer = parts.get("unet"), parts.get("transformer")
    size = frame.model_width * frame.model_height
    if unet is not None:
        width = unet.config.block_out_channels[0]
        return int(size / 64 * width * _UNET_LAYERS * unet.dtype.itemsize)
    if transformer is None:
        return 0
    config = transformer.config
    heads = config.get("num_attention_heads") or config.get("n_heads") or 24
    width = heads * config.get("attention_head_dim", 128)
    return int(size / 256 * width * _TRANSFORMER_LAYERS * transformer.dtype.itemsize)
