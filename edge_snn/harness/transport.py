"""Serial ports, by any URL that pyserial takes: /dev/ttyACM0, socket://, rfc2217://, spy://, loop://."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import serial
from serial.tools import list_ports

from edge_snn.errors import DeviceError, InputError

POLL_SECONDS = 0.05


class Port:
    """An open serial port.

    Attributes:
        url: as the user gave it.
    """

    def __init__(self, url: str, baud: int = 115200) -> None:
        """Opens the port.

        Raises:
            InputError: a URL of an unknown kind, or a port that does not exist.
            DeviceError: it exists and cannot be opened (busy, no permission, nobody listens).
        """
        self.url = url
        # Two programs on one line would each get half of every reply. Only a device of this computer can be locked.
        lock = {} if "://" in url else {"exclusive": True}
        try:
            self._serial: Any = serial.serial_for_url(
                url, baudrate=baud, timeout=POLL_SECONDS, write_timeout=10, **lock
            )
        except ValueError as error:
            raise InputError(f"is no serial port or URL ({error})", where=url) from error
        except (serial.SerialException, OSError) as error:
            raise _open_error(url, error) from error

    def read(self) -> bytes:
        """What has arrived, after at most :data:`POLL_SECONDS`; b"" if nothing.

        Raises:
            DeviceError: the port is gone.
        """
        try:
            first: bytes = self._serial.read(1)
            waiting = self._serial.in_waiting if first else 0
            return first + (self._serial.read(min(int(waiting), 4096)) if waiting else b"")
        except (serial.SerialException, OSError, TypeError) as error:
            raise DeviceError(f"the port was lost ({error})", where=self.url) from error

    def write(self, data: bytes) -> None:
        """Sends all of ``data``; DeviceError if the port is gone."""
        try:
            self._serial.write(data)
        except (serial.SerialException, OSError, TypeError) as error:
            raise DeviceError(f"the port was lost ({error})", where=self.url) from error

    def drain(self, seconds: float = 0.1) -> int:
        """Throws away what arrives within ``seconds``; returns how many bytes."""
        end, dropped = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            dropped += len(self.read())
        return dropped

    def close(self) -> None:
        """Closes the port; never raises."""
        with contextlib.suppress(serial.SerialException, OSError):  # it may be gone already
            self._serial.close()


def available() -> list[str]:
    """Serial ports of this computer."""
    return sorted(port.device for port in list_ports.comports())


def _open_error(url: str, error: Exception) -> InputError | DeviceError:
    number = getattr(error, "errno", None)
    text = str(error)
    if number == 2 or "No such file" in text:
        known = ", ".join(available()) or "none"
        return InputError("no such port", where=url, hint=f"ports here: {known}")
    if number == 13 or "Permission denied" in text:
        return DeviceError("no permission to open the port", where=url, hint="add yourself to group dialout")
    if number in (11, 16) or "busy" in text.lower() or "exclusively lock" in text:
        return DeviceError("the port is busy", where=url, hint="close the other program that uses it")
    return DeviceError(f"cannot be opened ({text[:160]})", where=url)
