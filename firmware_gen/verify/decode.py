"""Disassembly: capstone, or binutils for Armv8.1-M, where capstone knows neither Helium nor low-overhead loops."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from edge_snn.errors import InputError, ToolMissingError
from firmware_gen import programs
from firmware_gen.verify.elf import Program

OBJDUMP = "arm-none-eabi-objdump"
OBJDUMP_SECONDS = 60
OBJDUMP_CODE_LIMIT = 8 << 20  # bytes; the listing is some thirty times as long
NOP = b"\x00\xbf"
# "    1012:<tab>eb03 0e0c <tab>add.w<tab>lr, r3, ip"
LISTED = re.compile(r" *([0-9a-f]+):\t([0-9a-f ]+?) *\t(\S+)(?:\t([^;@\n]*))?(.*)")


class Instruction(NamedTuple):
    """One instruction: address, bytes, mnemonic and operands as text."""

    address: int
    size: int
    mnemonic: str
    operands: str

    @property
    def text(self) -> str:
        return f"{self.mnemonic} {self.operands}".strip()


# Instructions of [begin, end); they stop short where bytes do not decode.
Decoder = Callable[[int, int], "list[Instruction]"]


def decoder(program: Program) -> tuple[str, Decoder]:
    """The name of the disassembler that can read a program, and the way to use it.

    Raises:
        ToolMissingError: it is not installed.
        InputError: too much code.
    """
    return (OBJDUMP, _objdump(program)) if program.arch.v81 else ("capstone", _capstone(program))


def _capstone(program: Program) -> Decoder:
    try:
        import capstone
    except ImportError as error:
        raise ToolMissingError(
            "capstone is not installed", hint="pip install capstone, or pip install -e '.[verify]'"
        ) from error
    mode = capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS
    if program.arch.name.startswith("v8"):
        mode |= capstone.CS_MODE_V8
    engine = capstone.Cs(capstone.CS_ARCH_ARM, mode)

    def decode(begin: int, end: int) -> list[Instruction]:
        return [Instruction(*item) for item in engine.disasm_lite(program.read(begin, end - begin), begin)]

    return decode


def _objdump(program: Program) -> Decoder:
    """Decodes all code at once. objdump is given bytes, never the ELF: no hostile file reaches it."""
    tool = shutil.which(OBJDUMP)
    if tool is None:
        raise ToolMissingError(
            f"{OBJDUMP} is not installed, and the program is for Armv8.1-M",
            hint="apt-get install binutils-arm-none-eabi",
        )
    code = [section for section in program.sections if section.is_code]
    if sum(len(section.content) for section in code) > OBJDUMP_CODE_LIMIT:
        raise InputError(f"has more than {OBJDUMP_CODE_LIMIT >> 20} MiB of code", where=str(program.path))
    table: dict[int, Instruction] = {}
    for section in code:
        image = bytearray(section.content)
        for begin, end, kind in program.ranges(section.address, section.end):
            if kind != "t":  # data would put the disassembler out of step with the code behind it
                size = end - begin
                image[begin - section.address : end - section.address] = (NOP * (size // 2 + 1))[:size]
        for item in _listing(tool, bytes(image), section.address, str(program.path)):
            table[item.address] = item

    def decode(begin: int, end: int) -> list[Instruction]:
        found: list[Instruction] = []
        while begin < end and begin in table and begin + table[begin].size <= end:
            found.append(table[begin])
            begin += found[-1].size
        return found

    return decode


def _listing(tool: str, image: bytes, address: int, where: str) -> list[Instruction]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "code.bin"
        path.write_bytes(image)
        command = [tool, "-D", "-z", "-w", "-b", "binary", "-marmv8.1-m.main", "-M", "force-thumb"]
        command += [f"--adjust-vma={address:#x}", str(path)]
        try:
            done = programs.run(command, timeout=OBJDUMP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise InputError(f"{OBJDUMP} took longer than {OBJDUMP_SECONDS} s", where=where) from error
    if done.returncode != 0:
        raise InputError(f"{OBJDUMP} failed: {done.stderr.strip()[:200]}", where=where)
    found = []
    for line in done.stdout.splitlines():
        match = LISTED.fullmatch(line)
        if match:
            place, code, mnemonic, operands, remark = match.groups()
            if "UNDEFINED" in remark or "UNPREDICTABLE" in remark:
                mnemonic = "<undefined>"  # is on no list
            found.append(
                Instruction(int(place, 16), len(code.replace(" ", "")) // 2, mnemonic, (operands or "").strip())
            )
    return found
