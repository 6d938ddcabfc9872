"""``edge-snn codegen``: the C of a model, without building it."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from edge_snn.api import load
from edge_snn.cli.common import console, json_option, print_json


@click.command("codegen")
@click.argument("model_path", metavar="MODEL")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for the C files.")
@click.option("--vectors", is_flag=True, help="For a core with vector registers: Helium, Cortex-M55.")
@json_option
def command(model_path: str, output: Path, vectors: bool, as_json: bool) -> None:
    """Write the C of MODEL (an .esnn file or a shipped model's name): model.c, model_config.h and kernels.cmake.

    They compile with the kernels in firmware_gen/kernels: kernels.cmake lists those that the model needs on each core.
    The contract is esnn_model.h.

    \b
    Example:
      edge-snn codegen fashion-mnist -o build/c
    """
    from edge_snn.plan import build_plan
    from firmware_gen.codegen import generate

    made = generate(build_plan(load(model_path), vectors), output)
    facts = {
        "files": [str(path) for path in made.files],
        "steps": len(made.plan.steps),
        "arena_bytes": made.plan.arena_bytes,
        "memory": made.plan.table(),
    }
    if as_json:
        print_json(facts)
    else:
        for path in made.files:
            console(False).print(escape(str(path)))
        console(False).print(f"{len(made.plan.steps)} steps, arena of {made.plan.arena_bytes:,} bytes")
