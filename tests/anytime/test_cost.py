"""What chunks carry over and what they add, against the definitions written out."""

from __future__ import annotations

import numpy as np

from edge_snn.anytime.cost import adds, carried, row_adds
from edge_snn.reference import run
from tests.networks import images, model


def test_every_neuron_behind_a_changing_current_carries_a_residue():
    made = model()
    found = carried(made, 2)
    sizes = {node.name: made.graph.specs[node.name].size for node in made.graph.neurons}
    first = sizes.pop("stage1.neuron")
    assert first == 12 * 12 * 8
    assert found.neurons == sum(sizes.values())
    wide = [name for name in sizes if made.accumulators[f"{name}.membrane"].bits > 16]
    assert found.residue_bytes == sum(size * (4 if name in wide else 2) for name, size in sizes.items())
    assert found.spike_bytes == 6 * 6 * 2 * 2  # pooled, two steps, one block of channels
    assert found.total == found.residue_bytes + found.spike_bytes


def test_the_chain_adds_a_row_once_for_a_run_up_to_its_last_place():
    train = np.array([[1, 1, 0, 1], [0, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 0, 0]], np.int8)
    spikes = train.T[None, :, None, :, None]  # [1, T, 1, 5, 1]
    ones = np.ones((1, 5), np.int64)
    assert adds(spikes, (0, 1, 2, 3), ones) == (2 + 1) + 1 + 1 + 0 + 1
    assert adds(spikes, (2, 0, 1, 3), ones) == 1 + (1 + 1) + 1 + 0 + 1
    assert adds(spikes, (0, 1), ones) == 1 + 1 + 1 + 0 + 1
    assert adds(spikes, (0, 1), np.array([[3, 0, 0, 0, 10]])) == 13


def test_steps_one_by_one_add_a_row_a_spike():
    made = model()
    x = images(5, made.input_shape)
    found = row_adds(made, x, [(0,), (1,), (2,), (3,), (0, 1), (2, 3), (0, 1, 2, 3)])
    whole = run(made.graph, x)
    linear = {"block0.q", "block0.k", "block0.v", "block0.proj", "block0.fc1", "block0.fc2"}
    blocks = {"stage2.conv": 1, "rpe.conv": 1, **dict.fromkeys(linear, 1), "block0.fc1": 2}
    outputs = {name: made.graph.specs[name].channels for name in blocks}
    want = sum(whole.sops[name].mean() / outputs[name] * blocks[name] for name in blocks)
    assert np.isclose(sum(found[:4]), want)
    assert found[6] <= found[4] + found[5] <= sum(found[:4])
    assert found[6] < sum(found[:4])
