"""Layers of codes in front of spiking ones, in one model: generated C equals the reference."""

from __future__ import annotations

import numpy as np
import pytest

from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.facts import EdgeFacts
from edge_snn.graph.graded_pool import GradedPool
from edge_snn.graph.graph import Graph
from edge_snn.graph.lookup import Lookup
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.readout import Readout
from edge_snn.passes import bounds
from edge_snn.reference import run
from tests.graphs import Maker


def mixed(seed: int) -> IntegerModel:
    """A table, perhaps a depthwise layer and a pool of codes; a convolution, a neuron and a readout of spikes."""
    make = Maker(seed)
    rng = make.rng
    edge = make.add(Lookup("table", ("input",), 9, rng.integers(0, 256, 256).astype(np.uint8)))
    channels = make.specs[edge].channels
    if rng.random() < 0.5:
        fields = {"zero": 20, "low": 0, "high": 250, "input_zero": 9, "padding": (1, 1, 1, 1)}
        weight = rng.integers(-127, 128, (3, 3, channels, 2)).astype(np.int8)
        factors = {
            "bias": rng.integers(-3000, 3000, 2 * channels).astype(np.int32),
            "multiplier": rng.integers(1 << 30, 1 << 31, 2 * channels).astype(np.int32),
            "shift": np.full(2 * channels, -8, np.int32),
        }
        edge = make.add(Depthwise("deep", (edge,), weight=weight, **fields, **factors))
    if rng.random() < 0.5:
        edge = make.add(GradedPool("codes_pool", (edge,), 20, 3, 240, "max", (2, 2), (1, 1)))
    spikes = make.neuron(make.conv(edge))
    weight = make.weights(make.specs[spikes].channels, 3)
    make.add(Readout("head", (spikes,), weight, make.bias(3)))
    graph = Graph("mixed", make.timesteps, make.image, tuple(make.nodes), "integer")
    proof = bounds.prove(graph)
    edges = {name: EdgeFacts(proof.edges[name].bounds(name), np.ones(1)) for name in graph.specs}
    return IntegerModel(graph, edges, proof.accumulators, ("a", "b", "c"))


@pytest.mark.parametrize("vectors", [False, True], ids=["scalar", "vectors"])
@pytest.mark.parametrize("seed", range(6))
def test_a_model_of_codes_and_spikes_is_its_reference(native, seed, vectors):
    made = mixed(seed)
    x = np.random.default_rng(seed).integers(0, 256, (5, *made.input_shape)).astype(np.uint8)
    wanted = run(made.graph, x)
    assert (wanted.counts.sum(axis=0) > 0).any()
    logits, counts = native.run(made, x, vectors)
    assert np.array_equal(logits, wanted.logits)
    assert np.array_equal(counts, wanted.counts)
