"""``edge-snn build``: the firmware of a model for a board."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from edge_snn.api import build, load
from edge_snn.cli.common import console, json_option, print_json


@click.command("build")
@click.argument("model_path", metavar="MODEL")
@click.option("--board", "board_name", required=True, help="Board; `edge-snn boards` lists them.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder [default: build/firmware/MODEL-BOARD].")
@json_option
def command(model_path: str, board_name: str, output: Path | None, as_json: bool) -> None:
    """Generate and build the firmware of MODEL (an .esnn file or a shipped model's name).

    \b
    Example:
      edge-snn build fashion-mnist-nano --board microbit
    """
    model = load(model_path)
    made = build(model, board_name, folder=output)
    facts = {
        "elf": str(made.elf),
        "board": made.board.name,
        "model_sha256": model.sha256,
        "sections": made.sections,
        "flash_bytes": made.flash_bytes,
        "ram_bytes": made.ram_bytes,
        "arena_bytes": made.generated.plan.arena_bytes,
        "stack_bound": made.stack_bound,
    }
    if as_json:
        print_json(facts)
        return
    out = console(False)
    out.print(escape(str(made.elf)))
    out.print(f"flash {made.flash_bytes:,} bytes, RAM {made.ram_bytes:,} bytes (stack bound {made.stack_bound:,})")
