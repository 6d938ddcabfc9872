"""Two emulators are faster than one. `make test-slow`, on a machine with two free cores."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

import pytest

from edge_snn.api import dataset_for, load
from edge_snn.harness.evaluate import Settings
from edge_snn.harness.session import Bench, measure


def watch(seconds):
    """A maker of progress bars that notes how long each took: reference and build are the same for both."""

    @contextmanager
    def bar(label, total):
        started = time.monotonic()
        yield None
        seconds[label] = time.monotonic() - started

    return bar


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.timeout(1800)
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core")
def test_a_thousand_images_are_measured_faster_by_two_emulators_than_by_one(tmp_path):
    model = load("fashion-mnist")
    dataset = dataset_for("fashion-mnist-1000", model)
    took, figures = {}, []
    for jobs in (1, 2):
        bench, seconds = Bench("mps2-an386", jobs), {}
        report = measure(bench, model, dataset, tmp_path / "r", settings=Settings(), bar=watch(seconds))
        took[jobs] = seconds["mps2-an386"]
        assert (report["images"], report["mismatched_logits"], report["mismatched_spike_counts"]) == (1000, 0, 0)
        figures.append({key: report[key] for key in ("correct", "latency", "mean_rate", "confusion")})
    print(f"\n1,000 images: {took[1]:.1f} s by one, {took[2]:.1f} s by two")
    assert figures[0] == figures[1], "sharing changes no figure"
    assert took[2] < took[1]
