"""Whether stopping early pays: instructions of models of T = 2 and T = 4, and what a run in two chunks would need.

edge-snn anytime fashion-mnist --data fashion-mnist --validation fashion-mnist --json > build/anytime.json
python tools/anytime_cost.py fashion-mnist --anytime build/anytime.json [--board mps2-an386] [--images 10] [--json]

What the figures mean is in docs/anytime.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from edge_snn import data
from edge_snn.anytime.cost import carried, row_adds
from edge_snn.api import load
from edge_snn.cli.common import make_table, print_json
from edge_snn.cli.main import main as run
from edge_snn.data.dataset import Dataset
from edge_snn.errors import InputError, MismatchError
from edge_snn.graph.model import IntegerModel
from edge_snn.models import zoo
from edge_snn.passes.retime import retime
from edge_snn.plan import build_plan
from edge_snn.profile import bench
from edge_snn.profile.measure import measure
from edge_snn.profile.report import describe
from firmware_gen import boards
from firmware_gen.boards import Board

CALIBRATION = 256  # images, as in `edge-snn convert`
ROW = 12  # instructions that add a row of 16 outputs, with DSP (docs/kernels.md)


def instructions(model: IntegerModel, board: Board, dataset: Dataset) -> tuple[float, float, int]:
    """Mean instructions of an image, those of its first layer, and the arena's bytes."""
    made = measure(model, board, dataset, Path("build") / "anytime" / f"{model.sha256[:12]}-{board.name}")
    report = describe(made)
    if report["stopped"] or report["mismatched_images"]:
        raise MismatchError(f"stopped, or differs from the host: {report['stopped']}", where=board.name)
    return (
        report["total"]["instructions"],
        report["layers"][0]["instructions"],
        build_plan(model, **board.plan_options).arena_bytes,
    )


def gone_on(path: Path, model: IntegerModel, first: int) -> dict[str, Any]:
    """The schedule ``first`` + the rest in the output of `edge-snn anytime --json`."""
    document = json.loads(path.read_text(encoding="utf-8"))
    if document["sha256"] != model.sha256:
        raise InputError("is of another model", where=str(path))
    wanted = [first, model.graph.timesteps - first]
    for item in document["schedules"]:
        if item["schedule"] == wanted and item["margin"] is not None:
            return {"timesteps": document["timesteps"], **item}
    raise InputError(f"has no margin rule of schedule {first}+{wanted[1]}", where=str(path))


def estimate(name: str, rules: Path, board: Board, count: int, first: int) -> dict[str, Any]:
    """All figures of one model on one board; ``*_estimated`` ones are of firmware that nobody built."""
    model, card = load(name), zoo.card(name)
    whole = model.graph.timesteps
    found = gone_on(rules, model, first)
    calibration = data.fit(data.load(card["calibration"], "train", CALIBRATION), model.input_shape)
    short = retime(model, first, calibration.x)
    images = bench.images_for(card, model, count)
    cost, layer, arena = instructions(short, board, images)
    full, _, full_arena = instructions(model, board, images)
    early, late = range(first), range(first, whole)
    rows = row_adds(model, images.x, [tuple(early), tuple(late), tuple(range(whole))])
    memory = carried(model, whole - first)
    # A residue is stored by one instruction and loaded by another, two neurons a word.
    handling = memory.neurons / 2 * (2 if memory.residue_bytes > 2 * memory.neurons else 1)
    second = cost - layer + ROW * (rows[1] - rows[0]) + handling
    result: dict[str, Any] = {
        "model": name,
        "sha256": model.sha256,
        "board": board.name,
        "images": len(images.x),
        "schedule": [first, whole - first],
        "instructions": {"first": cost, "whole": full, "second_estimated": second},
        "row_adds": {"first": rows[0], "second": rows[1], "whole": rows[2]},
        "sharing_lost": (rows[0] + rows[1]) / rows[2] - 1,
        "arena_bytes": {"first": arena, "whole": full_arena},
        "carried": {"neurons": memory.neurons, "residues": memory.residue_bytes, "spikes": memory.spike_bytes},
        "board_ram": board.ram.length if board.ram else None,
        "rules": {},
    }
    for rule in ("exact", "margin"):
        on = 1 - found[rule]["ended"][0]
        result["rules"][rule] = {
            "gone_on": on,
            "accuracy": found[rule]["accuracy"],
            "lost": found["chunks"][-1]["accuracy"] - found[rule]["accuracy"],
            "again_from_the_start": (cost + on * full) / full,
            "chunks_estimated": (cost + handling + on * second) / full,
            # No chunked firmware beats this one: nothing is lost over time, and residues cost nothing.
            "chunks_at_best": (cost + on * (full - cost)) / full,
        }
    return result


def show(facts: dict[str, Any]) -> None:
    """Prints the figures of one model."""
    from rich.console import Console

    out = Console(highlight=False, width=120)
    first, second = facts["schedule"]
    made, rows, ram = facts["instructions"], facts["row_adds"], facts["carried"]
    out.print(f"[bold]{facts['model']}[/bold] on {facts['board']}, {first}+{second}, {facts['images']} images")
    out.print(
        f"instructions: T = {first} {made['first']:,}, T = {first + second} {made['whole']:,} "
        f"(ratio {made['first'] / made['whole']:.3f}); second chunk {made['second_estimated']:,.0f} (estimated)"
    )
    out.print(
        f"rows added: {rows['first']:,.0f} + {rows['second']:,.0f} in chunks, {rows['whole']:,.0f} in one "
        f"({facts['sharing_lost']:+.1%})"
    )
    out.print(
        f"RAM: arena {facts['arena_bytes']['first']:,} (T = {first}), {facts['arena_bytes']['whole']:,} "
        f"(T = {first + second}); chunks carry {ram['residues'] + ram['spikes']:,} more; the board has "
        f"{facts['board_ram'] or 0:,}"
    )
    table = make_table("rule", "gone on", "accuracy", "lost", "again from the start", "chunks (est.)", "chunks at best")
    for rule, row in facts["rules"].items():
        keys = ("again_from_the_start", "chunks_estimated", "chunks_at_best")
        ratios = (f"{row[key]:.3f}" for key in keys)
        table.add_row(rule, f"{row['gone_on']:.1%}", f"{row['accuracy']:.4f}", f"{row['lost']:.4f}", *ratios)
    out.print(table)
    out.print("The last three: mean instructions over those of one run of all steps; below 1 it pays.\n")


@click.command()
@click.argument("name")
@click.option("--anytime", "rules", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True)
@click.option("--board", "board_name", default="mps2-an386", show_default=True, help="Emulated board.")
@click.option("--images", type=click.IntRange(min=1), default=bench.IMAGES, show_default=True)
@click.option("--first", type=click.IntRange(min=1), default=2, show_default=True, help="Steps of the first chunk.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def main(name: str, rules: Path, board_name: str, images: int, first: int, as_json: bool) -> None:
    """Measures shipped model NAME and prints what stopping early costs or saves."""
    facts = estimate(name, rules, boards.load(board_name), images, first)
    if as_json:
        print_json(facts)
    else:
        show(facts)


if __name__ == "__main__":
    run(command=main)
