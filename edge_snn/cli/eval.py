"""``edge-snn eval``: a data set on devices over serial, compared with the host bit for bit."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from edge_snn.api import dataset_for, load, report_folder
from edge_snn.cli.common import console, json_option, metric_option, print_json, progress_bar, wait_option
from edge_snn.data.metrics import ACCURACY, Metric


@click.command("eval")
@click.option("--emulate", metavar="BOARD", help="Build for BOARD and run it emulated (or `host`, natively).")
@click.option("--jobs", default=1, show_default=True, help="With --emulate: so many emulators share the images.")
@click.option(
    "--port",
    "ports",
    metavar="URL",
    multiple=True,
    help="Board that is flashed already: device, usb:VID:PID or pyserial URL (edge-snn ports); several share.",
)
@click.option("--board", "board_name", metavar="BOARD", help="With --port: which board it must be.")
@click.option(
    "--baud", default=115200, show_default=True, type=click.IntRange(min=1200), help="Rate to ask the device for."
)
@wait_option
@click.option(
    "--clock",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "board"]),
    help="With --port: `board` vouches that no emulator is behind it, so that ticks are milliseconds.",
)
@click.option("--model", "model_path", required=True, metavar="MODEL", help=".esnn file or shipped model.")
@click.option("--data", "data_name", required=True, metavar="DATA", help="Data set name, .npz file or folder.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N images.")
@click.option("--repeat", default=1, show_default=True, type=click.IntRange(1, 1000), help="Inferences of each image.")
@click.option(
    "--warmup", type=click.IntRange(0, 1000), help="Inferences that do not count.  [default: 1 on a port, 0 emulated]"
)
@click.option("--report", "folder", type=click.Path(path_type=Path), help="Folder for report.html, report.json, ..")
@click.option("--resume", is_flag=True, help="Go on with the journal in the --report folder.")
@click.option("--trace", is_flag=True, help="Compare CRCs of what every layer leaves in memory, too.")
@metric_option
@click.option("--min-accuracy", type=click.FloatRange(0, 1), help="Exit with 1 below this value of the metric.")
@json_option
def command(
    emulate: str | None,
    jobs: int,
    ports: tuple[str, ...],
    board_name: str | None,
    baud: int,
    wait: float,
    clock: str,
    model_path: str,
    data_name: str,
    limit: int | None,
    repeat: int,
    warmup: int | None,
    folder: Path | None,
    resume: bool,
    trace: bool,
    metric_name: str,
    min_accuracy: float | None,
    as_json: bool,
) -> None:
    """Stream images, or other numbers, to devices, and compare logits and spike counts with the host, one by one.

    Writes report.html, report.json, predictions.csv, junit.xml and a journal; --resume goes on after Ctrl-C or a lost
    board.

    \b
    Examples:
      edge-snn eval --emulate mps2-an386 --model fashion-mnist --data fashion-mnist-1000 --limit 200
      edge-snn eval --emulate mps2-an386 --jobs 2 --model fashion-mnist --data fashion-mnist-1000 --report r
      edge-snn eval --emulate microbit --trace --model fashion-mnist-nano --data fashion-mnist-1000 --limit 20
      edge-snn eval --emulate mps2-an386 --model anomaly.esnn --data windows.npz --metric auc
      edge-snn eval --port /dev/ttyACM0 --board microbit --model fashion-mnist-nano --data fashion-mnist --repeat 5
    """
    from edge_snn.harness import signals
    from edge_snn.harness.checks import Check, error_of
    from edge_snn.harness.evaluate import Settings
    from edge_snn.harness.session import Bench, measure

    metric = Metric.parse(metric_name)
    bench = Bench(emulate, jobs, ports, board_name, baud, clock, wait)
    model = load(model_path)
    dataset = dataset_for(data_name, model, limit)
    target = folder or report_folder(model, emulate or board_name or "port", dataset)
    report = measure(
        bench,
        model,
        dataset,
        target,
        settings=Settings(repeat, bench.warmup if warmup is None else warmup, resume),
        metric=metric,
        min_accuracy=min_accuracy,
        trace=trace,
        bar=partial(progress_bar, quiet=as_json),
    )
    ended = signals.exit_code(report["stopped"])
    if as_json:
        print_json(report)
    else:
        show(report, target)
    _warn(report)
    if ended is not None:
        click.echo(f"{report['stopped']} after {report['images']} images; --resume goes on", err=True)
        raise click.exceptions.Exit(ended)
    error = error_of([Check(**row) for row in report["checks"]])
    if error is not None:
        raise error


def _warn(report: dict[str, Any]) -> None:
    """Says on standard error what went wrong without spoiling the results."""
    for board in report["boards"]:
        if board["stopped"] and not report["stopped"]:
            click.echo(f"warning: {board['label']} was lost, others took its images: {board['stopped']}", err=True)
        if board["resets"]:
            click.echo(f"warning: {board['label']} was reset {board['resets']} times", err=True)
        if board["reconnects"]:
            times = len(board["reconnects"])
            click.echo(f"warning: {board['label']} was lost and came back {times} times", err=True)
    if report["journal_kept"]:
        told = "an unfinished journal was in the folder (--resume goes on with one); it is kept as"
        click.echo(f"warning: {told} {report['journal_kept']}", err=True)
    if report["journal_lines_damaged"]:
        told = f"{report['journal_lines_damaged']} damaged lines of the journal; their images were measured again"
        click.echo(f"warning: {told}", err=True)


def show(report: dict[str, Any], target: Path) -> None:
    """Prints the table of a report."""
    out = console(False)
    table = Table("layer", "kind", "neurons", "rate", "spikes per step", report["ticks_unit"], box=None)
    for layer in report["layers"]:
        spikes = " ".join(f"{value:.0f}" for value in layer["spikes_per_step"])
        row = [escape(layer["name"]), layer["kind"], f"{layer['neurons']:,}", f"{layer['rate']:.3f}", spikes]
        table.add_row(*row, f"{layer['ticks']:,.0f}")
    out.print(table)
    time = report["latency"]

    def number(value: Any, form: str = ",") -> str:
        return "-" if value is None else format(value, form)

    keys = ("median", "p95", "max", *(["jitter"] if time["jitter"] is not None else []))
    spread = ", ".join(f"{key} {number(time[key])}" for key in keys)
    stack = f"stack bound {number(report['stack_bound'])}, used {number(report['stack_used'])}"
    clock = report["clock"]
    facts = {
        "board": f"{report['board']} ({report['core']})",
        **_scores(report),
        "images whose logits differ": str(report["mismatched_logits"]),
        "images whose spike counts differ": str(report["mismatched_spike_counts"]),
        **({"images whose layers differ": str(report["trace"]["mismatched"])} if report["trace"] else {}),
        f"latency, {time['unit']}": spread,
        "clock": f"{clock['counter']}, {clock['hz']:,} Hz, {clock['counts']}",
        **({"no milliseconds": clock["note"]} if time["unit"] == "ticks" else {}),
        "mean firing rate": number(report["mean_rate"], ".4f"),
        "synaptic operations": f"{number(report['sops'], ',.0f')} an image",
        "dense MACs": f"{report['dense_macs']:,} a time step",
        "energy, estimated": f"{number(report['energy']['spiking_uj'], ',.2f')} uJ an image by "
        f"{report['energy']['accumulate_pj']} pJ an accumulate",
        "flash": f"{number(report['flash_bytes'])} bytes",
        "RAM": f"{number(report['ram_bytes'])} bytes (arena {number(report['arena_bytes'])}, {stack})",
        "requests sent again": str(report["retries"]),
    }
    summary = Table(show_header=False, box=None)
    for key, value in facts.items():
        summary.add_row(key, escape(value))
    out.print()
    out.print(summary)
    if len(report["boards"]) > 1:
        out.print()
        out.print(_boards(report))
    out.print(f"\n{escape(str(target / 'report.html'))}")


def _scores(report: dict[str, Any]) -> dict[str, str]:
    """The metric, and the accuracy where classes are decided, in words."""
    metric, found = report["metric"], {}
    if report["accuracy"] is not None:
        told = f"{report['accuracy']:.4f} ({report['correct']} of {report['images']})"
        found = {"accuracy on the device": told, "accuracy on the host": f"{report['host_accuracy']:.4f}"}
    if metric["value"] is not None and metric["name"] != ACCURACY:
        found[f"{metric['name']} on the device"] = f"{metric['value']:.6g}"
        found[f"{metric['name']} on the host"] = f"{metric['host_value']:.6g}"
    return found or {metric["name"]: "-"}


def _boards(report: dict[str, Any]) -> Table:
    table = Table("board", "images", "accuracy", "median", "sent again", "resets", "came back", "lost", box=None)
    for board in report["boards"]:
        accuracy = "-" if board["accuracy"] is None else f"{board['accuracy']:.4f}"
        median = "-" if board["latency"]["median"] is None else f"{board['latency']['median']:,}"
        row = [escape(board["label"]), f"{board['images']:,}", accuracy, median, str(board["retries"])]
        table.add_row(*row, str(board["resets"]), str(len(board["reconnects"])), "yes" if board["stopped"] else "no")
    return table
