"""Networks of 8-bit codes on boards: evaluated, traced, bisected, resumed, shared and profiled as spiking ones are."""

from __future__ import annotations

import json

import numpy as np
import pytest

import edge_snn
from edge_snn.errors import InputError
from edge_snn.graph import esnn_file
from edge_snn.harness.bisect import bisect
from edge_snn.harness.client import Device
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.firmware import build_firmware
from edge_snn.passes.assemble import assemble
from edge_snn.passes.retime import retime
from edge_snn.plan import build_plan
from edge_snn.plan.trace import trace_tensors
from edge_snn.reference import run
from firmware_gen import boards
from tests.cli.test_cli import call
from tests.graded_models import random_codes
from tests.harness.graded import autoencoder, classifier, network
from tests.harness.mlperf_runner import Runner
from tests.harness.spoiled import Sources
from tests.harness.test_bisect import BOARDS, SANITIZED, agrees
from tests.int8_files import Maker
from tests.int8_oracle import recover

HOST = boards.load("host")


@pytest.mark.parametrize("board_name", BOARDS)
@pytest.mark.parametrize("made", [random_codes(4), network()], ids=["random", "network"])
def test_every_tensor_is_the_references(made, board_name, firmware):
    x = np.random.default_rng(4).integers(0, 256, (2, *made.input_shape), np.uint8)
    agrees(
        made, board_name, firmware / f"{board_name}-{made.sha256[:12]}", x, SANITIZED if board_name == "host" else ()
    )


def bytes_of(made, count=6):
    rng = np.random.default_rng(1)
    return rng.integers(-128, 128, (count, *made.takes.sample_shape)).astype(np.int8)


def place(folder, made):
    """A folder with a model and twelve samples of it."""
    esnn_file.save(made, folder / "codes.esnn")
    x = bytes_of(made, 12)
    np.savez(folder / "codes.npz", x=x, y=x.argmax(axis=1))
    return ("--model", "codes.esnn", "--data", "codes.npz")


