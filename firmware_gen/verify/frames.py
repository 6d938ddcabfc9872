"""Follows what registers and stack frames hold along a finished walk, and judges what the walk must believe.

The walk takes ``pop {pc}`` for a return to the caller. Here that is shown: the word that is popped is the ``lr`` of the
function's entry, put there by the function itself and not overwritten since, and sp stands again where it stood. Where
two ways meet, a place holds what either brings. What is called leaves r4 to r11 and sp as they were, as the procedure
call standard (AAPCS32) says, and that is shown of each function; that it leaves its caller's frame alone is believed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush

from edge_snn.errors import InputError
from firmware_gen.verify.decode import Instruction
from firmware_gen.verify.effects import Effects, Store, call_returns, parse
from firmware_gen.verify.elf import Program
from firmware_gen.verify.flow import Flow, Kind, flow
from firmware_gen.verify.values import KEPT, LR, NAMES, OTHER_STACK, PC, RETURN_ADDRESS, SP, Frame, Value
from firmware_gen.verify.walk import CALLS, Walk

TELLING = ("st", "vst", "push", "pop", "vpush", "vpop", "msr")  # what writes to memory or to a stack pointer
STEPS = 400  # looks at an instruction, on average, after which a program is too tangled
CORE_PART = re.compile(r"#(0xe0\b|224\b|0xe000|57344|-?0x1fff[0-9a-f]*\b|0xe[0d][0-9a-f]{2}\b)")
PC_OFFSET = re.compile(r"\[pc, #(-?\w+)\]")
STACKS = ("msp", "psp", "msplim", "psplim", "control")
# Vector table offset register: Armv7-M ARM, B3.2.5; Armv8-M ARM, D1.2.269, with the alias of the other state.
TABLE_REGISTERS = (0xE000ED08, 0xE002ED08)
CORE_REGISTERS = range(0xE0000000, 0xE0100000)
BLOCKS = (0xE000ED00, 0xE002ED00)


@dataclass
class Frames:
    """Frames in front of each instruction where ways meet; call :meth:`run` once, then look.

    Attributes:
        roots: places of functions that are called from outside: the entry, and handlers.
        handlers: those that the core calls for an interrupt: what it has saved lies above their frame.
        calls: whether calls are followed that hand no address of the core's own registers on.
    """

    program: Program
    walk: Walk
    roots: frozenset[int]
    handlers: frozenset[int]
    calls: bool = True
    _at: dict[int, Frame] = field(default_factory=dict)
    _waiting: list[int] = field(default_factory=list)
    _queued: set[int] = field(default_factory=set)
    _left: int = 0

    def __post_init__(self) -> None:
        self._effects = Effects(self.program)
        self._meeting = self._places_where_ways_meet()

    def _places_where_ways_meet(self) -> set[int]:
        found = set(self.walk.entered)
        seen: set[int] = set()
        for place, targets in self.walk.links.items():
            for target in targets:
                if target in seen or len(targets) > 1 or target < place:
                    found.add(target)
                seen.add(target)
        for targets in self.walk.calls.values():
            found |= targets
        return found

    def run(self) -> None:
        """Finds what may be where.

        Raises:
            InputError: that takes too long; a compiler's code needs a few looks at each instruction.
        """
        self._left = STEPS * (len(self.walk.instructions) + 1000)
        for address in sorted(self.roots):
            self._bring(address, Frame.called())
        self._run()
        for address in sorted(self._starts() if self.calls else ()):  # behind a call that does not come back
            if address not in self._at:
                self._bring(address, Frame.called())
                self._run()

    def _run(self) -> None:
        while self._waiting:
            begin = heappop(self._waiting)
            self._queued.discard(begin)
            for item, frame in self._line(begin, self._bring):
                self._left -= 1
                if self._left < 0:
                    raise InputError("is too tangled to be followed", where=str(self.program.path))
                for target in self.walk.calls.get(item.address, ()):
                    self._call(target, frame)

    def _starts(self) -> set[int]:
        return {address for address in self.walk.visited if address in self.program.starts}

    def _call(self, target: int, frame: Frame) -> None:
        """Of arguments only addresses of the core's own registers matter, since a vector table may be set there."""
        telling = any(
            isinstance(value, int) and value in CORE_REGISTERS for values in frame.registers[:4] for value in values
        )
        if telling or (self.calls and target not in self._at):
            self._bring(target, Frame.called(frame.registers[:4] if telling else None))

    def _bring(self, address: int, frame: Frame) -> None:
        known = self._at.get(address)
        if address not in self.walk.instructions:
            return  # the walk has found that nothing is there
        if known is None:
            self._at[address] = frame.copy()
        elif not known.join(frame):
            return
        if address not in self._queued:
            self._queued.add(address)
            heappush(self._waiting, address)

    def _line(
        self, begin: int, bring: Callable[[int, Frame], None] | None = None
    ) -> Iterator[tuple[Instruction, Frame]]:
        """Instructions from a place on, up to where ways meet or part, with what is there in front of each."""
        following: int | None = begin
        frame = self._at[begin].copy()
        while following is not None:
            item = self.walk.instructions[following]
            yield item, frame
            way = flow(item)
            if way.kind in CALLS:
                call_returns(frame)
            elif not (way.conditional and way.kind is Kind.RETURN_STACK):  # who goes on has taken nothing off the stack
                self._effects.apply(item, frame)
            following = None
            for target in self._following(item, way, frame):
                if target not in self._meeting:
                    following = target
                elif bring is not None:
                    bring(target, frame)

    def _following(self, item: Instruction, way: Flow, frame: Frame) -> Iterable[int]:
        """Where an instruction hands the frame on to."""
        targets = self.walk.links.get(item.address, ())
        if way.kind in CALLS:  # a call at the end of a function does not come back, whatever lies behind it
            return [target for target in targets if target not in self.program.starts]
        if way.kind is Kind.INDIRECT_JUMP and self._is_return(item, frame):
            return [item.address + item.size] if way.conditional and item.address + item.size in targets else []
        return targets

    @staticmethod
    def _is_return(item: Instruction, frame: Frame) -> bool:
        """Whether ``bx rX`` goes back to the caller: on an M0, lr is popped to another register."""
        return item.operands in NAMES and frame.registers[NAMES[item.operands]] == RETURN_ADDRESS

    def each(self) -> Iterator[tuple[Instruction, Frame]]:
        """Every instruction with what may be there in front of it; frames must not be changed."""
        for begin in sorted(self._at):
            yield from self._line(begin)

    def judge(self) -> Iterator[tuple[Instruction, str]]:
        """What inference must not do with the stack, and calls of constants that are no function."""
        for item, frame in self.each():
            for why in self._judge(item, frame):
                yield item, why

    def _judge(self, item: Instruction, frame: Frame) -> Iterator[str]:
        way, parsed = flow(item), parse(item.mnemonic, item.operands)
        if way.kind is Kind.NEXT and "sp" not in item.operands and not parsed.base.startswith(TELLING):
            return
        if parsed.base == "msr" and parsed.parts and parsed.parts[0].lower().removesuffix("_ns") in STACKS:
            yield "sets a stack pointer"
        if way.kind in (Kind.INDIRECT_CALL, Kind.INDIRECT_JUMP):
            yield from self._pointer(frame.registers[NAMES[item.operands]] if item.operands in NAMES else frozenset())
        if way.kind in CALLS:
            return
        after = frame.copy()
        store = self._effects.apply(item, after, done=True)
        returns = way.kind is Kind.INDIRECT_JUMP and self._is_return(item, frame)
        yield from self._stack(Flow(Kind.RETURN) if returns else way, frame, after, returns)
        if store is not None:
            yield from self._store(item, store)

    def _stack(self, way: Flow, before: Frame, after: Frame, known: bool) -> Iterator[str]:
        if after.depth is None and after.has_stack and way.kind not in (Kind.RETURN, Kind.RETURN_STACK):
            return
        if after.depth is None:
            if after.registers[SP] != before.registers[SP] or way.kind in (Kind.RETURN, Kind.RETURN_STACK):
                yield "sp may be something else than the stack of this function"
            return
        if after.depth > 0:
            yield "takes more off the stack than the function has put there"
        elif way.kind in (Kind.RETURN, Kind.RETURN_STACK) and after.depth != 0:
            yield "returns before the stack is as it was"
        if way.kind is Kind.RETURN_STACK and after.registers[PC] != RETURN_ADDRESS:
            yield "what it takes for the return address is not, or may be overwritten"
        if way.kind in (Kind.RETURN, Kind.RETURN_STACK):
            lost = [f"r{index}" for index, values in KEPT.items() if after.registers[index] != values]
            if lost:
                yield f"does not leave {', '.join(lost)} to the caller as they were"
        if way.kind is Kind.RETURN and not known and after.registers[LR] != RETURN_ADDRESS:
            yield "lr may hold something else than where it was called from"

    def _pointer(self, values: frozenset[Value]) -> Iterator[str]:
        for value in sorted(value for value in values if isinstance(value, int)):
            if not value & 1 or value & ~1 not in self.program.starts:
                yield f"leads to {value:#x}, where no function begins"

    def _store(self, item: Instruction, store: Store) -> Iterator[str]:
        if OTHER_STACK in store.places:
            yield "writes to what a stack pointer told"
        above = any(isinstance(place, tuple) and place[1] + store.size > 0 for place in store.places)
        if above and self.walk.owner[item.address].address in self.handlers:
            yield "a handler writes to what the core has saved"
        held = [value for values in store.held for value in values if isinstance(value, int)]
        if above and any(value & 1 and value & ~1 in self.walk.instructions for value in held):
            yield "writes the address of code above its own frame"

    def tables(self) -> tuple[dict[int, int], list[tuple[Instruction, str]]]:
        """Vector tables set at run time: their places, each with that of a store; and stores of what is not known."""
        known: dict[int, int] = {}
        unknown = []
        for item, frame in self.each():
            if not parse(item.mnemonic, item.operands).base.startswith(TELLING):
                continue
            store = self._effects.apply(item, frame.copy(), done=True)
            if store is None:
                continue
            for values in store.held:
                elsewhere = not all(isinstance(place, tuple) for place in store.places)
                if elsewhere and any(address in values for address in (*TABLE_REGISTERS, *BLOCKS)):
                    unknown.append((item, "hands on the address of the vector table's register"))
            for register in TABLE_REGISTERS:
                for place in store.places:
                    if not isinstance(place, int) or not place - 3 <= register < place + store.size:
                        continue
                    exact = place == register and len(store.held) == 1
                    values = store.held[0] if exact else frozenset()
                    if values and all(isinstance(value, int) for value in values):
                        known.update((value, item.address) for value in values if isinstance(value, int))
                    else:
                        unknown.append((item, "sets a vector table that cannot be known"))
        return known, unknown


def register_words(program: Program) -> list[int]:
    """Places outside code that hold the address of the vector table's register, or of the block it is in."""
    wanted = [address.to_bytes(4, "little") for address in (*TABLE_REGISTERS, *BLOCKS)]
    found = []
    for section in program.sections:
        if not section.is_code:
            found += [section.address + at for at in (section.content.find(word) for word in wanted) if at >= 0]
    return found


def core_functions(walk: Walk) -> frozenset[int]:
    """Places of the functions that hold, in an instruction or a literal, part of an address of the core's registers."""
    found = set()
    for item in walk.instructions.values():
        owner = walk.owner[item.address].address
        if owner in found or "#" not in item.operands:
            continue
        if CORE_PART.search(item.operands):
            found.add(owner)
        elif "[pc" in item.operands:
            offset = PC_OFFSET.search(item.operands)
            word = walk.program.word(((item.address + 4) & ~3) + int(offset.group(1), 0)) if offset else None
            if word is not None and word >> 20 in (0xE00, 0x1FF):  # negated: what mvn makes an address of
                found.add(owner)
    return frozenset(found)
