"""The QEMU plugin that counts executed code: built here with the host's compiler, then read back."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_snn.errors import DeviceError, ToolMissingError
from firmware_gen import programs
from firmware_gen.build import need
from firmware_gen.verify.elf import Program

FOLDER = Path(__file__).parent
SOURCE = FOLDER / "esnn_count.c"
BEGIN, CLOCK = "esnn_model_infer", "esnn_clock_ticks"
# First QEMU version -> plugin API to ask for: QEMU refuses what is older than its minimum or newer than itself.
APIS = (((9, 1), 3), ((9, 0), 2), ((0, 0), 1))


@dataclass(frozen=True)
class Block:
    """Straight-line code that ran: where it begins, and how many instructions it has."""

    begin: int
    instructions: int


@dataclass
class Runs:
    """How often a block ran; led elsewhere than to what lies behind it; was entered from just before it."""

    count: int = 0
    taken: int = 0
    fallen: int = 0


# Block -> runs, by window. Window 0 lies before the first step, 1 to S are the steps, S + 1 lies behind the last.
Windows = list[dict[Block, Runs]]


@dataclass(frozen=True)
class Counts:
    """What the plugin saw of some inferences.

    Attributes:
        windows: all inferences added up.
        instructions: executed, int64 [inferences, steps + 2], by window.
    """

    windows: Windows
    instructions: np.ndarray


def build(folder: Path) -> Path:
    """Compiles the plugin into a folder, and returns the library.

    Raises:
        ToolMissingError: no compiler, no emulator, or one that was built without plugins.
    """
    qemu = need("qemu-system-arm", "qemu-system-arm")
    compiler = need("gcc", "gcc libc6-dev")
    if "\n-plugin " not in _said([qemu, "--help"]):
        raise ToolMissingError(
            "was built without plugins, so executed instructions cannot be told apart",
            where=qemu,
            hint="use a QEMU configured with --enable-plugins (Debian's is), or leave out --histogram",
        )
    library = folder / "esnn_count.so"
    command = [compiler, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-fvisibility=hidden", "-shared"]
    command += [f"-DESNN_PLUGIN_API={api(_said([qemu, '--version']))}", str(SOURCE), "-o", str(library)]
    done = programs.run(command)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if "error" in line]
        raise ToolMissingError(
            f"the QEMU plugin cannot be built: {(errors or [done.stderr.strip() or 'gcc failed'])[0][:200]}",
            where=str(SOURCE),
            hint="apt-get install gcc libc6-dev, or leave out --histogram",
        )
    return library


def api(version: str) -> int:
    """Plugin API for a QEMU, by what it says of its version."""
    found = re.search(r"version (\d+)\.(\d+)", version)
    number = (int(found.group(1)), int(found.group(2))) if found else (0, 0)
    return next(value for first, value in APIS if number >= first)


def _said(command: list[str]) -> str:
    try:
        return programs.run(command, timeout=20).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def arguments(library: Path, program: Program, counts: Path) -> list[str]:
    """Options of QEMU that load the plugin for a program.

    Raises:
        ToolMissingError: the program lacks a function that marks beginnings; a build of ours has them.
    """
    missing = [name for name in (BEGIN, CLOCK) if name not in program.aliases]
    if missing:
        raise ToolMissingError(f"has no function {missing[0]}", where=str(program.path))
    begin, clock = program.aliases[BEGIN], program.aliases[CLOCK]
    values = {
        "out": str(counts),
        "begin": hex(begin.address),
        "clock": hex(clock.address),
        "clock_end": hex(clock.end),
    }
    text = "".join(f",{name}={value.replace(',', ',,')}" for name, value in values.items())
    return ["-plugin", f"file={str(library).replace(',', ',,')}{text}"]


def read(path: Path, inferences: int, steps: int) -> Counts:
    """Adds up what the plugin wrote of the first inferences of a run.

    Raises:
        DeviceError: there are fewer, or their clock was not read once a step.
    """
    windows: Windows = [{} for _ in range(steps + 2)]
    totals: list[list[int]] = []
    pending: list[tuple[int, ...]] = []
    with path.open(encoding="ascii") as lines:
        for line in lines:
            words = line.split()
            if words == ["inference"]:
                pending = []
            elif len(words) == 2 and words[0] == "end":
                if int(words[1]) != steps + 2:
                    raise DeviceError(f"read its clock {int(words[1]) - 1} times, {steps + 1} are due", where="plugin")
                totals.append(_add(windows, pending))
                if len(totals) == inferences:
                    return Counts(windows, np.array(totals, np.int64))
            elif len(words) == 6:
                pending.append((int(words[0]), int(words[1], 16), *map(int, words[2:])))
    raise DeviceError(f"saw {len(totals)} whole inferences of {inferences}", where="plugin")


def _add(windows: Windows, rows: list[tuple[int, ...]]) -> list[int]:
    """Adds the rows of one inference; returns its instructions by window."""
    total = [0] * len(windows)
    for window, begin, instructions, count, taken, fallen in rows:
        runs = windows[window].setdefault(Block(begin, instructions), Runs())
        runs.count += count
        runs.taken += taken
        runs.fallen += fallen
        total[window] += instructions * count
    return total
