"""What an instruction does to registers and the stack frame, read from its text."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from firmware_gen.verify.allowed import split
from firmware_gen.verify.decode import Instruction
from firmware_gen.verify.elf import Program
from firmware_gen.verify.flow import NO_DESTINATION, TWO_DESTINATIONS
from firmware_gen.verify.values import (
    ANY,
    LR,
    NAMES,
    NOTHING_KNOWN,
    OTHER_STACK,
    PC,
    SP,
    Frame,
    Value,
    aligned,
    constant,
    either,
    plus,
)

MEMORY = re.compile(r"\[(\w+)(?:, (?:#(-?\w+)|(\w+)(?:, (?:lsl|uxtw) #(\w+))?))?(?::\d+)?\](!)?(?:, #(-?\w+))?")
PARTS = re.compile(r"(?:\[[^\]]*\]!?|\{[^}]*\}|[^,\[{]+)+")
VECTOR_REGISTER = re.compile(r"([sdq])(\d+)(?:-[sdq](\d+))?")
VECTOR_BYTES = {"s": 4, "d": 8, "q": 16}
STORE_BYTES = {"str": 4, "strb": 1, "strh": 2, "strd": 8, "strex": 4, "strexb": 1, "strexh": 2, "stl": 4, "stlb": 1}
STORE_BYTES["stlh"] = 2
STORE_UP, STORE_DOWN = ("stm", "stmia"), ("push", "stmdb")
LOAD_UP = ("pop", "ldm", "ldmia")


class Parsed(NamedTuple):
    """An instruction's text taken apart: name, whether it is conditional, operands, and those in a list."""

    base: str
    conditional: bool
    parts: tuple[str, ...]
    listed: tuple[str, ...]
    memory: tuple[str | None, ...]


class Store(NamedTuple):
    """A write to memory: to which places, how many bytes, and which words where these are known."""

    places: frozenset[Value]
    size: int
    held: list[frozenset[Value]]


@lru_cache(maxsize=1 << 15)
def parse(mnemonic: str, operands: str) -> Parsed:
    base, condition, _ = split(mnemonic)
    parts = tuple(part.strip() for part in PARTS.findall(operands))
    listed: tuple[str, ...] = ()
    for part in parts:
        if part.startswith("{"):
            listed = tuple(name for item in part.strip("{}").split(",") for name in _expand(item.strip()))
    found = MEMORY.search(operands)
    return Parsed(base, bool(condition), parts, listed, found.groups() if found else ())


def _expand(item: str) -> list[str]:
    first, dash, last = item.partition("-")
    if not dash or first not in NAMES or last not in NAMES:
        return [item]
    return [f"r{index}" for index in range(NAMES[first], NAMES[last] + 1)]


def _number(text: str) -> int | None:
    try:
        return int(text.lstrip("#"), 0)
    except ValueError:
        return None


