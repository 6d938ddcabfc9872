"""The rules that end a run early do what they promise, on any readout and any spikes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge_snn.anytime.rules import choose_margin, decided, first_true, gap, stop_by_margin
from edge_snn.graph.readout import Readout


def network(rng, channels, classes, style):
    """A readout; small weights make ties common."""
    reach = (2, 20, 127)[style]
    weight = rng.integers(-reach, reach + 1, (channels, classes)).astype(np.int8)
    bias = rng.integers(-3 * reach, 3 * reach + 1, classes).astype(np.int32)
    return Readout("head", ("spikes",), weight, bias)


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    style=st.integers(0, 2),
    channels=st.integers(1, 6),
    classes=st.integers(1, 6),
    positions=st.integers(1, 3),
    left=st.integers(0, 3),
    ternary=st.booleans(),
)
def test_the_exact_rule_never_changes_an_answer_and_is_tight(seed, style, channels, classes, positions, left, ternary):
    rng = np.random.default_rng(seed)
    readout = network(rng, channels, classes, style)
    weight = readout.weight.astype(np.int64)
    # Counts of an early part, from silent to every neuron at every step, so that some answers are decided.
    so_far = rng.integers(-9 * ternary, 10, (40, channels)) * rng.integers(0, 4, (40, 1))
    begun = so_far @ weight + readout.bias
    answer = begun.argmax(axis=1)
    events = positions * left
    sure = decided(begun, readout, events, ternary)
    for _ in range(20):
        rate = rng.random()
        rest = (rng.random((40, events, channels)) < rate).astype(np.int64)
        if ternary:
            rest *= rng.choice([-1, 1], rest.shape)
        final = (begun + rest.sum(axis=1) @ weight).argmax(axis=1)
        assert (final == answer)[sure].all()
    # The spikes that help each other class most: they win for one of them wherever the rule is not sure.
    changed = np.zeros(40, bool)
    for rival in range(classes):
        apart = weight[:, rival][:, None] - weight[:, answer]  # [channels, images]
        best = np.sign(apart) if ternary else (apart > 0).astype(np.int64)
        changed |= (begun + events * best.T @ weight).argmax(axis=1) != answer
    assert (~changed)[sure].all()
    assert changed[~sure].all()


def test_the_exact_rule_is_sure_of_something():
    """So that the test above cannot pass by never being sure."""
    readout = Readout("head", ("s",), np.array([[3, -2]], np.int8), np.zeros(2, np.int32))
    leads = np.array([[0, 0], [1, 0], [0, 5], [0, 6], [0, 1]])
    assert decided(leads, readout, 1, ternary=False).tolist() == [True, True, False, True, False]
    assert decided(leads, readout, 0, ternary=False).all()
    # Level with class 0, class 1 loses: it has to lead by more than 5, and class 0 may be caught up with.
    assert decided(leads, readout, 1, ternary=True).tolist() == [False, False, False, True, False]
    assert decided(np.array([[5, 0], [4, 0]]), readout, 1, ternary=True).tolist() == [True, False]


def test_the_gap_is_that_of_the_best_two():
    assert gap(np.array([[3, 9, 7], [5, 5, 1], [-4, -9, -2]])).tolist() == [2, 0, 2]


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    images=st.integers(1, 30),
    places=st.integers(2, 4),
    loss=st.sampled_from([0.0, 0.05, 0.2]),
)
@example(seed=0, images=1, places=2, loss=0.0)
def test_the_margin_is_the_smallest_that_keeps_its_promise(seed, images, places, loss):
    rng = np.random.default_rng(seed)
    gaps = rng.integers(0, 12, (images, places - 1))
    right = rng.random((images, places)) < rng.random()

    def lost(margin):
        kept = stop_by_margin(gaps, margin).of(right).sum()
        return int(right[:, -1].sum()) - int(kept) > loss * images + 1e-9

    margin = choose_margin(gaps, right, loss)
    top = int(gaps.max())
    if margin is None:
        assert lost(top)
        assert not lost(None)
        return
    assert not any(lost(other) for other in range(margin, top + 2))
    ends = stop_by_margin(gaps, margin).at
    below = [other for other in range(margin) if not np.array_equal(stop_by_margin(gaps, other).at, ends)]
    assert not below or lost(below[-1])


def test_runs_end_at_the_first_place_where_they_may():
    stops = first_true(np.array([[False, True, True], [True, False, False], [False, False, False]]))
    assert stops.at.tolist() == [1, 0, 3]
    assert stops.shares(4) == pytest.approx([1 / 3, 1 / 3, 0, 1 / 3])
    assert stops.of(np.arange(12).reshape(3, 4)).tolist() == [1, 4, 11]
    assert stop_by_margin(np.array([[3, 8]]), None).at.tolist() == [2]
    assert stop_by_margin(np.array([[3, 8]]), 8).at.tolist() == [1]
