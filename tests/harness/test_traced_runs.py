"""An evaluation with --trace: every layer of every image against the host, and a broken kernel is seen in it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from edge_snn.graph import esnn_file
from edge_snn.harness import journal
from edge_snn.harness.checks import FAILED, PASSED, SKIPPED, judge
from edge_snn.harness.dut import EmulatedDut
from edge_snn.harness.evaluate import Settings, evaluate_boards
from edge_snn.harness.facts import HostResults, model_facts
from edge_snn.harness.figures import trace_row
from edge_snn.harness.scoring import Scoring
from edge_snn.harness.trace import host_traces
from edge_snn.plan import build_plan
from edge_snn.plan.trace import trace_tensors
from edge_snn.reference import run
from firmware_gen import boards
from tests.cli.test_cli import call
from tests.harness.spoiled import Sources
from tests.networks import images, model

HOST = boards.load("host")


@pytest.fixture(scope="module")
def made():
    return model()


def test_the_report_tells_of_traces_and_of_the_clock(made, tmp_path):
    esnn_file.save(made, tmp_path / "small.esnn")
    np.savez(tmp_path / "small.npz", x=images(3, made.input_shape), y=np.arange(3))
    common = ("eval", "--emulate", "host", "--model", "small.esnn", "--data", "small.npz", "--json")
    done = call(*common, "--trace", "--repeat", "2", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    tensors = len(trace_tensors(build_plan(made)))
    assert report["trace"] == {"tensors": tensors, "mismatched": 0, "first": None}
    assert report["clock"] == {"counter": "monotonic", "hz": 1_000_000_000, "counts": "ns", "note": ""}
    layers = next(row for row in report["checks"] if row["name"] == "every layer equals the host's")
    assert layers["status"] == PASSED
    resumed = call(*common, "--trace", "--repeat", "2", "--resume", cwd=tmp_path)
    assert json.loads(resumed.stdout)["images_resumed"] == 3
    assert json.loads(resumed.stdout)["trace"] == report["trace"]
    other = call(*common, "--repeat", "2", "--resume", cwd=tmp_path)
    assert other.returncode == 2
    assert f"its results are of crcs {tensors + 1}, this run's are of 0" in other.stderr
    plain = json.loads(call(*common, cwd=tmp_path).stdout)
    assert plain["trace"] is None
    layers = next(row for row in plain["checks"] if row["name"] == "every layer equals the host's")
    assert layers["status"] == SKIPPED


@pytest.mark.qemu
def test_on_an_emulator_the_clock_counts_instructions(made, tmp_path):
    esnn_file.save(made, tmp_path / "small.esnn")
    np.savez(tmp_path / "small.npz", x=images(1, made.input_shape), y=np.arange(1))
    common = ("eval", "--emulate", "mps2-an386", "--model", "small.esnn", "--data", "small.npz")
    done = call(*common, "--trace", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    clock = json.loads(done.stdout)["clock"]
    note = "an emulator counts executed instructions"
    assert clock == {"counter": "SysTick", "hz": 25_000_000, "counts": "executed instructions", "note": note}


def test_a_layer_that_differs_is_named_in_the_rows(made, tmp_path, monkeypatch):
    sources = Sources(tmp_path)
    sources.spoil("esnn_conv2d_table", "arena[layer->finish.neuron->offset] ^= 1u;")
    elf = sources.build(made, "host", monkeypatch)
    x, plan = images(2, made.input_shape), build_plan(made)
    labels = np.zeros(2, np.int64)
    host = HostResults.of(run(made.graph, x))
    host = HostResults(host.logits, host.counts, host.sops, host.node_sops, host_traces(made, plan, x))
    facts = model_facts(made, plan)
    dut = EmulatedDut("host", HOST, elf, made.sha256)
    try:
        done = evaluate_boards([dut], [dut.connect()], facts, x, Scoring(labels=labels), host, tmp_path, Settings())
    finally:
        dut.close()
    assert [row.parted_at for row in done.rows] == ["stage1.pool"] * 2
    told = trace_row(done.rows, host)
    assert told["first"] == {"image": 0, "layer": "stage1.pool"}
    assert told["mismatched"] == 2


def test_a_check_fails_with_the_first_layer_named():
    report = {
        "images": 5,
        "images_asked_for": 5,
        "repeat": 1,
        "stopped": "",
        "mismatched_logits": 0,
        "mismatched_spike_counts": 0,
        "mismatched_repeats": 0,
        "stack_bound": None,
        "stack_used": None,
        "metric": {"name": "accuracy", "value": 1.0},
        "trace": {"tensors": 3, "mismatched": 2, "first": {"image": 4, "layer": "block0.neuron"}},
    }
    check = next(item for item in judge(report, None) if item.name == "every layer equals the host's")
    assert check.status == FAILED
    assert "traces of 2 images, image 4 first, at layer block0.neuron" in check.message


def test_repeats_that_differ_in_a_layer_only_are_seen():
    def result(crc):
        row = np.zeros(2, np.int64)
        return journal.DeviceResult(row.astype(np.int32), row, row, 1, np.array([crc], np.uint32))

    assert journal.same_result(result(1), result(1))
    assert not journal.same_result(result(1), result(2))
