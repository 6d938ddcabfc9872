"""Proves an interval for every edge and accumulator of an integer graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_snn.errors import InputError
from edge_snn.graph.attention import Attention
from edge_snn.graph.codes import Codes
from edge_snn.graph.conv import Conv2D
from edge_snn.graph.depthwise import Depthwise
from edge_snn.graph.facts import Bounds
from edge_snn.graph.graded_add import GradedAdd
from edge_snn.graph.graded_conv import GradedConv
from edge_snn.graph.graded_pool import GradedPool, Mean
from edge_snn.graph.graph import INPUT, Graph
from edge_snn.graph.layout import Concat, Pad, Reshape, Slice
from edge_snn.graph.linear import Linear
from edge_snn.graph.lookup import Lookup
from edge_snn.graph.model import IntegerModel
from edge_snn.graph.neuron import Neuron, Relu
from edge_snn.graph.node import Node
from edge_snn.graph.pool import MaxPool2D
from edge_snn.graph.readout import Readout
from edge_snn.graph.residual import Add
from edge_snn.graph.softmax import Softmax
from edge_snn.graph.tensor import TensorSpec
from edge_snn.passes import (
    attention,
    codes,
    conv,
    depthwise,
    graded_add,
    graded_conv,
    graded_pool,
    layout,
    linear,
    lookup,
    neuron,
    pool,
    readout,
    residual,
    softmax,
)
from edge_snn.passes.interval import Interval, NodeBounds, constant


@dataclass(frozen=True)
class Proof:
    """Intervals per channel of every edge, and bounds of quantities inside nodes ("node.quantity")."""

    edges: Mapping[str, Interval]
    accumulators: Mapping[str, Bounds]


BOUNDS: dict[type[Node], Callable[[Any, list[Interval], Graph], NodeBounds]] = {
    Conv2D: lambda node, inputs, graph: conv.bound(node, inputs),
    Linear: lambda node, inputs, graph: linear.bound(node, inputs),
    Neuron: lambda node, inputs, graph: neuron.bound(node, inputs, graph.timesteps),
    Relu: lambda node, inputs, graph: neuron.bound_relu(node, inputs),
    Add: lambda node, inputs, graph: residual.bound(node, inputs),
    Attention: lambda node, inputs, graph: attention.bound(node, inputs, _source(node, graph)),
    MaxPool2D: lambda node, inputs, graph: pool.bound(node, inputs),
    Readout: lambda node, inputs, graph: readout.bound(node, inputs, _source(node, graph).positions * graph.timesteps),
}
GRADED_BOUNDS: dict[type[Node], Callable[[Any, list[Interval], TensorSpec], NodeBounds]] = {
    GradedConv: graded_conv.bound,
    Depthwise: depthwise.bound,
    GradedAdd: graded_add.bound,
    Lookup: lookup.bound,
    GradedPool: graded_pool.bound,
    Mean: graded_pool.bound_mean,
    Concat: layout.bound_concat,
    Pad: layout.bound_pad,
    Slice: layout.bound_slice,
    Reshape: layout.bound_reshape,
    Softmax: softmax.bound,
    Codes: codes.bound,
}


def _source(node: Node, graph: Graph) -> TensorSpec:
    return graph.specs[node.inputs[0]]


def _bound_node(node: Node, inputs: list[Interval], graph: Graph) -> NodeBounds:
    if type(node) in GRADED_BOUNDS:
        return GRADED_BOUNDS[type(node)](node, inputs, _source(node, graph))
    if type(node) in BOUNDS:
        return BOUNDS[type(node)](node, inputs, graph)
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
