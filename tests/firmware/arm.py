"""Small programs for Cortex-M, compiled for the tests of the multiply check."""

from __future__ import annotations

import subprocess
from pathlib import Path

VECTORS = """
#include <stdint.h>
int esnn_model_infer(int a, int b);
void Reset_Handler(void);
void SysTick_Handler(void);
volatile int sink;
void Reset_Handler(void) { for (;;) { sink = esnn_model_infer(1, 2); } }
__attribute__((section(".vectors"), used, aligned(128))) static const uintptr_t vectors[16] = {
    0x20001000, (uintptr_t)Reset_Handler, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (uintptr_t)SysTick_Handler};
"""
SYSTICK = "void SysTick_Handler(void) { ++sink; }\n"
HERE = "/* here */"


def link(
    folder: Path,
    body: str,
    cpu: str = "cortex-m4",
    flags: tuple[str, ...] = (),
    start: str = VECTORS + SYSTICK,
) -> Path:
    """Links ``body`` behind a vector table; the file is ``a.elf`` in ``folder``, the source ``a.c``."""
    source, elf = folder / "a.c", folder / "a.elf"
    source.write_text(start + body)
    command = ["arm-none-eabi-gcc", f"-mcpu={cpu}", "-mthumb", "-O1", "-g", "-fno-inline", *flags, "-nostartfiles"]
    command += ["--specs=nosys.specs", "-Wl,-e,Reset_Handler", str(source), "-o", str(elf)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return elf


def marked_line(folder: Path) -> int:
    """The line of ``a.c`` that bears the mark HERE."""
    lines = (folder / "a.c").read_text().splitlines()
    return 1 + next(index for index, line in enumerate(lines) if HERE in line)


def disassembly(elf: Path) -> str:
    """What binutils reads in it."""
    command = ["arm-none-eabi-objdump", "-d", "-marmv8.1-m.main", str(elf)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
