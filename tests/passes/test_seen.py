"""What calibration tells of networks of codes: how often each code is seen, and nothing else."""

from __future__ import annotations

import numpy as np

from edge_snn.frontends.conversion import Choices, convert_file
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.passes.seen import watch
from edge_snn.reference import run
from tests.int8_files import random_network
from tests.int8_oracle import recover, some_codes


def test_a_layer_knows_how_often_its_input_has_each_code():
    for seed in range(5):
        graph = recover(random_network(seed)).graph
        codes = some_codes(graph.image.shape, seed, 70)  # more than a batch
        told: list[int] = []
        watched = watch(graph, codes, told.append)
        assert told[-1] == 70
        edges = {"input": codes, **run(graph, codes, keep=[node.name for node in graph.nodes]).edges}
        for node in watched.nodes:
            if isinstance(node, GradedConv):
                assert node.seen is not None
                assert node.seen.tolist() == np.bincount(edges[node.inputs[0]].ravel(), minlength=256).tolist()
        assert np.array_equal(run(watched, codes).logits, run(graph, codes).logits)


def test_conversion_with_calibration_keeps_it_in_the_model(tmp_path):
    (tmp_path / "m.tflite").write_bytes(random_network(2).bytes())
    takes = recover(random_network(2)).borders[0]
    numbers = takes.decode(some_codes(takes.shape, 1, 9))[:, 0]
    made = convert_file(tmp_path / "m.tflite", Choices(calibrate=numbers)).made.model
    plain = convert_file(tmp_path / "m.tflite", Choices()).made.model
    (first,) = (node for node in made.graph.nodes if isinstance(node, GradedConv) and node.name == "dense1")
    assert first.seen is not None
    assert first.seen.sum() == 9 * made.graph.specs[first.inputs[0]].size
    assert made.sha256 != plain.sha256
    assert [node.name for node in made.graph.nodes] == [node.name for node in plain.graph.nodes]
