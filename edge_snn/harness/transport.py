"""Serial ports, by any URL that pyserial takes (/dev/ttyACM0, socket://, rfc2217://, spy://) or by USB identity."""

from __future__ import annotations

import contextlib
import re
import time
import urllib.parse
from dataclasses import dataclass
from typing import Any

import serial
from serial.tools import list_ports

from edge_snn.errors import DeviceError, InputError

POLL_SECONDS = 0.02
DEFAULT_BAUD = 115200
_USB_PAIR = re.compile(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{4}(:|$)")


class PortMissing(InputError):
    """There is no such port, or no such USB device: it may still come."""


class Port:
    """An open serial port.

    Attributes:
        url: as the user gave it.
        baud: the rate in use.
    """

    def __init__(self, url: str, baud: int = DEFAULT_BAUD) -> None:
        """Opens the port.

        Raises:
            InputError: a URL of an unknown kind, or a port that does not exist.
            DeviceError: it exists and cannot be opened (busy, no permission, nobody listens).
        """
        self.url = url
        self.baud = baud
        url = resolve(url)
        _check_address(url)
        # Two programs on one line would each get half of every reply. Only a device of this computer can be locked.
        options: dict[str, Any] = {} if "://" in url else {"exclusive": True}
        if not url.startswith("rfc2217://"):  # pyserial has no such limit there
            options["write_timeout"] = 10
        try:
            self._serial: Any = serial.serial_for_url(url, baudrate=baud, timeout=POLL_SECONDS, **options)
        except (ValueError, TypeError, LookupError) as error:  # what pyserial makes of a URL that lacks a part
            raise InputError(f"is no serial port or URL ({error})", where=url) from error
        except (serial.SerialException, OSError) as error:
            raise _open_error(url, error) from error
        # A socket says only whether anything has come: there, what has come is read without a wait.
        self._counts_bytes = not url.startswith("socket://")

    def read(self) -> bytes:
        """What has arrived, after at most :data:`POLL_SECONDS`; b"" if nothing.

        Raises:
            DeviceError: the port is gone.
        """
        try:
            first: bytes = self._serial.read(1)
            waiting = int(self._serial.in_waiting) if first else 0
            if not waiting:
                return first
            if self._counts_bytes:
                return first + bytes(self._serial.read(min(waiting, 4096)))
            self._serial.timeout = 0
            rest: bytes = self._serial.read(4096)
            self._serial.timeout = POLL_SECONDS
            return first + rest
        except (serial.SerialException, OSError, TypeError) as error:
            raise DeviceError(f"the port was lost ({error})", where=self.url) from error

    def write(self, data: bytes) -> None:
        """Sends all of ``data``; DeviceError if the port is gone."""
        try:
            self._serial.write(data)
        except (serial.SerialException, OSError, TypeError) as error:
            raise DeviceError(f"the port was lost ({error})", where=self.url) from error

    def set_baud(self, baud: int) -> None:
        """Changes the rate, once all that was written is sent; DeviceError if the port is gone or refuses it."""
        try:
            self._serial.flush()
            self._serial.baudrate = baud
        except (serial.SerialException, OSError, ValueError) as error:
            raise DeviceError(f"cannot be set to {baud} baud ({error})", where=self.url) from error
        self.baud = baud

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


@dataclass(frozen=True)
class Found:
    """A serial port of this computer.

    Attributes:
        usb: "vid:pid" in lower-case hexadecimal, or "".
        serial_number: of the USB device, or "".
        board: name of the board that has this USB identity, or "".
    """

    device: str
    description: str
    usb: str
    serial_number: str
    board: str


def find() -> list[Found]:
    """Serial ports of this computer, by name."""
    from firmware_gen import boards

    owners = {usb: name for name in boards.names() for usb in boards.load(name).usb}
    found = []
    for port in list_ports.comports():
        usb = f"{port.vid:04x}:{port.pid:04x}" if port.vid is not None and port.pid is not None else ""
        found.append(Found(port.device, port.description or "", usb, port.serial_number or "", owners.get(usb, "")))
    return sorted(found, key=lambda port: port.device)


def resolve(url: str) -> str:
    """The device that ``usb:VID:PID``, ``usb:VID:PID:SERIAL`` or ``usb:SERIAL`` names; any other URL as it is.

    Raises:
        InputError: no such device is plugged in, or several are.
    """
    if not url.startswith("usb:"):
        return url
    wanted = url[len("usb:") :]
    pair, number = (wanted[:9].lower(), wanted[10:]) if _USB_PAIR.match(wanted) else ("", wanted)
    ports = [port for port in find() if port.usb]
    fits = [p for p in ports if pair in ("", p.usb) and number in ("", p.serial_number)] if wanted else []
    if len(fits) == 1:
        return fits[0].device
    if fits:
        numbers = ", ".join(f"usb:{port.usb}:{port.serial_number or '?'}" for port in fits)
        raise InputError(f"{len(fits)} such devices are plugged in", where=url, hint=f"name one of {numbers}")
    known = ", ".join(f"usb:{port.usb} ({port.device})" for port in ports) or "none"
    raise PortMissing("no such USB device is plugged in", where=url, hint=f"USB serial ports here: {known}")


def _check_address(url: str) -> None:
    """Raises InputError unless a URL of the network names host and port."""
    if not url.startswith(("socket://", "rfc2217://")):
        return
    try:
        parts = urllib.parse.urlsplit(url)
        whole = bool(parts.hostname and parts.port)
    except ValueError:  # a port that is no number, or too large
        whole = False
    if not whole:
        raise InputError("names no host with a port", where=url, hint=f"{url.partition('://')[0]}://HOST:PORT")


def _open_error(url: str, error: Exception) -> InputError | DeviceError:
    number = getattr(error, "errno", None)
    text = str(error)
    if number == 2 or "No such file" in text:
        known = ", ".join(port.device for port in find()) or "none"
        return PortMissing("no such port", where=url, hint=f"ports here: {known}")
    if number == 13 or "Permission denied" in text:
        return DeviceError("no permission to open the port", where=url, hint="add yourself to group dialout")
    if number in (11, 16) or "busy" in text.lower() or "exclusively lock" in text:
        return DeviceError("the port is busy", where=url, hint="close the other program that uses it")
    return DeviceError(f"cannot be opened ({text[:160]})", where=url)
