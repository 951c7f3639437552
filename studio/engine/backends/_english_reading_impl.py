"""Reading English aloud: from spelling to the phonemes of misaki, with hibari's dictionaries."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as _onnx

from studio.core.errors import ModelDamagedError
from studio.engine.backends._english_speech import need_hibari_assets

onnxruntime.disable_telemetry_events()

#: What onnxruntime raises; its errors have no base of their own.
ONNX_ERRORS: tuple[type[Exception], ...] = (
    _onnx.Fail,
    _onnx.InvalidArgument,
    _onnx.InvalidGraph,
    _onnx.InvalidProtobuf,
    _onnx.NoModel,
    _onnx.NoSuchFile,
    _onnx.NotImplemented,
    _onnx.RuntimeException,
    RuntimeError,
    ValueError,
)
_OPENING_ERRORS: tuple[type[Exception], ...] = (*ONNX_ERRORS, OSError)


class EnglishReading:
    """Turns plain English into phonemes, and phonemes into the numbers a network takes.

    Dictionaries are loaded once per accent, when they are first needed.
    """

    def __init__(self) -> None:
        vocabulary = json.loads((need_hibari_assets() / "vocab.json").read_text("utf-8"))
        self._vocabulary: dict[str, int] = {str(sign): int(at) for sign, at in vocabulary.items()}
        self._readers: dict[bool, Any] = {}
        self._loading = threading.Lock()

    def load(self, *, british: bool) -> Any:
        """Return the reader of an accent, loaded unless it is."""
        from hibari.g2p import G2P

        with self._loading:
            if british not in self._readers:
                reader = G2P(british=british)
                # Unknown words have a small network of their own; it is loaded along.
                reader("Zyxwvu.")
                self._readers[british] = reader
            return self._readers[british]

    def phonemes(self, text: str, *, british: bool) -> str:
        """Return how ``text`` is pronounced."""
        return str(self.load(british=british)(text))

    def numbers(self, phonemes: str) -> list[int]:
        """Return the network's input: silence at both ends, unknown signs left out."""
        known = self._vocabulary
        return [0, *(known[sign] for sign in phonemes if sign in known), 0]


def open_network(file: Path, threads: int, title: str) -> Any:
    """Return an ONNX network on the processor.

    Raises:
        ModelDamagedError: The file is damaged, or not what it should be.
    """
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = max(1, threads)
    settings.inter_op_num_threads = 1
    settings.log_severity_level = 3
    # Waiting threads sleep: a window and other work share the processor.
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(file), settings, providers=["CPUExecutionProvider"])
    except _OPENING_ERRORS as error:
        raise ModelDamagedError(
            f"{title} could not be loaded: its files are damaged.",
            hint="Fetch it again.",
            path=str(file),
            reason=str(error)[:1000],
        ) from error