class Effects:
    """Applies instructions to frames; knows the program for its constants."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def apply(self, item: Instruction, frame: Frame, done: bool = False) -> Store | None:
        """Changes ``frame`` as the instruction does; what it writes to memory, if anything.

        A conditional instruction leaves both, what was and what it makes, unless it is known to be ``done``.
        """
        parsed = parse(item.mnemonic, item.operands)
        if done or not parsed.conditional:
            return self._apply(parsed, item, frame)
        before = frame.copy()
        store = self._apply(parsed, item, frame)
        frame.join(before)
        return store

    def _apply(self, parsed: Parsed, item: Instruction, frame: Frame) -> Store | None:
        base, parts = parsed.base, parsed.parts
        if parsed.listed and (base in STORE_UP or base in STORE_DOWN or base in LOAD_UP or base == "ldmdb"):
            return self._multiple(parsed, frame)
        if base.startswith("v") and (base in ("vpush", "vpop") or "m" in base[3:4]) and parsed.listed:
            return self._vectors(parsed, frame)
        if parsed.memory and base not in ("tbb", "tbh"):
            return self._memory(parsed, item, frame)
        if base in NO_DESTINATION or not parts:
            return None
        if base.startswith("v"):
            for part in parts[:2]:
                self._set(frame, part, NOTHING_KNOWN)
            return None
        self._set(frame, parts[0], self._computed(parsed, item, frame))
        if base in TWO_DESTINATIONS and len(parts) > 1:
            self._set(frame, parts[1], NOTHING_KNOWN)
        return None

    @staticmethod
    def _set(frame: Frame, name: str, values: frozenset[Value]) -> None:
        index = NAMES.get(name)
        if index == SP:
            frame.move_stack(values)
        elif index is not None:
            frame.registers[index] = values

    def _value(self, text: str, item: Instruction, frame: Frame) -> frozenset[Value]:
        if text.startswith("#"):
            number = _number(text)
            return NOTHING_KNOWN if number is None else constant(number)
        index = NAMES.get(text)
        if index == PC:
            return constant((item.address + 4) & ~3)
        return NOTHING_KNOWN if index is None else frame.registers[index]

    def _computed(self, parsed: Parsed, item: Instruction, frame: Frame) -> frozenset[Value]:
        base, parts = parsed.base.rstrip("s") if parsed.base != "mrs" else "mrs", parsed.parts
        if base == "mrs":
            return frozenset({OTHER_STACK}) if parts[1].lower() in ("msp", "psp", "msp_ns", "psp_ns") else NOTHING_KNOWN
        values = [self._value(part, item, frame) for part in parts[1:]]
        if base in ("mov", "movw") and len(values) == 1:
            return values[0]
        if base == "adr" and len(values) == 1:
            return plus(values[0], constant((item.address + 4) & ~3))
        if base == "movt" and len(values) == 1:
            return _each(frame.registers[NAMES[parts[0]]], values[0], lambda low, high: low & 0xFFFF | high << 16)
        if base == "bfc" and parts[1] == "#0":
            return aligned(frame.registers[NAMES[parts[0]]], _number(parts[2]) or 0)
        if len(values) == 1:
            values.insert(0, self._value(parts[0], item, frame))
        if len(values) != 2:
            return NOTHING_KNOWN
        if base in ("add", "addw", "sub", "subw"):
            return plus(values[0], values[1], 1 if base.startswith("add") else -1)
        if base == "bic" and len(values[1]) == 1:
            (mask,) = values[1]
            if isinstance(mask, int) and mask & (mask + 1) == 0:
                return aligned(values[0], mask.bit_length())
        known = ARITHMETIC.get(base)
        return _each(values[0], values[1], known) if known else NOTHING_KNOWN

    def _memory(self, parsed: Parsed, item: Instruction, frame: Frame) -> Store | None:
        """Loads and stores of one place."""
        name, offset, index, shift, before, after = parsed.memory
        base = parsed.base
        start = self._value(name or "", item, frame)
        moved = NOTHING_KNOWN
        if offset is not None:
            moved = self._value(f"#{offset}", item, frame)
        elif index is not None and index in NAMES:
            moved = frame.registers[NAMES[index]]
            if shift is not None:
                moved = _each(moved, constant(int(shift, 0)), ARITHMETIC["lsl"])
        elif index is None:
            moved = constant(0)
        places = start if after is not None else plus(start, moved)
        store = None
        loaded = self._load(places, frame) if base == "ldr" else NOTHING_KNOWN
        if base.startswith(("st", "vst")):
            store = self._store(parsed, places, frame)
            frame.store(places, store.size, store.held, name == "sp")
        if before or after is not None:
            self._set(frame, name or "", places if before else plus(start, self._value(f"#{after}", item, frame)))
        if store is None:
            self._set(frame, parsed.parts[0], loaded)
            if base == "ldrd":
                self._set(frame, parsed.parts[1], NOTHING_KNOWN)
        elif base.startswith("strex"):
            self._set(frame, parsed.parts[0], NOTHING_KNOWN)
        return store

    def _store(self, parsed: Parsed, places: frozenset[Value], frame: Frame) -> Store:
        base = parsed.base
        if base in ("str", "strd"):
            names = parsed.parts[: 1 if base == "str" else 2]
            return Store(places, STORE_BYTES[base], [frame.registers[NAMES[name]] for name in names if name in NAMES])
        size = STORE_BYTES.get(base, 64 if base.startswith("vst4") else 32 if base.startswith("vst2") else 16)
        return Store(places, size, [])

    def _load(self, places: frozenset[Value], frame: Frame) -> frozenset[Value]:
        """A word of the frame, or of what never changes."""
        found: frozenset[Value] | None = None
        for place in places:
            if isinstance(place, tuple):
                held = frame.load(frozenset({place}))
            elif isinstance(place, int):
                section = self._program.section(place, 4)
                word = None if section is None or section.changes else self._program.word(place)
                held = NOTHING_KNOWN if word is None else constant(word)
            else:
                held = NOTHING_KNOWN
            found = held if found is None else either(found, held)
        return found or NOTHING_KNOWN

    def _multiple(self, parsed: Parsed, frame: Frame) -> Store | None:
        """push, pop, ldm, stm: the lowest register lies at the lowest address."""
        base = parsed.base
        pointer = "sp" if base in ("push", "pop") else parsed.parts[0].rstrip("!")
        writes_back = base in ("push", "pop") or parsed.parts[0].endswith("!")
        registers = sorted(NAMES[name] for name in parsed.listed if name in NAMES)
        start = frame.registers[NAMES[pointer]] if pointer in NAMES else NOTHING_KNOWN
        down = base in ("push", "stmdb", "ldmdb")
        size = 4 * len(registers)
        end = plus(start, constant(size), -1 if down else 1)
        places = end if down else start
        if base in STORE_UP or base in STORE_DOWN:
            store = Store(places, size, [frame.registers[index] for index in registers])
            if writes_back and pointer == "sp":
                frame.move_stack(end)
            elif writes_back:
                self._set(frame, pointer, end)
            frame.store(places, size, store.held, pointer == "sp")
            return store
        held = [self._load(plus(places, constant(4 * number)), frame) for number in range(len(registers))]
        if writes_back:
            self._set(frame, pointer, end)
        for index, values in zip(registers, held):
            frame.registers[index] = values
        return None

    def _vectors(self, parsed: Parsed, frame: Frame) -> Store | None:
        """vpush, vpop, vldm, vstm."""
        base = parsed.base
        size = 0
        for text in parsed.listed:
            found = VECTOR_REGISTER.fullmatch(text)
            if found:
                kind, first, last = found.groups()
                size += VECTOR_BYTES[kind] * (int(last or first) - int(first) + 1)
        pointer = "sp" if base in ("vpush", "vpop") else parsed.parts[0].rstrip("!")
        start = frame.registers[NAMES[pointer]] if pointer in NAMES else NOTHING_KNOWN
        down = base == "vpush" or base.endswith("db")
        end = plus(start, constant(size), -1 if down else 1)
        store = None
        if base == "vpush" or base.startswith("vstm"):
            store = Store(end if down else start, size, [])
            frame.store(store.places, size, [], pointer == "sp")
        if base in ("vpush", "vpop") or parsed.parts[0].endswith("!"):
            self._set(frame, pointer, end)
        return store


def _each(one: frozenset[Value], other: frozenset[Value], make: Callable[[int, int], int]) -> frozenset[Value]:
    """A function of constants, for each pair; nothing is known where one of them is not."""
    found: frozenset[Value] | None = None
    for first in one:
        for second in other:
            values = NOTHING_KNOWN
            if isinstance(first, int) and isinstance(second, int):
                values = constant(make(first, second))
            found = values if found is None else either(found, values)
    return found if found and ANY not in one and ANY not in other else frozenset({ANY})


ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    "lsl": lambda value, count: value << min(count, 32),
    "lsr": lambda value, count: value >> min(count, 32),
    "orr": lambda one, other: one | other,
    "orn": lambda one, other: one | ~other,
    "eor": lambda one, other: one ^ other,
    "and": lambda one, other: one & other,
    "bic": lambda one, other: one & ~other,
    "rsb": lambda one, other: other - one,
    "mvn": lambda one, other: ~other,
}


def call_returns(frame: Frame) -> None:
    """What a call leaves (AAPCS32): r4 to r11 and sp as they were, the stack frame of the caller too."""
    for index in (0, 1, 2, 3, 12, LR):
        frame.registers[index] = NOTHING_KNOWN
