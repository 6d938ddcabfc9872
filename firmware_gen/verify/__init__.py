"""Proves on a linked ELF that inference executes no multiply, divide or floating-point instruction.

The rules, and what they take for granted, are in docs/verify.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from edge_snn.errors import InputError
from firmware_gen.verify import lines
from firmware_gen.verify.allowed import allowed
from firmware_gen.verify.attributes import Arch
from firmware_gen.verify.decode import Decoder, decoder
from firmware_gen.verify.elf import Program, load
from firmware_gen.verify.frames import Frames, core_functions, register_words
from firmware_gen.verify.pointers import tables, vectors
from firmware_gen.verify.walk import Finding, Walk

__all__ = ["ENTRY", "Arch", "Finding", "Interrupt", "Proof", "allowed", "verify"]

ENTRY = "esnn_model_infer"
NO_FUNCTION = "(program)"


@dataclass(frozen=True)
class Interrupt:
    """A handler that may run during inference, and the numbers of its vectors (15: SysTick)."""

    function: str
    vectors: tuple[int, ...]


@dataclass(frozen=True)
class Proof:
    """Result of :func:`verify`.

    Attributes:
        decoder: the disassembler that was used.
        functions: reached from the entry, by name.
        instructions: of these functions.
        interrupts: every handler in the vector table but reset's; part of the verdict.
        interrupt_functions: reached from the handlers only.
        interrupt_instructions: of those.
        indirect: calls through pointers, as "function: instruction".
        findings: what is not allowed; none means proved.
    """

    entry: str
    arch: Arch
    decoder: str
    functions: tuple[str, ...]
    instructions: int
    interrupts: tuple[Interrupt, ...]
    interrupt_functions: tuple[str, ...]
    interrupt_instructions: int
    indirect: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        return not self.findings


def _without_entry(program: Program, entry: str) -> str:
    """What to do where the entry is missing: it is a function of ours, so something took it away."""
    first = program.starts.get(program.start)
    if entry != ENTRY or first is None:
        return ""
    return (
        "link-time optimisation may have put it into its caller: compile model.c without -flto, or verify everything "
        f"from where execution starts: --entry {first.name}"
    )


def _tables_at_run_time(program: Program, decode: Decoder) -> tuple[list[int], list[Finding]]:
    """Vector tables that the program sets, wherever it does: places of constant ones; findings of all others."""
    walk = Walk(program, decode)
    for function in program.functions:
        walk.enter(function)
    walk.run()
    frames = Frames(program, walk, core_functions(walk), frozenset(), calls=False)
    frames.run()
    known, unknown = frames.tables()
    found = [Finding(walk.owner[item.address].name, item.address, f"{item.text}: {why}") for item, why in unknown]
    good = []
    for place, address in sorted(known.items()):
        section = program.section(place, 8)
        if section is None or section.changes:
            text = f"sets a vector table at {place:#x}, where there is none that stays as it is"
            found.append(Finding(walk.owner[address].name, address, text))
        else:
            good.append(place)
    return good, found + [
        Finding(NO_FUNCTION, place, "holds the address of the vector table's register")
        for place in register_words(program)
    ]


def _start(program: Program, places: tuple[int, ...]) -> list[Finding]:
    """Whether execution starts where a vector table says, with a stack."""
    if not places:
        return [Finding(NO_FUNCTION, program.start, "no vector table was found, so interrupts are unknown")]
    if any(program.word(place + 4) == program.start | 1 for place in places):
        return []
    return [
        Finding(NO_FUNCTION, program.start, "the file's entry point is in no vector table, so it may not be what runs")
    ]


def verify(elf: Path, entry: str = ENTRY, expected: Iterable[str] = ()) -> Proof:
    """Holds every instruction that inference can reach, interrupts included, against the list of allowed ones.

    Args:
        elf: a linked program for a Cortex-M, with symbols.
        entry: the function where inference begins.
        expected: functions that must be reached, e.g. the kernels of the model; one that is not is a finding.

    Raises:
        InputError: not such a program, damaged, stripped, or without the entry.
        ToolMissingError: capstone (or, for Armv8.1-M, binutils) is not installed.
    """
    program = load(elf)
    if entry not in program.aliases:
        raise InputError(f"has no function {entry[:100]}", where=str(elf), hint=_without_entry(program, entry))
    tool, decode = decoder(program)
    first = program.aliases[entry]
    run_time, moved = _tables_at_run_time(program, decode)
    tables_at = tables(program, run_time)
    table = vectors(program, tables_at)

    walk = Walk(program, decode)
    walk.enter(first)
    walk.run()
    functions, count = set(walk.reached), len(walk.instructions)
    handlers: dict[str, list[int]] = {}
    extra = [*moved, *_start(program, tables_at)]
    for vector in table:
        if vector.function is None:
            text = f"vector {vector.number} holds {vector.word:#x}, where no function begins"
            extra.append(Finding(NO_FUNCTION, vector.place, text))
        else:
            handlers.setdefault(vector.function.name, []).append(vector.number)
            walk.enter(vector.function)
    walk.run()
    walk.judge_last_calls()
    interrupts = frozenset(program.aliases[name].address for name in handlers)
    frames = Frames(program, walk, interrupts | {first.address}, interrupts)
    frames.run()
    for item, why in frames.judge():
        walk.blame(item, why)

    reached = {name for name, function in program.aliases.items() if function in functions}
    extra += [
        Finding(NO_FUNCTION, first.address, f"{name} is never reached") for name in expected if name not in reached
    ]
    findings = sorted(walk.findings.values(), key=lambda finding: (finding.address, finding.text))
    sources = lines.lookup(program.data, (finding.address for finding in findings))
    located = [
        replace(finding, file=sources[finding.address][0], line=sources[finding.address][1])
        if finding.address in sources
        else finding
        for finding in findings
    ]
    return Proof(
        entry,
        program.arch,
        tool,
        tuple(sorted(function.name for function in functions)),
        count,
        tuple(Interrupt(name, tuple(numbers)) for name, numbers in sorted(handlers.items())),
        tuple(sorted(function.name for function in walk.reached if function not in functions)),
        len(walk.instructions) - count,
        tuple(f"{walk.owner[address].name}: {text}" for address, text in sorted(walk.indirect.items())),
        (*located, *extra),
    )
