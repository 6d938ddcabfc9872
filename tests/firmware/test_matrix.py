"""Any build: gcc and clang, any level, with LTO and frame pointers, give the same bits and never multiply.

The whole matrix is slow (half an hour): ``pytest -m slow tests/firmware/test_matrix.py``, or
``python tools/build_matrix.py``, which prints the table of docs/verify.md.
"""

from __future__ import annotations

import dataclasses
import shutil
import subprocess

import numpy as np
import pytest

from edge_snn.plan import GradedConvStep, build_plan
from edge_snn.plan.graded_conv import ROWS, TABLE
from edge_snn.reference import run
from firmware_gen import boards
from firmware_gen.build import ROOT, write_board_files
from firmware_gen.codegen import generate
from firmware_gen.verify import verify
from tests.graded_models import random_codes
from tests.kernels.test_graded_conv import plan_as
from tests.networks import images
from tools import build_matrix
from tools.build_matrix import BOARDS, COMPILERS, LEVELS, Cell, Outcome, Task

pytestmark = pytest.mark.qemu
DIAGONAL = (
    Cell("microbit", "gcc", "O0", lto=False, frame=True),
    Cell("mps2-an385", "clang", "O2", lto=False, frame=False),
    Cell("mps2-an386", "gcc", "O2", lto=True, frame=False),
    Cell("mps2-an500", "gcc", "O1", lto=False, frame=False),
    Cell("mps2-an505", "gcc", "Os", lto=True, frame=True),
    Cell("mps3-an547", "gcc", "O3", lto=False, frame=False),
)

# What a user's own project has: our sources, the flags of the core, and CMake's own build type.
PROJECT = """
cmake_minimum_required(VERSION 3.18)
project(own LANGUAGES C)
file(GLOB SOURCES {root}/kernels/src/*/*.c {root}/runtime/src/*.c {root}/runtime/src/*/*.c)
add_executable(own ${{SOURCES}} {own} {model}/model.c)
target_include_directories(own PRIVATE {root}/kernels/include {root}/runtime/include {board} {model})
target_link_options(own PRIVATE -nostartfiles --specs=nano.specs --specs=nosys.specs -T {board}/board.ld)
"""


@pytest.fixture(scope="module")
def task():
    return Task.of("digits", "digits", 2)


def check(cell, task, folder):
    if cell.compiler == "clang" and shutil.which("clang") is None:
        pytest.skip("clang is not here")
    outcome = build_matrix.build_cell(cell, task, folder / "cell")
    assert outcome.failed == ()
    assert outcome.warnings == ()
    assert outcome.equal
    assert outcome.findings == ()
    assert outcome.library == ()


def test_the_diagonal_has_all_cores_compilers_and_levels_lto_and_frame_pointers():
    assert [cell.board for cell in DIAGONAL] == list(BOARDS)
    assert {cell.compiler for cell in DIAGONAL} == set(COMPILERS)
    assert {cell.level for cell in DIAGONAL} == set(LEVELS)
    assert {cell.lto for cell in DIAGONAL} == {cell.frame for cell in DIAGONAL} == {True, False}


