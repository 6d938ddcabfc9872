"""The commands as a user types them: output, exit codes, one clear message, nothing half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tty
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edge_snn.cli import doctor
from edge_snn.cli.main import COMMANDS
from edge_snn.graph import esnn_file
from tests.networks import images, model

FILES = Path(__file__).parents[1] / "frontends" / "files"


def call(*arguments: str, cwd: Path | None = None, env: dict[str, str] | None = None):
    command = [sys.executable, "-m", "edge_snn", *arguments]
    path = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, **(env or {})}
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    made = model()
    esnn_file.save(made, folder / "small.esnn")
    x = images(6, made.input_shape)
    np.savez(folder / "small.npz", x=x, y=np.arange(6) % 10)
    np.savez(folder / "labels.npz", x=x, y=np.arange(6) + 7)
    np.savez(folder / "shape.npz", x=x[:, :5], y=np.arange(6))
    (folder / "rubbish.esnn").write_bytes(b"rubbish")
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name):
    done = call(name, "--help")
    assert done.returncode == 0
    assert "Example" in done.stdout
    assert "--json" in done.stdout


def test_convert_inspect_simulate_codegen(place):
    done = call("convert", str(FILES / "transformer-a2os2a.tflite"), "-o", "t.esnn", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["checked_inputs"] == 16
    facts = json.loads(call("inspect", "t.esnn", "--json", cwd=place).stdout)
    assert facts["arena_bytes"] > 0
    assert facts["sha256"] == json.loads(done.stdout)["sha256"]
    done = call("simulate", "t.esnn", "--data", "digits", "--limit", "20", "--json", cwd=place)
    assert json.loads(done.stdout)["images"] == 20
    done = call("codegen", "t.esnn", "-o", "c", "--json", cwd=place)
    assert (place / "c" / "model.c").exists()
    for command in (("inspect", "t.esnn"), ("simulate", "t.esnn", "--data", "digits", "--limit", "5"), ("models",)):
        assert call(*command, cwd=place).returncode == 0


def test_eval_on_the_host_board_writes_a_report(place):
    arguments = ["eval", "--emulate", "host", "--model", "small.esnn", "--data", "small.npz"]
    done = call(*arguments, "--report", "r", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    report = json.loads((place / "r" / "report.json").read_text())
    assert report == json.loads(done.stdout)
    wanted = """board core images correct accuracy host_accuracy mismatched_logits mismatched_spike_counts latency
        layers sops dense_macs flash_bytes ram_bytes elf model_sha256 tool_versions"""
    assert set(wanted.split()) <= set(report)
    assert (report["images"], report["mismatched_logits"], report["mismatched_spike_counts"]) == (6, 0, 0)
    assert (place / "r" / report["elf"]).exists()
    assert {"unit", "median", "p95", "max"} <= set(report["latency"])
    assert {"name", "kind", "neurons", "rate", "spikes_per_step", "ticks"} <= set(report["layers"][0])
    rows = (place / "r" / "predictions.csv").read_text().splitlines()
    assert len(rows) == 7
    assert len((place / "r" / "journal.jsonl").read_text().splitlines()) == 7
    assert not list((place / "r").glob(".*part"))


def test_eval_on_a_serial_device(place):
    """A pseudo-terminal is a serial device as far as pyserial can tell; the firmware sits at its other end."""
    built = json.loads(call("build", "small.esnn", "--board", "host", "-o", "d", "--json", cwd=place).stdout)
    leader, follower = os.openpty()
    name = os.ttyname(follower)
    tty.setraw(follower)
    firmware = subprocess.Popen([str(place / built["elf"])], stdin=leader, stdout=leader, cwd=place)
    try:
        arguments = ["eval", "--port", name, "--model", "small.esnn", "--data", "small.npz", "--report", "s", "--json"]
        done = call(*arguments, "--board", "host", cwd=place)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert (report["images"], report["mismatched_logits"], report["mismatched_spike_counts"]) == (6, 0, 0)
        assert report["latency"]["unit"].startswith("ms")
        done = call(*arguments, "--board", "microbit", cwd=place)
        assert done.returncode == 3
        assert "is board 'host', not 'microbit'" in done.stderr
        call("convert", str(FILES / "transformer-ssa.tflite"), "-o", "other.esnn", cwd=place)
        arguments[4] = "other.esnn"
        done = call(*arguments, cwd=place)
        assert "images are 12x12x1" in done.stderr or "runs another model" in done.stderr
        assert done.returncode in (2, 3)
    finally:
        firmware.kill()
        firmware.wait()
        os.close(leader)
        os.close(follower)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["inspect", "nothing.esnn"], 2, "no such file"),
        (["inspect", "rubbish.esnn"], 2, "not an .esnn model file"),
        (["inspect", "nothing"], 2, "no shipped model of that name"),
        (["simulate", "small.esnn", "--data", "nothing"], 2, "no such data set"),
        (["simulate", "small.esnn", "--data", "labels.npz"], 2, "is out of range: the model has 10 classes"),
        (["simulate", "small.esnn", "--data", "shape.npz"], 2, "images are 5x12x1"),
        (["simulate", "small.esnn", "--data", "small.npz", "--min-accuracy", "1"], 1, "is below the 1.0000 asked for"),
        (["convert", "nothing.tflite"], 2, "no such file"),
        (["convert", "small.npz"], 2, ".keras file"),
        (["convert", str(FILES / "bad-foreign.tflite")], 2, "(MEAN"),
        (["convert", str(FILES / "t1.tflite"), "-o", "no/where.esnn"], 2, "does not exist"),
        (["build", "small.esnn", "--board", "toaster"], 2, "no such board"),
        (["eval", "--model", "small.esnn", "--data", "small.npz"], 2, "either --emulate BOARD or --port"),
        (["eval", "--port", "/dev/nope", "--model", "small.esnn", "--data", "small.npz"], 2, "no such port"),
        (
            ["eval", "--port", "socket://127.0.0.1:9", "--model", "small.esnn", "--data", "small.npz"],
            3,
            "cannot be opened",
        ),
        (["train", "--preset", "nope", "--data", "digits", "--out", "x"], 2, "no such preset"),
        (["train", "--preset", "digits", "--out", "x"], 2, "either --data or --train"),
        (["convert", str(FILES / "transformer-sdsa.tflite")], 2, "the element-wise one (sdsa) does not convert"),
        (["tflite", "nothing.keras"], 2, "no such file"),
        (["tflite", "nothing.keras", "--int8"], 2, "--int8 and --calibrate DATA belong together"),
        (["tflite", "nothing.keras", "--int8", "--calibrate", "nothing"], 2, "no such data set"),
        (["tflite", "nothing.keras", "--io", "uint8"], 2, "--io needs --int8"),
        (["export", "nothing.keras"], 2, "No such command"),
        (["codegen", "small.esnn", "-o", "small.npz"], 2, "small.npz"),
        (["build", "small.esnn", "--board", "host", "-o", "small.npz"], 2, "small.npz"),
        (["build", "small.esnn", "--board", "host", "-o", "a#b"], 2, "whose path has '#'"),
        (["build", "small.esnn", "--board", "host", "-o", "$(shell true)"], 2, "whose path has '$'"),
        (["inspect", "."], 2, "is a folder, not a file"),
        (["convert", "."], 2, "is a folder, not a file"),
        (["verify", "nothing.elf"], 2, "no such file"),
        (["nonsense"], 2, "No such command"),
        (["inspect"], 2, "Missing argument"),
    ],
)
def test_bad_input_is_one_message_and_an_exit_code(place, arguments, code, message):
    done = call(*arguments, cwd=place)
    assert done.returncode == code, done.stderr
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_what_is_printed_is_not_taken_for_markup(place, monkeypatch):
    """``[train]`` is the extra, not a style; ``[/b]`` is the name of a file, and closes nothing."""
    row = {"name": "tensorflow", "found": False, "needed": False, "purpose": "training", "version": ""}
    monkeypatch.setattr(doctor, "examine", lambda: [{**row, "install": "pip install 'edge-snn[train]'"}])
    assert "pip install 'edge-snn[train]'" in CliRunner().invoke(doctor.command).output
    (place / "x[").mkdir(exist_ok=True)
    done = call("convert", str(FILES / "transformer-a2os2a.tflite"), "-o", "x[/b].esnn", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "x[/b].esnn" in done.stdout


def test_nothing_is_cut_in_a_pipe_or_in_a_narrow_terminal(place):
    source = str(FILES / "transformer-a2os2a.tflite")
    facts = json.loads(call("convert", source, "-o", "w.esnn", "--json", cwd=place).stdout)
    for columns in ({}, {"COLUMNS": "30"}):
        text = call("inspect", "w.esnn", cwd=place, env=columns).stdout
        assert facts["sha256"] in "".join(text.split())
        assert "…" not in text
        assert "…" not in call("models", env=columns).stdout
    piped = call("models").stdout
    assert "fashion-mnist-nano" in piped
    assert "35,974,696" in piped


def test_a_name_of_the_file_that_no_model_can_have_is_mended(place):
    source = place / "two\nlines.tflite"
    source.write_bytes((FILES / "transformer-a2os2a.tflite").read_bytes())
    assert call("convert", source.name, "-o", "n.esnn", cwd=place).returncode == 0
    assert json.loads(call("inspect", "n.esnn", "--json", cwd=place).stdout)["name"] == "two_lines"


def test_a_folder_of_images_is_scored_by_the_names_of_its_classes(tmp_path):
    """Against the same images by number: the order of folders is another than that of the model's classes."""
    from PIL import Image

    from edge_snn import data

    shipped = data.load("fashion-mnist-1000", limit=40)
    for index, (image, label) in enumerate(zip(shipped.x, shipped.y)):
        folder = tmp_path / "images" / shipped.classes[label].replace("/", "_")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(folder / f"{index}.png")
    arguments = ["simulate", "fashion-mnist-nano", "--json", "--data"]
    by_name = json.loads(call(*arguments, str(tmp_path / "images")).stdout)
    by_number = json.loads(call(*arguments, "fashion-mnist-1000", "--limit", "40").stdout)
    assert by_name["accuracy"] == by_number["accuracy"] > 0.6
    arguments = ["eval", "--emulate", "host", "--model", "fashion-mnist-nano", "--data", "images", "--json"]
    report = json.loads(call(*arguments, "--report", "r", cwd=tmp_path).stdout)
    assert report["accuracy"] == by_number["accuracy"]


