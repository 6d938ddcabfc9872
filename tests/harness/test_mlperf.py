"""MLPerf Tiny's public runner can load, infer and read results, on the port that also speaks frames."""

from __future__ import annotations

import csv
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_snn import data
from edge_snn.api import load
from edge_snn.harness.client import Device
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.firmware import build_firmware
from firmware_gen import boards
from firmware_gen.build import ROOT
from tests.harness.mlperf_runner import Runner
from tests.networks import images, model

SANITIZED = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-static-libasan")


@pytest.fixture(scope="module")
def made():
    return model()


@pytest.fixture
def emulator(made, firmware):
    board = boards.load("host")
    with Emulator(board, build_firmware(made, board, firmware / "host-sanitized", SANITIZED).elf) as running:
        yield running


@pytest.fixture
def runner(emulator):
    return Runner(emulator.port)


def test_names(runner, made):
    assert runner.command("name") == ["m-name-dut-[edge_snn host]"]
    assert runner.command("profile") == ["m-profile-[ULPMark for tinyML Firmware V0.0.1]", "m-model-[small]"]
    assert runner.command("nonsense 3") == ["e-[Unknown command: nonsense]"]
    assert "infer" in runner.command("help")[0]


def test_line_ends_and_empty_commands_get_no_answer(runner):
    """Or a stale m-ready would be taken for the answer to the next command."""
    assert runner.command("name", end="\r\n") == ["m-name-dut-[edge_snn host]"]
    runner.port.write(b"\r\n%\r\n%%%")
    assert runner.port.drain(0.2) == 0
    assert runner.command("\r\nname\r\n") == ["m-name-dut-[edge_snn host]"]


def test_the_device_never_speaks_first(runner, emulator):
    assert runner.port.drain(0.3) == 0
    emulator.reset()
    assert runner.port.drain(0.3) == 0


def test_what_is_loaded_is_printed(runner, made):
    image = images(1, made.input_shape)[0]
    assert runner.load(image) == ["m-load-done"]
    lines = runner.command("db print")
    assert all(line.startswith("m-buffer-") and line.count("-") == 9 for line in lines)
    assert bytes.fromhex("".join(line[len("m-buffer-") :].replace("-", "") for line in lines)) == image.tobytes()


def test_writes_beyond_the_input_are_refused(runner, made):
    size = images(1, made.input_shape)[0].size
    assert runner.command(f"db load {size + 1}") == [f"e-[The input has {size} bytes]"]
    assert runner.command("db load 0") == ["e-[Command 'db load' must be >0 bytes]"]
    assert runner.command("db load 99999999999999999999")[0].startswith("e-[")
    assert runner.command("db 00")[0].startswith("e-[Nothing to load")
    assert runner.command("db load 2") == ["m-[Expecting 2 bytes]"]
    assert runner.command("db 010203") == ["m-load-done"]
    assert runner.command("db 04")[0].startswith("e-[Nothing to load")
    assert runner.command("db print") == ["m-buffer-01-02"]
    assert runner.command("infer 1 0")[0].startswith("e-[The input is not loaded")


def test_wrong_commands_get_one_answer(runner):
    assert runner.command("db load 4") == ["m-[Expecting 4 bytes]"]
    assert runner.command("db 012") == ["e-[Insufficent number of hex digits]"]
    assert runner.command("db 0x") == ["e-[Invalid hex digit]"]
    assert runner.command("db") == ["e-[Command 'db' requires a subcommand]"]
    assert runner.command("infer 0") == ["e-[Inference iterations must be >0 and <65536]"]
    assert runner.command("infer 65536 0")[0].startswith("e-[Inference iterations")
    assert runner.command("infer 1 x") == ["e-[Inference warmup must be >=0 and <65536]"]
    assert runner.command("results") == ["e-[There is no result]"]
    assert runner.command("a" * 81) == ["e-[Command too long]"]
    assert runner.command("a" * 1000) == ["e-[Command too long]"]
    assert runner.command("name") == ["m-name-dut-[edge_snn host]"]


