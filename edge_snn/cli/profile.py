"""``edge-snn profile``: executed instructions of every layer on an emulated board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from edge_snn.cli.common import console, json_option, load_model, print_json, progress_bar
from edge_snn.errors import DeviceError, ExitCode, MismatchError

WIDTH = 118


@click.command("profile")
@click.option("--emulate", required=True, metavar="BOARD", help="Build for BOARD and run it emulated.")
@click.option("--model", "model_path", required=True, metavar="MODEL", help=".esnn file or shipped model.")
@click.option("--data", "data_name", required=True, metavar="DATA", help="Data set name, .npz file or folder.")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Only the first N images.")
@json_option
def command(emulate: str, model_path: str, data_name: str, limit: int, as_json: bool) -> None:
    """Count the instructions that each layer executes, on the first images of DATA (means over them).

    A layer is a step of the plan: a convolution or linear layer with its neuron, an attention with its K. The rival is
    one dense int8 pass of the same shapes (docs/performance.md).

    \b
    Example:
      edge-snn profile --emulate mps2-an386 --model fashion-mnist --data fashion-mnist-1000 --limit 10
    """
    from edge_snn import data
    from edge_snn.profile.measure import check_board, measure
    from edge_snn.profile.report import describe
    from firmware_gen import boards

    board = boards.load(emulate)
    check_board(board)
    model = load_model(model_path)
    dataset = data.fit(data.load(data_name, "test", limit), model.input_shape)
    data.check_labels(dataset, len(model.classes))
    folder = Path("build") / "profile" / f"{model.sha256[:12]}-{board.name}"
    with progress_bar(board.name, len(dataset.x), quiet=as_json) as bar:
        made = measure(model, board, dataset, folder, bar)
    report = describe(made)
    if as_json:
        print_json(report)
    else:
        show(report)
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
        "Rival: one dense int8 pass of the same shapes."
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
    if report["stopped"] == "interrupted":
        click.echo(f"interrupted after {report['images']} images; the table is of these", err=True)
        raise click.exceptions.Exit(ExitCode.INTERRUPTED)
    if report["stopped"]:
        raise DeviceError(f"stopped after {report['images']} images: {report['stopped']}")
    if report["mismatched_images"]:
        raise MismatchError(f"device and host differ in {report['mismatched_images']} images")
