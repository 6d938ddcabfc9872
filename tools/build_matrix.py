"""Builds one model with many compilers and flags for every core: same bits, no warning, no multiply?

A cell is a core, a compiler, a level of optimisation, link-time optimisation or none, frame pointers or none. In each,
the kernels, the runtime, the board and the generated code are compiled with no flag of this project but the core's; the
program answers some images on the emulated board, `edge-snn verify` judges it, and then a program that may call every
kernel there is.

python tools/build_matrix.py [--board microbit] [--compiler gcc] [--level Os] [--json FILE]
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from edge_snn import data
from edge_snn.anytime.run import run_model
from edge_snn.api import load
from edge_snn.cli.main import main as run_command
from edge_snn.errors import DeviceError, InputError
from edge_snn.graph.model import IntegerModel
from edge_snn.harness.client import Device
from edge_snn.harness.emulator import Emulator
from edge_snn.plan import build_plan
from firmware_gen import boards
from firmware_gen.boards import Board
from firmware_gen.build import ROOT, need, write_board_files
from firmware_gen.codegen import generate
from firmware_gen.verify import verify

BOARDS = ("microbit", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547")
COMPILERS = ("gcc", "clang")
LEVELS = ("O0", "O1", "O2", "O3", "Os")
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion")
STACK_BYTES = 4096  # code that is not optimised keeps more there than board.json sets aside
ENTRIES = ("esnn_model_infer", "esnn_model_step")
EVERY = "esnn_every_kernel"


@dataclass(frozen=True)
class Cell:
    """One way to build.

    Attributes:
        compiler: "gcc" (arm-none-eabi-gcc) or "clang" (its objects are linked by arm-none-eabi-gcc).
        level: "O0" .. "Os".
        lto: link-time optimisation; gcc only.
        frame: -fno-omit-frame-pointer.
        more: other flags for the compiler.
    """

    board: str
    compiler: str
    level: str
    lto: bool
    frame: bool
    more: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.compiler not in COMPILERS or self.level not in LEVELS or (self.lto and self.compiler == "clang"):
            raise InputError("no such way to build", where=self.name)

    @property
    def name(self) -> str:
        rest = "".join(f" {flag}" for flag in self.more)
        return (
            f"{self.compiler} -{self.level}{' lto' if self.lto else ''}{' fp' if self.frame else ''}{rest} {self.board}"
        )

    def command(self, board: Board) -> list[str]:
        """The compiler with its flags, as a user's build system would call it."""
        if self.compiler == "gcc":
            command = ["arm-none-eabi-gcc", *(["-flto"] if self.lto else [])]
        else:
            command = ["clang", "--target=arm-none-eabi", "-isystem", str(newlib())]
        frame = ["-fno-omit-frame-pointer"] if self.frame else []
        return [
            *command,
            "-std=c11",
            *board.cpu_flags,
            f"-{self.level}",
            *frame,
            *self.more,
            "-g",
            "-ffunction-sections",
        ]


@dataclass(frozen=True)
class Outcome:
    """What came of a cell.

    Attributes:
        failed: files that do not compile, or "link".
        warnings: of compiler and linker.
        equal: whether logits and counts of all images are the reference's; None where nothing was run.
        findings: of verify on the program.
        library: of verify on a program that may call every kernel.
        flash_bytes: of the program.
    """

    cell: Cell
    failed: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    equal: bool | None = None
    findings: tuple[str, ...] = ()
    library: tuple[str, ...] = ()
    flash_bytes: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return not (self.failed or self.warnings or self.findings or self.library) and self.equal is not False


def newlib() -> Path:
    """Folder of the C library's headers."""
    need("arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi")
    done = subprocess.run(
        ["arm-none-eabi-gcc", "-xc", "-E", "-H", "-"], input="#include <string.h>", capture_output=True, text=True
    )
    return Path(done.stderr.split()[1]).parent


def cells(
    board_names: Iterable[str] = BOARDS, compilers: Iterable[str] = COMPILERS, levels: Iterable[str] = LEVELS
) -> Iterator[Cell]:
    """Every cell of these boards, compilers and levels."""
    for name, compiler, level, lto, frame in itertools.product(
        board_names, compilers, levels, (False, True), (False, True)
    ):
        if not (lto and compiler == "clang"):
            yield Cell(name, compiler, level, lto, frame)


def kernel_sources() -> list[Path]:
    return sorted((ROOT / "kernels" / "src").rglob("*.c"))


