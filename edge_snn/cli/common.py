"""What several commands share: loading models and images, printing, progress."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column, Table

from edge_snn.data.metrics import ACCURACY, FORMS
from edge_snn.errors import InputError

PIPE_WIDTH = 200


def images_options(command: Any) -> Any:
    """Adds MODEL, --data, --split and --limit."""
    for option in (
        click.option("--limit", type=click.IntRange(min=1), help="Only the first N images."),
        click.option("--split", type=click.Choice(["train", "test"]), default="test", show_default=True),
        click.option("--data", "data_name", required=True, metavar="DATA", help="Data set name, .npz file or folder."),
        click.argument("model_path", metavar="MODEL"),
    ):
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
wait_option = click.option(
    "--wait",
    default=0.0,
    metavar="SECONDS",
    type=click.FloatRange(0, 3600),
    help="With --port: so long the port may take to appear, and the board to answer.",
)


metric_option = click.option(
    "--metric",
    "metric_name",
    default=ACCURACY,
    show_default=True,
    metavar="NAME",
    help=f"What outputs are scored by: {FORMS}.",
)


def print_json(document: Any) -> None:
    """Prints one JSON object to standard output."""
    click.echo(json.dumps(document, indent=2, sort_keys=False, allow_nan=False))


def console(as_json: bool) -> Console:
    """Console for people: standard output, or standard error when that belongs to JSON."""
    stream = sys.stderr if as_json else sys.stdout
    # In a pipe or a file no table is cut to the width of a terminal.
    width = None if stream.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(stderr=as_json, highlight=False, width=width)


def make_table(*headers: str, show_header: bool = True) -> Table:
    """A table without lines; what is too long for its column goes on below, and is never cut."""
    return Table(*(Column(header, overflow="fold") for header in headers), box=None, show_header=show_header)


@contextmanager
def progress_bar(label: str, total: int, quiet: bool = False) -> Iterator[Any]:
    """Yields a callback ``done(count, note="")`` that moves a progress bar on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as bar:
        task = bar.add_task(label, total=total, note="")

        def done(count: int, note: str = "") -> None:
            bar.update(task, completed=count, note=note)

        yield done


def check_output(path: Path) -> None:
    """Raises InputError unless the folder of an output file exists."""
    if not path.parent.is_dir():
        raise InputError("the folder for the output does not exist", where=str(path.parent))
