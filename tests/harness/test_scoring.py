"""Scores of outputs, on host and device: each metric, what it needs, and where it stands in what is written."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import edge_snn
from edge_snn.data import Metric, Samples
from edge_snn.errors import InputError
from edge_snn.graph import esnn_file
from edge_snn.harness.compare import compare, judge
from edge_snn.harness.saved import load
from edge_snn.harness.scoring import scoring
from tests.cli.test_cli import call
from tests.harness.graded import autoencoder, classifier, detector
from tests.networks import images, model


@pytest.fixture(scope="module")
def rng():
    return np.random.default_rng(5)


def windows(rng, count=60, size=8):
    """Windows of 12 recordings; every second one has numbers that the autoencoder cannot give back."""
    group = np.arange(count) // 5
    labels = group % 2
    x = rng.normal(0, 4, (count, size)).astype(np.float32)
    x[labels == 1] += np.where(rng.random((int(labels.sum()), size)) < 0.3, 30, 0).astype(np.float32)
    return x, labels, group


# -- on the host -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "int8", "uint8"])
def test_an_autoencoder_is_scored_by_what_it_gives_back(dtype, rng):
    sklearn = pytest.importorskip("sklearn.metrics")
    made, (x, labels, group) = autoencoder(dtype), windows(rng)
    takes, makes = made.borders
    given = x if dtype == "float32" else takes.decode(np.clip(np.round(x / 0.25) + 120, 0, 255).astype(int))
    found = edge_snn.simulate(made, Samples.of_arrays(given, labels, group), metric="auc")
    real = found.outputs.astype(float)
    asked = given.astype(float)
    if dtype != "float32":  # the file's numbers, by its scales and zero points
        shift = 128 if dtype == "int8" else 0
        real, asked = 0.5 * (real + shift - makes.zero), 0.25 * (asked + shift - takes.zero)
    errors = np.square(real - asked).mean(axis=1)
    files = np.array([errors[group == number].mean() for number in range(12)])
    assert found.value == pytest.approx(sklearn.roc_auc_score(np.arange(12) % 2, files))
    assert 0.5 < found.value <= 1
    alone = edge_snn.simulate(made, (given, labels), metric="auc")
    assert alone.value == pytest.approx(sklearn.roc_auc_score(labels, errors))
    assert edge_snn.simulate(made, given, metric="mse").value == pytest.approx(errors.mean())
    assert found.outputs.dtype == dtype
    assert found.accuracy is None


def test_targets_are_real_values_or_numbers_of_the_file():
    made = autoencoder("int8", 4)
    x = np.arange(-8, 8, dtype=np.int8).reshape(4, 4)
    out = edge_snn.simulate(made, x).outputs
    wanted = (out + 1).astype(np.int8)
    assert edge_snn.simulate(made, (x, wanted), metric="mse").value == 0.25  # one step of 0.5
    real = 0.5 * (out.astype(np.float32) + 128 - 124) + 2
    assert edge_snn.simulate(made, (x, real), metric="mse").value == 4
    with pytest.raises(InputError, match="3 targets a sample, the model has 4 outputs"):
        edge_snn.simulate(made, (x, real[:, :3]), metric="mse")


def test_one_output_is_compared_with_a_threshold(rng):
    sklearn = pytest.importorskip("sklearn.metrics")
    x = rng.random((80, 3)).astype(np.float32)
    labels = (x[:, 2] + rng.normal(0, 0.3, 80) > 0.6).astype(int)
    found = edge_snn.simulate(detector(), (x, labels), metric="binary")
    assert found.outputs.shape == (80, 1)
    assert np.abs(found.outputs[:, 0] - x[:, 2]).max() <= 1 / 256
    for threshold in (0.5, 0.6):
        by = edge_snn.simulate(detector(), (x, labels), metric=f"binary:{threshold}")
        assert by.value == by.accuracy == ((found.outputs[:, 0] > threshold) == labels).mean()
    area = edge_snn.simulate(detector(), (x, labels), metric="auc").value
    assert area == pytest.approx(sklearn.roc_auc_score(labels, found.outputs[:, 0]))
    real = edge_snn.simulate(detector(), (x, labels), metric="mse").value
    assert real == pytest.approx(np.square(found.outputs[:, 0] - labels).mean())


def test_two_outputs_are_scored_by_how_far_the_second_leads(rng):
    sklearn = pytest.importorskip("sklearn.metrics")
    x, labels = rng.integers(-128, 128, (50, 2)).astype(np.int8), np.arange(50) % 2
    area = edge_snn.simulate(classifier(classes=2), (x, labels), metric="auc").value
    assert area == pytest.approx(sklearn.roc_auc_score(labels, x[:, 1].astype(int) - x[:, 0]))


def test_the_top_k_hold_the_label(rng):
    x, labels = rng.permuted(np.tile(np.arange(6, dtype=np.int8), (90, 1)), axis=1), rng.integers(0, 6, 90)
    rank = 5 - np.take_along_axis(x, labels[:, None], axis=1)[:, 0]
    for top in (1, 2, 6):
        found = edge_snn.simulate(classifier(), (x, labels), metric=f"top-{top}")
        assert found.value == (rank < top).mean()
        assert found.accuracy == (rank == 0).mean()
    assert edge_snn.simulate(classifier(), x, metric="top-2").value is None, "there are no labels"


def test_spikes_are_scored_by_the_same_names():
    made = model()
    x = images(12, made.input_shape)
    logits = edge_snn.simulate(made, x)
    assert np.array_equal(logits.outputs, logits.logits)
    assert edge_snn.simulate(made, (x, np.arange(12) % 10), metric="top-10").value == 1


@pytest.mark.parametrize(
    ("metric", "made", "known", "message"),
    [
        ("accuracy", classifier(), {"y": [0, 6]}, "label 6 of image 1 is out of range: the model has 6 classes"),
        ("accuracy", classifier(), {"y": [0.0, 1.0]}, r"needs labels, integers \[N\], and y is float64\[2\]"),
        (
            "accuracy",
            detector(),
            {"y": [0, 1]},
            "needs two outputs or more.*\n.*--metric binary",
        ),
        ("top-7", classifier(), {"y": [0, 1]}, "needs 7 outputs, the model has 6"),
        ("binary", classifier(), {"y": [0, 1]}, "needs one output, the model has 6"),
        ("binary", detector(), {}, "needs labels of 0 and 1"),
        ("auc", detector(), {"y": [0, 2]}, "needs labels of 0 and 1"),
        ("auc", detector(), {"y": [1, 1]}, "needs samples of both labels"),
        ("auc", autoencoder(size=6), {"y": [0, 1], "group": [3, 3]}, "group 3 has samples of both labels"),
        ("mse", detector(), {}, "needs targets for 1 outputs"),
    ],
)
def test_what_a_metric_needs_is_told_before_any_work(metric, made, known, message):
    arrays = {key: np.array(value) for key, value in known.items()}
    x = np.zeros((2, made.takes.size), made.takes.dtype)
    fitted = Samples.of_arrays(x.reshape(2, 1, 1, -1), **arrays)
    with pytest.raises(InputError, match=message):
        scoring(Metric.parse(metric), fitted, made)


# -- commands ----------------------------------------------------------------------------------------


def test_simulate_writes_outputs_in_the_type_of_the_file(tmp_path, rng):
    x, labels, group = windows(rng)
    esnn_file.save(autoencoder(), tmp_path / "auto.esnn")
    esnn_file.save(model(), tmp_path / "small.esnn")
    np.savez(tmp_path / "windows.npz", x=x, y=labels, group=group)
    np.savez(tmp_path / "images.npz", x=images(3, model().input_shape))
    common = ("simulate", "auto.esnn", "--data", "windows.npz", "--metric", "auc", "--json")
    done = call(*common, "--outputs", "out.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    facts, written = json.loads(done.stdout), np.load(tmp_path / "out.npz")
    expected = edge_snn.simulate(autoencoder(), Samples.of_arrays(x, labels, group), metric="auc")
    assert facts["metric"] == {"name": "auc", "value": expected.value}
    assert facts["accuracy"] is None
    assert written["outputs"].dtype == np.float32
    assert np.array_equal(written["outputs"], expected.outputs)
    assert np.array_equal(written["predictions"], expected.predictions)
    missed = call(*common[:-1], "--min-accuracy", "1", cwd=tmp_path)
    assert missed.returncode == (1 if expected.value < 1 else 0)
    spikes = call("simulate", "small.esnn", "--data", "images.npz", "--outputs", "spikes.npz", cwd=tmp_path)
    assert spikes.returncode == 0, spikes.stderr
    assert "no labels on 3 images" in spikes.stdout
    assert np.load(tmp_path / "spikes.npz")["logits"].shape == (3, 10)
    refused = call(*common[:-1], "--metric", "mse", "--min-accuracy", "0.5", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--min-accuracy is for metrics of which more is better, not mse" in refused.stderr


def test_a_run_is_scored_on_the_device_and_on_the_host(tmp_path, rng):
    x, labels, group = windows(rng)
    data = Samples.of_arrays(x, labels, group)
    made = autoencoder()
    found = edge_snn.evaluate(made, data, emulate="host", metric="auc", report=tmp_path / "a")
    assert found.is_exact
    assert found.value == found.host_value == edge_snn.simulate(made, data, metric="auc").value
    assert (found.metric, found.accuracy, found.correct) == ("auc", None, None)
    rows = list(csv.DictReader((tmp_path / "a" / "predictions.csv").open()))
    assert [row["device"] for row in rows] == [""] * 60
    scores = np.array([float(row["score"]) for row in rows])
    by_file = [scores[group == number].mean() for number in range(12)]
    assert (np.array(by_file)[1::2] > np.array(by_file)[::2].min()).all()
    page = (tmp_path / "a" / "report.html").read_text()
    assert "Scored by auc" in page
    assert "<td>spikes" not in page

    again = edge_snn.evaluate(made, data, emulate="host", metric="mse", report=tmp_path / "b", firmware=tmp_path / "f")
    before, after = load(tmp_path / "a"), load(tmp_path / "b")
    assert again.value > 0
    changes = compare(before, after)
    assert changes["metric"] is None
    assert "the metrics are not compared: auc and mse" in changes["warnings"]
    with pytest.raises(InputError, match="needs two runs of one metric"):
        judge(changes, 0.1, None)
    same = compare(before, before)
    assert same["metric"]["difference"] == 0
    assert same["flips"] is None
    assert judge(same, 0.0, 0.0) == []
    # The same bytes, but other numbers behind them: another data set.
    other = edge_snn.evaluate(made, x, emulate="host", metric="mse", report=tmp_path / "c", firmware=tmp_path / "f")
    with pytest.raises(InputError, match="cannot be compared"):
        compare(after, load(other.folder))


def test_a_run_of_one_output_has_two_classes(tmp_path, rng):
    x = rng.random((20, 3)).astype(np.float32)
    labels = (x[:, 2] > 0.6).astype(int)
    found = edge_snn.evaluate(detector(), (x, labels), emulate="host", metric="binary", report=tmp_path / "a")
    report = found.report
    assert found.value == found.accuracy == 1 - ((x[:, 2] > 0.5) != labels).mean()
    assert report["classes"] == ["0", "1"]
    assert np.array(report["confusion"]).shape == (2, 2)
    assert load(tmp_path / "a").predictions is not None


def test_a_run_without_labels_has_no_accuracy(tmp_path):
    made = model()
    esnn_file.save(made, tmp_path / "small.esnn")
    np.savez(tmp_path / "images.npz", x=images(4, made.input_shape))
    arguments = ("eval", "--emulate", "host", "--model", "small.esnn", "--data", "images.npz", "--report", "r")
    done = call(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r" / "report.json").read_text())
    assert (report["accuracy"], report["correct"], report["confusion"]) == (None, None, None)
    assert report["metric"] == {"name": "accuracy", "value": None, "host_value": None}
    assert "There are no labels" in (tmp_path / "r" / "report.html").read_text()
    assert call("compare", "r", "r", cwd=tmp_path).returncode == 0
    assert call(*arguments, "--resume", "--json", cwd=tmp_path).returncode == 0
    refused = call(*arguments, "--min-accuracy", "0.5", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--min-accuracy needs labels" in refused.stderr
