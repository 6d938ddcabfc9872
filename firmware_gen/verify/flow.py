"""Where an instruction hands on to: read from its text, the same for both disassemblers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from firmware_gen.verify.allowed import split
from firmware_gen.verify.decode import Instruction

LITERAL = re.compile(r"pc, \[pc(?:, #(-?(?:0x)?[0-9a-f]+))?\]")
ADDRESS = re.compile(r"#?(0x[0-9a-f]+)$")
REGISTER_LIST = re.compile(r"\{(.*)\}")
REGISTER = re.compile(r"r\d+|sl|fp|ip|lr|sb")
WRITEBACK = re.compile(r"\b(lr|pc)!|\[(lr|pc)\b[^\]]*\](?:!|, )")
# These write no core register, or (with !) only the one that holds the address.
NO_DESTINATION = frozenset(
    "str strb strh strd stm stmia stmdb push stl stlb stlh cmp cmn tst teq msr dmb dsb isb cpsid cpsie nop"
    " b bl bx blx cbz cbnz tbb tbh le letp".split()
)
TWO_DESTINATIONS = frozenset("ldrd lsll lsrl asrl sqshll srshrl uqshll urshrl".split())


class Kind(Enum):
    """What comes after an instruction."""

    NEXT = "the next one"
    BRANCH = "its target; the next one too where it is conditional"
    CALL = "its target, then the next one"
    INDIRECT_CALL = "a function behind a pointer, then the next one"
    INDIRECT_JUMP = "a function behind a pointer"
    RETURN = "the caller, by lr"
    RETURN_STACK = "the caller, by a word of the stack"
    LITERAL = "the address in a word of the literal pool"
    TABLE = "one of the places in the table behind it (tbb, tbh)"
    STOP = "a fault"
    UNKNOWN = "a place that is computed"


@dataclass(frozen=True)
class Flow:
    """Kind; target (of BRANCH and CALL; of LITERAL where the word lies); whether the next one may follow as well."""

    kind: Kind
    target: int = 0
    conditional: bool = False


@lru_cache(maxsize=1 << 16)
def flow(item: Instruction) -> Flow:
    """Where an instruction hands on to; UNKNOWN where that cannot be read off it."""
    base, condition, _ = split(item.mnemonic)
    operands, perhaps = item.operands, bool(condition)
    if base in ("cbz", "cbnz", "wls", "wlstp", "le", "letp"):
        return _to(Kind.BRANCH, operands, True)
    if base == "b":
        return _to(Kind.BRANCH, operands, perhaps)
    if base == "bl":
        return _to(Kind.CALL, operands, perhaps)
    if base == "blx":
        return Flow(Kind.INDIRECT_CALL if REGISTER.fullmatch(operands) else Kind.UNKNOWN, conditional=perhaps)
    if base == "bx":
        pointer = Kind.INDIRECT_JUMP if REGISTER.fullmatch(operands) else Kind.UNKNOWN
        return Flow(Kind.RETURN if operands == "lr" else pointer, conditional=perhaps)
    if base in ("tbb", "tbh"):
        return Flow(Kind.TABLE if operands.startswith("[pc,") else Kind.UNKNOWN)
    if base == "udf":
        return Flow(Kind.STOP)
    if "pc" in written(item):
        return _computed(base, item, perhaps)
    return Flow(Kind.NEXT)


def _to(kind: Kind, operands: str, conditional: bool) -> Flow:
    found = ADDRESS.search(operands)
    return Flow(kind, int(found.group(1), 16), conditional) if found else Flow(Kind.UNKNOWN)


def _computed(base: str, item: Instruction, conditional: bool) -> Flow:
    if from_stack(base, item.operands):
        return Flow(Kind.RETURN_STACK, conditional=conditional)
    if base == "mov" and item.operands == "pc, lr":
        return Flow(Kind.RETURN, conditional=conditional)
    literal = LITERAL.fullmatch(item.operands) if base == "ldr" else None
    if literal:
        place = ((item.address + 4) & ~3) + int(literal.group(1) or "0", 0)
        return Flow(Kind.LITERAL, place, conditional)
    return Flow(Kind.UNKNOWN)


def from_stack(base: str, operands: str) -> bool:
    """Whether an instruction takes registers off the stack: there lies what the function saved on entry."""
    if base == "pop":
        return True
    if base in ("ldm", "ldmia"):
        return operands.startswith("sp!,")
    return base == "ldr" and re.fullmatch(r"\w+, \[sp\], #\w+", operands) is not None


@lru_cache(maxsize=1 << 16)
def written(item: Instruction) -> frozenset[str]:
    """Which of pc and lr an instruction may write, other than by calling; too many rather than too few."""
    base, _, _ = split(item.mnemonic)
    names = {name for found in WRITEBACK.findall(item.operands) for name in found}
    if base in ("pop", "ldm", "ldmia", "ldmdb", "clrm"):
        registers = REGISTER_LIST.search(item.operands)
        names.update(re.split(r"[ ,]+", registers.group(1)) if registers else ())
    elif base not in NO_DESTINATION:
        two = base in TWO_DESTINATIONS or base.startswith("v")
        names.update(re.split(r", *", item.operands)[: 2 if two else 1])
    return frozenset(names & {"pc", "lr"})