def compile_all(command: list[str], sources: Iterable[Path], folder: Path) -> tuple[list[Path], list[str], list[str]]:
    """Objects, warnings, and files that do not compile."""
    objects, warnings, failed = [], [], []
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        made = folder / f"{source.stem}.o"
        done = subprocess.run([*command, "-c", str(source), "-o", str(made)], capture_output=True, text=True)
        (failed.append(source.name) if done.returncode else objects.append(made))
        if done.returncode:
            (folder / f"{source.stem}.log").write_text(done.stderr)
        warnings += [line for line in done.stderr.splitlines() if "warning:" in line]
    return objects, warnings, failed


def link(cell: Cell, board: Board, settings: Path, objects: Iterable[Path], elf: Path) -> tuple[str, ...]:
    """What the linker says; nothing where all is well."""
    command = ["arm-none-eabi-gcc", *board.cpu_flags, f"-{cell.level}", "-nostartfiles", "--specs=nano.specs"]
    command += ["--specs=nosys.specs", "-T", str(settings / "board.ld"), "-Wl,--gc-sections"]
    command += ["-flto", "-Wno-lto-type-mismatch"] if cell.lto else []  # every_kernel() knows no types
    done = subprocess.run([*command, *map(str, objects), "-o", str(elf)], capture_output=True, text=True)
    if done.returncode:
        return tuple(line for line in done.stderr.splitlines() if "warning" not in line)[:3] or ("link",)
    return ()


def every_kernel(objects: Iterable[Path], folder: Path) -> Path:
    """C of a program that may call each function of the kernels' objects."""
    done = subprocess.run(
        ["arm-none-eabi-gcc-nm", "--defined-only", "--extern-only", *map(str, objects)], capture_output=True, text=True
    )
    words = [line.split() for line in done.stdout.splitlines()]
    names = sorted({word[-1] for word in words if len(word) > 1 and word[-2] == "T"})
    lines = "".join(f"void {name}(void);\n" for name in names)
    table = ", ".join(names)
    source = folder / "every.c"
    source.write_text(
        f"{lines}typedef void (*esnn_call_t)(void);\nint main(void);\nvoid {EVERY}(unsigned which);\n"
        f"static const esnn_call_t calls[] = {{{table}}};\n"
        f"__attribute__((used, noinline, noclone, externally_visible)) void {EVERY}(unsigned which)\n"
        f"{{\n    calls[which]();\n}}\n"
        "volatile unsigned esnn_which;\nint main(void)\n{\n"
        f"    {EVERY}(esnn_which);\n    return 0;\n}}\n"
    )
    return source


