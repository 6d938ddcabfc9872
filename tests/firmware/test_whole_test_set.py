"""All 10,000 official test images over serial: nothing wrong, lost or repeated. `make test-slow`, half an hour."""

from __future__ import annotations

import json

import pytest

from edge_snn import data
from edge_snn.api import load
from edge_snn.harness.client import Device
from edge_snn.harness.emulator import Emulator
from edge_snn.harness.evaluate import evaluate
from edge_snn.harness.facts import HostResults, model_facts
from edge_snn.harness.firmware import build_firmware
from edge_snn.harness.scoring import Scoring
from edge_snn.models import zoo
from edge_snn.plan import build_plan
from edge_snn.reference import run
from firmware_gen import boards


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("name", "board_name"), [("fashion-mnist", "mps2-an386"), ("fashion-mnist-nano", "microbit")])
def test_the_whole_test_set(name, board_name, tmp_path, firmware):
    made, board = load(name), boards.load(board_name)
    test = data.fit(data.load("fashion-mnist", "test"), made.input_shape)
    host = HostResults.of(run(made.graph, test.x))
    built = build_firmware(made, board, firmware / f"{board_name}-{name}")
    with Emulator(board, built.elf) as emulator:
        device = Device(emulator.port, emulator.death)
        device.connect(made.sha256, board_name)
        done = evaluate(device, model_facts(made, build_plan(made)), test.x, Scoring(labels=test.y), host, tmp_path)
    assert done.stopped == ""
    assert all(done.logits_equal)
    assert all(done.counts_equal)
    rows = [json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()[1:]]
    assert [row["index"] for row in rows] == list(range(10_000))
    accuracy = (done.logits.argmax(axis=1) == test.y).mean()
    assert accuracy == zoo.card(name)["integer_test_accuracy"]
