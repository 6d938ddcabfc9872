"""Spikes are compared step by step, with the file's own spikes, within a computed rounding bound."""

from __future__ import annotations

import numpy as np

from edge_snn.frontends.agreement import Margin, compare
from edge_snn.graph.neuron import Neuron
from edge_snn.reference.neuron import run_neuron

NEURON = Neuron("n", ("x",), np.ones(1, np.float32))


def current(values: list[float]) -> np.ndarray:
    return np.float32(values).reshape(1, -1, 1, 1, 1)


def flipped(x: np.ndarray, step: int, neuron: Neuron = NEURON) -> np.ndarray:
    spikes = run_neuron(neuron, [x], "float", x.shape[1])
    spikes[:, step] = 1 - spikes[:, step]
    return spikes


def test_equal_spikes_agree():
    x = np.random.default_rng(0).normal(0, 1, (2, 4, 3, 3, 2)).astype(np.float32)
    found = compare(NEURON, x, run_neuron(NEURON, [x], "float", 4), Margin(np.zeros((1, 1, 1, 1, 1))))
    assert not found.wrong.any()
    assert found.near_ties == 0


def test_a_flip_is_a_near_tie_only_within_the_margin():
    x = current([1.0001, 0.2])
    near = compare(NEURON, x, flipped(x, 0), Margin(np.full((1, 1, 1, 1, 1), 2e-4)))
    # The membrane goes on from the file's silent step: 0.7 and then no spike, as ours without a reset.
    assert (near.near_ties, bool(near.wrong.any())) == (1, False)
    far = compare(NEURON, x, flipped(x, 0), Margin(np.full((1, 1, 1, 1, 1), 5e-5)))
    assert far.wrong.reshape(-1).tolist() == [True, False]


def test_an_error_fades_with_the_leak_and_ends_with_a_reset():
    x = current([5.0, 0.9999])
    margin = np.zeros((1, 2, 1, 1, 1))
    margin[:, 0] = 1.0
    assert compare(NEURON, x, flipped(x, 1), Margin(margin)).wrong.reshape(-1).tolist() == [False, True]


def test_what_is_no_spike_is_wrong_even_on_the_threshold():
    x = current([1.0])
    spikes = np.full((1, 1, 1, 1, 1), -1, np.int8)
    assert compare(NEURON, x, spikes, Margin(np.ones((1, 1, 1, 1, 1)))).wrong.all()
