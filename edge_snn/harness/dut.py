"""Devices under test: how each is opened, and opened anew after it was lost."""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from edge_snn.errors import DeviceError
from edge_snn.harness.client import Device
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.transport import Port, PortMissing
from firmware_gen.boards import Board

REOPEN_SECONDS = 0.2


class Dut(ABC):
    """One device under test.

    Attributes:
        label: names it in journal and report; unique in a run.
    """

    def __init__(self, label: str) -> None:
        self.label = label

    @abstractmethod
    def connect(self) -> Device:
        """Opens it, or opens it anew: returns a device with a fresh session.

        Raises:
            EdgeSnnError: it is not there, is silent, or runs another model.
        """

    def is_gone(self) -> bool:
        """Whether it is lost for good, so that opening it anew is in vain."""
        return False

    def close(self) -> None:
        """Lets go of it; never raises."""
        return

    def drop(self) -> None:
        """Lets go of it while another thread still talks to it, which then fails; never raises."""
        self.close()


class EmulatedDut(Dut):
    """A firmware on an emulated board, or natively. A dead emulator is gone: it crashed, and that is to be seen."""

    def __init__(self, label: str, board: Board, elf: Path, sha256: str, build_id: str | None = None) -> None:
        super().__init__(label)
        self._board, self._elf, self._sha256, self._build_id = board, elf, sha256, build_id
        self._emulator: Emulator | None = None

    def connect(self) -> Device:
        if self._emulator is None:
            self._emulator = Emulator(self._board, self._elf)
        elif self._emulator.death():
            raise DeviceError(self._emulator.death(), where=self.label)
        device = Device(self._emulator.port, self._emulator.death)
        device.connect(self._sha256, self._board.name, self._build_id)
        return device

    def is_gone(self) -> bool:
        return self._emulator is not None and bool(self._emulator.death())

    @property
    def pid(self) -> int:
        """Process number of the emulator."""
        assert self._emulator is not None
        return self._emulator.pid

    def close(self) -> None:
        if self._emulator is not None:
            self._emulator.close()


class PortDut(Dut):
    """A flashed board at a serial port. A port that vanished may come back: a cable, a reset."""

    def __init__(
        self,
        url: str,
        baud: int,
        sha256: str,
        board: str | None,
        build_id_of: Callable[[str], str] | None = None,
        wait: float = 0.0,
    ) -> None:
        """Asks for ``baud``, where the board does it.

        Args:
            build_id_of: the build that a board of a name must run.
            wait: seconds in which the port may appear, and the board begin to answer, the first time.
        """
        super().__init__(url)
        self._wait = wait
        self._baud, self._sha256, self._board, self._build_id_of = baud, sha256, board, build_id_of
        self._port: Port | None = None
        self._device: Device | None = None

    def connect(self) -> Device:
        self.close()
        end = time.monotonic() + self._wait
        self._port = self._open(end)
        self._port.drain()
        device = Device(self._port)
        if self._wait:
            device.link.knock(end - time.monotonic())
        self._board = device.connect(self._sha256, self._board).board  # what comes back must be the same
        self._wait = 0.0
        if self._build_id_of is not None:
            device.require_build(self._build_id_of(self._board))
        self._device = device
        device.set_baud(self._baud)
        return device

    def _open(self, end: float) -> Port:
        """The port, as soon as it can be opened; what is wrong with it at time ``end`` is raised."""
        while True:
            try:
                return Port(self.label)
            except (PortMissing, DeviceError):
                if time.monotonic() >= end:
                    raise
            time.sleep(REOPEN_SECONDS)

    def close(self) -> None:
        device, self._device = self._device, None
        if device is not None:
            with contextlib.suppress(DeviceError):  # it is to be left at its default rate, if it is still there
                device.close()
        self.drop()

    def drop(self) -> None:
        port, self._port, self._device = self._port, None, None
        if port is not None:
            port.close()


class ConnectedDut(Dut):
    """A device that the caller has opened, and will close. After a reset it gets a new session; a lost port is gone."""

    def __init__(self, device: Device) -> None:
        super().__init__(device.port.url)
        self._device, self._used, self._gone = device, False, False

    def connect(self) -> Device:
        if self._used:
            try:
                self._device.connect(self._device.info.model_sha256, self._device.info.board)
            except DeviceError:
                self._gone = True
                raise
        self._used = True
        return self._device

    def is_gone(self) -> bool:
        return self._gone
