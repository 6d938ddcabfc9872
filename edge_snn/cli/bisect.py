"""``edge-snn bisect``: where device and host part first, by layer, time step and neuron."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge_snn.api import dataset_for, load
from edge_snn.cli.common import json_option, print_json, progress_bar, wait_option
from edge_snn.errors import ExitCode, InputError
from edge_snn.locks import owned

if TYPE_CHECKING:
    from edge_snn.graph.model import IntegerModel
    from edge_snn.harness.bisect import Divergence
    from edge_snn.harness.client import Device
    from edge_snn.harness.session import Bench


@click.command("bisect")
@click.option("--emulate", metavar="BOARD", help="Build for BOARD and run it emulated (or `host`, natively).")
@click.option("--elf", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Run this, do not build.")
@click.option(
    "--port", metavar="URL", help="Board that is flashed already: device, usb:VID:PID or pyserial URL (edge-snn ports)."
)
@click.option("--board", "board_name", metavar="BOARD", help="With --port: which board it must be.")
@click.option("--baud", default=115200, show_default=True, type=click.IntRange(min=1200), help="Rate to ask for.")
@wait_option
@click.option("--model", "model_path", required=True, metavar="MODEL", help=".esnn file or shipped model.")
@click.option("--data", "data_name", required=True, metavar="DATA", help="Data set name, .npz file or folder.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N images.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    emulate: str | None,
    elf: Path | None,
    port: str | None,
    board_name: str | None,
    baud: int,
    wait: float,
    model_path: str,
    data_name: str,
    limit: int | None,
    as_json: bool,
) -> None:
    """Name the first layer, time step and neuron where a device and the host part.

    Runs images until one parts: CRCs of what every layer leaves in the device's memory are compared with the integer
    reference, then the first tensor that differs is fetched. Exit code 1: found, and named; 0: all agree.

    \b
    Examples:
      edge-snn bisect --emulate mps2-an386 --model fashion-mnist --data fashion-mnist-1000 --limit 20
      edge-snn bisect --emulate mps2-an386 --elf build/firmware.elf --model my.esnn --data test.npz
      edge-snn bisect --port /dev/ttyACM0 --board microbit --model fashion-mnist-nano --data fashion-mnist
    """
    from edge_snn.harness.bisect import bisect
    from edge_snn.harness.session import Bench
    from edge_snn.plan import build_plan
    from firmware_gen import boards

    bench = Bench(emulate, 1, (port,) if port else (), board_name, baud, wait=wait)
    if elf and not emulate:
        raise InputError("--elf needs --emulate BOARD", hint="a board behind --port runs what is flashed")
    model = load(model_path)
    images = dataset_for(data_name, model, limit).x
    with ExitStack() as stack:
        device = _open(stack, bench, elf, model)
        with progress_bar(device.info.board, len(images), quiet=as_json) as bar:
            board = boards.load(device.info.board)
            plan = build_plan(model, **board.plan_options)
            found = bisect(device, model, plan, images, bar)
    _tell(device.info.board, model, len(images), found, as_json)
    if found is not None:
        ctx.exit(ExitCode.MISMATCH)


def _open(stack: ExitStack, bench: Bench, elf: Path | None, model: IntegerModel) -> Device:
    from edge_snn.harness.dut import EmulatedDut
    from edge_snn.harness.session import open_bench
    from firmware_gen import boards

    if bench.emulate and elf:
        dut = EmulatedDut(bench.emulate, boards.load(bench.emulate), elf, model.sha256)
        stack.callback(dut.close)
        return dut.connect()
    folder = Path("build") / "bisect" / f"{model.sha256[:12]}-{bench.emulate or 'port'}"
    stack.enter_context(owned(folder))
    return open_bench(stack, bench, model, folder, folder / "firmware").devices[0]


def _tell(board: str, model: IntegerModel, images: int, found: Divergence | None, as_json: bool) -> None:
    if as_json:
        document: dict[str, Any] = {
            "board": board,
            "model_sha256": model.sha256,
            "images": images if found is None else found.image + 1,
            "agree": found is None,
            "divergence": None,
        }
        if found is not None:
            document["divergence"] = {"sentence": str(found), **_plain(found)}
        print_json(document)
    elif found is None:
        click.echo(f"{board}: every layer of {images} images agrees with the host, to the last bit")
    else:
        click.echo(str(found))


def _plain(found: Divergence) -> dict[str, Any]:
    """The finding as plain data: named tuples as objects."""
    document = asdict(found)
    document["place"] = found.place and found.place._asdict()
    if found.membrane is not None:
        document["membrane"]["place"] = found.membrane.place._asdict()
    return document
