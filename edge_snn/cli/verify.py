"""``edge-snn verify``: the proof that inference never multiplies, on the program that is flashed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from edge_snn.cli.common import console, json_option, make_table, print_json
from edge_snn.errors import ExitCode

if TYPE_CHECKING:
    from firmware_gen.verify import Proof

ENTRY = "esnn_model_infer"
SHOWN = 50


def describe(elf: Path, proof: Proof) -> dict[str, Any]:
    """The result as plain data; addresses are numbers."""
    return {
        "elf": str(elf),
        "entry": proof.entry,
        "core": proof.arch.core,
        "arch": proof.arch.name,
        "mve": bool(proof.arch.mve),
        "decoder": proof.decoder,
        "functions": list(proof.functions),
        "instructions": proof.instructions,
        "interrupts": [{"function": item.function, "vectors": list(item.vectors)} for item in proof.interrupts],
        "interrupt_functions": list(proof.interrupt_functions),
        "interrupt_instructions": proof.interrupt_instructions,
        "indirect": list(proof.indirect),
        "findings": [asdict(item) for item in proof.findings],
        "clean": proof.clean,
    }


@click.command("verify")
@click.argument("elf", type=click.Path(path_type=Path))
@click.option("--entry", default=ENTRY, show_default=True, help="Function where inference begins.")
@click.option("--expect", multiple=True, metavar="NAME", help="A function that must be reached; may be repeated.")
@json_option
@click.pass_context
def command(ctx: click.Context, elf: Path, entry: str, expect: tuple[str, ...], as_json: bool) -> None:
    """Prove that inference in ELF executes no multiply, divide or floating-point instruction.

    Everything reachable from the entry, and every interrupt handler, is disassembled and held against a list of allowed
    instructions. ELF is a linked Cortex-M program with symbols (`edge-snn build`, or your own). Exit code 1: something
    is not allowed, or cannot be followed.

    \b
    Example:
      edge-snn verify build/firmware/.../firmware.elf
    """
    from firmware_gen.verify import verify

    proof = verify(elf, entry, expect)
    if as_json:
        print_json(describe(elf, proof))
    else:
        _print(proof)
    if not proof.clean:
        ctx.exit(ExitCode.MISMATCH)


def _print(proof: Proof) -> None:
    out = console(False)
    table = make_table("", "functions", "instructions")
    table.add_row(f"from {escape(proof.entry)}", f"{len(proof.functions):,}", f"{proof.instructions:,}")
    table.add_row("from interrupts only", f"{len(proof.interrupt_functions):,}", f"{proof.interrupt_instructions:,}")
    out.print(f"{escape(proof.arch.core)} ({proof.arch.name}), read by {proof.decoder}")
    out.print(table)
    handlers = ", ".join(f"{item.function} ({_numbers(item.vectors)})" for item in proof.interrupts)
    out.print(f"interrupt handlers, by vector: {escape(handlers) or 'none'}")
    if proof.indirect:
        out.print(f"calls through pointers: {len(proof.indirect)}, each taken to reach every function with an address")
    for finding in proof.findings[:SHOWN]:
        out.print(escape(f"  {finding}"), soft_wrap=True)
    if len(proof.findings) > SHOWN:
        out.print(f"  and {len(proof.findings) - SHOWN:,} more (--json lists all)")
    if proof.clean:
        out.print("clean: inference executes no multiply, divide or floating-point instruction")
    else:
        out.print(f"not clean: {len(proof.findings):,} findings")


def _numbers(vectors: tuple[int, ...]) -> str:
    """``(2, 3, 4, 15)`` as "2..4, 15"."""
    parts = []
    for number in vectors:
        if number - 1 not in vectors:
            parts.append(str(number))
        elif number + 1 not in vectors:
            parts[-1] += f"..{number}"
    return ", ".join(parts)
