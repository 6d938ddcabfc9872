"""Follows execution from a function through everything it can reach.

Instruction by instruction: calls, branches (into the middle of functions too), jump tables, falling off the end. What
it takes for a return is judged in frames.py, on the links it leaves. Whole functions are checked, unreached parts too.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge_snn.errors import InputError
from firmware_gen.verify.allowed import allowed, helper, split
from firmware_gen.verify.decode import Decoder, Instruction
from firmware_gen.verify.elf import Function, Program
from firmware_gen.verify.flow import Flow, Kind, flow
from firmware_gen.verify.pointers import address_taken

CODE_LIMIT = 16 << 20  # no microcontroller holds as much; functions that overlap in a hostile file would
CALLS = (Kind.CALL, Kind.INDIRECT_CALL)
FILLING = ("nop", "mov r8, r8")


@dataclass(frozen=True)
class Finding:
    """Something that inference must not do, or that the proof cannot see through.

    Attributes:
        text: the instruction, and what is wrong with it.
        file, line: where in the source; "" and 0 without debug information.
    """

    function: str
    address: int
    text: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        source = f" ({self.file}:{self.line})" if self.line else ""
        return f"{self.function} at {self.address:#010x}: {self.text}{source}"


@dataclass
class Walk:
    """State of a walk; call :meth:`enter`, then :meth:`run`, as often as needed.

    Attributes:
        reached: functions entered so far, in order.
        findings: by address and text, so that none is told twice.
        indirect: places of calls through pointers.
        links: from each instruction to those that may follow in the same frame.
        calls: from each instruction to the functions it calls.
        entered: where functions begin that are entered as called.
        last_calls: places of calls behind which their function has no code.
    """

    program: Program
    decode: Decoder
    reached: dict[Function, None] = field(default_factory=dict)
    findings: dict[tuple[int, str], Finding] = field(default_factory=dict)
    indirect: dict[int, str] = field(default_factory=dict)
    instructions: dict[int, Instruction] = field(default_factory=dict)
    owner: dict[int, Function] = field(default_factory=dict)
    visited: set[int] = field(default_factory=set)
    links: dict[int, set[int]] = field(default_factory=dict)
    calls: dict[int, set[int]] = field(default_factory=dict)
    entered: set[int] = field(default_factory=set)
    last_calls: set[int] = field(default_factory=set)
    _bytes: int = 0
    _waiting: list[int] = field(default_factory=list)
    _pointers: tuple[set[Function], str] | None = None

    def enter(self, function: Function) -> None:
        """Takes a function as called."""
        self._read(function)
        if function.address in self.instructions:
            self.entered.add(function.address)
            self._go(function.address)
        else:
            self.find(function, function.address, "no instruction where the function begins")

    def run(self) -> None:
        """Walks until nothing new is reached."""
        while self._waiting:
            self._step(self.instructions[self._waiting.pop()])

    def judge_last_calls(self) -> None:
        """A call with no code behind it must be of what never comes back."""
        comes_back: dict[int, bool] = {}
        for address in sorted(self.last_calls):
            for target in sorted(self.calls.get(address, ())):
                if target not in comes_back:
                    comes_back[target] = self._comes_back(target)
                if comes_back[target]:
                    self.blame(self.instructions[address], "may come back to what is not code of its function")

    def _comes_back(self, start: int) -> bool:
        seen, waiting = {start}, [start]
        while waiting:
            address = waiting.pop()
            kind = flow(self.instructions[address]).kind
            if kind in (Kind.RETURN, Kind.RETURN_STACK, Kind.INDIRECT_JUMP):
                return True
            for target in self.links.get(address, ()):
                if target not in seen and not (address in self.last_calls and target in self.program.starts):
                    seen.add(target)
                    waiting.append(target)
        return False

    def blame(self, item: Instruction, why: str) -> None:
        """Adds a finding on an instruction."""
        self.find(self.owner[item.address], item.address, f"{item.text}: {why}")

    def find(self, function: Function, address: int, text: str) -> None:
        self.findings.setdefault((address, text), Finding(function.name, address, text))

    def _read(self, function: Function) -> None:
        """Decodes a function once, and holds every instruction against the list."""
        if function in self.reached:
            return
        self.reached[function] = None
        self._bytes += function.end - function.address
        if self._bytes > CODE_LIMIT:
            raise InputError(f"has functions of more than {CODE_LIMIT >> 20} MiB in all", where=str(self.program.path))
        section = self.program.section(function.address)
        if section is None or not section.is_code:
            self.find(function, function.address, "a function in a section of data")
        elif section.changes:
            self.find(function, function.address, "code in RAM, which the program can change")
        for begin, end, kind in self.program.ranges(function.address, function.end):
            if kind == "a":
                self.find(function, begin, "code that is not Thumb")
            if kind != "t":
                continue
            at = begin
            for item in self.decode(begin, end):
                at = item.address + item.size
                self.instructions[item.address] = item
                self.owner[item.address] = function
                if not allowed(item.mnemonic, self.program.arch.v81):
                    self.find(function, item.address, item.text)
            if at != end:
                self.find(function, at, "bytes that do not decode")

    def _go(self, address: int) -> None:
        if address not in self.visited:
            self.visited.add(address)
            self._waiting.append(address)

    def _reach(self, item: Instruction, address: int, call: bool = False) -> None:
        """Goes to a place that an instruction names, in whichever function it lies.

        Args:
            call: a function begins there, which finds the stack as any function does.
        """
        if address not in self.instructions:
            function = self.program.containing(address)
            if function is None:
                self.blame(item, "leads to no function")
                return
            self._read(function)
        self._library(item, address)
        if address in self.instructions:
            (self.calls if call and address in self.program.starts else self.links).setdefault(item.address, set()).add(
                address
            )
            self._go(address)
        else:
            self.blame(item, "leads into the middle of an instruction, or into data")

    def _library(self, item: Instruction, address: int) -> None:
        for name in sorted(self.program.names.get(address, ())):
            if helper(name):
                self.blame(item, f"calls {name}, which multiplies, divides or works on floating-point numbers")
                return

    def _step(self, item: Instruction) -> None:
        way = flow(item)
        if way.kind is Kind.BRANCH:
            self._reach(item, way.target)
        elif way.kind is Kind.CALL:
            self._reach(item, way.target, call=True)
        elif way.kind in (Kind.INDIRECT_CALL, Kind.INDIRECT_JUMP):
            self._pointer(item, way.kind is Kind.INDIRECT_CALL)
        elif way.kind is Kind.LITERAL:
            word = self.program.word(way.target)
            self._reach(item, (word or 0) & ~1)
        elif way.kind is Kind.TABLE:
            self._table(item)
        elif way.kind is Kind.UNKNOWN:
            self.blame(item, "leads to a place that cannot be known")
        if way.conditional or way.kind is Kind.NEXT or way.kind in CALLS:
            self._fall(item, way)

    def _fall(self, item: Instruction, way: Flow) -> None:
        """Goes on to the next instruction."""
        following, function = item.address + item.size, self.owner[item.address]
        fills_up = way.kind in CALLS and self._fills_up(following)
        if way.kind in CALLS and (fills_up or following >= function.end or following not in self.instructions):
            self.last_calls.add(item.address)
        if fills_up:
            return
        if following in self.instructions:
            self.links.setdefault(item.address, set()).add(following)
            self._go(following)
        elif following == function.end and following in self.program.starts:
            self._reach(item, following)
        elif way.kind not in CALLS:  # those are judged when all of the callee is known: see judge_last_calls
            self.find(function, item.address, f"{item.text}: runs on into what is not code")

    def _fills_up(self, address: int) -> bool:
        """Whether there is nothing but a nop in front of literals, behind a call that never returns.

        Armv6-M branches far away by ``bl`` as well: it reaches further than ``b``.
        """
        item = self.instructions.get(address)
        return (
            item is not None
            and item.text in FILLING
            and address + item.size not in self.instructions
            and address + item.size < self.owner[address].end
        )

    def _pointer(self, item: Instruction, call: bool) -> None:
        """A call through a pointer may reach every function whose address the program holds anywhere."""
        if self._pointers is None:
            self._pointers = address_taken(self.program, self.decode)
        functions, doubt = self._pointers
        self.indirect[item.address] = item.text
        if doubt or not functions:
            self.blame(item, f"leads to a place that cannot be known ({doubt or 'no address of a function is stored'})")
        for function in functions:
            self._read(function)
            self._reach(item, function.address, call)

    def _table(self, item: Instruction) -> None:
        """Jumps to each place in the table that follows a tbb or tbh (Armv7-M ARM, A7.7.185)."""
        base, function = item.address + 4, self.owner[item.address]
        width = 1 if split(item.mnemonic)[0] == "tbb" else 2
        end = next((last for first, last, kind in self.program.ranges(base, function.end) if kind == "d"), base)
        table = self.program.read(base, end - base)
        entries = [int.from_bytes(table[at : at + width], "little") for at in range(0, len(table) - width + 1, width)]
        if width == 1 and entries and entries[-1] == 0:
            entries.pop()  # fills up to an even address
        if not entries or self.program.ranges(base, function.end)[0][2] != "d":
            self.blame(item, "has no table behind it")
        for entry in entries:
            self._reach(item, base + 2 * entry)