def run(board: Board, elf: Path, model: IntegerModel, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits and counts of images on the emulated board."""
    logits, counts = [], []
    with Emulator(board, elf) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(model.sha256, board.name)
        for index, image in enumerate(images):
            result = device.infer(index, image)
            logits.append(result.logits)
            counts.append(result.counts)
    return np.stack(logits), np.stack(counts)


@dataclass(frozen=True)
class Task:
    """A model and the images it answers, with what the integer reference says of them."""

    model: IntegerModel
    images: np.ndarray
    logits: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(cls, name: str, source: str, count: int) -> Task:
        model = load(name)
        dataset = data.fit(data.load(source, "test", count), model.input_shape)
        result = run_model(model, dataset.x)
        return cls(model, dataset.x, result.logits, result.counts)


def build_cell(cell: Cell, task: Task, folder: Path, run_it: bool = True, library: bool = True) -> Outcome:
    """Builds and judges one cell; ``folder`` is overwritten."""
    start = time.monotonic()
    board = replace(boards.load(cell.board), stack_bytes=STACK_BYTES)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    generated = generate(build_plan(task.model, **board.plan_options), folder / "model")
    write_board_files(board, folder)
    include = [ROOT / "kernels" / "include", ROOT / "runtime" / "include", folder, generated.folder]
    command = [*cell.command(board), *WARNINGS, *(f"-I{path}" for path in include)]
    own = [*(ROOT / "runtime" / "src").glob("*.c"), *board.source_paths(), generated.folder / "model.c"]
    kernels, told, failed = compile_all(command, kernel_sources(), folder / "kernels")
    others, also, more = compile_all(command, own, folder / "own")
    outcome = Outcome(cell, (*failed, *more), (*told, *also))
    elf = folder / "firmware.elf"
    if not outcome.failed:
        outcome = replace(outcome, failed=link(cell, board, folder, [*kernels, *others], elf))
    if not outcome.failed:
        outcome = judge(outcome, board, elf, task, run_it)
        if library:
            every = folder / "every.elf"
            source = every_kernel(kernels, folder)
            names = {path.stem for path in board.source_paths()}
            start_up = [path for path in others if path.stem in names]
            caller, _, _ = compile_all(command, [source], folder / "every")
            problem = link(cell, board, folder, [*kernels, *start_up, *caller], every)
            findings = problem or tuple(map(str, verify(every, EVERY).findings))
            outcome = replace(outcome, library=findings)
    return replace(outcome, seconds=round(time.monotonic() - start, 1))


def judge(outcome: Outcome, board: Board, elf: Path, task: Task, run_it: bool) -> Outcome:
    """Runs and verifies a linked program."""
    findings: tuple[str, ...] = ()
    for entry in ENTRIES:
        try:
            findings += tuple(map(str, verify(elf, entry).findings))
        except InputError as error:
            findings += (str(error),)
    equal = None
    if run_it:
        try:
            logits, counts = run(board, elf, task.model, task.images)
            equal = np.array_equal(logits, task.logits) and np.array_equal(counts, task.counts)
        except DeviceError:
            equal = False
    done = subprocess.run(["arm-none-eabi-size", str(elf)], capture_output=True, text=True)
    text, initialised = map(int, done.stdout.splitlines()[1].split()[:2])
    return replace(outcome, findings=findings, equal=equal, flash_bytes=text + initialised)


def verdict(outcome: Outcome) -> str:
    """A word or two on an outcome, for the table."""
    if outcome.good:
        return "good"
    parts = [f"{len(outcome.failed)} fail"] if outcome.failed else []
    parts += ["other bits"] if outcome.equal is False else []
    parts += [f"{len(outcome.warnings)} warnings"] if outcome.warnings else []
    parts += [f"{len(outcome.findings)} findings"] if outcome.findings else []
    parts += [f"{len(outcome.library)} in kernels"] if outcome.library else []
    return ", ".join(parts)


def markdown(outcomes: Iterable[Outcome]) -> str:
    """The table: a row for each way to build, a column for each board."""
    outcomes = list(outcomes)
    names = list(dict.fromkeys(item.cell.board for item in outcomes))
    rows: dict[str, dict[str, str]] = {}
    for item in outcomes:
        way = item.cell.name.rpartition(" ")[0]
        rows.setdefault(way, {})[item.cell.board] = verdict(item)
    heads = [f"{boards.load(name).core.removeprefix('Cortex-')}" for name in names]
    lines = [f"| build | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    lines += [f"| `{way}` | {' | '.join(row.get(name, '') for name in names)} |" for way, row in rows.items()]
    return "\n".join(lines) + "\n"


def as_json(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    return [{**asdict(item), "good": item.good} for item in outcomes]


@click.command()
@click.option("--board", "board_names", multiple=True, type=click.Choice(BOARDS), help="Only this; may be repeated.")
@click.option("--compiler", "compilers", multiple=True, type=click.Choice(COMPILERS))
@click.option("--level", "levels", multiple=True, type=click.Choice(LEVELS))
@click.option("--model", "name", default="digits", show_default=True)
@click.option("--data", "source", default="digits", show_default=True)
@click.option("--images", default=3, type=click.IntRange(min=1), show_default=True)
@click.option(
    "--flag", "flags", multiple=True, help="One more for the compiler; may be repeated: --flag=-funroll-loops"
)
@click.option("--plain", is_flag=True, help="Without link-time optimisation and without frame pointers.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, dir_okay=False), help="Also write everything here."
)
def main(
    board_names: tuple[str, ...],
    compilers: tuple[str, ...],
    levels: tuple[str, ...],
    name: str,
    source: str,
    images: int,
    flags: tuple[str, ...],
    plain: bool,
    json_file: Path | None,
) -> None:
    """Builds the matrix and prints its table; exit code 1 unless every cell is good."""
    task = Task.of(name, source, images)
    outcomes = []
    for cell in cells(board_names or BOARDS, compilers or COMPILERS, levels or LEVELS):
        if plain and (cell.lto or cell.frame):
            continue
        cell = replace(cell, more=flags)
        outcome = build_cell(cell, task, Path("build") / "matrix" / cell.name.replace(" ", "-"))
        outcomes.append(outcome)
        click.echo(f"{cell.name}: {verdict(outcome)} ({outcome.seconds} s)", err=True)
        for text in (*outcome.failed, *outcome.warnings[:3], *outcome.findings, *outcome.library)[:40]:
            click.echo(f"    {text}", err=True)
    if json_file is not None:
        json_file.write_text(json.dumps(as_json(outcomes), indent=1) + "\n", encoding="utf-8")
    click.echo(markdown(outcomes))
    sys.exit(0 if all(item.good for item in outcomes) else 1)


if __name__ == "__main__":
    run_command(command=main)
