"""What a model takes on a board, from three sides: the plan, the linked program, and a run of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edge_snn.errors import InputError, MismatchError
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.client import Device
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.firmware import build_firmware
from firmware_gen import programs
from firmware_gen.boards import Board
from firmware_gen.build import BuildResult, need

SIZE = "arm-none-eabi-size"
SECTIONS = (".text", ".rodata", ".data", ".bss")


def size_of(elf: Path) -> dict[str, int]:
    """Bytes of the sections, as binutils' ``size`` counts them."""
    command = [need(SIZE, "binutils-arm-none-eabi"), "-A", "-d", str(elf)]
    rows = [line.split() for line in programs.run(command).stdout.splitlines()]
    found = {row[0]: int(row[1]) for row in rows if len(row) == 3 and row[1].isdigit()}
    return {name: found.get(name, 0) for name in SECTIONS}


def footprint(model: IntegerModel, board: Board, folder: Path) -> dict[str, Any]:
    """Builds the firmware, runs one black image on the emulated board, and compares.

    Raises:
        InputError: the board is the host, or cannot be emulated, or is too small.
        MismatchError: plan, program and run do not agree; says where.
    """
    if board.is_host or not board.machine:
        raise InputError("has no memory of its own to look at, or cannot be emulated", where=board.name)
    made = build_firmware(model, board, folder)
    with Emulator(board, made.elf) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(model.sha256, board.name)
        device.infer(0, np.zeros(model.input_shape, np.uint8))
        info = device.read_info()
    facts = {
        "board": board.name,
        "flash_bytes": made.flash_bytes,
        "ram_bytes": made.ram_bytes,
        "sections": made.sections,
        "arena_bytes": made.generated.plan.arena_bytes,
        "stack_bound": made.stack_bound,
        "stack_used": info.stack_used,
        "stack_set_aside": board.stack_bytes,
    }
    _agree(made, info.arena_bytes, info.stack_used)
    return facts


def _agree(made: BuildResult, arena: int, stack: int) -> None:
    planned = made.generated.plan.arena_bytes
    counted = size_of(made.elf)
    differences = [
        (f"{SIZE} counts {counted}, the ELF file says {made.sections}", counted == made.sections),
        (f"the plan has an arena of {planned} bytes, the device says {arena}", planned == arena),
        (f"an arena of {planned} bytes does not fit .bss of {made.sections['.bss']}", planned <= made.sections[".bss"]),
        (f"{stack} bytes of stack were used, {made.stack_bound} are proved", 0 < stack <= made.stack_bound),
    ]
    wrong = [text for text, agrees in differences if not agrees]
    if wrong:
        raise MismatchError("; ".join(wrong), where=str(made.elf))
