"""The computer's own sound devices, through PortAudio (the package sounddevice).

PortAudio is loaded when it is first needed, which takes a while: call from a thread that may
wait. Its list of devices is made once; it is made anew when nothing is open.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from studio.documents.soundtrack.inputs import INPUT_BUFFER_S, InputStream
from studio.documents.soundtrack.outputs import (
    BUFFER_S,
    STUCK_S,
    OutputStream,
    SoundDeviceError,
)
from studio.documents.soundtrack.sound_files import Samples

_lock = threading.RLock()
_open_streams = 0


@dataclass(frozen=True)
class SoundDevice:
    """A device that can play or record.

    Attributes:
        name: As the system calls it; stays the same when it is plugged in again.
        channels: How many it has.
        sampling_rate: What it likes best, in Hz.
        is_default: The system's choice.
    """

    name: str
    channels: int
    sampling_rate: int
    is_default: bool = False


def output_devices() -> tuple[SoundDevice, ...]:
    """Return what can be played on, the system's choice first; empty where there is nothing.

    Raises:
        SoundDeviceError: The computer has no sound system we know.
    """
    return _devices("output")


def input_devices() -> tuple[SoundDevice, ...]:
    """Return what can be recorded from, the system's choice first; empty where there is nothing.

    Raises:
        SoundDeviceError: The computer has no sound system we know.
    """
    return _devices("input")


class DeviceOutput:
    """One of the computer's outputs.

    Args:
        device: Its name; "" for the system's choice of the moment.
    """

    def __init__(self, device: str = "") -> None:
        self._device = device

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self._device or "System default"

    def open(self, sampling_rate: int, buffer_s: float = BUFFER_S) -> OutputStream:
        """Open it.

        Raises:
            SoundDeviceError: It is not there, or does not play.
        """
        with _lock:
            sounddevice = portaudio()
            refresh(sounddevice)
            number = _number(sounddevice, self._device, "output")
            try:
                facts = sounddevice.query_devices(number, "output")
                stream = _opened(sounddevice, number, facts, sampling_rate, buffer_s)
            except sounddevice.PortAudioError as error:
                raise cannot_use(self.name, error) from error
            return DeviceStream(sounddevice, stream, sampling_rate, self.name)


class DeviceStream:
    """An open device."""

    def __init__(self, sounddevice: Any, stream: Any, sampling_rate: int, name: str) -> None:
        self._sounddevice = sounddevice
        self._stream = stream
        self._name = name
        self._rate = sampling_rate
        self._own_rate = int(stream.samplerate)
        self._channels = int(stream.channels)
        self._capacity = 0
        self._resampler: Any = None
        _count_streams(1)

    def room(self) -> int:
        """Return how many samples can be written without waiting."""
        try:
            if not self._stream.active:
                self._start()
            room = int(self._stream.write_available)
        except self._sounddevice.PortAudioError as error:
            raise cannot_use(self._name, error) from error
        # What a resampler holds back may come out all at once.
        return (
            room
            if self._own_rate == self._rate
            else max(0, room - 4096) * self._rate // (self._own_rate)
        )

    def write(self, samples: Samples) -> bool:
        """Write samples; tells whether the device ran dry before."""
        if self._channels == 1:
            samples = samples.mean(axis=1, keepdims=True, dtype=np.float32)
        samples = self._at_own_rate(samples)
        try:
            if not self._stream.active:
                self._start()
            return bool(self._stream.write(np.ascontiguousarray(samples)))
        except self._sounddevice.PortAudioError as error:
            raise cannot_use(self._name, error) from error

    @property
    def delay(self) -> int:
        """Samples that are not heard yet."""
        try:
            if not self._stream.active:
                return 0
            waiting = max(0, self._capacity - int(self._stream.write_available))
        except self._sounddevice.PortAudioError:
            return 0
        return waiting * self._rate // self._own_rate

    def drop(self) -> None:
        """Fall silent at once."""
        self._resampler = None
        try:
            if self._stream.active:
                self._stream.abort()
        except self._sounddevice.PortAudioError as error:
            raise cannot_use(self._name, error) from error

    def close(self) -> None:
        """Give the device back."""
        with _lock:
            self._stream.close(ignore_errors=True)
        _count_streams(-1)

    def _start(self) -> None:
        self._stream.start()
        self._capacity = int(self._stream.write_available)

    def _at_own_rate(self, samples: Samples) -> Samples:
        if self._own_rate == self._rate:
            return samples
        import soxr

        if self._resampler is None:
            self._resampler = soxr.ResampleStream(
                self._rate, self._own_rate, self._channels, dtype="float32", quality="HQ"
            )
        out = self._resampler.resample_chunk(np.ascontiguousarray(samples))
        return np.asarray(out, np.float32).reshape(-1, self._channels)


class DeviceInput:
    """One of the computer's microphones.

    Args:
        device: Its name; "" for the system's choice of the moment.
    """

    def __init__(self, device: str = "") -> None:
        self._device = device

    @property
    def name(self) -> str:
        """What the user calls it."""
        return self._device or "System default"

    def open(self, sampling_rate: int, channels: int) -> InputStream:
        """Open it.

        Raises:
            SoundDeviceError: It is not there, or gives nothing.
        """
        with _lock:
            sounddevice = portaudio()
            refresh(sounddevice)
            number = _number(sounddevice, self._device, "input")
            try:
                facts = sounddevice.query_devices(number, "input")
                values = {
                    "device": number,
                    "channels": max(1, min(channels, int(facts["max_input_channels"]))),
                    "dtype": "float32",
                    "latency": INPUT_BUFFER_S,
                }
                try:
                    stream = sounddevice.InputStream(samplerate=sampling_rate, **values)
                except sounddevice.PortAudioError:
                    own = int(facts["default_samplerate"])
                    stream = sounddevice.InputStream(samplerate=own, **values)
                stream.start()
            except sounddevice.PortAudioError as error:
                raise cannot_use(self.name, error) from error
            return DeviceInputStream(sounddevice, stream, self.name)


class DeviceInputStream:
    """An open microphone.

    Attributes:
        sampling_rate: In Hz.
        channels: How many.
    """

    def __init__(self, sounddevice: Any, stream: Any, name: str) -> None:
        self._sounddevice = sounddevice
        self._stream = stream
        self._name = name
        self._silent_since = time.monotonic()
        self.sampling_rate = int(stream.samplerate)
        self.channels = int(stream.channels)
        _count_streams(1)

    def read(self, timeout_s: float) -> tuple[Samples, bool]:
        """Return what came meanwhile, and whether something was lost before it."""
        deadline = time.monotonic() + timeout_s
        try:
            while (count := int(self._stream.read_available)) == 0:
                now = time.monotonic()
                if now - self._silent_since > STUCK_S:
                    raise SoundDeviceError(
                        f"{self._name} does not answer any more.",
                        hint="Check that it is connected, then record again.",
                    )
                if now >= deadline:
                    return np.zeros((0, self.channels), np.float32), False
                time.sleep(0.01)
            samples, lost = self._stream.read(count)
        except self._sounddevice.PortAudioError as error:
            raise cannot_use(self._name, error) from error
        self._silent_since = time.monotonic()
        return np.array(samples, np.float32).reshape(-1, self.channels), bool(lost)

    def close(self) -> None:
        """Give the device back."""
        with _lock:
            self._stream.close(ignore_errors=True)
        _count_streams(-1)


def portaudio() -> Any:
    """Return the package sounddevice.

    Raises:
        SoundDeviceError: There is no PortAudio on this computer.
    """
    try:
        import sounddevice
    except OSError as error:  # said by sounddevice when the library is missing
        raise SoundDeviceError(
            "This computer has no sound system that Triptych can use.",
            hint="On Linux, install PortAudio (the package libportaudio2) and start again. "
            "Everything but playing and recording works without it.",
            reason=str(error),
        ) from error
    return sounddevice


def refresh(sounddevice: Any) -> None:
    """Let PortAudio look for devices again, where nothing is open; it never does by itself."""
    with _lock:
        if _open_streams == 0:
            sounddevice._terminate()
            sounddevice._initialize()


def cannot_use(name: str, error: Exception) -> SoundDeviceError:
    """Return the error for a device that does not work."""
    return SoundDeviceError(
        f"{name} does not work as a sound device now.",
        hint="Check that it is connected and no other program keeps it to itself, then try again.",
        reason=str(error),
    )


def _opened(
    sounddevice: Any, number: int | None, facts: Any, sampling_rate: int, buffer_s: float
) -> Any:
    channels = max(1, min(2, int(facts["max_output_channels"])))
    values = {"device": number, "channels": channels, "dtype": "float32", "latency": buffer_s}
    try:
        return sounddevice.OutputStream(samplerate=sampling_rate, **values)
    except sounddevice.PortAudioError:
        own = int(facts["default_samplerate"])  # some take no rate but their own
        if own == sampling_rate:
            raise
        return sounddevice.OutputStream(samplerate=own, **values)


def _devices(kind: str) -> tuple[SoundDevice, ...]:
    key = f"max_{kind}_channels"
    with _lock:
        sounddevice = portaudio()
        refresh(sounddevice)
        default = _default(sounddevice, kind)
        found = [
            SoundDevice(
                str(facts["name"]),
                int(facts[key]),
                int(facts["default_samplerate"]),
                number == default,
            )
            for number, facts in enumerate(sounddevice.query_devices())
            if facts[key] > 0
        ]
    return tuple(sorted(found, key=lambda device: not device.is_default))


def _default(sounddevice: Any, kind: str) -> int:
    try:
        return int(sounddevice.query_devices(kind=kind)["index"])
    except sounddevice.PortAudioError:  # there is none
        return -1


def _number(sounddevice: Any, name: str, kind: str) -> int | None:
    """Return PortAudio's number of a device; ``None`` for the system's choice.

    Raises:
        SoundDeviceError: There is no device, or none of this name.
    """
    key = f"max_{kind}_channels"
    found = [n for n, facts in enumerate(sounddevice.query_devices()) if facts[key] > 0]
    if not found:
        doing = "play" if kind == "output" else "record from"
        raise SoundDeviceError(
            f"There is no sound device to {doing}.",
            hint="Connect one and try again. Everything else works without it.",
        )
    if not name:
        return None
    for number in found:
        if sounddevice.query_devices(number)["name"] == name:
            return number
    raise SoundDeviceError(
        f"{name} is not connected.", hint="Connect it, or choose another device."
    )


def _count_streams(by: int) -> None:
    global _open_streams
    with _lock:
        _open_streams += by
