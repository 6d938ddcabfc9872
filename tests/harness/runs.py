"""A small model, its firmware for this computer, and runs of it: what the tests of runs share."""

from __future__ import annotations

import numpy as np

from edge_snn.harness import journal
from edge_snn.harness.dut import EmulatedDut
from edge_snn.harness.evaluate import Settings, evaluate_boards
from edge_snn.harness.facts import HostResults, model_facts
from edge_snn.harness.firmware import build_firmware
from edge_snn.harness.journal import JOURNAL
from edge_snn.harness.scoring import Scoring
from edge_snn.plan import build_plan
from edge_snn.reference import run
from firmware_gen import boards
from tests.networks import images, model

HOST = boards.load("host")


class Case:
    """A small model, its firmware for this computer, and images with the host's results."""

    def __init__(self, folder, count=30):
        self.model = model()
        self.elf = build_firmware(self.model, HOST, folder).elf
        self.x = images(count, self.model.input_shape)
        self.y = np.arange(count) % 10
        self.scoring = Scoring(labels=self.y)
        self.host = HostResults.of(run(self.model.graph, self.x))
        self.facts = model_facts(self.model, build_plan(self.model))

    def dut(self, label="a"):
        return EmulatedDut(label, HOST, self.elf, self.model.sha256)

    def run(self, duts, folder, progress=None, **settings):
        devices = [dut.connect() for dut in duts]
        chosen = Settings(**settings)
        try:
            return evaluate_boards(duts, devices, self.facts, self.x, self.scoring, self.host, folder, chosen, progress)
        finally:
            for dut in duts:
                dut.close()

    def check(self, done):
        """Every image once, and right."""
        assert done.stopped == ""
        assert [row.index for row in done.rows] == list(range(len(self.x)))
        for row in done.rows:
            assert np.array_equal(row.result.logits, self.host.logits[row.index])
            assert row.logits_equal
            assert row.counts_equal
            assert row.repeats_equal


def lines(folder):
    """The results in a journal, each checked."""
    header, *rest = (folder / JOURNAL).read_bytes().splitlines()
    head = journal.decode(header)
    assert head["journal"] == journal.FORMAT
    found = [journal.decode(line) for line in rest]
    assert None not in found
    assert {line["run"] for line in found} <= {head["run"]}
    return found
