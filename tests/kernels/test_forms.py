"""The forms a core takes are chosen in esnn_forms.h alone, and its table is what compilers make of it."""

from __future__ import annotations

import re
import subprocess

import pytest

from firmware_gen import boards
from firmware_gen.build import PACKED_ROWS, ROOT

KERNELS = ROOT / "kernels"
HEADER = KERNELS / "include" / "esnn_forms.h"
CORES = {
    "ESNN_PORTABLE": ("host", ("-DESNN_PORTABLE",)),
    "any other": ("host", ()),
    "M0": ("microbit", ()),
    "M0, packed rows": ("microbit", (PACKED_ROWS,)),
    "M3": ("mps2-an385", ()),
    "M3, packed rows": ("mps2-an385", (PACKED_ROWS,)),
    "M4": ("mps2-an386", ()),
    "M7": ("mps2-an500", ()),
    "M33": ("mps2-an505", ()),
    "M55": ("mps3-an547", ()),
}


def table() -> dict[str, dict[str, int]]:
    """The header's table: macros by core."""
    lines = [line for line in HEADER.read_text().splitlines() if line.startswith(" * | ")]
    head, *rows = [[cell.strip() for cell in line[3:].split("|")[1:-1]] for line in lines]
    made = {}
    for core, *values in rows:
        names = [core] if core.endswith("packed rows") else core.split(", ")
        for name in names:
            made[name] = dict(zip([f"ESNN_{macro}" for macro in head[1:]], map(int, values)))
    return made


def preprocessed(core: str, text: str) -> str:
    """What the compiler of a core makes of ``text`` behind the header."""
    board_name, flags = CORES[core]
    board = boards.load(board_name)
    compiler = "gcc" if board.is_host else "arm-none-eabi-gcc"
    command = [compiler, *board.cpu_flags, *flags, "-E", "-P", "-x", "c", "-"]
    text = f'#include "{HEADER}"\n{text}\n'
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def test_the_table_names_every_core():
    assert set(table()) == set(CORES)


@pytest.mark.parametrize("core", CORES)
def test_the_table_is_what_the_compiler_makes_of_it(core):
    want = table()[core]
    made = preprocessed(core, "\n".join(f"is_{name} {name}" for name in want))
    assert {name: int(re.search(rf"is_{name} (\d)", made).group(1)) for name in want} == want


@pytest.mark.parametrize("core", CORES)
def test_every_form_that_a_core_takes_has_a_file(core):
    chosen = sorted(set(re.findall(r"^#define (esnn_\w+) esnn_\w+$", HEADER.read_text(), re.M)))
    made = preprocessed(core, "\n".join(chosen)).split()
    files = {path.stem for path in (KERNELS / "src").rglob("*.c")}
    assert len(made) == len(chosen)
    assert set(made) <= files


def test_no_other_kernel_looks_at_what_the_compiler_says_of_its_core():
    for path in sorted(KERNELS.rglob("*.[ch]")):
        if path != HEADER:
            assert not re.search(r"__ARM_|__thumb|# *define esnn_\w+ esnn_\w+$", path.read_text(), re.M), path.name
