"""The clock of each emulated board counts executed instructions: a loop of known length is measured."""

from __future__ import annotations

import struct
import subprocess
import time
from pathlib import Path

import pytest

from edge_snn.harness.emulator import Emulator
from edge_snn.harness.transport import Port
from firmware_gen import boards
from firmware_gen.build import ROOT, write_board_files

EMULATED = [name for name in boards.names() if boards.load(name).machine]
COUNT = Path(__file__).with_name("count.c")


def build_counter(board: boards.Board, folder: Path, source: Path = COUNT) -> Path:
    """Links count.c, or another program, with the start-up code, port and clock of a board."""
    write_board_files(board, folder)
    elf = folder / "count.elf"
    command = ["arm-none-eabi-gcc", *board.cpu_flags, "-O2", "-nostartfiles", "--specs=nano.specs"]
    command += ["--specs=nosys.specs", "-Wl,--no-warn-rwx-segments", f"-I{folder}", f"-I{ROOT / 'runtime' / 'include'}"]
    command += ["-T", str(folder / "board.ld"), str(source), *map(str, board.source_paths()), "-o", str(elf)]
    subprocess.run(command, check=True)
    return elf


def ticks_of(port: Port, turns: int) -> int:
    """Clock ticks of a loop of two instructions a turn."""
    port.write(struct.pack("<I", turns))
    return int(struct.unpack("<Q", receive(port, 8))[0])


def wait_for_start(port: Port) -> None:
    """Until its receiver is on. The '!' that says so may have come while pyserial opened the port, which drops it."""
    assert receive(port, 1, seconds=2) in (b"!", b"")


def receive(port: Port, count: int, seconds: float = 20) -> bytes:
    """That many bytes, or fewer after some seconds."""
    data, end = b"", time.monotonic() + seconds
    while len(data) < count and time.monotonic() < end:
        data += port.read()
    return data


@pytest.mark.qemu
@pytest.mark.parametrize("board_name", EMULATED)
def test_ticks_are_executed_instructions(board_name, tmp_path):
    board = boards.load(board_name)
    assert board.instructions(1.0) <= 1.0  # one tick is no more than one instruction
    with Emulator(board, build_counter(board, tmp_path)) as emulator:
        wait_for_start(emulator.port)
        none = ticks_of(emulator.port, 1)
        for turns in (1000, 1_000_000):
            extra = ticks_of(emulator.port, 1 + turns) - none
            assert abs(board.instructions(extra) - 2 * turns) <= 2
        # Far more ticks than a SysTick has: each wrap costs its interrupt, and nothing is lost.
        turns = 16_000_000
        first, second = (ticks_of(emulator.port, 1 + turns) for _ in range(2))
        assert -2 <= board.instructions(first - none) - 2 * turns < 50
        assert abs(first - second) <= (0 if "core_clock.c" in board.sources else 1)  # TIMER0 has no restart


@pytest.mark.qemu
@pytest.mark.parametrize("board_name", EMULATED)
def test_a_board_says_whether_interrupts_push_vectors(board_name):
    board = boards.load(board_name)
    command = ["arm-none-eabi-gcc", *board.cpu_flags, "-dM", "-E", "-x", "c", "/dev/null"]
    macros = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert board.has_vectors == ("__ARM_FEATURE_MVE" in macros)
    assert "__ARM_FP " not in macros  # no floating-point unit: none of its instructions can be in a build
