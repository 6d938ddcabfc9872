"""What a device's clock ticks are worth: instructions of an emulator, milliseconds of a board, or only ticks.

A firmware cannot tell whether a board or an emulator runs it, so what its clock counts is time only where it is known
that there is a board: a serial device of this computer has a driver behind it, or the user vouches for it. A socket, a
pseudo-terminal or a server of serial ports (rfc2217) may have either at its other end.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

from edge_snn.harness.transport import resolve
from firmware_gen.boards import Board

AUTO, BOARD = "auto", "board"  # of --clock
INSTRUCTIONS = "instructions"
TICKS = "ticks"
SYSTEM = Path("/sys/class/tty")


@dataclass(frozen=True)
class Timing:
    """The unit of latencies.

    Attributes:
        unit: what they are shown in.
        factor: units in one clock tick.
        why: why they are not milliseconds, one sentence; "" where they are.
    """

    unit: str
    factor: float
    why: str = ""

    def __post_init__(self) -> None:
        assert self.factor > 0

    def rounded(self, value: float) -> float:
        """A latency to the last digit that means something: whole instructions or ticks, or 0.1 microseconds."""
        return round(value) if self.unit in (INSTRUCTIONS, TICKS) else round(value, 4)


def emulated(board: Board) -> Timing:
    """Of a board that this program emulates, or of the native build."""
    if board.is_host:
        return Timing("ms (this computer)", 1000.0 / board.clock_hz)
    return Timing(INSTRUCTIONS, board.instructions(1.0), "an emulator counts executed instructions")


def at_ports(board: Board, clock_hz: int, urls: Iterable[str], vouched: bool) -> Timing:
    """Of a board at serial ports that are open.

    Args:
        clock_hz: ticks a second, as the device says.
        vouched: the user says that there are boards at the other end.
    """
    if board.is_host:
        return Timing("ms (this computer)", 1000.0 / clock_hz)
    unknown = [] if vouched else [url for url in urls if not is_serial_device(resolve(url))]
    if not unknown:
        return Timing("ms", 1000.0 / clock_hz)
    why = f"{unknown[0]} is no serial device of this computer, so an emulator may be behind it"
    return Timing(TICKS, 1.0, f"{why}; --clock board says that it is a board")


def is_serial_device(device: str) -> bool:
    """Whether a device of this computer has a driver of serial hardware behind it; what is not known has none."""
    if "://" in device:
        return False
    real = os.path.realpath(device)
    try:
        if not stat.S_ISCHR(os.stat(real).st_mode):
            return False
    except OSError:
        return sys.platform == "win32" and device.upper() in {port.device.upper() for port in list_ports.comports()}
    if sys.platform == "linux":  # a pseudo-terminal has no hardware under it
        return (SYSTEM / os.path.basename(real) / "device").exists()
    return real in {os.path.realpath(port.device) for port in list_ports.comports()}
