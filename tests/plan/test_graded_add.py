"""Sums of codes: the tables give TFLite's output for every pair of codes."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.graph.graded_add import GradedAdd
from edge_snn.plan import graded_add
from edge_snn.plan.graded_add import BITS, plan_add
from edge_snn.reference.graded_add import finish, tables
from tests.graded_models import quantised


def some_sum(seed: int, spread: float, relu: bool = False) -> GradedAdd:
    rng = np.random.default_rng(seed)
    scales = np.exp(rng.normal(size=3) * spread).astype(np.float32).astype(float)
    twice = 2 * max(scales[:2])
    multipliers, shifts = zip(*map(quantised, (scales[0] / twice, scales[1] / twice, twice / scales[2] / (1 << 20))))
    zero, zero_a, zero_b = (int(zero) for zero in rng.integers(0, 256, 3))
    low = zero if relu else 0
    numbers = np.array(multipliers, np.int32), np.array(shifts, np.int32)
    return GradedAdd("sum", ("a", "b"), zero, low, 255, zero_a, zero_b, *numbers, "sub" if seed % 2 else "add")


def every_pair(node: GradedAdd) -> np.ndarray:
    of_a, of_b = tables(node)
    return finish(node, of_a[:, None] + of_b[None, :])


@pytest.mark.parametrize("spread", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("relu", [False, True])
def test_shifted_sums_of_tables_are_exact_for_every_pair(spread, relu):
    for seed in range(20):
        node = some_sum(seed, spread, relu)
        of_a, of_b, steps = plan_add(node)
        assert steps is None
        made = np.clip((of_a[:, None] + of_b[None, :]) >> BITS, node.low, node.high)
        assert np.array_equal(made, every_pair(node))


def test_entries_are_moved_where_rounding_asks_for_it():
    """With fewer bits the slopes alone do not do; that the search does, shows that it works."""
    moved = 0
    for seed in range(20):
        node = some_sum(seed, 0.5)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(graded_add, "BITS", 8)
            of_a, of_b, steps = plan_add(node)
            assert steps is None
            patch.setattr(graded_add, "_ROUNDS", 1)
            moved += plan_add(node)[2] is not None
        assert np.array_equal(np.clip((of_a[:, None] + of_b[None, :]) >> 8, node.low, node.high), every_pair(node))
    assert moved > 5


@pytest.mark.parametrize("seed", range(8))
def test_steps_are_exact_where_no_tables_are_found(monkeypatch, seed):
    monkeypatch.setattr(graded_add, "_ROUNDS", 0)
    node = some_sum(seed, 1.0, relu=seed > 3)
    of_a, of_b, steps = plan_add(node)
    assert steps is not None
    total = of_a[:, None].astype(np.int64) + of_b[None, :]
    assert np.array_equal(np.searchsorted(steps, total, side="right"), every_pair(node))
