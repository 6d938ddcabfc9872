"""Two emulators are faster than one. `make test-slow`, on a machine with two free cores."""

from __future__ import annotations

import os
import time

import pytest

from edge_snn.cli.common import load_model
from edge_snn.harness.evaluate import Settings
from edge_snn.harness.session import Bench, load_data, measure


@pytest.mark.slow
@pytest.mark.qemu
@pytest.mark.timeout(1800)
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="one core")
def test_a_thousand_images_are_measured_faster_by_two_emulators_than_by_one(tmp_path):
    model = load_model("fashion-mnist")
    dataset = load_data("fashion-mnist-1000", model)
    seconds, figures = [], []
    for jobs in (1, 2):
        marks = []

        class Clock:
            """Notes when the images begin and end: the reference and the build are the same for both."""

            def __init__(self, label, total):
                self.label = label

            def __enter__(self):
                marks.append((self.label, time.monotonic()))
                return None

            def __exit__(self, *_):
                marks.append((self.label, time.monotonic()))

        report = measure(
            Bench("mps2-an386", jobs), model, dataset, tmp_path / "r", settings=Settings(), bar=lambda *a: Clock(*a)
        )
        begin, end = (when for label, when in marks if label == "mps2-an386")
        seconds.append(end - begin)
        assert (report["images"], report["mismatched_logits"], report["mismatched_spike_counts"]) == (1000, 0, 0)
        figures.append({key: report[key] for key in ("correct", "latency", "mean_rate", "confusion")})
    print(f"\n1,000 images: {seconds[0]:.1f} s alone, {seconds[1]:.1f} s by two")
    assert figures[0] == figures[1], "sharing changes no figure"
    assert seconds[1] < seconds[0]
