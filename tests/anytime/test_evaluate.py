"""Partial sums are the logits of the models built for those steps, and tables say what the rules did."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.anytime import evaluate
from edge_snn.anytime.partial import partial_sums
from edge_snn.data import Dataset
from edge_snn.errors import InputError
from edge_snn.passes.retime import retime
from edge_snn.reference import run
from tests.graphs import random_model
from tests.networks import images, model


@pytest.mark.parametrize("seed", [None, 3, 4, 8])
def test_sums_after_t_steps_are_the_logits_of_the_model_of_t_steps(seed):
    made = model() if seed is None else random_model(seed)
    assert made.graph.timesteps > 1
    x = images(7, made.input_shape)
    done = []
    partial = partial_sums(made, x, 8, done.append)
    assert done == [7]
    for timesteps in range(1, 9):
        assert np.array_equal(partial.logits(timesteps), run(retime(made, timesteps).graph, x).logits)
    assert np.array_equal(partial.begun(made.graph.timesteps), run(made.graph, x).logits)


def test_the_tables_agree_with_each_other_and_with_the_reference():
    made = model()
    x = images(80, made.input_shape)
    classes = run(made.graph, x).predictions
    labels = np.where(np.arange(80) % 4 == 0, (classes + 1) % 10, classes)
    partial = partial_sums(made, x, 8)
    rows = evaluate.by_timesteps(partial, labels, (1, 4, 8))
    assert [row["timesteps"] for row in rows] == [1, 4, 8]
    assert (rows[1]["accuracy"], rows[1]["same_class"]) == (0.75, 1.0)
    for chunks in ((2, 2), (1, 1, 2)):
        found = evaluate.schedule(chunks, partial, labels, partial, labels, loss=0.05)
        assert found["chunks"][-1] == {"after": 4, "accuracy": 0.75, "same_class": 1.0}
        assert found["exact"]["accuracy"] == 0.75
        margin = found["margin"]
        assert margin["validation"]["full_accuracy"] == 0.75
        assert margin["validation"]["accuracy"] == margin["accuracy"] >= 0.70 - 1e-9
        for rule in (found["exact"], margin):
            assert sum(rule["ended"]) == pytest.approx(1)
            ends = np.cumsum(chunks)
            assert rule["mean_steps"] == pytest.approx(float((ends * rule["ended"]).sum()))
    assert margin["mean_steps"] < 4
    assert evaluate.schedule((2, 2), partial, labels)["margin"] is None


def test_schedules():
    assert evaluate.parse_schedule("1+1+2", 4) == (1, 1, 2)
    assert evaluate.default_schedules(4) == ("1+3", "2+2", "3+1", "1+1+1+1")
    assert evaluate.default_schedules(2) == ("1+1",)
    assert evaluate.default_schedules(1) == ()
    for wrong in ("4", "2+3", "0+4", "-1+5", "a+b", "2+2+", "", "²+2", "999+1"):
        with pytest.raises(InputError, match="schedule"):
            evaluate.parse_schedule(wrong, 4)


def test_validation_images_are_not_those_that_are_scored():
    x = images(20, (4, 4, 1))
    whole = Dataset(x, np.zeros(20, np.int64), (), "all")
    evaluate.check_apart(Dataset(x[:10], whole.y[:10]), Dataset(x[10:], whole.y[10:]))
    with pytest.raises(InputError, match="10 of its 10 validation images"):
        evaluate.check_apart(Dataset(x[:10], whole.y[:10], (), "part"), whole)
