"""Boards that are programs: QEMU with an emulated board, or the host build on a socket."""

from __future__ import annotations

import ctypes
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO

from edge_snn.errors import DeviceError, ToolMissingError
from edge_snn.harness.transport import Port
from firmware_gen.boards import Board

START_SECONDS = 20.0
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Emulator:
    """A running emulator; use as a context manager. ``port`` is its serial line.

    With ``-icount`` the emulated clock advances by executed instructions, so latencies are deterministic.
    """

    def __init__(self, board: Board, elf: Path, arguments: Sequence[str] = ()) -> None:
        """Starts the board; QEMU gets ``arguments`` besides its own.

        Raises:
            ToolMissingError: QEMU is not installed.
            DeviceError: it did not start.
        """
        self.board = board
        self._arguments = list(arguments)
        self._errors: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in close()
        self._process: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None  # the host build's end
        try:
            self.port = self._start_host(elf) if board.is_host else self._start_qemu(elf)
        except BaseException:
            self.close()
            raise

    def _start_qemu(self, elf: Path) -> Port:
        number = _free_port()
        command = [
            find_qemu(),
            "-M",
            self.board.machine,
            "-display",
            "none",
            "-monitor",
            "stdio",
            "-kernel",
            str(elf),
        ]
        command += ["-icount", f"shift={self.board.icount_shift},align=off,sleep=off"]
        # nodelay: or Nagle's algorithm and the delayed ACK make each reply wait 40 ms.
        command += ["-chardev", f"socket,id=line,host=127.0.0.1,port={number},server=on,wait=on,nodelay=on"]
        command += ["-serial", "chardev:line", *self._arguments]
        # A session of its own: Ctrl-C in the terminal is for us, and must not look like an emulator that died.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,  # the monitor's, see reset()
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,
            preexec_fn=_die_with_parent if _LIBC else None,
        )
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                return Port(f"socket://127.0.0.1:{number}")
            except DeviceError:
                if self._process.poll() is not None or time.monotonic() > end:
                    raise DeviceError(f"the emulator did not start{self._said()}", where=self.board.name) from None
                time.sleep(0.05)

    def _start_host(self, elf: Path) -> Port:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = Port(f"socket://127.0.0.1:{server.getsockname()[1]}")
            line, _ = server.accept()
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._line, self._elf = line, elf
        self._process = self._run_host()
        return port

    def _run_host(self) -> subprocess.Popen[bytes]:
        assert self._line is not None
        number = self._line.fileno()
        command = [str(self._elf)]
        return subprocess.Popen(command, stdin=number, stdout=number, stderr=self._errors, start_new_session=True)

    def reset(self) -> None:
        """Presses the board's reset button; its serial line stays open."""
        assert self._process is not None
        if self._line is None:
            assert self._process.stdin is not None
            self._process.stdin.write(b"system_reset\n")
            self._process.stdin.flush()
            return
        old, self._process = self._process, None  # so that nobody takes it for a death
        old.kill()
        old.wait()
        self._process = self._run_host()

    @property
    def pid(self) -> int:
        """Process number, for tests that kill it."""
        assert self._process is not None
        return self._process.pid

    def death(self) -> str:
        """How the emulator ended, or "" while it runs."""
        code = self._process.poll() if self._process else None
        if code is None:
            return ""
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        return f"the emulator {how}{self._said()}"

    def _said(self) -> str:
        self._errors.seek(0)
        # QEMU also says there that it waits for a connection, which is how it should be.
        lines = [line.strip() for line in self._errors.read()[-2000:].splitlines() if ": info: " not in line]
        lines = [line for line in lines if line]
        return f": {lines[-1][:200]}" if lines else ""

    def close(self) -> None:
        """Ends the emulator and its port."""
        if hasattr(self, "port"):
            self.port.close()
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        if self._line is not None:
            self._line.close()
        self._errors.close()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def find_qemu() -> str:
    """Path of QEMU; ToolMissingError where it is not installed."""
    qemu = shutil.which("qemu-system-arm")
    if qemu is None:
        raise ToolMissingError("qemu-system-arm is not installed", hint="apt-get install qemu-system-arm")
    return qemu


def _die_with_parent() -> None:
    """Runs in the child: a waiting board spins for ever, so it must not outlive a harness that is killed."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
