"""Proves an interval for every edge and accumulator of an integer graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_snn.errors import InputError
from edge_snn.graph.attention import Attention
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.facts import Bounds
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.linear import Linear
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.passes import attention, conv, linear, neuron, pool, readout, residual
from edge_snn.passes.interval import Interval, NodeBounds, constant


@dataclass(frozen=True)
class Proof:
    """Intervals per channel of every edge, and bounds of quantities inside nodes ("node.quantity")."""

    edges: Mapping[str, Interval]
    accumulators: Mapping[str, Bounds]


def _bound_node(node: Node, inputs: list[Interval], graph: Graph) -> NodeBounds:
    first = graph.specs[node.inputs[0]]
    if isinstance(node, Conv2D):
        return conv.bound(node, inputs)
    if isinstance(node, Linear):
        return linear.bound(node, inputs)
    if isinstance(node, Neuron):
        return neuron.bound(node, inputs, graph.timesteps)
    if isinstance(node, Relu):
        return neuron.bound_relu(node, inputs)
    if isinstance(node, Add):
        return residual.bound(node, inputs)
    if isinstance(node, Attention):
        return attention.bound(node, inputs, first)
    if isinstance(node, MaxPool2D):
        return pool.bound(node, inputs)
    if isinstance(node, Readout):
        return readout.bound(node, inputs, first.positions * graph.timesteps)
    raise TypeError(f"no bounds for {type(node).__name__}")


def intervals(graph: Graph) -> tuple[dict[str, Interval], dict[str, Interval]]:
    """Returns the intervals of all edges, and of quantities inside nodes, however large they are."""
    edges = {INPUT: constant(0, 255, graph.image.channels)}
    inside: dict[str, Interval] = {}
    for node in graph.nodes:
        proved = _bound_node(node, [edges[edge] for edge in node.inputs], graph)
        edges[node.name] = proved.edge
        inside.update({f"{node.name}.{quantity}": interval for quantity, interval in proved.inside.items()})
    return edges, inside


def prove(graph: Graph) -> Proof:
    """Returns the proved intervals of an integer graph.

    Raises:
        InputError: a quantity may overflow 32 bits; names the node and the range.
    """
    edges, inside = intervals(graph)
    for name, interval in edges.items():
        interval.bounds(name)
    return Proof(edges, {name: interval.bounds(name) for name, interval in inside.items()})


def check(model: IntegerModel) -> None:
    """Proves the bounds of a loaded model again: a file's claims are not taken on trust.

    Raises:
        InputError: the file claims other bounds than can be proved, or the model can overflow.
    """
    proof = prove(model.graph)
    for name, interval in proof.edges.items():
        if model.edges[name].bounds != interval.bounds(name):
            raise InputError("the file claims other bounds than can be proved", where=name)
    if dict(model.accumulators) != dict(proof.accumulators):
        raise InputError("the file claims other accumulator bounds than can be proved", where=model.name)
