"""Small programs for Cortex-M, compiled for the tests of the multiply check."""

from __future__ import annotations

import struct
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


def small_elf() -> bytes:
    """An ELF for a Cortex-M4 made by no compiler: a vector table, reset's handler that loops, an entry that returns."""
    code = struct.pack("<16I", 0x20001000, 0x41, *[0] * 13, 0x41) + struct.pack("<HH", 0xE7FE, 0x4770)
    names = b"\0.text\0Reset_Handler\0esnn_model_infer\0$t\0"
    symbols = bytes(16)
    for name, value, size, kind in ((b"Reset", 0x41, 2, 2), (b"esnn", 0x43, 2, 2), (b"$t", 0x40, 0, 0)):
        symbols += struct.pack("<IIIBBH", names.index(name), value, size, kind, 0, 1)
    cpu = b"\x06\x0d\x07\x4d"  # v7E-M, profile M
    attributes = b"A" + struct.pack("<I", 15 + len(cpu)) + b"aeabi\0" + b"\x01" + struct.pack("<I", 5 + len(cpu)) + cpu
    parts, at = [code, symbols, names, attributes], 52 + 32
    sections = [(0,) * 10]
    for part, (kind, flags, link_to) in zip(parts, ((1, 6, 0), (2, 0, 3), (3, 0, 0), (0x70000003, 0, 0))):
        sections.append((1, kind, flags, 0, at, len(part), link_to, 1, 4, 16 if kind == 2 else 0))
        at += len(part)
    header = b"\x7fELF\x01\x01\x01".ljust(16, b"\0")
    header += struct.pack("<HHIIIIIHHHHHH", 2, 40, 1, 0x41, 52, at, 0x5000000, 52, 32, 1, 40, len(sections), 0)
    program = struct.pack("<IIIIIIII", 1, 52 + 32, 0, 0, len(code), len(code), 5, 4)
    return header + program + b"".join(parts) + b"".join(struct.pack("<10I", *item) for item in sections)
