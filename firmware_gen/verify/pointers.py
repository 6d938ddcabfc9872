"""Functions that are reached by their address: interrupt handlers, and whatever a pointer may hold."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from edge_snn.errors import InputError
from firmware_gen.verify.decode import Decoder, Instruction
from firmware_gen.verify.elf import Function, Program, Section

# Armv7-M ARM (DDI 0403), B1.5.2 and B3.2.5: the stack pointer, then handlers, the first for reset; VTOR[6:0] is zero.
TABLE_ALIGNMENT = 128
TABLE_LIMIT = 16
FIRST_HANDLER, CORE_VECTORS, VECTOR_LIMIT = 2, 16, 512
RESERVED = (7, 8, 9, 10, 13)  # may hold anything (some boot loaders keep a checksum there)
RESET_NAMES = ("Reset_Handler",)
PC_RELATIVE = re.compile(r"\w+, pc, #-?\w+")
IMMEDIATE = re.compile(r"#(-?(?:0x[0-9a-f]+|\d+))")
BRACKETS = re.compile(r"\[.*?\]|\{.*?\}")


@dataclass(frozen=True)
class Vector:
    """One entry of a vector table: its number, the word there, and the function (None: the word points at none)."""

    number: int
    place: int
    word: int
    function: Function | None


def thumb_function(program: Program, word: int) -> Function | None:
    """The function that a word calls: its address with the Thumb bit set."""
    return program.starts.get(word & ~1) if word & 1 else None


def tables(program: Program, others: Iterable[int] = ()) -> tuple[int, ...]:
    """Places of the vector tables, the first ones by their second word, which is where execution starts.

    A table is a place aligned to 128 (where it is written to) whose second word is the program's entry or a function
    called Reset_Handler; the place where the contents begin, or 0, if the second word there leads to any code, since a
    chip starts there; or one of ``others``.
    """
    resets = {program.start | 1}
    resets |= {program.aliases[name].address | 1 for name in RESET_NAMES if name in program.aliases}
    first = min((section.load for section in program.sections), default=0)
    found: list[int] = []
    for section in program.sections:
        for offset in range(-section.load % TABLE_ALIGNMENT, len(section.content) - 8 + 1, TABLE_ALIGNMENT):
            word, place = struct.unpack_from("<I", section.content, offset + 4)[0], section.load + offset
            if word in resets or (place in (0, first) and _leads_to_code(program, word)):
                found.append(section.address + offset)
                if len(found) > TABLE_LIMIT:
                    raise InputError(f"has more than {TABLE_LIMIT} vector tables", where=str(program.path))
    return tuple(dict.fromkeys((*found, *others)))


def _leads_to_code(program: Program, word: int) -> bool:
    section = program.section(word & ~1)
    return word & 1 == 1 and section is not None and section.is_code


def vectors(program: Program, places: Iterable[int]) -> tuple[Vector, ...]:
    """Handlers in these vector tables, but for reset; unused (zero) entries are left out.

    The core's own vectors are always read, as the core does. Beyond these a table goes on to the end of its data
    symbol, and then for as long as words are zero or call a function.
    """
    found: list[Vector] = []
    for place in places:
        section = program.section(place, 8)
        if section is not None:
            found.extend(_table(program, section, place - section.address))
    return tuple(found)


def _table(program: Program, section: Section, offset: int) -> Iterator[Vector]:
    place = section.address + offset
    ends = [end for address, end in program.objects if address <= place < end]
    sure = max(CORE_VECTORS, (min(ends, default=place) - place) // 4)
    count = min((section.end - place) // 4, VECTOR_LIMIT)
    for number in range(FIRST_HANDLER, count):
        word = struct.unpack_from("<I", section.content, offset + 4 * number)[0]
        function = thumb_function(program, word)
        if function is None and number >= sure and word:
            return
        if function is not None or (word and number not in RESERVED):
            yield Vector(number, place + 4 * number, word, function)


def address_taken(program: Program, decode: Decoder) -> tuple[set[Function], str]:
    """Every function whose address the program holds, and why there may be more ("" if there are none).

    An address is a word (wherever it begins) in contents that are loaded, code and literal pools included; the halves
    that any two moves of constants make; or what adr makes. Addresses that are computed otherwise (position-independent
    code, code without literals) are the second result.
    """
    taken: set[Function] = set()
    places = {function.address | 1: function for function in program.functions}
    for section in program.sections:
        if section.pure_code:
            return taken, "code without literal pools computes addresses"
        for shift in range(4):
            size = (len(section.content) - shift) // 4 * 4
            words = {word for (word,) in struct.iter_unpack("<I", section.content[shift : shift + size])}
            taken.update(places[word] for word in words & places.keys())
    low: set[int] = set()
    high: set[int] = {0}
    doubt = ""
    for section in program.sections:
        for begin, end, kind in program.ranges(section.address, section.end) if section.is_code else ():
            items = decode(begin, end) if kind == "t" else []
            if kind == "a" or (kind == "t" and sum(item.size for item in items) != end - begin):
                doubt = f"the bytes between {begin:#x} and {end:#x} do not decode"
            for item in items:
                if item.mnemonic.startswith("mov") and "#" in item.operands:
                    value = _immediate(item.operands)
                    low.add(value & 0xFFFF)
                    high.update((value & 0xFFFF, value >> 16))
                    continue
                target = _pc_relative(item)
                if target is not None and target & ~1 in program.starts:
                    taken.add(program.starts[target & ~1])
                elif target is None and _uses_pc(item):
                    doubt = f"{item.text} at {item.address:#x} computes an address from its own"
    taken.update(function for word, function in places.items() if word & 0xFFFF in low and word >> 16 in high)
    return taken, doubt


def _immediate(operands: str) -> int:
    found = IMMEDIATE.search(operands)
    return int(found.group(1), 0) if found else 0


def _pc_relative(item: Instruction) -> int | None:
    """What ``adr rd, #x``, ``add rd, pc, #x`` or ``sub rd, pc, #x`` makes."""
    if not (item.mnemonic.startswith("adr") or PC_RELATIVE.fullmatch(item.operands)) or "#" not in item.operands:
        return None
    offset = _immediate(item.operands)
    return ((item.address + 4) & ~3) + (-offset if item.mnemonic.startswith("sub") else offset)


def _uses_pc(item: Instruction) -> bool:
    """Whether pc is a source; as the base of a load it only leads to a literal, which is looked at as a word."""
    return "pc" in re.split(r", *", BRACKETS.sub("", item.operands))[1:]
