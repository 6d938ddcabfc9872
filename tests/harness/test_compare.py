"""Two runs are compared figure by figure; what cannot be compared is refused by name."""

from __future__ import annotations

import copy
import json
import random

import pytest

from edge_snn.errors import InputError
from edge_snn.harness.compare import compare, judge, load

REPORT = {
    "format": 1,
    "board": "mps2-an386",
    "model": "small",
    "model_sha256": "a" * 64,
    "data": "pets",
    "data_sha256": "d" * 64,
    "images": 4,
    "images_asked_for": 4,
    "accuracy": 0.75,
    "mismatched_logits": 0,
    "mismatched_spike_counts": 0,
    "classes": ["cat", "dog"],
    "confusion": [[2, 0], [1, 1]],
    "latency": {"unit": "instructions", "median": 1000, "p95": 1100, "max": 1200},
    "layers": [{"name": "one.neuron", "rate": 0.1}, {"name": "two.neuron", "rate": 0.2}],
    "steps": [{"name": "one", "latency": {"unit": "instructions", "median": 600}}],
    "mean_rate": 0.15,
    "sops": 50.0,
    "flash_bytes": 1000,
    "ram_bytes": 500,
    "arena_bytes": 400,
    "stopped": "",
}


def save(folder, predictions=(0, 0, 1, 0), **changes):
    folder.mkdir(exist_ok=True)
    (folder / "report.json").write_text(json.dumps({**REPORT, **changes}))
    if predictions is not None:
        rows = "".join(f"{index},0,{label}\n" for index, label in enumerate(predictions))
        (folder / "predictions.csv").write_text("index,label,device\n" + rows)
    return folder


def changes(tmp_path, predictions=(0, 0, 1, 0), **values):
    return compare(load(save(tmp_path / "a")), load(save(tmp_path / "b", predictions, **values)))


def test_the_same_run_twice_is_no_change(tmp_path):
    found = changes(tmp_path)
    assert found["accuracy"]["difference"] == 0
    assert found["flips"] == {"count": 0, "indices": []}
    assert found["warnings"] == []
    assert judge(found, 0.0, 0.0) == []


def test_each_change_is_told(tmp_path):
    found = changes(
        tmp_path,
        (0, 1, 1, 1),
        accuracy=0.5,
        model_sha256="b" * 64,
        confusion=[[1, 1], [1, 1]],
        latency={"unit": "instructions", "median": 1100, "p95": 1100, "max": 1300},
        steps=[{"name": "new", "latency": {"unit": "instructions", "median": 5}}],
        layers=[{"name": "two.neuron", "rate": 0.3}, {"name": "one.neuron", "rate": 0.1}],
        flash_bytes=900,
        ram_bytes=None,
    )
    assert found["same_model"] is False
    assert found["accuracy"]["difference"] == -0.25
    assert found["flips"] == {"count": 2, "indices": [1, 3]}
    assert found["latency"]["median"]["ratio"] == pytest.approx(1.1)
    assert found["per_class"][0] == {
        "name": "cat",
        "recall": {"before": 1.0, "after": 0.5, "difference": -0.5, "ratio": 0.5},
    }
    assert [(row["name"], row["median"]["before"], row["median"]["after"]) for row in found["steps"]] == [
        ("one", 600, None),
        ("new", None, 5),
    ]
    assert [round(row["rate"]["difference"], 9) for row in found["layers"]] == [0, 0.1]
    assert found["flash_bytes"]["difference"] == -100
    assert found["ram_bytes"] == {"before": 500, "after": None, "difference": None, "ratio": None}


def test_thresholds_are_kept_exactly(tmp_path):
    found = changes(tmp_path, accuracy=0.74, latency={"unit": "instructions", "median": 1030, "p95": 1, "max": 1})
    assert judge(found, 0.01, 0.03) == []
    (drop,) = judge(found, 0.0099, 0.03)
    assert drop == "accuracy dropped by 0.0100, allowed are 0.0099"
    (slow,) = judge(found, None, 0.0299)
    assert "the median latency grew by 3.00% (1,000 to 1,030 instructions)" in slow
    assert len(judge(found, 0, 0)) == 2
    assert judge(changes(tmp_path, accuracy=0.9), 0, 0) == []


def test_runs_on_different_data_are_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"is of 'pets' \(4 images, dddd.*of 'birds' \(4 images, eeee"):
        changes(tmp_path, data="birds", data_sha256="e" * 64)


def test_another_board_is_a_warning_and_no_slowdown(tmp_path):
    found = changes(tmp_path, board="microbit")
    assert found["warnings"] == ["different boards: mps2-an386 and microbit"]
    assert judge(found, 0, None) == []
    with pytest.raises(InputError, match="different boards: mps2-an386 and microbit"):
        judge(found, None, 0.1)


def test_instructions_and_milliseconds_are_not_compared(tmp_path):
    found = changes(tmp_path, latency={"unit": "ms", "median": 2.5, "p95": 3.0, "max": 4.0})
    assert found["latency"] is None
    assert found["steps"] is None
    with pytest.raises(InputError, match="instructions and ms"):
        judge(found, None, 0.1)


def test_flips_without_predictions_are_unknown_and_not_zero(tmp_path):
    for predictions in (None, (0, 0, 1), (0, 0, 1, "x")):
        folder = tmp_path / "b"
        (folder / "predictions.csv").unlink(missing_ok=True)
        found = changes(tmp_path, predictions)
        assert found["flips"] is None
        assert "flipped images are unknown" in found["warnings"][0]


def test_a_run_that_did_not_finish_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"did not finish \(2 of 4 images\)"):
        changes(tmp_path, stopped="interrupted", images=2)


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense", '{"format": 1}', "[" * 100_000, '{"format": NaN}'])
def test_a_file_that_is_no_report_is_refused(tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(InputError):
        load(tmp_path)
    with pytest.raises(InputError):
        load(tmp_path / "report.json")
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "nothing")


def test_any_value_in_any_place_is_compared_or_refused(tmp_path):
    rng = random.Random(3)
    values = [None, True, -1, 1 << 80, 1e300, float("inf"), "", "x" * 500, [], [1], {}, {"unit": 3}, [[]], 0]

    def places(node, path=()):
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in items:
            yield (*path, key)
            yield from places(value, (*path, key))

    save(tmp_path / "a")
    refused = 0
    for place in places(REPORT):
        for value in rng.sample(values, 6):
            report = copy.deepcopy(REPORT)
            node = report
            for key in place[:-1]:
                node = node[key]
            node[place[-1]] = value
            save(tmp_path / "b")
            (tmp_path / "b" / "report.json").write_text(json.dumps(report))
            try:
                judge(compare(load(tmp_path / "a"), load(tmp_path / "b")), 0.1, 0.1)
            except InputError:
                refused += 1
    assert refused > 50
