"""A whole measurement: opens the boards, runs the host reference, streams the images, writes the files."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edge_snn.anytime.run import run_model
from edge_snn.data.dataset import Dataset
from edge_snn.data.metrics import Metric
from edge_snn.data.samples import Samples
from edge_snn.errors import DeviceError, InputError
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.client import Device
from edge_snn.harness.dut import Dut, EmulatedDut, PortDut
from edge_snn.harness.emulator import find_qemu
from edge_snn.harness.evaluate import Settings, evaluate_boards
from edge_snn.harness.facts import HostResults, model_facts
from edge_snn.harness.figures import clock_row
from edge_snn.harness.firmware import build_firmware
from edge_snn.harness.journal import data_digest
from edge_snn.harness.report import make_report, write_files
from edge_snn.harness.scoring import check_threshold, scoring
from edge_snn.harness.signals import endings
from edge_snn.harness.timing import AUTO, BOARD, Timing, at_ports, emulated
from edge_snn.harness.trace import check_whole, host_traces
from edge_snn.locks import owned
from edge_snn.plan import build_plan
from firmware_gen import boards, build_id
from firmware_gen.boards import Board

MAX_JOBS = 64
GO_ON = "mend that, and run the same command with --resume"

Bar = Callable[[str, int], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Bench:
    """The boards of a run: either emulated ones or ports.

    Attributes:
        emulate: board to build for and run emulated, or None.
        jobs: how many of them.
        ports: devices or pyserial URLs of boards that are flashed already, all of one kind.
        board: with ports, which board they must be (None: whichever they say).
        wait: seconds in which a port may appear, and the board at it begin to answer.
        clock: BOARD vouches that boards, not emulators, are at the ports: then ticks are time.
    """

    emulate: str | None = None
    jobs: int = 1
    ports: tuple[str, ...] = ()
    board: str | None = None
    baud: int = 115200
    clock: str = AUTO
    wait: float = 0.0

    def __post_init__(self) -> None:
        if bool(self.emulate) == bool(self.ports):
            raise InputError("give either --emulate BOARD or --port URL")
        if self.clock not in (AUTO, BOARD) or (self.clock == BOARD and not self.ports):
            raise InputError("--clock board is for --port: this program knows what it emulates")
        if self.wait and not self.ports:
            raise InputError("--wait is for --port: what this program emulates is there at once")
        if self.jobs != 1 and not self.emulate:
            raise InputError("--jobs is for --emulate; give --port once for each board")
        if not 1 <= self.jobs <= MAX_JOBS:
            raise InputError(f"--jobs must be 1 to {MAX_JOBS}, not {self.jobs}")
        if len(set(self.ports)) != len(self.ports):
            raise InputError("the same --port is given twice")
        wanted = self.emulate or self.board
        known = boards.load(wanted) if wanted else None
        if self.emulate and known is not None and not known.machine and not known.is_host:
            raise InputError("cannot be emulated", where=known.name)

    @property
    def warmup(self) -> int:
        """Inferences that do not count, where the user did not say: a real board has caches, an emulator none."""
        return 0 if self.emulate else 1


@dataclass(frozen=True)
class Opened:
    """Connected boards, of the kind ``board``; ``sizes`` is what the build told of it, for the report."""

    duts: list[Dut]
    devices: list[Device]
    board: Board
    timing: Timing
    sizes: dict[str, Any]


def open_bench(stack: ExitStack, bench: Bench, model: IntegerModel, folder: Path, firmware: Path) -> Opened:
    """Builds where needed and connects every board; ``stack`` closes them.

    Raises:
        EdgeSnnError: no compiler, no such port, another model or board on it, ..
    """
    duts: list[Dut] = []
    if bench.emulate:
        board = boards.load(bench.emulate)
        if board.machine:
            find_qemu()  # told before anything is built
        made = build_firmware(model, board, firmware)
        sizes = {
            "flash_bytes": made.flash_bytes,
            "ram_bytes": made.ram_bytes,
            "arena_bytes": made.generated.plan.arena_bytes,
            "stack_bound": made.stack_bound,
            "elf": os.path.relpath(made.elf, folder),
        }
        for number in range(bench.jobs):
            label = board.name if bench.jobs == 1 else f"{board.name} #{number + 1}"
            duts.append(EmulatedDut(label, board, made.elf, model.sha256, made.build_id))
    else:

        def build_id_of(name: str) -> str:
            board = boards.load(name)
            return build_id.expected(build_plan(model, **board.plan_options), board)

        duts += [PortDut(url, bench.baud, model.sha256, bench.board, build_id_of, bench.wait) for url in bench.ports]
    devices = []
    for dut in duts:
        stack.callback(dut.close)
        devices.append(dut.connect())
    if bench.emulate:
        return Opened(duts, devices, board, emulated(board), sizes)
    info = devices[0].info
    real = replace(boards.load(bench.board or info.board), machine="", clock_hz=info.clock_hz)
    told = {"flash_bytes": info.flash_bytes or None, "ram_bytes": None, "arena_bytes": info.arena_bytes}
    timing = at_ports(real, info.clock_hz, bench.ports, bench.clock == BOARD)
    return Opened(duts, devices, real, timing, {**told, "stack_bound": None, "elf": None})


def measure(
    bench: Bench,
    model: IntegerModel,
    dataset: Samples | Dataset,
    folder: Path,
    *,
    settings: Settings,
    metric: Metric = Metric(),
    min_accuracy: float | None = None,
    trace: bool = False,
    firmware: Path | None = None,
    bar: Bar | None = None,
) -> dict[str, Any]:
    """Runs a data set on the boards and writes journal and report files into ``folder``.

    Args:
        dataset: as :func:`edge_snn.data.samples.fit` returned it for this model.
        settings: its ``data`` is filled in here.
        metric: how outputs are scored.
        min_accuracy: least value of the metric.
        trace: compare CRCs of what every layer leaves in memory as well.
        firmware: where to build; by default ``folder/firmware``.
        bar: makes a progress bar of a label and a total.

    Returns:
        What is in report.json. A run that ended early is told by its ``stopped``, and missed checks by
        its ``checks``; neither raises.

    Raises:
        DeviceError: the report cannot be written; what was measured is in the journal.
        EdgeSnnError: nothing could be measured; another run has the folder.
    """
    samples = Samples.of(dataset)
    scored = scoring(metric, samples, model)
    check_threshold(scored, min_accuracy, samples.name)
    if trace:
        check_whole(model)
    bars = bar or (lambda label, total: nullcontext(None))
    with owned(folder), endings() as signals:
        with ExitStack() as stack:
            opened = open_bench(stack, bench, model, folder, firmware or folder / "firmware")
            plan = build_plan(model, **opened.board.plan_options)
            facts = model_facts(model, plan)
            with bars("host reference", len(samples.x)) as done_host:
                host = HostResults.of(run_model(model, samples.x, progress=done_host))
            if trace:
                with bars("host trace", len(samples.x)) as done_trace:
                    host = replace(host, traces=host_traces(model, plan, samples.x, done_trace))
            chosen = replace(settings, data=samples.name, unit=opened.timing.unit)
            with bars(opened.board.name, len(samples.x)) as done_device:
                done = evaluate_boards(
                    opened.duts, opened.devices, facts, samples.x, scored, host, folder, chosen, done_device
                )
            signals.are_over()
            info = opened.devices[0].info
        report = make_report(
            opened.board,
            opened.timing,
            facts,
            done,
            scored,
            host,
            {**opened.sizes, "clock": clock_row(info, opened.board, opened.timing)},
            samples.name,
            data_digest(samples.x, samples.y, *samples.others),
            info.core,
            plan.table(),
            min_accuracy,
        )
        try:
            write_files(folder, report, facts, done, samples.x, scored, host, opened.timing)
        except InputError as error:
            told = (
                f"the report {error.diagnostic.reason}; {done.images:,} of {len(samples.x):,} images are in the journal"
            )
            raise DeviceError(told, where=error.diagnostic.where, hint=GO_ON) from error
    return report
