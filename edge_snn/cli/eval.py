"""``edge-snn eval``: a data set on a device over serial, compared with the host bit for bit."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from edge_snn.cli.common import console, json_option, load_model, print_json, progress_bar
from edge_snn.errors import DeviceError, ExitCode, InputError, MismatchError


@click.command("eval")
@click.option("--emulate", metavar="BOARD", help="Build for BOARD and run it emulated (or `host`, natively).")
@click.option("--port", metavar="URL", help="Device or pyserial URL of a board that is flashed already.")
@click.option("--board", "board_name", metavar="BOARD", help="With --port: which board it must be.")
@click.option("--baud", default=115200, show_default=True, type=click.IntRange(min=1200))
@click.option("--model", "model_path", required=True, metavar="MODEL", help=".esnn file or shipped model.")
@click.option("--data", "data_name", required=True, metavar="DATA", help="Data set name, .npz file or folder.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N images.")
@click.option("--report", "folder", type=click.Path(path_type=Path), help="Folder for report.json, predictions.csv.")
@click.option("--min-accuracy", type=click.FloatRange(0, 1), help="Exit with 1 below this accuracy.")
@json_option
def command(
    emulate: str | None,
    port: str | None,
    board_name: str | None,
    baud: int,
    model_path: str,
    data_name: str,
    limit: int | None,
    folder: Path | None,
    min_accuracy: float | None,
    as_json: bool,
) -> None:
    """Stream images to a device, and compare logits and spike counts with the host, image by image.

    \b
    Examples:
      edge-snn eval --emulate mps2-an386 --model fashion-mnist --data fashion-mnist-1000 --limit 200
      edge-snn eval --port /dev/ttyACM0 --board microbit --model fashion-mnist-nano --data fashion-mnist
    """
    from edge_snn import data
    from edge_snn.harness.facts import HostResults, model_facts
    from edge_snn.plan import build_plan
    from edge_snn.reference import run
    from firmware_gen import boards

    if bool(emulate) == bool(port):
        raise InputError("give either --emulate BOARD or --port URL")
    wanted = emulate or board_name
    board = boards.load(wanted) if wanted else None
    if emulate and board is not None and not board.machine and not board.is_host:
        raise InputError("cannot be emulated", where=board.name)
    model = load_model(model_path)
    dataset = data.fit(data.load(data_name, "test", limit), model.input_shape)
    dataset = data.match_classes(dataset, model.classes)
    target = folder or Path("build") / "eval" / f"{model.sha256[:12]}-{emulate or 'port'}"
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot be made: {error.strerror}", where=str(target)) from error
    plan = build_plan(model)
    facts = model_facts(model, plan)
    with ExitStack() as stack:
        device, board, sizes = _open(stack, emulate, port, baud, board, model, target)
        with progress_bar("host reference", len(dataset.x), quiet=as_json) as done_host:
            result = run(model.graph, dataset.x, progress=done_host)
        host = HostResults(result.logits, result.counts, sum(result.sops.values()))  # type: ignore[arg-type]
        from edge_snn.harness.evaluate import evaluate

        with progress_bar(board.name, len(dataset.x), quiet=as_json) as bar:
            done = evaluate(device, facts, dataset.x, dataset.y, host, target, bar)
        core = device.info.core
    from edge_snn.harness.report import make_report, write_predictions, write_report

    report = make_report(board, facts, done, dataset.y, host, sizes, dataset.name, core)
    write_predictions(target, facts, done, dataset.y, host, board)
    write_report(target, report)
    if as_json:
        print_json(report)
    else:
        show(report, target)
    _judge(report, min_accuracy)


def _open(
    stack: ExitStack, emulate: str | None, port: str | None, baud: int, board: Any, model: Any, target: Path
) -> tuple[Any, Any, dict[str, Any]]:
    """Returns a connected device, its board, and what the build told of sizes."""
    from edge_snn.harness.client import Device
    from edge_snn.harness.emulator import Emulator
    from edge_snn.harness.transport import Port
    from firmware_gen import boards
    from firmware_gen.build import build

    if emulate:
        made = build(model, board, target / "firmware")
        emulator = stack.enter_context(Emulator(board, made.elf))
        device = Device(emulator.port, emulator.death)
        device.connect(model.sha256, board.name)
        sizes = {
            "flash_bytes": made.flash_bytes,
            "ram_bytes": made.ram_bytes,
            "arena_bytes": made.generated.plan.arena_bytes,
            "stack_bound": made.stack_bound,
            "elf": os.path.relpath(made.elf, target),
        }
        return device, board, sizes
    line = Port(port or "", baud)
    stack.callback(line.close)
    line.drain()
    device = Device(line)
    info = device.connect(model.sha256, board.name if board else None)
    # The emulator's clock counts instructions; a real board's ticks are time.
    from dataclasses import replace

    known = board or boards.load(info.board)
    real = replace(known, machine="", clock_hz=info.clock_hz)
    unknown = {
        "flash_bytes": info.flash_bytes or None,
        "ram_bytes": None,
        "arena_bytes": info.arena_bytes,
        "stack_bound": None,
        "elf": None,
    }
    return device, real, unknown


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

    spread = ", ".join(f"{key} {number(time[key])}" for key in ("median", "p95", "max"))
    stack = f"stack bound {number(report['stack_bound'])}, used {report['stack_used']:,}"
    facts = {
        "board": f"{report['board']} ({report['core']})",
        "accuracy on the device": f"{number(report['accuracy'], '.4f')} ({report['correct']} of {report['images']})",
        "accuracy on the host": number(report["host_accuracy"], ".4f"),
        "images whose logits differ": str(report["mismatched_logits"]),
        "images whose spike counts differ": str(report["mismatched_spike_counts"]),
        f"latency, {time['unit']}": spread,
        "mean firing rate": number(report["mean_rate"], ".4f"),
        "synaptic operations": f"{number(report['sops'], ',.0f')} an image",
        "dense MACs": f"{report['dense_macs']:,} a time step",
        "flash": f"{number(report['flash_bytes'])} bytes",
        "RAM": f"{number(report['ram_bytes'])} bytes (arena {number(report['arena_bytes'])}, {stack})",
        "requests sent again": str(report["retries"]),
    }
    summary = Table(show_header=False, box=None)
    for key, value in facts.items():
        summary.add_row(key, escape(value))
    out.print()
    out.print(summary)
    out.print(f"\n{escape(str(target / 'report.json'))}")


def _judge(report: dict[str, Any], min_accuracy: float | None) -> None:
    """Raises the error that the report deserves."""
    if report["stopped"] == "interrupted":
        click.echo(f"interrupted after {report['images']} images; results so far are kept", err=True)
        raise click.exceptions.Exit(ExitCode.INTERRUPTED)
    if report["stopped"]:
        raise DeviceError(f"stopped after {report['images']} images: {report['stopped']}; results so far are kept")
    if report["mismatched_logits"] or report["mismatched_spike_counts"]:
        raise MismatchError(
            f"device and host differ: logits of {report['mismatched_logits']} images, "
            f"spike counts of {report['mismatched_spike_counts']}"
        )
    if report["stack_bound"] and report["stack_used"] > report["stack_bound"]:
        raise MismatchError(f"{report['stack_used']} bytes of stack used, {report['stack_bound']} proved")
    if min_accuracy is not None and report["accuracy"] < min_accuracy:
        raise MismatchError(f"accuracy {report['accuracy']:.4f} is below the {min_accuracy:.4f} asked for")
