"""Proves on a linked ELF that inference executes no multiply, divide or floating-point instruction.

First form: every function reachable by direct calls and branches from ``esnn_model_infer`` is disassembled
with capstone; each mnemonic must be on the allow-list, undecoded bytes fail, an indirect branch other than a
return fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from edge_snn.errors import InputError, ToolMissingError

ENTRY = "esnn_model_infer"

ALLOWED = frozenset(
    """
    adc adcs add adds addw adr and ands asr asrs bfc bfi bic bics cbnz cbz clz cmn cmp eor eors
    ldm ldmdb ldmia ldr ldrb ldrd ldrh ldrsb ldrsh lsl lsls lsr lsrs mov movs movt movw mvn mvns
    neg negs nop orn orr orrs pop push rbit rev rev16 rev16h revsh ror rors rsb rsbs sbc sbcs sbfx stm stmdb stmia
    str strb strd strh sub subs subw sxtab sxtab16 sxtah sxtb sxtb16 sxth teq tst ubfx uxtab uxtab16 uxtah uxtb
    uxtb16 uxth sadd16 sadd8 ssub16 ssub8 uadd8 uadd16 usub8 usub16 sel ssat usat pkhbt pkhtb b bl bx
    """.split()
)
CONDITIONS = (
    "eq",
    "ne",
    "hs",
    "cs",
    "lo",
    "cc",
    "mi",
    "pl",
    "vs",
    "vc",
    "hi",
    "ls",
    "ge",
    "lt",
    "gt",
    "le",
    "al",
)
IT_BLOCK = re.compile(r"it[te]{0,3}")


@dataclass(frozen=True)
class Finding:
    """An instruction that is not allowed."""

    function: str
    address: int
    text: str

    def __str__(self) -> str:
        return f"{self.function} at {self.address:#010x}: {self.text}"


@dataclass(frozen=True)
class Proof:
    """Result of :func:`verify`: reached functions, instructions looked at, and what is not allowed."""

    functions: tuple[str, ...]
    instructions: int
    findings: tuple[Finding, ...]


def allowed(mnemonic: str) -> bool:
    """Whether a mnemonic, with or without condition and width suffix, is on the allow-list."""
    base = mnemonic.split(".")[0]
    if base in ALLOWED or IT_BLOCK.fullmatch(base):
        return True
    return any(base.endswith(condition) and base[: -len(condition)] in ALLOWED for condition in CONDITIONS)


def verify(elf: Path, entry: str = ENTRY) -> Proof:
    """Walks everything reachable from ``entry``.

    Raises:
        InputError: no ELF file of Arm, or no such entry.
        ToolMissingError: capstone is not installed.
    """
    try:
        import capstone
    except ImportError as error:
        raise ToolMissingError("capstone is not installed", hint="pip install capstone") from error
    code, symbols, data = _load(elf)
    if entry not in {name for name, _ in symbols.values()}:
        raise InputError(f"has no function {entry}", where=str(elf))
    engine = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
    start = next(address for address, (name, _) in symbols.items() if name == entry)
    waiting, seen = [start], set()
    findings: list[Finding] = []
    count = 0
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        name, size = symbols[address]
        for begin, end in _code_ranges(address, size, data):
            at = begin
            for item in engine.disasm(_bytes(code, begin, end - begin), begin):
                at = item.address + item.size
                count += 1
                text = f"{item.mnemonic} {item.op_str}".strip()
                if not allowed(item.mnemonic):
                    findings.append(Finding(name, item.address, text))
                    continue
                target = _target(item.mnemonic, item.op_str)
                if target == "indirect":
                    findings.append(Finding(name, item.address, f"{text} (indirect branch)"))
                elif target is not None and not address <= int(target, 16) < address + size:
                    place = int(target, 16)
                    if place in symbols:
                        waiting.append(place)
                    else:
                        findings.append(Finding(name, item.address, f"{text} (branch to no function)"))
            if at != end:
                findings.append(Finding(name, at, "bytes that do not decode"))
    return Proof(tuple(sorted(symbols[address][0] for address in seen)), count, tuple(findings))


def _target(mnemonic: str, operands: str) -> str | None:
    base = mnemonic.split(".")[0]
    if base == "bx" or (base.startswith("bx") and base[2:] in CONDITIONS):
        return None if operands == "lr" else "indirect"
    if base.startswith(("pop", "ldm", "mov", "ldr", "add")) and re.match(r"(pc,|pc$)", operands):
        return "indirect"
    branches = base in ("b", "bl") or (base[:1] == "b" and base[1:] in CONDITIONS)
    if branches or base in ("cbz", "cbnz"):
        found = re.search(r"#(0x[0-9a-f]+)$", operands)
        return found.group(1) if found else "indirect"
    return None


def _load(elf: Path) -> tuple[list[tuple[int, bytes]], dict[int, tuple[str, int]], list[tuple[int, bool]]]:
    """Loadable code, functions (address -> name, size), and mapping symbols (address, is data)."""
    code: list[tuple[int, bytes]] = []
    symbols: dict[int, tuple[str, int]] = {}
    mapping: list[tuple[int, bool]] = []
    try:
        with elf.open("rb") as stream:
            file = ELFFile(stream)
            if file["e_machine"] != "EM_ARM":
                raise InputError("is not a program for Arm", where=str(elf))
            for section in file.iter_sections():
                if section["sh_type"] == "SHT_PROGBITS" and section["sh_flags"] & 4:
                    code.append((section["sh_addr"], section.data()))
            table = file.get_section_by_name(".symtab")
            if table is None:
                raise InputError("has no symbols", where=str(elf))
            for symbol in table.iter_symbols():  # type: ignore[attr-defined]
                value = symbol["st_value"]
                if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_size"]:
                    symbols[value & ~1] = (symbol.name, symbol["st_size"])
                elif symbol.name.startswith(("$d", "$t")):
                    mapping.append((value, symbol.name.startswith("$d")))
    except FileNotFoundError as error:
        raise InputError("no such file", where=str(elf)) from error
    except (ELFError, OSError, ValueError, KeyError) as error:
        raise InputError("is not an ELF file, or a damaged one", where=str(elf)) from error
    return code, symbols, sorted(mapping)


def _code_ranges(address: int, size: int, mapping: list[tuple[int, bool]]) -> list[tuple[int, int]]:
    """The parts of a function that are code, by the linker's mapping symbols (literal pools are data)."""
    inside = [(place, is_data) for place, is_data in mapping if address <= place < address + size]
    if not inside or inside[0][0] > address:
        inside.insert(0, (address, False))
    ends = [place for place, _ in inside[1:]] + [address + size]
    return [(place, end) for (place, is_data), end in zip(inside, ends) if not is_data and end > place]


def _bytes(code: list[tuple[int, bytes]], address: int, size: int) -> bytes:
    for start, content in code:
        if start <= address and address + size <= start + len(content):
            return content[address - start : address - start + size]
    return b""
