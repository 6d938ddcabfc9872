"""Metrics against scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.data import Metric, metrics
from edge_snn.errors import InputError


@pytest.mark.parametrize("seed", range(6))
def test_the_area_under_the_curve_is_that_of_scikit_learn(seed):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(200) % (2 + seed) == 0).astype(np.int64)
    scores = rng.normal(labels * 0.7, 1.0)
    if seed % 2:
        scores = np.round(scores, 1)  # equal scores on both sides
    assert metrics.roc_auc(scores, labels) == pytest.approx(sklearn.roc_auc_score(labels, scores), abs=1e-12)


@pytest.mark.parametrize("top", [1, 2, 5, 9])
def test_the_top_k_are_those_of_scikit_learn(top):
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(top)
    outputs, labels = rng.permuted(np.tile(np.arange(10), (300, 1)), axis=1), rng.integers(0, 10, 300)
    found = metrics.top_hits(outputs, labels, top).mean()
    assert found == sklearn.top_k_accuracy_score(labels, outputs, k=top, labels=np.arange(10))


def test_of_equal_outputs_the_first_is_the_larger():
    outputs = np.array([[3, 3, 3, 1]] * 4)
    labels = np.arange(4)
    for top in (1, 2, 3, 4):
        assert metrics.top_hits(outputs, labels, top).tolist() == [index < top for index in range(4)]
    rng = np.random.default_rng(0)
    outputs, labels = rng.integers(0, 3, (200, 5)), rng.integers(0, 5, 200)
    assert np.array_equal(metrics.top_hits(outputs, labels, 1), outputs.argmax(axis=1) == labels)


def test_errors_and_means():
    sklearn = pytest.importorskip("sklearn.metrics")
    values, wanted = np.random.default_rng(0).normal(size=(2, 7, 5))
    errors = metrics.squared_errors(values, wanted)
    assert errors.mean() == pytest.approx(sklearn.mean_squared_error(wanted, values))
    found, first = metrics.means(np.array([1.0, 5.0, 3.0, 7.0]), np.array([9, -1, 9, 2]))
    assert found.tolist() == [5.0, 7.0, 2.0]
    assert first.tolist() == [1, 3, 0]


@pytest.mark.parametrize("name", ["accuracy", "top-1", "top-5", "top-1000", "auc", "mse", "binary", "binary:0.25"])
def test_a_metric_is_told_by_the_name_it_is_read_by(name):
    assert Metric.parse(name).name == name


@pytest.mark.parametrize(
    "name", ["", "top", "top-", "top-0", "top-1001", "top-5.0", "top-99999999999", "f1", "binary:", "binary:nan", "AUC"]
)
def test_other_names_are_refused(name):
    with pytest.raises(InputError, match="no such metric") as caught:
        Metric.parse(name)
    assert "top-K" in caught.value.diagnostic.hint
