"""Random int8 networks: our reference makes every byte of every tensor that TensorFlow Lite Micro makes."""

from __future__ import annotations

import collections

import numpy as np
import pytest

from edge_snn.api import load
from edge_snn.frontends.int8 import HANDLERS
from edge_snn.graph import esnn_file
from edge_snn.graph.codes import Codes
from edge_snn.graph.graded import RequantisedNode
from edge_snn.passes import bounds
from edge_snn.passes.assemble import assemble
from tests.int8_files import random_network
from tests.int8_oracle import differences, feed, recover, some_codes

NETWORKS = 25  # of one test


@pytest.mark.parametrize("chunk", range(8))
def test_every_byte_of_every_tensor_is_that_of_tflite_micro(chunk):
    for seed in range(chunk * NETWORKS, (chunk + 1) * NETWORKS):
        told, _ = differences(random_network(seed), seed)
        assert not told, f"seed {seed}: {told}"


def test_the_random_networks_have_every_operator_and_tell_codes_apart():
    kinds: collections.Counter[str] = collections.Counter()
    distinct = []
    for seed in range(60):
        net = random_network(seed)
        kinds.update(kind for kind, *_ in net.operators)
        found = recover(net)
        result = feed(found, found.borders[0].decode(some_codes(found.borders[0].shape, seed)))
        distinct += [len(np.unique(values)) for name, values in result.edges.items() if values.size > 300]
    elsewhere = {"SQUEEZE", "EXPAND_DIMS", "TRANSPOSE", "SLICE"}  # tests/frontends/int8/test_operators.py
    elsewhere |= {"MUL"}  # tests/frontends/int8/test_products.py
    assert set(kinds) - {"DEQUANTIZE"} == set(HANDLERS) - elsewhere
    assert np.median(distinct) > 20, "most tensors are all of one code: equality says nothing"


def test_bounds_hold_and_counts_are_those_of_codes_off_the_zero_point():
    for seed in range(40):
        found = recover(random_network(seed))
        result = feed(found, found.borders[0].decode(some_codes(found.borders[0].shape, seed)))
        proof = bounds.prove(found.graph)
        for name, values in result.edges.items():
            channels = values.reshape(-1, values.shape[-1]).astype(int)
            interval = proof.edges[name]
            assert (channels.min(axis=0) >= interval.low).all(), f"seed {seed}: {name}"
            assert (channels.max(axis=0) <= interval.high).all(), f"seed {seed}: {name}"
        layers = [node for node in found.graph.nodes if isinstance(node, RequantisedNode)]
        assert [item.name for item in found.graph.counted] == [node.name for node in layers]
        for index, node in enumerate(layers):
            codes = result.edges[node.name].reshape(len(result.logits), -1)
            assert result.counts[:, index].tolist() == (codes != node.zero).sum(axis=1).tolist()


def test_a_model_file_holds_the_network_whole(tmp_path):
    for seed in range(10):
        found = recover(random_network(seed))
        model = assemble(found.graph, found.scales, found.borders, name="random")
        esnn_file.save(model, tmp_path / "m.esnn")
        again = load(tmp_path / "m.esnn")
        assert (again.sha256, again.takes, again.makes) == (model.sha256, model.takes, model.makes)
        numbers = model.takes.decode(some_codes(model.takes.shape, seed))
        assert isinstance(again.graph.end, Codes)
        codes = model.takes.encode(numbers).reshape(4, *again.graph.image.shape)
        from edge_snn.reference import run

        assert np.array_equal(run(again.graph, codes).logits, feed(found, numbers).logits)
