"""``edge-snn profile``: executed instructions of every layer on an emulated board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from edge_snn.api import dataset_for, load
from edge_snn.cli.common import console, json_option, print_json, progress_bar
from edge_snn.errors import DeviceError, ExitCode, MismatchError

WIDTH = 118
FUNCTIONS = 12  # shown; --json has all


@click.command("profile")
@click.option("--emulate", required=True, metavar="BOARD", help="Build for BOARD and run it emulated.")
@click.option("--model", "model_path", required=True, metavar="MODEL", help=".esnn file or shipped model.")
@click.option("--data", "data_name", required=True, metavar="DATA", help="Data set name, .npz file or folder.")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Only the first N images.")
@click.option("--histogram", is_flag=True, help="Also count executed instructions by class, and model cycles.")
@click.option("--chart", type=click.Path(path_type=Path), metavar="FILE", help="Bar chart: FILE ends in .png or .svg.")
@json_option
def command(
    emulate: str, model_path: str, data_name: str, limit: int, histogram: bool, chart: Path | None, as_json: bool
) -> None:
    """Count the instructions that each layer executes, on the first images of DATA (means over them).

    A layer is a step of the plan: a convolution or linear layer with its neuron, an attention with its K. The rival is
    one dense int8 pass of the same shapes, reckoned. --histogram also confirms on the executed code that nothing
    multiplies (exit code 1 if something does). See docs/performance.md.

    \b
    Examples:
      edge-snn profile --emulate mps2-an386 --model fashion-mnist --data fashion-mnist-1000 --limit 10
      edge-snn profile --emulate microbit --model fashion-mnist-nano --data fashion-mnist-1000 --histogram
    """
    from edge_snn.profile import chart as charts
    from edge_snn.profile.measure import check_board, measure
    from edge_snn.profile.report import describe
    from firmware_gen import boards

    board = boards.load(emulate)
    check_board(board)
    if chart is not None:
        charts.check(chart)
    model = load(model_path)
    dataset = dataset_for(data_name, model, limit)
    folder = Path("build") / "profile" / f"{model.sha256[:12]}-{board.name}"
    count = len(dataset.x)
    with progress_bar(board.name, 2 * count, quiet=as_json) as bar:
        made = measure(
            model,
            board,
            dataset,
            folder,
            lambda done, note: bar(count + done, note),
            histogram,
            lambda done: bar(done, "host reference"),
        )
    report = describe(made)
    if chart is not None:
        charts.write(report, chart)
    if as_json:
        print_json(report)
    else:
        show(report)
        if histogram and made.histogram is not None:
            show_histogram(report)
        if chart is not None:
            console(False).print(f"\n{escape(str(chart))}")
    _judge(report)


def show(report: dict[str, Any]) -> None:
    """Prints the table of a profile."""
    out = console(False)
    out.width = max(out.width, WIDTH)  # a table of numbers cut short is no table
    heads = ("layer", "kind", "neurons", "rate", "instructions", "share", "dense MACs", "rival", "ratio")
    table = Table(heads[0], heads[1], box=None)
    for head in heads[2:]:
        table.add_column(head, justify="right")
    for layer in report["layers"]:
        table.add_row(escape(layer["name"]), layer["kind"], *_numbers(layer, f"{layer['share'] or 0:.1%}"))
    table.add_section()
    table.add_row("all", "", *_numbers(report["total"], ""))
    out.print(table)
    out.print(
        f"\n{report['board']} ({report['core']}), {report['images']} images: instructions are means over them, "
        f"{report['total']['min'] or 0:,} to {report['total']['max'] or 0:,} an image. "
        "Rival: one dense int8 pass of the same shapes, reckoned."
    )


def show_histogram(report: dict[str, Any]) -> None:
    """Prints classes of executed instructions, modelled cycles, and whether the proof holds."""
    out = console(False)
    out.width = max(out.width, WIDTH)
    total = report["total"]
    table = Table("executed", box=None)
    table.add_column("an image", justify="right")
    table.add_column("share", justify="right")
    count = sum(total["histogram"].values())
    for name, value in total["histogram"].items():
        table.add_row(name, f"{value:,}", f"{value / count:.1%}")
    out.print()
    out.print(table)
    table = Table("function", box=None)
    table.add_column("instructions", justify="right")
    table.add_column("share", justify="right")
    for name, value in list(report["functions"].items())[:FUNCTIONS]:
        table.add_row(escape(name), f"{value:,}", f"{value / count:.1%}")
    out.print()
    out.print(table)
    model = report["cycle_model"]
    out.print()
    if total["modelled_cycles"] is None:
        out.print(f"modelled cycles: none. {model['source']}.", soft_wrap=True)
    else:
        cycles = Table("layer", box=None)
        cycles.add_column("modelled cycles", justify="right")
        cycles.add_column("an instruction", justify="right")
        for row in [*report["layers"], {**total, "name": "all"}]:
            each = row["modelled_cycles"] / row["instructions"] if row["instructions"] else 0.0
            cycles.add_row(escape(row["name"]), f"{row['modelled_cycles']:,}", f"{each:.2f}")
        out.print(cycles)
        out.print(f"\nan estimate by {model['kind']}: {model['source']}", soft_wrap=True)
    proof = report["proof"]
    out.print(
        f"\nmultiplies {proof['forbidden']['multiply']}, divides {proof['forbidden']['divide']}, "
        f"floating point {proof['forbidden']['float']} executed; {len(proof['functions'])} functions, "
        f"{len(proof['outside'])} beyond those that the static proof reached"
    )


def _numbers(row: dict[str, Any], share: str) -> list[str]:
    def number(value: Any, form: str = ",") -> str:
        return "" if value is None else format(value, form)

    return [
        number(row["neurons"]),
        number(row["rate"], ".3f"),
        number(row["instructions"]),
        share,
        number(row["dense_macs"] or None),
        number(row["rival_instructions"] or None),
        number(row["ratio"], ".3f"),
    ]


def _judge(report: dict[str, Any]) -> None:
    """Raises the error that the profile deserves."""
    from edge_snn.profile.report import objection

    if report["stopped"] == "interrupted":
        click.echo(f"interrupted after {report['images']} images; the table is of these", err=True)
        raise click.exceptions.Exit(ExitCode.INTERRUPTED)
    if report["stopped"]:
        raise DeviceError(f"stopped after {report['images']} images: {report['stopped']}")
    told = objection(report)
    if told:
        raise MismatchError(told, hint="edge-snn verify names the places")
    if report["mismatched_images"]:
        raise MismatchError(f"device and host differ in {report['mismatched_images']} images")
