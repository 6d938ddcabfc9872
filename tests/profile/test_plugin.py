"""The plugin counts what was executed: a loop of known length, the clocks of all boards, a seeded multiply."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from edge_snn.data.dataset import Dataset
from edge_snn.errors import DeviceError, ToolMissingError
from edge_snn.harness.emulator import Emulator
from edge_snn.profile import plugin
from edge_snn.profile.cycles import cycle_model
from edge_snn.profile.histogram import Histogram, Window, agreement, histogram
from edge_snn.profile.measure import measure
from edge_snn.profile.plugin import Block, Runs
from firmware_gen import boards, codegen
from firmware_gen.verify import verify
from firmware_gen.verify.elf import load
from tests.firmware.forms import called
from tests.firmware.test_clock import build_counter, receive, wait_for_start
from tests.networks import images, model

EMULATED = [name for name in boards.names() if boards.load(name).machine]
LOOPS = Path(__file__).with_name("loops.c")


def dataset(count: int = 3) -> Dataset:
    x = images(count, model().input_shape)
    return Dataset(x, np.zeros(count, np.int64), (), "random")


@pytest.mark.qemu
@pytest.mark.parametrize("board_name", ["microbit", "mps2-an385", "mps3-an547"])
def test_a_loop_of_known_length_is_counted_to_the_instruction(board_name, tmp_path):
    board = boards.load(board_name)
    elf = build_counter(board, tmp_path, LOOPS)
    counts = tmp_path / "a,b.txt"  # a comma in a path must not end an option
    turns = 12_345
    program = load(elf)
    with Emulator(board, elf, plugin.arguments(plugin.build(tmp_path), program, counts)) as emulator:
        wait_for_start(emulator.port)
        for number in (turns, 1):
            emulator.port.write(struct.pack("<I", number))
            assert receive(emulator.port, 1) == b"."
    model_of = cycle_model(board.core)
    both, one = (histogram(program, plugin.read(counts, number, 1), model_of) for number in (2, 1))
    long, short = one.windows[1].classes, both.windows[1].classes - one.windows[1].classes
    more = long - short
    assert more == Counter({"load": 2 * (turns - 1), "add, subtract": turns - 1, "branch taken": turns - 1})
    assert long["branch not taken"] - short["branch not taken"] == 0
    assert one.counts[0, 1] == sum(long.values())
    if model_of.costs is not None:
        # The second load is pipelined on the M3. Loads 2 + 1 or 2 + 2, the add 1, the branch taken 3.
        each = 8 if board_name == "microbit" else 7
        assert one.windows[1].cycles - (both.windows[1].cycles - one.windows[1].cycles) == each * (turns - 1)


@pytest.mark.qemu
@pytest.mark.parametrize("board_name", EMULATED)
def test_clock_and_plugin_agree_on_every_step_and_nothing_multiplies(board_name, tmp_path):
    made = model()
    board = boards.load(board_name)
    measured = measure(made, board, dataset(), tmp_path, with_histogram=True)
    assert measured.done.stopped == ""
    assert all(row.logits_equal and row.counts_equal for row in measured.done.rows)
    clocked = np.stack(measured.done.step_ticks) * board.instructions(1.0)
    counted = measured.step_instructions
    assert counted.shape == clocked.shape == (3, len(measured.facts.steps))
    assert np.abs(counted - clocked).max() <= 1.0 + 1e-9
    assert measured.histogram is not None
    assert measured.agreement is not None
    total = measured.histogram.total
    assert total.instructions == measured.histogram.counts.sum() == sum(total.functions.values())
    assert (total.cycles is None) == (board_name == "mps3-an547")
    assert total.cycles is None or total.cycles >= total.instructions
    assert measured.agreement.holds
    assert set(measured.agreement.forbidden.values()) == {0}
    assert measured.agreement.outside == ()
    code = next(measured.elf.parents[1].glob("model*/model.c")).read_text()
    kernels = set(re.findall(r"^    status = (\w+)\(", code, re.MULTILINE))
    assert kernels | {"esnn_model_infer", "esnn_clock_ticks"} <= called(measured.agreement.functions)


SEEDS = {
    "multiply": ("mps2-an386", "seed = seed * seed + 1u;", "multiply"),
    "divide": ("mps2-an505", "seed = 77u / (seed + 3u);", "divide"),
    "divide by library": ("microbit", "seed = 77u / (seed + 3u);", "library arithmetic"),
}


@pytest.mark.qemu
@pytest.mark.parametrize("what", SEEDS)
def test_a_seeded_multiply_or_divide_shows_in_both_proofs(what, tmp_path, monkeypatch):
    """Every step executes one: the histogram counts exactly that many, and the static proof names the place."""
    board_name, line, name = SEEDS[what]
    templates = tmp_path / "templates"
    shutil.copytree(codegen.TEMPLATES, templates)
    template = templates / "model.c.jinja"
    text = template.read_text()
    place = "    const uint64_t now = esnn_clock_ticks();\n"
    assert text.count(place) == 1
    template.write_text(text.replace(place, f"    static volatile uint32_t seed;\n    {line}\n{place}"))
    monkeypatch.setattr(codegen, "TEMPLATES", templates)
    measured = measure(model(), boards.load(board_name), dataset(2), tmp_path / "run", with_histogram=True)
    assert measured.histogram is not None
    assert measured.agreement is not None
    assert not measured.agreement.holds
    assert not measured.agreement.static_clean
    found = measured.agreement.forbidden[name]
    executed = 2 * len(measured.facts.steps)
    assert found >= executed if name == "library arithmetic" else found == executed
    findings = verify(measured.elf).findings
    assert {finding.function for finding in findings} & {"esnn_model_lap", "esnn_model_infer"}


@pytest.mark.qemu
def test_a_function_that_the_static_proof_did_not_reach_is_told(tmp_path):
    measured = measure(model(), boards.load("mps2-an386"), dataset(1), tmp_path)
    window = Window(Counter({"move": 5}), Counter({"esnn_model_infer": 3, "main": 2}), None)
    told = agreement(measured.elf, Histogram(np.array([[5]]), (window,), cycle_model("M4")))
    assert told.outside == ("main",)
    assert told.static_clean
    assert not told.holds


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


RECORD = "inference\n0 100 2 1 1 0\n1 100 2 5 4 1\n2 200 1 1 0 0\nend 3\n"


def test_inferences_are_added_up_and_a_last_one_cut_short_is_left_out(tmp_path):
    path = write(tmp_path / "counts", RECORD + RECORD + "inference\n0 100 2 9 9 9\n")
    counts = plugin.read(path, 2, 1)
    assert counts.windows[1] == {Block(0x100, 2): Runs(10, 8, 2)}
    assert counts.instructions.tolist() == [[2, 10, 1], [2, 10, 1]]
    assert plugin.read(path, 1, 1).instructions.tolist() == [[2, 10, 1]]
    with pytest.raises(DeviceError, match="saw 2 whole inferences of 3"):
        plugin.read(path, 3, 1)


def test_a_clock_that_is_not_read_once_a_step_is_told(tmp_path):
    with pytest.raises(DeviceError, match="read its clock 2 times, 5 are due"):
        plugin.read(write(tmp_path / "counts", RECORD), 1, 4)


@pytest.mark.parametrize(
    ("version", "api"), [("7.2.22", 1), ("8.2.0", 1), ("9.0.2", 2), ("9.1.0", 3), ("10.0.2", 3), ("what", 1)]
)
def test_the_plugin_asks_for_an_interface_that_the_emulator_has(version, api):
    assert plugin.api(f"QEMU emulator version {version} (Debian)") == api


def fake(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_an_emulator_without_plugins_is_told(tmp_path, monkeypatch):
    fake(tmp_path, "qemu-system-arm", "echo usage")
    fake(tmp_path, "gcc", "exit 0")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="was built without plugins"):
        plugin.build(tmp_path)


def test_a_missing_or_failing_compiler_is_told(tmp_path, monkeypatch):
    fake(tmp_path, "qemu-system-arm", 'echo "options:\n-plugin [file=]<file>"')
    monkeypatch.setenv("PATH", f"{tmp_path}")
    with pytest.raises(ToolMissingError, match="gcc is not installed"):
        plugin.build(tmp_path)
    fake(tmp_path, "gcc", "echo 'stdint.h: fatal error: no such file' >&2; exit 1")
    with pytest.raises(ToolMissingError, match=r"cannot be built: stdint\.h: fatal error"):
        plugin.build(tmp_path)


@pytest.mark.qemu
def test_the_plugin_refuses_to_start_without_its_arguments(tmp_path):
    library = plugin.build(tmp_path)
    command = ["qemu-system-arm", "-M", "mps2-an386", "-display", "none", "-plugin", f"file={library},begin=1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0
    assert "needs out=, begin=, clock= and clock_end=" in done.stderr
