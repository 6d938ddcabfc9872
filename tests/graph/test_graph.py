"""A graph refuses what it cannot mean, and says where."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_snn.errors import InputError
from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.graph import Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.neuron import Neuron
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.graph.tensor import Kind, TensorSpec
from tests.networks import transformer

ONE = np.array([1.0], np.float32)


def floats(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def with_node(graph: Graph, node) -> Graph:
    nodes = tuple(node if item.name == node.name else item for item in graph.nodes)
    return Graph(graph.name, graph.timesteps, graph.image, nodes)


def test_shapes_and_kinds_follow_from_the_nodes():
    graph = transformer()
    assert graph.specs["stage1.conv"] == TensorSpec((12, 12, 8), Kind.CURRENT, static=True)
    assert graph.specs["stage1.pool"] == TensorSpec((6, 6, 8), Kind.SPIKES)
    assert graph.specs["stage2.pool"] == TensorSpec((3, 3, 16), Kind.CURRENT)
    assert graph.specs["block0.v.neuron"].kind is Kind.TERNARY
    assert graph.specs["head"] == TensorSpec((1, 1, 10), Kind.LOGITS, static=True)
    assert len(graph.neurons) == 9


def test_a_convolution_of_the_wrong_depth_is_refused_by_name():
    graph = transformer()
    broken = replace(graph.node("stage2.conv"), weight=floats(3, 3, 5, 16))
    with pytest.raises(InputError, match=r"stage2\.conv: the kernel takes 5 channels, the input has 8"):
        with_node(graph, broken)


def test_an_edge_nobody_makes_is_refused():
    graph = transformer()
    with pytest.raises(InputError, match=r"block0\.q: reads edge 'nowhere'"):
        with_node(graph, replace(graph.node("block0.q"), inputs=("nowhere",)))


def test_a_node_that_nobody_reads_is_refused():
    graph = transformer()
    stray = Neuron("stray", ("stage1.conv",), ONE)
    with pytest.raises(InputError, match="stray: nothing reads this edge"):
        Graph("g", 4, graph.image, (graph.nodes[0], stray, *graph.nodes[1:]))


def test_numbers_of_the_wrong_domain_are_refused():
    graph = transformer()
    with pytest.raises(InputError, match=r"stage1\.conv: weight must be int8"):
        Graph("g", 4, graph.image, graph.nodes, "integer")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Neuron("n", ("x",), -ONE), "threshold is not above 0"),
        (lambda: Neuron("n", ("x",), ONE, (0, 1)), "grows|grow without bound"),
        (lambda: Neuron("n", ("x",), ONE, (1, 1)), "different shifts"),
        (lambda: Neuron("n", ("x",), ONE, reset="hard"), "reset must be one of zero"),
        (lambda: Neuron("n", ("x",), np.array([np.nan], np.float32)), "not finite"),
        (lambda: Conv2D("c", ("x",), floats(3, 3, 1, 4), floats(5)), "5 biases for 4"),
        (lambda: Conv2D("c", ("x",), floats(3, 3, 1, 4), floats(4), (1, 1), (3, 0, 0, 0)), "smaller than"),
        (lambda: Conv2D("c", ("x",), floats(3, 3, 1, 4), floats(4), (0, 1)), "stride must be"),
        (lambda: Linear("l", ("x", "y"), floats(2, 2), floats(2)), "takes 1 input"),
        (lambda: Linear("", ("x",), floats(2, 2), floats(2)), "name must be"),
        (lambda: Linear("l", ("x",), floats(2, 2).astype(np.float64), floats(2)), "float32 or int8"),
        (lambda: Add("a", ("x",)), "takes 2 input"),
        (lambda: Attention("a", ("q", "k", "v"), 0), "heads must be"),
        (lambda: Attention("a", ("q", "k", "v"), 2, "vkq"), "order must be one of"),
        (lambda: Readout("r", ("x",), floats(4, 3), floats(4)), "4 biases for 3"),
        (lambda: TensorSpec((0, 1, 1), Kind.SPIKES), "a dimension must be"),
        (lambda: TensorSpec((60000, 60000, 8), Kind.SPIKES), "elements, allowed"),
    ],
)
def test_a_broken_field_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_heads_must_divide_the_channels():
    graph = transformer()
    with pytest.raises(InputError, match="16 channels do not divide into 3 heads"):
        with_node(graph, replace(graph.node("block0.attention"), heads=3))