def test_a_run_is_traced_shared_and_resumed(tmp_path):
    options = place(tmp_path, classifier())
    common = ("eval", "--emulate", "host", *options, "--trace", "--report", "r", "--json")
    done = call(*common, "--jobs", "2", "--repeat", "2", "--min-accuracy", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["trace"] == {"tensors": 2, "mismatched": 0, "first": None}
    assert (report["accuracy"], report["images"], report["timesteps"]) == (1.0, 12, 1)
    assert {row["status"] for row in report["checks"]} <= {"passed", "skipped"}
    lines = (tmp_path / "r" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "r" / "journal.jsonl").write_bytes(b"".join(lines[:6]))
    again = call(*common, "--repeat", "2", "--resume", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    resumed = json.loads(again.stdout)
    assert (resumed["images_resumed"], resumed["images"]) == (5, 12)
    assert resumed["confusion"] == report["confusion"]
    assert call("compare", "r", "r", "--max-accuracy-drop", "0", cwd=tmp_path).returncode == 0


@pytest.mark.qemu
def test_a_profile_needs_no_labels(tmp_path):
    made = classifier()
    options = place(tmp_path, made)
    np.savez(tmp_path / "codes.npz", x=bytes_of(made, 3))
    done = call("profile", "--emulate", "mps2-an386", *options, "--histogram", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [row["name"] for row in report["layers"]] == ["lookup", "slice", "codes"]
    assert report["mismatched_images"] == 0
    assert report["proof"]["holds"]


def test_a_broken_kernel_is_found_by_code_and_channel(tmp_path, monkeypatch):
    made = classifier()
    sources = Sources(tmp_path)
    sources.spoil("esnn_lookup", "arena[layer->output + 3u] ^= 5u;")
    plan, x = build_plan(made), bytes_of(made).reshape(-1, 1, 1, 6).view(np.uint8)
    with Emulator(HOST, sources.build(made, "host", monkeypatch)) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(made.sha256, "host")
        found = bisect(device, made, plan, x)
    code = int(x[0, 0, 0, 3])
    assert (found.layer, found.kind, found.kernel) == ("lookup", "graded", "lookup")
    assert str(found) == (
        "image 0: device and host part first at layer lookup, position y 0, x 0 (token 0), channel 3: "
        f"code {code ^ 5} on the device, {code} on the host (1 of 6 entries differ)"
    )


def test_a_wrong_output_is_named_when_all_codes_agree(tmp_path, monkeypatch):
    made = classifier()
    sources = Sources(tmp_path)
    sources.spoil("esnn_codes", "logits[2] += 1;")
    with Emulator(HOST, sources.build(made, "host", monkeypatch)) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(made.sha256, "host")
        found = bisect(device, made, build_plan(made), bytes_of(made).reshape(-1, 1, 1, 6).view(np.uint8))
    assert "part first at layer codes, output 2 (c): device" in str(found)


def test_a_counter_that_is_wrong_is_told_in_words(tmp_path, monkeypatch):
    made = network()
    sources = Sources(tmp_path)
    sources.replace("esnn_graded_count", "return found;", "return found + 1u;")
    x = np.random.default_rng(0).integers(0, 256, (1, *made.input_shape), np.uint8)
    with Emulator(HOST, sources.build(made, "host", monkeypatch)) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(made.sha256, "host")
        found = bisect(device, made, build_plan(made), x)
    count = int(run(made.graph, x).counts[0, 0])
    assert str(found) == (
        "image 0: device and host part first at layer conv1, number of codes that are not the zero point: "
        f"device {count + 1}, host {count}"
    )


def test_the_text_dialect_scores_as_the_frames_do(firmware):
    made = classifier()
    x = bytes_of(made).reshape(-1, 1, 1, 6).view(np.uint8)
    logits = run(made.graph, x).logits
    with Emulator(HOST, build_firmware(made, HOST, firmware / "host-codes", SANITIZED).elf) as emulator:
        runner = Runner(emulator.port)
        for image, row in zip(x, logits):
            assert runner.load(image) == ["m-load-done"]
            scores, _ = runner.infer(1, 0)
            above = row - row.min()
            assert int(np.argmax(scores)) == int(np.argmax(row))
            assert np.abs(scores - above / above.sum()).max() < 0.007


def test_early_answers_are_refused_by_name(tmp_path):
    options = place(tmp_path, autoencoder("int8"))
    done = call("anytime", "codes.esnn", *options[2:], cwd=tmp_path)
    assert done.returncode == 2
    assert "table: is a network of 8-bit codes: it has no time steps to leave out or to stop after" in done.stderr
    with pytest.raises(InputError, match="is a network of 8-bit codes"):
        retime(autoencoder(), 2)


def test_the_tensors_of_a_trace_are_codes():
    tensors = trace_tensors(build_plan(classifier()))
    assert {item.kind for item in tensors} == {"graded"}
    values = np.arange(6, dtype=np.uint8).reshape(1, 1, 1, 6) * 51
    assert tensors[0].encode(values) == values.tobytes()
    assert np.array_equal(tensors[0].decode(values.tobytes())[0, 0], values.ravel())
    assert edge_snn.simulate(classifier(), bytes_of(classifier())).rates == {}


def test_the_commands_tell_what_the_file_takes(tmp_path):
    options = place(tmp_path, classifier())
    done = call("inspect", "codes.esnn", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "of the file: input 1x6 int8, scale 0.00390625, zero point as a code 0; output 1x6 int8" in " ".join(
        done.stdout.split()
    )
    refused = call("simulate", "codes.esnn", *options[2:], "--float", "digits", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--float is for networks of spikes" in refused.stderr


@pytest.mark.qemu
def test_an_autoencoder_is_scored_on_an_emulated_board(tmp_path):
    made, rng = autoencoder(), np.random.default_rng(0)
    x, labels = rng.normal(0, 4, (8, 8)).astype(np.float32), np.arange(8) % 2
    x[labels == 1, 0] = 40
    found = edge_snn.evaluate(made, (x, labels), emulate="mps2-an386", metric="auc", report=tmp_path / "r")
    assert found.is_exact
    assert found.value == found.host_value == 1.0
    assert found.latency.unit == "instructions"


def test_the_spikes_of_a_layer_are_codes_off_its_zero_point(tmp_path):
    made = random_codes(4)
    assert [layer.kind for layer in made.graph.counted] == ["graded", "graded"]
    x = np.random.default_rng(4).integers(0, 256, (4, *made.input_shape), np.uint8)
    found = edge_snn.evaluate(made, x, emulate="host", report=tmp_path / "r")
    assert found.is_exact
    host = edge_snn.simulate(made, x)
    assert {row["name"]: row["rate"] for row in found.report["layers"]} == {
        name: round(rate, 6) for name, rate in host.rates.items()
    }
    edges = run(made.graph, x, keep=host.rates).edges
    for name, rate in host.rates.items():
        assert rate == (edges[name] != made.graph.node(name).zero).mean()
    assert found.sops == host.sops > 0
    assert found.report["dense_macs"] > 0
    assert "graded, rate" in (tmp_path / "r" / "report.html").read_text()


def test_channels_of_one_scale_share_their_code_and_the_stack_is_bounded(tmp_path):
    """As in MLPerf Tiny's autoencoder: layers whose outputs are all requantised alike."""
    net = Maker(0)
    weights = net.constant(np.random.default_rng(0).integers(-127, 128, (64, 64)).astype(np.int8), 0.01, 0)
    x = net.input((1, 64), "int8", 0.1, -20)
    net.add("FULLY_CONNECTED", [x, weights], (1, 64), 0.3, 5, activation=0)
    found = recover(net)
    made = assemble(found.graph, found.scales, found.borders, name="alike")
    built = build_firmware(made, boards.load("mps2-an386"), tmp_path)
    code = (built.generated.folder / "model.c").read_text()
    assert code.count("step_0_codes_0(sums, out);") == 4
    assert "step_0_codes_1" not in code
    assert 0 < built.stack_bound < 2000