def test_missing_tools_are_named(place):
    arguments = ["build", "small.esnn", "--board", "mps2-an386", "-o", "b"]
    done = call(*arguments, cwd=place, env={"PATH": "/nonexistent"})
    assert done.returncode == 2
    assert "arm-none-eabi-gcc is not installed" in done.stderr
    assert "apt-get install gcc-arm-none-eabi" in done.stderr
    done = call("doctor", "--json", env={"PATH": "/nonexistent"})
    assert done.returncode == 2
    missing = {row["name"] for row in json.loads(done.stdout)["checks"] if not row["found"]}
    assert {"qemu-system-arm", "cmake", "arm-none-eabi-gcc"} <= missing


def test_no_emulator_is_named_before_anything_is_built(place):
    arguments = ["eval", "--emulate", "mps2-an386", "--model", "small.esnn", "--data", "small.npz", "--report", "q"]
    done = call(*arguments, cwd=place, env={"PATH": "/nonexistent"})
    assert done.returncode == 2, done.stderr
    assert "qemu-system-arm is not installed" in done.stderr
    assert not (place / "q" / "firmware").exists()


def test_ctrl_c_ends_with_130_and_keeps_the_results(place):
    x = np.tile(images(6, (12, 12, 1)), (3000, 1, 1, 1))
    np.savez(place / "long.npz", x=x, y=np.zeros(len(x), np.int64))
    command = [sys.executable, "-m", "edge_snn", "eval", "--emulate", "host", "--model", "small.esnn"]
    command += ["--data", "long.npz", "--limit", "6000", "--report", "i"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    child = subprocess.Popen(
        command,
        cwd=place,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the suite in the background ignores SIGINT, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    journal = place / "i" / "journal.jsonl"
    end = time.monotonic() + 120
    while time.monotonic() < end and not (journal.exists() and journal.stat().st_size > 5000):
        time.sleep(0.02)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130, errors
    report = json.loads((place / "i" / "report.json").read_text())
    assert 0 < report["images"] < 6000
    assert report["stopped"] == "interrupted"
    assert len(journal.read_text().splitlines()) == 1 + report["images"]
    assert all((place / "i" / name).exists() for name in ("report.html", "predictions.csv", "junit.xml"))