def test_both_dialects_on_one_port(runner, emulator, made):
    """Neither parser latches: text after frames, frames after text, half a command and half a frame between."""
    x = images(4, made.input_shape)
    device = Device(emulator.port, emulator.death)
    device.connect(made.sha256, "host")
    for index, image in enumerate(x):
        classes = int(np.argmax(device.infer(index, image).logits))
        runner.load(image)
        scores, _ = runner.infer(2, 1)
        assert int(np.argmax(scores)) == classes
        emulator.port.write(b"db 00112")  # an opening zero ends it
        assert device.read_info().session == device._session
        emulator.port.write(b"\0name%")
        assert emulator.port.drain(0.1) == len("m-name-dut-[edge_snn host]\r\nm-ready\r\n")
    assert device.retries == 0


def test_half_a_frame_of_a_host_that_left_does_not_deafen_the_text(runner, emulator, made):
    from edge_snn.harness.frames import INFO, Frame

    emulator.port.write(Frame(INFO, 1, b"").encode()[:-2])
    assert emulator.port.drain(1.2) == 0  # the host build's clock is this computer's
    assert runner.command("name") == ["m-name-dut-[edge_snn host]"]


@pytest.mark.qemu
@pytest.mark.parametrize(("board_name", "name"), [("mps2-an386", "fashion-mnist"), ("microbit", "fashion-mnist-nano")])
def test_accuracy_mode_scores_as_the_frames_do(board_name, name, firmware):
    made, board = load(name), boards.load(board_name)
    built = build_firmware(made, board, firmware / f"{board_name}-{made.sha256[:12]}")
    test = data.fit(data.load("fashion-mnist-1000", limit=12), made.input_shape)
    with Emulator(board, built.elf) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(made.sha256, board_name, built.build_id)
        runner = Runner(emulator.port)
        classes, scored = [], []
        for index, image in enumerate(test.x):
            before = device.retries
            classes.append(int(np.argmax(device.infer(index, image).logits)))
            if device.retries != before:  # on a busy machine: the answer to a request that was repeated comes late
                emulator.port.drain(2.0)
            assert runner.load(image) == ["m-load-done"]
            scores, _ = runner.infer(1, 0)
            assert scores.min() >= 0
            assert abs(scores.sum() - 1) < 1e-9
            scored.append(int(np.argmax(scores)))
    assert scored == classes
    assert len(set(classes)) > 3


@pytest.mark.qemu
def test_performance_mode_repeats_the_input(firmware, made):
    board = boards.load("mps2-an386")
    with Emulator(board, build_firmware(made, board, firmware / f"mps2-an386-{made.sha256[:12]}").elf) as emulator:
        runner = Runner(emulator.port)
        image = images(1, made.input_shape)[0]
        runner.load(image)
        one, short = runner.infer(1, 0)
        many, long = runner.infer(10, 3)
        device = Device(emulator.port, emulator.death)
        device.connect(made.sha256)
        ticks = device.infer(0, image).ticks
    assert one.tolist() == many.tolist()
    assert 0.9 < long / (10 * short) < 1.1
    assert 0.9 < short / (ticks / (board.clock_hz / 1e6)) < 1.1


