"""What Triptych uses of the package sounddevice, without hardware, as it behaves."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import numpy as np


class PortAudioError(Exception):
    pass


class FakePortAudio:
    """Devices that can be pulled out; streams that play by the clock.

    Attributes:
        devices: What is plugged in.
        rates: Sampling rates the devices take; empty for any.
        scans: How often PortAudio looked for devices.
    """

    PortAudioError = PortAudioError

    def __init__(self) -> None:
        self.devices: list[dict[str, Any]] = [
            self.device("Speakers", outputs=2),
            self.device("Headset", outputs=1, inputs=1),
        ]
        self.rates: tuple[int, ...] = ()
        self.scans = 0
        self.dead = False
        self.played: list[Any] = []
        self.streams: list[Any] = []

    @staticmethod
    def device(name: str, outputs: int = 0, inputs: int = 0, rate: int = 44_100) -> dict[str, Any]:
        return {
            "name": name,
            "max_output_channels": outputs,
            "max_input_channels": inputs,
            "default_samplerate": float(rate),
        }

    def query_devices(self, number: int | None = None, kind: str | None = None) -> Any:
        if number is None and kind is None:
            return list(self.devices)
        if number is None:
            fitting = [
                {**facts, "index": at}
                for at, facts in enumerate(self.devices)
                if facts[f"max_{kind}_channels"]
            ]
            if not fitting:
                raise PortAudioError("Error querying device -1")
            return fitting[0]
        return {**self.devices[number], "index": number}

    def _terminate(self) -> None:
        self.scans += 1

    def _initialize(self) -> None:
        pass

    def OutputStream(self, **values: Any) -> Any:
        return self._stream(values)

    def InputStream(self, **values: Any) -> Any:
        return self._stream(values)

    def _stream(self, values: dict[str, Any]) -> Any:
        if self.rates and values["samplerate"] not in self.rates:
            raise PortAudioError("Invalid sample rate")
        stream = FakeStream(self, values)
        self.streams.append(stream)
        return stream


class FakeStream:
    def __init__(self, portaudio: FakePortAudio, values: dict[str, Any]) -> None:
        self._portaudio = portaudio
        self.values = SimpleNamespace(**values)
        self.samplerate = float(values["samplerate"])
        self.channels = values["channels"]
        self.active = False
        self.closed = False
        self._capacity = int(values["latency"] * values["samplerate"])
        self._began = 0.0
        self._moved = 0

    def start(self) -> None:
        self._check()
        self.active = True
        self._began, self._moved = time.monotonic(), 0

    def abort(self) -> None:
        self._check()
        self.active = False

    def close(self, ignore_errors: bool = True) -> None:
        self.active, self.closed = False, True

    @property
    def write_available(self) -> int:
        self._check()
        return self._capacity - max(0, self._moved - self._passed())

    def write(self, samples: Any) -> bool:
        self._check()
        assert samples.flags.c_contiguous and samples.dtype == np.float32
        assert samples.shape[1] == self.channels
        self._moved += len(samples)
        self._portaudio.played.append(samples.copy())
        return False

    @property
    def read_available(self) -> int:
        self._check()
        return self._passed() - self._moved

    def read(self, count: int) -> tuple[Any, bool]:
        self._check()
        self._moved += count
        return np.full((count, self.channels), 0.25, np.float32), False

    def _passed(self) -> int:
        return int((time.monotonic() - self._began) * self.samplerate)

    def _check(self) -> None:
        if self._portaudio.dead:
            raise PortAudioError("Device unavailable")