@pytest.mark.parametrize("cell", DIAGONAL, ids=lambda cell: cell.name)
def test_same_bits_no_warning_no_multiply(cell, task, tmp_path):
    check(cell, task, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("cell", list(build_matrix.cells()), ids=lambda cell: cell.name)
def test_same_bits_no_warning_no_multiply_in_any_cell(cell, task, tmp_path):
    check(cell, task, tmp_path)


@pytest.mark.parametrize(("kind", "name"), [("Release", "mps2-an386"), ("MinSizeRel", "microbit")])
def test_a_project_of_ones_own_with_no_flag_of_ours(kind, name, task, tmp_path):
    board = boards.load(name)
    made = generate(build_plan(task.model, board.has_vectors), tmp_path / "model")
    write_board_files(board, tmp_path / "board")
    own = " ".join(map(str, board.source_paths()))
    text = PROJECT.format(root=ROOT, own=own, model=made.folder, board=tmp_path / "board")
    (tmp_path / "CMakeLists.txt").write_text(text)
    settings = [f"-DCMAKE_BUILD_TYPE={kind}", f"-DCMAKE_C_FLAGS={' '.join(board.cpu_flags)}"]
    settings += ["-DCMAKE_SYSTEM_NAME=Generic", "-DCMAKE_C_COMPILER=arm-none-eabi-gcc"]
    settings += ["-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY"]
    for command in (["cmake", "-S", ".", "-B", "out", *settings], ["cmake", "--build", "out", "-j2"]):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
        assert "warning:" not in done.stderr
    elf = tmp_path / "out" / "own"
    assert verify(elf).findings == ()
    logits, counts = build_matrix.run(board, elf, task.model, task.images)
    assert np.array_equal(logits, task.logits)
    assert np.array_equal(counts, task.counts)


@pytest.mark.parametrize(
    "cell",
    [
        Cell("microbit", "clang", "Os", lto=False, frame=False),
        Cell("mps2-an385", "clang", "O2", lto=False, frame=False),
        Cell("mps2-an505", "gcc", "Os", lto=True, frame=True),
    ],
    ids=lambda cell: cell.name,
)
def test_generated_code_of_layers_of_codes(cell, tmp_path):
    """Depthwise layers above all, whose weights are shifted additions that compilers would like to join."""
    wanted = {"graded_conv", "depthwise", "graded_add", "graded_pool", "graded_mean", "layout", "softmax"}
    some = (random_codes(seed) for seed in range(100))
    model = next(model for model in some if wanted <= {step.kind for step in build_plan(model).steps})
    x = images(3, model.input_shape)
    want = run(model.graph, x)
    outcome = build_matrix.build_cell(cell, Task(model, x, want.logits, want.counts), tmp_path / "cell", library=False)
    assert (outcome.failed, outcome.warnings, outcome.equal, outcome.findings) == ((), (), True, ())


@pytest.mark.parametrize("form", [ROWS, TABLE])
@pytest.mark.parametrize(
    "cell",
    [
        Cell("microbit", "gcc", "O0", lto=False, frame=True),
        Cell("mps2-an385", "gcc", "O2", lto=True, frame=False),
        Cell("mps2-an386", "clang", "O3", lto=False, frame=False),
        Cell("mps2-an386", "gcc", "O0", lto=False, frame=True),
        Cell("mps2-an505", "clang", "O1", lto=False, frame=True),
        Cell("mps3-an547", "gcc", "Os", lto=False, frame=False),
    ],
    ids=lambda cell: cell.name,
)
def test_convolutions_of_codes_by_rows(cell, form, tmp_path, monkeypatch):
    plan_as(form, monkeypatch)
    model = random_codes(8, ("convolution",), 3, 7)
    assert form in {step.form for step in build_plan(model).steps if isinstance(step, GradedConvStep)}
    x = images(3, model.input_shape)
    want = run(model.graph, x)
    outcome = build_matrix.build_cell(cell, Task(model, x, want.logits, want.counts), tmp_path / "cell", library=False)
    assert (outcome.failed, outcome.warnings, outcome.equal, outcome.findings) == ((), (), True, ())


def test_a_cell_with_anything_wrong_is_not_good():
    fine = Outcome(DIAGONAL[0], equal=True)
    assert fine.good
    for wrong in (
        {"failed": ("a.c",)},
        {"warnings": ("w",)},
        {"equal": False},
        {"findings": ("mul",)},
        {"library": ("mul",)},
    ):
        outcome = dataclasses.replace(fine, **wrong)
        assert not outcome.good
        assert build_matrix.verdict(outcome) != "good"


def test_a_warning_and_a_multiply_are_seen(tmp_path):
    source, board = tmp_path / "esnn_a.c", boards.load("mps2-an386")
    source.write_text("signed char esnn_a(int a, int b);\nsigned char esnn_a(int a, int b) { return a * b; }\n")
    write_board_files(board, tmp_path)
    cell = Cell(board.name, "gcc", "O2", lto=False, frame=False)
    include = [f"-I{path}" for path in (tmp_path, ROOT / "kernels" / "include", ROOT / "runtime" / "include")]
    command = [*cell.command(board), *build_matrix.WARNINGS, *include]
    objects, warnings, failed = build_matrix.compile_all(command, [source], tmp_path)
    assert failed == []
    assert "-Wconversion" in warnings[0]
    caller = build_matrix.every_kernel(objects, tmp_path)
    more, _, failed = build_matrix.compile_all(command, [caller, *board.source_paths()], tmp_path)
    assert failed == []
    assert build_matrix.link(cell, board, tmp_path, [*objects, *more], tmp_path / "a.elf") == ()
    assert "mul" in str(verify(tmp_path / "a.elf", build_matrix.EVERY).findings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("board", "flag"),
    [
        ("microbit", "-funroll-loops"),  # branches that reach far change lr on an M0
        ("microbit", "-Og"),
        ("mps2-an386", "-Og"),
        ("mps3-an547", "-ftree-vectorize"),  # by Helium, on the compiler's own account
    ],
)
def test_other_flags_that_users_have(board, flag, task, tmp_path):
    check(Cell(board, "gcc", "O3", lto=False, frame=False, more=(flag,)), task, tmp_path)