@pytest.mark.qemu
def test_a_board_without_memory_for_repeats_says_so(firmware, made):
    board = boards.load("microbit")
    with Emulator(board, build_firmware(made, board, firmware / f"microbit-{made.sha256[:12]}").elf) as emulator:
        runner = Runner(emulator.port)
        runner.load(images(1, made.input_shape)[0])
        assert runner.command("infer 10 1") == ["e-[This board has no memory to run an input twice: infer 1 0]"]
        assert len(runner.infer(1, 0)[0]) == 10
        assert runner.command("infer 1 0")[0].startswith("e-[The input is not loaded")  # the inference took its place


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """A function from ten logits to the scores that the device prints."""
    folder = tmp_path_factory.mktemp("scores")
    (folder / "main.c").write_text(
        """
        #include <stdio.h>
        #include <stdlib.h>
        #include "esnn_text.h"
        void esnn_board_write(uint8_t byte) { putchar(byte); }
        int main(int argc, char **argv) {
            static esnn_result_t result;
            for (int i = 1; i < argc; ++i) { result.logits[i - 1] = (int32_t)strtol(argv[i], NULL, 10); }
            esnn_print_results(&result); return 0; }
        """
    )
    (folder / "model_config.h").write_text(
        "".join(f"#define ESNN_MODEL_{n} 10\n" for n in ("CLASSES", "COUNTERS", "STEPS", "INPUT_BYTES", "TENSORS"))
    )
    (folder / "board_config.h").write_text("#define ESNN_BOARD_CLOCK_HZ 1u\n#define ESNN_BOARD_KEEPS_IMAGE 0\n")
    names = ("print", "print_results", "divide")
    sources = [str(ROOT / "runtime" / "src" / f"esnn_{name}.c") for name in names]
    include = [f"-I{ROOT / part / 'include'}" for part in ("runtime", "kernels")] + [f"-I{folder}"]
    program = folder / "scores"
    flags = ["-std=c11", "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
    subprocess.run(["gcc", *flags, *include, str(folder / "main.c"), *sources, "-o", str(program)], check=True)

    def scores_of(logits):
        text = subprocess.check_output([str(program), *map(str, logits)]).decode("ascii")
        assert text.startswith("m-results-[")
        assert text.endswith("]\r\n")
        return [float(item) for item in text[len("m-results-[") : -3].split(",")]

    return scores_of


LARGE = 2**31 - 1


@pytest.mark.parametrize(
    "logits",
    [
        [0] * 10,
        [-5] * 10,
        [LARGE] + [-LARGE - 1] * 9,
        [LARGE] * 9 + [-LARGE - 1],
        [1000000, 1000001, 0, 5, 7, 9, 1000000, 3, 2, 1],  # a near tie: three decimals would not tell them apart
        [-1, -2, -3, -4, -5, -6, -7, -8, -9, -10],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    ],
)
def test_scores_are_shares_whose_largest_is_the_class(scores, logits):
    got = scores(logits)
    assert len(got) == 10
    assert min(got) >= 0
    assert abs(sum(got) - 1) < 1e-9
    assert int(np.argmax(got)) == int(np.argmax(logits))
    exact = np.array(logits, float) - min(logits)
    if exact.sum():
        assert np.abs(got - exact / exact.sum()).max() < 0.011


@pytest.mark.qemu
@pytest.mark.parametrize("board_name", [name for name in boards.names() if boards.load(name).machine])
def test_the_whole_firmware_divides_and_multiplies_nowhere(board_name, firmware, made):
    """Not the inference alone (that is proved): cores without the instruction would call a library for it."""
    built = build_firmware(made, boards.load(board_name), firmware / f"{board_name}-{made.sha256[:12]}")
    command = ["arm-none-eabi-objdump", "-d", "-marmv8.1-m.main", str(built.elf)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    used = {row.split("\t")[2].split()[0] for row in text.splitlines() if row.count("\t") > 1}
    assert len(used) > 20
    assert [name for name in used if name.startswith(("mul", "umul", "smul", "mla", "mls", "udiv", "sdiv"))] == []


def test_the_page_writes_a_set_that_the_device_takes(tmp_path, monkeypatch):
    """docs/mlperf.md: files as the runner reads them (names, classes, class), each one input of the model."""
    page = (Path(__file__).parents[2] / "docs" / "mlperf.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "docs/mlperf.md", "exec"), {})
    model = load("fashion-mnist-nano")
    folder = tmp_path / "set" / model.name
    with (folder / "y_labels.csv").open() as file:
        rows = list(csv.DictReader(file, fieldnames=["file", "classes", "class", "bytes_to_send", "stride"]))
    assert len(rows) == 60
    assert {int(row["classes"]) for row in rows} == {10}
    assert all((folder / row["file"]).stat().st_size == np.prod(model.input_shape) for row in rows)
    assert (tmp_path / "set" / "tests.yaml").read_text().startswith(f"{model.name}:\n")
