"""Runs images on an emulated board and tells where its instructions went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_snn.anytime.run import run_model
from edge_snn.data.dataset import Dataset
from edge_snn.data.samples import Samples
from edge_snn.errors import DeviceError, InputError
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.client import Device
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.evaluate import Evaluation, evaluate
from edge_snn.harness.facts import HostResults, ModelFacts, model_facts
from edge_snn.harness.firmware import build_firmware
from edge_snn.harness.scoring import Scoring
from edge_snn.locks import owned
from edge_snn.profile import plugin
from edge_snn.profile.cycles import cycle_model
from edge_snn.profile.histogram import Agreement, Histogram, agreement, histogram
from edge_snn.profile.rival import Product, products
from firmware_gen.boards import Board
from firmware_gen.verify.decode import decoder
from firmware_gen.verify.elf import load

# Two readings are each off by less than a tick, and a tick is at most an instruction; a clock that wraps while it is
# read is read again, in a few instructions more.
CLOCK_TOLERANCE = 16

Progress = Callable[[int, str], None]


@dataclass(frozen=True)
class Measurement:
    """What a board did with some images.

    Attributes:
        done: results by image; ``stopped`` says why it ended early.
        rivals: the dense products behind every step, in the order of ``facts.steps``.
        elf: the program that ran.
        flash_bytes, ram_bytes: what it takes on the board, stack included.
        histogram: its executed instructions by class; None where they were not asked for.
        agreement: of that with the static proof.
    """

    board: Board
    facts: ModelFacts
    done: Evaluation
    rivals: tuple[tuple[Product, ...], ...]
    data: str
    elf: Path
    flash_bytes: int
    ram_bytes: int
    histogram: Histogram | None = None
    agreement: Agreement | None = None

    @property
    def step_instructions(self) -> np.ndarray:
        """Executed instructions of each step in each image, float64 [images, steps]; its clock reading included."""
        if self.histogram is not None:
            return self.histogram.counts[:, 1:-1].astype(np.float64)
        if not self.done.images:
            return np.zeros((0, len(self.facts.steps)))
        return np.stack([row.result.step_ticks for row in self.done.rows]).astype(np.float64) * self.board.instructions(
            1.0
        )


def check_board(board: Board) -> None:
    """Raises InputError unless the board can be emulated with a clock that counts instructions."""
    if not board.machine:
        raise InputError(
            "instructions are counted by an emulator, and this board has none",
            where=f"board {board.name}",
            hint="edge-snn boards lists those that are emulated",
        )


def measure(
    model: IntegerModel,
    board: Board,
    dataset: Samples | Dataset,
    folder: Path,
    progress: Progress | None = None,
    with_histogram: bool = False,
    host_progress: Callable[[int], None] | None = None,
) -> Measurement:
    """Builds the model for a board, runs the images there, and compares every one with the host.

    Args:
        dataset: images, or other numbers, that fit the model.
        folder: receives the build and the journal.
        progress: called with the number of images done and a note.
        host_progress: called with the number of images done by the integer reference.
        with_histogram: also count executed instructions by class, with the project's plugin for QEMU.

    Raises:
        InputError: the board is not emulated, or too small for the model; another run has the folder.
        ToolMissingError: compiler, emulator or disassembler is missing, or the emulator takes no plugins.
        DeviceError: the emulator did not start, or runs something else.
    """
    check_board(board)
    if with_histogram and model.early is not None:
        raise InputError(
            "may answer early, and a histogram has all steps of every image",
            where=model.name,
            hint="leave --histogram out, or convert it without --early",
        )
    with owned(folder):
        return _measure(model, board, dataset, folder, progress, with_histogram, host_progress)


def _measure(
    model: IntegerModel,
    board: Board,
    dataset: Samples | Dataset,
    folder: Path,
    progress: Progress | None,
    with_histogram: bool,
    host_progress: Callable[[int], None] | None,
) -> Measurement:
    made = build_firmware(model, board, folder / "firmware")
    plan = made.generated.plan  # what runs there: it differs from core to core
    facts = model_facts(model, plan)
    host = HostResults.of(run_model(model, dataset.x, progress=host_progress))
    counts = folder / "counts.txt"
    options: list[str] = []
    if with_histogram:
        program = load(made.elf)
        decoder(program)  # says at once if there is no disassembler
        options = plugin.arguments(plugin.build(folder), program, counts)
    with Emulator(board, made.elf, options) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(model.sha256, board.name)
        done = evaluate(device, facts, dataset.x, Scoring(), host, folder, progress)
    parts = products(model.graph)
    rivals = tuple(
        tuple(part for name in (step.name, *step.fused) for part in parts.get(name, ())) for step in plan.steps
    )
    measured = Measurement(board, facts, done, rivals, dataset.name, made.elf, made.flash_bytes, made.ram_bytes)
    if not with_histogram or not done.images:
        return measured
    clocked = measured.step_instructions
    sorted_out = histogram(program, plugin.read(counts, done.images, len(plan.steps)), cycle_model(board.core))
    counts.unlink()  # some 50 kB an image
    counted = replace(measured, histogram=sorted_out, agreement=agreement(made.elf, sorted_out))
    apart = float(np.abs(counted.step_instructions - clocked).max())
    if apart > CLOCK_TOLERANCE:
        raise DeviceError(f"its clock and the counted instructions differ by {apart:.0f} in a step", where=board.name)
    return counted
