"""Two runs are compared figure by figure; what cannot be compared is refused by name."""

from __future__ import annotations

import copy
import json
import os
import random

import pytest

from edge_snn.errors import InputError
from edge_snn.harness import checks
from edge_snn.harness.compare import compare, judge
from edge_snn.harness.saved import load

REPORT = {
    "format": 2,
    "board": "mps2-an386",
    "model": "small",
    "model_sha256": "a" * 64,
    "data": "pets",
    "data_sha256": "d" * 64,
    "images": 4,
    "images_asked_for": 4,
    "repeat": 1,
    "metric": {"name": "accuracy", "value": 0.75, "host_value": 0.75},
    "correct": 3,
    "accuracy": 0.75,
    "mismatched_logits": 0,
    "mismatched_spike_counts": 0,
    "mismatched_repeats": 0,
    "trace": None,
    "stack_bound": 900,
    "stack_used": 700,
    "classes": ["cat", "dog"],
    "confusion": [[2, 0], [1, 1]],
    "latency": {"unit": "instructions", "median": 1000, "p95": 1100, "max": 1200},
    "layers": [{"name": "one.neuron", "rate": 0.1}, {"name": "two.neuron", "rate": 0.2}],
    "steps": [{"name": "one", "latency": {"unit": "instructions", "median": 600, "p95": 600, "max": 650}}],
    "mean_rate": 0.15,
    "sops": 50.0,
    "flash_bytes": 1000,
    "ram_bytes": 500,
    "arena_bytes": 400,
    "stopped": "",
}

REPORT["checks"] = checks.as_rows(checks.judge(REPORT, None))


def save(folder, predictions=(0, 0, 1, 0), **changes):
    folder.mkdir(exist_ok=True)
    report = {**REPORT, **changes}
    if "accuracy" in changes and "metric" not in changes:
        report["metric"] = {**REPORT["metric"], "value": report["accuracy"]}
    if "checks" not in changes:
        report["checks"] = checks.as_rows(checks.judge(report, None))
    (folder / "report.json").write_text(json.dumps(report))
    if predictions is not None:
        rows = "".join(f"{index},{index // 2},{label}\n" for index, label in enumerate(predictions))
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
        (0, 1, 0, 1),
        correct=2,
        accuracy=0.5,
        model_sha256="b" * 64,
        confusion=[[1, 1], [1, 1]],
        latency={"unit": "instructions", "median": 1100, "p95": 1100, "max": 1300},
        steps=[{"name": "new", "latency": {"unit": "instructions", "median": 5, "p95": 5, "max": 5}}],
        layers=[{"name": "two.neuron", "rate": 0.3}, {"name": "one.neuron", "rate": 0.1}],
        flash_bytes=900,
        ram_bytes=None,
    )
    assert found["same_model"] is False
    assert found["accuracy"]["difference"] == -0.25
    assert found["flips"] == {"count": 3, "indices": [1, 2, 3]}
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


def counted(right, images=100):
    """Figures of a run that has so many images right."""
    confusion = [[right, images - right], [0, 0]]
    counts = {"images": images, "images_asked_for": images, "correct": right, "accuracy": right / images}
    return {**counts, "confusion": confusion}


def test_thresholds_are_kept_exactly(tmp_path):
    slow = {"unit": "instructions", "median": 1030, "p95": 1100, "max": 1200}
    before = load(save(tmp_path / "a", None, **counted(75)))
    found = compare(before, load(save(tmp_path / "b", None, **counted(74), latency=slow)))
    assert judge(found, 0.01, 0.03) == []
    (drop,) = judge(found, 0.0099, 0.03)
    assert drop == "accuracy dropped by 0.0100, allowed are 0.0099"
    (slow,) = judge(found, None, 0.0299)
    assert "the median latency grew by 3.00% (1,000 to 1,030 instructions)" in slow
    assert len(judge(found, 0, 0)) == 2
    assert judge(compare(before, load(save(tmp_path / "b", None, **counted(90)))), 0, 0) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"accuracy": 7.0}, "an accuracy of 7 with 3 of 4 images right"),
        ({"accuracy": -3}, "an accuracy of -3 with 3 of 4"),
        ({"accuracy": 0.99}, "an accuracy of 0.99 with 3 of 4"),
        ({"metric": {"name": "accuracy", "value": 0.5}}, "its metric accuracy is 0.5, its accuracy 0.75"),
        ({"metric": {"name": "f1", "value": 0.5}}, "it is scored by 'f1'"),
        ({"metric": {"name": "top-5", "value": 1.5}}, "its metric top-5 is 1.5"),
        ({"metric": {"name": "mse", "value": -1e-9}}, "its metric mse is -1e-09"),
        ({"correct": 4, "accuracy": 1.0}, "the confusion matrix has 3 images right, the report 4"),
        ({"confusion": [[0, 0], [0, 0]]}, "the confusion matrix holds 0 images, the run 4"),
        ({"images_asked_for": 5000}, "4 of 5000 images, and it was not stopped"),
        ({"images": 0, "images_asked_for": 0}, "0 images, 1 times each"),
        ({"mismatched_logits": 5}, "mismatched_logits is 5, of 4 images"),
        ({"mismatched_spike_counts": -1}, "mismatched_spike_counts is -1"),
        ({"trace": {"tensors": 3, "mismatched": 2, "first": None}}, "traces of 2 images differ"),
        ({"latency": {"unit": "ms", "median": 0, "p95": 0, "max": 0}}, "the run took no time"),
        ({"latency": {"unit": "ms", "median": -5, "p95": 1, "max": 1}}, "the run has a median latency of -5"),
        ({"latency": {"unit": "ms", "median": 5, "p95": 4, "max": 6}}, "median latency of 5, p95 4, max 6"),
        ({"layers": [{"name": "one", "rate": 1.5}]}, "one has a firing rate of 1.5"),
        ({"flash_bytes": -1}, "flash_bytes is -1"),
        ({"checks": []}, "its checks are not those of edge-snn eval"),
        ({"checks": REPORT["checks"] * 2}, "its checks are not those of edge-snn eval"),
        ({"checks": [{**row, "status": "failed"} for row in REPORT["checks"]]}, "'failed', the figures say 'passed'"),
        ({"mismatched_logits": 3, "checks": REPORT["checks"]}, "has 'passed', the figures say 'failed'"),
        ({"stack_used": 1000, "checks": REPORT["checks"]}, "has 'passed', the figures say 'failed'"),
    ],
)
def test_figures_that_cannot_be_are_refused(tmp_path, values, message):
    with pytest.raises(InputError, match="is impossible") as caught:
        load(save(tmp_path / "a", **values))
    assert message in str(caught.value)


