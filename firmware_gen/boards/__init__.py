"""Boards are data: one folder each, with a board.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from edge_snn.errors import InputError

FOLDER = Path(__file__).parent


class Region(NamedTuple):
    """Some memory: first address and bytes."""

    origin: int
    length: int


@dataclass(frozen=True)
class Board:
    """One board.

    Attributes:
        core: as reported by the firmware, e.g. "Cortex-M4"; "host" for the native build.
        sources: C files, in the board's folder or in boards/common.
        flash, ram: None for the host.
        stack_bytes: what the linker script sets aside.
        clock_hz: ticks a second of esnn_clock_ticks().
        defines: macros for board_config.h.
        machine: QEMU's name, or "" when there is no emulation.
        icount_shift: an emulated instruction takes 2**shift nanoseconds of the emulated clock.
        has_vectors: whether an interrupt may find vector registers in use, and pushes them too.
        notes: what a user of the real board should know.
        uart_clock_hz: what the serial port divides for its baud rates; 0 where board.c knows them.
        bauds: rates of the serial port, for those with a divider.
        window: requests the port takes in before it has answered the first; 1 where it has no buffer.
        keeps_image: whether there is memory for a second copy of the image (repeated runs in the text dialect).
        usb: VID:PID of the board's own USB port, as lower-case hexadecimal.
    """

    name: str
    title: str
    core: str
    cpu_flags: tuple[str, ...]
    sources: tuple[str, ...]
    flash: Region | None
    ram: Region | None
    stack_bytes: int
    clock_hz: int
    defines: dict[str, str]
    machine: str
    icount_shift: int
    has_vectors: bool = False
    notes: str = ""
    uart_clock_hz: int = 0
    bauds: tuple[int, ...] = ()
    window: int = 1
    keeps_image: bool = True
    usb: tuple[str, ...] = ()

    @property
    def is_armv6m(self) -> bool:
        """Whether its core has the registers and instructions of an M0 only."""
        return self.core in ("Cortex-M0", "Cortex-M0+", "Cortex-M1")

    @property
    def plan_options(self) -> dict[str, Any]:
        """What :func:`edge_snn.plan.build_plan` wants to know of it."""
        flash = None if self.flash is None else self.flash.length
        return {"vectors": self.has_vectors, "armv6m": self.is_armv6m, "flash": flash}

    @property
    def is_host(self) -> bool:
        return self.flash is None

    @property
    def paired_rows(self) -> bool:
        """Whether the kernels keep weights in 16 bits where flash allows (Armv6-M and Armv7-M, esnn_forms.h)."""
        return any(flag.startswith(("-mcpu=cortex-m0", "-mcpu=cortex-m3")) for flag in self.cpu_flags)

    def source_paths(self) -> tuple[Path, ...]:
        """Where the C files are: the board's own folder first."""
        own, common = FOLDER / self.name, FOLDER / "common"
        return tuple(own / name if (own / name).exists() else common / name for name in self.sources)

    def dividers(self) -> dict[int, int]:
        """Divider of the serial port's clock for each baud rate."""
        return {baud: round(self.uart_clock_hz / baud) for baud in self.bauds}

    def instructions(self, ticks: float) -> float:
        """Executed instructions from clock ticks of the emulator (-icount)."""
        return ticks * 1e9 / (self.clock_hz * (1 << self.icount_shift))


def names() -> tuple[str, ...]:
    """Names of all boards."""
    return tuple(sorted(path.parent.name for path in FOLDER.glob("*/board.json")))


def load(name: str) -> Board:
    """The board of that name; InputError when there is none."""
    if name not in names():
        raise InputError("no such board", where=name[:60], hint=f"boards: {', '.join(names())}")
    data = json.loads((FOLDER / name / "board.json").read_text(encoding="utf-8"))
    emulator = data["qemu"] or {"machine": "", "icount_shift": 0}
    uart = data.get("uart", {"clock_hz": 0, "bauds": []})
    return Board(
        name=data["name"],
        title=data["title"],
        core=data["core"],
        cpu_flags=tuple(data["cpu_flags"]),
        sources=tuple(data["sources"]),
        flash=Region(**data["flash"]) if data["flash"] else None,
        ram=Region(**data["ram"]) if data["ram"] else None,
        stack_bytes=data["stack_bytes"],
        clock_hz=data["clock_hz"],
        defines=dict(data["defines"]),
        machine=emulator["machine"],
        icount_shift=emulator["icount_shift"],
        has_vectors=data.get("has_vectors", False),
        notes=data.get("notes", ""),
        uart_clock_hz=uart["clock_hz"],
        bauds=tuple(uart["bauds"]),
        window=data.get("window", 1),
        keeps_image=data.get("keeps_image", True),
        usb=tuple(data.get("usb", ())),
    )
