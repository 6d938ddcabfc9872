"""Joins counts of executed blocks with the disassembly: classes of instructions, functions, modelled cycles."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edge_snn.errors import InputError
from edge_snn.profile.classes import FORBIDDEN, classify
from edge_snn.profile.cycles import CycleModel, block_cycles
from edge_snn.profile.plugin import Block, Counts, Runs
from firmware_gen.verify import verify
from firmware_gen.verify.allowed import helper
from firmware_gen.verify.decode import Instruction, decoder
from firmware_gen.verify.elf import Function, Program


@dataclass
class Window:
    """What was executed in one window of time, over all inferences.

    Attributes:
        classes: executed instructions by class.
        cycles: modelled; None where the core has no model.
    """

    classes: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)
    cycles: float | None = 0.0

    @property
    def instructions(self) -> int:
        return sum(self.classes.values())


@dataclass(frozen=True)
class Histogram:
    """Executed instructions of some inferences.

    Attributes:
        counts: executed instructions, int64 [inferences, steps + 2], by window.
        windows: before the first step; the steps; behind the last.
    """

    counts: np.ndarray
    windows: tuple[Window, ...]
    model: CycleModel

    @property
    def inferences(self) -> int:
        return int(self.counts.shape[0])

    @property
    def total(self) -> Window:
        """All windows together."""
        whole = Window()
        for window in self.windows:
            whole.classes += window.classes
            whole.functions += window.functions
        values = [window.cycles for window in self.windows]
        whole.cycles = None if None in values else sum(value for value in values if value is not None)
        return whole


class Code:
    """The instructions of a program, decoded function by function as they are asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._decode = decoder(program)[1]
        self._known: dict[Function, dict[int, Instruction]] = {}

    def function(self, address: int) -> Function:
        """The function around an address; InputError if there is none."""
        found = self.program.containing(address)
        if found is None:
            raise InputError(f"executed {address:#x}, where no function lies", where=str(self.program.path))
        return found

    def instructions(self, function: Function) -> dict[int, Instruction]:
        """Instructions of a function by address."""
        if function not in self._known:
            self._known[function] = {
                item.address: item
                for begin, end, kind in self.program.ranges(function.address, function.end)
                if kind == "t"
                for item in self._decode(begin, end)
            }
        return self._known[function]

    def block(self, block: Block) -> tuple[Function, list[Instruction], Instruction | None]:
        """The function of a block, its instructions, and the one at the address before it.

        Raises:
            InputError: the disassembler does not see instructions where the emulator executed some.
        """
        function = self.function(block.begin)
        table = self.instructions(function)
        items: list[Instruction] = []
        at = block.begin
        for _ in range(block.instructions):
            item = table.get(at) or self.instructions(self.function(at)).get(at)
            if item is None:
                raise InputError(f"executed {at:#x}, where no instruction decodes", where=str(self.program.path))
            items.append(item)
            at += item.size
        before = next((table[at] for at in (block.begin - 2, block.begin - 4) if _ends(table.get(at), block)), None)
        return function, items, before


def _ends(item: Instruction | None, block: Block) -> bool:
    return item is not None and item.address + item.size == block.begin


def histogram(program: Program, counts: Counts, model: CycleModel) -> Histogram:
    """Sorts executed instructions by window, class and function."""
    code = Code(program)
    made = [Window() for _ in counts.windows]
    for window, blocks in zip(made, counts.windows):
        for block, runs in blocks.items():
            _add(window, code, block, runs, model)
    return Histogram(counts.instructions, tuple(made), model)


def _add(window: Window, code: Code, block: Block, runs: Runs, model: CycleModel) -> None:
    function, items, before = code.block(block)
    for item in items[:-1]:
        window.classes[classify(item, code.program.arch.v81)] += runs.count
    last = classify(items[-1], code.program.arch.v81)
    if last == "branch taken":
        window.classes["branch taken"] += runs.taken
        window.classes["branch not taken"] += runs.count - runs.taken
    else:
        window.classes[last] += runs.count
    window.functions[function.name] += runs.count * block.instructions
    if window.cycles is not None:
        spent = None
        if model.costs is not None:
            spent = block_cycles(model.costs, items, before, (runs.count, runs.taken, runs.fallen))
        window.cycles = None if spent is None else window.cycles + spent


@dataclass(frozen=True)
class Agreement:
    """Whether the executed code bears out the static proof (firmware_gen/verify).

    Attributes:
        static_clean: the static proof found nothing.
        forbidden: executions of forbidden classes, and of library functions that multiply, divide or work on floats.
        functions: executed, by name.
        outside: executed, though the static proof never reached them.
    """

    static_clean: bool
    forbidden: dict[str, int]
    functions: tuple[str, ...]
    outside: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return self.static_clean and not self.outside and not any(self.forbidden.values())


def agreement(elf: Path, made: Histogram) -> Agreement:
    """Holds what was executed against what the static proof reached on the same program."""
    proof = verify(elf)
    reached = {*proof.functions, *proof.interrupt_functions}
    total = made.total
    forbidden = {name: total.classes[name] for name in FORBIDDEN}
    forbidden["library arithmetic"] = sum(count for name, count in total.functions.items() if helper(name))
    functions = tuple(sorted(total.functions))
    return Agreement(proof.clean, forbidden, functions, tuple(name for name in functions if name not in reached))