def test_other_metrics_have_thresholds_of_their_own(tmp_path):
    before = load(save(tmp_path / "a", metric={"name": "top-5", "value": 0.9}))
    after = load(save(tmp_path / "b", metric={"name": "top-5", "value": 0.85}))
    found = compare(before, after)
    assert found["accuracy"]["difference"] == 0
    (drop,) = judge(found, 0.04, None)
    assert drop == "top-5 dropped by 0.0500, allowed are 0.0400"
    nothing = {"correct": None, "accuracy": None, "confusion": None}
    errors = [load(save(tmp_path / name, None, **nothing, metric={"name": "mse", "value": 9.5})) for name in "cd"]
    found = compare(*errors)
    assert (found["metric"]["before"], found["per_class"], found["flips"], found["warnings"]) == (9.5, [], None, [])
    assert judge(found, None, 0.0) == []
    with pytest.raises(InputError, match="of one metric of which more is better"):
        judge(found, 0.1, None)
    with pytest.raises(InputError, match="accuracy and confusion matrix are not both there"):
        load(save(tmp_path / "e", accuracy=None, metric={"name": "auc", "value": 0.5}))


def test_runs_of_other_numbers_of_images_are_not_of_the_same_data(tmp_path):
    before = load(save(tmp_path / "a"))
    with pytest.raises(InputError, match=r"has 4 images, .* has 100, of the same data"):
        compare(before, load(save(tmp_path / "b", None, **counted(75))))


FAILS = [{**row, "status": "failed"} if row["name"] == checks.ACCURACY else row for row in REPORT["checks"]]


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"mismatched_logits": 1}, "logits equal the host's"),
        ({"mismatched_spike_counts": 4}, "spike counts equal the host's"),
        ({"repeat": 2, "mismatched_repeats": 1}, "repeated inferences agree"),
        ({"stack_used": 901}, "stack within its bound"),
        (
            {"trace": {"tensors": 3, "mismatched": 1, "first": {"image": 0, "layer": "one"}}},
            "every layer equals the host's",
        ),
    ],
)
def test_a_run_that_failed_is_never_passed(tmp_path, values, name):
    good, bad = load(save(tmp_path / "a")), load(save(tmp_path / "b", **values))
    for before, after in ((good, bad), (bad, good)):
        (missed,) = judge(compare(before, after), None, None)
        assert missed.startswith(f"{bad.path}: {name}: ")


def test_a_missed_accuracy_counts_for_the_second_run_only(tmp_path):
    good, low = load(save(tmp_path / "a")), load(save(tmp_path / "b", checks=FAILS))
    assert judge(compare(low, good), None, None) == []
    (missed,) = judge(compare(good, low), None, None)
    assert missed.startswith(f"{low.path}: accuracy: ")


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "report.json")
    with pytest.raises(InputError, match="is a pipe or a device"):
        load(tmp_path)
    (tmp_path / "report.json").unlink()
    save(tmp_path, None)
    os.mkfifo(tmp_path / "predictions.csv")
    assert load(tmp_path).predictions is None


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
    for predictions in (None, (0, 0, 1), (0, 0, 1, "x"), (0, 0, 1, 1)):
        folder = tmp_path / "b"
        (folder / "predictions.csv").unlink(missing_ok=True)
        found = changes(tmp_path, predictions)
        assert found["flips"] is None
        assert "flipped images are unknown" in found["warnings"][0]


def test_a_run_that_did_not_finish_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"did not finish \(2 of 4 images\)"):
        changes(tmp_path, stopped="interrupted", images=2)


@pytest.mark.parametrize("content", ["", "[]", "{}", "nonsense", '{"format": 2}', "[" * 100_000, '{"format": NaN}'])
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
