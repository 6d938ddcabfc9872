"""``edge-snn compare``: what changed between two runs of ``edge-snn eval``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from edge_snn.cli.common import console, json_option, print_json
from edge_snn.data.metrics import ACCURACY
from edge_snn.errors import MismatchError

SHOWN_FLIPS = 20


@click.command("compare")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@click.option("--max-accuracy-drop", type=click.FloatRange(0, 1), help="Exit with 1 past this drop; 0.01 is one point.")
@click.option(
    "--max-slowdown", type=click.FloatRange(0), help="Exit with 1 past this slowdown of the median; 0.05 is 5 %."
)
@json_option
def command(
    before: Path, after: Path, max_accuracy_drop: float | None, max_slowdown: float | None, as_json: bool
) -> None:
    """Show what changed from BEFORE to AFTER: two report folders of `edge-snn eval`, or their report.json.

    Both must be of the same images, and have passed their checks: else it exits with 1. Latencies are compared in the
    same unit only.

    \b
    Example:
      edge-snn compare reports/main reports/branch --max-accuracy-drop 0.005 --max-slowdown 0.03
    """
    from edge_snn.harness.compare import compare, judge
    from edge_snn.harness.saved import load

    changes = compare(load(before), load(after))
    missed = judge(changes, max_accuracy_drop, max_slowdown)
    if as_json:
        print_json({**changes, "missed": missed})
    else:
        show(changes)
    if missed:
        raise MismatchError("; ".join(missed))


def show(changes: dict[str, Any]) -> None:
    """Prints the tables of a comparison."""
    out = console(False)
    for side in ("before", "after"):
        run = changes[side]
        out.print(f"{side:>7}  {escape(run['model'])} ({run['model_sha256'][:12]}) on {escape(run['board'])}, ", end="")
        out.print(f"{run['images']:,} images of {escape(run['data'])}")
    for warning in changes["warnings"]:
        out.print(f"warning: {escape(warning)}")
    table, metric = _table(""), changes["metric"]
    rows: list[tuple[str, dict[str, Any], str]] = [
        *([(metric["name"], metric, ".4g")] if metric and metric["name"] != ACCURACY else []),
        ("accuracy", changes["accuracy"], ".4f"),
        ("mean firing rate", changes["mean_rate"], ".4f"),
        ("synaptic operations", changes["sops"], ",.0f"),
        ("flash, bytes", changes["flash_bytes"], ",.0f"),
        ("RAM, bytes", changes["ram_bytes"], ",.0f"),
        ("images whose logits differ", changes["mismatched_logits"], ",.0f"),
        ("images whose spike counts differ", changes["mismatched_spike_counts"], ",.0f"),
    ]
    if changes["latency"] is not None:
        time = changes["latency"]
        rows[1:1] = [(f"{key} latency, {time['unit']}", time[key], _form(time)) for key in ("median", "p95", "max")]
    for row in rows:
        _add(table, *row)
    out.print()
    out.print(table)
    flips = changes["flips"]
    if flips is not None:
        first = ", ".join(map(str, flips["indices"][:SHOWN_FLIPS]))
        more = ", .." if flips["count"] > SHOWN_FLIPS else ""
        out.print(f"\nimages classified otherwise: {flips['count']}" + (f" ({first}{more})" if first else ""))
    _show_changed(out, "recall by class", [(row["name"], row["recall"]) for row in changes["per_class"]], ".4f")
    if changes["steps"] is not None:
        steps = [(row["name"], row["median"]) for row in changes["steps"]]
        _show_changed(out, f"median latency by layer, {changes['latency']['unit']}", steps, _form(changes["latency"]))
    _show_changed(out, "firing rate by layer", [(row["name"], row["rate"]) for row in changes["layers"]], ".4f")


def _form(time: dict[str, Any]) -> str:
    return ",.0f" if time["unit"] in ("instructions", "ticks") else ",.4f"


def _table(title: str) -> Table:
    table = Table(title, box=None)
    for column in ("before", "after", "change", ""):
        table.add_column(column, justify="right")
    return table


def _add(table: Table, name: str, change: dict[str, Any], form: str) -> None:
    def told(value: Any, form: str) -> str:
        return "-" if value is None else format(value, form)

    ratio = change["ratio"]
    part = "" if ratio is None or ratio == 1 else f"{ratio - 1:+.2%}"
    table.add_row(
        escape(name),
        told(change["before"], form),
        told(change["after"], form),
        told(change["difference"], f"+{form}"),
        part,
    )


def _show_changed(out: Any, title: str, rows: list[tuple[str, dict[str, Any]]], form: str) -> None:
    """A table of the rows that changed, or that only one run has."""
    changed = [row for row in rows if row[1]["difference"] != 0]
    if not changed:
        out.print(f"\n{escape(title)}: no change")
        return
    table = _table(title)
    for name, change in changed:
        _add(table, name, change, form)
    out.print()
    out.print(table)
